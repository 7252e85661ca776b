/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What receivers have of this gateway's numbers, by their receipts: the last who know where the
 * store, its witness and the journal are gone, or are of before (a card that was replaced, a backup
 * that was put back). A receiver that has a higher number than any that was given here shows that
 * something is lost, and that numbers would be given twice. Loop thread only.
 */
#ifndef TOCSIN_EVENTS_KNOWN_H
#define TOCSIN_EVENTS_KNOWN_H

#include "envelope/envelope.h"
#include "events/damage.h"
#include "facts/fact.h"

/* Embedded; zeroed. */
struct known {
    struct fact_numbers said; /* not looked at as yet; newest_seq 0: nothing */
    uint32_t told;            /* bit mask of receivers: each is believed once a run, or a false one
                                 could use all numbers up */
    uint32_t forks_told;      /* likewise, that it has a number twice */
};

/* A receiver has said it; the highest waits for known_pass. What it has twice is damage at once. */
void known_note(struct known *k, const struct fact_numbers *said, struct damage *damage,
                const char *at);

/* If what was noted is a number that was not given here, numbers go on above it, which no receiver
 * can bring near their end, and it is damage, found `at` that time. One that this gateway cannot
 * have given is not believed: numbers go on, and it is damage all the same. */
void known_pass(struct known *k, struct envelope *envelope, struct damage *damage, const char *at);

#endif
