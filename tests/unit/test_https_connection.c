/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a connection may be trusted, and who is told. The linker hands libcurl and the clock to
 * this file; the sockets are real ones, so that the loop sees them close. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/uplink/https/connection.h"
#include "run_suite.h"

#define SECOND_NS INT64_C(1000000000)

static int64_t now_ns = 1000 * SECOND_NS;

int64_t __wrap_clock_monotonic_ns(void);

int64_t __wrap_clock_monotonic_ns(void)
{
    return now_ns;
}

/* libcurl: what it was told, and what it has to say at its next turn. */

static struct exchange exchanges[3];
static CURLMsg said[3];
static int said_count, said_read;
static unsigned with_curl, turns;
static long fresh;
static int adding;
static int sockets[2];
static curl_socket_callback on_socket;
static void *on_socket_arg, *assigned;

CURLM *__wrap_curl_multi_init(void);
CURLMcode __wrap_curl_multi_cleanup(CURLM *multi);
CURLMcode __wrap_curl_multi_setopt(CURLM *multi, CURLMoption option, ...);
CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy);
CURLMcode __wrap_curl_multi_remove_handle(CURLM *multi, CURL *easy);
CURLMcode __wrap_curl_multi_assign(CURLM *multi, curl_socket_t socket, void *arg);
CURLMcode __wrap_curl_multi_socket_action(CURLM *multi, curl_socket_t socket, int flags,
                                          int *ret_running);
CURLMsg *__wrap_curl_multi_info_read(CURLM *multi, int *ret_left);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...);

CURLM *__wrap_curl_multi_init(void)
{
    return (CURLM *)&with_curl;
}

CURLMcode __wrap_curl_multi_cleanup(CURLM *multi)
{
    ck_assert(!multi || with_curl == 0);
    return CURLM_OK;
}

CURLMcode __wrap_curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    va_list arguments;
    (void)multi;
    va_start(arguments, option);
    if (option == CURLMOPT_SOCKETFUNCTION)
        on_socket = va_arg(arguments, curl_socket_callback);
    else if (option == CURLMOPT_SOCKETDATA)
        on_socket_arg = va_arg(arguments, void *);
    va_end(arguments);
    return CURLM_OK;
}

CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    (void)multi, (void)easy;
    with_curl += adding == 0;
    return adding == 0 ? CURLM_OK : CURLM_OUT_OF_MEMORY;
}

CURLMcode __wrap_curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
    (void)multi, (void)easy;
    with_curl--;
    return CURLM_OK;
}

CURLMcode __wrap_curl_multi_assign(CURLM *multi, curl_socket_t socket, void *arg)
{
    (void)multi, (void)socket;
    assigned = arg;
    return CURLM_OK;
}

CURLMcode __wrap_curl_multi_socket_action(CURLM *multi, curl_socket_t socket, int flags,
                                          int *ret_running)
{
    (void)multi, (void)socket, (void)flags;
    turns++;
    *ret_running = (int)with_curl;
    return CURLM_OK;
}

CURLMsg *__wrap_curl_multi_info_read(CURLM *multi, int *ret_left)
{
    (void)multi;
    *ret_left = said_count - said_read;
    return said_read < said_count ? &said[said_read++] : NULL;
}

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list arguments;
    (void)easy;
    va_start(arguments, option);
    if (option == CURLOPT_FRESH_CONNECT)
        fresh = va_arg(arguments, long);
    else
        ck_assert_int_eq(option, CURLOPT_PRIVATE);
    va_end(arguments);
    return CURLE_OK;
}

/* An easy handle is here the exchange that it is of. */
CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list arguments;
    va_start(arguments, info);
    if (info == CURLINFO_PRIVATE)
        *va_arg(arguments, void **) = easy;
    else if (info == CURLINFO_ACTIVESOCKET)
        *va_arg(arguments, curl_socket_t *) = sockets[0];
    va_end(arguments);
    return CURLE_OK;
}

/* The connection and those that it tells. */

static uv_loop_t loop;
static struct connection *connection;
static unsigned through, broken, closed, ends;
static CURLcode last;
static bool closes; /* whoever is told of an end closes the connection */

static void on_through(void *arg)
{
    ck_assert_ptr_eq(arg, &loop);
    through++;
}

static void on_broken(void *arg)
{
    ck_assert_ptr_eq(arg, &loop);
    broken++;
}

static void on_closed(void *arg)
{
    ck_assert_ptr_eq(arg, &loop);
    closed++;
}

static void on_over(struct exchange *exchange, CURLcode code)
{
    ck_assert(exchange >= exchanges && exchange < exchanges + 3);
    ends++;
    last = code;
    if (!closes)
        return;
    while (with_curl > 0)
        connection_remove(connection, &exchanges[1]);
    connection_close(connection);
    connection = NULL;
}

static void begin(void)
{
    const struct connection_handlers handlers = {
        .on_through = on_through, .on_broken = on_broken, .on_closed = on_closed, .arg = &loop};
    struct err e;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
    ck_assert_int_eq(connection_open(&loop, &handlers, &connection, &e), 0);
    for (size_t i = 0; i < 3; i++)
        exchanges[i] = (struct exchange){.easy = (CURL *)&exchanges[i], .on_over = on_over};
}

static void end(void)
{
    connection_close(connection);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    close(sockets[0]);
    close(sockets[1]);
}

static void add(size_t which)
{
    unsigned before = ends;
    ck_assert_int_eq(connection_add(connection, &exchanges[which]), 0);
    ck_assert_uint_eq(ends, before); /* never from within */
}

/* libcurl has finished it; it says so at its next turn. */
static void say(size_t which, CURLcode code)
{
    said[said_count++] =
        (CURLMsg){.msg = CURLMSG_DONE, .easy_handle = exchanges[which].easy, .data.result = code};
}

static void turn(void)
{
    unsigned before = turns;
    while (turns == before)
        uv_run(&loop,
               UV_RUN_NOWAIT); /* its timer is due; UV_RUN_ONCE might then wait for a socket */
}

static void exchange(CURLcode code)
{
    said_count = said_read = 0;
    add(0);
    say(0, code);
    turn();
    ck_assert_int_eq(last, code);
    said_count = said_read = 0;
}

START_TEST(a_new_one_is_cold_and_one_that_got_through_is_idle)
{
    ck_assert(!connection_is_idle(connection));
    ck_assert(connection_wants_proof(connection));
    ck_assert_int_eq(connection_proven_ns(connection), 0);
    unsigned before = turns;
    add(0);
    ck_assert_uint_eq(turns, before + 1); /* the bytes left at once */
    ck_assert_int_eq(fresh, 0);
    ck_assert(connection_is_used(connection));
    ck_assert(!connection_wants_proof(connection));
    say(0, CURLE_OK);
    turn();
    ck_assert_uint_eq(ends, 1);
    ck_assert_uint_eq(through, 1);
    ck_assert(!connection_is_used(connection));
    ck_assert(connection_is_idle(connection));
    ck_assert(!connection_wants_proof(connection));
    ck_assert_int_eq(connection_proven_ns(connection), now_ns);
    ck_assert_uint_eq(broken + closed, 0);
}
END_TEST

START_TEST(one_that_was_long_quiet_is_proven_again_and_then_not_trusted)
{
    exchange(CURLE_OK);
    now_ns += 45 * SECOND_NS;
    ck_assert(!connection_wants_proof(connection));
    now_ns += 1;
    ck_assert(connection_wants_proof(connection));
    ck_assert(connection_is_idle(connection));
    now_ns += 65 * SECOND_NS - 2;
    ck_assert(connection_is_idle(connection));
    now_ns += 1;
    ck_assert(!connection_is_idle(connection));
    ck_assert(connection_wants_proof(connection));
}
END_TEST

START_TEST(one_that_the_receiver_closes_while_it_is_idle_is_told_and_not_used_again)
{
    exchange(CURLE_OK);
    shutdown(sockets[1], SHUT_RDWR);
    while (closed == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(closed, 1);
    ck_assert_uint_eq(broken, 0);
    ck_assert(!connection_is_idle(connection));
    add(0);
    ck_assert_int_eq(fresh, 1);
    connection_remove(connection, &exchanges[0]);
}
END_TEST

START_TEST(one_that_broke_is_not_used_before_a_new_one_got_through)
{
    exchange(CURLE_OK);
    exchange(CURLE_RECV_ERROR);
    ck_assert_uint_eq(broken, 1);
    ck_assert_uint_eq(through, 1);
    ck_assert(!connection_is_idle(connection));
    add(0);
    ck_assert_int_eq(fresh, 1);
    add(1); /* while the new one is dialled, the old one is still not used */
    ck_assert_int_eq(fresh, 1);
    connection_remove(connection, &exchanges[0]);
    connection_remove(connection, &exchanges[1]);
    exchange(CURLE_OK);
    ck_assert(connection_is_idle(connection));
    add(0);
    ck_assert_int_eq(fresh, 0);
    connection_remove(connection, &exchanges[0]);
}
END_TEST

START_TEST(what_began_before_it_broke_does_not_bring_trust_back)
{
    add(0);
    if (_i == 0)
        connection_distrust(connection);
    else
        connection_broke(connection);
    ck_assert_uint_eq(broken, (unsigned)_i);
    say(0, CURLE_OK);
    turn();
    ck_assert_uint_eq(ends, 1);
    ck_assert(!connection_is_idle(connection));
    add(1);
    ck_assert_int_eq(fresh, 1);
    connection_remove(connection, &exchanges[1]);
}
END_TEST

START_TEST(it_is_idle_when_the_last_of_two_is_over)
{
    add(0);
    add(1);
    say(0, CURLE_OK);
    turn();
    ck_assert_uint_eq(ends, 1);
    ck_assert(connection_is_used(connection));
    ck_assert(!connection_is_idle(connection));
    say(1, CURLE_OK);
    add(2);
    connection_remove(connection, &exchanges[2]);
    turn();
    ck_assert_uint_eq(ends, 2);
    ck_assert(connection_is_idle(connection));
    shutdown(sockets[1], SHUT_RDWR); /* and is watched once */
    while (closed == 0)
        uv_run(&loop, UV_RUN_ONCE);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(closed, 1);
}
END_TEST

START_TEST(what_libcurl_does_not_take_leaves_nothing_behind)
{
    adding = -1;
    ck_assert_int_eq(connection_add(connection, &exchanges[0]), -EIO);
    ck_assert(!connection_is_used(connection));
}
END_TEST

START_TEST(whoever_is_told_of_an_end_may_close_it)
{
    closes = true;
    add(0);
    add(1);
    say(0, CURLE_OK);
    say(1, CURLE_OK);
    turn();
    ck_assert_uint_eq(ends, 1); /* the other one is told of nothing */
    ck_assert_ptr_null(connection);
}
END_TEST

START_TEST(a_socket_of_libcurls_is_watched_until_it_says_so)
{
    char byte = 'x';
    on_socket((CURL *)&exchanges[0], sockets[0], CURL_POLL_IN, on_socket_arg, NULL);
    ck_assert_ptr_nonnull(assigned);
    unsigned before = turns;
    ck_assert_int_eq(write(sockets[1], &byte, 1), 1);
    while (turns == before)
        uv_run(&loop, UV_RUN_ONCE);
    on_socket((CURL *)&exchanges[0], sockets[0], CURL_POLL_REMOVE, on_socket_arg, assigned);
    ck_assert_ptr_null(assigned);
    on_socket((CURL *)&exchanges[0], sockets[0], CURL_POLL_REMOVE, on_socket_arg, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("https_connection");
    TCase *tc = tcase_create("connection");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, a_new_one_is_cold_and_one_that_got_through_is_idle);
    tcase_add_test(tc, one_that_was_long_quiet_is_proven_again_and_then_not_trusted);
    tcase_add_test(tc, one_that_the_receiver_closes_while_it_is_idle_is_told_and_not_used_again);
    tcase_add_test(tc, one_that_broke_is_not_used_before_a_new_one_got_through);
    tcase_add_loop_test(tc, what_began_before_it_broke_does_not_bring_trust_back, 0, 2);
    tcase_add_test(tc, it_is_idle_when_the_last_of_two_is_over);
    tcase_add_test(tc, what_libcurl_does_not_take_leaves_nothing_behind);
    tcase_add_test(tc, whoever_is_told_of_an_end_may_close_it);
    tcase_add_test(tc, a_socket_of_libcurls_is_watched_until_it_says_so);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
