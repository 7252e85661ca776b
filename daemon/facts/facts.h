/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of facts: how a part is told of what happens in parts that it may not call.
 *
 * Told in the order of publishing, in the same turn of the loop, after the handler that publishes
 * has returned: no handler runs inside another, and a press is never held up by who only looks on.
 * The queue is emptied by a prepare handle (before the loop sleeps) and a check handle (right after
 * it has served what woke it). So nothing waits while the loop sleeps, whatever kind of callback
 * has published; and no entry of the loop can forget to empty it, because none has to.
 *
 * When all is told, FACT_SETTLED is told, and what that has published; then FACT_TURN_OVER. So a
 * thing that ten facts of one turn change is worked out once.
 *
 * Loop thread only. Never fails: without memory the process ends, and starts anew with what is on
 * the disk. So it does when a turn does not come to its end within FACTS_A_TURN_MAX facts: two
 * parts that answer each other for ever are a bug, and must not hold the loop.
 */
#ifndef TOCSIN_FACTS_FACTS_H
#define TOCSIN_FACTS_FACTS_H

#include <uv.h>

#include "base/err.h"
#include "facts/fact.h"

#define FACTS_SUBSCRIBERS_MAX 32
#define FACTS_A_TURN_MAX      100000 /* facts told in one turn */

#define FACT_BIT(kind) (UINT32_C(1) << (kind))

struct facts;

typedef void (*facts_handler)(void *self, const struct fact *fact);

/* `loop` may be NULL: then only facts_tell tells (a test that is its own loop). */
int facts_create(uv_loop_t *loop, struct facts **ret_facts, struct err *e);

/* Told of these kinds (bits), in the order of subscribing, until facts_close. */
void facts_subscribe(struct facts *facts, uint32_t kinds, facts_handler on_fact, void *self);

/* Copied, its texts made UTF-8. */
void facts_publish(struct facts *facts, const struct fact *fact);

/* FACT_FAULT_STATED: `reason` NULL says that it works. Both may be said again and again; `subject`
 * may be NULL. */
void facts_state_fault(struct facts *facts, enum fault_code code, const char *subject,
                       const char *reason);

/* Something was put off: FACT_SETTLED is told at the end of this turn even if nothing else is. */
void facts_wake(struct facts *facts);

/* Tells what is waiting. Does nothing when called by a handler. */
void facts_tell(struct facts *facts);

/* From now on nothing is told any more, and what is published is dropped. */
void facts_close(struct facts *facts);
/* After the loop has run out. NULL is accepted. */
void facts_free(struct facts *facts);

#endif
