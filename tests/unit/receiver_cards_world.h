/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver's store in a folder of its own, what gateways and people put there, and what its page
 * is told of it. One at a time, hence without a fixture to hand around.
 */
#ifndef TOCSIN_TESTS_RECEIVER_CARDS_WORLD_H
#define TOCSIN_TESTS_RECEIVER_CARDS_WORLD_H

#include <jansson.h>

#include "store_private.h"

#define SCHOOL "tocsin:31010600001320000001"
#define OTHER  "tocsin:31010600001320000002"

extern struct store *s;
extern int events;    /* put so far; the last one's id is "event-" and this number */
extern json_t *state; /* as the last look saw it */

/* Before and after each test. */
void setup(void);
void teardown(void);

/* Once more, after a store_close. */
void open_store(void);

/* The alarm's UUID; lives until the next call. */
const char *name_of(int alarm);

/* `seq`: its number in its gateway's chain. */
void put_as(int64_t seq, const char *source, int alarm, enum event_kind kind, const char *type);

/* As the next in its gateway's chain, or after a gap. */
void put(const char *source, int alarm, enum event_kind kind, const char *type);
void clip(const char *source, int alarm);
void say(const char *source, int alarm, const char *verb);

/* Of SCHOOL's alarm, by somebody who has seen everything. */
void answer(int alarm, const char *word);

/* By somebody who had what is there now before them, up to the event of that number. */
int64_t answer_to(int64_t seen, int alarm, const char *word);

/* The list of the alarms. Lives until the next look; each of those below is one. */
const json_t *look(void);
size_t count(void);

/* Its place in the list from the top; -1 if it is not there. */
int place_of(int alarm);

/* "", "closed" or "rejected". */
const char *done_with(int alarm);

/* How many of `what` ("done", "exercises") are left out; how many open ones of a gateway. */
int64_t not_shown(const char *what);
int64_t open_not_shown(const char *source);

#endif
