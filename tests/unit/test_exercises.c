/* SPDX-License-Identifier: Apache-2.0 */
/* Drills and tests as a part: announced, begun, ended; and what a platform may command. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "part_world.h"
#include "run_suite.h"

static void set_up(void)
{
    world_begin();
    world_open();
}

static void tear_down(void)
{
    world_close();
    world_end();
}

static int begin(enum incident_class class, uint64_t buttons)
{
    struct err e;
    int result = incidents_begin_exercise(
        world.incidents,
        &(struct incidents_exercise){
            .class = class, .buttons = buttons, .length_ms = 600000, .by = "Li", .note = "autumn"},
        &e);
    facts_tell(world.facts);
    return result;
}

/* Announced, receipted by everybody who must have it, and running. */
static void run(enum incident_class class)
{
    ck_assert_int_eq(begin(class, incidents_every_button(world.incidents, class)), 0);
    world_deliver(class == INCIDENT_CLASS_DRILL ? "tocsin.drill.started" : "tocsin.test.started",
                  0);
    ck_assert_int_eq(world_last(FACT_EXERCISE)->u.exercise.step, FACT_EXERCISE_BEGUN);
}

static bool phase_is(const char *phase)
{
    json_t *status = incidents_exercise_status(world.incidents);
    const char *is = json_string_value(json_object_get(status, "phase"));
    bool same = phase ? is && strcmp(is, phase) == 0 : !status;
    json_decref(status);
    return same;
}

/* The press first, and one closing a turn. */
START_TEST(a_drill_that_ends_holds_up_no_press)
{
    fake.responders = fake.proven = 1;
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1u << WORLD_GATE | 1u << WORLD_OFFICE), 0);
    world_deliver("tocsin.drill.started", 0);
    world_press(WORLD_GATE);
    world_press(WORLD_OFFICE);
    ck_assert_uint_eq(fake_count("tocsin.drill.raised"), 2);
    world_release(WORLD_GATE);
    world_release(WORLD_OFFICE);
    virtual_stall(INT64_C(1800000)); /* its time is over, and nobody has looked */
    size_t before = fake.count;
    incidents_level(world.incidents, WORLD_DURESS, true, INPUT_CAUSE_EDGE, virtual_ns());
    ck_assert_str_eq(fake.events[before].type, "tocsin.alarm.raised");
    ck_assert_uint_eq(fake.count, before + 1);
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake_count("tocsin.drill.closed"), 1);
    ck_assert_uint_eq(fake_count("tocsin.drill.ended"), 0);
    /* No press is its any more, and none begins while it is ending. */
    ck_assert_int_lt(begin(INCIDENT_CLASS_DRILL, 1), 0);
    virtual_advance(world.facts, 10);
    ck_assert_uint_eq(fake_count("tocsin.drill.closed"), 2);
    ck_assert_uint_eq(fake_count("tocsin.drill.ended"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.ended"), "why"), "its time is over");
    ck_assert(phase_is(NULL));
}
END_TEST

START_TEST(an_exercise_begins_only_when_its_announcement_is_receipted)
{
    fake.responders = 1;
    fake.proven = 3;
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), 0);
    const struct fake_event *event = fake_last("tocsin.drill.started");
    ck_assert_str_eq(fake_text(event, "by"), "Li");
    ck_assert_str_eq(fake_text(event, "note"), "autumn");
    ck_assert_str_eq(event->row, "exercise");
    ck_assert_int_eq(world_last(FACT_EXERCISE)->u.exercise.step, FACT_EXERCISE_ANNOUNCED);
    ck_assert(phase_is("announced"));
    /* Until then a press is real. */
    world_deliver("tocsin.drill.started", 0);
    ck_assert(phase_is("announced"));
    world_press(WORLD_OFFICE);
    ck_assert_str_eq(fake_last("tocsin.alarm.raised")->alarm, world_incident(WORLD_OFFICE)->alarm);
    world_reset_all();
    world_deliver("tocsin.drill.started", 1);
    ck_assert(phase_is("running"));
    ck_assert_int_eq(world_last(FACT_EXERCISE)->u.exercise.step, FACT_EXERCISE_BEGUN);
    ck_assert_uint_eq(world_last(FACT_EXERCISE)->u.exercise.buttons, 1);
}
END_TEST

/* Whoever cannot sign is told, and has receipted nothing: the beginning says so. */
START_TEST(who_has_only_accepted_the_announcement_is_named)
{
    static const struct {
        uint32_t signs, accepts;
        const char *text;
    } cases[] = {
        {3, 0, "Li"},
        {1, 2, "Li; accepted, but not signed for, by school"},
        {2, 1, "Li; accepted, but not signed for, by police"},
        {0, 3, "Li; accepted, but not signed for, by police, school"},
    };
    fake.proven = 3;
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), 0);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(phase_is("announced"));
        if (cases[_i].signs >> i & 1)
            world_deliver("tocsin.drill.started", i);
        else
            world_accept("tocsin.drill.started", i);
    }
    ck_assert(phase_is("running"));
    const struct fact_exercise *begun = &world_last(FACT_EXERCISE)->u.exercise;
    ck_assert_int_eq(begun->step, FACT_EXERCISE_BEGUN);
    ck_assert_uint_eq(begun->unsigned_by, cases[_i].accepts);
    ck_assert_str_eq(begun->text, cases[_i].text);
    /* The next one is told of its own. */
    incidents_end_exercise(world.incidents, INCIDENT_CLASS_DRILL, "done");
    facts_tell(world.facts);
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), 0);
    ck_assert_uint_eq(world_last(FACT_EXERCISE)->u.exercise.unsigned_by, 0);
}
END_TEST

START_TEST(who_is_not_awaited_begins_nothing_by_accepting)
{
    fake.responders = fake.proven = 1;
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), 0);
    world_accept("tocsin.drill.started", 1);
    ck_assert(phase_is("announced"));
}
END_TEST

START_TEST(an_exercise_that_nobody_can_be_told_of_is_refused_at_once)
{
    static const struct {
        uint32_t responders, proven, alarms_only;
        bool cannot_emit;
        int result;
    } cases[] = {{1, 3, 0, false, 0},      {0, 2, 0, false, 0},      {0, 0, 0, false, -EBUSY},
                 {1, 3, 1, false, -EBUSY}, {0, 1, 1, false, -EBUSY}, {1, 1, 0, true, -EIO}};
    fake.responders = cases[_i].responders;
    fake.proven = cases[_i].proven;
    fake.alarms_only = cases[_i].alarms_only;
    fake.cannot_emit = cases[_i].cannot_emit;
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), cases[_i].result);
    ck_assert(phase_is(cases[_i].result == 0 ? "announced" : NULL));
    ck_assert_uint_eq(world_count(FACT_EXERCISE), cases[_i].result == 0);
}
END_TEST

START_TEST(the_receipt_of_another_event_begins_nothing)
{
    world_press(WORLD_TEST);
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), 0);
    world_deliver("tocsin.test.raised", 0);
    ck_assert(phase_is("announced"));
}
END_TEST

START_TEST(a_receiver_that_is_lost_is_not_waited_for_unless_it_sends_help)
{
    fake.responders = 1;
    fake.proven = 0;
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), 0);
    virtual_advance(world.facts, 10001);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert(phase_is(NULL));
    const struct fact_exercise *over = &world_last(FACT_EXERCISE)->u.exercise;
    ck_assert_int_eq(over->step, FACT_EXERCISE_ENDED);
    ck_assert_ptr_nonnull(strstr(over->text, "police"));
    ck_assert_ptr_null(strstr(over->text, "school"));
    ck_assert_uint_eq(fake_count("tocsin.drill.ended"), 1);
}
END_TEST

START_TEST(an_announcement_is_given_up_after_its_time_not_before)
{
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), 0);
    virtual_advance(world.facts, 10000);
    incidents_tick(world.incidents);
    ck_assert(phase_is("announced"));
}
END_TEST

START_TEST(a_press_in_a_drill_is_the_drills_and_ends_with_it)
{
    run(INCIDENT_CLASS_DRILL);
    world_press(WORLD_GATE);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 0);
    ck_assert_uint_eq(fake_count("tocsin.drill.raised"), 1);
    world_release(WORLD_GATE);
    ck_assert(incidents_end_exercise(world.incidents, INCIDENT_CLASS_DRILL, "done"));
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.drill.closed"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.ended"), "why"), "done");
    ck_assert_ptr_null(world_incident(WORLD_GATE));
    ck_assert_str_eq(fake_row("exercise"), "{}");
    ck_assert(phase_is(NULL));
    world_press(WORLD_GATE);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
}
END_TEST

START_TEST(a_drill_ends_by_itself)
{
    run(INCIDENT_CLASS_DRILL);
    virtual_advance(world.facts, 599000);
    ck_assert(phase_is("running"));
    virtual_advance(world.facts, 2000);
    ck_assert(phase_is(NULL));
    ck_assert_int_eq(world_last(FACT_EXERCISE)->u.exercise.step, FACT_EXERCISE_ENDED);
}
END_TEST

START_TEST(a_long_press_in_a_drill_is_an_alarm_and_ends_it)
{
    run(INCIDENT_CLASS_DRILL);
    world_press(WORLD_GATE);
    virtual_advance(world.facts, 3100);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.raised"), "cause"), "long-press");
    ck_assert(phase_is(NULL));
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.ended"), "why"), "a real alarm");
}
END_TEST

/* The press must count first, and whoever only takes part needs time to let go. */
START_TEST(a_button_that_must_be_held_longer_than_a_long_press_can_be_real_in_a_drill)
{
    world.inputs[WORLD_HELD].hold_ms = 5000;
    world_restart();
    run(INCIDENT_CLASS_DRILL);
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 5900);
    ck_assert_uint_eq(fake_count("tocsin.drill.raised"), 1);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 0);
    virtual_advance(world.facts, 200);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    ck_assert(phase_is(NULL));
}
END_TEST

START_TEST(a_latching_button_is_never_held_long)
{
    world.inputs[WORLD_HELD].latching = true;
    world_restart();
    run(INCIDENT_CLASS_DRILL);
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 20000);
    ck_assert_uint_eq(fake_count("tocsin.drill.raised"), 1);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 0);
}
END_TEST

START_TEST(no_exercise_begins_beside_an_alarm_or_another)
{
    ck_assert_int_ne(begin(INCIDENT_CLASS_DRILL, 0), 0);
    ck_assert_int_eq(begin(INCIDENT_CLASS_TEST, 1), 0);
    ck_assert_int_ne(begin(INCIDENT_CLASS_DRILL, 1), 0);
    ck_assert(!incidents_end_exercise(world.incidents, INCIDENT_CLASS_DRILL, "x"));
    ck_assert(incidents_end_exercise(world.incidents, INCIDENT_CLASS_TEST, "x"));
    world_press(WORLD_GATE);
    ck_assert_int_ne(begin(INCIDENT_CLASS_DRILL, 1), 0);
    ck_assert_uint_eq(fake_count("tocsin.drill.started"), 0);
}
END_TEST

/* Whoever then presses again has a real alarm open. */
START_TEST(no_exercise_begins_while_nobody_knows_what_was_open)
{
    fake.responders = fake.proven = 1;
    fake.unknown = "the disk has not answered yet";
    world_restart();
    struct err e;
    const struct incidents_exercise asked = {
        .class = INCIDENT_CLASS_DRILL, .buttons = 1, .length_ms = 60000, .by = "Li"};
    ck_assert_int_lt(incidents_begin_exercise(world.incidents, &asked, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "try again")); /* or what else to do */
    ck_assert_ptr_nonnull(strstr(e.text, "tocsin status"));
    ck_assert(phase_is(NULL));
    fake.unknown = NULL;
    struct outbox_found found = fake_found();
    incidents_catch_up(world.incidents, &found);
    outbox_found_finish(&found);
    facts_tell(world.facts);
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), 0);
}
END_TEST

START_TEST(an_alarm_that_comes_first_ends_an_announced_drill)
{
    ck_assert_int_eq(begin(INCIDENT_CLASS_DRILL, 1), 0);
    world_press(WORLD_GATE);
    world_deliver("tocsin.drill.started", 0);
    ck_assert(phase_is(NULL));
    ck_assert_ptr_nonnull(
        strstr(fake_text(fake_last("tocsin.drill.ended"), "why"), "before it had begun"));
}
END_TEST

START_TEST(a_drill_covers_no_duress_button_a_test_covers_all)
{
    uint64_t drill = incidents_every_button(world.incidents, INCIDENT_CLASS_DRILL);
    uint64_t test = incidents_every_button(world.incidents, INCIDENT_CLASS_TEST);
    ck_assert_uint_eq(drill, 1u << WORLD_GATE | 1u << WORLD_OFFICE | 1u << WORLD_HELD);
    ck_assert_uint_eq(test, drill | 1u << WORLD_DURESS | 1u << WORLD_TEST);
}
END_TEST

START_TEST(a_test_says_which_buttons_were_pressed_and_remembers_by_whom)
{
    run(INCIDENT_CLASS_TEST);
    world_press(WORLD_GATE);
    ck_assert_uint_eq(fake_count("tocsin.test.raised"), 1);
    ck_assert_uint_eq(world_count(FACT_TESTED), 1);
    ck_assert_ptr_nonnull(strstr(fake_row("tests"), "Li"));
    ck_assert(incidents_end_exercise(world.incidents, INCIDENT_CLASS_TEST, "done"));
    const struct fake_event *ended = fake_last("tocsin.test.ended");
    const json_t *tested = json_object_get(ended->data, "tested");
    ck_assert_uint_eq(json_array_size(tested), 1);
    ck_assert_str_eq(json_string_value(json_array_get(tested, 0)), "gate");
    ck_assert_uint_eq(json_array_size(json_object_get(ended->data, "untested")), 4);
}
END_TEST

START_TEST(a_restart_ends_an_exercise_and_closes_what_it_had_open)
{
    run(INCIDENT_CLASS_DRILL);
    world_press(WORLD_GATE);
    world_restart();
    ck_assert(phase_is("announced")); /* never running: a press is real from the first moment */
    incidents_end_old_exercise(world.incidents);
    facts_tell(world.facts);
    ck_assert(phase_is(NULL));
    ck_assert_uint_eq(fake_count("tocsin.drill.closed"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.ended"), "why"),
                     "the gateway was restarted");
    world_restart();
    ck_assert(phase_is(NULL));
}
END_TEST

START_TEST(a_button_that_is_not_tested_for_long_is_a_fault_until_it_is)
{
    world.config.exercises.test_every_ms = 86400000;
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_saved("tests"), 1);
    incidents_tick(world.incidents);
    ck_assert_uint_eq(fake_saved("tests"), 1);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    virtual_advance(world.facts, 86400001);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_FAULT), 5);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_UNTESTED);
    ck_assert(faults_any(world.faults) && !faults_any_grave(world.faults));
    run(INCIDENT_CLASS_TEST);
    for (int i = 0; i < 5; i++)
        world_press((enum world_input)i);
    virtual_advance(world.facts, 2000); /* one of them must be held */
    virtual_advance(world.facts, 20000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert(!faults_any(world.faults));
}
END_TEST

START_TEST(a_clock_that_may_be_years_off_says_nothing_of_tests)
{
    world.config.exercises.test_every_ms = 1000;
    virtual_lose_clock();
    incidents_tick(world.incidents);
    virtual_advance(world.facts, 10000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    ck_assert_uint_eq(fake_saved("tests"), 0);
}
END_TEST

static const struct uplink_reply *command(enum uplink_command_kind kind, const char *alarm)
{
    struct fact fact = {.kind = FACT_COMMAND,
                        .u.command = {.receiver = 0, .ticket = 7, .command = {.kind = kind}}};
    snprintf(fact.u.command.command.alarm, sizeof fact.u.command.command.alarm, "%s", alarm);
    snprintf(fact.u.command.command.by, sizeof fact.u.command.command.by, "centre");
    unsigned replies = fake.replies;
    world_deliver_all(0);
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    fake_keep(true);
    ck_assert_uint_eq(fake.replies, replies + 1);
    ck_assert_uint_eq(fake.reply.ticket, 7);
    return &fake.reply.reply;
}

START_TEST(a_platform_resets_what_it_names_and_of_duress_nothing_else)
{
    ck_assert(!command(UPLINK_COMMAND_RESET, "")->done);
    world_press(WORLD_GATE);
    world_press(WORLD_DURESS);
    ck_assert(!command(UPLINK_COMMAND_RESET, "01980000-0000-7000-8000-00000000abcd")->done);
    ck_assert(command(UPLINK_COMMAND_RESET, "")->done);
    ck_assert_ptr_null(world_incident(WORLD_GATE));
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "by"), "centre");
    ck_assert_ptr_nonnull(world_incident(WORLD_DURESS));
    ck_assert(command(UPLINK_COMMAND_RESET, world_incident(WORLD_DURESS)->alarm)->done);
    ck_assert_ptr_null(world_incident(WORLD_DURESS));
}
END_TEST

START_TEST(a_platform_disarms_nothing_and_sees_no_duress)
{
    ck_assert(!command(UPLINK_COMMAND_GUARD, "")->done);
    world_press(WORLD_GATE);
    world_press(WORLD_DURESS);
    const struct uplink_reply *reply = command(UPLINK_COMMAND_QUERY, "");
    ck_assert(reply->done && !reply->faulty);
    ck_assert_uint_eq(reply->open_alarms, 1);
    facts_state_fault(world.facts, FAULT_LINE, "gate", "cut");
    facts_tell(world.facts);
    ck_assert(command(UPLINK_COMMAND_QUERY, "")->faulty);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exercises");
    TCase *tc = tcase_create("exercises");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_drill_that_ends_holds_up_no_press);
    tcase_add_test(tc, an_exercise_begins_only_when_its_announcement_is_receipted);
    tcase_add_loop_test(tc, who_has_only_accepted_the_announcement_is_named, 0, 4);
    tcase_add_test(tc, who_is_not_awaited_begins_nothing_by_accepting);
    tcase_add_loop_test(tc, an_exercise_that_nobody_can_be_told_of_is_refused_at_once, 0, 6);
    tcase_add_test(tc, the_receipt_of_another_event_begins_nothing);
    tcase_add_test(tc, a_receiver_that_is_lost_is_not_waited_for_unless_it_sends_help);
    tcase_add_test(tc, an_announcement_is_given_up_after_its_time_not_before);
    tcase_add_test(tc, a_press_in_a_drill_is_the_drills_and_ends_with_it);
    tcase_add_test(tc, a_drill_ends_by_itself);
    tcase_add_test(tc, a_long_press_in_a_drill_is_an_alarm_and_ends_it);
    tcase_add_test(tc, a_button_that_must_be_held_longer_than_a_long_press_can_be_real_in_a_drill);
    tcase_add_test(tc, a_latching_button_is_never_held_long);
    tcase_add_test(tc, no_exercise_begins_beside_an_alarm_or_another);
    tcase_add_test(tc, no_exercise_begins_while_nobody_knows_what_was_open);
    tcase_add_test(tc, an_alarm_that_comes_first_ends_an_announced_drill);
    tcase_add_test(tc, a_drill_covers_no_duress_button_a_test_covers_all);
    tcase_add_test(tc, a_test_says_which_buttons_were_pressed_and_remembers_by_whom);
    tcase_add_test(tc, a_restart_ends_an_exercise_and_closes_what_it_had_open);
    tcase_add_test(tc, a_button_that_is_not_tested_for_long_is_a_fault_until_it_is);
    tcase_add_test(tc, a_clock_that_may_be_years_off_says_nothing_of_tests);
    tcase_add_test(tc, a_platform_resets_what_it_names_and_of_duress_nothing_else);
    tcase_add_test(tc, a_platform_disarms_nothing_and_sees_no_duress);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
