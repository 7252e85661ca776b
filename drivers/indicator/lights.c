/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/indicator/lights.h"

/*
 * Red is an alarm, and steady red is one that arrived. Amber alone is a gateway that cannot promise
 * anything: the same as a lamp that nobody drives any more shows.
 */
const struct lights lights_of[INDICATOR_PATTERN_COUNT] = {
    /* clang-format off */
    /*                                 green       amber       red */
    [INDICATOR_PATTERN_OFF]         = {LIGHT_OFF,  LIGHT_OFF,  LIGHT_OFF},
    [INDICATOR_PATTERN_READY]       = {LIGHT_ON,   LIGHT_OFF,  LIGHT_OFF},
    [INDICATOR_PATTERN_DEGRADED]    = {LIGHT_ON,   LIGHT_ON,   LIGHT_OFF},
    [INDICATOR_PATTERN_FAULT]       = {LIGHT_OFF,  LIGHT_ON,   LIGHT_OFF},
    [INDICATOR_PATTERN_TEST]        = {LIGHT_OFF,  LIGHT_FAST, LIGHT_OFF},
    [INDICATOR_PATTERN_DRILL]       = {LIGHT_OFF,  LIGHT_SLOW, LIGHT_OFF},
    [INDICATOR_PATTERN_HEARD]       = {LIGHT_OFF,  LIGHT_OFF,  LIGHT_FAST},
    [INDICATOR_PATTERN_UNCONFIRMED] = {LIGHT_OFF,  LIGHT_OFF,  LIGHT_SLOW},
    [INDICATOR_PATTERN_DELIVERED]   = {LIGHT_OFF,  LIGHT_OFF,  LIGHT_ON},
    [INDICATOR_PATTERN_SEEN]        = {LIGHT_SLOW, LIGHT_OFF,  LIGHT_ON},
    [INDICATOR_PATTERN_COMING]      = {LIGHT_FAST, LIGHT_OFF,  LIGHT_ON},
    /* clang-format on */
};
