/* SPDX-License-Identifier: Apache-2.0 */
/* What goes into outbox_found, for whoever fills it: found.c of the database (store thread),
 * restore.c of the journal (loop thread). */
#ifndef TOCSIN_OUTBOX_FOUND_H
#define TOCSIN_OUTBOX_FOUND_H

#include "outbox/store.h"

/* A row of that name that is there already was saved earlier. False without memory. */
bool found_put_row(struct outbox_found *found, const char *name, const char *text);

/* One more that waits for its receiver, by seq: among those that are told, or only counted.
 * False without memory. */
bool found_put_upload(struct outbox_found *found, const struct outbox_upload *upload);

/* What it holds; not itself. */
void found_finish_restored(struct outbox_restored *r);

/* There is an `earlier`, with or without rows. False without memory. */
bool found_begin_earlier(struct outbox_found *found);

/* Behind `earlier`, unless that has one of this name. False without memory. */
bool found_keep_earlier(struct outbox_found *found, const char *name, const char *text);

#endif
