/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a line or a button, and when it is good. */
#include <string.h>

#include "inputs_world.h"
#include "run_suite.h"

static bool is_known(enum world_input input)
{
    json_t *status = inputs_status(inputs, true);
    bool known = json_is_true(json_object_get(json_array_get(status, (size_t)input), "known"));
    json_decref(status);
    return known;
}

START_TEST(a_line_is_good_when_its_level_is_known_and_nothing_is_wrong)
{
    ck_assert(is_known(WORLD_GATE));
    struct input_host *host = &lines[WORLD_GATE][0].host;
    host->on_fault(host->arg, "the chip is gone");
    facts_tell(world.facts);
    ck_assert(!is_known(WORLD_GATE));
    ck_assert(!world_last(FACT_LINE)->u.line.good);
    ck_assert_uint_eq(world_last(FACT_LINE)->u.line.input, WORLD_GATE);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_LINE);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.reason, "the chip is gone");
    host->on_fault(host->arg, "\xce\xde"); /* what names it is a stranger's */
    facts_tell(world.facts);
    ck_assert(!is_known(WORLD_GATE));
    json_t *status = inputs_status(inputs, true);
    ck_assert_uint_eq(json_array_size(status), WORLD_INPUTS);
    json_decref(status);
    host->on_fault(host->arg, NULL);
    facts_tell(world.facts);
    ck_assert(is_known(WORLD_GATE));
    ck_assert(world_last(FACT_LINE)->u.line.good);
    ck_assert(!faults_any(world.faults));
}
END_TEST

START_TEST(every_line_tells_at_the_start_whether_it_is_good)
{
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    world.told_count = 0;
    world.inputs[WORLD_TAMPER].kind = CONFIG_INPUT_CARD;
    ck_assert_int_eq(open_inputs(), 0);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_LINE), WORLD_INPUTS);
    for (size_t i = 0; i < world.told_count; i++) {
        const struct fact *fact = &world.told[i];
        if (fact->kind == FACT_LINE) /* a reader of cards has no level to be known */
            ck_assert_int_eq(fact->u.line.good, fact->u.line.input == WORLD_TAMPER);
    }
}
END_TEST

START_TEST(a_line_that_its_driver_refuses_is_its_fault_and_the_others_are_heard)
{
    struct err e;
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    refused = WORLD_GATE;
    ck_assert_int_eq(open_inputs(), 0);
    for (size_t i = 0; i < WORLD_INPUTS; i++) {
        if (i != WORLD_GATE)
            set_level(i, INPUT_CONTACT_FIRST, false, INPUT_CAUSE_START);
    }
    ck_assert(!is_known(WORLD_GATE));
    ck_assert(is_known(WORLD_OFFICE));
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_LINE);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.subject, "gate");
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.reason, "no such line");
    ck_assert_int_lt(inputs_simulate(inputs, WORLD_GATE, 0, &e), 0);
    ck_assert_str_eq(e.text, "input gate: no such line");
    inputs_release(inputs, WORLD_GATE);
    inputs_simulate_card(inputs, WORLD_GATE, "123");
    move(WORLD_OFFICE, true);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
}
END_TEST

START_TEST(two_contacts_that_contradict_each_other_are_a_fault)
{
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    world.inputs[WORLD_GATE].driver.options = &second_contact;
    ck_assert_int_eq(open_inputs(), 0);
    set_level(WORLD_GATE, INPUT_CONTACT_FIRST, false, INPUT_CAUSE_START);
    ck_assert(!is_known(WORLD_GATE));
    set_level(WORLD_GATE, INPUT_CONTACT_SECOND, true, INPUT_CAUSE_START);
    ck_assert(is_known(WORLD_GATE));
    /* The first alone says pressed, at once. */
    move(WORLD_GATE, true);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    virtual_advance(world.facts, 150);
    ck_assert(is_known(WORLD_GATE));
    virtual_advance(world.facts, 100);
    ck_assert(!is_known(WORLD_GATE));
    ck_assert_ptr_nonnull(strstr(world_last(FACT_FAULT)->u.fault.reason, "closed"));
    virtual_advance(world.facts, 100);
    set_level(WORLD_GATE, INPUT_CONTACT_SECOND, false, INPUT_CAUSE_EDGE);
    ck_assert(is_known(WORLD_GATE));
    /* The second says by no edge of its own that somebody presses, or has let go. */
    size_t events = fake_count("tocsin.alarm.raised") + fake_count("tocsin.alarm.updated") +
                    fake_count("tocsin.alarm.restored");
    for (int i = 0; i < 4; i++) {
        set_level(WORLD_GATE, INPUT_CONTACT_SECOND, i % 2 == 0, INPUT_CAUSE_EDGE);
        virtual_advance(world.facts, 100);
    }
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised") + fake_count("tocsin.alarm.updated") +
                          fake_count("tocsin.alarm.restored"),
                      events);
    struct input_host *host = &lines[WORLD_GATE][1].host;
    host->on_fault(host->arg, "gone");
    facts_tell(world.facts);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.reason, "second contact: gone");
}
END_TEST

/* Each contact tells its whole press before the other does. */
START_TEST(two_contacts_that_tell_of_a_press_one_after_the_other_agree)
{
    inputs_close(inputs);
    world_settle_handles();
    inputs_free(inputs);
    opened = 0;
    world.inputs[WORLD_GATE].driver.options = &second_contact;
    ck_assert_int_eq(open_inputs(), 0);
    set_level(WORLD_GATE, INPUT_CONTACT_FIRST, false, INPUT_CAUSE_START);
    set_level(WORLD_GATE, INPUT_CONTACT_SECOND, true, INPUT_CAUSE_START);
    world.told_count = 0;
    STALL(1000, {WORLD_GATE, 0, true, 100}, {WORLD_GATE, 0, false, 500}, {WORLD_GATE, 1, false, 90},
          {WORLD_GATE, 1, true, 510});
    virtual_advance(world.facts, 1000);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    /* They contradicted each other for too long in the middle of it: that is still seen. */
    STALL(2000, {WORLD_GATE, 0, true, 100}, {WORLD_GATE, 0, false, 1500},
          {WORLD_GATE, 1, false, 1000}, {WORLD_GATE, 1, true, 1510});
    virtual_advance(world.facts, 1000);
    ck_assert_uint_ge(world_count(FACT_FAULT), 1);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), 1);
    /* More than are kept: the oldest are looked at, none is lost. */
    for (int i = 0; i < 200; i++) {
        virtual_stall(100);
        struct input_host *host = &lines[WORLD_GATE][1].host;
        host->on_level(host->arg, i % 2 == 0 ? false : true, virtual_ns(), INPUT_CAUSE_EDGE);
    }
    virtual_advance(world.facts, 1000);
    ck_assert_ptr_nonnull(strstr(world_last(FACT_FAULT_STATED)->u.fault.reason, "only one"));
}
END_TEST

/* A restart of which no line has said anything yet. */
static void restart(void)
{
    facts_tell(world.facts);
    inputs_close(inputs);
    world_settle_handles();
    world_restart();
    inputs_free(inputs);
    opened = 0;
    ck_assert_int_eq(open_inputs(), 0);
}

START_TEST(a_line_and_a_stuck_button_from_before_a_restart_are_told_as_good_when_they_are_seen_so)
{
    facts_state_fault(world.facts, FAULT_LINE, "gate", "cut");
    facts_state_fault(world.facts, FAULT_STUCK, "gate", "down");
    facts_state_fault(world.facts, FAULT_STUCK, "office", "down");
    restart();
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 0);
    set_level(WORLD_GATE, INPUT_CONTACT_FIRST, false, INPUT_CAUSE_START);
    world_stay();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.fault.cleared"), "fault"), "line");
    set_level(WORLD_OFFICE, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_START);
    inputs_tick(inputs);
    facts_tell(world.facts);
    world_stay();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 2);
    ck_assert_str_eq(fake_text(fake_last("tocsin.fault.cleared"), "subject"), "gate");
    move(WORLD_OFFICE, false);
    inputs_tick(inputs);
    facts_tell(world.facts);
    world_stay();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 3);
    ck_assert_str_eq(fake_text(fake_last("tocsin.fault.cleared"), "subject"), "office");
}
END_TEST

START_TEST(two_contacts_that_still_contradict_each_other_after_a_restart_are_not_good_meanwhile)
{
    world.inputs[WORLD_GATE].driver.options = &second_contact;
    facts_state_fault(world.facts, FAULT_LINE, "gate", "both contacts are open");
    restart();
    for (int contact = 0; contact < 2; contact++) {
        struct input_host *host = &lines[WORLD_GATE][contact].host;
        set_level(WORLD_GATE, (enum input_contact)contact, false, INPUT_CAUSE_START);
        host->on_fault(host->arg, NULL); /* as the driver says when it has the line */
        facts_tell(world.facts);
    }
    virtual_advance(world.facts, 1000);
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 0);
    ck_assert(faults_any(world.faults));
    set_level(WORLD_GATE, INPUT_CONTACT_FIRST, true, INPUT_CAUSE_EDGE);
    virtual_advance(world.facts, 1000);
    world_stay();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 1);
}
END_TEST

START_TEST(a_button_that_never_comes_up_is_stuck_a_latching_one_when_its_alarm_is_closed)
{
    world.inputs[WORLD_OFFICE].latching = true;
    move(WORLD_GATE, true);
    move(WORLD_OFFICE, true);
    move(WORLD_DURESS, true);
    virtual_advance(world.facts, 59000);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    virtual_advance(world.facts, 2000);
    world.told_count = 0;
    inputs_tick(inputs);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_FAULT), 1);
    ck_assert_uint_eq(world_count(FACT_FAULT_STATED), 1);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_STUCK);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.subject, "gate");
    incidents_reset(world.incidents, world_incident(WORLD_OFFICE), "Li", NULL);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.subject, "office");
    move(WORLD_GATE, false);
    move(WORLD_OFFICE, false);
    inputs_tick(inputs);
    facts_tell(world.facts);
    ck_assert(!faults_any(world.faults));
}
END_TEST
int main(void)
{
    Suite *suite = suite_create("line_faults");
    TCase *tc = tcase_create("line_faults");
    tcase_add_checked_fixture(tc, inputs_begin, inputs_end);
    tcase_add_test(tc, two_contacts_that_tell_of_a_press_one_after_the_other_agree);
    tcase_add_test(tc, a_line_is_good_when_its_level_is_known_and_nothing_is_wrong);
    tcase_add_test(tc, every_line_tells_at_the_start_whether_it_is_good);
    tcase_add_test(tc, a_line_that_its_driver_refuses_is_its_fault_and_the_others_are_heard);
    tcase_add_test(tc, two_contacts_that_contradict_each_other_are_a_fault);
    tcase_add_test(
        tc, a_line_and_a_stuck_button_from_before_a_restart_are_told_as_good_when_they_are_seen_so);
    tcase_add_test(
        tc, two_contacts_that_still_contradict_each_other_after_a_restart_are_not_good_meanwhile);
    tcase_add_test(tc,
                   a_button_that_never_comes_up_is_stuck_a_latching_one_when_its_alarm_is_closed);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
