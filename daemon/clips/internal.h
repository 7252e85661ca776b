/* SPDX-License-Identifier: Apache-2.0 */
/* The files of this folder among themselves. Loop thread only. */
#ifndef TOCSIN_CLIPS_INTERNAL_H
#define TOCSIN_CLIPS_INTERNAL_H

#include "clips/clips.h"
#include "videolink/link.h"

struct clip;

struct camera {
    const struct config_camera *config;
    enum message_camera_state state;
    bool known; /* tocsin-video has told of it since the link came up */
    char reason[FACT_REASON_SIZE];
    unsigned restarts;
    int64_t since_ms;
};

struct clips {
    struct clips_options options;
    struct link_client *link; /* NULL without cameras, and once closed */
    size_t camera_count;
    struct camera cameras[LIMIT_CAMERAS];
    struct clip *first;
    size_t count, unstored; /* clips; of them those whose manifest is not on the disk */
    size_t wanted;          /* clips that tocsin-video may say, and has not yet */
    bool full, flooded;     /* LIMIT_CLIPS_WAITING was reached, unasked clips came: was logged */
    unsigned refused;       /* clips of unknown alarms, since that was logged last */
    int64_t refused_ms;     /* when that was; 0: never */
    int64_t opened_ms;
    bool closed;
};

/* cameras.c */
void cameras_open(struct clips *cl);
void cameras_take(struct clips *cl, const struct message_camera *message);
/* Nobody tells of them any more. */
void cameras_lost(struct clips *cl);

#endif
