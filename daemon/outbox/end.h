/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stop, of worker.c: what was told as stored is looked for where the next start looks, before the
 * file that is open is closed; and what is not there is tried again until the stop is over.
 */
#ifndef TOCSIN_OUTBOX_END_H
#define TOCSIN_OUTBOX_END_H

#include "outbox/job.h"

/* Of writes that are barriers alone: 0, or why one that looks has to wait. */
int end_look(struct outbox *ob, const struct job_list *barriers, struct err *e);

/* When nothing more is written. Closes the store. */
void end_store(struct outbox *ob);

#endif
