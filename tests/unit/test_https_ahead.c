/* SPDX-License-Identifier: Apache-2.0 */
/* Presses that are signed ahead. */
#include <stdio.h>

#include "drivers/uplink/https/ahead.h"
#include "run_suite.h"

static struct ahead ahead;

static void put(const char *event, const char *signature, int64_t at_s)
{
    struct profile_headers headers = {.signature = ""};
    snprintf(headers.signature, sizeof headers.signature, "%s", signature);
    ahead_put(&ahead, event, &headers, at_s);
}

static void expect(const char *event, int64_t at_s, const char *signature)
{
    const struct profile_headers *headers = ahead_take(&ahead, event, at_s);
    ck_assert((headers != NULL) == (signature != NULL));
    if (headers)
        ck_assert_str_eq(headers->signature, signature);
}

START_TEST(it_is_taken_once_and_by_its_own_event)
{
    put("a", "of a", 100);
    put("b", "of b", 100);
    expect("c", 100, NULL);
    expect("b", 101, "of b");
    expect("b", 101, NULL); /* a nonce is used once */
    expect("a", 102, "of a");
    expect("a", 102, NULL);
}
END_TEST

START_TEST(it_is_good_for_two_seconds_of_a_clock_that_goes_forward)
{
    put("a", "of a", 100);
    expect("a", 103, NULL);
    expect("a", 100, NULL); /* it is gone all the same */
    put("a", "of a", 100);
    expect("a", 99, NULL); /* the clock was set back */
    put("a", "of a", 100);
    expect("a", 102, "of a");
}
END_TEST

START_TEST(the_oldest_makes_room)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    ck_assert_uint_eq(AHEAD_MAX, 4);
    for (size_t i = 0; i < 5; i++)
        put(names[i], names[i], 100);
    expect("a", 100, NULL);
    for (size_t i = 1; i < 5; i++)
        expect(names[i], 100, names[i]);
}
END_TEST

START_TEST(an_event_that_is_signed_twice_has_no_signature_left_over)
{
    put("a", "first", 100);
    put("a", "second", 100);
    ck_assert_ptr_nonnull(ahead_take(&ahead, "a", 100));
    expect("a", 100, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("https_ahead");
    TCase *tc = tcase_create("ahead");
    tcase_add_test(tc, it_is_taken_once_and_by_its_own_event);
    tcase_add_test(tc, it_is_good_for_two_seconds_of_a_clock_that_goes_forward);
    tcase_add_test(tc, the_oldest_makes_room);
    tcase_add_test(tc, an_event_that_is_signed_twice_has_no_signature_left_over);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
