/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of a contact: levels, edges, stamps, faults. */
#include "base/clock.h"
#include "input_cases.h"
#include "input_watcher.h"

#define MICROSECOND_NS 1000 /* input devices stamp in microseconds */
#define PRESSES        50
#define LATE_MS        700 /* longer than any driver's poll */
#define STORM_MAX      80

static void press(bool active)
{
    world->press(first.input, INPUT_CONTACT_FIRST, active);
}

static void press_and_release(int times)
{
    for (int i = 0; i < times; i++) {
        press(true);
        press(false);
    }
}

static size_t count_starts(const struct watcher *w)
{
    size_t starts = 0;
    for (size_t i = 0; i < w->count; i++)
        starts += w->told[i].what <= TOLD_REST && w->told[i].cause == INPUT_CAUSE_START;
    return starts;
}

START_TEST(the_first_level_is_the_start)
{
    int64_t before_ns = clock_monotonic_ns();
    open_first();
    const struct told *level = watcher_await(&first, TOLD_REST);
    ck_assert_int_eq(level->cause, INPUT_CAUSE_START);
    ck_assert_int_ge(level->at_ns, before_ns);
    ck_assert_int_le(level->at_ns, level->told_ns);
    ck_assert_ptr_null(watcher_find(&first, TOLD_ACTIVE));
    ck_assert_ptr_null(watcher_find(&first, TOLD_FAULT));
}
END_TEST

START_TEST(a_contact_found_active_is_told_at_the_start)
{
    if (!world->pressed)
        press(true);
    watcher_open(&first, world->name, world->pressed ? world->pressed : &world->settings,
                 INPUT_CONTACT_FIRST, &loop);
    ck_assert_int_eq(watcher_await(&first, TOLD_ACTIVE)->cause, INPUT_CAUSE_START);
    ck_assert_ptr_null(watcher_find(&first, TOLD_REST));
    press(false);
    watcher_await_level(&first, false);
    ck_assert_uint_eq(count_starts(&first), 1);
}
END_TEST

START_TEST(an_edge_is_told_with_the_time_it_came)
{
    open_first();
    watcher_await_level(&first, false);
    watcher_mark(&first);
    int64_t before_ns = clock_monotonic_ns();
    press(true);
    const struct told *active = watcher_await(&first, TOLD_ACTIVE);
    ck_assert_int_ne(active->cause, INPUT_CAUSE_START);
    ck_assert_int_ge(active->at_ns, before_ns - MICROSECOND_NS);
    ck_assert_int_le(active->at_ns, active->told_ns);
    watcher_mark(&first);
    press(false);
    const struct told *rest = watcher_await(&first, TOLD_REST);
    ck_assert_int_ne(rest->cause, INPUT_CAUSE_START);
    watcher_await_level(&first, false);
}
END_TEST

/* A driver's timer runs before the loop looks at its descriptors. */
START_TEST(an_edge_that_waited_for_a_late_loop_has_its_own_time)
{
    open_first();
    watcher_await_level(&first, false);
    watcher_mark(&first);
    press(true);
    uv_sleep(LATE_MS); /* the loop is late: the time itself has to pass */
    int64_t late_ns = clock_monotonic_ns();
    const struct told *active = watcher_await(&first, TOLD_ACTIVE);
    ck_assert_int_eq(active->cause, INPUT_CAUSE_EDGE);
    ck_assert_int_lt(active->at_ns, late_ns);
}
END_TEST

/* An edge and a reading may pass each other: the kernel stamps before it queues. */
static void expect_order(const struct watcher *w, enum input_cause cause)
{
    const struct told *last = NULL;
    for (size_t i = 0; i < w->count; i++) {
        const struct told *t = &w->told[i];
        if (t->what > TOLD_REST || t->cause != cause)
            continue;
        ck_assert_msg(!last || t->at_ns >= last->at_ns, "stamp %zu goes back", i);
        ck_assert_msg(t->at_ns <= t->told_ns, "stamp %zu is of the future", i);
        last = t;
    }
}

START_TEST(stamps_do_not_go_back)
{
    open_first();
    watcher_await_level(&first, false);
    for (int i = 0; i < PRESSES; i++) {
        watcher_mark(&first);
        press(true);
        watcher_await(&first, TOLD_ACTIVE);
        press(false);
        watcher_await_level(&first, false);
    }
    expect_order(&first, INPUT_CAUSE_EDGE);
    expect_order(&first, INPUT_CAUSE_READ);
    ck_assert_uint_eq(count_starts(&first), 1);
    ck_assert_ptr_null(watcher_find(&first, TOLD_FAULT));
}
END_TEST

START_TEST(a_press_shorter_than_the_poll_is_told)
{
    open_first();
    watcher_await_level(&first, false);
    for (int i = 0; i < PRESSES; i++) {
        watcher_mark(&first);
        press_and_release(1);
        watcher_await(&first, TOLD_ACTIVE);
        watcher_await_level(&first, false);
    }
}
END_TEST

START_TEST(presses_in_a_row_are_all_told)
{
    open_first();
    watcher_await_level(&first, false);
    watcher_mark(&first);
    press_and_release(5);
    watcher_await(&first, TOLD_ACTIVE);
    watcher_await_level(&first, false);
    watcher_idle(&loop, 100);
    ck_assert_uint_ge(watcher_count(&first, TOLD_ACTIVE), 5);
}
END_TEST

START_TEST(a_level_may_be_told_again_and_is_the_same)
{
    open_first();
    press(true);
    press(true);
    watcher_await_level(&first, true);
    watcher_mark(&first);
    watcher_idle(&loop, 1200); /* drivers that read by a timer do so meanwhile */
    ck_assert_ptr_null(watcher_find(&first, TOLD_REST));
    ck_assert_ptr_null(watcher_find(&first, TOLD_FAULT));
}
END_TEST

START_TEST(however_many_edges_come_while_nobody_reads_the_press_is_told_and_the_level_is_true)
{
    open_first();
    watcher_await_level(&first, false);
    for (int times = 1; times <= STORM_MAX; times++) {
        watcher_mark(&first);
        press_and_release(times);
        watcher_await(&first, TOLD_ACTIVE);
        watcher_await_level(&first, false);
    }
    press_and_release(STORM_MAX);
    press(true);
    watcher_await_level(&first, true);
    watcher_mark(&first);
    watcher_idle(&loop, 600);
    ck_assert_ptr_null(watcher_find(&first, TOLD_REST));
}
END_TEST

START_TEST(nothing_is_told_after_close)
{
    open_first();
    watcher_await_level(&first, false);
    press(true);
    size_t told = first.count;
    watcher_close(&first);
    watcher_idle(&loop, 700);
    ck_assert_uint_eq(first.count, told);
}
END_TEST

START_TEST(what_goes_away_is_a_fault_and_works_again_when_it_is_back)
{
    if (!world->unplug)
        return;
    open_first();
    watcher_await_level(&first, false);
    for (int i = 0; i < 3; i++) {
        watcher_mark(&first);
        world->unplug();
        ck_assert_str_ne(watcher_await(&first, TOLD_FAULT)->text, "");
        watcher_mark(&first);
        watcher_idle(&loop, 700);
        ck_assert_ptr_null(watcher_find(&first, TOLD_REST)); /* a fault is never "not pressed" */
        world->plug();
        watcher_await(&first, TOLD_NO_FAULT);
        ck_assert_int_eq(watcher_await(&first, TOLD_REST)->cause, INPUT_CAUSE_READ);
        watcher_mark(&first);
        press(true);
        watcher_await(&first, TOLD_ACTIVE);
        press(false);
        watcher_await_level(&first, false);
    }
    ck_assert_uint_eq(count_starts(&first), 1);
}
END_TEST

START_TEST(what_is_not_there_at_open_begins_when_it_comes)
{
    if (!world->unplug)
        return;
    world->unplug();
    open_first();
    watcher_await(&first, TOLD_FAULT);
    ck_assert_ptr_null(watcher_find(&first, TOLD_REST));
    world->plug();
    press(true);
    watcher_await(&first, TOLD_NO_FAULT);
    watcher_await_level(&first, true);
    ck_assert_uint_eq(count_starts(&first), 1);
}
END_TEST

START_TEST(the_second_contact_is_one_of_its_own)
{
    _Alignas(max_align_t) char options[512];
    const struct input_driver *driver = watcher_driver(world->name);
    watcher_fill(driver, &world->settings, options, sizeof options);
    if (!driver->has_second || !driver->has_second(options))
        return;
    open_first();
    watcher_open(&second, world->name, &world->settings, INPUT_CONTACT_SECOND, &loop);
    watcher_await_level(&first, false);
    watcher_await_level(&second, false);
    watcher_mark(&first);
    world->press(second.input, INPUT_CONTACT_SECOND, true);
    watcher_await_level(&second, true);
    press(true);
    world->press(second.input, INPUT_CONTACT_SECOND, false);
    watcher_await_level(&first, true);
    watcher_await_level(&second, false);
    watcher_close(&second);
    watcher_mark(&first);
    press(false);
    watcher_await(&first, TOLD_REST);
}
END_TEST

void add_contact_cases(TCase *cases)
{
    tcase_add_test(cases, the_first_level_is_the_start);
    tcase_add_test(cases, a_contact_found_active_is_told_at_the_start);
    tcase_add_test(cases, an_edge_is_told_with_the_time_it_came);
    tcase_add_test(cases, an_edge_that_waited_for_a_late_loop_has_its_own_time);
    tcase_add_test(cases, stamps_do_not_go_back);
    tcase_add_test(cases, a_press_shorter_than_the_poll_is_told);
    tcase_add_test(cases, presses_in_a_row_are_all_told);
    tcase_add_test(cases, a_level_may_be_told_again_and_is_the_same);
    tcase_add_test(
        cases, however_many_edges_come_while_nobody_reads_the_press_is_told_and_the_level_is_true);
    tcase_add_test(cases, nothing_is_told_after_close);
    tcase_add_test(cases, what_goes_away_is_a_fault_and_works_again_when_it_is_back);
    tcase_add_test(cases, what_is_not_there_at_open_begins_when_it_comes);
    tcase_add_test(cases, the_second_contact_is_one_of_its_own);
}
