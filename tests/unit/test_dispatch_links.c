/* SPDX-License-Identifier: Apache-2.0 */
/* The ways to the receivers: whether they are proven, heartbeats, answers, other uplinks. */
#include <stdlib.h>
#include <string.h>

#include "dispatch_world.h"
#include "run_suite.h"

/* Whether the link is proven. */

START_TEST(a_link_that_is_lost_is_told)
{
    struct uplink *u = add_proven();
    int64_t proven_ms = fake_now_ms();
    u->beat_answer = FAKE_HOLD; /* says nothing any more */
    run(WINDOW_MS - 1);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
    run(1);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_UNPROVEN);
    ck_assert_str_eq(told[0].reason, "no receipt within its window");
    ck_assert_uint_eq(told[0].links, 2);
    ck_assert_int_eq(status().link, DISPATCH_LINK_UNPROVEN);
    ck_assert_int_eq(status().last_receipt_ms, proven_ms);
    run(10 * WINDOW_MS);
    ck_assert_uint_eq(told[0].links, 2); /* once */
    fake_end(u, fake_find_beat(u), UPLINK_OUTCOME_STORED, "");
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
}
END_TEST

START_TEST(a_link_that_fails_is_lost_with_the_last_reason_though_it_is_tried)
{
    struct uplink *u = add_proven();
    u->answer = u->beat_answer = FAKE_RETRY;
    offer(1, EVENT_CLASS_PRESS, "");
    run(WINDOW_MS - 1);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
    run(1);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_UNPROVEN);
    ck_assert_str_eq(told[0].reason, "no answer");
}
END_TEST

START_TEST(every_receipt_proves_the_link_for_another_window)
{
    struct uplink *u = add_proven();
    u->beat_answer = FAKE_HOLD;
    for (uint64_t seq = 1; seq <= 5; seq++) {
        run(WINDOW_MS - 1);
        offer(seq, EVENT_CLASS_FOLLOWUP, "");
        fake_end(u, fake_find(u, seq), UPLINK_OUTCOME_STORED, "");
    }
    run(WINDOW_MS - 1);
    dispatch_upload(dispatch, 0, 9, &file);
    fake_end(u, fake_find_upload(u), UPLINK_OUTCOME_STORED, "");
    run(WINDOW_MS - 1);
    ck_assert_uint_eq(told[0].links, 1);
    run(1);
    ck_assert_uint_eq(told[0].links, 2);
}
END_TEST

START_TEST(nothing_is_proven_without_a_receipt)
{
    struct uplink *u = add_receiver(&fake_uplink);
    u->beat_answer = FAKE_RETRY;
    run(WINDOW_MS);
    ck_assert_uint_eq(told[0].links, 0);
    ck_assert_int_eq(status().link, DISPATCH_LINK_UNPROVEN);
    ck_assert_int_eq(status().last_receipt_ms, 0);
    u->beat_answer = FAKE_REFUSED;
    run(BEAT_MS);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_REFUSED);
    ck_assert_uint_eq(told[0].links, 1);
    u->beat_answer = FAKE_STORED;
    run(BEAT_MS);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
}
END_TEST

/* Heartbeats. */

START_TEST(heartbeats_keep_their_time_at_rest_and_in_an_alarm)
{
    struct uplink *u = add_proven();
    ck_assert_uint_eq(u->beats, 1);
    run(BEAT_MS - 1);
    ck_assert_uint_eq(u->beats, 1);
    run(1);
    ck_assert_uint_eq(u->beats, 2);
    dispatch_set_alarm_open(dispatch, true); /* the next comes sooner */
    run(ALARM_BEAT_MS - 1);
    ck_assert_uint_eq(u->beats, 2);
    run(1);
    ck_assert_uint_eq(u->beats, 3);
    run(10 * ALARM_BEAT_MS);
    ck_assert_uint_eq(u->beats, 13);
    dispatch_set_alarm_open(dispatch, false);
    run(ALARM_BEAT_MS);
    ck_assert_uint_eq(u->beats, 14);
    run(BEAT_MS - 1);
    ck_assert_uint_eq(u->beats, 14);
    run(1);
    ck_assert_uint_eq(u->beats, 15);
}
END_TEST

START_TEST(an_alarm_that_was_open_already_changes_no_heartbeat)
{
    struct uplink *u = add_proven();
    dispatch_set_alarm_open(dispatch, true);
    run(ALARM_BEAT_MS / 2);
    dispatch_set_alarm_open(dispatch, true);
    run(ALARM_BEAT_MS / 2);
    ck_assert_uint_eq(u->beats, 2);
}
END_TEST

START_TEST(a_failed_heartbeat_is_tried_again_soon_but_one_at_a_time)
{
    struct uplink *u = add_proven();
    u->beat_answer = FAKE_RETRY;
    run(BEAT_MS);
    ck_assert_uint_eq(u->beats, 2);
    run(4999);
    ck_assert_uint_eq(u->beats, 2);
    run(1);
    ck_assert_uint_eq(u->beats, 3);
    dispatch_set_alarm_open(dispatch, true); /* then as often as that says */
    run(ALARM_BEAT_MS);
    ck_assert_uint_eq(u->beats, 4);
    u->beat_answer = FAKE_HOLD;
    run(10 * BEAT_MS);
    ck_assert_uint_eq(u->beats, 5);
}
END_TEST

START_TEST(a_host_that_has_no_heartbeat_is_asked_again)
{
    no_heartbeat = true;
    struct uplink *u = add_receiver(&fake_uplink);
    run(4999);
    ck_assert_uint_eq(u->beats, 0);
    no_heartbeat = false;
    run(1);
    ck_assert_uint_eq(u->beats, 1);
}
END_TEST

/* What was pending before a restart. */

START_TEST(a_restored_event_is_loaded_once_and_sent_as_a_late_one)
{
    struct uplink *u = add_proven();
    dispatch_restore(dispatch, 0, 5, EVENT_CLASS_PRESS, alarm_a, 0);
    dispatch_restore(dispatch, 0, 6, EVENT_CLASS_PRESS, alarm_a, 3);
    ck_assert_uint_eq(status().backlog, 2);
    run(BEAT_MS);
    ck_assert_uint_eq(told[0].loads, 1);
    ck_assert_uint_eq(told[0].last_loaded, 5);
    struct event *event = make_event(5, EVENT_CLASS_PRESS, alarm_a);
    dispatch_loaded(dispatch, 0, 77, event); /* not asked for */
    dispatch_loaded(dispatch, 0, 6, event);  /* not yet */
    ck_assert_ptr_null(fake_find(u, 5));
    dispatch_loaded(dispatch, 0, 5, event);
    ck_assert_int_eq(fake_find(u, 5)->lane, UPLINK_LANE_LATE);
    dispatch_loaded(dispatch, 0, 5, event); /* twice */
    ck_assert_uint_eq(fake_tries(u, 5), 1);
    event_unref(event);
    fake_end(u, fake_find(u, 5), UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(told[0].attempts, 2); /* what was tried before counts as one at least */
    ck_assert_uint_eq(told[0].last_loaded, 6);
}
END_TEST

START_TEST(a_press_that_the_store_has_lost_dams_up_nothing)
{
    struct uplink *u = add_proven();
    dispatch_restore(dispatch, 0, 5, EVENT_CLASS_PRESS, alarm_a, 1);
    dispatch_restore(dispatch, 0, 6, EVENT_CLASS_PRESS, alarm_a, 1);
    run(BEAT_MS);
    ck_assert_uint_eq(told[0].gone, 0);
    dispatch_loaded(dispatch, 0, 5, NULL);
    ck_assert_uint_eq(told[0].gone, 1);
    ck_assert_uint_eq(told[0].loads, 2);
    ck_assert_uint_eq(told[0].last_loaded, 6);
    ck_assert_uint_eq(status().backlog, 1);
    ck_assert_uint_eq(told[0].delivered, 0);
    ck_assert_uint_eq(u->count, u->beats);
}
END_TEST

/* What was tried before may have arrived: who has it takes the clip, who has not refuses it. */
START_TEST(the_clip_of_a_manifest_that_the_store_has_lost_is_offered_and_dams_up_nothing)
{
    struct uplink *u = add_proven();
    dispatch_restore(dispatch, 0, 5, EVENT_CLASS_MANIFEST, alarm_a, 1);
    ck_assert(dispatch_upload(dispatch, 0, 5, &file));
    run(BEAT_MS);
    ck_assert_ptr_null(fake_find_upload(u)); /* behind it */
    dispatch_loaded(dispatch, 0, 5, NULL);
    ck_assert_uint_eq(told[0].gone, 1); /* it is said that the manifest is */
    ck_assert_str_eq(fake_find_upload(u)->file, "clip");
    fake_end(u, fake_find_upload(u), UPLINK_OUTCOME_REFUSED, "no manifest event was received");
    ck_assert(dispatch_upload(dispatch, 0, 9, &file));
    ck_assert_ptr_nonnull(fake_find_upload(u)); /* the next one */
    fake_end(u, fake_find_upload(u), UPLINK_OUTCOME_STORED, "");
    ck_assert_ptr_null(fake_find_upload(u));
    ck_assert_uint_eq(status().uploads, 1); /* nobody has it */
    ck_assert_uint_eq(told[0].upload_failed, 1);
    ck_assert_uint_eq(told[0].uploaded, 1);
}
END_TEST

/* That it is no moment of the receiver's is known before it refuses it. */
START_TEST(a_press_that_rotted_in_the_store_is_tried_once_and_dams_up_nothing)
{
    struct uplink *u = add_proven();
    struct event *event = make_event(5, EVENT_CLASS_PRESS, alarm_a);
    event->is_rotten = true;
    dispatch_restore(dispatch, 0, 5, EVENT_CLASS_PRESS, alarm_a, 1);
    run(1);
    offer(6, EVENT_CLASS_FOLLOWUP, alarm_a);
    dispatch_loaded(dispatch, 0, 5, event);
    ck_assert_ptr_null(fake_find(u, 6));
    fake_end(u, fake_find(u, 5), UPLINK_OUTCOME_REFUSED, "not its digest");
    fake_end(u, fake_find(u, 6), UPLINK_OUTCOME_STORED, "");
    run(59000);
    ck_assert_uint_eq(fake_tries(u, 5), 1);
    run(1000); /* it may have been written anew */
    ck_assert_uint_eq(fake_tries(u, 5), 2);
    event_unref(event);
}
END_TEST

/* Answers of people. */

START_TEST(answers_are_told_once_and_only_with_a_receipt)
{
    const struct uplink_answer answers[2] = {{.answer_seq = 1}, {.answer_seq = 2}};
    struct uplink *u = add_proven();
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    u->answers = answers;
    u->answer_count = 2;
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "no answer");
    ck_assert_uint_eq(told[0].answers, 0);
    run(250);
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(told[0].answers, 2);
    ck_assert_uint_eq(told[0].answer_calls, 1);
    u->answer_count = 1;
    run(BEAT_MS); /* a heartbeat's receipt carries them as well */
    ck_assert_uint_eq(told[0].answers, 3);
    u->answer_count = 0;
    run(BEAT_MS);
    ck_assert_uint_eq(told[0].answer_calls, 2);
}
END_TEST

START_TEST(how_far_a_receiver_has_the_events_is_told_with_each_receipt_that_says_so)
{
    struct uplink *u = add_proven();
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    u->newest_seq = 41;
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "no answer");
    run(250);
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_UNCONFIRMED, ""); /* nobody has signed that */
    ck_assert_uint_eq(told[0].number_calls, 0);
    offer(2, EVENT_CLASS_PRESS, alarm_a);
    fake_end(u, fake_find(u, 2), UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(told[0].number_calls, 1);
    ck_assert_uint_eq(told[0].newest_seq, 41);
    u->newest_seq = 42;
    run(BEAT_MS);
    ck_assert_uint_eq(told[0].number_calls, 2);
    ck_assert_uint_eq(told[0].newest_seq, 42);
    u->newest_seq = 0;
    run(BEAT_MS);
    ck_assert_uint_eq(told[0].number_calls, 2);
    u->is_fork = true;
    run(BEAT_MS); /* of a heartbeat there is no number that could be */
    ck_assert_uint_eq(told[0].number_calls, 2);
    offer(3, EVENT_CLASS_PRESS, alarm_a);
    fake_end(u, fake_find(u, 3), UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(told[0].number_calls, 3);
    ck_assert_uint_eq(told[0].forked_seq, 3);
}
END_TEST

/* They were given without knowing of that receipt, and are told before it is. */
START_TEST(answers_are_told_before_what_the_same_receipt_proves)
{
    const struct uplink_answer answer = {.answer_seq = 1};
    struct uplink *u = add_proven();
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    u->answers = &answer;
    u->answer_count = 1;
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(told[0].delivered, 1);
    ck_assert_uint_eq(told[0].answers, 1);
    ck_assert_uint_eq(told[0].delivered_at_answers, 0);
}
END_TEST

/* Another uplink in mid flight. */

START_TEST(what_was_under_way_goes_on_over_the_new_uplink)
{
    struct uplink *old = add_proven();
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    offer(2, EVENT_CLASS_FOLLOWUP, alarm_a);
    offer(3, EVENT_CLASS_FOLLOWUP, "");
    fake_end(old, fake_find(old, 3), UPLINK_OUTCOME_REFUSED, "not known here");
    offer(4, EVENT_CLASS_MANIFEST, "");
    old->beat_answer = FAKE_HOLD;
    run(BEAT_MS); /* a heartbeat is under way, too */
    struct dispatch_receiver_options options = new_uplink(&fake_uplink);
    struct uplink *new = options.uplink;
    new->beat_answer = FAKE_HOLD;
    dispatch_replace_uplink(dispatch, 0, &options);
    ck_assert(old->closed);
    ck_assert_ptr_nonnull(fake_find(new, 1));
    ck_assert_ptr_nonnull(fake_find(new, 3)); /* somebody has mended something */
    ck_assert_ptr_nonnull(fake_find(new, 4));
    ck_assert_ptr_null(fake_find(new, 2));
    ck_assert_uint_eq(new->beats, 1);
    ck_assert_uint_eq(status().backlog, 4);
    fake_end(new, fake_find(new, 1), UPLINK_OUTCOME_STORED, "");
    fake_end(new, fake_find(new, 3), UPLINK_OUTCOME_STORED, "");
    ck_assert_ptr_nonnull(fake_find(new, 2));
}
END_TEST

START_TEST(what_the_old_uplink_had_proven_says_nothing_about_the_new_one)
{
    add_proven();
    struct dispatch_receiver_options options =
        new_uplink(_i == 0 ? &fake_uplink : &fake_watched_uplink);
    options.uplink->beat_answer = FAKE_RETRY;
    dispatch_replace_uplink(dispatch, 0, &options);
    ck_assert_int_eq(status().link, DISPATCH_LINK_UNPROVEN);
    ck_assert_ptr_nonnull(strstr(status().reason, "not proven yet"));
    run(10 * BEAT_MS);
    ck_assert_int_eq(status().link, DISPATCH_LINK_UNPROVEN);
    if (_i == 0)
        options.uplink->beat_answer = FAKE_STORED;
    else
        dispatch_link_said(dispatch, 0, UPLINK_LINK_UP, NULL);
    run(BEAT_MS);
    ck_assert_int_eq(status().link, DISPATCH_LINK_PROVEN);
}
END_TEST

START_TEST(a_clip_under_way_goes_on_over_the_new_uplink_and_one_that_waits_at_once)
{
    struct uplink *old = add_proven();
    dispatch_upload(dispatch, 0, 8, &file);
    fake_end(old, fake_find_upload(old), UPLINK_OUTCOME_REFUSED, "");
    dispatch_upload(dispatch, 0, 9, &file);
    ck_assert_ptr_nonnull(fake_find_upload(old));
    struct dispatch_receiver_options options = new_uplink(&fake_uplink);
    options.uplink->answer = FAKE_STORED;
    dispatch_replace_uplink(dispatch, 0, &options);
    run(0);
    ck_assert_uint_eq(told[0].uploaded, 2);
    ck_assert_uint_eq(status().uploads, 0);
}
END_TEST

START_TEST(what_the_new_uplink_does_not_take_is_forgotten)
{
    struct uplink *old = add_proven();
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    offer(2, EVENT_CLASS_FOLLOWUP, alarm_a);
    offer(3, EVENT_CLASS_MANIFEST, "");
    offer(4, EVENT_CLASS_FOLLOWUP, "");
    dispatch_restore(dispatch, 0, 5, EVENT_CLASS_FOLLOWUP, "", 1);
    dispatch_upload(dispatch, 0, 3, &file);
    fake_end(old, fake_find(old, 4), UPLINK_OUTCOME_STORED, "");
    ck_assert_uint_eq(told[0].last_loaded, 5); /* the store is still looking for it */
    struct dispatch_receiver_options options = new_uplink(&fake_narrow_uplink);
    dispatch_replace_uplink(dispatch, 0, &options);
    struct event *event = _i == 0 ? make_event(5, EVENT_CLASS_FOLLOWUP, "") : NULL;
    dispatch_loaded(dispatch, 0, 5, event);
    event_unref(event);
    ck_assert_uint_eq(told[0].gone, 0); /* nor is it missed */
    ck_assert_uint_eq(status().backlog, 1);
    ck_assert_uint_eq(status().uploads, 0);
    fake_end(options.uplink, fake_find(options.uplink, 1), UPLINK_OUTCOME_STORED, "");
    run(BEAT_MS);
    ck_assert_uint_eq(options.uplink->count, 1 + options.uplink->beats);
}
END_TEST

/* Drivers that take less, or do more themselves. */

START_TEST(one_that_is_to_have_no_clips_has_all_else)
{
    struct dispatch_receiver_options options = new_uplink(&fake_uplink);
    add_receiver(&fake_uplink);
    ck_assert(dispatch_upload(dispatch, 0, 3, &file));
    options.no_clips = true;
    dispatch_replace_uplink(dispatch, 0, &options);
    ck_assert_uint_eq(status().uploads, 0);
    ck_assert(!dispatch_takes_clips(dispatch, 0));
    ck_assert(!dispatch_upload(dispatch, 0, 3, &file));
    ck_assert(dispatch_takes(dispatch, 0, EVENT_CLASS_MANIFEST));
}
END_TEST

START_TEST(a_receiver_is_offered_only_what_it_takes)
{
    struct uplink *narrow = add_receiver(&fake_narrow_uplink), *all = add_receiver(&fake_uplink);
    narrow->answer = all->answer = FAKE_STORED;
    run(0);
    ck_assert(dispatch_takes(dispatch, 0, EVENT_CLASS_PRESS));
    ck_assert(!dispatch_takes(dispatch, 0, EVENT_CLASS_FOLLOWUP));
    ck_assert(!dispatch_takes_clips(dispatch, 0));
    ck_assert(dispatch_takes(dispatch, 1, EVENT_CLASS_MANIFEST));
    ck_assert(dispatch_takes_clips(dispatch, 1));
    struct event *event = make_event(1, EVENT_CLASS_PRESS, alarm_a);
    dispatch_prepare(dispatch, event);
    event_unref(event);
    ck_assert_uint_eq(all->prepared, 1);
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    offer(2, EVENT_CLASS_FOLLOWUP, alarm_a);
    offer(3, EVENT_CLASS_MANIFEST, alarm_a);
    dispatch_restore(dispatch, 0, 4, EVENT_CLASS_MANIFEST, alarm_a, 1);
    for (size_t i = 0; i < 2; i++)
        dispatch_upload(dispatch, i, 3, &file);
    dispatch_reply(dispatch, 0, 1, &(struct uplink_reply){.done = true});
    run(10 * BEAT_MS);
    ck_assert_uint_eq(told[0].delivered, 1);
    ck_assert_uint_eq(told[1].delivered, 3);
    ck_assert_uint_eq(told[0].uploaded, 0);
    ck_assert_uint_eq(told[1].uploaded, 1);
    ck_assert_uint_eq(status().backlog, 0);
    ck_assert_uint_eq(status().uploads, 0);
    ck_assert_uint_gt(narrow->beats, 5);
    dispatch_network_changed(dispatch);
}
END_TEST

START_TEST(a_protocol_that_supervises_its_link_says_whether_it_is_there)
{
    struct uplink *u = add_receiver(&fake_watched_uplink);
    u->answer = FAKE_STORED;
    offer(1, EVENT_CLASS_PRESS, "");
    run(BEAT_MS);
    ck_assert_uint_eq(told[0].delivered, 1);
    ck_assert_uint_eq(told[0].links, 0); /* a receipt is not its word */
    dispatch_link_said(dispatch, 0, UPLINK_LINK_UP, NULL);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
    run(100 * WINDOW_MS);
    ck_assert_uint_eq(told[0].links, 1);
    ck_assert_uint_eq(u->beats, 0);
    dispatch_link_said(dispatch, 0, UPLINK_LINK_DOWN, "registration expired");
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_UNPROVEN);
    ck_assert_str_eq(told[0].reason, "registration expired");
    dispatch_network_changed(dispatch);
    ck_assert_uint_eq(u->refreshes, 1);
    u->answer = FAKE_REFUSED;
    offer(2, EVENT_CLASS_FOLLOWUP, "");
    run(0);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_REFUSED);
    dispatch_link_said(dispatch, 0, UPLINK_LINK_UP, NULL);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
    ck_assert_uint_eq(u->beats, 0);
}
END_TEST

START_TEST(what_waits_goes_at_once_when_the_protocol_is_back)
{
    struct uplink *u = add_receiver(&fake_watched_uplink);
    u->answer = FAKE_RETRY;
    offer(1, EVENT_CLASS_PRESS, "");
    run(700000);
    u->answer = FAKE_HOLD;
    if (fake_find(u, 1))
        fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_RETRY, "");
    ck_assert_ptr_null(fake_find(u, 1));
    dispatch_link_said(dispatch, 0, UPLINK_LINK_UP, NULL);
    ck_assert_ptr_nonnull(fake_find(u, 1));
}
END_TEST

START_TEST(a_protocol_without_supervision_has_no_word_in_it)
{
    add_proven();
    dispatch_link_said(dispatch, 0, UPLINK_LINK_DOWN, "of no weight");
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
}
END_TEST

START_TEST(the_view_is_made_for_drivers_that_want_it)
{
    struct uplink *watched = add_receiver(&fake_watched_uplink), *u = add_receiver(&fake_uplink);
    offer(1, EVENT_CLASS_PRESS, "");
    ck_assert(fake_find(watched, 1)->viewed);
    ck_assert(!fake_find(u, 1)->viewed);
    ck_assert_uint_eq(told[0].views, 1);
    unreadable = true;
    offer(2, EVENT_CLASS_FOLLOWUP, "");
    ck_assert(!fake_find(watched, 2)->viewed); /* sent all the same */
}
END_TEST

START_TEST(a_reply_goes_to_the_uplink_that_asked)
{
    struct uplink *a = add_receiver(&fake_uplink), *b = add_receiver(&fake_uplink);
    dispatch_reply(dispatch, 1, 7, &(struct uplink_reply){.done = true});
    ck_assert_uint_eq(a->replies, 0);
    ck_assert_uint_eq(b->replies, 1);
    ck_assert_uint_eq(b->last_ticket, 7);
}
END_TEST

/* The end. */

START_TEST(close_in_mid_flight_tells_nothing_more)
{
    struct uplink *u = add_proven();
    u->beat_answer = FAKE_HOLD;
    run(BEAT_MS);
    offer(1, EVENT_CLASS_PRESS, alarm_a);
    offer(2, EVENT_CLASS_FOLLOWUP, "");
    fake_end(u, fake_find(u, 1), UPLINK_OUTCOME_STORED, "");
    dispatch_upload(dispatch, 0, 9, &file);
    dispatch_upload(dispatch, 0, 10, &file);
    offer(3, EVENT_CLASS_PRESS, alarm_a);
    ck_assert(fake_find(u, 2) && fake_find(u, 3) && fake_find_upload(u) && fake_find_beat(u));
    struct told before = told[0];
    dispatch_close(dispatch);
    ck_assert_int_eq(memcmp(&before, &told[0], sizeof before), 0);
    ck_assert_uint_eq(u->beats, 2);
    dispatch = NULL; /* and close takes NULL */
}
END_TEST

START_TEST(no_receiver_is_no_trouble)
{
    offer(1, EVENT_CLASS_PRESS, "");
    dispatch_network_changed(dispatch);
    dispatch_set_alarm_open(dispatch, true);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dispatch_links");
    TCase *tc = tcase_create("dispatch_links");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, a_link_that_is_lost_is_told);
    tcase_add_test(tc, a_link_that_fails_is_lost_with_the_last_reason_though_it_is_tried);
    tcase_add_test(tc, every_receipt_proves_the_link_for_another_window);
    tcase_add_test(tc, nothing_is_proven_without_a_receipt);
    tcase_add_test(tc, heartbeats_keep_their_time_at_rest_and_in_an_alarm);
    tcase_add_test(tc, an_alarm_that_was_open_already_changes_no_heartbeat);
    tcase_add_test(tc, a_failed_heartbeat_is_tried_again_soon_but_one_at_a_time);
    tcase_add_test(tc, a_host_that_has_no_heartbeat_is_asked_again);
    tcase_add_test(tc, a_restored_event_is_loaded_once_and_sent_as_a_late_one);
    tcase_add_test(tc, a_press_that_the_store_has_lost_dams_up_nothing);
    tcase_add_test(tc,
                   the_clip_of_a_manifest_that_the_store_has_lost_is_offered_and_dams_up_nothing);
    tcase_add_test(tc, a_press_that_rotted_in_the_store_is_tried_once_and_dams_up_nothing);
    tcase_add_test(tc, answers_are_told_once_and_only_with_a_receipt);
    tcase_add_test(tc, how_far_a_receiver_has_the_events_is_told_with_each_receipt_that_says_so);
    tcase_add_test(tc, answers_are_told_before_what_the_same_receipt_proves);
    tcase_add_test(tc, what_was_under_way_goes_on_over_the_new_uplink);
    tcase_add_loop_test(tc, what_the_old_uplink_had_proven_says_nothing_about_the_new_one, 0, 2);
    tcase_add_test(tc, a_clip_under_way_goes_on_over_the_new_uplink_and_one_that_waits_at_once);
    tcase_add_loop_test(tc, what_the_new_uplink_does_not_take_is_forgotten, 0, 2);
    tcase_add_test(tc, a_receiver_is_offered_only_what_it_takes);
    tcase_add_test(tc, one_that_is_to_have_no_clips_has_all_else);
    tcase_add_test(tc, a_protocol_that_supervises_its_link_says_whether_it_is_there);
    tcase_add_test(tc, what_waits_goes_at_once_when_the_protocol_is_back);
    tcase_add_test(tc, a_protocol_without_supervision_has_no_word_in_it);
    tcase_add_test(tc, the_view_is_made_for_drivers_that_want_it);
    tcase_add_test(tc, a_reply_goes_to_the_uplink_that_asked);
    tcase_add_test(tc, close_in_mid_flight_tells_nothing_more);
    tcase_add_test(tc, no_receiver_is_no_trouble);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
