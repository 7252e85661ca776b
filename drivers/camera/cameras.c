/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/camera/cameras.h"

const struct camera_driver *const camera_drivers[] = {&camera_lav, &camera_sim, NULL};
