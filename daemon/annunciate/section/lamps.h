/* SPDX-License-Identifier: Apache-2.0 */
/* What the guard sees. Filled by the loader, immutable, readable from everywhere. */
#ifndef TOCSIN_ANNUNCIATE_SECTION_LAMPS_H
#define TOCSIN_ANNUNCIATE_SECTION_LAMPS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

/* What a lamp shows of an alarm of a silent button. */
enum config_silent_shows {
    CONFIG_SILENT_PROGRESS, /* as of any other */
    CONFIG_SILENT_NOTHING,
    CONFIG_SILENT_OFF, /* from here on: one pattern, however far the alarm has come */
    CONFIG_SILENT_DEGRADED,
    CONFIG_SILENT_TEST,
};

struct config_indicator {
    char *id;
    enum config_silent_shows silent_shows;
    struct config_driver driver;
    struct config_place at;
};

/* All of them, in the order of the file. */
struct config_indicators {
    size_t count;
    const struct config_indicator *items;
};

extern const struct section lamps_section;

#endif
