/* SPDX-License-Identifier: Apache-2.0 */
/* Removes what is old and what every receiver has, a few events at a time. Store thread only. */
#ifndef TOCSIN_OUTBOX_PRUNE_H
#define TOCSIN_OUTBOX_PRUNE_H

#include "outbox/store.h"

struct prune {
    uint64_t after_seq; /* looked at so far */
    uint64_t last_seq;  /* of what is old */
};

void prune_init(struct prune *p, uint64_t last_seq);

/* One small transaction. 1: there is more to do, 0: done, negative: the disk. */
int prune_go_on(struct store *s, struct prune *p, struct err *e);

#endif
