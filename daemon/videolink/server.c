/* SPDX-License-Identifier: Apache-2.0 */
/* The end of tocsin-video: a listening socket and the cores that connected to it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "videolink/connection.h"

/* One core, and room for the one that is about to notice that it was replaced. */
#define CONNECTIONS_MAX 8

struct videolink_server {
    uv_pipe_t listener;
    struct videolink_server_host host;
    char *socket_path;
    struct connection *connections;
    size_t connection_count;
};

static void forget(struct videolink_server *s, struct connection *connection)
{
    for (struct connection **at = &s->connections; *at; at = &(*at)->next) {
        if (*at == connection) {
            *at = connection->next;
            s->connection_count--;
            return;
        }
    }
}

static void on_gone(struct connection *connection, const char *reason)
{
    char quoted[512];
    log_info("videolink", "a core disconnected: %s", log_quote(quoted, sizeof quoted, reason));
    forget(connection->host.arg, connection);
}

static void on_message(void *arg, const struct videolink_message *message)
{
    struct videolink_server *s = arg;
    switch (message->type) {
    case VIDEOLINK_TYPE_ALARM:
    case VIDEOLINK_TYPE_ALARM_OVER:
    case VIDEOLINK_TYPE_CLIP_STORED:
    case VIDEOLINK_TYPE_CLIP_DONE:
        s->host.on_message(s->host.arg, message);
        return;
    case VIDEOLINK_TYPE_CAMERA:
    case VIDEOLINK_TYPE_CLIP:
    case VIDEOLINK_TYPE_CLIP_HELD:
        return; /* our own kinds */
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct videolink_server *s = listener->data;
    struct connection_host host = {.on_message = on_message, .on_gone = on_gone, .arg = s};
    struct connection *connection;
    struct err e;
    if (status != 0 || connection_create(listener->loop, &host, &connection, &e) != 0)
        return;
    if (uv_accept(listener, (uv_stream_t *)&connection->pipe) != 0 ||
        s->connection_count >= CONNECTIONS_MAX || connection_start(connection, &e) != 0) {
        connection_close(connection);
        return;
    }
    connection->next = s->connections;
    s->connections = connection;
    s->connection_count++;
    s->host.on_connect(s->host.arg);
}

/* Whether somebody accepts on the socket: then it is not ours to replace. */
static bool is_served(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool served =
        connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN;
    close(fd);
    return served;
}

static int open_socket(const char *path, int *ret_fd, struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(e, ENAMETOOLONG, "video.socket: %s: longer than %zu bytes", path,
                       sizeof address.sun_path - 1);
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (is_served(&address))
        return err_set(e, EADDRINUSE, "video.socket: %s: another tocsin-video listens there", path);
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_system(e, errno, "video.socket");
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || chmod(path, 0660) != 0) {
        int code = errno;
        close(fd);
        return err_system(e, code, "video.socket: %s", path);
    }
    *ret_fd = fd;
    return 0;
}

int videolink_server_create(uv_loop_t *loop, const char *socket_path,
                            const struct videolink_server_host *host,
                            struct videolink_server **ret_server, struct err *e)
{
    int fd, result = open_socket(socket_path, &fd, e);
    if (result != 0)
        return result;
    struct videolink_server *s = calloc(1, sizeof *s);
    if (!s || !(s->socket_path = strdup(socket_path))) {
        free(s);
        close(fd);
        return err_set(e, ENOMEM, "videolink: out of memory");
    }
    s->host = *host;
    uv_pipe_init(loop, &s->listener, 0);
    s->listener.data = s;
    result = uv_pipe_open(&s->listener, fd);
    if (result == 0)
        result = uv_listen((uv_stream_t *)&s->listener, 4, on_connection);
    if (result != 0) {
        videolink_server_close(s);
        return err_system(e, -result, "video.socket: %s", socket_path);
    }
    *ret_server = s;
    return 0;
}

int videolink_server_send(struct videolink_server *s, const struct videolink_message *message,
                          struct err *e)
{
    char *line;
    size_t length;
    if (!s->connections)
        return 0;
    int result = videolink_encode(message, &line, &length, e);
    if (result != 0)
        return result;
    for (struct connection *c = s->connections; c; c = c->next) {
        char *copy = malloc(length);
        if (copy) {
            memcpy(copy, line, length);
            connection_send(c, copy, length);
        }
    }
    free(line);
    return 0;
}

static void destroy(uv_handle_t *handle)
{
    struct videolink_server *s = handle->data;
    free(s->socket_path);
    free(s);
}

void videolink_server_close(struct videolink_server *s)
{
    if (!s)
        return;
    while (s->connections) {
        struct connection *c = s->connections;
        s->connections = c->next;
        connection_close(c);
    }
    unlink(s->socket_path);
    uv_close((uv_handle_t *)&s->listener, destroy);
}
