/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drills and tests: announced to the receivers, begun only when they have receipted that, ended by
 * the panel, by a person or by time. Until it has begun, and once it is over, every press is real.
 * A receiver that is configured as unable to sign can only accept the announcement; that it has not
 * signed for it is told with the beginning.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "incidents/internal.h"

static json_t *ids_of(const struct incidents *inc, uint64_t buttons)
{
    json_t *list = json_array();
    for (size_t i = 0; i < inc->count; i++) {
        if (buttons >> i & 1)
            json_array_append_new(list, json_string(inc->options.config.inputs->items[i].id));
    }
    return list;
}

uint64_t incidents_every_button(const struct incidents *inc, enum incident_class class)
{
    uint64_t buttons = 0;
    for (size_t i = 0; i < inc->count; i++) {
        enum config_input_kind kind = inc->options.config.inputs->items[i].kind;
        /* A duress button is for one thing only; a technician may test it, nobody drills it. */
        if (config_input_is_button(kind) &&
            (class == INCIDENT_CLASS_TEST ||
             (kind != CONFIG_INPUT_DURESS && kind != CONFIG_INPUT_TEST)))
            buttons |= UINT64_C(1) << i;
    }
    return buttons;
}

static uint64_t emit(struct incidents *inc, const char *verb, const char *why)
{
    const struct exercise *x = &inc->exercise;
    const char *name = incident_class_name(x->class);
    char type[EVENT_TYPE_SIZE], *text = state_exercise(inc);
    snprintf(type, sizeof type, "tocsin.%s.%s", name, verb);
    json_t *data = json_pack("{ss,so,ss,sI}", "exercise", name, "inputs", ids_of(inc, x->buttons),
                             "by", x->by, "length_ms", (json_int_t)x->length_ms);
    if (data && x->note[0])
        json_object_set_new(data, "note", json_string(x->note));
    if (data && why)
        json_object_set_new(data, "why", json_string(why));
    if (data && why && x->class == INCIDENT_CLASS_TEST) {
        json_object_set_new(data, "tested", ids_of(inc, x->tested));
        json_object_set_new(data, "untested", ids_of(inc, x->buttons & ~x->tested));
    }
    struct outbox_row row = {ROW_EXERCISE, text};
    uint64_t seq =
        events_emit(inc->options.events, &(struct events_new){.type = type,
                                                              .class = EVENT_CLASS_FOLLOWUP,
                                                              .alarm = "",
                                                              .at_ns = clock_monotonic_ns(),
                                                              .data = data,
                                                              .row = &row});
    free(text);
    return seq;
}

static void tell(struct incidents *inc, enum fact_exercise_step step, const char *word,
                 const char *text)
{
    const struct exercise *x = &inc->exercise;
    struct fact fact = {.kind = FACT_EXERCISE,
                        .u.exercise = {.step = step,
                                       .class = x->class,
                                       .buttons = x->buttons,
                                       .length_ms = x->length_ms,
                                       .unsigned_by = x->unsigned_by}};
    snprintf(fact.u.exercise.text, sizeof fact.u.exercise.text, "%s", text);
    log_warning("exercise", "%s %s: %s", incident_class_name(x->class), word, text);
    facts_publish(inc->options.facts, &fact);
}

/* Responders must know; the others are waited for as long as they can be reached. Who takes no such
 * event is never told of any. */
static uint32_t receivers_to_await(const struct incidents *inc)
{
    const struct delivery *d = inc->options.delivery;
    return (delivery_responders(d) | delivery_proven(d)) & delivery_takes(d, EVENT_CLASS_FOLLOWUP);
}

/* Why no exercise may begin: it begins when the responders have receipted its announcement, which
 * nobody can who cannot be told. NULL if one may. What keeps it from that may be a duress alarm, of
 * which nobody at the gate may learn: the same is said of whatever else does. */
static const char *why_not(const struct incidents *inc, const struct incidents_exercise *asked)
{
    const struct delivery *d = inc->options.delivery;
    uint32_t responders = delivery_responders(d);
    bool cannot_be_told = responders ? !(responders & delivery_takes(d, EVENT_CLASS_FOLLOWUP))
                                     : !receivers_to_await(inc);
    return inc->exercise.phase != EXERCISE_PHASE_NONE
               ? "a drill or test is under way already (tocsin status; tocsin drill end)"
           : asked->buttons == 0
               ? "it would cover no button: inputs has none that may be part of it"
           : panel_any_real(&inc->panel) || inc->apart || cannot_be_told
               ? "an alarm is open or may be from before a restart, or no responder is there that "
                 "can be told of it: look at tocsin status, ask the receivers, and try again"
               : NULL;
}

int incidents_begin_exercise(struct incidents *inc, const struct incidents_exercise *asked,
                             struct err *e)
{
    struct exercise *x = &inc->exercise;
    const char *no = why_not(inc, asked);
    if (no) {
        log_warning("exercise", "%s refused: %s", incident_class_name(asked->class), no);
        return err_set(e, EBUSY, "%s", no);
    }
    *x = (struct exercise){.phase = EXERCISE_PHASE_ANNOUNCED,
                           .class = asked->class,
                           .buttons = asked->buttons,
                           .length_ms = asked->length_ms,
                           .awaited = receivers_to_await(inc)};
    encode_copy_utf8(x->by, sizeof x->by, asked->by);
    encode_copy_utf8(x->note, sizeof x->note, asked->note);
    x->announce_until_ms = clock_monotonic_ms() + inc->options.config.exercises->announce_wait_ms;
    x->seq = emit(inc, "started", NULL);
    if (x->seq == 0) { /* nobody will ever be told: nothing was announced */
        x->phase = EXERCISE_PHASE_NONE;
        return err_set(e, EIO, "its announcement could not be made; the log says why");
    }
    tell(inc, FACT_EXERCISE_ANNOUNCED, "announced", x->by);
    return 0;
}

/* The end of any exercise, announced or running; the panel's is over already. */
static void finish(struct incidents *inc, const char *why)
{
    /* First: the row that is stored with the event must not bring it back after a restart. */
    inc->exercise.phase = EXERCISE_PHASE_NONE;
    emit(inc, "ended", why);
    tell(inc, FACT_EXERCISE_ENDED, "ended", why);
}

void exercises_over(struct incidents *inc, const char *why)
{
    if (inc->exercise.phase == EXERCISE_PHASE_RUNNING)
        finish(inc, why);
}

static bool close_old(struct sweep *sweep, struct incident *incident)
{
    steps_carry_out(sweep->inc, incident_reset(incident), incident, sweep->by, sweep->note);
    return true;
}

/* Unless a person has ended it meanwhile. */
static void finish_old(struct sweep *sweep)
{
    const struct exercise *x = &sweep->inc->exercise;
    if (x->phase != EXERCISE_PHASE_NONE && x->seq == 0)
        finish(sweep->inc, "the gateway was restarted");
}

void incidents_end_old_exercise(struct incidents *inc)
{
    const struct exercise *x = &inc->exercise;
    if (x->phase == EXERCISE_PHASE_NONE || x->seq != 0)
        return;
    struct sweep *sweep = sweeps_new("the gateway", "it was restarted", INT64_MAX, close_old);
    sweep->over = finish_old;
    for (size_t i = 0; i < inc->count; i++) {
        if ((x->buttons >> i & 1) && inc->buttons[i].class != INCIDENT_CLASS_TEST)
            sweeps_mean(sweep, panel_incident(&inc->panel, i, x->class));
    }
    sweeps_add(inc, sweep);
}

bool incidents_end_exercise(struct incidents *inc, enum incident_class class, const char *why)
{
    struct exercise *x = &inc->exercise;
    if (x->phase == EXERCISE_PHASE_NONE || x->class != class)
        return false;
    if (x->phase == EXERCISE_PHASE_ANNOUNCED) {
        finish(inc, why);
    } else if (inc->panel.exercise.running) {
        char *ending = strdup(why); /* it may be the one that is replaced */
        if (!ending)
            abort();
        free(inc->ending);
        inc->ending = ending;
        panel_end_exercise(&inc->panel, inc->ending, clock_monotonic_ns());
    }
    return true;
}

/* The ids of receivers behind a sentence. */
static void append_ids(const struct incidents *inc, uint32_t receivers, char *text, size_t size)
{
    const struct config_receivers *all = inc->options.config.receivers;
    for (size_t i = 0, first = 1; i < all->count; i++) {
        size_t used = strlen(text);
        if (!(receivers >> i & 1))
            continue;
        snprintf(text + used, size - used, "%s%s", first ? "" : ", ", all->items[i].id);
        first = 0;
    }
}

static void begin(struct incidents *inc)
{
    struct exercise *x = &inc->exercise;
    int64_t now_ns = clock_monotonic_ns(), ends_ns = now_ns + x->length_ms * 1000000;
    if (!panel_begin_exercise(&inc->panel, x->class, x->buttons, now_ns, ends_ns)) {
        /* As above: it may be a duress alarm. */
        finish(inc, "before it had begun an alarm came, or a responder could not be told of it");
        return;
    }
    x->phase = EXERCISE_PHASE_RUNNING;
    incidents_rearm(inc);
    char text[FACT_TEXT_SIZE];
    snprintf(text, sizeof text, "%s%s", x->by,
             x->unsigned_by ? "; accepted, but not signed for, by " : "");
    append_ids(inc, x->unsigned_by, text, sizeof text);
    tell(inc, FACT_EXERCISE_BEGUN, "begun", text);
}

void exercises_delivered(struct incidents *inc, const struct fact_delivered *delivered)
{
    struct exercise *x = &inc->exercise;
    uint32_t receiver = 1u << delivered->receiver;
    if (x->phase != EXERCISE_PHASE_ANNOUNCED || delivered->seq != x->seq)
        return;
    x->awaited &= ~receiver;
    if (!delivered->confirmed)
        x->unsigned_by |= receiver;
    if (x->awaited == 0)
        begin(inc);
}

static void give_up_announcing(struct incidents *inc)
{
    char why[FACT_TEXT_SIZE] = "it has not begun: no receipt of its announcement from ";
    append_ids(inc, inc->exercise.awaited, why, sizeof why);
    finish(inc, why);
}

void exercises_pressed(struct incidents *inc, size_t button)
{
    struct exercise *x = &inc->exercise;
    struct button *own = &inc->own[button];
    bool by_somebody = x->phase == EXERCISE_PHASE_RUNNING && x->class == INCIDENT_CLASS_TEST;
    own->tested_wall_ms = events_stamp(inc->options.events, clock_monotonic_ns()).wall_ms;
    encode_copy_utf8(own->tested_by, sizeof own->tested_by, by_somebody ? x->by : "");
    if (by_somebody && (x->buttons >> button & 1))
        x->tested |= UINT64_C(1) << button;
    state_save_tests(inc);
    facts_publish(inc->options.facts, &(struct fact){.kind = FACT_TESTED, .u.tested = button});
}

/* A clock that may be years off says nothing about a month. True if something is to be saved. */
static bool check_tested(struct incidents *inc, size_t button, int64_t now_wall_ms)
{
    struct button *own = &inc->own[button];
    bool is_new = own->known_since_wall_ms == 0;
    if (is_new)
        own->known_since_wall_ms = now_wall_ms;
    bool tested = own->tested_wall_ms > 0;
    int64_t since_ms = tested ? own->tested_wall_ms : own->known_since_wall_ms;
    bool untested = now_wall_ms - since_ms > inc->options.config.exercises->test_every_ms;
    if (untested == own->untested && own->tested_said &&
        (!untested || since_ms == own->untested_wall_ms))
        return is_new;
    char reason[200], at[CLOCK_TEXT_SIZE];
    clock_format_utc(since_ms, at);
    snprintf(reason, sizeof reason, "was not tested since %.10s%s: tocsin test", at,
             tested ? "" : ", when it was installed");
    own->untested = untested;
    own->untested_wall_ms = since_ms;
    own->tested_said = true;
    facts_state_fault(inc->options.facts, FAULT_UNTESTED,
                      inc->options.config.inputs->items[button].id, untested ? reason : NULL);
    return is_new;
}

void exercises_tick(struct incidents *inc)
{
    if (inc->exercise.phase == EXERCISE_PHASE_ANNOUNCED &&
        clock_monotonic_ms() > inc->exercise.announce_until_ms)
        give_up_announcing(inc);
    struct clock_stamp now = events_stamp(inc->options.events, clock_monotonic_ns());
    if (inc->options.config.exercises->test_every_ms == 0 || now.quality == CLOCK_QUALITY_UNKNOWN)
        return;
    bool is_new = false;
    for (size_t i = 0; i < inc->count; i++) {
        if (config_input_is_button(inc->options.config.inputs->items[i].kind))
            is_new |= check_tested(inc, i, now.wall_ms);
    }
    if (is_new)
        state_save_tests(inc);
}

json_t *incidents_exercise_status(const struct incidents *inc)
{
    const struct exercise *x = &inc->exercise;
    if (x->phase == EXERCISE_PHASE_NONE)
        return NULL;
    bool running = x->phase == EXERCISE_PHASE_RUNNING;
    int64_t left_ms = (inc->panel.exercise.ends_ns - clock_monotonic_ns()) / 1000000;
    return json_pack("{ss,ss,so,so,ss,sI}", "exercise", incident_class_name(x->class), "phase",
                     running ? "running" : "announced", "inputs", ids_of(inc, x->buttons), "tested",
                     ids_of(inc, x->tested), "by", x->by, "left_ms",
                     (json_int_t)(running ? left_ms : x->length_ms));
}
