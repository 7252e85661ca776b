/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration is read again, and what parts need of the disk with it, in libuv's pool; then
 * every part prepares, and all commit or all abandon. A disk that does not answer is given up after
 * a while: whoever has asked hears so, nothing is taken over if it answers after all, and until
 * then every reload is refused, for a thread that waits for a disk cannot be ended.
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
#include "base/reading.h"
#include "gateway/internal.h"
#include "iface/limits.h"

#define STOPPING     "tocsind is stopping"
#define MORE_SIZE    70 /* of the line that says how many mistakes are not told */
#define PAUSE_FACTOR 10
#define PAUSE_NS     INT64_C(1000000000) /* at least */
#define PATIENCE_MS  LIMIT_RELOAD_MS     /* less than a client waits for its answer */

struct asker {
    SLIST_ENTRY(asker) next;
    struct control_request *request;
};

struct reload {
    uv_work_t work;
    struct gateway *gateway;
    SLIST_HEAD(, asker) askers;
    int64_t begun_ms;
    bool is_given_up; /* everybody has been answered, whatever comes of it */
    struct reading reading;
    /* The pool's, until it is over. */
    struct conf_text text;
    struct config *config;
    void *read[PARTS_MAX];
    struct err error;
    int result;
    char problems[1500]; /* whole lines */
    size_t left_out;     /* which found no room there */
};

static void note_problem(void *arg, const char *line)
{
    struct reload *r = arg;
    size_t used = strlen(r->problems);
    log_error("config", "%s", line);
    if (r->left_out > 0 || used + 1 + strlen(line) + MORE_SIZE > sizeof r->problems)
        r->left_out++;
    else
        snprintf(r->problems + used, sizeof r->problems - used, "%s%s", used ? "\n" : "", line);
}

/* The room for it was left. */
static void note_left_out(struct reload *r)
{
    size_t used = strlen(r->problems);
    if (r->left_out > 0)
        snprintf(r->problems + used, sizeof r->problems - used,
                 "%sand %zu more: tocsin check shows all", used ? "\n" : "", r->left_out);
}

static void run(uv_work_t *work)
{
    struct reload *r = work->data;
    const struct gateway *gw = r->gateway;
    reading_file(&r->reading, gw->config_path);
    r->result = conf_read(gw->config_path, &r->text, &r->error);
    if (r->result == 0)
        r->result =
            config_parse(&r->text, &gateway_drivers, note_problem, r, &r->config, &r->error);
    for (size_t i = 0; r->result == 0 && i < part_count; i++) {
        if (parts[i].read)
            r->result = parts[i].read(gw, r->config, &r->reading, &r->read[i], &r->error);
    }
}

static void drop_read(struct reload *r)
{
    for (size_t i = 0; i < part_count; i++) {
        if (r->read[i])
            parts[i].drop(r->read[i]);
        r->read[i] = NULL;
    }
}

static int prepare_part(struct reload *r, size_t i, void **ret_plan)
{
    void *read = r->read[i];
    r->read[i] = NULL;
    return parts[i].prepare(r->gateway, r->config, read, ret_plan, &r->error);
}

/* All or nothing. */
static int take_over(struct reload *r)
{
    struct gateway *gw = r->gateway;
    void *plans[PARTS_MAX] = {NULL};
    size_t prepared = 0;
    int result = 0;
    for (; prepared < part_count; prepared++) {
        if (parts[prepared].prepare)
            result = prepare_part(r, prepared, &plans[prepared]);
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
        r->result = gw->stopping ? err_set(&r->error, ESHUTDOWN, STOPPING) : take_over(r);
    drop_read(r);
    if (r->result == 0) {
        former_replace(gw, r->config);
        file_took(gw, &r->text, !pending_any(gw));
    } else {
        config_destroy(r->config);
        file_look_soon(gw);
    }
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

static void refuse(struct reload *r, const char *why, const char *problems)
{
    char text[600];
    size_t first = strcspn(problems, "\n");
    snprintf(text, sizeof text, "%s%s%.*s", why, first ? "; the first: " : "", (int)first,
             problems);
    log_error("config", "reload refused, the old configuration stays: %s", why);
    facts_state_fault(r->gateway->facts, FAULT_CONFIG, NULL, text);
    answer(r, "the old configuration stays: ", problems[0] ? problems : why);
}

static void tell(struct reload *r)
{
    struct gateway *gw = r->gateway;
    char text[600];
    if (r->result != 0) {
        note_left_out(r);
        refuse(r, r->error.text, r->problems);
        return;
    }
    pending_describe(gw, text, sizeof text);
    log_info("config", "reloaded: %s", text);
    facts_state_fault(gw->facts, FAULT_CONFIG, NULL, NULL);
    answer(r, NULL, text);
}

static void destroy(struct reload *r)
{
    reading_finish(&r->reading);
    conf_text_finish(&r->text);
    free(r);
}

/* Refuses whoever waits for another one, while a disk keeps the one that was given up. */
static void refuse_next(struct gateway *gw)
{
    const int64_t seconds = (clock_monotonic_ms() - gw->reload->begun_ms) / 1000;
    struct reload *next = gw->next_reload;
    char path[READING_SIZE], why[READING_SIZE + 100];
    if (!next || !gw->reload->is_given_up)
        return;
    reading_get(&gw->reload->reading, path);
    snprintf(why, sizeof why, "the reload before it still reads %s, for %lld s: nothing changed",
             path[0] ? path : "nothing", (long long)seconds);
    gw->next_reload = NULL;
    refuse(next, why, "");
    destroy(next);
}

static void on_no_patience(uv_timer_t *timer)
{
    struct gateway *gw = timer->data;
    struct reload *r = gw->reload;
    char path[READING_SIZE], why[READING_SIZE + 100];
    reading_get(&r->reading, path);
    if (path[0])
        snprintf(why, sizeof why, "reading %s has taken %d s: given up, nothing changed", path,
                 PATIENCE_MS / 1000);
    else
        snprintf(why, sizeof why,
                 "nothing could be read for %d s, other files are waited for: given up, nothing "
                 "changed",
                 PATIENCE_MS / 1000);
    r->is_given_up = true;
    refuse(r, why, "");
    refuse_next(gw);
    uv_cancel((uv_req_t *)&r->work); /* if it has not begun */
}

static void begin_next(struct gateway *gw);

/* What was given up and has come after all is nobody's any more. */
static void forget(struct reload *r, bool has_run)
{
    if (has_run)
        log_info("config", "what the reload that was given up waited for has come, and is not "
                           "taken over: reload again");
    drop_read(r);
    config_destroy(r->config);
}

static void finish(uv_work_t *work, int status)
{
    struct reload *r = work->data;
    struct gateway *gw = r->gateway;
    int64_t begun_ns = clock_monotonic_ns(), now_ns, pause_ns;
    if (!gw->stopping)
        uv_timer_stop(&gw->reload_patience);
    if (r->is_given_up) {
        forget(r, status == 0);
    } else {
        take(r);
        tell(r);
    }
    destroy(r);
    now_ns = clock_monotonic_ns();
    pause_ns = (now_ns - begun_ns) * PAUSE_FACTOR;
    gw->next_reload_ns = now_ns + (pause_ns > PAUSE_NS ? pause_ns : PAUSE_NS);
    gw->reload = NULL;
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
    if (!r || gw->reload || gw->stopping)
        return;
    if (left_ns > 0) { /* again, should the loop's clock be behind */
        uv_timer_start(&gw->reload_pause, on_pause, (uint64_t)(left_ns / 1000000 + 1), 0);
        return;
    }
    gw->next_reload = NULL;
    r->begun_ms = clock_monotonic_ms();
    int result = uv_queue_work(&gw->loop, &r->work, run, finish);
    if (result == 0) {
        gw->reload = r;
        uv_timer_start(&gw->reload_patience, on_no_patience, PATIENCE_MS, 0);
        return;
    }
    answer(r, "a reload could not be begun: ", uv_strerror(result));
    destroy(r);
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
        reading_init(&r->reading);
        gw->next_reload = r;
    }
    int result = add_asker(gw->next_reload, request);
    if (gw->reload)
        refuse_next(gw);
    begin_next(gw);
    return result;
}

void reload_stop(struct gateway *gw)
{
    struct reload *r = gw->next_reload;
    uv_close((uv_handle_t *)&gw->reload_pause, NULL);
    uv_close((uv_handle_t *)&gw->reload_patience, NULL);
    gw->next_reload = NULL;
    if (!r)
        return;
    answer(r, "the old configuration stays: ", STOPPING);
    destroy(r);
}
