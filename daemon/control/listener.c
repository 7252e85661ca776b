/* SPDX-License-Identifier: Apache-2.0 */
#include "control/listener.h"

#include <stdlib.h>
#include <unistd.h>

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

void listener_close(uv_pipe_t *listener)
{
    if (listener)
        uv_close((uv_handle_t *)listener, on_closed);
}

int listener_open(uv_loop_t *loop, int fd, uv_connection_cb on_connection, void *data,
                  uv_pipe_t **ret_listener)
{
    uv_pipe_t *listener = calloc(1, sizeof *listener);
    if (!listener)
        abort(); /* without memory: start anew */
    uv_pipe_init(loop, listener, 0);
    listener->data = data;
    int result = uv_pipe_open(listener, fd);
    if (result != 0)
        close(fd);
    else
        result = uv_listen((uv_stream_t *)listener, 16, on_connection);
    if (result != 0) {
        listener_close(listener);
        return result;
    }
    *ret_listener = listener;
    return 0;
}
