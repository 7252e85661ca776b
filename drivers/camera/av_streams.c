/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/camera/av_streams.h"

#include <errno.h>
#include <libavcodec/avcodec.h>

#include "base/log.h"

static bool map_codec(enum AVCodecID id, enum camera_codec *ret_codec)
{
    static const struct {
        enum AVCodecID id;
        enum camera_codec codec;
    } known[] = {{AV_CODEC_ID_H264, CAMERA_CODEC_H264},
                 {AV_CODEC_ID_HEVC, CAMERA_CODEC_H265},
                 {AV_CODEC_ID_AAC, CAMERA_CODEC_AAC},
                 {AV_CODEC_ID_PCM_ALAW, CAMERA_CODEC_G711A},
                 {AV_CODEC_ID_PCM_MULAW, CAMERA_CODEC_G711U}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].id == id) {
            *ret_codec = known[i].codec;
            return true;
        }
    }
    return false;
}

static void take_stream(const AVFormatContext *context, struct av_streams *c, unsigned index)
{
    const AVCodecParameters *p = context->streams[index]->codecpar;
    struct camera_stream *s = &c->streams[c->count];
    *s = (struct camera_stream){.video = p->codec_type == AVMEDIA_TYPE_VIDEO,
                                .width = p->width,
                                .height = p->height,
                                .sample_rate = p->sample_rate,
                                .channels = p->ch_layout.nb_channels,
                                .extradata = p->extradata,
                                .extradata_length = (size_t)p->extradata_size};
    bool known = map_codec(p->codec_id, &s->codec);
    if (known &&
        !s->video) /* the file's clock is the sample rate; AAC is mute without its set-up */
        known = s->sample_rate > 0 && s->sample_rate <= 192000 && s->channels > 0 &&
                s->channels <= 8 && (s->codec != CAMERA_CODEC_AAC || s->extradata_length > 0);
    if (known)
        c->index[c->count++] = (int)index;
    else
        log_warning("camera", "stream %u: codec %s is left out", index,
                    avcodec_get_name(p->codec_id));
}

int av_streams_choose(AVFormatContext *context, struct av_streams *ret_streams, struct err *e)
{
    struct av_streams *c = ret_streams;
    c->count = 0;
    int video = av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    int sound = av_find_best_stream(context, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    if (video >= 0)
        take_stream(context, c, (unsigned)video);
    if (c->count == 0)
        return err_set(e, ENODATA, "the camera sends no H.264 or H.265 picture");
    if (c->streams[0].extradata_length == 0 || c->streams[0].width == 0)
        return err_set(e, ENODATA, "the camera's stream has no parameter sets");
    if (sound >= 0)
        take_stream(context, c, (unsigned)sound);
    for (unsigned i = 0; i < context->nb_streams; i++) {
        if ((int)i != c->index[0] && (c->count < 2 || (int)i != c->index[1]))
            context->streams[i]->discard = AVDISCARD_ALL;
    }
    return 0;
}
