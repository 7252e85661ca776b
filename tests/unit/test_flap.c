/* SPDX-License-Identifier: Apache-2.0 */
/* Faults that come and go, for 400 days and in every pattern: what receivers are told of them. */
#include <stdint.h>

#include "events/flap.h"
#include "run_suite.h"

#define SECOND_MS  INT64_C(1000)
#define MINUTE_MS  (60 * SECOND_MS)
#define HOUR_MS    (60 * MINUTE_MS)
#define DAY_MS     (24 * HOUR_MS)
#define WHILE_DAYS 400
#define WHILE_MS   (WHILE_DAYS * DAY_MS)
#define A_DAY_MOST 24
#define START_MS   (5 * SECOND_MS)

/* A fault and a receiver that has been told of it. */
static struct flap flap;
static int64_t now_ms;
static bool believed;                   /* by the receiver */
static int64_t reported_ms[A_DAY_MOST]; /* the last events, in a circle */
static unsigned long count, comings, goings, sums, came, told_to_have_come;

static void set_up(void)
{
    flap = (struct flap){0};
    now_ms = START_MS;
    believed = false;
    count = comings = goings = sums = came = told_to_have_come = 0;
}

/* Check's own assertions write to a pipe each time: not a hundred million times. */
static void expect(bool so, const char *what)
{
    if (!so)
        ck_abort_msg("%s, at %lld ms", what, (long long)now_ms);
}

/* As events/faults does at each change and each second. What is told is so, within the bound. */
static void look(void)
{
    if (!flap_is_due(&flap, now_ms))
        return;
    expect(flap_may_tell(&flap, now_ms), "told beyond what is owed");
    int64_t *oldest_ms = &reported_ms[count % A_DAY_MOST];
    expect(count < A_DAY_MOST || now_ms - *oldest_ms >= DAY_MS, "25 events within a day");
    *oldest_ms = now_ms;
    count++;
    comings += !believed && flap.broken;
    goings += believed && !flap.broken;
    sums += believed == flap.broken;
    told_to_have_come += flap.times;
    believed = flap.broken;
    flap_reported(&flap, now_ms);
    expect(!flap_is_due(&flap, now_ms), "told twice");
}

static void state(bool broken)
{
    came += flap_state(&flap, broken, now_ms) && broken;
    look();
    expect(!broken || believed, "a coming that waits");
}

/* Time passes, and nothing changes. */
static void pass(int64_t ms, int64_t step_ms)
{
    for (int64_t end_ms = now_ms + ms; now_ms < end_ms;) {
        now_ms += end_ms - now_ms < step_ms ? end_ms - now_ms : step_ms;
        look();
    }
}

static void expect_the_truth_in_time(void)
{
    pass(6 * HOUR_MS, MINUTE_MS);
    ck_assert(believed == flap.broken);
    ck_assert_uint_eq(told_to_have_come, came);
}

START_TEST(what_comes_is_told_at_once_and_that_it_is_gone_when_it_stays_so)
{
    state(true);
    ck_assert_uint_eq(comings, 1);
    pass(HOUR_MS, SECOND_MS);
    ck_assert_uint_eq(count, 1);
    state(false);
    pass(MINUTE_MS - SECOND_MS, SECOND_MS);
    ck_assert(believed);
    pass(SECOND_MS, SECOND_MS);
    ck_assert(!believed);
    ck_assert_uint_eq(flap.times, 0);
    /* It is there again at once: so it is told, and once more it has to stay away, for longer. */
    state(true);
    ck_assert_uint_eq(count, 3);
    pass(10 * SECOND_MS, SECOND_MS);
    state(false);
    pass(4 * MINUTE_MS - SECOND_MS, SECOND_MS);
    ck_assert(believed);
    pass(SECOND_MS, SECOND_MS);
    ck_assert(!believed);
    ck_assert_uint_eq(goings, 2);
}
END_TEST

START_TEST(what_came_and_went_meanwhile_is_counted_and_summed_up_while_it_is_there)
{
    state(true);
    for (int i = 0; i < 100; i++) {
        pass(10 * SECOND_MS, SECOND_MS);
        state(false);
        pass(10 * SECOND_MS, SECOND_MS);
        state(true);
    }
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(flap.times, 100);
    pass(4 * HOUR_MS - 2000 * SECOND_MS - SECOND_MS, SECOND_MS);
    ck_assert_uint_eq(count, 1);
    pass(SECOND_MS, SECOND_MS);
    ck_assert_uint_eq(sums, 1);
    ck_assert_uint_eq(told_to_have_come, 101);
    pass(DAY_MS, MINUTE_MS); /* it only stays: nothing more is to be said */
    ck_assert_uint_eq(count, 2);
    state(false);
    expect_the_truth_in_time();
}
END_TEST

/* Half of the time, or for a second of it, or but for a second. */
static int64_t broken_part_ms(int64_t period_ms, int which)
{
    return which == 0 ? period_ms / 2 : which == 1 ? SECOND_MS : period_ms - SECOND_MS;
}

static const int64_t periods_ms[] = {
    2 * SECOND_MS,   3 * SECOND_MS,   5 * SECOND_MS,  10 * SECOND_MS,  20 * SECOND_MS,
    59 * SECOND_MS,  61 * SECOND_MS,  90 * SECOND_MS, 119 * SECOND_MS, 121 * SECOND_MS,
    150 * SECOND_MS, 241 * SECOND_MS, 5 * MINUTE_MS,  481 * SECOND_MS, 10 * MINUTE_MS,
    16 * MINUTE_MS,  17 * MINUTE_MS,  30 * MINUTE_MS, 33 * MINUTE_MS,  HOUR_MS,
    89 * MINUTE_MS,  90 * MINUTE_MS,  91 * MINUTE_MS, 2 * HOUR_MS,     3 * HOUR_MS,
    4 * HOUR_MS,     6 * HOUR_MS,     8 * HOUR_MS,    12 * HOUR_MS,    DAY_MS,
};
#define PERIODS (sizeof periods_ms / sizeof *periods_ms)

/* Of what comes more than once a minute only the fastest, half of the time there, goes on for all
 * of the time: the others come as often in a tenth of it as what is slower does in the whole. */
static int days_of(int which)
{
    int64_t period_ms = periods_ms[which % (int)PERIODS];
    return which == 0 || period_ms > MINUTE_MS ? WHILE_DAYS : WHILE_DAYS / 10;
}

START_TEST(whatever_its_period_it_is_at_most_24_events_a_day_over_400_days)
{
    int days = days_of(_i);
    int64_t end_ms = days * DAY_MS;
    int64_t period_ms = periods_ms[_i % PERIODS];
    int64_t broken_ms = broken_part_ms(period_ms, _i / (int)PERIODS);
    int64_t step_ms = period_ms > HOUR_MS ? 10 * MINUTE_MS : 53 * SECOND_MS;
    while (now_ms < end_ms) {
        state(true);
        pass(broken_ms, step_ms);
        state(false);
        pass(period_ms - broken_ms, step_ms);
    }
    ck_assert_uint_le(count, (unsigned long)days * A_DAY_MOST);
    /* What never stays away for a minute is there: one coming, and a sum each four hours. */
    if (period_ms - broken_ms < MINUTE_MS) {
        ck_assert_uint_eq(comings, 1);
        ck_assert_uint_le(sums, (unsigned long)days * 6);
        ck_assert_uint_ge(sums, (unsigned long)(end_ms / (4 * HOUR_MS + period_ms)) - 1);
    }
    /* What comes and goes once or twice a day is told each time. */
    if (period_ms >= 12 * HOUR_MS && period_ms - broken_ms > MINUTE_MS)
        ck_assert_uint_eq(count, (unsigned long)(2 * ((end_ms - START_MS) / period_ms + 1)));
    expect_the_truth_in_time();
}
END_TEST

/* Same numbers on every machine. */
static uint32_t random_below(uint64_t *state, uint32_t below)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(*state >> 33) % below;
}

/* Each time as long as one of these, a second more or less: around every limit that there is. */
static int64_t some_time_ms(uint64_t *random)
{
    static const int64_t lengths_ms[] = {0,
                                         SECOND_MS,
                                         30 * SECOND_MS,
                                         MINUTE_MS,
                                         2 * MINUTE_MS,
                                         4 * MINUTE_MS,
                                         8 * MINUTE_MS,
                                         32 * MINUTE_MS,
                                         90 * MINUTE_MS,
                                         3 * HOUR_MS,
                                         5 * HOUR_MS};
    size_t most = 2 + random_below(random, sizeof lengths_ms / sizeof *lengths_ms - 1);
    return lengths_ms[random_below(random, (uint32_t)most)] + random_below(random, 3) * 500;
}

/* A new process: what is kept of it is that it was told, and what it owes. */
static void restart(bool found_broken)
{
    flap_restore(&flap, believed, flap_debt_ms(&flap, now_ms), now_ms);
    if (believed)
        flap_found(&flap, found_broken, now_ms);
    else
        flap_state(&flap, found_broken, now_ms);
    look();
}

START_TEST(nor_does_any_other_pattern_make_more_nor_do_restarts)
{
    uint64_t random = (uint64_t)_i;
    while (now_ms < WHILE_MS) {
        bool broken = random_below(&random, 2);
        if (_i % 2 && random_below(&random, 4) == 0)
            restart(broken);
        else
            state(broken);
        pass(some_time_ms(&random), 53 * SECOND_MS);
    }
    ck_assert_uint_gt(count, 1000);
    came = told_to_have_come + flap.times;
    expect_the_truth_in_time();
}
END_TEST

START_TEST(a_gateway_that_starts_again_and_again_tells_no_more)
{
    /* Each start finds it broken, and it is gone for two minutes before the next. */
    for (int i = 0; now_ms < 10 * DAY_MS; i++) {
        restart(true);
        pass(3 * SECOND_MS, SECOND_MS);
        state(false);
        pass(i % 2 ? 20 * SECOND_MS : 2 * MINUTE_MS, SECOND_MS);
    }
    ck_assert_uint_gt(count, 10);
    ck_assert_uint_le(count, 10 * A_DAY_MOST);
}
END_TEST

START_TEST(a_count_out_of_a_row_is_taken_within_its_bounds)
{
    static const int64_t debts_ms[] = {INT64_MIN / 2, -1, 0, HOUR_MS, INT64_MAX / 2};
    for (size_t i = 0; i < sizeof debts_ms / sizeof *debts_ms; i++) {
        flap_restore(&flap, true, debts_ms[i], now_ms);
        int64_t debt_ms = flap_debt_ms(&flap, now_ms);
        ck_assert_int_ge(debt_ms, 0);
        ck_assert_int_le(debt_ms, 12 * HOUR_MS);
        if (debts_ms[i] == HOUR_MS)
            ck_assert_int_eq(debt_ms, HOUR_MS);
        ck_assert(flap_may_tell(&flap, now_ms + 90 * MINUTE_MS));
    }
}
END_TEST

/* What is no longer configured is told as gone without waiting: then a coming may have to. */
START_TEST(a_coming_that_had_to_wait_is_told_later_if_it_stays)
{
    flap_restore(&flap, false, 12 * HOUR_MS, now_ms);
    flap_state(&flap, true, now_ms);
    ck_assert(!flap_may_tell(&flap, now_ms));
    ck_assert(!flap_is_due(&flap, now_ms));
    now_ms += 90 * MINUTE_MS - 1;
    ck_assert(!flap_is_due(&flap, now_ms));
    now_ms++;
    ck_assert(flap_is_due(&flap, now_ms));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flap");
    TCase *tc = tcase_create("flap");
    tcase_add_checked_fixture(tc, set_up, NULL);
    tcase_add_test(tc, what_comes_is_told_at_once_and_that_it_is_gone_when_it_stays_so);
    tcase_add_test(tc, what_came_and_went_meanwhile_is_counted_and_summed_up_while_it_is_there);
    tcase_add_loop_test(tc, whatever_its_period_it_is_at_most_24_events_a_day_over_400_days, 0,
                        3 * (int)PERIODS);
    tcase_add_loop_test(tc, nor_does_any_other_pattern_make_more_nor_do_restarts, 0, 20);
    tcase_add_test(tc, a_gateway_that_starts_again_and_again_tells_no_more);
    tcase_add_test(tc, a_count_out_of_a_row_is_taken_within_its_bounds);
    tcase_add_test(tc, a_coming_that_had_to_wait_is_told_later_if_it_stays);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
