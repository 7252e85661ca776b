/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an older version has left: it wrote rows of state without knowing those that it wrote over,
 * and kept these under another name before. Store thread only.
 */
#ifndef TOCSIN_OUTBOX_ASIDE_H
#define TOCSIN_OUTBOX_ASIDE_H

#include "outbox/store.h"

/* In the caller's transaction: all of them. */
int aside_drop(struct store *s, struct err *e);

/* Whether rows are set aside under such names; then the one that it had. */
bool aside_name(const char *name, char ret_was[OUTBOX_ROW_NAME_SIZE]);

#endif
