/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/closed_uplink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"

/* One attempt, refused when the loop turns: never from within the call. */
struct attempt {
    uv_timer_t timer;
    LIST_ENTRY(attempt) all;
    struct uplink *uplink;
    uplink_done_handler done;
    void *arg;
};

struct uplink {
    uv_loop_t *loop;
    LIST_HEAD(, attempt) attempts;
    char reason[256];
};

struct uplink *closed_uplink_create(uv_loop_t *loop, const char *reason)
{
    struct uplink *u = calloc(1, sizeof *u);
    if (!u)
        abort();
    u->loop = loop;
    closed_uplink_explain(u, reason);
    return u;
}

bool closed_uplink_explain(struct uplink *u, const char *reason)
{
    char text[sizeof u->reason];
    snprintf(text, sizeof text, "%s", reason);
    if (strcmp(text, u->reason) == 0)
        return false;
    memcpy(u->reason, text, sizeof u->reason);
    return true;
}

static void free_attempt(uv_handle_t *handle)
{
    free(handle->data);
}

static void end(struct attempt *a, enum uplink_outcome outcome)
{
    LIST_REMOVE(a, all);
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
    *a = (struct attempt){.uplink = u, .done = done, .arg = arg};
    LIST_INSERT_HEAD(&u->attempts, a, all);
    uv_timer_init(u->loop, &a->timer);
    a->timer.data = a;
    uv_timer_start(&a->timer, on_timer, 0, 0);
}

static void send_event(struct uplink *u, enum uplink_lane lane, struct event *event,
                       const struct event_view *view, uplink_done_handler done, void *arg)
{
    (void)lane;
    (void)event;
    (void)view;
    begin(u, done, arg);
}

static void upload(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
                   void *arg)
{
    (void)file;
    begin(u, done, arg);
}

static void close_uplink(struct uplink *u)
{
    while (u && !LIST_EMPTY(&u->attempts))
        end(LIST_FIRST(&u->attempts), UPLINK_OUTCOME_CANCELLED);
    free(u);
}

const struct uplink_driver closed_uplink = {
    .type = {.name = "closed"}, /* in no table: no configuration can name it */
    .takes = UPLINK_TAKES_ALL,
    .send = send_event,
    .upload = upload,
    .close = close_uplink,
};
