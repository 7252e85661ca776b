/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin-video's loop: the cameras and their processes (cameras.h), the link to tocsind, the shelf
 * of finished clips; signals, start and stop. Parses nothing that a camera sends.
 */
#ifndef TOCSIN_VIDEO_SUPERVISOR_H
#define TOCSIN_VIDEO_SUPERVISOR_H

#include "sections/config.h"
#include "video/cameras.h"

/*
 * Runs until SIGTERM or SIGINT. Takes `config`. At SIGHUP its file is read again: a good one
 * replaces the cameras (the running clips end with a part, the rings begin anew), a bad one is
 * reported and changes nothing.
 */
int supervisor_run(struct config *config, cameras_worker worker, struct err *e);

#endif
