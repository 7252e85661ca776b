/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, and JSON in it: to the byte what jansson itself would write. */
#include <stdlib.h>
#include <string.h>

#include "envelope/json_text.h"
#include "run_suite.h"

START_TEST(a_text_grows_with_what_is_added_and_ends_with_a_nul)
{
    struct text t = {0};
    char long_one[5000];
    memset(long_one, 'x', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    text_print(&t, "%s", "");
    text_add(&t, "ab|", 2);
    text_print(&t, "%d%s", 42, long_one);
    text_add(&t, long_one, sizeof long_one - 1);
    ck_assert_uint_eq(t.length, 2 + 2 + 2 * (sizeof long_one - 1));
    char *bytes = text_take(&t);
    ck_assert_uint_eq(strlen(bytes), 4 + 2 * (sizeof long_one - 1));
    ck_assert_int_eq(strncmp(bytes, "ab42xx", 6), 0);
    ck_assert_ptr_null(t.bytes);
    free(bytes);
    bytes = text_take(&t);
    ck_assert_str_eq(bytes, "");
    free(bytes);
}
END_TEST

/* A length that fills what there is to the last byte, and those beside it. */
START_TEST(no_byte_is_lost_where_the_room_ends)
{
    char part[2050];
    memset(part, 'y', sizeof part);
    for (size_t length = 2040; length < sizeof part; length++) {
        struct text printed = {0}, added = {0};
        text_print(&printed, "%.*s%s", (int)length, part, "z");
        text_add(&added, part, length);
        text_add(&added, "z", 1);
        char *one = text_take(&printed), *other = text_take(&added);
        ck_assert_uint_eq(strlen(one), length + 1);
        ck_assert_str_eq(one, other);
        free(one);
        free(other);
    }
}
END_TEST

/* Whatever is behind its room is not its own. */
START_TEST(the_room_is_never_less_than_what_is_in_it)
{
    static char part[9000];
    memset(part, 'y', sizeof part - 1);
    for (int times = 0; times < 3; times++) {
        struct text printed = {0}, added = {0};
        for (int i = 0; i < times; i++)
            text_add(&added, "z", 1);
        text_add(&added, part, sizeof part - 1);
        ck_assert_uint_gt(added.size, added.length);
        text_print(&printed, "%s", part);
        ck_assert_uint_gt(printed.size, printed.length);
        ck_assert_uint_eq(printed.length, sizeof part - 1);
        free(text_take(&added));
        free(text_take(&printed));
    }
}
END_TEST

START_TEST(of_what_has_failed_there_is_no_text)
{
    struct text t = {0};
    text_add(&t, "a", 1);
    t.failed = true;
    text_print(&t, "%s", "b");
    ck_assert_ptr_null(text_take(&t));
    ck_assert(!t.failed);
}
END_TEST

static const char *const values[] = {
    "{}",
    "[]",
    "[[],{},[{}]]",
    "null",
    "[null,true,false]",
    "[0,-1,9223372036854775807,-9223372036854775808]",
    "{\"site\":{\"name\":\"测试学校\",\"latitude\":31.2304,\"longitude\":-121.4737}}",
    "[2.0,-0.0,0.1,1e300,1e-7,123456789012345.0,0.30000000000000004,31.2,1.5e-5,100000.0]",
    "[\"\",\"a/b\",\"\\u007f\",\"é\",\"\\u2028\",\"\\ud83d\\ude00\"]",
    "[\"\\\"\",\"\\\\\",\"\\b\\f\\n\\r\\t\",\"\\u0001\\u001f\",\"a\\\"b\\\\c\\nd\"]",
    "{\"a\\\"b\":1,\"按钮\":2,\"\":3,\"z\":1,\"y\":2,\"a\":3}",
};

START_TEST(json_is_to_the_byte_what_jansson_writes)
{
    json_t *value = json_loads(values[_i], JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(value);
    char *wanted = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
    struct text t = {0};
    json_text_add(&t, value);
    char *made = text_take(&t);
    ck_assert_str_eq(made, wanted);
    free(made);
    free(wanted);
    json_decref(value);
}
END_TEST

START_TEST(a_string_that_is_no_utf_8_is_none)
{
    struct text t = {0};
    json_text_add_string(&t, "门卫\"室\"");
    json_text_add_string(&t, "b1");
    char *made = text_take(&t);
    ck_assert_str_eq(made, "\"门卫\\\"室\\\"\"\"b1\"");
    free(made);
    json_text_add_string(&t, "a\xff");
    ck_assert(t.failed);
    ck_assert_ptr_null(text_take(&t));
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("json_text");
    TCase *tc = tcase_create("text");
    tcase_add_test(tc, a_text_grows_with_what_is_added_and_ends_with_a_nul);
    tcase_add_test(tc, no_byte_is_lost_where_the_room_ends);
    tcase_add_test(tc, the_room_is_never_less_than_what_is_in_it);
    tcase_add_test(tc, of_what_has_failed_there_is_no_text);
    tcase_add_loop_test(tc, json_is_to_the_byte_what_jansson_writes, 0,
                        (int)(sizeof values / sizeof *values));
    tcase_add_test(tc, a_string_that_is_no_utf_8_is_none);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
