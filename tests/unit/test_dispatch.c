/* SPDX-License-Identifier: Apache-2.0 */
/* From the outbox to the receivers, over uplinks that the test plays, in time that it lets go by.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dispatch/dispatch.h"
#include "fake_uplink.h"
#include "run_suite.h"

#define BEAT_MS       20000
#define ALARM_BEAT_MS 2000
#define WINDOW_MS     60000 /* three of the slow ones */

static const char alarm_a[] = "01890a5d-ac96-774b-bcce-b302099a8057";

/* What the host was told. */
struct told {
    unsigned delivered, failed, uploaded, upload_failed, answers, answer_calls, views;
    unsigned links; /* changes */
    enum dispatch_link link;
    char reason[256];
    uint64_t last_delivered, last_loaded;
    unsigned loads, attempts;
};

static uv_loop_t loop;
static struct dispatch *dispatch;
static struct told told[2];
static struct uplink *uplinks[5]; /* ends with NULL */
static bool no_heartbeat, unreadable;

static void on_load(void *arg, size_t receiver, uint64_t seq)
{
    ck_assert_ptr_eq(arg, told);
    told[receiver].loads++;
    told[receiver].last_loaded = seq;
}

static void on_delivered(void *arg, const struct dispatch_sent *sent,
                         const struct uplink_result *result)
{
    (void)arg;
    ck_assert_int_le(result->outcome, UPLINK_OUTCOME_UNCONFIRMED);
    told[sent->receiver].delivered++;
    told[sent->receiver].last_delivered = sent->seq;
    told[sent->receiver].attempts = sent->attempts;
}

static void on_attempt_failed(void *arg, const struct dispatch_sent *sent,
                              const struct uplink_result *result)
{
    (void)arg;
    ck_assert_int_gt(result->outcome, UPLINK_OUTCOME_UNCONFIRMED);
    told[sent->receiver].failed++;
    told[sent->receiver].attempts = sent->attempts;
}

static void on_uploaded(void *arg, size_t receiver, uint64_t seq,
                        const struct uplink_result *result)
{
    (void)arg, (void)seq, (void)result;
    told[receiver].uploaded++;
}

static void on_upload_failed(void *arg, size_t receiver, uint64_t seq,
                             const struct uplink_result *result)
{
    (void)arg, (void)seq, (void)result;
    told[receiver].upload_failed++;
}

static void on_answers(void *arg, size_t receiver, const struct uplink_answer *answers,
                       size_t count)
{
    (void)arg, (void)answers;
    told[receiver].answers += (unsigned)count;
    told[receiver].answer_calls++;
}

static void on_link_changed(void *arg, size_t receiver, enum dispatch_link link, const char *reason)
{
    (void)arg;
    told[receiver].links++;
    told[receiver].link = link;
    snprintf(told[receiver].reason, sizeof told[receiver].reason, "%s", reason ? reason : "");
}

static struct event *make_event(uint64_t seq, enum event_class class, const char *alarm)
{
    struct event *event = calloc(1, sizeof *event + 1);
    ck_assert_ptr_nonnull(event);
    event->references = 1;
    event->seq = seq;
    event->class = class;
    snprintf(event->alarm, sizeof event->alarm, "%s", alarm);
    return event;
}

static struct event *on_heartbeat(void *arg, size_t receiver)
{
    (void)arg, (void)receiver;
    return no_heartbeat ? NULL : make_event(0, EVENT_CLASS_HEARTBEAT, "");
}

static bool on_view(void *arg, const struct event *event, struct event_view *ret_view)
{
    (void)arg;
    told[0].views++;
    *ret_view = (struct event_view){.seq = event->seq};
    return !unreadable;
}

static const struct dispatch_host host = {.load = on_load,
                                          .delivered = on_delivered,
                                          .attempt_failed = on_attempt_failed,
                                          .uploaded = on_uploaded,
                                          .upload_failed = on_upload_failed,
                                          .answers = on_answers,
                                          .link_changed = on_link_changed,
                                          .heartbeat = on_heartbeat,
                                          .view = on_view,
                                          .arg = told};

static struct dispatch_receiver_options new_uplink(const struct uplink_driver *driver)
{
    size_t i = 0;
    while (uplinks[i])
        i++;
    ck_assert_uint_lt(i, 4);
    uplinks[i] = calloc(1, sizeof *uplinks[i]);
    ck_assert_ptr_nonnull(uplinks[i]);
    uplinks[i]->beat_answer = FAKE_STORED;
    return (struct dispatch_receiver_options){.driver = driver,
                                              .uplink = uplinks[i],
                                              .heartbeat_ms = BEAT_MS,
                                              .alarm_heartbeat_ms = ALARM_BEAT_MS};
}

static struct uplink *add_receiver(const struct uplink_driver *driver)
{
    struct err e;
    struct dispatch_receiver_options options = new_uplink(driver);
    ck_assert_int_eq(dispatch_add_receiver(dispatch, &options, &e), 0);

    return options.uplink;
}

static void run(int64_t ms)
{
    fake_run(&loop, uplinks, ms);
}

/* One receiver, proven by its first heartbeat. */
static struct uplink *add_proven(void)
{
    struct uplink *u = add_receiver(&fake_uplink);
    run(0);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
    ck_assert_uint_eq(told[0].links, 1);
    return u;
}

static void offer(uint64_t seq, enum event_class class, const char *alarm)
{
    struct event *event = make_event(seq, class, alarm);
    dispatch_offer(dispatch, event);
    event_unref(event);
}

static struct dispatch_status status(void)
{
    struct dispatch_status s;
    dispatch_get_status(dispatch, 0, &s);
    return s;
}

static void begin(void)
{
    struct err e;
    log_set_level(LOG_LEVEL_ERROR);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(dispatch_create(&loop, &host, &dispatch, &e), 0);
}

static void end(void)
{
    dispatch_close(dispatch);
    struct told last[2];
    memcpy(last, told, sizeof last);
    run(0);
    ck_assert_int_eq(memcmp(last, told, sizeof last), 0); /* nothing is told after close */
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    for (size_t i = 0; uplinks[i]; i++) {
        ck_assert(uplinks[i]->closed);
        free(uplinks[i]);
    }
}

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

static const struct uplink_file file = {.manifest = "m", .path = "p", .filename = "clip"};

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

START_TEST(a_refused_event_waits_60_s_and_lets_the_next_one_go)
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
    fake_end(u, fake_find(u, 2), UPLINK_OUTCOME_STORED, "");
    run(58999);
    ck_assert_ptr_null(fake_find(u, 1));
    run(1);
    ck_assert_ptr_nonnull(fake_find(u, 1));
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
    dispatch_loaded(dispatch, 0, 5, NULL);
    ck_assert_uint_eq(told[0].loads, 2);
    ck_assert_uint_eq(told[0].last_loaded, 6);
    ck_assert_uint_eq(status().backlog, 1);
    ck_assert_uint_eq(told[0].delivered, 0);
    ck_assert_uint_eq(u->count, u->beats);
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
    struct event *event = make_event(5, EVENT_CLASS_FOLLOWUP, "");
    dispatch_loaded(dispatch, 0, 5, event);
    event_unref(event);
    ck_assert_uint_eq(status().backlog, 1);
    ck_assert_uint_eq(status().uploads, 0);
    fake_end(options.uplink, fake_find(options.uplink, 1), UPLINK_OUTCOME_STORED, "");
    run(BEAT_MS);
    ck_assert_uint_eq(options.uplink->count, 1 + options.uplink->beats);
}
END_TEST

/* Drivers that take less, or do more themselves. */

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
    offer(2, EVENT_CLASS_FOLLOWUP, alarm_a);
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
    tcase_add_test(tc, a_refused_event_waits_60_s_and_lets_the_next_one_go);
    tcase_add_test(tc, what_a_receiver_writes_in_another_alphabet_is_told_as_utf8);
    tcase_add_test(tc, the_receivers_wish_to_wait_is_handed_on);
    tcase_add_test(tc, a_receiver_that_is_gone_for_ten_minutes_is_not_flooded);
    tcase_add_test(tc, what_waits_goes_at_once_when_the_link_is_back);
    tcase_add_test(tc, a_heartbeat_undoes_no_wish_of_the_receiver_to_wait);
    tcase_add_test(tc, a_new_press_hurries_the_old_ones);
    tcase_add_test(tc, a_change_of_the_network_dials_who_is_not_proven_and_proves_who_is);
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
    tcase_add_test(tc, answers_are_told_once_and_only_with_a_receipt);
    tcase_add_test(tc, what_was_under_way_goes_on_over_the_new_uplink);
    tcase_add_loop_test(tc, what_the_old_uplink_had_proven_says_nothing_about_the_new_one, 0, 2);
    tcase_add_test(tc, a_clip_under_way_goes_on_over_the_new_uplink_and_one_that_waits_at_once);
    tcase_add_test(tc, what_the_new_uplink_does_not_take_is_forgotten);
    tcase_add_test(tc, a_receiver_is_offered_only_what_it_takes);
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
