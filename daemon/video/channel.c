/* SPDX-License-Identifier: Apache-2.0 */
#include "video/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/lines.h"

struct channel {
    uv_pipe_t pipe;
    struct channel_handlers handlers;
    bool closed;
    struct lines lines;
};

static void free_channel(uv_handle_t *handle)
{
    struct channel *c = handle->data;
    lines_finish(&c->lines);
    free(c);
}

void channel_close(struct channel *c)
{
    if (!c || c->closed)
        return;
    c->closed = true;
    uv_close((uv_handle_t *)&c->pipe, free_channel);
}

static void end(struct channel *c, const char *nonsense)
{
    channel_close(c);
    c->handlers.on_gone(c->handlers.arg, nonsense);
}

static void take_line(struct channel *c, const char *line, size_t length)
{
    struct message message;
    struct err e;
    if (message_parse(line, length, &message, &e) != 0)
        end(c, e.text);
    else
        c->handlers.on_message(c->handlers.arg, &message);
    message_finish(&message);
}

static void on_allocate(uv_handle_t *handle, size_t wish, uv_buf_t *ret_buffer)
{
    struct channel *c = handle->data;
    size_t size = 0;
    char *room = lines_room(&c->lines, &size);
    (void)wish;
    *ret_buffer = uv_buf_init(room, room ? (unsigned)size : 0);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct channel *c = stream->data;
    (void)buffer;
    if (got < 0) {
        end(c, got == UV_ENOBUFS ? "a line that is too long" : NULL);
        return;
    }
    lines_fill(&c->lines, (size_t)got);
    size_t length;
    for (const char *line; !c->closed && (line = lines_next(&c->lines, &length));)
        take_line(c, line, length);
}

int channel_create(uv_loop_t *loop, int socket, const struct channel_handlers *handlers,
                   struct channel **ret_channel, struct err *e)
{
    struct channel *c = calloc(1, sizeof *c);
    if (!c) {
        close(socket);
        return err_set(e, ENOMEM, "out of memory");
    }
    c->handlers = *handlers;
    lines_init(&c->lines, MESSAGE_LINE_MAX);
    uv_pipe_init(loop, &c->pipe, 0);
    c->pipe.data = c;
    int result = uv_pipe_open(&c->pipe, socket);
    if (result != 0)
        close(socket);
    else
        result = uv_read_start((uv_stream_t *)&c->pipe, on_allocate, on_read);
    if (result != 0) {
        channel_close(c);
        return err_system(e, -result, "a worker's socket");
    }
    *ret_channel = c;
    return 0;
}

bool channel_send(struct channel *c, const struct message *message)
{
    char *text = message_format(message);
    if (!text)
        return false;
    size_t length = strlen(text);
    uv_buf_t buffer = uv_buf_init(text, (unsigned)length);
    bool sent = uv_try_write((uv_stream_t *)&c->pipe, &buffer, 1) == (int)length;
    free(text);
    return sent;
}
