/* SPDX-License-Identifier: Apache-2.0 */
#include "annunciate/section/outputs.h"

#include "conf/measures.h"
#include "iface/limits.h"

static const char *const trigger_words[] = {
    [CONFIG_OUTPUT_RAISED] = "raised",       [CONFIG_OUTPUT_UNDELIVERED] = "undelivered",
    [CONFIG_OUTPUT_DELIVERED] = "delivered", [CONFIG_OUTPUT_ESCALATED] = "escalated",
    [CONFIG_OUTPUT_CLOSED] = "closed",       NULL,
};

const char *config_output_trigger_name(enum config_output_trigger trigger)
{
    return trigger_words[trigger];
}

static const struct option table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct config_output, id),
     .required = 1,
     .help = "Short name: letters, digits, '-', '_' and '.'."},
    {.key = "on",
     .type = OPTION_CHOICES,
     .offset = offsetof(struct config_output, on),
     .required = 1,
     .choices = trigger_words,
     .help = "What switches it on: an alarm is raised; no responder has signed for it in time; one "
             "has; the next group is asked; it is closed."},
    {.key = "for",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_output, for_ms),
     .fallback = "0s",
     .min = 0,
     .max = HOUR,
     .help = "How long it stays on, at the longest until the alarm is closed; 0s: until then."},
    {.key = "inputs",
     .type = OPTION_LIST,
     .offset = offsetof(struct config_output, inputs),
     .max = LIMIT_INPUTS,
     .refers = "inputs",
     .help = "Ids of the buttons whose alarms switch it; without it, of every button."},
    {.key = "silent_alarms",
     .type = OPTION_BOOL,
     .offset = offsetof(struct config_output, silent_alarms),
     .fallback = "false",
     .help = "Whether alarms of silent buttons switch it. Duress alarms never do."},
    {.key = "drills",
     .type = OPTION_BOOL,
     .offset = offsetof(struct config_output, drills),
     .fallback = "false",
     .help = "Whether drills switch it. Tests never do."},
    OPTION_TABLE_END,
};

static void check(const struct section_view *view)
{
    size_t count;
    const struct config_output *outputs = section_items(view, &count);
    for (size_t i = 0; i < count; i++) {
        if ((outputs[i].on >> CONFIG_OUTPUT_CLOSED & 1) && outputs[i].for_ms == 0)
            section_mistake(view, i, "on",
                            "\"closed\" needs for: nothing would switch it off again");
    }
}

const struct section outputs_section = {
    .name = "outputs",
    .help = "What the gateway switches, a list.",
    .options = table,
    .size = sizeof(struct config_output),
    .most = LIMIT_OUTPUTS,
    .entry = "output",
    .check = check,
    SECTION_DRIVER(struct config_output, driver),
    SECTION_PLACE(struct config_output, at),
};
