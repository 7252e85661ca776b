/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/uplinks.h"

const struct uplink_driver *const uplink_drivers[] = {&uplink_https, &uplink_sim, NULL};
const struct driver_type *const uplink_types[] = {&uplink_https.type, &uplink_sim.type, NULL};
