/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is pending for a receiver that does not take it (any more) is struck out, a few rows in a
 * transaction: a backlog of thousands must not stand in a press's way. Its clips stay, so that
 * their manifests are known. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_STRIKE_H
#define TOCSIN_OUTBOX_STRIKE_H

#include "outbox/store.h"

struct strike {
    size_t receiver;
    bool of_uploads;    /* the deliveries are done */
    uint64_t after_seq; /* where to go on */
    char after_receiver[LIMIT_ID_BYTES + 1];
};

void strike_init(struct strike *st, size_t receiver);

/* The next piece, by what the store was told last (store_set_takes). 1: there is more to do, 0: all
 * is struck out, negative: it failed, and nothing of the piece was done. */
int strike_go_on(struct store *s, struct strike *st, struct err *e);

#endif
