/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "alarm/debounce.h"
#include "alarm/incident.h"
#include "alarm/lamp.h"
#include "run_suite.h"

#define MS INT64_C(1000000)

static const char id_a[UUID_TEXT_SIZE] = "01234567-89ab-7cde-8f01-23456789abcd";
static const char id_b[UUID_TEXT_SIZE] = "01234567-89ab-7cde-8f01-23456789abce";

/* Feeds a level as the gateway does: what has settled before it comes first. */
static int presses_from(struct debounce *d, bool active, int64_t at_ns)
{
    int presses = 0;
    if (debounce_settle(d, at_ns) && d->accepted)
        presses++;
    if (debounce_level(d, active, at_ns) && d->accepted)
        presses++;
    return presses;
}

START_TEST(the_first_edge_is_accepted_at_once)
{
    struct debounce d;
    debounce_init(&d, 30 * MS, false);
    ck_assert(debounce_level(&d, true, 5 * MS));
    ck_assert(d.accepted);
}
END_TEST

START_TEST(a_bounce_train_is_one_press)
{
    struct debounce d;
    debounce_init(&d, 30 * MS, false);
    int presses = 0;
    for (int i = 0; i < 50; i++)
        presses += presses_from(&d, i % 2 == 0, i * MS);
    presses += presses_from(&d, true, 50 * MS);
    ck_assert_int_eq(presses, 1);
    ck_assert(!debounce_settle(&d, 90 * MS));
    ck_assert(d.accepted);
    ck_assert_int_eq(d.due_ns, DEBOUNCE_NOT_DUE);
}
END_TEST

START_TEST(a_press_shorter_than_the_window_counts_and_is_released_when_settled)
{
    struct debounce d;
    debounce_init(&d, 30 * MS, false);
    ck_assert_int_eq(presses_from(&d, true, 0), 1);
    ck_assert_int_eq(presses_from(&d, false, 5 * MS), 0);
    ck_assert(d.accepted);
    ck_assert(!debounce_settle(&d, 34 * MS));
    ck_assert(debounce_settle(&d, 35 * MS));
    ck_assert(!d.accepted);
}
END_TEST

START_TEST(a_late_timer_skips_no_press)
{
    struct debounce d;
    debounce_init(&d, 30 * MS, true);
    /* Released, bounced back to pressed and stayed so: a press that settles at 41 ms. */
    ck_assert_int_eq(presses_from(&d, false, 0), 0);
    ck_assert_int_eq(presses_from(&d, true, 11 * MS), 0);
    /* No timer ran; the next thing heard is the release at 500 ms. */
    ck_assert_int_eq(presses_from(&d, false, 500 * MS), 1);
    ck_assert(!d.accepted);
}
END_TEST

START_TEST(an_alarm_is_raised_updated_restored_and_stays_open)
{
    struct incident i = {0};
    ck_assert_int_eq(incident_level(&i, true, 7, id_a), INCIDENT_ACTION_RAISED);
    ck_assert_str_eq(i.alarm, id_a);
    ck_assert_int_eq(incident_level(&i, true, 8, id_b), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_level(&i, false, 9, id_b), INCIDENT_ACTION_RESTORED);
    ck_assert(i.open);
    ck_assert_int_eq(incident_level(&i, true, 10, id_b), INCIDENT_ACTION_UPDATED);
    ck_assert_str_eq(i.alarm, id_a);
    ck_assert_uint_eq(i.presses, 2);
    ck_assert_int_eq(i.raised_ns, 7);
}
END_TEST

START_TEST(a_reset_closes_and_a_button_still_pressed_raises_only_after_a_release)
{
    struct incident i = {0};
    ck_assert_int_eq(incident_reset(&i), INCIDENT_ACTION_NONE);
    incident_level(&i, true, 0, id_a);
    ck_assert_int_eq(incident_reset(&i), INCIDENT_ACTION_CLOSED);
    ck_assert(i.pressed);
    ck_assert_int_eq(incident_level(&i, true, 1, id_b), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_level(&i, false, 2, id_b), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_level(&i, true, 3, id_b), INCIDENT_ACTION_RAISED);
    ck_assert_str_eq(i.alarm, id_b);
}
END_TEST

START_TEST(a_button_found_pressed_at_start_raises_and_says_so)
{
    struct incident i = {0};
    ck_assert_int_eq(incident_start(&i, true, 0, id_a), INCIDENT_ACTION_RAISED);
    ck_assert(i.at_start);
}
END_TEST

START_TEST(a_latched_button_after_a_restart_is_the_same_incident)
{
    struct incident i = {0};
    incident_level(&i, true, 0, id_a);
    ck_assert_int_eq(incident_start(&i, true, 1, id_b), INCIDENT_ACTION_NONE);
    ck_assert_str_eq(i.alarm, id_a);
    ck_assert_uint_eq(i.presses, 1);
    ck_assert_int_eq(incident_start(&i, false, 2, id_b), INCIDENT_ACTION_RESTORED);
}
END_TEST

START_TEST(progress_only_grows_and_only_responders_count)
{
    struct incident i = {0};
    ck_assert(!incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED));
    incident_level(&i, true, 0, id_a);
    ck_assert(incident_advance(&i, 1, INCIDENT_PROGRESS_COMING));
    ck_assert_int_eq(incident_best_progress(&i, 1u << 0), INCIDENT_PROGRESS_HEARD);
    ck_assert(incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED));
    ck_assert(!incident_advance(&i, 0, INCIDENT_PROGRESS_UNCONFIRMED));
    ck_assert_int_eq(incident_best_progress(&i, 1u << 0), INCIDENT_PROGRESS_DELIVERED);
    incident_reset(&i);
    incident_level(&i, false, 1, id_b);
    incident_level(&i, true, 2, id_b);
    ck_assert_int_eq(incident_best_progress(&i, 3), INCIDENT_PROGRESS_HEARD);
}
END_TEST

START_TEST(only_all_responders_together_close_an_alarm)
{
    struct incident i = {0};
    incident_level(&i, true, 0, id_a);
    ck_assert_int_eq(incident_answer_closed(&i, 2, 3), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_answer_closed(&i, 0, 3), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_answer_closed(&i, 0, 3), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_answer_closed(&i, 1, 3), INCIDENT_ACTION_CLOSED);
    ck_assert_int_eq(incident_answer_closed(&i, 1, 3), INCIDENT_ACTION_NONE);
}
END_TEST

START_TEST(ten_buttons_at_once_are_ten_alarms)
{
    struct incident inputs[10] = {0};
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(incident_level(&inputs[i], true, i, id_a), INCIDENT_ACTION_RAISED);
}
END_TEST

static enum indicator_pattern show(struct incident *incidents, const bool *hidden, bool proven)
{
    struct lamp_view view = {
        .incidents = incidents, .hidden = hidden, .count = 2, .responders = 1, .proven = proven};
    return lamp_pattern(&view);
}

START_TEST(the_lamp_shows_the_alarm_that_has_come_least_far)
{
    struct incident i[2] = {0};
    const bool hidden[2] = {false, false}, first_hidden[2] = {true, false};
    ck_assert_int_eq(show(i, hidden, true), INDICATOR_PATTERN_READY);
    ck_assert_int_eq(show(i, hidden, false), INDICATOR_PATTERN_DEGRADED);
    incident_level(&i[0], true, 0, id_a);
    ck_assert_int_eq(show(i, hidden, false), INDICATOR_PATTERN_HEARD);
    incident_advance(&i[0], 0, INCIDENT_PROGRESS_COMING);
    ck_assert_int_eq(show(i, hidden, true), INDICATOR_PATTERN_COMING);
    incident_level(&i[1], true, 0, id_b);
    ck_assert_int_eq(show(i, hidden, true), INDICATOR_PATTERN_HEARD);
    incident_advance(&i[1], 1, INCIDENT_PROGRESS_COMING); /* education sends nobody */
    ck_assert_int_eq(show(i, hidden, true), INDICATOR_PATTERN_HEARD);
    incident_advance(&i[1], 0, INCIDENT_PROGRESS_DELIVERED);
    ck_assert_int_eq(show(i, hidden, true), INDICATOR_PATTERN_DELIVERED);
    incident_reset(&i[1]);
    ck_assert_int_eq(show(i, first_hidden, true), INDICATOR_PATTERN_READY);
}
END_TEST

START_TEST(a_test_never_hides_a_real_alarm)
{
    struct incident i[2] = {{.nature = INCIDENT_NATURE_TEST}, {0}};
    const bool hidden[2] = {false, false};
    incident_level(&i[0], true, 0, id_a);
    ck_assert_int_eq(show(i, hidden, true), INDICATOR_PATTERN_TEST);
    incident_level(&i[1], true, 0, id_b);
    ck_assert_int_eq(show(i, hidden, true), INDICATOR_PATTERN_HEARD);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("alarm");
    TCase *tc = tcase_create("alarm");
    tcase_add_test(tc, the_first_edge_is_accepted_at_once);
    tcase_add_test(tc, a_bounce_train_is_one_press);
    tcase_add_test(tc, a_press_shorter_than_the_window_counts_and_is_released_when_settled);
    tcase_add_test(tc, a_late_timer_skips_no_press);
    tcase_add_test(tc, an_alarm_is_raised_updated_restored_and_stays_open);
    tcase_add_test(tc, a_reset_closes_and_a_button_still_pressed_raises_only_after_a_release);
    tcase_add_test(tc, a_button_found_pressed_at_start_raises_and_says_so);
    tcase_add_test(tc, a_latched_button_after_a_restart_is_the_same_incident);
    tcase_add_test(tc, progress_only_grows_and_only_responders_count);
    tcase_add_test(tc, only_all_responders_together_close_an_alarm);
    tcase_add_test(tc, ten_buttons_at_once_are_ten_alarms);
    tcase_add_test(tc, the_lamp_shows_the_alarm_that_has_come_least_far);
    tcase_add_test(tc, a_test_never_hides_a_real_alarm);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
