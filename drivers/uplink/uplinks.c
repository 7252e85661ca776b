/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/uplink/uplinks.h"

const struct driver_type *const uplink_types[] = {&uplink_https.type, &uplink_sim.type,
                                                  &uplink_sim_alarms.type, NULL};
