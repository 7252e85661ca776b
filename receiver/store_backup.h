/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of the whole database while the receiver works. It is made of one moment by a connection
 * of its own that reads: whoever stores or looks waits for no lock of it. Any thread, which waits
 * until it is done; the caller sees that there is one at a time.
 */
#ifndef RECEIVER_STORE_BACKUP_H
#define RECEIVER_STORE_BACKUP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "store.h"

#define STORE_BACKUP_NAME "backup.db"

#define STORE_BACKUP_PATH_SIZE 1024

struct store_backup {
    char path[STORE_BACKUP_PATH_SIZE];
    int64_t bytes;
    int64_t receiver_seq; /* of the newest event in it; 0: none */
};

/* Makes it in the store's folder, in the place of the one of before, when it is whole, proven and
 * on the disk; until then, and if it comes to nothing, that one stays; only where the folder cannot
 * be synced when it has its name has that one gone. Gives up when `stopping`. False with a reason.
 */
bool store_backup(struct store *s, const atomic_bool *stopping, struct store_backup *ret_backup,
                  char ret_reason[200]);

/* What a kill has left of one; while none is made. */
void store_backup_remove_part(struct store *s);

#endif
