/* SPDX-License-Identifier: Apache-2.0 */
/* Which connection carries what, and when one is dialled. The linker hands connections, the dialled
 * exchange and the loop's time to this file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "drivers/uplink/https/dial.h"
#include "drivers/uplink/https/pool.h"
#include "run_suite.h"

/* Connections: press, other, clips, in the order in which they are opened. */

enum {
    PRESS,
    OTHER,
    CLIPS,
};

struct connection {
    struct connection_handlers handlers;
    bool open, used, idle, wants_proof;
    int64_t proven_ns;
    unsigned distrusted;
};

static struct connection connections[3];
static unsigned opened;

int __wrap_connection_open(uv_loop_t *loop, const struct connection_handlers *handlers,
                           struct connection **ret_connection, struct err *e);
bool __wrap_connection_is_used(const struct connection *c);
bool __wrap_connection_is_idle(const struct connection *c);
bool __wrap_connection_wants_proof(const struct connection *c);
int64_t __wrap_connection_proven_ns(const struct connection *c);
void __wrap_connection_distrust(struct connection *c);
void __wrap_connection_close(struct connection *c);

int __wrap_connection_open(uv_loop_t *loop, const struct connection_handlers *handlers,
                           struct connection **ret_connection, struct err *e)
{
    (void)loop, (void)e;
    ck_assert_uint_lt(opened, 3);
    *ret_connection = &connections[opened];
    connections[opened++] = (struct connection){.handlers = *handlers, .open = true};
    return 0;
}

bool __wrap_connection_is_used(const struct connection *c)
{
    return c->used;
}

bool __wrap_connection_is_idle(const struct connection *c)
{
    return c->idle;
}

bool __wrap_connection_wants_proof(const struct connection *c)
{
    return c->wants_proof;
}

int64_t __wrap_connection_proven_ns(const struct connection *c)
{
    return c->proven_ns;
}

void __wrap_connection_distrust(struct connection *c)
{
    c->distrusted++;
}

void __wrap_connection_close(struct connection *c)
{
    if (c)
        c->open = false;
}

/* The exchange of a dial. */

struct transfer {
    struct connection *connection; /* under way over it; NULL: none */
    transfer_handler done;
    void *arg;
};

static struct transfer transfers[2];
static unsigned transfers_opened, dials;
static struct request dialled;

int __wrap_transfer_open(const struct transfer_means *means, struct transfer **ret_transfer,
                         struct err *e);
bool __wrap_transfer_is_under_way(const struct transfer *t);
void __wrap_transfer_start(struct transfer *t, struct connection *connection,
                           const struct request *request, transfer_handler done, void *arg);
void __wrap_transfer_close(struct transfer *t);

int __wrap_transfer_open(const struct transfer_means *means, struct transfer **ret_transfer,
                         struct err *e)
{
    (void)means, (void)e;
    *ret_transfer = &transfers[transfers_opened++];
    return 0;
}

bool __wrap_transfer_is_under_way(const struct transfer *t)
{
    return t->connection != NULL;
}

void __wrap_transfer_start(struct transfer *t, struct connection *connection,
                           const struct request *request, transfer_handler done, void *arg)
{
    ck_assert_ptr_null(t->connection);
    *t = (struct transfer){connection, done, arg};
    dialled = *request;
    dials++;
}

void __wrap_transfer_close(struct transfer *t)
{
    ck_assert(t >= transfers && t < transfers + 2);
    transfers_opened--;
}

/* Time: a timer of a dial's, two of them. */

static int64_t now_ms = 5000;
static struct {
    uv_timer_t *timer;
    uv_timer_cb on_timer;
    int64_t due_ms;
} timers[2];

uint64_t __wrap_uv_now(const uv_loop_t *loop);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t timeout_ms,
                          uint64_t repeat_ms);
int __wrap_uv_timer_stop(uv_timer_t *timer);
int __wrap_uv_is_active(const uv_handle_t *handle);

uint64_t __wrap_uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return (uint64_t)now_ms;
}

static size_t timer_of(const void *timer)
{
    size_t i = timers[0].timer == timer ? 0 : timers[1].timer == timer ? 1 : 2;
    return i < 2 ? i : timers[0].timer == NULL ? 0 : timers[1].timer == NULL ? 1 : 2;
}

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t timeout_ms,
                          uint64_t repeat_ms)
{
    size_t i = timer_of(timer);
    ck_assert_uint_lt(i, 2);
    ck_assert_uint_eq(repeat_ms, 0);
    timers[i].timer = timer;
    timers[i].on_timer = on_timer;
    timers[i].due_ms = now_ms + (int64_t)timeout_ms;
    return 0;
}

int __wrap_uv_timer_stop(uv_timer_t *timer)
{
    for (size_t i = 0; i < 2; i++) {
        if (timers[i].timer == timer)
            timers[i].timer = NULL;
    }
    return 0;
}

int __wrap_uv_is_active(const uv_handle_t *handle)
{
    return timers[0].timer == (const void *)handle || timers[1].timer == (const void *)handle;
}

/* The next timer fires, however far off it is; how long that took. */
static int64_t wait_ms(void)
{
    size_t i =
        timers[0].timer && (!timers[1].timer || timers[0].due_ms <= timers[1].due_ms) ? 0 : 1;
    ck_assert_ptr_nonnull(timers[i].timer);
    int64_t waited_ms = timers[i].due_ms - now_ms;
    uv_timer_t *timer = timers[i].timer;
    timers[i].timer = NULL;
    now_ms += waited_ms;
    timers[i].on_timer(timer);
    return waited_ms;
}

static bool nothing_is_due(void)
{
    return !timers[0].timer && !timers[1].timer;
}

/* The dial over that connection ends. */
static void dial_ends(int which, long status)
{
    static struct https_answer answer;
    const struct exchanged what = {.answer = &answer};
    answer.status = status;
    for (size_t i = 0; i < 2; i++) {
        struct transfer t = transfers[i];
        if (t.connection != &connections[which])
            continue;
        transfers[i].connection = NULL;
        t.done(t.arg, &what);
        return;
    }
    ck_abort_msg("connection %d is not being dialled", which);
}

static uv_loop_t loop;
static struct transfer_means means;
static struct pool *pool;

static void begin(void)
{
    struct err e;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    means.loop = &loop;
    const struct pool_options options = {.means = &means,
                                         .url = "https://receiver.test/v1/events",
                                         .receiver = "police",
                                         .timeout_ms = 3000};
    ck_assert_int_eq(pool_open(&options, &pool, &e), 0);
    ck_assert_uint_eq(dials, 0);
}

static void end(void)
{
    pool_close(pool);
    pool_close(NULL);
    for (size_t i = 0; i < 3; i++)
        ck_assert(!connections[i].open);
    ck_assert_uint_eq(transfers_opened, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void tell(int which, void (*handler)(void *arg))
{
    handler(connections[which].handlers.arg);
}

static int chosen(enum uplink_lane lane)
{
    return (int)(pool_choose(pool, lane) - connections);
}

START_TEST(a_fresh_press_takes_whichever_is_open_and_idle)
{
    static const struct {
        bool press, other;
        int chosen;
    } idle[] = {
        {true, true, PRESS}, {true, false, PRESS}, {false, true, OTHER}, {false, false, PRESS}};
    for (size_t i = 0; i < 4; i++) {
        connections[PRESS].idle = idle[i].press;
        connections[OTHER].idle = idle[i].other;
        ck_assert_int_eq(chosen(UPLINK_LANE_PRESS), idle[i].chosen);
        ck_assert_int_eq(chosen(UPLINK_LANE_LATE), OTHER);
        ck_assert_int_eq(chosen(UPLINK_LANE_FOLLOWUP), OTHER);
        ck_assert_int_eq(chosen(UPLINK_LANE_MANIFEST), OTHER);
    }
    ck_assert_ptr_eq(pool_for_clips(pool), &connections[CLIPS]);
}
END_TEST

START_TEST(a_heartbeat_proves_the_one_that_was_longer_quiet_and_is_free)
{
    connections[OTHER].proven_ns = 10;
    ck_assert_int_eq(chosen(UPLINK_LANE_HEARTBEAT), PRESS);
    connections[PRESS].proven_ns = 11;
    ck_assert_int_eq(chosen(UPLINK_LANE_HEARTBEAT), OTHER);
    connections[OTHER].used = true;
    ck_assert_int_eq(chosen(UPLINK_LANE_HEARTBEAT), PRESS);
    connections[PRESS].used = true;
    ck_assert_int_eq(chosen(UPLINK_LANE_HEARTBEAT), OTHER); /* not in a press's way */
    connections[PRESS].proven_ns = 9;
    connections[OTHER].used = false;
    ck_assert_int_eq(chosen(UPLINK_LANE_HEARTBEAT), OTHER);
}
END_TEST

START_TEST(the_press_connection_is_dialled_and_the_other_follows)
{
    pool_dial(pool);
    ck_assert_uint_eq(dials, 1);
    ck_assert_ptr_eq(transfers[0].connection, &connections[PRESS]);
    ck_assert_str_eq(dialled.method, "OPTIONS");
    ck_assert_str_eq(dialled.url, "https://receiver.test/v1/events");
    ck_assert_int_eq(dialled.timeout_ms, 3000);
    ck_assert_uint_eq(dialled.length, 0);
    ck_assert(!dialled.clip);
    connections[OTHER].wants_proof = true;
    tell(PRESS, connections[PRESS].handlers.on_through);
    ck_assert_uint_eq(dials, 1); /* not from within */
    dial_ends(PRESS, 405);
    ck_assert_int_eq(wait_ms(), 0);
    ck_assert_uint_eq(dials, 2);
    ck_assert_ptr_eq(transfers[1].connection, &connections[OTHER]);
    tell(OTHER, connections[OTHER].handlers.on_through);
    ck_assert(nothing_is_due()); /* the first one wants nothing */
    ck_assert_ptr_null((void *)connections[CLIPS].handlers.on_through);
}
END_TEST

START_TEST(what_breaks_on_one_is_trusted_on_neither_but_a_clip_says_nothing)
{
    tell(_i, connections[_i].handlers.on_broken);
    ck_assert_uint_eq(connections[PRESS].distrusted, 1);
    ck_assert_uint_eq(connections[OTHER].distrusted, 1);
    ck_assert_uint_eq(connections[CLIPS].distrusted, 0);
    ck_assert(nothing_is_due()); /* whoever sends next dials */
    ck_assert_ptr_null((void *)connections[CLIPS].handlers.on_broken);
    ck_assert_ptr_null((void *)connections[CLIPS].handlers.on_closed);
}
END_TEST

START_TEST(another_way_is_dialled_anew_and_nothing_open_is_trusted)
{
    pool_forget(pool);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(connections[i].distrusted, 1);
    ck_assert_uint_eq(dials, 1);
    ck_assert_ptr_eq(transfers[0].connection, &connections[PRESS]);
    pool_forget(pool); /* it is being dialled */
    ck_assert_uint_eq(dials, 1);
    dial_ends(PRESS, 0);
    connections[PRESS].used = true;
    pool_forget(pool); /* a press is doing that */
    ck_assert_uint_eq(dials, 1);
}
END_TEST

START_TEST(one_that_does_not_last_is_dialled_more_and_more_slowly)
{
    static const int64_t pauses_ms[] = {0,     500,   1000,  2000,  4000, 8000,
                                        16000, 32000, 60000, 60000, 60000};
    connections[OTHER].wants_proof = true;
    for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
        tell(OTHER, connections[OTHER].handlers.on_closed);
        tell(OTHER, connections[OTHER].handlers.on_closed); /* once is enough */
        int64_t waited_ms = wait_ms();
        ck_assert_msg(waited_ms == pauses_ms[i], "%zu: %lld", i, (long long)waited_ms);
        ck_assert_uint_eq(dials, i + 1);
        dial_ends(OTHER, 405);
    }
    now_ms += 60001; /* it lasted */
    tell(OTHER, connections[OTHER].handlers.on_closed);
    ck_assert_int_eq(wait_ms(), 0);
    dial_ends(OTHER, 405);
    tell(OTHER, connections[OTHER].handlers.on_closed);
    ck_assert_int_eq(wait_ms(), 500);
}
END_TEST

START_TEST(one_that_wants_no_proof_any_more_is_not_dialled)
{
    tell(PRESS, connections[PRESS].handlers.on_closed);
    wait_ms();
    ck_assert_uint_eq(dials, 0);
}
END_TEST

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    Suite *suite = suite_create("https_pool");
    TCase *tc = tcase_create("pool");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, a_fresh_press_takes_whichever_is_open_and_idle);
    tcase_add_test(tc, a_heartbeat_proves_the_one_that_was_longer_quiet_and_is_free);
    tcase_add_test(tc, the_press_connection_is_dialled_and_the_other_follows);
    tcase_add_loop_test(tc, what_breaks_on_one_is_trusted_on_neither_but_a_clip_says_nothing, 0, 2);
    tcase_add_test(tc, another_way_is_dialled_anew_and_nothing_open_is_trusted);
    tcase_add_test(tc, one_that_does_not_last_is_dialled_more_and_more_slowly);
    tcase_add_test(tc, one_that_wants_no_proof_any_more_is_not_dialled);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
