/* SPDX-License-Identifier: Apache-2.0 */
#include "videolink/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/lines.h"
#include "base/local_socket.h"
#include "iface/limits.h"
#include "loop/share.h"

#define BEHIND_MAX    (4u << 20)
#define WAITING_MAX   LIMIT_VIDEO_CALLERS /* who connected and said nothing yet */
#define RETRY_BASE_MS 100
#define RETRY_CAP_MS  LIMIT_VIDEO_RETRY_MS
#define BEAT_MS       LIMIT_VIDEO_BEAT_MS
#define SILENCE_MS    LIMIT_VIDEO_SILENCE_MS
#define QUIET_MS      1000 /* silence is counted in turns of our own loop of so long */

/* One stream, whichever side made it. */
struct peer {
    uv_pipe_t pipe;
    struct link_handlers handlers;
    void (*on_gone)(struct peer *peer, const char *reason); /* once; the peer is closing */
    void (*on_heard)(struct peer *peer); /* before each message; NULL: nobody asks */
    TAILQ_ENTRY(peer) link;              /* if it waits to be served */
    void *owner;
    bool gone, reading;
    unsigned handles; /* not yet closed: they keep the struct */
    unsigned quiet;   /* times QUIET_MS without a byte */
    size_t behind;
    struct lines lines;
    struct share share; /* of the loop's time, for what the other side says */
};

struct line_out {
    uv_write_t request;
    struct peer *peer;
    char *text;
    size_t length;
};

static void serve(void *arg);

static void on_part_closed(void *arg)
{
    struct peer *p = arg;
    if (--p->handles > 0)
        return;
    lines_finish(&p->lines);
    free(p);
}

static void on_pipe_closed(uv_handle_t *handle)
{
    on_part_closed(handle->data);
}

static struct peer *create_peer(uv_loop_t *loop, const struct link_handlers *handlers, void *owner,
                                void (*on_gone)(struct peer *, const char *))
{
    struct peer *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    uv_pipe_init(loop, &p->pipe, 0);
    p->pipe.data = p;
    share_init(&p->share, loop, serve, p);
    p->handles = 2;
    p->handlers = *handlers;
    lines_init(&p->lines, MESSAGE_LINE_MAX);
    p->owner = owner;
    p->on_gone = on_gone;
    return p;
}

static void close_peer(struct peer *p, const char *reason)
{
    if (p->gone)
        return;
    p->gone = true;
    uv_close((uv_handle_t *)&p->pipe, on_pipe_closed);
    share_close(&p->share, on_part_closed);
    if (reason)
        p->on_gone(p, reason);
}

static void on_allocate(uv_handle_t *handle, size_t wish, uv_buf_t *ret_buffer)
{
    struct peer *p = handle->data;
    size_t size = 0;
    char *room = lines_room(&p->lines, &size);
    (void)wish;
    *ret_buffer = uv_buf_init(room, room ? (unsigned)size : 0);
}

static void take_line(struct peer *p, const char *line, size_t length)
{
    struct message message;
    struct err e;
    if (message_parse(line, length, &message, &e) != 0)
        close_peer(p, e.text);
    else {
        if (p->on_heard)
            p->on_heard(p);
        if (!p->gone && message.type != MESSAGE_BEAT)
            p->handlers.on_message(p->handlers.arg, &message);
    }
    message_finish(&message);
}

static void go_on(struct peer *p);

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    struct peer *p = stream->data;
    if (got < 0) {
        close_peer(p, got == UV_ENOBUFS ? "a line that is too long" : uv_strerror((int)got));
        return;
    }
    p->quiet = 0;
    lines_fill(&p->lines, (size_t)got);
    go_on(p);
}

/* After every change: a line waits for its turn, and nothing is read meanwhile; or more is read. */
static void go_on(struct peer *p)
{
    bool has_line = lines_has_next(&p->lines);
    if (p->gone)
        return;
    if (has_line)
        share_want(&p->share);
    if (has_line && p->reading)
        uv_read_stop((uv_stream_t *)&p->pipe);
    else if (!has_line && !p->reading &&
             uv_read_start((uv_stream_t *)&p->pipe, on_allocate, on_read) != 0)
        close_peer(p, "reading failed");
    p->reading = !has_line;
}

static void serve(void *arg)
{
    struct peer *p = arg;
    size_t length;
    const char *line = p->gone ? NULL : lines_next(&p->lines, &length);
    if (line)
        take_line(p, line, length);
    go_on(p);
}

static void on_written(uv_write_t *request, int status)
{
    struct line_out *out = request->data;
    struct peer *p = out->peer;
    p->behind -= out->length;
    free(out->text);
    free(out);
    if (status != 0)
        close_peer(p, uv_strerror(status));
    else if (p->behind == 0 && !p->gone && p->handlers.on_drained)
        p->handlers.on_drained(p->handlers.arg);
}

static void send_message(struct peer *p, const struct message *message)
{
    char *text = message_format(message);
    struct line_out *out = calloc(1, sizeof *out);
    if (!text || !out || p->behind > BEHIND_MAX) {
        free(text);
        free(out);
        close_peer(p, "the other side does not read");
        return;
    }
    *out = (struct line_out){.peer = p, .text = text, .length = strlen(text)};
    out->request.data = out;
    p->behind += out->length;
    uv_buf_t buffer = uv_buf_init(text, (unsigned)out->length);
    if (uv_write(&out->request, (uv_stream_t *)&p->pipe, &buffer, 1, on_written) != 0) {
        p->behind -= out->length;
        free(text);
        free(out);
        close_peer(p, "writing failed");
    }
}

static void beat(struct peer *p)
{
    send_message(p, &(struct message){.type = MESSAGE_BEAT});
}

struct link_client {
    uv_loop_t *loop;
    struct link_handlers handlers;
    char path[256];
    struct peer *peer; /* NULL between tries */
    bool up;           /* it has spoken */
    bool closing;
    unsigned failures;
    uv_timer_t timer; /* until the next try; while there is a peer, of its silence */
    uv_connect_t connect;
    bool connecting; /* `connect` is in use: its callback comes */
};

static void try_connect(struct link_client *c);

static void free_client(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_retry(uv_timer_t *timer)
{
    try_connect(timer->data);
}

static void on_client_gone(struct peer *p, const char *reason)
{
    struct link_client *c = p->owner;
    uint32_t random;
    uuid_random(&random, sizeof random);
    bool was_up = c->up;
    c->peer = NULL;
    c->up = false;
    if (was_up)
        c->handlers.on_down(c->handlers.arg, reason);
    if (c->closing)
        return;
    int64_t delay = backoff_delay_ms(++c->failures, RETRY_BASE_MS, RETRY_CAP_MS, random);
    uv_timer_start(&c->timer, on_retry, (uint64_t)delay + RETRY_BASE_MS, 0);
}

/* The socket of a process that was stopped, or killed and hangs in a disk, stays open: only what
 * the other side says shows that it lives. A loop that stood still itself counts one turn. */
static void on_quiet(uv_timer_t *timer)
{
    struct link_client *c = timer->data;
    char reason[60];
    snprintf(reason, sizeof reason, "it has said nothing for %d s", SILENCE_MS / 1000);
    if (c->peer->reading && ++c->peer->quiet >= SILENCE_MS / QUIET_MS)
        close_peer(c->peer, reason);
}

/* The connection alone proves nothing: the kernel makes it, whatever the other side does. */
static void on_client_heard(struct peer *p)
{
    struct link_client *c = p->owner;
    if (c->up)
        return;
    c->up = true;
    c->failures = 0;
    c->handlers.on_up(c->handlers.arg);
}

/* Who says nothing may not be served (on_server_heard), and would hear nothing. */
static void begin_to_listen(struct link_client *c)
{
    c->peer->on_heard = on_client_heard;
    uv_timer_start(&c->timer, on_quiet, QUIET_MS, QUIET_MS);
    go_on(c->peer);
    if (c->peer)
        beat(c->peer);
}

static void on_connected(uv_connect_t *request, int status)
{
    struct link_client *c = request->data;
    c->connecting = false;
    if (c->closing) {
        uv_close((uv_handle_t *)&c->timer, free_client);
        return;
    }
    if (!c->peer)
        return;
    if (status == 0)
        begin_to_listen(c);
    else
        close_peer(c->peer, uv_strerror(status));
}

static void try_connect(struct link_client *c)
{
    c->peer = create_peer(c->loop, &c->handlers, c, on_client_gone);
    if (!c->peer)
        abort();
    c->connect.data = c;
    c->connecting = true;
    uv_pipe_connect(&c->connect, &c->peer->pipe, c->path, on_connected);
}

int link_client_create(uv_loop_t *loop, const char *path, const struct link_handlers *handlers,
                       struct link_client **ret_client, struct err *e)
{
    struct link_client *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ENOMEM, "link: out of memory");
    c->loop = loop;
    c->handlers = *handlers;
    snprintf(c->path, sizeof c->path, "%s", path);
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    try_connect(c);
    *ret_client = c;
    return 0;
}

bool link_client_is_up(const struct link_client *c)
{
    return c->up;
}

void link_client_send(struct link_client *c, const struct message *message)
{
    if (c->up)
        send_message(c->peer, message);
}

void link_client_close(struct link_client *c)
{
    if (!c)
        return;
    c->closing = true;
    uv_timer_stop(&c->timer);
    if (c->peer)
        close_peer(c->peer, NULL);
    c->peer = NULL;
    c->up = false;
    if (!c->connecting) /* else the connect callback comes, cancelled, and ends it */
        uv_close((uv_handle_t *)&c->timer, free_client);
}

struct link_server {
    uv_pipe_t listener;
    uv_timer_t beat;
    unsigned handles; /* not yet closed: they keep the struct */
    uv_loop_t *loop;
    struct link_handlers handlers;
    struct peer *peer; /* that is served */
    TAILQ_HEAD(peer_list, peer) waiting;
    size_t waiting_count;
    char path[108];
};

static void stop_waiting(struct link_server *s, struct peer *p)
{
    TAILQ_REMOVE(&s->waiting, p, link);
    s->waiting_count--;
}

/* It is served from now on; nobody is. */
static void begin_to_serve(struct link_server *s, struct peer *p)
{
    s->peer = p;
    beat(p);
    if (s->peer == p)
        s->handlers.on_up(s->handlers.arg);
}

static void on_beat(uv_timer_t *timer)
{
    struct link_server *s = timer->data;
    if (s->peer)
        beat(s->peer);
}

static void on_server_gone(struct peer *p, const char *reason)
{
    struct link_server *s = p->owner;
    struct peer *next;
    if (s->peer != p) {
        stop_waiting(s, p);
        return;
    }
    s->peer = NULL;
    s->handlers.on_down(s->handlers.arg, reason);
    if (s->peer || !(next = TAILQ_LAST(&s->waiting, peer_list)))
        return;
    stop_waiting(s, next);
    begin_to_serve(s, next);
}

/* Who has something to say takes the place of the one before. A mere connection does not: it may be
 * somebody's who looks whether anybody is there. */
static void on_server_heard(struct peer *p)
{
    struct link_server *s = p->owner;
    if (s->peer == p)
        return;
    stop_waiting(s, p);
    close_peer(s->peer, NULL);
    begin_to_serve(s, p);
}

static void let_wait(struct link_server *s, struct peer *p)
{
    if (s->waiting_count == WAITING_MAX) {
        struct peer *first = TAILQ_FIRST(&s->waiting);
        stop_waiting(s, first);
        close_peer(first, NULL);
    }
    TAILQ_INSERT_TAIL(&s->waiting, p, link);
    s->waiting_count++;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct link_server *s = listener->data;
    if (status != 0)
        return;
    struct peer *p = create_peer(s->loop, &s->handlers, s, on_server_gone);
    if (!p)
        abort(); /* who is not accepted here keeps all others out: start anew */
    if (uv_accept(listener, (uv_stream_t *)&p->pipe) != 0) {
        close_peer(p, NULL);
        return;
    }
    p->on_heard = on_server_heard;
    let_wait(s, p);
    go_on(p);
    if (p->gone || s->peer)
        return;
    stop_waiting(s, p);
    begin_to_serve(s, p);
}

static void free_server(uv_handle_t *handle)
{
    struct link_server *s = handle->data;
    if (--s->handles == 0)
        free(s);
}

static void close_handles(struct link_server *s)
{
    uv_close((uv_handle_t *)&s->listener, free_server);
    uv_close((uv_handle_t *)&s->beat, free_server);
}

int link_server_create(uv_loop_t *loop, const char *path, const struct link_handlers *handlers,
                       struct link_server **ret_server, struct err *e)
{
    int fd, result = local_socket_bind(path, &fd, e);
    if (result != 0)
        return result;
    struct link_server *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->loop = loop;
    s->handlers = *handlers;
    snprintf(s->path, sizeof s->path, "%s", path);
    TAILQ_INIT(&s->waiting);
    uv_pipe_init(loop, &s->listener, 0);
    uv_timer_init(loop, &s->beat);
    s->listener.data = s->beat.data = s;
    s->handles = 2;
    result = uv_pipe_open(&s->listener, fd);
    if (result != 0)
        close(fd);
    else
        result = uv_listen((uv_stream_t *)&s->listener, 4, on_connection);
    if (result != 0) {
        close_handles(s);
        return err_system(e, -result, "%s", path);
    }
    uv_timer_start(&s->beat, on_beat, BEAT_MS, BEAT_MS);
    *ret_server = s;
    return 0;
}

void link_server_send(struct link_server *s, const struct message *message)
{
    if (s && s->peer)
        send_message(s->peer, message);
}

bool link_server_is_drained(const struct link_server *s)
{
    return s && s->peer && s->peer->behind == 0;
}

void link_server_close(struct link_server *s)
{
    if (!s)
        return;
    if (s->peer)
        close_peer(s->peer, NULL);
    s->peer = NULL;
    for (struct peer *p; (p = TAILQ_FIRST(&s->waiting));) {
        stop_waiting(s, p);
        close_peer(p, NULL);
    }
    unlink(s->path);
    close_handles(s);
}
