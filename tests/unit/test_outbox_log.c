/* SPDX-License-Identifier: Apache-2.0 */
/* When the log is moved into the database: never before a press that waits, while there is room. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "held_disk.h"
#include "run_suite.h"
#include "wire/digest.h"

/* With a row of so many bytes, all of which goes into the log. */
static void press(struct fixture *f, uint64_t seq, size_t row_bytes, outbox_done_handler done)
{
    struct event *event = calloc(1, sizeof *event + 8);
    char *text = calloc(1, row_bytes + 1);
    memset(text, 'x', row_bytes);
    event->references = 1;
    event->seq = seq;
    snprintf(event->id, sizeof event->id, "01890a5d-ac96-774b-bcce-%012u", (unsigned)seq);
    strcpy(event->type, "tocsin.alarm.raised");
    strcpy((char *)event->bytes, "{}");
    event->length = 2;
    digest_sha256(event->bytes, event->length, event->digest);
    outbox_store(f->outbox, event, &(struct outbox_row){"incidents", text}, NULL, 0, done, f);
    event_unref(event);
    free(text);
}

/* One more sync of the log is made, and the thread stands in the one after it. */
static void pass_one(void)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    unsigned before = watched_vfs_counts().log_syncs;
    watched_vfs_let_one_sync_pass();
    while (watched_vfs_counts().log_syncs == before && clock_monotonic_ms() < deadline)
        usleep(200);
    wait_held();
}

/* As many as it takes until that is told: the thread tells it before it goes on to the next. */
static int pass_until(struct fixture *f, const char *told)
{
    int passed = 0;
    for (; strlen(f->told) < strlen(told); passed++) {
        pass_one();
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    ck_assert_str_eq(f->told, told);
    return passed;
}

static void let_go_and_end(struct fixture *f)
{
    watched_vfs_hold_syncs(false);
    stop(f);
    end(f);
}

/* The thread stands in the commit of the first of two presses. */
static struct fixture *begin_two(size_t row_bytes)
{
    struct fixture *f = begin();
    start(f);
    watched_vfs_hold_syncs(true);
    press(f, 1, row_bytes, on_a);
    wait_held();
    press(f, 2, 10, on_b);
    return f;
}

START_TEST(a_press_that_waits_goes_before_a_long_log_is_moved)
{
    struct fixture *f = begin_two(2300000);
    unsigned moved = watched_vfs_counts().db_syncs;
    pass_until(f, "ab");
    ck_assert_uint_eq(watched_vfs_counts().db_syncs, moved);
    pass_one(); /* with nothing in between: the log is what is moved */
    ck_assert_uint_eq(watched_vfs_counts().db_syncs, moved + 1);
    let_go_and_end(f);
}
END_TEST

START_TEST(a_log_whose_room_runs_out_is_moved_whoever_waits)
{
    struct fixture *f = begin_two(3300000);
    unsigned moved = watched_vfs_counts().db_syncs;
    pass_until(f, "ab");
    ck_assert_uint_eq(watched_vfs_counts().db_syncs, moved + 1);
    let_go_and_end(f);
}
END_TEST

START_TEST(a_press_waits_for_one_step_of_what_is_done_when_it_is_quiet)
{
    struct fixture *f = begin();
    start(f);
    watched_vfs_hold_syncs(true);
    press(f, 1, 10, on_a);
    wait_held();
    pass_until(f, "a");
    unsigned moved = watched_vfs_counts().db_syncs;
    press(f, 2, 10, on_b); /* while the first is settled */
    pass_until(f, "ab");
    ck_assert_uint_eq(watched_vfs_counts().db_syncs, moved);
    pass_one();
    press(f, 3, 10, on_a); /* while the log is moved; it begins the next one itself */
    ck_assert_int_eq(pass_until(f, "aba"), 3);
    ck_assert_uint_eq(watched_vfs_counts().db_syncs, moved + 1);
    let_go_and_end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_log");
    TCase *tc = tcase_create("log");
    tcase_add_test(tc, a_press_that_waits_goes_before_a_long_log_is_moved);
    tcase_add_test(tc, a_log_whose_room_runs_out_is_moved_whoever_waits);
    tcase_add_test(tc, a_press_waits_for_one_step_of_what_is_done_when_it_is_quiet);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
