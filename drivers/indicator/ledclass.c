/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three LEDs of the kernel's LED class (red, amber, green). The kernel blinks them by its `timer`
 * trigger, so blinking goes on whatever this process does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/indicator/indicators.h"
#include "drivers/indicator/lights.h"

struct ledclass_options {
    char *red, *amber, *green;
    char *folder;
};

struct indicator {
    const struct ledclass_options *options;
    struct indicator_host host;
};

static const struct option option_table[] = {
    {.key = "red",
     .type = OPTION_STRING,
     .offset = offsetof(struct ledclass_options, red),
     .required = 1,
     .help = "Name of the red LED under the folder."},
    {.key = "amber",
     .type = OPTION_STRING,
     .offset = offsetof(struct ledclass_options, amber),
     .required = 1,
     .help = "Name of the amber LED."},
    {.key = "green",
     .type = OPTION_STRING,
     .offset = offsetof(struct ledclass_options, green),
     .required = 1,
     .help = "Name of the green LED."},
    {.key = "folder",
     .type = OPTION_PATH,
     .offset = offsetof(struct ledclass_options, folder),
     .fallback = "/sys/class/leds",
     .help = "Where the kernel shows its LEDs."},
    OPTION_TABLE_END,
};

/* sysfs answers from memory: this does not wait for a disk. */
static int write_value(const struct indicator *i, const char *led, const char *file,
                       const char *value)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s/%s", i->options->folder, led, file);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = write(fd, value, strlen(value)) < 0 ? -errno : 0;
    close(fd);
    return result;
}

static int set_led(const struct indicator *i, const char *led, enum light light)
{
    char half[8];
    int result;
    snprintf(half, sizeof half, "%d",
             light == LIGHT_FAST ? LIGHT_FAST_HALF_MS : LIGHT_SLOW_HALF_MS);
    switch (light) {
    case LIGHT_OFF:
    case LIGHT_ON:
        result = write_value(i, led, "trigger", "none");
        return result == 0 ? write_value(i, led, "brightness", light == LIGHT_ON ? "255" : "0")
                           : result;
    case LIGHT_SLOW:
    case LIGHT_FAST:
        result = write_value(i, led, "trigger", "timer");
        if (result == 0)
            result = write_value(i, led, "delay_on", half);
        return result == 0 ? write_value(i, led, "delay_off", half) : result;
    }
    return 0;
}

static void show(struct indicator *i, enum indicator_pattern pattern)
{
    const char *const leds[3] = {i->options->green, i->options->amber, i->options->red};
    const struct lights *lights = &lights_of[pattern];
    const enum light wanted[3] = {lights->green, lights->amber, lights->red};
    char reason[256] = "";
    for (int n = 0; n < 3; n++) {
        int result = set_led(i, leds[n], wanted[n]);
        if (result != 0)
            snprintf(reason, sizeof reason, "LED %s cannot be set: %s", leds[n], strerror(-result));
    }
    i->host.on_fault(i->host.arg, reason[0] ? reason : NULL);
}

static int open_ledclass(const void *options, const struct indicator_host *host, uv_loop_t *loop,
                         struct indicator **ret_indicator, struct err *e)
{
    (void)loop;
    struct indicator *i = calloc(1, sizeof *i);
    if (!i)
        return err_set(e, ENOMEM, "ledclass: out of memory");
    i->options = options;
    i->host = *host;
    *ret_indicator = i;
    return 0;
}

static void close_ledclass(struct indicator *i)
{
    if (!i)
        return;
    const char *const leds[3] = {i->options->green, i->options->amber, i->options->red};
    for (int n = 0; n < 3; n++)
        set_led(i, leds[n], LIGHT_OFF);
    free(i);
}

const struct indicator_driver indicator_ledclass = {
    .type = {.name = "ledclass",
             .help = "three LEDs of the kernel's LED class",
             .options = option_table,
             .options_size = sizeof(struct ledclass_options)},
    .open = open_ledclass,
    .show = show,
    .close = close_ledclass,
};
