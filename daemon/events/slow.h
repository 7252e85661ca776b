/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the disk is slow as a rule: a disk that answers, but late, makes every press one that is
 * sent from memory, and never stands still for so long that this would show. Counted are events
 * that waited for nothing but their own commit, so that one long moment in which ten were made
 * counts once. Zeroed: not slow. Pure.
 */
#ifndef TOCSIN_EVENTS_SLOW_H
#define TOCSIN_EVENTS_SLOW_H

#include <stdbool.h>
#include <stdint.h>

#define SLOW_OF    8 /* the last so many count */
#define SLOW_FROM  4 /* so many of them late: it is slow */
#define SLOW_UNTIL 1 /* until there are no more than this */

struct slow {
    uint32_t late; /* a bit each, the newest the lowest */
    bool is_slow;
};

/* One more, late or not. */
void slow_note(struct slow *slow, bool late);

#endif
