/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk, taken in advance: free pages of the database, and the length of its log. Taken
 * in small pieces, behind whatever is to be written, with pauses in between: a press that comes
 * meanwhile waits for one piece, or for none. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_ROOM_H
#define TOCSIN_OUTBOX_ROOM_H

#include "outbox/store.h"

struct room {
    int64_t events; /* for so many */
    int64_t left;   /* bytes still to be taken */
    bool is_first;  /* the log is to become as long as it is to be */
    enum { ROOM_LOOK, ROOM_TAKE, ROOM_GIVE_BACK } step;
    int64_t again_in_ns; /* the next piece, or look: not before so long */
};

void room_init(struct room *room, int64_t events);

/* The first of it, and the length of the log, of a store that was just made: a start waits for
 * that, since the disk has nothing else to do yet and the first press is to find the room. What is
 * not to be had is logged. Loop thread, before the store's thread starts. */
void room_take_first(struct store *s, int64_t events);

/* A transaction. 1: there is more to do, also after there was no more to be had (logged); 0: that
 * is all, and is looked at again an hour later; negative: the disk refuses. */
int room_go_on(struct store *s, struct room *room, struct err *e);

#endif
