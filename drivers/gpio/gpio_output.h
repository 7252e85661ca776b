/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driven GPIO line for lamps and relays, that outlives its chip: a chip that goes away is a fault
 * and is opened again, for ever, and then driven as was asked for last. Loop thread only.
 */
#ifndef TOCSIN_DRIVERS_GPIO_OUTPUT_H
#define TOCSIN_DRIVERS_GPIO_OUTPUT_H

#include <uv.h>

#include "drivers/gpio/gpio_line.h"

struct gpio_output;

/* NULL reason: it works (again). */
typedef void (*gpio_output_fault_handler)(void *arg, const char *reason);

/* Takes the line, off. Copies `wish` and borrows its strings. `on_fault` may come before it
 * returns. NULL only without memory. */
struct gpio_output *gpio_output_open(const struct gpio_line_wish *wish, uv_loop_t *loop,
                                     gpio_output_fault_handler on_fault, void *arg);
void gpio_output_set(struct gpio_output *output, bool on);
/* Switches it off. No callback after it returns. NULL is accepted. */
void gpio_output_close(struct gpio_output *output);

#endif
