/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this folder among themselves: one receiver with its lanes. Loop thread only. */
#ifndef TOCSIN_DISPATCH_INTERNAL_H
#define TOCSIN_DISPATCH_INTERNAL_H

#include "dispatch/dispatch.h"
#include "dispatch/lanes.h"
#include "dispatch/uploads.h"
#include "iface/limits.h"

struct receiver {
    struct dispatch *dispatch;
    size_t number;
    struct dispatch_receiver_options options;
    struct lanes lanes;
    struct uploads uploads;
    bool replacing; /* the uplink: nothing is sent until the new one is in its place */
    bool beating;
    int64_t next_beat_ms;
    struct dispatch_status status;
    enum uplink_link said; /* by the uplink's own supervision */
    bool path_failed;      /* since it last got through: nothing that the receiver has said */
    int64_t proven_until_ms;
    uv_timer_t timer;
};

struct dispatch {
    uv_loop_t *loop;
    struct dispatch_host host;
    size_t count;
    struct receiver *receivers[LIMIT_RECEIVERS];
    bool alarm_open;
    bool closing;
    size_t timers_open;
};

/* Sends all that may be sent now, and sets the timer for what may be sent later. */
void dispatch_pump(struct receiver *r);

#endif
