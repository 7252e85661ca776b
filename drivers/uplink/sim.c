/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver that does not exist: answers every attempt after `delay` with the configured outcome.
 * For trying a configuration without a receiver. What it "delivers" is only ever UNCONFIRMED: no
 * signed receipt exists, and the lamp must not say otherwise.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "drivers/uplink/uplinks.h"

enum sim_answer {
    SIM_ANSWER_ACCEPT,
    SIM_ANSWER_FAIL,
    SIM_ANSWER_REFUSE,
};

struct sim_options {
    int answer;
    int64_t delay_ms;
};

/* One attempt under way. */
struct pending {
    uv_timer_t timer;
    struct pending *next;
    struct uplink *uplink;
    uplink_done_handler done;
    void *arg;
};

struct uplink {
    const struct sim_options *options;
    uv_loop_t *loop;
    struct pending *pending;
};

static const char *const answers[] = {"accept", "fail", "refuse", NULL};

static const struct option option_table[] = {
    {.key = "answer",
     .type = OPTION_CHOICE,
     .offset = offsetof(struct sim_options, answer),
     .fallback = "accept",
     .choices = answers,
     .help = "How every attempt ends."},
    {.key = "delay",
     .type = OPTION_DURATION,
     .offset = offsetof(struct sim_options, delay_ms),
     .fallback = "5ms",
     .min = 0,
     .max = 60000,
     .help = "How long an attempt takes."},
    OPTION_TABLE_END,
};

static int open_sim(const void *options, const struct uplink_host *host, uv_loop_t *loop,
                    struct uplink **ret_uplink, struct err *e)
{
    (void)host;
    struct uplink *u = calloc(1, sizeof *u);
    if (!u)
        return err_set(e, ENOMEM, "sim: out of memory");
    u->options = options;
    u->loop = loop;
    *ret_uplink = u;
    return 0;
}

static void free_pending(uv_handle_t *handle)
{
    free(handle->data);
}

static void end(struct pending *p, enum uplink_outcome outcome, const char *reason)
{
    struct pending **at = &p->uplink->pending;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    struct uplink_result result = {.outcome = outcome, .finished_ns = clock_monotonic_ns()};
    snprintf(result.reason, sizeof result.reason, "%s", reason);
    p->done(p->arg, &result);
    uv_close((uv_handle_t *)&p->timer, free_pending);
}

static void on_timer(uv_timer_t *timer)
{
    struct pending *p = timer->data;
    switch ((enum sim_answer)p->uplink->options->answer) {
    case SIM_ANSWER_ACCEPT:
        end(p, UPLINK_OUTCOME_UNCONFIRMED, "simulated receiver");
        break;
    case SIM_ANSWER_FAIL:
        end(p, UPLINK_OUTCOME_RETRY, "simulated failure");
        break;
    case SIM_ANSWER_REFUSE:
        end(p, UPLINK_OUTCOME_REFUSED, "simulated refusal");
        break;
    }
}

static void begin(struct uplink *u, uplink_done_handler done, void *arg)
{
    struct pending *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    *p = (struct pending){.next = u->pending, .uplink = u, .done = done, .arg = arg};
    u->pending = p;
    uv_timer_init(u->loop, &p->timer);
    p->timer.data = p;
    uv_timer_start(&p->timer, on_timer, (uint64_t)u->options->delay_ms, 0);
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

static void close_sim(struct uplink *u)
{
    if (!u)
        return;
    while (u->pending)
        end(u->pending, UPLINK_OUTCOME_CANCELLED, "closed");
    free(u);
}

const struct uplink_driver uplink_sim = {
    .type = {.name = "sim",
             .help = "a receiver that does not exist, for trying things out",
             .options = option_table,
             .options_size = sizeof(struct sim_options)},
    .open = open_sim,
    .send = send_event,
    .upload = upload,
    .pause_upload = pause_upload,
    .refresh = refresh,
    .close = close_sim,
};
