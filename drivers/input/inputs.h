/* SPDX-License-Identifier: Apache-2.0 */
/* The input drivers there are. A new one is a file and a line in inputs.c. */
#ifndef TOCSIN_DRIVERS_INPUTS_H
#define TOCSIN_DRIVERS_INPUTS_H

#include "iface/input.h"

extern const struct input_driver input_sim;
extern const struct input_driver input_sim_card;
extern const struct input_driver input_gpiod;
extern const struct input_driver input_evdev;
extern const struct input_driver input_evdev_card;

extern const struct driver_type *const input_types[]; /* ends with NULL */

#endif
