/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of state that whoever writes now may not have known: a gateway that started without this
 * store, or events of the journal that such a one has made. Before any row is written over, each is
 * kept once more under another name, until every part has taken over what it says. A kill at any
 * instant leaves both. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_ASIDE_H
#define TOCSIN_OUTBOX_ASIDE_H

#include "outbox/store.h"

/* In a transaction of its own. What was set aside before and is there still stays as it is. */
int aside_keep(struct store *s, struct err *e);

/* In the caller's transaction: all of them. */
int aside_drop(struct store *s, struct err *e);

/* Whether rows are set aside under such names; then the one that it had. */
bool aside_name(const char *name, char ret_was[OUTBOX_ROW_NAME_SIZE]);

#endif
