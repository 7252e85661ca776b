/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/after_poll.h"

#include "base/clock.h"

static void on_wake(uv_timer_t *wake)
{
    (void)wake; /* the loop is awake: on_prepare is next */
}

/* libuv counts from the begin of its turn, which on a busy machine is long ago: the timer may come
 * too early by that much. */
static void start_wake(struct after_poll *a, int64_t now_ns)
{
    int64_t wait_ns = a->due_ns - now_ns;
    /* A millisecond more than needed, so that it is due when the timer comes. */
    uv_timer_start(&a->wake, on_wake, wait_ns > 0 ? (uint64_t)(wait_ns / 1000000) + 1 : 1, 0);
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct after_poll *a = prepare->data;
    a->asked_ns = clock_monotonic_ns();
    if (a->due_ns <= a->asked_ns)
        uv_timer_start(&a->wake, on_wake, 0, 0); /* the poll must not wait */
    else if (a->due_ns != AFTER_POLL_NOT_DUE && !uv_is_active((uv_handle_t *)&a->wake))
        start_wake(a, a->asked_ns); /* it came too early: nothing else would wake the loop */
}

static void on_check(uv_check_t *check)
{
    struct after_poll *a = check->data;
    a->handed_over_ns = a->asked_ns;
    if (a->due_ns > a->asked_ns)
        return;
    a->due_ns = AFTER_POLL_NOT_DUE;
    uv_timer_stop(&a->wake);
    a->settle(a->arg, a->asked_ns);
}

void after_poll_init(struct after_poll *a, uv_loop_t *loop, after_poll_handler settle, void *arg)
{
    int64_t now_ns = clock_monotonic_ns();
    *a = (struct after_poll){.due_ns = AFTER_POLL_NOT_DUE,
                             .asked_ns = now_ns,
                             .handed_over_ns = now_ns,
                             .settle = settle,
                             .arg = arg};
    uv_prepare_init(loop, &a->prepare);
    uv_check_init(loop, &a->check);
    uv_timer_init(loop, &a->wake);
    a->prepare.data = a->check.data = a;
    uv_prepare_start(&a->prepare, on_prepare);
    uv_check_start(&a->check, on_check);
    /* Whoever only looks on does not keep the loop alive. */
    uv_unref((uv_handle_t *)&a->prepare);
    uv_unref((uv_handle_t *)&a->check);
}

void after_poll_by(struct after_poll *a, int64_t due_ns)
{
    if (due_ns >= a->due_ns)
        return;
    a->due_ns = due_ns;
    start_wake(a, clock_monotonic_ns());
}

int64_t after_poll_ns(const struct after_poll *a)
{
    return a->handed_over_ns;
}

void after_poll_close(struct after_poll *a)
{
    uv_close((uv_handle_t *)&a->prepare, NULL);
    uv_close((uv_handle_t *)&a->check, NULL);
    uv_close((uv_handle_t *)&a->wake, NULL);
}
