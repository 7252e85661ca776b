/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent next, in virtual time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch/lanes.h"
#include "run_suite.h"

static const char alarm_a[] = "01890a5d-ac96-774b-bcce-b302099a8057";
static const char alarm_b[] = "01890a5d-ac96-774b-bcce-b302099a8058";

/* When what is added next came. */
static int64_t since_ms;

static struct delivery *add(struct lanes *lanes, uint64_t seq, enum event_class class,
                            const char *alarm, unsigned attempts)
{
    struct delivery *entry = calloc(1, sizeof *entry);
    ck_assert_ptr_nonnull(entry);
    entry->seq = seq;
    entry->class = class;
    entry->attempts = attempts;
    entry->since_ms = since_ms;
    snprintf(entry->alarm, sizeof entry->alarm, "%s", alarm);
    lanes_add(lanes, entry);
    return entry;
}

static uint64_t next(struct lanes *lanes, int64_t now_ms, struct delivery **ret_entry)
{
    int64_t wake_ms;
    struct delivery *entry = lanes_next(lanes, now_ms, &wake_ms);
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
    struct delivery *entry;
    for (uint64_t seq = 1; seq <= 3; seq++)
        add(&lanes, seq, EVENT_CLASS_PRESS, "", 1);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 1);
    lanes_failed(&lanes, entry, NULL, 0, 0, UINT32_MAX);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0);
    add(&lanes, 9, EVENT_CLASS_PRESS, "", 0);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 9);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(a_follow_up_never_arrives_before_its_alarm)
{
    struct lanes lanes = {0};
    struct delivery *press, *other;
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
    struct delivery *entry;
    int64_t now = 1000, waits[3] = {0}, wake;
    add(&lanes, 1, EVENT_CLASS_PRESS, "", 1);
    for (int i = 0; i < 1000; i++) {
        ck_assert_uint_eq(next(&lanes, now, &entry), 1);
        lanes_failed(&lanes, entry, NULL, now, 0, UINT32_MAX);
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

START_TEST(what_failed_before_a_delivery_makes_nothing_later_wait_longer)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    int64_t now = 1000, wait = 0, wake;
    add(&lanes, 1, EVENT_CLASS_PRESS, "", 1);
    next(&lanes, now, &entry);
    lanes_failed(&lanes, entry, NULL, now, 0, UINT32_MAX);
    ck_assert_uint_eq(next(&lanes, now + 5000, &entry), 1);
    lanes_delivered(&lanes, entry, now + 5000);
    now += 20 * 60 * 1000;
    add(&lanes, 2, EVENT_CLASS_PRESS, "", 1);
    for (int i = 0; i < 10; i++) {
        ck_assert_uint_eq(next(&lanes, now, &entry), 2);
        lanes_failed(&lanes, entry, NULL, now, 0, UINT32_MAX);
        ck_assert_ptr_null(lanes_next(&lanes, now, &wake));
        wait = wake - now;
        now = wake;
    }
    ck_assert_int_eq(wait, 5000);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(a_refused_event_waits_by_itself_and_dams_up_nothing)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    add(&lanes, 1, EVENT_CLASS_FOLLOWUP, "", 0);
    add(&lanes, 2, EVENT_CLASS_FOLLOWUP, "", 0);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 1);
    lanes_failed(&lanes, entry, "no", 0, 0, 0);
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
    struct delivery *entry;
    int64_t wake;
    add(&lanes, 1, EVENT_CLASS_PRESS, "", 1);
    next(&lanes, 0, &entry);
    lanes_failed(&lanes, entry, NULL, 0, 3600000, 0);
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
        struct delivery *entry = lanes_next(&lanes, now, &wake);
        state = state * 1103515245u + 12345u;
        if (!entry) {
            now = wake;
            continue;
        }
        if (state >> 30) {
            lanes_failed(&lanes, entry, (state >> 20) % 5 ? NULL : "no", now, 0, state);
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

START_TEST(what_is_read_back_late_still_goes_first)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    add(&lanes, 9, EVENT_CLASS_FOLLOWUP, alarm_a, 0);
    add(&lanes, 7, EVENT_CLASS_MANIFEST, alarm_a, 0);
    add(&lanes, 8, EVENT_CLASS_FOLLOWUP, alarm_b, 1);
    add(&lanes, 3, EVENT_CLASS_FOLLOWUP, alarm_a, 1);
    add(&lanes, 2, EVENT_CLASS_PRESS, "", 1);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 2);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0);
    lanes_delivered(&lanes, entry, 0);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 3);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0);
    /* And one that is older still, while these already stand behind another. */
    add(&lanes, 1, EVENT_CLASS_FOLLOWUP, alarm_a, 1);
    lanes_delivered(&lanes, entry, 0);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 1);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0);
    lanes_delivered(&lanes, entry, 0);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 9);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 8);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 7);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(what_was_refused_still_waits_for_the_earlier_events_of_its_incident)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    add(&lanes, 2, EVENT_CLASS_FOLLOWUP, alarm_a, 0);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 2);
    lanes_failed(&lanes, entry, "no", 0, 0, 0);
    add(&lanes, 1, EVENT_CLASS_FOLLOWUP, alarm_a, 1);
    lanes_forgive(&lanes);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 1);
    lanes_delivered(&lanes, entry, 0);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 2);
    lanes_finish(&lanes);
}
END_TEST

static void refuse(struct lanes *lanes, uint64_t seq, int64_t now_ms)
{
    struct delivery *entry;
    ck_assert_uint_eq(next(lanes, now_ms, &entry), seq);
    lanes_failed(lanes, entry, "no", now_ms, 0, UINT32_MAX);
}

static void deliver(struct lanes *lanes, uint64_t seq, int64_t now_ms)
{
    struct delivery *entry;
    ck_assert_uint_eq(next(lanes, now_ms, &entry), seq);
    lanes_delivered(lanes, entry, now_ms);
}

/* What is refused at each of its tries, until `until_ms`; nothing else goes meanwhile. */
static int64_t refuse_until(struct lanes *lanes, uint64_t seq, int64_t now_ms, int64_t until_ms)
{
    for (int64_t wake; now_ms < until_ms; now_ms = wake) {
        refuse(lanes, seq, now_ms);
        ck_assert_ptr_null(lanes_next(lanes, now_ms, &wake));
    }
    return now_ms;
}

/* A press of the same button after one whose bytes rotted on the disk. */
START_TEST(what_is_refused_again_and_again_holds_its_incident_up_no_longer)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    int64_t wake;
    add(&lanes, 1, EVENT_CLASS_PRESS, alarm_a, 1);
    add(&lanes, 2, EVENT_CLASS_FOLLOWUP, alarm_a, 0);
    add(&lanes, 3, EVENT_CLASS_MANIFEST, alarm_a, 0);
    int64_t now = refuse_until(&lanes, 1, 0, 60000); /* it may be a receiver of a moment */
    refuse(&lanes, 1, now);
    deliver(&lanes, 2, now);
    deliver(&lanes, 3, now);
    lanes_proven(&lanes); /* by those two: what was refused twice does not go for that */
    ck_assert_ptr_null(lanes_next(&lanes, now, &wake));
    ck_assert_int_gt(wake, now);
    /* While it is tried it is the first again. */
    ck_assert_uint_eq(next(&lanes, wake, &entry), 1);
    add(&lanes, 4, EVENT_CLASS_FOLLOWUP, alarm_a, 0);
    ck_assert_uint_eq(next(&lanes, wake, NULL), 0);
    lanes_failed(&lanes, entry, "no", wake, 0, 0);
    deliver(&lanes, 4, wake);
    ck_assert_uint_eq(lanes.refused, 1);
    deliver(&lanes, 1, wake + 60000);
    ck_assert_uint_eq(lanes.refused, 0);
    ck_assert_uint_eq(lanes.count, 0);
    lanes_finish(&lanes);
}
END_TEST

/* A proxy that refuses everything for a second, and a receiver that takes what comes next. */
START_TEST(what_was_refused_once_goes_again_when_the_receiver_takes_anything)
{
    struct lanes lanes = {0};
    add(&lanes, 1, EVENT_CLASS_FOLLOWUP, "", 0);
    add(&lanes, 2, EVENT_CLASS_MANIFEST, "", 0);
    refuse(&lanes, 1, 0);
    refuse(&lanes, 2, 0);
    ck_assert_uint_eq(next(&lanes, 1000, NULL), 0);
    lanes_proven(&lanes);
    ck_assert_uint_eq(lanes.refused, 2); /* as far as anybody knows */
    ck_assert_uint_eq(next(&lanes, 999, NULL), 0);
    deliver(&lanes, 1, 1000);
    refuse(&lanes, 2, 1000);
    lanes_proven(&lanes);
    ck_assert_uint_eq(next(&lanes, 60999, NULL), 0);
    deliver(&lanes, 2, 61000);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(what_is_urgent_and_refused_is_tried_on_for_ten_minutes_as_what_failed)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    int64_t now = 0, wake, longest = 0;
    unsigned tries = 0;
    add(&lanes, 1, _i == 0 ? EVENT_CLASS_PRESS : EVENT_CLASS_FOLLOWUP, alarm_a, 0);
    ck_assert_uint_eq(next(&lanes, now, &entry), 1);
    for (; now < 600000; now = wake, tries++) {
        lanes_failed(&lanes, entry, "no", now, 0, UINT32_MAX);
        ck_assert_ptr_null(lanes_next(&lanes, now, &wake));
        longest = wake - now > longest ? wake - now : longest;
        ck_assert_uint_eq(next(&lanes, wake, &entry), 1);
    }
    ck_assert_int_eq(longest, 5000);
    ck_assert_uint_gt(tries, 120);
    lanes_failed(&lanes, entry, "no", now, 0, UINT32_MAX);
    ck_assert_ptr_null(lanes_next(&lanes, now, &wake));
    ck_assert_int_eq(wake, now + 60000); /* and then each minute */
    lanes_finish(&lanes);
}
END_TEST

/* A further press, an escalation, a cancelling: behind ten thousand faults the police got them
 * after half an hour. */
START_TEST(what_belongs_to_an_incident_waits_for_no_backlog_but_for_its_press)
{
    struct lanes lanes = {0};
    struct delivery *press, *fault, *entry;
    for (uint64_t seq = 1; seq <= 1000; seq++)
        add(&lanes, seq, EVENT_CLASS_FOLLOWUP, "", 1);
    ck_assert_uint_eq(next(&lanes, 0, &fault), 1); /* its lane is taken */
    add(&lanes, 1001, EVENT_CLASS_PRESS, alarm_a, 0);
    add(&lanes, 1002, EVENT_CLASS_FOLLOWUP, alarm_a, 0);
    ck_assert_uint_eq(next(&lanes, 0, &press), 1001);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0);
    lanes_delivered(&lanes, press, 0);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 1002);
    /* Nor does what failed once: in the lane of such. */
    lanes_failed(&lanes, entry, NULL, 0, 0, UINT32_MAX);
    ck_assert_uint_eq(next(&lanes, 5000, &entry), 1002);
    ck_assert_int_eq(entry->lane, UPLINK_LANE_LATE);
    ck_assert(lanes_urgent_pending(&lanes));
    lanes_delivered(&lanes, entry, 5000);
    ck_assert(!lanes_urgent_pending(&lanes));
    lanes_finish(&lanes);
}
END_TEST

/* A drill's end closes sixty alarms, a receiver hangs: and then somebody presses. */
START_TEST(a_press_goes_before_whatever_follows_from_others)
{
    struct lanes lanes = {0};
    struct delivery *entry, *late = NULL;
    char alarm[UUID_TEXT_SIZE];
    for (unsigned seq = 1; seq <= 60; seq++) {
        snprintf(alarm, sizeof alarm, "01890a5d-ac96-774b-bcce-%012u", seq);
        add(&lanes, seq, EVENT_CLASS_FOLLOWUP, alarm, 0);
    }
    for (uint64_t seq = 1; seq < LANES_SENDING; seq++) {
        ck_assert_uint_eq(next(&lanes, 0, &entry), seq);
        late = entry->lane == UPLINK_LANE_LATE ? entry : late;
    }
    ck_assert_uint_eq(next(&lanes, 0, NULL), 0); /* the lane of presses is free */
    add(&lanes, 61, EVENT_CLASS_PRESS, alarm_b, 0);
    add(&lanes, 62, EVENT_CLASS_PRESS, alarm_b, 1);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 61);
    lanes_failed(&lanes, late, NULL, 0, 0, UINT32_MAX); /* nor does a late one wait for such */
    ck_assert_uint_eq(next(&lanes, 5000, NULL), 62);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(clips_do_not_wait_for_what_is_refused_for_more_than_a_moment)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    add(&lanes, 1, EVENT_CLASS_PRESS, alarm_a, 1);
    int64_t now = refuse_until(&lanes, 1, 0, 60000);
    ck_assert(lanes_urgent_pending(&lanes));
    refuse(&lanes, 1, now);
    ck_assert(!lanes_urgent_pending(&lanes));
    add(&lanes, 2, EVENT_CLASS_PRESS, alarm_b, 0);
    ck_assert(lanes_urgent_pending(&lanes));
    deliver(&lanes, 2, now);
    ck_assert_uint_eq(next(&lanes, now + 5000, &entry), 1);
    lanes_failed(&lanes, entry, NULL, now + 5000, 0, 0); /* it is not refused now */
    ck_assert(lanes_urgent_pending(&lanes));
    deliver(&lanes, 1, now + 10000);
    ck_assert_uint_eq(lanes.urgent, 0);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(refused_twice_with_another_failure_between_is_not_refused_again)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    add(&lanes, 1, EVENT_CLASS_PRESS, alarm_a, 1);
    add(&lanes, 2, EVENT_CLASS_FOLLOWUP, alarm_a, 0);
    int64_t now = refuse_until(&lanes, 1, 0, 59000);
    ck_assert_uint_eq(next(&lanes, now, &entry), 1);
    lanes_failed(&lanes, entry, NULL, now, 0, 0);
    now = refuse_until(&lanes, 1, now + 5000, now + 60000); /* a minute anew */
    lanes_forgive(&lanes); /* a person has mended it: the first goes first */
    deliver(&lanes, 1, now);
    deliver(&lanes, 2, now);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(nothing_to_send_is_nothing_to_wake_for)
{
    struct lanes lanes = {0};
    struct delivery *press;
    int64_t wake;
    add(&lanes, 1, EVENT_CLASS_PRESS, alarm_a, 1);
    add(&lanes, 2, EVENT_CLASS_FOLLOWUP, alarm_a, 0);
    add(&lanes, 3, EVENT_CLASS_MANIFEST, alarm_a, 0);
    ck_assert_uint_eq(next(&lanes, 0, &press), 1);
    ck_assert_ptr_null(lanes_next(&lanes, 0, &wake));
    ck_assert_int_eq(wake, INT64_MAX);
    lanes_failed(&lanes, press, NULL, 0, 0, UINT32_MAX);
    ck_assert_ptr_null(lanes_next(&lanes, 0, &wake));
    ck_assert_int_gt(wake, 0);
    ck_assert_int_le(wake, 500);
    lanes_finish(&lanes);
}
END_TEST

START_TEST(a_delivery_mends_its_lane_and_no_other)
{
    struct lanes lanes = {0};
    struct delivery *press, *other;
    int64_t wake, now = 0;
    for (uint64_t seq = 1; seq <= 2; seq++)
        add(&lanes, seq, EVENT_CLASS_PRESS, "", 1);
    add(&lanes, 3, EVENT_CLASS_FOLLOWUP, "", 0);
    for (int i = 0; i < 10; i++, now = wake) {
        ck_assert_uint_eq(next(&lanes, now, &press), 1);
        if (i == 0)
            ck_assert_uint_eq(next(&lanes, now, &other), 3);
        lanes_failed(&lanes, press, NULL, now, 0, UINT32_MAX);
        ck_assert_ptr_null(lanes_next(&lanes, now, &wake));
    }
    ck_assert_int_eq(lanes.lane[UPLINK_LANE_LATE].failures, 10);
    lanes_delivered(&lanes, other, now);
    ck_assert_int_eq(lanes.lane[UPLINK_LANE_LATE].failures, 10);
    ck_assert_uint_eq(next(&lanes, now, &press), 1);
    lanes_delivered(&lanes, press, now);
    ck_assert_uint_eq(next(&lanes, now, &press), 2);
    lanes_failed(&lanes, press, NULL, now, 0, UINT32_MAX);
    ck_assert_ptr_null(lanes_next(&lanes, now, &wake));
    ck_assert_int_le(wake - now, 500); /* as after the first failure */
    lanes_finish(&lanes);
}
END_TEST

START_TEST(a_press_counts_as_pending_until_it_has_arrived)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    add(&lanes, 1, EVENT_CLASS_FOLLOWUP, "", 0);
    ck_assert(!lanes_urgent_pending(&lanes));
    add(&lanes, 2, EVENT_CLASS_PRESS, "", 0);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 2);
    ck_assert(lanes_urgent_pending(&lanes));
    lanes_failed(&lanes, entry, "no", 0, 0, 0);
    ck_assert(lanes_urgent_pending(&lanes));
    ck_assert_ptr_eq(lanes_find(&lanes, 2), entry);
    ck_assert_uint_eq(next(&lanes, 0, NULL), 1);
    ck_assert_uint_eq(next(&lanes, 60000, &entry), 2);
    lanes_delivered(&lanes, entry, 60000);
    ck_assert(!lanes_urgent_pending(&lanes));
    ck_assert_ptr_null(lanes_find(&lanes, 2));
    ck_assert_ptr_nonnull(lanes_find(&lanes, 1));
    lanes_finish(&lanes);
}
END_TEST

START_TEST(the_one_that_waits_longest_is_known)
{
    struct lanes lanes = {0};
    struct delivery *entry;
    ck_assert_int_eq(lanes_oldest_ms(&lanes, 100), INT64_MAX);
    since_ms = 100;
    add(&lanes, 1, EVENT_CLASS_PRESS, "", 0);
    since_ms = 90;
    add(&lanes, 2, EVENT_CLASS_PRESS, "", 0);
    since_ms = 95;
    add(&lanes, 3, EVENT_CLASS_MANIFEST, "", 0);
    ck_assert_int_eq(lanes_oldest_ms(&lanes, 100), 90);
    deliver(&lanes, 1, 0);
    ck_assert_int_eq(lanes_oldest_ms(&lanes, 100), 90);
    ck_assert_uint_eq(next(&lanes, 0, &entry), 2);
    ck_assert_int_eq(lanes_oldest_ms(&lanes, 100), 90); /* on its way is not there */
    lanes_failed(&lanes, entry, "no", 0, 0, UINT32_MAX);
    ck_assert_int_eq(lanes_oldest_ms(&lanes, 100), 90);
    deliver(&lanes, 2, 60000);
    ck_assert_int_eq(lanes_oldest_ms(&lanes, 100), 95);
    deliver(&lanes, 3, 60000);
    ck_assert_int_eq(lanes_oldest_ms(&lanes, 100), INT64_MAX);
    lanes_finish(&lanes);
}
END_TEST

static uint64_t steps(const struct lanes *lanes)
{
    uint64_t sum = 0;
    for (int i = 0; i < LANES_SENDING; i++)
        sum += lanes->lane[i].ready.steps + lanes->lane[i].refused.steps;
    return sum;
}

/* Which event stands at place `i` of `count`: in order, backwards, or in leaps. */
static uint64_t place(int order, uint64_t i, uint64_t count)
{
    return order == 0 ? i + 1 : order == 1 ? count - i : i * 7919 % count + 1;
}

/* A backlog of incidents of ten events each: none may cost more than the logarithm of it to add,
 * however they come, nor on average to send. With a walk anywhere this would take minutes instead
 * of a second or two. */
START_TEST(a_backlog_costs_each_event_no_more_than_its_logarithm)
{
    const uint64_t count = 100000, most = 2 * 17 + 4;
    struct lanes lanes = {0};
    struct delivery *entry;
    char alarm[UUID_TEXT_SIZE];
    uint64_t delivered = 0, before;
    int64_t now = 0, wake;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t seq = place(_i, i, count);
        enum event_class class = seq % 10 == 1   ? EVENT_CLASS_PRESS
                                 : seq % 10 == 0 ? EVENT_CLASS_MANIFEST
                                                 : EVENT_CLASS_FOLLOWUP;
        snprintf(alarm, sizeof alarm, "alarm-%llu", (unsigned long long)((seq - 1) / 10));
        before = steps(&lanes);
        add(&lanes, seq, class, alarm, seq % 20 == 1);
        ck_assert_uint_le(steps(&lanes) - before, most);
    }
    for (unsigned tries = 0; lanes.count > 0; tries++) {
        entry = lanes_next(&lanes, now, &wake);
        if (!entry) {
            ck_assert_int_lt(wake, INT64_MAX);
            now = wake;
            continue;
        }
        if (tries % 16 == 0) {
            lanes_failed(&lanes, entry, tries % 32 ? NULL : "no", now, 0, 0);
        } else {
            lanes_delivered(&lanes, entry, now);
            delivered++;
        }
    }
    ck_assert_uint_eq(delivered, count);
    ck_assert_uint_le(steps(&lanes), 5 * count * most);
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
    tcase_add_test(tc, what_failed_before_a_delivery_makes_nothing_later_wait_longer);
    tcase_add_test(tc, a_refused_event_waits_by_itself_and_dams_up_nothing);
    tcase_add_test(tc, the_receivers_wish_to_wait_is_honoured_up_to_10_s);
    tcase_add_test(tc, every_event_is_delivered_exactly_once_whatever_fails);
    tcase_add_test(tc, what_is_read_back_late_still_goes_first);
    tcase_add_test(tc, what_was_refused_still_waits_for_the_earlier_events_of_its_incident);
    tcase_add_test(tc, what_is_refused_again_and_again_holds_its_incident_up_no_longer);
    tcase_add_test(tc, what_was_refused_once_goes_again_when_the_receiver_takes_anything);
    tcase_add_loop_test(tc, what_is_urgent_and_refused_is_tried_on_for_ten_minutes_as_what_failed,
                        0, 2);
    tcase_add_test(tc, what_belongs_to_an_incident_waits_for_no_backlog_but_for_its_press);
    tcase_add_test(tc, the_one_that_waits_longest_is_known);
    tcase_add_test(tc, a_press_goes_before_whatever_follows_from_others);
    tcase_add_test(tc, clips_do_not_wait_for_what_is_refused_for_more_than_a_moment);
    tcase_add_test(tc, refused_twice_with_another_failure_between_is_not_refused_again);
    tcase_add_test(tc, nothing_to_send_is_nothing_to_wake_for);
    tcase_add_test(tc, a_delivery_mends_its_lane_and_no_other);
    tcase_add_test(tc, a_press_counts_as_pending_until_it_has_arrived);
    tcase_add_loop_test(tc, a_backlog_costs_each_event_no_more_than_its_logarithm, 0, 3);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
