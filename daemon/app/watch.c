/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"

struct incident *watch_incident(struct gateway *gw, const char *alarm, size_t *ret_input)
{
    for (size_t i = 0; alarm && alarm[0] && i < gw->input_count; i++) {
        if (gw->incidents[i].open && strcmp(gw->incidents[i].alarm, alarm) == 0) {
            *ret_input = i;
            return &gw->incidents[i];
        }
    }
    return NULL;
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text && text[0])
        json_object_set_new(object, name, json_string(text));
}

void watch_tell(struct gateway *gw, const struct watch_line *line)
{
    if (!gw->control || gw->stopping || !control_has_watchers(gw->control))
        return;
    int64_t at_ns = line->at_ns ? line->at_ns : clock_monotonic_ns();
    size_t input;
    const struct incident *incident = watch_incident(gw, line->alarm, &input);
    char time[CLOCK_TEXT_SIZE];
    clock_format_utc(clock_wall_ms(), time);
    json_t *object = json_pack("{ss,ss,sI}", "what", line->what, "time", time, "at_ms",
                               (json_int_t)(at_ns / 1000000));
    set_text(object, "alarm", line->alarm);
    set_text(object, "input",
             line->input ? line->input
             : incident  ? gw->config->inputs[input].id
                         : NULL);
    set_text(object, "name", incident ? gw->config->inputs[input].name : NULL);
    set_text(object, "receiver", line->receiver);
    set_text(object, "camera", line->camera);
    set_text(object, "event", line->event);
    set_text(object, "text", line->text);
    if (line->seq)
        json_object_set_new(object, "seq", json_integer((json_int_t)line->seq));
    if (incident && incident->raised_ns)
        json_object_set_new(object, "since_press_ms",
                            json_real((double)(at_ns - incident->raised_ns) / 1e6));
    control_publish(gw->control, object);
}
