/* SPDX-License-Identifier: Apache-2.0 */
/* The socket's file, and whether it still is that. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/local_socket.h"
#include "control/control.h"

int control_bind(const char *path, struct control_socket *ret_socket, struct err *e)
{
    struct stat made;
    int fd, result = local_socket_bind(path, &fd, e);
    if (result == -EADDRINUSE)
        return err_set(e, EADDRINUSE, "%s: another tocsind answers there", path);
    if (result != 0)
        return result;
    if (lstat(path, &made) != 0) {
        result = err_system(e, errno, "%s", path);
        close(fd);
        return result;
    }
    *ret_socket = (struct control_socket){fd, made.st_dev, made.st_ino};
    return 0;
}

bool control_is_bound(const char *path, const struct control_socket *socket)
{
    struct stat there;
    return lstat(path, &there) == 0 && there.st_dev == socket->device &&
           there.st_ino == socket->file;
}

void control_unbind(const char *path, const struct control_socket *socket)
{
    if (control_is_bound(path, socket))
        unlink(path);
    close(socket->fd);
}
