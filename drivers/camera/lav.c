/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RTSP over TCP by libavformat. Every call runs under the host's interrupt; nothing but rtsp, tcp
 * and rtp may be opened. What libavformat queued while it learned the streams is thrown away: it is
 * old by an unknown time.
 */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/camera/av_streams.h"
#include "drivers/camera/blocking.h"
#include "drivers/camera/cameras.h"
#include "drivers/camera/timeline.h"
#include "drivers/camera/types.h"

#define READ_TIMEOUT_US "5000000"
#define PROBE_BYTES     2000000
#define PROBE_US        3000000
#define QUEUED_US       2000 /* a packet that came faster than this had been waiting */
#define CREDENTIALS_SIZE                                                                           \
    128 /* libavformat's buffer for user:password, escaped; it cuts silently                       \
         */

struct blocking_source {
    struct camera_host host;
    AVFormatContext *context;
    AVPacket *packet;
    struct av_streams streams;
    struct timeline times[CAMERA_STREAMS_MAX];
    bool live; /* the queue of the opening is drained */
    /* The newest picture is not given out before the next one has begun: when a session breaks,
     * libavformat hands out what it has of the last picture as if it were whole. */
    struct camera_unit *held;
};

static int on_interrupt(void *arg)
{
    struct blocking_source *c = arg;
    return c->host.on_wait(c->host.arg);
}

/* What a technician can do about it; NULL: libavformat's own words must do. */
static const char *advice(int code)
{
    switch (code) {
    case AVERROR_EXIT:
        return "no answer within the time allowed";
    case AVERROR_HTTP_UNAUTHORIZED:
    case AVERROR_HTTP_FORBIDDEN:
        return "the camera refuses the user or the password";
    case AVERROR_HTTP_NOT_FOUND:
        return "the camera has no such stream: check the path of the url";
    case AVERROR_INVALIDDATA:
        return "no answer, or none that is RTSP: check address and port";
    case AVERROR_EOF:
        return "the camera closed the connection";
    default: /* not an enum of ours */
        return NULL;
    }
}

static int fail(struct err *e, int code, const char *doing)
{
    char text[128];
    av_strerror(code, text, sizeof text);
    return err_set(e, EIO, "%s: %s", doing, advice(code) ? advice(code) : text);
}

/* user:password@ with everything but letters and digits escaped. */
static void put_escaped(char *url, size_t size, const char *text)
{
    size_t used = strlen(url);
    for (const unsigned char *p = (const unsigned char *)(text ? text : ""); *p; p++) {
        bool plain =
            (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z');
        int more = snprintf(url + used, size - used, plain ? "%c" : "%%%02X", *p);
        used += more > 0 && used + (size_t)more < size ? (size_t)more : 0;
    }
}

static int make_url(const struct lav_options *o, char *url, size_t size, struct err *e)
{
    static const char scheme[] = "rtsp://";
    if (strncmp(o->url, scheme, sizeof scheme - 1) != 0)
        return err_set(e, EINVAL, "url must begin with rtsp://");
    snprintf(url, size, "%s", scheme);
    if (o->user) {
        put_escaped(url, size, o->user);
        strncat(url, ":", size - strlen(url) - 1);
        put_escaped(url, size, o->password);
        if (strlen(url) - (sizeof scheme - 1) >= CREDENTIALS_SIZE)
            return err_set(e, EINVAL, "user and password are too long together for libavformat");
        strncat(url, "@", size - strlen(url) - 1);
    }
    strncat(url, o->url + sizeof scheme - 1, size - strlen(url) - 1);
    return 0;
}

static void close_lav(struct blocking_source *c)
{
    if (!c)
        return;
    avformat_close_input(&c->context);
    av_packet_free(&c->packet);
    camera_unit_unref(c->held);
    free(c);
}

static int connect_to(struct blocking_source *c, const struct lav_options *o, struct err *e)
{
    char url[2048];
    int result = make_url(o, url, sizeof url, e);
    if (result != 0)
        return result;
    AVDictionary *options = NULL;
    av_dict_set(&options, "rtsp_transport", "tcp", 0);
    av_dict_set(&options, "timeout", READ_TIMEOUT_US, 0);
    av_dict_set(&options, "protocol_whitelist", "rtsp,tcp,rtp", 0);
    av_dict_set(&options, "max_delay", "0", 0);
    int code = avformat_open_input(&c->context, url, NULL, &options);
    explicit_bzero(url, sizeof url);
    av_dict_free(&options);
    if (code < 0) /* frees the context itself */
        return fail(e, code, "connect");
    c->context->probesize = PROBE_BYTES;
    c->context->max_analyze_duration = PROBE_US;
    code = avformat_find_stream_info(c->context, NULL);
    if (code < 0)
        return fail(e, code, "learn the streams");
    return av_streams_choose(c->context, &c->streams, e);
}

static int open_lav(const void *options, const struct camera_host *host,
                    struct blocking_source **ret_source, struct err *e)
{
    struct blocking_source *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ENOMEM, "out of memory");
    av_log_set_level(AV_LOG_QUIET); /* it would print urls with passwords */
    c->host = *host;
    c->context = avformat_alloc_context();
    c->packet = av_packet_alloc();
    int result = c->context && c->packet ? 0 : err_set(e, ENOMEM, "out of memory");
    if (result == 0) {
        c->context->interrupt_callback = (AVIOInterruptCB){on_interrupt, c};
        result = connect_to(c, options, e);
    }
    if (result != 0) {
        close_lav(c);
        return result;
    }
    *ret_source = c;
    return 0;
}

static size_t get_streams(const struct blocking_source *c,
                          struct camera_stream ret_streams[CAMERA_STREAMS_MAX])
{
    memcpy(ret_streams, c->streams.streams, sizeof c->streams.streams);
    return c->streams.count;
}

static struct camera_unit *make_unit(struct blocking_source *c, unsigned stream, int64_t arrival_us)
{
    const AVPacket *p = c->packet;
    struct camera_unit *unit = malloc(sizeof *unit + (size_t)p->size);
    if (!unit)
        return NULL;
    struct timeline *t = &c->times[stream];
    AVRational base = c->context->streams[c->streams.index[stream]]->time_base;
    const AVRational us = {1, 1000000};
    int64_t stamp = p->dts != AV_NOPTS_VALUE ? p->dts : p->pts;
    int64_t dts_us = stamp != AV_NOPTS_VALUE
                         ? timeline_place(t, av_rescale_q(stamp, base, us), arrival_us)
                         : timeline_place_unknown(t, arrival_us);
    int64_t later = p->dts != AV_NOPTS_VALUE && p->pts != AV_NOPTS_VALUE && p->pts > p->dts
                        ? av_rescale_q(p->pts - p->dts, base, us)
                        : 0;
    *unit = (struct camera_unit){.references = 1,
                                 .stream = stream,
                                 .key = !c->streams.streams[stream].video ||
                                        (p->flags & AV_PKT_FLAG_KEY),
                                 .dts_us = dts_us,
                                 .pts_us = dts_us + (later < TIMELINE_JUMP_US ? later : 0),
                                 .length = (size_t)p->size};
    memcpy(unit->data, p->data, (size_t)p->size);
    return unit;
}

static int read_lav(struct blocking_source *c, struct camera_unit **ret_unit, struct err *e)
{
    for (;;) {
        int64_t before_us = clock_monotonic_ns() / 1000;
        int code = av_read_frame(c->context, c->packet);
        int64_t arrival_us = clock_monotonic_ns() / 1000;
        if (code < 0)
            return fail(e, code, "read");
        unsigned stream = 0;
        while (stream < c->streams.count && c->streams.index[stream] != c->packet->stream_index)
            stream++;
        c->live = c->live || arrival_us - before_us > QUEUED_US;
        struct camera_unit *unit = NULL;
        bool wanted = c->live && stream < c->streams.count && c->packet->size > 0;
        if (wanted)
            unit = make_unit(c, stream, arrival_us);
        av_packet_unref(c->packet);
        if (wanted && !unit)
            return err_set(e, ENOMEM, "out of memory");
        if (unit && c->streams.streams[stream].video) {
            struct camera_unit *whole = c->held;
            c->held = unit;
            unit = whole;
        }
        if (unit) {
            *ret_unit = unit;
            return 0;
        }
        if (c->host.on_wait(c->host.arg))
            return err_set(e, ETIMEDOUT, "no picture within the time allowed");
    }
}

static const struct blocking_driver lav = {
    .open = open_lav,
    .streams = get_streams,
    .read = read_lav,
    .close = close_lav,
};

static int open_camera(const void *options, const struct camera_host *host, uv_loop_t *loop,
                       struct camera **ret_camera, struct err *e)
{
    return blocking_open(&lav, options, host, loop, ret_camera, e);
}

const struct camera_driver camera_lav = {
    .type = &camera_lav_type,
    .open = open_camera,
    .close = blocking_close,
};
