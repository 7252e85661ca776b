/* SPDX-License-Identifier: Apache-2.0 */
/* The indicator drivers there are. A new one is a file and a line in indicators.c. */
#ifndef TOCSIN_DRIVERS_INDICATORS_H
#define TOCSIN_DRIVERS_INDICATORS_H

#include "iface/indicator.h"

extern const struct indicator_driver indicator_sim;
extern const struct indicator_driver indicator_ledclass;
extern const struct indicator_driver indicator_gpiod;

extern const struct driver_type *const indicator_types[]; /* ends with NULL */

#endif
