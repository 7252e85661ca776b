/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket with real clients, in one loop. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/control.h"
#include "run_suite.h"

struct fixture {
    uv_loop_t loop;
    char folder[32], path[64];
    struct control *control;
    struct control_request *kept; /* by "later" */
};

static void run_echo(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arg;
    control_reply(request, json_pack("{sO}", "text", json_object_get(arguments, "text")));
}

static void run_later(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    ((struct fixture *)arg)->kept = request;
}

static void run_watch(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arg;
    (void)arguments;
    control_watch(request);
}

static const char *const echo_arguments[] = {"text", NULL};
static const struct control_command commands[] = {
    {"echo", echo_arguments, run_echo},
    {"later", NULL, run_later},
    {"watch", NULL, run_watch},
    {NULL, NULL, NULL},
};

static struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct err e;
    strcpy(f->folder, "/tmp/tocsin-control-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/control.sock", f->folder);
    uv_loop_init(&f->loop);
    ck_assert_msg(control_open(&f->loop, f->path, commands, f, &f->control, &e) == 0, "%s", e.text);
    return f;
}

static void end(struct fixture *f)
{
    control_close(f->control);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    ck_assert_int_ne(access(f->path, F_OK), 0);
    rmdir(f->folder);
    free(f);
}

static int dial(struct fixture *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", f->path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Turns the loop until the client has a whole line, or the other side has closed ("" then). */
static void read_line(struct fixture *f, int fd, char *line, size_t size)
{
    int64_t deadline = clock_monotonic_ms() + 5000;
    size_t used = 0;
    while (clock_monotonic_ms() < deadline) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        ssize_t got = recv(fd, line + used, 1, 0);
        if (got == 0)
            break;
        if (got < 0)
            continue;
        if (line[used] == '\n' || used + 2 == size) {
            line[used] = '\0';
            return;
        }
        used++;
    }
    line[0] = '\0';
}

static void ask(struct fixture *f, int fd, const char *request, char *line, size_t size)
{
    ck_assert_int_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    read_line(f, fd, line, size);
}

START_TEST(a_request_is_answered_and_its_socket_is_for_the_group_alone)
{
    struct fixture *f = begin();
    struct stat st;
    char line[200];
    int fd = dial(f);
    ask(f, fd, "{\"command\":\"echo\",\"text\":\"门\"}\n", line, sizeof line);
    ck_assert_str_eq(line, "{\"ok\":true,\"text\":\"门\"}");
    ck_assert_int_eq(stat(f->path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0660);
    close(fd);
    end(f);
}
END_TEST

START_TEST(what_is_no_request_gets_a_sentence)
{
    static const char *const bad[][2] = {
        {"nonsense\n", "not a JSON object"},
        {"[]\n", "not a JSON object"},
        {"{}\n", "no such command"},
        {"{\"command\":7}\n", "no such command"},
        {"{\"command\":\"fire\"}\n", "no such command: fire"},
        {"{\"command\":\"later\",\"now\":1}\n", "takes no argument now"},
        {"{\"command\":\"echo\",\"command\":\"echo\"}\n", "not a JSON object"},
    };
    struct fixture *f = begin();
    char line[400];
    int fd = dial(f);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ask(f, fd, bad[i][0], line, sizeof line);
        ck_assert_msg(strstr(line, "\"ok\":false") && strstr(line, bad[i][1]), "%s", line);
    }
    close(fd);
    end(f);
}
END_TEST

START_TEST(a_line_without_end_closes_the_connection)
{
    struct fixture *f = begin();
    char line[100];
    static char junk[CONTROL_LINE_MAX + 1000];
    int fd = dial(f);
    memset(junk, 'x', sizeof junk);
    send(fd, junk, sizeof junk, MSG_NOSIGNAL);
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "");
    close(fd);
    end(f);
}
END_TEST

START_TEST(an_answer_to_a_client_that_is_gone_is_dropped)
{
    struct fixture *f = begin();
    int fd = dial(f);
    send(fd, "{\"command\":\"later\"}\n", 20, MSG_NOSIGNAL);
    while (!f->kept)
        uv_run(&f->loop, UV_RUN_ONCE);
    close(fd);
    for (int i = 0; i < 10; i++)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    control_reply(f->kept, NULL);
    end(f);
}
END_TEST

START_TEST(a_watcher_that_does_not_read_is_bounded_and_told_what_it_lost)
{
    struct fixture *f = begin();
    char line[300], text[1000];
    int fd = dial(f);
    ask(f, fd, "{\"command\":\"watch\"}\n", line, sizeof line);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 20000; i++)
        control_publish(f->control, json_pack("{ss}", "what", text));
    /* 20 MB were said; what is behind is bounded, and the rest is counted, not kept. */
    size_t heard = 0;
    for (char block[65536];;) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        ssize_t got = recv(fd, block, sizeof block, 0);
        if (got <= 0)
            break;
        heard += (size_t)got;
    }
    ck_assert_uint_lt(heard, 6u << 20);
    control_publish(f->control, json_pack("{ss}", "what", "last"));
    read_line(f, fd, line, sizeof line);
    ck_assert_ptr_nonnull(strstr(line, "\"lost\""));
    read_line(f, fd, line, sizeof line);
    ck_assert_str_eq(line, "{\"what\":\"last\"}");
    close(fd);
    end(f);
}
END_TEST

START_TEST(a_stale_socket_is_replaced_and_a_live_one_is_not)
{
    struct fixture *f = begin();
    struct control *second;
    struct err e;
    ck_assert_int_eq(control_open(&f->loop, f->path, commands, f, &second, &e), -EADDRINUSE);
    end(f);
    f = begin();
    control_close(f->control);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0); /* bound, and nobody listens: left by a kill */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", f->path);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    ck_assert_int_eq(control_open(&f->loop, f->path, commands, f, &f->control, &e), 0);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("control");
    TCase *tc = tcase_create("control");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_request_is_answered_and_its_socket_is_for_the_group_alone);
    tcase_add_test(tc, what_is_no_request_gets_a_sentence);
    tcase_add_test(tc, a_line_without_end_closes_the_connection);
    tcase_add_test(tc, an_answer_to_a_client_that_is_gone_is_dropped);
    tcase_add_test(tc, a_watcher_that_does_not_read_is_bounded_and_told_what_it_lost);
    tcase_add_test(tc, a_stale_socket_is_replaced_and_a_live_one_is_not);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
