/* SPDX-License-Identifier: Apache-2.0 */
/* What can still be read of a damaged database, into a fresh one. At start, loop thread. */
#ifndef TOCSIN_OUTBOX_SALVAGE_H
#define TOCSIN_OUTBOX_SALVAGE_H

#include "outbox/store.h"

/*
 * Moves the (closed) database and its log aside, opens a fresh one in its place and copies every
 * row that can be read, or none if the fresh one does not take them all. Sets `damage` and
 * `state_lost`.
 */
int salvage(struct store *s, const char *why, struct outbox_found *found, struct err *e);

#endif
