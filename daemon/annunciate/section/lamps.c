/* SPDX-License-Identifier: Apache-2.0 */
#include "annunciate/section/lamps.h"

#include "iface/limits.h"

static const char *const shows_words[] = {
    [CONFIG_SILENT_PROGRESS] = "progress", [CONFIG_SILENT_NOTHING] = "nothing",
    [CONFIG_SILENT_OFF] = "off",           [CONFIG_SILENT_DEGRADED] = "degraded",
    [CONFIG_SILENT_TEST] = "test",         NULL,
};

static const struct option table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct config_indicator, id),
     .required = 1,
     .help = "Short name: letters, digits, '-', '_' and '.'."},
    {.key = "silent_shows",
     OPTION_ENUM(struct config_indicator, silent_shows, shows_words),
     .fallback = "progress",
     .help = "What it shows of an alarm of a silent button: how far it has come, as of any other; "
             "nothing; or always the pattern of that name. Of a duress alarm no lamp ever shows "
             "anything."},
    OPTION_TABLE_END,
};

static void note(const struct section_view *view)
{
    size_t count;
    section_items(view, &count);
    if (count == 0)
        section_note(view, SECTION_WHOLE, NULL,
                     "there is none: nobody at the gate will see whether help was reached");
}

const struct section lamps_section = {
    .name = "lamps",
    .help = "What the guard sees, a list.",
    .options = table,
    .size = sizeof(struct config_indicator),
    .most = LIMIT_LAMPS,
    .entry = "lamp",
    .note = note,
    SECTION_DRIVER(struct config_indicator, driver),
    SECTION_PLACE(struct config_indicator, at),
};
