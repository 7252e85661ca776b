/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The indicator contract: a lamp (or sounder) that shows one of the patterns below. What a pattern
 * looks like is the driver's; which one is shown is the core's. Loop thread only; `show` returns at
 * once.
 */
#ifndef TOCSIN_IFACE_INDICATOR_H
#define TOCSIN_IFACE_INDICATOR_H

#include <uv.h>

#include "base/err.h"
#include "iface/driver.h"

/* From calm to urgent, with what the guard may take from it. */
enum indicator_pattern {
    INDICATOR_PATTERN_OFF,      /* the gateway is not running, or shows nothing on purpose */
    INDICATOR_PATTERN_READY,    /* armed, and every link proven within its window */
    INDICATOR_PATTERN_DEGRADED, /* armed, and a press is heard; a link, camera or lamp is broken */
    INDICATOR_PATTERN_FAULT,    /* a press may not be heard: a line, the store, no responder */
    INDICATOR_PATTERN_TEST,     /* a test is running; nothing real is open */
    INDICATOR_PATTERN_DRILL,    /* a drill is running; nothing real is open */
    INDICATOR_PATTERN_HEARD,    /* the press is stored here (or sent); nobody has it for sure */
    INDICATOR_PATTERN_UNCONFIRMED, /* delivered to a receiver that cannot sign its receipts */
    INDICATOR_PATTERN_DELIVERED,   /* a receiver's signed receipt is here */
    INDICATOR_PATTERN_SEEN,        /* a person at the receiver has seen it */
    INDICATOR_PATTERN_COMING,      /* a person at the receiver has said: we are coming */
};
#define INDICATOR_PATTERN_COUNT (INDICATOR_PATTERN_COMING + 1)

/* Lower-case word of a pattern: "ready", "heard", … ; the words of status and of the sim driver. */
static inline const char *indicator_pattern_name(enum indicator_pattern pattern)
{
    switch (pattern) {
    case INDICATOR_PATTERN_OFF:
        return "off";
    case INDICATOR_PATTERN_READY:
        return "ready";
    case INDICATOR_PATTERN_DEGRADED:
        return "degraded";
    case INDICATOR_PATTERN_FAULT:
        return "fault";
    case INDICATOR_PATTERN_TEST:
        return "test";
    case INDICATOR_PATTERN_DRILL:
        return "drill";
    case INDICATOR_PATTERN_HEARD:
        return "heard";
    case INDICATOR_PATTERN_UNCONFIRMED:
        return "unconfirmed";
    case INDICATOR_PATTERN_DELIVERED:
        return "delivered";
    case INDICATOR_PATTERN_SEEN:
        return "seen";
    case INDICATOR_PATTERN_COMING:
        return "coming";
    }
    return "off";
}

struct indicator;

struct indicator_host {
    /* `reason` says what is wrong; NULL when the lamp works: also for the first time, since what
     * was wrong before a restart may be believed to be so still. */
    void (*on_fault)(void *arg, const char *reason);
    void *arg;
};

struct indicator_driver {
    struct driver_type type;
    int (*open)(const void *options, const struct indicator_host *host, uv_loop_t *loop,
                struct indicator **ret_indicator, struct err *e);
    void (*show)(struct indicator *indicator, enum indicator_pattern pattern);
    /* Leaves the lamp OFF. No callback after it returns. NULL is accepted. */
    void (*close)(struct indicator *indicator);
};

DRIVER_OF(indicator)

#endif
