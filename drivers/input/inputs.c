/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/input/inputs.h"

const struct input_driver *const input_drivers[] = {&input_gpiod, &input_sim, NULL};
const struct driver_type *const input_types[] = {&input_gpiod.type, &input_sim.type, NULL};
