/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox on a real disk, with the thread and the loop as in the daemon. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox_world.h"
#include "run_suite.h"

START_TEST(what_was_stored_is_found_after_a_restart_with_its_state)
{
    struct fixture *f = begin();
    ck_assert_uint_eq(f->found.last_seq, 0);
    for (uint64_t seq = 1; seq <= 5; seq++)
        put(f, seq, seq == 5 ? "the state" : "older");
    wait_stored(f, 5);
    struct uplink_result result = {
        .outcome = UPLINK_OUTCOME_STORED, .receipt = "{}", .receipt_length = 2};
    outbox_record_delivery(f->outbox, 2, 1, 3, &result);
    struct uplink_answer answer = {.answer_seq = 9, .state = UPLINK_ANSWER_SEEN};
    outbox_record_answer(f->outbox, 0, &answer, NULL, on_stored, f);
    wait_stored(f, 6);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 5);
    struct event *last = make_event(5, EVENT_CLASS_PRESS);
    ck_assert_mem_eq(f->found.head, last->digest, sizeof last->digest);
    event_unref(last);
    ck_assert_int_eq(f->found.newest_wall_ms, 1005);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "the state");
    ck_assert_uint_eq(f->found.pending_count, 9); /* 5 x 2, less the one that is delivered */
    ck_assert_int_eq(f->found.answer_seq[0], 9);
    ck_assert_int_eq(f->found.answer_seq[1], 0);
    end(f);
}
END_TEST

START_TEST(rows_of_state_are_kept_by_name_and_never_cut)
{
    char name[] = "tests";
    /* As 63 buttons with 16 receivers make it, and more. */
    size_t length = 1 << 20;
    char *large = malloc(length + 1);
    memset(large, 'x', length);
    large[length] = '\0';
    struct fixture *f = begin();
    outbox_save_row(f->outbox, &(struct outbox_row){"incidents", "old"});
    outbox_save_row(f->outbox, &(struct outbox_row){name, "of tests"});
    memset(name, 'x', sizeof name - 1); /* whoever saves need not keep it */
    outbox_save_row(f->outbox, &(struct outbox_row){"incidents", large});
    struct uplink_answer answer = {.answer_seq = 9, .state = UPLINK_ANSWER_SEEN};
    outbox_record_answer(f->outbox, 0, &answer, &(struct outbox_row){"exercise", "{}"}, on_stored,
                         f);
    wait_stored(f, 1);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.row_count, 3);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), large);
    ck_assert_str_eq(outbox_found_text(&f->found, "tests"), "of tests");
    ck_assert_str_eq(outbox_found_text(&f->found, "exercise"), "{}");
    ck_assert_ptr_null(outbox_found_text(&f->found, "clips"));
    end(f);
    free(large);
}
END_TEST

START_TEST(a_disk_that_refuses_is_a_fault_and_nothing_is_lost_when_it_takes_again)
{
    struct fixture *f = begin();
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    rlim_t old = limit.rlim_cur;
    limit.rlim_cur = 1024; /* every write beyond the first page now fails with EFBIG */
    setrlimit(RLIMIT_FSIZE, &limit);
    for (uint64_t seq = 1; seq <= 20; seq++)
        put(f, seq, NULL);
    turn_until(f, &f->faulty);
    ck_assert(f->faulty);
    ck_assert_ptr_nonnull(strstr(f->fault, "outbox.db"));
    ck_assert_uint_eq(f->stored, 0);
    limit.rlim_cur = old;
    setrlimit(RLIMIT_FSIZE, &limit);
    wait_stored(f, 20);
    ck_assert(!f->faulty);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 20);
    ck_assert_uint_eq(f->found.pending_count, 40);
    end(f);
}
END_TEST

/* Writes junk over every page of the database that holds `text`; their number. */
static int damage_pages_that_hold(const struct fixture *f, const char *text)
{
    char path[64], page[4096], junk[4096];
    int fd, damaged = 0;
    /* The log still holds good copies of the newest pages, and would hide the damage. */
    snprintf(path, sizeof path, "%s/outbox.db-wal", f->folder);
    ck_assert_int_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s/outbox.db", f->folder);
    fd = open(path, O_RDWR);
    memset(junk, 0xa5, sizeof junk);
    for (off_t at = 0; pread(fd, page, sizeof page, at) == (ssize_t)sizeof page; at += 4096) {
        if (at > 0 && memmem(page, sizeof page, text, strlen(text))) {
            ck_assert_int_eq(pwrite(fd, junk, sizeof junk, at), (ssize_t)sizeof junk);
            damaged++;
        }
    }
    close(fd);
    return damaged;
}

START_TEST(a_damaged_database_is_put_aside_and_what_can_be_read_is_kept)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 300; seq++)
        put(f, seq, "state");
    wait_stored(f, 300);
    close_outbox(f);
    ck_assert_int_gt(damage_pages_that_hold(f, "{\"seq\":15"), 0);
    f->stored = 0;
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "events could be read"));
    ck_assert_uint_eq(f->found.last_seq, 300); /* from the end that was not damaged */
    ck_assert(!f->found.state_lost);
    put(f, 1000, NULL);
    wait_stored(f, 1);
    end(f);
}
END_TEST

/* Of every database that is opened: it may have only so many pages, as on a full disk. */
static int keep_small(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    (void)error;
    (void)api;
    return sqlite3_exec(db, "PRAGMA max_page_count=24", NULL, NULL, NULL);
}

START_TEST(what_can_be_read_but_not_copied_is_not_called_kept)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 300; seq++)
        put(f, seq, "state");
    wait_stored(f, 300);
    close_outbox(f);
    ck_assert_int_gt(damage_pages_that_hold(f, "{\"seq\":15"), 0);
    f->stored = 0;
    ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))keep_small), SQLITE_OK);
    open_outbox(f);
    ck_assert_int_eq(sqlite3_cancel_auto_extension((void (*)(void))keep_small), 1);
    ck_assert_msg(strstr(f->found.damage, "none is kept") && strstr(f->found.damage, "full"), "%s",
                  f->found.damage);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "of event numbers 1 to 300 nothing is here"));
    ck_assert(f->found.state_lost);
    ck_assert_uint_eq(f->found.last_seq, 300);
    ck_assert_uint_eq(f->found.pending_count, 0);
    put(f, 1000, NULL);
    wait_stored(f, 1);
    end(f);
}
END_TEST

START_TEST(rows_of_state_that_could_not_be_read_are_told)
{
    struct fixture *f = begin();
    put(f, 1, "what was open");
    wait_stored(f, 1);
    close_outbox(f);
    ck_assert_int_gt(damage_pages_that_hold(f, "what was open"), 0);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(f->found.state_lost);
    ck_assert_uint_eq(f->found.last_seq, 1);
    end(f);
}
END_TEST

START_TEST(a_file_that_is_no_database_keeps_no_press_out)
{
    struct fixture *f = begin();
    char path[64];
    close_outbox(f);
    snprintf(path, sizeof path, "%s/outbox.db-wal", f->folder);
    ck_assert_int_eq(unlink(path), 0); /* what is in it could be read */
    snprintf(path, sizeof path, "%s/outbox.db", f->folder);
    FILE *file = fopen(path, "w");
    fputs("this was once a database, long ago, and it is no more; but it is long enough to be read "
          "as one, which needs a hundred bytes at the least",
          file);
    fclose(file);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(f->found.state_lost);
    put(f, 1, NULL);
    wait_stored(f, 1);
    end(f);
}
END_TEST

static void on_clip(void *arg, const struct outbox_clip *clip)
{
    *(uint64_t *)arg = clip->seq;
}

struct looked {
    bool came, unknown;
};

static void on_alarm(void *arg, const struct outbox_clip *clip)
{
    *(struct looked *)arg = (struct looked){true, clip->alarm_unknown};
}

static bool knows_alarm(struct fixture *f, const char *alarm)
{
    struct looked looked = {0};
    outbox_find_clip(f->outbox, "01890a5d-ac96-774b-bcce-b302099a8059", alarm, on_alarm, &looked);
    turn_until(f, &looked.came);
    return !looked.unknown;
}

/* Of one that was just pressed, of one from before a restart, and not of one that nobody pressed.
 */
START_TEST(an_alarm_is_known_by_its_events)
{
    static const char alarm[] = "01890a5d-ac96-774b-bcce-b302099a8057";
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    ck_assert(!knows_alarm(f, alarm));
    put(f, 1, NULL);
    ck_assert(knows_alarm(f, alarm));
    ck_assert(!knows_alarm(f, "01890a5d-ac96-774b-bcce-b302099a8058"));
    struct event *event = make_event(2, EVENT_CLASS_FOLLOWUP); /* of no alarm */
    event->alarm[0] = '\0';
    outbox_store(f->outbox, event, NULL, NULL, 0, on_stored, f);
    event_unref(event);
    close_outbox(f);
    open_outbox(f);
    free(ask(f, &(struct outbox_query){.kind = OUTBOX_QUERY_SHOW, .seq = 1}).text); /* settles */
    ck_assert(knows_alarm(f, alarm));
    ck_assert(!knows_alarm(f, "01890a5d-ac96-774b-bcce-b302099a8058"));
    for (size_t i = 0; i < 2; i++)
        outbox_record_delivery(f->outbox, 1, i, 1, &result);
    outbox_prune(f->outbox, INT64_MAX);
    for (int looks = 0; knows_alarm(f, alarm); looks++) /* it is pruned in pieces */
        ck_assert_int_lt(looks, 100);
    end(f);
}
END_TEST

START_TEST(a_clip_is_known_with_its_manifest_and_waits_for_each_receiver)
{
    struct fixture *f = begin();
    uint64_t known = 99, unknown = 99;
    struct outbox_upload upload = {.length_bytes = 5,
                                   .path = "/x",
                                   .camera = "gate",
                                   .clip = "01890a5d-ac96-774b-bcce-b302099a8059"};
    struct event *event = make_event(1, EVENT_CLASS_MANIFEST);
    outbox_store(f->outbox, event, NULL, &upload, 3, on_stored, f);
    event_unref(event);
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    outbox_record_upload(f->outbox, 1, 0, &result);
    outbox_find_clip(f->outbox, upload.clip, upload.alarm, on_clip, &known);
    outbox_find_clip(f->outbox, "01890a5d-ac96-774b-bcce-b302099a8060", "", on_clip, &unknown);
    free(ask(f, &(struct outbox_query){.kind = OUTBOX_QUERY_SHOW, .seq = 1}).text);
    ck_assert_uint_eq(known, 1);
    ck_assert_uint_eq(unknown, 0);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.upload_count, 1);
    ck_assert_uint_eq(f->found.uploads[0].receiver, 1);
    ck_assert_str_eq(f->found.uploads[0].camera, "gate");
    end(f);
}
END_TEST

START_TEST(only_what_everybody_has_is_pruned_and_never_the_newest)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    for (uint64_t seq = 1; seq <= 3; seq++)
        put(f, seq, NULL);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        outbox_record_delivery(f->outbox, seq, 0, 1, &result);
        if (seq != 2)
            outbox_record_delivery(f->outbox, seq, 1, 1, &result);
    }
    put(f, 4, NULL);
    outbox_prune(f->outbox, 1000);
    char text[400];
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    ck_assert_str_eq(list(f, &query, text), "4 2 of 2");
    end(f);
}
END_TEST

/* What the closed database still has of event 1 beside itself. */
static int count_rows_of_the_first(const struct fixture *f)
{
    static const char text[] = "SELECT (SELECT count(*) FROM delivery WHERE seq=1)"
                               " + (SELECT count(*) FROM upload WHERE seq=1)";
    char path[64];
    sqlite3 *db;
    sqlite3_stmt *row;
    snprintf(path, sizeof path, "%s/outbox.db", f->folder);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    int count = sqlite3_column_int(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return count;
}

START_TEST(a_clip_that_waits_keeps_its_manifest_and_goes_with_it)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    struct outbox_upload upload = {.clip = "c", .path = "p", .length_bytes = 1};
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    char text[400];
    struct event *event = make_event(1, EVENT_CLASS_MANIFEST);
    outbox_store(f->outbox, event, NULL, &upload, 1, on_stored, f);
    event_unref(event);
    put(f, 2, NULL);
    outbox_record_delivery(f->outbox, 1, 0, 1, &result);
    outbox_record_delivery(f->outbox, 1, 1, 1, &result);
    outbox_prune(f->outbox, 1000);
    ck_assert_str_eq(list(f, &query, text), "2 1 of 2");
    close_outbox(f);
    ck_assert_int_eq(count_rows_of_the_first(f), 3);
    open_outbox(f);
    outbox_record_upload(f->outbox, 1, 0, &result);
    outbox_prune(f->outbox, 1000);
    ck_assert_str_eq(list(f, &query, text), "2 of 1");
    close_outbox(f);
    ck_assert_int_eq(count_rows_of_the_first(f), 0);
    open_outbox(f);
    end(f);
}
END_TEST

START_TEST(what_is_young_enough_is_not_pruned_and_the_old_goes_in_many_pieces)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    char text[400];
    for (uint64_t seq = 1; seq <= 100; seq++) {
        put_at(f, seq, (int64_t)(100 - seq) * 60000, ""); /* whatever the clock said */
        for (size_t receiver = 0; receiver < 2; receiver++)
            outbox_record_delivery(f->outbox, seq, receiver, 1, &result);
    }
    outbox_prune(f->outbox, 89);
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 2};
    do
        list(f, &query, text);
    while (strcmp(text, "100 99 of 11") != 0 && strcmp(text, "100 99 of 10") != 0);
    ck_assert_str_eq(list(f, &query, text), "100 99 of 11");
    end(f);
}
END_TEST

START_TEST(what_a_receiver_does_not_take_waits_for_nobody_and_may_be_pruned)
{
    struct fixture *f = begin();
    struct outbox_upload upload = {.clip = "c", .path = "p", .length_bytes = 1};
    const enum event_class classes[] = {EVENT_CLASS_PRESS, EVENT_CLASS_MANIFEST, EVENT_CLASS_PRESS,
                                        EVENT_CLASS_MANIFEST};
    for (uint64_t seq = 1; seq <= 4; seq++) {
        bool manifest = classes[seq - 1] == EVENT_CLASS_MANIFEST;
        struct event *event = make_event(seq, classes[seq - 1]);
        if (seq == 3) /* from here on; the manifest before was stored when it still took them */
            outbox_set_takes(f->outbox, 1, UPLINK_TAKES(EVENT_CLASS_PRESS), false);
        outbox_store(f->outbox, event, NULL, manifest ? &upload : NULL, seq == 2 ? 3 : manifest,
                     on_stored, f);
        event_unref(event);
    }
    wait_stored(f, 4);
    for (int i = 0; i < 4; i++) /* before each a piece of what is struck out behind it */
        free(ask(f, &(struct outbox_query){.kind = OUTBOX_QUERY_SHOW, .seq = 1}).text);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 6);
    for (size_t i = 0; i < f->found.pending_count; i++)
        ck_assert(f->found.pending[i].receiver == 0 ||
                  f->found.pending[i].class == EVENT_CLASS_PRESS);
    ck_assert_uint_eq(f->found.upload_count, 2);
    for (size_t i = 0; i < f->found.upload_count; i++)
        ck_assert_uint_eq(f->found.uploads[i].receiver, 0);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox");
    TCase *tc = tcase_create("outbox");
    tcase_add_test(tc, what_was_stored_is_found_after_a_restart_with_its_state);
    tcase_add_test(tc, rows_of_state_are_kept_by_name_and_never_cut);
    tcase_add_test(tc, a_disk_that_refuses_is_a_fault_and_nothing_is_lost_when_it_takes_again);
    tcase_add_test(tc, a_damaged_database_is_put_aside_and_what_can_be_read_is_kept);
    tcase_add_test(tc, what_can_be_read_but_not_copied_is_not_called_kept);
    tcase_add_test(tc, rows_of_state_that_could_not_be_read_are_told);
    tcase_add_test(tc, a_file_that_is_no_database_keeps_no_press_out);
    tcase_add_test(tc, an_alarm_is_known_by_its_events);
    tcase_add_test(tc, a_clip_is_known_with_its_manifest_and_waits_for_each_receiver);
    tcase_add_test(tc, only_what_everybody_has_is_pruned_and_never_the_newest);
    tcase_add_test(tc, a_clip_that_waits_keeps_its_manifest_and_goes_with_it);
    tcase_add_test(tc, what_a_receiver_does_not_take_waits_for_nobody_and_may_be_pruned);
    tcase_add_test(tc, what_is_young_enough_is_not_pruned_and_the_old_goes_in_many_pieces);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
