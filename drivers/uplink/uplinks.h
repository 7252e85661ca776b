/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink drivers there are. A new one is a file (or a folder) and a line in uplinks.c. */
#ifndef TOCSIN_DRIVERS_UPLINKS_H
#define TOCSIN_DRIVERS_UPLINKS_H

#include "iface/uplink.h"

extern const struct uplink_driver uplink_https;
extern const struct uplink_driver uplink_sim;
extern const struct uplink_driver uplink_sim_alarms;

extern const struct driver_type *const uplink_types[]; /* ends with NULL */

#endif
