/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounce, taken off a line without delaying a press.
 *
 *            first edge: accepted at once
 *   QUIET ───────────────────────────────▶ SETTLING ─┐ any change: wait again
 *     ▲                                        │  ▲──┘
 *     └── level unchanged for `window_ns` ─────┘
 *         (a level other than the accepted one is accepted now)
 *
 * Pure: no clock, no allocation; the caller hands in the time of each level and asks when to call
 * debounce_settle. One owner, no locking.
 */
#ifndef TOCSIN_ALARM_DEBOUNCE_H
#define TOCSIN_ALARM_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#define DEBOUNCE_NOT_DUE INT64_MAX

struct debounce {
    int64_t window_ns;
    int64_t due_ns; /* when to settle; DEBOUNCE_NOT_DUE in QUIET */
    bool accepted;  /* the level that was passed on last */
    bool raw;       /* the level that was seen last */
};

/* `accepted` is the level that the caller already knows of (from before a restart). */
void debounce_init(struct debounce *d, int64_t window_ns, bool accepted);

/*
 * To be called at or after d->due_ns by a timer, and with `at_ns` before every debounce_level: a
 * timer may be late, and a change that settled before the new one must not be skipped. True if the
 * accepted level has changed: look at d->accepted.
 */
bool debounce_settle(struct debounce *d, int64_t now_ns);

/* The line is `active` at `at_ns`. True if the accepted level has changed. */
bool debounce_level(struct debounce *d, bool active, int64_t at_ns);

#endif
