/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs: what switches a siren, and until when. */
#include <stdlib.h>
#include <string.h>

#include "annunciate_world.h"
#include "run_suite.h"

static void expect_siren(bool on)
{
    ck_assert_int_eq(sirens[0].on, on);
}

START_TEST(a_raised_alarm_switches_the_siren_until_it_is_closed)
{
    world_press(WORLD_GATE);
    expect_siren(true);
    ck_assert(world_last(FACT_OUTPUT)->u.output.on);
    ck_assert_str_eq(world_last(FACT_OUTPUT)->u.output.why, "raised");
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 2100);
    incidents_reset(world.incidents, world_incident(WORLD_GATE), "Li", NULL);
    facts_tell(world.facts);
    expect_siren(true); /* the other one holds it */
    world_reset_all();
    facts_tell(world.facts);
    expect_siren(false);
}
END_TEST

START_TEST(one_that_its_driver_refuses_is_its_fault_and_switches_nothing_and_the_others_do)
{
    world.outputs[0].driver.options = world.outputs; /* the false driver takes none */
    world.outputs[1] = world.outputs[0];
    world.outputs[1].id = "bell";
    world.outputs[1].driver.options = NULL;
    world.config.outputs.count = 2;
    annunciate_restart();
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_OUTPUT);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.subject, "siren");
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.reason, "cannot be opened");
    ck_assert_uint_eq(siren_count, 1);
    world_press(WORLD_GATE);
    expect_siren(true); /* the bell */
    json_t *status = outputs_status(outputs);
    const json_t *first = json_array_get(status, 0);
    ck_assert_uint_eq(json_array_size(status), 2);
    ck_assert(json_is_false(json_object_get(first, "on")));
    ck_assert_str_eq(json_string_value(json_object_get(first, "fault")), "cannot be opened");
    json_decref(status);
    world.outputs[0].driver.options = NULL;
    world.config.outputs.count = 1;
}
END_TEST

START_TEST(duress_silent_alarms_tests_and_drills_switch_nothing_unless_told_to)
{
    world_press(WORLD_DURESS);
    world_press(WORLD_OFFICE);
    world_press(WORLD_TEST);
    expect_siren(false);
    world.outputs[0].silent_alarms = true;
    world_reset_all();
    world_release(WORLD_OFFICE);
    world_press(WORLD_OFFICE);
    expect_siren(true);
}
END_TEST

START_TEST(a_drill_switches_what_is_told_to_follow_drills)
{
    struct err e;
    const struct incidents_exercise drill = {
        .class = INCIDENT_CLASS_DRILL, .buttons = 1, .length_ms = 60000, .by = "Wang"};
    ck_assert_int_eq(incidents_begin_exercise(world.incidents, &drill, &e), 0);
    world_deliver("tocsin.drill.started", 0);
    world_deliver("tocsin.drill.started", 1);
    world.outputs[0].drills = _i == 1;
    world_press(WORLD_GATE);
    ck_assert_uint_eq(fake_count("tocsin.drill.raised"), 1);
    expect_siren(_i == 1);
}
END_TEST

START_TEST(an_output_of_named_inputs_heeds_no_other)
{
    static char *names[] = {"held"};
    world.outputs[0].inputs = (struct option_list){.count = 1, .items = names};
    world_press(WORLD_GATE);
    expect_siren(false);
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 2100);
    expect_siren(true);
}
END_TEST

START_TEST(an_output_for_a_time_goes_off_by_itself)
{
    world.outputs[0].for_ms = 5000;
    world_press(WORLD_GATE);
    virtual_advance(world.facts, 4900);
    expect_siren(true);
    virtual_advance(world.facts, 200);
    expect_siren(false);
    ck_assert(!world_last(FACT_OUTPUT)->u.output.on);
}
END_TEST

START_TEST(a_further_press_of_an_alarm_that_was_seen_switches_it_on_anew)
{
    world.outputs[0].for_ms = 1000;
    world_press(WORLD_GATE);
    virtual_advance(world.facts, 1100);
    world_release(WORLD_GATE);
    world_press(WORLD_GATE); /* nobody has looked at it: it is on its way */
    expect_siren(false);
    world_deliver("tocsin.alarm.updated", 0);
    world_answer(0, UPLINK_ANSWER_SEEN, world_incident(WORLD_GATE)->alarm);
    world_release(WORLD_GATE);
    expect_siren(false);
    world_press(WORLD_GATE);
    expect_siren(true);
}
END_TEST

START_TEST(undelivered_in_time_is_taken_back_by_the_first_delivery_to_who_is_asked)
{
    world.outputs[0].on = 1u << CONFIG_OUTPUT_UNDELIVERED;
    world_press(WORLD_GATE);
    expect_siren(false);
    virtual_advance(world.facts, 10000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    expect_siren(true);
    world_deliver("tocsin.alarm.raised", 1);
    expect_siren(true);
    world_deliver("tocsin.alarm.raised", 0);
    expect_siren(false);
}
END_TEST

START_TEST(what_is_only_accepted_is_undelivered)
{
    world.outputs[0].on = 1u << (_i == 0 ? CONFIG_OUTPUT_UNDELIVERED : CONFIG_OUTPUT_DELIVERED);
    world_press(WORLD_GATE);
    world_accept("tocsin.alarm.raised", 0);
    virtual_advance(world.facts, 10000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    expect_siren(_i == 0);
    annunciate_restart();
    expect_siren(_i == 0);
    world_deliver("tocsin.alarm.raised", 0);
    expect_siren(_i == 1);
}
END_TEST

START_TEST(delivered_escalated_and_closed_are_triggers_of_their_own)
{
    fake.responders = 3;
    fake.group_of_two = 2;
    world.outputs[0].for_ms = 1000;
    world.outputs[0].on = 1u << CONFIG_OUTPUT_DELIVERED;
    world_press(WORLD_GATE);
    expect_siren(false);
    world_deliver("tocsin.alarm.raised", 0);
    expect_siren(true);
    virtual_advance(world.facts, 1100);
    world.outputs[0].on = 1u << CONFIG_OUTPUT_ESCALATED;
    virtual_advance(world.facts, 60000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    expect_siren(true);
    virtual_advance(world.facts, 1100);
    expect_siren(false);
    world.outputs[0].on = 1u << CONFIG_OUTPUT_CLOSED;
    world_reset_all();
    facts_tell(world.facts);
    expect_siren(true);
}
END_TEST

START_TEST(what_has_happened_to_an_open_alarm_holds_its_output_on_over_restarts)
{
    static const struct {
        unsigned on;
        bool raised, undelivered, escalated, delivered; /* whether it is on after each */
    } cases[] = {
        {1u << CONFIG_OUTPUT_RAISED, true, true, true, true},
        {1u << CONFIG_OUTPUT_UNDELIVERED, false, true, true, false},
        {1u << CONFIG_OUTPUT_UNDELIVERED | 1u << CONFIG_OUTPUT_CLOSED, false, true, true, true},
        {1u << CONFIG_OUTPUT_ESCALATED, false, false, true, true},
        {1u << CONFIG_OUTPUT_DELIVERED, false, false, false, true},
        {1u << CONFIG_OUTPUT_CLOSED, false, false, false, false}};
    const size_t at = (size_t)_i % 6;
    fake.responders = 3;
    fake.group_of_two = 2;
    world.outputs[0].on = cases[at].on;
    world_press(WORLD_GATE);
    if (_i < 6)
        annunciate_restart(); /* else that it was undelivered changes a text that was kept */
    expect_siren(cases[at].raised);
    virtual_advance(world.facts, 10000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    annunciate_restart();
    expect_siren(cases[at].undelivered);
    virtual_advance(world.facts, 60000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    annunciate_restart();
    expect_siren(cases[at].escalated);
    ck_assert_uint_eq(world_count(FACT_UNDELIVERED), 0); /* it was told once */
    world_deliver("tocsin.alarm.raised", 0);
    annunciate_restart();
    expect_siren(cases[at].delivered);
    world_reset_all();
    facts_tell(world.facts);
    annunciate_restart();
    expect_siren(false);
}
END_TEST

START_TEST(a_lamp_and_an_output_are_told_as_good_when_they_say_so_after_a_restart)
{
    sirens[0].host.on_fault(sirens[0].host.arg, "cut");
    indicators[0].host.on_fault(indicators[0].host.arg, "no current");
    facts_tell(world.facts);
    annunciate_restart();
    ck_assert_uint_eq(fake_count("tocsin.fault.raised"), 2);
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 0);
    sirens[0].host.on_fault(sirens[0].host.arg, NULL);
    indicators[0].host.on_fault(indicators[0].host.arg, NULL);
    facts_tell(world.facts);
    world_stay();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 2);
}
END_TEST

START_TEST(what_an_open_alarm_holds_on_is_on_after_a_restart)
{
    world_press(WORLD_GATE);
    annunciate_restart();
    expect_siren(true);
    json_t *status = outputs_status(outputs);
    ck_assert(json_is_true(json_object_get(json_array_get(status, 0), "on")));
    json_decref(status);
    world_reset_all();
    facts_tell(world.facts);
    expect_siren(false);
    sirens[0].host.on_fault(sirens[0].host.arg, "cut");
    facts_tell(world.facts);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_OUTPUT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outputs");
    TCase *tc = tcase_create("outputs");
    tcase_add_checked_fixture(tc, annunciate_begin, annunciate_end);
    tcase_add_test(tc, a_raised_alarm_switches_the_siren_until_it_is_closed);
    tcase_add_test(tc,
                   one_that_its_driver_refuses_is_its_fault_and_switches_nothing_and_the_others_do);
    tcase_add_test(tc, duress_silent_alarms_tests_and_drills_switch_nothing_unless_told_to);
    tcase_add_test(tc, an_output_of_named_inputs_heeds_no_other);
    tcase_add_loop_test(tc, a_drill_switches_what_is_told_to_follow_drills, 0, 2);
    tcase_add_test(tc, an_output_for_a_time_goes_off_by_itself);
    tcase_add_test(tc, a_further_press_of_an_alarm_that_was_seen_switches_it_on_anew);
    tcase_add_test(tc, undelivered_in_time_is_taken_back_by_the_first_delivery_to_who_is_asked);
    tcase_add_loop_test(tc, what_is_only_accepted_is_undelivered, 0, 2);
    tcase_add_test(tc, delivered_escalated_and_closed_are_triggers_of_their_own);
    tcase_add_test(tc, a_lamp_and_an_output_are_told_as_good_when_they_say_so_after_a_restart);
    tcase_add_test(tc, what_an_open_alarm_holds_on_is_on_after_a_restart);
    tcase_add_loop_test(tc, what_has_happened_to_an_open_alarm_holds_its_output_on_over_restarts, 0,
                        12);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
