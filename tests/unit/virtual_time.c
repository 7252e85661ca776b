/* SPDX-License-Identifier: Apache-2.0 */
#include "virtual_time.h"

#include <stdlib.h>
#include <uv.h>

#include "base/clock.h"

#define TIMERS_MAX  200
#define HANDLES_MAX 8

struct virtual_timer {
    uv_timer_t *timer; /* NULL: free */
    uv_timer_cb callback;
    int64_t due_ms;
    uint64_t repeat_ms;
};

static struct virtual_timer timers[TIMERS_MAX];
static uv_prepare_t *prepares[HANDLES_MAX];
static uv_check_t *checks[HANDLES_MAX];
static _Atomic int64_t now_ns; /* read by the pool's threads, too */
static int64_t told_floor_ms;
static int64_t wall_ahead_ms;
static bool clock_is_lost;

int64_t __wrap_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ms(void);
int64_t __wrap_clock_wall_ms(void);
struct clock_stamp __wrap_clock_stamp_at(int64_t monotonic_ns, int64_t floor_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout_ms,
                          uint64_t repeat_ms);
int __wrap_uv_timer_stop(uv_timer_t *timer);
int __real_uv_prepare_start(uv_prepare_t *prepare, uv_prepare_cb callback);
int __wrap_uv_prepare_start(uv_prepare_t *prepare, uv_prepare_cb callback);
int __real_uv_check_start(uv_check_t *check, uv_check_cb callback);
int __wrap_uv_check_start(uv_check_t *check, uv_check_cb callback);
void __real_uv_close(uv_handle_t *handle, uv_close_cb on_closed);
void __wrap_uv_close(uv_handle_t *handle, uv_close_cb on_closed);

void virtual_begin(void)
{
    for (size_t i = 0; i < TIMERS_MAX; i++)
        timers[i].timer = NULL;
    for (size_t i = 0; i < HANDLES_MAX; i++) {
        prepares[i] = NULL;
        checks[i] = NULL;
    }
    now_ns = VIRTUAL_START_MS * 1000000;
    clock_is_lost = false;
    wall_ahead_ms = 0;
}

int64_t virtual_ns(void)
{
    return now_ns;
}

void virtual_stall(int64_t ms)
{
    now_ns += ms * 1000000;
}

void virtual_turn_wall(int64_t ms)
{
    wall_ahead_ms += ms;
}

void virtual_lose_clock(void)
{
    clock_is_lost = true;
}

int64_t virtual_floor_ms(void)
{
    return told_floor_ms;
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
    return VIRTUAL_START_WALL_MS + wall_ahead_ms + now_ns / 1000000 - VIRTUAL_START_MS;
}

struct clock_stamp __wrap_clock_stamp_at(int64_t monotonic_ns, int64_t floor_ms)
{
    int64_t wall_ms =
        VIRTUAL_START_WALL_MS + wall_ahead_ms + monotonic_ns / 1000000 - VIRTUAL_START_MS;
    told_floor_ms = floor_ms;
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

int __wrap_uv_prepare_start(uv_prepare_t *prepare, uv_prepare_cb callback)
{
    size_t at = 0;
    while (prepares[at])
        at++;
    prepares[at] = prepare;
    return __real_uv_prepare_start(prepare, callback);
}

int __wrap_uv_check_start(uv_check_t *check, uv_check_cb callback)
{
    size_t at = 0;
    while (checks[at])
        at++;
    checks[at] = check;
    return __real_uv_check_start(check, callback);
}

void __wrap_uv_close(uv_handle_t *handle, uv_close_cb on_closed)
{
    struct virtual_timer *t = find((uv_timer_t *)handle);
    if (t)
        t->timer = NULL;
    for (size_t i = 0; i < HANDLES_MAX; i++) {
        if ((uv_handle_t *)prepares[i] == handle)
            prepares[i] = NULL;
        if ((uv_handle_t *)checks[i] == handle)
            checks[i] = NULL;
    }
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

static void fire(struct virtual_timer *t)
{
    const struct virtual_timer fired = *t;
    t->timer = NULL;
    if (fired.repeat_ms > 0)
        __wrap_uv_timer_start(fired.timer, fired.callback, fired.repeat_ms, fired.repeat_ms);
    fired.callback(fired.timer);
}

static void poll_between(struct facts *facts, void (*poll)(void))
{
    for (size_t i = 0; i < HANDLES_MAX; i++) {
        if (prepares[i])
            prepares[i]->prepare_cb(prepares[i]);
    }
    facts_tell(facts);
    if (poll)
        poll();
    for (size_t i = 0; i < HANDLES_MAX; i++) {
        if (checks[i])
            checks[i]->check_cb(checks[i]);
    }
    facts_tell(facts);
}

void virtual_turn(struct facts *facts, void (*poll)(void))
{
    struct virtual_timer *t;
    while ((t = next_due(now_ns / 1000000)))
        fire(t);
    poll_between(facts, poll);
}

void virtual_advance(struct facts *facts, int64_t ms)
{
    int64_t until_ns = now_ns + ms * 1000000;
    struct virtual_timer *t;
    facts_tell(facts);
    while ((t = next_due(until_ns / 1000000))) {
        if (t->due_ms * 1000000 > now_ns)
            now_ns = t->due_ms * 1000000;
        fire(t);
        poll_between(facts, NULL);
    }
    now_ns = until_ns;
    poll_between(facts, NULL);
}
