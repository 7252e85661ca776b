/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch_world.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

const struct uplink_file file = {.manifest = "m", .path = "p", .filename = "clip"};
uv_loop_t loop;
struct dispatch *dispatch;
struct told told[2];
struct uplink *uplinks[5]; /* ends with NULL */
bool no_heartbeat, unreadable;
const char alarm_a[] = "01890a5d-ac96-774b-bcce-b302099a8057";

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

static void on_gone(void *arg, size_t receiver, uint64_t seq)
{
    (void)arg;
    told[receiver].gone += seq == told[receiver].last_loaded;
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
    told[receiver].delivered_at_answers = told[receiver].delivered;
}

static void on_numbers(void *arg, size_t receiver, uint64_t newest_seq, uint64_t forked_seq)
{
    (void)arg;
    told[receiver].number_calls++;
    told[receiver].newest_seq = newest_seq;
    told[receiver].forked_seq = forked_seq;
}

static void on_link_changed(void *arg, size_t receiver, enum dispatch_link link, const char *reason)
{
    (void)arg;
    told[receiver].links++;
    told[receiver].link = link;
    snprintf(told[receiver].reason, sizeof told[receiver].reason, "%s", reason ? reason : "");
}

struct event *make_event(uint64_t seq, enum event_class class, const char *alarm)
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
                                          .gone = on_gone,
                                          .delivered = on_delivered,
                                          .attempt_failed = on_attempt_failed,
                                          .uploaded = on_uploaded,
                                          .upload_failed = on_upload_failed,
                                          .answers = on_answers,
                                          .numbers = on_numbers,
                                          .link_changed = on_link_changed,
                                          .heartbeat = on_heartbeat,
                                          .view = on_view,
                                          .arg = told};

struct dispatch_receiver_options new_uplink(const struct uplink_driver *driver)
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

struct uplink *add_receiver(const struct uplink_driver *driver)
{
    struct err e;
    struct dispatch_receiver_options options = new_uplink(driver);
    ck_assert_int_eq(dispatch_add_receiver(dispatch, &options, &e), 0);

    return options.uplink;
}

void run(int64_t ms)
{
    fake_run(&loop, uplinks, ms);
}

/* One receiver, proven by its first heartbeat. */
struct uplink *add_proven(void)
{
    struct uplink *u = add_receiver(&fake_uplink);
    run(0);
    ck_assert_int_eq(told[0].link, DISPATCH_LINK_PROVEN);
    ck_assert_uint_eq(told[0].links, 1);
    return u;
}

void offer(uint64_t seq, enum event_class class, const char *alarm)
{
    struct event *event = make_event(seq, class, alarm);
    dispatch_offer(dispatch, event);
    event_unref(event);
}

struct dispatch_status status(void)
{
    struct dispatch_status s;
    dispatch_get_status(dispatch, 0, &s);
    return s;
}

void begin(void)
{
    struct err e;
    log_set_level(LOG_LEVEL_ERROR);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(dispatch_create(&loop, &host, &dispatch, &e), 0);
}

void end(void)
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
