/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tocsin-video's loop: a worker process per camera, started again when it ends or hangs; the link
 * to tocsind; the shelf of finished clips. Parses nothing that a camera sends.
 */
#ifndef TOCSIN_VIDEO_SUPERVISOR_H
#define TOCSIN_VIDEO_SUPERVISOR_H

#include "conf/config.h"

/* Runs until SIGTERM or SIGINT. */
int supervisor_run(const struct config *config, struct err *e);

#endif
