/* SPDX-License-Identifier: Apache-2.0 */
/* A relay on a GPIO line. */
#include <errno.h>
#include <stdlib.h>

#include "drivers/gpio/gpio_output.h"
#include "drivers/output/outputs.h"

struct gpiod_options {
    char *chip;
    char *line;
    enum gpio_active active;
};

struct output {
    struct output_host host;
    struct gpio_output *line;
};

static const struct option option_table[] = {
    GPIO_OPTION_CHIP(struct gpiod_options, chip),
    GPIO_OPTION_LINE(struct gpiod_options, line),
    {.key = "active",
     OPTION_ENUM(struct gpiod_options, active, gpio_active_words),
     .fallback = "high",
     .help = "Level of the line while the relay is on."},
    OPTION_TABLE_END,
};

static void on_fault(void *arg, const char *reason)
{
    struct output *output = arg;
    output->host.on_fault(output->host.arg, reason);
}

static int open_gpiod(const void *options, const struct output_host *host, uv_loop_t *loop,
                      struct output **ret_output, struct err *e)
{
    const struct gpiod_options *o = options;
    struct gpio_line_wish wish = {.chip = o->chip, .line = o->line, .active = o->active};
    struct output *output = calloc(1, sizeof *output);
    if (!output)
        return err_set(e, ENOMEM, "gpiod: out of memory");
    output->host = *host;
    output->line = gpio_output_open(&wish, loop, on_fault, output);
    if (!output->line) {
        free(output);
        return err_set(e, ENOMEM, "gpiod: out of memory");
    }
    *ret_output = output;
    return 0;
}

static void set(struct output *output, bool on)
{
    gpio_output_set(output->line, on);
}

static void close_gpiod(struct output *output)
{
    if (!output)
        return;
    gpio_output_close(output->line);
    free(output);
}

const struct output_driver output_gpiod = {
    .type = {.name = "gpiod",
             .help = "a relay on a GPIO line of this machine",
             .options = option_table,
             .options_size = sizeof(struct gpiod_options)},
    .open = open_gpiod,
    .set = set,
    .close = close_gpiod,
};
