/* SPDX-License-Identifier: Apache-2.0 */
/* What concerns many incidents at once: one event a turn, a press in between, and an answer when
 * the disk has the last of it. */
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

static const enum world_input buttons[] = {WORLD_GATE, WORLD_OFFICE};

static void press_both(void)
{
    for (size_t i = 0; i < 2; i++)
        world_press(buttons[i]);
}

static void ask_for_reset(const char *alarm)
{
    struct fact fact = {
        .kind = FACT_COMMAND,
        .u.command = {
            .receiver = 0,
            .ticket = 7,
            .command = {.kind = UPLINK_COMMAND_RESET, .by = "centre", .note = "dealt with"}}};
    snprintf(fact.u.command.command.alarm, UUID_TEXT_SIZE, "%s", alarm);
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
}

/* A platform that has all events asks for a reset; of that alarm, or of all. */
static void command(const char *alarm)
{
    world_deliver_all(0);
    ask_for_reset(alarm);
}

START_TEST(a_platform_closes_one_a_turn_and_is_answered_when_the_last_is_on_the_disk)
{
    press_both();
    command("");
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), 1);
    ck_assert_uint_eq(fake.kept_count, 0); /* nobody waits for half of it */
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), 2);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "by"), "centre");
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "note"), "dealt with");
    ck_assert_uint_eq(fake.replies, 0);
    fake_keep(true);
    ck_assert_uint_eq(fake.replies, 1);
    ck_assert_uint_eq(fake.reply.ticket, 7);
    ck_assert(fake.reply.reply.done && !fake.reply.reply.in_memory);
}
END_TEST

START_TEST(a_platform_is_told_that_the_disk_has_not_got_it)
{
    world_press(WORLD_GATE);
    fake.too_many_wait = _i == 1;
    command(world_incident(WORLD_GATE)->alarm);
    fake_keep(false);
    ck_assert_uint_eq(fake.replies, 1);
    ck_assert(fake.reply.reply.done && fake.reply.reply.in_memory);
    /* Of what was not there nothing is in memory. */
    command("");
    fake_keep(false);
    ck_assert(!fake.reply.reply.done && !fake.reply.reply.in_memory);
    ck_assert_str_eq(fake.reply.reply.reason, "no such alarm is open");
}
END_TEST

START_TEST(what_is_pressed_again_meanwhile_stays_open_and_is_not_called_done)
{
    press_both();
    world_release(WORLD_OFFICE);
    command("");
    virtual_stall(1);
    world_press(WORLD_OFFICE);
    virtual_turn(world.facts, NULL);
    fake_keep(true);
    ck_assert_ptr_null(world_incident(WORLD_GATE));
    ck_assert_ptr_nonnull(world_incident(WORLD_OFFICE));
    ck_assert(!fake.reply.reply.done);
    ck_assert_str_eq(fake.reply.reply.reason,
                     "1 of them stay open: their last press was not known when it was said");
}
END_TEST

START_TEST(a_platform_closes_nothing_of_which_it_has_not_the_last_press)
{
    press_both();
    world_deliver_all(0);
    world_release(WORLD_GATE);
    world_press(WORLD_GATE);
    ask_for_reset(_i == 0 ? "" : world_incident(WORLD_GATE)->alarm);
    fake_keep(true);
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert_int_eq(world_incident(WORLD_OFFICE) == NULL, _i == 0);
    ck_assert(!fake.reply.reply.done);
    ck_assert_str_eq(fake.reply.reply.reason,
                     "1 of them stay open: their last press was not known when it was said");
}
END_TEST

START_TEST(an_alarm_that_a_platform_has_not_yet_is_none_of_all)
{
    world_press(WORLD_GATE);
    world_deliver_all(0);
    world_press(WORLD_OFFICE);
    ask_for_reset("");
    fake_keep(true);
    ck_assert_ptr_null(world_incident(WORLD_GATE));
    ck_assert_ptr_nonnull(world_incident(WORLD_OFFICE));
    ck_assert(fake.reply.reply.done);
    ask_for_reset(world_incident(WORLD_OFFICE)->alarm);
    fake_keep(true);
    ck_assert_ptr_nonnull(world_incident(WORLD_OFFICE));
    ck_assert(!fake.reply.reply.done && strstr(fake.reply.reply.reason, "1 of them stay open"));
}
END_TEST

/* That is no event for each: nothing has to wait for another turn. */
START_TEST(what_others_must_close_as_well_is_remembered_in_one_turn_and_saved_once)
{
    fake.responders = 3;
    press_both();
    world_deliver_all(0);
    unsigned saved = fake_saved("incidents");
    ask_for_reset("");
    ck_assert_uint_eq(fake_saved("incidents"), saved + 1);
    ck_assert(world_incident(WORLD_GATE)->closing[0] && world_incident(WORLD_OFFICE)->closing[0]);
    ck_assert_uint_eq(fake.kept_count, 1);
    fake_keep(true);
    ck_assert(fake.reply.reply.done);
}
END_TEST

START_TEST(after_the_close_no_platform_is_answered)
{
    press_both();
    command("");
    if (_i == 0) /* in the midst of it; else waiting for the disk */
        virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake.kept_count, _i == 0);
    incidents_close(world.incidents);
    ck_assert_uint_eq(fake.kept_count, 0);
    ck_assert_uint_eq(fake.replies, 0);
}
END_TEST

static void press_duress(void)
{
    incidents_level(world.incidents, WORLD_DURESS, true, INPUT_CAUSE_EDGE, virtual_ns());
}

/* What is ordered of many, and the event that each of them becomes. */
static void order_reset(void)
{
    world_reset_all();
}

static void order_cancel(void)
{
    incidents_cancel(world.incidents, &(struct incidents_order){
                                          .by = "Li", .note = "mistake", .at_ns = virtual_ns()});
}

static void order_by_platform(void)
{
    command("");
}

/* The police have closed both, and one receipt says so. */
static void close_both_there(void)
{
    struct fact fact = {.kind = FACT_ANSWER,
                        .u.answer.answer = {.seen_seq = fake.count,
                                            .says_seen = true,
                                            .state = UPLINK_ANSWER_CLOSED,
                                            .by = "Wang"}};
    for (size_t i = 0; i < 2; i++) {
        fact.u.answer.answer.answer_seq++;
        memcpy(fact.u.answer.answer.alarm, world_incident(buttons[i])->alarm, UUID_TEXT_SIZE);
        facts_publish(world.facts, &fact);
    }
    facts_tell(world.facts);
}

static void wait_until_nobody_has_seen_it(void)
{
    fake.responders = 3;
    fake.group_of_two = 2;
    virtual_stall(61000);
    incidents_tick(world.incidents);
}

static const struct {
    void (*order)(void);
    const char *event;
} many[] = {
    {order_reset, "tocsin.alarm.closed"},
    {order_cancel, "tocsin.alarm.cancelled"},
    {order_by_platform, "tocsin.alarm.closed"},
    {wait_until_nobody_has_seen_it, "tocsin.alarm.escalated"},
    {close_both_there, "tocsin.alarm.closed"},
};
#define MANY_COUNT 5

START_TEST(a_press_comes_between_two_of_many)
{
    press_both();
    many[_i].order();
    ck_assert_uint_eq(fake_count(many[_i].event), 1);
    size_t before = fake.count;
    virtual_turn(world.facts, press_duress);
    ck_assert_str_eq(fake.events[before].type, "tocsin.alarm.raised");
    ck_assert_uint_eq(fake_count(many[_i].event), 2);
    ck_assert_ptr_nonnull(world_incident(WORLD_DURESS));
    before = fake.count;
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake.count, before);
}
END_TEST

START_TEST(an_answer_is_recorded_in_its_turn_and_means_no_later_alarm)
{
    press_both();
    close_both_there();
    ck_assert_uint_eq(fake.answers_recorded, 1);
    ck_assert_int_eq(fake.answer.answer_seq, 1);
    incidents_reset(world.incidents, world_incident(WORLD_OFFICE), "Li", NULL);
    world_release(WORLD_OFFICE);
    world_press(WORLD_OFFICE);
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake.answers_recorded, 2);
    ck_assert_int_eq(fake.answer.answer_seq, 2);
    ck_assert_ptr_nonnull(world_incident(WORLD_OFFICE));
    ck_assert(!world_incident(WORLD_OFFICE)->closing[0]);
}
END_TEST

START_TEST(a_press_before_its_turn_is_not_closed_by_what_was_said_before_it)
{
    press_both();
    world_release(WORLD_OFFICE);
    close_both_there();
    world_press(WORLD_OFFICE); /* in the same moment: no clock tells them apart */
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), 1);
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake.answers_recorded, 2);
    ck_assert_ptr_nonnull(world_incident(WORLD_OFFICE));
    ck_assert(!world_incident(WORLD_OFFICE)->closing[0]);
}
END_TEST

/* What they say later is confirmed later, whatever it is; others do not wait for them to be heard.
 */
START_TEST(what_people_say_is_recorded_in_the_order_in_which_they_said_it)
{
    press_both();
    const struct incident *office = world_incident(WORLD_OFFICE);
    close_both_there();
    struct fact fact = {.kind = FACT_ANSWER,
                        .u.answer = {.receiver = (size_t)_i,
                                     .answer = {.answer_seq = 3,
                                                .seen_seq = fake.count,
                                                .says_seen = true,
                                                .state = UPLINK_ANSWER_SEEN}}};
    memcpy(fact.u.answer.answer.alarm, office->alarm, UUID_TEXT_SIZE);
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake.answers_recorded, 1);
    ck_assert_int_eq(office->progress[1],
                     _i == 0 ? INCIDENT_PROGRESS_HEARD : INCIDENT_PROGRESS_SEEN);
    for (int seq = 2; seq <= 3; seq++) {
        virtual_turn(world.facts, NULL);
        ck_assert_uint_eq(fake.answers_recorded, seq);
        ck_assert_int_eq(fake.answer.answer_seq, seq);
    }
}
END_TEST

/* One receipt may bring many: each record holds the row of all that are open. */
START_TEST(answers_that_close_nothing_are_recorded_one_a_turn_and_a_press_comes_in_between)
{
    static const enum uplink_answer_state states[] = {UPLINK_ANSWER_SEEN, UPLINK_ANSWER_COMING,
                                                      UPLINK_ANSWER_REJECTED, UPLINK_ANSWER_CLOSED};
    struct fact fact = {.kind = FACT_ANSWER,
                        .u.answer.answer = {.state = states[_i / 2], .by = "Wang"}};
    fake.responders = 3; /* the other closes nothing */
    press_both();
    fact.u.answer.answer.says_seen = true;
    fact.u.answer.answer.seen_seq = _i % 2 == 0 ? fake.count : 1; /* 1: means none of them */
    memcpy(fact.u.answer.answer.alarm, world_incident(WORLD_OFFICE)->alarm, UUID_TEXT_SIZE);
    for (int seq = 1; seq <= 20; seq++) {
        fact.u.answer.answer.answer_seq = seq;
        facts_publish(world.facts, &fact);
    }
    facts_tell(world.facts);
    ck_assert_uint_eq(fake.answers_recorded, 1);
    virtual_turn(world.facts, press_duress);
    ck_assert_ptr_nonnull(world_incident(WORLD_DURESS));
    for (int seq = 2; seq <= 20; seq++) {
        ck_assert_uint_eq(fake.answers_recorded, seq);
        ck_assert_int_eq(fake.answer.answer_seq, seq);
        virtual_turn(world.facts, NULL);
    }
    ck_assert_uint_eq(fake.answers_recorded, 20);
}
END_TEST

START_TEST(counts_of_lines_that_chatter_are_told_one_a_turn)
{
    for (int i = 0; i < 30; i++) {
        press_both();
        world_release(WORLD_GATE);
        world_release(WORLD_OFFICE);
    }
    size_t told = fake_count("tocsin.alarm.updated");
    virtual_stall(61000);
    virtual_turn(world.facts, NULL);
    incidents_tick(world.incidents);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), told + 1);
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake_count("tocsin.alarm.updated"), told + 2);
}
END_TEST

/* Somebody sees the second before its turn comes. */
START_TEST(what_is_seen_meanwhile_is_not_asked_of_the_next_group)
{
    press_both();
    wait_until_nobody_has_seen_it();
    const char *office = world_incident(WORLD_OFFICE)->alarm;
    world_answer(0, UPLINK_ANSWER_SEEN, office);
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake_count("tocsin.alarm.escalated"), 1);
    ck_assert_uint_eq(world_incident(WORLD_OFFICE)->level, 1);
}
END_TEST

static void run_drill(void)
{
    struct err e;
    struct incidents_exercise drill = {.class = INCIDENT_CLASS_DRILL,
                                       .buttons = 1u << WORLD_GATE | 1u << WORLD_OFFICE,
                                       .length_ms = 600000,
                                       .by = "Li"};
    ck_assert_int_eq(incidents_begin_exercise(world.incidents, &drill, &e), 0);
    facts_tell(world.facts);
    world_deliver("tocsin.drill.started", 0);
    press_both();
    world_release(WORLD_GATE);
    world_release(WORLD_OFFICE);
}

START_TEST(an_exercise_from_before_a_restart_ends_one_a_turn_and_once)
{
    run_drill();
    world_restart();
    incidents_end_old_exercise(world.incidents);
    ck_assert_uint_eq(fake_count("tocsin.drill.closed"), 1);
    ck_assert_uint_eq(fake_count("tocsin.drill.ended"), 0);
    incidents_tick(world.incidents); /* it is no announcement that nobody receipts */
    ck_assert_uint_eq(fake_count("tocsin.drill.ended"), 0);
    if (_i == 1)
        ck_assert(incidents_end_exercise(world.incidents, INCIDENT_CLASS_DRILL, "Li"));
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake_count("tocsin.drill.closed"), 2);
    ck_assert_uint_eq(fake_count("tocsin.drill.ended"), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.ended"), "why"),
                     _i == 0 ? "the gateway was restarted" : "Li");
    ck_assert_ptr_null(incidents_exercise_status(world.incidents));
}
END_TEST

static unsigned done_count;
static struct incidents_outcome outcome;

static void on_done(void *arg, const struct incidents_outcome *told)
{
    (void)arg;
    done_count++;
    outcome = *told;
}

START_TEST(orders_are_carried_out_one_after_the_other_and_each_is_told)
{
    struct incidents_order order = {
        .by = "Li", .note = "mistake", .at_ns = virtual_ns(), .done = on_done};
    press_both();
    incidents_cancel(world.incidents, &order);
    incidents_reset_all(world.incidents, &order);
    ck_assert_uint_eq(done_count, 0);
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(done_count, 1);
    ck_assert_uint_eq(outcome.changed, 2);
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed"), 0);
    virtual_turn(world.facts, NULL);
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(done_count, 2);
    ck_assert_uint_eq(outcome.changed, 2);
    /* Nothing is left: told at once. */
    incidents_reset_all(world.incidents, &order);
    ck_assert_uint_eq(done_count, 3);
    ck_assert_uint_eq(outcome.changed, 0);
}
END_TEST

START_TEST(what_is_raised_after_an_order_was_given_is_not_meant)
{
    press_both();
    world_reset_all();
    virtual_stall(1);
    world_press(WORLD_TEST);
    virtual_turn(world.facts, NULL);
    virtual_turn(world.facts, NULL);
    ck_assert_ptr_null(world_incident(WORLD_OFFICE));
    ck_assert_ptr_nonnull(world_incident(WORLD_TEST));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sweeps");
    TCase *tc = tcase_create("platforms");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_platform_closes_one_a_turn_and_is_answered_when_the_last_is_on_the_disk);
    tcase_add_loop_test(tc, a_platform_is_told_that_the_disk_has_not_got_it, 0, 2);
    tcase_add_test(tc, what_is_pressed_again_meanwhile_stays_open_and_is_not_called_done);
    tcase_add_loop_test(tc, a_platform_closes_nothing_of_which_it_has_not_the_last_press, 0, 2);
    tcase_add_test(tc, an_alarm_that_a_platform_has_not_yet_is_none_of_all);
    tcase_add_test(tc, what_others_must_close_as_well_is_remembered_in_one_turn_and_saved_once);
    tcase_add_loop_test(tc, after_the_close_no_platform_is_answered, 0, 2);
    suite_add_tcase(suite, tc);
    tc = tcase_create("many");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, a_press_comes_between_two_of_many, 0, MANY_COUNT);
    tcase_add_test(tc, an_answer_is_recorded_in_its_turn_and_means_no_later_alarm);
    tcase_add_test(tc, a_press_before_its_turn_is_not_closed_by_what_was_said_before_it);
    tcase_add_loop_test(tc, what_people_say_is_recorded_in_the_order_in_which_they_said_it, 0, 2);
    tcase_add_loop_test(
        tc, answers_that_close_nothing_are_recorded_one_a_turn_and_a_press_comes_in_between, 0, 8);
    tcase_add_test(tc, counts_of_lines_that_chatter_are_told_one_a_turn);
    tcase_add_test(tc, what_is_seen_meanwhile_is_not_asked_of_the_next_group);
    tcase_add_loop_test(tc, an_exercise_from_before_a_restart_ends_one_a_turn_and_once, 0, 2);
    tcase_add_test(tc, orders_are_carried_out_one_after_the_other_and_each_is_told);
    tcase_add_test(tc, what_is_raised_after_an_order_was_given_is_not_meant);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
