/* SPDX-License-Identifier: Apache-2.0 */
#include "video/clip.h"

#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "wire/digest.h"

#define CHUNK_BYTES  4194304
#define BUFFER_BYTES 65536

struct clip_file {
    char id[UUID_TEXT_SIZE];
    char folder[200];
    int fd, folder_fd;
    int write_error;
    AVFormatContext *muxer;
    AVPacket *packet;
    size_t stream_count;
    struct camera_stream streams[CAMERA_STREAMS_MAX];
    bool sound_g711;
    int64_t start_us, stop_us, group_us;
    int64_t length, chunk_length;
    struct digest_stream *whole, *chunk, *group;
    json_t *chunks, *groups;
};

static enum AVCodecID codec_id(enum camera_codec codec)
{
    switch (codec) {
    case CAMERA_CODEC_H264:
        return AV_CODEC_ID_H264;
    case CAMERA_CODEC_H265:
        return AV_CODEC_ID_HEVC;
    case CAMERA_CODEC_AAC:
        return AV_CODEC_ID_AAC;
    case CAMERA_CODEC_G711A:
        return AV_CODEC_ID_PCM_ALAW;
    case CAMERA_CODEC_G711U:
        return AV_CODEC_ID_PCM_MULAW;
    }
    return AV_CODEC_ID_NONE;
}

static const char *codec_name(enum camera_codec codec)
{
    static const char *const names[] = {
        [CAMERA_CODEC_H264] = "h264",   [CAMERA_CODEC_H265] = "h265",   [CAMERA_CODEC_AAC] = "aac",
        [CAMERA_CODEC_G711A] = "g711a", [CAMERA_CODEC_G711U] = "g711u",
    };
    return names[codec];
}

static void append_hash(json_t *list, struct digest_stream *stream)
{
    unsigned char digest[DIGEST_BYTES];
    char hex[ENCODE_HEX_SIZE(DIGEST_BYTES)];
    digest_stream_take(stream, digest);
    encode_hex(digest, DIGEST_BYTES, hex);
    json_array_append_new(list, json_string(hex));
}

static void hash(struct clip_file *c, const unsigned char *data, size_t length)
{
    digest_stream_add(c->whole, data, length);
    digest_stream_add(c->group, data, length);
    c->length += (int64_t)length;
    while (length > 0) {
        size_t room = CHUNK_BYTES - (size_t)c->chunk_length;
        size_t take = length < room ? length : room;
        digest_stream_add(c->chunk, data, take);
        c->chunk_length += (int64_t)take;
        data += take;
        length -= take;
        if (c->chunk_length == CHUNK_BYTES) {
            append_hash(c->chunks, c->chunk);
            c->chunk_length = 0;
        }
    }
}

/* libavformat's way to the file: straight on, never back. */
static int on_write(void *arg, uint8_t *data, int length)
{
    struct clip_file *c = arg;
    for (int done = 0; done < length;) {
        ssize_t written = write(c->fd, data + done, (size_t)(length - done));
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            c->write_error = errno ? errno : EIO;
            return AVERROR(c->write_error);
        }
        done += (int)written;
    }
    hash(c, data, (size_t)length);
    return length;
}

static int fail(struct clip_file *c, int code, const char *doing, struct err *e)
{
    char text[128];
    if (c->write_error)
        return err_system(e, c->write_error, "clip: %s", doing);
    av_strerror(code, text, sizeof text);
    return err_set(e, EIO, "clip: %s: %s", doing, text);
}

static void free_clip(struct clip_file *c)
{
    if (c->muxer) {
        if (c->muxer->pb) {
            av_freep(&c->muxer->pb->buffer);
            avio_context_free(&c->muxer->pb);
        }
        avformat_free_context(c->muxer);
    }
    av_packet_free(&c->packet);
    digest_stream_destroy(c->whole);
    digest_stream_destroy(c->chunk);
    digest_stream_destroy(c->group);
    json_decref(c->chunks);
    json_decref(c->groups);
    if (c->fd >= 0)
        close(c->fd);
    if (c->folder_fd >= 0)
        close(c->folder_fd);
    free(c);
}

static int add_stream(struct clip_file *c, const struct camera_stream *s)
{
    AVStream *stream = avformat_new_stream(c->muxer, NULL);
    if (!stream)
        return -ENOMEM;
    AVCodecParameters *p = stream->codecpar;
    p->codec_type = s->video ? AVMEDIA_TYPE_VIDEO : AVMEDIA_TYPE_AUDIO;
    p->codec_id = codec_id(s->codec);
    p->width = s->width;
    p->height = s->height;
    p->sample_rate = s->sample_rate;
    if (!s->video)
        av_channel_layout_default(&p->ch_layout, s->channels ? s->channels : 1);
    if (s->codec == CAMERA_CODEC_H265)
        p->codec_tag = MKTAG('h', 'v', 'c', '1'); /* Apple's players refuse hev1 */
    p->extradata = av_mallocz(s->extradata_length + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!p->extradata)
        return -ENOMEM;
    memcpy(p->extradata, s->extradata ? s->extradata : (const unsigned char *)"",
           s->extradata ? s->extradata_length : 0);
    p->extradata_size = (int)s->extradata_length;
    stream->time_base = s->video ? (AVRational){1, 90000} : (AVRational){1, s->sample_rate};
    return 0;
}

static int open_muxer(struct clip_file *c, struct err *e)
{
    int code = avformat_alloc_output_context2(&c->muxer, NULL, c->sound_g711 ? "mov" : "mp4", NULL);
    if (code < 0)
        return fail(c, code, "open", e);
    unsigned char *buffer = av_malloc(BUFFER_BYTES);
    if (buffer)
        c->muxer->pb = avio_alloc_context(buffer, BUFFER_BYTES, 1, c, NULL, on_write, NULL);
    if (!c->muxer->pb) {
        av_free(buffer);
        return err_set(e, ENOMEM, "clip: out of memory");
    }
    c->muxer->flags |= AVFMT_FLAG_CUSTOM_IO;
    for (size_t i = 0; i < c->stream_count; i++) {
        if (add_stream(c, &c->streams[i]) != 0)
            return err_set(e, ENOMEM, "clip: out of memory");
    }
    AVDictionary *options = NULL;
    av_dict_set(&options, "movflags", "frag_custom+empty_moov+default_base_moof", 0);
    code = avformat_write_header(c->muxer, &options);
    av_dict_free(&options);
    return code < 0 ? fail(c, code, "header", e) : 0;
}

int clip_create(const char *folder, const struct camera_stream *streams, size_t stream_count,
                struct clip_file **ret_clip, struct err *e)
{
    struct clip_file *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ENOMEM, "clip: out of memory");
    char name[64];
    uuid_v7(clock_wall_ms(), c->id);
    snprintf(c->folder, sizeof c->folder, "%s", folder);
    c->stream_count = stream_count;
    memcpy(c->streams, streams, stream_count * sizeof *streams);
    for (size_t i = 0; i < stream_count; i++)
        c->sound_g711 |=
            streams[i].codec == CAMERA_CODEC_G711A || streams[i].codec == CAMERA_CODEC_G711U;
    c->whole = digest_stream_create();
    c->chunk = digest_stream_create();
    c->group = digest_stream_create();
    c->chunks = json_array();
    c->groups = json_array();
    c->packet = av_packet_alloc();
    c->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(name, sizeof name, "%s.mp4.part", c->id);
    c->fd = c->folder_fd < 0
                ? -1
                : openat(c->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    int result = 0;
    if (c->fd < 0)
        result = err_system(e, errno, "clip: %s", folder);
    else if (!c->whole || !c->chunk || !c->group || !c->packet)
        result = err_set(e, ENOMEM, "clip: out of memory");
    else
        result = open_muxer(c, e);
    if (result != 0) {
        clip_abandon(c);
        return result;
    }
    *ret_clip = c;
    return 0;
}

const char *clip_id(const struct clip_file *clip)
{
    return clip->id;
}

int64_t clip_start_us(const struct clip_file *clip)
{
    return clip->start_us;
}

int64_t clip_stop_us(const struct clip_file *clip)
{
    return clip->stop_us;
}

/* Writes out the group that ends here and notes its hash; the first one's holds the header. */
static int end_group(struct clip_file *c, struct err *e)
{
    int code = av_write_frame(c->muxer, NULL);
    avio_flush(c->muxer->pb);
    if (code < 0 || c->write_error)
        return fail(c, code, "write", e);
    unsigned char digest[DIGEST_BYTES];
    char hex[ENCODE_HEX_SIZE(DIGEST_BYTES)];
    digest_stream_take(c->group, digest);
    encode_hex(digest, DIGEST_BYTES, hex);
    json_array_append_new(c->groups, json_pack("{sI,ss}", "at_ms",
                                               (json_int_t)((c->group_us - c->start_us) / 1000),
                                               "sha256", hex));
    return 0;
}

int clip_write(struct clip_file *c, const struct camera_unit *unit, struct err *e)
{
    const AVRational us = {1, 1000000};
    if (unit->stream == 0 && unit->key) {
        int result = c->start_us ? end_group(c, e) : 0;
        if (result != 0)
            return result;
        if (!c->start_us)
            c->start_us = unit->dts_us;
        c->group_us = unit->dts_us;
    }
    /* Sound from before the first picture has no place. */
    if (!c->start_us || unit->dts_us < c->start_us)
        return 0;
    AVStream *stream = c->muxer->streams[unit->stream];
    AVPacket *p = c->packet;
    p->data = (uint8_t *)unit->data;
    p->size = (int)unit->length;
    p->stream_index = (int)unit->stream;
    p->dts = av_rescale_q(unit->dts_us - c->start_us, us, stream->time_base);
    p->pts = av_rescale_q(unit->pts_us - c->start_us, us, stream->time_base);
    p->flags = unit->key ? AV_PKT_FLAG_KEY : 0;
    p->duration = 0;
    int code = av_write_frame(c->muxer, p);
    av_packet_unref(p);
    if (code < 0)
        return fail(c, code, "write", e);
    if (unit->stream == 0)
        c->stop_us = unit->dts_us;
    return 0;
}

static json_t *make_manifest(struct clip_file *c)
{
    char start[CLOCK_TEXT_SIZE], stop[CLOCK_TEXT_SIZE], hex[ENCODE_HEX_SIZE(DIGEST_BYTES)];
    unsigned char digest[DIGEST_BYTES];
    int64_t wall_ms = clock_wall_ms(), now_ms = clock_monotonic_ms();
    clock_format_utc(wall_ms - now_ms + c->start_us / 1000, start);
    clock_format_utc(wall_ms - now_ms + c->stop_us / 1000, stop);
    if (c->chunk_length > 0)
        append_hash(c->chunks, c->chunk);
    digest_stream_take(c->whole, digest);
    encode_hex(digest, DIGEST_BYTES, hex);
    json_t *codecs = json_array();
    for (size_t i = 0; i < c->stream_count; i++)
        json_array_append_new(codecs, json_string(codec_name(c->streams[i].codec)));
    return json_pack("{ss,ss,sI,sI,ss,so,sI,ss,sI,sO,sO}", "start", start, "stop", stop,
                     "start_monoms", (json_int_t)(c->start_us / 1000), "stop_monoms",
                     (json_int_t)(c->stop_us / 1000), "container", c->sound_g711 ? "mov" : "mp4",
                     "codecs", codecs, "length", (json_int_t)c->length, "sha256", hex,
                     "chunk_bytes", (json_int_t)CHUNK_BYTES, "chunks", c->chunks, "gops",
                     c->groups);
}

int clip_finish(struct clip_file *c, json_t **ret_manifest, char ret_path[256], struct err *e)
{
    char part[64], name[64];
    snprintf(name, sizeof name, "%s.mp4", c->id);
    snprintf(part, sizeof part, "%s.part", name);
    int result = c->start_us ? end_group(c, e) : err_set(e, ENODATA, "clip: no picture");
    /* No trailer: its random-access index would be one more thing to get right after a cut, and
     * players find the fragments without it. */
    if (result == 0 && fsync(c->fd) != 0)
        result = err_system(e, errno, "clip: sync");
    if (result == 0 &&
        (renameat(c->folder_fd, part, c->folder_fd, name) != 0 || fsync(c->folder_fd) != 0))
        result = err_system(e, errno, "clip: %s/%s", c->folder, name);
    if (result == 0) {
        *ret_manifest = make_manifest(c);
        snprintf(ret_path, 256, "%s/%s", c->folder, name);
        free_clip(c);
    } else {
        clip_abandon(c);
    }
    return result;
}

void clip_abandon(struct clip_file *c)
{
    char name[64];
    if (!c)
        return;
    snprintf(name, sizeof name, "%s.mp4.part", c->id);
    if (c->folder_fd >= 0)
        unlinkat(c->folder_fd, name, 0);
    free_clip(c);
}
