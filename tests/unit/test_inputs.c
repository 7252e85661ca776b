/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs: from the levels of contacts to presses, key switches and cards. */
#include <errno.h>
#include <string.h>

#include "inputs_world.h"
#include "run_suite.h"

START_TEST(the_first_edge_is_a_press_at_once_and_bounce_is_none)
{
    move(WORLD_GATE, true);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    ck_assert_int_eq(fake_last("tocsin.alarm.raised")->at_ns, virtual_ns());
    for (int i = 0; i < 5; i++) {
        virtual_advance(world.facts, 5);
        set_level(WORLD_GATE, INPUT_CONTACT_FIRST, i % 2, INPUT_CAUSE_EDGE);
    }
    virtual_advance(world.facts, 100);
    ck_assert_uint_eq(fake.count, 2); /* and the release, when it had settled */
    ck_assert_uint_eq(fake_count("tocsin.alarm.restored"), 1);
}
END_TEST

/* The loop was busy and the timer is late: the change that had settled before is not skipped. */
START_TEST(a_release_that_settled_unseen_makes_the_next_edge_a_press_of_its_own)
{
    struct input_host *host = &lines[WORLD_GATE][0].host;
    move(WORLD_GATE, true);
    int64_t now_ns = virtual_ns();
    host->on_level(host->arg, false, now_ns + 10000000, INPUT_CAUSE_EDGE);
    host->on_level(host->arg, true, now_ns + 200000000, INPUT_CAUSE_EDGE);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.restored"), 1);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), 1);
    ck_assert_uint_eq(world_incident(WORLD_GATE)->presses, 2);
}
END_TEST

/* The loop was busy for longer than the window, with bounce queued in the kernel. */
START_TEST(bounce_that_lies_in_the_kernel_over_a_long_turn_is_no_press)
{
    move(WORLD_GATE, true);
    STALL(60, {WORLD_GATE, 0, false, 1}, {WORLD_GATE, 0, true, 3}, {WORLD_GATE, 0, false, 8},
          {WORLD_GATE, 0, true, 9});
    virtual_advance(world.facts, 1000);
    ck_assert_uint_eq(world_incident(WORLD_GATE)->presses, 1);
    ck_assert_uint_eq(fake.count, 1);
    /* Nor is a key's bounce when it is let go, after a reset. */
    world_reset_all();
    move(WORLD_GATE, false);
    STALL(60, {WORLD_GATE, 0, true, 1}, {WORLD_GATE, 0, false, 2});
    virtual_advance(world.facts, 1000);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
}
END_TEST

START_TEST(what_a_line_came_to_rest_at_counts_from_when_it_did)
{
    move(WORLD_HELD, true);
    int64_t pressed_ns = virtual_ns();
    virtual_advance(world.facts, 10);
    set_level(WORLD_HELD, INPUT_CONTACT_FIRST, false, INPUT_CAUSE_EDGE); /* bounce, as yet */
    virtual_stall(5000);
    set_level(WORLD_HELD, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_EDGE);
    ck_assert_uint_eq(fake.count, 0); /* it was let go long before it had been held */
    virtual_advance(world.facts, 2100);
    ck_assert_uint_eq(fake.count, 1);
    ck_assert_int_eq(fake_last("tocsin.alarm.raised")->at_ns,
                     pressed_ns + (10 + 5000 + 2000) * INT64_C(1000000));
}
END_TEST

START_TEST(a_hold_whose_release_lies_in_the_kernel_has_not_lasted)
{
    move(WORLD_HELD, true);
    STALL(3000, {WORLD_HELD, 0, false, 1500});
    virtual_advance(world.facts, 5000);
    ck_assert_uint_eq(fake.count, 0);
    move(WORLD_HELD, true);
    STALL(3000, {WORLD_HELD, 0, false, 2500});
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
}
END_TEST

/* What one line tells says nothing about the release that another has yet to tell. */
START_TEST(a_hold_is_not_ended_by_an_edge_of_another_line)
{
    move(WORLD_HELD, true);
    STALL(3000, {WORLD_GATE, 0, true, 2800}, {WORLD_HELD, 0, false, 1500});
    virtual_advance(world.facts, 5000);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    ck_assert_ptr_null(world_incident(WORLD_HELD));
}
END_TEST

START_TEST(a_button_whose_release_lies_in_the_kernel_is_not_stuck)
{
    move(WORLD_GATE, true);
    virtual_advance(world.facts, 59000);
    virtual_stall(5000);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert(!faults_any(world.faults));
}
END_TEST

START_TEST(a_key_means_what_was_pressed_before_it_whichever_line_is_told_first)
{
    STALL(200, {WORLD_GATE, 0, true, 150}, {WORLD_CANCEL, 0, true, 100},
          {WORLD_RESET, 0, true, 100});
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert(!world_incident(WORLD_GATE)->cancelled);
    move(WORLD_CANCEL, false);
    STALL(200, {WORLD_CANCEL, 0, true, 150});
    ck_assert(world_incident(WORLD_GATE)->cancelled);
}
END_TEST

START_TEST(a_contact_that_is_closed_at_rest_is_pressed_when_it_opens)
{
    world.inputs[WORLD_OFFICE].contact = CONFIG_CONTACT_CLOSED;
    move(WORLD_OFFICE, true);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 0);
    move(WORLD_OFFICE, false);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
}
END_TEST

START_TEST(a_button_that_is_found_pressed_is_an_alarm_that_says_so)
{
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    ck_assert_int_eq(open_inputs(), 0);
    set_level(WORLD_GATE, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_START);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.raised"), "cause"), "start");
}
END_TEST
START_TEST(a_press_that_is_no_event_says_why)
{
    move(WORLD_HELD, true);
    ck_assert_uint_eq(world_count(FACT_PRESSED), 0);
    move(WORLD_HELD, false);
    ck_assert_ptr_nonnull(strstr(world_last(FACT_PRESSED)->u.pressed.why, "held long enough"));
    ck_assert_uint_eq(world_last(FACT_PRESSED)->u.pressed.input, WORLD_HELD);
    move(WORLD_RESET, true);
    ck_assert_str_eq(world_last(FACT_PRESSED)->u.pressed.why, "0 alarms closed");
}
END_TEST

START_TEST(a_simulated_press_lasts_its_time)
{
    struct err e;
    virtual_advance(world.facts, 100);
    ck_assert_int_eq(inputs_simulate(inputs, WORLD_GATE, 500, &e), 0);
    ck_assert_int_eq(inputs_simulate(inputs, WORLD_GATE, 500, &e), -EBUSY);
    virtual_advance(world.facts, 400);
    ck_assert(world_incident(WORLD_GATE)->held);
    virtual_advance(world.facts, 200);
    ck_assert(!world_incident(WORLD_GATE)->held);
    ck_assert_int_eq(inputs_simulate(inputs, WORLD_GATE, 0, &e), 0);
    virtual_advance(world.facts, 10000);
    ck_assert(world_incident(WORLD_GATE)->held);
    inputs_release(inputs, WORLD_GATE);
    facts_tell(world.facts);
    ck_assert(!world_incident(WORLD_GATE)->held);
}
END_TEST

START_TEST(the_reset_key_closes_and_the_cancel_key_says_mistake_with_the_card_shown_before)
{
    move(WORLD_GATE, true);
    inputs_simulate_card(inputs, WORLD_TAMPER, "4711");
    facts_tell(world.facts);
    ck_assert_str_eq(world_last(FACT_CARD)->u.card.digits, "4711");
    move(WORLD_CANCEL, true);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.cancelled"), "by"),
                     "name of cancel (cancel, card 4711)");
    move(WORLD_CANCEL, false);
    ck_assert_uint_eq(fake_count("tocsin.alarm.cancelled"), 1);
    virtual_advance(world.facts, 30000);
    move(WORLD_RESET, true);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "by"), "name of reset (reset)");
    ck_assert_ptr_null(world_incident(WORLD_GATE));
}
END_TEST

START_TEST(keys_that_are_found_turned_do_nothing)
{
    move(WORLD_GATE, true);
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    ck_assert_int_eq(open_inputs(), 0);
    set_level(WORLD_RESET, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_START);
    set_level(WORLD_CANCEL, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_START);
    set_level(WORLD_DRILL, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_START);
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert(!world_incident(WORLD_GATE)->cancelled);
    ck_assert_uint_eq(world_count(FACT_EXERCISE), 0);
}
END_TEST

START_TEST(the_drill_switch_begins_and_ends_a_drill)
{
    move(WORLD_DRILL, true);
    ck_assert_uint_eq(fake_count("tocsin.drill.started"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.started"), "by"), "name of drill (drill)");
    move(WORLD_DRILL, false);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.ended"), "why"),
                     "the switch was turned back");
}
END_TEST

START_TEST(contacts_that_tell_of_faults_do)
{
    static const struct {
        enum config_input_kind kind;
        enum fault_code code;
    } kinds[] = {{CONFIG_INPUT_TAMPER, FAULT_TAMPER},
                 {CONFIG_INPUT_MAINS, FAULT_MAINS},
                 {CONFIG_INPUT_BATTERY, FAULT_BATTERY}};
    world.inputs[WORLD_TAMPER].kind = kinds[_i].kind;
    move(WORLD_TAMPER, true);
    const struct fact *fact = world_last(FACT_FAULT);
    ck_assert_int_eq(fact->u.fault.code, kinds[_i].code);
    ck_assert_str_eq(fact->u.fault.subject, "tamper");
    ck_assert_ptr_nonnull(strstr(fact->u.fault.reason, "place of tamper"));
    move(WORLD_TAMPER, false);
    ck_assert(!faults_any(world.faults));
}
END_TEST

START_TEST(a_held_duress_button_shows_to_nobody_who_looks_over_a_shoulder)
{
    move(WORLD_DURESS, true);
    for (int with = 0; with < 2; with++) {
        json_t *status = inputs_status(inputs, with);
        const json_t *one = json_array_get(status, WORLD_DURESS);
        ck_assert_int_eq(json_is_true(json_object_get(one, "pressed")), with);
        json_decref(status);
    }
    json_t *heartbeat = inputs_heartbeat(inputs);
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(heartbeat, WORLD_DURESS), "state")),
        "pressed");
    ck_assert_str_eq(
        json_string_value(json_object_get(json_array_get(heartbeat, WORLD_GATE), "state")),
        "normal");
    json_decref(heartbeat);
}
END_TEST
int main(void)
{
    Suite *suite = suite_create("inputs");
    TCase *tc = tcase_create("inputs");
    tcase_add_checked_fixture(tc, inputs_begin, inputs_end);
    tcase_add_test(tc, the_first_edge_is_a_press_at_once_and_bounce_is_none);
    tcase_add_test(tc, a_release_that_settled_unseen_makes_the_next_edge_a_press_of_its_own);
    tcase_add_test(tc, bounce_that_lies_in_the_kernel_over_a_long_turn_is_no_press);
    tcase_add_test(tc, what_a_line_came_to_rest_at_counts_from_when_it_did);
    tcase_add_test(tc, a_hold_whose_release_lies_in_the_kernel_has_not_lasted);
    tcase_add_test(tc, a_hold_is_not_ended_by_an_edge_of_another_line);
    tcase_add_test(tc, a_button_whose_release_lies_in_the_kernel_is_not_stuck);
    tcase_add_test(tc, a_key_means_what_was_pressed_before_it_whichever_line_is_told_first);
    tcase_add_test(tc, a_contact_that_is_closed_at_rest_is_pressed_when_it_opens);
    tcase_add_test(tc, a_button_that_is_found_pressed_is_an_alarm_that_says_so);
    tcase_add_test(tc, a_press_that_is_no_event_says_why);
    tcase_add_test(tc, a_simulated_press_lasts_its_time);
    tcase_add_test(tc,
                   the_reset_key_closes_and_the_cancel_key_says_mistake_with_the_card_shown_before);
    tcase_add_test(tc, keys_that_are_found_turned_do_nothing);
    tcase_add_test(tc, the_drill_switch_begins_and_ends_a_drill);
    tcase_add_loop_test(tc, contacts_that_tell_of_faults_do, 0, 3);
    tcase_add_test(tc, a_held_duress_button_shows_to_nobody_who_looks_over_a_shoulder);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
