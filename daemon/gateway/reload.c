/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration is read again: every part prepares, then all commit or all abandon. Of sections
 * that no part can take over while it runs, those that have changed are named.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "gateway/internal.h"

/* Reading waits for the disk: in libuv's pool. */
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

static bool is_taken_over(const char *section)
{
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].section && strcmp(parts[i].section, section) == 0)
            return true;
    }
    return false;
}

/* What of the new configuration is in force now. */
static void describe(const struct gateway *gw, const struct config *config, char *ret_text,
                     size_t size)
{
    const char *names[CONFIG_SECTIONS_MAX];
    size_t count = config_changed_sections(gw->config, config, names), used, waiting = 0;
    used = (size_t)snprintf(ret_text, size, "receivers are as the file says now");
    for (size_t i = 0; i < count && used < size; i++) {
        if (is_taken_over(names[i]))
            continue;
        used += (size_t)snprintf(ret_text + used, size - used, "%s%s",
                                 waiting++ ? ", "
                                           : "; changed, and waiting for a restart of "
                                             "tocsind: ",
                                 names[i]);
    }
    if (waiting == 0 && used < size)
        snprintf(ret_text + used, size - used, "; no other section has changed");
}

static void take(struct reload *r)
{
    struct gateway *gw = r->gateway;
    facts_tell(gw->facts); /* a command is answered to the uplink that has asked */
    if (r->result == 0)
        r->result = gw->stopping ? err_set(&r->error, ESHUTDOWN, "tocsind is stopping")
                                 : take_over(gw, r->config, &r->error);
    if (r->result != 0) {
        config_destroy(r->config);
        return;
    }
    config_destroy(gw->reloaded);
    gw->reloaded = r->config;
}

static void finish(uv_work_t *work, int status)
{
    struct reload *r = work->data;
    struct gateway *gw = r->gateway;
    char text[600];
    (void)status;
    gw->reloading = false;
    take(r);
    if (r->result != 0) {
        log_error("config", "reload refused, the old configuration stays: %s", r->error.text);
        facts_state_fault(gw->facts, FAULT_CONFIG, NULL, r->error.text);
        if (r->request)
            control_fail(r->request, "the old configuration stays: %s",
                         r->problems[0] ? r->problems : r->error.text);
    } else {
        describe(gw, gw->reloaded, text, sizeof text);
        log_info("config", "reloaded: %s", text);
        facts_state_fault(gw->facts, FAULT_CONFIG, NULL, NULL);
        if (r->request)
            control_reply(r->request, json_pack("{ss}", "text", text));
    }
    free(r);
}

int reload_begin(void *arg, struct control_request *request)
{
    struct gateway *gw = arg;
    struct reload *r = gw->reloading || gw->stopping ? NULL : calloc(1, sizeof *r);
    if (!r)
        return -EBUSY;
    r->work.data = r;
    r->gateway = gw;
    r->request = request;
    if (uv_queue_work(&gw->loop, &r->work, run, finish) != 0) {
        free(r);
        return -EAGAIN;
    }
    gw->reloading = true;
    return 0;
}
