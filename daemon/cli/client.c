/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/lines.h"
#include "cli/text.h"

#define LINE_MAX_BYTES (16u << 20)
#define WATCH          "{\"command\":\"watch\"}\n"

struct client {
    int fd;
    bool silent;  /* it was, for too long: that was said */
    bool watches; /* it asked for that: to ask once more does nothing but show that tocsind lives */
    struct lines lines;
};

static const char *socket_path;

void client_set_socket(const char *path)
{
    socket_path = path;
}

static const char *path_of_socket(void)
{
    const char *path = socket_path ? socket_path : getenv("TOCSIN_SOCKET");
    return path ? path : "/run/tocsin/control.sock";
}

static void explain(const char *path, int code)
{
    fprintf(stderr, "tocsin: %s: %s\n", path, strerror(code));
    if (code == ENOENT || code == ECONNREFUSED)
        fprintf(stderr, "tocsin: tocsind is not running; see: systemctl status tocsind\n");
    else if (code == EACCES)
        fprintf(stderr, "tocsin: you must be in group tocsin: adduser $USER tocsin, and log in "
                        "again\n");
}

static bool send_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* The other side has closed before it was asked: what it says is there to be read. */
static bool is_refused(int code)
{
    return code == EPIPE || code == ECONNRESET;
}

struct client *client_open(json_t *request)
{
    const char *path = path_of_socket();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct client *c = calloc(1, sizeof *c);
    char *text = json_dumps(request, JSON_COMPACT);
    const char *command = json_string_value(json_object_get(request, "command"));
    if (!c || !text)
        abort();
    c->watches = command && strcmp(command, "watch") == 0;
    json_decref(request);
    lines_init(&c->lines, LINE_MAX_BYTES);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path || c->fd < 0 ||
        connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        ((!send_all(c->fd, text, strlen(text)) || !send_all(c->fd, "\n", 1)) &&
         !is_refused(errno))) {
        explain(path, strlen(path) >= sizeof address.sun_path ? ENAMETOOLONG : errno);
        client_close(c);
        c = NULL;
    }
    free(text);
    return c;
}

void client_close(struct client *c)
{
    if (!c)
        return;
    if (c->fd >= 0)
        close(c->fd);
    lines_finish(&c->lines);
    free(c);
}

static bool read_more(struct client *c)
{
    size_t size;
    char *room = lines_room(&c->lines, &size);
    if (!room)
        abort();
    ssize_t got = recv(c->fd, room, size, 0);
    c->silent = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (c->silent)
        fprintf(stderr, "tocsin: tocsind did not answer within %d s\n", CLIENT_WAIT_S);
    if (got <= 0)
        return false;
    lines_fill(&c->lines, (size_t)got);
    return true;
}

json_t *client_read(struct client *c, bool forever)
{
    struct timeval limit = {.tv_sec = forever ? 0 : CLIENT_WAIT_S};
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    for (;;) {
        size_t length;
        const char *line = lines_next(&c->lines, &length);
        if (line)
            return json_loadb(line, length, 0, NULL);
        if (!read_more(c))
            return NULL;
    }
}

/* The connection of a tocsind that was stopped, or killed and hangs in a disk, stays open: who was
 * told nothing for long asks, and who is asked in vain is gone. */
static bool is_still_there(struct client *c, bool was_asked)
{
    if (!was_asked && (send_all(c->fd, WATCH, strlen(WATCH)) || is_refused(errno)))
        return true;
    fprintf(stderr, "tocsin: tocsind does not answer any more: it has said nothing for %d s\n",
            2 * CLIENT_QUIET_S);
    c->silent = true;
    return false;
}

bool client_wait(struct client *c, const sigset_t *mask)
{
    struct pollfd readable = {.fd = c->fd, .events = POLLIN};
    const struct timespec quiet = {.tv_sec = CLIENT_QUIET_S};
    bool was_asked = false;
    /* Half a line is nothing to read: the other half may never come. */
    while (!lines_has_next(&c->lines)) {
        int ready = ppoll(&readable, 1, c->watches ? &quiet : NULL, mask);
        if (ready < 0 || (ready == 0 && !is_still_there(c, was_asked)))
            return false;
        was_asked = ready == 0;
        if (ready > 0 && !read_more(c))
            return true; /* the end, and client_read finds it again */
    }
    return true;
}

json_t *client_answer(struct client *c)
{
    json_t *answer = client_read(c, false);
    if (!answer && !c->silent)
        fprintf(stderr, "tocsin: tocsind closed the connection without an answer\n");
    if (answer && !json_is_true(json_object_get(answer, "ok"))) {
        text_print_error(json_string_value(json_object_get(answer, "error")));
        json_decref(answer);
        answer = NULL;
    }
    return answer;
}

json_t *client_ask(json_t *request)
{
    struct client *c = client_open(request);
    json_t *answer = c ? client_answer(c) : NULL;
    client_close(c);
    return answer;
}
