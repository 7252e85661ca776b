/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/https/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "drivers/uplink/https/dial.h"

/* One of those that alarms rely on. */
struct warm {
    struct pool *pool;
    struct connection *connection;
    struct dial *dial;
};

enum {
    PRESS,
    OTHER,
};
#define WARM_COUNT (OTHER + 1)

struct pool {
    struct warm warm[WARM_COUNT];
    struct connection *clips;
};

/* This one has just got through: the other one should as well, if it is cold or was long quiet. */
static void warm_the_other(void *arg)
{
    const struct warm *w = arg;
    const struct warm *other = &w->pool->warm[w == &w->pool->warm[PRESS] ? OTHER : PRESS];
    if (connection_wants_proof(other->connection))
        dial_soon(other->dial);
}

static void distrust_both(void *arg)
{
    const struct warm *w = arg;
    for (int i = 0; i < WARM_COUNT; i++)
        connection_distrust(w->pool->warm[i].connection);
}

static void dial_again(void *arg)
{
    const struct warm *w = arg;
    dial_soon(w->dial);
}

static int open_warm(struct pool *p, struct warm *w, const struct pool_options *o, struct err *e)
{
    const struct connection_handlers handlers = {.on_through = warm_the_other,
                                                 .on_broken = distrust_both,
                                                 .on_closed = dial_again,
                                                 .arg = w};
    w->pool = p;
    int result = connection_open(o->means->loop, &handlers, &w->connection, e);
    if (result != 0)
        return result;
    const struct dial_options dial = {.means = o->means,
                                      .connection = w->connection,
                                      .url = o->url,
                                      .receiver = o->receiver,
                                      .timeout_ms = o->timeout_ms};
    return dial_open(&dial, &w->dial, e);
}

int pool_open(const struct pool_options *options, struct pool **ret_pool, struct err *e)
{
    const struct connection_handlers nobody = {0};
    struct pool *p = calloc(1, sizeof *p);
    int result = p ? 0 : err_set(e, ENOMEM, "https: out of memory");
    for (int i = 0; result == 0 && i < WARM_COUNT; i++)
        result = open_warm(p, &p->warm[i], options, e);
    if (result == 0)
        result = connection_open(options->means->loop, &nobody, &p->clips, e);
    if (result == 0)
        *ret_pool = p;
    else
        pool_close(p);
    return result;
}

struct connection *pool_choose(const struct pool *p, enum uplink_lane lane)
{
    struct connection *press = p->warm[PRESS].connection, *other = p->warm[OTHER].connection;
    switch (lane) {
    case UPLINK_LANE_PRESS:
        return !connection_is_idle(press) && connection_is_idle(other) ? other : press;
    case UPLINK_LANE_HEARTBEAT:
        if (connection_is_used(press) || connection_is_used(other))
            return connection_is_used(press) ? other : press;
        return connection_proven_ns(press) <= connection_proven_ns(other) ? press : other;
    case UPLINK_LANE_LATE:
    case UPLINK_LANE_FOLLOWUP:
    case UPLINK_LANE_MANIFEST:
        break;
    }
    return other;
}

struct connection *pool_for_clips(const struct pool *p)
{
    return p->clips;
}

void pool_dial(struct pool *p)
{
    dial_now(p->warm[PRESS].dial);
}

void pool_forget(struct pool *p)
{
    distrust_both(&p->warm[PRESS]);
    connection_distrust(p->clips);
    pool_dial(p);
}

void pool_close(struct pool *p)
{
    if (!p)
        return;
    for (int i = 0; i < WARM_COUNT; i++) {
        dial_close(p->warm[i].dial);
        connection_close(p->warm[i].connection);
    }
    connection_close(p->clips);
    free(p);
}
