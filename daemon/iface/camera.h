/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The camera contract: coded pictures and sound, in order, with times. Ring, clip and whoever else
 * takes them do not care which driver brought them.
 *
 * A worker process has one camera and one thread; calls block, with the host's `on_wait` called at
 * least every 100 ms while they do. No call outlasts the moment at which `on_wait` says stop.
 */
#ifndef TOCSIN_IFACE_CAMERA_H
#define TOCSIN_IFACE_CAMERA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "iface/driver.h"

#define CAMERA_STREAMS_MAX 2

enum camera_codec {
    CAMERA_CODEC_H264,
    CAMERA_CODEC_H265,
    CAMERA_CODEC_AAC,
    CAMERA_CODEC_G711A,
    CAMERA_CODEC_G711U,
};

/* What a stream is; `extradata` is the driver's and lives until its close. */
struct camera_stream {
    enum camera_codec codec;
    bool video;
    int width, height;         /* video; 0 if not known */
    int sample_rate, channels; /* sound */
    const unsigned char *extradata;
    size_t extradata_length;
};

/* One coded picture (all its slices) or one piece of sound. Counted; one thread. */
struct camera_unit {
    unsigned references;
    unsigned stream; /* index */
    bool key;        /* decoding can begin here */
    int64_t dts_us;  /* CLOCK_MONOTONIC of this box, as near as it can be told; strictly */
    int64_t pts_us;  /* increasing dts in a stream */
    size_t length;
    unsigned char data[]; /* Annex B for H.264 and H.265 */
};

static inline struct camera_unit *camera_unit_ref(struct camera_unit *unit)
{
    unit->references++;
    return unit;
}

static inline void camera_unit_unref(struct camera_unit *unit)
{
    if (unit && --unit->references == 0)
        free(unit);
}

struct camera;

struct camera_host {
    /* Called while a call waits; nonzero: give up now. */
    int (*on_wait)(void *arg);
    void *arg;
};

struct camera_driver {
    const struct driver_type *type;
    /* Connects and learns the streams. */
    int (*open)(const void *options, const struct camera_host *host, struct camera **ret_camera,
                struct err *e);
    /* The streams, video first. */
    size_t (*streams)(struct camera *camera, struct camera_stream ret_streams[CAMERA_STREAMS_MAX]);
    /* The next unit (the caller's reference). An error ends the session: close and open anew. */
    int (*read)(struct camera *camera, struct camera_unit **ret_unit, struct err *e);
    void (*close)(struct camera *camera);
};

#endif
