/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text && text[0])
        json_object_set_new(object, name, json_string(text));
}

/* Of an alarm that is closed only its id tells. */
static bool is_duress(const struct gateway *gw, const char *alarm, const struct incident *incident)
{
    bool found = incident && incident->class == INCIDENT_CLASS_DURESS;
    for (size_t i = 0; alarm && alarm[0] && i < sizeof gw->duress / sizeof *gw->duress; i++)
        found = found || strcmp(gw->duress[i], alarm) == 0;
    return found;
}

void watch_tell(struct gateway *gw, const struct watch_line *line)
{
    if (!gw->control || gw->stopping || !control_has_watchers(gw->control))
        return;
    int64_t at_ns = line->at_ns ? line->at_ns : clock_monotonic_ns();
    const struct incident *incident = panel_find(&gw->panel, line->alarm);
    size_t input = incident ? incident->button : 0;
    /* A screen that is left on at the gate must show nothing of duress. */
    if (is_duress(gw, line->alarm, incident))
        return;
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
    if (line->handed_us > 0)
        json_object_set_new(object, "handed_us", json_integer(line->handed_us));
    if (line->seq)
        json_object_set_new(object, "seq", json_integer((json_int_t)line->seq));
    if (incident && incident->raised_ns)
        json_object_set_new(object, "since_press_ms",
                            json_real((double)(at_ns - incident->raised_ns) / 1e6));
    control_publish(gw->control, object);
}
