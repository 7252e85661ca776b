/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files that are either the old or the new, never half: written beside, synced, renamed, the
 * folder synced. Any thread may call; it waits for the disk, so never from the event loop.
 */
#ifndef TOCSIN_BASE_ATOMIC_FILE_H
#define TOCSIN_BASE_ATOMIC_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

int atomic_file_write(const char *path, mode_t mode, const void *data, size_t length,
                      struct err *e);

/*
 * The whole file, with a NUL behind that `ret_length` does not count; caller frees. -EFBIG if it
 * holds more than `max_bytes`; -EINVAL if it is none, but a pipe, say, that may have no end.
 */
int atomic_file_read(const char *path, size_t max_bytes, char **ret_data, size_t *ret_length,
                     struct err *e);

#endif
