/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must outlive a restart, as JSON text that is stored with every event: the levels of buttons,
 * the open incidents, whether an exercise was under way, and when each button was tested.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "base/log.h"

static json_t *save_incident(const struct gateway *gw, const struct incident *incident)
{
    json_t *receivers = json_object();
    for (size_t i = 0; i < gw->receiver_count; i++)
        json_object_set_new(receivers, gw->config->receivers[i].id,
                            json_pack("{si,sb}", "progress", (int)incident->progress[i], "closing",
                                      incident->closing[i]));
    return json_pack(
        "{ss,ss,ss,sb,sb,sb,si,si,sI,sI,sI,sI,so}", "input",
        gw->config->inputs[incident->button].id, "nature", incident_class_name(incident->class),
        "alarm", incident->alarm, "held", incident->held, "at_start", incident->at_start,
        "cancelled", incident->cancelled, "presses", (int)incident->presses, "level",
        (int)incident->level, "level_ns", (json_int_t)incident->level_ns, "raised_ns",
        (json_int_t)incident->raised_ns, "last_press_ns", (json_int_t)incident->last_press_ns,
        "raised_wall_ms", (json_int_t)incident->raised_wall_ms, "receivers", receivers);
}

/* NULL for an input of which there is nothing to remember: this is written with every press. */
static json_t *save_input(const struct gateway *gw, size_t i)
{
    const struct gateway_input *in = &gw->inputs[i];
    if (!gw->buttons[i].pressed && in->known_since_wall_ms == 0 && in->tested_wall_ms == 0)
        return NULL;
    return json_pack("{ss,sb,sI,sI,ss}", "input", gw->config->inputs[i].id, "pressed",
                     gw->buttons[i].pressed, "known_since_ms", (json_int_t)in->known_since_wall_ms,
                     "tested_ms", (json_int_t)in->tested_wall_ms, "tested_by", in->tested_by);
}

char *state_save(const struct gateway *gw)
{
    json_t *inputs = json_array(), *incidents = json_array();
    for (size_t i = 0; i < gw->input_count; i++) {
        json_t *input = save_input(gw, i);
        if (input)
            json_array_append_new(inputs, input);
    }
    const struct incident *incident = NULL;
    while ((incident = panel_next_open(&gw->panel, incident)))
        json_array_append_new(incidents, save_incident(gw, incident));
    json_t *state = json_pack("{ss,so,so,so*}", "boot", gw->envelope.boot, "inputs", inputs,
                              "incidents", incidents, "exercise", exercises_json(gw));
    char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
    json_decref(state);
    if (!text)
        abort();
    return text;
}

/* False if the configuration no longer has the input that `object` names. */
static bool find_input(const struct gateway *gw, const json_t *object, size_t *ret_index)
{
    const char *id = json_string_value(json_object_get(object, "input"));
    size_t index = 0;
    while (id && index < gw->input_count && strcmp(gw->config->inputs[index].id, id) != 0)
        index++;
    *ret_index = index;
    if (id && index < gw->input_count)
        return true;
    log_warning("tocsind", "input %s had state but is no longer in the configuration",
                id ? id : "?");
    return false;
}

static void load_input(struct gateway *gw, const json_t *object)
{
    size_t i;
    if (!find_input(gw, object, &i))
        return;
    const char *by = json_string_value(json_object_get(object, "tested_by"));
    gw->buttons[i].pressed = json_is_true(json_object_get(object, "pressed"));
    gw->inputs[i].known_since_wall_ms =
        json_integer_value(json_object_get(object, "known_since_ms"));
    gw->inputs[i].tested_wall_ms = json_integer_value(json_object_get(object, "tested_ms"));
    snprintf(gw->inputs[i].tested_by, sizeof gw->inputs[i].tested_by, "%s", by ? by : "");
}

static void load_progress(struct gateway *gw, struct incident *incident, const json_t *receivers)
{
    for (size_t i = 0; i < gw->receiver_count; i++) {
        const json_t *one = json_object_get(receivers, gw->config->receivers[i].id);
        json_int_t progress = json_integer_value(json_object_get(one, "progress"));
        if (progress > 0 && progress <= INCIDENT_PROGRESS_COMING)
            incident->progress[i] = (enum incident_progress)progress;
        incident->closing[i] = json_is_true(json_object_get(one, "closing"));
    }
}

/* What nobody can read is taken for a real alarm. */
static enum incident_class read_class(const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "nature"));
    for (int class = 0; name && class < INCIDENT_CLASSES; class ++) {
        if (strcmp(name, incident_class_name((enum incident_class) class)) == 0)
            return (enum incident_class) class;
    }
    return INCIDENT_CLASS_ALARM;
}

static void load_incident(struct gateway *gw, const json_t *object, bool same_boot)
{
    const char *alarm = json_string_value(json_object_get(object, "alarm"));
    size_t i;
    if (!alarm || !uuid_is_valid(alarm) || !find_input(gw, object, &i))
        return;
    struct incident *incident = panel_incident(&gw->panel, i, read_class(object));
    *incident = (struct incident){
        .button = incident->button,
        .class = incident->class,
        .open = true,
        .held = json_is_true(json_object_get(object, "held")),
        .at_start = json_is_true(json_object_get(object, "at_start")),
        .cancelled = json_is_true(json_object_get(object, "cancelled")),
        .presses = (unsigned)json_integer_value(json_object_get(object, "presses")),
        .level = (unsigned)json_integer_value(json_object_get(object, "level")),
        .level_ns = clock_monotonic_ns(),
        .raised_wall_ms = json_integer_value(json_object_get(object, "raised_wall_ms"))};
    memcpy(incident->alarm, alarm, UUID_TEXT_SIZE);
    if (incident->level == 0)
        incident->level = 1;
    /* Times of another boot mean nothing on this boot's clock. */
    if (same_boot) {
        incident->level_ns = json_integer_value(json_object_get(object, "level_ns"));
        incident->raised_ns = json_integer_value(json_object_get(object, "raised_ns"));
        incident->last_press_ns = json_integer_value(json_object_get(object, "last_press_ns"));
    }
    load_progress(gw, incident, json_object_get(object, "receivers"));
}

static void load_exercise(struct gateway *gw, const json_t *object)
{
    const char *class = json_string_value(json_object_get(object, "exercise"));
    const char *by = json_string_value(json_object_get(object, "by"));
    size_t i, at;
    json_t *id;
    if (!class)
        return;
    gw->exercise.phase = EXERCISE_PHASE_ANNOUNCED;
    gw->exercise.class = strcmp(class, "test") == 0 ? INCIDENT_CLASS_TEST : INCIDENT_CLASS_DRILL;
    snprintf(gw->exercise.by, sizeof gw->exercise.by, "%s", by ? by : "");
    json_array_foreach(json_object_get(object, "inputs"), at, id)
    {
        for (i = 0; i < gw->input_count; i++) {
            if (strcmp(gw->config->inputs[i].id, json_string_value(id)) == 0)
                gw->exercise.buttons |= UINT64_C(1) << i;
        }
    }
}

void state_load(struct gateway *gw, const char *text)
{
    json_t *state = json_loads(text, 0, NULL);
    const char *boot = json_string_value(json_object_get(state, "boot"));
    bool same_boot = boot && strcmp(boot, gw->envelope.boot) == 0;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(state, "inputs"), i, one) load_input(gw, one);
    json_array_foreach(json_object_get(state, "incidents"), i, one)
        load_incident(gw, one, same_boot);
    load_exercise(gw, json_object_get(state, "exercise"));
    json_decref(state);
}
