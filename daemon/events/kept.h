/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits for the disk before he answers: told when all that was handed to the store by the end
 * of that turn is on the disk, or when it was not within the patience, whichever is first. So what
 * is called done is done after a kill as well, or is said to be in memory only.
 *
 * A waiter costs the store's thread a place in its queue and no write of its own; a press never
 * waits for one. Loop thread only.
 */
#ifndef TOCSIN_EVENTS_KEPT_H
#define TOCSIN_EVENTS_KEPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "facts/facts.h"
#include "outbox/outbox.h"

struct waiter;

/* Embedded; its memory is needed until the loop has run out after kept_close. */
struct kept {
    struct facts *facts;
    struct outbox *outbox;
    int64_t patience_ms;
    bool forgets; /* what the store has does not outlive a power cut: nobody is told "stored" */
    uv_timer_t timer;
    TAILQ_HEAD(waiter_list, waiter) waiters; /* the oldest first: all have the same patience */
    size_t count;
    uint64_t placed, passed; /* barriers in the store's queue, that ever were and that it reached */
    bool closed;
};

/* `stored`: on the disk; else in memory only as yet. */
typedef void (*kept_handler)(void *arg, bool stored);

void kept_init(struct kept *k, uv_loop_t *loop, struct facts *facts, struct outbox *outbox,
               int64_t patience_ms);
/* `done` runs once, not within the call; false, and it never runs, if too many wait (LIMIT_ORDERS):
 * then nothing is known of the disk. */
bool kept_wait(struct kept *k, kept_handler done, void *arg);
/* Whoever waits with that `arg` is not told any more. */
void kept_forget(struct kept *k, const void *arg);
/* Nobody is told any more. Once, before the outbox is closed. */
void kept_close(struct kept *k);

#endif
