/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration is read again: every part prepares, then all commit or all abandon.
 *
 * Taking over is work of the loop, where a press may wait for it. So whoever asks while one is
 * under way, or soon after it, waits for the next one with everybody else who does; and the next
 * begins when the loop has had ten times as long for other things, and a second at least.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/internal.h"

#define STOPPING     "tocsind is stopping"
#define PAUSE_FACTOR 10
#define PAUSE_NS     INT64_C(1000000000) /* at least */

struct asker {
    SLIST_ENTRY(asker) next;
    struct control_request *request;
};

/* Reading waits for the disk: in libuv's pool. */
struct reload {
    uv_work_t work;
    struct gateway *gateway;
    SLIST_HEAD(, asker) askers;
    struct config *config;
    struct err error;
    int result;
    char problems[1500];
};

static void note_problem(void *arg, const char *line)
{
    struct reload *r = arg;
    size_t used = strlen(r->problems);
    log_error("config", "%s", line);
    snprintf(r->problems + used, sizeof r->problems - used, "%s%s", used ? "\n" : "", line);
}

static void run(uv_work_t *work)
{
    struct reload *r = work->data;
    r->result = config_load(r->gateway->config_path, &gateway_drivers, note_problem, r, &r->config,
                            &r->error);
}

/* All or nothing. */
static int take_over(struct gateway *gw, const struct config *config, struct err *e)
{
    void *plans[PARTS_MAX] = {NULL};
    size_t prepared = 0;
    int result = 0;
    for (; prepared < part_count; prepared++) {
        if (parts[prepared].prepare)
            result = parts[prepared].prepare(gw, config, &plans[prepared], e);
        if (result != 0)
            break;
    }
    for (size_t i = 0; i < prepared; i++) {
        if (!parts[i].prepare)
            continue;
        if (result == 0)
            parts[i].commit(gw, plans[i]);
        else
            parts[i].abandon(gw, plans[i]);
    }
    return result;
}

static void take(struct reload *r)
{
    struct gateway *gw = r->gateway;
    facts_tell(gw->facts); /* a command is answered to the uplink that has asked */
    if (r->result == 0)
        r->result = gw->stopping ? err_set(&r->error, ESHUTDOWN, STOPPING)
                                 : take_over(gw, r->config, &r->error);
    if (r->result != 0) {
        config_destroy(r->config);
        return;
    }
    config_destroy(gw->reloaded);
    gw->reloaded = r->config;
}

/* Everybody who has asked hears the same. */
static void answer(struct reload *r, const char *failed, const char *text)
{
    struct asker *asker;
    while ((asker = SLIST_FIRST(&r->askers))) {
        SLIST_REMOVE_HEAD(&r->askers, next);
        if (failed)
            control_fail(asker->request, "%s%s", failed, text);
        else
            control_reply(asker->request, json_pack("{ss}", "text", text));
        free(asker);
    }
}

static void tell(struct reload *r)
{
    struct gateway *gw = r->gateway;
    char text[600];
    if (r->result != 0) {
        size_t first = strcspn(r->problems, "\n");
        snprintf(text, sizeof text, "%s%s%.*s", r->error.text, first ? "; the first: " : "",
                 (int)first, r->problems);
        log_error("config", "reload refused, the old configuration stays: %s", r->error.text);
        facts_state_fault(gw->facts, FAULT_CONFIG, NULL, text);
        answer(r, "the old configuration stays: ", r->problems[0] ? r->problems : r->error.text);
        return;
    }
    pending_describe(gw, text, sizeof text);
    log_info("config", "reloaded: %s", text);
    facts_state_fault(gw->facts, FAULT_CONFIG, NULL, NULL);
    answer(r, NULL, text);
}

static void begin_next(struct gateway *gw);

static void finish(uv_work_t *work, int status)
{
    struct reload *r = work->data;
    struct gateway *gw = r->gateway;
    int64_t begun_ns = clock_monotonic_ns(), now_ns, pause_ns;
    (void)status;
    take(r);
    tell(r);
    free(r);
    now_ns = clock_monotonic_ns();
    pause_ns = (now_ns - begun_ns) * PAUSE_FACTOR;
    gw->next_reload_ns = now_ns + (pause_ns > PAUSE_NS ? pause_ns : PAUSE_NS);
    gw->reloading = false;
    begin_next(gw);
}

static void on_pause(uv_timer_t *timer)
{
    begin_next(timer->data);
}

static void begin_next(struct gateway *gw)
{
    struct reload *r = gw->next_reload;
    int64_t left_ns = gw->next_reload_ns - clock_monotonic_ns();
    if (!r || gw->reloading || gw->stopping)
        return;
    if (left_ns > 0) { /* again, should the loop's clock be behind */
        uv_timer_start(&gw->reload_pause, on_pause, (uint64_t)(left_ns / 1000000 + 1), 0);
        return;
    }
    gw->next_reload = NULL;
    int result = uv_queue_work(&gw->loop, &r->work, run, finish);
    gw->reloading = result == 0;
    if (result == 0)
        return;
    answer(r, "a reload could not be begun: ", uv_strerror(result));
    free(r);
}

static int add_asker(struct reload *r, struct control_request *request)
{
    struct asker *asker = request ? calloc(1, sizeof *asker) : NULL;
    if (!request)
        return 0;
    if (!asker)
        return -ENOMEM;
    asker->request = request;
    SLIST_INSERT_HEAD(&r->askers, asker, next);
    return 0;
}

int reload_begin(void *arg, struct control_request *request)
{
    struct gateway *gw = arg;
    if (gw->stopping)
        return -ESHUTDOWN;
    if (!gw->next_reload) {
        struct reload *r = calloc(1, sizeof *r);
        if (!r)
            return -ENOMEM;
        r->work.data = r;
        r->gateway = gw;
        gw->next_reload = r;
    }
    int result = add_asker(gw->next_reload, request);
    begin_next(gw);
    return result;
}

void reload_stop(struct gateway *gw)
{
    struct reload *r = gw->next_reload;
    uv_close((uv_handle_t *)&gw->reload_pause, NULL);
    gw->next_reload = NULL;
    if (r)
        answer(r, "the old configuration stays: ", STOPPING);
    free(r);
}
