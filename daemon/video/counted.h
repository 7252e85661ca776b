/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long this machine ran in all, as far as tocsin-video has counted it: over restarts and
 * reboots, and by no wall clock. Never more than what has passed: a time without power is not
 * counted, nor the last minutes before one. As events/age counts for events.
 *
 * Pure; times are of CLOCK_MONOTONIC.
 */
#ifndef TOCSIN_VIDEO_COUNTED_H
#define TOCSIN_VIDEO_COUNTED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct counted {
    int64_t ran_ms;  /* in all */
    int64_t at_ms;   /* counted until then, in this boot */
    int64_t most_ms; /* what it can be by what was noted of it and has passed since */
};

/* Begins at nothing, now. */
void counted_init(struct counted *c, int64_t now_ms);

/* Goes on from what counted_text has made, in this boot or another. Negative, and nothing changed,
 * if it cannot be read. */
int counted_load(struct counted *c, const char *text, const char *boot, int64_t now_ms,
                 struct err *e);

void counted_go_on(struct counted *c, int64_t now_ms);

/* Something says that it happened when so much was counted: no less has passed since. False, and
 * nothing changed, if that cannot be: more than was noted of the count, with what may have been
 * counted behind the last note. Where the count is lost that is a century. */
bool counted_know(struct counted *c, int64_t ran_ms);

/* For counted_load; NULL without memory. Caller frees. */
char *counted_text(const struct counted *c, const char *boot);

#endif
