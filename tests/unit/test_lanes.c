/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent next, in virtual time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/lanes.h"
#include "run_suite.h"

static const char alarm_a[] = "01890a5d-ac96-774b-bcce-b302099a8057";
static const char alarm_b[] = "01890a5d-ac96-774b-bcce-b302099a8058";

static struct entry *add(struct lanes *lanes, uint64_t seq, enum event_class class,
                         const char *alarm, unsigned attempts)
{
    struct entry *entry = calloc(1, sizeof *entry);
    ck_assert_ptr_nonnull(entry);
    entry->seq = seq;
    entry->class = class;
    entry->attempts = attempts;
    snprintf(entry->alarm, sizeof entry->alarm, "%s", alarm);
    lanes_add(lanes, entry);
    return entry;
}

static uint64_t next(struct lanes *lanes, int64_t now_ms, struct entry **ret_entry)
{
    int64_t wake_ms;
    struct entry *entry = lanes_next(lanes, now_ms, &wake_ms);
    if (ret_entry)
        *ret_entry = entry;
    return entry ? entry->seq : 0;
}

START_TEST(fresh_presses_wait_for_nothing_while_a_lane_is_free)
{
    struct lanes lanes = {0};
    for (uint64_t seq = 1; seq <= 5; seq++)
        add(&lanes, seq, EVENT_CLASS_PRESS, "", 0);
    for (uint64_t seq = 1; seq <= LANES_SENDING; seq++)
        ck_assert_uint_eq(next(&lanes, 0, NULL), seq);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(a_fresh_press_overtakes_a_backlog_that_is_backing_off)
{
    struct lanes lanes = {0};
    struct entry *entry;
    for (uint64_t seq = 1; seq <= 3; seq++)
        add(&lanes, seq, EVENT_CLASS_PRESS, "", 1);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 1);
    lanes_failed(&lanes, entry, false, 0, 0, UINT32_MAX);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0);
    add(&lanes, 9, EVENT_CLASS_PRESS, "", 0);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 9);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(a_follow_up_never_arrives_before_its_alarm)
{
    struct lanes lanes = {0};
    struct entry *press, *other;
    add(&lanes, 1, EVENT_CLASS_PRESS, alarm_a, 0);
    add(&lanes, 2, EVENT_CLASS_FOLLOWUP, alarm_a, 0);
    add(&lanes, 3, EVENT_CLASS_MANIFEST, alarm_a, 0);
    add(&lanes, 4, EVENT_CLASS_FOLLOWUP, alarm_b, 0);
    ck_assert_uint_eq(next(&lanes, 0, &press), 1);
    ck_assert_uint_eq(next(&lanes, 0, &other), 4); /* another incident goes on */
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0);
    lanes_delivered(&lanes, other, 0);
    lanes_delivered(&lanes, press, 0);
    ck_assert_uint_eq(next(&lanes, 0, &other), 2);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0); /* the manifest waits for the update */
    lanes_delivered(&lanes, other, 0);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 3);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(a_failing_lane_backs_off_to_5_s_and_after_ten_minutes_to_60_s_for_ever)
{
    struct lanes lanes = {0};
    struct entry *entry;
    int64_t now = 1000, waits[3] = {0}, wake;
    add(&lanes, 1, EVENT_CLASS_PRESS, "", 1);
    for (int i = 0; i < 1000; i++) {
        ck_assert_uint_eq(next(&lanes, now, &entry), 1);
        lanes_failed(&lanes, entry, false, now, 0, UINT32_MAX);
        ck_assert_ptr_null(lanes_next(&lanes, now, &wake));
        waits[i < 3 ? 0 : i < 100 ? 1 : 2] = wake - now;
        now = wake;
    }
    ck_assert_int_eq(waits[0], 1000);
    ck_assert_int_eq(waits[1], 5000);
    ck_assert_int_eq(waits[2], 60000);
    lanes_hurry(&lanes);
    ck_assert_uint_eq(next(&lanes, now - 60000, &entry), 1);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(a_refused_event_waits_by_itself_and_dams_up_nothing)
{
    struct lanes lanes = {0};
    struct entry *entry;
    add(&lanes, 1, EVENT_CLASS_FOLLOWUP, "", 0);
    add(&lanes, 2, EVENT_CLASS_FOLLOWUP, "", 0);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 1);
    lanes_failed(&lanes, entry, true, 0, 0, 0);
    ck_assert_uint_eq(next(&lanes, 1000, &entry), 2);
    lanes_delivered(&lanes, entry, 1000);
    ck_assert_uint_eq(next(&lanes, 59999, NULL), 0);
    ck_assert_uint_eq(next(&lanes, 60000, NULL), 1);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(the_receivers_wish_to_wait_is_honoured_up_to_10_s)
{
    struct lanes lanes = {0};
    struct entry *entry;
    int64_t wake;
    add(&lanes, 1, EVENT_CLASS_PRESS, "", 1);
    next(&lanes, 0, &entry);
    lanes_failed(&lanes, entry, false, 0, 3600000, 0);
    ck_assert_ptr_null(lanes_next(&lanes, 0, &wake));
    ck_assert_int_eq(wake, 10000);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(every_event_is_delivered_exactly_once_whatever_fails)
{
    struct lanes lanes = {0};
    unsigned seen[201] = {0}, state = 12345;
    int64_t now = 0;
    for (uint64_t seq = 1; seq <= 200; seq++)
        add(&lanes, seq, seq % 3 == 0 ? EVENT_CLASS_FOLLOWUP : EVENT_CLASS_PRESS,
            seq % 2 ? alarm_a : alarm_b, 0);
    for (int i = 0; i < 200000 && lanes.count > 0; i++) {
        int64_t wake;
        struct entry *entry = lanes_next(&lanes, now, &wake);
        state = state * 1103515245u + 12345u;
        if (!entry) {
            now = wake;
            continue;
        }
        if (state >> 30) {
            lanes_failed(&lanes, entry, (state >> 20) % 5 == 0, now, 0, state);
        } else {
            seen[entry->seq]++;
            lanes_delivered(&lanes, entry, now);
        }
    }
    for (int seq = 1; seq <= 200; seq++)
        ck_assert_uint_eq(seen[seq], 1);
    lanes_finish(&lanes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lanes");
    TCase *tc = tcase_create("lanes");
    tcase_add_test(tc, fresh_presses_wait_for_nothing_while_a_lane_is_free);
    tcase_add_test(tc, a_fresh_press_overtakes_a_backlog_that_is_backing_off);
    tcase_add_test(tc, a_follow_up_never_arrives_before_its_alarm);
    tcase_add_test(tc, a_failing_lane_backs_off_to_5_s_and_after_ten_minutes_to_60_s_for_ever);
    tcase_add_test(tc, a_refused_event_waits_by_itself_and_dams_up_nothing);
    tcase_add_test(tc, the_receivers_wish_to_wait_is_honoured_up_to_10_s);
    tcase_add_test(tc, every_event_is_delivered_exactly_once_whatever_fails);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
