/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clips that wait for one receiver, read again a few at a time: more may wait than memory is for.
 * Store thread only, but what makes and frees it.
 */
#ifndef TOCSIN_OUTBOX_UPLOADS_H
#define TOCSIN_OUTBOX_UPLOADS_H

#include "outbox/store.h"

struct uploads {
    size_t receiver;
    uint64_t after_seq; /* where to go on */
    char after_receiver[LIMIT_ID_BYTES + 1];
    struct outbox_uploads found; /* the result, so far */
};

/* Those of events with a larger seq than `after_seq`. Aborts without memory. */
struct uploads *uploads_create(size_t receiver, uint64_t after_seq);
void uploads_destroy(struct uploads *u); /* NULL is accepted */

/* The next piece. 1: there is more to look at, 0: it is answered, negative: it failed, and nothing
 * of the piece was taken. */
int uploads_go_on(struct store *s, struct uploads *u, struct err *e);

/* The first nine columns of a row, as STORE_UPLOAD_AFTER has them; false if it is none that can
 * be uploaded. */
bool uploads_read_row(sqlite3_stmt *row, size_t receiver, struct outbox_upload *ret_upload);

#endif
