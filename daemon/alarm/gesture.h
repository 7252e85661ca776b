/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hand on a button means: from pressed and released to presses that count.
 *
 * By default every press counts, at once. A button may ask for more against false alarms: to be
 * held, or to be pressed several times. And a pattern of presses may stand for duress: it is
 * recognised beside the presses and delays none of them.
 *
 * Pure; time is handed in. One owner, no locking.
 */
#ifndef TOCSIN_ALARM_GESTURE_H
#define TOCSIN_ALARM_GESTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "iface/limits.h"

#define GESTURE_NOT_DUE INT64_MAX

struct gesture_options {
    int64_t hold_ns;  /* how long a press must last to count; 0: not at all */
    unsigned presses; /* how many within within_ns count as one; 0 and 1: each counts */
    int64_t within_ns;
    unsigned duress_presses; /* how many within duress_within_ns mean duress; 0: no pattern */
    int64_t duress_within_ns;
    int64_t long_ns; /* a press of this length is a long one; 0: none is */
};

/* What has just been recognised; several at once are possible. */
enum gesture_meaning {
    GESTURE_PRESS = 1,
    GESTURE_RELEASE = 2,
    GESTURE_DURESS = 4,
    GESTURE_LONG = 8,
};

/* The last presses, oldest first. */
struct gesture_run {
    unsigned count;
    int64_t at_ns[LIMIT_PRESSES];
};

struct gesture {
    struct gesture_options options;
    bool pressed;
    int64_t hold_due_ns, long_due_ns; /* GESTURE_NOT_DUE when there is nothing to wait for */
    struct gesture_run counted, duress;
};

/* `pressed` is what the caller knows from before a restart; that press has had its meaning. */
void gesture_init(struct gesture *g, const struct gesture_options *options, bool pressed);

/* The button is pressed or not at `at_ns`. Meanings as bits. First settle what was due before. */
unsigned gesture_level(struct gesture *g, bool pressed, int64_t at_ns);

/* What time alone has brought. */
unsigned gesture_settle(struct gesture *g, int64_t now_ns);

int64_t gesture_due_ns(const struct gesture *g);

#endif
