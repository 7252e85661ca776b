/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line that presses itself: more presses than a hand makes. While it lasts every press is counted
 * and none is told by itself, so that a loose wire fills no outbox.
 *
 * Pure; time is handed in. One owner, no locking.
 */
#ifndef TOCSIN_ALARM_CHATTER_H
#define TOCSIN_ALARM_CHATTER_H

#include <stdbool.h>
#include <stdint.h>

#include "iface/limits.h"

#define CHATTER_PRESSES   LIMIT_CHATTER_PRESSES /* within CHATTER_WINDOW_NS */
#define CHATTER_WINDOW_NS INT64_C(10000000000)
#define CHATTER_QUIET_NS  INT64_C(30000000000) /* without a press: it is over */

struct chatter {
    bool on;
    unsigned presses;               /* since it began; the last count when it is over */
    unsigned next;                  /* in at_ns, which is a circle */
    int64_t at_ns[CHATTER_PRESSES]; /* 0: no press yet */
    int64_t last_ns;
};

/* A press; true while the line chatters. */
bool chatter_press(struct chatter *c, int64_t at_ns);

/* True if it has just ended: say what was counted. */
bool chatter_settle(struct chatter *c, int64_t now_ns);

#endif
