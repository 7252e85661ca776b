/* SPDX-License-Identifier: Apache-2.0 */
/* How old events are: by what the gateway has counted, and by nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/age.h"
#include "run_suite.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)
#define KEEP_MS (400 * DAY_MS)

static struct age age;
static int64_t now_ms; /* of this boot */
static uint64_t seq;   /* the newest */

static void set_up(void)
{
    now_ms = 5000;
    seq = 0;
    age_init(&age, KEEP_MS, now_ms);
    age_count(&age, now_ms, seq);
}

/* An event an hour. */
static void live(int64_t ms)
{
    for (int64_t end_ms = now_ms + ms; now_ms < end_ms;) {
        now_ms += HOUR_MS;
        age_count(&age, now_ms, ++seq);
        ck_assert_uint_le(age.count, AGE_MARKS_MAX);
    }
}

/* After that many milliseconds in which nothing ran. */
static void start_anew(const char *boot, int64_t boot_ms)
{
    struct err e;
    char *row = age_row(&age, "a");
    now_ms = boot_ms;
    age_init(&age, KEEP_MS, now_ms);
    ck_assert_int_eq(age_load(&age, row, boot, now_ms, seq, &e), 0);
    age_count(&age, now_ms, seq);
    free(row);
}

START_TEST(nothing_is_old_before_its_time_and_everything_soon_after_it)
{
    live(KEEP_MS - HOUR_MS);
    ck_assert_uint_eq(age_old_seq(&age), 0);
    for (int day = 0; day < 900; day++) {
        live(DAY_MS);
        uint64_t hours = (uint64_t)((now_ms - 5000) / HOUR_MS), old = age_old_seq(&age);
        ck_assert_uint_le(old, hours - 400 * 24); /* event n was made in hour n */
        if (hours > 411 * 24)
            ck_assert_uint_ge(old, hours - 410 * 24 - 1);
    }
}
END_TEST

START_TEST(a_restart_in_the_same_boot_counts_what_was_between)
{
    live(100 * DAY_MS);
    start_anew("a", now_ms + 100 * DAY_MS); /* tocsind did not run, and time has passed */
    ck_assert_int_eq(age.ran_ms, 200 * DAY_MS);
    live(200 * DAY_MS);
    ck_assert_uint_le(age_old_seq(&age), 10 * 24);
    live(10 * DAY_MS);
    ck_assert_uint_gt(age_old_seq(&age), 0);
}
END_TEST

START_TEST(of_another_boot_only_that_it_runs_is_counted)
{
    live(100 * DAY_MS);
    start_anew("b", 7000);
    ck_assert_int_eq(age.ran_ms, 100 * DAY_MS + 7000);
    age_count(&age, 9000, seq);
    ck_assert_int_eq(age.ran_ms, 100 * DAY_MS + 9000);
}
END_TEST

START_TEST(marks_of_a_chain_that_was_lost_say_nothing_of_the_new_one)
{
    live(KEEP_MS + 20 * DAY_MS);
    ck_assert_uint_gt(age_old_seq(&age), 100);
    seq = 100;
    start_anew("a", now_ms);
    ck_assert_uint_eq(age_old_seq(&age), 0);
    ck_assert_uint_le(age.count, 2);
}
END_TEST

START_TEST(who_asks_to_keep_more_or_less_is_served_with_what_was_counted)
{
    live(KEEP_MS);
    age.keep_ms = 30 * DAY_MS;
    ck_assert_uint_eq(age_old_seq(&age), 370 * 24);
    live(30 * DAY_MS);
    age.keep_ms = 3650 * DAY_MS;
    ck_assert_uint_eq(age_old_seq(&age), 0);
    live(3700 * DAY_MS);
    ck_assert_uint_gt(age_old_seq(&age), 0);
}
END_TEST

static const char *const bad_rows[] = {
    "",
    "{",
    "[]",
    "{\"boot\":\"a\",\"at_ms\":1,\"ran_ms\":9}",
    "{\"boot\":\"a\",\"at_ms\":1,\"ran_ms\":-9,\"marks\":[]}",
    "{\"boot\":\"a\",\"at_ms\":-1,\"ran_ms\":9,\"marks\":[]}",
    "{\"boot\":\"a\",\"at_ms\":5001,\"ran_ms\":9,\"marks\":[]}",
    "{\"boot\":\"a\",\"at_ms\":1,\"ran_ms\":9223372036854775807,\"marks\":[]}",
    "{\"boot\":\"a\",\"at_ms\":1,\"ran_ms\":9,\"marks\":[[10,1]]}",
    "{\"boot\":\"a\",\"at_ms\":1,\"ran_ms\":9,\"marks\":[[-1,1]]}",
    "{\"boot\":\"a\",\"at_ms\":1,\"ran_ms\":9,\"marks\":[[5,1],[4,1]]}",
    "{\"boot\":\"a\",\"at_ms\":1,\"ran_ms\":9,\"marks\":[[5,2],[6,1]]}",
    "{\"boot\":\"a\",\"at_ms\":1,\"ran_ms\":9,\"marks\":[[5,-2]]}",
    "{\"at_ms\":1,\"ran_ms\":9,\"marks\":[]}",
    "{\"boot\":\"a\",\"ran_ms\":9,\"marks\":[]}",
};

START_TEST(a_row_that_is_wrong_is_not_believed)
{
    struct err e;
    const struct age before = age;
    ck_assert_int_lt(age_load(&age, bad_rows[_i], "a", 5000, 100, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "cannot be read"));
    ck_assert_mem_eq(&age, &before, sizeof age);
}
END_TEST

START_TEST(nor_is_one_with_more_marks_than_there_are)
{
    struct err e;
    char text[2000];
    size_t used = (size_t)sprintf(text, "{\"boot\":\"a\",\"at_ms\":1,\"ran_ms\":9,\"marks\":[");
    for (int i = 0; i <= AGE_MARKS_MAX; i++)
        used += (size_t)sprintf(text + used, "%s[1,1]", i ? "," : "");
    sprintf(text + used, "]}");
    ck_assert_int_lt(age_load(&age, text, "a", 5000, 100, &e), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("age");
    TCase *tc = tcase_create("age");
    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, nothing_is_old_before_its_time_and_everything_soon_after_it);
    tcase_add_test(tc, a_restart_in_the_same_boot_counts_what_was_between);
    tcase_add_test(tc, of_another_boot_only_that_it_runs_is_counted);
    tcase_add_test(tc, marks_of_a_chain_that_was_lost_say_nothing_of_the_new_one);
    tcase_add_test(tc, who_asks_to_keep_more_or_less_is_served_with_what_was_counted);
    tcase_add_loop_test(tc, a_row_that_is_wrong_is_not_believed, 0,
                        sizeof bad_rows / sizeof *bad_rows);
    tcase_add_test(tc, nor_is_one_with_more_marks_than_there_are);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
