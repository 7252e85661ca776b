/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the disk, taken in advance: free pages of the database, and the length of its log. Taken
 * in small pieces, behind whatever is to be written, with pauses in between: a press that comes
 * meanwhile waits for one piece, or for none.
 *
 * It is for so many events, and as much again for what is told of them: records of what became of
 * deliveries, and events that can wait. Where the disk gives no more, those may use that half alone
 * (room_is_for_alarms), so that the number of the configuration is one of alarms.
 *
 * Store thread only.
 */
#ifndef TOCSIN_OUTBOX_ROOM_H
#define TOCSIN_OUTBOX_ROOM_H

#include "outbox/store.h"

#define ROOM_EVENT_BYTES  2560                   /* with its indices, and two deliveries */
#define ROOM_SPARE_BYTES  (1 << 20)              /* of the disk: less is none */
#define ROOM_LOOK_NS      INT64_C(10000000000)   /* from one look to the next */
#define ROOM_ASK_AGAIN_NS INT64_C(3600000000000) /* a disk that has refused it */

struct room {
    int64_t events; /* for so many */
    int64_t left;   /* bytes still to be taken */
    bool is_first;  /* the log is to become as long as it is to be */
    enum { ROOM_LOOK, ROOM_TAKE, ROOM_GIVE_BACK } step;
    int64_t again_in_ns; /* the next piece, or look: not before so long */
    int64_t ask_ns;      /* the disk is asked for none before */
    bool is_refused;     /* it gave no more when it was asked last, or a write was refused */
    struct outbox_room seen;
};

/* Nothing is taken before `ask_ns` (CLOCK_MONOTONIC). */
void room_init(struct room *room, int64_t events, int64_t ask_ns);

/* The first of it, and the length of the log, of a store that was just made: in larger pieces. */
void room_init_first(struct room *room, int64_t events);

/* A look (`seen` is new), or a transaction. 1: there is more to do, also after there was no more to
 * be had (logged); 0: that is all, and is looked at again after again_in_ns; negative: the disk
 * refuses. */
int room_go_on(struct store *s, struct room *room, struct err *e);

/* How much of the disk is left, whether the store can be opened or not. */
void room_measure(const struct store *s, struct room *room);

/* The one rule of who may use what is left: whether the disk has no more and the half that is not
 * the alarms' own is used up, so that whatever is not of an alarm waits. Notes it in `seen`. */
bool room_is_for_alarms(struct store *s, struct room *room);

/* A write was refused because the disk is full: true if some of the room was only being taken, and
 * is free now. */
bool room_note_refused(struct store *s, struct room *room);

#endif
