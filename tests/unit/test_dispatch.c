/* SPDX-License-Identifier: Apache-2.0 */
/* From the outbox to the receivers: what leaves at once, what waits, what hurries. */
#include <stdlib.h>
#include <string.h>

#include "dispatch_world.h"
#include "run_suite.h"

/* What leaves at once. */

START_TEST(a_press_leaves_at_once_to_every_receiver)
{
    struct uplink *a = add_receiver(&fake_uplink), *b = add_receiver(&fake_uplink);
    run(0);
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    ck_assert_int_eq(fake_find(a, 1)->lane, UPLINK_LANE_PRESS);
    fake_end(a, fake_find(a, 1), UPLINK_OUTCOME_STORED, "");
    fake_end(b, fake_find(b, 1), UPLINK_OUTCOME_UNCONFIRMED, "cannot sign");
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(told[i].delivered, 1);
        ck_assert_uint_eq(told[i].last_delivered, 1);
        ck_assert_uint_eq(told[i].attempts, 1);
    }
    ck_assert_uint_eq(status().backlog, 0);
}
END_TEST

START_TEST(a_dead_receiver_delays_no_other)
{
    struct uplink *dead = add_receiver(&fake_uplink), *good = add_receiver(&fake_uplink);
    dead->beat_answer = FAKE_HOLD;
    good->answer = FAKE_STORED;
    for (uint64_t seq = 1; seq <= 50; seq++)
        offer(seq, EVENT_CLASS_PRESS, "");
    run(0);
    ck_assert_uint_eq(told[1].delivered, 50);
    ck_assert_uint_eq(told[0].delivered, 0);
    ck_assert_uint_eq(status().backlog, 50);
}
END_TEST

START_TEST(a_failed_press_is_tried_again_as_a_late_one_until_it_is_there)
{
    struct uplink *u = add_proven();
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "no answer");
    ck_assert_uint_eq(told[0].failed, 1);
    ck_assert_uint_eq(told[0].attempts, 1);
    ck_assert_uint_eq(status().failures, 1);
    ck_assert_str_eq(status().reason, "no answer");
    run(250);
    ck_assert_int_eq(fake_find(u, 1)->lane, UPLINK_LANE_LATE);
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(told[0].delivered, 1);
    ck_assert_uint_eq(told[0].attempts, 2);
    ck_assert_uint_eq(status().failures, 0);
    ck_assert_str_eq(status().reason, "");
    run(120000);
    ck_assert_uint_eq(fake_tries(u, 1), 2);
}
END_TEST

/* What must wait. */

START_TEST(a_follow_up_and_a_manifest_wait_for_their_press)
{
    struct uplink *u = add_proven();
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    offer(2, EVENT_CLASS_FOLLOWUP, alarm_a);
    offer(3, EVENT_CLASS_MANIFEST, alarm_a);
    run(1000);
    ck_assert_ptr_null(fake_find(u, 2));
    ck_assert_ptr_null(fake_find(u, 3));
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_STORED, "");
    ck_assert_ptr_nonnull(fake_find(u, 2));
    ck_assert_ptr_null(fake_find(u, 3));
    fake_end(u, fake_find(u, 2), UPLINK_OUTCOME_STORED, "");
    ck_assert_ptr_nonnull(fake_find(u, 3));
}
END_TEST

START_TEST(a_clip_waits_for_its_manifest)
{
    struct uplink *u = add_proven();
    offer(1, EVENT_CLASS_MANIFEST, alarm_a);
    dispatch_upload(dispatch, 0, 1, &file);
    ck_assert_uint_eq(status().uploads, 1);
    run(5000);
    ck_assert_ptr_null(fake_find_upload(u));
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_STORED, "");
    ck_assert_ptr_nonnull(fake_find_upload(u));
    ck_assert_str_eq(fake_find_upload(u)->file, "clip");
    fake_end(u, fake_find_upload(u), UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(told[0].uploaded, 1);
    ck_assert_uint_eq(status().uploads, 0);
}
END_TEST

START_TEST(a_clip_waits_for_every_press_and_is_paused_by_one)
{
    struct uplink *u = add_proven();
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    dispatch_upload(dispatch, 0, 9, &file);
    run(5000);
    ck_assert_ptr_null(fake_find_upload(u));
    ck_assert(u->paused);
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "no answer");
    run(0);
    ck_assert(u->paused);
    u->answer = FAKE_HOLD;
    run(500);
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_STORED, "");
    ck_assert(!u->paused);
    ck_assert_ptr_nonnull(fake_find_upload(u));
    offer(2, EVENT_CLASS_PRESS, alarm_a);
    ck_assert(u->paused);
    fake_end(u, fake_find(u, 2), UPLINK_OUTCOME_STORED, "");
    ck_assert(!u->paused);
}
END_TEST

START_TEST(a_clip_that_fails_waits_and_says_nothing_of_the_link)
{
    struct uplink *u = add_proven();
    int64_t proven_ms = fake_now_ms();
    run(1000);
    dispatch_upload(dispatch, 0, 9, &file);
    int64_t begun_ms = fake_now_ms();
    fake_end(u, fake_find_upload(u), UPLINK_OUTCOME_REFUSED, "not the manifest's");
    ck_assert_int_eq(status().last_receipt_ms, proven_ms);
    ck_assert_uint_eq(told[0].upload_failed, 1);
    ck_assert_uint_eq(status().failures, 0);
    ck_assert_uint_eq(told[0].links, 1);
    run(59999);
    ck_assert_ptr_null(fake_find_upload(u));
    run(1);
    ck_assert_ptr_nonnull(fake_find_upload(u));
    ck_assert_int_eq(fake_now_ms() - begun_ms, 60000);
    fake_end(u, fake_find_upload(u), UPLINK_OUTCOME_RETRY, "broken");
    run(2000);
    ck_assert_ptr_nonnull(fake_find_upload(u));
    ck_assert_uint_eq(told[0].upload_failed, 2);
    ck_assert_uint_eq(status().uploads, 1);
}
END_TEST

START_TEST(a_refused_event_lets_the_next_one_go_and_goes_again_when_that_is_taken)
{
    struct uplink *u = add_proven();
    offer(1, EVENT_CLASS_FOLLOWUP, "");
    offer(2, EVENT_CLASS_FOLLOWUP, "");
    u->beat_answer = FAKE_HOLD; /* a receipt would hurry the lane */
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_REFUSED, "not known here");
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_REFUSED);
    ck_assert_str_eq(told[0].reason, "not known here");
    run(1000);
    ck_assert_ptr_nonnull(fake_find(u, 2));
    ck_assert_ptr_null(fake_find(u, 1));
    fake_end(u, fake_find(u, 2), UPLINK_OUTCOME_STORED, "");
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_REFUSED, "not known here"); /* it is the event */
    fake_end(u, fake_find_beat(u), UPLINK_OUTCOME_STORED, "");
    run(59999);
    ck_assert_ptr_null(fake_find(u, 1));
    run(1);
    ck_assert_ptr_nonnull(fake_find(u, 1));
}
END_TEST

/* For a second a proxy answers 404 to everything. */
START_TEST(a_receiver_that_refuses_for_a_moment_has_what_it_refused_as_soon_as_it_takes_anything)
{
    struct uplink *u = add_proven();
    u->answer = u->beat_answer = FAKE_REFUSED;
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    offer(2, EVENT_CLASS_FOLLOWUP, "");
    run(0);
    ck_assert_uint_eq(told[0].failed, 2);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_REFUSED);
    u->answer = u->beat_answer = FAKE_STORED;
    run(1000); /* the heartbeat that asks, or the press itself */
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
    run(1000);
    ck_assert_uint_eq(told[0].delivered, 2);
    ck_assert_uint_eq(status().refused, 0);
}
END_TEST

START_TEST(the_first_failure_asks_soon_whether_the_receiver_takes_anything)
{
    struct uplink *u = add_proven();
    unsigned beats = u->beats;
    u->answer = _i == 0 ? FAKE_REFUSED : FAKE_RETRY;
    u->beat_answer = FAKE_RETRY;
    offer(1, EVENT_CLASS_FOLLOWUP, "");
    run(999);
    ck_assert_uint_eq(u->beats, beats);
    run(1);
    ck_assert_uint_eq(u->beats, beats + 1);
    run(4999); /* and then as seldom as ever */
    ck_assert_uint_eq(u->beats, beats + 1);
}
END_TEST

START_TEST(nor_does_it_put_off_a_heartbeat_that_is_due_sooner)
{
    struct uplink *u = add_proven();
    unsigned beats = u->beats;
    u->answer = FAKE_REFUSED;
    run(BEAT_MS - 500);
    offer(1, EVENT_CLASS_FOLLOWUP, "");
    run(500);
    ck_assert_uint_eq(u->beats, beats + 1);
}
END_TEST

START_TEST(what_a_receiver_writes_in_another_alphabet_is_told_as_utf8)
{
    struct uplink *u = add_proven();
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_REFUSED, "502 \xce\xde\xcf\xdf");
    ck_assert_str_eq(told[0].reason, "502 ????");
    ck_assert_str_eq(status().reason, "502 ????");
}
END_TEST

START_TEST(the_receivers_wish_to_wait_is_handed_on)
{
    struct uplink *u = add_proven();
    u->beat_answer = FAKE_HOLD;
    offer(1, EVENT_CLASS_PRESS, "");
    u->retry_after_ms = 7000;
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "busy");
    run(6999);
    ck_assert_ptr_null(fake_find(u, 1));
    run(1);
    ck_assert_ptr_nonnull(fake_find(u, 1));
}
END_TEST

START_TEST(a_receiver_that_is_gone_for_ten_minutes_is_not_flooded)
{
    struct uplink *u = add_proven();
    u->answer = u->beat_answer = FAKE_RETRY;
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    offer(2, EVENT_CLASS_FOLLOWUP, alarm_a);
    offer(3, EVENT_CLASS_MANIFEST, alarm_a);
    dispatch_upload(dispatch, 0, 3, &file);
    run(600000);
    /* A press each 2.5 s on average, a heartbeat each 5 s; nothing of what waits for the press. */
    ck_assert_uint_gt(fake_tries(u, 1), 120);
    ck_assert_uint_lt(fake_tries(u, 1), 600);
    ck_assert_uint_ge(u->beats, 118);
    ck_assert_uint_le(u->beats, 122);
    ck_assert_uint_eq(fake_tries(u, 2) + fake_tries(u, 3), 0);
    ck_assert_uint_eq(u->count, fake_tries(u, 1) + u->beats);
    u->answer = u->beat_answer = FAKE_STORED;
    run(60000);
    ck_assert_uint_eq(told[0].delivered, 3);
    ck_assert_uint_eq(told[0].uploaded, 1);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
}
END_TEST

/* What must hurry. */

START_TEST(what_waits_goes_at_once_when_the_link_is_back)
{
    struct uplink *u = add_proven();
    u->answer = u->beat_answer = FAKE_RETRY;
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    offer(2, EVENT_CLASS_FOLLOWUP, "");
    run(700000); /* each lane now waits up to a minute */
    u->answer = u->beat_answer = FAKE_HOLD;
    run(5000); /* the next heartbeat is under way */
    struct fake_attempt *press = fake_find(u, 1), *other = fake_find(u, 2);
    if (press)
        fake_end(u, press, UPLINK_OUTCOME_RETRY, "no answer");
    if (other)
        fake_end(u, other, UPLINK_OUTCOME_RETRY, "no answer");
    ck_assert(!fake_find(u, 1) && !fake_find(u, 2));
    fake_end(u, fake_find_beat(u), UPLINK_OUTCOME_STORED, "");
    ck_assert_ptr_nonnull(fake_find(u, 1));
    ck_assert_ptr_nonnull(fake_find(u, 2));
}
END_TEST

/* A link that was never lost has nothing to make good: who asks for time gets it. */
START_TEST(a_heartbeat_undoes_no_wish_of_the_receiver_to_wait)
{
    struct uplink *u = add_proven();
    u->answered = true;
    u->retry_after_ms = 7000;
    dispatch_set_alarm_open(dispatch, true);
    offer(1, EVENT_CLASS_PRESS, "");
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "busy");
    unsigned beats = u->beats;
    run(6999);
    ck_assert_uint_ge(u->beats, beats + 3);
    ck_assert_ptr_null(fake_find(u, 1));
    run(1);
    ck_assert_ptr_nonnull(fake_find(u, 1));
    /* But a way that broke and is good again is a reason to go on at once. */
    u->answered = false;
    u->beat_answer = FAKE_HOLD;
    run(BEAT_MS);
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "no answer");
    ck_assert_ptr_null(fake_find(u, 1));
    fake_end(u, fake_find_beat(u), UPLINK_OUTCOME_STORED, "");
    ck_assert_ptr_nonnull(fake_find(u, 1));
}
END_TEST

START_TEST(a_new_press_hurries_the_old_ones)
{
    struct uplink *u = add_proven();
    u->answer = u->beat_answer = FAKE_RETRY;
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    run(700000);
    u->answer = u->beat_answer = FAKE_HOLD;
    if (fake_find(u, 1))
        fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "no answer");
    ck_assert_ptr_null(fake_find(u, 1));
    offer(2, EVENT_CLASS_FOLLOWUP, "");
    ck_assert_ptr_null(fake_find(u, 1));
    offer(3, EVENT_CLASS_PRESS, "");
    ck_assert_ptr_nonnull(fake_find(u, 3));
    ck_assert_ptr_nonnull(fake_find(u, 1));
}
END_TEST

START_TEST(a_change_of_the_network_dials_who_is_not_proven_and_proves_who_is)
{
    struct uplink *u = add_proven();
    run(1000);
    dispatch_network_changed(dispatch);
    ck_assert_uint_eq(u->beats, 2);
    ck_assert_uint_eq(u->refreshes, 0);
    u->answer = u->beat_answer = FAKE_RETRY;
    offer(1, EVENT_CLASS_PRESS, "");
    run(700000);
    u->answer = u->beat_answer = FAKE_HOLD;
    if (fake_find(u, 1))
        fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "no answer");
    if (fake_find_beat(u))
        fake_end(u, fake_find_beat(u), UPLINK_OUTCOME_RETRY, "no answer");
    dispatch_network_changed(dispatch);
    ck_assert_uint_eq(u->refreshes, 1);
    ck_assert_ptr_nonnull(fake_find(u, 1));
    ck_assert_ptr_nonnull(fake_find_beat(u));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dispatch");
    TCase *tc = tcase_create("dispatch");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, a_press_leaves_at_once_to_every_receiver);
    tcase_add_test(tc, a_dead_receiver_delays_no_other);
    tcase_add_test(tc, a_failed_press_is_tried_again_as_a_late_one_until_it_is_there);
    tcase_add_test(tc, a_follow_up_and_a_manifest_wait_for_their_press);
    tcase_add_test(tc, a_clip_waits_for_its_manifest);
    tcase_add_test(tc, a_clip_waits_for_every_press_and_is_paused_by_one);
    tcase_add_test(tc, a_clip_that_fails_waits_and_says_nothing_of_the_link);
    tcase_add_test(tc, a_refused_event_lets_the_next_one_go_and_goes_again_when_that_is_taken);
    tcase_add_test(
        tc, a_receiver_that_refuses_for_a_moment_has_what_it_refused_as_soon_as_it_takes_anything);
    tcase_add_loop_test(tc, the_first_failure_asks_soon_whether_the_receiver_takes_anything, 0, 2);
    tcase_add_test(tc, nor_does_it_put_off_a_heartbeat_that_is_due_sooner);
    tcase_add_test(tc, what_a_receiver_writes_in_another_alphabet_is_told_as_utf8);
    tcase_add_test(tc, the_receivers_wish_to_wait_is_handed_on);
    tcase_add_test(tc, a_receiver_that_is_gone_for_ten_minutes_is_not_flooded);
    tcase_add_test(tc, what_waits_goes_at_once_when_the_link_is_back);
    tcase_add_test(tc, a_heartbeat_undoes_no_wish_of_the_receiver_to_wait);
    tcase_add_test(tc, a_new_press_hurries_the_old_ones);
    tcase_add_test(tc, a_change_of_the_network_dials_who_is_not_proven_and_proves_who_is);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
