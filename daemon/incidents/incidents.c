/* SPDX-License-Identifier: Apache-2.0 */
#include "incidents/incidents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "incidents/internal.h"

static void on_exercise_over(void *arg, const struct panel_exercise *was, const char *why)
{
    (void)was;
    exercises_over(arg, why);
}

static void on_fresh_id(void *arg, char ret_id[UUID_TEXT_SIZE])
{
    (void)arg;
    uuid_v7(clock_wall_ms(), ret_id);
}

static struct incident *next_of(const struct incidents *inc, const struct reset_order *order)
{
    struct incident *incident = NULL;
    while ((incident = panel_next_open(&inc->panel, incident))) {
        if (incident->class != INCIDENT_CLASS_DURESS && incident->last_press_ns <= order->at_ns)
            return incident;
    }
    return NULL;
}

/* True if more of it is left. */
static bool obey_next(struct incidents *inc, struct reset_order *order)
{
    struct incident *incident = next_of(inc, order);
    if (incident)
        steps_carry_out(inc, incident_reset(incident), incident, order->by,
                        order->note[0] ? order->note : NULL);
    if (next_of(inc, order))
        return true;
    STAILQ_REMOVE(&inc->orders, order, reset_order, next);
    if (order->done)
        order->done(order->arg);
    free(order);
    return !STAILQ_EMPTY(&inc->orders);
}

/* Each closing writes the row of all that are open, with its event: one a turn, so that a press
 * comes in between. A kill between two leaves the rest open, here as everywhere. */
static void close_one(struct incidents *inc)
{
    bool more = inc->panel.exercise.ending ? panel_close_next(&inc->panel, clock_monotonic_ns()) ||
                                                 !STAILQ_EMPTY(&inc->orders)
                : !STAILQ_EMPTY(&inc->orders) ? obey_next(inc, STAILQ_FIRST(&inc->orders))
                                              : false;
    if (more)
        after_poll_by(&inc->after_poll, clock_monotonic_ns());
}

static void on_close_later(void *arg)
{
    close_one(arg);
}

static void settle(void *arg, int64_t until_ns)
{
    struct incidents *inc = arg;
    bool was_ending = inc->panel.exercise.ending != NULL;
    bool had_orders = !STAILQ_EMPTY(&inc->orders);
    panel_settle(&inc->panel, until_ns);
    if (was_ending || had_orders)
        close_one(inc);
    incidents_rearm(inc);
}

void incidents_rearm(struct incidents *inc)
{
    after_poll_by(&inc->after_poll, panel_due_ns(&inc->panel));
}

static enum panel_cause cause_of(enum input_cause cause)
{
    switch (cause) {
    case INPUT_CAUSE_EDGE:
        return PANEL_CAUSE_EDGE;
    case INPUT_CAUSE_READ:
        return PANEL_CAUSE_LEVEL;
    case INPUT_CAUSE_START:
        return PANEL_CAUSE_START;
    }
    return PANEL_CAUSE_LEVEL;
}

uint64_t incidents_level(struct incidents *inc, size_t button, bool pressed, enum input_cause cause,
                         int64_t at_ns)
{
    inc->press_seq = 0;
    /* A release without an open incident is no event, but the next start must know of it: a press
     * that came while the gateway was down would else be taken for the one from before. An event
     * takes the row along. */
    inc->unsaved = true;
    facts_wake(inc->options.facts);
    panel_level(&inc->panel, button, pressed, cause_of(cause), at_ns);
    incidents_rearm(inc);
    return inc->press_seq;
}

const char *incidents_why_no_event(const struct incidents *inc, size_t button, bool pressed)
{
    const struct gesture_options *o = &inc->buttons[button].gesture.options;
    if (pressed && o->hold_ns > 0)
        return NULL;
    return inc->own[button].chatter.on ? "the line chatters: it is counted, and told later"
           : o->hold_ns > 0            ? "it was not held long enough to count"
           : o->presses > 1            ? "it counts together with the presses that follow"
                                       : "it raised no event";
}

const struct incident (*incidents_all(const struct incidents *inc))[INCIDENT_CLASSES]
{
    return (const struct incident(*)[INCIDENT_CLASSES])inc->incidents;
}

const struct incident *incidents_next_open(const struct incidents *inc, const struct incident *last)
{
    return panel_next_open(&inc->panel, last);
}

bool incidents_is_delivered(const struct incidents *inc, const struct incident *incident)
{
    uint32_t asked = delivery_asked(inc->options.delivery, incident->level);
    return incident_best_progress(incident, asked) > INCIDENT_PROGRESS_HEARD;
}

bool incidents_was_undelivered(const struct incidents *inc, const struct incident *incident)
{
    return inc->own[incident->button].undelivered[incident->class];
}

bool incidents_button_open(const struct incidents *inc, size_t button)
{
    bool open = false;
    for (int class = 0; class < INCIDENT_CLASSES; class ++)
        open = open || inc->incidents[button][class].open;
    return open;
}

size_t incidents_real_open(const struct incidents *inc)
{
    size_t count = 0;
    const struct incident *incident = NULL;
    while ((incident = panel_next_open(&inc->panel, incident)))
        count += incident_is_real(incident->class);
    return count;
}

void incidents_reset(struct incidents *inc, const struct incident *incident, const char *by,
                     const char *note)
{
    struct incident *ours = panel_incident(&inc->panel, incident->button, incident->class);
    steps_carry_out(inc, incident_reset(ours), ours, by, note);
}

void incidents_reset_all(struct incidents *inc, const struct incidents_reset *asked)
{
    struct reset_order *order = calloc(1, sizeof *order);
    if (!order)
        abort();
    *order = (struct reset_order){.at_ns = asked->at_ns, .done = asked->done, .arg = asked->arg};
    encode_copy_utf8(order->by, sizeof order->by, asked->by);
    encode_copy_utf8(order->note, sizeof order->note, asked->note);
    bool is_first = STAILQ_EMPTY(&inc->orders) && !inc->panel.exercise.ending;
    STAILQ_INSERT_TAIL(&inc->orders, order, next);
    if (is_first)
        close_one(inc);
}

size_t incidents_cancel(struct incidents *inc, const char *alarm, const char *by, const char *note,
                        int64_t at_ns)
{
    size_t count = 0;
    int64_t window_ns = inc->options.config.alarms->cancel_window_ms * 1000000;
    struct incident *incident = NULL;
    while ((incident = panel_next_open(&inc->panel, incident))) {
        /* Whoever is forced to cancel must not take the duress alarm back with it. */
        if (incident->class == INCIDENT_CLASS_DURESS ||
            (alarm && strcmp(alarm, incident->alarm) != 0) ||
            incident_cancel(incident, at_ns, window_ns) != INCIDENT_ACTION_CANCELLED)
            continue;
        steps_carry_out(inc, INCIDENT_ACTION_CANCELLED, incident, by, note);
        count++;
    }
    return count;
}

void incidents_tick(struct incidents *inc)
{
    steps_tick(inc);
    exercises_tick(inc);
    escalation_tick(inc);
}

static void on_fact(void *self, const struct fact *fact)
{
    struct incidents *inc = self;
    if (fact->kind == FACT_DELIVERED) {
        answers_delivered(inc, &fact->u.delivered);
        exercises_delivered(inc, &fact->u.delivered);
    } else if (fact->kind == FACT_ANSWER) {
        answers_take(inc, &fact->u.answer);
    } else if (fact->kind == FACT_COMMAND) {
        answers_obey(inc, &fact->u.command);
    } else if (fact->kind == FACT_SETTLED) {
        state_save_unsaved(inc);
    }
}

static enum incident_class class_of_kind(enum config_input_kind kind)
{
    if (kind == CONFIG_INPUT_DURESS)
        return INCIDENT_CLASS_DURESS;
    return kind == CONFIG_INPUT_TEST ? INCIDENT_CLASS_TEST : INCIDENT_CLASS_ALARM;
}

static void prepare_button(struct incidents *inc, size_t i)
{
    const struct config_input *c = &inc->options.config.inputs->items[i];
    inc->buttons[i].class = class_of_kind(c->kind);
    inc->own[i].chatter.last_ns = clock_monotonic_ns(); /* nothing is known of before */
    inc->buttons[i].gesture.options = (struct gesture_options){
        .hold_ns = c->hold_ms * 1000000,
        .presses = (unsigned)c->presses,
        .within_ns = c->within_ms * 1000000,
        .duress_presses = (unsigned)c->duress_presses,
        .duress_within_ns = c->duress_within_ms * 1000000,
        /* A latching button is always held long. */
        .long_ns = c->latching ? 0 : inc->options.config.exercises->long_press_ms * 1000000};
}

int incidents_open(const struct incidents_options *options, struct incidents **ret_incidents,
                   struct err *e)
{
    struct incidents *inc = calloc(1, sizeof *inc);
    if (!inc)
        return err_set(e, ENOMEM, "incidents: out of memory");
    inc->options = *options;
    inc->count = options->config.inputs->count;
    inc->panel = (struct panel){.host = {.step = steps_take,
                                         .exercise_over = on_exercise_over,
                                         .close_later = on_close_later,
                                         .fresh_id = on_fresh_id,
                                         .arg = inc},
                                .button_count = inc->count,
                                .buttons = inc->buttons,
                                .incidents = inc->incidents};
    for (size_t i = 0; i < inc->count; i++)
        prepare_button(inc, i);
    STAILQ_INIT(&inc->orders);
    after_poll_init(&inc->after_poll, options->loop, settle, inc);
    facts_subscribe(options->facts,
                    FACT_BIT(FACT_DELIVERED) | FACT_BIT(FACT_ANSWER) | FACT_BIT(FACT_COMMAND) |
                        FACT_BIT(FACT_SETTLED),
                    on_fact, inc);
    *ret_incidents = inc;
    return 0;
}

void incidents_close(struct incidents *inc)
{
    if (!inc || inc->closed)
        return;
    inc->closed = true;
    after_poll_close(&inc->after_poll);
}

void incidents_free(struct incidents *inc)
{
    while (inc && !STAILQ_EMPTY(&inc->orders)) {
        struct reset_order *order = STAILQ_FIRST(&inc->orders);
        STAILQ_REMOVE_HEAD(&inc->orders, next);
        free(order);
    }
    if (inc)
        state_finish(inc);
    free(inc);
}
