/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removes what is old and what every receiver has, a few events at a time; and how far that went
 * stands in a row of the store's own, in the same transaction: what is not there and lies within
 * it was there once. Of what does not, nobody may say so. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_PRUNE_H
#define TOCSIN_OUTBOX_PRUNE_H

#include "outbox/store.h"

struct prune {
    uint64_t after_seq; /* looked at so far */
    uint64_t last_seq;  /* of what is old */
};

#define PRUNE_ROW "pruned"

/* No event above these was ever removed; zeros: none was, or nothing is known of it. */
struct prune_mark {
    uint64_t seq;
    int64_t wall_ms;
};

void prune_read_mark(struct store *s, struct prune_mark *ret_mark);

void prune_init(struct prune *p, uint64_t last_seq);

/* One small transaction. 1: there is more to do, 0: done, negative: the disk. */
int prune_go_on(struct store *s, struct prune *p, struct err *e);

#endif
