/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/input/inputs.h"

const struct input_driver *const input_drivers[] = {
    &input_gpiod, &input_evdev, &input_evdev_card, &input_sim, &input_sim_card, NULL};
const struct driver_type *const input_types[] = {&input_gpiod.type,      &input_evdev.type,
                                                 &input_evdev_card.type, &input_sim.type,
                                                 &input_sim_card.type,   NULL};
