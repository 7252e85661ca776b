/* SPDX-License-Identifier: Apache-2.0 */
/* The urls of a receiver. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/uplink/https/url.h"
#include "run_suite.h"
#include "wire/profile.h"

static const struct {
    const char *url, *host, *word; /* the host, or what the refusal says */
} urls[] = {
    {"https://receiver.test/v1/events", "receiver.test", NULL},
    {"https://receiver.test:8443/", "receiver.test", NULL},
    {"https://receiver.test", "receiver.test", NULL},
    {"HTTPS://receiver.test/", "receiver.test", NULL},
    {"https://192.0.2.1:8443/x", "192.0.2.1", NULL},
    {"https://[2001:db8::1]:8443/x", "2001:db8::1", NULL},
    {"http://receiver.test/", NULL, "must begin with https://"},
    {"ftp://receiver.test/", NULL, "must begin with https://"},
    {"receiver.test/v1", NULL, "is no https://"},
    {"https://", NULL, "is no https://"},
    {"", NULL, "is no https://"},
    {"https://receiver.test:99999/", NULL, "is no https://"},
    {"https://receiver.test:x/", NULL, "is no https://"},
    {"https://user@receiver.test/", NULL, "must hold no user"},
    {"https://user:secret@receiver.test/", NULL, "must hold no user"},
    {"https://receiver.test/?a=b", NULL, "must hold no user"},
    {"https://receiver.test/#a", NULL, "must hold no user"},
    {"https://receiver.test/a b", NULL, "write spaces"},
    {"https://receiver.test/\xe8\xad\xa6", NULL, "write spaces"},
    {"https://receiver.test/\"", NULL, "write spaces"},
    {"https://receiver.test/\n", NULL, "write spaces"},
};

START_TEST(a_url_is_https_and_nothing_more_than_host_port_and_path)
{
    char host[URL_HOST_SIZE] = "untouched";
    struct err e = {.text = ""};
    int result = url_host(urls[_i].url, host, &e);
    if (urls[_i].host) {
        ck_assert_msg(result == 0, "%s: %s", urls[_i].url, e.text);
        ck_assert_str_eq(host, urls[_i].host);
    } else {
        ck_assert_int_eq(result, -EINVAL);
        ck_assert_msg(strstr(e.text, urls[_i].word), "%s: %s", urls[_i].url, e.text);
        ck_assert_str_eq(host, "untouched");
    }
}
END_TEST

START_TEST(a_url_has_a_longest_length)
{
    char url[PROFILE_TARGET_URI_MAX + 10], host[URL_HOST_SIZE];
    struct err e;
    size_t length = (size_t)snprintf(url, sizeof url, "https://receiver.test/");
    memset(url + length, 'a', sizeof url - length);
    url[PROFILE_TARGET_URI_MAX - 9] = '\0';
    ck_assert_int_eq(url_host(url, host, &e), 0);
    url[PROFILE_TARGET_URI_MAX - 9] = 'a';
    url[PROFILE_TARGET_URI_MAX - 8] = '\0';
    ck_assert_int_eq(url_host(url, host, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, "is longer than"));
}
END_TEST

static const char *const clips[][2] = {
    {"https://receiver.test/v1/events", "https://receiver.test/v1/clips"},
    {"https://receiver.test:8443/v1/events", "https://receiver.test:8443/v1/clips"},
    {"https://receiver.test/v1/", "https://receiver.test/v1/clips"},
    {"https://receiver.test/", "https://receiver.test/clips"},
    {"https://receiver.test", "https://receiver.test/clips"},
};

START_TEST(clips_go_beside_the_events)
{
    char url[100];
    url_of_clips(clips[_i][0], url, sizeof url);
    ck_assert_str_eq(url, clips[_i][1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("https_url");
    TCase *tc = tcase_create("url");
    tcase_add_loop_test(tc, a_url_is_https_and_nothing_more_than_host_port_and_path, 0,
                        (int)(sizeof urls / sizeof *urls));
    tcase_add_test(tc, a_url_has_a_longest_length);
    tcase_add_loop_test(tc, clips_go_beside_the_events, 0, (int)(sizeof clips / sizeof *clips));
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
