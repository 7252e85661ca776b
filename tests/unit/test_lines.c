/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "run_suite.h"

static void put(struct lines *l, const char *text, size_t length)
{
    while (length > 0) {
        size_t size, piece;
        char *room = lines_room(l, &size);
        ck_assert_ptr_nonnull(room);
        ck_assert_uint_gt(size, 0);
        piece = size < length ? size : length;
        memcpy(room, text, piece);
        lines_fill(l, piece);
        text += piece;
        length -= piece;
    }
}

static void expect(struct lines *l, const char *text)
{
    size_t length = 99;
    ck_assert(lines_has_next(l));
    const char *line = lines_next(l, &length);
    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line, text);
    ck_assert_uint_eq(length, strlen(text));
}

static void expect_none(struct lines *l)
{
    size_t length;
    ck_assert(!lines_has_next(l));
    ck_assert_ptr_null(lines_next(l, &length));
}

START_TEST(a_stream_is_cut_at_its_newlines_wherever_it_was_cut_before)
{
    static const char stream[] = "one\n\nthree\nfour is longer than the rest\nfive";
    for (size_t piece = 1; piece < sizeof stream; piece++) {
        static const char *const wanted[] = {"one", "", "three", "four is longer than the rest"};
        struct lines l;
        size_t seen = 0, length;
        const char *line;
        lines_init(&l, 100);
        for (size_t at = 0; at < sizeof stream - 1; at += piece) {
            size_t left = sizeof stream - 1 - at;
            put(&l, stream + at, left < piece ? left : piece);
            while ((line = lines_next(&l, &length))) {
                ck_assert_uint_lt(seen, 4);
                ck_assert_str_eq(line, wanted[seen]);
                ck_assert_uint_eq(length, strlen(wanted[seen++]));
            }
        }
        ck_assert_uint_eq(seen, 4);
        put(&l, "\n", 1);
        expect(&l, "five");
        expect_none(&l);
        lines_finish(&l);
    }
}
END_TEST

START_TEST(a_line_may_be_as_long_as_was_agreed_and_no_longer)
{
    static char text[9000];
    struct lines l;
    size_t size, length;
    memset(text, 'x', sizeof text);
    lines_init(&l, 9000);
    text[8999] = '\n';
    put(&l, text, 9000);
    ck_assert_ptr_nonnull(lines_next(&l, &length));
    ck_assert_uint_eq(length, 8999);
    put(&l, text, 8999);
    expect_none(&l);
    put(&l, "y", 1); /* the newline's place */
    expect_none(&l);
    ck_assert_ptr_null(lines_room(&l, &size));
    lines_finish(&l);
}
END_TEST

START_TEST(room_is_found_again_when_lines_were_taken)
{
    struct lines l;
    size_t length;
    lines_init(&l, 5000);
    for (int i = 0; i < 1000; i++) {
        put(&l, "0123456789abcdef0123456789abcdef\n", 33);
        put(&l, "0123", 4);
        ck_assert_ptr_nonnull(lines_next(&l, &length));
        put(&l, "\n", 1);
        expect(&l, "0123");
    }
    ck_assert_uint_le(l.room, 4096);
    lines_finish(&l);
}
END_TEST

START_TEST(a_line_may_hold_a_nul)
{
    struct lines l;
    size_t length;
    lines_init(&l, 100);
    put(&l, "a\0b\n", 4);
    const char *line = lines_next(&l, &length);
    ck_assert_uint_eq(length, 3);
    ck_assert_int_eq(memcmp(line, "a\0b", 4), 0);
    lines_finish(&l);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lines");
    TCase *tc = tcase_create("lines");
    tcase_add_test(tc, a_stream_is_cut_at_its_newlines_wherever_it_was_cut_before);
    tcase_add_test(tc, a_line_may_be_as_long_as_was_agreed_and_no_longer);
    tcase_add_test(tc, room_is_found_again_when_lines_were_taken);
    tcase_add_test(tc, a_line_may_hold_a_nul);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
