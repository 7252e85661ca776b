/* SPDX-License-Identifier: Apache-2.0 */
#include "app/gateway.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "drivers/indicator/indicators.h"
#include "drivers/input/inputs.h"
#include "drivers/output/outputs.h"
#include "drivers/signer/signers.h"
#include "drivers/uplink/uplinks.h"
#include "loop/network.h"

#define HOUSEKEEPING_MS 1000
#define PRUNE_EVERY_MS  (10 * 60 * 1000)
#define DAY_MS          INT64_C(86400000)
#define CLOSE_WAIT_MS   10000
#define SLOW_STORE_MS   2000 /* an event that is not on the disk after this long is a fault */

/* Cameras are tocsin-video's: their passwords are not read here. */
static const struct config_drivers known_drivers = {
    .inputs = input_types,
    .indicators = indicator_types,
    .outputs = output_types,
    .cameras = NULL,
    .signers = signer_types,
    .uplinks = uplink_types,
};

static void print_problem(void *arg, const char *line)
{
    (void)arg;
    log_error("config", "%s", line);
}

static void stop(struct gateway *gw);

static void on_stop_signal(uv_signal_t *signal, int number)
{
    log_info("tocsind", "stopping: %s", strsignal(number));
    stop(signal->data);
}

static void on_hangup(uv_signal_t *signal, int number)
{
    (void)number;
    gateway_reload(signal->data, NULL);
}

static void watch_signal(struct gateway *gw, uv_signal_t *signal, int number, uv_signal_cb handler)
{
    uv_signal_init(&gw->loop, signal);
    signal->data = gw;
    uv_signal_start(signal, handler, number);
}

static void check_store(struct gateway *gw)
{
    int64_t now_ms = clock_monotonic_ms(), oldest_ms = INT64_MAX;
    for (const struct journey *j = gw->journeys; j; j = j->next) {
        if (!j->stored && j->made_ms < oldest_ms)
            oldest_ms = j->made_ms;
    }
    if (gw->store_reason[0])
        faults_set(gw, "store", NULL, gw->store_reason);
    else if (oldest_ms != INT64_MAX && now_ms - oldest_ms > SLOW_STORE_MS)
        faults_set(gw, "store", NULL,
                   "the disk does not answer; events are kept in memory and sent from there");
    else
        faults_set(gw, "store", NULL, NULL);
}

static void on_housekeeping(uv_timer_t *timer)
{
    struct gateway *gw = timer->data;
    int64_t now_ms = clock_monotonic_ms();
    check_store(gw);
    receivers_tick(gw);
    clips_tick(gw);
    lines_tick(gw);
    presses_tick(gw);
    exercises_tick(gw);
    escalation_tick(gw);
    faults_tick(gw);
    lamps_update(gw);
    if (now_ms - gw->pruned_ms > PRUNE_EVERY_MS) {
        gw->pruned_ms = now_ms;
        struct clock_stamp now = clock_stamp_at(clock_monotonic_ns(), 0);
        /* With a clock that may be years off nothing is known to be old. */
        if (now.quality != CLOCK_QUALITY_UNKNOWN)
            outbox_prune(gw->outbox, now.wall_ms - gw->config->storage.keep_days * DAY_MS);
    }
}

static void on_store_fault(void *arg, const char *reason)
{
    struct gateway *gw = arg;
    if (reason)
        log_error("outbox", "%s", reason);
    else
        log_info("outbox", "the store works again");
    snprintf(gw->store_reason, sizeof gw->store_reason, "%s", reason ? reason : "");
    check_store(gw);
    lamps_update(gw);
}

static int open_signer(struct gateway *gw, struct err *e)
{
    const struct config_signing *c = &gw->config->signing;
    int result = signer_driver_of(c->driver.type)->open(c->driver.options, &gw->signer, e);
    return err_prefix(e, result, "signing");
}

static int open_outbox(struct gateway *gw, struct outbox_found *ret_found, struct err *e)
{
    const struct config *c = gw->config;
    const char *receivers[LIMIT_RECEIVERS];
    for (size_t i = 0; i < c->receiver_count; i++)
        receivers[i] = c->receivers[i].id;
    mkdir(c->storage.state_dir, 0700);
    struct outbox_options options = {.dir = c->storage.state_dir,
                                     .receivers = receivers,
                                     .receiver_count = c->receiver_count,
                                     .reserve_events = c->storage.reserve_events};
    struct outbox_host host = {.on_fault = on_store_fault, .arg = gw};
    int result = outbox_open(&gw->loop, &options, &host, &gw->outbox, ret_found, e);
    if (result != 0)
        return err_prefix(e, result, "storage");
    gw->envelope.last_seq = ret_found->last_seq;
    memcpy(gw->envelope.head, ret_found->head, sizeof gw->envelope.head);
    gw->envelope.floor_ms =
        ret_found->newest_wall_ms > clock_build_ms() ? ret_found->newest_wall_ms : clock_build_ms();
    const char *state = outbox_found_text(ret_found, "incidents");
    if (state)
        state_load(gw, state);
    return 0;
}

static void note_damage(struct gateway *gw, const struct outbox_found *found)
{
    if (!found->damage)
        return;
    log_error("outbox", "%s", found->damage);
    faults_set(gw, "store-damaged", NULL, found->damage);
}

static int load_config(struct gateway *gw, const char *path, struct err *e)
{
    gw->config_path = path;
    int result = config_load(path, &known_drivers, print_problem, NULL, &gw->config, e);
    if (result != 0)
        return result == -EINVAL ? -EINVAL : err_prefix(e, -EINVAL, "configuration");
    for (size_t i = 0; i < gw->config->notes.count; i++)
        log_warning("config", "%s", gw->config->notes.items[i]);
    gw->input_count = gw->config->input_count;
    gw->receiver_count = gw->config->receiver_count;
    return 0;
}

/*
 * In this order: what was open is known before a line is read; the store stands before an event is
 * made; lines are read before anything slow is tried, and before the world may ask how we are.
 */
int gateway_start(struct gateway *gw, const char *config_path, struct err *e)
{
    struct outbox_found found = {0};
    int result = load_config(gw, config_path, e);
    if (result != 0)
        return result;
    uv_loop_init(&gw->loop);
    gw->started_ms = gw->pruned_ms = clock_monotonic_ms();
    result = service_create(&gw->loop, &gw->service, e);
    if (result == 0)
        result = envelope_init(&gw->envelope, gw->config->site.id, e);
    if (result == 0)
        result = open_signer(gw, e);
    presses_prepare(gw);
    if (result == 0)
        result = open_outbox(gw, &found, e);
    if (result == 0)
        result = lamps_open(gw, e);
    if (result == 0)
        result = receivers_open(gw, &found, e);
    if (result == 0)
        result = clips_open(gw, &found, e);
    if (result == 0)
        result = outputs_open(gw, e);
    if (result == 0) {
        presses_open(gw);
        result = lines_open(gw, e);
    }
    if (result == 0)
        exercises_after_restart(gw);
    if (result == 0)
        result = control_open(&gw->loop, gw->config->control.socket, commands, gw, &gw->control, e);
    note_damage(gw, &found);
    outbox_found_finish(&found);
    watch_signal(gw, &gw->terminate, SIGTERM, on_stop_signal);
    watch_signal(gw, &gw->interrupt, SIGINT, on_stop_signal);
    watch_signal(gw, &gw->hangup, SIGHUP, on_hangup);
    signal(SIGPIPE, SIG_IGN);
    uv_timer_init(&gw->loop, &gw->housekeeping);
    gw->housekeeping.data = gw;
    if (result != 0) {
        stop(gw);
        uv_run(&gw->loop, UV_RUN_DEFAULT);
        uv_loop_close(&gw->loop);
        return result;
    }
    uv_timer_start(&gw->housekeeping, on_housekeeping, 0, HOUSEKEEPING_MS);
    malloc_trim(0); /* what only the start needed goes back to the system */
    service_ready(gw->service);
    log_info("tocsind", "ready: %zu inputs, %zu receivers, %zu cameras, signing key %s",
             gw->input_count, gw->receiver_count, gw->config->camera_count, gw->signer->keyid);
    return 0;
}

void gateway_run(struct gateway *gw)
{
    uv_run(&gw->loop, UV_RUN_DEFAULT);
    uv_loop_close(&gw->loop);
    log_info("tocsind", "stopped");
}

/* The mirror of the start. Lines first: what was pressed until now is in the store's queue. */
static void stop(struct gateway *gw)
{
    if (gw->stopping)
        return;
    gw->stopping = true;
    service_close(gw->service);
    uv_close((uv_handle_t *)&gw->housekeeping, NULL);
    uv_close((uv_handle_t *)&gw->terminate, NULL);
    uv_close((uv_handle_t *)&gw->interrupt, NULL);
    uv_close((uv_handle_t *)&gw->hangup, NULL);
    control_close(gw->control);
    exercises_close(gw);
    presses_close(gw);
    lines_close(gw);
    link_client_close(gw->link);
    network_close(gw->network);
    dispatch_close(gw->dispatch);
    size_t lost = outbox_close(gw->outbox, CLOSE_WAIT_MS);
    if (lost > 0) {
        log_error("tocsind", "%zu events could not be written to the disk before the stop", lost);
        _exit(1); /* the disk holds the store's thread: nothing more can be put in order */
    }
    events_finish(gw);
    clips_finish(gw);
    faults_finish(gw);
    lamps_close(gw);
    outputs_close(gw);
    if (gw->signer)
        gw->signer->driver->close(gw->signer);
}

/* Reading the configuration waits for the disk: in libuv's pool. */
struct reload {
    uv_work_t work;
    struct gateway *gateway;
    struct control_request *request;
    struct config *config;
    struct err error;
    int result;
    char problems[1500];
};

static void note_problem(void *arg, const char *line)
{
    struct reload *reload = arg;
    size_t used = strlen(reload->problems);
    log_error("config", "%s", line);
    snprintf(reload->problems + used, sizeof reload->problems - used, "%s%s", used ? "\n" : "",
             line);
}

static void run_reload(uv_work_t *work)
{
    struct reload *r = work->data;
    r->result = config_load(r->gateway->config_path, &known_drivers, note_problem, r, &r->config,
                            &r->error);
}

static void finish_reload(uv_work_t *work, int status)
{
    struct reload *r = work->data;
    struct gateway *gw = r->gateway;
    gw->reloading = false;
    (void)status;
    if (r->result == 0 && !gw->stopping)
        r->result = receivers_replace(gw, r->config, &r->error);
    else
        config_destroy(r->config);
    if (r->result != 0) {
        log_error("config", "reload refused, the old configuration stays: %s", r->error.text);
        faults_set(gw, "config", NULL, r->error.text);
    } else {
        log_info("config", "reloaded: receivers are as the file says; other sections take effect "
                           "at a restart");
        faults_set(gw, "config", NULL, NULL);
    }
    if (r->request && r->result == 0)
        control_reply(r->request, json_pack("{ss}", "text",
                                            "receivers are as the file says now; changes in "
                                            "other sections take effect at a restart of tocsind"));
    else if (r->request)
        control_fail(r->request, "the old configuration stays: %s",
                     r->problems[0] ? r->problems : r->error.text);
    free(r);
}

int gateway_reload(struct gateway *gw, struct control_request *request)
{
    struct reload *r = gw->reloading || gw->stopping ? NULL : calloc(1, sizeof *r);
    if (!r)
        return -EBUSY;
    r->work.data = r;
    r->gateway = gw;
    r->request = request;
    if (uv_queue_work(&gw->loop, &r->work, run_reload, finish_reload) != 0) {
        free(r);
        return -EAGAIN;
    }
    gw->reloading = true;
    return 0;
}
