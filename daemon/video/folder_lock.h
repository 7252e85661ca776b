/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder that is one process's as long as that lives: a lock (flock) on the folder itself. So no
 * file of its own lies about that might be somebody else's, and it is known whether the folder of
 * that name is still the one that was locked. A worker that is forked closes what it inherits.
 */
#ifndef TOCSIN_VIDEO_FOLDER_LOCK_H
#define TOCSIN_VIDEO_FOLDER_LOCK_H

#include <stdbool.h>

#include "base/err.h"

/* -EADDRINUSE if another process holds it. A file system that knows no such locks lets everybody
 * have it. */
int folder_lock_take(const char *folder, int *ret_fd, struct err *e);

/* Whether the folder of that name is the one that was taken; any thread. */
bool folder_lock_is_of(int fd, const char *folder);

#endif
