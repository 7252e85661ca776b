/* SPDX-License-Identifier: Apache-2.0 */
#include "video/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/log.h"

#define GAP_US    2000000 /* pictures further apart than this are not one recording */
#define END_US    100000  /* about a picture: what lacks more at its end says so */
#define GRACE_US  1000000 /* after the end, until the clock ends it: none come, as was told */
#define LATE_US   3000000 /* and so much more for pictures that may be late */
#define FORGET_US INT64_C(3600000000)

static struct recording *find(struct recordings *r, const char *alarm)
{
    struct recording *one;
    LIST_FOREACH(one, &r->list, link)
    {
        if (strcmp(one->alarm, alarm) == 0)
            return one;
    }
    return NULL;
}

/* `why` may have a camera's own words in it: the gateway signs one line of text, and nothing else.
 */
static void miss(struct recording *one, int64_t since_us, const char *why)
{
    if (!one->missing_us)
        one->missing_us = since_us;
    encode_copy_utf8(one->why, sizeof one->why, why);
    for (char *at = one->why; *at; at++)
        *at = (unsigned char)*at < ' ' || *at == 127 ? ' ' : *at;
}

/* Ends the part that is being written. */
static void end_part(struct recordings *r, struct recording *one, bool last)
{
    struct message message;
    struct err e;
    if (!one->clip)
        return;
    one->stop_us = clip_stop_us(one->clip);
    if (last && one->until_us - one->stop_us > END_US)
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
static bool begin_part(struct recordings *r, struct recording *one, int64_t first_us)
{
    struct err e;
    if (clip_create(r->settings.folder, one->alarm, r->settings.camera, r->streams, r->stream_count,
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

/* Pictures far apart are not one part, even if nobody told a gap. */
static void end_if_silent(struct recordings *r, struct recording *one,
                          const struct camera_unit *unit)
{
    if (!one->clip || !camera_unit_is_keyframe(unit) || unit->dts_us - one->seen_us <= GAP_US)
        return;
    miss(one, clip_stop_us(one->clip), "no pictures from the camera");
    end_part(r, one, false);
}

/* The next picture has come, and is not of this part: that tells how long the newest one lasted. */
static void end_before(struct recordings *r, struct recording *one, const struct camera_unit *next,
                       bool last)
{
    if (one->clip && !one->missing_us && next->dts_us - one->seen_us <= GAP_US)
        clip_lasts(one->clip, next->dts_us);
    end_part(r, one, last);
}

/* One unit after the other, from the ring or from the camera. */
static void take(struct recordings *r, struct recording *one, struct camera_unit *unit)
{
    end_if_silent(r, one, unit);
    if (one->clip && camera_unit_is_keyframe(unit) && clip_is_full(one->clip))
        end_before(r, one, unit, false);
    if (!one->clip && camera_unit_is_keyframe(unit))
        begin_part(r, one, unit->dts_us);
    if (one->clip)
        write_unit(r, one, unit);
}

static void take_live(struct recordings *r, struct recording *one, struct camera_unit *unit)
{
    if (one->over)
        return;
    if (unit->stream == 0 && unit->dts_us >= one->until_us) {
        end_before(r, one, unit, true);
        one->over = true;
        return;
    }
    if (one->missing_us)
        end_part(r, one, false);
    end_if_silent(r, one, unit); /* before its length ends it: that is no reason for a gap */
    if (one->clip && camera_unit_is_keyframe(unit) &&
        unit->dts_us - clip_start_us(one->clip) >= r->settings.part_us)
        end_before(r, one, unit, false);
    take(r, one, unit);
}

/* Part 1: what the ring holds. The next begins with the group that the press fell into. */
static void begin(struct recordings *r, struct recording *one, int64_t wanted_us,
                  const struct ring *ring)
{
    const struct ring_entry *from = ring_from(ring, wanted_us);
    miss(one, wanted_us, "the camera had not been there that long, or its memory was full");
    for (const struct ring_entry *entry = from; entry; entry = TAILQ_NEXT(entry, link))
        take(r, one, entry->unit);
    if (!one->clip)
        return;
    end_part(r, one, false);
    one->seen_us = 0;
    for (const struct ring_entry *entry = ring_newest_keyframe(ring); entry;
         entry = TAILQ_NEXT(entry, link))
        take(r, one, entry->unit);
}

/* Told when its time is over: for the first time, or once more after a restart, when no pictures of
 * that time are here. */
static void begin_late(struct recordings *r, struct recording *one, int64_t wanted_us,
                       const struct ring *ring)
{
    const struct ring_entry *from = ring_from(ring, wanted_us);
    if (!from || from->unit->dts_us >= one->until_us) {
        one->over = true;
        log_warning("clip",
                    "alarm %s was told when its time was over, and no pictures of it are "
                    "in memory: no clip is begun",
                    one->alarm);
        return;
    }
    miss(one, wanted_us, "the alarm was told late, and older pictures were gone");
    for (; from; from = TAILQ_NEXT(from, link))
        take_live(r, one, from->unit);
}

static void start(struct recordings *r, struct recording *one, int64_t now_us,
                  const struct ring *ring)
{
    int64_t wanted_us = one->press_us - r->settings.pre_us;
    if (wanted_us < one->stop_us)
        wanted_us = one->stop_us;
    one->over = false;
    one->seen_us = one->missing_us = 0;
    if (one->until_us < now_us)
        begin_late(r, one, wanted_us, ring);
    else
        begin(r, one, wanted_us, ring);
}

static void extend(struct recordings *r, struct recording *one, int64_t press_us, int64_t now_us,
                   const struct ring *ring)
{
    if (press_us <= one->press_us)
        return;
    one->press_us = press_us;
    one->until_us = press_us + r->settings.post_us;
    if (one->over)
        start(r, one, now_us, ring);
}

void recordings_init(struct recordings *r, const struct recording_settings *settings,
                     recording_done_handler on_done, void *arg)
{
    *r = (struct recordings){.settings = *settings, .on_done = on_done, .arg = arg};
    LIST_INIT(&r->list);
}

void recordings_streams(struct recordings *r, const struct camera_stream *streams, size_t count)
{
    struct recording *one;
    LIST_FOREACH(one, &r->list, link)
    {
        end_part(r, one, false);
    }
    r->streams = streams;
    r->stream_count = count;
}

void recordings_press(struct recordings *r, const char *alarm, int64_t press_us, int64_t now_us,
                      const struct ring *ring)
{
    struct recording *one = find(r, alarm);
    if (press_us > now_us) /* no press has been in the future: it would be recorded till then */
        press_us = now_us;
    if (one) {
        extend(r, one, press_us, now_us, ring);
        return;
    }
    one = calloc(1, sizeof *one);
    if (!one)
        return;
    snprintf(one->alarm, sizeof one->alarm, "%s", alarm);
    one->press_us = press_us;
    one->until_us = press_us + r->settings.post_us;
    LIST_INSERT_HEAD(&r->list, one, link);
    start(r, one, now_us, ring);
}

void recordings_unit(struct recordings *r, struct camera_unit *unit)
{
    struct recording *one;
    LIST_FOREACH(one, &r->list, link)
    {
        take_live(r, one, unit);
    }
}

void recordings_gap(struct recordings *r, int64_t from_us, const char *why)
{
    struct recording *one;
    LIST_FOREACH(one, &r->list, link)
    {
        if (!one->over)
            miss(one, one->clip ? clip_stop_us(one->clip) : from_us, why);
    }
}

void recordings_tick(struct recordings *r, int64_t now_us)
{
    for (struct recording *one = LIST_FIRST(&r->list), *next; one; one = next) {
        next = LIST_NEXT(one, link);
        /* The unit that ends it may be on its way: by arrival it comes after its time. */
        int64_t end_us = one->until_us + GRACE_US + (one->missing_us ? 0 : LATE_US);
        if (!one->over && now_us >= end_us) {
            end_part(r, one, true);
            one->over = true;
        }
        /* Told again after that, it would be too old to begin anew. */
        if (one->over && now_us > one->until_us + FORGET_US) {
            LIST_REMOVE(one, link);
            free(one);
        }
    }
}

void recordings_finish(struct recordings *r)
{
    for (struct recording *one; (one = LIST_FIRST(&r->list));) {
        LIST_REMOVE(one, link);
        end_part(r, one, false);
        free(one);
    }
}
