/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of state as they are on the disk, in memory too: when a damaged database is put aside
 * while the gateway runs, what is open now must not be read from what is left of it. Store thread
 * only (and the loop thread before that thread starts).
 */
#ifndef TOCSIN_OUTBOX_NEWEST_H
#define TOCSIN_OUTBOX_NEWEST_H

#include "outbox/store.h"

struct newest {
    size_t count;
    struct outbox_found_row *rows;
};

/* Both are copied; nothing for no row. Aborts without memory. */
void newest_note(struct newest *n, const char *name, const char *text);

/* All of them, in a transaction of its own. */
int newest_put(const struct newest *n, struct store *s, struct err *e);

void newest_free(struct newest *n);

#endif
