/* SPDX-License-Identifier: Apache-2.0 */
/* The receivers over dispatch as it is, with uplinks that the test answers for (delivery_uplinks)
 * and a store that keeps what it is told (fake_outbox), in virtual time. */
#ifndef TOCSIN_TESTS_DELIVERY_WORLD_H
#define TOCSIN_TESTS_DELIVERY_WORLD_H

#include "delivery/delivery.h"
#include "delivery_uplinks.h"
#include "fake_outbox.h"
#include "loop/network.h"
#include "run_suite.h"
#include "virtual_time.h"

extern network_handler on_network;
extern void *on_network_arg;
extern uv_loop_t loop;
extern struct facts *facts;
extern struct config_receivers config;
extern struct config_receiver receivers[3]; /* police, school and, if the test counts it, a third */
extern struct delivery *delivery;
extern struct fact told[];
extern size_t told_count;
extern struct outbox_found found;

/* Check's fixtures; set_up is begin without the opening. */
void begin(void);
void tear_down(void);
void set_up(void);
void open_delivery(void);

/* Of what was told; NULL: nothing of that kind. */
const struct fact *last(enum fact_kind kind);
size_t count(enum fact_kind kind);

/* The attempt at that event (0: a heartbeat) ends. */
void finish(size_t uplink, uint64_t seq, enum uplink_outcome outcome);
/* Every heartbeat that is under way is receipted. */
void beat(void);
/* A press. */
void offer(uint64_t seq);
/* What was begun in libuv's pool ends. */
void end_looks(void);

#endif
