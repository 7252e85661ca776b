/* SPDX-License-Identifier: Apache-2.0 */
/* An outbox whose store is there no longer, or not yet: for tests on an outbox_world. */
#ifndef TOCSIN_TESTS_OUTBOX_HIDDEN_H
#define TOCSIN_TESTS_OUTBOX_HIDDEN_H

#include "outbox_world.h"

extern char journal_dir[40]; /* of this case */

/* Before each case. */
void set_up_hidden(void);

/* A command of the shell, which must succeed. */
void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The store has press 1 with its row, owed to both; the gateway was stopped. */
struct fixture *begin_stopped(void);

/* A folder stands in its place; and no longer. */
void hide(const struct fixture *f);
void bring_back(const struct fixture *f);

/* What has this name in the folder takes the store's, and the reverse. */
void exchange(const struct fixture *f, const char *name);

/* Turns the loop until the store is a fault, or none; until the fault says these words. */
void wait_fault(struct fixture *f, bool faulty);
void wait_words(struct fixture *f, const char *words);

void store_again(struct fixture *f);

/* As kill -9 does: the thread ends, and nothing of what it would have written is there. */
void kill_it(struct fixture *f);
void cut_power(void);

/* The end of the case. */
void finish(struct fixture *f);

#endif
