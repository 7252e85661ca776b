/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that carries messages (message.h), on either side, in the loop.
 *
 * The client side connects, and connects again for ever (back-off up to 5 s); it is up from when
 * the server has said something, which does so at once to whom it serves and each 3 s after that. A
 * server that is silent for 12 s is given up, and connected to anew. The server side listens. Loop
 * thread only; sending never waits: a peer that does not read is dropped once it is 4 MiB behind.
 * Who has more to say than that says it bit by bit, each time all is drained.
 */
#ifndef TOCSIN_VIDEOLINK_LINK_H
#define TOCSIN_VIDEOLINK_LINK_H

#include <stdbool.h>
#include <uv.h>

#include "videolink/message.h"

struct link_handlers {
    void (*on_up)(void *arg);
    void (*on_down)(void *arg, const char *reason);
    void (*on_message)(void *arg, const struct message *message); /* borrowed */
    void *arg;
    void (*on_drained)(void *arg); /* the last that was sent is written; may be NULL */
};

struct link_client;

int link_client_create(uv_loop_t *loop, const char *path, const struct link_handlers *handlers,
                       struct link_client **ret_client, struct err *e);
bool link_client_is_up(const struct link_client *c);
/* Does nothing while the link is down: what matters is said again when it comes up. */
void link_client_send(struct link_client *c, const struct message *message);
void link_client_close(struct link_client *c);

/* Listens; serves one peer at a time: who is there first, until another one says something (then
 * the older was a tocsind that is gone), or until it goes. */
struct link_server;

/* Fails with what local_socket_bind (base/local_socket.h) says. */
int link_server_create(uv_loop_t *loop, const char *path, const struct link_handlers *handlers,
                       struct link_server **ret_server, struct err *e);
/* NULL is accepted here and below: nobody is there. */
void link_server_send(struct link_server *s, const struct message *message);
/* There is a peer, and all that it was sent is written. */
bool link_server_is_drained(const struct link_server *s);
void link_server_close(struct link_server *s);

#endif
