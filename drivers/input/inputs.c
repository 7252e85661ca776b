/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/input/inputs.h"

const struct driver_type *const input_types[] = {&input_gpiod.type,      &input_evdev.type,
                                                 &input_evdev_card.type, &input_sim.type,
                                                 &input_sim_card.type,   NULL};
