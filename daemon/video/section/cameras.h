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

extern const struct section cameras_section;

#endif
