/* SPDX-License-Identifier: Apache-2.0 */
/* A camera's media time on our clock: true for cameras that behave, soon true again after they did
 * not, and never standing still or running back. */
#include <stdlib.h>

#include "drivers/camera/timeline.h"
#include "run_suite.h"

#define MS      INT64_C(1000)
#define SECOND  INT64_C(1000000)
#define PICTURE (40 * MS)
#define BEGIN   (1000 * SECOND) /* our clock when the camera's says 0 */

/* `count` pictures that arrive `late_us` after they were taken; returns the last one's time. */
static int64_t play(struct timeline *t, int64_t from, int64_t count, int64_t late_us)
{
    int64_t last_us = 0;
    for (int64_t i = from; i < from + count; i++)
        last_us = timeline_place(t, i * PICTURE, BEGIN + i * PICTURE + late_us);
    return last_us;
}

START_TEST(the_first_picture_is_of_when_it_came)
{
    struct timeline t = {0};
    ck_assert_int_eq(timeline_place(&t, 77 * SECOND, BEGIN), BEGIN);
    ck_assert_int_eq(timeline_place(&t, 77 * SECOND + PICTURE, BEGIN + PICTURE), BEGIN + PICTURE);
}
END_TEST

/* A network that delays some packets changes nothing: the least delayed one is right. */
START_TEST(a_late_packet_keeps_its_media_time)
{
    struct timeline t = {0};
    play(&t, 0, 10, 0);
    for (int64_t i = 10; i < 100; i++) {
        int64_t late_us = (i * 7919) % (300 * MS);
        int64_t us = timeline_place(&t, i * PICTURE, BEGIN + i * PICTURE + late_us);
        ck_assert_int_ge(us, BEGIN + i * PICTURE);
        ck_assert_int_le(us, BEGIN + i * PICTURE + 3 * MS); /* 500 ppm of 3.6 s, no more */
    }
}
END_TEST

START_TEST(a_delay_that_was_too_long_shrinks_in_small_steps)
{
    struct timeline t = {0};
    int64_t before_us = play(&t, 0, 1, 100 * MS);
    for (int64_t i = 1; i <= 50; i++) {
        int64_t us = timeline_place(&t, i * PICTURE, BEGIN + i * PICTURE);
        ck_assert_int_ge(us - before_us, PICTURE - TIMELINE_SLEW_US - MS / 10);
        ck_assert_int_lt(us - before_us, PICTURE);
        before_us = us;
    }
    play(&t, 51, 10, 0);
    ck_assert_int_eq(timeline_place(&t, 100 * PICTURE, BEGIN + 100 * PICTURE),
                     BEGIN + 100 * PICTURE); /* and then it is right */
}
END_TEST

/* The machine was starved when the session began: the first packets were old. */
START_TEST(a_delay_that_was_wrong_is_given_up_at_once)
{
    struct timeline t = {0};
    play(&t, 0, 1, 3 * SECOND);
    int64_t us = timeline_place(&t, 25 * PICTURE, BEGIN + 25 * PICTURE);
    ck_assert_int_eq(us, BEGIN + 3 * SECOND + TIMELINE_STEP_US); /* time does not run back … */
    us = play(&t, 26, 75, 0);
    ck_assert_int_eq(us, BEGIN + 100 * PICTURE); /* … and waits until it is true */
}
END_TEST

START_TEST(a_clock_that_drifts_is_followed)
{
    struct timeline t = {0};
    int64_t us = 0, i = 0;
    /* The camera's clock is 200 ppm slow: media time falls behind by 0.72 s an hour. */
    for (; i < 3600; i++)
        us = timeline_place(&t, i * SECOND - i * 200, BEGIN + i * SECOND);
    ck_assert_int_le(llabs(us - (BEGIN + (i - 1) * SECOND)), 5 * MS);
    /* And 200 ppm fast. */
    t = (struct timeline){0};
    for (i = 0; i < 3600; i++)
        us = timeline_place(&t, i * SECOND + i * 200, BEGIN + i * SECOND);
    ck_assert_int_le(llabs(us - (BEGIN + (i - 1) * SECOND)), 5 * MS);
}
END_TEST

START_TEST(a_jump_of_the_cameras_clock_is_a_new_timeline)
{
    static const int64_t jumps[] = {3600 * SECOND, -3600 * SECOND, 6 * SECOND, -6 * SECOND,
                                    -SECOND};
    struct timeline t = {0};
    play(&t, 0, 100, 0);
    for (int64_t i = 100; i < 200; i++) {
        int64_t us = timeline_place(&t, i * PICTURE + jumps[_i], BEGIN + i * PICTURE);
        ck_assert_int_ge(us, BEGIN + i * PICTURE);
        ck_assert_int_le(us, BEGIN + i * PICTURE + 5 * MS);
    }
}
END_TEST

START_TEST(a_unit_without_media_time_is_of_when_it_came)
{
    struct timeline t = {0};
    ck_assert_int_eq(timeline_place_unknown(&t, BEGIN), BEGIN);
    ck_assert_int_eq(timeline_place_unknown(&t, BEGIN), BEGIN + TIMELINE_STEP_US);
    ck_assert_int_eq(timeline_place(&t, 0, BEGIN + PICTURE), BEGIN + PICTURE);
}
END_TEST

/* Whatever a camera and a network do together. */
START_TEST(times_always_increase)
{
    struct timeline t = {0};
    int64_t last_us = 0, media_us = 0, arrival_us = BEGIN;
    srandom((unsigned)_i);
    for (int i = 0; i < 2000; i++) {
        switch (random() % 20) {
        case 0:
            media_us += random() % (20 * SECOND) - 10 * SECOND;
            break;
        case 1:
            arrival_us += random() % (20 * SECOND);
            break;
        default:
            media_us += random() % (2 * PICTURE) - PICTURE / 4;
            arrival_us += random() % PICTURE;
        }
        int64_t us = random() % 50 == 0 ? timeline_place_unknown(&t, arrival_us)
                                        : timeline_place(&t, media_us, arrival_us);
        ck_assert_int_ge(us, last_us + TIMELINE_STEP_US);
        last_us = us;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video times");
    TCase *times = tcase_create("timeline");
    tcase_add_test(times, the_first_picture_is_of_when_it_came);
    tcase_add_test(times, a_late_packet_keeps_its_media_time);
    tcase_add_test(times, a_delay_that_was_too_long_shrinks_in_small_steps);
    tcase_add_test(times, a_delay_that_was_wrong_is_given_up_at_once);
    tcase_add_test(times, a_clock_that_drifts_is_followed);
    tcase_add_loop_test(times, a_jump_of_the_cameras_clock_is_a_new_timeline, 0, 5);
    tcase_add_test(times, a_unit_without_media_time_is_of_when_it_came);
    tcase_add_loop_test(times, times_always_increase, 0, 10);
    suite_add_tcase(suite, times);
    return run_suite(suite);
}
