/* SPDX-License-Identifier: Apache-2.0 */
#include "base/local_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/process.h"
#include "base/socket_holder.h"

static int open_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Who listens at the other end is known by its credentials (unix(7)); who is not seen lives. */
static bool is_of_the_living(int fd)
{
    struct ucred who;
    socklen_t length = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0 ||
           !process_has_ended(who.pid);
}

/* Whether somebody accepts there: then the socket is not a dead process's to replace. Who listens
 * and is behind with that is there, too, and is not waited for, if it lives. */
static bool is_served(const struct sockaddr_un *address)
{
    int fd = open_socket();
    bool served = fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0
                                  ? is_of_the_living(fd)
                                  : errno == EAGAIN && !socket_holder_has_ended(address->sun_path));
    if (fd >= 0)
        close(fd);
    return served;
}

/* A dead process's socket; what is none is a person's, who has to take it away. */
static int remove_dead(const char *path, struct err *e)
{
    struct stat info;
    if (lstat(path, &info) == 0 && !S_ISSOCK(info.st_mode) && !S_ISDIR(info.st_mode))
        return err_set(e, EEXIST, "%s: is no socket: it is left there, and has to be moved away",
                       path);
    return unlink(path) == 0 || errno == ENOENT ? 0 : err_system(e, errno, "%s", path);
}

int local_socket_bind(const char *path, int *ret_fd, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(e, ENAMETOOLONG, "%s: a socket's path may have 107 bytes", path);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (is_served(&address))
        return err_set(e, EADDRINUSE, "%s: another process listens there already", path);
    int result = remove_dead(path, e);
    if (result != 0)
        return result;
    int fd = open_socket();
    /* Nobody but the group may connect even for the moment before the chmod: the file gets the
     * socket's mode, less the umask, which is the whole process's and is not touched here. */
    if (fd < 0 || fchmod(fd, 0660) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(path, 0660) != 0) {
        int code = errno;
        if (fd >= 0)
            close(fd);
        return err_system(e, code, "%s", path);
    }
    *ret_fd = fd;
    return 0;
}
