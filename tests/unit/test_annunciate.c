/* SPDX-License-Identifier: Apache-2.0 */
/* Lamps and outputs: what is shown of what was told, and how often it is worked out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm/lamp.h"
#include "annunciate/lamps.h"
#include "annunciate/outputs.h"
#include "part_world.h"
#include "run_suite.h"

/* A lamp and a siren that only remember. */
struct indicator {
    enum indicator_pattern pattern;
    struct indicator_host host;
};
struct output {
    bool on;
    struct output_host host;
};
static struct indicator indicators[2];
static struct output sirens[2];
static size_t indicator_count, siren_count;

static int open_indicator(const void *options, const struct indicator_host *host, uv_loop_t *loop,
                          struct indicator **ret_indicator, struct err *e)
{
    (void)loop;
    if (options)
        return err_set(e, EINVAL, "cannot be opened");
    struct indicator *indicator = &indicators[indicator_count++];
    *indicator = (struct indicator){.host = *host};
    *ret_indicator = indicator;
    return 0;
}

static unsigned shown;

static void show(struct indicator *indicator, enum indicator_pattern pattern)
{
    shown++;
    indicator->pattern = pattern;
}

static void close_indicator(struct indicator *indicator)
{
    indicator->pattern = INDICATOR_PATTERN_OFF;
}

static const struct indicator_driver indicator_fake = {
    .type = {.name = "fake"}, .open = open_indicator, .show = show, .close = close_indicator};

static int open_siren(const void *options, const struct output_host *host, uv_loop_t *loop,
                      struct output **ret_output, struct err *e)
{
    (void)options;
    (void)loop;
    (void)e;
    struct output *siren = &sirens[siren_count++];
    *siren = (struct output){.host = *host};
    *ret_output = siren;
    return 0;
}

static void set_siren(struct output *siren, bool on)
{
    siren->on = on;
}

static void close_siren(struct output *siren)
{
    siren->on = false;
}

static const struct output_driver output_fake = {
    .type = {.name = "fake"}, .open = open_siren, .set = set_siren, .close = close_siren};

/* The linker gives us the call (see CMakeLists.txt): how often a lamp is worked out. */
static unsigned worked_out;
enum indicator_pattern __real_lamp_pattern(const struct lamp_view *view);
enum indicator_pattern __wrap_lamp_pattern(const struct lamp_view *view);

enum indicator_pattern __wrap_lamp_pattern(const struct lamp_view *view)
{
    worked_out++;
    return __real_lamp_pattern(view);
}

static struct lamps *lamps;
static struct outputs *outputs;

static void open_both(void)
{
    struct err e;
    struct lamps_options lamp_options = {.loop = &world.loop,
                                         .facts = world.facts,
                                         .config = {.indicators = &world.config.indicators,
                                                    .inputs = &world.config.inputs,
                                                    .receivers = &world.config.receivers,
                                                    .cameras = &world.config.cameras},
                                         .incidents = world.incidents,
                                         .delivery = FAKE_DELIVERY,
                                         .faults = world.faults};
    struct outputs_options output_options = {
        .loop = &world.loop,
        .facts = world.facts,
        .config = {.outputs = &world.config.outputs, .inputs = &world.config.inputs},
        .incidents = world.incidents};
    indicator_count = siren_count = 0;
    ck_assert_int_eq(lamps_open(&lamp_options, &lamps, &e), 0);
    ck_assert_int_eq(outputs_open(&output_options, &outputs, &e), 0);
}

/* Lines and cameras that work, as inputs and clips tell it. */
static void prove_all(void)
{
    for (size_t i = 0; i < WORLD_INPUTS; i++)
        facts_publish(world.facts,
                      &(struct fact){.kind = FACT_LINE, .u.line = {.input = i, .good = true}});
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_CAMERA, .u.camera = {.camera = 0, .online = true}});
    facts_tell(world.facts);
}

static void set_up(void)
{
    world_begin();
    world.lamps[0] = (struct config_indicator){.id = "lamp", .driver.type = &indicator_fake.type};
    world.config.indicators.count = 1;
    world.config.indicators.items = world.lamps;
    world.outputs[0] = (struct config_output){
        .id = "siren", .on = 1u << CONFIG_OUTPUT_RAISED, .driver.type = &output_fake.type};
    world.config.outputs.count = 1;
    world.config.outputs.items = world.outputs;
    fake.proven = 3;
    world_open();
    fake.proven = 3;
    open_both();
    prove_all();
}

static void close_both(void)
{
    outputs_close(outputs);
    lamps_close(lamps);
}

static void tear_down(void)
{
    close_both();
    world_close();
    outputs_free(outputs);
    lamps_free(lamps);
    world_end();
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
    close_both();
    outputs_free(outputs);
    lamps_free(lamps);
    world_restart();
    open_both();
    facts_tell(world.facts);
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
    static const enum fault_code grave[] = {FAULT_LINE,   FAULT_STUCK, FAULT_CHATTER,
                                            FAULT_TAMPER, FAULT_STORE, FAULT_STATE};
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
    shown = worked_out = 0;
    world_deliver("tocsin.alarm.raised", 1); /* no responder: it is worked out, and stays */
    ck_assert_uint_gt(worked_out, 0);
    ck_assert_uint_eq(shown, 0);
    ck_assert_uint_eq(world_count(FACT_LAMP), told);
    world_deliver("tocsin.alarm.raised", 0);
    ck_assert_uint_eq(shown, 1);
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

START_TEST(a_lamp_that_cannot_be_opened_is_named)
{
    struct err e;
    struct lamps *other;
    world.lamps[1] = world.lamps[0];
    world.lamps[1].id = "other";
    world.lamps[1].driver.options = &other;
    world.config.indicators.count = 2;
    struct lamps_options options = {.loop = &world.loop,
                                    .facts = world.facts,
                                    .config = {.indicators = &world.config.indicators,
                                               .inputs = &world.config.inputs,
                                               .receivers = &world.config.receivers,
                                               .cameras = &world.config.cameras},
                                    .incidents = world.incidents,
                                    .delivery = FAKE_DELIVERY,
                                    .faults = world.faults};
    indicator_count = 1;
    ck_assert_int_lt(lamps_open(&options, &other, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "lamp other"));
    /* Facts would still be told to it: it lives as long as they do. */
    lamps_close(other);
    facts_close(world.facts);
    lamps_free(other);
}
END_TEST

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

static void restart_all(void)
{
    close_both();
    expect_siren(false);
    outputs_free(outputs);
    lamps_free(lamps);
    world_restart();
    open_both();
    facts_tell(world.facts);
}

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
    fake.responders = 3;
    fake.group_of_two = 2;
    world.outputs[0].on = cases[_i].on;
    world_press(WORLD_GATE);
    restart_all();
    expect_siren(cases[_i].raised);
    virtual_advance(world.facts, 10000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    restart_all();
    expect_siren(cases[_i].undelivered);
    virtual_advance(world.facts, 60000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    restart_all();
    expect_siren(cases[_i].escalated);
    ck_assert_uint_eq(world_count(FACT_UNDELIVERED), 0); /* it was told once */
    world_deliver("tocsin.alarm.raised", 0);
    restart_all();
    expect_siren(cases[_i].delivered);
    world_reset_all();
    facts_tell(world.facts);
    restart_all();
    expect_siren(false);
}
END_TEST

START_TEST(what_an_open_alarm_holds_on_is_on_after_a_restart)
{
    world_press(WORLD_GATE);
    restart_all();
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
    Suite *suite = suite_create("annunciate");
    TCase *tc = tcase_create("lamps");
    tcase_add_checked_fixture(tc, set_up, tear_down);
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
    tcase_add_test(tc, a_lamp_that_cannot_be_opened_is_named);
    suite_add_tcase(suite, tc);
    tc = tcase_create("outputs");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_raised_alarm_switches_the_siren_until_it_is_closed);
    tcase_add_test(tc, duress_silent_alarms_tests_and_drills_switch_nothing_unless_told_to);
    tcase_add_test(tc, an_output_of_named_inputs_heeds_no_other);
    tcase_add_loop_test(tc, a_drill_switches_what_is_told_to_follow_drills, 0, 2);
    tcase_add_test(tc, an_output_for_a_time_goes_off_by_itself);
    tcase_add_test(tc, undelivered_in_time_is_taken_back_by_the_first_delivery_to_who_is_asked);
    tcase_add_test(tc, delivered_escalated_and_closed_are_triggers_of_their_own);
    tcase_add_test(tc, what_an_open_alarm_holds_on_is_on_after_a_restart);
    tcase_add_loop_test(tc, what_has_happened_to_an_open_alarm_holds_its_output_on_over_restarts, 0,
                        6);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
