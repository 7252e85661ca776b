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
#include "outbox/numbers.h"
#include "outbox/store.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

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

static void change_store(const struct fixture *f, const char *statement)
{
    struct store s;
    open_store(f, &s);
    ck_assert_int_eq(sqlite3_exec(s.db, statement, NULL, NULL, NULL), SQLITE_OK);
    store_close(&s);
}

/* What refuses rows of the table of events, and nothing else. */
START_TEST(no_press_ends_the_fault_of_what_cannot_be_settled)
{
    struct fixture *f = begin();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    close_outbox(f);
    change_store(f, "CREATE TRIGGER refuses BEFORE INSERT ON event"
                    " BEGIN SELECT RAISE(FAIL, 'refused'); END");
    open_outbox(f);
    put(f, 1, "state");
    wait_stored(f, 1);
    free(ask(f, &query).text); /* settles before it */
    turn_until(f, &f->faulty);
    put(f, 2, "state");
    wait_stored(f, 2);
    ck_assert(f->faulty);
    close_outbox_within(f, 100); /* it tries for so long */
    change_store(f, "DROP TRIGGER refuses");
    open_outbox(f);
    check_event(f, 2, "pending");
    ck_assert_uint_eq(f->found.pending_count, 4);
    end(f);
}
END_TEST

/* A power cut before it is settled: those between may have gone out from memory. */
START_TEST(a_press_with_a_number_above_the_ceiling_raises_it)
{
    struct fixture *f = begin();
    const uint64_t far = UINT64_C(1) << 40;
    struct store s;
    struct err e;
    close_outbox(f);
    open_store(f, &s);
    ck_assert_int_eq(numbers_begin(&s, 0, &e), 0);
    uint64_t before = s.ceiling;
    press_store(&s, 1);
    ck_assert_uint_eq(s.ceiling, before); /* one page of the log is enough */
    press_store(&s, far);
    ck_assert_uint_eq(s.fresh, 2);
    ck_assert_uint_gt(s.ceiling, far);
    store_close(&s);
    open_store(f, &s);
    ck_assert_uint_gt(s.ceiling, far);
    store_close(&s);
    open_outbox(f);
    ck_assert_uint_gt(f->found.used_seq, far);
    end(f);
}
END_TEST

/* Found in a journal by a start that had given higher numbers. */
START_TEST(an_older_one_that_is_fresh_is_not_the_newest)
{
    struct fixture *f = begin();
    struct store s;
    struct err e;
    put(f, 10, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    open_store(f, &s);
    struct event *older = make_event(3, EVENT_CLASS_PRESS);
    ck_assert_int_eq(store_begin(&s, &e), 0);
    ck_assert_int_eq(store_put_event(&s, older, NULL, NULL, 0, &e), 0);
    ck_assert_int_eq(store_commit(&s, &e), 0);
    store_close(&s);
    event_unref(older);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 10);
    ck_assert_uint_ge(f->found.used_seq, 10);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    ck_assert_uint_eq(f->found.pending_count, 4);
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
    tcase_add_test(tc, no_press_ends_the_fault_of_what_cannot_be_settled);
    tcase_add_test(tc, a_press_with_a_number_above_the_ceiling_raises_it);
    tcase_add_test(tc, an_older_one_that_is_fresh_is_not_the_newest);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
