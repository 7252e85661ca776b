/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "clips/internal.h"

static void tell(const struct clips *cl, size_t index)
{
    const struct camera *camera = &cl->cameras[index];
    bool online = camera->known && camera->state == MESSAGE_CAMERA_ONLINE;
    facts_publish(
        cl->options.facts,
        &(struct fact){.kind = FACT_CAMERA, .u.camera = {.camera = index, .online = online}});
}

void cameras_open(struct clips *cl)
{
    cl->camera_count = cl->options.config.cameras->count;
    cl->cameras = calloc(cl->camera_count + 1, sizeof *cl->cameras);
    if (!cl->cameras)
        abort();
    for (size_t i = 0; i < cl->camera_count; i++) {
        cl->cameras[i].config = &cl->options.config.cameras->items[i];
        cl->cameras[i].since_ms = clock_monotonic_ms();
    }
}

static void take(struct clips *cl, size_t index, const struct message_camera *message)
{
    struct camera *camera = &cl->cameras[index];
    if (!camera->known || camera->state != message->state)
        camera->since_ms = clock_monotonic_ms();
    camera->known = true;
    camera->state = message->state;
    camera->restarts = message->restarts;
    encode_copy_utf8(camera->reason, sizeof camera->reason, message->reason);
    /* While it is connecting a fault stays: it has not mended anything yet. */
    if (message->state != MESSAGE_CAMERA_CONNECTING)
        facts_state_fault(cl->options.facts, FAULT_CAMERA, camera->config->id,
                          message->state == MESSAGE_CAMERA_FAULT ? camera->reason : NULL);
    tell(cl, index);
}

void cameras_take(struct clips *cl, const struct message_camera *message)
{
    const struct clips_config *config = &cl->options.config;
    const struct config_camera *camera = config_find_camera(config->cameras, message->id);
    if (camera)
        take(cl, (size_t)(camera - config->cameras->items), message);
}

void cameras_lost(struct clips *cl)
{
    for (size_t i = 0; i < cl->camera_count; i++) {
        cl->cameras[i].known = false;
        tell(cl, i);
    }
}

json_t *clips_cameras_status(const struct clips *cl)
{
    json_t *list = json_array();
    for (size_t i = 0; i < cl->camera_count; i++) {
        const struct camera *c = &cl->cameras[i];
        json_array_append_new(
            list, json_pack("{ss,ss,ss,ss,sI,sI}", "id", c->config->id, "name", c->config->name,
                            "state", c->known ? message_camera_state_name(c->state) : "unknown",
                            "reason", c->known ? c->reason : "tocsin-video has not told",
                            "restarts", (json_int_t)c->restarts, "since_ms",
                            (json_int_t)(clock_monotonic_ms() - c->since_ms)));
    }
    return list;
}

json_t *clips_cameras_heartbeat(const struct clips *cl)
{
    json_t *list = json_array();
    for (size_t i = 0; i < cl->camera_count; i++) {
        const struct camera *c = &cl->cameras[i];
        json_array_append_new(
            list, json_pack("{ss,ss}", "id", c->config->id, "state",
                            c->known ? message_camera_state_name(c->state) : "unknown"));
    }
    return list;
}
