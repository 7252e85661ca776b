/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/input-event-codes.h>
#include <string.h>

#include "drivers/input/card_digits.h"
#include "run_suite.h"

#define STEP_NS 5000000 /* a reader types fast */

static const unsigned top_row[] = {KEY_0, KEY_1, KEY_2, KEY_3, KEY_4,
                                   KEY_5, KEY_6, KEY_7, KEY_8, KEY_9};
static const unsigned block[] = {KEY_KP0, KEY_KP1, KEY_KP2, KEY_KP3, KEY_KP4,
                                 KEY_KP5, KEY_KP6, KEY_KP7, KEY_KP8, KEY_KP9};

static struct card_digits card;
static int64_t now_ns;

static void begin(void)
{
    card_digits_reset(&card);
    now_ns = 1000000000000;
}

static enum card_digits_result key(unsigned code)
{
    return card_digits_key(&card, code, now_ns += STEP_NS);
}

static void type(const unsigned *keys, const char *digits)
{
    for (; *digits; digits++)
        ck_assert_int_eq(key(keys[*digits - '0']), CARD_DIGITS_NOTHING);
}

START_TEST(digits_and_enter_are_a_card)
{
    type(top_row, "0123456789");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_CARD);
    ck_assert_str_eq(card.text, "0123456789");
}
END_TEST

START_TEST(the_block_at_the_right_has_digits_too)
{
    type(block, "9876543210");
    ck_assert_int_eq(key(KEY_KPENTER), CARD_DIGITS_CARD);
    ck_assert_str_eq(card.text, "9876543210");
}
END_TEST

START_TEST(a_card_follows_a_card)
{
    type(top_row, "0012");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_CARD);
    type(top_row, "7");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_CARD);
    ck_assert_str_eq(card.text, "7");
}
END_TEST

START_TEST(enter_alone_is_nothing)
{
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_NOTHING);
    type(top_row, "1");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_CARD);
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_NOTHING);
}
END_TEST

START_TEST(a_number_that_stops_half_way_is_forgotten)
{
    type(top_row, "12345");
    now_ns += CARD_DIGITS_SILENCE_NS;
    type(top_row, "678");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_CARD);
    ck_assert_str_eq(card.text, "678");
    type(top_row, "12345");
    now_ns += CARD_DIGITS_SILENCE_NS;
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_NOTHING);
}
END_TEST

START_TEST(silence_just_short_of_a_second_is_none)
{
    type(top_row, "12");
    now_ns += CARD_DIGITS_SILENCE_NS - STEP_NS;
    type(top_row, "3");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_CARD);
    ck_assert_str_eq(card.text, "123");
}
END_TEST

START_TEST(the_longest_number_is_a_card_and_one_more_digit_is_none)
{
    for (int i = 0; i < INPUT_CARD_DIGITS_MAX; i++)
        type(top_row, "4");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_CARD);
    ck_assert_uint_eq(strlen(card.text), INPUT_CARD_DIGITS_MAX);
    for (int i = 0; i <= INPUT_CARD_DIGITS_MAX; i++)
        type(top_row, "4");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_DROPPED);
    type(top_row, "5");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_CARD);
    ck_assert_str_eq(card.text, "5");
}
END_TEST

START_TEST(another_key_spoils_the_number_it_stands_in_and_no_other)
{
    static const unsigned others[] = {KEY_A, KEY_LEFTSHIFT, KEY_KPDOT, KEY_MINUS, KEY_F13, 0, 767};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        type(top_row, "12");
        ck_assert_int_eq(key(others[i]), CARD_DIGITS_NOTHING);
        type(top_row, "34");
        ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_DROPPED);
        type(top_row, "56");
        ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_CARD);
        ck_assert_str_eq(card.text, "56");
    }
}
END_TEST

START_TEST(a_number_that_keys_are_missing_from_is_no_card)
{
    type(top_row, "12");
    card_digits_spoil(&card, now_ns);
    type(top_row, "34");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_DROPPED);
}
END_TEST

START_TEST(a_number_whose_beginning_was_lost_is_no_card_after_silence_either)
{
    now_ns += 10 * (int64_t)CARD_DIGITS_SILENCE_NS;
    card_digits_spoil(&card, now_ns);
    type(top_row, "34");
    ck_assert_int_eq(key(KEY_ENTER), CARD_DIGITS_DROPPED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("card-digits");
    TCase *tests = tcase_create("numbers");
    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_test(tests, digits_and_enter_are_a_card);
    tcase_add_test(tests, the_block_at_the_right_has_digits_too);
    tcase_add_test(tests, a_card_follows_a_card);
    tcase_add_test(tests, enter_alone_is_nothing);
    tcase_add_test(tests, a_number_that_stops_half_way_is_forgotten);
    tcase_add_test(tests, silence_just_short_of_a_second_is_none);
    tcase_add_test(tests, the_longest_number_is_a_card_and_one_more_digit_is_none);
    tcase_add_test(tests, another_key_spoils_the_number_it_stands_in_and_no_other);
    tcase_add_test(tests, a_number_that_keys_are_missing_from_is_no_card);
    tcase_add_test(tests, a_number_whose_beginning_was_lost_is_no_card_after_silence_either);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
