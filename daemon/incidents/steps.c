/* SPDX-License-Identifier: Apache-2.0 */
/* Each step of an incident as an event, and told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "envelope/data.h"
#include "incidents/internal.h"

#define CAUSE_COUNT    "chatter"
#define RETELL_EACH_MS 60000 /* while a line chatters: how often its count is told */

static const struct config_input *input_of(const struct incidents *inc,
                                           const struct incident *incident)
{
    return &inc->options.config.inputs->items[incident->button];
}

static const char *camera_name(const struct incidents_config *config, const char *id)
{
    const struct config_camera *camera = config_find_camera(config->cameras, id);
    return camera ? camera->name : id;
}

static json_t *describe(const struct incidents *inc, const struct incident *incident,
                        const struct step_event *step)
{
    const struct incidents_config *config = &inc->options.config;
    const struct config_input *input = input_of(inc, incident);
    const struct config_site *site = config->site;
    bool is_duress = incident->class == INCIDENT_CLASS_DURESS;
    struct data_camera cameras[LIMIT_INPUT_CAMERAS];
    size_t count =
        input->cameras.count < LIMIT_INPUT_CAMERAS ? input->cameras.count : LIMIT_INPUT_CAMERAS;
    for (size_t i = 0; i < count; i++)
        cameras[i] = (struct data_camera){input->cameras.items[i],
                                          camera_name(config, input->cameras.items[i])};
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
                               .cause = step->cause,
                               .input_id = input->id,
                               .input_name = input->name,
                               .input_place = input->place,
                               .presses = incident->presses,
                               .level = incident->level,
                               .cameras = cameras,
                               .camera_count = count,
                               .site = &place,
                               .by = step->by,
                               .note = step->note};
    return data_from_alarm(&alarm);
}

static enum event_class class_of(const struct step_event *step)
{
    return strcmp(step->verb, "raised") == 0 ? EVENT_CLASS_PRESS : EVENT_CLASS_FOLLOWUP;
}

uint64_t steps_emit(struct incidents *inc, const struct incident *incident,
                    const struct step_event *step)
{
    char type[EVENT_TYPE_SIZE], *text = state_incidents(inc);
    known_add(inc->apart, incident->alarm);
    /* Duress is an alarm like any other to who receives it; its kind says the rest. */
    snprintf(type, sizeof type, "tocsin.%s.%s",
             incident_is_real(incident->class) ? "alarm" : incident_class_name(incident->class),
             step->verb);
    struct outbox_row row = {ROW_INCIDENTS, text};
    uint64_t seq =
        events_emit(inc->options.events, &(struct events_new){.type = type,
                                                              .class = class_of(step),
                                                              .alarm = incident->alarm,
                                                              .at_ns = step->at_ns,
                                                              .data = describe(inc, incident, step),
                                                              .row = &row});
    inc->unsaved = inc->unsaved && seq == 0;
    free(text);
    return seq;
}

/* One that tells of the newest press. Whether somebody's people had seen it before. */
static bool emit_press(struct incidents *inc, struct incident *incident,
                       const struct step_event *step)
{
    /* What a line counts that presses itself is told once a minute, and colours nothing anew. */
    bool is_counted = step->cause && strcmp(step->cause, CAUSE_COUNT) == 0;
    /* Its row goes with it. */
    bool had_seen = incident_tell_press(incident, events_next_seq(inc->options.events), is_counted,
                                        delivery_asked(inc->options.delivery, incident->level));
    incident->press_seq = steps_emit(inc, incident, step);
    return had_seen;
}

static void publish(struct incidents *inc, enum incident_action action,
                    const struct incident *incident, uint64_t seq, int64_t at_ns, const char *by)
{
    struct fact fact = {.kind = FACT_INCIDENT,
                        .at_ns = at_ns,
                        .u.incident = {.action = action, .incident = *incident, .seq = seq}};
    snprintf(fact.u.incident.by, sizeof fact.u.incident.by, "%s", by ? by : "");
    facts_publish(inc->options.facts, &fact);
}

static void publish_press(struct incidents *inc, const struct panel_step *step, bool had_seen)
{
    struct fact fact = {.kind = FACT_INCIDENT,
                        .at_ns = step->at_ns,
                        .u.incident = {.action = step->action,
                                       .incident = *step->incident,
                                       .seq = step->incident->press_seq,
                                       .had_seen = had_seen}};
    facts_publish(inc->options.facts, &fact);
}

static void note_press(struct incidents *inc, const struct panel_step *step)
{
    const struct config_input *input = input_of(inc, step->incident);
    struct button *own = &inc->own[step->incident->button];
    bool was_on = own->chatter.on;
    if (!chatter_press(&own->chatter, step->at_ns) || was_on)
        return;
    own->reported_ms = clock_monotonic_ms();
    if (input->kind == CONFIG_INPUT_DURESS)
        return; /* a fault would show at the gate that somebody presses it */
    facts_state_fault(inc->options.facts, FAULT_CHATTER, input->id,
                      "presses itself more often than a hand does: a loose wire, or somebody plays "
                      "with it; every press is counted, and told once a minute");
}

/* Whether this step is reported at once: a line that chatters is now and then, with its count. */
static bool is_reported(struct incidents *inc, const struct panel_step *step)
{
    struct button *own = &inc->own[step->incident->button];
    if (!own->chatter.on ||
        (step->action != INCIDENT_ACTION_UPDATED && step->action != INCIDENT_ACTION_RESTORED))
        return true;
    own->unreported = true;
    return false;
}

static void take_press(struct incidents *inc, const struct panel_step *step)
{
    struct incident *incident = step->incident;
    const struct config_input *input = input_of(inc, incident);
    bool raised = step->action == INCIDENT_ACTION_RAISED;
    if (raised)
        incident->raised_wall_ms = events_stamp(inc->options.events, step->at_ns).wall_ms;
    bool had_seen = emit_press(inc, incident,
                               &(struct step_event){.verb = raised ? "raised" : "updated",
                                                    .cause = panel_cause_name(step->cause),
                                                    .at_ns = step->at_ns});
    inc->press_seq = incident->press_seq;
    if (raised)
        log_warning("alarm", "%s %s: pressed (%s), %s %s", input->id, input->place,
                    config_input_kind_name(input->kind), incident_class_name(incident->class),
                    incident->alarm);
    else
        log_warning("alarm", "%s: pressed again (%u)", input->id, incident->presses);
    if (raised)
        delivery_set_alarm_open(inc->options.delivery, true);
    publish_press(inc, step, had_seen);
}

void steps_take(void *arg, const struct panel_step *step)
{
    struct incidents *inc = arg;
    struct incident *incident = step->incident;
    bool press = step->action == INCIDENT_ACTION_RAISED || step->action == INCIDENT_ACTION_UPDATED;
    inc->unsaved = true;
    if (press)
        note_press(inc, step);
    if (!is_reported(inc, step)) {
        facts_wake(inc->options.facts);
    } else if (press) {
        take_press(inc, step);
    } else if (step->action == INCIDENT_ACTION_RESTORED) {
        uint64_t seq = steps_emit(inc, incident,
                                  &(struct step_event){.verb = "restored",
                                                       .cause = panel_cause_name(step->cause),
                                                       .at_ns = step->at_ns});
        publish(inc, step->action, incident, seq, step->at_ns, NULL);
    } else {
        steps_carry_out(inc, step->action, incident, "the gateway", NULL);
    }
    if (press && incident->class == INCIDENT_CLASS_TEST)
        exercises_pressed(inc, incident->button);
}

/* What the log and the event call it; false for what is no order of a person or of time. */
static bool log_step(const struct incidents *inc, enum incident_action action,
                     const struct incident *incident, const char *by, const char **ret_verb)
{
    switch (action) {
    case INCIDENT_ACTION_CANCELLED:
        *ret_verb = "cancelled";
        log_warning("alarm", "alarm %s cancelled by %s: it stays open", incident->alarm, by);
        return true;
    case INCIDENT_ACTION_ESCALATED:
        *ret_verb = "escalated";
        log_warning("alarm", "alarm %s: nobody has seen it, group %u is asked", incident->alarm,
                    incident->level);
        return true;
    case INCIDENT_ACTION_CLOSED:
        *ret_verb = "closed";
        log_info("alarm", "%s: %s %s closed by %s", input_of(inc, incident)->id,
                 incident_class_name(incident->class), incident->alarm, by);
        return true;
    case INCIDENT_ACTION_NONE:
    case INCIDENT_ACTION_RAISED:
    case INCIDENT_ACTION_UPDATED:
    case INCIDENT_ACTION_RESTORED:
        return false;
    }
    return false;
}

void steps_carry_out(struct incidents *inc, enum incident_action action,
                     const struct incident *incident, const char *by, const char *note)
{
    struct step_event step = {.at_ns = clock_monotonic_ns(), .by = by, .note = note};
    if (!log_step(inc, action, incident, by, &step.verb))
        return;
    inc->unsaved = true;
    uint64_t seq = steps_emit(inc, incident, &step);
    publish(inc, action, incident, seq, step.at_ns, by);
    if (action == INCIDENT_ACTION_CLOSED)
        delivery_set_alarm_open(inc->options.delivery, panel_any_open(&inc->panel));
}

bool steps_close_followed(struct incidents *inc, const struct incident *followed,
                          const struct incident *later)
{
    char note[120];
    snprintf(note, sizeof note,
             "its button was pressed again while the store could not be read: see alarm %s",
             later->alarm);
    const struct step_event step = {
        .verb = "closed", .at_ns = clock_monotonic_ns(), .by = "the gateway", .note = note};
    log_warning("alarm", "%s: alarm %s is closed: %s", input_of(inc, followed)->id, followed->alarm,
                note);
    return steps_emit(inc, followed, &step) != 0;
}

static bool report_count(struct sweep *sweep, struct incident *incident)
{
    emit_press(sweep->inc, incident,
               &(struct step_event){
                   .verb = "updated", .cause = CAUSE_COUNT, .at_ns = incident->last_press_ns});
    return true;
}

/* `sweep` is made for the first. */
static void report_unreported(struct incidents *inc, size_t button, struct sweep **sweep)
{
    inc->own[button].unreported = false;
    inc->own[button].reported_ms = clock_monotonic_ms();
    if (!*sweep)
        *sweep = sweeps_new(NULL, NULL, INT64_MAX, report_count);
    for (int class = 0; class < INCIDENT_CLASSES; class ++) {
        const struct incident *incident = &inc->incidents[button][class];
        if (incident->open)
            sweeps_mean(*sweep, incident);
    }
}

/* A line that chattered before a restart is quiet when it was as long since. */
static void say_quiet(struct incidents *inc, size_t button, int64_t now_ns)
{
    struct button *own = &inc->own[button];
    if (own->quiet_said || own->chatter.on || now_ns - own->chatter.last_ns < CHATTER_QUIET_NS)
        return;
    own->quiet_said = true;
    facts_state_fault(inc->options.facts, FAULT_CHATTER,
                      inc->options.config.inputs->items[button].id, NULL);
}

void steps_tick(struct incidents *inc)
{
    int64_t now_ns = after_poll_ns(&inc->after_poll); /* presses may be queued that came since */
    struct sweep *sweep = NULL;
    for (size_t i = 0; i < inc->count; i++) {
        struct button *own = &inc->own[i];
        const struct config_input *input = &inc->options.config.inputs->items[i];
        bool is_over = chatter_settle(&own->chatter, now_ns);
        if (own->unreported && (is_over || now_ns / 1000000 - own->reported_ms >= RETELL_EACH_MS))
            report_unreported(inc, i, &sweep);
        if (input->kind == CONFIG_INPUT_DURESS)
            continue;
        if (!is_over) {
            say_quiet(inc, i, now_ns);
            continue;
        }
        own->quiet_said = true;
        char text[100];
        snprintf(text, sizeof text, "pressed itself %u times; now it is quiet",
                 own->chatter.presses);
        facts_state_fault(inc->options.facts, FAULT_CHATTER, input->id, text);
        facts_state_fault(inc->options.facts, FAULT_CHATTER, input->id, NULL);
    }
    if (sweep)
        sweeps_add(inc, sweep);
}
