/* SPDX-License-Identifier: Apache-2.0 */
/* What time brings, in a real loop: never before what the kernel has kept. */
#include "loop/after_poll.h"

#include <unistd.h>

#include "base/clock.h"
#include "run_suite.h"

#define MS     INT64_C(1000000)
#define WINDOW (5 * MS)

static uv_loop_t loop;
static struct after_poll after_poll;
static uv_poll_t kernel;
static uv_timer_t timer;
static int ends[2];
static int64_t due_ns, told_ns[2];
static unsigned read_count, told, read_before_told;

static void on_readable(uv_poll_t *poll, int status, int events)
{
    char byte;
    (void)poll, (void)status, (void)events;
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    read_count++;
}

static void on_due(void *arg, int64_t until_ns)
{
    ck_assert_ptr_eq(arg, &due_ns);
    ck_assert_uint_lt(told, 2);
    told_ns[told++] = until_ns;
    read_before_told = read_count;
    uv_stop(&loop);
}

/* A callback that lasts longer than the window, while something comes for the kernel to keep. */
static void on_long_turn(uv_timer_t *handle)
{
    (void)handle;
    after_poll_by(&after_poll, due_ns = clock_monotonic_ns() + WINDOW);
    ck_assert_int_eq(write(ends[1], "", 1), 1);
    while (clock_monotonic_ns() < due_ns + 2 * WINDOW)
        ;
}

static void begin(void)
{
    read_count = told = 0;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(pipe(ends), 0);
    after_poll_init(&after_poll, &loop, on_due, &due_ns);
    uv_poll_init(&loop, &kernel, ends[0]);
    uv_poll_start(&kernel, UV_READABLE, on_readable);
    uv_timer_init(&loop, &timer);
}

static void end(void)
{
    after_poll_close(&after_poll);
    uv_close((uv_handle_t *)&kernel, NULL);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    close(ends[0]);
    close(ends[1]);
}

START_TEST(what_the_kernel_has_kept_over_a_long_turn_comes_first)
{
    uv_timer_start(&timer, on_long_turn, 0, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told, 1);
    ck_assert_uint_eq(read_before_told, 1);
    ck_assert_int_ge(told_ns[0], due_ns);
    ck_assert_int_eq(after_poll_ns(&after_poll), told_ns[0]);
}
END_TEST

/* Nothing else wakes the loop: neither when it is due in a while, nor when it is due already. */
START_TEST(the_loop_wakes_by_itself)
{
    for (unsigned i = 0; i < 2; i++) {
        due_ns = clock_monotonic_ns() + (i == 0 ? 3 * MS : -MS);
        after_poll_by(&after_poll, due_ns + 50 * MS);
        after_poll_by(&after_poll, due_ns);
        after_poll_by(&after_poll, AFTER_POLL_NOT_DUE);
        uv_run(&loop, UV_RUN_DEFAULT);
        ck_assert_uint_eq(told, i + 1);
        ck_assert_int_ge(told_ns[i], due_ns);
    }
}
END_TEST

/* The loop's own time is from before a long turn: its timer comes too early, and once more. */
START_TEST(the_loop_wakes_in_time_after_a_long_turn_without_anything_else)
{
    uv_update_time(&loop);
    for (int64_t until_ns = clock_monotonic_ns() + 100 * MS; clock_monotonic_ns() < until_ns;)
        ;
    due_ns = clock_monotonic_ns() + 50 * MS;
    after_poll_by(&after_poll, due_ns);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told, 1);
    ck_assert_int_ge(told_ns[0], due_ns);
}
END_TEST

START_TEST(what_is_due_later_is_not_told_by_an_earlier_turn)
{
    due_ns = clock_monotonic_ns() + 3600 * 1000 * MS;
    after_poll_by(&after_poll, due_ns);
    ck_assert_int_eq(write(ends[1], "", 1), 1);
    while (read_count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(told, 0);
    ck_assert_int_lt(after_poll_ns(&after_poll), due_ns);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("after_poll");
    TCase *tc = tcase_create("after_poll");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, what_the_kernel_has_kept_over_a_long_turn_comes_first);
    tcase_add_test(tc, the_loop_wakes_by_itself);
    tcase_add_test(tc, the_loop_wakes_in_time_after_a_long_turn_without_anything_else);
    tcase_add_test(tc, what_is_due_later_is_not_told_by_an_earlier_turn);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
