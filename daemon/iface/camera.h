/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The camera contract: coded pictures and sound, in order, with times, pushed to the host. Feed,
 * ring, clip and whoever else takes them do not care which driver brought them.
 *
 * One session is one `open` to one `close`. The host is told the streams once, then units, gaps and
 * at last a fault, always from the loop, never from within `open` or `close`. After `on_fault` only
 * `close` makes sense; it may be called from within any of the host's handlers, and none of them is
 * called after it. A driver that blocks calls `on_wait` at least every 100 ms while it does, also
 * within `close` (to say good-bye may take a while): what else the process has to do is done there,
 * and no call outlasts the moment at which it says stop. Everything in the thread of the loop.
 */
#ifndef TOCSIN_IFACE_CAMERA_H
#define TOCSIN_IFACE_CAMERA_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <uv.h>

#include "base/err.h"
#include "iface/driver.h"
#include "iface/limits.h"

#define CAMERA_STREAMS_MAX LIMIT_STREAMS

enum camera_codec {
    CAMERA_CODEC_H264,
    CAMERA_CODEC_H265,
    CAMERA_CODEC_AAC,
    CAMERA_CODEC_G711A,
    CAMERA_CODEC_G711U,
};

/* What a stream is. `extradata` belongs to whoever shows it and is borrowed for the call. */
struct camera_stream {
    enum camera_codec codec;
    bool video;
    int width, height;         /* video; 0 if not known */
    int sample_rate, channels; /* sound */
    const unsigned char *extradata;
    size_t extradata_length;
};

/* One coded picture (all its slices) or one piece of sound. Counted; never changed once it was
 * handed on, so that threads may share it. */
struct camera_unit {
    atomic_uint references;
    unsigned stream; /* index */
    bool key;        /* decoding can begin here */
    int64_t dts_us;  /* CLOCK_MONOTONIC of this box, as near as it can be told; strictly */
    int64_t pts_us;  /* increasing dts in a stream */
    size_t length;
    unsigned char data[]; /* Annex B for H.264 and H.265 */
};

static inline struct camera_unit *camera_unit_ref(struct camera_unit *unit)
{
    atomic_fetch_add(&unit->references, 1);
    return unit;
}

static inline void camera_unit_unref(struct camera_unit *unit)
{
    if (unit && atomic_fetch_sub(&unit->references, 1) == 1)
        free(unit);
}

/* A picture with which decoding can begin; stream 0 is the pictures. */
static inline bool camera_unit_is_keyframe(const struct camera_unit *unit)
{
    return unit->stream == 0 && unit->key;
}

struct camera;

struct camera_host {
    /* The streams, pictures first. Before the first unit. */
    void (*on_streams)(void *arg, const struct camera_stream *streams, size_t count);
    void (*on_unit)(void *arg, struct camera_unit *unit); /* borrowed */
    /* Nothing came since `from_us` (CLOCK_MONOTONIC), and not for want of the camera's pictures:
     * the session goes on with the next unit, a keyframe. */
    void (*on_gap)(void *arg, int64_t from_us, const char *why);
    /* The session is over, and what a technician can do about it. */
    void (*on_fault)(void *arg, const char *reason);
    /* Called while the driver blocks; nonzero: give up now. */
    int (*on_wait)(void *arg);
    void *arg;
};

struct camera_driver {
    const struct driver_type *type;
    /* Begins a session. An error means that nothing was begun; later ones go to `on_fault`. */
    int (*open)(const void *options, const struct camera_host *host, uv_loop_t *loop,
                struct camera **ret_camera, struct err *e);
    /* Ends it; what is to be freed is freed once the loop has closed its handles. */
    void (*close)(struct camera *camera);
};

#endif
