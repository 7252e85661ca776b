/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose store it is: the gateway's id stands in a row of the store's own. One of an older program
 * has none, and is that of its newest event; one that says nothing is whoever's opens it. A key may
 * be replaced and the store stays; with another id it is another gateway, whose numbers and alarms
 * are not these. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_OWNER_H
#define TOCSIN_OUTBOX_OWNER_H

#include <sqlite3.h>

#include "base/err.h"

#define OWNER_ROW "owner"

/* 0, or -EEXIST if it is not that of `gateway`; -EBADMSG or -EIO if it does not say. */
int owner_check(sqlite3 *db, const char *path, const char *gateway, struct err *e);

#endif
