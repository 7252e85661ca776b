/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of events that are looked for in vain, as one sentence. */
#include <string.h>

#include "outbox/gone.h"
#include "run_suite.h"

static struct gone gone;
static char sentence[600];

static const char *take(void)
{
    return gone_take(&gone, sentence, sizeof sentence) ? sentence : NULL;
}

START_TEST(of_none_nothing_is_said)
{
    ck_assert_ptr_null(take());
}
END_TEST

START_TEST(one_is_named_once_for_all_that_wait_for_it)
{
    gone_note(&gone, 7);
    gone_note(&gone, 7);
    ck_assert_str_eq(take(), "of event number 7 nothing is here any more, and not every receiver "
                             "has it: what the store had of it is lost");
    ck_assert_ptr_null(take());
    gone_note(&gone, 7); /* later */
    ck_assert_ptr_nonnull(take());
}
END_TEST

START_TEST(what_follows_one_another_is_one_range)
{
    for (int receiver = 0; receiver < 2; receiver++) {
        for (uint64_t seq = 3; seq <= 6; seq++)
            gone_note(&gone, seq);
        gone_note(&gone, 9);
        gone_note(&gone, 8);
        gone_note(&gone, 7);
    }
    ck_assert_ptr_nonnull(strstr(take(), "of event numbers 3 to 7, 9, 8 nothing is here"));
}
END_TEST

START_TEST(of_very_many_it_is_said_that_there_are_others)
{
    for (uint64_t seq = 0; seq < GONE_RANGES; seq++)
        gone_note(&gone, UINT64_MAX - 100 + 2 * seq);
    ck_assert_ptr_null(strstr(take(), "and others"));
    for (uint64_t seq = 0; seq <= GONE_RANGES; seq++)
        gone_note(&gone, UINT64_MAX - 100 + 2 * seq);
    gone_note(&gone, UINT64_MAX - 100 + 1); /* the first still grows */
    ck_assert_ptr_nonnull(strstr(take(), "numbers 18446744073709551515 to 18446744073709551516, "));
    gone_note(&gone, 1);
    ck_assert_ptr_null(strstr(take(), "and others"));
    for (uint64_t seq = 0; seq <= GONE_RANGES; seq++)
        gone_note(&gone, UINT64_MAX - 100 + 2 * seq);
    ck_assert_ptr_nonnull(strstr(take(), " and others nothing is here any more, "));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gone");
    TCase *tc = tcase_create("numbers");
    tcase_add_test(tc, of_none_nothing_is_said);
    tcase_add_test(tc, one_is_named_once_for_all_that_wait_for_it);
    tcase_add_test(tc, what_follows_one_another_is_one_range);
    tcase_add_test(tc, of_very_many_it_is_said_that_there_are_others);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
