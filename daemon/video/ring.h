/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last seconds of a camera, coded: whole groups of pictures, bounded by time and by bytes.
 *
 * It always begins at a keyframe and reaches back at least `keep_us` (if the camera has been there
 * that long and the bytes allow). Pure; one thread.
 */
#ifndef TOCSIN_VIDEO_RING_H
#define TOCSIN_VIDEO_RING_H

#include "iface/camera.h"

struct ring_entry {
    struct ring_entry *next;
    struct camera_unit *unit;
};

struct ring {
    int64_t keep_us;
    size_t max_bytes;
    struct ring_entry *first, *last;
    size_t bytes;
    size_t keyframes; /* of the picture stream (stream 0) */
};

void ring_init(struct ring *ring, int64_t keep_us, size_t max_bytes);

/* Takes its own reference. Units before the first keyframe are not kept. False: out of memory. */
bool ring_add(struct ring *ring, struct camera_unit *unit);

/* The entry with the last keyframe at or before `us`; the oldest keyframe if none is; NULL if the
 * ring is empty. Walk on with ->next. */
const struct ring_entry *ring_from(const struct ring *ring, int64_t us);

/* The newest keyframe, or NULL. */
const struct ring_entry *ring_newest_keyframe(const struct ring *ring);

void ring_clear(struct ring *ring);

#endif
