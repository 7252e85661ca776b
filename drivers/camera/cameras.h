/* SPDX-License-Identifier: Apache-2.0 */
/* The camera drivers there are. A new one is a file, a line in cameras.c and one in types.c. */
#ifndef TOCSIN_DRIVERS_CAMERAS_H
#define TOCSIN_DRIVERS_CAMERAS_H

#include "iface/camera.h"

extern const struct camera_driver camera_lav;
extern const struct camera_driver camera_sim;

/* As DRIVER_OF makes it for the other kinds (iface/driver.h): the driver whose description `type`
 * is. Looked up, since a camera's description (types.h) is linked by programs that must not have
 * the driver's libraries, and so is not the driver's first member. NULL if there is none. */
const struct camera_driver *camera_driver_of(const struct driver_type *type);

#endif
