/* SPDX-License-Identifier: Apache-2.0 */
/* The contract of a reader of cards: numbers, and never a level. */
#include <string.h>

#include "base/clock.h"
#include "input_cases.h"
#include "input_watcher.h"

static void show(const char *characters)
{
    world->show(first.input, characters, &loop);
}

static void expect_card(const char *digits)
{
    ck_assert_str_eq(watcher_await(&first, TOLD_CARD)->text, digits);
    watcher_mark(&first);
}

static void expect_no_levels(void)
{
    for (size_t i = 0; i < first.count; i++)
        ck_assert_uint_gt(first.told[i].what, TOLD_REST);
}

START_TEST(a_card_is_told_with_its_digits_and_the_time)
{
    open_first();
    watcher_await(&first, TOLD_NO_FAULT);
    int64_t before_ns = clock_monotonic_ns();
    show("0012345678");
    const struct told *card = watcher_await(&first, TOLD_CARD);
    ck_assert_str_eq(card->text, "0012345678");
    ck_assert_int_ge(card->at_ns, before_ns - 1000);
    ck_assert_int_le(card->at_ns, card->told_ns);
    expect_no_levels();
}
END_TEST

START_TEST(cards_in_turn_are_told_in_order)
{
    open_first();
    show("1");
    expect_card("1");
    show("1");
    expect_card("1");
    show("90817263545362718091827364554637"); /* the longest there are */
    expect_card("90817263545362718091827364554637");
    expect_no_levels();
}
END_TEST

START_TEST(what_is_no_number_of_a_card_is_not_told)
{
    open_first();
    show("");
    show("12x4");
    show("1234567890123456789012345678901234");
    watcher_idle(&loop, 50);
    ck_assert_ptr_null(watcher_find(&first, TOLD_CARD));
    show("77");
    expect_card("77");
    ck_assert_ptr_null(watcher_find(&first, TOLD_FAULT));
}
END_TEST

START_TEST(no_card_is_told_after_close)
{
    open_first();
    watcher_await(&first, TOLD_NO_FAULT);
    if (world->unplug)
        world->show(first.input, "5", NULL); /* waits in the kernel */
    watcher_close(&first);
    watcher_idle(&loop, 100);
    ck_assert_ptr_null(watcher_find(&first, TOLD_CARD));
}
END_TEST

START_TEST(a_reader_that_goes_away_is_a_fault_and_reads_again_when_it_is_back)
{
    if (!world->unplug)
        return;
    open_first();
    watcher_await(&first, TOLD_NO_FAULT);
    watcher_mark(&first);
    world->unplug();
    ck_assert_str_ne(watcher_await(&first, TOLD_FAULT)->text, "");
    world->plug();
    watcher_await(&first, TOLD_NO_FAULT);
    show("42");
    expect_card("42");
    expect_no_levels();
}
END_TEST

/* More keys than the kernel keeps: a number that lacks its beginning is another card's. */
START_TEST(a_card_that_was_half_lost_is_not_told)
{
    open_first();
    watcher_await(&first, TOLD_NO_FAULT);
    for (int i = 0; i < 40; i++) {
        watcher_mark(&first);
        world->show(first.input, "11111111", NULL);
        world->show(first.input, "22222222", NULL);
        world->show(first.input, "33333333", NULL);
        watcher_idle(&loop, 30);
        for (size_t k = first.mark; k < first.count; k++)
            ck_assert_uint_eq(strlen(first.told[k].text), 8);
    }
}
END_TEST

void add_reader_cases(TCase *cases)
{
    tcase_add_test(cases, a_card_is_told_with_its_digits_and_the_time);
    tcase_add_test(cases, cards_in_turn_are_told_in_order);
    tcase_add_test(cases, what_is_no_number_of_a_card_is_not_told);
    tcase_add_test(cases, no_card_is_told_after_close);
    tcase_add_test(cases, a_reader_that_goes_away_is_a_fault_and_reads_again_when_it_is_back);
    tcase_add_test(cases, a_card_that_was_half_lost_is_not_told);
}
