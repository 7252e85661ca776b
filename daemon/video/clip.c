/* SPDX-License-Identifier: Apache-2.0 */
#include "video/clip.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "video/journal.h"
#include "wire/digest.h"

#define BUFFER_BYTES    65536
#define FIRST_LENGTH_US 40000   /* of the only unit of a stream */
#define SYNC_US         1000000 /* a cut costs at most the open group and this */

/* Of a manifest, in bytes: {"at_ms":…,"sha256":"…"}, and "…", for each group and chunk; and what
 * all else takes, also of the event that is made of it, which a receiver may refuse beyond as much.
 */
#define GROUP_BYTES 100
#define CHUNK_BYTES 67
#define REST_BYTES  65536
#define LIST_BYTES  (MESSAGE_LINE_MAX - REST_BYTES)

static_assert(LIST_BYTES / GROUP_BYTES < LIMIT_CLIP_GROUPS, "who reads the list takes as many");

#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t written_byte; /* what libavformat hands to on_write */
#else
typedef uint8_t written_byte;
#endif

/* A unit waits until the next of its stream tells how long it lasts: a fragment whose last unit
 * has no length would draw the next fragment's first unit onto it. */
struct waiting {
    struct camera_unit *unit;
    int64_t length_us; /* of the one before it */
    int64_t dts;       /* of the one before it, in the stream's own ticks; -1: none */
};

struct clip_file {
    char id[UUID_TEXT_SIZE];
    char alarm[UUID_TEXT_SIZE];
    char camera[MESSAGE_ID_SIZE];
    char folder[200];
    int fd, folder_fd, journal_fd;
    int write_error;
    struct waiting waiting[CAMERA_STREAMS_MAX];
    int64_t wall_ahead_ms, synced_us;
    AVFormatContext *muxer;
    AVPacket *packet;
    size_t stream_count;
    struct camera_stream streams[CAMERA_STREAMS_MAX];
    bool sound_g711;
    int64_t start_us, stop_us, group_us;
    int64_t length, chunk_length;
    struct digest_stream *whole, *chunk, *group;
    json_t *chunks, *groups, *gaps;
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
        size_t room = JOURNAL_CHUNK_BYTES - (size_t)c->chunk_length;
        size_t take = length < room ? length : room;
        digest_stream_add(c->chunk, data, take);
        c->chunk_length += (int64_t)take;
        data += take;
        length -= take;
        if (c->chunk_length == JOURNAL_CHUNK_BYTES) {
            append_hash(c->chunks, c->chunk);
            c->chunk_length = 0;
        }
    }
}

/* libavformat's way to the file: straight on, never back. */
static int on_write(void *arg, written_byte *data, int length)
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
    for (size_t i = 0; i < CAMERA_STREAMS_MAX; i++)
        camera_unit_unref(c->waiting[i].unit);
    digest_stream_destroy(c->whole);
    digest_stream_destroy(c->chunk);
    digest_stream_destroy(c->group);
    json_decref(c->chunks);
    json_decref(c->groups);
    json_decref(c->gaps);
    if (c->fd >= 0)
        close(c->fd);
    if (c->journal_fd >= 0)
        close(c->journal_fd);
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
    /* The times are the clip's own. libavformat would begin at 0 with whatever is written first: if
     * that is sound, all pictures play earlier than the manifest says, the first ones at once. */
    c->muxer->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
    AVDictionary *options = NULL;
    av_dict_set(&options, "use_editlist", "0", 0);
    av_dict_set(&options, "movflags", "frag_custom+empty_moov+default_base_moof+frag_discont", 0);
    code = avformat_write_header(c->muxer, &options);
    av_dict_free(&options);
    return code < 0 ? fail(c, code, "header", e) : 0;
}

static int create_file(const struct clip_file *c, const char *name)
{
    return openat(c->folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
}

static int create_files(struct clip_file *c, struct err *e)
{
    char part[JOURNAL_NAME_SIZE], journal[JOURNAL_NAME_SIZE];
    journal_part_name(part, c->id);
    journal_name(journal, c->id);
    c->folder_fd = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->folder_fd < 0 || (c->journal_fd = create_file(c, journal)) < 0 ||
        (c->fd = create_file(c, part)) < 0)
        return err_system(e, errno, "clip: %s", c->folder);
    return 0;
}

int clip_create(const char *folder, const char *alarm, const char *camera,
                const struct camera_stream *streams, size_t stream_count,
                struct clip_file **ret_clip, struct err *e)
{
    struct clip_file *c = calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ENOMEM, "clip: out of memory");
    c->fd = c->folder_fd = c->journal_fd = -1;
    uuid_v7(clock_wall_ms(), c->id);
    snprintf(c->alarm, sizeof c->alarm, "%s", alarm);
    snprintf(c->camera, sizeof c->camera, "%s", camera);
    snprintf(c->folder, sizeof c->folder, "%s", folder);
    c->wall_ahead_ms = clock_wall_ms() - clock_monotonic_ms();
    c->stream_count = stream_count;
    memcpy(c->streams, streams, stream_count * sizeof *streams);
    for (size_t i = 0; i < stream_count; i++) {
        c->waiting[i] = (struct waiting){.length_us = FIRST_LENGTH_US, .dts = -1};
        c->sound_g711 |=
            streams[i].codec == CAMERA_CODEC_G711A || streams[i].codec == CAMERA_CODEC_G711U;
    }
    c->whole = digest_stream_create();
    c->chunk = digest_stream_create();
    c->group = digest_stream_create();
    c->chunks = json_array();
    c->groups = json_array();
    c->gaps = json_array();
    c->packet = av_packet_alloc();
    int result = 0;
    if (!c->whole || !c->chunk || !c->group || !c->packet)
        result = err_set(e, ENOMEM, "clip: out of memory");
    if (result == 0)
        result = create_files(c, e);
    if (result == 0)
        result = open_muxer(c, e);
    if (result != 0) {
        clip_abandon(c);
        return result;
    }
    *ret_clip = c;
    return 0;
}

int64_t clip_start_us(const struct clip_file *clip)
{
    return clip->start_us;
}

int64_t clip_stop_us(const struct clip_file *clip)
{
    const struct waiting *w = &clip->waiting[0];
    return w->unit ? w->unit->dts_us + w->length_us : clip->stop_us;
}

bool clip_is_full(const struct clip_file *clip)
{
    size_t groups = json_array_size(clip->groups), chunks = json_array_size(clip->chunks);
    return (groups + 1) * GROUP_BYTES + (chunks + 1) * CHUNK_BYTES > LIST_BYTES;
}

void clip_lasts(struct clip_file *c, int64_t until_us)
{
    struct waiting *w = &c->waiting[0];
    if (w->unit && until_us > w->unit->dts_us)
        w->length_us = until_us - w->unit->dts_us;
}

void clip_gap(struct clip_file *c, int64_t from_us, int64_t to_us, const char *why)
{
    json_array_append_new(c->gaps, json_pack("{sI,sI,ss}", "from_us", (json_int_t)from_us, "to_us",
                                             (json_int_t)to_us, "why", why));
}

static void fill_head(const struct clip_file *c, json_t *codecs, struct journal_head *ret_head)
{
    *ret_head = (struct journal_head){.alarm = c->alarm,
                                      .camera = c->camera,
                                      .container = c->sound_g711 ? "mov" : "mp4",
                                      .wall_ahead_ms = c->wall_ahead_ms,
                                      .codecs = codecs,
                                      .gaps = c->gaps};
    for (size_t i = 0; i < c->stream_count; i++)
        json_array_append_new(codecs, json_string(codec_name(c->streams[i].codec)));
    if (clock_boot_id(ret_head->boot, NULL) != 0)
        snprintf(ret_head->boot, sizeof ret_head->boot, "unknown");
}

/* The group is in the file: the journal vouches for it from now on. */
static int note_group(struct clip_file *c, const char *sha256)
{
    int result = 0;
    if (json_array_size(c->groups) == 0) {
        struct journal_head head;
        json_t *codecs = json_array();
        fill_head(c, codecs, &head);
        result = journal_write_head(c->journal_fd, &head);
        json_decref(codecs);
    }
    struct journal_group group = {
        .start_us = c->group_us, .stop_us = c->stop_us, .end_bytes = c->length, .sha256 = sha256};
    if (result == 0)
        result = journal_write_group(c->journal_fd, &group);
    json_array_append_new(c->groups,
                          json_pack("{sI,sI,ss}", "start_us", (json_int_t)group.start_us, "stop_us",
                                    (json_int_t)group.stop_us, "sha256", sha256));
    return result;
}

static int sync_files(struct clip_file *c)
{
    int64_t now_us = clock_monotonic_ns() / 1000;
    if (now_us - c->synced_us < SYNC_US)
        return 0;
    c->synced_us = now_us;
    return fdatasync(c->fd) == 0 && fdatasync(c->journal_fd) == 0 ? 0 : -errno;
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
    int result = note_group(c, hex);
    if (result == 0)
        result = sync_files(c);
    if (result == 0)
        return 0;
    c->write_error = -result;
    return fail(c, 0, "journal", e);
}

/* Hands the unit that waits to the muxer, with the length that is known now. */
static int write_waiting(struct clip_file *c, unsigned index, int64_t length_us, struct err *e)
{
    struct waiting *w = &c->waiting[index];
    const AVRational us = {1, 1000000}, base = c->muxer->streams[index]->time_base;
    struct camera_unit *unit = w->unit;
    AVPacket *p = c->packet;
    if (!unit)
        return 0;
    w->unit = NULL;
    w->length_us = length_us;
    p->data = unit->data;
    p->size = (int)unit->length;
    p->stream_index = (int)index;
    p->dts = av_rescale_q(unit->dts_us - c->start_us, us, base);
    if (p->dts <= w->dts) /* the muxer would refuse it, and the whole clip with it */
        p->dts = w->dts + 1;
    p->pts = av_rescale_q(unit->pts_us - c->start_us, us, base);
    if (p->pts < p->dts)
        p->pts = p->dts;
    p->duration = av_rescale_q(unit->dts_us + length_us - c->start_us, us, base) - p->dts;
    if (p->duration < 1)
        p->duration = 1;
    p->flags = unit->key ? AV_PKT_FLAG_KEY : 0;
    w->dts = p->dts;
    if (index == 0)
        c->stop_us = unit->dts_us + length_us;
    int code = av_write_frame(c->muxer, p);
    av_packet_unref(p);
    camera_unit_unref(unit);
    return code < 0 || c->write_error ? fail(c, code, "write", e) : 0;
}

int clip_write(struct clip_file *c, struct camera_unit *unit, struct err *e)
{
    struct waiting *w = &c->waiting[unit->stream];
    bool keyframe = unit->stream == 0 && unit->key;
    /* Sound from before the first picture has no place. */
    if (!c->start_us && !keyframe)
        return 0;
    if (!c->start_us)
        c->start_us = c->group_us = c->stop_us = unit->dts_us;
    if (unit->dts_us < c->start_us)
        return 0;
    int result = 0;
    if (w->unit)
        result = write_waiting(c, unit->stream, unit->dts_us - w->unit->dts_us, e);
    if (result == 0 && keyframe && c->stop_us > c->group_us) {
        result = end_group(c, e);
        c->group_us = unit->dts_us;
    }
    if (result == 0)
        w->unit = camera_unit_ref(unit);
    return result;
}

static int close_file(struct clip_file *c, struct err *e)
{
    char part[JOURNAL_NAME_SIZE], name[JOURNAL_NAME_SIZE];
    int result = c->write_error ? fail(c, 0, "write", e) : 0;
    journal_part_name(part, c->id);
    journal_clip_name(name, c->id);
    for (unsigned i = 0; result == 0 && i < c->stream_count; i++)
        result = write_waiting(c, i, c->waiting[i].length_us, e);
    if (result == 0)
        result = end_group(c, e);
    /* No trailer: its random-access index would be one more thing to get right after a cut, and
     * players find the fragments without it. */
    if (result == 0 && (fsync(c->fd) != 0 || fsync(c->journal_fd) != 0))
        result = err_system(e, errno, "clip: sync");
    if (result == 0 &&
        (renameat(c->folder_fd, part, c->folder_fd, name) != 0 || fsync(c->folder_fd) != 0))
        result = err_system(e, errno, "clip: %s/%s", c->folder, name);
    return result;
}

static json_t *make_manifest(struct clip_file *c)
{
    char hex[ENCODE_HEX_SIZE(DIGEST_BYTES)];
    unsigned char digest[DIGEST_BYTES];
    struct journal_head head;
    json_t *codecs = json_array();
    if (c->chunk_length > 0)
        append_hash(c->chunks, c->chunk);
    digest_stream_take(c->whole, digest);
    encode_hex(digest, DIGEST_BYTES, hex);
    fill_head(c, codecs, &head);
    json_t *manifest = journal_manifest(&head, c->groups, c->chunks, c->length, hex);
    json_decref(codecs);
    return manifest;
}

int clip_finish(struct clip_file *c, struct message *ret_message, struct err *e)
{
    struct message message = {.type = MESSAGE_CLIP};
    struct err cause;
    char id[UUID_TEXT_SIZE], folder[sizeof c->folder];
    if (!c->start_us) {
        clip_abandon(c);
        return err_set(e, ENODATA, "clip: no picture");
    }
    memcpy(id, c->id, sizeof id);
    memcpy(folder, c->folder, sizeof folder);
    int result = close_file(c, &cause);
    if (result != 0) {
        free_clip(c);
        /* What is whole is kept: a full disk costs the end of a clip, not the clip. */
        result = journal_recover(folder, id, ret_message, e);
        return result == 0 ? 0 : err_set(e, -result, "%s", cause.text);
    }
    message.clip.manifest = make_manifest(c);
    message.clip.length_bytes = c->length;
    memcpy(message.clip.alarm, c->alarm, sizeof message.clip.alarm);
    memcpy(message.clip.id, id, sizeof message.clip.id);
    memcpy(message.clip.camera, c->camera, sizeof message.clip.camera);
    snprintf(message.clip.path, sizeof message.clip.path, "%s/%s.mp4", folder, id);
    free_clip(c);
    if (!message.clip.manifest)
        return err_set(e, ENOMEM, "clip: out of memory");
    *ret_message = message;
    return 0;
}

void clip_abandon(struct clip_file *c)
{
    char part[JOURNAL_NAME_SIZE], journal[JOURNAL_NAME_SIZE];
    if (!c)
        return;
    journal_part_name(part, c->id);
    journal_name(journal, c->id);
    if (c->folder_fd >= 0) {
        unlinkat(c->folder_fd, part, 0);
        unlinkat(c->folder_fd, journal, 0);
    }
    free_clip(c);
}
