/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "alarm/debounce.h"
#include "alarm/escalation.h"
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
    ck_assert_int_eq(incident_press(&i, 7, false, id_a), INCIDENT_ACTION_RAISED);
    ck_assert_str_eq(i.alarm, id_a);
    ck_assert_int_eq(incident_release(&i), INCIDENT_ACTION_RESTORED);
    ck_assert_int_eq(incident_release(&i), INCIDENT_ACTION_NONE);
    ck_assert(i.open);
    ck_assert_int_eq(incident_press(&i, 10, false, id_b), INCIDENT_ACTION_UPDATED);
    ck_assert_str_eq(i.alarm, id_a);
    ck_assert_uint_eq(i.presses, 2);
    ck_assert_int_eq(i.raised_ns, 7);
}
END_TEST

START_TEST(a_reset_closes_and_the_release_after_it_is_no_event)
{
    struct incident i = {0};
    ck_assert_int_eq(incident_reset(&i), INCIDENT_ACTION_NONE);
    incident_press(&i, 0, false, id_a);
    ck_assert_int_eq(incident_reset(&i), INCIDENT_ACTION_CLOSED);
    ck_assert(i.held);
    ck_assert_int_eq(incident_release(&i), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_press(&i, 3, false, id_b), INCIDENT_ACTION_RAISED);
    ck_assert_str_eq(i.alarm, id_b);
    ck_assert_uint_eq(i.presses, 1);
}
END_TEST

START_TEST(a_cancellation_is_said_once_in_its_window_and_closes_nothing)
{
    struct incident i = {0};
    ck_assert_int_eq(incident_cancel(&i, 0, 60), INCIDENT_ACTION_NONE);
    incident_press(&i, 100, false, id_a);
    ck_assert_int_eq(incident_cancel(&i, 161, 60), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_cancel(&i, 160, 60), INCIDENT_ACTION_CANCELLED);
    ck_assert_int_eq(incident_cancel(&i, 160, 60), INCIDENT_ACTION_NONE);
    ck_assert(i.open);
    ck_assert_int_eq(incident_press(&i, 170, false, id_b), INCIDENT_ACTION_UPDATED);
}
END_TEST

/* Whoever presses once more does not mean what was said before. */
START_TEST(a_press_takes_a_cancellation_back_and_may_be_cancelled_itself)
{
    struct incident i = {0};
    incident_press(&i, 100, false, id_a);
    incident_cancel(&i, 110, 60);
    incident_release(&i);
    ck_assert(i.cancelled); /* a release says nothing */
    ck_assert_int_eq(incident_press(&i, 120, false, id_b), INCIDENT_ACTION_UPDATED);
    ck_assert(!i.cancelled);
    ck_assert_int_eq(incident_cancel(&i, 119, 60), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_cancel(&i, 130, 60), INCIDENT_ACTION_CANCELLED);
    ck_assert(i.cancelled);
}
END_TEST

/* Police, who are told of each press, and a platform that takes the first of an alarm alone: that
 * one has none of the others. */
START_TEST(a_further_press_that_is_told_begins_anew_for_everybody)
{
    struct incident i = {0};
    incident_press(&i, 100, false, id_a);
    ck_assert(!incident_tell_press(&i, 5, false, 1));
    ck_assert_uint_eq(i.press_seq, 5);
    incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED);
    incident_answer(&i, 0, INCIDENT_PROGRESS_SEEN, true);
    incident_advance(&i, 1, INCIDENT_PROGRESS_UNCONFIRMED);
    i.undelivered = true; /* by the caller */
    incident_press(&i, 700, false, id_b);
    ck_assert_int_eq(i.progress[0], INCIDENT_PROGRESS_SEEN); /* of what is told */
    ck_assert(incident_tell_press(&i, 9, false, 1));
    ck_assert_uint_eq(i.press_seq, 9);
    ck_assert_int_eq(i.progress[0], INCIDENT_PROGRESS_HEARD);
    ck_assert(!i.rejected[0] && !i.undelivered);
    ck_assert_int_eq(incident_best_progress(&i, 3), INCIDENT_PROGRESS_HEARD);
    ck_assert_int_eq(incident_ever(&i, 0), INCIDENT_PROGRESS_SEEN);
    ck_assert_int_eq(incident_ever(&i, 1), INCIDENT_PROGRESS_UNCONFIRMED);
    ck_assert_int_eq(i.level_ns, 700); /* the next group has its time from now on */
    incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED);
    ck_assert_int_eq(i.progress[0], INCIDENT_PROGRESS_DELIVERED);
    incident_press(&i, 800, false, id_b);
    ck_assert(!incident_tell_press(&i, 11, false, 1));
    ck_assert_int_eq(incident_ever(&i, 0), INCIDENT_PROGRESS_SEEN);
    incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED);
    incident_press(&i, 900, false, id_b);
    ck_assert(!incident_tell_press(&i, 13, true, 1));
    ck_assert_int_eq(i.progress[0], INCIDENT_PROGRESS_DELIVERED);
}
END_TEST

START_TEST(who_presses_again_and_again_puts_off_nobody_who_is_asked_next)
{
    struct incident i = {0};
    incident_press(&i, 100, false, id_a);
    incident_tell_press(&i, 5, false, 1);
    i.undelivered = true;
    incident_press(&i, 300, false, id_b);
    ck_assert(!incident_tell_press(&i, 6, false, 1));
    ck_assert(i.undelivered); /* that is told already */
    ck_assert_int_eq(i.level_ns, 100);
    incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED);
    incident_press(&i, 500, false, id_b);
    ck_assert(!incident_tell_press(&i, 7, false, 1));
    ck_assert(!i.undelivered);
    ck_assert_int_eq(i.level_ns, 100); /* nobody has seen it */
}
END_TEST

START_TEST(what_a_receiver_had_of_earlier_presses_is_kept_apart)
{
    struct incident i = {0};
    ck_assert(!incident_advance_before(&i, 0, INCIDENT_PROGRESS_DELIVERED)); /* none is open */
    incident_press(&i, 100, false, id_a);
    ck_assert(incident_advance_before(&i, 0, INCIDENT_PROGRESS_DELIVERED));
    ck_assert(!incident_advance_before(&i, 0, INCIDENT_PROGRESS_UNCONFIRMED));
    ck_assert_int_eq(i.progress[0], INCIDENT_PROGRESS_HEARD);
    ck_assert_int_eq(incident_ever(&i, 0), INCIDENT_PROGRESS_DELIVERED);
    ck_assert_int_eq(incident_ever(&i, 1), INCIDENT_PROGRESS_HEARD);
    incident_reset(&i);
    incident_press(&i, 200, false, id_b);
    ck_assert_int_eq(incident_ever(&i, 0), INCIDENT_PROGRESS_HEARD);
}
END_TEST

START_TEST(progress_only_grows_and_only_responders_count)
{
    struct incident i = {0};
    ck_assert(!incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED));
    incident_press(&i, 0, false, id_a);
    ck_assert(incident_advance(&i, 1, INCIDENT_PROGRESS_COMING));
    ck_assert_int_eq(incident_best_progress(&i, 1u << 0), INCIDENT_PROGRESS_HEARD);
    ck_assert(incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED));
    ck_assert(!incident_advance(&i, 0, INCIDENT_PROGRESS_UNCONFIRMED));
    ck_assert_int_eq(incident_best_progress(&i, 1u << 0), INCIDENT_PROGRESS_DELIVERED);
    incident_reset(&i);
    incident_press(&i, 2, false, id_b);
    ck_assert_int_eq(incident_best_progress(&i, 3), INCIDENT_PROGRESS_HEARD);
}
END_TEST

START_TEST(only_all_responders_together_close_an_alarm)
{
    struct incident i = {0};
    incident_press(&i, 0, false, id_a);
    ck_assert_int_eq(incident_answer_closed(&i, 2, 3), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_answer_closed(&i, 0, 3), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_answer_closed(&i, 0, 3), INCIDENT_ACTION_NONE);
    ck_assert_int_eq(incident_answer_closed(&i, 1, 3), INCIDENT_ACTION_CLOSED);
    ck_assert_int_eq(incident_answer_closed(&i, 1, 3), INCIDENT_ACTION_NONE);
}
END_TEST

START_TEST(nobody_has_seen_it_so_the_next_group_is_asked)
{
    const struct escalation_rule rule = {60, 10, 2};
    struct incident i = {0};
    ck_assert(!escalation_is_due(&i, 1, &rule, 1000));
    incident_press(&i, 100, false, id_a);
    ck_assert(!escalation_is_due(&i, 1, &rule, 159));
    ck_assert(escalation_is_due(&i, 1, &rule, 160));
    incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED);
    ck_assert(escalation_is_due(&i, 1, &rule, 160));
    incident_advance(&i, 1, INCIDENT_PROGRESS_SEEN); /* of group 2, which is not asked yet */
    ck_assert(escalation_is_due(&i, 1, &rule, 160));
    incident_advance(&i, 0, INCIDENT_PROGRESS_SEEN);
    ck_assert(!escalation_is_due(&i, 1, &rule, 160));
}
END_TEST

START_TEST(the_highest_group_is_asked_once)
{
    const struct escalation_rule rule = {60, 10, 2};
    struct incident i = {0};
    incident_press(&i, 100, false, id_a);
    ck_assert_int_eq(incident_escalate(&i, 160), INCIDENT_ACTION_ESCALATED);
    ck_assert_uint_eq(i.level, 2);
    ck_assert(!escalation_is_due(&i, 3, &rule, 10000));
}
END_TEST

START_TEST(each_group_has_its_time_before_the_next_is_asked)
{
    const struct escalation_rule rule = {60, 10, 3};
    struct incident i = {0};
    incident_press(&i, 100, false, id_a);
    incident_escalate(&i, 160);
    ck_assert(!escalation_is_due(&i, 7, &rule, 219));
    ck_assert(escalation_is_due(&i, 7, &rule, 220));
}
END_TEST

START_TEST(undelivered_is_what_no_asked_responder_has_signed_for)
{
    const struct escalation_rule rule = {60, 10, 2};
    struct incident i = {0};
    incident_press(&i, 100, false, id_a);
    ck_assert(!escalation_is_undelivered(&i, 1, &rule, 109));
    ck_assert(escalation_is_undelivered(&i, 1, &rule, 110));
    incident_advance(&i, 1, INCIDENT_PROGRESS_DELIVERED); /* sends nobody */
    ck_assert(escalation_is_undelivered(&i, 1, &rule, 110));
    incident_advance(&i, 0, INCIDENT_PROGRESS_UNCONFIRMED);
    ck_assert(escalation_is_undelivered(&i, 1, &rule, 110));
    incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED);
    ck_assert(!escalation_is_undelivered(&i, 1, &rule, 110));
}
END_TEST

START_TEST(who_presses_again_and_again_does_not_put_off_that_nobody_has_it)
{
    const struct escalation_rule rule = {60, 10, 2};
    struct incident i = {0};
    incident_press(&i, 100, false, id_a);
    incident_tell_press(&i, 1, false, 1);
    for (int64_t at_ns = 104; at_ns <= 108; at_ns += 2) {
        incident_press(&i, at_ns, false, id_b);
        incident_tell_press(&i, (uint64_t)at_ns, false, 1);
        incident_advance(&i, 1, INCIDENT_PROGRESS_DELIVERED); /* sends nobody */
    }
    ck_assert(!escalation_is_undelivered(&i, 1, &rule, 109));
    ck_assert(escalation_is_undelivered(&i, 1, &rule, 110));
    i.undelivered = true; /* by the caller */
    incident_press(&i, 112, false, id_b);
    incident_tell_press(&i, 112, false, 1);
    ck_assert(i.undelivered);
    incident_advance(&i, 0, INCIDENT_PROGRESS_DELIVERED);
    incident_press(&i, 200, false, id_b); /* of which they have nothing */
    incident_tell_press(&i, 200, false, 1);
    ck_assert(!i.undelivered);
    ck_assert(!escalation_is_undelivered(&i, 1, &rule, 209));
    ck_assert(escalation_is_undelivered(&i, 1, &rule, 210));
}
END_TEST

static const uint32_t responders[2] = {1u << 0, 1u << 0 | 1u << 2};

static enum indicator_pattern show(const struct incident (*incidents)[INCIDENT_CLASSES],
                                   const bool *hidden, enum lamp_health health)
{
    struct lamp_view view = {.count = 2,
                             .incidents = incidents,
                             .hidden = hidden,
                             .responders = responders,
                             .level_count = 2,
                             .health = health};
    return lamp_pattern(&view);
}

#define SHOW(i, hidden, health) show((const struct incident(*)[INCIDENT_CLASSES])i, hidden, health)

START_TEST(the_lamp_shows_the_alarm_that_has_come_least_far)
{
    struct incident i[2][INCIDENT_CLASSES] = {{{0}}};
    const bool hidden[2] = {false, false}, first_hidden[2] = {true, false};
    struct incident *first = &i[0][INCIDENT_CLASS_ALARM], *second = &i[1][INCIDENT_CLASS_ALARM];
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_READY);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_DEGRADED), INDICATOR_PATTERN_DEGRADED);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_BROKEN), INDICATOR_PATTERN_FAULT);
    incident_press(first, 0, false, id_a);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_BROKEN), INDICATOR_PATTERN_HEARD);
    incident_advance(first, 0, INCIDENT_PROGRESS_COMING);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_COMING);
    incident_press(second, 0, false, id_b);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_HEARD);
    incident_advance(second, 1, INCIDENT_PROGRESS_COMING); /* education sends nobody */
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_HEARD);
    incident_advance(second, 0, INCIDENT_PROGRESS_DELIVERED);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_DELIVERED);
    incident_reset(second);
    ck_assert_int_eq(SHOW(i, first_hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_READY);
}
END_TEST

START_TEST(a_group_that_is_not_asked_does_not_move_the_lamp)
{
    struct incident i[2][INCIDENT_CLASSES] = {{{0}}};
    const bool hidden[2] = {false, false};
    struct incident *alarm = &i[0][INCIDENT_CLASS_ALARM];
    incident_press(alarm, 0, false, id_a);
    incident_advance(alarm, 2, INCIDENT_PROGRESS_DELIVERED);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_HEARD);
    incident_escalate(alarm, 1);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_DELIVERED);
}
END_TEST

START_TEST(duress_looks_like_nothing_happened)
{
    struct incident i[2][INCIDENT_CLASSES] = {{{0}}};
    const bool hidden[2] = {false, false};
    incident_press(&i[0][INCIDENT_CLASS_DURESS], 0, false, id_a);
    for (int health = LAMP_HEALTH_PROVEN; health <= LAMP_HEALTH_BROKEN; health++) {
        struct incident none[2][INCIDENT_CLASSES] = {{{0}}};
        ck_assert_int_eq(SHOW(i, hidden, (enum lamp_health)health),
                         SHOW(none, hidden, (enum lamp_health)health));
    }
}
END_TEST

START_TEST(a_silent_alarm_is_hidden_or_marked)
{
    struct incident i[2][INCIDENT_CLASSES] = {{{0}}};
    const bool hidden[2] = {true, false};
    struct lamp_view view = {.count = 2,
                             .incidents = (const struct incident(*)[INCIDENT_CLASSES])i,
                             .hidden = hidden,
                             .responders = responders,
                             .level_count = 2,
                             .hidden_pattern = INDICATOR_PATTERN_TEST};
    incident_press(&i[0][INCIDENT_CLASS_ALARM], 0, false, id_a);
    ck_assert_int_eq(lamp_pattern(&view), INDICATOR_PATTERN_READY);
    view.marks_hidden = true;
    ck_assert_int_eq(lamp_pattern(&view), INDICATOR_PATTERN_TEST);
    incident_press(&i[1][INCIDENT_CLASS_ALARM], 0, false, id_b);
    ck_assert_int_eq(lamp_pattern(&view), INDICATOR_PATTERN_HEARD);
    incident_reset(&i[1][INCIDENT_CLASS_ALARM]);
    incident_reset(&i[0][INCIDENT_CLASS_ALARM]);
    ck_assert_int_eq(lamp_pattern(&view), INDICATOR_PATTERN_READY);
}
END_TEST

START_TEST(a_drill_or_test_never_hides_a_real_alarm)
{
    struct incident i[2][INCIDENT_CLASSES] = {{{0}}};
    const bool hidden[2] = {false, false};
    incident_press(&i[0][INCIDENT_CLASS_TEST], 0, false, id_a);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_TEST);
    incident_press(&i[0][INCIDENT_CLASS_DRILL], 0, false, id_a);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_DRILL);
    incident_press(&i[1][INCIDENT_CLASS_ALARM], 0, false, id_b);
    ck_assert_int_eq(SHOW(i, hidden, LAMP_HEALTH_PROVEN), INDICATOR_PATTERN_HEARD);
}
END_TEST

/* What a press would do now, worst first; what is merely open, last. */
START_TEST(a_fault_is_hidden_by_no_exercise_and_nothing_broken_by_an_open_test)
{
    static const enum indicator_pattern runs[2][3] = {
        {INDICATOR_PATTERN_TEST, INDICATOR_PATTERN_TEST, INDICATOR_PATTERN_FAULT},
        {INDICATOR_PATTERN_DRILL, INDICATOR_PATTERN_DRILL, INDICATOR_PATTERN_FAULT}};
    static const enum indicator_pattern open[2][3] = {
        {INDICATOR_PATTERN_TEST, INDICATOR_PATTERN_DEGRADED, INDICATOR_PATTERN_FAULT},
        {INDICATOR_PATTERN_DRILL, INDICATOR_PATTERN_DEGRADED, INDICATOR_PATTERN_FAULT}};
    const bool hidden[2] = {false, false};
    for (int health = LAMP_HEALTH_PROVEN; health <= LAMP_HEALTH_BROKEN; health++) {
        for (int drill = 0; drill < 2; drill++) {
            struct incident i[2][INCIDENT_CLASSES] = {{{0}}};
            struct lamp_view view = {.count = 2,
                                     .incidents = (const struct incident(*)[INCIDENT_CLASSES])i,
                                     .hidden = hidden,
                                     .responders = responders,
                                     .level_count = 2,
                                     .drill = drill,
                                     .test = !drill,
                                     .health = (enum lamp_health)health};
            ck_assert_int_eq(lamp_pattern(&view), runs[drill][health]);
            view.drill = view.test = false;
            incident_press(&i[0][drill ? INCIDENT_CLASS_DRILL : INCIDENT_CLASS_TEST], 0, false,
                           id_a);
            ck_assert_int_eq(lamp_pattern(&view), open[drill][health]);
            view.drill = !drill; /* the other runs: that is what a press is now */
            view.test = drill;
            ck_assert_int_eq(lamp_pattern(&view), runs[!drill][health]);
        }
    }
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
    tcase_add_test(tc, a_reset_closes_and_the_release_after_it_is_no_event);
    tcase_add_test(tc, a_cancellation_is_said_once_in_its_window_and_closes_nothing);
    tcase_add_test(tc, a_press_takes_a_cancellation_back_and_may_be_cancelled_itself);
    tcase_add_test(tc, a_further_press_that_is_told_begins_anew_for_everybody);
    tcase_add_test(tc, who_presses_again_and_again_puts_off_nobody_who_is_asked_next);
    tcase_add_test(tc, what_a_receiver_had_of_earlier_presses_is_kept_apart);
    tcase_add_test(tc, progress_only_grows_and_only_responders_count);
    tcase_add_test(tc, only_all_responders_together_close_an_alarm);
    tcase_add_test(tc, nobody_has_seen_it_so_the_next_group_is_asked);
    tcase_add_test(tc, the_highest_group_is_asked_once);
    tcase_add_test(tc, each_group_has_its_time_before_the_next_is_asked);
    tcase_add_test(tc, undelivered_is_what_no_asked_responder_has_signed_for);
    tcase_add_test(tc, who_presses_again_and_again_does_not_put_off_that_nobody_has_it);
    tcase_add_test(tc, the_lamp_shows_the_alarm_that_has_come_least_far);
    tcase_add_test(tc, a_group_that_is_not_asked_does_not_move_the_lamp);
    tcase_add_test(tc, duress_looks_like_nothing_happened);
    tcase_add_test(tc, a_silent_alarm_is_hidden_or_marked);
    tcase_add_test(tc, a_drill_or_test_never_hides_a_real_alarm);
    tcase_add_test(tc, a_fault_is_hidden_by_no_exercise_and_nothing_broken_by_an_open_test);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
