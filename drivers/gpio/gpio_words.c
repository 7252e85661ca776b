/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "drivers/gpio/gpio_line.h"

const char *const gpio_active_words[] = {
    [GPIO_ACTIVE_HIGH] = "high", [GPIO_ACTIVE_LOW] = "low", NULL};
const char *const gpio_bias_words[] = {
    [GPIO_BIAS_AS_IS] = "as-is",
    [GPIO_BIAS_DISABLED] = "disabled",
    [GPIO_BIAS_PULL_UP] = "pull-up",
    [GPIO_BIAS_PULL_DOWN] = "pull-down",
    NULL,
};
