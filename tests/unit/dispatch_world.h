/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One dispatch over uplinks that the test plays, in time that it lets go by; what its host is told
 * is counted. Each test is a process of its own.
 */
#ifndef TOCSIN_TESTS_DISPATCH_WORLD_H
#define TOCSIN_TESTS_DISPATCH_WORLD_H

#include <uv.h>

#include "dispatch/dispatch.h"
#include "fake_uplink.h"

#define BEAT_MS       20000
#define ALARM_BEAT_MS 2000
#define WINDOW_MS     60000 /* three of the slow ones */

/* What the host was told. */
struct told {
    unsigned delivered, failed, uploaded, upload_failed, answers, answer_calls, views;
    unsigned number_calls;
    uint64_t newest_seq, forked_seq;
    unsigned delivered_at_answers; /* how many were delivered when answers came last */
    unsigned links;                /* changes */
    enum dispatch_link link;
    char reason[256];
    uint64_t last_delivered, last_loaded;
    unsigned loads, attempts, gone;
};

extern const char alarm_a[];
extern const struct uplink_file file;
extern uv_loop_t loop;
extern struct dispatch *dispatch;
extern struct told told[2];
extern struct uplink *uplinks[5]; /* ends with NULL */
extern bool no_heartbeat;         /* the host has none */
extern bool unreadable;           /* the host can make no view of an event */

void begin(void);
/* Nothing is told after it. */
void end(void);
void run(int64_t ms);

struct event *make_event(uint64_t seq, enum event_class class, const char *alarm);
void offer(uint64_t seq, enum event_class class, const char *alarm);

struct dispatch_receiver_options new_uplink(const struct uplink_driver *driver);
struct uplink *add_receiver(const struct uplink_driver *driver);
/* One receiver, proven by its first heartbeat. */
struct uplink *add_proven(void);
/* Of the first receiver. */
struct dispatch_status status(void);

#endif
