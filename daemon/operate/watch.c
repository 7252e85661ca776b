/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `watch`: facts as lines. A screen that is left on at the gate must show nothing of duress, so the
 * incidents of the last while are remembered here, closed or not. Of one that is not (closed before
 * a restart) nothing is told: it may have been duress.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "operate/internal.h"

/* One line; members that do not apply are NULL or 0. */
struct line {
    const char *what;
    const char *alarm, *input, *receiver, *camera, *event, *text;
    uint64_t seq;
    int64_t handed_us; /* from the kernel's stamp to the outbox */
};

static struct remembered *find(struct operate *op, const char *alarm)
{
    for (size_t i = 0; alarm && alarm[0] && i < REMEMBERED_MAX; i++) {
        if (strcmp(op->remembered[i].alarm, alarm) == 0)
            return &op->remembered[i];
    }
    return NULL;
}

static void remember(struct operate *op, const struct incident *incident)
{
    struct remembered *r = find(op, incident->alarm);
    if (!r)
        r = &op->remembered[op->next_remembered++ % REMEMBERED_MAX];
    *r = (struct remembered){.input = (uint16_t)incident->button,
                             .hidden = incident->class == INCIDENT_CLASS_DURESS,
                             .press_ns = incident->last_press_ns};
    memcpy(r->alarm, incident->alarm, sizeof r->alarm);
}

/* Also one whose place another has taken, while it is open. */
static const struct remembered *recall(struct operate *op, const char *alarm)
{
    const struct incident *incident = NULL;
    const struct remembered *r = find(op, alarm);
    while (!r && alarm && (incident = incidents_next_open(op->options.incidents, incident))) {
        if (strcmp(incident->alarm, alarm) != 0)
            continue;
        remember(op, incident);
        r = find(op, alarm);
    }
    return r;
}

void watch_open(struct operate *op)
{
    const struct incident *incident = NULL;
    while ((incident = incidents_next_open(op->options.incidents, incident)))
        remember(op, incident);
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text && text[0])
        json_object_set_new(object, name, json_string(text));
}

static void tell(struct operate *op, int64_t at_ns, const struct line *line)
{
    const struct operate_config *config = &op->options.config;
    const struct remembered *r = recall(op, line->alarm);
    bool is_of_alarm = line->alarm && line->alarm[0];
    if (is_of_alarm && (!r || r->hidden)) /* of one that nobody knows it may be duress */
        return;
    char time[CLOCK_TEXT_SIZE];
    clock_format_utc(clock_wall_ms(), time);
    json_t *object = json_pack("{ss,ss,sI}", "what", line->what, "time", time, "at_ms",
                               (json_int_t)(at_ns / 1000000));
    set_text(object, "alarm", line->alarm);
    set_text(object, "input",
             line->input ? line->input
             : r         ? config->inputs->items[r->input].id
                         : NULL);
    set_text(object, "name", r ? config->inputs->items[r->input].name : NULL);
    set_text(object, "receiver", line->receiver);
    set_text(object, "camera", line->camera);
    set_text(object, "event", line->event);
    set_text(object, "text", line->text);
    if (line->handed_us > 0)
        json_object_set_new(object, "handed_us", json_integer(line->handed_us));
    if (line->seq)
        json_object_set_new(object, "seq", json_integer((json_int_t)line->seq));
    if (r && r->press_ns)
        json_object_set_new(object, "since_press_ms",
                            json_real((double)(at_ns - r->press_ns) / 1e6));
    control_publish(op->control, object);
}

static const char *delivered_word(const struct fact_delivered *delivered)
{
    if (!delivered->confirmed)
        return "unconfirmed";
    switch (delivered->class) {
    case EVENT_CLASS_PRESS:
        return "delivered";
    case EVENT_CLASS_MANIFEST:
        return "manifest-receipted";
    case EVENT_CLASS_FOLLOWUP:
    case EVENT_CLASS_HEARTBEAT:
        return "follow-up-delivered";
    }
    return "delivered";
}

static const char *answer_word(enum uplink_answer_state state)
{
    switch (state) {
    case UPLINK_ANSWER_SEEN:
        return "seen";
    case UPLINK_ANSWER_COMING:
        return "coming";
    case UPLINK_ANSWER_CLOSED:
        return "closed-by-receiver";
    case UPLINK_ANSWER_REJECTED:
        return "rejected";
    }
    return "";
}

static const char *exercise_word(enum fact_exercise_step step)
{
    switch (step) {
    case FACT_EXERCISE_ANNOUNCED:
        return "announced";
    case FACT_EXERCISE_BEGUN:
        return "begun";
    case FACT_EXERCISE_ENDED:
        return "ended";
    }
    return "";
}

static const char *clip_word(enum fact_clip_step step)
{
    switch (step) {
    case FACT_CLIP_READY:
        return "clip-ready";
    case FACT_CLIP_UPLOADED:
        return "clip-uploaded";
    case FACT_CLIP_UNCONFIRMED:
        return "clip-unconfirmed";
    }
    return "";
}

const char *operate_heard_word(const struct fact_heard *heard)
{
    return heard->stored && !heard->forgets ? "stored" : "memory";
}

/* Raised, updated and restored show as their events are heard. */
static const char *step_word(enum incident_action action)
{
    switch (action) {
    case INCIDENT_ACTION_CANCELLED:
        return "cancelled";
    case INCIDENT_ACTION_ESCALATED:
        return "escalated";
    case INCIDENT_ACTION_CLOSED:
        return "closed";
    case INCIDENT_ACTION_NONE:
    case INCIDENT_ACTION_RAISED:
    case INCIDENT_ACTION_UPDATED:
    case INCIDENT_ACTION_RESTORED:
        return NULL;
    }
    return NULL;
}

static void read_fault(const struct fact_fault *fault, struct line *ret_line)
{
    const struct fault_kind *kind = fault_kind(fault->code);
    ret_line->what = fault->broken ? "fault" : "fault-cleared";
    ret_line->text = fault->reason;
    ret_line->event = kind->word;
    ret_line->camera = kind->subject == FAULT_SUBJECT_CAMERA ? fault->subject : NULL;
    ret_line->receiver = kind->subject == FAULT_SUBJECT_RECEIVER ? fault->subject : NULL;
    ret_line->input = kind->subject == FAULT_SUBJECT_INPUT ? fault->subject : NULL;
}

/* What an event's way looks like; false if the fact is none of it. */
static bool read_way(const struct operate_config *config, const struct fact *fact,
                     struct line *ret_line)
{
    if (fact->kind == FACT_HEARD && fact->u.heard.class != EVENT_CLASS_MANIFEST) {
        const struct fact_heard *heard = &fact->u.heard;
        *ret_line = (struct line){.what = "heard",
                                  .alarm = heard->alarm,
                                  .event = heard->type,
                                  .seq = heard->seq,
                                  .handed_us = heard->handed_us,
                                  .text = operate_heard_word(heard)};
    } else if (fact->kind == FACT_DELIVERED) {
        const struct fact_delivered *delivered = &fact->u.delivered;
        *ret_line = (struct line){.what = delivered_word(delivered),
                                  .alarm = delivered->alarm,
                                  .receiver = config->receivers->items[delivered->receiver].id,
                                  .seq = delivered->seq};
    } else if (fact->kind == FACT_ATTEMPT_FAILED || fact->kind == FACT_UPLOAD_FAILED) {
        *ret_line = (struct line){.what = fact->kind == FACT_ATTEMPT_FAILED ? "attempt-failed"
                                                                            : "upload-failed",
                                  .alarm = fact->u.failed.alarm,
                                  .receiver = config->receivers->items[fact->u.failed.receiver].id,
                                  .seq = fact->u.failed.seq,
                                  .text = fact->u.failed.reason};
    } else if (fact->kind == FACT_ANSWER) {
        const struct fact_answer *taken = &fact->u.answer;
        *ret_line = (struct line){.what = answer_word(taken->answer.state),
                                  .alarm = taken->answer.alarm,
                                  .receiver = config->receivers->items[taken->receiver].id,
                                  .text = taken->answer.by};
    } else if (fact->kind == FACT_CLIP) {
        const struct fact_clip *clip = &fact->u.clip;
        *ret_line = (struct line){.what = clip_word(clip->step),
                                  .alarm = clip->alarm,
                                  .camera = clip->camera,
                                  .receiver = clip->step == FACT_CLIP_READY
                                                  ? NULL
                                                  : config->receivers->items[clip->receiver].id,
                                  .seq = clip->seq};
    }
    return ret_line->what != NULL;
}

/* What happens at the gate. */
static void read_gate(const struct operate_config *config, const struct fact *fact,
                      struct line *ret_line)
{
    if (fact->kind == FACT_INCIDENT) {
        *ret_line = (struct line){.what = step_word(fact->u.incident.action),
                                  .alarm = fact->u.incident.incident.alarm,
                                  .text = fact->u.incident.by};
    } else if (fact->kind == FACT_EXERCISE) {
        const struct fact_exercise *exercise = &fact->u.exercise;
        *ret_line = (struct line){.what = exercise_word(exercise->step),
                                  .event = incident_class_name(exercise->class),
                                  .text = exercise->text};
    } else if (fact->kind == FACT_FAULT_REPORTED) {
        read_fault(&fact->u.fault, ret_line);
    } else if (fact->kind == FACT_CARD) {
        *ret_line = (struct line){.what = "card",
                                  .input = config->inputs->items[fact->u.card.input].id,
                                  .text = fact->u.card.digits};
    } else if (fact->kind == FACT_TESTED) {
        *ret_line =
            (struct line){.what = "tested", .input = config->inputs->items[fact->u.tested].id};
    } else if (fact->kind == FACT_LAMP) {
        *ret_line = (struct line){.what = "lamp", .text = indicator_pattern_name(fact->u.pattern)};
    } else if (fact->kind == FACT_OUTPUT) {
        *ret_line = (struct line){.what = fact->u.output.on ? "output-on" : "output-off",
                                  .event = fact->u.output.id,
                                  .text = fact->u.output.why};
    }
}

void watch_on_fact(struct operate *op, const struct fact *fact)
{
    struct line line = {0};
    if (fact->kind == FACT_INCIDENT)
        remember(op, &fact->u.incident.incident);
    if (!op->control || !control_has_watchers(op->control))
        return;
    if (!read_way(&op->options.config, fact, &line))
        read_gate(&op->options.config, fact, &line);
    if (line.what)
        tell(op, fact->at_ns, &line);
}
