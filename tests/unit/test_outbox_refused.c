/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that refuses one thing, or all of it for a while: what goes on, and what a stop does. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox/job.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "watched_vfs.h"

static const struct uplink_result result = {
    .outcome = UPLINK_OUTCOME_STORED, .receipt = "{}", .receipt_length = 2};

/* With five events, and every record of a delivery is refused until there is a row "peace". */
static struct fixture *begin_refusing(void)
{
    static const char text[] = "CREATE TRIGGER refuse BEFORE UPDATE ON delivery"
                               " WHEN NOT EXISTS (SELECT 1 FROM state WHERE name = 'peace')"
                               " BEGIN SELECT RAISE(ABORT, 'no record today'); END";
    struct fixture *f = begin();
    char path[64];
    sqlite3 *db;
    for (uint64_t seq = 1; seq <= 5; seq++)
        put(f, seq, NULL);
    wait_stored(f, 5);
    close_outbox(f);
    snprintf(path, sizeof path, "%s/" STORE_FILE, f->folder);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    open_outbox(f);
    f->stored = 0;
    return f;
}

/* The row is written, and then the records are. */
static void end_refusing(struct fixture *f)
{
    ck_assert(f->faulty);
    outbox_save_row(f->outbox, &(struct outbox_row){"peace", ""});
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_lt(f->found.pending_count, 2 * f->found.last_seq);
    end(f);
}

static void record_many(struct fixture *f, size_t count)
{
    for (size_t i = 0; i < count; i++)
        outbox_record_delivery(f->outbox, 1 + i % 5, 0, 1, &result);
}

struct loaded {
    bool came, is_there;
};

static void on_loaded(void *arg, struct event *event)
{
    *(struct loaded *)arg = (struct loaded){true, event != NULL};
}

START_TEST(a_record_that_is_refused_stops_no_load_no_question_and_no_pruning)
{
    struct fixture *f = begin_refusing();
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    struct loaded loaded = {0};
    record_many(f, 1);
    turn_until(f, &f->faulty);
    outbox_prune(f->outbox, 1000);
    outbox_load(f->outbox, 2, on_loaded, &loaded);
    turn_until(f, &loaded.came);
    ck_assert(loaded.is_there);
    struct heard heard = ask(f, &query);
    ck_assert_str_eq(heard.error, "");
    ck_assert_ptr_nonnull(strstr(heard.text, "\"police\",\"state\":\"pending\""));
    free(heard.text);
    struct job *chore;
    STAILQ_FOREACH(chore, &f->outbox->queue.chores, next)
    {
        ck_assert(chore->kind == JOB_ROOM || chore->kind == JOB_SCRUB); /* upkeep, in an hour */
    }
    end_refusing(f);
}
END_TEST

START_TEST(a_press_is_stored_however_many_records_are_refused)
{
    static const size_t counts[] = {1, GATHER_MAX + 40};
    struct fixture *f = begin_refusing();
    record_many(f, counts[_i]);
    turn_until(f, &f->faulty);
    put(f, 6, NULL);
    wait_stored(f, 1);
    put(f, 7, "the state");
    wait_stored(f, 2);
    end_refusing(f);
}
END_TEST

START_TEST(a_press_after_a_reload_is_stored_though_records_before_it_are_refused)
{
    struct fixture *f = begin_refusing();
    record_many(f, 1);
    turn_until(f, &f->faulty);
    outbox_set_takes(f->outbox, 1, UPLINK_TAKES_ALL, true);
    put(f, 6, NULL);
    wait_stored(f, 1);
    end_refusing(f);
}
END_TEST

static void wait_held(void)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (watched_vfs_counts().held == 0 && clock_monotonic_ms() < deadline)
        usleep(200);
    ck_assert_uint_eq(watched_vfs_counts().held, 1);
}

START_TEST(a_press_that_too_many_records_go_with_is_stored_though_they_are_refused)
{
    struct fixture *f = begin_refusing();
    watched_vfs_hold_syncs(true);
    put(f, 6, NULL);
    wait_held();
    record_many(f, GATHER_MAX + 1);
    put(f, 7, NULL);
    watched_vfs_hold_syncs(false);
    wait_stored(f, 2);
    turn_until(f, &f->faulty);
    end_refusing(f);
}
END_TEST

START_TEST(what_is_stored_is_read_while_nothing_can_be_and_what_is_not_comes_from_memory)
{
    struct fixture *f = begin();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    struct loaded old = {0}, young = {0};
    char text[40];
    put(f, 1, NULL);
    ck_assert_str_eq(list(f, &query, text), "1 of 1");
    watched_vfs_fail_writes(100000);
    put(f, 2, NULL);
    turn_until(f, &f->faulty);
    outbox_load(f->outbox, 2, on_loaded, &young);
    outbox_load(f->outbox, 1, on_loaded, &old);
    turn_until(f, &old.came);
    ck_assert(old.is_there);
    ck_assert_str_eq(list(f, &query, text), "1 of 1");
    ck_assert(young.is_there);
    ck_assert(f->faulty); /* although something went well */
    watched_vfs_fail_writes(0);
    wait_stored(f, 2);
    young.came = false;
    outbox_load(f->outbox, 3, on_loaded, &young);
    turn_until(f, &young.came);
    ck_assert(!young.is_there); /* but this one is */
    ck_assert(!f->faulty);
    end(f);
}
END_TEST

/* Called by outbox_close, which waits for the thread, with the lock held: as long as a test may.
 * See CMakeLists.txt. */
static bool is_let_go_at_the_stop;

int __real_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t ns);
int __wrap_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t ns);

int __wrap_uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t ns)
{
    const struct outbox *ob =
        (const struct outbox *)((const char *)cond - offsetof(struct outbox, finished));
    if (mutex == &ob->lock && is_let_go_at_the_stop) {
        watched_vfs_hold_syncs(false);
        ns = (uint64_t)patience_ms() * 1000000;
    }
    return __real_uv_cond_timedwait(cond, mutex, ns);
}

/* The thread stands in the commit of event 1, and will when it is told to stop. */
static struct fixture *begin_held(void)
{
    struct fixture *f = begin();
    watched_vfs_hold_syncs(true);
    put(f, 1, NULL);
    wait_held();
    is_let_go_at_the_stop = true;
    return f;
}

START_TEST(a_stop_tries_again_what_the_disk_refused)
{
    struct fixture *f = begin_held();
    put(f, 2, "the state");
    outbox_when_written(f->outbox, on_stored, f);
    outbox_record_delivery(f->outbox, 1, 0, 1, &result);
    outbox_record_delivery(f->outbox, 2, 1, 1, &result);
    watched_vfs_fail_syncs(3);
    close_outbox(f);
    ck_assert_uint_eq(f->stored, 3);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 2);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "the state");
    ck_assert_uint_eq(f->found.pending_count, 2);
    end(f);
}
END_TEST

static void save(struct fixture *f, const char *name, const char *text)
{
    outbox_save_row(f->outbox, &(struct outbox_row){name, text});
}

START_TEST(rows_do_not_pile_up_while_the_disk_stands_still)
{
    struct fixture *f = begin_held();
    for (int i = 0; i < 100; i++) {
        save(f, "incidents", i < 99 ? "older" : "newest");
        save(f, "tests", i < 99 ? "older" : "newest");
    }
    const struct job *first = STAILQ_FIRST(&f->outbox->queue.writes);
    ck_assert(first && !STAILQ_NEXT(first, next));
    put(f, 2, "with the press");
    save(f, "incidents", "after the press");
    close_outbox(f);
    open_outbox(f);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "after the press");
    ck_assert_str_eq(outbox_found_text(&f->found, "tests"), "newest");
    end(f);
}
END_TEST

static void on_question(void *arg, const struct outbox_answer *answer)
{
    struct heard *heard = arg;
    heard->came = true;
    snprintf(heard->error, sizeof heard->error, "%s", answer->error ? answer->error : "");
}

START_TEST(what_is_left_at_a_stop_is_counted_never_called_stored_and_no_question_is_forgotten)
{
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    struct fixture *f = begin_held();
    struct heard heard = {0};
    put(f, 2, NULL);
    outbox_save_row(f->outbox, &(struct outbox_row){"name", "text"});
    outbox_record_delivery(f->outbox, 1, 0, 1, &result);
    outbox_when_written(f->outbox, on_stored, f);
    outbox_query(f->outbox, &query, on_question, &heard);
    watched_vfs_fail_syncs(100000);
    ck_assert_uint_eq(outbox_close(f->outbox, 300), 2);
    ck_assert_uint_eq(f->stored, 0);
    ck_assert(heard.came);
    ck_assert_str_ne(heard.error, "");
    watched_vfs_fail_syncs(0);
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    open_outbox(f);
    end(f);
}
END_TEST

/* What is then put in order is no event. */
START_TEST(a_disk_that_stands_still_at_a_stop_with_every_event_on_it_has_lost_none)
{
    struct fixture *f = begin();
    put(f, 1, NULL);
    wait_stored(f, 1);
    watched_vfs_hold_syncs(true);
    ck_assert_uint_eq(outbox_close(f->outbox, 10), OUTBOX_HELD);
    watched_vfs_hold_syncs(false);
    while (!f->outbox->ended)
        usleep(200);
    ck_assert_uint_eq(outbox_close(f->outbox, 10), 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    outbox_found_finish(&f->found);
    open_outbox(f);
    end(f);
}
END_TEST

START_TEST(what_a_disk_that_stands_still_holds_at_a_stop_is_counted)
{
    struct fixture *f = begin_held();
    is_let_go_at_the_stop = false;
    put(f, 2, NULL);
    put(f, 3, NULL);
    ck_assert_uint_eq(outbox_close(f->outbox, 10), 3);
    watched_vfs_hold_syncs(false);
    while (!f->outbox->ended) /* it goes on by itself: let it, before it is ended */
        usleep(200);
    uv_run(&f->loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(f->stored, 3);
    ck_assert_uint_eq(outbox_close(f->outbox, 10), 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    outbox_found_finish(&f->found);
    open_outbox(f);
    end(f);
}
END_TEST

/* What joins what the store had is one transaction, however long. */
START_TEST(of_what_a_disk_holds_at_a_stop_there_may_be_many)
{
    const size_t many = UINT16_MAX + 1;
    struct fixture *f = begin_held();
    is_let_go_at_the_stop = false;
    uv_mutex_lock(&f->outbox->lock);
    f->outbox->queue.apart = true;
    uv_mutex_unlock(&f->outbox->lock);
    for (size_t i = 0; i < many; i++)
        put(f, 2 + i, NULL);
    uv_mutex_lock(&f->outbox->lock);
    queue_join(&f->outbox->queue);
    uv_mutex_unlock(&f->outbox->lock);
    put(f, 2 + many, NULL);
    watched_vfs_let_one_sync_pass();
    wait_stored(f, 1);
    ck_assert_uint_eq(outbox_close(f->outbox, 10), many + 1);
    watched_vfs_hold_syncs(false);
    while (!f->outbox->ended)
        usleep(200);
    ck_assert_uint_eq(outbox_close(f->outbox, 10), 0);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    outbox_found_finish(&f->found);
    open_outbox(f);
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_refused");
    TCase *tc = tcase_create("refused");
    watched_vfs_install(NULL);
    tcase_add_test(tc, a_record_that_is_refused_stops_no_load_no_question_and_no_pruning);
    tcase_add_loop_test(tc, a_press_is_stored_however_many_records_are_refused, 0, 2);
    tcase_add_test(tc, a_press_after_a_reload_is_stored_though_records_before_it_are_refused);
    tcase_add_test(tc, a_press_that_too_many_records_go_with_is_stored_though_they_are_refused);
    tcase_add_test(tc,
                   what_is_stored_is_read_while_nothing_can_be_and_what_is_not_comes_from_memory);
    tcase_add_test(tc, rows_do_not_pile_up_while_the_disk_stands_still);
    tcase_add_test(tc, a_stop_tries_again_what_the_disk_refused);
    tcase_add_test(
        tc, what_is_left_at_a_stop_is_counted_never_called_stored_and_no_question_is_forgotten);
    tcase_add_test(tc, a_disk_that_stands_still_at_a_stop_with_every_event_on_it_has_lost_none);
    tcase_add_test(tc, what_a_disk_that_stands_still_holds_at_a_stop_is_counted);
    tcase_add_test(tc, of_what_a_disk_holds_at_a_stop_there_may_be_many);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
