/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that stops answering: preloaded into a program, it lets fsync and fdatasync wait for as
 * long as the file named by STUCK_DISK exists. The one thing of the disk that is not real here.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

int fsync(int fd);
int fdatasync(int fd);

static void wait_while_stuck(void)
{
    const char *file = getenv("STUCK_DISK");
    while (file && access(file, F_OK) == 0)
        usleep(10000);
}

int fsync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_while_stuck();
    return real(fd);
}

int fdatasync(int fd)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_while_stuck();
    return real(fd);
}
