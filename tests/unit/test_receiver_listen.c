/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "listen.h"
#include "run_suite.h"

static struct sockaddr_in loopback(in_port_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static struct sockaddr_in bound_to(int fd)
{
    struct sockaddr_in at;
    socklen_t length = sizeof at;
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &length), 0);
    return at;
}

static int connect_to(const struct sockaddr_in *at)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)at, sizeof *at), 0);
    return fd;
}

START_TEST(it_listens_where_it_was_told)
{
    struct sockaddr_in any = loopback(0);
    int fd = listen_open(&any);
    ck_assert_int_ge(fd, 0);
    struct sockaddr_in at = bound_to(fd);
    ck_assert_uint_eq(at.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
    ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    close(connect_to(&at));
    close(fd);
}
END_TEST

START_TEST(a_port_in_use_is_told_as_such)
{
    struct sockaddr_in any = loopback(0);
    int first = listen_open(&any);
    struct sockaddr_in at = bound_to(first);
    ck_assert_int_eq(listen_open(&at), -EADDRINUSE);
    close(first);
}
END_TEST

START_TEST(a_foreign_address_is_told_as_such)
{
    struct sockaddr_in foreign = loopback(0);
    ck_assert_int_eq(inet_pton(AF_INET, "192.0.2.1", &foreign.sin_addr), 1);
    ck_assert_int_eq(listen_open(&foreign), -EADDRNOTAVAIL);
}
END_TEST

START_TEST(a_port_is_had_again_while_old_connections_linger)
{
    struct sockaddr_in any = loopback(0);
    int first = listen_open(&any);
    struct sockaddr_in at = bound_to(first);
    int client = connect_to(&at);
    int served = accept(first, NULL, NULL);
    ck_assert_int_ge(served, 0);
    close(served); /* who closes first keeps the port for a while */
    close(client);
    close(first);
    int again = listen_open(&at);
    ck_assert_int_ge(again, 0);
    close(again);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver listen");
    TCase *cases = tcase_create("listen");
    tcase_add_test(cases, it_listens_where_it_was_told);
    tcase_add_test(cases, a_port_in_use_is_told_as_such);
    tcase_add_test(cases, a_foreign_address_is_told_as_such);
    tcase_add_test(cases, a_port_is_had_again_while_old_connections_linger);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
