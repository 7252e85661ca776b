/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How old events are, by what the gateway has counted itself: the time that it ran, over restarts
 * and reboots, and how far the chain was at marks in it. No wall clock is asked: one that is years
 * off, or that was when an event was made, makes nothing old, and keeps nothing for ever. What is
 * counted is never more than what has passed: a time without power is not, and makes no events.
 *
 * Pure; times are of CLOCK_MONOTONIC.
 */
#ifndef TOCSIN_EVENTS_AGE_H
#define TOCSIN_EVENTS_AGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define AGE_MARKS_MAX 48 /* 40 in the time that is asked for, and some */

struct age_mark {
    int64_t ran_ms; /* as it was then */
    uint64_t seq;   /* the newest event of then */
};

struct age {
    int64_t keep_ms;
    int64_t ran_ms; /* in all */
    int64_t at_ms;  /* counted until then, in this boot */
    unsigned count;
    struct age_mark marks[AGE_MARKS_MAX]; /* the oldest first */
};

void age_init(struct age *age, int64_t keep_ms, int64_t now_ms);

/* Goes on from what age_row has made, in this boot or another; `last_seq` is the newest event that
 * is stored: marks beyond it are of a chain that was lost. Negative, and all begins anew, if it
 * cannot be read. */
int age_load(struct age *age, const char *row, const char *boot, int64_t now_ms, uint64_t last_seq,
             struct err *e);

/* Time has passed, and that is the newest event. */
void age_count(struct age *age, int64_t now_ms, uint64_t last_seq);

/* The newest event that was made longer ago than it is to be kept, a fortieth of that time more at
 * the most; 0: none is known to be. */
uint64_t age_old_seq(const struct age *age);

/* For age_load; the caller frees it. */
char *age_row(const struct age *age, const char *boot);

#endif
