/* SPDX-License-Identifier: Apache-2.0 */
/* Values as people write them, words that are meant, and text that is none. */
#include <errno.h>
#include <string.h>

#include "conf/nearest.h"
#include "conf/source.h"
#include "conf/value.h"
#include "run_suite.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

START_TEST(durations_have_a_unit)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0s", 0},        {"250ms", 250},
                {"30s", 30000},   {"5min", 300000},
                {"2h", 7200000},  {"7d", 604800000},
                {"0030s", 30000}, {"999999999999ms", INT64_C(999999999999)}};
    static const char *const bad[] = {"",    "30",    "s",    "30 s", "-30s", "1.5s", "30S",
                                      "30m", "30sec", "30s ", " 30s", "+3s",  "0x1s", "３０s"};
    int64_t ms;
    for (size_t i = 0; i < COUNT(good); i++) {
        ck_assert_msg(value_duration(good[i].text, &ms) == 0, "%s", good[i].text);
        ck_assert_int_eq(ms, good[i].ms);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        ms = -7;
        ck_assert_msg(value_duration(bad[i], &ms) == -EINVAL, "%s", bad[i]);
        ck_assert_int_eq(ms, -7);
    }
}
END_TEST

START_TEST(a_duration_too_long_for_64_bits_is_refused)
{
    static const char *const long_ones[] = {"999999999999d", "99999999999999999999s",
                                            "10675199167301d", "9223372036854775808ms"};
    int64_t ms = 1;
    for (size_t i = 0; i < COUNT(long_ones); i++)
        ck_assert_msg(value_duration(long_ones[i], &ms) == -ERANGE, "%s", long_ones[i]);
    ck_assert_int_eq(ms, 1);
    ck_assert_int_eq(value_duration("99999999999999999999", &ms), -EINVAL); /* no unit */
    ck_assert_int_eq(value_duration("9223372036854775807ms", &ms), 0);
    ck_assert_int_eq(ms, INT64_MAX);
}
END_TEST

START_TEST(sizes_are_bytes_or_binary_multiples)
{
    int64_t bytes;
    ck_assert_int_eq(value_size("4096", &bytes), 0);
    ck_assert_int_eq(bytes, 4096);
    ck_assert_int_eq(value_size("64KiB", &bytes), 0);
    ck_assert_int_eq(bytes, 65536);
    ck_assert_int_eq(value_size("8MiB", &bytes), 0);
    ck_assert_int_eq(bytes, 8388608);
    ck_assert_int_eq(value_size("2GiB", &bytes), 0);
    ck_assert_int_eq(bytes, INT64_C(2147483648));
    static const char *const bad[] = {"", "8MB", "8M", "8 MiB", "-1", "8mib"};
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(value_size(bad[i], &bytes) == -EINVAL, "%s", bad[i]);
    ck_assert_int_eq(value_size("999999999999GiB", &bytes), -ERANGE);
    ck_assert_int_eq(value_size("99999999999999999999", &bytes), -ERANGE);
}
END_TEST

START_TEST(numbers_are_plain)
{
    int64_t number;
    double decimal;
    bool truth;
    ck_assert_int_eq(value_int("-12", &number), 0);
    ck_assert_int_eq(number, -12);
    ck_assert_int_eq(value_int("0012", &number), 0);
    ck_assert_int_eq(number, 12); /* never octal */
    static const char *const no_int[] = {"", "-", "1.0", "1e3", "0x10", "1 ", "+1", "１"};
    for (size_t i = 0; i < COUNT(no_int); i++)
        ck_assert_msg(value_int(no_int[i], &number) == -EINVAL, "%s", no_int[i]);
    ck_assert_int_eq(value_int("9223372036854775808", &number), -ERANGE);
    ck_assert_int_eq(value_int("-9223372036854775809", &number), -ERANGE);
    ck_assert_int_eq(number, 12);
    ck_assert_int_eq(value_decimal("9999999999999999999999999", &decimal), 0);
    ck_assert_double_gt(decimal, 1e24);
    ck_assert_int_eq(value_decimal("-121.4737", &decimal), 0);
    ck_assert_double_eq_tol(decimal, -121.4737, 1e-9);
    ck_assert_int_eq(value_decimal("31", &decimal), 0);
    static const char *const no_decimal[] = {"",    ".",   "1.",  ".5", "1.2.3",
                                             "nan", "inf", "1e9", "-"};
    for (size_t i = 0; i < COUNT(no_decimal); i++)
        ck_assert_msg(value_decimal(no_decimal[i], &decimal) == -EINVAL, "%s", no_decimal[i]);
    ck_assert_int_eq(value_bool("true", &truth), 0);
    ck_assert(truth);
    ck_assert_int_eq(value_bool("false", &truth), 0);
    ck_assert(!truth);
    ck_assert_int_eq(value_bool("yes", &truth), -EINVAL);
    ck_assert_int_eq(value_bool("True", &truth), -EINVAL);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
    static const int64_t values[] = {0, 1, 250, 1000, 1500, 60000, 90000, 86400000, 604800000};
    char text[32];
    int64_t back;
    for (size_t i = 0; i < COUNT(values); i++) {
        value_format_duration(values[i], text, sizeof text);
        ck_assert_int_eq(value_duration(text, &back), 0);
        ck_assert_int_eq(back, values[i]);
        value_format_size(values[i], text, sizeof text);
        ck_assert_int_eq(value_size(text, &back), 0);
        ck_assert_int_eq(back, values[i]);
    }
    value_format_duration(90000, text, sizeof text);
    ck_assert_str_eq(text, "90s");
    value_format_size(67108864, text, sizeof text);
    ck_assert_str_eq(text, "64MiB");
}
END_TEST

START_TEST(the_nearest_word_is_one_that_could_be_meant)
{
    static const char *const legal[] = {"password", "password_file", "url", "id", NULL};
    ck_assert_str_eq(nearest_find("pasword", legal), "password");
    ck_assert_str_eq(nearest_find("password-file", legal), "password_file");
    ck_assert_str_eq(nearest_find("Id", legal), "id");
}
END_TEST

START_TEST(no_word_is_suggested_when_none_is_like_it)
{
    static const char *const legal[] = {"password", "url", NULL};
    char huge[300];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    ck_assert_ptr_null(nearest_find("latitude", legal));
    ck_assert_ptr_null(nearest_find(huge, legal));
    ck_assert_ptr_null(nearest_find("", legal));
    ck_assert_ptr_null(nearest_find("bad", (const char *const[]){"id", "no", NULL}));
    ck_assert_ptr_null(nearest_find("url", (const char *const[]){NULL}));
}
END_TEST

START_TEST(a_list_of_words_is_cut_between_words)
{
    static const char *const words[] = {"alpha", "beta", "gamma", NULL};
    char text[20], whole[40];
    nearest_join(words, whole, sizeof whole);
    ck_assert_str_eq(whole, "alpha, beta, gamma");
    nearest_join(words, text, sizeof text);
    ck_assert_str_eq(text, "alpha, beta …");
}
END_TEST

START_TEST(lines_and_columns_count_characters)
{
    static const struct {
        const char *text;
        int line, column;
    } bad[] = {{"\xff", 1, 1},
               {"大门\xff", 1, 3},
               {"a\r\nb\x01", 2, 2},
               {"a\rb\x01", 2, 2},
               {"\xef\xbb\xbf\x7f", 1, 1},
               {"a\xc0\x80", 1, 2},         /* overlong */
               {"a\xed\xa0\x80", 1, 2},     /* surrogate */
               {"a\xf4\x90\x80\x80", 1, 2}, /* beyond Unicode */
               {"a\xe5\xa4", 1, 2},         /* ends in the middle */
               {"😀\xc2\x85", 1, 2},
               {"a\xe2\x80\xa8", 1, 2}};
    int line, column;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_ptr_nonnull(source_check(bad[i].text, strlen(bad[i].text), &line, &column));
        ck_assert_int_eq(line, bad[i].line);
        ck_assert_int_eq(column, bad[i].column);
    }
    static const char good[] = "\xef\xbb\xbfname: 大门 😀\r\n\tx: 'é'\n";
    ck_assert_ptr_null(source_check(good, sizeof good - 1, &line, &column));
    ck_assert_ptr_null(source_check("", 0, &line, &column));
    ck_assert_ptr_nonnull(source_check("a\0b", 3, &line, &column));
}
END_TEST

START_TEST(slips_of_the_keyboard_are_found_near_the_place)
{
    static const char text[] =
        "# 备注：in a comment it is none\nname：x\nid: 1\nplace: 2\nkind: 3\n";
    int line = 0;
    ck_assert_ptr_null(source_find_slip(text, sizeof text - 1, 1, &line));
    ck_assert_ptr_nonnull(source_find_slip(text, sizeof text - 1, 2, &line));
    ck_assert_int_eq(line, 2);
    ck_assert_ptr_nonnull(source_find_slip(text, sizeof text - 1, 4, &line));
    ck_assert_int_eq(line, 2);
    ck_assert_ptr_null(source_find_slip(text, sizeof text - 1, 5, &line));
    ck_assert_ptr_nonnull(source_find_slip("  \tx", 4, 1, &line));
    ck_assert_ptr_null(source_find_slip("x: 1\t# tab", 10, 1, &line));
}
END_TEST

START_TEST(an_id_is_short_plain_and_no_option_or_hidden_file)
{
    static const char *const good[] = {"a", "7", "gate-button", "A_b.c-1", "31010600001320000001"};
    static const char *const bad[] = {"", "-a", "_a", ".a", "a b", "a/b", "门", "a\n"};
    char longest[66];
    memset(longest, 'x', sizeof longest);
    longest[64] = '\0';
    ck_assert(value_is_id(longest));
    longest[64] = 'x';
    longest[65] = '\0';
    ck_assert(!value_is_id(longest));
    for (size_t i = 0; i < COUNT(good); i++)
        ck_assert_msg(value_is_id(good[i]), "%s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(!value_is_id(bad[i]), "%s", bad[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conf-value");
    TCase *tests = tcase_create("values");
    tcase_add_test(tests, durations_have_a_unit);
    tcase_add_test(tests, a_duration_too_long_for_64_bits_is_refused);
    tcase_add_test(tests, sizes_are_bytes_or_binary_multiples);
    tcase_add_test(tests, numbers_are_plain);
    tcase_add_test(tests, what_is_written_is_read_back);
    tcase_add_test(tests, the_nearest_word_is_one_that_could_be_meant);
    tcase_add_test(tests, no_word_is_suggested_when_none_is_like_it);
    tcase_add_test(tests, a_list_of_words_is_cut_between_words);
    tcase_add_test(tests, lines_and_columns_count_characters);
    tcase_add_test(tests, slips_of_the_keyboard_are_found_near_the_place);
    tcase_add_test(tests, an_id_is_short_plain_and_no_option_or_hidden_file);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
