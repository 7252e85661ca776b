/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last seconds of a camera, coded: whole groups of pictures, bounded by time and by bytes.
 *
 * It always begins at a keyframe and reaches back at least `keep_us` (if the camera has been there
 * that long and the bytes allow). A sink of the feed. Pure; one thread.
 */
#ifndef TOCSIN_VIDEO_RING_H
#define TOCSIN_VIDEO_RING_H

#include <sys/queue.h>

#include "video/feed.h"

struct ring_entry {
    TAILQ_ENTRY(ring_entry) link;
    struct camera_unit *unit;
};

TAILQ_HEAD(ring_list, ring_entry);

struct ring {
    int64_t keep_us;
    size_t max_bytes;
    struct ring_list entries;
    size_t bytes;
    size_t keyframes; /* of the picture stream (stream 0) */
};

void ring_init(struct ring *ring, int64_t keep_us, size_t max_bytes);

/* Takes its own reference. Units before the first keyframe are not kept. False: out of memory. */
bool ring_add(struct ring *ring, struct camera_unit *unit);

/* The entry with the last keyframe at or before `us`; the oldest keyframe if none is; NULL if the
 * ring is empty. Walk on with TAILQ_NEXT. */
const struct ring_entry *ring_from(const struct ring *ring, int64_t us);

/* The newest keyframe, or NULL. */
const struct ring_entry *ring_newest_keyframe(const struct ring *ring);

/* `ret_copy` shares the units of `ring` as it is now; ring_clear it. As much as memory allows. */
void ring_copy(const struct ring *ring, struct ring *ret_copy);

void ring_clear(struct ring *ring);

/* The ring as a sink: other streams empty it; over a gap it keeps what it has. */
struct feed_sink ring_sink(struct ring *ring);

#endif
