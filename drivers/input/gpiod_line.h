/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One GPIO line through libgpiod, whichever version: what gpiod.c needs of it, and no more.
 * gpiod1.c serves libgpiod 1.6 (Debian 12), gpiod2.c 2.x (Debian 13); CMake picks one.
 */
#ifndef TOCSIN_DRIVERS_GPIOD_LINE_H
#define TOCSIN_DRIVERS_GPIOD_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum gpiod_bias {
    GPIOD_BIAS_AS_IS,
    GPIOD_BIAS_DISABLED,
    GPIOD_BIAS_PULL_UP,
    GPIOD_BIAS_PULL_DOWN,
};

struct gpiod_line_wish {
    const char *chip; /* label, name (gpiochip0) or path */
    const char *line; /* name, or offset in digits */
    bool active_low;
    enum gpiod_bias bias;
};

struct gpiod_line_handle;

/* Asks for both edges and the bias. Errors name the chip, the line, its holder and the remedy. */
int gpiod_line_open_edges(const struct gpiod_line_wish *wish, struct gpiod_line_handle **ret_line,
                          struct err *e);

/* The descriptor that becomes readable with events. */
int gpiod_line_fd(struct gpiod_line_handle *line);

/* The level now (active or not), or a negative errno: the chip is gone. */
int gpiod_line_read_level(struct gpiod_line_handle *line, bool *ret_active, struct err *e);

/* One event, if there is one: 1, 0 if none is left, or a negative errno. Never waits. */
int gpiod_line_read_edge(struct gpiod_line_handle *line, bool *ret_active, int64_t *ret_at_ns,
                         struct err *e);

void gpiod_line_close_edges(struct gpiod_line_handle *line);

#endif
