/* SPDX-License-Identifier: Apache-2.0 */
/* How old clips are: by the time that was counted, over restarts and reboots, and by no wall
 * clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "run_suite.h"
#include "video/shelf.h"
#include "video_clip_stage.h"
#include "video_shelf_stage.h"
#include "video_units.h"

#define HOUR INT64_C(3600000)
#define YEAR (366 * 24 * HOUR)

static int64_t monotonic_ms, wall_ms;
static char boot[CLOCK_BOOT_ID_SIZE];

int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_monotonic_ms(void)
{
    return monotonic_ms;
}

int64_t __wrap_clock_wall_ms(void);
int64_t __wrap_clock_wall_ms(void)
{
    return wall_ms;
}

int __wrap_clock_boot_id(char ret_id[CLOCK_BOOT_ID_SIZE], struct err *e);
int __wrap_clock_boot_id(char ret_id[CLOCK_BOOT_ID_SIZE], struct err *e)
{
    (void)e;
    memcpy(ret_id, boot, sizeof boot);
    return 0;
}

static struct shelf shelf;

/* One clip that everybody has. */
static void set_up(void)
{
    monotonic_ms = 5000;
    wall_ms = INT64_C(1764230400000);
    strcpy(boot, "first");
    make_folder();
    open_shelf(&shelf);
    struct message made = make_clip(BEGIN, 10);
    struct shelf_clip *clip = put_on(&shelf, &made);
    shelf_mark(&shelf, clip, true, true);
}

static void tear_down(void)
{
    shelf_close(&shelf);
    remove_folder();
}

static void restart(void)
{
    shelf_close(&shelf);
    open_shelf(&shelf);
}

static size_t left_after(int64_t keep_ms)
{
    shelf_tend(&shelf, keep_ms, INT64_MAX / 2, 0);
    return count_clips(&shelf);
}

START_TEST(a_wall_clock_that_is_years_ahead_makes_no_clip_old)
{
    wall_ms += 20 * YEAR;
    monotonic_ms += HOUR;
    ck_assert_uint_eq(left_after(2 * HOUR), 1);
    wall_ms -= 40 * YEAR; /* nor does one that is behind keep it */
    monotonic_ms += HOUR + 1;
    ck_assert_uint_eq(left_after(2 * HOUR), 0);
}
END_TEST

START_TEST(time_is_counted_over_a_restart_within_a_boot)
{
    monotonic_ms += HOUR / 2;
    ck_assert_uint_eq(left_after(2 * HOUR), 1); /* notes what it has counted */
    monotonic_ms += HOUR / 2;
    restart();
    ck_assert_uint_eq(left_after(2 * HOUR), 1);
    monotonic_ms += HOUR + 1;
    restart();
    ck_assert_uint_eq(left_after(2 * HOUR), 0);
}
END_TEST

START_TEST(time_is_counted_over_a_reboot_and_not_between)
{
    monotonic_ms += HOUR;
    ck_assert_uint_eq(left_after(2 * HOUR), 1);
    strcpy(boot, "second");
    wall_ms += YEAR; /* it was switched off */
    monotonic_ms = 1000;
    restart();
    ck_assert_uint_eq(left_after(2 * HOUR), 1);
    monotonic_ms += HOUR;
    ck_assert_uint_eq(left_after(2 * HOUR), 0); /* the second before the restart is counted, too */
}
END_TEST

/* Or a clip would be kept for as long as was counted before. */
START_TEST(where_the_count_is_lost_the_clips_tell_what_it_was_at_least)
{
    char path[300];
    monotonic_ms += 100 * HOUR;
    struct message made = make_clip(BEGIN, 10);
    shelf_mark(&shelf, put_on(&shelf, &made), true, true);
    snprintf(path, sizeof path, "%s/counted", clips());
    remove(path);
    monotonic_ms = 1000;
    restart();
    ck_assert_uint_eq(left_after(90 * HOUR), 1); /* the first is a hundred hours old */
    monotonic_ms += 91 * HOUR;
    ck_assert_uint_eq(left_after(90 * HOUR), 0);
}
END_TEST

START_TEST(a_count_that_cannot_be_read_begins_anew)
{
    static const char *const texts[] = {
        "",
        "{}",
        "{\"boot\":\"first\",\"ran_ms\":-1,\"at_ms\":5}",
        "{\"boot\":\"first\",\"ran_ms\":1,\"at_ms\":-5}",
        "{\"boot\":\"first\",\"ran_ms\":1,\"at_ms\":700}", /* later than now */
        "{\"boot\":\"first\",\"ran_ms\":9223372036854775807,\"at_ms\":5}",
        "{\"boot\":1,\"ran_ms\":1,\"at_ms\":5}",
        "{\"boot\":\"first\",\"ran_ms\":\"1\",\"at_ms\":5}",
    };
    struct counted c;
    struct err e;
    counted_init(&c, 600);
    ck_assert_int_lt(counted_load(&c, texts[_i], "first", 600, &e), 0);
    ck_assert_int_eq(c.ran_ms, 0);
    counted_go_on(&c, 650);
    ck_assert_int_eq(c.ran_ms, 50);
    counted_go_on(&c, 640); /* never back */
    ck_assert_int_eq(c.ran_ms, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video age");
    TCase *tc = tcase_create("age");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_wall_clock_that_is_years_ahead_makes_no_clip_old);
    tcase_add_test(tc, time_is_counted_over_a_restart_within_a_boot);
    tcase_add_test(tc, time_is_counted_over_a_reboot_and_not_between);
    tcase_add_test(tc, where_the_count_is_lost_the_clips_tell_what_it_was_at_least);
    tcase_add_loop_test(tc, a_count_that_cannot_be_read_begins_anew, 0, 8);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
