/* SPDX-License-Identifier: Apache-2.0 */
/* Drills and tests of the buttons. Filled by the loader, immutable, readable from everywhere. */
#ifndef TOCSIN_INCIDENTS_SECTION_EXERCISES_H
#define TOCSIN_INCIDENTS_SECTION_EXERCISES_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

struct config_exercises {
    int64_t drill_limit_ms;
    int64_t test_limit_ms;
    int64_t long_press_ms;
    int64_t announce_wait_ms;
    int64_t test_every_ms; /* 0: nobody asks for tests */
};

extern const struct section exercises_section;

#endif
