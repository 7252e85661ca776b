/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of a damaged database that can be read, into a fresh one. Each table is read from both
 * ends if one does not lead to the other, and what has numbers is asked for by them between. Of
 * salvage.c.
 */
#ifndef TOCSIN_OUTBOX_COPY_H
#define TOCSIN_OUTBOX_COPY_H

#include "outbox/store.h"

enum copy_extent {
    COPY_ALL,
    COPY_OWED, /* where there is no room for all: what is still to be sent, an event of each alarm,
                  the newest, and all that is state */
    COPY_NONE,
};

/* Numbers of events; `count` of them are there, 0: none. */
struct copy_range {
    int64_t first, last;
    int count;
};

struct copied {
    enum copy_extent extent;
    int events; /* so many are in the fresh one */
    bool state_lost, clips_lost;
    struct copy_range unknown; /* it cannot be read who has these: they are owed to everybody */
    struct copy_range gone;    /* these were owed, and cannot be read */
};

/*
 * In one transaction: all that is wanted and can be read, or an error of the fresh one and nothing.
 * `from` may be NULL: could not be opened. Who is to get what is known of `to`'s receivers.
 */
int copy_rows(sqlite3 *from, struct store *to, enum copy_extent extent, struct copied *ret_copied,
              struct err *e);

#endif
