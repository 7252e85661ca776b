/* SPDX-License-Identifier: Apache-2.0 */
/* Which alarms tocsin-video keeps: for workers that begin, and to know a clip's alarm by. */
#include <stdio.h>
#include <string.h>

#include "run_suite.h"
#include "video/cameras.h"

static struct cameras cameras;

static bool is_kept(const char *id)
{
    for (size_t i = 0; i < cameras.alarm_count; i++) {
        if (strcmp(cameras.alarms[i].alarm.id, id) == 0)
            return true;
    }
    return false;
}

static void alarm_of(unsigned number, int64_t press_ms, const char *camera)
{
    struct message alarm = {.type = MESSAGE_ALARM,
                            .alarm = {.press_ms = press_ms, .camera_count = 1}};
    snprintf(alarm.alarm.id, sizeof alarm.alarm.id, "019a0000-0000-7000-8000-%012u", number);
    snprintf(alarm.alarm.cameras[0], sizeof alarm.alarm.cameras[0], "%s", camera);
    cameras_alarm(&cameras, &alarm);
}

/* Or its clips would not be believed. */
START_TEST(an_alarm_that_is_pressed_without_end_takes_no_others_place)
{
    static const char first[] = "019a0000-0000-7000-8000-000000000001";
    static const char second[] = "019a0000-0000-7000-8000-000000000002";
    alarm_of(1, 1, "gate");
    for (int press = 0; press < 3 * CAMERAS_ALARMS_MAX; press++)
        alarm_of(2, 2 + press, "gate");
    ck_assert_uint_eq(cameras.alarm_count, 2);
    ck_assert_int_eq(cameras.alarms[1].alarm.press_ms, 1 + 3 * CAMERAS_ALARMS_MAX);
    alarm_of(1, 5, "yard"); /* a reload: "gate" was told all the same */
    ck_assert_uint_eq(cameras.alarm_count, 3);
    alarm_of(1, 10000, "gate"); /* both of it are new again */
    alarm_of(1, 10000, "yard");
    for (unsigned number = 3; number < 3 + CAMERAS_ALARMS_MAX; number++)
        alarm_of(number, 20000 - number, "gate");
    ck_assert_uint_eq(cameras.alarm_count, CAMERAS_ALARMS_MAX);
    ck_assert(is_kept(first) == false && is_kept(second) == false);
    ck_assert(is_kept("019a0000-0000-7000-8000-000000000003"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video alarms");
    TCase *alarms = tcase_create("alarms");
    tcase_add_test(alarms, an_alarm_that_is_pressed_without_end_takes_no_others_place);
    suite_add_tcase(suite, alarms);
    return run_suite(suite);
}
