/* SPDX-License-Identifier: Apache-2.0 */
#include "incidents/section/exercises.h"

#include "conf/measures.h"

static const struct option table[] = {
    {.key = "drill_limit",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_exercises, drill_limit_ms),
     .fallback = "30min",
     .min = MINUTE,
     .max = 4 * HOUR,
     .help = "A drill ends by itself after this long."},
    {.key = "test_limit",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_exercises, test_limit_ms),
     .fallback = "30min",
     .min = MINUTE,
     .max = 4 * HOUR,
     .help = "A test of the buttons ends by itself after this long."},
    {.key = "long_press",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_exercises, long_press_ms),
     .fallback = "3s",
     .min = SECOND,
     .max = 10 * SECOND,
     .help = "A button that is held this long in a drill or test means it: a real alarm. One with "
             "hold: at least a second longer than that."},
    {.key = "announce_wait",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_exercises, announce_wait_ms),
     .fallback = "10s",
     .min = SECOND,
     .max = 15 * SECOND,
     .help = "Receivers must have receipted the announcement within this time (who cannot sign: "
             "accepted it), or the drill or test does not begin."},
    {.key = "test_every",
     .type = OPTION_DURATION,
     .offset = offsetof(struct config_exercises, test_every_ms),
     .fallback = "31d",
     .min = 0,
     .max = 400 * DAY,
     .help = "A button that was not tested for this long is a fault. 0s: never."},
    OPTION_TABLE_END,
};

const struct section exercises_section = {
    .name = "exercises",
    .help = "Drills and tests.",
    .options = table,
    .size = sizeof(struct config_exercises),
};
