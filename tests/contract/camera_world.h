/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A world is what stands behind a camera driver while the contract of iface/camera.h is tried. Each
 * test begins and ends its own. The options are good until the world ends.
 */
#ifndef TOCSIN_TESTS_CAMERA_WORLD_H
#define TOCSIN_TESTS_CAMERA_WORLD_H

#include "iface/camera.h"

struct camera_world {
    const char *name; /* the driver's */
    const struct camera_driver *driver;
    void (*begin)(void);
    void (*end)(void);
    /* A camera that sends pictures for ever, every so many a keyframe. */
    const void *(*playing)(void);
    unsigned group;
    size_t streams; /* of that camera */
    /* Nobody is there; words of what is said of it. */
    const void *(*missing)(void);
    const char *missing_says;
    /* Somebody is there and never says a word; NULL: such a camera cannot be. */
    const void *(*silent)(void);
    /* It goes away after some pictures; NULL, likewise; words of what is said of it. */
    const void *(*leaving)(void);
    const char *leaving_says;
};

extern const struct camera_world camera_world_sim;
extern const struct camera_world camera_world_lav;

#endif
