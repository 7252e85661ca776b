/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/input/evdev_watch.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "iface/limits.h"

#define RETRY_BASE_MS 250
#define RETRY_CAP_MS  LIMIT_LINE_RETRY_MS

static void on_timer(uv_timer_t *timer);

/* The user is the watch's first member. */
static struct evdev_watch *watch_of(struct evdev_user *user)
{
    return (struct evdev_watch *)user;
}

static void on_key(struct evdev_user *user, unsigned code, bool down, int64_t at_ns)
{
    struct evdev_watch *w = watch_of(user);
    w->events.on_key(w->events.arg, code, down, at_ns);
}

static void on_state(struct evdev_user *user, int64_t at_ns)
{
    struct evdev_watch *w = watch_of(user);
    w->events.on_state(w->events.arg, at_ns);
}

static void on_overflow(struct evdev_user *user, int64_t at_ns)
{
    struct evdev_watch *w = watch_of(user);
    w->events.on_overflow(w->events.arg, at_ns);
}

static void fail(struct evdev_watch *w, const char *reason)
{
    uint32_t random;
    uuid_random(&random, sizeof random);
    int64_t delay = backoff_delay_ms(++w->failures, RETRY_BASE_MS, RETRY_CAP_MS, random);
    uv_timer_start(&w->timer, on_timer, (uint64_t)delay + RETRY_BASE_MS, 0);
    w->events.on_fault(w->events.arg, reason);
}

static void on_lost(struct evdev_user *user, const char *reason)
{
    struct evdev_watch *w = watch_of(user);
    w->device = NULL;
    fail(w, reason);
}

static void take(struct evdev_watch *w)
{
    char node[EVDEV_NODE_SIZE];
    struct err e;
    if (evdev_find(&w->wish, node, &e) != 0 ||
        evdev_device_take(node, w->loop, &w->user, &w->device, &e) != 0) {
        fail(w, e.text);
        return;
    }
    w->failures = 0;
    w->events.on_taken(w->events.arg, clock_monotonic_ns());
    w->events.on_fault(w->events.arg, NULL);
}

static void on_timer(uv_timer_t *timer)
{
    take(timer->data);
}

void evdev_watch_start(struct evdev_watch *w, const struct evdev_wish *wish,
                       const struct evdev_events *events, uv_loop_t *loop)
{
    *w = (struct evdev_watch){.user = {.on_key = on_key,
                                       .on_state = on_state,
                                       .on_overflow = on_overflow,
                                       .on_lost = on_lost},
                              .wish = *wish,
                              .events = *events,
                              .loop = loop};
    uv_timer_init(loop, &w->timer);
    w->timer.data = w;
    take(w);
}

bool evdev_watch_is_down(const struct evdev_watch *w, unsigned code)
{
    return w->device && evdev_device_is_down(w->device, code);
}

static void on_closed(uv_handle_t *handle)
{
    struct evdev_watch *w = handle->data;
    w->on_closed(w->events.arg);
}

void evdev_watch_finish(struct evdev_watch *w, void (*closed)(void *arg))
{
    evdev_device_release(w->device, &w->user);
    w->device = NULL;
    w->on_closed = closed;
    uv_close((uv_handle_t *)&w->timer, on_closed);
}
