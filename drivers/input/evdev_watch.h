/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wish for an input device, kept for as long as it is wished: what cannot be found, opened or
 * grabbed, or is unplugged, is a fault, and is tried again with back-off, for ever. Serves a button
 * (evdev.c) and a reader of cards (evdev_card.c). Embedded by its owner. Loop thread only.
 */
#ifndef TOCSIN_DRIVERS_EVDEV_WATCH_H
#define TOCSIN_DRIVERS_EVDEV_WATCH_H

#include "drivers/input/evdev_device.h"
#include "drivers/input/evdev_find.h"

/* What the owner is told. Functions must not finish the watch. */
struct evdev_events {
    /* The device was taken, anew after each loss; the keys stand as evdev_watch_is_down says. */
    void (*on_taken)(void *arg, int64_t at_ns);
    void (*on_key)(void *arg, unsigned code, bool down, int64_t at_ns);
    void (*on_state)(void *arg, int64_t at_ns);    /* from time to time, and behind every edge */
    void (*on_overflow)(void *arg, int64_t at_ns); /* keys are missing before it */
    void (*on_fault)(void *arg, const char *reason);
    void *arg;
};

struct evdev_watch {
    struct evdev_user user;
    struct evdev_wish wish;
    struct evdev_events events;
    uv_loop_t *loop;
    struct evdev_device *device; /* NULL while it cannot be had */
    uv_timer_t timer;            /* tries again */
    unsigned failures;
    void (*on_closed)(void *arg);
};

/* Tries at once; callbacks may come before it returns. Borrows what `wish` points to. */
void evdev_watch_start(struct evdev_watch *watch, const struct evdev_wish *wish,
                       const struct evdev_events *events, uv_loop_t *loop);

bool evdev_watch_is_down(const struct evdev_watch *watch, unsigned code);

/* Stops; no event after it returns. The loop calls `on_closed` when the memory may be freed. */
void evdev_watch_finish(struct evdev_watch *watch, void (*on_closed)(void *arg));

#endif
