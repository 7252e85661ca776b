/* SPDX-License-Identifier: Apache-2.0 */
#include "events/kept.h"

#include <stdlib.h>

#include "base/clock.h"
#include "iface/limits.h"

struct waiter {
    TAILQ_ENTRY(waiter) next;
    kept_handler done;
    void *arg;
    uint64_t barrier; /* the number of the one it waits for; 0 until that is placed */
    int64_t until_ms;
};

static void drop(struct kept *k, struct waiter *w)
{
    TAILQ_REMOVE(&k->waiters, w, next);
    k->count--;
    free(w);
}

/* Who is told may wait anew, or make others forget. */
static void tell(struct kept *k, struct waiter *w, bool stored)
{
    const struct waiter told = *w;
    drop(k, w);
    told.done(told.arg, stored);
}

static void on_patience(uv_timer_t *timer);

static void arm(struct kept *k)
{
    const struct waiter *first = TAILQ_FIRST(&k->waiters);
    if (!first)
        return;
    /* libuv counts from the beginning of the turn, which may have been long. */
    uv_update_time(k->timer.loop);
    int64_t left_ms = first->until_ms - clock_monotonic_ms();
    uv_timer_start(&k->timer, on_patience, left_ms > 0 ? (uint64_t)left_ms : 0, 0);
}

static void on_patience(uv_timer_t *timer)
{
    struct kept *k = timer->data;
    struct waiter *first;
    int64_t now_ms = clock_monotonic_ms();
    while ((first = TAILQ_FIRST(&k->waiters)) && first->until_ms <= now_ms)
        tell(k, first, false);
    arm(k);
}

static void on_barrier(void *arg)
{
    struct kept *k = arg;
    struct waiter *first;
    k->passed++;
    while ((first = TAILQ_FIRST(&k->waiters)) && first->barrier != 0 && first->barrier <= k->passed)
        tell(k, first, !k->forgets);
}

/* What follows from what they wait for (rows that are saved once a turn, faults as events) was
 * handed over by now. */
static void on_turn_over(void *self, const struct fact *fact)
{
    struct kept *k = self;
    struct waiter *w;
    (void)fact;
    w = TAILQ_LAST(&k->waiters, waiter_list);
    if (k->closed || !w || w->barrier != 0)
        return;
    k->placed++;
    for (; w && w->barrier == 0; w = TAILQ_PREV(w, waiter_list, next))
        w->barrier = k->placed;
    outbox_when_written(k->outbox, on_barrier, k);
}

void kept_init(struct kept *k, uv_loop_t *loop, struct facts *facts, struct outbox *outbox,
               int64_t patience_ms)
{
    *k = (struct kept){.facts = facts, .outbox = outbox, .patience_ms = patience_ms};
    TAILQ_INIT(&k->waiters);
    uv_timer_init(loop, &k->timer);
    k->timer.data = k;
    facts_subscribe(facts, FACT_BIT(FACT_TURN_OVER), on_turn_over, k);
}

bool kept_wait(struct kept *k, kept_handler done, void *arg)
{
    if (k->closed || k->count == LIMIT_ORDERS)
        return false;
    struct waiter *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    *w = (struct waiter){
        .done = done, .arg = arg, .until_ms = clock_monotonic_ms() + k->patience_ms};
    TAILQ_INSERT_TAIL(&k->waiters, w, next);
    if (k->count++ == 0)
        arm(k);
    facts_wake(k->facts);
    return true;
}

void kept_forget(struct kept *k, const void *arg)
{
    struct waiter *w, *next;
    for (w = TAILQ_FIRST(&k->waiters); w; w = next) {
        next = TAILQ_NEXT(w, next);
        if (w->arg == arg)
            drop(k, w);
    }
}

void kept_close(struct kept *k)
{
    k->closed = true;
    while (!TAILQ_EMPTY(&k->waiters))
        drop(k, TAILQ_FIRST(&k->waiters));
    uv_close((uv_handle_t *)&k->timer, NULL);
}
