/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin-video's loop: the cameras and their processes (cameras.h), the link to tocsind, the shelf
 * of finished clips; signals, start and stop. Parses nothing that a camera sends.
 */
#ifndef TOCSIN_VIDEO_SUPERVISOR_H
#define TOCSIN_VIDEO_SUPERVISOR_H

#include "sections/start.h"
#include "video/cameras.h"

/*
 * Runs until SIGTERM or SIGINT. A folder (video.dir) or a socket that cannot be had is tried again:
 * until the folder is there no camera is started, and each says why; so it is with one that goes.
 * Fails without memory, and if another tocsin-video has the folder or the socket (-EADDRINUSE):
 * that one's clips are not touched. Takes what `start` holds. What works is kept at `kept` (NULL:
 * nowhere). At SIGHUP the file at `path` is read again: a good one replaces the cameras (the
 * running clips end with a part, the rings begin anew), a bad one is logged and changes nothing.
 */
int supervisor_run(const char *path, const char *kept, struct start *start, cameras_worker worker,
                   struct err *e);

/* Whether a reload would take the file; every mistake is logged. */
int supervisor_check(const char *path);

#endif
