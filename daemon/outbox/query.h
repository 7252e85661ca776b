/* SPDX-License-Identifier: Apache-2.0 */
/* What the technician asks of the outbox, as JSON text. Store thread only. */
#ifndef TOCSIN_OUTBOX_QUERY_H
#define TOCSIN_OUTBOX_QUERY_H

#include "outbox/store.h"

/* Caller frees `*ret_text`; `*ret_last_seq` is 0 if nothing was found. */
int query_run(struct store *s, const struct outbox_query *query, char **ret_text,
              uint64_t *ret_last_seq, struct err *e);

#endif
