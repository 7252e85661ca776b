/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that were stored while this process runs and that some receiver still has to get, once
 * more in memory: a file that is cut, or taken away where no other can be written, takes them from
 * the store alone. They go into the one that is written anew or, at a stop that could write none,
 * into the journal. Bounded: where there are too many, the oldest that are no presses are let go
 * first. What was pending at the start is not among them.
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
    TAILQ_HEAD(owed_list, owed_event) list; /* as they were stored */
    size_t count, bytes;
    uv_mutex_t lock; /* of the list, which is changed under it */
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

/* That receiver has the event, or its clip. */
void owed_note_delivered(struct owed *o, uint64_t seq, size_t receiver, bool is_clip);

/* Those that the store has not, or not as they were: in a transaction of its own. */
int owed_put(const struct owed *o, struct store *s, struct owed_range *ret_put, struct err *e);

/* Loop thread, also while the other is held by the disk: all of them that the journal takes, and
 * says so. */
void owed_journal(struct owed *o, const struct store *s, struct journal *j);

#endif
