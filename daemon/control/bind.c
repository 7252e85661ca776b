/* SPDX-License-Identifier: Apache-2.0 */
/* The socket's file: made so that only the group may connect, and never taken from who answers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/control.h"

/* Whether somebody answers on the socket: then it is not ours to replace. Who listens and is behind
 * with that is there, too, and is not waited for. */
static bool is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool alive = fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                             errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    return alive;
}

int control_bind(const char *path, struct control_socket *ret_socket, struct err *e)
{
    struct stat made;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(e, ENAMETOOLONG, "%s: a socket's path may have 107 bytes", path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (is_alive(&address))
        return err_set(e, EADDRINUSE, "%s: another tocsind answers there", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_system(e, errno, "%s", path);
    unlink(path);
    /* Nobody but the group may connect even for the moment before the chmod: the file gets the
     * socket's mode, less the umask, which is the whole process's and is not touched here. */
    if (fchmod(fd, 0660) != 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, 0660) != 0 || lstat(path, &made) != 0) {
        int code = errno;
        close(fd);
        return err_system(e, code, "%s", path);
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
