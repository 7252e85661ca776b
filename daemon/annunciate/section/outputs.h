/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway switches. Filled by the loader, immutable, readable from everywhere. */
#ifndef TOCSIN_ANNUNCIATE_SECTION_OUTPUTS_H
#define TOCSIN_ANNUNCIATE_SECTION_OUTPUTS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

/* What switches an output on: bits of config_output.on. */
enum config_output_trigger {
    CONFIG_OUTPUT_RAISED,
    CONFIG_OUTPUT_UNDELIVERED,
    CONFIG_OUTPUT_DELIVERED,
    CONFIG_OUTPUT_ESCALATED,
    CONFIG_OUTPUT_CLOSED,
};

/* The word of a trigger, in the file and wherever else it is told. */
const char *config_output_trigger_name(enum config_output_trigger trigger);

struct config_output {
    char *id;
    uint32_t on;               /* bit mask of enum config_output_trigger */
    int64_t for_ms;            /* 0: until the alarm is closed */
    struct option_list inputs; /* ids; empty: every button */
    bool silent_alarms;        /* also for alarms of silent buttons; never for duress */
    bool drills;               /* also in a drill; never in a test */
    struct config_driver driver;
    struct config_place at;
};

/* All of them, in the order of the file. */
struct config_outputs {
    size_t count;
    const struct config_output *items;
};

extern const struct section outputs_section;

#endif
