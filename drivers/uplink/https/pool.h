/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three connections to a receiver, so that nothing waits for anything else: PRESS carries fresh
 * presses, OTHER what else is an event, CLIPS the clips. Heartbeats go over PRESS and OTHER in
 * turn, so that both are proven; a fresh press takes whichever of the two is open and idle.
 *
 * PRESS is dialled at first and after pool_forget, both when the receiver closes an idle connection
 * and when the other one has just got through. One that was quiet for 45 s is proven in the same
 * way when the other one gets through; one quiet for 110 s (heartbeats rarer than that) is dialled
 * anew when it is needed. After a broken connection or a time-out both dial anew before they are
 * used again; a clip's trouble says nothing of the alarms' connections. Loop thread.
 */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_POOL_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_POOL_H

#include "base/err.h"
#include "drivers/uplink/https/connection.h"
#include "drivers/uplink/https/transfer.h"
#include "iface/uplink.h"

struct pool;

/* Borrowed until pool_close, but for the struct itself. */
struct pool_options {
    const struct transfer_means *means;
    const char *url, *receiver; /* dialled; the receiver's id is for the log */
    int64_t timeout_ms;         /* of a dial */
};

/* Dials nothing yet. */
int pool_open(const struct pool_options *options, struct pool **ret_pool, struct err *e);
struct connection *pool_choose(const struct pool *p, enum uplink_lane lane);
struct connection *pool_for_clips(const struct pool *p);
/* The other one follows when this one got through. */
void pool_dial(struct pool *p);
/* The way is another one: nothing open is trusted; dial. */
void pool_forget(struct pool *p);
/* Every transfer over them must be closed. NULL is accepted. */
void pool_close(struct pool *p);

#endif
