/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that somebody waits for and that the running store has not: gathered, so that many of them
 * are one sentence. Pure.
 */
#ifndef TOCSIN_OUTBOX_GONE_H
#define TOCSIN_OUTBOX_GONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GONE_RANGES 8 /* are told by their numbers; of the rest that there are others */

/* Zeroed: none. */
struct gone {
    struct {
        uint64_t first, last;
    } ranges[GONE_RANGES];
    size_t count;
    bool more;
};

/* Once more for each receiver that waits for it, and mostly by their numbers. */
void gone_note(struct gone *g, uint64_t seq);

/* Of all that was noted since the last time; false: nothing. */
bool gone_take(struct gone *g, char *ret_sentence, size_t size);

#endif
