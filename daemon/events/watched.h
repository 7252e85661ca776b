/* SPDX-License-Identifier: Apache-2.0 */
/* Something beside the store that keeps what the store may lose, the journal or the witness:
 * whether it does, as a fault of its own. Loop thread only. */
#ifndef TOCSIN_EVENTS_WATCHED_H
#define TOCSIN_EVENTS_WATCHED_H

#include <stdbool.h>

#include "facts/facts.h"

/* Embedded; zeros at first. */
struct watched {
    char reason[FACT_TEXT_SIZE]; /* "" while it works */
    bool is_stated;
};

/* Why it does not work, "" if it does: states it where that is news. That it works is stated once,
 * and then whenever it does again. */
void watched_take(struct watched *w, enum fault_code code, const char *reason, struct facts *facts);

#endif
