/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder that is one process's as long as that lives: a lock (flock) on the folder itself. So no
 * file of its own lies about that might be somebody else's, and it is known whether the folder of
 * that name is still the one that was locked. Who is forked closes what it inherits.
 *
 * A process that was killed keeps its locks for as long as one of its threads, the first or
 * another, waits for a disk that does not answer. It does nothing any more, and nobody is kept out
 * by it; but nor is anybody by who comes then, until that one has gone and the lock is taken again.
 */
#ifndef TOCSIN_BASE_FOLDER_LOCK_H
#define TOCSIN_BASE_FOLDER_LOCK_H

#include <stdbool.h>

#include "base/err.h"

#define FOLDER_LOCK_OF_THE_DEAD 1 /* one that was killed has it still */

/*
 * `fd` is negative, or what an earlier call gave: then it is locked once more, and if the folder of
 * that name is another one by now, that is taken in its place. FOLDER_LOCK_OF_THE_DEAD: it is not
 * locked, and to be tried again. -EADDRINUSE if another process that lives holds it (`who` is what
 * that one is called), else why it cannot be opened; `fd` is what it was. A file system that knows
 * no such locks lets everybody have it. Any thread.
 */
int folder_lock_take(const char *folder, const char *who, int *fd, struct err *e);

/* Likewise a file, which is made: where a folder is others', too. If a dead one has it, another is
 * made in its place, so that it is locked at once. Of several that ask at once exactly one has it.
 */
int folder_lock_take_file(const char *path, const char *who, int *fd, struct err *e);

/* Whether the folder of that name is the one that was taken; any thread. */
bool folder_lock_is_of(int fd, const char *folder);

/* Likewise of what is open already, a folder or a file: 0, FOLDER_LOCK_OF_THE_DEAD or -EADDRINUSE.
 */
int folder_lock_open_file(int fd, const char *path, const char *who, struct err *e);

/* Likewise, and says nothing of the dead: of what was tried before. */
int folder_lock_again(int fd, const char *path, const char *who, struct err *e);

#endif
