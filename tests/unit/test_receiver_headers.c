/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver reads of tus and of ranges. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "headers.h"
#include "run_suite.h"

START_TEST(a_number_is_digits_and_nothing_else)
{
    static const char *const bad[] = {"",   "-1",  "+1", " 1",  "1 ",
                                      "1x", "0x1", "1.", "1e3", "1234567890123456789"};
    ck_assert_int_eq(headers_number("0"), 0);
    ck_assert_int_eq(headers_number("0042"), 42);
    ck_assert_int_eq(headers_number("123456789012345678"), 123456789012345678);
    ck_assert_int_eq(headers_number(NULL), -1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(headers_number(bad[i]) == -1, "\"%s\"", bad[i]);
}
END_TEST

START_TEST(a_value_is_found_by_its_whole_name)
{
    char text[8] = "";
    ck_assert(headers_metadata("manifest YWJj,filename eA==", "manifest", text, sizeof text));
    ck_assert_str_eq(text, "abc");
    ck_assert(headers_metadata("filename eA==, manifest YWI=", "manifest", text, sizeof text));
    ck_assert_str_eq(text, "ab");
    ck_assert(headers_metadata("manifests eA==,manifest YQ==", "manifest", text, sizeof text));
    ck_assert_str_eq(text, "a");
}
END_TEST

START_TEST(a_value_that_is_none_is_not_found)
{
    static const char *const bad[] = {
        "",
        ",,,",
        "manifest",
        "manifest ",
        "manifest  YWJj",
        "manifest YWJ",
        "manifest Y?Jj",
        "manifest ====",
        "manifest YWJjYWJjYWJj", /* too long for the room */
        "filename YWJj",
        "xmanifest YWJj",
        "filename manifest YWJj",
    };
    char text[8], many[400];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!headers_metadata(bad[i], "manifest", text, sizeof text), "\"%s\"", bad[i]);
    ck_assert(!headers_metadata(NULL, "manifest", text, sizeof text));
    memset(many, 'A', sizeof many);
    memcpy(many, "manifest ", 9);
    many[9 + 260] = '\0';
    ck_assert(!headers_metadata(many, "manifest", text, sizeof text));
}
END_TEST

static const struct {
    const char *header;
    enum headers_range result;
    int64_t first, last; /* of 100 bytes */
} ranges[] = {
    {"bytes=0-0", HEADERS_RANGE_PART, 0, 0},
    {"bytes=10-19", HEADERS_RANGE_PART, 10, 19},
    {"bytes=10-", HEADERS_RANGE_PART, 10, 99},
    {"bytes=10-1000", HEADERS_RANGE_PART, 10, 99},
    {"bytes=99-99", HEADERS_RANGE_PART, 99, 99},
    {"bytes=-1", HEADERS_RANGE_PART, 99, 99},
    {"bytes=-100", HEADERS_RANGE_PART, 0, 99},
    {"bytes=-1000", HEADERS_RANGE_PART, 0, 99},
    {"bytes=100-", HEADERS_RANGE_NONE, 0, 0},
    {"bytes=100-200", HEADERS_RANGE_NONE, 0, 0},
    {"bytes=-0", HEADERS_RANGE_NONE, 0, 0},
    {"bytes=19-10", HEADERS_RANGE_WHOLE, 0, 0},
    {"bytes=", HEADERS_RANGE_WHOLE, 0, 0},
    {"bytes=-", HEADERS_RANGE_WHOLE, 0, 0},
    {"bytes=--1", HEADERS_RANGE_WHOLE, 0, 0},
    {"bytes=10", HEADERS_RANGE_WHOLE, 0, 0},
    {"bytes=10-19,30-39", HEADERS_RANGE_WHOLE, 0, 0},
    {"bytes=10-19x", HEADERS_RANGE_WHOLE, 0, 0},
    {"bytes= 10-19", HEADERS_RANGE_WHOLE, 0, 0},
    {"bytes=99999999999999999999-", HEADERS_RANGE_WHOLE, 0, 0},
    {"lines=10-19", HEADERS_RANGE_WHOLE, 0, 0},
    {NULL, HEADERS_RANGE_WHOLE, 0, 0},
};

START_TEST(a_range_is_read_as_http_has_it)
{
    int64_t first = 0, last = 0;
    ck_assert_int_eq(headers_range(ranges[_i].header, 100, &first, &last), ranges[_i].result);
    ck_assert_int_eq(first, ranges[_i].first);
    ck_assert_int_eq(last, ranges[_i].last);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver_headers");
    TCase *tc = tcase_create("headers");
    tcase_add_test(tc, a_number_is_digits_and_nothing_else);
    tcase_add_test(tc, a_value_is_found_by_its_whole_name);
    tcase_add_test(tc, a_value_that_is_none_is_not_found);
    tcase_add_loop_test(tc, a_range_is_read_as_http_has_it, 0, sizeof ranges / sizeof *ranges);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
