/* SPDX-License-Identifier: Apache-2.0 */
#include "video/ring.h"

void ring_init(struct ring *ring, int64_t keep_us, size_t max_bytes)
{
    *ring = (struct ring){.keep_us = keep_us, .max_bytes = max_bytes};
    TAILQ_INIT(&ring->entries);
}

static void drop_first(struct ring *ring)
{
    struct ring_entry *entry = TAILQ_FIRST(&ring->entries);
    TAILQ_REMOVE(&ring->entries, entry, link);
    ring->bytes -= entry->unit->length;
    ring->keyframes -= camera_unit_is_keyframe(entry->unit);
    camera_unit_unref(entry->unit);
    free(entry);
}

/* The second keyframe: where the ring would begin without its oldest group. */
static const struct ring_entry *second_group(const struct ring *ring)
{
    const struct ring_entry *entry = TAILQ_FIRST(&ring->entries);
    do
        entry = entry ? TAILQ_NEXT(entry, link) : NULL;
    while (entry && !camera_unit_is_keyframe(entry->unit));
    return entry;
}

static void drop_group(struct ring *ring)
{
    const struct ring_entry *next = second_group(ring);
    while (!TAILQ_EMPTY(&ring->entries) && TAILQ_FIRST(&ring->entries) != next)
        drop_first(ring);
}

static bool append(struct ring *ring, struct camera_unit *unit)
{
    struct ring_entry *entry = malloc(sizeof *entry);
    if (!entry)
        return false;
    entry->unit = camera_unit_ref(unit);
    TAILQ_INSERT_TAIL(&ring->entries, entry, link);
    ring->bytes += unit->length;
    ring->keyframes += camera_unit_is_keyframe(unit);
    return true;
}

/* Without its oldest group it would still reach back far enough. */
static bool has_group_to_spare(const struct ring *ring, int64_t now_us)
{
    const struct ring_entry *second = ring->keyframes > 1 ? second_group(ring) : NULL;
    return second && second->unit->dts_us <= now_us - ring->keep_us;
}

bool ring_add(struct ring *ring, struct camera_unit *unit)
{
    if (TAILQ_EMPTY(&ring->entries) && !camera_unit_is_keyframe(unit))
        return true;
    if (!append(ring, unit))
        return false;
    while (camera_unit_is_keyframe(unit) && has_group_to_spare(ring, unit->dts_us))
        drop_group(ring);
    while (ring->bytes > ring->max_bytes && !TAILQ_EMPTY(&ring->entries))
        drop_group(ring);
    return true;
}

const struct ring_entry *ring_from(const struct ring *ring, int64_t us)
{
    const struct ring_entry *found = TAILQ_FIRST(&ring->entries);
    for (const struct ring_entry *e = found; e && e->unit->dts_us <= us; e = TAILQ_NEXT(e, link)) {
        if (camera_unit_is_keyframe(e->unit))
            found = e;
    }
    return found;
}

const struct ring_entry *ring_newest_keyframe(const struct ring *ring)
{
    return ring_from(ring, INT64_MAX);
}

void ring_copy(const struct ring *ring, struct ring *ret_copy)
{
    const struct ring_entry *e;
    ring_init(ret_copy, ring->keep_us, ring->max_bytes);
    TAILQ_FOREACH(e, &ring->entries, link)
    {
        if (!append(ret_copy, e->unit))
            return;
    }
}

void ring_clear(struct ring *ring)
{
    while (!TAILQ_EMPTY(&ring->entries))
        drop_first(ring);
}

static void on_streams(void *self, const struct camera_stream *streams, size_t count)
{
    (void)streams;
    (void)count;
    ring_clear(self);
}

static bool on_unit(void *self, struct camera_unit *unit)
{
    return ring_add(self, unit);
}

static void on_gap(void *self, int64_t from_us, const char *why)
{
    (void)self;
    (void)from_us;
    (void)why;
}

struct feed_sink ring_sink(struct ring *ring)
{
    return (struct feed_sink){.name = "ring",
                              .on_streams = on_streams,
                              .on_unit = on_unit,
                              .on_gap = on_gap,
                              .self = ring};
}
