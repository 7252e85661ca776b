/* SPDX-License-Identifier: Apache-2.0 */
/* An outbox with its thread on a disk that the test watches and holds (watched_vfs), which writes
 * down what comes back from it. */
#ifndef TOCSIN_TESTS_HELD_DISK_H
#define TOCSIN_TESTS_HELD_DISK_H

#include "outbox/outbox.h"
#include "outbox/store.h"
#include "watched_vfs.h"

struct fixture {
    char folder[40];
    struct store store; /* without a thread; not open */
    uv_loop_t loop;
    struct outbox *outbox;
    struct outbox_found found;
    bool faulty;
    char told[64]; /* what came back, a letter each, in order; "!" a fault, "." its end */
};

extern const char *const receivers[2]; /* police, education */

/* An empty folder; then an outbox in it. */
struct fixture *begin(void);
void start(struct fixture *f);
void stop(struct fixture *f); /* all of it was written */
/* Of one that is stopped, or was never started. */
void end(struct fixture *f);

void tell(struct fixture *f, char what);
/* An outbox_done_handler each, of a fixture: "a", "b". */
void on_a(void *arg);
void on_b(void *arg);

/* Turns the loop until that, and nothing else, is told. */
void turn_until(struct fixture *f, const char *told);
/* Until the thread stands in a sync that is held. */
void wait_held(void);

#endif
