/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/keyed_hash.h"
#include "base/log.h"
#include "base/uuid.h"
#include "run_suite.h"

/* The vectors of its authors: key 00 01 …, and texts 00 01 … of 0, 1, 8, 15 and 63 bytes. */
START_TEST(a_keyed_hash_is_siphash)
{
    static const struct {
        size_t length;
        uint64_t hash;
    } vectors[] = {{0, UINT64_C(0x726fdb47dd0e0e31)},
                   {1, UINT64_C(0x74f839c593dc67fd)},
                   {8, UINT64_C(0x93f5f5799a932462)},
                   {15, UINT64_C(0xa129ca6149be45e5)},
                   {63, UINT64_C(0x958a324ceb064572)}};
    unsigned char bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        ck_assert_uint_eq(keyed_hash(bytes, bytes, vectors[i].length), vectors[i].hash);
    ck_assert_mem_eq(keyed_hash_process_key(), (const void *)getauxval(AT_RANDOM),
                     KEYED_HASH_KEY_BYTES);
}
END_TEST

START_TEST(an_error_reads_like_a_sentence_from_the_outside_in)
{
    struct err e;
    int result = err_system(&e, ETIMEDOUT, "rtsp");
    result = err_prefix(&e, result, "camera %s", "gate");
    ck_assert_int_eq(result, -ETIMEDOUT);
    ck_assert_str_eq(e.text, "camera gate: rtsp: Connection timed out");
}
END_TEST

START_TEST(an_error_too_long_is_cut_not_overrun)
{
    struct err e;
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    err_set(&e, EINVAL, "%s", text);
    err_prefix(&e, -EINVAL, "%s", text);
    ck_assert_uint_eq(strlen(e.text), sizeof e.text - 1);
}
END_TEST

START_TEST(a_text_that_was_cut_ends_with_a_whole_character)
{
    static const char *const pairs[][2] = {
        {"a大", "a大"}, {"a\xe5\xa4", "a"},   {"a\xe5", "a"},
        {"😀", "😀"},     {"\xf0\x9f\x98", ""}, {"é\xc3", "é"},
        {"", ""},       {"ab", "ab"},         {"\x80\x80", "\x80\x80"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char text[16];
        strcpy(text, pairs[i][0]);
        encode_trim_utf8(text);
        ck_assert_str_eq(text, pairs[i][1]);
    }
}
END_TEST

START_TEST(a_text_of_a_stranger_is_made_utf8)
{
    static const struct {
        const char *from, *to;
        size_t size;
    } cases[] = {{"大门 ok", "大门 ok", 16},
                 {"\xce\xde\xcf\xdf", "????", 16}, /* as a Chinese proxy has it: GBK */
                 {"a\xc0\x80\xed\xa0\x80\xf8", "a??????", 16},
                 {"😀\xf4\x90\x80\x80\xf5", "😀?????", 16},
                 {"\xe0\x9f\xbf\xf0\x8f\xbf\xbf", "???????", 16},
                 {"\xf4\x8f\xbf\xbf\xed\x9f\xbf\xc2\x80\xc1\x80",
                  "\xf4\x8f\xbf\xbf\xed\x9f\xbf\xc2\x80??", 16},
                 {"a大门", "a大", 6},
                 {"a大", "a大", 5},
                 {"a\xe5\xa4", "a??", 16}, /* not cut here: said as it is */
                 {NULL, "", 16}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        encode_copy_utf8(text, cases[i].size, cases[i].from);
        ck_assert_str_eq(text, cases[i].to);
    }
}
END_TEST

START_TEST(text_from_outside_is_quoted_and_escaped)
{
    char buffer[64];
    ck_assert_str_eq(log_quote(buffer, sizeof buffer, "a\"b\\c\n大门"), "\"a\\\"b\\\\c\\x0a大门\"");
    ck_assert_str_eq(log_quote(buffer, sizeof buffer, NULL), "\"\"");
    /* Unicode's controls and line ends move a terminal's cursor, too. */
    ck_assert_str_eq(log_quote(buffer, sizeof buffer,
                               "a\xc2\x9b"
                               "2J\xe2\x80\xa8é"),
                     "\"a\\xc2\\x9b2J\\xe2\\x80\\xa8é\"");
    char small[8];
    log_quote(small, sizeof small, "abcdefghijkl");
    ck_assert_uint_lt(strlen(small), sizeof small);
    char chinese[12]; /* no character is cut in two */
    ck_assert_str_eq(log_quote(chinese, sizeof chinese, "大门操场"), "\"大门\"");
}
END_TEST

START_TEST(base64_matches_rfc_4648_section_10)
{
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char text[32];
        unsigned char bytes[32];
        encode_base64(pairs[i][0], strlen(pairs[i][0]), text);
        ck_assert_str_eq(text, pairs[i][1]);
        ssize_t got = decode_base64(text, strlen(text), bytes, sizeof bytes);
        ck_assert_int_eq(got, (ssize_t)strlen(pairs[i][0]));
        ck_assert_mem_eq(bytes, pairs[i][0], (size_t)got);
    }
}
END_TEST

START_TEST(base64url_has_an_alphabet_of_its_own_and_no_padding)
{
    char text[ENCODE_BASE64URL_SIZE(4)];
    encode_base64url((const unsigned char[]){0xfb, 0xff, 0xbf, 0xfe}, 4, text);
    ck_assert_str_eq(text, "-_-__g");
}
END_TEST

START_TEST(decoders_refuse_what_is_not_strict)
{
    unsigned char bytes[8];
    ck_assert_int_eq(decode_base64("Zg=", 3, bytes, sizeof bytes), -EINVAL);
    ck_assert_int_eq(decode_base64("Zh==", 4, bytes, sizeof bytes), -EINVAL); /* stray bits */
    ck_assert_int_eq(decode_base64("Zg==Zg==", 8, bytes, sizeof bytes), -EINVAL);
    ck_assert_int_eq(decode_base64("Z g=", 4, bytes, sizeof bytes), -EINVAL);
    ck_assert_int_eq(decode_base64("====", 4, bytes, sizeof bytes), -EINVAL);
    ck_assert_int_eq(decode_base64("Zm9vYmFyZm9v", 12, bytes, 8), -EINVAL); /* too long */
    ck_assert_int_eq(decode_base64url("Zg==", 4, bytes, sizeof bytes), -EINVAL);
    ck_assert_int_eq(decode_hex("0G", 2, bytes, sizeof bytes), -EINVAL);
    ck_assert_int_eq(decode_hex("0F", 2, bytes, sizeof bytes), -EINVAL);
    ck_assert_int_eq(decode_hex("0f", 2, bytes, sizeof bytes), 1);
}
END_TEST

START_TEST(a_uuid_carries_its_time_and_is_valid)
{
    char id[UUID_TEXT_SIZE];
    uuid_v7(INT64_C(0x0123456789ab), id);
    ck_assert_int_eq(strncmp(id, "01234567-89ab-7", 15), 0);
    ck_assert(uuid_is_valid(id));
    id[3] = 'G';
    ck_assert(!uuid_is_valid(id));
    ck_assert(!uuid_is_valid(""));
}
END_TEST

START_TEST(times_are_written_and_read_back)
{
    char text[CLOCK_TEXT_SIZE];
    int64_t ms;
    clock_format_utc(INT64_C(1763885730123), text);
    ck_assert_str_eq(text, "2025-11-23T08:15:30.123Z");
    ck_assert_int_eq(clock_parse_rfc3339(text, &ms), 0);
    ck_assert_int_eq(ms, INT64_C(1763885730123));
    ck_assert_int_eq(clock_parse_rfc3339("2025-11-23T16:15:30+08:00", &ms), 0);
    ck_assert_int_eq(ms, INT64_C(1763885730000));
    ck_assert_int_eq(clock_parse_rfc3339("2025-11-23T03:15:30-05:00", &ms), 0);
    ck_assert_int_eq(ms, INT64_C(1763885730000));
    static const char *const bad[] = {"",
                                      "2025-11-23",
                                      "2025-11-23T16:15:30",
                                      "2025-13-23T16:15:30Z",
                                      "2025-11-23T16:15:30.Z",
                                      "2025-11-23T16:15:30+8:00",
                                      "2025-11-23T16:15:30Zx"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_int_eq(clock_parse_rfc3339(bad[i], &ms), -EINVAL);
}
END_TEST

START_TEST(a_stamp_lies_within_its_own_interval)
{
    int64_t now_ns = clock_monotonic_ns();
    struct clock_stamp stamp = clock_stamp_at(now_ns - 5000000000, 1000);
    ck_assert_int_le(stamp.earliest_ms, stamp.wall_ms);
    ck_assert_int_ge(stamp.latest_ms, stamp.wall_ms);
    ck_assert_int_le(stamp.wall_ms, clock_wall_ms() - 4990);
}
END_TEST

START_TEST(back_off_is_jittered_doubling_and_capped)
{
    ck_assert_int_eq(backoff_delay_ms(1, 250, 5000, 0), 0);
    ck_assert_int_eq(backoff_delay_ms(1, 250, 5000, UINT32_MAX), 250);
    ck_assert_int_eq(backoff_delay_ms(2, 250, 5000, UINT32_MAX), 500);
    ck_assert_int_eq(backoff_delay_ms(100, 250, 5000, UINT32_MAX), 5000);
    ck_assert_int_eq(backoff_delay_ms(UINT32_MAX, 250, 5000, UINT32_MAX), 5000);
}
END_TEST

START_TEST(a_file_is_replaced_whole_and_read_back_within_its_limit)
{
    char folder[TEST_FOLDER_SIZE];
    test_folder(folder, sizeof folder);
    char path[64];
    snprintf(path, sizeof path, "%s/f", folder);
    struct err e;
    ck_assert_int_eq(atomic_file_write(path, 0600, "one", 3, &e), 0);
    ck_assert_int_eq(atomic_file_write(path, 0640, "three", 5, &e), 0);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 0777, 0640);
    char *data;
    size_t length;
    ck_assert_int_eq(atomic_file_read(path, 5, &data, &length, &e), 0);
    ck_assert_uint_eq(length, 5);
    ck_assert_str_eq(data, "three");
    free(data);
    ck_assert_int_eq(atomic_file_read(path, 4, &data, &length, &e), -EFBIG);
    ck_assert_int_eq(atomic_file_write("/proc/nowhere/f", 0600, "x", 1, &e), -ENOENT);
    ck_assert_ptr_nonnull(strstr(e.text, "/proc/nowhere"));
    unlink(path);
    rmdir(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *tc = tcase_create("base");
    tcase_add_test(tc, a_keyed_hash_is_siphash);
    tcase_add_test(tc, an_error_reads_like_a_sentence_from_the_outside_in);
    tcase_add_test(tc, an_error_too_long_is_cut_not_overrun);
    tcase_add_test(tc, a_text_that_was_cut_ends_with_a_whole_character);
    tcase_add_test(tc, a_text_of_a_stranger_is_made_utf8);
    tcase_add_test(tc, text_from_outside_is_quoted_and_escaped);
    tcase_add_test(tc, base64_matches_rfc_4648_section_10);
    tcase_add_test(tc, base64url_has_an_alphabet_of_its_own_and_no_padding);
    tcase_add_test(tc, decoders_refuse_what_is_not_strict);
    tcase_add_test(tc, a_uuid_carries_its_time_and_is_valid);
    tcase_add_test(tc, times_are_written_and_read_back);
    tcase_add_test(tc, a_stamp_lies_within_its_own_interval);
    tcase_add_test(tc, back_off_is_jittered_doubling_and_capped);
    tcase_add_test(tc, a_file_is_replaced_whole_and_read_back_within_its_limit);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
