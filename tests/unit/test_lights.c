/* SPDX-License-Identifier: Apache-2.0 */
/* What the patterns look like: a guard must be able to tell each from every other. */
#include <string.h>

#include "drivers/indicator/lights.h"
#include "run_suite.h"

START_TEST(every_two_patterns_look_different)
{
    for (int a = 0; a < INDICATOR_PATTERN_COUNT; a++) {
        for (int b = 0; b < a; b++)
            ck_assert_msg(memcmp(&lights_of[a], &lights_of[b], sizeof lights_of[a]) != 0,
                          "%s looks like %s", indicator_pattern_name((enum indicator_pattern)a),
                          indicator_pattern_name((enum indicator_pattern)b));
    }
}
END_TEST

START_TEST(only_off_is_dark)
{
    for (int i = 0; i < INDICATOR_PATTERN_COUNT; i++) {
        const struct lights *l = &lights_of[i];
        bool dark = l->green == LIGHT_OFF && l->amber == LIGHT_OFF && l->red == LIGHT_OFF;
        ck_assert_int_eq(dark, i == INDICATOR_PATTERN_OFF);
    }
}
END_TEST

/* A gateway that stands still shows amber alone; that must never be a promise. */
START_TEST(red_is_an_alarm_and_green_alone_is_ready)
{
    for (int i = 0; i < INDICATOR_PATTERN_COUNT; i++) {
        const struct lights *l = &lights_of[i];
        ck_assert_int_eq(l->red != LIGHT_OFF, i >= INDICATOR_PATTERN_HEARD);
        bool green_alone = l->green == LIGHT_ON && l->amber == LIGHT_OFF && l->red == LIGHT_OFF;
        ck_assert_int_eq(green_alone, i == INDICATOR_PATTERN_READY);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lights");
    TCase *tc = tcase_create("lights");
    tcase_add_test(tc, every_two_patterns_look_different);
    tcase_add_test(tc, only_off_is_dark);
    tcase_add_test(tc, red_is_an_alarm_and_green_alone_is_ready);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
