/* SPDX-License-Identifier: Apache-2.0 */
#include "video/feed.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define BEHIND "the pictures could not be taken as fast as they came (a slow disk?)"

void feed_init(struct feed *f)
{
    *f = (struct feed){.sink_count = 0};
}

void feed_add(struct feed *f, const struct feed_sink *sink)
{
    assert(f->sink_count < FEED_SINKS_MAX);
    f->sinks[f->sink_count].sink = *sink;
    f->sinks[f->sink_count++].waiting = true;
}

static bool is_same(const struct camera_stream *a, const struct camera_stream *b)
{
    return a->codec == b->codec && a->width == b->width && a->height == b->height &&
           a->sample_rate == b->sample_rate && a->channels == b->channels &&
           a->extradata_length == b->extradata_length &&
           (a->extradata_length == 0 ||
            memcmp(a->extradata, b->extradata, a->extradata_length) == 0);
}

static bool are_known(const struct feed *f, const struct camera_stream *streams, size_t count)
{
    bool same = count == f->stream_count;
    for (size_t i = 0; same && i < count; i++)
        same = is_same(&streams[i], &f->streams[i]);
    return same;
}

static void forget_streams(struct feed *f)
{
    for (size_t i = 0; i < f->stream_count; i++)
        free((void *)(uintptr_t)f->streams[i].extradata);
    f->stream_count = 0;
}

static int copy_streams(struct feed *f, const struct camera_stream *streams, size_t count)
{
    forget_streams(f);
    for (size_t i = 0; i < count; i++) {
        unsigned char *copy = malloc(streams[i].extradata_length + 1);
        if (!copy)
            return -ENOMEM;
        if (streams[i].extradata_length > 0)
            memcpy(copy, streams[i].extradata, streams[i].extradata_length);
        f->streams[f->stream_count] = streams[i];
        f->streams[f->stream_count++].extradata = copy;
    }
    return 0;
}

int feed_streams(struct feed *f, const struct camera_stream *streams, size_t count, struct err *e)
{
    if (are_known(f, streams, count))
        return 0;
    if (copy_streams(f, streams, count) != 0) {
        forget_streams(f);
        return err_set(e, ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < f->sink_count; i++) {
        f->sinks[i].waiting = true;
        f->sinks[i].sink.on_streams(f->sinks[i].sink.self, f->streams, f->stream_count);
    }
    return 0;
}

void feed_unit(struct feed *f, struct camera_unit *unit)
{
    for (size_t i = 0; i < f->sink_count; i++) {
        const struct feed_sink *sink = &f->sinks[i].sink;
        bool waited = f->sinks[i].waiting;
        if (waited && !camera_unit_is_keyframe(unit))
            continue;
        f->sinks[i].waiting = !sink->on_unit(sink->self, unit);
        if (!f->sinks[i].waiting || waited)
            continue;
        log_warning("feed", "%s: no room: pictures are left out", sink->name);
        sink->on_gap(sink->self, unit->dts_us, BEHIND);
    }
}

void feed_gap(struct feed *f, int64_t from_us, const char *why)
{
    for (size_t i = 0; i < f->sink_count; i++) {
        f->sinks[i].waiting = true;
        f->sinks[i].sink.on_gap(f->sinks[i].sink.self, from_us, why);
    }
}

void feed_finish(struct feed *f)
{
    forget_streams(f);
    f->sink_count = 0;
}
