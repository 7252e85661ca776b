/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that stops answering, or is slow: preloaded into a program, it lets fsync and fdatasync
 * wait for as long as the file named by STUCK_DISK exists, and SLOW_DISK_MS milliseconds each, and
 * whoever opens the file named by STUCK_FILE for as long as one of that name with ".stuck" behind
 * it exists. As long as the file named by BAD_DISK exists, whatever is written or synced beneath
 * the folder DISK_FOLDER fails: with the error whose number that file holds. The one thing of the
 * disk that is not real here.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "preload_mark.h"

int fsync(int fd);
int fdatasync(int fd);
ssize_t pwrite(int fd, const void *data, size_t length, off_t at);
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at);

static void wait_while_there_is(const char *file)
{
    while (file && access(file, F_OK) == 0) {
        preload_mark();
        usleep(10000);
    }
}

static void wait_for_disk(void)
{
    wait_while_there_is(getenv("STUCK_DISK"));
    const char *slow_ms = getenv("SLOW_DISK_MS");
    if (slow_ms) {
        preload_mark();
        usleep((useconds_t)strtoul(slow_ms, NULL, 10) * 1000);
    }
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

/* Whether what is done to that file fails, with errno set. */
static int is_bad(int fd)
{
    const char *bad = getenv("BAD_DISK"), *folder = getenv("DISK_FOLDER");
    char link[40], path[PATH_MAX];
    if (!bad || !folder || access(bad, F_OK) != 0)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || strncmp(path, folder, strlen(folder)) != 0)
        return 0;
    FILE *file = fopen(bad, "r");
    int number = EIO;
    if (file && fscanf(file, "%d", &number) != 1)
        number = EIO;
    if (file)
        fclose(file);
    preload_mark();
    errno = number;
    return 1;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at)
{
    ssize_t (*real)(int, const void *, size_t, off_t) =
        (ssize_t(*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    return is_bad(fd) ? -1 : real(fd, data, length, at);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at)
{
    ssize_t (*real)(int, const void *, size_t, off64_t) =
        (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    return is_bad(fd) ? -1 : real(fd, data, length, at);
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_for_disk();
    return is_bad(fd) ? -1 : real(fd);
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_for_disk();
    return is_bad(fd) ? -1 : real(fd);
}
