/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker may still do once it parses what a camera sends: write clips, and its network. */
#ifndef TOCSIN_VIDEO_SANDBOX_H
#define TOCSIN_VIDEO_SANDBOX_H

#include <stddef.h>

#include "base/err.h"

/*
 * Before the process makes its loop: io_uring is not there for it, nor for the threads that it
 * starts. A filter of system calls does not see what is asked for through a ring, and libuv (from
 * 1.45 on) ends a process whose ring is refused after it was made.
 */
int sandbox_prepare(struct err *e);

/*
 * For the rest of this process and of the threads that it starts: files are read only under the
 * system's folders, of `files` (ends with NULL) and of `folder`, and written only there (Landlock),
 * and no more than `memory_bytes` of address space are had. The log says that Landlock is on once
 * it was seen to refuse something, or why there is none; the rest holds without it, too.
 */
int sandbox_enter(const char *folder, const char *const *files, size_t memory_bytes, struct err *e);

/*
 * After sandbox_enter, once everything is there that it refuses: no process, program or thread is
 * started, no other process touched, no system call made but those that reading video takes
 * (seccomp), by any thread of this process.
 */
int sandbox_seal(struct err *e);

/* Why there is no Landlock, and who can mend it, by the errno of landlock_create_ruleset. */
const char *sandbox_landlock_refusal(int code);

#endif
