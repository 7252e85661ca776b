/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When receivers are told of a fault that comes and goes. What is there is told at once; that it is
 * gone only when it stayed so, the longer the more was told lately; what came and went meanwhile is
 * counted and summed up. Whatever the fault does, that is at most 24 events in any 24 hours, and
 * what is told as gone leaves room for the next coming: a coming never waits.
 *
 * Each event costs an hour and a half, and up to twelve hours may be owed. What is owed is kept
 * over a restart (flap_debt_ms), so that one that starts again and again has no more than one that
 * runs.
 *
 * Pure; times are of CLOCK_MONOTONIC.
 */
#ifndef TOCSIN_EVENTS_FLAP_H
#define TOCSIN_EVENTS_FLAP_H

#include <stdbool.h>
#include <stdint.h>

struct flap {
    bool broken;         /* now */
    bool reported;       /* what the receivers were told last */
    int64_t since_ms;    /* when it changed last */
    int64_t reported_ms; /* when they were told last: `times` counts from here */
    int64_t paid_ms;     /* nothing is owed from then on */
    unsigned times;      /* it came so often since reported_ms */
};

/* What was told and what is owed before a restart; how it is now, nobody knows yet. */
void flap_restore(struct flap *f, bool reported, int64_t debt_ms, int64_t now_ms);

/* So it is found after that: if it is there that is no coming, and if it is gone it is quiet from
 * now. */
void flap_found(struct flap *f, bool broken, int64_t now_ms);

/* So it is now; whether that is a change. */
bool flap_state(struct flap *f, bool broken, int64_t now_ms);

/* Whether an event is due that says what is now: it has come, is gone, or has come and gone so
 * often and is there. */
bool flap_is_due(const struct flap *f, int64_t now_ms);

/* Whether one more event is within the bound at all. */
bool flap_may_tell(const struct flap *f, int64_t now_ms);

/* It was told as it is. */
void flap_reported(struct flap *f, int64_t now_ms);

/* What is owed; 0 of one that told nothing lately. */
int64_t flap_debt_ms(const struct flap *f, int64_t now_ms);

#endif
