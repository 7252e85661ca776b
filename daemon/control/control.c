/* SPDX-License-Identifier: Apache-2.0 */
#include "control/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/lines.h"
#include "base/log.h"
#include "control/hangup.h"
#include "control/listener.h"
#include "control/who.h"
#include "iface/limits.h"
#include "loop/share.h"

#define BEHIND_MAX    LIMIT_ANSWER_BYTES /* bytes of answers on their way to one client */
#define REQUESTS_MAX  LIMIT_REQUESTS     /* of one client that are not answered yet */
#define LEAVE_WAIT_MS 2000               /* for a dropped watcher to read its last lines */

struct client {
    uv_pipe_t pipe;
    struct control *control;
    TAILQ_ENTRY(client) all;
    TAILQ_ENTRY(client) turn;
    LIST_HEAD(, control_request) waiting; /* for the client to have read */
    unsigned requests;                    /* not yet answered: they keep the struct */
    bool gone, closed, watching, reading;
    bool has_turn;    /* stands in line to be served */
    int64_t leave_ms; /* a dropped watcher goes at this time; 0 if it stays */
    uint64_t number;  /* of the connection */
    uid_t uid;
    size_t behind; /* bytes on their way */
    struct lines lines;
    struct hangup *hangup; /* NULL until it is needed, or if it cannot be had */
};

struct control_request {
    struct client *client;
    LIST_ENTRY(control_request) link; /* while on_read is set */
    void (*on_read)(void *arg, bool there);
    void *arg;
};

struct control {
    uv_pipe_t *listener; /* NULL until it listens */
    struct control_socket socket;
    struct share share; /* of the loop's time, for requests */
    uv_timer_t leave;   /* runs while dropped watchers may still read */
    unsigned handles;   /* not yet closed: they keep the struct */
    uv_loop_t *loop;
    char *path;
    const struct control_command *commands;
    void *arg;
    struct who *who;
    TAILQ_HEAD(client_list, client) clients;
    TAILQ_HEAD(, client) line; /* those that have a turn */
    unsigned count;
    uint64_t next_number;
    void (*on_gone)(void *arg, uint64_t client); /* or NULL */
};

struct line_out {
    uv_write_t request;
    struct client *client;
    size_t length;
    char text[];
};

static void consider(struct client *c);

static void release(struct client *c)
{
    if (!c->closed || c->requests > 0)
        return;
    lines_finish(&c->lines);
    free(c);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;
    c->closed = true;
    release(c);
}

/* Tells the streams that wait for the client to read that it has, or that it is gone. */
static void wake_streams(struct client *c, bool there)
{
    struct control_request *request;
    c->requests++; /* a stream that ends may be the last that keeps the client */
    while ((request = LIST_FIRST(&c->waiting)) && (!there || c->behind == 0)) {
        void (*on_read)(void *, bool) = request->on_read;
        LIST_REMOVE(request, link);
        request->on_read = NULL;
        on_read(request->arg, there);
    }
    c->requests--;
}

static void drop_client(struct client *c)
{
    struct control *control = c->control;
    if (c->gone)
        return;
    c->gone = true;
    TAILQ_REMOVE(&control->clients, c, all);
    if (c->has_turn)
        TAILQ_REMOVE(&control->line, c, turn);
    c->has_turn = false;
    control->count--;
    hangup_close(c->hangup);
    c->hangup = NULL;
    uv_close((uv_handle_t *)&c->pipe, on_client_closed);
    wake_streams(c, false);
    if (control->on_gone)
        control->on_gone(control->arg, c->number);
}

static void on_written(uv_write_t *request, int status)
{
    struct line_out *out = request->data;
    struct client *c = out->client;
    c->behind -= out->length;
    free(out);
    if (status != 0)
        drop_client(c);
    if (c->gone || c->behind > 0)
        return;
    if (c->leave_ms != 0) {
        drop_client(c);
        return;
    }
    wake_streams(c, true);
    consider(c);
}

/* Puts head, text and tail on their way as one. False if that cannot be; the client is gone then.
 */
static bool send_bytes(struct client *c, const char *head, const char *text, size_t length,
                       const char *tail)
{
    size_t before = strlen(head), after = strlen(tail), whole = before + length + after;
    if (c->gone || c->leave_ms != 0)
        return false;
    if (c->behind + whole > BEHIND_MAX && c->behind > 0) {
        log_warning("control", "a client of uid %u does not read its answers: dropped",
                    (unsigned)c->uid);
        drop_client(c);
        return false;
    }
    struct line_out *out = malloc(sizeof *out + whole);
    if (!out)
        abort();
    *out = (struct line_out){.client = c, .length = whole};
    memcpy(out->text, head, before);
    memcpy(out->text + before, text, length);
    memcpy(out->text + before + length, tail, after);
    out->request.data = out;
    uv_buf_t buffer = uv_buf_init(out->text, (unsigned)whole);
    c->behind += whole;
    if (uv_write(&out->request, (uv_stream_t *)&c->pipe, &buffer, 1, on_written) != 0) {
        c->behind -= whole;
        free(out);
        drop_client(c);
        return false;
    }
    return true;
}

/* Takes `object`. */
static bool send_object(struct client *c, json_t *object)
{
    char *text = c->gone ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    bool sent = text && send_bytes(c, "", text, strlen(text), "\n");
    free(text);
    return sent;
}

static void finish(struct control_request *request)
{
    struct client *c = request->client;
    if (request->on_read)
        LIST_REMOVE(request, link);
    free(request);
    c->requests--;
    if (!c->gone)
        consider(c);
    release(c);
}

void control_reply(struct control_request *request, json_t *answer)
{
    json_t *object = json_pack("{sb}", "ok", 1);
    if (answer)
        json_object_update(object, answer);
    json_decref(answer);
    send_object(request->client, object);
    finish(request);
}

void control_reply_text(struct control_request *request, const char *members, size_t length)
{
    send_bytes(request->client, "{\"ok\":true,", members, length, "}\n");
    finish(request);
}

void control_fail(struct control_request *request, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    encode_trim_utf8(text);
    encode_make_utf8(text);
    send_object(request->client, json_pack("{sb,ss}", "ok", 0, "error", text));
    free(text);
    finish(request);
}

bool control_send(struct control_request *request, json_t *line)
{
    return send_object(request->client, line);
}

bool control_send_text(struct control_request *request, const char *lines, size_t length)
{
    return send_bytes(request->client, "", lines, length, "");
}

bool control_when_read(struct control_request *request, void (*on_read)(void *arg, bool there),
                       void *arg)
{
    struct client *c = request->client;
    if (c->gone || c->behind == 0)
        return false;
    request->on_read = on_read;
    request->arg = arg;
    LIST_INSERT_HEAD(&c->waiting, request, link);
    return true;
}

void control_end(struct control_request *request)
{
    finish(request);
}

void control_watch(struct control_request *request)
{
    request->client->watching = true;
    control_reply(request, NULL);
}

bool control_has_watchers(const struct control *control)
{
    const struct client *c;
    TAILQ_FOREACH(c, &control->clients, all)
    {
        if (c->watching)
            return true;
    }
    return false;
}

static void on_leave(uv_timer_t *timer)
{
    struct control *control = timer->data;
    struct client *c, *next;
    bool more = false;
    int64_t now_ms = clock_monotonic_ms();
    for (c = TAILQ_FIRST(&control->clients); c; c = next) {
        next = TAILQ_NEXT(c, all);
        if (c->leave_ms != 0 && c->leave_ms <= now_ms)
            drop_client(c);
        else
            more = more || c->leave_ms != 0;
    }
    if (!more)
        uv_timer_stop(timer);
}

/* A watcher that does not read: it gets one last line, and a little time to find it. */
static void dismiss(struct client *c)
{
    log_warning("control",
                "a client of uid %u watches and does not read: dropped, %zu bytes behind",
                (unsigned)c->uid, c->behind);
    c->watching = false;
    if (!send_object(c, json_pack("{ss,ss}", "what", "dropped", "text",
                                  "this client did not read what it was told")))
        return;
    c->leave_ms = clock_monotonic_ms() + LEAVE_WAIT_MS;
    uv_timer_start(&c->control->leave, on_leave, LEAVE_WAIT_MS / 5, LEAVE_WAIT_MS / 5);
}

void control_publish(struct control *control, json_t *line)
{
    struct client *c, *next;
    char *text = json_dumps(line, JSON_COMPACT);
    size_t length = text ? strlen(text) : 0;
    json_decref(line);
    for (c = TAILQ_FIRST(&control->clients); c && text; c = next) {
        next = TAILQ_NEXT(c, all);
        if (!c->watching)
            continue;
        if (c->behind + length > CONTROL_WATCH_MAX)
            dismiss(c);
        else
            send_bytes(c, "", text, length, "\n");
    }
    free(text);
}

void control_user(const struct control_request *request, char ret_name[CONTROL_NAME_SIZE])
{
    const struct client *c = request->client;
    who_name(c->gone ? NULL : c->control->who, c->uid, ret_name);
}

uint64_t control_client(const struct control_request *request)
{
    return request->client->number;
}

void control_tell_gone(struct control *control, void (*on_gone)(void *arg, uint64_t client))
{
    control->on_gone = on_gone;
}

static bool is_argument(const struct control_command *command, const char *key)
{
    if (strcmp(key, "command") == 0)
        return true;
    for (const char *const *a = command->arguments; a && *a; a++) {
        if (strcmp(*a, key) == 0)
            return true;
    }
    return false;
}

static void run_line(struct client *c, const char *line, size_t length)
{
    struct control *control = c->control;
    struct control_request *request = calloc(1, sizeof *request);
    if (!request)
        abort();
    request->client = c;
    c->requests++;
    json_error_t problem;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &problem);
    const char *name = json_string_value(json_object_get(object, "command"));
    const struct control_command *command = control->commands;
    while (name && command->name && strcmp(command->name, name) != 0)
        command++;
    const char *key;
    json_t *value;
    if (!json_is_object(object)) {
        control_fail(request, "the request is not a JSON object: %s", problem.text);
    } else if (!name || !command->name) {
        control_fail(request, "no such command: %.60s", name ? name : "(none given)");
    } else {
        json_object_foreach(object, key, value)
        {
            if (!is_argument(command, key)) {
                control_fail(request, "command %s takes no argument %.60s", name, key);
                json_decref(object);
                return;
            }
        }
        command->run(control->arg, request, object);
    }
    json_decref(object);
}

static void on_allocate(uv_handle_t *handle, size_t wish, uv_buf_t *ret_buffer)
{
    (void)wish;
    struct client *c = handle->data;
    size_t size = 0;
    char *room = lines_room(&c->lines, &size);
    *ret_buffer = uv_buf_init(room, room ? (unsigned)size : 0);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    struct client *c = stream->data;
    if (got == UV_ENOBUFS)
        log_warning("control", "a client of uid %u sent a line of more than %d bytes: dropped",
                    (unsigned)c->uid, CONTROL_LINE_MAX);
    if (got < 0) {
        drop_client(c);
        return;
    }
    lines_fill(&c->lines, (size_t)got);
    consider(c);
}

static void on_hangup(void *arg)
{
    drop_client(arg);
}

/* While lines wait and none of them may be served, nothing is read, and that the client is gone
 * would not be seen: a test goes on for as long as its client is there. */
static void watch_hangup(struct client *c, bool watch)
{
    int fd;
    if (watch && !c->hangup && uv_fileno((uv_handle_t *)&c->pipe, &fd) == 0)
        c->hangup = hangup_create(c->control->loop, fd, on_hangup, c);
    hangup_watch(c->hangup, watch);
}

/* After every change: does the client stand in line, and is more read from it? */
static void consider(struct client *c)
{
    struct control *control = c->control;
    bool has_line = lines_has_next(&c->lines);
    bool wants = has_line && c->requests < REQUESTS_MAX && c->behind == 0 && c->leave_ms == 0;
    if (c->gone)
        return;
    if (wants && !c->has_turn) {
        TAILQ_INSERT_TAIL(&control->line, c, turn);
        c->has_turn = true;
        share_want(&control->share);
    }
    watch_hangup(c, has_line && !c->has_turn);
    if (has_line && c->reading)
        uv_read_stop((uv_stream_t *)&c->pipe);
    else if (!has_line && !c->reading &&
             uv_read_start((uv_stream_t *)&c->pipe, on_allocate, on_read) != 0)
        drop_client(c);
    c->reading = !has_line;
}

/* One request of the client that has waited longest. */
static void serve(void *arg)
{
    struct control *control = arg;
    struct client *c = TAILQ_FIRST(&control->line);
    size_t length;
    if (!c)
        return;
    TAILQ_REMOVE(&control->line, c, turn);
    c->has_turn = false;
    c->requests++; /* a command may drop the client under us */
    char *line = lines_next(&c->lines, &length);
    if (line)
        run_line(c, line, length);
    c->requests--;
    consider(c);
    release(c);
    if (!TAILQ_EMPTY(&control->line))
        share_want(&control->share);
}

static uid_t peer_uid(uv_pipe_t *pipe)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    int fd;
    if (uv_fileno((uv_handle_t *)pipe, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return (uid_t)-1;
    return peer.uid;
}

/* The line finds room at once: nothing was sent to this client before. */
static void refuse(struct client *c)
{
    char line[120];
    int length =
        snprintf(line, sizeof line,
                 "{\"ok\":false,\"error\":\"too many clients: tocsind serves %d at once\"}\n",
                 CONTROL_CLIENTS_MAX);
    uv_buf_t buffer = uv_buf_init(line, (unsigned)length);
    uv_try_write((uv_stream_t *)&c->pipe, &buffer, 1);
    drop_client(c);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct control *control = listener->data;
    if (status != 0)
        return;
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        abort(); /* who is not accepted here keeps all others out: start anew */
    c->control = control;
    c->number = ++control->next_number;
    lines_init(&c->lines, CONTROL_LINE_MAX);
    LIST_INIT(&c->waiting);
    uv_pipe_init(control->loop, &c->pipe, 0);
    c->pipe.data = c;
    TAILQ_INSERT_HEAD(&control->clients, c, all);
    control->count++;
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) != 0) {
        drop_client(c);
        return;
    }
    if (control->count > CONTROL_CLIENTS_MAX) {
        refuse(c);
        return;
    }
    c->uid = peer_uid(&c->pipe);
    who_look_up(control->who, c->uid);
    consider(c);
}

static void on_part_closed(void *arg)
{
    struct control *control = arg;
    if (--control->handles > 0)
        return;
    free(control->path);
    free(control);
}

static void on_closed(uv_handle_t *handle)
{
    on_part_closed(handle->data);
}

static void close_handles(struct control *control)
{
    listener_close(control->listener);
    share_close(&control->share, on_part_closed);
    uv_close((uv_handle_t *)&control->leave, on_closed);
}

static void init_handles(struct control *control, uv_loop_t *loop)
{
    share_init(&control->share, loop, serve, control);
    uv_timer_init(loop, &control->leave);
    control->leave.data = control;
    control->handles = 2;
}

int control_move(struct control *control, const struct control_socket *socket, struct err *e)
{
    uv_pipe_t *listener;
    int result = listener_open(control->loop, socket->fd, on_connection, control, &listener);
    if (result != 0)
        return err_system(e, -result, "%s", control->path);
    listener_close(control->listener);
    control->listener = listener;
    control->socket = *socket;
    return 0;
}

int control_open(uv_loop_t *loop, const char *path, const struct control_socket *socket,
                 const struct control_command *commands, void *arg, struct control **ret_control,
                 struct err *e)
{
    struct control *control = calloc(1, sizeof *control);
    if (!control || !(control->path = strdup(path))) {
        free(control);
        close(socket->fd);
        return err_set(e, ENOMEM, "control: out of memory");
    }
    control->loop = loop;
    control->commands = commands;
    control->arg = arg;
    TAILQ_INIT(&control->clients);
    TAILQ_INIT(&control->line);
    init_handles(control, loop);
    int result = control_move(control, socket, e);
    if (result != 0) {
        close_handles(control);
        return result;
    }
    control->who = who_create(loop);
    *ret_control = control;
    return 0;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    control->on_gone = NULL;
    while (!TAILQ_EMPTY(&control->clients))
        drop_client(TAILQ_FIRST(&control->clients));
    who_destroy(control->who);
    if (control_is_bound(control->path, &control->socket))
        unlink(control->path);
    close_handles(control);
}
