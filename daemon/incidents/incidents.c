/* SPDX-License-Identifier: Apache-2.0 */
#include "incidents/incidents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
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

static void on_close_later(void *arg)
{
    sweeps_take_turn(arg);
}

static void settle(void *arg, int64_t until_ns)
{
    struct incidents *inc = arg;
    bool had_sweeps = sweeps_any(inc);
    panel_settle(&inc->panel, until_ns);
    if (had_sweeps)
        sweeps_take_turn(inc);
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
    return incident_best_progress(incident, asked) >= INCIDENT_PROGRESS_DELIVERED;
}

bool incidents_is_received(const struct incidents *inc, const struct incident *incident)
{
    uint32_t asked = delivery_asked(inc->options.delivery, incident->level);
    bool is_received = false;
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++)
        is_received |= asked >> i & 1 && incident_ever(incident, i) >= INCIDENT_PROGRESS_DELIVERED;
    return is_received;
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

static bool close_it(struct sweep *sweep, struct incident *incident)
{
    if (sweep->told.each)
        sweep->told.each(sweep->told.arg, incident);
    sweep->outcome.changed++;
    steps_carry_out(sweep->inc, incident_reset(incident), incident, sweep->by, sweeps_note(sweep));
    return true;
}

static bool cancel_it(struct sweep *sweep, struct incident *incident)
{
    int64_t window_ns = sweep->inc->options.config.alarms->cancel_window_ms * 1000000;
    if (incident_cancel(incident, sweep->at_ns, window_ns) != INCIDENT_ACTION_CANCELLED)
        return false;
    sweep->outcome.changed++;
    steps_carry_out(sweep->inc, INCIDENT_ACTION_CANCELLED, incident, sweep->by, sweeps_note(sweep));
    return true;
}

static void tell_over(struct sweep *sweep)
{
    sweep->told.done(sweep->told.arg, &sweep->outcome);
}

static void order_from_the_gate(struct incidents *inc, const struct incidents_order *asked,
                                sweep_step carry_out)
{
    struct sweep *sweep = sweeps_new(asked->by, asked->note, asked->at_ns, carry_out);
    const struct incident *incident = NULL;
    sweep->told = (struct incidents_order){
        .each = asked->each, .done = asked->done, .arg = asked->arg}; /* the texts are copied */
    sweep->over = asked->done ? tell_over : NULL;
    /* Whoever is forced to say it does not say it of duress. */
    while ((incident = panel_next_open(&inc->panel, incident))) {
        if (incident->class != INCIDENT_CLASS_DURESS &&
            (!asked->alarm || strcmp(asked->alarm, incident->alarm) == 0))
            sweeps_mean(sweep, incident);
    }
    sweeps_add(inc, sweep);
}

void incidents_reset_all(struct incidents *inc, const struct incidents_order *asked)
{
    order_from_the_gate(inc, asked, close_it);
}

void incidents_cancel(struct incidents *inc, const struct incidents_order *asked)
{
    order_from_the_gate(inc, asked, cancel_it);
}

void incidents_tick(struct incidents *inc)
{
    doubt_tick(inc);
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
        answers_obey(inc, &fact->u.command, fact->at_ns);
    } else if (fact->kind == FACT_SETTLED) {
        state_save_unsaved(inc);
    } else if (fact->kind == FACT_TURN_OVER) {
        sweeps_end_turn(inc);
    }
}

static enum incident_class class_of_kind(enum config_input_kind kind)
{
    if (kind == CONFIG_INPUT_DURESS)
        return INCIDENT_CLASS_DURESS;
    return kind == CONFIG_INPUT_TEST ? INCIDENT_CLASS_TEST : INCIDENT_CLASS_ALARM;
}

#define LONG_MORE_MS 1000 /* longer than a press must be to count at all */

/* A press must count for the exercise before it can be more than that, and whoever only takes part
 * needs time to let go. */
static int64_t long_press_ms(const struct incidents *inc, const struct config_input *c)
{
    int64_t asked_ms = inc->options.config.exercises->long_press_ms;
    int64_t least_ms = c->hold_ms > 0 ? c->hold_ms + LONG_MORE_MS : 0;
    if (c->latching)
        return 0; /* it is always held long */
    return asked_ms > least_ms ? asked_ms : least_ms;
}

static void prepare_button(struct incidents *inc, size_t i)
{
    const struct config_input *c = &inc->options.config.inputs->items[i];
    inc->buttons[i].class = class_of_kind(c->kind);
    inc->own[i].chatter.last_ns = clock_monotonic_ns(); /* nothing is known of before */
    inc->buttons[i].gesture.options =
        (struct gesture_options){.hold_ns = c->hold_ms * 1000000,
                                 .presses = (unsigned)c->presses,
                                 .within_ns = c->within_ms * 1000000,
                                 .duress_presses = (unsigned)c->duress_presses,
                                 .duress_within_ns = c->duress_within_ms * 1000000,
                                 .long_ns = long_press_ms(inc, c) * 1000000};
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
    inc->sweeps = sweeps_create(inc);
    SLIST_INIT(&inc->unreadable);
    after_poll_init(&inc->after_poll, options->loop, settle, inc);
    facts_subscribe(options->facts,
                    FACT_BIT(FACT_DELIVERED) | FACT_BIT(FACT_ANSWER) | FACT_BIT(FACT_COMMAND) |
                        FACT_BIT(FACT_SETTLED) | FACT_BIT(FACT_TURN_OVER),
                    on_fact, inc);
    *ret_incidents = inc;
    return 0;
}

void incidents_close(struct incidents *inc)
{
    if (!inc || inc->closed)
        return;
    inc->closed = true;
    sweeps_close(inc);
    after_poll_close(&inc->after_poll);
}

void incidents_free(struct incidents *inc)
{
    if (!inc)
        return;
    sweeps_free(inc);
    state_finish(inc);
    held_free(inc->apart);
    unreadable_free(inc);
    free(inc->ending);
    free(inc);
}
