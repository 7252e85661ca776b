/* SPDX-License-Identifier: Apache-2.0 */
/* Cameras. Filled by the loader, immutable, readable from everywhere. */
#ifndef TOCSIN_VIDEO_SECTION_CAMERAS_H
#define TOCSIN_VIDEO_SECTION_CAMERAS_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/section.h"

struct config_camera {
    char *id;
    char *name;
    struct config_driver driver;
    struct config_place at;
};

/* All of them, in the order of the file. */
struct config_cameras {
    size_t count;
    struct config_camera *items; /* for config_read_again; the rest never changes */
};

/* The one with this id; NULL if there is none. */
const struct config_camera *config_find_camera(const struct config_cameras *cameras,
                                               const char *id);

extern const struct section cameras_section;

#endif
