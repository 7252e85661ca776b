/* SPDX-License-Identifier: Apache-2.0 */
#include "video/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define GAP_US    2000000 /* pictures further apart than this are not one recording */
#define FORGET_US INT64_C(3600000000)

static struct recording *find(struct recordings *r, const char *alarm)
{
    for (struct recording *one = r->list; one; one = one->next) {
        if (strcmp(one->alarm, alarm) == 0)
            return one;
    }
    return NULL;
}

static void miss(struct recording *one, int64_t since_us, const char *why)
{
    if (!one->missing_us)
        one->missing_us = since_us;
    snprintf(one->why, sizeof one->why, "%s", why);
}

/* Ends the part that is being written. */
static void end_part(struct recordings *r, struct recording *one, bool last)
{
    struct message message;
    struct err e;
    if (!one->clip)
        return;
    one->stop_us = clip_stop_us(one->clip);
    if (last && one->until_us - one->stop_us > GAP_US)
        clip_gap(one->clip, one->stop_us, one->until_us,
                 one->missing_us ? one->why : "no pictures from the camera");
    int result = clip_finish(one->clip, &message, &e);
    one->clip = NULL;
    if (result != 0) {
        log_error("clip", "part %u of alarm %s is lost: %s", one->part, one->alarm, e.text);
        return;
    }
    json_object_set_new(message.clip.manifest, "part", json_integer(one->part));
    json_object_set_new(message.clip.manifest, "last", json_boolean(last));
    r->on_done(r->arg, &message);
}

/* `first_us` is the keyframe with which it will begin. */
static bool begin_part(struct recordings *r, struct recording *one, int64_t first_us,
                       const struct camera_stream *streams, size_t stream_count)
{
    struct err e;
    if (clip_create(r->settings.folder, one->alarm, r->settings.camera, streams, stream_count,
                    &one->clip, &e) != 0) {
        log_error("clip", "alarm %s: %s", one->alarm, e.text);
        miss(one, first_us, e.text);
        return false;
    }
    one->part++;
    if (one->missing_us && first_us > one->missing_us)
        clip_gap(one->clip, one->missing_us, first_us, one->why);
    one->missing_us = 0;
    return true;
}

static void write_unit(struct recordings *r, struct recording *one, struct camera_unit *unit)
{
    struct err e;
    if (unit->stream == 0)
        one->seen_us = unit->dts_us;
    if (clip_write(one->clip, unit, &e) == 0)
        return;
    log_error("clip", "part %u of alarm %s ends early: %s", one->part, one->alarm, e.text);
    miss(one, clip_stop_us(one->clip), e.text);
    end_part(r, one, false);
}

static bool is_keyframe(const struct camera_unit *unit)
{
    return unit->stream == 0 && unit->key;
}

/* One unit after the other, from the ring or from the camera. */
static void take(struct recordings *r, struct recording *one, struct camera_unit *unit,
                 const struct camera_stream *streams, size_t stream_count)
{
    if (one->clip && is_keyframe(unit) && unit->dts_us - one->seen_us > GAP_US) {
        miss(one, clip_stop_us(one->clip), "no pictures from the camera");
        end_part(r, one, false);
    }
    if (!one->clip && is_keyframe(unit))
        begin_part(r, one, unit->dts_us, streams, stream_count);
    if (one->clip)
        write_unit(r, one, unit);
}

/* Part 1: what the ring holds. The next begins with the group that the press fell into. */
static void begin(struct recordings *r, struct recording *one, const struct ring *ring,
                  const struct camera_stream *streams, size_t stream_count)
{
    int64_t wanted_us = one->press_us - r->settings.pre_us;
    if (wanted_us < one->stop_us)
        wanted_us = one->stop_us;
    const struct ring_entry *from = ring_from(ring, wanted_us);
    miss(one, wanted_us, "the camera had not been there that long, or its memory was full");
    for (const struct ring_entry *entry = from; entry; entry = entry->next)
        take(r, one, entry->unit, streams, stream_count);
    if (!one->clip)
        return;
    end_part(r, one, false);
    one->seen_us = 0;
    for (const struct ring_entry *entry = ring_newest_keyframe(ring); entry; entry = entry->next)
        take(r, one, entry->unit, streams, stream_count);
}

static void extend(struct recordings *r, struct recording *one, int64_t press_us, int64_t now_us,
                   const struct ring *ring, const struct camera_stream *streams,
                   size_t stream_count)
{
    if (press_us <= one->press_us)
        return;
    one->press_us = press_us;
    one->until_us = press_us + r->settings.post_us;
    if (one->over && one->until_us > now_us) {
        one->over = false;
        one->seen_us = one->missing_us = 0;
        begin(r, one, ring, streams, stream_count);
    }
}

void recordings_press(struct recordings *r, const char *alarm, int64_t press_us,
                      const struct ring *ring, const struct camera_stream *streams,
                      size_t stream_count)
{
    int64_t now_us = clock_monotonic_ns() / 1000;
    struct recording *one = find(r, alarm);
    if (press_us > now_us) /* no press has been in the future: it would be recorded till then */
        press_us = now_us;
    if (one) {
        extend(r, one, press_us, now_us, ring, streams, stream_count);
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
    if (one->until_us < now_us) {
        one->over = true; /* told again after a restart; its time is gone */
        return;
    }
    begin(r, one, ring, streams, stream_count);
}

static void take_live(struct recordings *r, struct recording *one, struct camera_unit *unit,
                      const struct camera_stream *streams, size_t stream_count)
{
    if (one->over)
        return;
    if (unit->stream == 0 && unit->dts_us >= one->until_us) {
        end_part(r, one, true);
        one->over = true;
        return;
    }
    if (one->clip && is_keyframe(unit) &&
        unit->dts_us - clip_start_us(one->clip) >= r->settings.part_us)
        end_part(r, one, false);
    take(r, one, unit, streams, stream_count);
}

void recordings_unit(struct recordings *r, struct camera_unit *unit,
                     const struct camera_stream *streams, size_t stream_count)
{
    for (struct recording *one = r->list; one; one = one->next)
        take_live(r, one, unit, streams, stream_count);
}

void recordings_interrupt(struct recordings *r, int64_t now_us, const char *why)
{
    for (struct recording *one = r->list; one; one = one->next) {
        if (!one->over)
            miss(one, one->clip ? clip_stop_us(one->clip) : now_us, why);
    }
}

void recordings_resume(struct recordings *r)
{
    for (struct recording *one = r->list; one; one = one->next) {
        if (one->missing_us)
            end_part(r, one, false);
    }
}

void recordings_tick(struct recordings *r, int64_t now_us)
{
    for (struct recording **at = &r->list; *at;) {
        struct recording *one = *at;
        /* A second of grace: the unit that ends it may be on its way. */
        if (!one->over && now_us >= one->until_us + 1000000) {
            end_part(r, one, true);
            one->over = true;
        }
        /* Told again after that, it would be too old to begin anew. */
        if (one->over && now_us > one->until_us + FORGET_US) {
            *at = one->next;
            free(one);
        } else {
            at = &one->next;
        }
    }
}

void recordings_finish(struct recordings *r)
{
    while (r->list) {
        struct recording *one = r->list;
        r->list = one->next;
        end_part(r, one, false);
        free(one);
    }
}
