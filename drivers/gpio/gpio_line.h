/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One GPIO line through libgpiod, whichever version: what the drivers of buttons, lamps and relays
 * need of it, and no more. libgpiod1.c serves 1.6 (Debian 12), libgpiod2.c 2.x (Debian 13); CMake
 * picks one. Loop thread only; no call waits.
 */
#ifndef TOCSIN_DRIVERS_GPIO_LINE_H
#define TOCSIN_DRIVERS_GPIO_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "iface/option.h"

#define GPIO_LINE_EDGES_KEPT 256 /* that the kernel keeps of a line */

/* Which level of a line means "closed", "on" or "lit". */
enum gpio_active {
    GPIO_ACTIVE_HIGH,
    GPIO_ACTIVE_LOW,
};

enum gpio_bias {
    GPIO_BIAS_AS_IS,
    GPIO_BIAS_DISABLED,
    GPIO_BIAS_PULL_UP,
    GPIO_BIAS_PULL_DOWN,
};

/* Their words in the configuration; both end with NULL. */
extern const char *const gpio_active_words[];
extern const char *const gpio_bias_words[];

/* The options that name a line, alike for every driver: members of the struct of its options. */
#define GPIO_OPTION_CHIP(type_, member_)                                                           \
    {                                                                                              \
        .key = "chip", .type = OPTION_STRING, .offset = offsetof(type_, member_), .required = 1,   \
        .help = "GPIO chip by label (best: numbers move), name or path; see gpiodetect."           \
    }
#define GPIO_OPTION_LINE(type_, member_)                                                           \
    {                                                                                              \
        .key = "line", .type = OPTION_STRING, .offset = offsetof(type_, member_), .required = 1,   \
        .help = "Line by name or offset; see gpioinfo."                                            \
    }

struct gpio_line_wish {
    const char *chip; /* label, name (gpiochip0) or path */
    const char *line; /* name, or offset in digits */
    bool output;      /* driven, and off at first; else watched for both edges */
    enum gpio_active active;
    enum gpio_bias bias; /* of a watched line */
};

struct gpio_line;

/* Errors name the chip, the line, its holder and the remedy. */
int gpio_line_open(const struct gpio_line_wish *wish, struct gpio_line **ret_line, struct err *e);

/* The descriptor that becomes readable with events. */
int gpio_line_fd(struct gpio_line *line);

/* The level now (active or not; of a driven line, what it is driven to), or a negative errno: the
 * chip is gone. */
int gpio_line_read_level(struct gpio_line *line, bool *ret_active, struct err *e);

/* Drives an output. A negative errno: the chip is gone. */
int gpio_line_set(struct gpio_line *line, bool active, struct err *e);

/* One event, if there is one: 1, 0 if none is left, or a negative errno. Never waits. */
int gpio_line_read_edge(struct gpio_line *line, bool *ret_active, int64_t *ret_at_ns,
                        struct err *e);

/* Gives it back to the kernel; a driven line keeps its level until somebody else takes it. */
void gpio_line_close(struct gpio_line *line);

#endif
