/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One camera's process: the loop around its session (session.h), its driver and the sinks of its
 * feed (ring, clips). It talks to the supervisor over a socket with the messages of
 * videolink/message.h (alarm in; camera and clip out), and never ends by itself while the
 * supervisor is there; what hangs is killed from outside.
 */
#ifndef TOCSIN_VIDEO_WORKER_H
#define TOCSIN_VIDEO_WORKER_H

#include "iface/camera.h"
#include "video/recording.h"

struct worker_settings {
    const char *id;
    const struct camera_driver *driver;
    const void *options;
    size_t ring_bytes;
    struct recording_settings recording;
};

/* Runs until the supervisor is gone or asks to stop (SIGTERM); returns the exit status. */
int worker_run(const struct worker_settings *settings, int socket);

#endif
