/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that were stored while this process runs, and presses of before it, that some receiver
 * still has to get, once more in memory: a file that is cut, or taken away where no other can be
 * written, takes them from the store alone. They go into the one that is written anew or, at a stop
 * that could write none, into the journal. Bounded: where there are too many, the oldest that are
 * no presses are let go first.
 *
 * Store thread only, but owed_journal.
 */
#ifndef TOCSIN_OUTBOX_OWED_H
#define TOCSIN_OUTBOX_OWED_H

#include <sys/queue.h>
#include <uv.h>

#include "outbox/journal.h"
#include "outbox/store.h"

struct owed_event;

struct owed {
    TAILQ_HEAD(owed_list, owed_event) list; /* by seq */
    size_t count, bytes;
    uv_mutex_t lock; /* of the list, which is changed under it */
};

/* Of a run before, as it was found. */
struct owed_press {
    uint64_t seq;
    uint32_t receivers;
};

/* How many, and which. */
struct owed_range {
    size_t count;
    uint64_t first, last;
};

void owed_init(struct owed *o);
void owed_free(struct owed *o);

/* It was stored; `receivers` as in fresh_put, `upload` NULL where there is none. Copied. */
void owed_note_stored(struct owed *o, const struct store *s, const struct event *event,
                      const char *receivers, const struct outbox_upload *upload,
                      uint32_t upload_receivers);

/* The newest that are pending, newest first, LIMIT_OWED of them at most: their number. */
size_t owed_list_presses(const struct outbox_found *found, struct owed_press *ret_presses);

/* Reads those: when nobody waits for what was found any more. */
void owed_note_presses(struct owed *o, struct store *s, const struct owed_press *presses,
                       size_t count);

/* That receiver has the event, or its clip. */
void owed_note_delivered(struct owed *o, uint64_t seq, size_t receiver, bool is_clip);

/* Those that the store has not, or not as they were: in a transaction of its own. */
int owed_put(const struct owed *o, struct store *s, struct owed_range *ret_put, struct err *e);

/* Loop thread, also while the other is held by the disk: all of them that the journal takes, and
 * says so. */
void owed_journal(struct owed *o, const struct store *s, struct journal *j);

#endif
