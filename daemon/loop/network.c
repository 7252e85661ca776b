/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/network.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SETTLE_MS 200 /* a link that comes up brings several messages */
/* An interface that flaps is told less and less often: what is told makes every receiver be dialled
 * or proven. */
#define SETTLE_SLOWEST_MS 10000
#define QUIET_MS          60000 /* without a change: the next is told at once again */

struct network {
    uv_poll_t poll;
    uv_timer_t settle;
    uint64_t wait_ms; /* until the change that came last was told */
    uint64_t told_ms; /* by the loop's clock; 0: none yet */
    int socket;
    int handles;
    network_handler on_changed;
    void *arg;
};

static void on_settled(uv_timer_t *timer)
{
    struct network *n = timer->data;
    n->told_ms = uv_now(timer->loop);
    n->on_changed(n->arg);
}

static void wait_to_settle(struct network *n)
{
    bool flaps = n->told_ms > 0 && uv_now(n->settle.loop) - n->told_ms < QUIET_MS;
    uint64_t wait_ms = flaps ? n->wait_ms * 2 : SETTLE_MS;
    n->wait_ms = wait_ms < SETTLE_SLOWEST_MS ? wait_ms : SETTLE_SLOWEST_MS;
    uv_timer_start(&n->settle, on_settled, n->wait_ms, 0);
}

/* What the messages say is not looked at: that there are any is enough, and so is that some were
 * lost (ENOBUFS). */
static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct network *n = poll->data;
    char buffer[8192];
    (void)status, (void)events;
    while (recv(n->socket, buffer, sizeof buffer, MSG_DONTWAIT) > 0 || errno == ENOBUFS ||
           errno == EINTR)
        errno = 0;
    if (!uv_is_active((uv_handle_t *)&n->settle))
        wait_to_settle(n);
}

static void on_closed(uv_handle_t *handle)
{
    struct network *n = handle->data;
    if (--n->handles > 0)
        return;
    close(n->socket);
    free(n);
}

static int listen_to_kernel(int *ret_socket)
{
    struct sockaddr_nl address = {.nl_family = AF_NETLINK,
                                  .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
                                               RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                                               RTMGRP_IPV6_ROUTE};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (fd < 0)
        return -errno;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int result = -errno;
        close(fd);
        return result;
    }
    *ret_socket = fd;
    return 0;
}

int network_open(uv_loop_t *loop, network_handler on_changed, void *arg,
                 struct network **ret_network, struct err *e)
{
    struct network *n = calloc(1, sizeof *n);
    if (!n)
        return err_set(e, ENOMEM, "network: out of memory");
    int result = listen_to_kernel(&n->socket);
    if (result != 0) {
        free(n);
        return err_set(e, -result, "changes of the network are not told: %s", strerror(-result));
    }
    n->on_changed = on_changed;
    n->arg = arg;
    n->handles = 2;
    uv_poll_init_socket(loop, &n->poll, n->socket);
    uv_timer_init(loop, &n->settle);
    n->poll.data = n->settle.data = n;
    uv_poll_start(&n->poll, UV_READABLE, on_readable);
    *ret_network = n;
    return 0;
}

void network_close(struct network *n)
{
    if (!n)
        return;
    uv_close((uv_handle_t *)&n->poll, on_closed);
    uv_close((uv_handle_t *)&n->settle, on_closed);
}
