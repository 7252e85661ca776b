/* SPDX-License-Identifier: Apache-2.0 */
#include "video/ring.h"

static bool is_keyframe(const struct camera_unit *unit)
{
    return unit->stream == 0 && unit->key;
}

void ring_init(struct ring *ring, int64_t keep_us, size_t max_bytes)
{
    *ring = (struct ring){.keep_us = keep_us, .max_bytes = max_bytes};
}

static void drop_first(struct ring *ring)
{
    struct ring_entry *entry = ring->first;
    ring->first = entry->next;
    if (!ring->first)
        ring->last = NULL;
    ring->bytes -= entry->unit->length;
    ring->keyframes -= is_keyframe(entry->unit);
    camera_unit_unref(entry->unit);
    free(entry);
}

/* The second keyframe: where the ring would begin without its oldest group. */
static const struct ring_entry *second_group(const struct ring *ring)
{
    const struct ring_entry *entry = ring->first ? ring->first->next : NULL;
    while (entry && !is_keyframe(entry->unit))
        entry = entry->next;
    return entry;
}

static void drop_group(struct ring *ring)
{
    const struct ring_entry *next = second_group(ring);
    while (ring->first && ring->first != next)
        drop_first(ring);
}

bool ring_add(struct ring *ring, struct camera_unit *unit)
{
    if (!ring->first && !is_keyframe(unit))
        return true;
    struct ring_entry *entry = malloc(sizeof *entry);
    if (!entry)
        return false;
    *entry = (struct ring_entry){.unit = camera_unit_ref(unit)};
    if (ring->last)
        ring->last->next = entry;
    else
        ring->first = entry;
    ring->last = entry;
    ring->bytes += unit->length;
    ring->keyframes += is_keyframe(unit);
    if (is_keyframe(unit)) {
        for (const struct ring_entry *second; ring->keyframes > 1 &&
                                              (second = second_group(ring)) &&
                                              second->unit->dts_us <= unit->dts_us - ring->keep_us;)
            drop_group(ring);
    }
    while (ring->bytes > ring->max_bytes && ring->first)
        drop_group(ring);
    return true;
}

const struct ring_entry *ring_from(const struct ring *ring, int64_t us)
{
    const struct ring_entry *found = ring->first;
    for (const struct ring_entry *e = ring->first; e && e->unit->dts_us <= us; e = e->next) {
        if (is_keyframe(e->unit))
            found = e;
    }
    return found;
}

const struct ring_entry *ring_newest_keyframe(const struct ring *ring)
{
    return ring_from(ring, INT64_MAX);
}

void ring_clear(struct ring *ring)
{
    while (ring->first)
        drop_first(ring);
}
