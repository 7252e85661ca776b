/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of the journal (journal.h): opened so that it is ours alone and in no other program's
 * hands. What is there and is no such file is never removed and never read: it is put aside, since
 * somebody's presses may be in it. Loop thread only.
 */
#ifndef TOCSIN_OUTBOX_JOURNAL_FILE_H
#define TOCSIN_OUTBOX_JOURNAL_FILE_H

#include <stdbool.h>

/*
 * A descriptor that holds the file's lock (flock(2)) until it is closed, or a negative errno:
 * EWOULDBLOCK if another program holds it. A regular file of this user (of the folder's owner if
 * this is root) that nobody else may write is ours; without one it is made. What else has the name
 * gets another one (journal_file_put_aside), and `*ret_put_aside` is set.
 */
int journal_file_open(const char *path, bool *ret_put_aside);

/* Renames it to PATH.unread, or PATH.unread.N if that is taken; 0, or a negative errno. */
int journal_file_put_aside(const char *path);

/* A new file PATH.SUFFIX to write to, or PATH.SUFFIX.N if that is taken: its descriptor, or a
 * negative errno. Nothing that is there is opened: it may be a pipe that nobody reads. */
int journal_file_make_beside(const char *path, const char *suffix);

/* Whether the name is still that of the open file. */
bool journal_file_has_name(int fd, const char *path);

#endif
