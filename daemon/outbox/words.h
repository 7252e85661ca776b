/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a fault: what hinders it now, though it began with something else. Where reasons
 * take turns each is told more and more rarely. Store thread only; no clock of its own.
 */
#ifndef TOCSIN_OUTBOX_WORDS_H
#define TOCSIN_OUTBOX_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct words {
    bool is_told;             /* a fault was, and is not over */
    struct err last;          /* what was told of it last */
    int64_t until_ns, for_ns; /* that stays until then; and so long */
};

/* Whether this reason is to be told now. */
bool words_follow(struct words *w, const char *reason, int64_t now_ns);

/* Whether it is to be told that the fault is over. */
bool words_end(struct words *w);

#endif
