/* SPDX-License-Identifier: Apache-2.0 */
#include "control_world.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "test_folder.h"

static void run_echo(void *arg, struct control_request *request, const json_t *arguments)
{
    struct fixture *f = arg;
    f->served++;
    f->of_client[(size_t)json_integer_value(json_object_get(arguments, "text")) % 3]++;
    control_reply(request, json_pack("{sO}", "text", json_object_get(arguments, "text")));
}

static void run_later(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    struct fixture *f = arg;
    f->kept = request;
    f->served++;
}

/* Takes its time, and notes when. */
static void run_busy(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    struct fixture *f = arg;
    unsigned i = f->served++ % 8;
    f->begun_ns[i] = clock_monotonic_ns();
    while (clock_monotonic_ns() < f->begun_ns[i] + 2000000)
        ;
    f->ended_ns[i] = clock_monotonic_ns();
    control_reply(request, NULL);
}

static void run_big(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    static char members[100000];
    int head = sprintf(members, "\"text\":\"");
    memset(members + head, 'x', sizeof members - (size_t)head - 1);
    members[sizeof members - 1] = '"';
    ((struct fixture *)arg)->served++;
    control_reply_text(request, members, sizeof members);
}

static void run_who(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arg;
    (void)arguments;
    char name[CONTROL_NAME_SIZE];
    control_user(request, name);
    control_reply(request, json_pack("{ss}", "name", name));
}

static void on_taken(void *arg, bool there)
{
    struct fixture *f = arg;
    ck_assert(!f->told);
    f->told = true;
    f->there = there;
    control_send(f->kept, json_pack("{sb}", "end", there));
    control_end(f->kept);
}

/* A stream of a megabyte, and one line more when that was taken. */
static void run_stream(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    struct fixture *f = arg;
    static char lines[1000000];
    memset(lines, 'x', sizeof lines);
    lines[sizeof lines - 1] = '\n';
    f->kept = request;
    ck_assert(!control_when_read(request, on_taken, f)); /* nothing is on its way */
    ck_assert(control_send_text(request, lines, sizeof lines));
    ck_assert(control_when_read(request, on_taken, f));
    ck_assert(!f->told);
}

static void run_watch(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arg;
    (void)arguments;
    control_watch(request);
}

static const char *const echo_arguments[] = {"text", NULL};
static const struct control_command commands[] = {
    {"echo", echo_arguments, run_echo}, {"later", NULL, run_later}, {"watch", NULL, run_watch},
    {"busy", NULL, run_busy},           {"big", NULL, run_big},     {"who", NULL, run_who},
    {"stream", NULL, run_stream},       {NULL, NULL, NULL},
};

void open_control(struct fixture *f)
{
    struct err e;
    ck_assert_msg(control_bind(f->path, &f->socket, &e) == 0, "%s", e.text);
    ck_assert_msg(control_open(&f->loop, f->path, &f->socket, commands, f, &f->control, &e) == 0,
                  "%s", e.text);
}

struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    test_folder(f->folder, sizeof f->folder);
    snprintf(f->path, sizeof f->path, "%s/control.sock", f->folder);
    uv_loop_init(&f->loop);
    open_control(f);
    return f;
}

void end(struct fixture *f)
{
    control_close(f->control);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    ck_assert_int_ne(access(f->path, F_OK), 0);
    rmdir(f->folder);
    free(f);
}

int dial(struct fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", f->path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

void read_line(struct fixture *f, int fd, char *line, size_t size)
{
    for (;;) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        ssize_t got = recv(fd, line, size - 1, MSG_PEEK);
        char *stop = got > 0 ? memchr(line, '\n', (size_t)got) : NULL;
        if (stop) {
            ck_assert_int_eq(recv(fd, line, (size_t)(stop + 1 - line), 0), stop + 1 - line);
            *stop = '\0';
            return;
        }
        if (got == 0 || got == (ssize_t)size - 1)
            break;
    }
    line[0] = '\0';
}

void ask(struct fixture *f, int fd, const char *request, char *line, size_t size)
{
    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    read_line(f, fd, line, size);
}

void say(int fd, const char *text)
{
    ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* The linker gives us the clock: who was dropped may read while it stands still. */
int64_t stopped_ms;
int64_t __wrap_clock_monotonic_ms(void);

int64_t __wrap_clock_monotonic_ms(void)
{
    return stopped_ms ? stopped_ms : clock_monotonic_ns() / 1000000;
}

void turn(struct fixture *f, int times)
{
    for (int i = 0; i < times; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
}

size_t hear(struct fixture *f, int fd, size_t wanted, size_t at_once)
{
    static char block[1 << 20];
    size_t heard = 0;
    while (heard < wanted) {
        ssize_t got = recv(fd, block, at_once, 0);
        heard += got > 0 ? (size_t)got : 0;
        turn(f, 1);
    }
    return heard;
}

void turn_until_served(struct fixture *f, unsigned count)
{
    while (f->served < count)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(f->served, count);
}
