/* SPDX-License-Identifier: Apache-2.0 */
/* An RTSP camera on loopback, in a process of its own: H.264 of 64x64, black, fifty pictures a
 * second, every fifth a keyframe. It serves one viewer after the other. */
#ifndef TOCSIN_TESTS_FALSE_CAMERA_H
#define TOCSIN_TESTS_FALSE_CAMERA_H

#include <sys/types.h>

#define FALSE_CAMERA_GROUP 5

enum false_camera_mood {
    FALSE_CAMERA_PLAYS,
    FALSE_CAMERA_LEAVES,    /* after fifty pictures */
    FALSE_CAMERA_IS_SILENT, /* it takes the connection and never says a word */
};

struct false_camera {
    pid_t pid;
    char url[60];
};

void false_camera_start(struct false_camera *camera, enum false_camera_mood mood);
void false_camera_stop(struct false_camera *camera);

#endif
