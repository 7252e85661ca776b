/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "base/log.h"
#include "envelope/data.h"

#define RETELL_EACH_MS 60000 /* while a line chatters: how often its count is told */

static const char *camera_name(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->camera_count; i++) {
        if (strcmp(config->cameras[i].id, id) == 0)
            return config->cameras[i].name;
    }
    return id;
}

static json_t *describe(struct gateway *gw, const struct incident *incident, const char *cause,
                        const char *by, const char *note)
{
    const struct config_input *input = &gw->config->inputs[incident->button];
    const struct config_site *site = &gw->config->site;
    bool is_duress = incident->class == INCIDENT_CLASS_DURESS;
    struct data_camera cameras[LIMIT_INPUT_CAMERAS];
    size_t count =
        input->cameras.count < LIMIT_INPUT_CAMERAS ? input->cameras.count : LIMIT_INPUT_CAMERAS;
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
                               .kind = is_duress ? "duress" : config_input_kind_name(input->kind),
                               .silent = input->silent || is_duress,
                               .at_start = incident->at_start,
                               .cause = cause,
                               .input_id = input->id,
                               .input_name = input->name,
                               .input_place = input->place,
                               .presses = incident->presses,
                               .level = incident->level,
                               .cameras = cameras,
                               .camera_count = count,
                               .site = &place,
                               .by = by,
                               .note = note};
    return data_from_alarm(&alarm);
}

/* One event of an incident's life; `verb` is raised, updated, restored or closed. */
static struct journey *emit(struct gateway *gw, const struct incident *incident, const char *verb,
                            const char *cause, int64_t at_ns, const char *by, const char *note)
{
    char type[EVENT_TYPE_SIZE];
    bool raised = strcmp(verb, "raised") == 0;
    /* Duress is an alarm like any other to who receives it; its kind says the rest. */
    snprintf(type, sizeof type, "tocsin.%s.%s",
             incident_is_real(incident->class) ? "alarm" : incident_class_name(incident->class),
             verb);
    return events_emit(gw, type, raised ? EVENT_CLASS_PRESS : EVENT_CLASS_FOLLOWUP, incident->alarm,
                       at_ns, describe(gw, incident, cause, by, note), NULL);
}

bool presses_any_open(const struct gateway *gw)
{
    return panel_any_open(&gw->panel);
}

void presses_remember(struct gateway *gw)
{
    char *state = state_save(gw);
    outbox_save_row(gw->outbox, &(struct outbox_row){"incidents", state});
    free(state);
}

/* A simulated press has become an event: whoever asked for it waits for that event. */
static void attach_request(struct gateway_input *in, struct journey *journey)
{
    if (!in->press_request || !journey)
        return;
    journey->request = in->press_request;
    in->press_request = NULL;
}

/* A simulated press that was heard and is no event: the answer says why. */
static void answer_without_event(struct gateway_input *in, bool pressed)
{
    const struct gesture_options *o = &in->gateway->buttons[in->index].gesture.options;
    if (!in->press_request || (pressed && o->hold_ns > 0))
        return;
    const char *why = !config_input_is_button(in->config->kind) ? "it raises no alarm"
                      : in->chatter.on ? "the line chatters: it is counted, and told later"
                      : o->hold_ns > 0 ? "it was not held long enough to count"
                      : o->presses > 1 ? "it counts together with the presses that follow"
                                       : "it raised no event";
    control_reply(in->press_request, json_pack("{ss}", "text", why));
    in->press_request = NULL;
}

/* Whether this step is told at once: a line that chatters is told now and then, with its count. */
static bool is_told(struct gateway_input *in, enum incident_action action)
{
    if (!in->chatter.on ||
        (action != INCIDENT_ACTION_UPDATED && action != INCIDENT_ACTION_RESTORED))
        return true;
    in->untold = true;
    return false;
}

static void note_press(struct gateway_input *in, int64_t at_ns)
{
    bool was_on = in->chatter.on;
    if (!chatter_press(&in->chatter, at_ns) || was_on)
        return;
    in->told_ms = clock_monotonic_ms();
    if (in->config->kind == CONFIG_INPUT_DURESS)
        return; /* a fault would show at the gate that somebody presses it */
    faults_set(in->gateway, "chatter", in->config->id,
               "presses itself more often than a hand does: a loose wire, or somebody plays with "
               "it; every press is counted, and told once a minute");
}

static void tell_raised(struct gateway *gw, struct incident *incident,
                        const struct panel_step *step)
{
    struct gateway_input *in = &gw->inputs[step->incident->button];
    incident->raised_wall_ms = clock_stamp_at(step->at_ns, gw->envelope.floor_ms).wall_ms;
    in->undelivered[step->incident->class] = false;
    if (step->incident->class == INCIDENT_CLASS_DURESS)
        memcpy(gw->duress[gw->next_duress++ % 8], incident->alarm, UUID_TEXT_SIZE);
    attach_request(
        in, emit(gw, incident, "raised", panel_cause_name(step->cause), step->at_ns, NULL, NULL));
    log_warning("alarm", "%s %s: pressed (%s), %s %s", in->config->id, in->config->place,
                config_input_kind_name(in->config->kind),
                incident_class_name(step->incident->class), incident->alarm);
    dispatch_set_alarm_open(gw->dispatch, true);
    clips_tell_alarm(gw, incident);
    outputs_trigger(gw, CONFIG_OUTPUT_RAISED, incident);
}

static void tell_updated(struct gateway *gw, struct incident *incident,
                         const struct panel_step *step)
{
    struct gateway_input *in = &gw->inputs[step->incident->button];
    attach_request(
        in, emit(gw, incident, "updated", panel_cause_name(step->cause), step->at_ns, NULL, NULL));
    log_warning("alarm", "%s: pressed again (%u)", in->config->id, incident->presses);
    clips_tell_alarm(gw, incident);
}

static void on_step(void *arg, const struct panel_step *step)
{
    struct gateway *gw = arg;
    struct gateway_input *in = &gw->inputs[step->incident->button];
    bool press = step->action == INCIDENT_ACTION_RAISED || step->action == INCIDENT_ACTION_UPDATED;
    if (press)
        note_press(in, step->at_ns);
    if (press && step->incident->class == INCIDENT_CLASS_TEST)
        exercises_pressed(gw, step->incident->button);
    if (is_told(in, step->action)) {
        gw->stepped = true;
        if (step->action == INCIDENT_ACTION_RAISED)
            tell_raised(gw, step->incident, step);
        else if (step->action == INCIDENT_ACTION_UPDATED)
            tell_updated(gw, step->incident, step);
        else if (step->action == INCIDENT_ACTION_RESTORED)
            emit(gw, step->incident, "restored", panel_cause_name(step->cause), step->at_ns, NULL,
                 NULL);
        else
            presses_carry_out(gw, step->action, step->incident, "the gateway", NULL);
    }
    lamps_update(gw);
}

static void close_all(struct gateway *gw, const struct incident *incident, const char *by,
                      const char *note)
{
    const struct config_input *input = &gw->config->inputs[incident->button];
    emit(gw, incident, "closed", NULL, clock_monotonic_ns(), by, note);
    log_info("alarm", "%s: %s %s closed by %s", input->id, incident_class_name(incident->class),
             incident->alarm, by);
    watch_tell(gw, &(struct watch_line){
                       .what = "closed", .alarm = incident->alarm, .input = input->id, .text = by});
    dispatch_set_alarm_open(gw->dispatch, presses_any_open(gw));
    outputs_release(gw, CONFIG_OUTPUT_CLOSED, incident);
    outputs_trigger(gw, CONFIG_OUTPUT_CLOSED, incident);
}

void presses_carry_out(struct gateway *gw, enum incident_action action,
                       const struct incident *incident, const char *by, const char *note)
{
    switch (action) {
    case INCIDENT_ACTION_CANCELLED:
        emit(gw, incident, "cancelled", NULL, clock_monotonic_ns(), by, note);
        log_warning("alarm", "alarm %s cancelled by %s: it stays open", incident->alarm, by);
        watch_tell(gw,
                   &(struct watch_line){.what = "cancelled", .alarm = incident->alarm, .text = by});
        break;
    case INCIDENT_ACTION_ESCALATED:
        emit(gw, incident, "escalated", NULL, clock_monotonic_ns(), NULL, note);
        log_warning("alarm", "alarm %s: nobody has seen it, group %u is asked", incident->alarm,
                    incident->level);
        watch_tell(gw, &(struct watch_line){.what = "escalated", .alarm = incident->alarm});
        outputs_trigger(gw, CONFIG_OUTPUT_ESCALATED, incident);
        break;
    case INCIDENT_ACTION_CLOSED:
        close_all(gw, incident, by, note);
        break;
    case INCIDENT_ACTION_NONE:
    case INCIDENT_ACTION_RAISED:
    case INCIDENT_ACTION_UPDATED:
    case INCIDENT_ACTION_RESTORED:
        return;
    }
    lamps_update(gw);
}

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

static void on_panel_timer(uv_timer_t *timer);

void presses_rearm(struct gateway *gw)
{
    int64_t due_ns = panel_due_ns(&gw->panel);
    if (due_ns == GESTURE_NOT_DUE) {
        uv_timer_stop(&gw->panel_timer);
        return;
    }
    int64_t wait_ns = due_ns - clock_monotonic_ns();
    uv_timer_start(&gw->panel_timer, on_panel_timer,
                   wait_ns > 0 ? (uint64_t)(wait_ns / 1000000) + 1 : 1, 0);
}

static void on_panel_timer(uv_timer_t *timer)
{
    struct gateway *gw = timer->data;
    panel_settle(&gw->panel, clock_monotonic_ns());
    presses_rearm(gw);
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

void presses_level(struct gateway_input *in, bool pressed, enum input_cause cause, int64_t at_ns)
{
    struct gateway *gw = in->gateway;
    gw->stepped = false;
    panel_level(&gw->panel, in->index, pressed, cause_of(cause), at_ns);
    /* A release without an open incident is no event, but the next start must know of it: a press
     * that came while the gateway was down would else be taken for the one from before. */
    if (!gw->stepped)
        presses_remember(gw);
    answer_without_event(in, pressed);
    presses_rearm(gw);
}

/* What was counted while the line chattered. */
static void tell_untold(struct gateway_input *in)
{
    struct gateway *gw = in->gateway;
    in->untold = false;
    in->told_ms = clock_monotonic_ms();
    for (int class = 0; class < INCIDENT_CLASSES; class ++) {
        struct incident *incident = &gw->incidents[in->index][class];
        if (incident->open)
            emit(gw, incident, "updated", "chatter", incident->last_press_ns, NULL, NULL);
    }
}

void presses_tick(struct gateway *gw)
{
    int64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < gw->input_count; i++) {
        struct gateway_input *in = &gw->inputs[i];
        bool is_over = chatter_settle(&in->chatter, now_ns);
        if (in->untold && (is_over || now_ns / 1000000 - in->told_ms >= RETELL_EACH_MS))
            tell_untold(in);
        if (!is_over || in->config->kind == CONFIG_INPUT_DURESS)
            continue;
        char text[100];
        snprintf(text, sizeof text, "pressed itself %u times; now it is quiet",
                 in->chatter.presses);
        faults_set(gw, "chatter", in->config->id, text);
        faults_set(gw, "chatter", in->config->id, NULL);
    }
}

static enum incident_class class_of_kind(enum config_input_kind kind)
{
    if (kind == CONFIG_INPUT_DURESS)
        return INCIDENT_CLASS_DURESS;
    return kind == CONFIG_INPUT_TEST ? INCIDENT_CLASS_TEST : INCIDENT_CLASS_ALARM;
}

void presses_prepare(struct gateway *gw)
{
    gw->panel = (struct panel){.host = {.step = on_step,
                                        .exercise_over = on_exercise_over,
                                        .fresh_id = on_fresh_id,
                                        .arg = gw},
                               .button_count = gw->input_count,
                               .buttons = gw->buttons,
                               .incidents = gw->incidents};
}

void presses_open(struct gateway *gw)
{
    for (size_t i = 0; i < gw->input_count; i++) {
        const struct config_input *c = &gw->config->inputs[i];
        gw->buttons[i].class = class_of_kind(c->kind);
        gw->buttons[i].gesture.options = (struct gesture_options){
            .hold_ns = c->hold_ms * 1000000,
            .presses = (unsigned)c->presses,
            .within_ns = c->within_ms * 1000000,
            .duress_presses = (unsigned)c->duress_presses,
            .duress_within_ns = c->duress_within_ms * 1000000,
            /* A latching button is always held long. */
            .long_ns = c->latching ? 0 : gw->config->exercises.long_press_ms * 1000000};
    }
    uv_timer_init(&gw->loop, &gw->panel_timer);
    gw->panel_timer.data = gw;
    dispatch_set_alarm_open(gw->dispatch, presses_any_open(gw));
}

void presses_close(struct gateway *gw)
{
    if (!gw->panel_timer.data)
        return;
    uv_close((uv_handle_t *)&gw->panel_timer, NULL);
    for (size_t i = 0; i < gw->input_count; i++) {
        if (gw->inputs[i].press_request)
            control_fail(gw->inputs[i].press_request, "tocsind is stopping");
        gw->inputs[i].press_request = NULL;
    }
}
