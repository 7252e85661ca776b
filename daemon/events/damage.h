/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was found damaged of the store, and since when, until a person says that he has seen it:
 * FAULT_STORE_DAMAGED outlives every restart until then. Loop thread only.
 */
#ifndef TOCSIN_EVENTS_DAMAGE_H
#define TOCSIN_EVENTS_DAMAGE_H

#include <jansson.h>

#include "facts/facts.h"
#include "outbox/outbox.h"

/* Embedded. */
struct damage {
    struct facts *facts;
    struct outbox *outbox;
    json_t *found; /* [{"what", "at"}], the newest last */
    unsigned more; /* that are not in it: there is a bound */
};

/* What nobody has seen yet of before this start, and what this start has found; states the fault
 * or, if it can be known, that there is none. `at` is the time, as text. */
void damage_open(struct damage *d, struct facts *facts, struct outbox *outbox,
                 const struct outbox_found *found, const char *at);
/* Of a store that was not there at the start: goes before what was found since. */
void damage_catch_up(struct damage *d, const struct outbox_found *found, const char *at);
void damage_add(struct damage *d, const char *what, const char *at);

/* `by` has seen it all: the event that the fault is over says so. False: there is none. */
bool damage_accept(struct damage *d, const char *by, const char *note);

/* A list as above. */
json_t *damage_status(const struct damage *d);

void damage_close(struct damage *d);

#endif
