/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the store is: what was said of it, and the fault that is stated of that (FAULT_STORE). Loop
 * thread only.
 */
#ifndef TOCSIN_EVENTS_HEALTH_H
#define TOCSIN_EVENTS_HEALTH_H

#include "events/slow.h"
#include "facts/facts.h"

/* Embedded; zeroed but for `facts`. */
struct health {
    struct facts *facts;
    struct slow slow;
    char store_reason[FACT_TEXT_SIZE]; /* "" while the store works */
    char forgets[FACT_TEXT_SIZE];      /* why it would not outlive a power cut; "": it would */
    bool is_unread;                    /* it does not give what waits for a receiver */
    bool store_proven;                 /* the disk has taken an event since the start */
    bool store_good;                   /* was stated to be */
};

/* `folder` is on a file system of that name, which forgets; NULL: on none that is known to. */
void health_take_forgets(struct health *h, const char *folder, const char *forgetting);

/* The store does not take events (reason), or does again (NULL). */
void health_take_fault(struct health *h, const char *reason, bool is_stuck);

/* What is wrong with the store; "" if nothing is. `is_stuck`: an event has waited too long for it.
 */
const char *health_trouble(const struct health *h, bool is_stuck);

/* States that. */
void health_check(struct health *h, bool is_stuck);

#endif
