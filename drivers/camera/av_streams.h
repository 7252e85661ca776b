/* SPDX-License-Identifier: Apache-2.0 */
/* Which streams of what libavformat has opened are a camera's, in the words of the contract. */
#ifndef TOCSIN_DRIVERS_CAMERA_AV_STREAMS_H
#define TOCSIN_DRIVERS_CAMERA_AV_STREAMS_H

#include <libavformat/avformat.h>

#include "iface/camera.h"

struct av_streams {
    size_t count;
    int index[CAMERA_STREAMS_MAX];                    /* of libavformat's streams */
    struct camera_stream streams[CAMERA_STREAMS_MAX]; /* their extradata is the context's */
};

/* The pictures and, if there is any that is known, the sound; all others are discarded by the
 * context from then on. An error: there is no picture that could be used, and why. */
int av_streams_choose(AVFormatContext *context, struct av_streams *ret_streams, struct err *e);

#endif
