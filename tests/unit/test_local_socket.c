/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a socket's file is: who answers keeps it, and nobody else. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/local_socket.h"
#include "half_dead.h"
#include "run_suite.h"

static char folder[TEST_FOLDER_SIZE];
static char path[64];

static bool hides_peers;

int __real_getsockopt(int fd, int level, int option, void *value, socklen_t *length);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *length);
int __wrap_getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
    errno = ENOPROTOOPT;
    return hides_peers ? -1 : __real_getsockopt(fd, level, option, value, length);
}

static void make_folder(void)
{
    test_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/control.sock", folder);
}

static void remove_folder(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static int listen_there(void)
{
    struct err e;
    int fd;
    ck_assert_msg(local_socket_bind(path, &fd, &e) == 0, "%s", e.text);
    ck_assert_int_eq(listen(fd, 5), 0);
    return fd;
}

static int connect_there(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void check_answers(int listening)
{
    int client = connect_there(), accepted = accept(listening, NULL, NULL);
    ck_assert_int_ge(accepted, 0);
    close(accepted);
    close(client);
}

START_TEST(who_answers_keeps_it)
{
    struct err e;
    int other, fd = listen_there();
    ck_assert_int_eq(local_socket_bind(path, &other, &e), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(e.text, "another process listens there already"));
    while (accept(fd, NULL, NULL) >= 0) /* who asked */
        ;
    check_answers(fd);
    close(fd);
}
END_TEST

/* They come, are not taken, and go. */
static void call_until_no_more_fit(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int caller, result;
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    do {
        caller = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        result = connect(caller, (struct sockaddr *)&address, sizeof address);
        ck_assert(result == 0 || errno == EAGAIN);
        close(caller);
    } while (result == 0);
}

START_TEST(who_has_more_callers_than_it_can_take_keeps_it)
{
    struct err e;
    int other, fd = listen_there();
    call_until_no_more_fit();
    ck_assert_int_eq(local_socket_bind(path, &other, &e), -EADDRINUSE);
    close(fd);
}
END_TEST

START_TEST(who_answers_and_is_not_seen_keeps_it)
{
    struct err e;
    int other, fd = listen_there();
    hides_peers = true;
    ck_assert_int_eq(local_socket_bind(path, &other, &e), -EADDRINUSE);
    hides_peers = false;
    close(fd);
}
END_TEST

START_TEST(one_that_nobody_serves_is_replaced)
{
    close(listen_there());
    int fd = listen_there();
    check_answers(fd);
    close(fd);
}
END_TEST

/* Or what is bound is another name, which nobody looks for. */
START_TEST(a_path_that_a_socket_cannot_have_is_refused)
{
    struct sockaddr_un address;
    char too_long[sizeof address.sun_path + 1];
    struct err e;
    int fd;
    memset(too_long, 'x', sizeof too_long);
    too_long[sizeof address.sun_path] = '\0';
    ck_assert_int_eq(local_socket_bind(too_long, &fd, &e), -ENAMETOOLONG);
}
END_TEST

/* Its disk is dead, and its control socket takes whoever connects, for as long as that lasts. */
START_TEST(one_of_a_process_that_was_killed_and_hangs_is_replaced)
{
    pid_t pid = fork();
    if (pid == 0) {
        listen_there();
        half_dead_become();
    }
    half_dead_await(pid);
    close(connect_there()); /* which says nothing */
    int fd = listen_there();
    check_answers(fd);
    half_dead_end(pid);
    check_answers(fd);
    close(fd);
}
END_TEST

/* It hung before it was killed, and clients came and went meanwhile. */
START_TEST(one_of_such_a_process_is_replaced_also_when_its_queue_is_full)
{
    pid_t pid = fork();
    if (pid == 0) {
        listen_there();
        half_dead_become();
    }
    half_dead_await(pid);
    call_until_no_more_fit();
    int fd = listen_there();
    check_answers(fd);
    half_dead_end(pid);
    close(fd);
}
END_TEST

START_TEST(what_another_has_too_is_not_the_dead_ones_alone)
{
    struct err e;
    int other, fd = listen_there();
    pid_t pid = fork();
    if (pid == 0)
        half_dead_become();
    half_dead_await(pid);
    call_until_no_more_fit();
    ck_assert_int_eq(local_socket_bind(path, &other, &e), -EADDRINUSE);
    half_dead_end(pid);
    close(fd);
}
END_TEST

START_TEST(what_is_no_socket_is_left_there)
{
    struct err e;
    int fd;
    close(open(path, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(local_socket_bind(path, &fd, &e), -EEXIST);
    ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("local_socket");
    TCase *tc = tcase_create("socket");
    tcase_add_checked_fixture(tc, make_folder, remove_folder);
    tcase_add_test(tc, a_path_that_a_socket_cannot_have_is_refused);
    tcase_add_test(tc, who_answers_keeps_it);
    tcase_add_test(tc, who_has_more_callers_than_it_can_take_keeps_it);
    tcase_add_test(tc, who_answers_and_is_not_seen_keeps_it);
    tcase_add_test(tc, one_that_nobody_serves_is_replaced);
    tcase_add_test(tc, one_of_a_process_that_was_killed_and_hangs_is_replaced);
    tcase_add_test(tc, one_of_such_a_process_is_replaced_also_when_its_queue_is_full);
    tcase_add_test(tc, what_another_has_too_is_not_the_dead_ones_alone);
    tcase_add_test(tc, what_is_no_socket_is_left_there);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
