/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway that starts without its store: what is said and pressed meanwhile joins what was open
 * before, and nothing of either is lost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apart_world.h"
#include "run_suite.h"

static const enum world_input buttons[BUTTONS] = {WORLD_GATE, WORLD_OFFICE};

/* 0: they do not say what they had before them. */
static void say(size_t receiver, enum uplink_answer_state state, const char *alarm,
                int64_t answer_seq, uint64_t seen_seq)
{
    struct fact fact = {.kind = FACT_ANSWER,
                        .u.answer = {.receiver = receiver,
                                     .answer = {.answer_seq = answer_seq,
                                                .seen_seq = seen_seq,
                                                .says_seen = seen_seq > 0,
                                                .state = state,
                                                .by = "Zhang"}}};
    memcpy(fact.u.answer.answer.alarm, alarm, UUID_TEXT_SIZE);
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
}

START_TEST(what_people_say_of_an_alarm_that_the_store_has_waits_for_it_and_is_done_then)
{
    static const enum incident_progress expected[] = {
        [UPLINK_ANSWER_SEEN] = INCIDENT_PROGRESS_SEEN,
        [UPLINK_ANSWER_COMING] = INCIDENT_PROGRESS_COMING,
        [UPLINK_ANSWER_CLOSED] = INCIDENT_PROGRESS_SEEN,
        [UPLINK_ANSWER_REJECTED] = INCIDENT_PROGRESS_SEEN};
    enum uplink_answer_state state = (enum uplink_answer_state)_i;
    say(0, state, before[0], 5, 0);
    ck_assert_uint_eq(fake.answers_recorded, 0);
    read_store();
    ck_assert_uint_eq(fake.answers_recorded, 1);
    ck_assert_int_eq(fake.answer.answer_seq, 5);
    const struct incident *incident = world_incident(WORLD_GATE);
    ck_assert_int_eq(incident->progress[0], expected[state]);
    ck_assert_int_eq(incident->closing[0], state == UPLINK_ANSWER_CLOSED);
    ck_assert_int_eq(incident->rejected[0], state == UPLINK_ANSWER_REJECTED);
    /* It outlives the next start. */
    world_restart();
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[0], expected[state]);
}
END_TEST

START_TEST(what_all_have_closed_meanwhile_is_closed)
{
    say(0, UPLINK_ANSWER_CLOSED, before[1], 1, 0);
    say(1, UPLINK_ANSWER_CLOSED, before[1], 1, 0);
    read_store();
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), 1);
    ck_assert_str_eq(fake_last("tocsin.alarm.closed")->alarm, before[1]);
    ck_assert_ptr_null(world_incident(WORLD_OFFICE));
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert_uint_eq(fake.answers_recorded, 2);
}
END_TEST

/* A heartbeat confirms by the highest number. */
START_TEST(what_is_said_of_a_known_alarm_counts_at_once_and_is_confirmed_behind_what_waits)
{
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 3000);
    virtual_turn(world.facts, NULL);
    const struct incident *known = world_incident(WORLD_HELD);
    ck_assert_ptr_nonnull(known);
    say(0, UPLINK_ANSWER_SEEN, known->alarm, 4, fake.count);
    ck_assert_uint_eq(fake.answers_recorded, 1);
    say(0, UPLINK_ANSWER_COMING, before[0], 5, 0);
    world_deliver("tocsin.alarm.raised", 0);
    say(0, UPLINK_ANSWER_CLOSED, known->alarm, 6, 0);
    ck_assert(known->closing[0]);
    ck_assert_uint_eq(fake.answers_recorded, 1);
    say(1, UPLINK_ANSWER_SEEN, known->alarm, 6, fake.count); /* another one's numbers */
    ck_assert_uint_eq(fake.answers_recorded, 2);
    /* Nothing is carried out twice: what was pressed since is not what they meant. */
    world_release(WORLD_HELD);
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 3000);
    virtual_turn(world.facts, NULL);
    world_deliver_all(0);
    read_store();
    for (int i = 0; i < 3; i++)
        virtual_turn(world.facts, NULL);
    ck_assert(!known->closing[0]);
    ck_assert_uint_eq(fake.answers_recorded, 4);
    ck_assert_int_eq(fake.answer.answer_seq, 6);
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[0], INCIDENT_PROGRESS_COMING);
}
END_TEST

START_TEST(what_the_store_has_of_an_answer_is_not_done_again)
{
    store.answer_seq[0] = 5;
    say(0, UPLINK_ANSWER_COMING, before[0], 5, 0);
    say(0, UPLINK_ANSWER_COMING, before[1], 6, 0);
    read_store();
    virtual_turn(world.facts, NULL);
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[0], INCIDENT_PROGRESS_DELIVERED);
    ck_assert_int_eq(world_incident(WORLD_OFFICE)->progress[0], INCIDENT_PROGRESS_COMING);
    ck_assert_uint_eq(fake.answers_recorded, 2);
}
END_TEST

/* Of what two runs did not know of each other it has two pieces; only one has the answers. */
START_TEST(nor_when_an_earlier_run_did_not_know_the_store_either)
{
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 3000);
    virtual_turn(world.facts, NULL);
    struct outbox_found both = fake_found();
    start_apart();
    say(0, UPLINK_ANSWER_COMING, before[0], 5, 0);
    say(0, UPLINK_ANSWER_COMING, before[1], 6, 0);
    both.answer_seq[0] = 5;
    both.earlier = &store;
    incidents_catch_up(world.incidents, &both);
    both.earlier = NULL;
    outbox_found_finish(&both);
    ck_assert(!incidents_known(world.incidents));
    read_store();
    virtual_turn(world.facts, NULL);
    ck_assert_int_eq(world_incident(WORLD_GATE)->progress[0], INCIDENT_PROGRESS_DELIVERED);
    ck_assert_int_eq(world_incident(WORLD_OFFICE)->progress[0], INCIDENT_PROGRESS_COMING);
    ck_assert_uint_eq(fake.answers_recorded, 2);
}
END_TEST

/* Neither here nor in the store: or it would come for ever. */
START_TEST(an_answer_to_what_nobody_has_is_recorded_when_that_is_known)
{
    static const char unknown[UUID_TEXT_SIZE] = "01980000-0000-7000-8000-00000000abcd";
    say(0, UPLINK_ANSWER_CLOSED, unknown, 5, 0);
    ck_assert_uint_eq(fake.answers_recorded, 0);
    read_store();
    ck_assert_uint_eq(fake.answers_recorded, 1);
    say(0, UPLINK_ANSWER_CLOSED, unknown, 6, 0);
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake.answers_recorded, 2);
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), 0);
}
END_TEST

static void ask_for_reset(const char *alarm)
{
    struct fact fact = {
        .kind = FACT_COMMAND,
        .u.command = {.ticket = 7, .command = {.kind = UPLINK_COMMAND_RESET, .by = "centre"}}};
    snprintf(fact.u.command.command.alarm, UUID_TEXT_SIZE, "%s", alarm);
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    fake_keep(true);
}

START_TEST(a_platform_is_not_told_that_all_is_closed_while_nobody_knows_what_was_open)
{
    fake.responders = 1;
    ask_for_reset(before[0]);
    ck_assert(!fake.reply.reply.done);
    ck_assert_ptr_nonnull(strstr(fake.reply.reply.reason, "say it again"));
    world_press(WORLD_GATE);
    world_deliver_all(0);
    ask_for_reset("");
    ck_assert_ptr_null(world_incident(WORLD_GATE));
    ck_assert(!fake.reply.reply.done);
    ck_assert_ptr_nonnull(strstr(fake.reply.reply.reason, "1 of those known is closed"));
    /* One by its name is that one. */
    world_release(WORLD_GATE);
    world_press(WORLD_GATE);
    world_deliver_all(0);
    ask_for_reset(world_incident(WORLD_GATE)->alarm);
    ck_assert(fake.reply.reply.done);
    read_store();
    world_deliver_all(0);
    ask_for_reset(before[0]);
    ck_assert(fake.reply.reply.done);
}
END_TEST

START_TEST(an_alarm_whose_button_was_pressed_again_meanwhile_is_closed_and_says_why)
{
    char later[UUID_TEXT_SIZE];
    world_press(WORLD_GATE);
    memcpy(later, world_incident(WORLD_GATE)->alarm, sizeof later);
    ck_assert_str_ne(later, before[0]);
    read_store();
    ck_assert(!world_last(FACT_FAULT)->u.fault.broken); /* nothing is left to find out */
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), 1);
    const struct fake_event *closed = fake_last("tocsin.alarm.closed");
    ck_assert_str_eq(closed->alarm, before[0]);
    ck_assert_str_eq(fake_text(closed, "alarm"), before[0]);
    ck_assert_str_eq(fake_text(closed, "by"), "the gateway");
    ck_assert_ptr_nonnull(strstr(fake_text(closed, "note"), later));
    ck_assert_str_eq(world_incident(WORLD_GATE)->alarm, later);
    ck_assert_str_eq(world_incident(WORLD_OFFICE)->alarm, before[1]);
    ck_assert(fake.alarm_open);
    /* A kill right behind that event finds again what is still to be done. */
    ck_assert(says_apart(closed->row_text));
    ck_assert(!says_apart(fake_row("incidents")));
    for (int i = 0; i < 2; i++) { /* nor after a restart */
        ck_assert_ptr_null(strstr(fake_row("incidents"), before[0]));
        ck_assert(incidents_known(world.incidents));
        ck_assert_str_eq(world_incident(WORLD_GATE)->alarm, later);
        ck_assert_str_eq(world_incident(WORLD_OFFICE)->alarm, before[1]);
        world_restart();
    }
}
END_TEST

/* At a start that reads both: what the store had, and what came while nobody could read it. */
START_TEST(after_a_kill_meanwhile_it_is_closed_as_well)
{
    char later[BUTTONS][UUID_TEXT_SIZE];
    for (int i = 0; i < BUTTONS; i++) {
        world_press(buttons[i]);
        memcpy(later[i], world_incident(buttons[i])->alarm, UUID_TEXT_SIZE);
    }
    ck_assert(says_apart(fake_row("incidents")));
    fake.earlier = &store;
    world_restart();
    fake.earlier = NULL;
    read_store();
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), BUTTONS);
    for (int i = 0; i < BUTTONS; i++)
        ck_assert_str_eq(world_incident(buttons[i])->alarm, later[i]);
    ck_assert(!incidents_settle(world.incidents, "Wang", NULL));
}
END_TEST

/* A second start without it, after the first had written what it knew: the store has both rows. */
START_TEST(what_two_runs_did_not_know_of_each_other_is_all_there)
{
    char later[UUID_TEXT_SIZE];
    world_press(WORLD_GATE);
    memcpy(later, world_incident(WORLD_GATE)->alarm, sizeof later);
    struct outbox_found both = fake_found();
    start_apart();
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 3000);
    virtual_turn(world.facts, NULL);
    say(0, UPLINK_ANSWER_COMING, before[1], 5, 0);
    both.earlier = &store;
    incidents_catch_up(world.incidents, &both);
    both.earlier = NULL;
    outbox_found_finish(&both);
    ck_assert(!incidents_known(world.incidents));
    ck_assert(says_apart(fake_row("incidents"))); /* for a kill that comes now */
    read_store();
    ck_assert_str_eq(world_incident(WORLD_GATE)->alarm, later);
    ck_assert_str_eq(world_incident(WORLD_OFFICE)->alarm, before[1]);
    ck_assert_int_eq(world_incident(WORLD_OFFICE)->progress[0], INCIDENT_PROGRESS_COMING);
    ck_assert_ptr_nonnull(world_incident(WORLD_HELD));
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), 1);
    ck_assert_str_eq(fake_last("tocsin.alarm.closed")->alarm, before[0]);
}
END_TEST

/* Both were taken over once, and a kill came before what was set aside could go. */
START_TEST(what_was_taken_over_before_is_not_taken_once_more)
{
    read_store();
    world_reset_all();
    virtual_turn(world.facts, NULL);
    struct outbox_found after = fake_found();
    ck_assert(!says_apart(fake_row("incidents")));
    start_apart();
    after.earlier = &store;
    incidents_catch_up(world.incidents, &after);
    after.earlier = NULL;
    outbox_found_finish(&after);
    incidents_catch_up(world.incidents, &store);
    ck_assert(incidents_known(world.incidents));
    ck_assert_ptr_null(incidents_next_open(world.incidents, NULL));
}
END_TEST

START_TEST(one_whose_end_cannot_be_told_is_no_secret)
{
    world_press(WORLD_GATE);
    fake.cannot_emit = true;
    incidents_catch_up(world.incidents, &store);
    facts_tell(world.facts);
    ck_assert(!incidents_known(world.incidents));
    ck_assert_ptr_nonnull(strstr(fake_row("incidents-doubt"), before[0]));
    ck_assert_str_eq(world_incident(WORLD_OFFICE)->alarm, before[1]);
}
END_TEST

/* Whose slot is free again is open: only its receivers have closed nothing. */
START_TEST(one_whose_later_alarm_was_closed_meanwhile_is_open_again)
{
    world_press(WORLD_GATE);
    world_release(WORLD_GATE);
    world_reset_all();
    size_t closed = fake_count("tocsin.alarm.closed");
    read_store();
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), closed);
    ck_assert_str_eq(world_incident(WORLD_GATE)->alarm, before[0]);
}
END_TEST

/* Two starts without the store: the first has joined it, and was killed before the journal was
 * emptied; the second goes on with what that says. */
static void start_with_what_is_joined(const char *closed)
{
    world_press(WORLD_HELD);
    virtual_advance(world.facts, 3000);
    virtual_turn(world.facts, NULL);
    char *apart = strdup(fake_row("incidents")), alarm[UUID_TEXT_SIZE];
    ck_assert(says_apart(apart));
    memcpy(alarm, world_incident(WORLD_HELD)->alarm, sizeof alarm);
    read_store();
    outbox_found_finish(&store);
    store = fake_found();
    ck_assert_ptr_nonnull(strstr(outbox_found_text(&store, "incidents"), alarm));
    if (closed)
        snprintf(strstr(apart, "\"incidents\""), 20, "\"incidents\":[]}");
    events_save_row(NULL, &(struct outbox_row){"incidents", apart});
    free(apart);
    fake.restored_alarm = closed ? alarm : NULL;
    fake.restored_row = closed;
    fake.earlier = &store;
    world_restart();
    fake.restored_alarm = NULL;
    fake.earlier = NULL;
}

START_TEST(what_the_store_has_of_an_alarm_that_is_known_without_it_is_older)
{
    start_with_what_is_joined(_i == 2 ? "incidents" : _i == 3 ? "clips" : NULL);
    ck_assert(_i > 1 || world_incident(WORLD_HELD));
    if (_i == 1) {
        world_release(WORLD_HELD);
        world_reset_all();
    }
    read_store(); /* and all is known */
    ck_assert_int_eq(world_incident(WORLD_HELD) != NULL, _i == 0 || _i == 3);
    ck_assert_str_eq(world_incident(WORLD_GATE)->alarm, before[0]);
    ck_assert_str_eq(world_incident(WORLD_OFFICE)->alarm, before[1]);
}
END_TEST

/* It was pressed at the kill. What the store has of it is read once its level is told, or before,
 * or by the start after that. */
static void hold_over_a_start(void)
{
    world_restart(); /* knows what is stored */
    world_press(WORLD_GATE);
    ck_assert(world_incident(WORLD_GATE)->held);
    outbox_found_finish(&store);
    store = fake_found();
    start_apart();
}

static void tell_at_rest(void)
{
    incidents_level(world.incidents, WORLD_GATE, false, INPUT_CAUSE_START, virtual_ns());
    facts_tell(world.facts);
}

static void check_restored(void)
{
    const struct fake_event *restored = fake_last("tocsin.alarm.restored");
    ck_assert_str_eq(restored->alarm, before[0]);
    ck_assert(!world_incident(WORLD_GATE)->held);
    ck_assert_ptr_nonnull(strstr(restored->row_text, before[1]));
    ck_assert(!says_apart(restored->row_text));
}

START_TEST(a_button_that_was_held_is_restored_whenever_it_is_known_to_be_at_rest)
{
    hold_over_a_start();
    size_t count = fake_count("tocsin.alarm.restored");
    if (_i != 1)
        tell_at_rest();
    if (_i == 2) {
        world_press(WORLD_HELD);
        virtual_advance(world.facts, 3000);
        fake.earlier = &store;
        world_restart();
        fake.earlier = NULL;
    }
    read_store();
    if (_i == 1) {
        ck_assert(world_incident(WORLD_GATE)->held); /* perhaps it is */
        ck_assert_uint_eq(fake_count("tocsin.alarm.restored"), count);
        tell_at_rest();
    }
    check_restored();
    tell_at_rest();
    ck_assert_uint_eq(fake_count("tocsin.alarm.restored"), count + 1);
}
END_TEST

/* The input's chip is away: what such a run writes says nothing of it. */
START_TEST(a_button_that_is_held_is_pressed_once_whoever_did_not_read_it_meanwhile)
{
    hold_over_a_start();
    for (int i = 0; i < 2; i++) { /* a run without the store; and one that goes on from its row */
        world_press(WORLD_HELD);
        virtual_advance(world.facts, 3000);
        virtual_turn(world.facts, NULL);
        world_release(WORLD_HELD);
        ck_assert(says_apart(fake_row("incidents")));
        fake.earlier = &store;
        world_restart();
        fake.earlier = NULL;
    }
    size_t raised = fake_count("tocsin.alarm.raised"), updated = fake_count("tocsin.alarm.updated"),
           restored = fake_count("tocsin.alarm.restored");
    read_store();
    ck_assert_uint_eq(fake_count("tocsin.alarm.restored"), restored);
    incidents_level(world.incidents, WORLD_GATE, true, INPUT_CAUSE_START, virtual_ns());
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), raised);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), updated);
    ck_assert_str_eq(world_incident(WORLD_GATE)->alarm, before[0]);
    tell_at_rest();
    check_restored();
}
END_TEST

/* But one that such a run has seen at rest was released, and is pressed anew. */
START_TEST(a_button_that_was_seen_at_rest_meanwhile_is_pressed_anew)
{
    hold_over_a_start();
    tell_at_rest();
    for (int i = 0; i < 2; i++) {
        world_press(WORLD_HELD);
        virtual_advance(world.facts, 3000);
        virtual_turn(world.facts, NULL);
        world_release(WORLD_HELD);
        fake.earlier = &store;
        world_restart();
        fake.earlier = NULL;
    }
    read_store();
    check_restored();
    unsigned presses = world_incident(WORLD_GATE)->presses;
    incidents_level(world.incidents, WORLD_GATE, true, INPUT_CAUSE_START, virtual_ns());
    facts_tell(world.facts);
    ck_assert_uint_eq(world_incident(WORLD_GATE)->presses, presses + 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("incidents_apart");
    TCase *tc = tcase_create("apart");
    tcase_add_checked_fixture(tc, apart_begin, apart_end);
    tcase_add_loop_test(
        tc, what_people_say_of_an_alarm_that_the_store_has_waits_for_it_and_is_done_then, 0,
        UPLINK_ANSWER_REJECTED + 1);
    tcase_add_test(tc, what_all_have_closed_meanwhile_is_closed);
    tcase_add_test(tc,
                   what_is_said_of_a_known_alarm_counts_at_once_and_is_confirmed_behind_what_waits);
    tcase_add_test(tc, what_the_store_has_of_an_answer_is_not_done_again);
    tcase_add_test(tc, nor_when_an_earlier_run_did_not_know_the_store_either);
    tcase_add_test(tc, an_answer_to_what_nobody_has_is_recorded_when_that_is_known);
    tcase_add_test(tc, a_platform_is_not_told_that_all_is_closed_while_nobody_knows_what_was_open);
    tcase_add_test(tc, an_alarm_whose_button_was_pressed_again_meanwhile_is_closed_and_says_why);
    tcase_add_test(tc, after_a_kill_meanwhile_it_is_closed_as_well);
    tcase_add_test(tc, what_two_runs_did_not_know_of_each_other_is_all_there);
    tcase_add_test(tc, what_was_taken_over_before_is_not_taken_once_more);
    tcase_add_test(tc, one_whose_end_cannot_be_told_is_no_secret);
    tcase_add_test(tc, one_whose_later_alarm_was_closed_meanwhile_is_open_again);
    tcase_add_loop_test(tc, what_the_store_has_of_an_alarm_that_is_known_without_it_is_older, 0, 4);
    tcase_add_loop_test(tc, a_button_that_was_held_is_restored_whenever_it_is_known_to_be_at_rest,
                        0, 3);
    tcase_add_test(tc, a_button_that_is_held_is_pressed_once_whoever_did_not_read_it_meanwhile);
    tcase_add_test(tc, a_button_that_was_seen_at_rest_meanwhile_is_pressed_anew);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
