/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin-video: alarms go there; states of cameras and clips come back. A clip that is announced
 * becomes a manifest event, and an upload to every receiver that takes clips once that event is on
 * the disk. Owns the video link.
 *
 * Subscribes to incidents, stored events, uploads and to who takes clips no more; nobody calls it
 * but its row of the gateway. Tells FACT_CLIP and FACT_CAMERA; states FAULT_CAMERA, FAULT_VIDEO,
 * FAULT_VIDEO_ROOM and FAULT_CLIPS. Loop thread only.
 */
#ifndef TOCSIN_CLIPS_CLIPS_H
#define TOCSIN_CLIPS_CLIPS_H

#include <jansson.h>

#include "events/events.h"
#include "facts/facts.h"
#include "incidents/incidents.h"
#include "inputs/section/inputs.h"
#include "video/section/cameras.h"
#include "video/section/video.h"

struct clips;

/* What it reads of the configuration. */
struct clips_config {
    const struct config_video *video;
    const struct config_cameras *cameras;
    const struct config_inputs *inputs;
    const struct config_receivers *receivers;
};

struct clips_options {
    uv_loop_t *loop;
    struct facts *facts;
    struct clips_config config; /* borrowed until clips_free, as are the next three */
    struct events *events;
    struct delivery *delivery;
    const struct incidents *incidents;
};

/* Uploads that were waiting (`found`) go on. Whatever it returns, `*ret_clips` is to be closed and
 * freed. */
int clips_open(const struct clips_options *options, const struct outbox_found *found,
               struct clips **ret_clips, struct err *e);
/* Those of a store that was not there at the start. */
void clips_catch_up(struct clips *cl, const struct outbox_found *found);
void clips_tick(struct clips *cl);
/* NULL is accepted here and below. */
void clips_close(struct clips *cl);
void clips_free(struct clips *cl);

bool clips_connected(const struct clips *cl);
/* Clips that wait for this receiver in the store alone, behind those that delivery has. */
size_t clips_held(const struct clips *cl, size_t receiver);
json_t *clips_cameras_status(const struct clips *cl);
json_t *clips_cameras_heartbeat(const struct clips *cl);
/* Of the clips' folder, for both; NULL without cameras. */
json_t *clips_room(const struct clips *cl);

#endif
