/* SPDX-License-Identifier: Apache-2.0 */
/* The line between tocsind and tocsin-video when one end is there and does nothing: stopped, or
 * killed over a disk that does not answer. A second is ten milliseconds here. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "run_suite.h"
#include "videolink/link.h"

#define CAMERA                                                                                     \
    "{\"type\":\"camera\",\"camera\":\"gate\",\"state\":\"online\",\"reason\":\"\",\"restarts\":"  \
    "0}\n"

static uv_loop_t loop;
static uv_timer_t limit, seconds;
static char folder[64], path[96], down_reason[100];
static struct link_server *server;
static struct link_client *client;
static unsigned server_up, client_up, client_down, heard, seconds_passed;

static uv_timer_t *silence; /* the last that repeats: with a client alone it is of its silence */
static uv_timer_cb count_silence;
static bool is_busy; /* hearing one message takes a second */
static unsigned failures;

int64_t __real_backoff_delay_ms(unsigned count, int64_t base_ms, int64_t cap_ms, uint32_t random);
int64_t __wrap_backoff_delay_ms(unsigned count, int64_t base_ms, int64_t cap_ms, uint32_t random);
int64_t __wrap_backoff_delay_ms(unsigned count, int64_t base_ms, int64_t cap_ms, uint32_t random)
{
    failures = count;
    return __real_backoff_delay_ms(count, base_ms, cap_ms, random);
}

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb run, uint64_t after, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb run, uint64_t after, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb run, uint64_t after, uint64_t repeat)
{
    if (repeat > 0 && timer != &seconds) {
        silence = timer;
        count_silence = run;
    }
    return __real_uv_timer_start(timer, run, after / 100, repeat / 100);
}

static void on_limit(uv_timer_t *timer)
{
    (void)timer;
    ck_abort_msg("waited in vain: up %u, down %u, heard %u", client_up, client_down, heard);
}

static void on_second(uv_timer_t *timer)
{
    (void)timer;
    seconds_passed++;
}

static void on_server_up(void *arg)
{
    (void)arg;
    server_up++;
}

static void on_server_down(void *arg, const char *reason)
{
    (void)arg;
    (void)reason;
}

static void on_client_up(void *arg)
{
    (void)arg;
    client_up++;
}

static void on_client_down(void *arg, const char *reason)
{
    (void)arg;
    client_down++;
    snprintf(down_reason, sizeof down_reason, "%s", reason);
}

/* A beat is nobody's to hear. */
static void on_message(void *arg, const struct message *message)
{
    (void)arg;
    ck_assert_int_eq(message->type, MESSAGE_CAMERA);
    heard++;
    if (is_busy)
        count_silence(silence);
}

static void set_up(void)
{
    server = NULL;
    client = NULL;
    server_up = client_up = client_down = heard = seconds_passed = 0;
    failures = 0;
    is_busy = false;
    down_reason[0] = '\0';
    test_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/link.sock", folder);
    uv_loop_init(&loop);
    uv_timer_init(&loop, &limit);
    uv_timer_init(&loop, &seconds);
    __real_uv_timer_start(&limit, on_limit, (uint64_t)patience_ms(), 0);
    uv_timer_start(&seconds, on_second, 1000, 1000);
}

static void tear_down(void)
{
    link_client_close(client);
    link_server_close(server);
    uv_close((uv_handle_t *)&limit, NULL);
    uv_close((uv_handle_t *)&seconds, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    unlink(path);
    rmdir(folder);
}

static void open_server(void)
{
    struct err e;
    const struct link_handlers handlers = {on_server_up, on_server_down, on_message, NULL, NULL};
    ck_assert_int_eq(link_server_create(&loop, path, &handlers, &server, &e), 0);
}

static void open_client(void)
{
    struct err e;
    const struct link_handlers handlers = {on_client_up, on_client_down, on_message, NULL, NULL};
    ck_assert_int_eq(link_client_create(&loop, path, &handlers, &client, &e), 0);
}

static struct sockaddr_un address_of_path(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    return address;
}

/* The kernel takes connections for it, and it does nothing that the test does not say. */
static int listen_as_stopped(void)
{
    struct sockaddr_un address = address_of_path();
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    return fd;
}

static int take_next(int listener)
{
    int fd;
    while ((fd = accept(listener, NULL, NULL)) < 0)
        uv_run(&loop, UV_RUN_ONCE);
    return fd;
}

static void say(int fd)
{
    ck_assert_int_eq(write(fd, CAMERA, sizeof CAMERA - 1), sizeof CAMERA - 1);
}

START_TEST(who_falls_silent_is_gone_and_is_connected_to_anew)
{
    int listener = listen_as_stopped();
    open_client();
    int first = take_next(listener);
    say(first);
    while (client_down == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(client_up, 1);
    ck_assert_uint_eq(heard, 1);
    ck_assert(!link_client_is_up(client));
    ck_assert_str_eq(down_reason, "it has said nothing for 12 s");
    int second = take_next(listener);
    ck_assert_uint_eq(client_up, 1);
    say(second);
    while (client_up == 1)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert(link_client_is_up(client));
    close(first);
    close(second);
    close(listener);
}
END_TEST

/* Nor does the lamp hear of it as of one that was there and is gone. */
START_TEST(a_connection_to_who_never_spoke_is_none_and_is_made_anew)
{
    int listener = listen_as_stopped();
    open_client();
    int first = take_next(listener), second = take_next(listener);
    ck_assert_uint_eq(client_up + client_down, 0);
    ck_assert(!link_client_is_up(client));
    close(first);
    close(second);
    close(listener);
}
END_TEST

START_TEST(who_has_nothing_to_say_says_that_it_lives)
{
    open_server();
    open_client();
    while (seconds_passed < 60)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(client_up, 1);
    ck_assert_uint_eq(client_down + heard, 0);
    ck_assert(link_client_is_up(client));
}
END_TEST

/* A tocsind that was killed over a dead disk keeps its connection, too. */
START_TEST(who_comes_is_served_although_who_was_there_has_not_gone)
{
    struct sockaddr_un address = address_of_path();
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    open_server();
    ck_assert_int_eq(connect(dead, (struct sockaddr *)&address, sizeof address), 0);
    while (server_up == 0)
        uv_run(&loop, UV_RUN_ONCE);
    open_client();
    while (client_up == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(server_up, 2);
    close(dead);
}
END_TEST

/* A loop that is busy with what the other side has said. */
START_TEST(whom_we_do_not_come_to_read_is_not_silent)
{
    enum { LINES = 30 };
    char lines[LINES * (sizeof CAMERA - 1) + 1] = "";
    int listener = listen_as_stopped();
    for (int i = 0; i < LINES; i++)
        strcat(lines, CAMERA);
    open_client();
    int fd = take_next(listener);
    is_busy = true;
    ck_assert_int_eq(write(fd, lines, sizeof lines - 1), sizeof lines - 1);
    while (heard < LINES && client_down == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(heard, LINES);
    ck_assert_uint_eq(client_down, 0);
    close(fd);
    close(listener);
}
END_TEST

START_TEST(who_was_there_is_tried_again_as_soon_as_at_first)
{
    open_client();
    while (failures < 3)
        uv_run(&loop, UV_RUN_ONCE);
    open_server();
    while (client_up == 0)
        uv_run(&loop, UV_RUN_ONCE);
    link_server_close(server);
    server = NULL;
    while (client_down == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(failures, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("videolink_silence");
    TCase *tc = tcase_create("silence");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, who_falls_silent_is_gone_and_is_connected_to_anew);
    tcase_add_test(tc, a_connection_to_who_never_spoke_is_none_and_is_made_anew);
    tcase_add_test(tc, who_has_nothing_to_say_says_that_it_lives);
    tcase_add_test(tc, who_comes_is_served_although_who_was_there_has_not_gone);
    tcase_add_test(tc, whom_we_do_not_come_to_read_is_not_silent);
    tcase_add_test(tc, who_was_there_is_tried_again_as_soon_as_at_first);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
