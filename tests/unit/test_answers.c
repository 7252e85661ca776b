/* SPDX-License-Identifier: Apache-2.0 */
/* What people at receivers say of an alarm counts for the presses of which they knew. */
#include <stdio.h>
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

static void press_again(void)
{
    world_release(WORLD_GATE);
    world_press(WORLD_GATE);
}

static void publish_answer(size_t receiver, enum uplink_answer_state state, uint64_t seen_seq)
{
    struct fact fact = {.kind = FACT_ANSWER,
                        .u.answer = {.receiver = receiver,
                                     .answer = {.answer_seq = 1,
                                                .seen_seq = seen_seq,
                                                .says_seen = seen_seq > 0,
                                                .state = state,
                                                .by = "Wang"}}};
    memcpy(fact.u.answer.answer.alarm, world_incident(WORLD_GATE)->alarm, UUID_TEXT_SIZE);
    facts_publish(world.facts, &fact);
}

/* `seen_seq` 0: they do not say what they had before them. */
static void answer(size_t receiver, enum uplink_answer_state state, uint64_t seen_seq)
{
    publish_answer(receiver, state, seen_seq);
    facts_tell(world.facts);
}

/* Nothing that was said is known of the alarm, whose newest press is as far as it was; but it was
 * recorded. */
static void assert_unanswered_at(enum incident_progress progress, unsigned recorded)
{
    const struct incident *incident = world_incident(WORLD_GATE);
    ck_assert_ptr_nonnull(incident);
    ck_assert_int_eq(incident->progress[0], progress);
    ck_assert(!incident->closing[0] && !incident->rejected[0]);
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), 0);
    ck_assert_uint_eq(fake.answers_recorded, recorded);
    ck_assert(fake.alarm_open);
}

static void assert_unanswered(unsigned recorded)
{
    assert_unanswered_at(INCIDENT_PROGRESS_DELIVERED, recorded);
}

static void assert_answered(enum uplink_answer_state state)
{
    const struct incident *incident = world_incident(WORLD_GATE);
    if (state == UPLINK_ANSWER_CLOSED) {
        ck_assert_ptr_null(incident);
        return;
    }
    ck_assert_int_eq(incident->progress[0], state == UPLINK_ANSWER_COMING ? INCIDENT_PROGRESS_COMING
                                                                          : INCIDENT_PROGRESS_SEEN);
    ck_assert_int_eq(incident->rejected[0], state == UPLINK_ANSWER_REJECTED);
}

static const enum uplink_answer_state states[] = {UPLINK_ANSWER_SEEN, UPLINK_ANSWER_COMING,
                                                  UPLINK_ANSWER_CLOSED, UPLINK_ANSWER_REJECTED};
#define STATES 4

START_TEST(without_a_word_of_what_they_had_seen_it_is_what_was_receipted)
{
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    press_again();
    answer(0, states[_i], 0);
    assert_unanswered_at(INCIDENT_PROGRESS_HEARD, 1);
    /* The receipt of that very press, and of a press that others have. */
    world_deliver("tocsin.alarm.updated", 1);
    publish_answer(0, states[_i], 0);
    world_publish_delivered("tocsin.alarm.updated", 0);
    facts_tell(world.facts);
    assert_unanswered(2);
    answer(0, states[_i], 0);
    assert_answered(states[_i]);
}
END_TEST

START_TEST(what_they_had_seen_is_what_they_say)
{
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    uint64_t seen_seq = fake.count;
    press_again();
    world_deliver("tocsin.alarm.updated", 0);
    answer(0, states[_i], seen_seq);
    assert_unanswered(1);
    answer(0, states[_i], fake.count);
    assert_answered(states[_i]);
}
END_TEST

/* A clip came before its alarm, say: and a number that nobody has is no number. */
START_TEST(who_had_no_press_before_him_or_one_that_does_not_exist_means_none)
{
    struct fact fact = {
        .kind = FACT_ANSWER,
        .u.answer.answer = {.answer_seq = 1, .state = states[_i], .says_seen = true}};
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    strcpy(fact.u.answer.answer.alarm, world_incident(WORLD_GATE)->alarm);
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    assert_unanswered(1);
    fact.u.answer.answer.seen_seq = fake.count + 1;
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    assert_unanswered(2);
}
END_TEST

/* The first receipt of it was lost on the way. */
START_TEST(who_says_that_he_has_seen_it_needs_no_receipt)
{
    world_press(WORLD_GATE);
    answer(0, states[_i], fake.count);
    assert_answered(states[_i]);
}
END_TEST

START_TEST(what_one_has_closed_counts_no_more_when_it_is_pressed_again)
{
    fake.responders = 3;
    world_press(WORLD_GATE);
    answer(0, UPLINK_ANSWER_CLOSED, fake.count);
    ck_assert(world_incident(WORLD_GATE)->closing[0]);
    press_again();
    ck_assert(!world_incident(WORLD_GATE)->closing[0]);
    answer(1, UPLINK_ANSWER_CLOSED, fake.count);
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    answer(0, UPLINK_ANSWER_CLOSED, fake.count);
    ck_assert_ptr_null(world_incident(WORLD_GATE));
}
END_TEST

static void chatter(void)
{
    for (int i = 0; i < CHATTER_PRESSES + 1; i++)
        press_again();
    ck_assert_uint_eq(world_incident(WORLD_GATE)->press_seq, 0);
}

START_TEST(of_presses_that_were_counted_nobody_knows_before_they_are_told)
{
    world_press(WORLD_GATE);
    chatter();
    unsigned counted = world_incident(WORLD_GATE)->presses;
    world_deliver("tocsin.alarm.raised", 0);
    world_deliver("tocsin.alarm.updated", 0);
    answer(0, UPLINK_ANSWER_CLOSED, fake.count);
    assert_unanswered(1);
    if (_i == 1) { /* nor after a restart */
        world_restart();
        ck_assert_uint_eq(world_incident(WORLD_GATE)->press_seq, 0);
    }
    size_t told = fake_count("tocsin.alarm.updated");
    virtual_advance(world.facts, 61000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), told + 1);
    ck_assert_int_eq(
        json_integer_value(json_object_get(fake_last("tocsin.alarm.updated")->data, "presses")),
        counted);
    world_deliver("tocsin.alarm.updated", 0);
    answer(0, UPLINK_ANSWER_CLOSED, 0);
    ck_assert_ptr_null(world_incident(WORLD_GATE));
}
END_TEST

START_TEST(what_is_known_survives_a_restart)
{
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    press_again();
    world_deliver("tocsin.alarm.updated", _i == 0 ? 0 : 1);
    world_restart();
    answer(0, UPLINK_ANSWER_CLOSED, 0);
    ck_assert_int_eq(world_incident(WORLD_GATE) == NULL, _i == 0);
}
END_TEST

/* A row of a version that did not know which event tells of the newest press. */
START_TEST(of_an_alarm_from_an_older_version_nobody_is_known_to_have_seen_it)
{
    char *end, *text;
    world_press(WORLD_GATE);
    text = strstr((char *)fake_row("incidents"), ",\"press_seq\":1");
    ck_assert_ptr_nonnull(text);
    end = text + strlen(",\"press_seq\":1");
    memmove(text, end, strlen(end) + 1);
    world_restart();
    virtual_advance(world.facts, 61000);
    incidents_tick(world.incidents);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), 0); /* no press is made up for it */
    answer(0, UPLINK_ANSWER_CLOSED, fake.count);
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    press_again();
    answer(0, UPLINK_ANSWER_CLOSED, fake.count);
    ck_assert_ptr_null(world_incident(WORLD_GATE));
}
END_TEST

static enum incident_progress progress(size_t receiver)
{
    return (enum incident_progress)world_incident(WORLD_GATE)->progress[receiver];
}

/* The police reject ("a pupil"), the guard presses again: grey, *seen* and no next group asked. */
START_TEST(what_was_said_before_a_further_press_is_not_said_of_it)
{
    static const enum uplink_answer_state said[] = {UPLINK_ANSWER_SEEN, UPLINK_ANSWER_COMING,
                                                    UPLINK_ANSWER_REJECTED};
    fake.responders = 3;
    fake.group_of_two = 2;
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    answer(0, said[_i], fake.count);
    virtual_advance(world.facts, 50000);
    press_again();
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_HEARD);
    ck_assert(!world_incident(WORLD_GATE)->rejected[0]);
    ck_assert(world_last(FACT_INCIDENT)->u.incident.had_seen);
    ck_assert_int_eq(world_last(FACT_INCIDENT)->u.incident.action, INCIDENT_ACTION_UPDATED);
    size_t told = world_count(FACT_PROGRESS);
    world_deliver("tocsin.alarm.raised", 0); /* once more: of the first press */
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_HEARD);
    ck_assert_uint_eq(world_count(FACT_PROGRESS), told);
    world_deliver("tocsin.alarm.updated", 0);
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_DELIVERED);
    ck_assert(world_last(FACT_PROGRESS)->u.progress.first);
    virtual_advance(world.facts, 59000);
    incidents_tick(world.incidents);
    ck_assert_uint_eq(world_incident(WORLD_GATE)->level, 1);
    virtual_advance(world.facts, 2000); /* since that press */
    incidents_tick(world.incidents);
    ck_assert_uint_eq(world_incident(WORLD_GATE)->level, 2);
}
END_TEST

/* The first receipt of the press before comes when the next one is told: it proves that alone. */
START_TEST(a_late_receipt_of_an_earlier_press_is_none_of_the_newest)
{
    world_press(WORLD_GATE);
    press_again();
    world_deliver("tocsin.alarm.raised", 0);
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_HEARD);
    ck_assert_int_eq(incident_ever(world_incident(WORLD_GATE), 0), INCIDENT_PROGRESS_DELIVERED);
    ck_assert(incidents_is_received(world.incidents, world_incident(WORLD_GATE)));
    ck_assert(!incidents_is_delivered(world.incidents, world_incident(WORLD_GATE)));
    world_restart(); /* who signed for it is not kept of such, that somebody had it is */
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_HEARD);
    ck_assert_int_eq(incident_ever(world_incident(WORLD_GATE), 0), INCIDENT_PROGRESS_UNCONFIRMED);
    world_deliver("tocsin.alarm.updated", 0);
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_DELIVERED);
}
END_TEST

/* A dialler, say, which takes first presses alone: nobody who sends help has the next one. */
START_TEST(who_is_not_told_of_a_further_press_does_not_have_it)
{
    fake.responders = 3;
    fake.alarms_only = _i == 0 ? 1 : UINT32_MAX;
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    ck_assert(incidents_is_delivered(world.incidents, world_incident(WORLD_GATE)));
    press_again();
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_HEARD);
    ck_assert(!incidents_is_delivered(world.incidents, world_incident(WORLD_GATE)));
    ck_assert(incidents_is_received(world.incidents, world_incident(WORLD_GATE)));
    world_deliver("tocsin.alarm.raised", 0); /* once more */
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_HEARD);
    virtual_advance(world.facts, 61000);
    incidents_tick(world.incidents);
    ck_assert(world_incident(WORLD_GATE)->undelivered);
    world_restart();
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_HEARD);
}
END_TEST

START_TEST(presses_that_a_line_makes_by_itself_colour_nothing_anew)
{
    world_press(WORLD_GATE);
    chatter();
    ck_assert_int_eq(progress(0), INCIDENT_PROGRESS_HEARD);
    world_deliver("tocsin.alarm.updated", 0); /* the newest that is told */
    enum incident_progress before = progress(0);
    ck_assert_int_eq(before, INCIDENT_PROGRESS_DELIVERED);
    virtual_advance(world.facts, 61000);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.updated"), "cause"), "chatter");
    ck_assert_int_eq(progress(0), before);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answers");
    TCase *tc = tcase_create("what was known");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, without_a_word_of_what_they_had_seen_it_is_what_was_receipted, 0,
                        STATES);
    tcase_add_loop_test(tc, what_they_had_seen_is_what_they_say, 0, STATES);
    tcase_add_loop_test(tc, who_had_no_press_before_him_or_one_that_does_not_exist_means_none, 0,
                        STATES);
    tcase_add_loop_test(tc, who_says_that_he_has_seen_it_needs_no_receipt, 0, STATES);
    tcase_add_test(tc, what_one_has_closed_counts_no_more_when_it_is_pressed_again);
    tcase_add_loop_test(tc, of_presses_that_were_counted_nobody_knows_before_they_are_told, 0, 2);
    tcase_add_loop_test(tc, what_is_known_survives_a_restart, 0, 2);
    tcase_add_test(tc, of_an_alarm_from_an_older_version_nobody_is_known_to_have_seen_it);
    tcase_add_loop_test(tc, what_was_said_before_a_further_press_is_not_said_of_it, 0, 3);
    tcase_add_test(tc, a_late_receipt_of_an_earlier_press_is_none_of_the_newest);
    tcase_add_loop_test(tc, who_is_not_told_of_a_further_press_does_not_have_it, 0, 2);
    tcase_add_test(tc, presses_that_a_line_makes_by_itself_colour_nothing_anew);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
