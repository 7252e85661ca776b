/* SPDX-License-Identifier: Apache-2.0 */
/* What an event's bytes say, as far as the receiver must know it. Pure; any thread. */
#ifndef RECEIVER_EVENT_H
#define RECEIVER_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
    char id[37];
    char source[96];
    char type[48];
    char time[40];
    char clock[12];
    char prev[48];  /* "" for a heartbeat */
    int64_t seq;    /* 0 for a heartbeat */
    char alarm[37]; /* data.alarm, or "" */
    bool heartbeat;
    int64_t answer_seq; /* of a heartbeat: answers up to it are confirmed; else -1 */
    /* of a clip's manifest */
    bool manifest;
    int64_t length;
    char sha256[65];
    char camera[65];
};

/* False with a reason for the sender. */
bool event_read(const char *bytes, size_t length, struct event *ret_event, const char **ret_reason);

bool event_is_uuid(const char *text);

#endif
