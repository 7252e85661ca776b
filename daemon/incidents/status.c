/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "incidents/internal.h"

static json_t *alarm_json(const struct incidents *inc, const struct incident *incident)
{
    const struct incidents_config *config = &inc->options.config;
    const struct config_input *input = &config->inputs->items[incident->button];
    char raised_at[CLOCK_TEXT_SIZE];
    clock_format_utc(incident->raised_wall_ms, raised_at);
    json_t *receivers = json_array();
    for (size_t i = 0; i < config->receivers->count; i++)
        json_array_append_new(
            receivers,
            json_pack("{ss,ss,sb}", "id", config->receivers->items[i].id, "state",
                      incident->rejected[i]
                          ? "rejected"
                          : incident_progress_name((enum incident_progress)incident->progress[i]),
                      "closed", incident->closing[i]));
    json_t *object = json_pack(
        "{ss,ss,ss,ss,ss,ss,ss,si,si,ss,sb,sb,sb,so}", "alarm", incident->alarm, "class",
        incident_class_name(incident->class), "nature", /* so scripts know it from version 0.1 */
        incident_class_name(incident->class), "kind",
        incident->class == INCIDENT_CLASS_DURESS ? "duress" : config_input_kind_name(input->kind),
        "input", input->id, "name", input->name, "place", input->place, "presses",
        (int)incident->presses, "level", (int)incident->level, "raised_at", raised_at, "pressed",
        incident->held, "at_start", incident->at_start, "cancelled", incident->cancelled,
        "receivers", receivers);
    /* Of another boot only the wall time is known. */
    if (object && incident->raised_ns)
        json_object_set_new(object, "age_ms",
                            json_integer(clock_monotonic_ms() - incident->raised_ns / 1000000));
    return object;
}

json_t *incidents_status(const struct incidents *inc, bool with_duress)
{
    json_t *alarms = json_array();
    const struct incident *incident = NULL;
    while ((incident = panel_next_open(&inc->panel, incident))) {
        if (incident->class != INCIDENT_CLASS_DURESS || with_duress)
            json_array_append_new(alarms, alarm_json(inc, incident));
    }
    return alarms;
}
