/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_uplink.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define TURNS_MAX 1000 /* of the loop at one moment */

static int64_t now_ns = INT64_C(1000) * 1000 * 1000 * 1000;

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    if (clock == CLOCK_REALTIME)
        return (int)syscall(SYS_clock_gettime, clock, ret_time);
    ret_time->tv_sec = (time_t)(now_ns / 1000000000);
    ret_time->tv_nsec = (long)(now_ns % 1000000000);
    return 0;
}

int64_t fake_now_ms(void)
{
    return now_ns / 1000000;
}

static struct fake_attempt *add(struct uplink *u, uplink_done_handler done, void *arg)
{
    ck_assert(!u->closed);
    ck_assert_uint_lt(u->count, FAKE_ATTEMPTS_MAX);
    struct fake_attempt *a = &u->attempts[u->count++];
    *a = (struct fake_attempt){.at_ms = fake_now_ms(), .done = done, .arg = arg};
    return a;
}

static void send_event(struct uplink *u, enum uplink_lane lane, struct event *event,
                       const struct event_view *view, uplink_done_handler done, void *arg)
{
    for (size_t i = 0; i < u->count; i++)
        ck_assert(u->attempts[i].ended || u->attempts[i].is_upload || u->attempts[i].lane != lane);
    struct fake_attempt *a = add(u, done, arg);
    a->lane = lane;
    a->seq = event->seq;
    a->viewed = view != NULL;
    u->beats += lane == UPLINK_LANE_HEARTBEAT;
}

static void upload(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
                   void *arg)
{
    ck_assert_ptr_null(fake_find_upload(u));
    struct fake_attempt *a = add(u, done, arg);
    a->is_upload = true;
    snprintf(a->file, sizeof a->file, "%s", file->filename);
}

static void prepare(struct uplink *u, struct event *event)
{
    ck_assert_int_eq(event->class, EVENT_CLASS_PRESS);
    u->prepared++;
}

static void pause_upload(struct uplink *u, bool paused)
{
    u->paused = paused;
}

static void refresh(struct uplink *u)
{
    u->refreshes++;
}

static void reply(struct uplink *u, uint64_t ticket, const struct uplink_reply *answer)
{
    u->replies += answer->done;
    u->last_ticket = ticket;
}

static void close_uplink(struct uplink *u)
{
    ck_assert(!u->closed);
    for (size_t i = 0; i < u->count; i++) {
        if (!u->attempts[i].ended)
            fake_end(u, &u->attempts[i], UPLINK_OUTCOME_CANCELLED, "closed");
    }
    u->closed = true;
}

const struct uplink_driver fake_uplink = {
    .type = {.name = "fake"},
    .takes = UPLINK_TAKES_ALL,
    .send = send_event,
    .close = close_uplink,
    .prepare = prepare,
    .upload = upload,
    .pause_upload = pause_upload,
    .refresh = refresh,
    .reply = reply,
};

const struct uplink_driver fake_narrow_uplink = {
    .type = {.name = "fake-narrow"},
    .takes = UPLINK_TAKES(EVENT_CLASS_PRESS),
    .send = send_event,
    .close = close_uplink,
};

const struct uplink_driver fake_watched_uplink = {
    .type = {.name = "fake-watched"},
    .takes = UPLINK_TAKES_ALL,
    .own_supervision = true,
    .wants_view = true,
    .send = send_event,
    .close = close_uplink,
    .refresh = refresh,
};

struct fake_attempt *fake_find(struct uplink *u, uint64_t seq)
{
    for (size_t i = u->count; i-- > 0;) {
        struct fake_attempt *a = &u->attempts[i];
        if (!a->ended && !a->is_upload && a->seq == seq)
            return a;
    }
    return NULL;
}

struct fake_attempt *fake_find_beat(struct uplink *u)
{
    return fake_find(u, 0);
}

struct fake_attempt *fake_find_upload(struct uplink *u)
{
    for (size_t i = u->count; i-- > 0;) {
        if (!u->attempts[i].ended && u->attempts[i].is_upload)
            return &u->attempts[i];
    }
    return NULL;
}

size_t fake_tries(const struct uplink *u, uint64_t seq)
{
    size_t found = 0;
    for (size_t i = 0; i < u->count; i++)
        found += !u->attempts[i].is_upload && u->attempts[i].seq == seq;
    return found;
}

void fake_end(struct uplink *u, struct fake_attempt *attempt, enum uplink_outcome outcome,
              const char *reason)
{
    struct uplink_result result = {.outcome = outcome,
                                   .finished_ns = now_ns,
                                   .retry_after_ms = u->retry_after_ms,
                                   .answered = u->answered,
                                   .answers = u->answers,
                                   .answer_count = u->answer_count,
                                   .newest_seq = u->newest_seq,
                                   .is_fork = u->is_fork};
    ck_assert_ptr_nonnull(attempt);
    ck_assert(!attempt->ended);
    snprintf(result.reason, sizeof result.reason, "%s", reason);
    attempt->ended = true;
    attempt->done(attempt->arg, &result);
}

static void end_as(struct uplink *u, struct fake_attempt *a, enum fake_answer answer)
{
    switch (answer) {
    case FAKE_HOLD:
        return;
    case FAKE_STORED:
        fake_end(u, a, UPLINK_OUTCOME_STORED, "");
        return;
    case FAKE_RETRY:
        fake_end(u, a, UPLINK_OUTCOME_RETRY, "no answer");
        return;
    case FAKE_REFUSED:
        fake_end(u, a, UPLINK_OUTCOME_REFUSED, "not known here");
        return;
    }
}

static void answer_all(struct uplink *u)
{
    /* What they bring about comes to the end of the list, and is answered in the next turn. */
    for (size_t i = u->ended, count = u->count; i < count; i++) {
        struct fake_attempt *a = &u->attempts[i];
        bool beat = !a->is_upload && a->lane == UPLINK_LANE_HEARTBEAT;
        if (!a->ended)
            end_as(u, a, beat ? u->beat_answer : u->answer);
    }
    while (u->ended < u->count && u->attempts[u->ended].ended)
        u->ended++;
}

void fake_run(uv_loop_t *loop, struct uplink *const *uplinks, int64_t ms)
{
    int64_t end_ns = now_ns + ms * 1000000;
    for (unsigned turns = 0;; turns++) {
        ck_assert_msg(turns < TURNS_MAX, "the loop turns without end");
        uv_run(loop, UV_RUN_NOWAIT);
        size_t before = 0, after = 0;
        for (size_t i = 0; uplinks[i]; i++) {
            before += uplinks[i]->count + uplinks[i]->ended;
            if (!uplinks[i]->closed)
                answer_all(uplinks[i]);
            after += uplinks[i]->count + uplinks[i]->ended;
        }
        uv_update_time(loop);
        int wish_ms = uv_loop_alive(loop) ? uv_backend_timeout(loop) : -1;
        if (before != after || wish_ms == 0)
            continue;
        if (now_ns >= end_ns)
            return;
        int64_t next_ns = now_ns + (int64_t)wish_ms * 1000000;
        now_ns = wish_ms < 0 || next_ns > end_ns ? end_ns : next_ns;
        turns = 0;
    }
}
