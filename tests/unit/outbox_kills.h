/* SPDX-License-Identifier: Apache-2.0 */
/* What a kill leaves of an outbox, and what damages it: for tests on an outbox_world. */
#ifndef TOCSIN_TESTS_OUTBOX_KILLS_H
#define TOCSIN_TESTS_OUTBOX_KILLS_H

#include "outbox/store.h"
#include "outbox_world.h"

void path_of(const struct fixture *f, char ret_path[64]); /* of the database */

/* Of one that is closed: opened in a new process, which begins with nothing stored. */
void start_over(struct fixture *f);
/* What `work` does is done by a process that is then killed; closed before and after. */
void kill_in(struct fixture *f, void (*work)(struct fixture *f));
/* Likewise of one that is open, before and after. */
void run_and_kill(struct fixture *f, void (*work)(struct fixture *f));

void open_store(const struct fixture *f, struct store *s);

/* One event, as a question shows it; the text is the test's. */
char *show(struct fixture *f, uint64_t seq);
/* It is there, and so far with both receivers. */
void check_event(struct fixture *f, uint64_t seq, const char *state);

/* Event 401, with "the last state". */
void press_once_more(struct fixture *f);

void remove_log(const struct fixture *f); /* when all of it is in the database */
/* Every page but the first that holds `text` is overwritten. */
void damage(const struct fixture *f, const char *text);

#endif
