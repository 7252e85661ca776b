/* SPDX-License-Identifier: Apache-2.0 */
/* What the camera drivers say of themselves, without the libraries they need. */
#ifndef TOCSIN_DRIVERS_CAMERA_TYPES_H
#define TOCSIN_DRIVERS_CAMERA_TYPES_H

#include "iface/driver.h"

struct lav_options {
    char *url; /* rtsp://host[:port]/path, without credentials */
    char *user;
    char *password;
};

struct sim_camera_options {
    char *file;
};

extern const struct driver_type camera_lav_type;
extern const struct driver_type camera_sim_type;
extern const struct driver_type *const camera_types[]; /* ends with NULL */

#endif
