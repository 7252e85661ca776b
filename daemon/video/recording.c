/* SPDX-License-Identifier: Apache-2.0 */
#include "video/recording.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static struct recording *find(struct recordings *r, const char *alarm)
{
    for (struct recording *one = r->list; one; one = one->next) {
        if (strcmp(one->alarm, alarm) == 0)
            return one;
    }
    return NULL;
}

static void add_gap(struct recording *one, int64_t from_us, int64_t to_us, const char *why)
{
    if (!one->gaps)
        one->gaps = json_array();
    json_array_append_new(one->gaps,
                          json_pack("{sI,sI,ss}", "from_ms", (json_int_t)(from_us / 1000), "to_ms",
                                    (json_int_t)(to_us / 1000), "why", why));
}

/* Ends the part that is being written. */
static void end_part(struct recordings *r, struct recording *one, bool last)
{
    json_t *manifest = NULL;
    char path[256], id[UUID_TEXT_SIZE];
    struct err e;
    if (!one->clip)
        return;
    memcpy(id, clip_id(one->clip), sizeof id);
    int result = clip_finish(one->clip, &manifest, path, &e);
    one->clip = NULL;
    if (result != 0) {
        log_error("clip", "part %u of alarm %s is lost: %s", one->part, one->alarm, e.text);
        return;
    }
    json_object_set_new(manifest, "part", json_integer(one->part));
    json_object_set_new(manifest, "last", json_boolean(last));
    json_object_set_new(manifest, "gaps", one->gaps ? one->gaps : json_array());
    one->gaps = NULL;
    r->on_done(r->arg, one->alarm, id, path, manifest);
}

static bool begin_part(struct recordings *r, struct recording *one,
                       const struct camera_stream *streams, size_t stream_count)
{
    struct err e;
    if (clip_create(r->settings.folder, streams, stream_count, &one->clip, &e) != 0) {
        log_error("clip", "alarm %s: %s", one->alarm, e.text);
        return false;
    }
    one->part++;
    return true;
}

static void write_unit(struct recording *one, const struct camera_unit *unit)
{
    struct err e;
    if (clip_write(one->clip, unit, &e) == 0)
        return;
    log_error("clip", "part %u of alarm %s is lost: %s", one->part, one->alarm, e.text);
    clip_abandon(one->clip);
    one->clip = NULL;
}

static void write_ring(struct recording *one, const struct ring_entry *from)
{
    for (const struct ring_entry *entry = from; entry && one->clip; entry = entry->next)
        write_unit(one, entry->unit);
}

static void begin(struct recordings *r, struct recording *one, const struct ring *ring,
                  const struct camera_stream *streams, size_t stream_count)
{
    int64_t wanted_us = one->press_us - r->settings.pre_us;
    const struct ring_entry *from = ring_from(ring, wanted_us);
    if (!from || !begin_part(r, one, streams, stream_count)) {
        one->missing_us = wanted_us;
        return;
    }
    if (from->unit->dts_us > wanted_us)
        add_gap(one, wanted_us, from->unit->dts_us,
                "the camera had not been there that long, or its memory was full");
    write_ring(one, from);
    end_part(r, one, false);
    if (begin_part(r, one, streams, stream_count))
        write_ring(one, ring_newest_keyframe(ring));
}

void recordings_press(struct recordings *r, const char *alarm, int64_t press_us,
                      const struct ring *ring, const struct camera_stream *streams,
                      size_t stream_count)
{
    struct recording *one = find(r, alarm);
    if (one) {
        if (press_us > one->press_us)
            one->until_us = press_us + r->settings.post_us;
        one->press_us = press_us > one->press_us ? press_us : one->press_us;
        if (one->over && one->until_us > clock_monotonic_ns() / 1000) {
            one->over = false;
            one->missing_us = clock_monotonic_ns() / 1000;
        }
        return;
    }
    one = calloc(1, sizeof *one);
    if (!one)
        return;
    snprintf(one->alarm, sizeof one->alarm, "%s", alarm);
    one->press_us = press_us;
    one->until_us = press_us + r->settings.post_us;
    one->next = r->list;
    r->list = one;
    if (one->until_us < clock_monotonic_ns() / 1000) {
        one->over = true; /* told again after a restart; its time is gone */
        return;
    }
    begin(r, one, ring, streams, stream_count);
}

static void take_unit(struct recordings *r, struct recording *one, const struct camera_unit *unit,
                      const struct camera_stream *streams, size_t stream_count)
{
    bool keyframe = unit->stream == 0 && unit->key;
    if (one->over)
        return;
    if (unit->stream == 0 && unit->dts_us >= one->until_us) {
        end_part(r, one, true);
        one->over = true;
        return;
    }
    if (one->clip && keyframe && unit->dts_us - clip_start_us(one->clip) >= r->settings.part_us) {
        end_part(r, one, false);
        one->missing_us = 0;
    }
    if (!one->clip && keyframe && begin_part(r, one, streams, stream_count)) {
        if (one->missing_us && unit->dts_us > one->missing_us)
            add_gap(one, one->missing_us, unit->dts_us, "no pictures from the camera");
        one->missing_us = 0;
    }
    if (one->clip)
        write_unit(one, unit);
}

void recordings_unit(struct recordings *r, const struct camera_unit *unit,
                     const struct camera_stream *streams, size_t stream_count)
{
    for (struct recording *one = r->list; one; one = one->next)
        take_unit(r, one, unit, streams, stream_count);
}

void recordings_interrupt(struct recordings *r, int64_t now_us)
{
    for (struct recording *one = r->list; one; one = one->next) {
        if (one->over)
            continue;
        end_part(r, one, now_us >= one->until_us);
        if (!one->missing_us)
            one->missing_us = now_us;
    }
}

void recordings_tick(struct recordings *r, int64_t now_us)
{
    /* A second of grace: the unit that ends it may be on its way. */
    for (struct recording *one = r->list; one; one = one->next) {
        if (one->over || now_us < one->until_us + 1000000)
            continue;
        end_part(r, one, true);
        one->over = true;
    }
}

void recordings_finish(struct recordings *r)
{
    while (r->list) {
        struct recording *one = r->list;
        r->list = one->next;
        end_part(r, one, false);
        json_decref(one->gaps);
        free(one);
    }
}
