/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether what is written to a folder outlives a power cut, by its file system: some keep all in
 * memory, and take every write and sync without a word. Asks the kernel, and waits for it; any
 * thread.
 */
#ifndef TOCSIN_BASE_LASTING_H
#define TOCSIN_BASE_LASTING_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* The name of the file system (static) if it is known to forget: "tmpfs", "ramfs", "an overlay over
 * tmpfs" …; else NULL, also of an overlay whose upper folder cannot be seen from here. A folder
 * that is not there yet will be on what the nearest one above it is on. */
const char *lasting_forgets(const char *folder);

/* The upper folder of the overlay with that device number, out of /proc/self/mountinfo; 0, or
 * -ENOENT. */
int lasting_find_upper(FILE *mountinfo, dev_t device, char *ret_upper, size_t size);

#endif
