/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A camera that is a file: its pictures and sound are pushed at the pace at which they were
 * recorded, from the begin again when it ends. For demonstrations, trials and tests; there is
 * nobody to connect to and nothing to wait for, so it is a driver of the loop.
 */
#include <errno.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/camera/av_streams.h"
#include "drivers/camera/cameras.h"
#include "drivers/camera/types.h"

#define LATE_US   1000000 /* more behind than this (the machine slept): its time goes on from now */
#define STEP_US   1000  /* between two units of a stream at least: more than a tick of any muxer */
#define LENGTH_US 40000 /* of a film of one picture */

struct camera {
    struct camera_host host;
    uv_timer_t timer;
    AVFormatContext *context;
    AVBSFContext *annexb; /* of the pictures: MP4 holds them in another form */
    AVPacket *packet;
    struct av_streams streams;
    struct camera_unit *next; /* waits for its time */
    int64_t begin_us;         /* CLOCK_MONOTONIC of the begin of this round */
    int64_t first_us;         /* media time of the first unit of the file */
    int64_t end_us;           /* of the newest picture of this round, on CLOCK_MONOTONIC */
    int64_t length_us;        /* of the picture before: many a film does not say */
    int64_t last_us[CAMERA_STREAMS_MAX];
    bool told; /* the streams */
};

static void free_camera(struct camera *c)
{
    camera_unit_unref(c->next);
    av_packet_free(&c->packet);
    av_bsf_free(&c->annexb);
    avformat_close_input(&c->context);
    free(c);
}

static void on_closed(uv_handle_t *handle)
{
    free_camera(handle->data);
}

static int fail(struct err *e, int code, const char *doing)
{
    char text[128];
    av_strerror(code, text, sizeof text);
    return err_set(e, EIO, "%s: %s", doing, text);
}

static int open_annexb(struct camera *c, struct err *e)
{
    const AVStream *stream = c->context->streams[c->streams.index[0]];
    const char *name =
        stream->codecpar->codec_id == AV_CODEC_ID_H264 ? "h264_mp4toannexb" : "hevc_mp4toannexb";
    int code = av_bsf_alloc(av_bsf_get_by_name(name), &c->annexb);
    if (code >= 0)
        code = avcodec_parameters_copy(c->annexb->par_in, stream->codecpar);
    if (code < 0)
        return fail(e, code, name);
    c->annexb->time_base_in = stream->time_base;
    code = av_bsf_init(c->annexb);
    if (code < 0)
        return fail(e, code, name);
    c->streams.streams[0].extradata = c->annexb->par_out->extradata;
    c->streams.streams[0].extradata_length = (size_t)c->annexb->par_out->extradata_size;
    return 0;
}

static int open_file(struct camera *c, const char *file, struct err *e)
{
    AVDictionary *options = NULL;
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    int code = avformat_open_input(&c->context, file, NULL, &options);
    av_dict_free(&options);
    if (code < 0)
        return fail(e, code, file);
    code = avformat_find_stream_info(c->context, NULL);
    if (code < 0)
        return fail(e, code, file);
    int result = av_streams_choose(c->context, &c->streams, e);
    if (result == 0)
        result = open_annexb(c, e);
    return err_prefix(e, result, "%s", file);
}

/* What stream of ours the packet belongs to; `count` of them: to none. */
static unsigned stream_of(const struct camera *c)
{
    unsigned stream = 0;
    while (stream < c->streams.count && c->streams.index[stream] != c->packet->stream_index)
        stream++;
    return stream;
}

static struct camera_unit *make_unit(struct camera *c, unsigned stream)
{
    const AVPacket *p = c->packet;
    const AVRational base = c->context->streams[p->stream_index]->time_base, us = {1, 1000000};
    struct camera_unit *unit = malloc(sizeof *unit + (size_t)p->size);
    if (!unit)
        return NULL;
    int64_t stamp = p->dts != AV_NOPTS_VALUE ? p->dts : p->pts;
    int64_t media_us = stamp != AV_NOPTS_VALUE ? av_rescale_q(stamp, base, us) : c->first_us;
    if (c->first_us == AV_NOPTS_VALUE)
        c->first_us = media_us;
    int64_t dts_us = c->begin_us + media_us - c->first_us;
    if (dts_us < c->last_us[stream] + STEP_US)
        dts_us = c->last_us[stream] + STEP_US;
    if (stream == 0) {
        if (c->last_us[0] >= c->begin_us)
            c->length_us = dts_us - c->last_us[0];
        c->end_us = dts_us + c->length_us;
    }
    c->last_us[stream] = dts_us;
    bool later = p->dts != AV_NOPTS_VALUE && p->pts != AV_NOPTS_VALUE && p->pts > p->dts;
    *unit = (struct camera_unit){.references = 1,
                                 .stream = stream,
                                 .key = stream > 0 || (p->flags & AV_PKT_FLAG_KEY),
                                 .dts_us = dts_us,
                                 .pts_us =
                                     dts_us + (later ? av_rescale_q(p->pts - p->dts, base, us) : 0),
                                 .length = (size_t)p->size};
    memcpy(unit->data, p->data, (size_t)p->size);
    return unit;
}

/* From the begin again, where the newest picture ends. */
static int rewind_file(struct camera *c)
{
    bool empty = c->end_us == c->begin_us;
    c->begin_us = c->end_us;
    c->first_us = AV_NOPTS_VALUE;
    av_bsf_flush(c->annexb);
    int64_t start = c->context->start_time != AV_NOPTS_VALUE ? c->context->start_time : 0;
    return empty ? AVERROR_INVALIDDATA : av_seek_frame(c->context, -1, start, AVSEEK_FLAG_BACKWARD);
}

/* One unit, or none of a packet that is nobody's. */
static int read_packet(struct camera *c)
{
    int code = av_read_frame(c->context, c->packet);
    if (code == AVERROR_EOF)
        return rewind_file(c);
    if (code < 0)
        return code;
    unsigned stream = stream_of(c);
    if (stream == 0) { /* one comes out for each that goes in */
        code = av_bsf_send_packet(c->annexb, c->packet);
        if (code >= 0)
            code = av_bsf_receive_packet(c->annexb, c->packet);
    }
    if (code >= 0 && stream < c->streams.count && c->packet->size > 0) {
        c->next = make_unit(c, stream);
        code = c->next ? 0 : AVERROR(ENOMEM);
    }
    av_packet_unref(c->packet);
    return code == AVERROR(EAGAIN) ? 0 : code;
}

/* Waits until `next` is due, which there is. */
static void wait_for_next(struct camera *c, uv_timer_cb handler)
{
    int64_t now_us = clock_monotonic_ns() / 1000, wait_us = c->next->dts_us - now_us;
    if (wait_us < -LATE_US) { /* what comes is as much later; this one tells of the pause */
        c->begin_us -= wait_us;
        c->end_us -= wait_us;
        c->next->dts_us -= wait_us;
        c->next->pts_us -= wait_us;
        c->last_us[c->next->stream] = c->next->dts_us;
        wait_us = 0;
    }
    uv_timer_start(&c->timer, handler, wait_us > 0 ? (uint64_t)(wait_us + 999) / 1000 : 0, 0);
}

static void on_timer(uv_timer_t *timer)
{
    struct camera *c = timer->data;
    struct camera_unit *due = c->next;
    struct err e;
    int code = 0;
    c->next = NULL;
    while (code >= 0 && !c->next)
        code = read_packet(c);
    if (code < 0)
        fail(&e, code, "read");
    else
        wait_for_next(c, on_timer);
    /* Last, since a handler may close it. */
    if (code < 0)
        c->host.on_fault(c->host.arg, e.text);
    else if (due)
        c->host.on_unit(c->host.arg, due);
    else
        c->host.on_streams(c->host.arg, c->streams.streams, c->streams.count);
    camera_unit_unref(due);
}

static int open_sim(const void *options, const struct camera_host *host, uv_loop_t *loop,
                    struct camera **ret_camera, struct err *e)
{
    const struct sim_camera_options *o = options;
    struct camera *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ENOMEM, "out of memory");
    av_log_set_level(AV_LOG_QUIET);
    c->host = *host;
    c->packet = av_packet_alloc();
    c->begin_us = c->end_us = clock_monotonic_ns() / 1000;
    c->first_us = AV_NOPTS_VALUE;
    c->length_us = LENGTH_US;
    int result = c->packet ? open_file(c, o->file, e) : err_set(e, ENOMEM, "out of memory");
    if (result != 0) {
        free_camera(c);
        return result;
    }
    uv_timer_init(loop, &c->timer);
    c->timer.data = c;
    uv_timer_start(&c->timer, on_timer, 0, 0);
    *ret_camera = c;
    return 0;
}

static void close_sim(struct camera *c)
{
    if (c)
        uv_close((uv_handle_t *)&c->timer, on_closed);
}

const struct camera_driver camera_sim = {
    .type = &camera_sim_type,
    .open = open_sim,
    .close = close_sim,
};
