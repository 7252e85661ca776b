/* SPDX-License-Identifier: Apache-2.0 */
/* Streams and units that no camera sent, for the tests of what takes them. */
#ifndef TOCSIN_TESTS_VIDEO_UNITS_H
#define TOCSIN_TESTS_VIDEO_UNITS_H

#include "iface/camera.h"

#define SECOND INT64_C(1000000) /* in µs */

/* H.264 of 320x240 and G.711; the first alone is a camera without sound. */
extern const struct camera_stream video_streams[2];

/* A unit with one reference; its bytes are made up, since nothing decodes them. */
struct camera_unit *video_unit(unsigned stream, bool key, int64_t dts_us, size_t length);

#endif
