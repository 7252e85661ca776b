/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receiver that does not exist: answers the attempts one after the other as `script` says, for
 * trying a configuration, or a gateway's behaviour in trouble, without a receiver. What it
 * "delivers" is only ever UNCONFIRMED: no signed receipt exists, and the lamp must not say
 * otherwise. sim-alarms is the same of a protocol that carries alarms and nothing else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "drivers/uplink/uplinks.h"

#define TIMEOUT_MS 3000 /* how long "timeout" takes, whatever the delay */

struct sim_options {
    struct option_list script;
    struct option_list commands;
    int64_t delay_ms;
};

struct answer {
    const char *word;
    enum uplink_outcome outcome;
    const char *reason;
};

static const struct answer answers[] = {
    {"accept", UPLINK_OUTCOME_UNCONFIRMED, "simulated receiver"},
    {"fail", UPLINK_OUTCOME_RETRY, "simulated failure"},
    {"refuse", UPLINK_OUTCOME_REFUSED, "simulated refusal"},
    {"timeout", UPLINK_OUTCOME_RETRY, "simulated time-out"},
};
#define ANSWERS        (sizeof answers / sizeof *answers)
#define COMMANDS       (UPLINK_COMMAND_QUERY + 1)
#define ANSWER_ACCEPT  (&answers[0])
#define ANSWER_TIMEOUT (&answers[3])

/* One attempt under way. */
struct pending {
    uv_timer_t timer;
    LIST_ENTRY(pending) all;
    struct uplink *uplink;
    const struct answer *answer;
    bool is_upload;
    enum uplink_lane lane; /* unless it is an upload */
    uplink_done_handler done;
    void *arg;
};

struct uplink {
    const struct sim_options *options;
    struct uplink_host host;
    uv_loop_t *loop;
    LIST_HEAD(, pending) pending;
    size_t attempts;
    size_t commands; /* asked so far */
    bool paused;
};

static const struct option option_table[] = {
    {.key = "script",
     .type = OPTION_LIST,
     .offset = offsetof(struct sim_options, script),
     .max = ANSWERS,
     .help = "How the attempts end, in turn: accept, fail, refuse or timeout, each word once; the "
             "last holds for all that follow. Without it every attempt is accepted."},
    {.key = "commands",
     .type = OPTION_LIST,
     .offset = offsetof(struct sim_options, commands),
     .max = COMMANDS,
     .help = "What it asks of the gateway, one after each event that it accepts: reset, guard or "
             "query, each word once. Without it nothing is asked."},
    {.key = "delay",
     .type = OPTION_DURATION,
     .offset = offsetof(struct sim_options, delay_ms),
     .fallback = "5ms",
     .min = 0,
     .max = 60000,
     .help = "How long an attempt takes."},
    OPTION_TABLE_END,
};

/* COMMANDS if there is none of that name. */
static size_t find_command(const char *word)
{
    size_t i = 0;
    while (i < COMMANDS && strcmp(uplink_command_name((enum uplink_command_kind)i), word) != 0)
        i++;
    return i;
}

/* NULL if there is none of that name. */
static const struct answer *find_answer(const char *word)
{
    for (size_t i = 0; i < ANSWERS; i++) {
        if (strcmp(answers[i].word, word) == 0)
            return &answers[i];
    }
    return NULL;
}

static void check(const void *options, struct driver_mistakes *ret_mistakes)
{
    const struct sim_options *o = options;
    for (size_t i = 0; i < o->commands.count; i++) {
        if (find_command(o->commands.items[i]) == COMMANDS)
            err_set(driver_mistake(ret_mistakes, "commands", i + 1, NULL), EINVAL,
                    "\"%s\" is none of reset, guard, query", o->commands.items[i]);
    }
    for (size_t i = 0; i < o->script.count; i++) {
        if (!find_answer(o->script.items[i]))
            err_set(driver_mistake(ret_mistakes, "script", i + 1, NULL), EINVAL,
                    "\"%s\" is none of accept, fail, refuse, timeout", o->script.items[i]);
    }
}

static int open_sim(const void *options, const struct uplink_host *host, uv_loop_t *loop,
                    struct uplink **ret_uplink, struct err *e)
{
    const struct sim_options *o = options;
    struct driver_mistakes mistakes = {.count = 0};
    check(o, &mistakes);
    int result = driver_first_mistake(&mistakes, e);
    if (result != 0)
        return result;
    struct uplink *u = calloc(1, sizeof *u);
    if (!u)
        return err_set(e, ENOMEM, "sim: out of memory");
    u->options = o;
    u->host = *host;
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
    LIST_REMOVE(p, all);
    struct uplink_result result = {.outcome = outcome, .finished_ns = clock_monotonic_ns()};
    snprintf(result.reason, sizeof result.reason, "%s", reason);
    p->done(p->arg, &result);
    uv_close((uv_handle_t *)&p->timer, free_pending);
}

/* The next thing that a platform would ask; the ticket is its number. */
static void ask(struct uplink *u)
{
    const struct option_list *list = &u->options->commands;
    if (u->commands == list->count)
        return;
    struct uplink_command command = {.by = "simulated receiver"};
    command.kind = (enum uplink_command_kind)find_command(list->items[u->commands++]);
    u->host.on_command(u->host.arg, &command, u->commands);
}

static void on_timer(uv_timer_t *timer)
{
    struct pending *p = timer->data;
    struct uplink *u = p->uplink;
    if (p->is_upload && u->paused)
        return; /* pause_upload lets it go on */
    bool asks = !p->is_upload && p->lane != UPLINK_LANE_HEARTBEAT && p->answer == ANSWER_ACCEPT;
    end(p, p->answer->outcome, p->answer->reason);
    if (asks) /* what it asks, it asks of what it has */
        ask(u);
}

static const struct answer *next_answer(struct uplink *u)
{
    const struct option_list *script = &u->options->script;
    if (script->count == 0)
        return ANSWER_ACCEPT;
    size_t at = u->attempts < script->count ? u->attempts : script->count - 1;
    u->attempts++;
    return find_answer(script->items[at]);
}

static struct pending *begin(struct uplink *u, uplink_done_handler done, void *arg)
{
    struct pending *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    *p = (struct pending){.uplink = u, .answer = next_answer(u), .done = done, .arg = arg};
    LIST_INSERT_HEAD(&u->pending, p, all);
    uv_timer_init(u->loop, &p->timer);
    p->timer.data = p;
    int64_t delay_ms = p->answer == ANSWER_TIMEOUT ? TIMEOUT_MS : u->options->delay_ms;
    uv_timer_start(&p->timer, on_timer, (uint64_t)delay_ms, 0);
    return p;
}

static void send_event(struct uplink *u, enum uplink_lane lane, struct event *event,
                       const struct event_view *view, uplink_done_handler done, void *arg)
{
    (void)event;
    (void)view;
    begin(u, done, arg)->lane = lane;
}

static void upload(struct uplink *u, const struct uplink_file *file, uplink_done_handler done,
                   void *arg)
{
    (void)file;
    begin(u, done, arg)->is_upload = true;
}

static void pause_upload(struct uplink *u, bool paused)
{
    u->paused = paused;
    struct pending *p;
    LIST_FOREACH(p, &u->pending, all)
    {
        if (!paused && p->is_upload && !uv_is_active((uv_handle_t *)&p->timer))
            uv_timer_start(&p->timer, on_timer, 0, 0);
    }
}

static void reply(struct uplink *u, uint64_t ticket, const struct uplink_reply *answer)
{
    if (ticket == 0 || ticket > u->options->commands.count)
        return; /* nobody has asked here */
    log_info("uplink", "%s: %s: %s%s", u->host.receiver, u->options->commands.items[ticket - 1],
             answer->done ? "done" : "not done: ",
             !answer->done       ? answer->reason
             : answer->in_memory ? ", but in memory only: no disk has it as yet"
                                 : "");
}

static void close_sim(struct uplink *u)
{
    if (!u)
        return;
    while (!LIST_EMPTY(&u->pending))
        end(LIST_FIRST(&u->pending), UPLINK_OUTCOME_CANCELLED, "closed");
    free(u);
}

const struct uplink_driver uplink_sim = {
    .type = {.name = "sim",
             .help = "a receiver that does not exist, for trying things out",
             .options = option_table,
             .options_size = sizeof(struct sim_options),
             .check = check,
             .simulated = true},
    .takes = UPLINK_TAKES_ALL,
    .open = open_sim,
    .send = send_event,
    .upload = upload,
    .pause_upload = pause_upload,
    .reply = reply,
    .close = close_sim,
};

const struct uplink_driver uplink_sim_alarms = {
    .type = {.name = "sim-alarms",
             .help = "likewise, and it takes alarms alone: no follow-ups, no clips",
             .options = option_table,
             .options_size = sizeof(struct sim_options),
             .check = check,
             .simulated = true},
    .takes = UPLINK_TAKES(EVENT_CLASS_PRESS),
    .open = open_sim,
    .send = send_event,
    .reply = reply,
    .close = close_sim,
};
