/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sirens, gate locks, lamps of others: on by the rules of the configuration, off when their time is
 * over or the alarm is closed. Duress never switches anything: nothing may be seen of it.
 */
#include <stdio.h>
#include <string.h>

#include "app/gateway.h"
#include "base/log.h"
#include "drivers/output/outputs.h"

static void switch_to(struct gateway_output *o, bool on, const char *why)
{
    if (o->on == on)
        return;
    o->on = on;
    o->driver->set(o->output, on);
    log_info("output", "%s %s: %s", o->config->id, on ? "on" : "off", why);
    watch_tell(o->gateway, &(struct watch_line){.what = on ? "output-on" : "output-off",
                                                .event = o->config->id,
                                                .text = why});
}

static void on_time_over(uv_timer_t *timer)
{
    struct gateway_output *o = timer->data;
    memset(o->held, 0, sizeof o->held);
    switch_to(o, false, "its time is over");
}

static bool concerns(const struct gateway_output *o, const struct config_input *input,
                     enum incident_class class)
{
    const struct option_list *inputs = &o->config->inputs;
    bool named = inputs->count == 0;
    for (size_t i = 0; i < inputs->count; i++)
        named = named || strcmp(inputs->items[i], input->id) == 0;
    return named && (!input->silent || o->config->silent_alarms) &&
           (class == INCIDENT_CLASS_ALARM || (class == INCIDENT_CLASS_DRILL && o->config->drills));
}

void outputs_trigger(struct gateway *gw, enum config_output_trigger trigger,
                     const struct incident *incident)
{
    size_t button = incident->button;
    enum incident_class class = incident->class;
    for (size_t i = 0; i < gw->output_count; i++) {
        struct gateway_output *o = &gw->outputs[i];
        if (!(o->config->on >> trigger & 1) || !concerns(o, &gw->config->inputs[button], class))
            continue;
        if (trigger != CONFIG_OUTPUT_CLOSED)
            o->held[class] |= UINT64_C(1) << button;
        switch_to(o, true, config_output_trigger_name(trigger));
        if (o->config->for_ms > 0)
            uv_timer_start(&o->off, on_time_over, (uint64_t)o->config->for_ms, 0);
    }
}

void outputs_release(struct gateway *gw, enum config_output_trigger trigger,
                     const struct incident *incident)
{
    size_t button = incident->button;
    enum incident_class class = incident->class;
    for (size_t i = 0; i < gw->output_count; i++) {
        struct gateway_output *o = &gw->outputs[i];
        bool held = false;
        /* Delivery takes back only what "undelivered" alone has switched on. */
        if (trigger == CONFIG_OUTPUT_DELIVERED && o->config->on != 1u << CONFIG_OUTPUT_UNDELIVERED)
            continue;
        if (!(o->held[class] >> button & 1))
            continue;
        o->held[class] &= ~(UINT64_C(1) << button);
        for (int n = 0; n < INCIDENT_CLASSES; n++)
            held = held || o->held[n] != 0;
        if (held)
            continue;
        uv_timer_stop(&o->off);
        switch_to(o, false, trigger == CONFIG_OUTPUT_CLOSED ? "the alarm is closed" : "delivered");
    }
}

static void on_fault(void *arg, const char *reason)
{
    struct gateway_output *o = arg;
    snprintf(o->reason, sizeof o->reason, "%s", reason ? reason : "");
    faults_set(o->gateway, "output", o->config->id, reason);
}

/* What an open alarm holds on until it is closed is on after a restart too. */
static void resume(struct gateway *gw)
{
    for (size_t i = 0; i < gw->output_count; i++) {
        struct gateway_output *o = &gw->outputs[i];
        if (o->config->for_ms > 0 || !(o->config->on >> CONFIG_OUTPUT_RAISED & 1))
            continue;
        for (size_t k = 0; k < gw->input_count; k++) {
            if (gw->incidents[k][INCIDENT_CLASS_ALARM].open &&
                concerns(o, &gw->config->inputs[k], INCIDENT_CLASS_ALARM))
                o->held[INCIDENT_CLASS_ALARM] |= UINT64_C(1) << k;
        }
        if (o->held[INCIDENT_CLASS_ALARM])
            switch_to(o, true, "an alarm from before the restart is open");
    }
}

int outputs_open(struct gateway *gw, struct err *e)
{
    for (size_t i = 0; i < gw->config->output_count; i++) {
        struct gateway_output *o = &gw->outputs[i];
        struct output_host host = {.on_fault = on_fault, .arg = o};
        o->gateway = gw;
        o->config = &gw->config->outputs[i];
        o->driver = output_driver_of(o->config->driver.type);
        int result = o->driver->open(o->config->driver.options, &host, &gw->loop, &o->output, e);
        if (result != 0)
            return err_prefix(e, result, "output %s", o->config->id);
        uv_timer_init(&gw->loop, &o->off);
        o->off.data = o;
        gw->output_count++;
    }
    resume(gw);
    return 0;
}

void outputs_close(struct gateway *gw)
{
    for (size_t i = 0; i < gw->output_count; i++) {
        uv_close((uv_handle_t *)&gw->outputs[i].off, NULL);
        gw->outputs[i].driver->close(gw->outputs[i].output);
    }
    gw->output_count = 0;
}
