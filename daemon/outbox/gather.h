/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of events and clips at the receivers, until it is written.
 *
 * While a backlog goes out there are hundreds of such records a second. A commit for each would be
 * in the way of presses half of the time, so they go behind whatever else is to be written, and at
 * most so often; after a pause the first one goes at once. A record that is lost in a kill costs a
 * delivery that is made once more, which the receiver knows by its id. Only a question, a change of
 * what receivers take, pruning, and a stop want what was recorded before them on the disk.
 *
 * They are written in the order in which they came. A group that the disk refuses is the oldest
 * again and is tried after a while, whoever wants it; what is not a record goes on meanwhile, and
 * nothing shares a transaction with records until a group of them was written.
 *
 * Under the outbox's lock.
 */
#ifndef TOCSIN_OUTBOX_GATHER_H
#define TOCSIN_OUTBOX_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#define GATHER_PAUSE_NS INT64_C(100000000) /* from the end of one group to the next */
#define GATHER_GROUP    32                 /* so many are written at once, and without a pause */
#define GATHER_MAX      256                /* more no longer wait for a moment without a press */

struct job;
STAILQ_HEAD(job_list, job);

struct gather {
    struct job_list list;
    size_t count;
    uint64_t added;     /* records that ever came */
    uint64_t wanted;    /* of them, the first so many are wanted on the disk */
    int64_t written_ns; /* when the last group was */
    bool failing;       /* the last group that was tried was refused, or held: */
    bool held;          /* there is no room for records (room.h), which is no failure */
    int64_t again_ns;   /* and is not tried before */
};

void gather_init(struct gather *g);

/* Whether the store's thread, asleep until gather_due_ns, has to look anew. */
bool gather_add(struct gather *g, struct job *job);

/* What is there is wanted on the disk. */
void gather_want(struct gather *g);

/* Whether the first so many that ever came are written (or in the caller's hands). */
bool gather_has_written(const struct gather *g, uint64_t count);

/* When a group is to be written if nothing else is; INT64_MAX if there is none. */
int64_t gather_due_ns(const struct gather *g);

/* Whether a group is to go with what else is written, behind it. */
bool gather_may_join(const struct gather *g);

/* Moves a group, the oldest first, to the end of `batch`. */
void gather_take(struct gather *g, struct job_list *batch);

/* A group that could not be written, to be tried at that time; empties `batch`. */
void gather_put_back(struct gather *g, struct job_list *batch, int64_t again_ns);

/* A group that is not even to be tried now, likewise. */
void gather_hold(struct gather *g, struct job_list *batch, int64_t again_ns);

/* A group was written. */
void gather_note_written(struct gather *g, int64_t now_ns);

#endif
