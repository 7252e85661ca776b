/* SPDX-License-Identifier: Apache-2.0 */
/* What a press means, and to which incident it goes. Every order of things is in tests/sim. */
#include <string.h>

#include "alarm/panel.h"
#include "run_suite.h"

#define S       INT64_C(1000000000)
#define BUTTONS 10

static struct panel_button buttons[BUTTONS];
static struct incident incidents[BUTTONS][INCIDENT_CLASSES];
static struct panel panel;
static struct panel_step steps[100];
static size_t step_count;
static const char *over_why;

static void on_step(void *arg, const struct panel_step *step)
{
    (void)arg;
    ck_assert_uint_lt(step_count, sizeof steps / sizeof *steps);
    steps[step_count++] = *step;
}

static void on_over(void *arg, const struct panel_exercise *was, const char *why)
{
    (void)arg;
    (void)was;
    over_why = why;
}

static void on_fresh_id(void *arg, char ret_id[UUID_TEXT_SIZE])
{
    (void)arg;
    memcpy(ret_id, "01234567-89ab-7cde-8f01-23456789abcd", UUID_TEXT_SIZE);
}

static void set_up(const struct gesture_options *options)
{
    memset(buttons, 0, sizeof buttons);
    memset(incidents, 0, sizeof incidents);
    panel = (struct panel){.host = {on_step, on_over, on_fresh_id, NULL},
                           .button_count = BUTTONS,
                           .buttons = buttons,
                           .incidents = incidents};
    step_count = 0;
    over_why = NULL;
    for (size_t i = 0; i < BUTTONS; i++) {
        buttons[i].gesture.options = *options;
        panel_level(&panel, i, false, PANEL_CAUSE_START, 0);
    }
    ck_assert_uint_eq(step_count, 0);
}

/* The one step since the last call. */
static const struct panel_step *the_step(void)
{
    ck_assert_uint_eq(step_count, 1);
    step_count = 0;
    return &steps[0];
}

static void expect(enum incident_action action, enum incident_class class)
{
    const struct panel_step *step = the_step();
    ck_assert_int_eq(step->action, action);
    ck_assert_int_eq(step->incident->class, class);
}

static void expect_nothing(void)
{
    ck_assert_uint_eq(step_count, 0);
}

START_TEST(an_immediate_press_counts_at_once)
{
    set_up(&(struct gesture_options){.presses = 1});
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_ALARM);
    panel_level(&panel, 0, true, PANEL_CAUSE_LEVEL, S);
    expect_nothing();
    panel_level(&panel, 0, false, PANEL_CAUSE_EDGE, 2 * S);
    expect(INCIDENT_ACTION_RESTORED, INCIDENT_CLASS_ALARM);
}
END_TEST

START_TEST(ten_buttons_at_once_are_ten_alarms)
{
    set_up(&(struct gesture_options){.presses = 1});
    for (size_t i = 0; i < BUTTONS; i++)
        panel_level(&panel, i, true, PANEL_CAUSE_EDGE, S);
    ck_assert_uint_eq(step_count, BUTTONS);
    for (size_t i = 0; i < BUTTONS; i++) {
        ck_assert_int_eq(steps[i].action, INCIDENT_ACTION_RAISED);
        ck_assert_uint_eq(steps[i].incident->button, i);
    }
}
END_TEST

START_TEST(a_button_that_must_be_held_counts_when_its_time_has_come)
{
    set_up(&(struct gesture_options){.hold_ns = 2 * S});
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, S);
    expect_nothing();
    ck_assert_int_eq(panel_due_ns(&panel), 3 * S);
    panel_level(&panel, 0, false, PANEL_CAUSE_EDGE, 2 * S);
    panel_settle(&panel, 9 * S);
    expect_nothing();
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, 10 * S);
    panel_settle(&panel, 12 * S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_ALARM);
    /* A late timer loses nothing: the release finds that the time had come. */
    panel_level(&panel, 0, false, PANEL_CAUSE_EDGE, 13 * S);
    expect(INCIDENT_ACTION_RESTORED, INCIDENT_CLASS_ALARM);
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, 20 * S);
    panel_level(&panel, 0, false, PANEL_CAUSE_EDGE, 30 * S);
    ck_assert_uint_eq(step_count, 2);
    ck_assert_int_eq(steps[0].action, INCIDENT_ACTION_UPDATED);
}
END_TEST

START_TEST(several_presses_count_as_one_only_within_their_time)
{
    set_up(&(struct gesture_options){.presses = 3, .within_ns = 3 * S});
    static const int64_t at[] = {10, 12, 14, 15};
    for (size_t i = 0; i < 4; i++) {
        panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, at[i] * S);
        panel_level(&panel, 0, false, PANEL_CAUSE_EDGE, at[i] * S + 1);
        if (i < 3)
            expect_nothing(); /* 10, 12 and 14 are too far apart; 12, 14 and 15 are not */
    }
    ck_assert_uint_eq(step_count, 2);
    ck_assert_int_eq(steps[0].action, INCIDENT_ACTION_RAISED);
}
END_TEST

START_TEST(the_duress_pattern_delays_no_press_and_is_an_incident_of_its_own)
{
    set_up(&(struct gesture_options){.duress_presses = 3, .duress_within_ns = 3 * S});
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, 1 * S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_ALARM);
    panel_level(&panel, 0, false, PANEL_CAUSE_EDGE, 1 * S + 1);
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, 2 * S);
    panel_level(&panel, 0, false, PANEL_CAUSE_EDGE, 2 * S + 1);
    step_count = 0;
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, 3 * S);
    ck_assert_uint_eq(step_count, 2);
    ck_assert_int_eq(steps[0].action, INCIDENT_ACTION_UPDATED);
    ck_assert_int_eq(steps[1].action, INCIDENT_ACTION_RAISED);
    ck_assert_int_eq(steps[1].incident->class, INCIDENT_CLASS_DURESS);
    ck_assert_int_eq(steps[1].cause, PANEL_CAUSE_PATTERN);
}
END_TEST

START_TEST(a_button_found_pressed_at_start_raises_and_says_so)
{
    set_up(&(struct gesture_options){.presses = 1});
    buttons[0].known = false;
    panel_level(&panel, 0, true, PANEL_CAUSE_START, S);
    ck_assert(the_step()->incident->at_start);
}
END_TEST

START_TEST(a_latched_button_after_a_restart_is_the_same_press)
{
    set_up(&(struct gesture_options){.presses = 1});
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, S);
    step_count = 0;
    buttons[0].known = false; /* the restart; `pressed` and the incident are remembered */
    panel_level(&panel, 0, true, PANEL_CAUSE_START, 2 * S);
    expect_nothing();
    panel_level(&panel, 0, false, PANEL_CAUSE_EDGE, 3 * S);
    expect(INCIDENT_ACTION_RESTORED, INCIDENT_CLASS_ALARM);
}
END_TEST

START_TEST(a_press_made_while_nobody_looked_is_told_at_the_start)
{
    set_up(&(struct gesture_options){.presses = 1});
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, S);
    step_count = 0;
    buttons[0].known = false;
    panel_level(&panel, 0, false, PANEL_CAUSE_START, 2 * S);
    expect(INCIDENT_ACTION_RESTORED, INCIDENT_CLASS_ALARM);
}
END_TEST

START_TEST(a_button_for_tests_is_never_a_drills)
{
    set_up(&(struct gesture_options){.presses = 1, .long_ns = 3 * S});
    buttons[0].class = INCIDENT_CLASS_TEST;
    ck_assert(panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, ~UINT64_C(0), 0, 100 * S));
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_TEST);
    panel_settle(&panel, 50 * S); /* held long, and it has nothing real to raise */
    expect_nothing();
    panel_settle(&panel, 100 * S);
    expect_nothing(); /* what it has raised stays open when the drill is over */
    ck_assert_str_eq(over_why, "its time is over");
}
END_TEST

START_TEST(a_test_covers_a_duress_button_and_ends_by_itself)
{
    set_up(&(struct gesture_options){.presses = 1});
    buttons[3].class = INCIDENT_CLASS_DURESS;
    ck_assert(panel_begin_exercise(&panel, INCIDENT_CLASS_TEST, 1 << 3, 0, 100 * S));
    ck_assert(!panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 1, 0, 100 * S));
    panel_level(&panel, 3, true, PANEL_CAUSE_EDGE, S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_TEST);
    panel_level(&panel, 3, false, PANEL_CAUSE_EDGE, 2 * S);
    expect(INCIDENT_ACTION_RESTORED, INCIDENT_CLASS_TEST);
    panel_settle(&panel, 100 * S);
    expect(INCIDENT_ACTION_CLOSED, INCIDENT_CLASS_TEST);
    panel_level(&panel, 3, true, PANEL_CAUSE_EDGE, 101 * S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_DURESS);
}
END_TEST

START_TEST(a_press_after_the_drills_end_is_real_though_the_timer_is_late)
{
    set_up(&(struct gesture_options){.presses = 1});
    panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 1, 0, 100 * S);
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, 100 * S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_ALARM);
}
END_TEST

START_TEST(a_real_alarm_elsewhere_ends_a_drill_and_closes_what_it_had_open)
{
    set_up(&(struct gesture_options){.presses = 1});
    ck_assert(panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 1, 0, 100 * S));
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_DRILL);
    panel_level(&panel, 1, true, PANEL_CAUSE_EDGE, 2 * S);
    ck_assert_uint_eq(step_count, 2);
    ck_assert_int_eq(steps[0].incident->class, INCIDENT_CLASS_ALARM);
    ck_assert_int_eq(steps[1].action, INCIDENT_ACTION_CLOSED);
    ck_assert_int_eq(steps[1].incident->class, INCIDENT_CLASS_DRILL);
    ck_assert_str_eq(over_why, "a real alarm");
    ck_assert(!panel.exercise.running);
}
END_TEST

START_TEST(no_drill_begins_while_anything_real_is_open)
{
    set_up(&(struct gesture_options){.presses = 1});
    buttons[1].class = _i == 0 ? INCIDENT_CLASS_ALARM : INCIDENT_CLASS_DURESS;
    panel_level(&panel, 1, true, PANEL_CAUSE_EDGE, S);
    ck_assert(!panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 1, 0, 100 * S));
    incident_reset(&incidents[1][buttons[1].class]);
    ck_assert(panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 1, 0, 100 * S));
}
END_TEST

START_TEST(a_long_press_in_a_drill_is_real_and_long_is_not_the_time_of_holding)
{
    set_up(&(struct gesture_options){.presses = 1, .hold_ns = S, .long_ns = 3 * S});
    ck_assert(panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 1, 0, 100 * S));
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, S);
    panel_settle(&panel, 2 * S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_DRILL);
    panel_settle(&panel, 4 * S - 1);
    expect_nothing();
    panel_settle(&panel, 4 * S);
    ck_assert_uint_eq(step_count, 2);
    ck_assert_int_eq(steps[0].action, INCIDENT_ACTION_RAISED);
    ck_assert_int_eq(steps[0].incident->class, INCIDENT_CLASS_ALARM);
    ck_assert_int_eq(steps[1].incident->class, INCIDENT_CLASS_DRILL); /* it is over */
}
END_TEST

START_TEST(a_press_counts_in_the_drill_that_ran_when_it_was_made_whenever_it_is_told)
{
    set_up(&(struct gesture_options){.presses = 1});
    panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 1, 50 * S, 100 * S);
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, 99 * S);
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_DRILL);
    set_up(&(struct gesture_options){.presses = 1});
    panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 1, 50 * S, 100 * S);
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, 49 * S); /* it had not begun */
    expect(INCIDENT_ACTION_RAISED, INCIDENT_CLASS_ALARM);
    ck_assert_str_eq(over_why, "a real alarm");
}
END_TEST

START_TEST(the_press_comes_before_the_end_of_the_drill_whose_time_is_over)
{
    set_up(&(struct gesture_options){.presses = 1});
    panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 3, 0, 100 * S);
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, S);
    step_count = 0;
    panel_level(&panel, 1, true, PANEL_CAUSE_EDGE, 100 * S);
    ck_assert_int_eq(steps[0].action, INCIDENT_ACTION_RAISED);
    ck_assert_uint_eq(steps[0].incident->button, 1);
    ck_assert_int_eq(steps[1].action, INCIDENT_ACTION_CLOSED);
    ck_assert_str_eq(over_why, "its time is over");
}
END_TEST

/* Each at its own time, and in that order, though the loop comes late to all of them. */
START_TEST(a_hold_that_ended_in_the_drill_is_the_drills_though_both_are_told_late)
{
    set_up(&(struct gesture_options){.presses = 1, .hold_ns = 5 * S});
    panel_begin_exercise(&panel, INCIDENT_CLASS_DRILL, 3, 0, 100 * S);
    panel_level(&panel, 0, true, PANEL_CAUSE_EDGE, 90 * S);
    panel_level(&panel, 1, true, PANEL_CAUSE_EDGE, 97 * S);
    step_count = 0;
    panel_settle(&panel, 200 * S);
    ck_assert_int_eq(steps[0].incident->class, INCIDENT_CLASS_DRILL);
    ck_assert_int_eq(steps[0].at_ns, 95 * S);
    ck_assert_int_eq(steps[1].action, INCIDENT_ACTION_CLOSED);
    ck_assert_int_eq(steps[1].at_ns, 100 * S);
    ck_assert_int_eq(steps[2].incident->class, INCIDENT_CLASS_ALARM);
    ck_assert_int_eq(steps[2].at_ns, 102 * S);
    ck_assert_uint_eq(step_count, 3);
}
END_TEST

START_TEST(open_incidents_are_found_in_order_and_know_what_they_are)
{
    set_up(&(struct gesture_options){.presses = 1});
    ck_assert_ptr_null(panel_next_open(&panel, NULL));
    ck_assert(!panel_any_open(&panel) && !panel_any_real(&panel));
    buttons[7].class = INCIDENT_CLASS_TEST;
    panel_level(&panel, 7, true, PANEL_CAUSE_EDGE, S);
    ck_assert(panel_any_open(&panel) && !panel_any_real(&panel));
    buttons[2].class = INCIDENT_CLASS_DURESS;
    panel_level(&panel, 2, true, PANEL_CAUSE_EDGE, S);
    panel_level(&panel, 2, false, PANEL_CAUSE_EDGE, S);
    panel_level(&panel, 2, true, PANEL_CAUSE_EDGE, S);
    ck_assert(panel_any_real(&panel));
    struct incident *first = panel_next_open(&panel, NULL);
    ck_assert_uint_eq(first->button, 2);
    ck_assert_int_eq(first->class, INCIDENT_CLASS_DURESS);
    ck_assert_uint_eq(first->presses, 2);
    /* One that is closed while it is in hand does not end the walk. */
    incident_reset(first);
    struct incident *second = panel_next_open(&panel, first);
    ck_assert_uint_eq(second->button, 7);
    ck_assert_int_eq(second->class, INCIDENT_CLASS_TEST);
    ck_assert_ptr_null(panel_next_open(&panel, second));
}
END_TEST

START_TEST(an_incident_is_found_by_its_id_while_it_is_open)
{
    set_up(&(struct gesture_options){.presses = 1});
    panel_level(&panel, 3, true, PANEL_CAUSE_EDGE, S);
    struct incident *incident = panel_next_open(&panel, NULL);
    ck_assert_ptr_eq(panel_find(&panel, incident->alarm), incident);
    ck_assert_ptr_null(panel_find(&panel, ""));
    ck_assert_ptr_null(panel_find(&panel, NULL));
    ck_assert_ptr_null(panel_find(&panel, "01234567-89ab-7cde-8f01-000000000000"));
    incident_reset(incident);
    ck_assert_ptr_null(panel_find(&panel, incident->alarm));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("panel");
    TCase *tc = tcase_create("panel");
    tcase_add_test(tc, an_immediate_press_counts_at_once);
    tcase_add_test(tc, ten_buttons_at_once_are_ten_alarms);
    tcase_add_test(tc, a_button_that_must_be_held_counts_when_its_time_has_come);
    tcase_add_test(tc, several_presses_count_as_one_only_within_their_time);
    tcase_add_test(tc, the_duress_pattern_delays_no_press_and_is_an_incident_of_its_own);
    tcase_add_test(tc, a_button_found_pressed_at_start_raises_and_says_so);
    tcase_add_test(tc, a_latched_button_after_a_restart_is_the_same_press);
    tcase_add_test(tc, a_press_made_while_nobody_looked_is_told_at_the_start);
    tcase_add_test(tc, a_button_for_tests_is_never_a_drills);
    tcase_add_test(tc, a_test_covers_a_duress_button_and_ends_by_itself);
    tcase_add_test(tc, a_press_after_the_drills_end_is_real_though_the_timer_is_late);
    tcase_add_test(tc, a_real_alarm_elsewhere_ends_a_drill_and_closes_what_it_had_open);
    tcase_add_loop_test(tc, no_drill_begins_while_anything_real_is_open, 0, 2);
    tcase_add_test(tc, a_long_press_in_a_drill_is_real_and_long_is_not_the_time_of_holding);
    tcase_add_test(tc, a_press_counts_in_the_drill_that_ran_when_it_was_made_whenever_it_is_told);
    tcase_add_test(tc, the_press_comes_before_the_end_of_the_drill_whose_time_is_over);
    tcase_add_test(tc, a_hold_that_ended_in_the_drill_is_the_drills_though_both_are_told_late);
    tcase_add_test(tc, open_incidents_are_found_in_order_and_know_what_they_are);
    tcase_add_test(tc, an_incident_is_found_by_its_id_while_it_is_open);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
