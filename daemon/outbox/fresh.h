/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that were just made. Before a press counts as stored it is one row of one small table:
 * the event, the names of those who are owed it, the row of state that goes with it. That is one
 * page in the log, where its own place, its two indices, a delivery and its index for every
 * receiver and the state are six and more. They are written from that row later, behind presses:
 * it is settled then.
 *
 * Whatever else is written or asked settles all of them first (worker.c), so that every other table
 * can be read as if there were no such thing. Only a start (found.c) and whoever sends an event
 * read both: they must not depend on a disk that can be written. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_FRESH_H
#define TOCSIN_OUTBOX_FRESH_H

#include "outbox/store.h"

#define FRESH_MAX 64 /* the next one has them all settled first: a few milliseconds */

#define FRESH_TABLE                                                                                \
    "CREATE TABLE IF NOT EXISTS fresh("                                                            \
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, class INTEGER NOT NULL,"     \
    "  alarm TEXT NOT NULL, wall_ms INTEGER NOT NULL, digest BLOB NOT NULL, bytes BLOB NOT NULL,"  \
    "  receivers TEXT NOT NULL, state_name TEXT, state_text TEXT);"

/* Both in the caller's transaction; after one that is rolled back the store must be opened anew,
 * which counts them. `receivers` are owed it; NULL: all who take such events now. */
int fresh_put(struct store *s, const struct event *event, const struct outbox_row *row,
              const char *receivers, struct err *e);
int fresh_settle(struct store *s, struct err *e);

/* How many there are, as the file says. */
int fresh_count(struct store *s, struct err *e);

/* The next name of a row's `receivers`, each of which ends with a space; false after the last. */
bool fresh_next_receiver(const char **at, char ret_name[LIMIT_ID_BYTES + 1]);

#endif
