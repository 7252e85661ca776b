/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the journal has of the events that were accepted: made part of what a start finds, as
 * if the database had it, and handed over once more to be stored. At the start, loop thread.
 */
#ifndef TOCSIN_OUTBOX_RESTORE_H
#define TOCSIN_OUTBOX_RESTORE_H

#include "outbox/journal.h"
#include "outbox/store.h"

/*
 * Reads the journal (NULL: there is none) into `found`, which holds what the open database `s` has:
 * events of later numbers with their rows, deliveries and clips, and the newest number and digest.
 * Whether no later number was given. What contradicts itself is logged, and told as damage.
 */
bool restore(struct journal *j, struct store *s, struct outbox_found *found);

void restore_finish(struct outbox_found *found);

#endif
