/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual_time.h"

#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"

#define TIMERS_MAX 200

struct virtual_timer {
    uv_timer_t *timer; /* NULL: free */
    uv_timer_cb callback;
    int64_t due_ms;
    uint64_t repeat_ms;
};

static struct virtual_timer timers[TIMERS_MAX];
static int64_t now_ns;
static bool clock_is_lost;

int64_t __wrap_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_wall_ms(void);
struct clock_stamp __wrap_clock_stamp_at(int64_t monotonic_ns, int64_t floor_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms,
                          uint64_t repeat_ms);
int __wrap_uv_timer_stop(uv_timer_t *timer);
void __real_uv_close(uv_handle_t *handle, uv_close_cb on_closed);
void __wrap_uv_close(uv_handle_t *handle, uv_close_cb on_closed);

void virtual_begin(void)
{
    for (size_t i = 0; i < TIMERS_MAX; i++)
        timers[i].timer = NULL;
    now_ns = VIRTUAL_START_MS * 1000000;
    clock_is_lost = false;
}

int64_t virtual_ns(void)
{
    return now_ns;
}

void virtual_stall(int64_t ms)
{
    now_ns += ms * 1000000;
}

void virtual_lose_clock(void)
{
    clock_is_lost = true;
}

int64_t __wrap_clock_monotonic_ns(void)
{
    return now_ns;
}

int64_t __wrap_clock_monotonic_ms(void)
{
    return now_ns / 1000000;
}

int64_t __wrap_clock_wall_ms(void)
{
    return VIRTUAL_START_WALL_MS + now_ns / 1000000 - VIRTUAL_START_MS;
}

struct clock_stamp __wrap_clock_stamp_at(int64_t monotonic_ns, int64_t floor_ms)
{
    int64_t wall_ms = VIRTUAL_START_WALL_MS + monotonic_ns / 1000000 - VIRTUAL_START_MS;
    (void)floor_ms;
    return (struct clock_stamp){.monotonic_ns = monotonic_ns,
                                .wall_ms = wall_ms,
                                .earliest_ms = wall_ms,
                                .latest_ms = wall_ms,
                                .quality =
                                    clock_is_lost ? CLOCK_QUALITY_UNKNOWN : CLOCK_QUALITY_SYNCED};
}

static struct virtual_timer *find(const uv_timer_t *timer)
{
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        if (timers[i].timer == timer)
            return &timers[i];
    }
    return NULL;
}

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms,
                          uint64_t repeat_ms)
{
    struct virtual_timer *t = find(timer);
    if (!t)
        t = find(NULL);
    if (!t)
        abort();
    *t = (struct virtual_timer){.timer = timer,
                                .callback = callback,
                                .due_ms = now_ns / 1000000 + (int64_t)timeout_ms,
                                .repeat_ms = repeat_ms};
    return 0;
}

int __wrap_uv_timer_stop(uv_timer_t *timer)
{
    struct virtual_timer *t = find(timer);
    if (t)
        t->timer = NULL;
    return 0;
}

void __wrap_uv_close(uv_handle_t *handle, uv_close_cb on_closed)
{
    struct virtual_timer *t = find((uv_timer_t *)handle);
    if (t)
        t->timer = NULL;
    __real_uv_close(handle, on_closed);
}

static struct virtual_timer *next_due(int64_t until_ms)
{
    struct virtual_timer *next = NULL;
    for (size_t i = 0; i < TIMERS_MAX; i++) {
        if (timers[i].timer && timers[i].due_ms <= until_ms &&
            (!next || timers[i].due_ms < next->due_ms))
            next = &timers[i];
    }
    return next;
}

void virtual_advance(struct facts *facts, int64_t ms)
{
    int64_t until_ns = now_ns + ms * 1000000;
    struct virtual_timer *t;
    facts_tell(facts);
    while ((t = next_due(until_ns / 1000000))) {
        const struct virtual_timer fired = *t;
        if (fired.due_ms * 1000000 > now_ns)
            now_ns = fired.due_ms * 1000000;
        t->timer = NULL;
        if (fired.repeat_ms > 0)
            __wrap_uv_timer_start(fired.timer, fired.callback, fired.repeat_ms, fired.repeat_ms);
        fired.callback(fired.timer);
        facts_tell(facts);
    }
    now_ns = until_ns;
}
