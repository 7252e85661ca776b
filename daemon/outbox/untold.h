/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was found of damage, in the store itself, until whoever is told has it there in a row of
 * its own (OUTBOX_DAMAGE_ROW): told from memory alone, a kill right after it would keep it from
 * everybody for ever. Store thread.
 */
#ifndef TOCSIN_OUTBOX_UNTOLD_H
#define TOCSIN_OUTBOX_UNTOLD_H

#include "outbox/store.h"

/* In a transaction of its own, in place of an earlier one; nothing without damage. */
int untold_put(struct store *s, const struct outbox_found *found, struct err *e);
/* Within the one that writes that row. */
int untold_drop(struct store *s, struct err *e);

/* What a start has read of it is damage, unless this start has found some itself. False without
 * memory. */
bool untold_take(struct outbox_found *found);

#endif
