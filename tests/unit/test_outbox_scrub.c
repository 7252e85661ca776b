/* SPDX-License-Identifier: Apache-2.0 */
/* What damages the database is found while the outbox runs, and does not stop it. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outbox/scrub.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "watched_vfs.h"

#define PAGE 4096

static void open_store(struct fixture *f, struct store *s)
{
    static const char *const receivers[] = {"police", "education"};
    struct err e;
    *s = (struct store){.receivers = receivers, .receiver_count = 2};
    snprintf(s->path, sizeof s->path, "%s/" STORE_FILE, f->folder);
    ck_assert_msg(store_open(s, &e) == 0, "%s", e.text);
}

static int read_number(struct store *s, const char *text)
{
    sqlite3_stmt *query;
    ck_assert_int_eq(sqlite3_prepare_v2(s->db, text, -1, &query, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(query), SQLITE_ROW);
    int number = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    return number;
}

static void remove_log(const struct fixture *f)
{
    char path[80];
    snprintf(path, sizeof path, "%s/" STORE_FILE "-wal", f->folder);
    unlink(path);
}

/* Presses with a clip each, settled, of a closed outbox. */
static void fill(struct fixture *f, unsigned count)
{
    struct outbox_upload upload = {.camera = "gate", .path = "/x", .length_bytes = 1};
    for (unsigned seq = 1; seq <= count; seq++) {
        struct event *event = make_event(seq, EVENT_CLASS_PRESS);
        struct outbox_row row = {"incidents", "what is open"};
        snprintf(upload.clip, sizeof upload.clip, "clip-%u", seq);
        outbox_store(f->outbox, event, &row, &upload, 3, on_stored, f);
        event_unref(event);
    }
    wait_stored(f, count);
    close_outbox(f);
    remove_log(f);
}

/* In the page that is the root of `table`, the first `text` gets another last letter. */
static void change(struct fixture *f, const char *table, const char *text)
{
    struct store s;
    char query[120];
    unsigned char page[PAGE];
    open_store(f, &s);
    snprintf(query, sizeof query, "SELECT rootpage FROM sqlite_master WHERE name='%s'", table);
    off_t at = (read_number(&s, query) - 1) * (off_t)PAGE;
    store_checkpoint(&s);
    store_close(&s);
    remove_log(f);
    snprintf(query, sizeof query, "%s/" STORE_FILE, f->folder);
    int fd = open(query, O_RDWR);
    ck_assert_int_eq(pread(fd, page, PAGE, at), PAGE);
    unsigned char *found = memmem(page, PAGE, text, strlen(text));
    ck_assert_ptr_nonnull(found);
    found[strlen(text) - 1] ^= 1;
    ck_assert_int_eq(pwrite(fd, page, PAGE, at), PAGE);
    close(fd);
}

/* Of a closed store, all of the first page of a table or index. */
static void spoil_root(struct fixture *f, const char *table)
{
    struct store s;
    char query[120];
    unsigned char junk[PAGE];
    open_store(f, &s);
    snprintf(query, sizeof query, "SELECT rootpage FROM sqlite_master WHERE name='%s'", table);
    off_t at = (read_number(&s, query) - 1) * (off_t)PAGE;
    store_checkpoint(&s);
    store_close(&s);
    remove_log(f);
    snprintf(query, sizeof query, "%s/" STORE_FILE, f->folder);
    int fd = open(query, O_RDWR);
    memset(junk, 0xa5, sizeof junk);
    ck_assert_int_eq(pwrite(fd, junk, PAGE, at), PAGE);
    close(fd);
}

/* What a whole look comes to: 0 or an error; the events that are not what was committed. */
static int look_over(struct store *s, uint64_t *ret_changed, struct err *e)
{
    struct scrub sc;
    int result = 0;
    scrub_init(&sc);
    *ret_changed = 0;
    do {
        result = scrub_go_on(s, &sc, e);
        *ret_changed += result == 0 ? sc.changed : 0;
    } while (result == 0 && sc.again_in_ns < INT64_C(3600000000000));
    return result;
}

START_TEST(a_whole_store_is_found_whole_and_looked_at_again_a_day_later)
{
    struct fixture *f = begin();
    struct store s;
    struct err e;
    struct scrub sc;
    uint64_t changed;
    fill(f, 40);
    open_store(f, &s);
    ck_assert_int_eq(look_over(&s, &changed, &e), 0);
    ck_assert_uint_eq(changed, 0);
    scrub_init(&sc);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(scrub_go_on(&s, &sc, &e), 0);
        ck_assert_int_ge(sc.again_in_ns, 2000000); /* it leaves the disk to others */
        ck_assert_int_lt(sc.again_in_ns, INT64_C(3600000000000));
    }
    store_close(&s);
    open_outbox(f);
    end(f);
}
END_TEST

START_TEST(a_row_that_is_not_in_its_index_is_damage)
{
    static const struct {
        const char *index, *text;
    } cases[] = {{"event_id", "01890a5d-ac96-774b-bcce-000000000002"},
                 {"event_alarm", "01890a5d-ac96-774b-bcce-b302099a8057"},
                 {"delivery_pending", "police"},
                 {"upload_clip", "clip-2"}};
    struct fixture *f = begin();
    struct store s;
    struct err e;
    uint64_t changed;
    fill(f, 3);
    change(f, cases[_i].index, cases[_i].text);
    open_store(f, &s);
    ck_assert_int_eq(look_over(&s, &changed, &e), -EBADMSG);
    store_close(&s);
    open_outbox(f);
    end(f);
}
END_TEST

static void on_loaded(void *arg, struct event *event)
{
    unsigned *rotten = arg;
    *rotten = event->is_rotten ? *rotten | 1U << event->seq : *rotten;
}

static void on_all_loaded(void *arg, struct event *event)
{
    (void)event;
    *(bool *)arg = true;
}

START_TEST(an_event_whose_bytes_have_changed_is_named_and_the_look_goes_on)
{
    struct fixture *f = begin();
    unsigned rotten = 0;
    bool is_loaded = false;
    struct store s;
    struct err e;
    uint64_t changed;
    fill(f, 3);
    change(f, "event", "{\"seq\":2");
    open_store(f, &s);
    ck_assert_int_eq(look_over(&s, &changed, &e), 0);
    ck_assert_uint_eq(changed, 2);
    store_close(&s);
    f->look_at_once = true;
    open_outbox(f);
    turn_until(f, &f->damaged);
    ck_assert_ptr_nonnull(strstr(f->damage, "event 2 on the disk is not what was committed"));
    for (uint64_t seq = 1; seq <= 3; seq++)
        outbox_load(f->outbox, seq, on_loaded, &rotten);
    outbox_load(f->outbox, 3, on_all_loaded, &is_loaded);
    turn_until(f, &is_loaded);
    ck_assert_uint_eq(rotten, 1U << 2); /* whoever sends it knows */
    end(f);
}
END_TEST

/* Looked over at once: what is told first. */
static const char *told_at_start(struct fixture *f)
{
    f->damaged = false;
    f->look_at_once = true;
    open_outbox(f);
    turn_until(f, &f->damaged);
    return f->damage;
}

/* Whoever has seen it need not see it each day; by number the second is looked at first. */
START_TEST(an_event_that_has_changed_is_told_once_as_it_is)
{
    struct fixture *f = begin();
    fill(f, 4);
    change(f, "event", "{\"seq\":2");
    ck_assert_ptr_nonnull(strstr(told_at_start(f), "event 2 on the disk"));
    close_outbox(f);
    change(f, "event", "{\"seq\":4");
    ck_assert_ptr_nonnull(strstr(told_at_start(f), "event 4 on the disk"));
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_uint_eq(f->found.row_count, 2); /* "incidents", and that it was told */
    close_outbox(f);
    change(f, "event", "{\"seq\":5}"); /* as it is now, once more */
    ck_assert_ptr_nonnull(strstr(told_at_start(f), "event 4 on the disk"));
    end(f);
}
END_TEST

/* Before anybody has kept what he was told. */
START_TEST(a_kill_keeps_from_nobody_what_has_changed)
{
    struct fixture *f = begin();
    fill(f, 3);
    change(f, "event", "{\"seq\":2");
    f->forgets_damage = true;
    ck_assert_ptr_nonnull(strstr(told_at_start(f), "event 2 on the disk"));
    close_outbox(f);
    f->forgets_damage = f->look_at_once = false;
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "event 2 on the disk"));
    close_outbox(f);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    end(f);
}
END_TEST

/* It cannot be noted, and is told all the same. */
START_TEST(what_has_changed_is_told_though_the_disk_takes_nothing)
{
    struct fixture *f = begin();
    fill(f, 3);
    change(f, "event", "{\"seq\":2");
    for (int again = 0; again < 2; again++) {
        watched_vfs_refuse_writers(true);
        ck_assert_ptr_nonnull(strstr(told_at_start(f), "event 2 on the disk"));
        watched_vfs_refuse_writers(false);
        close_outbox(f);
    }
    f->look_at_once = false;
    open_outbox(f);
    end(f);
}
END_TEST

/* Junk over every page but the first that holds `text`. */
static void spoil(const struct fixture *f, const char *text)
{
    char path[80], page[PAGE], junk[PAGE];
    int spoiled = 0;
    snprintf(path, sizeof path, "%s/" STORE_FILE, f->folder);
    int fd = open(path, O_RDWR);
    memset(junk, 0xa5, sizeof junk);
    for (off_t at = PAGE; pread(fd, page, PAGE, at) == PAGE; at += PAGE) {
        if (!memmem(page, PAGE, text, strlen(text)))
            continue;
        ck_assert_int_eq(pwrite(fd, junk, PAGE, at), PAGE);
        spoiled++;
    }
    close(fd);
    ck_assert_int_gt(spoiled, 0);
}

static size_t count_put_aside(const struct fixture *f)
{
    char pattern[80];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/" STORE_FILE ".damaged-*[0-9]", f->folder); /* no log */
    size_t count = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return count;
}

static void deliver_all(struct fixture *f, unsigned count)
{
    const struct uplink_result result = {.outcome = UPLINK_OUTCOME_UNCONFIRMED};
    for (unsigned seq = 1; seq <= count; seq++) {
        for (size_t receiver = 0; receiver < 2; receiver++)
            outbox_record_delivery(f->outbox, seq, receiver, 1, &result);
    }
}

START_TEST(a_store_that_is_found_damaged_goes_on_with_what_can_be_read_of_it)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 300; seq++)
        put(f, seq, "what was open");
    wait_stored(f, 300);
    deliver_all(f, 300);
    close_outbox(f);
    remove_log(f);
    spoil(f, "{\"seq\":15");
    f->stored = 0;
    f->look_at_once = true;
    open_outbox(f);
    ck_assert_ptr_null(f->found.damage); /* nobody needed to read it to start */
    put(f, 301, "what is open");
    wait_stored(f, 1);
    turn_until(f, &f->damaged);
    ck_assert_ptr_nonnull(strstr(f->damage, "events could be read and were kept"));
    ck_assert_uint_eq(count_put_aside(f), 1);
    put(f, 302, NULL);
    wait_stored(f, 2);
    f->look_at_once = false;
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 302);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what is open");
    end(f);
}
END_TEST

/* A kill right after the salvage: only the store knows, and says it until somebody has noted it. */
START_TEST(what_nobody_could_keep_is_told_again)
{
    struct fixture *f = begin();
    char sentence[1000], path[80];
    put(f, 1, "what is open");
    wait_stored(f, 1);
    close_outbox(f);
    snprintf(path, sizeof path, "%s/" STORE_FILE, f->folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs("hello", file);
    fclose(file);
    f->forgets_damage = true;
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    snprintf(sentence, sizeof sentence, "%s", f->found.damage);
    bool state_lost = f->found.state_lost;
    close_outbox(f);
    f->forgets_damage = false;
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_str_eq(f->found.damage, sentence);
    ck_assert_uint_eq(f->found.state_lost, state_lost);
    ck_assert_ptr_null(outbox_found_text(&f->found, "untold"));
    close_outbox(f);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    end(f);
}
END_TEST

START_TEST(state_that_cannot_be_read_any_more_is_written_from_memory)
{
    struct fixture *f = begin();
    fill(f, 1);
    unsigned moved = watched_vfs_counts().db_syncs;
    open_outbox(f); /* reads it */
    put(f, 2, NULL);
    wait_stored(f, 2);
    while (watched_vfs_counts().db_syncs == moved)
        usleep(1000); /* until it is in the database */
    spoil(f, "what is open");
    watched_vfs_fail_syncs(1); /* the store is opened anew after it, and has forgotten its pages */
    put(f, 3, NULL);
    wait_stored(f, 3);
    outbox_save_row(f->outbox, &(struct outbox_row){"faults", "none"});
    turn_until(f, &f->damaged);
    close_outbox(f);
    open_outbox(f);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what is open");
    ck_assert_str_eq(outbox_found_text(&f->found, "faults"), "none");
    ck_assert_uint_eq(f->found.last_seq, 3);
    end(f);
}
END_TEST

START_TEST(damage_that_is_met_at_rest_is_mended_at_rest)
{
    struct fixture *f = begin();
    put(f, 1, "what is open");
    wait_stored(f, 1);
    close_outbox(f);
    spoil_root(f, "event_alarm");
    open_outbox(f);
    put(f, 2, NULL); /* which is settled when it is quiet */
    wait_stored(f, 1 + 1);
    turn_until(f, &f->damaged);
    while (f->faulty)
        uv_run(&f->loop, UV_RUN_ONCE);
    close_outbox(f);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_uint_eq(f->found.last_seq, 2);
    ck_assert_uint_eq(f->found.pending_count, 4);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what is open");
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_scrub");
    TCase *tc = tcase_create("scrub");
    watched_vfs_install(NULL);
    tcase_add_test(tc, a_whole_store_is_found_whole_and_looked_at_again_a_day_later);
    tcase_add_loop_test(tc, a_row_that_is_not_in_its_index_is_damage, 0, 4);
    tcase_add_test(tc, an_event_whose_bytes_have_changed_is_named_and_the_look_goes_on);
    tcase_add_test(tc, an_event_that_has_changed_is_told_once_as_it_is);
    tcase_add_test(tc, a_kill_keeps_from_nobody_what_has_changed);
    tcase_add_test(tc, what_has_changed_is_told_though_the_disk_takes_nothing);
    tcase_add_test(tc, a_store_that_is_found_damaged_goes_on_with_what_can_be_read_of_it);
    tcase_add_test(tc, damage_that_is_met_at_rest_is_mended_at_rest);
    tcase_add_test(tc, state_that_cannot_be_read_any_more_is_written_from_memory);
    tcase_add_test(tc, what_nobody_could_keep_is_told_again);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
