/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time alone brings about things that the kernel queues, such as the edges of lines.
 *
 * A turn of the loop may last longer than what is waited for (a slow callback, a machine that is
 * busy), and libuv runs timers before it looks at descriptors: whoever concludes something in a
 * timer concludes it while edges that say otherwise may still lie in the kernel. So the timer only
 * wakes the loop. The time is taken just before the loop asks the kernel, and what was due at
 * *that* time is settled just after it has handed over what was there:
 *
 *   timers │ prepare: takes the time │ poll: every edge that came before is handed over │ check:
 *   settles what was due at the time that was taken
 *
 * A driver whose descriptor is readable hands over all that was queued by then. Loop thread only.
 */
#ifndef TOCSIN_LOOP_AFTER_POLL_H
#define TOCSIN_LOOP_AFTER_POLL_H

#include <stdint.h>
#include <uv.h>

#define AFTER_POLL_NOT_DUE INT64_MAX

/* Everything that was queued with a stamp before `until_ns` (CLOCK_MONOTONIC) has been handed over.
 * What is due later is asked for again, by after_poll_by. */
typedef void (*after_poll_handler)(void *arg, int64_t until_ns);

/* Embedded; its memory is needed until the loop has run out after after_poll_close. */
struct after_poll {
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t wake;
    int64_t due_ns;
    int64_t asked_ns;       /* just before the poll that is under way, or was the last */
    int64_t handed_over_ns; /* see after_poll_ns */
    after_poll_handler settle;
    void *arg;
};

void after_poll_init(struct after_poll *a, uv_loop_t *loop, after_poll_handler settle, void *arg);

/* `settle` is called once at or after `due_ns`; the earliest of what was asked for counts. */
void after_poll_by(struct after_poll *a, int64_t due_ns);

/* Until when all has been handed over: "now" for whoever concludes from what has not come. */
int64_t after_poll_ns(const struct after_poll *a);

/* Nothing is settled any more. Once. */
void after_poll_close(struct after_poll *a);

#endif
