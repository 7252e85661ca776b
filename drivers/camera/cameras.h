/* SPDX-License-Identifier: Apache-2.0 */
/* The camera drivers there are. A new one is a file, a line in cameras.c and one in types.c. */
#ifndef TOCSIN_DRIVERS_CAMERAS_H
#define TOCSIN_DRIVERS_CAMERAS_H

#include "iface/camera.h"

extern const struct camera_driver camera_lav;
extern const struct camera_driver camera_sim;
extern const struct camera_driver *const camera_drivers[]; /* ends with NULL */

#endif
