/* SPDX-License-Identifier: Apache-2.0 */
/* What whoever watches over the control socket is told, and what nobody is. */
#include <stdio.h>
#include <string.h>

#include "operate_world.h"
#include "run_suite.h"

static const char *line_text(size_t at, const char *name)
{
    ck_assert_uint_lt(at, line_count);
    const char *text = json_string_value(json_object_get(lines[at], name));
    return text ? text : "";
}

START_TEST(watch_tells_an_alarms_way)
{
    world_press(WORLD_GATE);
    ck_assert_uint_eq(line_count, 0);
    ask("watch", "{}");
    virtual_advance(world.facts, 250);
    say_heard(1, true);
    ck_assert_str_eq(line_text(0, "what"), "heard");
    ck_assert_str_eq(line_text(0, "text"), "stored");
    ck_assert_str_eq(line_text(0, "event"), "tocsin.alarm.raised");
    ck_assert_str_eq(line_text(0, "input"), "gate");
    ck_assert_str_eq(line_text(0, "name"), "name of gate");
    ck_assert_double_eq_tol(json_number_value(json_object_get(lines[0], "since_press_ms")), 250,
                            0.01);
    world_deliver("tocsin.alarm.raised", 1);
    ck_assert_str_eq(line_text(1, "what"), "delivered");
    ck_assert_str_eq(line_text(1, "receiver"), "school");
    world_answer(0, UPLINK_ANSWER_COMING, fake.events[0].alarm);
    ck_assert_str_eq(line_text(2, "what"), "coming");
    ck_assert_str_eq(line_text(2, "text"), "Wang");
    world_reset_all();
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(3, "what"), "closed");
    ck_assert_str_eq(line_text(3, "text"), "Li");
    world_deliver("tocsin.alarm.closed", 0);
    ck_assert_str_eq(line_text(4, "what"), "follow-up-delivered");
    ck_assert_str_eq(line_text(4, "input"), "gate");
}
END_TEST

START_TEST(watch_shows_nothing_of_duress_closed_or_not)
{
    ask("watch", "{}");
    world_press(WORLD_DURESS);
    say_heard(1, true);
    world_deliver("tocsin.alarm.raised", 0);
    world_answer(0, UPLINK_ANSWER_SEEN, fake.events[0].alarm);
    incidents_reset(world.incidents, world_incident(WORLD_DURESS), "Li", NULL);
    facts_tell(world.facts);
    world_deliver("tocsin.alarm.closed", 0);
    ck_assert_uint_eq(line_count, 0);
}
END_TEST

/* The police have the event of that number, which raised an alarm. Told later. */
static void publish_delivered(uint64_t seq)
{
    struct fact fact = {.kind = FACT_DELIVERED,
                        .u.delivered = {.seq = seq, .class = EVENT_CLASS_PRESS, .confirmed = true}};
    memcpy(fact.u.delivered.alarm, fake.events[seq - 1].alarm, UUID_TEXT_SIZE);
    facts_publish(world.facts, &fact);
}

/* Of duress (its event is the first) and of the gate (the second), both released: nothing more is
 * told of them before whoever watches asks. */
static void restart_with_two_open(void)
{
    world_press(WORLD_DURESS);
    world_press(WORLD_GATE);
    world_release(WORLD_DURESS);
    world_release(WORLD_GATE);
    operate_restart();
    ck_assert(world_incident(WORLD_DURESS) && world_incident(WORLD_GATE));
}

static void check_gate_line(size_t at, const char *what)
{
    ck_assert_str_eq(line_text(at, "what"), what);
    ck_assert_str_eq(line_text(at, "alarm"), fake.events[1].alarm);
    ck_assert_str_eq(line_text(at, "input"), "gate");
    ck_assert_str_eq(line_text(at, "name"), "name of gate");
}

START_TEST(watch_knows_what_was_open_at_the_start)
{
    restart_with_two_open();
    ask("watch", "{}");
    for (uint64_t seq = 1; seq <= 2; seq++) {
        publish_delivered(seq);
        world_answer(0, UPLINK_ANSWER_SEEN, fake.events[seq - 1].alarm);
        say_heard(seq, true);
        ck_assert_uint_eq(line_count, seq == 1 ? 0 : 3);
    }
    check_gate_line(0, "delivered");
    check_gate_line(1, "seen");
    check_gate_line(2, "heard");
}
END_TEST

START_TEST(watch_knows_what_was_open_at_the_start_when_it_is_closed_in_the_same_turn)
{
    restart_with_two_open();
    ask("watch", "{}");
    publish_delivered(1);
    incidents_reset(world.incidents, world_incident(WORLD_DURESS), "Li", NULL);
    facts_tell(world.facts);
    ck_assert_uint_eq(line_count, 0);
    publish_delivered(2);
    incidents_reset(world.incidents, world_incident(WORLD_GATE), "Li", NULL);
    facts_tell(world.facts);
    check_gate_line(0, "delivered");
    check_gate_line(1, "closed");
    ck_assert_uint_eq(line_count, 2);
}
END_TEST

START_TEST(watch_shows_nothing_of_an_alarm_that_it_does_not_know)
{
    /* Closed before the restart: it may have been duress. */
    struct fact fact = {.kind = FACT_DELIVERED,
                        .u.delivered = {.seq = 1,
                                        .alarm = "01980000-0000-7000-8000-000000000001",
                                        .class = EVENT_CLASS_FOLLOWUP,
                                        .confirmed = true}};
    ask("watch", "{}");
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    ck_assert_uint_eq(line_count, 0);
    fact.u.delivered.alarm[0] = '\0'; /* of no alarm: a fault's event */
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    ck_assert_uint_eq(line_count, 1);
    /* One that is open is known however many have come since. */
    world_press(WORLD_GATE);
    world_press(WORLD_DURESS);
    for (int i = 0; i < 300; i++) {
        struct fact other = {.kind = FACT_INCIDENT, .u.incident = {.seq = 1}};
        snprintf(other.u.incident.incident.alarm, UUID_TEXT_SIZE, "other-%d", i);
        facts_publish(world.facts, &other);
    }
    facts_tell(world.facts);
    size_t before = line_count;
    world_answer(0, UPLINK_ANSWER_SEEN, fake.events[0].alarm);
    ck_assert_uint_eq(line_count, before + 1);
    ck_assert_str_eq(line_text(before, "input"), "gate");
    world_deliver("tocsin.alarm.raised", 0); /* of duress */
    ck_assert_uint_eq(line_count, before + 1);
}
END_TEST

START_TEST(watch_tells_faults_cards_lamps_outputs_and_clips)
{
    ask("watch", "{}");
    facts_state_fault(world.facts, FAULT_CAMERA, "cam", "no answer");
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(0, "what"), "fault");
    ck_assert_str_eq(line_text(0, "event"), "camera");
    ck_assert_str_eq(line_text(0, "camera"), "cam");
    ck_assert_str_eq(line_text(0, "text"), "no answer");
    ask("card", "{'input':'tamper','digits':'4711'}");
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(1, "what"), "card");
    ck_assert_str_eq(line_text(1, "text"), "4711");
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_LAMP, .u.pattern = INDICATOR_PATTERN_READY});
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_OUTPUT, .u.output = {.id = "siren", .on = true}});
    facts_publish(
        world.facts,
        &(struct fact){.kind = FACT_CLIP,
                       .u.clip = {.step = FACT_CLIP_UPLOADED, .receiver = 1, .camera = "cam"}});
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_ATTEMPT_FAILED, .u.failed = {.reason = "cut"}});
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(2, "what"), "lamp");
    ck_assert_str_eq(line_text(2, "text"), "ready");
    ck_assert_str_eq(line_text(3, "what"), "output-on");
    ck_assert_str_eq(line_text(3, "event"), "siren");
    ck_assert_str_eq(line_text(4, "what"), "clip-uploaded");
    ck_assert_str_eq(line_text(4, "receiver"), "school");
    ck_assert_str_eq(line_text(5, "what"), "attempt-failed");
    ck_assert_str_eq(line_text(5, "text"), "cut");
    ask("drill.begin", "{}");
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(6, "what"), "announced");
    ck_assert_str_eq(line_text(6, "event"), "drill");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *tc = tcase_create("watch");
    tcase_add_checked_fixture(tc, operate_begin, operate_end);
    tcase_add_test(tc, watch_tells_an_alarms_way);
    tcase_add_test(tc, watch_shows_nothing_of_duress_closed_or_not);
    tcase_add_test(tc, watch_knows_what_was_open_at_the_start);
    tcase_add_test(tc, watch_knows_what_was_open_at_the_start_when_it_is_closed_in_the_same_turn);
    tcase_add_test(tc, watch_shows_nothing_of_an_alarm_that_it_does_not_know);
    tcase_add_test(tc, watch_tells_faults_cards_lamps_outputs_and_clips);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
