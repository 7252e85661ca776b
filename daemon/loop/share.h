/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that strangers ask for, and its share of the loop: one piece a turn, and after each there is
 * three times as long for others. So all of it together gets a quarter of the loop's time, however
 * much is asked for, and a press waits for one piece at the most.
 *
 * Embedded in its owner; loop thread only. Who has work that may wait for its turn reads no more of
 * what would bring further work meanwhile.
 */
#ifndef TOCSIN_LOOP_SHARE_H
#define TOCSIN_LOOP_SHARE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct share {
    uv_idle_t idle;   /* runs while a piece may be done in the next turn */
    uv_timer_t pause; /* runs while a piece waits for its share of the time */
    int64_t next_ns;  /* none is done before that */
    bool wanted, closed;
    unsigned handles; /* not yet closed */
    void (*serve)(void *arg);
    void (*on_closed)(void *arg);
    void *arg;
};

/* `serve` does one piece of work, if there still is any. */
void share_init(struct share *s, uv_loop_t *loop, void (*serve)(void *arg), void *arg);

/* There is work: `serve` is called once, in a later turn. Who has more then wants it again, from
 * within `serve` if it likes. */
void share_want(struct share *s);

/* Once; also from within `serve`, which is not called again. The memory is needed until
 * `on_closed`. */
void share_close(struct share *s, void (*on_closed)(void *arg));

#endif
