/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/indicator/indicators.h"

const struct indicator_driver *const indicator_drivers[] = {&indicator_ledclass, &indicator_gpiod,
                                                            &indicator_sim, NULL};
const struct driver_type *const indicator_types[] = {
    &indicator_ledclass.type, &indicator_gpiod.type, &indicator_sim.type, NULL};
