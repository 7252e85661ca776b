/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/output/outputs.h"

const struct output_driver *const output_drivers[] = {&output_gpiod, &output_sim, NULL};
const struct driver_type *const output_types[] = {&output_gpiod.type, &output_sim.type, NULL};
