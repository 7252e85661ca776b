/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told, also where it stands still: a socket of the test's that is read or not. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop/service.h"
#include "run_suite.h"

static uv_loop_t loop;
static struct service *service;
static int manager, free_fd;
static char folder[TEST_FOLDER_SIZE];
static char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
static char said[20000]; /* each message between '[' and ']' */

static void open_manager(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, sizeof path, "%s", name);
    memcpy(address.sun_path, path, sizeof path);
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, length), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    unsetenv("WATCHDOG_USEC");
    said[0] = '\0';
    uv_loop_init(&loop);
    free_fd = dup(manager);
    close(free_fd);
    ck_assert_int_eq(service_create(&loop, &service, NULL), 0);
}

static void set_up_path(void)
{
    char name[sizeof path];
    test_folder(folder, sizeof folder);
    snprintf(name, sizeof name, "%s/notify", folder);
    open_manager(name);
}

static void set_up_abstract(void)
{
    char name[sizeof path];
    snprintf(name, sizeof name, "@test_service.%d", (int)getpid());
    open_manager(name);
}

static void tear_down(void)
{
    service_close(service);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(dup(manager), free_fd); /* nothing stays open */
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    close(manager);
    if (path[0] == '/') {
        unlink(path);
        rmdir(folder);
    }
}

static const char *read_all(void)
{
    size_t used = strlen(said);
    char message[1000];
    for (ssize_t got; (got = recv(manager, message, sizeof message, 0)) >= 0;)
        used += (size_t)snprintf(said + used, sizeof said - used, "[%.*s]", (int)got, message);
    return said;
}

/* systemd's socket takes no more of what has no newest state. */
static void fill(void)
{
    for (int i = 0; i < 1000; i++)
        service_feed(service);
}

static void turn(uv_timer_t *timer)
{
    (void)timer;
}

/* Until it has been said, however busy the machine is. */
static void wait_for(const char *message)
{
    int64_t end_ns = (int64_t)uv_hrtime() + patience_ms() * 1000000;
    uv_timer_t alive; /* what the service has open keeps no loop going */
    uv_timer_init(&loop, &alive);
    uv_timer_start(&alive, turn, 10, 10);
    while (!strstr(read_all(), message) && (int64_t)uv_hrtime() < end_ns)
        uv_run(&loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&alive, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_msg(strstr(said, message), "%s was not said: %s", message, said);
}

START_TEST(what_there_is_to_say_is_said_at_once)
{
    service_ready(service);
    service_status(service, "lamp %s", "ready");
    service_feed(service);
    service_reloading(service);
    read_all();
    ck_assert_ptr_nonnull(
        strstr(said, "[READY=1][STATUS=lamp ready][WATCHDOG=1][RELOADING=1\nMONOTONIC_USEC="));
    service_close(service);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_ptr_nonnull(strstr(read_all(), "[STOPPING=1]"));
    service = NULL;
}
END_TEST

START_TEST(nobody_waits_for_a_systemd_that_stands_still_and_it_is_told_when_it_goes_on)
{
    fill();
    service_ready(service);
    service_status(service, "lamp %s", "fault");
    for (int i = 0; i < 1000; i++)
        service_status(service, "lamp %d", i);
    wait_for("[STATUS=lamp 999]");
    const char *ready = strstr(said, "[READY=1]");
    ck_assert_ptr_nonnull(ready);
    ck_assert_str_eq(ready,
                     "[READY=1][STATUS=lamp 999]"); /* in order, the newest state, each once */
}
END_TEST

START_TEST(a_reload_in_the_meantime_is_told_in_its_order)
{
    fill();
    service_reloading(service);
    service_status(service, "lamp fault");
    service_ready(service);
    service_status(service, "lamp ready");
    wait_for("[STATUS=lamp ready]");
    const char *reload = strstr(said, "[RELOADING=1\n");
    ck_assert_ptr_nonnull(reload);
    ck_assert_ptr_nonnull(strstr(reload, "][STATUS=lamp fault][READY=1][STATUS=lamp ready]"));
}
END_TEST

START_TEST(what_was_not_taken_is_bounded_and_the_newest_is_kept)
{
    fill();
    for (int i = 0; i < 100; i++) {
        service_status(service, "lamp %d", i);
        service_ready(service);
    }
    service_status(service, "lamp last");
    wait_for("[STATUS=lamp last]");
}
END_TEST

START_TEST(a_systemd_that_is_gone_holds_nobody_up)
{
    ck_assert_int_eq(dup2(STDIN_FILENO, manager), manager);
    service_ready(service);
    service_status(service, "lamp ready");
}
END_TEST

START_TEST(nobody_is_told_where_nobody_asked)
{
    struct service *other;
    setenv("NOTIFY_SOCKET", "notify", 1); /* neither a path nor a name */
    ck_assert_int_eq(service_create(&loop, &other, NULL), 0);
    service_ready(other);
    service_feed(other);
    service_close(other);
    unsetenv("NOTIFY_SOCKET");
    ck_assert_int_eq(service_create(&loop, &other, NULL), 0);
    service_ready(other);
    service_close(other);
    ck_assert_str_eq(read_all(), "");
}
END_TEST

START_TEST(the_watchdog_is_fed_while_the_loop_turns)
{
    struct service *fed;
    setenv("WATCHDOG_USEC", "20000", 1);
    ck_assert_int_eq(service_create(&loop, &fed, NULL), 0);
    wait_for("[WATCHDOG=1][WATCHDOG=1]");
    service_close(fed);
}
END_TEST

static TCase *over(const char *name, void (*set_up)(void))
{
    TCase *tc = tcase_create(name);
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, what_there_is_to_say_is_said_at_once);
    tcase_add_test(tc, nobody_waits_for_a_systemd_that_stands_still_and_it_is_told_when_it_goes_on);
    return tc;
}

int main(void)
{
    Suite *suite = suite_create("service");
    TCase *tc = over("path", set_up_path);
    tcase_add_test(tc, a_reload_in_the_meantime_is_told_in_its_order);
    tcase_add_test(tc, what_was_not_taken_is_bounded_and_the_newest_is_kept);
    tcase_add_test(tc, a_systemd_that_is_gone_holds_nobody_up);
    tcase_add_test(tc, nobody_is_told_where_nobody_asked);
    tcase_add_test(tc, the_watchdog_is_fed_while_the_loop_turns);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, over("abstract", set_up_abstract));
    return run_suite(suite);
}
