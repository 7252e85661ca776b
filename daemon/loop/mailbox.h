/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a worker thread to the loop: messages, in order, each delivered exactly once.
 *
 * libuv's uv_async is a wake-up and wake-ups coalesce; the mailbox is the list behind it. The loop
 * thread creates and closes it; any thread may post while it is open. A message is embedded in the
 * poster's own struct, so that posting cannot fail for want of memory.
 */
#ifndef TOCSIN_LOOP_MAILBOX_H
#define TOCSIN_LOOP_MAILBOX_H

#include <sys/queue.h>
#include <uv.h>

#include "base/err.h"

struct mailbox;

struct mailbox_message {
    STAILQ_ENTRY(mailbox_message) next;
    /* Runs in the loop thread. It owns `message` from then on. */
    void (*deliver)(struct mailbox_message *message);
};

int mailbox_create(uv_loop_t *loop, struct mailbox **ret_mailbox, struct err *e);

/* Any thread. Borrows `message` until its `deliver` runs. */
void mailbox_post(struct mailbox *m, struct mailbox_message *message);

/*
 * Loop thread, after every posting thread was joined: delivers what is still in it, then frees the
 * mailbox once the loop has closed its handle. NULL is accepted.
 */
void mailbox_close(struct mailbox *m);

#endif
