/* SPDX-License-Identifier: Apache-2.0 */
#include "annunciate/outputs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"

struct one_output {
    struct outputs *outputs;
    const struct config_output *config;
    const struct output_driver *driver;
    struct output *output; /* NULL: its driver refuses what it was given */
    uv_timer_t off;
    bool on;
    uint64_t held[INCIDENT_CLASSES]; /* bit mask of buttons whose incidents hold it on */
    char reason[FACT_REASON_SIZE];
};

struct outputs {
    struct outputs_options options;
    size_t count;
    struct one_output outputs[LIMIT_OUTPUTS];
};

static void switch_to(struct one_output *o, bool on, const char *why)
{
    struct fact fact = {.kind = FACT_OUTPUT, .u.output = {.on = on}};
    if (o->on == on || !o->output)
        return;
    o->on = on;
    o->driver->set(o->output, on);
    log_info("output", "%s %s: %s", o->config->id, on ? "on" : "off", why);
    snprintf(fact.u.output.id, sizeof fact.u.output.id, "%s", o->config->id);
    snprintf(fact.u.output.why, sizeof fact.u.output.why, "%s", why);
    facts_publish(o->outputs->options.facts, &fact);
}

static void on_time_over(uv_timer_t *timer)
{
    struct one_output *o = timer->data;
    memset(o->held, 0, sizeof o->held);
    switch_to(o, false, "its time is over");
}

static bool concerns(const struct one_output *o, const struct incident *incident)
{
    const struct config_input *input = &o->outputs->options.config.inputs->items[incident->button];
    const struct option_list *inputs = &o->config->inputs;
    bool named = inputs->count == 0 || option_list_find(inputs, input->id) < inputs->count;
    return named && (!input->silent || o->config->silent_alarms) &&
           (incident->class == INCIDENT_CLASS_ALARM ||
            (incident->class == INCIDENT_CLASS_DRILL && o->config->drills));
}

static void trigger(struct outputs *outs, enum config_output_trigger trigger,
                    const struct incident *incident)
{
    for (size_t i = 0; i < outs->count; i++) {
        struct one_output *o = &outs->outputs[i];
        if (!(o->config->on >> trigger & 1) || !concerns(o, incident))
            continue;
        if (trigger != CONFIG_OUTPUT_CLOSED)
            o->held[incident->class] |= UINT64_C(1) << incident->button;
        switch_to(o, true, config_output_trigger_name(trigger));
        if (o->config->for_ms > 0)
            uv_timer_start(&o->off, on_time_over, (uint64_t)o->config->for_ms, 0);
    }
}

/* What that trigger had switched on for the incident goes off. */
static void release(struct outputs *outs, enum config_output_trigger trigger,
                    const struct incident *incident)
{
    for (size_t i = 0; i < outs->count; i++) {
        struct one_output *o = &outs->outputs[i];
        bool held = false;
        /* Delivery takes back only what "undelivered" alone has switched on. */
        if (trigger == CONFIG_OUTPUT_DELIVERED && o->config->on != 1u << CONFIG_OUTPUT_UNDELIVERED)
            continue;
        if (!(o->held[incident->class] >> incident->button & 1))
            continue;
        o->held[incident->class] &= ~(UINT64_C(1) << incident->button);
        for (int class = 0; class < INCIDENT_CLASSES; class ++)
            held = held || o->held[class] != 0;
        if (held)
            continue;
        uv_timer_stop(&o->off);
        switch_to(o, false, trigger == CONFIG_OUTPUT_CLOSED ? "the alarm is closed" : "delivered");
    }
}

static void take_step(struct outputs *outs, const struct fact_incident *step)
{
    /* Who presses again when somebody has seen it has more to say. */
    if (step->action == INCIDENT_ACTION_RAISED ||
        (step->action == INCIDENT_ACTION_UPDATED && step->had_seen))
        trigger(outs, CONFIG_OUTPUT_RAISED, &step->incident);
    else if (step->action == INCIDENT_ACTION_ESCALATED)
        trigger(outs, CONFIG_OUTPUT_ESCALATED, &step->incident);
    if (step->action != INCIDENT_ACTION_CLOSED)
        return;
    release(outs, CONFIG_OUTPUT_CLOSED, &step->incident);
    trigger(outs, CONFIG_OUTPUT_CLOSED, &step->incident);
}

static void on_fact(void *self, const struct fact *fact)
{
    struct outputs *outs = self;
    if (fact->kind == FACT_INCIDENT) {
        take_step(outs, &fact->u.incident);
    } else if (fact->kind == FACT_UNDELIVERED) {
        trigger(outs, CONFIG_OUTPUT_UNDELIVERED, &fact->u.incident.incident);
    } else if (fact->u.progress.first) {
        release(outs, CONFIG_OUTPUT_DELIVERED, &fact->u.progress.incident);
        trigger(outs, CONFIG_OUTPUT_DELIVERED, &fact->u.progress.incident);
    }
}

static void on_fault(void *arg, const char *reason)
{
    struct one_output *o = arg;
    encode_copy_utf8(o->reason, sizeof o->reason, reason);
    facts_state_fault(o->outputs->options.facts, FAULT_OUTPUT, o->config->id, reason);
}

/* Whether something that has happened to an open alarm holds this on. */
static bool is_held_by(const struct one_output *o, const struct incident *incident)
{
    const struct incidents *incidents = o->outputs->options.incidents;
    bool delivered = incidents_is_delivered(incidents, incident);
    bool undelivered =
        incident->undelivered && !(delivered && o->config->on == 1u << CONFIG_OUTPUT_UNDELIVERED);
    return (o->config->on >> CONFIG_OUTPUT_RAISED & 1) ||
           (o->config->on >> CONFIG_OUTPUT_ESCALATED & 1 && incident->level > 1) ||
           (o->config->on >> CONFIG_OUTPUT_UNDELIVERED & 1 && undelivered) ||
           (o->config->on >> CONFIG_OUTPUT_DELIVERED & 1 && delivered);
}

/* What an open alarm holds on until it is closed is on after a restart too. */
static void resume(struct one_output *o)
{
    const struct incident *incident = NULL;
    if (o->config->for_ms > 0)
        return;
    while ((incident = incidents_next_open(o->outputs->options.incidents, incident))) {
        if (incident->class == INCIDENT_CLASS_ALARM && concerns(o, incident) &&
            is_held_by(o, incident))
            o->held[INCIDENT_CLASS_ALARM] |= UINT64_C(1) << incident->button;
    }
    if (o->held[INCIDENT_CLASS_ALARM])
        switch_to(o, true, "an alarm from before the restart is open");
}

/* One that cannot be opened must not silence the others. */
static void open_output(struct outputs *outs, const struct config_output *config)
{
    struct one_output *o = &outs->outputs[outs->count++];
    struct err e;
    struct output_host host = {.on_fault = on_fault, .arg = o};
    *o = (struct one_output){.outputs = outs, .config = config};
    o->driver = output_driver_of(config->driver.type);
    uv_timer_init(outs->options.loop, &o->off);
    o->off.data = o;
    if (o->driver->open(config->driver.options, &host, outs->options.loop, &o->output, &e) == 0) {
        resume(o);
        return;
    }
    o->output = NULL;
    log_error("output", "%s: %s", config->id, e.text);
    on_fault(o, e.text);
}

void outputs_look_again(struct outputs *outs)
{
    for (size_t i = 0; i < outs->count; i++) {
        if (outs->outputs[i].output)
            resume(&outs->outputs[i]);
    }
}

int outputs_open(const struct outputs_options *options, struct outputs **ret_outputs, struct err *e)
{
    struct outputs *outs = calloc(1, sizeof *outs);
    if (!outs)
        return err_set(e, ENOMEM, "outputs: out of memory");
    outs->options = *options;
    *ret_outputs = outs;
    facts_subscribe(options->facts,
                    FACT_BIT(FACT_INCIDENT) | FACT_BIT(FACT_UNDELIVERED) | FACT_BIT(FACT_PROGRESS),
                    on_fact, outs);
    for (size_t i = 0; i < options->config.outputs->count; i++)
        open_output(outs, &options->config.outputs->items[i]);
    return 0;
}

void outputs_close(struct outputs *outs)
{
    for (size_t i = 0; outs && i < outs->count; i++) {
        uv_close((uv_handle_t *)&outs->outputs[i].off, NULL);
        outs->outputs[i].driver->close(outs->outputs[i].output);
    }
    if (outs)
        outs->count = 0;
}

void outputs_free(struct outputs *outs)
{
    free(outs);
}

json_t *outputs_status(const struct outputs *outs)
{
    json_t *list = json_array();
    for (size_t i = 0; i < outs->count; i++)
        json_array_append_new(list,
                              json_pack("{ss,sb,ss}", "id", outs->outputs[i].config->id, "on",
                                        outs->outputs[i].on, "fault", outs->outputs[i].reason));
    return list;
}
