/* SPDX-License-Identifier: Apache-2.0 */
/* Behind a camera of RTSP: one on loopback, that plays, leaves or says nothing; or nobody. */
#include "camera_world.h"
#include "drivers/camera/cameras.h"
#include "drivers/camera/types.h"
#include "false_camera.h"

static struct false_camera camera;
static bool started;

static void end(void)
{
    if (started)
        false_camera_stop(&camera);
    started = false;
}

static const void *start(enum false_camera_mood mood)
{
    static struct lav_options options;
    end();
    false_camera_start(&camera, mood);
    started = true;
    options.url = camera.url;
    return &options;
}

static const void *playing(void)
{
    return start(FALSE_CAMERA_PLAYS);
}

static const void *silent(void)
{
    return start(FALSE_CAMERA_IS_SILENT);
}

static const void *leaving(void)
{
    return start(FALSE_CAMERA_LEAVES);
}

/* Its port is free again, and nobody else's so soon. */
static const void *missing(void)
{
    const void *options = start(FALSE_CAMERA_PLAYS);
    end();
    return options;
}

const struct camera_world camera_world_lav = {
    .name = "lav",
    .driver = &camera_lav,
    .end = end,
    .playing = playing,
    .group = FALSE_CAMERA_GROUP,
    .streams = 1,
    .missing = missing,
    .missing_says = "connect: Connection refused",
    .silent = silent,
    .leaving = leaving,
    .leaving_says = "the camera closed the connection",
};
