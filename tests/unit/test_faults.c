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
        json_t *over = faults_over(world.faults);
        ck_assert_uint_eq(json_array_size(over), 0);
        json_decref(over);
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
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 0);
    world_stay();
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
    world_stay();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 2);
    ck_assert_str_eq(fake_text(fake_last("tocsin.fault.cleared"), "fault"), "video");
}
END_TEST

/* Any event would be given one far above all that the store has, when that comes a moment later. */
START_TEST(a_fault_of_a_start_waits_until_its_number_follows_from_the_store)
{
    fake.has_no_number = true;
    facts_state_fault(world.facts, FAULT_CAMERA, "cam", "no answer");
    facts_tell(world.facts);
    faults_tick(world.faults);
    ck_assert(faults_any(world.faults));
    ck_assert_uint_eq(fake_count("tocsin.fault.raised"), 0);
    fake.has_no_number = false;
    faults_tick(world.faults);
    ck_assert_uint_eq(fake_count("tocsin.fault.raised"), 1);
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

/* Or the store's row would be written over with that of a start that did not know it. */
START_TEST(what_the_store_had_told_is_kept_with_what_was_told_without_it)
{
    facts_state_fault(world.facts, FAULT_CAMERA, "cam", "no answer");
    facts_tell(world.facts);
    struct outbox_found store = fake_found();
    fake.unknown = "the disk has not answered yet";
    world_restart();
    fake.unknown = NULL;
    facts_state_fault(world.facts, FAULT_VIDEO, NULL, "gone");
    facts_tell(world.facts);
    ck_assert_ptr_null(strstr(fake_row("faults"), "no answer"));
    faults_catch_up(world.faults, &store);
    ck_assert_ptr_nonnull(strstr(fake_row("faults"), "no answer"));
    ck_assert_ptr_nonnull(strstr(fake_row("faults"), "gone"));
    outbox_found_finish(&store);
}
END_TEST

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
    world_stay();
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
    size_t stated = world_count(FACT_FAULT_STATED);
    tick();
    ck_assert_uint_eq(world_count(FACT_FAULT_STATED), stated);
    world_stay();
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 1);
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
    json_t *row = json_loads(fake_row("faults"), 0, NULL),
           *reported = json_object_get(row, "reported");
    ck_assert_uint_eq(json_array_size(reported), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(reported, 0), "subject")),
                     "gate");
    json_decref(row);
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

static void state(const char *reason)
{
    facts_state_fault(world.facts, FAULT_CAMERA, "cam", reason);
    facts_tell(world.facts);
}

/* It comes, and stays away until it is told to be gone. */
static void come_and_go(void)
{
    state("no answer");
    state(NULL);
    for (int minute = 0; minute < 40; minute++)
        world_stay();
}

static size_t told(void)
{
    return fake_count("tocsin.fault.raised") + fake_count("tocsin.fault.cleared");
}

/* In the same boot (0) and in another (1), where the clock has begun anew. */
static void start_anew(int in_other_boot)
{
    if (in_other_boot)
        virtual_begin();
    world_restart();
}

START_TEST(what_was_told_lately_is_told_no_more_often_because_of_a_restart)
{
    come_and_go();
    come_and_go();
    state("no answer");
    state(NULL);
    size_t before = told();
    ck_assert_uint_eq(before, 5);
    /* Not one minute is asked of it, as at the beginning. */
    start_anew(_i);
    state(NULL);
    for (int minute = 1; minute < (_i ? 8 : 10); minute++)
        world_stay();
    ck_assert_uint_eq(told(), before);
    world_stay();
    ck_assert_uint_eq(told(), before + 1);
}
END_TEST

START_TEST(a_start_that_finds_it_each_time_tells_no_more_than_one_that_runs)
{
    for (int start = 0; start < 200; start++) {
        start_anew(_i);
        state(NULL);
        for (int minute = 0; minute < 40; minute++)
            world_stay();
        state("no answer");
        ck_assert(faults_any(world.faults));
    }
    /* 200 times 40 minutes are 5.6 days; of another boot nothing is known but that it has run. */
    ck_assert_uint_le(told(), _i ? 24 : 6 * 24);
    ck_assert_uint_ge(told(), 8);
}
END_TEST

START_TEST(what_is_no_longer_configured_is_dropped_within_the_bound)
{
    for (int i = 0; i < 40; i++) {
        facts_state_fault(world.facts, FAULT_LINE, "shed", "cut");
        facts_tell(world.facts);
        ck_assert(faults_any(world.faults));
        world_restart();
        faults_drop_gone(world.faults, has_gate, &world);
    }
    ck_assert_uint_eq(told(), 8);
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 4);
    /* One that there was no room for is told when there is. */
    facts_state_fault(world.facts, FAULT_LINE, "shed", "cut");
    facts_tell(world.facts);
    virtual_advance(world.facts, 90 * 60000);
    faults_tick(world.faults);
    ck_assert_uint_eq(fake_count("tocsin.fault.raised"), 5);
    world_restart();
    faults_drop_gone(world.faults, has_gate, &world);
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 4);
    virtual_advance(world.facts, 180 * 60000);
    faults_tick(world.faults);
    ck_assert_uint_eq(fake_count("tocsin.fault.cleared"), 5);
    ck_assert_str_eq(fake_text(fake_last("tocsin.fault.cleared"), "reason"),
                     "it is no longer in the configuration");
}
END_TEST

START_TEST(what_is_owed_for_what_nobody_knows_stops_nobody)
{
    static const char *const rows[] = {
        "{\"reported\":[],\"owed\":[{\"fault\":\"none\",\"subject\":\"\",\"ms\":1}]}",
        "{\"reported\":[],\"owed\":[{\"fault\":\"camera\",\"ms\":1}]}",
        "{\"reported\":[],\"owed\":[{\"fault\":\"camera\",\"subject\":\"cam\"}]}",
        "{\"reported\":[],\"owed\":7,\"at_ms\":\"x\"}",
    };
    events_save_row(FAKE_EVENTS, &(struct outbox_row){"faults", rows[_i]});
    world_restart();
    state("no answer");
    ck_assert_uint_eq(told(), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults");
    TCase *tc = tcase_create("restart");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_fault_of_a_start_waits_until_its_number_follows_from_the_store);
    tcase_add_test(tc, a_fault_from_before_a_restart_is_cleared_when_it_is_seen_to_be_good);
    tcase_add_test(tc, what_the_store_had_told_is_kept_with_what_was_told_without_it);
    tcase_add_test(
        tc, a_button_that_chattered_before_a_restart_is_quiet_when_it_was_for_as_long_after_it);
    tcase_add_test(tc, a_button_that_chatters_after_a_restart_too_is_not_quiet);
    tcase_add_test(tc, a_button_that_was_tested_before_a_restart_is_told_to_be_after_it);
    tcase_add_test(tc, a_fault_of_what_is_no_longer_configured_is_cleared_with_these_words);
    tcase_add_loop_test(tc, what_was_told_of_faults_and_cannot_be_read_stops_nobody, 0, 5);
    tcase_add_loop_test(tc, what_was_told_lately_is_told_no_more_often_because_of_a_restart, 0, 2);
    tcase_add_loop_test(tc, a_start_that_finds_it_each_time_tells_no_more_than_one_that_runs, 0, 2);
    tcase_add_test(tc, what_is_no_longer_configured_is_dropped_within_the_bound);
    tcase_add_loop_test(tc, what_is_owed_for_what_nobody_knows_stops_nobody, 0, 4);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
