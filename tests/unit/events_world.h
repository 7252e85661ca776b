/* SPDX-License-Identifier: Apache-2.0 */
/* Events on their way over a disk that answers when the test says so (fake_outbox), in virtual
 * time, to receivers that only count; and every fact that is told of them. */
#ifndef TOCSIN_TESTS_EVENTS_WORLD_H
#define TOCSIN_TESTS_EVENTS_WORLD_H

#include "events/events.h"
#include "events/faults.h"

/* What the receivers were given. */
extern unsigned offered, prepared;
extern uint64_t offered_seq;
extern int64_t confirmed;
extern bool unread; /* the store gives nothing of what is to go to them */
#define DELIVERY ((struct delivery *)&offered)

extern uv_loop_t loop;
extern struct facts *facts;
extern struct config_storage storage; /* each test has its own */
extern struct events *events;
extern struct faults *faults;
extern struct fact told[1000];
extern size_t told_count;

/* The newest of that kind, NULL if there is none; and how many. */
const struct fact *last(enum fact_kind kind);
size_t count(enum fact_kind kind);

/* Of a checked fixture. */
void set_up(void);
void tear_down(void);
/* A new start in halves: until open_events the test says what that finds. */
void begin_again(void);
void open_events(void);

/* A press and the like, with a row of state; its number. */
uint64_t emit(enum event_class class, const struct outbox_upload *upload);

#endif
