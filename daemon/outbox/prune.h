/* SPDX-License-Identifier: Apache-2.0 */
/* Removes what is old and what every receiver has, a few events at a time. Store thread only. */
#ifndef TOCSIN_OUTBOX_PRUNE_H
#define TOCSIN_OUTBOX_PRUNE_H

#include "outbox/store.h"

struct prune {
    char after_id[UUID_TEXT_SIZE];  /* looked at so far */
    char before_id[UUID_TEXT_SIZE]; /* ids begin with the time: younger events have larger ones */
};

void prune_init(struct prune *p, int64_t before_wall_ms);

/* One small transaction. 1: there is more to do, 0: done, negative: the disk. */
int prune_go_on(struct store *s, struct prune *p, struct err *e);

#endif
