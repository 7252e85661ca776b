/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was found of damage, in the store itself, until whoever is told has it there in a row of
 * its own (OUTBOX_DAMAGE_ROW): told from memory alone, a kill right after it would keep it from
 * everybody for ever. Each damage is a line. Store thread.
 */
#ifndef TOCSIN_OUTBOX_UNREPORTED_H
#define TOCSIN_OUTBOX_UNREPORTED_H

#include "outbox/store.h"

/* All of it; in a transaction of its own. Nothing without damage. */
int unreported_put(struct store *s, const struct outbox_found *found, struct err *e);
/* One more, behind those that are not told yet, in the place of what it says itself; in the
 * caller's transaction, if there is one. */
int unreported_add(struct store *s, const char *damage, bool state_lost, struct err *e);
/* Within the one that writes that row. */
int unreported_drop(struct store *s, struct err *e);

/* What a start has read of it is damage, before what this start has found itself. False without
 * memory. */
bool unreported_take(struct outbox_found *found);

/* Of one that is open, in the place of what was found; as it was, if there is nothing. False
 * without memory. */
bool unreported_read(struct store *s, struct outbox_found *found);

#endif
