/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "base/log.h"
#include "drivers/input/inputs.h"
#include "envelope/data.h"

#define CAMERAS_MAX 32

const char *presses_kind_name(int kind)
{
    static const char *const names[] = {
        [CONFIG_INPUT_PANIC] = "panic",     [CONFIG_INPUT_DURESS] = "duress",
        [CONFIG_INPUT_MEDICAL] = "medical", [CONFIG_INPUT_FIRE] = "fire",
        [CONFIG_INPUT_TEST] = "test",
    };
    return names[kind];
}

static const char *cause_name(enum input_cause cause)
{
    switch (cause) {
    case INPUT_CAUSE_EDGE:
        return "edge";
    case INPUT_CAUSE_READ:
        return "level";
    case INPUT_CAUSE_START:
        return "start";
    }
    return "edge";
}

static const char *camera_name(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->camera_count; i++) {
        if (strcmp(config->cameras[i].id, id) == 0)
            return config->cameras[i].name;
    }
    return id;
}

static json_t *describe(struct gateway *gw, size_t index, const char *cause, const char *by,
                        const char *note)
{
    const struct config_input *input = &gw->config->inputs[index];
    const struct config_site *site = &gw->config->site;
    const struct incident *incident = &gw->incidents[index];
    struct data_camera cameras[CAMERAS_MAX];
    size_t count = input->cameras.count < CAMERAS_MAX ? input->cameras.count : CAMERAS_MAX;
    for (size_t i = 0; i < count; i++)
        cameras[i] = (struct data_camera){input->cameras.items[i],
                                          camera_name(gw->config, input->cameras.items[i])};
    struct data_site place = {.id = site->id,
                              .name = site->name,
                              .address = site->address,
                              .latitude = site->latitude,
                              .longitude = site->longitude,
                              .contacts = site->contacts.items,
                              .contact_count = site->contacts.count};
    struct data_alarm alarm = {.alarm = incident->alarm,
                               .kind = presses_kind_name(input->kind),
                               .silent = input->silent,
                               .at_start = incident->at_start,
                               .cause = cause,
                               .input_id = input->id,
                               .input_name = input->name,
                               .input_place = input->place,
                               .presses = incident->presses,
                               .cameras = cameras,
                               .camera_count = count,
                               .site = &place,
                               .by = by,
                               .note = note};
    return data_from_alarm(&alarm);
}

/* One event of an incident's life; `verb` is raised, updated, restored or closed. */
static struct journey *emit(struct gateway *gw, size_t index, const char *verb, const char *cause,
                            int64_t at_ns, const char *by, const char *note)
{
    struct incident *incident = &gw->incidents[index];
    char type[EVENT_TYPE_SIZE];
    bool raised = strcmp(verb, "raised") == 0;
    snprintf(type, sizeof type, "tocsin.%s.%s",
             incident->nature == INCIDENT_NATURE_TEST ? "test" : "alarm", verb);
    return events_emit(gw, type, raised ? EVENT_CLASS_PRESS : EVENT_CLASS_FOLLOWUP, incident->alarm,
                       at_ns, describe(gw, index, cause, by, note), NULL);
}

bool presses_any_open(const struct gateway *gw)
{
    for (size_t i = 0; i < gw->input_count; i++) {
        if (gw->incidents[i].open)
            return true;
    }
    return false;
}

static void on_hold_over(uv_timer_t *timer)
{
    struct gateway_input *in = timer->data;
    in->driver->simulate(in->input, false);
}

/* A simulated press has become an event: whoever asked for it waits for that event. */
static void attach_request(struct gateway_input *in, struct journey *journey)
{
    if (!in->press_request || !journey)
        return;
    journey->request = in->press_request;
    in->press_request = NULL;
    if (in->hold_ms > 0)
        uv_timer_start(&in->hold, on_hold_over, (uint64_t)in->hold_ms, 0);
}

void presses_simulate(struct gateway_input *in, int64_t hold_ms, struct control_request *request)
{
    if (in->press_request || in->gateway->incidents[in->index].pressed) {
        control_fail(request, "input %s is still pressed; release it first (tocsin release %s)",
                     in->config->id, in->config->id);
        return;
    }
    /* So soon after a release this is bounce until the line has settled: the answer comes then. */
    in->press_request = request;
    in->hold_ms = hold_ms;
    in->driver->simulate(in->input, true);
}

static void carry_out(struct gateway *gw, size_t index, enum incident_action action,
                      enum input_cause cause, int64_t at_ns)
{
    struct incident *incident = &gw->incidents[index];
    const struct config_input *input = &gw->config->inputs[index];
    switch (action) {
    case INCIDENT_ACTION_NONE:
    case INCIDENT_ACTION_CLOSED:
        return;
    case INCIDENT_ACTION_RAISED:
        incident->raised_wall_ms = clock_stamp_at(at_ns, gw->envelope.floor_ms).wall_ms;
        attach_request(&gw->inputs[index],
                       emit(gw, index, "raised", cause_name(cause), at_ns, NULL, NULL));
        log_warning("alarm", "%s %s: pressed (%s), alarm %s", input->id, input->place,
                    presses_kind_name(input->kind), incident->alarm);
        dispatch_set_alarm_open(gw->dispatch, true);
        clips_tell_alarm(gw, index);
        break;
    case INCIDENT_ACTION_UPDATED:
        attach_request(&gw->inputs[index],
                       emit(gw, index, "updated", cause_name(cause), at_ns, NULL, NULL));
        log_warning("alarm", "%s: pressed again (%u)", input->id, incident->presses);
        clips_tell_alarm(gw, index);
        break;
    case INCIDENT_ACTION_RESTORED:
        emit(gw, index, "restored", cause_name(cause), at_ns, NULL, NULL);
        break;
    }
    lamps_update(gw);
}

void presses_emit_closed(struct gateway *gw, size_t index, const char *by, const char *note)
{
    struct incident *incident = &gw->incidents[index];
    emit(gw, index, "closed", NULL, clock_monotonic_ns(), by, note);
    log_info("alarm", "%s: alarm %s closed by %s", gw->config->inputs[index].id, incident->alarm,
             by);
    watch_tell(gw, &(struct watch_line){.what = "closed",
                                        .alarm = incident->alarm,
                                        .input = gw->config->inputs[index].id,
                                        .text = by});
    dispatch_set_alarm_open(gw->dispatch, presses_any_open(gw));
    lamps_update(gw);
}

void presses_close_incident(struct gateway *gw, size_t index, const char *by, const char *note)
{
    if (incident_reset(&gw->incidents[index]) == INCIDENT_ACTION_CLOSED)
        presses_emit_closed(gw, index, by, note);
}

/* A release without an open incident is no event, but the next start must know of it: a press that
 * came while the gateway was down would else be taken for the one from before. */
static void remember_level(struct gateway *gw)
{
    char *state = state_save(gw);
    outbox_save_state(gw->outbox, state);
    free(state);
}

static void take_level(struct gateway_input *in, enum input_cause cause, int64_t at_ns)
{
    char fresh_id[UUID_TEXT_SIZE];
    struct gateway *gw = in->gateway;
    uuid_v7(clock_wall_ms(), fresh_id);
    enum incident_action action =
        incident_level(&gw->incidents[in->index], in->debounce.accepted, at_ns, fresh_id);
    carry_out(gw, in->index, action, cause, at_ns);
    if (action == INCIDENT_ACTION_NONE)
        remember_level(gw);
}

static void on_settle(uv_timer_t *timer);

static void arm_settle(struct gateway_input *in)
{
    int64_t due_ns = in->debounce.due_ns;
    if (due_ns == DEBOUNCE_NOT_DUE) {
        uv_timer_stop(&in->settle);
        return;
    }
    int64_t wait_ns = due_ns - clock_monotonic_ns();
    /* A millisecond more than needed, so that it is due when the timer comes. */
    uv_timer_start(&in->settle, on_settle, wait_ns > 0 ? (uint64_t)(wait_ns / 1000000) + 1 : 1, 0);
}

static void on_settle(uv_timer_t *timer)
{
    struct gateway_input *in = timer->data;
    int64_t now_ns = clock_monotonic_ns();
    if (debounce_settle(&in->debounce, now_ns))
        take_level(in, INPUT_CAUSE_READ, now_ns);
    arm_settle(in);
}

static void take_first_level(struct gateway_input *in, bool active, int64_t at_ns)
{
    char fresh_id[UUID_TEXT_SIZE];
    struct gateway *gw = in->gateway;
    in->known = true;
    debounce_init(&in->debounce, in->config->debounce_ms * 1000000, active);
    uuid_v7(clock_wall_ms(), fresh_id);
    carry_out(gw, in->index, incident_start(&gw->incidents[in->index], active, at_ns, fresh_id),
              INPUT_CAUSE_START, at_ns);
}

static void on_level(void *arg, bool active, int64_t at_ns, enum input_cause cause)
{
    struct gateway_input *in = arg;
    if (!in->known) {
        take_first_level(in, active, at_ns);
        return;
    }
    if (debounce_settle(&in->debounce, at_ns))
        take_level(in, INPUT_CAUSE_READ, at_ns);
    if (debounce_level(&in->debounce, active, at_ns))
        take_level(in, cause, at_ns);
    arm_settle(in);
}

static void on_fault(void *arg, const char *reason)
{
    struct gateway_input *in = arg;
    in->broken = reason != NULL;
    snprintf(in->reason, sizeof in->reason, "%s", reason ? reason : "");
    faults_set(in->gateway, "line", in->config->id, reason);
}

int presses_open(struct gateway *gw, struct err *e)
{
    for (size_t i = 0; i < gw->input_count; i++) {
        struct gateway_input *in = &gw->inputs[i];
        in->gateway = gw;
        in->index = i;
        in->config = &gw->config->inputs[i];
        uv_timer_init(&gw->loop, &in->settle);
        uv_timer_init(&gw->loop, &in->hold);
        in->settle.data = in->hold.data = in;
    }
    gw->inputs_open = true;
    dispatch_set_alarm_open(gw->dispatch, presses_any_open(gw));
    for (size_t i = 0; i < gw->input_count; i++) {
        struct gateway_input *in = &gw->inputs[i];
        const struct input_driver *const *d = input_drivers;
        while (*d && &(*d)->type != in->config->driver.type)
            d++;
        struct input_host host = {.on_level = on_level, .on_fault = on_fault, .arg = in};
        in->driver = *d;
        int result = in->driver->open(in->config->driver.options, INPUT_CONTACT_FIRST, &host,
                                      &gw->loop, &in->input, e);
        if (result != 0)
            return err_prefix(e, result, "input %s", in->config->id);
    }
    return 0;
}

void presses_close(struct gateway *gw)
{
    for (size_t i = 0; gw->inputs_open && i < gw->input_count; i++) {
        struct gateway_input *in = &gw->inputs[i];
        if (in->driver && in->input)
            in->driver->close(in->input);
        in->input = NULL;
        if (in->press_request)
            control_fail(in->press_request, "tocsind is stopping");
        uv_close((uv_handle_t *)&in->settle, NULL);
        uv_close((uv_handle_t *)&in->hold, NULL);
    }
    gw->inputs_open = false;
}
