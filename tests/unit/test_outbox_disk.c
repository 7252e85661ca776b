/* SPDX-License-Identifier: Apache-2.0 */
/* What the outbox demands of its disk, and what it does when the disk fails or stands still. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "folder_syncs.h"
#include "held_disk.h"
#include "other_user.h"
#include "outbox/fresh.h"
#include "outbox/prune.h"
#include "outbox/query.h"
#include "outbox/room.h"
#include "outbox/store.h"
#include "run_suite.h"
#include "wire/digest.h"

/* A look at the clock takes as long, so that how much fits into a piece of a question is not the
 * machine's to say. */
static int64_t look_ns, looked_ns;

int64_t __real_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ns(void)
{
    return __real_clock_monotonic_ns() + __atomic_add_fetch(&looked_ns, look_ns, __ATOMIC_RELAXED);
}

/* Of the questions that were asked last. */
static struct event *loaded;
static char error[400];

static void open_store(struct fixture *f)
{
    struct err e;
    ck_assert_msg(store_open(&f->store, &e) == 0, "%s", e.text);
}

static struct event *make_event(uint64_t seq)
{
    char text[1100];
    snprintf(text, sizeof text, "{\"seq\":%llu,\"text\":\"%01000d\"}", (unsigned long long)seq, 0);
    struct event *event = calloc(1, sizeof *event + sizeof text);
    event->references = 1;
    event->seq = seq;
    event->wall_ms = (int64_t)seq * 1000;
    uuid_v7(event->wall_ms, event->id);
    strcpy(event->type, "tocsin.alarm.raised");
    strcpy(event->alarm, seq % 2 ? "01890a5d-ac96-774b-bcce-b302099a8057" : "");
    event->length = strlen(text);
    memcpy(event->bytes, text, event->length);
    digest_sha256(event->bytes, event->length, event->digest);
    return event;
}

static void put(struct store *s, uint64_t seq)
{
    struct err e;
    struct event *event = make_event(seq);
    ck_assert_int_eq(store_put_event(s, event, NULL, NULL, 0, &e), 0);
    event_unref(event);
}

static void commit(struct store *s, uint64_t first, uint64_t last)
{
    struct err e;
    ck_assert_int_eq(store_begin(s, &e), 0);
    for (uint64_t seq = first; seq <= last; seq++)
        put(s, seq);
    ck_assert_msg(store_commit(s, &e) == 0, "%s", e.text);
}

static void commit_settled(struct store *s, uint64_t first, uint64_t last)
{
    struct err e;
    commit(s, first, last);
    ck_assert_int_eq(store_begin(s, &e), 0);
    ck_assert_int_eq(fresh_settle(s, &e), 0);
    ck_assert_int_eq(store_commit(s, &e), 0);
}

static void read_pragma(struct store *s, const char *name, char *ret_text)
{
    char text[100];
    sqlite3_stmt *row;
    snprintf(text, sizeof text, "PRAGMA %s", name);
    ck_assert_int_eq(sqlite3_prepare_v2(s->db, text, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    store_copy_column(row, 0, ret_text, 40);
    sqlite3_finalize(row);
}

START_TEST(the_database_is_set_up_as_the_promises_need_it)
{
    static const char *const wanted[][2] = {
        {"locking_mode", "exclusive"}, {"journal_mode", "wal"},
        {"synchronous", "2"}, /* FULL: a commit is on the disk when it returns */
        {"temp_store", "2"},  /* no file beside the database */
        {"wal_autocheckpoint", "0"},   {"journal_size_limit", "-1"},
    };
    struct fixture *f = begin();
    char text[40];
    for (int again = 0; again < 2; again++) {
        open_store(f);
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
            read_pragma(&f->store, wanted[i][0], text);
            ck_assert_msg(strcmp(text, wanted[i][1]) == 0, "%s: %s", wanted[i][0], text);
        }
        store_close(&f->store);
    }
    end(f);
}
END_TEST

START_TEST(a_commit_has_synced_the_log_when_it_returns)
{
    struct fixture *f = begin();
    open_store(f);
    commit(&f->store, 1, 1); /* the log's first frame is synced with its header */
    for (uint64_t seq = 2; seq <= 5; seq++) {
        unsigned before = watched_vfs_counts().log_syncs;
        commit(&f->store, seq, seq);
        ck_assert_uint_eq(watched_vfs_counts().log_syncs, before + 1);
    }
    end(f);
}
END_TEST

START_TEST(a_log_that_was_moved_is_synced_in_the_database_before_it_is_used_again)
{
    struct fixture *f = begin();
    open_store(f);
    commit(&f->store, 1, 50);
    unsigned before = watched_vfs_counts().db_syncs;
    f->store.log_pages = 9999;
    store_checkpoint(&f->store);
    ck_assert_uint_gt(watched_vfs_counts().db_syncs, before);
    ck_assert_int_eq(f->store.log_pages, 0);
    end(f);
}
END_TEST

START_TEST(a_press_after_a_quiet_time_is_synced_once)
{
    struct fixture *f = begin();
    struct err e;
    open_store(f);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        store_checkpoint(&f->store);
        ck_assert_int_eq(store_begin_log(&f->store, &e), 0);
        unsigned before = watched_vfs_counts().log_syncs;
        commit(&f->store, seq, seq);
        ck_assert_uint_eq(watched_vfs_counts().log_syncs, before + 1);
    }
    ck_assert_int_le(f->store.log_pages, 5); /* of the last one alone */
    end(f);
}
END_TEST

START_TEST(a_new_database_is_an_entry_of_its_folder_that_survives)
{
    struct fixture *f = begin();
    folder_syncs = 0;
    const struct watched_counts before = watched_vfs_counts();
    open_store(f);
    ck_assert_uint_eq(folder_syncs, 1);
    ck_assert_uint_gt(watched_vfs_counts().db_syncs, before.db_syncs);   /* that it has a log */
    ck_assert_uint_gt(watched_vfs_counts().log_syncs, before.log_syncs); /* its tables */
    store_close(&f->store);
    open_store(f);
    ck_assert_uint_eq(folder_syncs, 1);
    end(f);
}
END_TEST

static off_t size_of(const struct fixture *f, const char *suffix)
{
    char path[4200];
    struct stat st;
    snprintf(path, sizeof path, "%s%s", f->store.path, suffix);
    return stat(path, &st) == 0 ? st.st_size : -1;
}

/* In how many pieces; 0 if it is there. */
static unsigned take_room(struct store *s, int64_t events)
{
    struct err e;
    struct room room;
    unsigned pieces = 0;
    int result;
    room_init(&room, events, 0);
    while ((result = room_go_on(s, &room, &e)) > 0) {
        ck_assert_int_ge(room.again_in_ns, 5000000); /* it leaves the disk to others */
        ck_assert_int_lt(room.again_in_ns, ROOM_LOOK_NS);
        pieces++;
    }
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(room.again_in_ns, ROOM_LOOK_NS);
    ck_assert_int_eq(room_go_on(s, &room, &e), 0); /* at the next look */
    return pieces;
}

START_TEST(room_is_taken_in_the_database_and_in_its_log_and_kept_over_a_restart)
{
    struct fixture *f = begin();
    char free_pages[40];
    open_store(f);
    struct room room;
    room_init_first(&room, 4000);
    while (room_go_on(&f->store, &room, NULL) > 0)
        continue;
    ck_assert_int_ge(size_of(f, "-wal"), 4 << 20);
    ck_assert_uint_gt(take_room(&f->store, 4000), 10);
    read_pragma(&f->store, "freelist_count", free_pages);
    ck_assert_int_ge(atoi(free_pages) * 4096, 2 * 4000 * ROOM_EVENT_BYTES);
    ck_assert_int_eq(f->store.log_pages, 0);
    ck_assert_int_ge(size_of(f, "-wal"), 4 << 20);
    store_close(&f->store);
    ck_assert_int_ge(size_of(f, "-wal"), 4 << 20);
    off_t size = size_of(f, "");
    open_store(f);
    ck_assert_uint_eq(take_room(&f->store, 4000), 0); /* it is there: nothing is added */
    ck_assert_int_eq(size_of(f, ""), size);
    ck_assert_uint_gt(take_room(&f->store, 8000), 0);
    ck_assert_int_gt(size_of(f, ""), size);
    end(f);
}
END_TEST

START_TEST(the_log_says_when_it_is_long)
{
    struct fixture *f = begin();
    open_store(f);
    ck_assert(!store_log_is_long(&f->store));
    uint64_t seq = 0;
    while (!store_log_is_long(&f->store)) {
        ck_assert_int_lt(size_of(f, "-wal"), 3 << 20);
        commit(&f->store, seq + 1, seq + 20);
        seq += 20;
    }
    ck_assert_int_ge(size_of(f, "-wal"), 2 << 20);
    ck_assert(!store_log_is_full(&f->store));
    f->store.log_pages = (3 << 20) / 4096 + 1;
    ck_assert(store_log_is_full(&f->store));
    store_checkpoint(&f->store);
    ck_assert(!store_log_is_long(&f->store));
    end(f);
}
END_TEST

START_TEST(nobody_else_can_write_while_it_is_open)
{
    struct fixture *f = begin();
    open_store(f);
    commit(&f->store, 1, 1);
    static const char *const uses[] = {"DELETE FROM event", "PRAGMA wal_checkpoint",
                                       "SELECT count(*) FROM event"};
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        ck_assert_int_eq(other_user_elsewhere(f->store.path, uses[i]), SQLITE_BUSY);
        ck_assert_int_eq(other_user_here(f->store.path, uses[i]), SQLITE_BUSY); /* here as little */
    }
    store_close(&f->store);
    ck_assert_int_eq(other_user_elsewhere(f->store.path, uses[2]),
                     SQLITE_OK); /* it was a fair question */
    end(f);
}
END_TEST

START_TEST(no_statement_walks_a_table)
{
    struct fixture *f = begin();
    open_store(f);
    for (int i = 0; i < STORE_STATEMENT_COUNT; i++) {
        char text[1000];
        sqlite3_stmt *plan;
        bool of_alarm = strstr(sqlite3_sql(f->store.statements[i]), " alarm<>''");
        snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", sqlite3_sql(f->store.statements[i]));
        ck_assert_int_eq(sqlite3_prepare_v2(f->store.db, text, -1, &plan, NULL), SQLITE_OK);
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(plan, 3);
            ck_assert_msg(!strstr(step, "SCAN") && !strstr(step, "B-TREE"), "%s: %s", text, step);
            /* By its number it would be a search too, past all that other alarms have. */
            ck_assert_msg(!of_alarm || strstr(step, "event_alarm"), "%s: %s", text, step);
        }
        sqlite3_finalize(plan);
    }
    end(f);
}
END_TEST

START_TEST(between_two_pieces_of_a_question_a_press_can_be_committed)
{
    static const struct outbox_query queries[] = {
        {.kind = OUTBOX_QUERY_LIST, .limit = 500},
        {.kind = OUTBOX_QUERY_LIST, .limit = 500, .alarm = "01890a5d-ac96-774b-bcce-b302099a8057"},
        {.kind = OUTBOX_QUERY_EXPORT},
    };
    struct fixture *f = begin();
    struct err e;
    uint64_t seq = 5000;
    open_store(f);
    commit_settled(&f->store, 1, seq);
    look_ns = 20000;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        struct question *q = question_create(&queries[i]);
        int pieces = 0;
        for (; question_go_on(&f->store, q, &e) > 0; pieces++) {
            ck_assert(sqlite3_get_autocommit(f->store.db));
            for (int j = 0; j < STORE_STATEMENT_COUNT; j++)
                ck_assert(!sqlite3_stmt_busy(f->store.statements[j]));
            seq++;
            commit_settled(&f->store, seq, seq);
        }
        struct outbox_answer answer;
        question_read(q, &answer);
        ck_assert_ptr_null(answer.error);
        ck_assert_int_gt(pieces, 0);
        question_destroy(q);
    }
    end(f);
}
END_TEST

START_TEST(an_event_that_was_changed_on_the_disk_is_seen)
{
    struct fixture *f = begin();
    struct event *event;
    struct err e;
    open_store(f);
    commit_settled(&f->store, 1, 1);
    ck_assert_int_eq(store_get_event(&f->store, 1, &event, &e), 0);
    ck_assert(store_event_is_whole(event));
    event->bytes[event->length - 1] ^= 1;
    ck_assert(!store_event_is_whole(event));
    event_unref(event);
    ck_assert_int_eq(
        sqlite3_exec(f->store.db, "UPDATE event SET bytes = bytes || ' '", NULL, NULL, NULL),
        SQLITE_OK);
    ck_assert_int_eq(store_get_event(&f->store, 1, &event, &e), 0);
    ck_assert(!store_event_is_whole(event));
    event_unref(event);
    end(f);
}
END_TEST

/* From here on: with its thread. */

static void on_question(void *arg, const struct outbox_answer *answer)
{
    snprintf(error, sizeof error, "%s", answer->error ? answer->error : "");
    tell(arg, 'q');
}

static void on_loaded(void *arg, struct event *event)
{
    loaded = event ? event_ref(event) : NULL;
    tell(arg, event ? 'l' : '-');
}

static void store_it(struct fixture *f, uint64_t seq, outbox_done_handler done)
{
    struct event *event = make_event(seq);
    outbox_store(f->outbox, event, NULL, NULL, 0, done, f);
    event_unref(event);
}

START_TEST(a_press_goes_before_questions_that_were_asked_first)
{
    struct fixture *f = begin();
    start(f);
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    watched_vfs_hold_syncs(true);
    store_it(f, 1, on_a);
    wait_held(); /* the thread stands in the commit */
    outbox_query(f->outbox, &query, on_question, f);
    store_it(f, 2, on_b);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    ck_assert_str_eq(f->told, ""); /* not stored before it is on the disk */
    watched_vfs_hold_syncs(false);
    turn_until(f, "abq");
    stop(f);
    end(f);
}
END_TEST

START_TEST(after_a_sync_that_failed_nothing_is_trusted_and_all_is_written_again)
{
    struct fixture *f = begin();
    start(f);
    store_it(f, 1, on_a);
    turn_until(f, "a");
    unsigned opened = watched_vfs_counts().opened;
    watched_vfs_fail_syncs(1);
    store_it(f, 2, on_b);
    turn_until(f, "a!.b");
    ck_assert_uint_eq(watched_vfs_counts().opened, opened + 1);
    stop(f);
    start(f);
    ck_assert_uint_eq(f->found.last_seq, 2);
    ck_assert_uint_eq(f->found.pending_count, 4);
    stop(f);
    end(f);
}
END_TEST

START_TEST(who_waits_for_what_was_handed_over_is_told_behind_it_and_costs_no_write)
{
    struct fixture *f = begin();
    start(f);
    store_it(f, 1, on_a);
    turn_until(f, "a");
    watched_vfs_hold_syncs(true);
    unsigned before = watched_vfs_counts().log_syncs;
    store_it(f, 2, NULL);
    wait_held();
    outbox_when_written(f->outbox, on_b, f);
    outbox_save_row(f->outbox, &(struct outbox_row){"name", "text"});
    outbox_when_written(f->outbox, on_a, f);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    ck_assert_str_eq(f->told, "a");
    watched_vfs_hold_syncs(false);
    turn_until(f, "aba");
    outbox_when_written(f->outbox, on_b, f); /* nothing waits: at once, as everything is there */
    turn_until(f, "abab");
    ck_assert_uint_eq(watched_vfs_counts().log_syncs, before + 2);
    stop(f);
    end(f);
}
END_TEST

/* With more events than the page cache holds: the first is not in memory. */
static void start_large(struct fixture *f)
{
    struct err e;
    open_store(f);
    commit_settled(&f->store, 1, 600);
    ck_assert_int_eq(store_end_log(&f->store, &e), 0); /* nor in the log */
    store_close(&f->store);
    start(f);
}

START_TEST(when_it_is_quiet_the_next_log_is_begun)
{
    struct fixture *f = begin();
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    start(f);
    unsigned moved = watched_vfs_counts().db_syncs;
    store_it(f, 1, on_a);
    turn_until(f, "a");
    while (watched_vfs_counts().db_syncs == moved && clock_monotonic_ms() < deadline)
        usleep(1000);
    unsigned before = watched_vfs_counts().log_syncs;
    store_it(f, 2, on_a);
    turn_until(f, "aa");
    /* The press, its settling, the log before it is moved; and two for the next log's first. */
    while (watched_vfs_counts().log_syncs < before + 5 && clock_monotonic_ms() < deadline)
        usleep(1000);
    ck_assert_uint_ge(watched_vfs_counts().log_syncs, before + 5);
    stop(f);
    end(f);
}
END_TEST

/* A process that was killed may not have synced it. */
START_TEST(what_a_start_finds_is_synced_before_it_is_sent)
{
    struct fixture *f = begin();
    start(f); /* takes its room */
    stop(f);
    open_store(f);
    commit(&f->store, 1, 1);
    store_close(&f->store);
    unsigned before = watched_vfs_counts().log_syncs;
    start(f);
    outbox_load(f->outbox, 1, on_loaded, f);
    turn_until(f, "l");
    ck_assert_uint_gt(watched_vfs_counts().log_syncs, before);
    event_unref(loaded);
    stop(f);
    end(f);
}
END_TEST

/* It reads, and would settle what is fresh; nothing is. */
START_TEST(a_question_does_not_say_of_a_disk_that_it_takes_writes_again)
{
    struct fixture *f = begin();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    start(f);
    store_it(f, 1, on_a);
    turn_until(f, "a");
    outbox_query(f->outbox, &query, on_question, f);
    turn_until(f, "aq");
    watched_vfs_fail_syncs(1000000);
    turn_until(f, "aq!"); /* the log could not be begun */
    for (int i = 0; i < 3; i++) {
        char told[] = "aq!qqq";
        told[4 + i] = '\0';
        outbox_query(f->outbox, &query, on_question, f);
        turn_until(f, told);
    }
    watched_vfs_fail_syncs(0);
    turn_until(f, "aq!qqq.");
    stop(f);
    end(f);
}
END_TEST

START_TEST(an_event_that_cannot_be_read_is_tried_again_and_not_called_missing)
{
    struct fixture *f = begin();
    start_large(f);
    watched_vfs_fail_reads(1);
    outbox_load(f->outbox, 1, on_loaded, f);
    turn_until(f, "!.l");
    ck_assert_uint_eq(loaded->seq, 1);
    event_unref(loaded);
    outbox_load(f->outbox, 9999, on_loaded, f); /* but this one is missing */
    turn_until(f, "!.l-");
    stop(f);
    end(f);
}
END_TEST

START_TEST(a_press_does_not_wait_for_an_event_that_cannot_be_read)
{
    struct fixture *f = begin();
    start_large(f);
    watched_vfs_fail_reads(1);
    outbox_load(f->outbox, 1, on_loaded, f);
    turn_until(f, "!"); /* it is tried again in half a second, and now there is a press */
    store_it(f, 601, on_a);
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (!strchr(f->told, 'l') && clock_monotonic_ms() < deadline)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    ck_assert_str_eq(f->told, "!a.l");
    event_unref(loaded);
    stop(f);
    end(f);
}
END_TEST

START_TEST(a_question_that_cannot_be_read_says_why_and_is_no_fault)
{
    struct fixture *f = begin();
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    start_large(f);
    watched_vfs_fail_reads(1);
    outbox_query(f->outbox, &query, on_question, f);
    turn_until(f, "q");
    ck_assert_ptr_nonnull(strstr(error, "I/O"));
    store_it(f, 601, on_b); /* and no press waits for it */
    outbox_query(f->outbox, &query, on_question, f);
    turn_until(f, "qbq");
    ck_assert_str_eq(error, "");
    stop(f);
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_disk");
    TCase *tc = tcase_create("disk");
    tcase_add_test(tc, the_database_is_set_up_as_the_promises_need_it);
    tcase_add_test(tc, a_commit_has_synced_the_log_when_it_returns);
    tcase_add_test(tc, a_log_that_was_moved_is_synced_in_the_database_before_it_is_used_again);
    tcase_add_test(tc, a_press_after_a_quiet_time_is_synced_once);
    tcase_add_test(tc, a_new_database_is_an_entry_of_its_folder_that_survives);
    tcase_add_test(tc, room_is_taken_in_the_database_and_in_its_log_and_kept_over_a_restart);
    tcase_add_test(tc, the_log_says_when_it_is_long);
    tcase_add_test(tc, nobody_else_can_write_while_it_is_open);
    tcase_add_test(tc, no_statement_walks_a_table);
    tcase_add_test(tc, an_event_that_was_changed_on_the_disk_is_seen);
    tcase_add_test(tc, between_two_pieces_of_a_question_a_press_can_be_committed);
    tcase_add_test(tc, a_press_goes_before_questions_that_were_asked_first);
    tcase_add_test(tc, after_a_sync_that_failed_nothing_is_trusted_and_all_is_written_again);
    tcase_add_test(tc, when_it_is_quiet_the_next_log_is_begun);
    tcase_add_test(tc, a_question_does_not_say_of_a_disk_that_it_takes_writes_again);
    tcase_add_test(tc, who_waits_for_what_was_handed_over_is_told_behind_it_and_costs_no_write);
    tcase_add_test(tc, what_a_start_finds_is_synced_before_it_is_sent);
    tcase_add_test(tc, an_event_that_cannot_be_read_is_tried_again_and_not_called_missing);
    tcase_add_test(tc, a_press_does_not_wait_for_an_event_that_cannot_be_read);
    tcase_add_test(tc, a_question_that_cannot_be_read_says_why_and_is_no_fault);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(int argc, char **argv)
{
    int status;
    return other_user_is_asked(argc, argv, &status) ? status : run_suite(make_suite());
}
