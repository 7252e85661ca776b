/* SPDX-License-Identifier: Apache-2.0 */
#include "control/hangup.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

struct hangup {
    uv_poll_t poll;
    int fd; /* ours: libuv takes no descriptor twice, and the socket's is its pipe's */
    bool watches;
    void (*on_gone)(void *arg);
    void *arg;
};

static bool is_gone(int fd)
{
    struct pollfd one = {.fd = fd};
    return poll(&one, 1, 0) == 1 && (one.revents & (POLLHUP | POLLERR));
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct hangup *h = poll->data;
    (void)status;
    (void)events;
    if (is_gone(h->fd))
        h->on_gone(h->arg);
    else
        hangup_watch(h, false); /* out-of-band data: it would be told for ever */
}

struct hangup *hangup_create(uv_loop_t *loop, int fd, void (*on_gone)(void *arg), void *arg)
{
    struct hangup *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    *h = (struct hangup){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .on_gone = on_gone, .arg = arg};
    if (h->fd < 0 || uv_poll_init(loop, &h->poll, h->fd) != 0) {
        if (h->fd >= 0)
            close(h->fd);
        free(h);
        return NULL;
    }
    h->poll.data = h;
    return h;
}

void hangup_watch(struct hangup *h, bool watch)
{
    if (!h || h->watches == watch)
        return;
    h->watches = watch;
    /* A hang-up comes with whatever is asked for, and this is what nobody sends. */
    if (watch)
        uv_poll_start(&h->poll, UV_PRIORITIZED, on_poll);
    else
        uv_poll_stop(&h->poll);
}

static void on_closed(uv_handle_t *handle)
{
    struct hangup *h = handle->data;
    close(h->fd);
    free(h);
}

void hangup_close(struct hangup *h)
{
    if (h)
        uv_close((uv_handle_t *)&h->poll, on_closed);
}
