/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a pattern looks like on a lamp of three lights. The one table: drivers of three-light lamps
 * show it, and the guard's card is drawn from it.
 */
#ifndef TOCSIN_DRIVERS_LIGHTS_H
#define TOCSIN_DRIVERS_LIGHTS_H

#include "iface/indicator.h"

enum light {
    LIGHT_OFF,
    LIGHT_ON,
    LIGHT_SLOW, /* 1 Hz: half a second on, half a second off */
    LIGHT_FAST, /* 4 Hz */
};

#define LIGHT_SLOW_HALF_MS 500
#define LIGHT_FAST_HALF_MS 125

struct lights {
    enum light green, amber, red;
};

extern const struct lights lights_of[INDICATOR_PATTERN_COUNT];

#endif
