/* SPDX-License-Identifier: Apache-2.0 */
#include "control/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG_MAX (4u << 20) /* bytes that a client may be behind */

struct client {
    uv_pipe_t pipe;
    struct control *control;
    struct client *next;
    unsigned requests; /* not yet answered: they keep the struct */
    bool gone, closed, watching;
    uid_t uid;
    size_t used;
    size_t behind; /* bytes on their way */
    uint64_t lost; /* watch lines dropped since the last that went out */
    char line[CONTROL_LINE_MAX];
};

struct control_request {
    struct client *client;
};

struct control {
    uv_pipe_t listener;
    uv_loop_t *loop;
    const struct control_command *commands;
    void *arg;
    struct client *clients;
    unsigned count;
    char path[108];
};

struct line_out {
    uv_write_t request;
    struct client *client;
    size_t length;
    char *text;
};

static void release(struct client *c)
{
    if (c->closed && c->requests == 0)
        free(c);
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *c = handle->data;
    c->closed = true;
    release(c);
}

static void drop_client(struct client *c)
{
    if (c->gone)
        return;
    c->gone = true;
    struct client **at = &c->control->clients;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->control->count--;
    uv_close((uv_handle_t *)&c->pipe, on_client_closed);
}

static void on_written(uv_write_t *request, int status)
{
    struct line_out *out = request->data;
    out->client->behind -= out->length;
    if (status != 0)
        drop_client(out->client);
    free(out->text);
    free(out);
}

/* Takes `object`. False if it could not be put on its way. */
static bool send_line(struct client *c, json_t *object)
{
    struct line_out *out = NULL;
    char *text = c->gone ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (!text)
        return false;
    size_t length = strlen(text);
    out = c->behind + length > BACKLOG_MAX ? NULL : calloc(1, sizeof *out);
    if (!out) {
        free(text);
        return false;
    }
    text[length] = '\n'; /* in place of the NUL: the length is kept apart */
    *out = (struct line_out){.client = c, .length = length + 1, .text = text};
    out->request.data = out;
    uv_buf_t buffer = uv_buf_init(text, (unsigned)out->length);
    c->behind += out->length;
    if (uv_write(&out->request, (uv_stream_t *)&c->pipe, &buffer, 1, on_written) != 0) {
        c->behind -= out->length;
        free(out->text);
        free(out);
        drop_client(c);
        return false;
    }
    return true;
}

static void finish(struct control_request *request)
{
    struct client *c = request->client;
    free(request);
    c->requests--;
    release(c);
}

void control_reply(struct control_request *request, json_t *answer)
{
    json_t *object = json_pack("{sb}", "ok", 1);
    if (answer)
        json_object_update(object, answer);
    json_decref(answer);
    send_line(request->client, object);
    finish(request);
}

void control_fail(struct control_request *request, const char *format, ...)
{
    char text[600];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *message = json_string(text);
    if (!message)
        message = json_string("the message is not UTF-8");
    send_line(request->client, json_pack("{sb,so}", "ok", 0, "error", message));
    finish(request);
}

bool control_send(struct control_request *request, json_t *line)
{
    return send_line(request->client, line);
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
    for (const struct client *c = control->clients; c; c = c->next) {
        if (c->watching)
            return true;
    }
    return false;
}

void control_publish(struct control *control, json_t *line)
{
    struct client *next;
    for (struct client *c = control->clients; c; c = next) {
        next = c->next;
        if (!c->watching)
            continue;
        if (c->lost > 0 &&
            send_line(c, json_pack("{ss,sI}", "what", "lost", "count", (json_int_t)c->lost)))
            c->lost = 0;
        if (!send_line(c, json_incref(line)))
            c->lost++;
    }
    json_decref(line);
}

uid_t control_uid(const struct control_request *request)
{
    return request->client->uid;
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

static void on_allocate(uv_handle_t *handle, size_t wish, uv_buf_t *buffer)
{
    (void)wish;
    struct client *c = handle->data;
    *buffer = uv_buf_init(c->line + c->used, (unsigned)(sizeof c->line - c->used));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    (void)buffer;
    struct client *c = stream->data;
    if (got < 0) {
        drop_client(c);
        return;
    }
    c->used += (size_t)got;
    char *start = c->line, *end;
    c->requests++; /* a command may drop the client under us */
    while (!c->gone && (end = memchr(start, '\n', c->used - (size_t)(start - c->line)))) {
        run_line(c, start, (size_t)(end - start));
        start = end + 1;
    }
    c->used -= (size_t)(start - c->line);
    memmove(c->line, start, c->used);
    if (c->used == sizeof c->line)
        drop_client(c);
    c->requests--;
    release(c);
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

static void on_connection(uv_stream_t *listener, int status)
{
    struct control *control = listener->data;
    if (status != 0)
        return;
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return;
    c->control = control;
    uv_pipe_init(control->loop, &c->pipe, 0);
    c->pipe.data = c;
    c->next = control->clients;
    control->clients = c;
    control->count++;
    if (uv_accept(listener, (uv_stream_t *)&c->pipe) != 0 || control->count > CONTROL_CLIENTS_MAX ||
        uv_read_start((uv_stream_t *)&c->pipe, on_allocate, on_read) != 0) {
        drop_client(c);
        return;
    }
    c->uid = peer_uid(&c->pipe);
}

/* Whether somebody answers on the socket: then it is not ours to replace. */
static bool is_alive(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool alive = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return alive;
}

static void destroy(uv_handle_t *handle)
{
    free(handle->data);
}

int control_open(uv_loop_t *loop, const char *path, const struct control_command *commands,
                 void *arg, struct control **ret_control, struct err *e)
{
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return err_set(e, ENAMETOOLONG, "%s: a socket's path may have 107 bytes", path);
    if (is_alive(path))
        return err_set(e, EADDRINUSE, "%s: another tocsind answers there", path);
    unlink(path);
    struct control *control = calloc(1, sizeof *control);
    if (!control)
        return err_set(e, ENOMEM, "control: out of memory");
    control->loop = loop;
    control->commands = commands;
    control->arg = arg;
    snprintf(control->path, sizeof control->path, "%s", path);
    uv_pipe_init(loop, &control->listener, 0);
    control->listener.data = control;
    /* Nobody but the group may connect even for the moment before the chmod. */
    mode_t old = umask(0117);
    int result = uv_pipe_bind(&control->listener, path);
    umask(old);
    if (result == 0)
        result = uv_listen((uv_stream_t *)&control->listener, 16, on_connection);
    if (result != 0) {
        uv_close((uv_handle_t *)&control->listener, destroy);
        return err_system(e, -result, "%s", path);
    }
    *ret_control = control;
    return 0;
}

void control_close(struct control *control)
{
    if (!control)
        return;
    while (control->clients)
        drop_client(control->clients);
    unlink(control->path);
    uv_close((uv_handle_t *)&control->listener, destroy);
}
