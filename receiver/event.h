/* SPDX-License-Identifier: Apache-2.0 */
/* What an event's bytes say, as far as the receiver must know it. Pure; any thread. */
#ifndef RECEIVER_EVENT_H
#define RECEIVER_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an event is to a receiver. */
enum event_kind {
    EVENT_KIND_OTHER,
    EVENT_KIND_ALARM,    /* the life of a real press */
    EVENT_KIND_EXERCISE, /* of a drill or a test: never an alarm */
    EVENT_KIND_MANIFEST, /* of a clip */
    EVENT_KIND_HEARTBEAT,
};

struct event {
    enum event_kind kind;
    char id[37];
    char source[96];
    char type[48];
    char time[40];
    char clock[12];
    char prev[48];  /* "" for a heartbeat */
    int64_t seq;    /* 0 for a heartbeat */
    char alarm[37]; /* data.alarm, or "" */
    char boot[48];  /* "" if not given */
    int64_t monoms;
    int64_t answer_seq; /* of a heartbeat: answers up to it are confirmed; else 0 */
    /* of a clip's manifest */
    int64_t length;
    char sha256[65];
    char camera[65];
};

/* False with a reason for the sender. */
bool event_read(const char *bytes, size_t length, struct event *ret_event, const char **ret_reason);

bool event_is_uuid(const char *text);

#endif
