/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/gateway.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "drivers/indicator/indicators.h"
#include "drivers/input/inputs.h"
#include "drivers/output/outputs.h"
#include "drivers/signer/signers.h"
#include "drivers/uplink/uplinks.h"
#include "gateway/internal.h"
#include "sections/start.h"

#define TICK_MS  1000
#define LEAVE_MS 20 /* between two looks whether a stop may go on */

/* Cameras are tocsin-video's: their passwords are not read here. */
const struct config_drivers gateway_drivers = {
    .inputs = input_types,
    .indicators = indicator_types,
    .outputs = output_types,
    .cameras = NULL,
    .signers = signer_types,
    .uplinks = uplink_types,
};

/* Whoever asks for a stop once more, or for a reload, does not end what is left of one. */
static void ignore_signal(uv_signal_t *watched)
{
    int number = watched->signum;
    uv_close((uv_handle_t *)watched, NULL);
    signal(number, SIG_IGN);
}

/* The mirror of the start; every part is told, also the one whose open has failed. */
static void stop(struct gateway *gw)
{
    if (gw->stopping)
        return;
    if (gw->facts)
        facts_tell(gw->facts); /* what this turn has done is saved with what follows from it */
    gw->stopping = true;
    reload_stop(gw);
    facts_close(gw->facts);
    service_close(gw->service);
    uv_close((uv_handle_t *)&gw->second, NULL);
    uv_close((uv_handle_t *)&gw->leave, NULL);
    for (size_t i = gw->opened; i-- > 0;) {
        if (parts[i].close)
            parts[i].close(gw);
    }
    ignore_signal(&gw->terminate); /* watched, if not heard, while a disk holds what is closed */
    ignore_signal(&gw->interrupt);
    ignore_signal(&gw->hangup);
}

static bool is_busy(struct gateway *gw)
{
    bool busy = false;
    for (size_t i = 0; i < part_count; i++)
        busy |= parts[i].busy && parts[i].busy(gw);
    return busy;
}

static void on_leave(uv_timer_t *timer)
{
    struct gateway *gw = timer->data;
    if (!is_busy(gw))
        stop(gw);
}

/* Lines stay open while a part is busy: with a bad disk that is for as long as systemd lets it. */
static void on_stop_signal(uv_signal_t *signal, int number)
{
    struct gateway *gw = signal->data;
    log_info("tocsind", "stopping: %s", strsignal(number));
    uv_timer_start(&gw->leave, on_leave, LEAVE_MS, LEAVE_MS);
    on_leave(&gw->leave);
}

static void on_hangup(uv_signal_t *signal, int number)
{
    (void)number;
    reload_begin(signal->data, NULL);
}

static void watch_signal(struct gateway *gw, uv_signal_t *signal, int number, uv_signal_cb handler)
{
    uv_signal_init(&gw->loop, signal);
    signal->data = gw;
    uv_signal_start(signal, handler, number);
}

static void on_second(uv_timer_t *timer)
{
    struct gateway *gw = timer->data;
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].tick)
            parts[i].tick(gw);
    }
    file_tick(gw);
}

static void on_lamp(void *self, const struct fact *fact)
{
    struct gateway *gw = self;
    service_status(gw->service, "lamp %s", indicator_pattern_name(fact->u.pattern));
}

/* What is wrong with the file is told as soon as there is somebody to tell it. */
static void tell_config(struct gateway *gw, const char *why)
{
    char text[FACT_TEXT_SIZE];
    snprintf(text, sizeof text, "the last that worked is in force: %s", why);
    facts_state_fault(gw->facts, FAULT_CONFIG, NULL, why[0] ? text : NULL);
}

/* What the parts stand on. */
static int set_up(struct gateway *gw, struct err *e)
{
    uv_loop_init(&gw->loop);
    watch_signal(gw, &gw->terminate, SIGTERM, on_stop_signal);
    watch_signal(gw, &gw->interrupt, SIGINT, on_stop_signal);
    watch_signal(gw, &gw->hangup, SIGHUP, on_hangup);
    signal(SIGPIPE, SIG_IGN);
    uv_timer_init(&gw->loop, &gw->second);
    uv_timer_init(&gw->loop, &gw->leave);
    uv_timer_init(&gw->loop, &gw->reload_pause);
    uv_timer_init(&gw->loop, &gw->reload_patience);
    gw->second.data = gw->leave.data = gw->reload_pause.data = gw->reload_patience.data = gw;
    gw->started_ms = clock_monotonic_ms();
    int result = facts_create(&gw->loop, &gw->facts, e);
    if (result != 0)
        return result;
    facts_subscribe(gw->facts, FACT_BIT(FACT_LAMP), on_lamp, gw);
    return service_create(&gw->loop, &gw->service, e);
}

static int open_parts(struct gateway *gw, struct err *e)
{
    int result = 0;
    while (result == 0 && gw->opened < part_count) {
        const struct part *part = &parts[gw->opened++];
        result = part->open(gw, e);
        if (result == 0 && part->load)
            part->load(gw);
    }
    if (result == 0)
        events_joined(gw->events);
    outbox_found_finish(&gw->found);
    return result;
}

static int start(struct gateway *gw, struct err *e)
{
    int result = set_up(gw, e);
    if (result == 0)
        result = open_parts(gw, e);
    if (result == 0)
        return 0;
    stop(gw);
    gateway_run(gw);
    return result;
}

int gateway_start(const char *config_path, const char *kept_path, struct gateway **ret_gateway,
                  struct err *e)
{
    struct start read;
    struct gateway *gw = *ret_gateway = calloc(1, sizeof *gw);
    if (!gw)
        return err_set(e, ENOMEM, "out of memory");
    gw->config_path = config_path;
    file_open(gw, kept_path);
    int result = start_read(config_path, kept_path, &gateway_drivers, &read, e);
    if (result != 0)
        return result;
    gw->config = read.config;
    result = start(gw, e);
    if (result == 0 && !read.why[0])
        file_took(gw, &read.text, true);
    conf_text_finish(&read.text);
    if (result != 0)
        return result;
    tell_config(gw, read.why);
    gw->running = true;
    uv_timer_start(&gw->second, on_second, 0, TICK_MS);
    malloc_trim(0); /* what only the start needed goes back to the system */
    service_ready(gw->service);
    log_info("tocsind", "ready: %zu input%s, %zu receiver%s, %zu camera%s, signing key %s",
             gw->config->inputs.count, plural((long long)gw->config->inputs.count),
             gw->config->receivers.count, plural((long long)gw->config->receivers.count),
             gw->config->cameras.count, plural((long long)gw->config->cameras.count),
             signing_keyid(gw->signing) ? signing_keyid(gw->signing) : "missing");
    return 0;
}

void gateway_run(struct gateway *gw)
{
    uv_run(&gw->loop, UV_RUN_DEFAULT);
    uv_loop_close(&gw->loop);
    if (gw->running)
        log_info("tocsind", "stopped");
}

void gateway_destroy(struct gateway *gw)
{
    if (!gw)
        return;
    for (size_t i = gw->opened; i-- > 0;) {
        if (parts[i].free)
            parts[i].free(gw);
    }
    facts_free(gw->facts);
    file_free(gw);
    config_destroy(gw->config);
    config_destroy(gw->reloaded);
    former_free(gw);
    free(gw);
}
