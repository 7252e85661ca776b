/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker may still do once it parses what a camera sends: write clips, and its network. */
#ifndef TOCSIN_VIDEO_SANDBOX_H
#define TOCSIN_VIDEO_SANDBOX_H

#include <stddef.h>

#include "base/err.h"

/*
 * For the rest of this process and of the threads that it starts: files are read only under the
 * system's folders, of `files` (ends with NULL) and of `folder`, and written only there (Landlock),
 * and no more than `memory_bytes` of address space are had. A kernel without Landlock is told of in
 * the log, and the rest still holds.
 */
int sandbox_enter(const char *folder, const char *const *files, size_t memory_bytes, struct err *e);

/*
 * After sandbox_enter, once everything is there that it refuses: no process, program or thread is
 * started, no other process touched, no system call made but those that reading video takes
 * (seccomp), by any thread of this process.
 */
int sandbox_seal(struct err *e);

#endif
