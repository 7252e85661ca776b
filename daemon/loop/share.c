/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/share.h"

#include "base/clock.h"

#define PAUSE_FACTOR 3 /* after a piece there is as much time for others, so many times */

static void on_idle(uv_idle_t *idle);
static void on_pause(uv_timer_t *timer);

/* When the next piece may be done: in the next turn, or when others have had their time. */
static void plan(struct share *s)
{
    int64_t left_ns = s->next_ns - clock_monotonic_ns();
    if (s->closed)
        return;
    if (s->wanted && left_ns <= 0)
        uv_idle_start(&s->idle, on_idle);
    else
        uv_idle_stop(&s->idle);
    if (s->wanted && left_ns > 0)
        uv_timer_start(&s->pause, on_pause, (uint64_t)(left_ns / 1000000 + 1), 0);
}

static void on_pause(uv_timer_t *timer)
{
    plan(timer->data); /* the loop's clock stands still in a turn: it may be too early */
}

static void on_idle(uv_idle_t *idle)
{
    struct share *s = idle->data;
    int64_t start_ns = clock_monotonic_ns();
    s->wanted = false;
    s->serve(s->arg);
    int64_t now_ns = clock_monotonic_ns();
    s->next_ns = now_ns + (now_ns - start_ns) * PAUSE_FACTOR;
    plan(s);
}

void share_init(struct share *s, uv_loop_t *loop, void (*serve)(void *arg), void *arg)
{
    *s = (struct share){.serve = serve, .arg = arg, .handles = 2};
    uv_idle_init(loop, &s->idle);
    uv_timer_init(loop, &s->pause);
    s->idle.data = s->pause.data = s;
}

void share_want(struct share *s)
{
    s->wanted = true;
    plan(s);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct share *s = handle->data;
    if (--s->handles == 0)
        s->on_closed(s->arg);
}

void share_close(struct share *s, void (*on_closed)(void *arg))
{
    s->closed = true;
    s->on_closed = on_closed;
    uv_close((uv_handle_t *)&s->idle, on_handle_closed);
    uv_close((uv_handle_t *)&s->pause, on_handle_closed);
}
