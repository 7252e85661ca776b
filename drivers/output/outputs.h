/* SPDX-License-Identifier: Apache-2.0 */
/* The output drivers there are. A new one is a file and a line in outputs.c. */
#ifndef TOCSIN_DRIVERS_OUTPUTS_H
#define TOCSIN_DRIVERS_OUTPUTS_H

#include "iface/output.h"

extern const struct output_driver output_sim;
extern const struct output_driver output_gpiod;

extern const struct driver_type *const output_types[]; /* ends with NULL */

#endif
