/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one camera sends, handed to everybody who wants it: its sinks (the ring, the clips, later a
 * recorder, the health, the media socket), each a file of its own.
 *
 * A sink never makes the feed wait. One that has no room for a unit says so at once; it then gets
 * nothing until the next keyframe for which it has room, and is told the gap first. A sink that
 * keeps up never notices. One thread; sinks are told in the order in which they were added.
 */
#ifndef TOCSIN_VIDEO_FEED_H
#define TOCSIN_VIDEO_FEED_H

#include "iface/camera.h"

#define FEED_SINKS_MAX 5

struct feed_sink {
    const char *name; /* for the log */
    /* The streams are these from now on: nothing that came before fits to what comes. Borrowed. */
    void (*on_streams)(void *self, const struct camera_stream *streams, size_t count);
    /* Takes its own reference; false: no room now. The first unit after streams or a gap is a
     * keyframe. */
    bool (*on_unit)(void *self, struct camera_unit *unit);
    /* Nothing came, or was taken, since `from_us`; that ends with the next unit, if one comes. */
    void (*on_gap)(void *self, int64_t from_us, const char *why);
    void *self;
};

struct feed {
    struct {
        struct feed_sink sink;
        bool waiting; /* for a keyframe */
    } sinks[FEED_SINKS_MAX];
    size_t sink_count;
    struct camera_stream streams[CAMERA_STREAMS_MAX]; /* their extradata is ours */
    size_t stream_count;
};

void feed_init(struct feed *f);

/* At most FEED_SINKS_MAX. Copied; `self` must outlive the feed. */
void feed_add(struct feed *f, const struct feed_sink *sink);

/* The camera's streams at the begin of a session: told on only if they are others than before. */
int feed_streams(struct feed *f, const struct camera_stream *streams, size_t count, struct err *e);

void feed_unit(struct feed *f, struct camera_unit *unit);

/* No units since `from_us` for this reason: the session broke, or the driver lost some. */
void feed_gap(struct feed *f, int64_t from_us, const char *why);

void feed_finish(struct feed *f);

#endif
