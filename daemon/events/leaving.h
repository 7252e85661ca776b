/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stop that waits for the disk, while everything goes on: what is pressed meanwhile is heard, put
 * into the journal, and sent from memory. It is over when the disk has all that was handed over
 * before and every event, or the time is: then nothing more can be hoped for, and what is left is
 * in the journal. Only then are lines closed, and the store gets a moment for what is not an event.
 * Loop thread only.
 */
#ifndef TOCSIN_EVENTS_LEAVING_H
#define TOCSIN_EVENTS_LEAVING_H

#include "outbox/outbox.h"

/* Embedded, zeroed; its memory is needed until the outbox is closed. */
struct leaving {
    bool is_asked;
    bool is_written; /* what was handed over before */
    int64_t until_ms;
};

/* Whether a stop has to wait still. Asked again and again, for the first time when it begins;
 * `waits`: an event waits for the disk. */
bool leaving_waits(struct leaving *l, struct outbox *outbox, bool waits);

/* How long the store may try when everything is closed. */
int64_t leaving_rest_ms(const struct leaving *l);

#endif
