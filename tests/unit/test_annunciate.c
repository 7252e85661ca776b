/* SPDX-License-Identifier: Apache-2.0 */
/* Lamps: what is shown of what was told, and how often it is worked out. */
#include <stdlib.h>
#include <string.h>

#include "alarm/lamp.h"
#include "annunciate_world.h"
#include "run_suite.h"

/* The linker gives us the call (see CMakeLists.txt): how often a lamp is worked out. */
static unsigned worked_out;
enum indicator_pattern __real_lamp_pattern(const struct lamp_view *view);
enum indicator_pattern __wrap_lamp_pattern(const struct lamp_view *view);

enum indicator_pattern __wrap_lamp_pattern(const struct lamp_view *view)
{
    worked_out++;
    return __real_lamp_pattern(view);
}

static void expect(enum indicator_pattern pattern)
{
    ck_assert_str_eq(indicator_pattern_name(indicators[0].pattern),
                     indicator_pattern_name(pattern));
}

static void set_link(size_t receiver, bool proven)
{
    fake.proven &= ~(1u << receiver);
    fake.proven |= (uint32_t)proven << receiver;
    facts_publish(world.facts, &(struct fact){.kind = FACT_LINK,
                                              .u.link = {.receiver = receiver, .proven = proven}});
    facts_tell(world.facts);
}

START_TEST(ready_only_while_everything_is_proven)
{
    expect(INDICATOR_PATTERN_READY);
    ck_assert_int_eq(world_last(FACT_LAMP)->u.pattern, INDICATOR_PATTERN_READY);
}
END_TEST

START_TEST(before_anything_is_known_the_lamp_says_fault)
{
    annunciate_restart();
    expect(INDICATOR_PATTERN_FAULT);
}
END_TEST

START_TEST(a_link_that_is_lost_takes_ready_away)
{
    set_link(1, false); /* sends no help */
    expect(INDICATOR_PATTERN_DEGRADED);
    set_link(0, false);
    expect(INDICATOR_PATTERN_FAULT);
    set_link(1, true);
    expect(INDICATOR_PATTERN_FAULT);
    set_link(0, true);
    expect(INDICATOR_PATTERN_READY);
}
END_TEST

START_TEST(a_line_that_is_lost_is_a_fault_and_a_camera_is_not)
{
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_LINE, .u.line = {.input = WORLD_OFFICE}});
    facts_tell(world.facts);
    expect(INDICATOR_PATTERN_FAULT);
    prove_all();
    expect(INDICATOR_PATTERN_READY);
    facts_publish(world.facts, &(struct fact){.kind = FACT_CAMERA});
    facts_tell(world.facts);
    expect(INDICATOR_PATTERN_DEGRADED);
}
END_TEST

START_TEST(faults_show_by_their_gravity)
{
    const struct fault_kind *kind = fault_kind((enum fault_code)_i);
    facts_state_fault(world.facts, (enum fault_code)_i, "gate", "broken");
    facts_tell(world.facts);
    expect(kind->gravity == FAULT_GRAVITY_GRAVE ? INDICATOR_PATTERN_FAULT
                                                : INDICATOR_PATTERN_DEGRADED);
    facts_state_fault(world.facts, (enum fault_code)_i, "gate", NULL);
    facts_tell(world.facts);
    expect(INDICATOR_PATTERN_READY);
}
END_TEST

START_TEST(what_makes_a_press_unsafe_is_grave)
{
    static const enum fault_code grave[] = {FAULT_LINE,  FAULT_STUCK, FAULT_CHATTER, FAULT_TAMPER,
                                            FAULT_STORE, FAULT_STATE, FAULT_SIGNING};
    size_t count = 0;
    for (int i = 0; i < FAULT_CODES; i++)
        count += fault_kind((enum fault_code)i)->gravity == FAULT_GRAVITY_GRAVE;
    ck_assert_uint_eq(count, sizeof grave / sizeof *grave);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(fault_kind(grave[i])->gravity, FAULT_GRAVITY_GRAVE);
}
END_TEST

START_TEST(a_press_works_out_each_lamp_once)
{
    worked_out = 0;
    world_press(WORLD_GATE);
    ck_assert_uint_eq(worked_out, 1);
    ck_assert_uint_eq(fake_saved("incidents"), 2);
    expect(INDICATOR_PATTERN_HEARD);
    world_deliver("tocsin.alarm.raised", 0);
    ck_assert_uint_eq(worked_out, 2);
    expect(INDICATOR_PATTERN_DELIVERED);
    /* What changes nothing that it shows is not looked at. */
    facts_publish(world.facts, &(struct fact){.kind = FACT_HEARD});
    facts_publish(world.facts, &(struct fact){.kind = FACT_DELIVERED});
    facts_tell(world.facts);
    ck_assert_uint_eq(worked_out, 2);
}
END_TEST

START_TEST(ten_presses_of_one_turn_work_it_out_once)
{
    worked_out = 0;
    for (int i = 0; i < 10; i++)
        incidents_level(world.incidents, i % 2 ? WORLD_OFFICE : WORLD_GATE, i % 4 < 2,
                        INPUT_CAUSE_EDGE, virtual_ns());
    facts_tell(world.facts);
    ck_assert_uint_eq(worked_out, 1);
}
END_TEST

START_TEST(a_lamp_is_touched_when_what_it_shows_changes_and_not_before)
{
    world_press(WORLD_GATE);
    size_t told = world_count(FACT_LAMP);
    lamp_shown = worked_out = 0;
    world_deliver("tocsin.alarm.raised", 1); /* no responder: it is worked out, and stays */
    ck_assert_uint_gt(worked_out, 0);
    ck_assert_uint_eq(lamp_shown, 0);
    ck_assert_uint_eq(world_count(FACT_LAMP), told);
    world_deliver("tocsin.alarm.raised", 0);
    ck_assert_uint_eq(lamp_shown, 1);
    ck_assert_uint_eq(world_count(FACT_LAMP), told + 1);
}
END_TEST

START_TEST(the_lamp_follows_the_responders)
{
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 1);
    expect(INDICATOR_PATTERN_HEARD);
    const char *alarm = world_incident(WORLD_GATE)->alarm;
    world_answer(0, UPLINK_ANSWER_SEEN, alarm);
    expect(INDICATOR_PATTERN_SEEN);
    world_answer(0, UPLINK_ANSWER_COMING, alarm);
    expect(INDICATOR_PATTERN_COMING);
    world_release(WORLD_GATE);
    expect(INDICATOR_PATTERN_COMING);
    world_press(WORLD_GATE); /* of which nobody knows as yet */
    expect(INDICATOR_PATTERN_HEARD);
    world_deliver("tocsin.alarm.updated", 0);
    expect(INDICATOR_PATTERN_DELIVERED);
    world_reset_all();
    facts_tell(world.facts);
    expect(INDICATOR_PATTERN_READY);
}
END_TEST

START_TEST(of_duress_and_silent_buttons_the_lamp_shows_what_it_was_told_to)
{
    world_press(WORLD_DURESS);
    expect(INDICATOR_PATTERN_READY);
    world.lamps[0].silent_shows = CONFIG_SILENT_NOTHING;
    world_press(WORLD_OFFICE);
    expect(INDICATOR_PATTERN_READY);
    world.lamps[0].silent_shows = CONFIG_SILENT_DEGRADED;
    world_release(WORLD_OFFICE);
    expect(INDICATOR_PATTERN_DEGRADED);
    world.lamps[0].silent_shows = CONFIG_SILENT_TEST;
    world_press(WORLD_OFFICE);
    expect(INDICATOR_PATTERN_TEST);
    world.lamps[0].silent_shows = CONFIG_SILENT_OFF;
    world_release(WORLD_OFFICE);
    expect(INDICATOR_PATTERN_OFF);
    world.lamps[0].silent_shows = CONFIG_SILENT_PROGRESS;
    world_press(WORLD_OFFICE);
    expect(INDICATOR_PATTERN_HEARD);
}
END_TEST

START_TEST(an_exercise_shows_from_its_beginning_to_its_end)
{
    static const enum incident_class classes[] = {INCIDENT_CLASS_DRILL, INCIDENT_CLASS_TEST};
    struct err e;
    struct incidents_exercise asked = {
        .class = classes[_i], .buttons = 1, .length_ms = 60000, .by = "Li"};
    ck_assert_int_eq(incidents_begin_exercise(world.incidents, &asked, &e), 0);
    facts_tell(world.facts);
    expect(INDICATOR_PATTERN_READY);
    for (size_t i = 0; i < 2; i++)
        world_deliver(_i ? "tocsin.test.started" : "tocsin.drill.started", i);
    expect(_i ? INDICATOR_PATTERN_TEST : INDICATOR_PATTERN_DRILL);
    incidents_end_exercise(world.incidents, classes[_i], "done");
    facts_tell(world.facts);
    expect(INDICATOR_PATTERN_READY);
}
END_TEST

START_TEST(a_lamp_that_does_not_work_is_a_fault)
{
    indicators[0].host.on_fault(indicators[0].host.arg, "no current");
    facts_tell(world.facts);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_LAMP);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.subject, "lamp");
    expect(INDICATOR_PATTERN_DEGRADED);
    json_t *status = lamps_status(lamps);
    const json_t *one = json_array_get(status, 0);
    ck_assert_str_eq(json_string_value(json_object_get(one, "fault")), "no current");
    ck_assert_str_eq(json_string_value(json_object_get(one, "pattern")), "degraded");
    json_decref(status);
    indicators[0].host.on_fault(indicators[0].host.arg, NULL);
    facts_tell(world.facts);
    expect(INDICATOR_PATTERN_READY);
}
END_TEST

START_TEST(a_lamp_that_its_driver_refuses_is_its_fault_and_the_others_show)
{
    world.lamps[1] = world.lamps[0];
    world.lamps[1].id = "other";
    world.lamps[0].driver.options = world.lamps; /* the false driver takes none */
    world.config.indicators.count = 2;
    annunciate_restart();
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_LAMP);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.subject, "lamp");
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.reason, "cannot be opened");
    prove_all();
    ck_assert_uint_eq(indicator_count, 1);
    expect(INDICATOR_PATTERN_DEGRADED); /* the other */
    json_t *status = lamps_status(lamps);
    ck_assert_uint_eq(json_array_size(status), 2);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(status, 0), "fault")),
                     "cannot be opened");
    json_decref(status);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("annunciate");
    TCase *tc = tcase_create("lamps");
    tcase_add_checked_fixture(tc, annunciate_begin, annunciate_end);
    tcase_add_test(tc, ready_only_while_everything_is_proven);
    tcase_add_test(tc, before_anything_is_known_the_lamp_says_fault);
    tcase_add_test(tc, a_link_that_is_lost_takes_ready_away);
    tcase_add_test(tc, a_line_that_is_lost_is_a_fault_and_a_camera_is_not);
    tcase_add_loop_test(tc, faults_show_by_their_gravity, 0, FAULT_CODES);
    tcase_add_test(tc, what_makes_a_press_unsafe_is_grave);
    tcase_add_test(tc, a_press_works_out_each_lamp_once);
    tcase_add_test(tc, ten_presses_of_one_turn_work_it_out_once);
    tcase_add_test(tc, the_lamp_follows_the_responders);
    tcase_add_test(tc, a_lamp_is_touched_when_what_it_shows_changes_and_not_before);
    tcase_add_test(tc, of_duress_and_silent_buttons_the_lamp_shows_what_it_was_told_to);
    tcase_add_loop_test(tc, an_exercise_shows_from_its_beginning_to_its_end, 0, 2);
    tcase_add_test(tc, a_lamp_that_does_not_work_is_a_fault);
    tcase_add_test(tc, a_lamp_that_its_driver_refuses_is_its_fault_and_the_others_show);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
