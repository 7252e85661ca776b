/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stream that carries messages: the part that client and server share. It cuts what arrives
 * into lines, decodes them, and queues what is sent. Loop thread only.
 */
#ifndef TOCSIN_VIDEOLINK_CONNECTION_H
#define TOCSIN_VIDEOLINK_CONNECTION_H

#include "videolink/videolink.h"

struct connection;

struct connection_host {
    void (*on_message)(void *arg, const struct videolink_message *message);
    /* Once, when the other end is gone or broke the rules; the connection is closing already.
     * Never from within a call of this file. */
    void (*on_gone)(struct connection *c, const char *reason);
    void *arg;
};

struct connection {
    uv_pipe_t pipe; /* the owner connects or accepts it, then calls connection_start */
    struct connection_host host;
    struct connection *next; /* the owner's list */
    bool closing;
    size_t waiting_bytes; /* queued, not yet written */
    size_t used, room;
    char *buffer;
};

int connection_create(uv_loop_t *loop, const struct connection_host *host,
                      struct connection **ret_connection, struct err *e);

/* Begins to read. */
int connection_start(struct connection *c, struct err *e);

/* Queues one line; takes `line` (malloc'ed) in every case. The connection ends by itself, with
 * on_gone, when too much is waiting. */
int connection_send(struct connection *c, char *line, size_t length);

/* Frees it once the loop has closed the handle; no callback any more. */
void connection_close(struct connection *c);

#endif
