/* SPDX-License-Identifier: Apache-2.0 */
#include "app/closed_uplink.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* One attempt, refused when the loop turns: never from within the call. */
struct attempt {
    uv_timer_t timer;
    struct attempt *next;
    struct uplink *uplink;
    uplink_done_handler done;
    void *arg;
};

struct uplink {
    uv_loop_t *loop;
    struct attempt *attempts;
    char reason[256];
};

struct uplink *closed_uplink_create(uv_loop_t *loop, const char *reason)
{
    struct uplink *u = calloc(1, sizeof *u);
    if (!u)
        abort();
    u->loop = loop;
    snprintf(u->reason, sizeof u->reason, "%s", reason);
    return u;
}

static void free_attempt(uv_handle_t *handle)
{
    free(handle->data);
}

static void end(struct attempt *a, enum uplink_outcome outcome)
{
    struct attempt **at = &a->uplink->attempts;
    while (*at != a)
        at = &(*at)->next;
    *at = a->next;
    struct uplink_result result = {.outcome = outcome, .finished_ns = clock_monotonic_ns()};
    snprintf(result.reason, sizeof result.reason, "%s", a->uplink->reason);
    a->done(a->arg, &result);
    uv_close((uv_handle_t *)&a->timer, free_attempt);
}

static void on_timer(uv_timer_t *timer)
{
    end(timer->data, UPLINK_OUTCOME_REFUSED);
}

static void begin(struct uplink *u, uplink_done_handler done, void *arg)
{
    struct attempt *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    *a = (struct attempt){.next = u->attempts, .uplink = u, .done = done, .arg = arg};
    u->attempts = a;
    uv_timer_init(u->loop, &a->timer);
    a->timer.data = a;
    uv_timer_start(&a->timer, on_timer, 0, 0);
}

static void send_event(struct uplink *u, enum uplink_lane lane, struct event *event,
                       uplink_done_handler done, void *arg)
{
    (void)lane;
    (void)event;
    begin(u, done, arg);
}

static void upload(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
                   void *arg)
{
    (void)file;
    begin(u, done, arg);
}

static void pause_upload(struct uplink *u, bool paused)
{
    (void)u;
    (void)paused;
}

static void refresh(struct uplink *u)
{
    (void)u;
}

static void close_uplink(struct uplink *u)
{
    while (u && u->attempts)
        end(u->attempts, UPLINK_OUTCOME_CANCELLED);
    free(u);
}

const struct uplink_driver closed_uplink = {
    .type = {.name = "closed"}, /* in no table: no configuration can name it */
    .send = send_event,
    .upload = upload,
    .pause_upload = pause_upload,
    .refresh = refresh,
    .close = close_uplink,
};
