/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lamp of three lights on GPIO lines. This process blinks them: where the kernel can (an LED in
 * the device tree), driver ledclass is better, since its blinking and its amber of a gateway that
 * stands still need no process.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpio/gpio_output.h"
#include "drivers/indicator/indicators.h"
#include "drivers/indicator/lights.h"

#define LIGHTS 3

struct gpiod_options {
    char *chip;
    char *red, *amber, *green;
    enum gpio_active active;
};

struct one_light {
    struct indicator *indicator;
    const char *name;
    struct gpio_output *line;
    enum light wanted;
    char reason[200];
};

struct indicator {
    struct indicator_host host;
    struct one_light lights[LIGHTS]; /* green, amber, red */
    uv_timer_t blink;
    unsigned ticks; /* of LIGHT_FAST_HALF_MS, since the pattern was shown */
    bool opened;
};

static const struct option option_table[] = {
    GPIO_OPTION_CHIP(struct gpiod_options, chip),
    {.key = "red",
     .type = OPTION_STRING,
     .offset = offsetof(struct gpiod_options, red),
     .required = 1,
     .help = "Line of the red light by name or offset; see gpioinfo."},
    {.key = "amber",
     .type = OPTION_STRING,
     .offset = offsetof(struct gpiod_options, amber),
     .required = 1,
     .help = "Line of the amber light."},
    {.key = "green",
     .type = OPTION_STRING,
     .offset = offsetof(struct gpiod_options, green),
     .required = 1,
     .help = "Line of the green light."},
    {.key = "active",
     OPTION_ENUM(struct gpiod_options, active, gpio_active_words),
     .fallback = "high",
     .help = "Level of a line while its light is on."},
    OPTION_TABLE_END,
};

static bool is_lit(enum light light, unsigned ticks)
{
    switch (light) {
    case LIGHT_OFF:
        return false;
    case LIGHT_ON:
        return true;
    case LIGHT_SLOW:
        return ticks / (LIGHT_SLOW_HALF_MS / LIGHT_FAST_HALF_MS) % 2 == 0;
    case LIGHT_FAST:
        return ticks % 2 == 0;
    }
    return false;
}

static void drive(struct indicator *i)
{
    for (int n = 0; n < LIGHTS; n++)
        gpio_output_set(i->lights[n].line, is_lit(i->lights[n].wanted, i->ticks));
}

static void on_blink(uv_timer_t *timer)
{
    struct indicator *i = timer->data;
    i->ticks++;
    drive(i);
}

static void show(struct indicator *i, enum indicator_pattern pattern)
{
    const struct lights *wanted = &lights_of[pattern];
    bool blinks = false;
    i->lights[0].wanted = wanted->green;
    i->lights[1].wanted = wanted->amber;
    i->lights[2].wanted = wanted->red;
    for (int n = 0; n < LIGHTS; n++)
        blinks = blinks || i->lights[n].wanted == LIGHT_SLOW || i->lights[n].wanted == LIGHT_FAST;
    i->ticks = 0;
    drive(i);
    if (blinks)
        uv_timer_start(&i->blink, on_blink, LIGHT_FAST_HALF_MS, LIGHT_FAST_HALF_MS);
    else
        uv_timer_stop(&i->blink);
}

/* The lamp is at fault while one of its lights is. */
static void on_fault(void *arg, const char *reason)
{
    struct one_light *light = arg;
    struct indicator *i = light->indicator;
    const char *first = NULL;
    if (reason)
        snprintf(light->reason, sizeof light->reason, "%s light: %s", light->name, reason);
    else
        light->reason[0] = '\0';
    for (int n = LIGHTS; n-- > 0;)
        first = i->lights[n].reason[0] ? i->lights[n].reason : first;
    if (i->opened)
        i->host.on_fault(i->host.arg, first);
}

static void free_indicator(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_gpiod(struct indicator *i)
{
    if (!i)
        return;
    for (int n = 0; n < LIGHTS; n++)
        gpio_output_close(i->lights[n].line);
    uv_close((uv_handle_t *)&i->blink, free_indicator);
}

static bool is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static void check(const void *options, struct driver_mistakes *ret_mistakes)
{
    const struct gpiod_options *o = options;
    static const char what[] = "is the line of another light: each has a line of its own";
    if (is_same(o->amber, o->red))
        err_set(driver_mistake(ret_mistakes, "amber", 0, NULL), EINVAL, what);
    if (is_same(o->green, o->red) || is_same(o->green, o->amber))
        err_set(driver_mistake(ret_mistakes, "green", 0, NULL), EINVAL, what);
}

static int open_gpiod(const void *options, const struct indicator_host *host, uv_loop_t *loop,
                      struct indicator **ret_indicator, struct err *e)
{
    const struct gpiod_options *o = options;
    const char *const lines[LIGHTS] = {o->green, o->amber, o->red};
    static const char *const names[LIGHTS] = {"green", "amber", "red"};
    struct indicator *i = calloc(1, sizeof *i);
    const char *reason = NULL;
    if (!i)
        return err_set(e, ENOMEM, "gpiod: out of memory");
    i->host = *host;
    uv_timer_init(loop, &i->blink);
    i->blink.data = i;
    for (int n = 0; n < LIGHTS; n++) {
        struct gpio_line_wish wish = {.chip = o->chip, .line = lines[n], .active = o->active};
        i->lights[n].indicator = i;
        i->lights[n].name = names[n];
        i->lights[n].line = gpio_output_open(&wish, loop, on_fault, &i->lights[n]);
        if (!i->lights[n].line) {
            close_gpiod(i);
            return err_set(e, ENOMEM, "gpiod: out of memory");
        }
    }
    i->opened = true;
    for (int n = LIGHTS; n-- > 0;)
        reason = i->lights[n].reason[0] ? i->lights[n].reason : reason;
    i->host.on_fault(i->host.arg, reason);
    *ret_indicator = i;
    return 0;
}

const struct indicator_driver indicator_gpiod = {
    .type = {.name = "gpiod",
             .help = "three lights on GPIO lines of this machine",
             .options = option_table,
             .options_size = sizeof(struct gpiod_options),
             .check = check},
    .open = open_gpiod,
    .show = show,
    .close = close_gpiod,
};
