/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor's end of the socket to one worker: messages of videolink/message.h, a line each,
 * both ways. The worker is treated as a stranger: lines are bounded, and the first one that makes
 * no sense ends the channel. Loop thread only.
 */
#ifndef TOCSIN_VIDEO_CHANNEL_H
#define TOCSIN_VIDEO_CHANNEL_H

#include <uv.h>

#include "videolink/message.h"

struct channel_handlers {
    /* The handler may take what the message owns (and leave NULL); the rest is freed afterwards. */
    void (*on_message)(void *arg, struct message *message);
    /* Once, unless it was closed from this side: NULL, the other end is gone, or what it said that
     * makes no sense. The channel is closing already. */
    void (*on_gone)(void *arg, const char *nonsense);
    void *arg;
};

struct channel;

/* Takes `socket`, also when it fails. */
int channel_create(uv_loop_t *loop, int socket, const struct channel_handlers *handlers,
                   struct channel **ret_channel, struct err *e);

/* False: the worker does not read, and may have half of the message: the channel is of no use any
 * more. */
bool channel_send(struct channel *c, const struct message *message);

/* No handler is called after this; freed once the loop has closed it. NULL is accepted. */
void channel_close(struct channel *c);

#endif
