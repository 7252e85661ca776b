/* SPDX-License-Identifier: Apache-2.0 */
/* Incidents as a part: what becomes an event, what is told, what is on the disk, and when. */
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

START_TEST(a_press_is_one_event_with_the_row_that_follows_from_it)
{
    world_press(WORLD_GATE);
    ck_assert_uint_eq(fake.count, 1);
    const struct fake_event *event = fake_last("tocsin.alarm.raised");
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(event->class, EVENT_CLASS_PRESS);
    ck_assert_int_eq(event->at_ns, virtual_ns());
    ck_assert_str_eq(event->alarm, world_incident(WORLD_GATE)->alarm);
    ck_assert_str_eq(fake_text(event, "alarm"), event->alarm);
    ck_assert_str_eq(fake_text(event, "kind"), "panic");
    ck_assert_str_eq(fake_text(event, "cause"), "edge");
    ck_assert_str_eq(event->row, "incidents");
    /* Serialised once, and nothing but what a press has changed. */
    ck_assert_uint_eq(fake.row_count, 1);
    ck_assert_uint_eq(fake_saved("incidents"), 2); /* at the first start, and now */
    ck_assert(fake.alarm_open);
}
END_TEST

START_TEST(a_press_is_told_with_its_event_and_as_it_was)
{
    world_press(WORLD_GATE);
    const struct fact *fact = world_last(FACT_INCIDENT);
    ck_assert_ptr_nonnull(fact);
    ck_assert_int_eq(fact->u.incident.action, INCIDENT_ACTION_RAISED);
    ck_assert_uint_eq(fact->u.incident.seq, 1);
    ck_assert_uint_eq(fact->u.incident.incident.button, WORLD_GATE);
    ck_assert_int_eq(fact->at_ns, virtual_ns());
    ck_assert_int_gt(fact->u.incident.incident.raised_wall_ms, 0);
}
END_TEST

START_TEST(the_level_call_says_what_the_press_has_become)
{
    ck_assert_uint_eq(
        incidents_level(world.incidents, WORLD_GATE, true, INPUT_CAUSE_EDGE, virtual_ns()), 1);
    ck_assert_uint_eq(
        incidents_level(world.incidents, WORLD_GATE, false, INPUT_CAUSE_EDGE, virtual_ns()), 0);
    ck_assert_uint_eq(
        incidents_level(world.incidents, WORLD_GATE, true, INPUT_CAUSE_EDGE, virtual_ns()), 3);
    ck_assert_ptr_nonnull(fake_last("tocsin.alarm.updated"));
    ck_assert_uint_eq(
        incidents_level(world.incidents, WORLD_HELD, true, INPUT_CAUSE_EDGE, virtual_ns()), 0);
    ck_assert_ptr_null(incidents_why_no_event(world.incidents, WORLD_HELD, true));
    ck_assert_ptr_nonnull(
        strstr(incidents_why_no_event(world.incidents, WORLD_HELD, false), "held long enough"));
}
END_TEST

START_TEST(a_held_press_counts_when_its_time_has_come_and_not_before)
{
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 1900);
    ck_assert_uint_eq(fake.count, 0);
    virtual_advance(world.facts, 200);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    ck_assert_uint_eq(world_count(FACT_INCIDENT), 1);
}
END_TEST

START_TEST(a_release_restores_and_leaves_the_incident_open)
{
    world_press(WORLD_GATE);
    world_release(WORLD_GATE);
    ck_assert_uint_eq(fake_count("tocsin.alarm.restored"), 1);
    ck_assert_int_eq(fake_last("tocsin.alarm.restored")->class, EVENT_CLASS_FOLLOWUP);
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert(!world_incident(WORLD_GATE)->held);
    ck_assert_uint_eq(fake_saved("incidents"), 3);
}
END_TEST

START_TEST(a_release_without_an_incident_is_saved_once_at_the_end_of_the_turn)
{
    world_press(WORLD_GATE);
    world_reset_all();
    facts_tell(world.facts);
    unsigned before = fake_saved("incidents");
    size_t events = fake.count;
    incidents_level(world.incidents, WORLD_GATE, false, INPUT_CAUSE_EDGE, virtual_ns());
    ck_assert_uint_eq(fake_saved("incidents"), before);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake.count, events);
    ck_assert_uint_eq(fake_saved("incidents"), before + 1);
    ck_assert_ptr_null(strstr(fake_row("incidents"), "\"pressed\""));
}
END_TEST

START_TEST(a_receipt_moves_the_incident_and_is_saved_in_the_turn_it_comes)
{
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[0], INCIDENT_PROGRESS_DELIVERED);
    ck_assert_uint_eq(fake_saved("incidents"), 3);
    const struct fact *fact = world_last(FACT_PROGRESS);
    ck_assert(fact->u.progress.first);
    ck_assert_uint_eq(fact->u.progress.receiver, 0);
    /* Again, or of what is no press: no news. */
    world_deliver("tocsin.alarm.raised", 0);
    world_release(WORLD_GATE);
    world_deliver("tocsin.alarm.restored", 0);
    ck_assert_uint_eq(world_count(FACT_PROGRESS), 1);
    ck_assert_uint_eq(fake_saved("incidents"), 4);
}
END_TEST

/* The row that follows from a delivery is handed over before delivery hands over its record. */
START_TEST(the_row_is_saved_before_the_turn_is_over)
{
    world_press(WORLD_GATE);
    world.told_count = 0;
    world_deliver("tocsin.alarm.raised", 0);
    ck_assert_int_eq(world.told[world.told_count - 1].kind, FACT_TURN_OVER);
    ck_assert_int_eq(world.told[world.told_count - 2].kind, FACT_SETTLED);
    ck_assert_uint_eq(fake_saved("incidents"), 3);
}
END_TEST

START_TEST(several_receipts_of_one_turn_are_saved_once)
{
    fake.responders = 3;
    world_press(WORLD_GATE);
    for (size_t i = 0; i < 2; i++) {
        struct fact fact = {.kind = FACT_DELIVERED,
                            .u.delivered = {.receiver = i, .seq = 1, .confirmed = i == 0}};
        memcpy(fact.u.delivered.alarm, fake.events[0].alarm, UUID_TEXT_SIZE);
        facts_publish(world.facts, &fact);
    }
    facts_tell(world.facts);
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[1], INCIDENT_PROGRESS_UNCONFIRMED);
    ck_assert_uint_eq(world_count(FACT_PROGRESS), 2);
    ck_assert(!world_last(FACT_PROGRESS)->u.progress.first);
    ck_assert_uint_eq(fake_saved("incidents"), 3);
}
END_TEST

START_TEST(an_answer_and_what_follows_from_it_are_recorded_together)
{
    world_press(WORLD_GATE);
    world_answer(0, UPLINK_ANSWER_SEEN, world_incident(WORLD_GATE)->alarm);
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[0], INCIDENT_PROGRESS_SEEN);
    ck_assert_uint_eq(fake.answers_recorded, 1);
    ck_assert_str_eq(fake.answer_row, "incidents");
    ck_assert_uint_eq(fake_saved("incidents"), 3);
    world_answer(0, UPLINK_ANSWER_COMING, world_incident(WORLD_GATE)->alarm);
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[0], INCIDENT_PROGRESS_COMING);
    world_answer(1, UPLINK_ANSWER_REJECTED, world_incident(WORLD_GATE)->alarm);
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[1], INCIDENT_PROGRESS_SEEN);
    ck_assert_uint_eq(fake.answers_recorded, 3);
    /* Of an alarm that is not known: recorded all the same, or it would come for ever. */
    world_answer(1, UPLINK_ANSWER_SEEN, "01980000-0000-7000-8000-00000000abcd");
    ck_assert_uint_eq(fake.answers_recorded, 4);
}
END_TEST

/* What status says of receiver 0: its state, "+" if it has closed. */
static const char *status_word(void)
{
    static char word[40];
    json_t *alarms = incidents_status(world.incidents, false), *one = NULL;
    one = json_array_get(json_object_get(json_array_get(alarms, 0), "receivers"), 0);
    snprintf(word, sizeof word, "%s%s", json_string_value(json_object_get(one, "state")),
             json_is_true(json_object_get(one, "closed")) ? "+" : "");
    json_decref(alarms);
    return word;
}

/* Scripts know it as `nature` since version 0.1. */
START_TEST(status_names_the_class_of_each_alarm)
{
    world_press(WORLD_GATE);
    json_t *alarms = incidents_status(world.incidents, false), *one = json_array_get(alarms, 0);
    ck_assert_str_eq(json_string_value(json_object_get(one, "class")), "alarm");
    ck_assert_str_eq(json_string_value(json_object_get(one, "nature")), "alarm");
    json_decref(alarms);
}
END_TEST

START_TEST(of_what_people_say_the_newest_counts)
{
    static const struct {
        enum uplink_answer_state state;
        enum incident_progress progress;
        const char *word;
        bool closing;
    } steps[] = {{UPLINK_ANSWER_COMING, INCIDENT_PROGRESS_COMING, "coming", false},
                 {UPLINK_ANSWER_REJECTED, INCIDENT_PROGRESS_SEEN, "rejected", false},
                 {UPLINK_ANSWER_SEEN, INCIDENT_PROGRESS_SEEN, "seen", false},
                 {UPLINK_ANSWER_COMING, INCIDENT_PROGRESS_COMING, "coming", false},
                 {UPLINK_ANSWER_CLOSED, INCIDENT_PROGRESS_SEEN, "seen+", true},
                 {UPLINK_ANSWER_COMING, INCIDENT_PROGRESS_COMING, "coming", false},
                 {UPLINK_ANSWER_REJECTED, INCIDENT_PROGRESS_SEEN, "rejected", false}};
    fake.responders = 3; /* the other has closed nothing */
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        size_t told = world_count(FACT_PROGRESS);
        world_answer(0, steps[i].state, world_incident(WORLD_GATE)->alarm);
        const struct incident *incident = world_incident(WORLD_GATE);
        ck_assert_ptr_nonnull(incident);
        ck_assert_int_eq(incident->progress[0], steps[i].progress);
        ck_assert_int_eq(incident->closing[0], steps[i].closing);
        ck_assert_str_eq(status_word(), steps[i].word);
        ck_assert_uint_eq(world_count(FACT_PROGRESS), told + 1); /* the lamp is worked out */
    }
    /* A receipt that comes after it changes nothing of it, nor does a restart. */
    world_deliver("tocsin.alarm.raised", 0);
    ck_assert_str_eq(status_word(), "rejected");
    world_restart();
    ck_assert_str_eq(status_word(), "rejected");
    /* Somebody has looked at it: the next group is not asked. */
    fake.group_of_two = 2;
    virtual_advance(world.facts, 61000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.escalated"), 0);
}
END_TEST

START_TEST(only_when_every_responder_says_closed_it_is)
{
    world_press(WORLD_GATE);
    char alarm[UUID_TEXT_SIZE];
    memcpy(alarm, world_incident(WORLD_GATE)->alarm, sizeof alarm);
    world_answer(1, UPLINK_ANSWER_CLOSED, alarm);
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert(fake.alarm_open);
    world_answer(0, UPLINK_ANSWER_CLOSED, alarm);
    ck_assert_ptr_null(world_incident(WORLD_GATE));
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "by"), "Wang");
    ck_assert(!fake.alarm_open);
    ck_assert_int_eq(world_last(FACT_INCIDENT)->u.incident.action, INCIDENT_ACTION_CLOSED);
    ck_assert_str_eq(world_last(FACT_INCIDENT)->u.incident.by, "Wang");
}
END_TEST

START_TEST(only_the_receipt_of_a_press_says_that_it_is_there)
{
    fake.responders = 1;
    world_press(WORLD_GATE);
    struct fact fact = {.kind = FACT_DELIVERED,
                        .u.delivered = {.class = EVENT_CLASS_FOLLOWUP, .confirmed = true}};
    memcpy(fact.u.delivered.alarm, fake.events[0].alarm, UUID_TEXT_SIZE);
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_PROGRESS), 0);
    fact.u.delivered.class = EVENT_CLASS_PRESS;
    fact.u.delivered.seq = 1;
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_PROGRESS), 1);
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[0], INCIDENT_PROGRESS_DELIVERED);
}
END_TEST

START_TEST(a_cancellation_names_one_alarm_and_comes_in_time)
{
    world_press(WORLD_GATE);
    world_press(WORLD_OFFICE);
    const char *office = world_incident(WORLD_OFFICE)->alarm;
    ck_assert_uint_eq(world_cancel(office), 1);
    ck_assert(world_incident(WORLD_OFFICE)->cancelled && !world_incident(WORLD_GATE)->cancelled);
    virtual_advance(world.facts, 30001);
    ck_assert_uint_eq(world_cancel(NULL), 0);
}
END_TEST

START_TEST(a_press_after_a_cancellation_is_cancelled_by_nobody)
{
    world_press(WORLD_GATE);
    ck_assert_uint_eq(world_cancel(NULL), 1);
    world_release(WORLD_GATE);
    world_press(WORLD_GATE);
    json_t *status = incidents_status(world.incidents, false);
    ck_assert(json_is_false(json_object_get(json_array_get(status, 0), "cancelled")));
    json_decref(status);
    world_restart();
    ck_assert(!world_incident(WORLD_GATE)->cancelled);
    ck_assert_uint_eq(world_cancel(NULL), 1);
    ck_assert_uint_eq(fake_count("tocsin.alarm.cancelled"), 2);
}
END_TEST

/* The first who is asked is told as such when it has signed, not when it has answered 200. */
START_TEST(what_is_accepted_unsigned_is_received_by_nobody)
{
    fake.responders = 3;
    world_press(WORLD_GATE);
    world_accept("tocsin.alarm.raised", 1);
    const struct incident *incident = world_incident(WORLD_GATE);
    ck_assert_int_eq(incident->progress[1], INCIDENT_PROGRESS_UNCONFIRMED);
    ck_assert(!incidents_is_delivered(world.incidents, incident));
    ck_assert(!world_last(FACT_PROGRESS)->u.progress.first);
    world_deliver("tocsin.alarm.raised", 0);
    ck_assert(incidents_is_delivered(world.incidents, incident));
    ck_assert(world_last(FACT_PROGRESS)->u.progress.first);
    world_deliver("tocsin.alarm.raised", 1);
    ck_assert(!world_last(FACT_PROGRESS)->u.progress.first);
}
END_TEST

START_TEST(a_line_that_chatters_is_told_now_and_then_and_counted)
{
    for (int i = 0; i < 30; i++) {
        world_press(WORLD_GATE);
        world_release(WORLD_GATE);
        virtual_advance(world.facts, 100);
    }
    ck_assert_uint_eq(world_incident(WORLD_GATE)->presses, 30);
    ck_assert_uint_eq(world_count(FACT_FAULT), 1);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_CHATTER);
    size_t told = fake_count("tocsin.alarm.updated");
    ck_assert_uint_lt(told, 25);
    ck_assert_ptr_nonnull(
        strstr(incidents_why_no_event(world.incidents, WORLD_GATE, true), "chatters"));
    /* Each press is on the disk though it is not told. */
    ck_assert_ptr_nonnull(strstr(fake_row("incidents"), "\"presses\":30"));
    world.told_count = 0;
    virtual_advance(world.facts, 29000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), told);
    virtual_advance(world.facts, 2000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), told + 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.updated"), "cause"), "chatter");
    ck_assert(!faults_any(world.faults));
    world_stay();
    const struct fake_event *cleared = fake_last("tocsin.fault.cleared");
    ck_assert_str_eq(fake_text(cleared, "reason"), "pressed itself 30 times; now it is quiet");
}
END_TEST

START_TEST(a_chattering_line_is_told_once_a_minute_while_it_lasts)
{
    for (int i = 0; i < 30; i++) {
        world_press(WORLD_GATE);
        world_release(WORLD_GATE);
    }
    size_t told = fake_count("tocsin.alarm.updated");
    for (int second = 0; second < 61; second++) {
        world.told_count = 0;
        world_press(WORLD_GATE);
        world_release(WORLD_GATE);
        incidents_tick(world.incidents);
        virtual_advance(world.facts, 1000);
    }
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), told + 1);
}
END_TEST

START_TEST(what_nobody_sees_is_asked_of_the_next_group_once)
{
    fake.responders = 3;
    fake.group_of_two = 2;
    world_press(WORLD_GATE);
    virtual_advance(world.facts, 59000);
    incidents_tick(world.incidents);
    ck_assert_uint_eq(fake_count("tocsin.alarm.escalated"), 0);
    virtual_advance(world.facts, 1000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.escalated"), 1);
    ck_assert_uint_eq(world_incident(WORLD_GATE)->level, 2);
    ck_assert_int_eq(world_last(FACT_INCIDENT)->u.incident.action, INCIDENT_ACTION_ESCALATED);
    ck_assert_ptr_nonnull(strstr(fake_row("incidents"), "\"level\":2"));
    virtual_advance(world.facts, 120000);
    incidents_tick(world.incidents);
    ck_assert_uint_eq(fake_count("tocsin.alarm.escalated"), 1);
}
END_TEST

START_TEST(what_was_seen_is_not_escalated_and_a_drill_never)
{
    fake.responders = 3;
    fake.group_of_two = 2;
    world_press(WORLD_GATE);
    world_press(WORLD_TEST);
    world_answer(0, UPLINK_ANSWER_SEEN, world_incident(WORLD_GATE)->alarm);
    virtual_advance(world.facts, 120000);
    incidents_tick(world.incidents);
    ck_assert_uint_eq(fake_count("tocsin.alarm.escalated"), 0);
    ck_assert_uint_eq(fake_count("tocsin.test.escalated"), 0);
}
END_TEST

START_TEST(what_no_responder_has_in_time_is_told_once_and_anew_for_a_new_alarm)
{
    world_press(WORLD_GATE);
    virtual_advance(world.facts, 9000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_UNDELIVERED), 0);
    virtual_advance(world.facts, 1000);
    incidents_tick(world.incidents);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_UNDELIVERED), 1);
    ck_assert_uint_eq(world_last(FACT_UNDELIVERED)->u.incident.incident.button, WORLD_GATE);
    world_reset_all();
    world_release(WORLD_GATE);
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 1); /* the school is no responder */
    virtual_advance(world.facts, 10000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_UNDELIVERED), 2);
}
END_TEST

START_TEST(an_event_that_cannot_be_made_leaves_the_row_to_the_turns_end)
{
    fake.cannot_emit = true;
    world_press(WORLD_GATE);
    ck_assert_uint_eq(fake_saved("incidents"), 2);
    ck_assert_uint_eq(world_last(FACT_INCIDENT)->u.incident.seq, 0);
    fake.cannot_emit = false;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("incidents");
    TCase *tc = tcase_create("presses");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_press_is_one_event_with_the_row_that_follows_from_it);
    tcase_add_test(tc, a_press_is_told_with_its_event_and_as_it_was);
    tcase_add_test(tc, the_level_call_says_what_the_press_has_become);
    tcase_add_test(tc, a_held_press_counts_when_its_time_has_come_and_not_before);
    tcase_add_test(tc, a_release_restores_and_leaves_the_incident_open);
    tcase_add_test(tc, a_release_without_an_incident_is_saved_once_at_the_end_of_the_turn);
    tcase_add_test(tc, only_the_receipt_of_a_press_says_that_it_is_there);
    tcase_add_test(tc, a_cancellation_names_one_alarm_and_comes_in_time);
    tcase_add_test(tc, a_press_after_a_cancellation_is_cancelled_by_nobody);
    tcase_add_test(tc, what_is_accepted_unsigned_is_received_by_nobody);
    tcase_add_test(tc, an_event_that_cannot_be_made_leaves_the_row_to_the_turns_end);
    suite_add_tcase(suite, tc);
    tc = tcase_create("receivers");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_receipt_moves_the_incident_and_is_saved_in_the_turn_it_comes);
    tcase_add_test(tc, the_row_is_saved_before_the_turn_is_over);
    tcase_add_test(tc, several_receipts_of_one_turn_are_saved_once);
    tcase_add_test(tc, an_answer_and_what_follows_from_it_are_recorded_together);
    tcase_add_test(tc, status_names_the_class_of_each_alarm);
    tcase_add_test(tc, of_what_people_say_the_newest_counts);
    tcase_add_test(tc, only_when_every_responder_says_closed_it_is);
    suite_add_tcase(suite, tc);
    tc = tcase_create("time");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_line_that_chatters_is_told_now_and_then_and_counted);
    tcase_add_test(tc, a_chattering_line_is_told_once_a_minute_while_it_lasts);
    tcase_add_test(tc, what_nobody_sees_is_asked_of_the_next_group_once);
    tcase_add_test(tc, what_was_seen_is_not_escalated_and_a_drill_never);
    tcase_add_test(tc, what_no_responder_has_in_time_is_told_once_and_anew_for_a_new_alarm);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
