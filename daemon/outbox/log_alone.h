/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that has lost its database: what was committed since it was moved last stands in it, and of
 * a young store that is everything. SQLite takes a database that is gone, or empty, for one that is
 * to be made, and removes the log. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_LOG_ALONE_H
#define TOCSIN_OUTBOX_LOG_ALONE_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/err.h"

/* 1 if no database is at `path`, or an empty one, but a log that says it has something; 0, or a
 * negative errno if that cannot be seen now. A link whose end is gone may lead to one again. */
int log_alone_is_left(const char *path);

/* If none is, puts an empty one in its place, which then is damaged: a kill while it is put aside
 * leaves no doubt that it is not whole yet. */
int log_alone_hold_place(const char *path, struct err *e);

/* What the log says, under a name of its own beside it (so that the log stays as it is): the caller
 * closes it, and then removes those names. SQLite's error is in `ret_db`, which may be NULL; or a
 * negative errno. */
int log_alone_open(const char *path, sqlite3 **ret_db);
void log_alone_remove(const char *path);

#endif
