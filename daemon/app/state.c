/* SPDX-License-Identifier: Apache-2.0 */
/* The incidents as JSON text: stored with every event, so that an alarm survives a restart. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway.h"
#include "base/log.h"

static json_t *save_one(const struct gateway *gw, size_t index)
{
    const struct incident *incident = &gw->incidents[index];
    json_t *object = json_pack("{ss,sb,sb}", "input", gw->config->inputs[index].id, "pressed",
                               incident->pressed, "open", incident->open);
    if (!incident->open)
        return object;
    json_object_set_new(object, "alarm", json_string(incident->alarm));
    json_object_set_new(object, "at_start", json_boolean(incident->at_start));
    json_object_set_new(object, "presses", json_integer(incident->presses));
    json_object_set_new(object, "raised_ns", json_integer(incident->raised_ns));
    json_object_set_new(object, "last_press_ns", json_integer(incident->last_press_ns));
    json_object_set_new(object, "raised_wall_ms", json_integer(incident->raised_wall_ms));
    json_t *receivers = json_object();
    for (size_t i = 0; i < gw->receiver_count; i++)
        json_object_set_new(receivers, gw->config->receivers[i].id,
                            json_pack("{si,sb}", "progress", (int)incident->progress[i], "closing",
                                      incident->closing[i]));
    json_object_set_new(object, "receivers", receivers);
    return object;
}

char *state_save(const struct gateway *gw)
{
    json_t *list = json_array();
    for (size_t i = 0; i < gw->input_count; i++)
        json_array_append_new(list, save_one(gw, i));
    json_t *state = json_pack("{ss,so}", "boot", gw->envelope.boot, "incidents", list);
    char *text = state ? json_dumps(state, JSON_COMPACT) : NULL;
    json_decref(state);
    if (!text)
        abort();
    return text;
}

static void load_one(struct gateway *gw, const json_t *object, bool same_boot)
{
    const char *id = json_string_value(json_object_get(object, "input"));
    size_t index = 0;
    while (id && index < gw->input_count && strcmp(gw->config->inputs[index].id, id) != 0)
        index++;
    if (!id || index == gw->input_count) {
        log_warning("tocsind", "input %s had state but is no longer in the configuration",
                    id ? id : "?");
        return;
    }
    struct incident *incident = &gw->incidents[index];
    const char *alarm = json_string_value(json_object_get(object, "alarm"));
    incident->pressed = json_is_true(json_object_get(object, "pressed"));
    if (!json_is_true(json_object_get(object, "open")) || !alarm || !uuid_is_valid(alarm))
        return;
    incident->open = true;
    memcpy(incident->alarm, alarm, UUID_TEXT_SIZE);
    incident->at_start = json_is_true(json_object_get(object, "at_start"));
    incident->presses = (unsigned)json_integer_value(json_object_get(object, "presses"));
    incident->raised_wall_ms = json_integer_value(json_object_get(object, "raised_wall_ms"));
    /* Times of another boot mean nothing on this boot's clock. */
    if (same_boot) {
        incident->raised_ns = json_integer_value(json_object_get(object, "raised_ns"));
        incident->last_press_ns = json_integer_value(json_object_get(object, "last_press_ns"));
    }
    const json_t *receivers = json_object_get(object, "receivers");
    for (size_t i = 0; i < gw->receiver_count; i++) {
        const json_t *one = json_object_get(receivers, gw->config->receivers[i].id);
        json_int_t progress = json_integer_value(json_object_get(one, "progress"));
        if (progress > 0 && progress <= INCIDENT_PROGRESS_COMING)
            incident->progress[i] = (enum incident_progress)progress;
        incident->closing[i] = json_is_true(json_object_get(one, "closing"));
    }
}

void state_load(struct gateway *gw, const char *text)
{
    json_t *state = json_loads(text, 0, NULL);
    const char *boot = json_string_value(json_object_get(state, "boot"));
    bool same_boot = boot && strcmp(boot, gw->envelope.boot) == 0;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(state, "incidents"), i, one) load_one(gw, one, same_boot);
    json_decref(state);
}
