/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAITING_MAX 511 /* connections that nobody has accepted yet */

int listen_open(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    /* A receiver that was restarted gets its port although connections of the last one linger. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) != 0 ||
        bind(fd, (const struct sockaddr *)address, sizeof *address) != 0 ||
        listen(fd, WAITING_MAX) != 0) {
        int code = errno;
        close(fd);
        return -code;
    }
    return fd;
}
