/* SPDX-License-Identifier: Apache-2.0 */
/* What can still be read of a damaged database, into a fresh one. Store thread, and the loop thread
 * before that thread starts. */
#ifndef TOCSIN_OUTBOX_SALVAGE_H
#define TOCSIN_OUTBOX_SALVAGE_H

#include "outbox/store.h"

/* Behind the name of what is put aside; then the time, and -N if that name is taken. */
#define SALVAGE_ASIDE ".damaged-"

/*
 * Copies what can be read of the (closed) database into a fresh one beside it (copy.h): every row;
 * or, if there is no room for that, those that are still to be sent, and all state; or none. Then
 * moves the damaged one and its log aside, and the fresh one, whole and synced, in its place, open.
 *
 * Sets `damage`, what became of it, and `state_lost` if the fresh one is in its place, also if it
 * cannot be opened then. On any other error nothing was moved and nothing is left of the fresh one;
 * or what is left is work for salvage_finish, as after a kill at any instant.
 */
int salvage(struct store *s, const char *why, struct outbox_found *found, struct err *e);

/* Likewise, but an error in place of none: who runs has that of the damaged one that can be read,
 * and knows who is owed what. */
int salvage_running(struct store *s, const char *why, struct outbox_found *found, struct err *e);

/* Likewise of one that is open and stays so until the fresh one is in its place; what has its name
 * meanwhile, if anything, is moved aside unread. */
int salvage_open(struct store *s, const char *why, struct outbox_found *found, bool *ret_has_aside,
                 struct err *e);

/* Before the database is opened: what is no file and would be opened as one is put aside, and what
 * a kill in a salvage has left is finished, or removed. Sets `damage` and `state_lost`, as that
 * salvage has left them, if it was finished; or could not be, since what was begun is not whole and
 * the damaged one is gone. */
int salvage_finish(const struct store *s, struct outbox_found *found, struct err *e);

/* After that: whether there is no database, or an empty file without a log. A log that has lost its
 * database, which SQLite would remove, is moved aside: whoever starts looks first whether it says
 * something (log_alone.h). */
bool salvage_is_absent(const struct store *s);

#endif
