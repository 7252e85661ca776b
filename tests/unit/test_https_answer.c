/* SPDX-License-Identifier: Apache-2.0 */
/* What comes back, with its limits: bytes of strangers, headers that are half right, errors of
 * libcurl. The linker hands libcurl's headers to this file. */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/uplink/https/answer.h"
#include "run_suite.h"

#define ORIGIN "https://receiver.test:8443"

static struct https_answer *a;

static void begin(void)
{
    a = malloc(sizeof *a); /* the sanitizer sees the first byte beyond */
    ck_assert_ptr_nonnull(a);
    memset(a, 'x', sizeof *a);
    answer_clear(a);
}

static void end(void)
{
    free(a);
}

/* libcurl, as far as it keeps headers. */

static struct {
    const char *name, *value;
    size_t amount;
} kept[8];
static long status;
static curl_off_t retry_after_s;

CURLHcode __wrap_curl_easy_header(CURL *easy, const char *name, size_t index, unsigned origin,
                                  int request, struct curl_header **ret_header);
CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...);

CURLHcode __wrap_curl_easy_header(CURL *easy, const char *name, size_t index, unsigned origin,
                                  int request, struct curl_header **ret_header)
{
    static struct curl_header header;
    ck_assert_ptr_null(easy);
    ck_assert_uint_eq(index, 0);
    ck_assert_uint_eq(origin, CURLH_HEADER); /* not those of a 100 before, nor trailers */
    ck_assert_int_eq(request, -1);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (!kept[i].name || strcmp(kept[i].name, name) != 0)
            continue;
        header = (struct curl_header){.value = (char *)kept[i].value, .amount = kept[i].amount};
        *ret_header = &header;
        return CURLHE_OK;
    }
    return CURLHE_MISSING;
}

CURLcode __wrap_curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list arguments;
    ck_assert_ptr_null(easy);
    va_start(arguments, info);
    if (info == CURLINFO_RESPONSE_CODE)
        *va_arg(arguments, long *) = status;
    else if (info == CURLINFO_RETRY_AFTER)
        *va_arg(arguments, curl_off_t *) = retry_after_s;
    else
        ck_abort_msg("asked for %d", (int)info);
    va_end(arguments);
    return CURLE_OK;
}

START_TEST(nothing_is_left_of_the_answer_before)
{
    ck_assert_int_eq(a->status, 0);
    ck_assert(!a->refused);
    ck_assert_uint_eq(a->length, 0);
    ck_assert_uint_eq(a->header_bytes, 0);
    ck_assert_int_eq(a->upload_offset, -1);
    ck_assert_int_eq(a->retry_after_s, 0);
    const char *const texts[] = {a->reason,          a->body,      a->content_digest,
                                 a->signature_input, a->signature, a->location};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_str_eq(texts[i], "");
}
END_TEST

START_TEST(a_body_may_come_in_any_pieces_up_to_its_limit_and_ends_with_a_nul)
{
    char bytes[4096];
    memset(bytes, 'b', sizeof bytes);
    for (size_t at = 0; at < HTTPS_ANSWER_MAX; at += sizeof bytes)
        ck_assert_uint_eq(answer_on_body(bytes, 2, sizeof bytes / 2, a), sizeof bytes);
    ck_assert_uint_eq(a->length, HTTPS_ANSWER_MAX);
    ck_assert_uint_eq(strlen(a->body), HTTPS_ANSWER_MAX);
    ck_assert_uint_eq(answer_on_body(bytes, 1, 0, a), 0); /* nothing more is not too much */
    ck_assert_str_eq(a->reason, "");
    ck_assert_uint_eq(answer_on_body(bytes, 1, 1, a), 0);
    ck_assert_ptr_nonnull(strstr(a->reason, "larger than 65536 bytes"));
    ck_assert_uint_eq(a->length, HTTPS_ANSWER_MAX);
}
END_TEST

START_TEST(one_piece_beyond_the_limit_is_refused_whole)
{
    char *bytes = calloc(1, HTTPS_ANSWER_MAX + 1);
    ck_assert_uint_eq(answer_on_body(bytes, 1, HTTPS_ANSWER_MAX + 1, a), 0);
    ck_assert_uint_eq(a->length, 0);
    ck_assert_str_ne(a->reason, "");
    free(bytes);
}
END_TEST

START_TEST(a_body_may_hold_nul_bytes_and_keeps_its_length)
{
    char bytes[] = "a\0b";
    ck_assert_uint_eq(answer_on_body(bytes, 1, 3, a), 3);
    ck_assert_uint_eq(a->length, 3);
    ck_assert_mem_eq(a->body, "a\0b", 4);
}
END_TEST

START_TEST(headers_are_counted_together)
{
    char line[] = "X: 34567";
    for (size_t i = 0; i < HTTPS_HEADERS_MAX / 8; i++)
        ck_assert_uint_eq(answer_on_header(line, 1, 8, a), 8);
    ck_assert_str_eq(a->reason, "");
    ck_assert_uint_eq(answer_on_header(line, 1, 1, a), 0);
    ck_assert_ptr_nonnull(strstr(a->reason, "headers are larger than 16384 bytes"));
}
END_TEST

static void keep(size_t at, const char *name, const char *value, size_t amount)
{
    kept[at].name = name;
    kept[at].value = value;
    kept[at].amount = amount;
}

START_TEST(each_header_is_taken_to_its_own_place)
{
    status = 503;
    retry_after_s = 17;
    keep(0, "content-digest", "d", 1);
    keep(1, "signature-input", "i", 1);
    keep(2, "signature", "s", 1);
    keep(3, "location", "/l", 1);
    keep(4, "upload-offset", "12", 1);
    answer_take_headers(a, NULL);
    ck_assert_int_eq(a->status, 503);
    ck_assert_int_eq(a->retry_after_s, 17);
    ck_assert_str_eq(a->content_digest, "d");
    ck_assert_str_eq(a->signature_input, "i");
    ck_assert_str_eq(a->signature, "s");
    ck_assert_str_eq(a->location, "/l");
    ck_assert_int_eq(a->upload_offset, 12);
}
END_TEST

START_TEST(what_is_not_there_is_empty)
{
    answer_take_headers(a, NULL);
    ck_assert_str_eq(a->content_digest, "");
    ck_assert_str_eq(a->signature_input, "");
    ck_assert_str_eq(a->signature, "");
    ck_assert_str_eq(a->location, "");
    ck_assert_int_eq(a->upload_offset, -1);
}
END_TEST

/* Neither the first nor the last of two is taken: nobody says which one was meant. */
START_TEST(what_is_there_twice_or_too_long_is_a_mark_that_nothing_accepts)
{
    char longer[sizeof a->signature + 1];
    memset(longer, 's', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    keep(0, "content-digest", "d", 2);
    keep(1, "signature", longer, 1);
    keep(2, "upload-offset", "12", 2);
    keep(3, "location", "/l", 2);
    answer_take_headers(a, NULL);
    ck_assert_str_eq(a->content_digest, "?");
    ck_assert_str_eq(a->signature, "?");
    ck_assert_int_eq(a->upload_offset, -1);
    char url[100];
    ck_assert(!answer_location(ORIGIN "/v1/clips", a->location, url, sizeof url));
    longer[sizeof longer - 2] = '\0'; /* one less just fits */
    answer_take_headers(a, NULL);
    ck_assert_str_eq(a->signature, longer);
}
END_TEST

static const struct {
    const char *text;
    int64_t number;
} offsets[] = {
    {"0", 0},
    {"7", 7},
    {"007", 7},
    {"9223372036854775806", INT64_MAX - 1},
    {"9223372036854775807", -1}, /* what strtoll says of anything larger */
    {"9223372036854775808", -1},
    {"99999999999999999999999", -1},
    {"", -1},
    {" 7", -1},
    {"7 ", -1},
    {"+7", -1},
    {"-7", -1},
    {"-0", -1},
    {"0x7", -1},
    {"7.0", -1},
    {"7,8", -1},
    {"seven", -1},
    {"\xc2\xb2", -1},
};

START_TEST(an_offset_is_a_decimal_number_and_nothing_else)
{
    keep(0, "upload-offset", offsets[_i].text, 1);
    answer_take_headers(a, NULL);
    ck_assert_msg(a->upload_offset == offsets[_i].number, "\"%s\" is %lld", offsets[_i].text,
                  (long long)a->upload_offset);
}
END_TEST

static const struct {
    const char *location, *url; /* NULL: refused */
} locations[] = {
    {"/v1/clips/7", ORIGIN "/v1/clips/7"},
    {"/", ORIGIN "/"},
    {ORIGIN "/x?y", ORIGIN "/x?y"},
    {"HTTPS://RECEIVER.test:8443/x", "HTTPS://RECEIVER.test:8443/x"},
    {"", NULL},
    {"?", NULL},
    {"7", NULL},
    {"//elsewhere.test/7", NULL},
    {"//receiver.test:8443/7", NULL},
    {"https://elsewhere.test:8443/7", NULL},
    {"https://receiver.test/7", NULL},
    {"https://receiver.test:84430/7", NULL},
    {"https://receiver.test:8443", NULL},
    {"https://receiver.test:8443@elsewhere.test/", NULL},
    {"https://receiver.test:8443.elsewhere.test/", NULL},
    {"http://receiver.test:8443/7", NULL},
    {"/a b", NULL},
    {"/a\"b", NULL},
    {"/a\nb", NULL},
    {"/\xc3\xa4", NULL},
    {"/\x7f", NULL},
    {"/123456789012345678901234567890123456789", NULL}, /* does not fit */
};

START_TEST(a_location_is_of_the_server_that_was_asked)
{
    char url[64] = "untouched";
    bool good = answer_location(ORIGIN "/v1/clips", locations[_i].location, url, sizeof url);
    ck_assert_msg(good == (locations[_i].url != NULL), "\"%s\" became %s", locations[_i].location,
                  url);
    if (good)
        ck_assert_str_eq(url, locations[_i].url);
}
END_TEST

START_TEST(a_location_may_answer_a_url_without_a_path)
{
    char url[64];
    ck_assert(answer_location(ORIGIN, "/7", url, sizeof url));
    ck_assert_str_eq(url, ORIGIN "/7");
    ck_assert(answer_location(ORIGIN, ORIGIN "/7", url, sizeof url));
    ck_assert(!answer_location(ORIGIN, ORIGIN "0/7", url, sizeof url));
}
END_TEST

static const struct {
    CURLcode code;
    const char *error;
    bool refused;
} failures[] = {
    {CURLE_PEER_FAILED_VERIFICATION, "", true},
    {CURLE_SSL_CERTPROBLEM, "", true},
    {CURLE_SSL_CACERT_BADFILE, "", true},
    {CURLE_SSL_ISSUER_ERROR, "", true},
    {CURLE_RECV_ERROR, "OpenSSL SSL_read: tlsv1 alert unknown ca, errno 0", true},
    {CURLE_RECV_ERROR, "ssl3 alert certificate expired", true},
    {CURLE_SSL_CONNECT_ERROR, "sslv3 alert handshake failure", true},
    {CURLE_RECV_ERROR, "tlsv13 alert certificate required", true},
    {CURLE_SSL_CONNECT_ERROR, "tlsv1 alert internal error", false},
    {CURLE_SSL_CONNECT_ERROR, "", false},
    {CURLE_SSL_CONNECT_ERROR, "unexpected eof while reading", false},
    {CURLE_COULDNT_CONNECT, "Connection refused", false},
    {CURLE_OPERATION_TIMEDOUT, "", false},
    {CURLE_GOT_NOTHING, "", false},
    {CURLE_SEND_ERROR, "", false},
    {CURLE_RECV_ERROR, "Connection reset by peer", false},
    {CURLE_PARTIAL_FILE, "", false},
    {CURLE_WEIRD_SERVER_REPLY, "", false},
    {CURLE_OUT_OF_MEMORY, "", false},
};

START_TEST(only_what_is_wrong_with_certificates_is_for_a_person)
{
    a->status = 200;
    answer_take_failure(a, failures[_i].code, failures[_i].error, "");
    ck_assert_int_eq(a->status, 0);
    ck_assert_msg(a->refused == failures[_i].refused, "%d %s", (int)failures[_i].code,
                  failures[_i].error);
    ck_assert_str_eq(a->reason, failures[_i].error[0] ? failures[_i].error
                                                      : curl_easy_strerror(failures[_i].code));
}
END_TEST

START_TEST(a_failure_names_the_address_but_our_own_limit_says_more)
{
    answer_take_failure(a, CURLE_COULDNT_CONNECT, "refused", "192.0.2.7");
    ck_assert_str_eq(a->reason, "refused (at 192.0.2.7)");
    answer_clear(a);
    answer_on_header(NULL, 1, HTTPS_HEADERS_MAX + 1, a);
    answer_take_failure(a, CURLE_WRITE_ERROR, "Failed writing header", "192.0.2.7");
    ck_assert_ptr_nonnull(strstr(a->reason, "headers are larger"));
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

int main(void)
{
    Suite *suite = suite_create("https_answer");
    TCase *tc = tcase_create("answer");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, nothing_is_left_of_the_answer_before);
    tcase_add_test(tc, a_body_may_come_in_any_pieces_up_to_its_limit_and_ends_with_a_nul);
    tcase_add_test(tc, one_piece_beyond_the_limit_is_refused_whole);
    tcase_add_test(tc, a_body_may_hold_nul_bytes_and_keeps_its_length);
    tcase_add_test(tc, headers_are_counted_together);
    tcase_add_test(tc, each_header_is_taken_to_its_own_place);
    tcase_add_test(tc, what_is_not_there_is_empty);
    tcase_add_test(tc, what_is_there_twice_or_too_long_is_a_mark_that_nothing_accepts);
    tcase_add_loop_test(tc, an_offset_is_a_decimal_number_and_nothing_else, 0, COUNT(offsets));
    tcase_add_loop_test(tc, a_location_is_of_the_server_that_was_asked, 0, COUNT(locations));
    tcase_add_test(tc, a_location_may_answer_a_url_without_a_path);
    tcase_add_loop_test(tc, only_what_is_wrong_with_certificates_is_for_a_person, 0,
                        COUNT(failures));
    tcase_add_test(tc, a_failure_names_the_address_but_our_own_limit_says_more);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
