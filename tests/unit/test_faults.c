/* SPDX-License-Identifier: Apache-2.0 */
/* Faults over a restart: what the receivers believe ends when it is seen to be good. */
#include <string.h>

#include "alarm/chatter.h"
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

START_TEST(a_fault_from_before_a_restart_is_cleared_when_it_is_seen_to_be_good)
{
    facts_state_fault(world.facts, FAULT_CAMERA, "cam", "no answer");
    facts_state_fault(world.facts, FAULT_VIDEO, NULL, "gone");
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.fault.raised"), 2);
    for (int i = 0; i < 2; i++) {
        /* Until somebody has said how it is, it is neither broken nor mended. */
        world_restart();
        ck_assert(!faults_any(world.faults));
        virtual_advance(world.facts, 20000);
        faults_tick(world.faults);
        facts_state_fault(world.facts, FAULT_CAMERA, "other", NULL);
        facts_tell(world.facts);
        ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 0);
        /* The receivers know it already. */
        facts_state_fault(world.facts, FAULT_CAMERA, "cam", "no answer");
        facts_tell(world.facts);
        ck_assert(faults_any(world.faults));
        ck_assert_uint_eq(fake_count("tocsin.fault.raised"), 2);
    }
    world_restart();
    facts_state_fault(world.facts, FAULT_CAMERA, "cam", NULL);
    facts_tell(world.facts);
    const struct fake_event *event = fake_last("tocsin.fault.cleared");
    ck_assert_ptr_nonnull(event);
    ck_assert_str_eq(fake_text(event, "subject"), "cam");
    ck_assert_str_eq(fake_text(event, "reason"), "no answer");
    ck_assert_str_eq(event->row, "faults");
    /* Once; and the other is not forgotten by it. */
    world_restart();
    facts_state_fault(world.facts, FAULT_CAMERA, "cam", NULL);
    facts_state_fault(world.facts, FAULT_VIDEO, NULL, NULL);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 2);
    ck_assert_str_eq(fake_text(fake_last("tocsin.fault.cleared"), "fault"), "video");
}
END_TEST

static void restart_with(enum fault_code code, const char *subject)
{
    facts_state_fault(world.facts, code, subject, "wrong");
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.fault.raised"), 1);
    world_restart();
}

static void tick(void)
{
    incidents_tick(world.incidents);
    facts_tell(world.facts);
}

START_TEST(a_button_that_chattered_before_a_restart_is_quiet_when_it_was_for_as_long_after_it)
{
    restart_with(FAULT_CHATTER, "gate");
    virtual_advance(world.facts, 29000);
    world_press(WORLD_GATE);
    virtual_advance(world.facts, 29000);
    tick();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 0);
    virtual_advance(world.facts, 1000);
    tick();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 1);
    size_t stated = world_count(FACT_FAULT_STATED);
    tick();
    ck_assert_uint_eq(world_count(FACT_FAULT_STATED), stated);
}
END_TEST

START_TEST(a_button_that_chatters_after_a_restart_too_is_not_quiet)
{
    restart_with(FAULT_CHATTER, "gate");
    virtual_advance(world.facts, 29000);
    for (int i = 0; i < CHATTER_PRESSES + 5; i++) {
        world_press(WORLD_GATE);
        world_release(WORLD_GATE);
        virtual_advance(world.facts, 100);
    }
    tick();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 0);
    ck_assert(faults_any(world.faults));
}
END_TEST

START_TEST(a_button_that_was_tested_before_a_restart_is_told_to_be_after_it)
{
    world.config.exercises.test_every_ms = 86400000;
    restart_with(FAULT_UNTESTED, "gate");
    tick();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 1);
    size_t stated = world_count(FACT_FAULT_STATED);
    tick();
    ck_assert_uint_eq(world_count(FACT_FAULT_STATED), stated);
}
END_TEST

static bool has_gate(const void *arg, enum fault_code code, const char *subject)
{
    ck_assert_ptr_eq(arg, &world);
    return code == FAULT_LINE && subject[0] == 'g';
}

START_TEST(a_fault_of_what_is_no_longer_configured_is_cleared_with_these_words)
{
    facts_state_fault(world.facts, FAULT_LINE, "gate", "cut");
    facts_state_fault(world.facts, FAULT_LINE, "shed", "cut");
    facts_tell(world.facts);
    world_restart();
    faults_drop_gone(world.faults, has_gate, &world);
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 1);
    const struct fake_event *event = fake_last("tocsin.fault.cleared");
    ck_assert_str_eq(fake_text(event, "subject"), "shed");
    ck_assert_str_eq(fake_text(event, "reason"), "it is no longer in the configuration");
    ck_assert_ptr_null(strstr(fake_row("faults"), "shed"));
    ck_assert_ptr_nonnull(strstr(fake_row("faults"), "gate"));
    /* Nothing of what is known now. */
    facts_state_fault(world.facts, FAULT_LINE, "door", "cut");
    facts_tell(world.facts);
    faults_drop_gone(world.faults, has_gate, &world);
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 1);
}
END_TEST

START_TEST(what_was_told_of_faults_and_cannot_be_read_stops_nobody)
{
    static const char *const rows[] = {"{", "[]", "{}", "{\"reported\":[{}]}",
                                       "{\"reported\":[{\"fault\":\"none\",\"subject\":\"\","
                                       "\"reason\":\"\"}]}"};
    events_save_row(FAKE_EVENTS, &(struct outbox_row){"faults", rows[_i]});
    world_restart();
    ck_assert(!faults_any(world.faults));
    facts_state_fault(world.facts, FAULT_CAMERA, "cam", "no answer");
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.fault.raised"), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tc = tcase_create("restart");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_fault_from_before_a_restart_is_cleared_when_it_is_seen_to_be_good);
    tcase_add_test(
        tc, a_button_that_chattered_before_a_restart_is_quiet_when_it_was_for_as_long_after_it);
    tcase_add_test(tc, a_button_that_chatters_after_a_restart_too_is_not_quiet);
    tcase_add_test(tc, a_button_that_was_tested_before_a_restart_is_told_to_be_after_it);
    tcase_add_test(tc, a_fault_of_what_is_no_longer_configured_is_cleared_with_these_words);
    tcase_add_loop_test(tc, what_was_told_of_faults_and_cannot_be_read_stops_nobody, 0, 5);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
