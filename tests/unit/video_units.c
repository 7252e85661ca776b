/* SPDX-License-Identifier: Apache-2.0 */
#include "video_units.h"

#include <string.h>

/* Parameter sets of a real 320x240 baseline stream. */
static const unsigned char extradata[] = {0,    0,    0,    1,    0x67, 0x42, 0xc0, 0x0d, 0xda,
                                          0x05, 0x07, 0xe8, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40,
                                          0x00, 0x00, 0x0c, 0x83, 0xc5, 0x0a, 0xa8, 0,    0,
                                          0,    1,    0x68, 0xce, 0x0f, 0xc8};

const struct camera_stream video_streams[2] = {
    {.codec = CAMERA_CODEC_H264,
     .video = true,
     .width = 320,
     .height = 240,
     .extradata = extradata,
     .extradata_length = sizeof extradata},
    {.codec = CAMERA_CODEC_G711A, .sample_rate = 8000, .channels = 1},
};

struct camera_unit *video_unit(unsigned stream, bool key, int64_t dts_us, size_t length)
{
    const unsigned char head[] = {0, 0, 0, 1, key ? 0x65 : 0x41, 0x88};
    struct camera_unit *unit = malloc(sizeof *unit + length);
    if (!unit)
        abort();
    *unit = (struct camera_unit){.references = 1,
                                 .stream = stream,
                                 .key = key,
                                 .dts_us = dts_us,
                                 .pts_us = dts_us,
                                 .length = length};
    memset(unit->data, 0x5a, length);
    if (stream == 0)
        memcpy(unit->data, head, length < sizeof head ? length : sizeof head);
    return unit;
}
