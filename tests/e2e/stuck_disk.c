/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that stops answering, or is slow: preloaded into a program, it lets fsync and fdatasync
 * wait for as long as the file named by STUCK_DISK exists, and SLOW_DISK_MS milliseconds each. The
 * one thing of the disk that is not real here.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static void wait_for_disk(void)
{
    const char *file = getenv("STUCK_DISK");
    while (file && access(file, F_OK) == 0)
        usleep(10000);
    const char *slow_ms = getenv("SLOW_DISK_MS");
    if (slow_ms)
        usleep((useconds_t)strtoul(slow_ms, NULL, 10) * 1000);
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
