/* SPDX-License-Identifier: Apache-2.0 */
#include "part_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct world world;

static void on_fact(void *self, const struct fact *fact)
{
    (void)self;
    ck_assert_uint_lt(world.told_count, WORLD_FACTS_MAX);
    world.told[world.told_count++] = *fact;
}

static void set_input(enum world_input at, const char *id, enum config_input_kind kind)
{
    static char names[WORLD_INPUTS][40], places[WORLD_INPUTS][40];
    snprintf(names[at], sizeof names[at], "name of %s", id);
    snprintf(places[at], sizeof places[at], "place of %s", id);
    world.inputs[at] = (struct config_input){.id = (char *)id,
                                             .name = names[at],
                                             .place = places[at],
                                             .kind = kind,
                                             .presses = 1,
                                             .debounce_ms = 30,
                                             .stuck_after_ms = 60000,
                                             .changeover_ms = 200};
}

static void set_config(void)
{
    set_input(WORLD_GATE, "gate", CONFIG_INPUT_PANIC);
    set_input(WORLD_OFFICE, "office", CONFIG_INPUT_PANIC);
    set_input(WORLD_DURESS, "duress", CONFIG_INPUT_DURESS);
    set_input(WORLD_TEST, "test", CONFIG_INPUT_TEST);
    set_input(WORLD_HELD, "held", CONFIG_INPUT_PANIC);
    set_input(WORLD_DRILL, "drill", CONFIG_INPUT_DRILL_SWITCH);
    set_input(WORLD_RESET, "reset", CONFIG_INPUT_RESET);
    set_input(WORLD_CANCEL, "cancel", CONFIG_INPUT_CANCEL);
    set_input(WORLD_TAMPER, "tamper", CONFIG_INPUT_TAMPER);
    world.inputs[WORLD_OFFICE].silent = true;
    world.inputs[WORLD_HELD].hold_ms = 2000;
    static char *cameras[] = {"cam"};
    world.inputs[WORLD_GATE].cameras = (struct option_list){.count = 1, .items = cameras};
    world.cameras[0] = (struct config_camera){.id = "cam", .name = "Gate camera"};
    world.receivers[0] =
        (struct config_receiver){.id = "police", .name = "Police", .group = 1, .responder = true};
    world.receivers[1] = (struct config_receiver){.id = "school", .name = "School", .group = 1};
    world.config = (struct config){.site = {.id = "g1", .name = "School", .address = "Street 1"},
                                   .alarms = {.cancel_window_ms = 30000,
                                              .escalate_after_ms = 60000,
                                              .undelivered_after_ms = 10000},
                                   .exercises = {.drill_limit_ms = 1800000,
                                                 .test_limit_ms = 600000,
                                                 .long_press_ms = 3000,
                                                 .announce_wait_ms = 10000},
                                   .inputs = {.count = WORLD_INPUTS, .items = world.inputs},
                                   .receivers = {.count = 2, .items = world.receivers},
                                   .cameras = {.count = 1, .items = world.cameras}};
}

void world_begin(void)
{
    struct err e;
    memset(&world, 0, sizeof world);
    virtual_begin();
    fake_begin();
    uv_loop_init(&world.loop);
    set_config();
    ck_assert_int_eq(facts_create(NULL, &world.facts, &e), 0);
}

void world_open(void)
{
    struct err e;
    ck_assert_int_eq(faults_open(world.facts, FAKE_EVENTS, &world.faults, &e), 0);
    struct incidents_options options = {.loop = &world.loop,
                                        .facts = world.facts,
                                        .config = {.site = &world.config.site,
                                                   .alarms = &world.config.alarms,
                                                   .exercises = &world.config.exercises,
                                                   .inputs = &world.config.inputs,
                                                   .receivers = &world.config.receivers,
                                                   .cameras = &world.config.cameras},
                                        .events = FAKE_EVENTS,
                                        .faults = world.faults,
                                        .delivery = FAKE_DELIVERY};
    struct outbox_found found = fake_found();
    ck_assert_int_eq(incidents_open(&options, &world.incidents, &e), 0);
    faults_load(world.faults, &found);
    incidents_load(world.incidents, &found);
    for (size_t i = 0; i < found.row_count; i++) {
        free(found.rows[i].name);
        free(found.rows[i].text);
    }
    free(found.rows);
    for (size_t i = 0; i < found.restored_count; i++) {
        free(found.restored[i].event);
        free(found.restored[i].row_name);
    }
    free(found.restored);
    /* After the parts: it sees what they have made of a fact behind it. */
    facts_subscribe(world.facts, UINT32_MAX, on_fact, NULL);
}

void world_settle_handles(void)
{
    uv_run(&world.loop, UV_RUN_DEFAULT);
}

void world_close(void)
{
    facts_tell(world.facts);
    facts_close(world.facts);
    incidents_close(world.incidents);
    world_settle_handles();
    incidents_free(world.incidents);
    faults_free(world.faults);
    facts_free(world.facts);
    world.facts = NULL;
}

void world_restart(void)
{
    struct err e;
    world_close();
    world.told_count = 0;
    ck_assert_int_eq(facts_create(NULL, &world.facts, &e), 0);
    world_open();
    facts_tell(world.facts);
}

void world_stay(void)
{
    virtual_advance(world.facts, 60000);
    faults_tick(world.faults);
    facts_tell(world.facts);
}

void world_end(void)
{
    facts_close(world.facts);
    facts_free(world.facts);
    ck_assert_int_eq(uv_loop_close(&world.loop), 0);
    fake_end();
}

static void level(enum world_input input, bool pressed)
{
    incidents_level(world.incidents, input, pressed, INPUT_CAUSE_EDGE, virtual_ns());
    facts_tell(world.facts);
}

void world_press(enum world_input input)
{
    level(input, true);
}

void world_release(enum world_input input)
{
    level(input, false);
}

void world_reset_all(void)
{
    incidents_reset_all(world.incidents,
                        &(struct incidents_order){.by = "Li", .at_ns = virtual_ns()});
}

static void on_cancelled(void *arg, const struct incidents_outcome *outcome)
{
    *(struct incidents_outcome *)arg = *outcome;
}

size_t world_cancel(const char *alarm)
{
    struct incidents_outcome outcome = {.changed = SIZE_MAX};
    incidents_cancel(world.incidents, &(struct incidents_order){.by = "Li",
                                                                .note = "mistake",
                                                                .alarm = alarm,
                                                                .at_ns = virtual_ns(),
                                                                .done = on_cancelled,
                                                                .arg = &outcome});
    for (int turns = 0; turns < LIMIT_INPUTS && outcome.changed == SIZE_MAX; turns++)
        virtual_turn(world.facts, NULL);
    ck_assert_uint_ne(outcome.changed, SIZE_MAX);
    return outcome.changed;
}

static void publish_delivered(const struct fake_event *event, size_t receiver, bool confirmed)
{
    ck_assert_ptr_nonnull(event);
    struct fact fact = {.kind = FACT_DELIVERED,
                        .u.delivered = {.receiver = receiver,
                                        .seq = (uint64_t)(event - fake.events) + 1,
                                        .class = event->class,
                                        .confirmed = confirmed}};
    memcpy(fact.u.delivered.alarm, event->alarm, sizeof fact.u.delivered.alarm);
    facts_publish(world.facts, &fact);
}

void world_publish_delivered(const char *type, size_t receiver)
{
    publish_delivered(fake_last(type), receiver, true);
}

void world_accept(const char *type, size_t receiver)
{
    publish_delivered(fake_last(type), receiver, false);
    facts_tell(world.facts);
}

void world_deliver_all(size_t receiver)
{
    for (size_t i = 0; i < fake.count; i++)
        publish_delivered(&fake.events[i], receiver, true);
    facts_tell(world.facts);
}

void world_deliver(const char *type, size_t receiver)
{
    world_publish_delivered(type, receiver);
    facts_tell(world.facts);
}

void world_answer(size_t receiver, enum uplink_answer_state state, const char *alarm)
{
    struct fact fact = {.kind = FACT_ANSWER,
                        .u.answer = {.receiver = receiver,
                                     .answer = {.answer_seq = 1,
                                                .seen_seq = fake.count,
                                                .says_seen = true,
                                                .state = state,
                                                .by = "Wang"}}};
    snprintf(fact.u.answer.answer.alarm, sizeof fact.u.answer.answer.alarm, "%s", alarm);
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
}

size_t world_count(enum fact_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < world.told_count; i++)
        count += world.told[i].kind == kind;
    return count;
}

const struct fact *world_last(enum fact_kind kind)
{
    for (size_t i = world.told_count; i-- > 0;) {
        if (world.told[i].kind == kind)
            return &world.told[i];
    }
    return NULL;
}

const struct incident *world_incident(enum world_input input)
{
    const struct incident *incident = NULL;
    while ((incident = incidents_next_open(world.incidents, incident))) {
        if (incident->button == (size_t)input)
            return incident;
    }
    return NULL;
}
