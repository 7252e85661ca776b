/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/camera/cameras.h"

static const struct camera_driver *const drivers[] = {&camera_lav, &camera_sim};

const struct camera_driver *camera_driver_of(const struct driver_type *type)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
        if (drivers[i]->type == type)
            return drivers[i];
    }
    return NULL;
}
