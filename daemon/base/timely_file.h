/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small file that is read if its disk answers soon: for whoever must not wait for a disk, and can
 * do without. A thread reads it; one whose disk never answers stays.
 */
#ifndef TOCSIN_BASE_TIMELY_FILE_H
#define TOCSIN_BASE_TIMELY_FILE_H

#include <stddef.h>
#include <stdint.h>

/* As atomic_file_read: the caller frees the text. -ETIMEDOUT if it is not read after so long. Any
 * thread. */
int timely_file_read(const char *path, size_t max, int64_t wait_ms, char **ret_text);

#endif
