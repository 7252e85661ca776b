/* SPDX-License-Identifier: Apache-2.0 */
/* Duress: the receivers know all of it, and nobody at the gate sees or ends it. */
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

START_TEST(reset_and_cancel_never_touch_duress)
{
    world_press(WORLD_DURESS);
    world_press(WORLD_GATE);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.raised"), "kind"), "panic");
    ck_assert_uint_eq(world_cancel(NULL), 1);
    ck_assert_uint_eq(world_cancel(NULL), 0);
    ck_assert_uint_eq(fake_count("tocsin.alarm.cancelled"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.cancelled"), "note"), "mistake");
    world_reset_all();
    facts_tell(world.facts);
    ck_assert_ptr_null(world_incident(WORLD_GATE));
    ck_assert_ptr_nonnull(world_incident(WORLD_DURESS));
    ck_assert(fake.alarm_open);
    json_t *status = incidents_status(world.incidents, false);
    ck_assert_uint_eq(json_array_size(status), 0);
    json_decref(status);
    status = incidents_status(world.incidents, true);
    ck_assert_uint_eq(json_array_size(status), 1);
    json_decref(status);
    incidents_reset(world.incidents, world_incident(WORLD_DURESS), "Li", "by name");
    ck_assert_ptr_null(world_incident(WORLD_DURESS));
}
END_TEST

START_TEST(duress_tells_the_receivers_what_it_is_and_that_nothing_may_be_heard_of_it)
{
    world_press(WORLD_DURESS);
    const struct fake_event *event = fake_last("tocsin.alarm.raised");
    ck_assert_str_eq(fake_text(event, "kind"), "duress");
    ck_assert(json_is_true(json_object_get(event->data, "silent")));
    world_press(WORLD_GATE);
    ck_assert(json_is_false(json_object_get(fake_last("tocsin.alarm.raised")->data, "silent")));
}
END_TEST

START_TEST(the_pattern_on_a_panic_button_is_duress_to_the_receivers_not_panic)
{
    world.inputs[WORLD_GATE].duress_presses = 3;
    world.inputs[WORLD_GATE].duress_within_ms = 5000;
    world_restart();
    for (int i = 0; i < 3; i++) {
        world_press(WORLD_GATE);
        ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.raised"), "kind"),
                         i < 2 ? "panic" : "duress");
        world_release(WORLD_GATE);
    }
    ck_assert(json_is_true(json_object_get(fake_last("tocsin.alarm.raised")->data, "silent")));
}
END_TEST

static const char *why_no_drill(void)
{
    static struct err e;
    const struct incidents_exercise asked = {
        .class = INCIDENT_CLASS_DRILL, .buttons = 1, .length_ms = 60000, .by = "Li"};
    ck_assert_int_lt(incidents_begin_exercise(world.incidents, &asked, &e), 0);
    facts_tell(world.facts);
    return e.text;
}

/* Of three reasons one is said of all. */
START_TEST(a_drill_that_is_refused_says_nothing_of_duress)
{
    char of_duress[sizeof((struct err *)0)->text];
    world_press(WORLD_DURESS);
    strcpy(of_duress, why_no_drill());
    ck_assert_ptr_null(strstr(of_duress, "duress"));
    world_restart();
    ck_assert_str_eq(why_no_drill(), of_duress);
    world_press(WORLD_GATE);
    ck_assert_str_eq(why_no_drill(), of_duress);
    fake_lose_row("incidents");
    fake.alarms_only = UINT32_MAX;
    world_restart();
    ck_assert_ptr_null(incidents_next_open(world.incidents, NULL));
    ck_assert_str_eq(why_no_drill(), of_duress);
    fake.alarms_only = 0;
    fake.unknown = "the disk has not answered yet";
    world_restart();
    ck_assert_str_eq(why_no_drill(), of_duress);
}
END_TEST

static const char *why_drill_ended(enum world_input before_it)
{
    const struct incidents_exercise asked = {
        .class = INCIDENT_CLASS_DRILL, .buttons = 1, .length_ms = 60000, .by = "Li"};
    struct err e;
    ck_assert_int_eq(incidents_begin_exercise(world.incidents, &asked, &e), 0);
    facts_tell(world.facts);
    world_press(before_it);
    world_deliver("tocsin.drill.started", 0);
    return fake_text(fake_last("tocsin.drill.ended"), "why");
}

START_TEST(nor_one_that_does_not_begin)
{
    char of_alarm[FACT_TEXT_SIZE];
    snprintf(of_alarm, sizeof of_alarm, "%s", why_drill_ended(WORLD_GATE));
    ck_assert_ptr_nonnull(strstr(of_alarm, "before it had begun"));
    ck_assert_ptr_nonnull(strstr(of_alarm, "or a responder could not be told"));
    world_release(WORLD_GATE);
    world_reset_all();
    ck_assert_str_eq(why_drill_ended(WORLD_DURESS), of_alarm);
}
END_TEST

START_TEST(a_chattering_duress_button_shows_nothing)
{
    for (int i = 0; i < 30; i++) {
        world_press(WORLD_DURESS);
        world_release(WORLD_DURESS);
        virtual_advance(world.facts, 100);
    }
    virtual_advance(world.facts, 31000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    ck_assert_uint_eq(world_incident(WORLD_DURESS)->presses, 30);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("duress");
    TCase *tc = tcase_create("duress");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, reset_and_cancel_never_touch_duress);
    tcase_add_test(tc, duress_tells_the_receivers_what_it_is_and_that_nothing_may_be_heard_of_it);
    tcase_add_test(tc, the_pattern_on_a_panic_button_is_duress_to_the_receivers_not_panic);
    tcase_add_test(tc, a_drill_that_is_refused_says_nothing_of_duress);
    tcase_add_test(tc, nor_one_that_does_not_begin);
    tcase_add_test(tc, a_chattering_duress_button_shows_nothing);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
