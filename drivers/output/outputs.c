/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/output/outputs.h"

const struct driver_type *const output_types[] = {&output_gpiod.type, &output_sim.type, NULL};
