/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the files that are open are still those of their names. A database whose file was
 * removed, renamed or replaced takes every commit and sync without a word, and the next start finds
 * none of it; one whose file was cut is read from memory until then, and is as long as before when
 * the next commit has written behind the hole. Looked at before and after each commit (two calls of
 * lstat, and the log's first bytes: a press waits for both), and once a minute what was committed
 * is read back by name.
 *
 * The database itself is never opened a second time: closing that would drop its locks. Of its log,
 * which has none, the name may be opened. Store thread only (and the loop thread before that thread
 * starts).
 */
#ifndef TOCSIN_OUTBOX_PLACE_H
#define TOCSIN_OUTBOX_PLACE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct place_file {
    dev_t device;
    ino_t inode;
    off_t size;
};

struct place {
    bool is_known;      /* not of what lies on no disk */
    bool log_has_begun; /* with a header */
    struct place_file database, log;
};

/* Of files that `db` has just opened. */
void place_note(struct place *p, sqlite3 *db, const char *path);

/* 0; -ESTALE if one of them is gone or another, -EBADMSG if one was cut, -EIO if nobody can tell.
 */
int place_check(struct place *p, sqlite3 *db, const char *path, struct err *e);

enum place_found {
    PLACE_NOWHERE, /* one of them has no name any more */
    PLACE_NAMED,   /* another name */
    PLACE_COVERED, /* its own, over which something is mounted */
};

/* Of files that are open and no longer where they were; in `ret_name` the name of the database (""
 * if the kernel does not tell it). */
enum place_found place_find(const struct place *p, char *ret_name, size_t size);

/* Whether the last of so many pages in the log is what the name gives back, from the disk if the
 * kernel lets go of its own copy: 0, -ESTALE, or -EIO. */
int place_read_back(sqlite3 *db, const char *path, int pages, struct err *e);

#endif
