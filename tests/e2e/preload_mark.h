/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is preloaded into a program says that it has changed something there (stand.py, preloaded):
 * a test whose disk was never bad shows nothing.
 */
#ifndef TOCSIN_TESTS_PRELOAD_MARK_H
#define TOCSIN_TESTS_PRELOAD_MARK_H

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Makes the file named by PRELOAD_MARK. Any thread; errno stays. */
static inline void preload_mark(void)
{
    static int is_made;
    const char *mark = getenv("PRELOAD_MARK");
    int code = errno;
    if (!mark || __atomic_exchange_n(&is_made, 1, __ATOMIC_RELAXED))
        return;
    long fd = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        syscall(SYS_close, fd);
    errno = code;
}

#endif
