/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drills and tests: announced to the receivers, begun only when they have receipted that, ended by
 * the panel, by a person or by time. Until it has begun, and once it is over, every press is real.
 */
#include <stdio.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "base/log.h"

static json_t *ids_of(const struct gateway *gw, uint64_t buttons)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gw->input_count; i++) {
        if (buttons >> i & 1)
            json_array_append_new(list, json_string(gw->config->inputs[i].id));
    }
    return list;
}

uint64_t exercises_every_button(const struct gateway *gw, enum incident_class class)
{
    uint64_t buttons = 0;
    for (size_t i = 0; i < gw->input_count; i++) {
        enum config_input_kind kind = gw->config->inputs[i].kind;
        /* A duress button is for one thing only; a technician may test it, nobody drills it. */
        if (config_input_is_button(kind) &&
            (class == INCIDENT_CLASS_TEST ||
             (kind != CONFIG_INPUT_DURESS && kind != CONFIG_INPUT_TEST)))
            buttons |= UINT64_C(1) << i;
    }
    return buttons;
}

static struct journey *emit(struct gateway *gw, const char *verb, const char *why)
{
    const struct gateway_exercise *x = &gw->exercise;
    const char *class = incident_class_name(x->class);
    char type[EVENT_TYPE_SIZE];
    snprintf(type, sizeof type, "tocsin.%s.%s", class, verb);
    json_t *data = json_pack("{ss,so,ss,sI}", "exercise", class, "inputs", ids_of(gw, x->buttons),
                             "by", x->by, "length_ms", (json_int_t)x->length_ms);
    if (data && x->note[0])
        json_object_set_new(data, "note", json_string(x->note));
    if (data && why)
        json_object_set_new(data, "why", json_string(why));
    if (data && why && x->class == INCIDENT_CLASS_TEST) {
        json_object_set_new(data, "tested", ids_of(gw, x->tested));
        json_object_set_new(data, "untested", ids_of(gw, x->buttons & ~x->tested));
    }
    return events_emit(gw, type, EVENT_CLASS_FOLLOWUP, "", clock_monotonic_ns(), data, NULL);
}

static void tell(struct gateway *gw, const char *what, const char *text)
{
    log_warning("exercise", "%s %s%s%s", incident_class_name(gw->exercise.class), what,
                text ? ": " : "", text ? text : "");
    watch_tell(gw, &(struct watch_line){.what = what,
                                        .event = incident_class_name(gw->exercise.class),
                                        .text = text});
    lamps_update(gw);
}

/* Responders must know; the others are waited for as long as they can be reached. */
static uint32_t receivers_to_await(const struct gateway *gw)
{
    uint32_t awaited = gw->responders;
    for (size_t i = 0; i < gw->receiver_count; i++)
        awaited |= gw->receivers[i].link == DISPATCH_LINK_PROVEN ? 1u << i : 0;
    for (size_t i = 0; i < gw->receiver_count; i++) {
        if (!dispatch_takes(gw->dispatch, i, EVENT_CLASS_FOLLOWUP))
            awaited &= ~(1u << i); /* it is never told of any */
    }
    return awaited;
}

void exercises_begin(struct gateway *gw, enum incident_class class, uint64_t buttons,
                     int64_t length_ms, const char *by, const char *note,
                     struct control_request *request)
{
    struct gateway_exercise *x = &gw->exercise;
    const char *no = x->phase != EXERCISE_PHASE_NONE ? "a drill or test is under way already"
                     : panel_any_real(&gw->panel)
                         ? "it cannot begin now: look at the open alarms, and ask the receivers"
                     : buttons == 0 ? "it would cover no button"
                                    : NULL;
    if (no) {
        log_warning("exercise", "%s refused: %s", incident_class_name(class), no);
        if (request)
            control_fail(request, "%s", no);
        return;
    }
    *x = (struct gateway_exercise){.phase = EXERCISE_PHASE_ANNOUNCED,
                                   .class = class,
                                   .buttons = buttons,
                                   .length_ms = length_ms,
                                   .awaited = receivers_to_await(gw),
                                   .request = request};
    snprintf(x->by, sizeof x->by, "%s", by);
    snprintf(x->note, sizeof x->note, "%s", note ? note : "");
    x->announce_until_ms = clock_monotonic_ms() + gw->config->exercises.announce_wait_ms;
    const struct journey *journey = emit(gw, "started", NULL);
    x->seq = journey ? journey->event->seq : 0;
    tell(gw, "announced", x->by);
}

static void answer(struct gateway *gw, const char *error)
{
    struct gateway_exercise *x = &gw->exercise;
    if (x->request && error)
        control_fail(x->request, "%s", error);
    else if (x->request)
        control_reply(x->request,
                      json_pack("{ss,so,sI}", "exercise", incident_class_name(x->class), "inputs",
                                ids_of(gw, x->buttons), "length_ms", (json_int_t)x->length_ms));
    x->request = NULL;
}

/* The end of any exercise, announced or running; the panel's is over already. */
static void finish(struct gateway *gw, const char *why)
{
    /* First: the state that is stored with the event must not bring it back after a restart. */
    gw->exercise.phase = EXERCISE_PHASE_NONE;
    emit(gw, "ended", why);
    answer(gw, why);
    tell(gw, "ended", why);
}

void exercises_over(struct gateway *gw, const char *why)
{
    if (gw->exercise.phase == EXERCISE_PHASE_RUNNING)
        finish(gw, why);
}

void exercises_after_restart(struct gateway *gw)
{
    const struct gateway_exercise *x = &gw->exercise;
    if (x->phase == EXERCISE_PHASE_NONE)
        return;
    for (size_t i = 0; i < gw->input_count; i++) {
        if ((x->buttons >> i & 1) && gw->config->inputs[i].kind != CONFIG_INPUT_TEST)
            presses_carry_out(gw, incident_reset(&gw->incidents[i][x->class]),
                              &gw->incidents[i][x->class], "the gateway", "it was restarted");
    }
    finish(gw, "the gateway was restarted");
}

void exercises_close(struct gateway *gw)
{
    answer(gw, "tocsind is stopping");
}

bool exercises_end(struct gateway *gw, enum incident_class class, const char *why)
{
    struct gateway_exercise *x = &gw->exercise;
    if (x->phase == EXERCISE_PHASE_NONE || x->class != class)
        return false;
    if (x->phase == EXERCISE_PHASE_RUNNING)
        panel_end_exercise(&gw->panel, why, clock_monotonic_ns());
    else
        finish(gw, why);
    return true;
}

static void run(struct gateway *gw)
{
    struct gateway_exercise *x = &gw->exercise;
    int64_t ends_ns = clock_monotonic_ns() + x->length_ms * 1000000;
    if (!panel_begin_exercise(&gw->panel, x->class, x->buttons, ends_ns)) {
        finish(gw, "an alarm came before it had begun");
        return;
    }
    x->phase = EXERCISE_PHASE_RUNNING;
    presses_rearm(gw);
    tell(gw, "begun", x->by);
    answer(gw, NULL);
}

void exercises_delivered(struct gateway *gw, size_t receiver, uint64_t seq)
{
    struct gateway_exercise *x = &gw->exercise;
    if (x->phase != EXERCISE_PHASE_ANNOUNCED || seq != x->seq)
        return;
    x->awaited &= ~(1u << receiver);
    if (x->awaited == 0)
        run(gw);
}

static void give_up_announcing(struct gateway *gw)
{
    const struct gateway_exercise *x = &gw->exercise;
    char why[400] = "it has not begun: not announced to ";
    for (size_t i = 0, first = 1; i < gw->receiver_count; i++) {
        size_t used = strlen(why);
        if (!(x->awaited >> i & 1))
            continue;
        snprintf(why + used, sizeof why - used, "%s%s", first ? "" : ", ",
                 gw->receivers[i].config->id);
        first = 0;
    }
    finish(gw, why);
}

void exercises_pressed(struct gateway *gw, size_t input)
{
    struct gateway_exercise *x = &gw->exercise;
    struct gateway_input *in = &gw->inputs[input];
    bool by_somebody = x->phase == EXERCISE_PHASE_RUNNING && x->class == INCIDENT_CLASS_TEST;
    in->tested_wall_ms = clock_stamp_at(clock_monotonic_ns(), gw->envelope.floor_ms).wall_ms;
    snprintf(in->tested_by, sizeof in->tested_by, "%s", by_somebody ? x->by : "");
    if (by_somebody && (x->buttons >> input & 1))
        x->tested |= UINT64_C(1) << input;
    watch_tell(gw, &(struct watch_line){.what = "tested", .input = in->config->id});
}

/* A clock that may be years off says nothing about a month. */
static void check_tested(struct gateway *gw, size_t input, int64_t now_wall_ms)
{
    struct gateway_input *in = &gw->inputs[input];
    int64_t every_ms = gw->config->exercises.test_every_ms;
    if (in->known_since_wall_ms == 0) {
        in->known_since_wall_ms = now_wall_ms;
        presses_remember(gw);
    }
    bool tested = in->tested_wall_ms > 0;
    int64_t since_ms = tested ? in->tested_wall_ms : in->known_since_wall_ms;
    char reason[200], at[CLOCK_TEXT_SIZE];
    clock_format_utc(since_ms, at);
    snprintf(reason, sizeof reason, "was not tested since %.10s%s: tocsin test", at,
             tested ? "" : ", when it was installed");
    faults_set(gw, "untested", in->config->id, now_wall_ms - since_ms > every_ms ? reason : NULL);
}

void exercises_tick(struct gateway *gw)
{
    if (gw->exercise.phase == EXERCISE_PHASE_ANNOUNCED &&
        clock_monotonic_ms() > gw->exercise.announce_until_ms)
        give_up_announcing(gw);
    struct clock_stamp now = clock_stamp_at(clock_monotonic_ns(), gw->envelope.floor_ms);
    if (gw->config->exercises.test_every_ms == 0 || now.quality == CLOCK_QUALITY_UNKNOWN)
        return;
    for (size_t i = 0; i < gw->input_count; i++) {
        if (config_input_is_button(gw->config->inputs[i].kind))
            check_tested(gw, i, now.wall_ms);
    }
}

json_t *exercises_json(const struct gateway *gw)
{
    const struct gateway_exercise *x = &gw->exercise;
    if (x->phase == EXERCISE_PHASE_NONE)
        return NULL;
    bool running = x->phase == EXERCISE_PHASE_RUNNING;
    int64_t left_ms = (gw->panel.exercise.ends_ns - clock_monotonic_ns()) / 1000000;
    return json_pack("{ss,ss,so,so,ss,sI}", "exercise", incident_class_name(x->class), "phase",
                     running ? "running" : "announced", "inputs", ids_of(gw, x->buttons), "tested",
                     ids_of(gw, x->tested), "by", x->by, "left_ms",
                     (json_int_t)(running ? left_ms : x->length_ms));
}
