/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/indicator/indicators.h"

const struct driver_type *const indicator_types[] = {
    &indicator_ledclass.type, &indicator_gpiod.type, &indicator_sim.type, NULL};
