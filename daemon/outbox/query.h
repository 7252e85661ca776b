/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people ask of the outbox, as JSON text, a small piece at a time: between two pieces nothing
 * of SQLite is open, so that a press can be committed there.
 */
#ifndef TOCSIN_OUTBOX_QUERY_H
#define TOCSIN_OUTBOX_QUERY_H

#include "outbox/store.h"

struct question;

/* Any thread. Aborts without memory. */
struct question *question_create(const struct outbox_query *query);

/* Store thread: goes on for half a millisecond. 1: there is more to do, 0: the answer is whole,
 * negative: it cannot be read. */
int question_go_on(struct store *s, struct question *q, struct err *e);

/* The answer is `reason` instead of a text. */
void question_fail(struct question *q, const char *reason);

/* What question_go_on has made; borrowed from `q`. */
void question_read(struct question *q, struct outbox_answer *ret_answer);

void question_destroy(struct question *q);

#endif
