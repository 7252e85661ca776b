/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "app/gateway.h"
#include "drivers/indicator/indicators.h"

static void on_fault(void *arg, const char *reason)
{
    struct gateway_lamp *lamp = arg;
    snprintf(lamp->reason, sizeof lamp->reason, "%s", reason ? reason : "");
    faults_set(lamp->gateway, "lamp", lamp->config->id, reason);
}

int lamps_open(struct gateway *gw, struct err *e)
{
    for (size_t i = 0; i < gw->config->indicator_count; i++) {
        struct gateway_lamp *lamp = &gw->lamps[i];
        lamp->gateway = gw;
        lamp->config = &gw->config->indicators[i];
        lamp->driver = indicator_driver_of(lamp->config->driver.type);
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

/* Whether a press would be heard here, kept, and taken by somebody who sends help. */
static bool is_press_safe(const struct gateway *gw)
{
    static const char *const grave[] = {"line", "stuck", "chatter", "tamper", "store"};
    bool reached = false;
    for (size_t i = 0; i < gw->receiver_count; i++)
        reached = reached || ((escalation_asked(gw, 1) >> i & 1) &&
                              gw->receivers[i].link == DISPATCH_LINK_PROVEN);
    for (size_t i = 0; i < sizeof grave / sizeof *grave; i++) {
        if (faults_is(gw, grave[i]))
            return false;
    }
    for (size_t i = 0; i < gw->input_count; i++) {
        if (!lines_is_good(&gw->inputs[i]))
            return false;
    }
    return reached;
}

static bool is_everything_proven(const struct gateway *gw)
{
    if (faults_any(gw))
        return false;
    for (size_t i = 0; i < gw->receiver_count; i++) {
        if (gw->receivers[i].link != DISPATCH_LINK_PROVEN)
            return false;
    }
    for (size_t i = 0; i < gw->camera_count; i++) {
        if (!gw->cameras[i].known || gw->cameras[i].state != MESSAGE_CAMERA_ONLINE)
            return false;
    }
    return true;
}

static enum indicator_pattern pattern_of_silent(enum config_silent_shows shows)
{
    switch (shows) {
    case CONFIG_SILENT_DEGRADED:
        return INDICATOR_PATTERN_DEGRADED;
    case CONFIG_SILENT_TEST:
        return INDICATOR_PATTERN_TEST;
    case CONFIG_SILENT_PROGRESS:
    case CONFIG_SILENT_NOTHING:
    case CONFIG_SILENT_OFF:
        break;
    }
    return INDICATOR_PATTERN_OFF;
}

static enum indicator_pattern pattern_for(const struct gateway *gw, const struct gateway_lamp *lamp)
{
    bool hidden[LIMIT_INPUTS];
    uint32_t responders[LIMIT_GROUPS];
    size_t levels = gw->groups;
    enum config_silent_shows shows = lamp->config->silent_shows;
    for (size_t i = 0; i < gw->input_count; i++)
        hidden[i] = gw->config->inputs[i].silent && shows != CONFIG_SILENT_PROGRESS;
    for (size_t i = 0; i < levels; i++)
        responders[i] = escalation_asked(gw, (unsigned)i + 1);
    bool running = gw->exercise.phase == EXERCISE_PHASE_RUNNING;
    struct lamp_view view = {.count = gw->input_count,
                             .incidents = (const struct incident(*)[INCIDENT_CLASSES])gw->incidents,
                             .hidden = hidden,
                             .marks_hidden = shows > CONFIG_SILENT_NOTHING,
                             .hidden_pattern = pattern_of_silent(shows),
                             .responders = responders,
                             .level_count = levels,
                             .drill = running && gw->exercise.class == INCIDENT_CLASS_DRILL,
                             .test = running && gw->exercise.class == INCIDENT_CLASS_TEST,
                             .health = !is_press_safe(gw)         ? LAMP_HEALTH_BROKEN
                                       : is_everything_proven(gw) ? LAMP_HEALTH_PROVEN
                                                                  : LAMP_HEALTH_DEGRADED};
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
