/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk in memory whose power is cut, under SQLite: the default VFS once it is installed. What was
 * synced is there after a cut; of what was written since, of new files and of files taken away a
 * random part is (medium.h), each file for itself, in the way of an SD card. Without shared memory,
 * as the gateway wants it. Everything follows from a seed, SQLite's own random numbers too.
 *
 * The program is linked with -Wl,--wrap of access, open, fsync and rename: for paths in the folder
 * of this disk they are the disk's, for all others the system's. One thread.
 */
#ifndef TOCSIN_TESTS_CUT_DISK_H
#define TOCSIN_TESTS_CUT_DISK_H

#include <stdbool.h>
#include <stdint.h>

#define CUT_DISK_FOLDER "/cut-disk"

/* What a disk, or SQLite's VFS, may do wrong: planted, to see that it is noticed. */
enum cut_disk_lie {
    CUT_DISK_HONEST,
    CUT_DISK_SYNCS_NO_LOG,    /* a sync of a write-ahead log says yes and does nothing */
    CUT_DISK_SYNCS_NO_DB,     /* likewise of the database */
    CUT_DISK_SYNCS_SOME,      /* one sync in twenty does nothing */
    CUT_DISK_SYNCS_NO_FOLDER, /* what is new in the folder is never there for certain */
    CUT_DISK_TEARS_OLD_BYTES, /* a write may spoil the rest of its first sector, against PSOW */
};

/* What a call may fail with. No read is short: SQLite's own VFS reads on, to the file's end. */
enum cut_disk_failure {
    CUT_DISK_FAILS_SYNC,    /* EIO; what was not synced never will be, but is still read */
    CUT_DISK_FAILS_FORGETS, /* likewise, and is not read any more */
    CUT_DISK_FAILS_WRITE,   /* EIO, some of it written: writes, cutting, new names, deletions */
    CUT_DISK_FAILS_FULL,    /* ENOSPC, likewise */
    CUT_DISK_FAILS_READ,    /* EIO */
    CUT_DISK_FAILURE_COUNT,
};

enum cut_disk_end {
    CUT_DISK_POWER,   /* what was not synced is lost in part */
    CUT_DISK_PROCESS, /* the process alone is gone, nothing is lost yet */
};

void cut_disk_install(void);

/* An empty one. */
void cut_disk_begin(uint64_t seed, enum cut_disk_lie lie);
void cut_disk_finish(void);

/* It ends within the call that is the next but so many of those that change something; from then on
 * every call fails. */
void cut_disk_cut_after(unsigned calls);
void cut_disk_cut_now(void);
bool cut_disk_is_off(void);

/* The next call but so many of those that may fail so does, and as many after it as are wanted; a
 * `count` of 0: none does any more. */
void cut_disk_fail_after(enum cut_disk_failure failure, unsigned calls, unsigned count);
/* How many did since the disk began. */
unsigned cut_disk_failures(void);

/* Everything is closed. The disk is there again, with what survived. */
void cut_disk_come_back(enum cut_disk_end end);

/* Of all disks since the start, for the report. */
struct cut_disk_counts {
    unsigned long long writes, syncs, folder_syncs, lost; /* lost: changes not synced at a cut */
};
struct cut_disk_counts cut_disk_counts(void);

#endif
