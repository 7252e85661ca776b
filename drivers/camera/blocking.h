/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A camera driver whose library blocks, behind the contract of iface/camera.h: its calls are made
 * from the loop, one unit a turn, and while one of them waits the host's on_wait is all that goes
 * on. Such a driver has its process to itself.
 */
#ifndef TOCSIN_DRIVERS_CAMERA_BLOCKING_H
#define TOCSIN_DRIVERS_CAMERA_BLOCKING_H

#include "iface/camera.h"

struct blocking_source;

struct blocking_driver {
    /* Connects and learns the streams; calls host->on_wait as the contract says. */
    int (*open)(const void *options, const struct camera_host *host,
                struct blocking_source **ret_source, struct err *e);
    /* The streams, pictures first; their extradata lives until `close`. */
    size_t (*streams)(const struct blocking_source *source,
                      struct camera_stream ret_streams[CAMERA_STREAMS_MAX]);
    /* The next unit (the caller's reference), or why the session is over. */
    int (*read)(struct blocking_source *source, struct camera_unit **ret_unit, struct err *e);
    void (*close)(struct blocking_source *source);
};

/* What the contract's open and close do for such a driver. `options` are borrowed until the close.
 */
int blocking_open(const struct blocking_driver *driver, const void *options,
                  const struct camera_host *host, uv_loop_t *loop, struct camera **ret_camera,
                  struct err *e);
void blocking_close(struct camera *camera);

#endif
