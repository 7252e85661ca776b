/* SPDX-License-Identifier: Apache-2.0 */
/* What of the incidents is on the disk comes back whole; what does not, is a fault that a person
 * settles. */
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

START_TEST(a_button_that_is_down_over_a_restart_is_the_same_press)
{
    world_press(WORLD_GATE);
    world_restart();
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    size_t events = fake.count;
    incidents_level(world.incidents, WORLD_GATE, true, INPUT_CAUSE_START, virtual_ns());
    facts_tell(world.facts);
    ck_assert_uint_eq(fake.count, events);
    /* One that was up is a new one. */
    incidents_level(world.incidents, WORLD_OFFICE, true, INPUT_CAUSE_START, virtual_ns());
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 2);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.raised"), "cause"), "start");
}
END_TEST

START_TEST(that_nobody_has_it_in_time_survives_a_restart)
{
    world_press(WORLD_GATE);
    virtual_advance(world.facts, 10000); /* not long enough for the next group to be asked */
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert(world_incident(WORLD_GATE)->undelivered);
    world_press(WORLD_OFFICE);
    world_restart();
    ck_assert(world_incident(WORLD_GATE)->undelivered);
    ck_assert(!world_incident(WORLD_OFFICE)->undelivered);
}
END_TEST

START_TEST(everything_of_an_incident_survives_a_restart)
{
    world_press(WORLD_GATE);
    world_release(WORLD_GATE);
    world_press(WORLD_GATE);
    const struct incident before = *world_incident(WORLD_GATE);
    world_deliver("tocsin.alarm.updated", 0);
    world_answer(1, UPLINK_ANSWER_CLOSED, before.alarm);
    world_cancel(NULL);
    virtual_advance(world.facts, 1000);
    world_restart();
    const struct incident *after = world_incident(WORLD_GATE);
    ck_assert_ptr_nonnull(after);
    ck_assert_str_eq(after->alarm, before.alarm);
    ck_assert_int_eq(after->class, INCIDENT_CLASS_ALARM);
    ck_assert_uint_eq(after->presses, 2);
    ck_assert_uint_eq(after->level, 1);
    ck_assert(after->held && after->cancelled && !after->at_start);
    ck_assert_int_eq(after->raised_ns, before.raised_ns);
    ck_assert_int_eq(after->last_press_ns, before.last_press_ns);
    ck_assert_int_eq(after->level_ns, before.level_ns);
    ck_assert_int_eq(after->raised_wall_ms, before.raised_wall_ms);
    ck_assert_int_eq(after->progress[0], INCIDENT_PROGRESS_DELIVERED);
    ck_assert_int_eq(after->progress[1], INCIDENT_PROGRESS_SEEN);
    ck_assert(after->closing[1] && !after->closing[0]);
    ck_assert(!after->rejected[1] && !after->rejected[0]);
    ck_assert(fake.alarm_open);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
}
END_TEST

static void press_again(void)
{
    world_release(WORLD_GATE);
    world_press(WORLD_GATE);
}

static void let_go(void)
{
    world_release(WORLD_GATE);
}

static void cancel(void)
{
    ck_assert_uint_eq(world_cancel(NULL), 1);
}

static void wait_for(int64_t ms)
{
    virtual_advance(world.facts, ms);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
}

static void wait_in_vain(void)
{
    wait_for(12000);
    ck_assert_uint_eq(world_count(FACT_UNDELIVERED), 1);
    ck_assert(world_incident(WORLD_GATE)->undelivered);
}

static void ask_the_next_group(void)
{
    fake.group_of_two = 2;
    fake.responders = 3;
    wait_for(61000);
    ck_assert_uint_eq(world_incident(WORLD_GATE)->level, 2);
}

static void deliver(void)
{
    world_deliver("tocsin.alarm.raised", 0);
}

static void deliver_again(void)
{
    press_again();
    world_deliver("tocsin.alarm.updated", 0);
}

static void reject(void)
{
    world_answer(1, UPLINK_ANSWER_REJECTED, world_incident(WORLD_GATE)->alarm);
}

static void close_elsewhere(void)
{
    world_answer(1, UPLINK_ANSWER_CLOSED, world_incident(WORLD_GATE)->alarm);
}

static void assert_same(const struct incident *was, const struct incident *is)
{
    ck_assert_str_eq(is->alarm, was->alarm);
    ck_assert(is->button == was->button && is->class == was->class && is->open == was->open);
    ck_assert_int_eq(is->held, was->held);
    ck_assert_int_eq(is->at_start, was->at_start);
    ck_assert_int_eq(is->cancelled, was->cancelled);
    ck_assert_int_eq(is->undelivered, was->undelivered);
    ck_assert_uint_eq(is->presses, was->presses);
    ck_assert_uint_eq(is->level, was->level);
    ck_assert_int_eq(is->level_ns, was->level_ns);
    ck_assert_int_eq(is->raised_ns, was->raised_ns);
    ck_assert_int_eq(is->raised_wall_ms, was->raised_wall_ms);
    ck_assert_int_eq(is->last_press_ns, was->last_press_ns);
    ck_assert_uint_eq(is->press_seq, was->press_seq);
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++) {
        ck_assert_int_eq(is->progress[i], was->progress[i]);
        ck_assert_int_eq(is->closing[i], was->closing[i]);
        ck_assert_int_eq(is->rejected[i], was->rejected[i]);
        ck_assert_int_eq(is->has_press[i], was->has_press[i]);
    }
}

/* Its text is on the disk already, and kept: a change that the text alone shows would be lost. */
START_TEST(each_change_of_an_incident_survives_a_restart_by_itself)
{
    static void (*const changes[])(void) = {press_again,  let_go,        cancel,
                                            wait_in_vain, deliver_again, ask_the_next_group,
                                            deliver,      reject,        close_elsewhere};
    world_press(WORLD_GATE);
    const struct incident raised = *world_incident(WORLD_GATE);
    changes[_i]();
    const struct incident before = *world_incident(WORLD_GATE);
    ck_assert_str_eq(before.alarm, raised.alarm);
    world_restart();
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    assert_same(&before, world_incident(WORLD_GATE));
    /* And what was told is not told again. */
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_UNDELIVERED), 0);
}
END_TEST

START_TEST(of_another_boot_only_the_wall_time_is_known)
{
    world_press(WORLD_GATE);
    int64_t wall_ms = world_incident(WORLD_GATE)->raised_wall_ms;
    char *row = strdup(fake_row("incidents")), *boot = strstr(row, "this-boot");
    ck_assert_ptr_nonnull(boot);
    memcpy(boot, "that-boot", 9);
    events_save_row(FAKE_EVENTS, &(struct outbox_row){"incidents", row});
    free(row);
    virtual_advance(world.facts, 5000);
    /* What this process would save when it is closed is not wanted here. */
    world_restart();
    const struct incident *after = world_incident(WORLD_GATE);
    ck_assert_int_eq(after->raised_ns, 0);
    ck_assert_int_eq(after->last_press_ns, 0);
    ck_assert_int_eq(after->level_ns, virtual_ns());
    ck_assert_int_eq(after->raised_wall_ms, wall_ms);
}
END_TEST

#define HEAD  "{\"boot\":\"this-boot\",\"inputs\":[],"
#define ALARM "\"alarm\":\"01980000-0000-7000-8000-00000000000"
#define LIFE                                                                                       \
    "\"held\":false,\"presses\":1,\"level\":1,\"raised_ns\":1,\"last_press_ns\":1,\"level_ns\":1,"
#define GATE "{\"input\":\"gate\",\"nature\":\"alarm\"," ALARM

/* `open`: how many alarms can be read all the same. */
static const struct {
    const char *row;
    size_t open;
} bad_rows[] = {
    {"{\"incidents\":[{\"input\":\"ga", 0},
    {"[]", 0},
    {"", 0},
    {"17", 0},
    {"{}", 0},
    {"{\"incidents\":[]}", 0},
    {HEAD "\"incident\":[]}", 0},
    {HEAD "\"incidents\":0}", 0},
    {HEAD "\"incidents\":\"\"}", 0},
    {HEAD "\"incidents\":{\"0\":1}}", 0},
    {HEAD "\"incidents\":[],\"incidents\":[]}", 0},
    {HEAD "\"incidents\":[],\"more\":[]}", 0},
    {"{\"boot\":\"this-boot\",\"inputs\":{},\"incidents\":[]}", 0},
    {"{\"boot\":\"this-boot\",\"inputs\":[{\"input\":\"gate\"}],\"incidents\":[]}", 0},
    {"{\"boot\":1,\"inputs\":[],\"incidents\":[]}", 0},
    {HEAD "\"incidents\":[null]}", 0},
    {HEAD "\"incidents\":[" GATE "x\"," LIFE "\"receivers\":{}}]}", 0},
    {HEAD "\"incidents\":[" GATE "1\"," LIFE "\"receivers\":[]}]}", 1},
    {HEAD "\"incidents\":[" GATE "1\"," LIFE "\"receivers\":{},\"more\":1}]}", 1},
    {HEAD "\"incidents\":[" GATE "1\"," LIFE "\"receiver\":{}}]}", 1},
    {HEAD "\"incidents\":[" GATE "1\"," LIFE "\"receivers\":{\"police\":{\"progress\":5,"
          "\"closing\":false}}}]}",
     1},
    {HEAD "\"incidents\":[" GATE "1\"," LIFE "\"receivers\":{\"police\":{\"progress\":1}}}]}", 1},
    {HEAD "\"incidents\":[" GATE "1\",\"held\":false,\"presses\":\"1\",\"level\":1,\"receivers\":"
          "{}}]}",
     1},
    {HEAD "\"incidents\":[" GATE "1\",\"held\":false,\"presses\":0,\"level\":1,\"receivers\":{}}]}",
     1},
    {HEAD "\"incidents\":[" GATE "1\",\"held\":false,\"presses\":1,\"level\":0,\"receivers\":{}}]}",
     1},
    {HEAD "\"incidents\":[" GATE "1\",\"held\":false,\"presses\":1,\"level\":1,\"raised_ns\":"
          "9000000000000000000,\"receivers\":{}}]}",
     1},
    {HEAD "\"incidents\":[{\"input\":\"gate\",\"nature\":\"alert\"," ALARM "1\"," LIFE
          "\"receivers\":{}}]}",
     1},
    {HEAD "\"incidents\":[" GATE "1\"," LIFE "\"receivers\":{}}," GATE "2\"," LIFE
          "\"receivers\":{}}]}",
     1},
    {HEAD "\"incidents\":[" GATE "1\"," LIFE "\"receivers\":{}},{\"input\":\"office\",\"nature\":"
          "\"alarm\"," ALARM "1\"," LIFE "\"receivers\":{}}]}",
     1},
    {HEAD "\"incidents\":[{\"input\":\"gone\",\"nature\":\"alarm\"," ALARM "1\"," LIFE
          "\"receivers\":{}}," GATE "2\"," LIFE "\"receivers\":{}}]}",
     1},
};

static void assert_unknown(void)
{
    const struct fact *fact = world_last(FACT_FAULT);
    ck_assert_ptr_nonnull(fact);
    ck_assert_int_eq(fact->u.fault.code, FAULT_STATE);
    ck_assert(fact->u.fault.broken);
    ck_assert_str_eq(fact->u.fault.subject, "incidents");
    ck_assert(faults_any_grave(world.faults));
    ck_assert(!incidents_known(world.incidents));
}

/* Whoever restarts, presses and resets has not found out what was open. */
static void assert_it_stands_until_a_person_has_settled_it(void)
{
    assert_unknown();
    world_press(WORLD_OFFICE);
    world_release(WORLD_OFFICE);
    world_reset_all();
    world_restart();
    assert_unknown();
    world_restart();
    assert_unknown();
    virtual_advance(world.facts, 10000); /* not long enough for the next group to be asked */
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert(incidents_settle(world.incidents, "Wang", "asked 110"));
    facts_tell(world.facts);
    ck_assert(!faults_any(world.faults) && incidents_known(world.incidents));
    world_stay();
    const char *why = fake_text(fake_last("tocsin.fault.cleared"), "reason");
    ck_assert_str_eq(why, "settled by Wang: asked 110");
    ck_assert(!incidents_settle(world.incidents, "Wang", NULL));
    world_restart();
    ck_assert(!faults_any(world.faults) && incidents_known(world.incidents));
    ck_assert_ptr_nonnull(strstr(fake_row("incidents-doubt"), "Wang"));
}

START_TEST(state_that_is_not_whole_is_a_fault_until_a_person_has_acted_and_is_kept)
{
    events_save_row(FAKE_EVENTS, &(struct outbox_row){"incidents", bad_rows[_i].row});
    world_restart();
    size_t open = 0;
    const struct incident *incident = NULL;
    while ((incident = incidents_next_open(world.incidents, incident))) {
        ck_assert_int_eq(incident->class, INCIDENT_CLASS_ALARM);
        ck_assert_uint_eq(incident->level, 1);
        ck_assert_uint_eq(incident->presses, 1);
        open++;
    }
    ck_assert_uint_eq(open, bad_rows[_i].open);
    ck_assert_uint_eq(fake_count("tocsin.fault.raised"), 1);
    ck_assert_str_eq(fake_row("incidents-unreadable"), bad_rows[_i].row);
    assert_it_stands_until_a_person_has_settled_it();
    ck_assert_str_eq(fake_row("incidents-unreadable"), bad_rows[_i].row);
}
END_TEST

START_TEST(a_record_that_is_missing_is_no_record_of_nothing)
{
    ck_assert_ptr_nonnull(fake_row("incidents")); /* from the first start on */
    world_restart();
    ck_assert(incidents_known(world.incidents)); /* no event was ever made */
    world_press(WORLD_GATE);
    if (_i == 0)
        fake_lose_row("incidents");
    else
        fake.state_lost = true;
    world_restart();
    fake.state_lost = false;
    ck_assert_ptr_null(fake_row("incidents-unreadable"));
    ck_assert_ptr_nonnull(
        strstr(world_last(FACT_FAULT)->u.fault.reason, _i == 0 ? "is missing" : "was damaged"));
    assert_it_stands_until_a_person_has_settled_it();
}
END_TEST

START_TEST(an_older_versions_unreadable_text_still_stands)
{
    events_save_row(FAKE_EVENTS, &(struct outbox_row){"incidents-unreadable", "{"});
    world_restart();
    assert_it_stands_until_a_person_has_settled_it();
}
END_TEST

START_TEST(a_note_of_what_is_unknown_that_cannot_be_read_is_no_all_clear)
{
    static const char *const notes[] = {"{", "{}", "{\"why\":1,\"settled_by\":\"Wang\"}",
                                        "{\"why\":\"x\",\"settled_by\":null}"};
    events_save_row(FAKE_EVENTS, &(struct outbox_row){"incidents-doubt", notes[_i]});
    world_restart();
    assert_it_stands_until_a_person_has_settled_it();
}
END_TEST

START_TEST(every_alarm_that_is_not_known_is_named_or_counted)
{
    static const enum world_input buttons[] = {WORLD_GATE, WORLD_OFFICE, WORLD_DURESS, WORLD_TEST};
    static char *const others[] = {"a", "b", "c", "d"};
    const size_t count = 2 + 2 * (size_t)_i;
    char alarms[4][UUID_TEXT_SIZE];
    for (size_t i = 0; i < count; i++) {
        world_press(buttons[i]);
        memcpy(alarms[i], world_incident(buttons[i])->alarm, sizeof alarms[i]);
        world.inputs[buttons[i]].id = others[i];
    }
    for (int restart = 0; restart < 2; restart++) {
        world_restart();
        const char *reason = world_last(FACT_FAULT)->u.fault.reason;
        ck_assert(strstr(reason, alarms[0]) && strstr(reason, alarms[1]));
        ck_assert_int_eq(strstr(reason, "; and 2 more: ") != NULL, count == 4);
    }
    for (size_t i = 0; i < count; i++)
        ck_assert_ptr_nonnull(strstr(fake_row("incidents-unreadable"), alarms[i]));
}
END_TEST

START_TEST(each_text_that_could_not_be_read_is_kept)
{
    static const char *const texts[] = {"{\"first", "{\"second", "{\"first", "{\"third"};
    for (size_t i = 0; i < 4; i++) {
        events_save_row(FAKE_EVENTS, &(struct outbox_row){"incidents", texts[i]});
        world_restart();
        if (i == 1) /* settled or not */
            ck_assert(incidents_settle(world.incidents, "Wang", NULL));
    }
    ck_assert_str_eq(fake_row("incidents-unreadable"), texts[0]);
    ck_assert_str_eq(fake_row("incidents-unreadable-2"), texts[1]);
    ck_assert_str_eq(fake_row("incidents-unreadable-3"), texts[3]);
    ck_assert_ptr_null(fake_row("incidents-unreadable-4")); /* the third is the first again */
}
END_TEST

START_TEST(an_alarm_of_an_input_that_is_no_more_is_a_fault_that_names_it)
{
    world_press(WORLD_GATE);
    char alarm[UUID_TEXT_SIZE];
    memcpy(alarm, world_incident(WORLD_GATE)->alarm, sizeof alarm);
    world.inputs[WORLD_GATE].id = "another";
    world_restart();
    ck_assert_ptr_null(world_incident(WORLD_GATE));
    const struct fact *fact = world_last(FACT_FAULT);
    ck_assert_ptr_nonnull(fact);
    ck_assert_int_eq(fact->u.fault.code, FAULT_STATE);
    ck_assert_ptr_nonnull(strstr(fact->u.fault.reason, alarm));
    ck_assert_ptr_nonnull(strstr(fact->u.fault.reason, "gate"));
}
END_TEST

/* As it was before each part had rows of its own. */
static const char old_row[] =
    "{\"boot\":\"this-boot\",\"inputs\":[{\"input\":\"gate\",\"pressed\":true,\"known_since_ms\":"
    "1700000000000,\"tested_ms\":1780000000000,\"tested_by\":\"Zhao\"}],\"incidents\":[{\"input\":"
    "\"gate\",\"nature\":\"alarm\",\"alarm\":\"01980000-0000-7000-8000-000000000001\",\"held\":"
    "true,"
    "\"at_start\":false,\"cancelled\":false,\"presses\":3,\"level\":2,\"level_ns\":5,\"raised_ns\":"
    "6,"
    "\"last_press_ns\":7,\"raised_wall_ms\":8,\"receivers\":{\"police\":{\"progress\":3,"
    "\"closing\":"
    "false},\"school\":{\"progress\":0,\"closing\":true}}},{\"input\":\"office\",\"nature\":"
    "\"drill\",\"alarm\":\"01980000-0000-7000-8000-000000000002\",\"held\":false,\"presses\":1,"
    "\"level\":1,\"receivers\":{}}],\"exercise\":{\"exercise\":\"drill\",\"phase\":\"running\","
    "\"inputs\":[\"gate\",\"office\"],\"tested\":[],\"by\":\"Zhao\",\"left_ms\":1}}";

START_TEST(an_older_versions_state_is_taken_over_whole)
{
    events_save_row(FAKE_EVENTS, &(struct outbox_row){"incidents", old_row});
    world_restart();
    const struct incident *alarm = world_incident(WORLD_GATE);
    ck_assert_ptr_nonnull(alarm);
    ck_assert_int_eq(alarm->class, INCIDENT_CLASS_ALARM);
    ck_assert_str_eq(alarm->alarm, "01980000-0000-7000-8000-000000000001");
    ck_assert_uint_eq(alarm->presses, 3);
    ck_assert_uint_eq(alarm->level, 2);
    ck_assert_int_eq(alarm->raised_ns, 6);
    ck_assert_int_eq(alarm->progress[0], INCIDENT_PROGRESS_SEEN);
    ck_assert(alarm->closing[1]);
    /* When it was tested would be lost with the next press, had it not moved to its own row. */
    ck_assert_ptr_nonnull(strstr(fake_row("tests"), "1780000000000"));
    ck_assert_ptr_nonnull(strstr(fake_row("tests"), "Zhao"));
    /* Its press is still down: no second alarm. */
    size_t events = fake.count;
    incidents_level(world.incidents, WORLD_GATE, true, INPUT_CAUSE_START, virtual_ns());
    ck_assert_uint_eq(fake.count, events);
    /* And its drill is over, with what it had open; the alarm is not. */
    incidents_end_old_exercise(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.drill.closed"), 1);
    ck_assert_uint_eq(fake_count("tocsin.drill.ended"), 1);
    ck_assert_ptr_null(world_incident(WORLD_OFFICE));
    ck_assert_ptr_nonnull(world_incident(WORLD_GATE));
    ck_assert_str_eq(fake_row("exercise"), "{}");
    world_restart();
    incidents_end_old_exercise(world.incidents);
    ck_assert_uint_eq(fake_count("tocsin.drill.ended"), 1);
}
END_TEST

/* Of the versions that name those alone that are pressed, and of one that also says what is at rest
 * (without knowing the store's): nobody reads more of one than of the other. */
static const char *const level_rows[] = {
    "{\"boot\":\"this-boot\",\"inputs\":[{\"input\":\"gate\",\"pressed\":true}],\"incidents\":[]}",
    "{\"boot\":\"this-boot\",\"apart\":true,\"inputs\":[{\"input\":\"gate\",\"pressed\":true},"
    "{\"input\":\"office\",\"pressed\":false}],\"incidents\":[]}",
};

START_TEST(a_button_that_a_row_says_is_at_rest_is_as_one_that_it_does_not_name)
{
    events_save_row(FAKE_EVENTS, &(struct outbox_row){"incidents", level_rows[_i]});
    world_restart();
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    incidents_level(world.incidents, WORLD_GATE, true, INPUT_CAUSE_START, virtual_ns());
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 0); /* it was held all the time */
    incidents_level(world.incidents, WORLD_OFFICE, true, INPUT_CAUSE_START, virtual_ns());
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.alarm.raised"), 1);
    ck_assert_ptr_nonnull(world_incident(WORLD_OFFICE));
}
END_TEST

START_TEST(sixty_three_open_alarms_with_sixteen_receivers_all_come_back)
{
    static char ids[63][80], receivers[LIMIT_RECEIVERS][80];
    world_close();
    for (size_t i = 0; i < 63; i++) {
        snprintf(ids[i], sizeof ids[i], "button-with-a-name-of-the-greatest-length-there-is-%02zu",
                 i);
        world.inputs[i] = world.inputs[WORLD_GATE];
        world.inputs[i].id = ids[i];
    }
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++) {
        snprintf(receivers[i], sizeof receivers[i],
                 "receiver-with-a-name-of-the-greatest-length-there-is-%02zu", i);
        world.receivers[i] = world.receivers[0];
        world.receivers[i].id = receivers[i];
    }
    world.config.inputs.count = 63;
    world.config.receivers.count = LIMIT_RECEIVERS;
    fake.responders = fake.proven = (1u << LIMIT_RECEIVERS) - 1;
    struct err e;
    ck_assert_int_eq(facts_create(NULL, &world.facts, &e), 0);
    world_open();
    for (size_t i = 0; i < 63; i++) {
        incidents_level(world.incidents, i, true, INPUT_CAUSE_EDGE, virtual_ns());
        for (size_t k = 0; k < LIMIT_RECEIVERS; k++)
            world_publish_delivered("tocsin.alarm.raised", k);
    }
    facts_tell(world.facts);
    ck_assert_uint_gt(strlen(fake_row("incidents")), 65536);
    world_restart();
    size_t open = 0;
    const struct incident *incident = NULL;
    while ((incident = incidents_next_open(world.incidents, incident))) {
        open++;
        for (size_t k = 0; k < LIMIT_RECEIVERS; k++)
            ck_assert_int_eq(incident->progress[k], INCIDENT_PROGRESS_DELIVERED);
    }
    ck_assert_uint_eq(open, 63);
    ck_assert_uint_eq(incidents_real_open(world.incidents), 63);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("incidents_state");
    TCase *tc = tcase_create("state");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_button_that_is_down_over_a_restart_is_the_same_press);
    tcase_add_test(tc, that_nobody_has_it_in_time_survives_a_restart);
    tcase_add_test(tc, everything_of_an_incident_survives_a_restart);
    tcase_add_loop_test(tc, each_change_of_an_incident_survives_a_restart_by_itself, 0, 9);
    tcase_add_test(tc, of_another_boot_only_the_wall_time_is_known);
    tcase_add_loop_test(tc, state_that_is_not_whole_is_a_fault_until_a_person_has_acted_and_is_kept,
                        0, sizeof bad_rows / sizeof *bad_rows);
    tcase_add_loop_test(tc, a_record_that_is_missing_is_no_record_of_nothing, 0, 2);
    tcase_add_test(tc, an_older_versions_unreadable_text_still_stands);
    tcase_add_loop_test(tc, a_note_of_what_is_unknown_that_cannot_be_read_is_no_all_clear, 0, 4);
    tcase_add_loop_test(tc, every_alarm_that_is_not_known_is_named_or_counted, 0, 2);
    tcase_add_test(tc, each_text_that_could_not_be_read_is_kept);
    tcase_add_test(tc, an_alarm_of_an_input_that_is_no_more_is_a_fault_that_names_it);
    tcase_add_test(tc, an_older_versions_state_is_taken_over_whole);
    tcase_add_loop_test(tc, a_button_that_a_row_says_is_at_rest_is_as_one_that_it_does_not_name, 0,
                        2);
    tcase_add_test(tc, sixty_three_open_alarms_with_sixteen_receivers_all_come_back);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
