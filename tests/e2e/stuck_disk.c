/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that stops answering, or is slow: preloaded into a program, it lets fsync and fdatasync
 * wait for as long as the file named by STUCK_DISK exists, and SLOW_DISK_MS milliseconds each, and
 * whoever opens the file named by STUCK_FILE for as long as one of that name with ".stuck" behind
 * it exists. The one thing of the disk that is not real here.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static void wait_while_there_is(const char *file)
{
    while (file && access(file, F_OK) == 0)
        usleep(10000);
}

static void wait_for_disk(void)
{
    wait_while_there_is(getenv("STUCK_DISK"));
    const char *slow_ms = getenv("SLOW_DISK_MS");
    if (slow_ms)
        usleep((useconds_t)strtoul(slow_ms, NULL, 10) * 1000);
}

int open(const char *path, int flags, ...)
{
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    const char *stuck = getenv("STUCK_FILE");
    char marker[PATH_MAX];
    mode_t mode;
    va_list arguments;
    va_start(arguments, flags);
    mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (stuck && strcmp(path, stuck) == 0) {
        snprintf(marker, sizeof marker, "%s.stuck", stuck);
        wait_while_there_is(marker);
    }
    return real(path, flags, mode);
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_disk();
    return real(fd);
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_disk();
    return real(fd);
}
