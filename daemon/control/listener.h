/* SPDX-License-Identifier: Apache-2.0 */
/* What listens on a Unix socket, and can be replaced while its clients stay. Loop thread only. */
#ifndef TOCSIN_CONTROL_LISTENER_H
#define TOCSIN_CONTROL_LISTENER_H

#include <uv.h>

/* Listens on `fd`, a bound socket, which is taken whatever comes of it. `on_connection` is libuv's,
 * and finds `data` in the handle. 0, or libuv's error. */
int listener_open(uv_loop_t *loop, int fd, uv_connection_cb on_connection, void *data,
                  uv_pipe_t **ret_listener);
/* NULL is none. Who has connected and was not accepted is refused. */
void listener_close(uv_pipe_t *listener);

#endif
