/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "app/gateway.h"
#include "drivers/indicator/indicators.h"

static void on_fault(void *arg, const char *reason)
{
    struct gateway_lamp *lamp = arg;
    snprintf(lamp->reason, sizeof lamp->reason, "%s", reason ? reason : "");
}

int lamps_open(struct gateway *gw, struct err *e)
{
    for (size_t i = 0; i < gw->config->indicator_count; i++) {
        struct gateway_lamp *lamp = &gw->lamps[i];
        lamp->gateway = gw;
        lamp->config = &gw->config->indicators[i];
        const struct indicator_driver *const *d = indicator_drivers;
        while (*d && &(*d)->type != lamp->config->driver.type)
            d++;
        lamp->driver = *d;
        struct indicator_host host = {.on_fault = on_fault, .arg = lamp};
        int result =
            lamp->driver->open(lamp->config->driver.options, &host, &gw->loop, &lamp->indicator, e);
        if (result != 0)
            return err_prefix(e, result, "lamp %s", lamp->config->id);
        gw->lamp_count++;
        lamp->pattern = INDICATOR_PATTERN_OFF;
    }
    return 0;
}

static bool is_proven(const struct gateway *gw)
{
    if (faults_any(gw))
        return false;
    for (size_t i = 0; i < gw->receiver_count; i++) {
        if (gw->receivers[i].link != DISPATCH_LINK_PROVEN)
            return false;
    }
    for (size_t i = 0; i < gw->input_count; i++) {
        if (!gw->inputs[i].known || gw->inputs[i].broken)
            return false;
    }
    for (size_t i = 0; i < gw->camera_count; i++) {
        if (!gw->cameras[i].known || gw->cameras[i].state != MESSAGE_CAMERA_ONLINE)
            return false;
    }
    return true;
}

static enum indicator_pattern pattern_for(const struct gateway *gw, const struct gateway_lamp *lamp)
{
    bool hidden[INCIDENT_INPUTS_MAX];
    for (size_t i = 0; i < gw->input_count; i++) {
        const struct config_input *input = &gw->config->inputs[i];
        /* Whoever forces the guard must see nothing. */
        hidden[i] = input->kind == CONFIG_INPUT_DURESS || (input->silent && lamp->config->silent);
    }
    struct lamp_view view = {.incidents = gw->incidents,
                             .hidden = hidden,
                             .count = gw->input_count,
                             .responders = gw->responders,
                             .proven = is_proven(gw)};
    return lamp_pattern(&view);
}

void lamps_update(struct gateway *gw)
{
    for (size_t i = 0; i < gw->lamp_count && !gw->stopping; i++) {
        struct gateway_lamp *lamp = &gw->lamps[i];
        enum indicator_pattern pattern = pattern_for(gw, lamp);
        if (pattern == lamp->pattern)
            continue;
        lamp->pattern = pattern;
        lamp->driver->show(lamp->indicator, pattern);
        faults_set(gw, "lamp", lamp->config->id, lamp->reason[0] ? lamp->reason : NULL);
        watch_tell(gw,
                   &(struct watch_line){.what = "lamp", .text = indicator_pattern_name(pattern)});
        service_status(gw->service, "lamp %s", indicator_pattern_name(pattern));
    }
}

void lamps_close(struct gateway *gw)
{
    for (size_t i = 0; i < gw->lamp_count; i++)
        gw->lamps[i].driver->close(gw->lamps[i].indicator);
    gw->lamp_count = 0;
}
