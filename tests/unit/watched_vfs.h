/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is looked over the shoulder: SQLite's default VFS with a count of what reaches the
 * disk, and with reads and syncs that fail or stand still when the test says so. Any thread.
 */
#ifndef TOCSIN_TESTS_WATCHED_VFS_H
#define TOCSIN_TESTS_WATCHED_VFS_H

#include <stdbool.h>

struct watched_counts {
    unsigned opened;    /* databases */
    unsigned log_syncs; /* of the write-ahead log */
    unsigned db_syncs;  /* of the database itself */
    unsigned held;      /* syncs that stand still now */
};

/* In the place of that VFS, or of the default (NULL), for the whole process; once. The default does
 * without shared memory: a database that one connection alone opens must not need any. */
void watched_vfs_install(const char *name);

struct watched_counts watched_vfs_counts(void);

/* So many of the next syncs of the log, writes to it, or reads of the database, fail with an I/O
 * error. What was written before a sync that failed may be found there all the same. */
void watched_vfs_fail_syncs(unsigned count);
void watched_vfs_fail_writes(unsigned count);
void watched_vfs_fail_reads(unsigned count);

/* Syncs of the log stand still from now on; or go on, those that are to fail as well. */
void watched_vfs_hold_syncs(bool hold);
void watched_vfs_let_one_sync_pass(void);

/* In the place of that sync of the log (1: the next; 0: of none) the process is killed. */
void watched_vfs_kill_at_sync(unsigned count);

/* Whoever opens a database waits from now on; or is refused if it is to be written, as on a mount
 * that is read-only. */
void watched_vfs_hold_opens(bool hold);
void watched_vfs_refuse_writers(bool refuse);

#endif
