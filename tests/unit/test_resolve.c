/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "loop/resolve.h"
#include "run_suite.h"

#define HEADER_BYTES 12
#define TYPE_A       1
#define TYPE_AAAA    28

/* A name server in the same loop. It answers what `answers` has for the type of the question. */
struct name_server {
    uv_udp_t socket;
    char text[64]; /* "127.0.0.1:<port>" */
    char buffer[512];
    unsigned questions;
    bool silent_about_v6, all_silent;
    int rcode;
    const unsigned char *v4, *v6; /* 4 and 16 bytes; NULL: none */
};

struct look {
    unsigned calls;
    struct resolve_result result;
};

static uv_loop_t loop;
static struct name_server server;
static struct look look;

static void on_alloc(uv_handle_t *handle, size_t wish, uv_buf_t *ret_buffer)
{
    (void)handle, (void)wish;
    *ret_buffer = uv_buf_init(server.buffer, sizeof server.buffer);
}

static size_t add_record(char *reply, size_t used, char type, const unsigned char *address,
                         size_t length)
{
    const char head[] = {(char)0xc0, HEADER_BYTES, 0, type, 0, 1, 0, 0, 0, 60, 0, (char)length};
    memcpy(reply + used, head, sizeof head);
    memcpy(reply + used + sizeof head, address, length);
    reply[7]++;
    return used + sizeof head + length;
}

/* Where the first question ends: its name, type and class. What may follow it (EDNS) is not
 * answered. */
static size_t question_end(const char *query, size_t length)
{
    size_t at = HEADER_BYTES;
    while (at < length && query[at] != 0)
        at += 1 + (unsigned char)query[at];
    at += 5;
    ck_assert_uint_le(at, length);
    return at;
}

static void on_question(uv_udp_t *socket, ssize_t length, const uv_buf_t *buffer,
                        const struct sockaddr *peer, unsigned flags)
{
    (void)flags;
    if (length <= HEADER_BYTES || !peer)
        return;
    server.questions++;
    size_t used = question_end(buffer->base, (size_t)length);
    char type = buffer->base[used - 3];
    if (server.all_silent || (server.silent_about_v6 && type == TYPE_AAAA))
        return;
    char reply[600];
    memcpy(reply, buffer->base, used);
    reply[2] = (char)0x81;
    reply[3] = (char)(0x80 | server.rcode);
    memset(reply + 6, 0, HEADER_BYTES - 6); /* of the other sections there is nothing yet */
    if (type == TYPE_A && server.v4)
        used = add_record(reply, used, type, server.v4, 4);
    if (type == TYPE_AAAA && server.v6)
        used = add_record(reply, used, type, server.v6, 16);
    uv_buf_t out = uv_buf_init(reply, (unsigned)used);
    ck_assert_int_ge(uv_udp_try_send(socket, &out, 1, peer), 0);
}

static void on_result(void *arg, const struct resolve_result *result)
{
    struct look *l = arg;
    l->calls++;
    l->result = *result;
    uv_stop(&loop);
}

static void set_up(void)
{
    struct sockaddr_in any;
    int length = sizeof any;
    memset(&server, 0, sizeof server);
    memset(&look, 0, sizeof look);
    uv_loop_init(&loop);
    uv_udp_init(&loop, &server.socket);
    uv_ip4_addr("127.0.0.1", 0, &any);
    ck_assert_int_eq(uv_udp_bind(&server.socket, (const struct sockaddr *)&any, 0), 0);
    uv_udp_getsockname(&server.socket, (struct sockaddr *)&any, &length);
    snprintf(server.text, sizeof server.text, "127.0.0.1:%d", ntohs(any.sin_port));
    uv_udp_recv_start(&server.socket, on_alloc, on_question);
}

static void tear_down(void)
{
    uv_close((uv_handle_t *)&server.socket, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static struct resolver *create(void)
{
    struct resolver *r = NULL;
    struct err e = {.text = ""};
    ck_assert_msg(resolver_create(&loop, server.text, &r, &e) == 0, "%s", e.text);
    return r;
}

/* Until the answer came: the resolver itself bounds it. */
static void look_up(struct resolver *r, const char *name)
{
    unsigned before = look.calls;
    resolver_lookup(r, name, on_result, &look);
    ck_assert_uint_eq(look.calls, before); /* never from within the call */
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(look.calls, before + 1);
}

static const unsigned char v4[] = {192, 0, 2, 7};
static const unsigned char v6[] = {0x20, 1, 0xd, 0xb8, [15] = 9};

START_TEST(both_families_are_found_and_v4_stands_first)
{
    server.v4 = v4;
    server.v6 = v6;
    struct resolver *r = create();
    look_up(r, "receiver.test");
    ck_assert_uint_eq(look.result.count, 2);
    ck_assert_str_eq(look.result.addresses[0], "192.0.2.7");
    ck_assert_str_eq(look.result.addresses[1], "2001:db8::9");
    resolver_close(r);
}
END_TEST

START_TEST(an_address_is_not_kept_back_by_silence_about_the_other_family)
{
    server.v4 = v4;
    server.silent_about_v6 = true;
    struct resolver *r = create();
    look_up(r, "receiver.test");
    ck_assert_uint_eq(look.result.count, 1);
    ck_assert_uint_eq(server.questions, 2); /* told before any question was asked again */
    resolver_close(r);
}
END_TEST

START_TEST(a_name_that_does_not_exist_is_told_as_such)
{
    server.rcode = 3;
    struct resolver *r = create();
    look_up(r, "recever.test");
    ck_assert_uint_eq(look.result.count, 0);
    ck_assert_ptr_nonnull(strstr(look.result.reason, "does not exist"));
    resolver_close(r);
}
END_TEST

START_TEST(the_search_list_is_not_used)
{
    server.rcode = 3;
    struct resolver *r = create();
    look_up(r, "receiver");
    ck_assert_uint_eq(server.questions, 2); /* one for each family, for this very name */
    resolver_close(r);
}
END_TEST

START_TEST(a_later_look_up_sees_what_has_changed)
{
    struct resolver *r = create();
    look_up(r, "receiver.test");
    ck_assert_uint_eq(look.result.count, 0);
    ck_assert_ptr_nonnull(strstr(look.result.reason, "no address"));
    server.v4 = v4;
    look_up(r, "receiver.test");
    ck_assert_uint_eq(look.result.count, 1);
    resolver_close(r);
}
END_TEST

START_TEST(localhost_needs_no_name_server)
{
    server.all_silent = true;
    struct resolver *r = create();
    look_up(r, "localhost");
    ck_assert_uint_eq(look.result.count, 2);
    ck_assert_str_eq(look.result.addresses[0], "127.0.0.1");
    ck_assert_uint_eq(server.questions, 0);
    resolver_close(r);
}
END_TEST

START_TEST(close_during_a_look_up_tells_nobody)
{
    server.all_silent = true;
    struct resolver *r = create();
    resolver_lookup(r, "receiver.test", on_result, &look);
    uv_run(&loop, UV_RUN_NOWAIT);
    resolver_close(r);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(look.calls, 0);
}
END_TEST

START_TEST(name_servers_that_are_none_are_an_error)
{
    struct resolver *r = NULL;
    struct err e = {.text = ""};
    ck_assert_int_lt(resolver_create(&loop, "nobody.test", &r, &e), 0);
    ck_assert_ptr_null(r);
    ck_assert_ptr_nonnull(strstr(e.text, "nobody.test"));
}
END_TEST

START_TEST(a_name_server_is_an_address_and_perhaps_a_port)
{
    static const char *const bad[] = {
        "",
        "x",
        "1.2.3",
        "nobody.test",
        "192.0.2.7:",
        "192.0.2.7:0",
        "192.0.2.7:65536",
        "192.0.2.7:99999",
        "192.0.2.7:53x",
        "192.0.2.7,192.0.2.8",
        "[2001:db8::9",
        "[2001:db8::9]53",
        "[2001:db8::9]:",
        "2001:db8::9::1",
        "1111111111111111111111111111111111111111111111111111111111111"
        "111111111"};
    static const char *const good[] = {"192.0.2.7", "192.0.2.7:5353", "192.0.2.7:65535",
                                       "[2001:db8::9]:53", "2001:db8::9"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!resolve_is_server(bad[i]), "%s", bad[i]);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(resolve_is_server(good[i]), "%s", good[i]);
}
END_TEST

START_TEST(numeric_addresses_are_recognised)
{
    ck_assert(resolve_is_numeric("192.0.2.7"));
    ck_assert(resolve_is_numeric("2001:db8::9"));
    ck_assert(!resolve_is_numeric("receiver.test"));
    ck_assert(!resolve_is_numeric("192.0.2"));
    ck_assert(!resolve_is_numeric(""));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resolve");
    TCase *cases = tcase_create("resolve");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, both_families_are_found_and_v4_stands_first);
    tcase_add_test(cases, an_address_is_not_kept_back_by_silence_about_the_other_family);
    tcase_add_test(cases, a_name_that_does_not_exist_is_told_as_such);
    tcase_add_test(cases, the_search_list_is_not_used);
    tcase_add_test(cases, a_later_look_up_sees_what_has_changed);
    tcase_add_test(cases, localhost_needs_no_name_server);
    tcase_add_test(cases, close_during_a_look_up_tells_nobody);
    tcase_add_test(cases, name_servers_that_are_none_are_an_error);
    tcase_add_test(cases, a_name_server_is_an_address_and_perhaps_a_port);
    tcase_add_test(cases, numeric_addresses_are_recognised);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
