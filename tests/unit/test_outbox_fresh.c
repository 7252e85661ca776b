/* SPDX-License-Identifier: Apache-2.0 */
/* Events that are one row of one table until they are settled: nobody can tell the difference. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox/fresh.h"
#include "outbox/store.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "watched_vfs.h"

static void path_of(const struct fixture *f, char ret_path[64])
{
    snprintf(ret_path, 64, "%s/" STORE_FILE, f->folder);
}

static void start_over(struct fixture *f)
{
    uv_loop_close(&f->loop);
    f->stored = 0;
    open_outbox(f);
}

/* What `work` does is done by a process that is then killed; the outbox is closed before and after.
 */
static void kill_in(struct fixture *f, void (*work)(struct fixture *f))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        start_over(f);
        work(f);
        kill(getpid(), SIGKILL);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    f->stored = 0;
}

static void run_and_kill(struct fixture *f, void (*work)(struct fixture *f))
{
    close_outbox(f);
    kill_in(f, work);
    open_outbox(f);
}

static void open_store(const struct fixture *f, struct store *s)
{
    static const char *const names[] = {"police", "education"};
    struct err e;
    *s = (struct store){.receivers = names, .receiver_count = 2};
    snprintf(s->path, sizeof s->path, "%s/" STORE_FILE, f->folder);
    ck_assert_msg(store_open(s, &e) == 0, "%s", e.text);
}

static char *show(struct fixture *f, uint64_t seq)
{
    struct heard heard = ask(f, &(struct outbox_query){.kind = OUTBOX_QUERY_SHOW, .seq = seq});
    ck_assert_str_eq(heard.error, "");
    return heard.text;
}

static void check_event(struct fixture *f, uint64_t seq, const char *state)
{
    struct event *event = make_event(seq, EVENT_CLASS_PRESS);
    char *text = show(f, seq), *wanted;
    ck_assert_ptr_nonnull(strstr(text, event->id));
    for (int i = 0; i < 2; i++) {
        ck_assert_int_gt(
            asprintf(&wanted, "{\"id\":\"%s\",\"state\":\"%s\"", i ? "education" : "police", state),
            0);
        ck_assert_msg(strstr(text, wanted) != NULL, "%s", text);
        free(wanted);
    }
    free(text);
    event_unref(event);
}

static void press_three_times(struct fixture *f)
{
    put(f, 1, "one");
    put(f, 2, "two");
    put(f, 3, NULL);
    wait_stored(f, 3);
}

START_TEST(what_a_kill_leaves_fresh_is_found_and_told_like_everything_else)
{
    struct fixture *f = begin();
    run_and_kill(f, press_three_times);
    struct event *third = make_event(3, EVENT_CLASS_PRESS);
    ck_assert_uint_eq(f->found.last_seq, 3);
    ck_assert_mem_eq(f->found.head, third->digest, sizeof third->digest);
    ck_assert_int_eq(f->found.newest_wall_ms, third->wall_ms);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "two");
    ck_assert_uint_eq(f->found.pending_count, 6);
    for (size_t i = 0; i < 6; i++) {
        const struct outbox_pending *p = &f->found.pending[i];
        ck_assert_uint_eq(p->seq, i / 2 + 1);
        ck_assert_uint_eq(p->receiver, i % 2);
        ck_assert_int_eq(p->class, EVENT_CLASS_PRESS);
        ck_assert_str_eq(p->alarm, third->alarm);
    }
    for (uint64_t seq = 1; seq <= 3; seq++)
        check_event(f, seq, "pending");
    close_outbox(f);
    open_outbox(f); /* and now that all is settled */
    ck_assert_uint_eq(f->found.last_seq, 3);
    ck_assert_mem_eq(f->found.head, third->digest, sizeof third->digest);
    ck_assert_uint_eq(f->found.pending_count, 6);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "two");
    event_unref(third);
    end(f);
}
END_TEST

static void save(struct fixture *f, const char *name, const char *text)
{
    outbox_save_row(f->outbox, &(struct outbox_row){name, text});
}

static void save_older_and_newer(struct fixture *f)
{
    put(f, 1, "with the press");
    save(f, "incidents", "alone, after it");
    save(f, "tests", "alone");
    put(f, 2, NULL);
    wait_stored(f, 2);
}

static void save_with_the_last(struct fixture *f)
{
    save(f, "incidents", "alone, before it");
    put(f, 3, "with the last press");
    wait_stored(f, 1);
}

START_TEST(the_state_that_was_saved_last_is_what_is_found)
{
    struct fixture *f = begin();
    run_and_kill(f, save_older_and_newer);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "alone, after it");
    ck_assert_str_eq(outbox_found_text(&f->found, "tests"), "alone");
    run_and_kill(f, save_with_the_last);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "with the last press");
    ck_assert_uint_eq(f->found.row_count, 2);
    close_outbox(f);
    open_outbox(f);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "with the last press");
    ck_assert_str_eq(outbox_found_text(&f->found, "tests"), "alone");
    end(f);
}
END_TEST

static void press_for_one(struct fixture *f)
{
    outbox_set_takes(f->outbox, 1, UPLINK_TAKES_ALL & ~UPLINK_TAKES(EVENT_CLASS_PRESS), true);
    put(f, 1, NULL);
    wait_stored(f, 1);
}

START_TEST(who_takes_no_such_event_is_not_owed_one_that_is_fresh)
{
    struct fixture *f = begin();
    run_and_kill(f, press_for_one);
    ck_assert_uint_eq(f->found.pending_count, 1);
    ck_assert_uint_eq(f->found.pending[0].receiver, 0);
    char *text = show(f, 1);
    ck_assert_ptr_null(strstr(text, "education"));
    free(text);
    end(f);
}
END_TEST

START_TEST(a_stop_leaves_nothing_fresh_for_an_older_program_to_overlook)
{
    struct fixture *f = begin();
    struct store s;
    press_three_times(f);
    close_outbox(f);
    open_store(f, &s);
    ck_assert_uint_eq(s.fresh, 0);
    store_close(&s);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 6);
    end(f);
}
END_TEST

static void record(struct fixture *f, uint64_t seq, size_t receiver)
{
    outbox_record_delivery(f->outbox, seq, receiver, 1,
                           &(struct uplink_result){.outcome = UPLINK_OUTCOME_STORED,
                                                   .receipt = "{}",
                                                   .receipt_length = 2});
}

START_TEST(a_delivery_of_a_fresh_event_is_recorded)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 200; seq++) { /* more than may be fresh */
        put(f, seq, "state");
        record(f, seq, 0);
        record(f, seq, 1);
    }
    wait_stored(f, 200);
    for (uint64_t seq = 1; seq <= 200; seq += 66)
        check_event(f, seq, "stored");
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 0);
    ck_assert_uint_eq(f->found.last_seq, 200);
    end(f);
}
END_TEST

static void press_store(struct store *s, uint64_t seq)
{
    struct err e;
    struct event *event = make_event(seq, EVENT_CLASS_PRESS);
    struct outbox_row row = {"incidents", "state"};
    ck_assert_int_eq(store_begin(s, &e), 0);
    ck_assert_int_eq(store_put_event(s, event, &row, NULL, 0, &e), 0);
    ck_assert_int_eq(store_commit(s, &e), 0);
    event_unref(event);
}

static void settle(struct store *s)
{
    struct err e;
    ck_assert_int_eq(store_begin(s, &e), 0);
    ck_assert_int_eq(fresh_settle(s, &e), 0);
    ck_assert_int_eq(store_commit(s, &e), 0);
}

START_TEST(a_press_is_one_page_of_the_log)
{
    struct fixture *f = begin();
    struct store s;
    close_outbox(f);
    open_store(f, &s);
    for (uint64_t seq = 1; seq <= 40; seq++) {
        int before = s.log_pages;
        press_store(&s, seq);
        if (seq > 1) /* the log of the first one is another */
            ck_assert_int_eq(s.log_pages, before + 1);
        settle(&s);
        ck_assert_uint_eq(s.fresh, 0);
    }
    store_close(&s);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 80);
    end(f);
}
END_TEST

START_TEST(no_more_are_fresh_than_are_settled_in_a_moment)
{
    struct fixture *f = begin();
    struct store s;
    struct err e;
    close_outbox(f);
    open_store(f, &s);
    for (uint64_t seq = 1; seq <= FRESH_MAX + 3; seq++) {
        press_store(&s, seq);
        ck_assert_uint_eq(s.fresh, seq <= FRESH_MAX ? seq : seq - FRESH_MAX);
        struct event *event = NULL;
        ck_assert_int_eq(store_get_event(&s, seq, &event, &e), 0);
        ck_assert(event && event->seq == seq && store_event_is_whole(event));
        event_unref(event);
    }
    store_close(&s);
    open_store(f, &s);
    ck_assert_uint_eq(s.fresh, 3);
    store_close(&s);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 2 * (FRESH_MAX + 3));
    end(f);
}
END_TEST

/* As a salvage may leave it. */
START_TEST(what_is_settled_and_fresh_at_once_is_owed_once)
{
    struct fixture *f = begin();
    struct store s;
    close_outbox(f);
    open_store(f, &s);
    press_store(&s, 1);
    ck_assert_int_eq(sqlite3_exec(s.db,
                                  "INSERT INTO event SELECT seq,id,type,class,alarm,wall_ms,digest,"
                                  "bytes FROM fresh; INSERT INTO delivery(seq,receiver,state,"
                                  "attempts) VALUES(1,'police',0,0),(1,'education',1,1)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    store_close(&s);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 1);
    ck_assert_uint_eq(f->found.last_seq, 1);
    end(f);
}
END_TEST

/* From here on: on a disk that fails. */

static void on_loaded(void *arg, struct event *event)
{
    *(bool *)arg = event != NULL;
}

START_TEST(a_disk_that_refuses_to_settle_holds_up_no_sending_and_is_a_fault_until_it_does)
{
    struct fixture *f = begin();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    bool loaded = false;
    put(f, 1, "state");
    wait_stored(f, 1);
    watched_vfs_fail_syncs(100000);
    struct heard heard = ask(f, &query);
    ck_assert_str_ne(heard.error, "");
    free(heard.text);
    turn_until(f, &f->faulty);
    outbox_load(f->outbox, 1, on_loaded, &loaded);
    turn_until(f, &loaded);
    ck_assert(f->faulty);
    watched_vfs_fail_syncs(0);
    while (f->faulty) /* by itself, when it is quiet */
        uv_run(&f->loop, UV_RUN_ONCE);
    check_event(f, 1, "pending");
    end(f);
}
END_TEST

static void press_once_more(struct fixture *f)
{
    put(f, 401, "the last state");
    wait_stored(f, 1);
}

/* All of it is in the database. */
static void remove_log(const struct fixture *f)
{
    char path[80];
    path_of(f, path);
    strcat(path, "-wal");
    ck_assert_int_eq(unlink(path), 0);
}

/* A page that holds `text` is overwritten. */
static void damage(const struct fixture *f, const char *text)
{
    static const char junk[512] = {1};
    char path[64], page[4096];
    path_of(f, path);
    int fd = open(path, O_RDWR);
    for (off_t at = 0; pread(fd, page, sizeof page, at) == (ssize_t)sizeof page; at += 4096) {
        if (at > 0 && memmem(page, sizeof page, text, strlen(text)))
            ck_assert_int_eq(pwrite(fd, junk, sizeof junk, at), (ssize_t)sizeof junk);
    }
    close(fd);
}

START_TEST(of_a_damaged_store_what_is_fresh_is_kept)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, "state");
    wait_stored(f, 400);
    close_outbox(f);
    remove_log(f);
    kill_in(f, press_once_more);
    damage(f, "{\"seq\":150}");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(!f->found.state_lost);
    ck_assert_uint_eq(f->found.last_seq, 401);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "the last state");
    ck_assert_uint_eq(f->found.pending[f->found.pending_count - 1].seq, 401);
    check_event(f, 401, "pending");
    end(f);
}
END_TEST

START_TEST(state_of_a_press_that_cannot_be_read_is_lost_and_told_and_no_older_one_taken_for_it)
{
    struct fixture *f = begin();
    struct store s;
    struct err e;
    put(f, 1, "the state before");
    wait_stored(f, 1);
    close_outbox(f);
    kill_in(f, press_once_more);
    open_store(f, &s);
    ck_assert_uint_eq(s.fresh, 1);
    ck_assert_int_eq(store_end_log(&s, &e), 0);
    store_close(&s);
    damage(f, "the last state");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(f->found.state_lost);
    end(f);
}
END_TEST

static void wait_until_there_is(const struct fixture *f, const char *suffix)
{
    char path[80];
    path_of(f, path);
    strcat(path, suffix);
    for (int64_t by_ms = clock_monotonic_ms() + patience_ms(); access(path, F_OK) != 0;) {
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
        usleep(1000);
    }
}

START_TEST(a_kill_while_a_damaged_store_is_put_aside_loses_nothing_of_it)
{
    struct fixture *f = begin();
    int status;
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, "state");
    wait_stored(f, 400);
    close_outbox(f);
    remove_log(f);
    damage(f, "{\"seq\":150}");
    pid_t pid = fork();
    if (pid == 0) {
        watched_vfs_hold_syncs(true);
        start_over(f);
        _exit(0);
    }
    wait_until_there_is(f, ".new-wal");
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status));
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_uint_eq(f->found.last_seq, 400);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "state");
    end(f);
}
END_TEST

START_TEST(what_a_kill_left_of_a_salvage_that_was_nearly_done_is_finished_and_told)
{
    struct fixture *f = begin();
    char path[80], fresh[90], log[90];
    put(f, 1, "state");
    wait_stored(f, 1);
    close_outbox(f);
    remove_log(f);
    path_of(f, path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    snprintf(log, sizeof log, "%s-wal", path);
    ck_assert_int_eq(rename(path, fresh), 0);
    ck_assert_int_eq(close(open(log, O_CREAT | O_WRONLY, 0600)), 0); /* the damaged one's */
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "while it was put aside"));
    ck_assert(f->found.state_lost); /* nobody can tell */
    ck_assert_uint_eq(f->found.last_seq, 1);
    ck_assert_int_ne(access(fresh, F_OK), 0);
    end(f);
}
END_TEST

/* From here on: a store of the version before, which has no such table. */

static const char older[] =
    "CREATE TABLE event("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, class INTEGER NOT NULL,"
    "  alarm TEXT NOT NULL, wall_ms INTEGER NOT NULL, digest BLOB NOT NULL, bytes BLOB NOT NULL);"
    "CREATE INDEX event_id ON event(id);"
    "CREATE INDEX event_alarm ON event(alarm) WHERE alarm <> '';"
    "CREATE TABLE delivery("
    "  seq INTEGER NOT NULL, receiver TEXT NOT NULL, state INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL, request TEXT, receipt BLOB, receipt_headers TEXT,"
    "  PRIMARY KEY(seq, receiver)) WITHOUT ROWID;"
    "CREATE INDEX delivery_pending ON delivery(receiver, seq) WHERE state = 0;"
    "CREATE TABLE upload("
    "  seq INTEGER NOT NULL, receiver TEXT NOT NULL, manifest TEXT NOT NULL, clip TEXT NOT NULL,"
    "  alarm TEXT NOT NULL, camera TEXT NOT NULL, path TEXT NOT NULL, length INTEGER NOT NULL,"
    "  sha256 BLOB NOT NULL, state INTEGER NOT NULL, receipt BLOB, receipt_headers TEXT,"
    "  PRIMARY KEY(seq, receiver)) WITHOUT ROWID;"
    "CREATE INDEX upload_clip ON upload(clip);"
    "CREATE TABLE answer("
    "  receiver TEXT NOT NULL, answer_seq INTEGER NOT NULL, alarm TEXT NOT NULL,"
    "  state INTEGER NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL,"
    "  PRIMARY KEY(receiver, answer_seq)) WITHOUT ROWID;"
    "CREATE TABLE state(name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE filler(bytes BLOB);";

/* With events 1 and 2, of which the police has the first, an answer, and a row of state. */
static void make_older(const struct fixture *f, const char *more)
{
    char path[64], remove_log[80], sql[800];
    sqlite3 *db;
    path_of(f, path);
    snprintf(remove_log, sizeof remove_log, "%s-wal", path);
    unlink(path);
    unlink(remove_log);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, older, NULL, NULL, NULL), SQLITE_OK);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        struct event *event = make_event(seq, EVENT_CLASS_PRESS);
        char digest[2 * EVENT_DIGEST_BYTES + 1] = "";
        for (size_t i = 0; i < EVENT_DIGEST_BYTES; i++)
            sprintf(digest + 2 * i, "%02x", event->digest[i]);
        snprintf(sql, sizeof sql,
                 "INSERT INTO event VALUES(%d,'%s','%s',%d,'%s',%lld,x'%s',CAST('%s' AS BLOB));"
                 "INSERT INTO delivery(seq,receiver,state,attempts) VALUES(%d,'police',%d,1);"
                 "INSERT INTO delivery(seq,receiver,state,attempts) VALUES(%d,'education',0,3)",
                 (int)seq, event->id, event->type, (int)event->class, event->alarm,
                 (long long)event->wall_ms, digest, event->bytes, (int)seq, seq == 1, (int)seq);
        ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        event_unref(event);
    }
    ck_assert_int_eq(sqlite3_exec(db,
                                  "INSERT INTO state VALUES('incidents','what was open');"
                                  "INSERT INTO answer VALUES('police',7,'','2','by','at','')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, more, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void check_older(struct fixture *f)
{
    ck_assert_uint_eq(f->found.last_seq, 2);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what was open");
    ck_assert_int_eq(f->found.answer_seq[0], 7);
    ck_assert_uint_eq(f->found.pending_count, 3);
    ck_assert_uint_eq(f->found.pending[0].seq, 1);
    ck_assert_uint_eq(f->found.pending[0].receiver, 1);
    ck_assert_uint_eq(f->found.pending[0].attempts, 3);
    char *text = show(f, 1);
    ck_assert_ptr_nonnull(strstr(text, "\"police\",\"state\":\"stored\""));
    free(text);
    check_event(f, 2, "pending");
}

START_TEST(a_store_of_the_version_before_keeps_everything_and_goes_on)
{
    struct fixture *f = begin();
    close_outbox(f);
    make_older(f, "");
    open_outbox(f);
    ck_assert_ptr_null(f->found.damage);
    check_older(f);
    put(f, 3, "after it");
    wait_stored(f, 1);
    check_event(f, 3, "pending");
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 3);
    ck_assert_uint_eq(f->found.pending_count, 5);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "after it");
    end(f);
}
END_TEST

/* Its first free page, from which the new table would be made, is junk. */
static void damage_free_pages(const struct fixture *f)
{
    unsigned char number[4], junk[4096];
    char path[64];
    path_of(f, path);
    memset(junk, 0xff, sizeof junk);
    int fd = open(path, O_RDWR);
    ck_assert_int_eq(pread(fd, number, sizeof number, 32), (ssize_t)sizeof number);
    off_t page = (off_t)number[0] << 24 | number[1] << 16 | number[2] << 8 | number[3];
    ck_assert_int_gt(page, 1);
    ck_assert_int_eq(pwrite(fd, junk, sizeof junk, (page - 1) * 4096), (ssize_t)sizeof junk);
    close(fd);
}

START_TEST(one_that_was_damaged_before_it_got_the_table_has_lost_no_state)
{
    struct fixture *f = begin();
    close_outbox(f);
    make_older(f, "INSERT INTO filler VALUES(zeroblob(100000)); DELETE FROM filler");
    damage_free_pages(f);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(!f->found.state_lost);
    check_older(f);
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_fresh");
    TCase *tc = tcase_create("fresh");
    watched_vfs_install(NULL);
    tcase_add_test(tc, what_a_kill_leaves_fresh_is_found_and_told_like_everything_else);
    tcase_add_test(tc, a_stop_leaves_nothing_fresh_for_an_older_program_to_overlook);
    tcase_add_test(tc, the_state_that_was_saved_last_is_what_is_found);
    tcase_add_test(tc, who_takes_no_such_event_is_not_owed_one_that_is_fresh);
    tcase_add_test(tc, a_delivery_of_a_fresh_event_is_recorded);
    tcase_add_test(tc, a_press_is_one_page_of_the_log);
    tcase_add_test(tc, what_is_settled_and_fresh_at_once_is_owed_once);
    tcase_add_test(tc, no_more_are_fresh_than_are_settled_in_a_moment);
    tcase_add_test(tc,
                   a_disk_that_refuses_to_settle_holds_up_no_sending_and_is_a_fault_until_it_does);
    tcase_add_test(tc, of_a_damaged_store_what_is_fresh_is_kept);
    tcase_add_test(
        tc, state_of_a_press_that_cannot_be_read_is_lost_and_told_and_no_older_one_taken_for_it);
    tcase_add_test(tc, a_kill_while_a_damaged_store_is_put_aside_loses_nothing_of_it);
    tcase_add_test(tc, what_a_kill_left_of_a_salvage_that_was_nearly_done_is_finished_and_told);
    tcase_add_test(tc, a_store_of_the_version_before_keeps_everything_and_goes_on);
    tcase_add_test(tc, one_that_was_damaged_before_it_got_the_table_has_lost_no_state);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
