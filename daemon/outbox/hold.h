/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process has a store: two would give the same numbers to different events, as soon as the one
 * that has the database open closes it because its disk fails.
 *
 * The folder of the store is held for as long as the process lives (base/folder_lock.h); and since
 * that one may not be there, or not to be read, a file in the run folder as well, which is named by
 * the store. What cannot be held keeps nobody from starting.
 */
#ifndef TOCSIN_OUTBOX_HOLD_H
#define TOCSIN_OUTBOX_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct hold {
    int folder, file;    /* negative: not held */
    bool lacks_folder;   /* one that was killed has its lock still: it is to be had later */
    bool is_of_another;  /* one that lives has it: was seen last, */
    bool was_of_another; /* or when it was tried again: */
    int64_t tried_ns;    /* which was then */
    bool is_told;        /* that it cannot be held, and since then it could not */
    bool forgets_told;   /* where the database was opened last, whether that forgets: */
    const char *forgets; /* the name of the file system (base/lasting.h), or NULL */
};

void hold_init(struct hold *h);

/* At a start, before anything is read: the file. -EADDRINUSE if another process that lives holds
 * it. `run_folder` may be NULL. */
int hold_begin(struct hold *h, const char *store_path, const char *run_folder, struct err *e);

/* Before the database is opened: the folder that has the name by now is held, which waits for its
 * disk. -EBUSY if another process holds it. */
int hold_folder(struct hold *h, const char *store_path, struct err *e);

/* Now and then while it is open: if one that was killed had the folder still, and has gone, it is
 * held now. -EBUSY if another process was quicker. */
int hold_folder_again(struct hold *h, const char *store_path, int64_t now_ns, struct err *e);

void hold_end(struct hold *h);

#endif
