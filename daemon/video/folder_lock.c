/* SPDX-License-Identifier: Apache-2.0 */
#include "video/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_lock_take(const char *folder, int *ret_fd, struct err *e)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_system(e, errno, "%s", folder);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(fd);
        return err_set(e, EADDRINUSE, "%s: another tocsin-video is at work there", folder);
    }
    *ret_fd = fd;
    return 0;
}

bool folder_lock_is_of(int fd, const char *folder)
{
    struct stat taken, now;
    return fstat(fd, &taken) == 0 && stat(folder, &now) == 0 && taken.st_dev == now.st_dev &&
           taken.st_ino == now.st_ino;
}
