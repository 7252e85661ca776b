/* SPDX-License-Identifier: Apache-2.0 */
/* The core's end: one connection, dialled again for ever. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "videolink/connection.h"

#define RETRY_BASE_MS 100
#define RETRY_CAP_MS  5000

struct videolink_client {
    uv_loop_t *loop;
    char *socket_path;
    struct videolink_client_host host;
    uv_timer_t retry;
    uv_connect_t request;
    struct connection *connection; /* being dialled, or up */
    bool up, told_down, closing;
    bool dialling; /* `request` is with libuv: the client may not be freed */
    unsigned failures;
};

static void on_retry(uv_timer_t *timer);

static void destroy(struct videolink_client *c)
{
    free(c->socket_path);
    free(c);
}

static void on_closed(uv_handle_t *handle)
{
    struct videolink_client *c = handle->data;
    /* A connect request that was cancelled calls back before the pipe's handle is closed, but not
     * always before this one: whoever is last frees. */
    handle->data = NULL;
    if (!c->dialling)
        destroy(c);
}

/* The connection (or the try) is over: say so once, dial again later. */
static void come_down(struct videolink_client *c, const char *reason)
{
    uint32_t random;
    uuid_random(&random, sizeof random);
    c->connection = NULL;
    c->failures++;
    int64_t wait_ms = backoff_delay_ms(c->failures, RETRY_BASE_MS, RETRY_CAP_MS, random);
    uv_timer_start(&c->retry, on_retry, (uint64_t)(wait_ms < 20 ? 20 : wait_ms), 0);
    if (c->up || !c->told_down) {
        c->up = false;
        c->told_down = true;
        c->host.on_down(c->host.arg, reason);
    }
}

static void on_gone(struct connection *connection, const char *reason)
{
    come_down(connection->host.arg, reason);
}

static void on_message(void *arg, const struct videolink_message *message)
{
    struct videolink_client *c = arg;
    switch (message->type) {
    case VIDEOLINK_TYPE_CAMERA:
        c->host.on_camera(c->host.arg, &message->camera);
        return;
    case VIDEOLINK_TYPE_CLIP:
        c->host.on_clip(c->host.arg, &message->clip);
        return;
    case VIDEOLINK_TYPE_CLIP_HELD:
        if (c->host.on_held)
            c->host.on_held(c->host.arg, message->clip_id);
        return;
    case VIDEOLINK_TYPE_ALARM:
    case VIDEOLINK_TYPE_ALARM_OVER:
    case VIDEOLINK_TYPE_CLIP_STORED:
    case VIDEOLINK_TYPE_CLIP_DONE:
        return; /* the core's own kinds: well formed, and nothing to the core */
    }
}

static void on_connected(uv_connect_t *request, int status)
{
    struct videolink_client *c = request->data;
    struct err e;
    c->dialling = false;
    if (c->closing) {
        if (!c->retry.data)
            destroy(c);
        return;
    }
    if (status == 0 && connection_start(c->connection, &e) == 0) {
        c->up = true;
        c->told_down = false;
        c->failures = 0;
        c->host.on_up(c->host.arg);
        return;
    }
    connection_close(c->connection);
    come_down(c, status != 0 ? uv_strerror(status) : e.text);
}

static void on_retry(uv_timer_t *timer)
{
    struct videolink_client *c = timer->data;
    struct connection_host host = {.on_message = on_message, .on_gone = on_gone, .arg = c};
    struct err e;
    if (c->dialling) { /* an earlier request is still on its way out of libuv */
        uv_timer_start(&c->retry, on_retry, RETRY_BASE_MS, 0);
        return;
    }
    if (connection_create(c->loop, &host, &c->connection, &e) != 0) {
        come_down(c, e.text);
        return;
    }
    c->dialling = true;
    c->request.data = c;
    uv_pipe_connect(&c->request, &c->connection->pipe, c->socket_path, on_connected);
}

int videolink_client_create(uv_loop_t *loop, const char *socket_path,
                            const struct videolink_client_host *host,
                            struct videolink_client **ret_client, struct err *e)
{
    struct videolink_client *c = calloc(1, sizeof *c);
    if (!c || !(c->socket_path = strdup(socket_path))) {
        free(c);
        return err_set(e, ENOMEM, "videolink: out of memory");
    }
    c->loop = loop;
    c->host = *host;
    uv_timer_init(loop, &c->retry);
    c->retry.data = c;
    uv_timer_start(&c->retry, on_retry, 0, 0); /* no callback from within this call */
    *ret_client = c;
    return 0;
}

static int send_message(struct videolink_client *c, const struct videolink_message *message)
{
    char *line;
    size_t length;
    if (!c->up || !c->connection)
        return -ENOTCONN;
    int result = videolink_encode(message, &line, &length, NULL);
    return result == 0 ? connection_send(c->connection, line, length) : result;
}

int videolink_client_alarm(struct videolink_client *c, const struct videolink_alarm *alarm)
{
    struct videolink_message message = {.type = VIDEOLINK_TYPE_ALARM, .alarm = *alarm};
    return send_message(c, &message);
}

int videolink_client_alarm_over(struct videolink_client *c, const char *alarm, int64_t monoms)
{
    struct videolink_message message = {.type = VIDEOLINK_TYPE_ALARM_OVER,
                                        .alarm_over = {.monoms = monoms}};
    snprintf(message.alarm_over.alarm, sizeof message.alarm_over.alarm, "%s", alarm);
    return send_message(c, &message);
}

static int send_clip_id(struct videolink_client *c, enum videolink_type type, const char *clip)
{
    struct videolink_message message = {.type = type};
    snprintf(message.clip_id, sizeof message.clip_id, "%s", clip);
    return send_message(c, &message);
}

int videolink_client_clip_stored(struct videolink_client *c, const char *clip)
{
    return send_clip_id(c, VIDEOLINK_TYPE_CLIP_STORED, clip);
}

int videolink_client_clip_done(struct videolink_client *c, const char *clip)
{
    return send_clip_id(c, VIDEOLINK_TYPE_CLIP_DONE, clip);
}

bool videolink_client_is_up(const struct videolink_client *c)
{
    return c->up;
}

void videolink_client_close(struct videolink_client *c)
{
    if (!c)
        return;
    c->closing = true;
    c->up = false;
    if (c->connection)
        connection_close(c->connection);
    c->connection = NULL;
    uv_close((uv_handle_t *)&c->retry, on_closed);
}
