/* SPDX-License-Identifier: Apache-2.0 */
#include "videolink/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define WAITING_MAX (1024 * 1024)
#define FIRST_ROOM  4096

struct send {
    uv_write_t request;
    struct connection *connection;
    char *line;
    size_t length;
};

static void destroy(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    free(c->buffer);
    free(c);
}

int connection_create(uv_loop_t *loop, const struct connection_host *host,
                      struct connection **ret_connection, struct err *e)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ENOMEM, "videolink: out of memory");
    c->host = *host;
    c->pipe.data = c;
    int result = uv_pipe_init(loop, &c->pipe, 0);
    if (result != 0) {
        free(c);
        return err_system(e, -result, "videolink");
    }
    *ret_connection = c;
    return 0;
}

static void lose(struct connection *c, const char *reason)
{
    if (c->closing)
        return;
    connection_close(c);
    c->host.on_gone(c, reason);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    (void)suggested;
    struct connection *c = handle->data;
    if (c->used == c->room && c->room < VIDEOLINK_LINE_MAX) {
        size_t room = c->room ? c->room * 2 : FIRST_ROOM;
        char *grown = realloc(c->buffer, room);
        if (grown) {
            c->buffer = grown;
            c->room = room;
        }
    }
    /* No room left makes libuv report UV_ENOBUFS to on_read: a line that is too long. */
    *ret_buffer = uv_buf_init(c->buffer + c->used, (unsigned)(c->room - c->used));
}

static void read_line(struct connection *c, const char *line, size_t length)
{
    struct videolink_message message;
    struct err e;
    if (videolink_decode(line, length, &message, &e) != 0) {
        lose(c, e.text);
        return;
    }
    c->host.on_message(c->host.arg, &message);
    videolink_message_finish(&message);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    struct connection *c = stream->data;
    if (got < 0) {
        lose(c, got == UV_ENOBUFS ? "a line that is too long"
                : got == UV_EOF   ? "closed by the other end"
                                  : uv_strerror((int)got));
        return;
    }
    c->used += (size_t)got;
    size_t start = 0;
    while (!c->closing) {
        const char *end = memchr(c->buffer + start, '\n', c->used - start);
        if (!end)
            break;
        size_t length = (size_t)(end - c->buffer) - start;
        read_line(c, c->buffer + start, length);
        start += length + 1;
    }
    if (c->closing)
        return;
    memmove(c->buffer, c->buffer + start, c->used - start);
    c->used -= start;
}

int connection_start(struct connection *c, struct err *e)
{
    int result = uv_read_start((uv_stream_t *)&c->pipe, on_allocate, on_read);
    return result == 0 ? 0 : err_system(e, -result, "videolink");
}

static void on_written(uv_write_t *request, int status)
{
    struct send *s = request->data;
    struct connection *c = s->connection;
    c->waiting_bytes -= s->length;
    free(s->line);
    free(s);
    if (status != 0 && !c->closing)
        lose(c, uv_strerror(status));
}

/* The other end does not read. Seen by on_read as the end of the stream, so that on_gone comes from
 * the loop and not from within a call. */
static void break_off(struct connection *c)
{
    uv_os_fd_t fd;
    if (!c->closing && uv_fileno((uv_handle_t *)&c->pipe, &fd) == 0)
        shutdown(fd, SHUT_RDWR);
}

int connection_send(struct connection *c, char *line, size_t length)
{
    struct send *s = c->closing ? NULL : calloc(1, sizeof *s);
    if (!s || c->waiting_bytes > WAITING_MAX) {
        free(s);
        free(line);
        break_off(c);
        return -ENOBUFS;
    }
    *s = (struct send){.connection = c, .line = line, .length = length};
    s->request.data = s;
    c->waiting_bytes += length;
    uv_buf_t buffer = uv_buf_init(line, (unsigned)length);
    int result = uv_write(&s->request, (uv_stream_t *)&c->pipe, &buffer, 1, on_written);
    if (result == 0)
        return 0;
    c->waiting_bytes -= length;
    free(line);
    free(s);
    return result;
}

void connection_close(struct connection *c)
{
    if (c->closing)
        return;
    c->closing = true;
    uv_close((uv_handle_t *)&c->pipe, destroy);
}
