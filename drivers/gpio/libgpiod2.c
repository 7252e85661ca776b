/* SPDX-License-Identifier: Apache-2.0 */
/* libgpiod 2.x: settings, configuration and request objects; events with 64-bit stamps. */
#include <dirent.h>
#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpio/gpio_line.h"

struct gpio_line {
    struct gpiod_line_request *request;
    struct gpiod_edge_event_buffer *buffer;
    unsigned offset;
};

static int is_wanted(struct gpiod_chip *chip, const char *name)
{
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    int wanted = info && (strcmp(gpiod_chip_info_get_label(info), name) == 0 ||
                          strcmp(gpiod_chip_info_get_name(info), name) == 0);
    gpiod_chip_info_free(info);
    return wanted;
}

/* By label or name among /dev/gpiochip*; numbers move from boot to boot. */
static struct gpiod_chip *find_chip(const char *name)
{
    if (name[0] == '/')
        return gpiod_chip_open(name);
    struct gpiod_chip *found = NULL;
    DIR *dev = opendir("/dev");
    int denied = 0;
    for (struct dirent *d; dev && !found && (d = readdir(dev));) {
        char path[300];
        if (strncmp(d->d_name, "gpiochip", 8) != 0)
            continue;
        snprintf(path, sizeof path, "/dev/%s", d->d_name);
        struct gpiod_chip *chip = gpiod_chip_open(path);
        if (chip && is_wanted(chip, name))
            found = chip;
        else if (chip)
            gpiod_chip_close(chip);
        else if (errno == EACCES)
            denied = 1;
    }
    if (dev)
        closedir(dev);
    errno = denied ? EACCES : ENOENT;
    return found;
}

/* Negative if the chip has no such line. */
static int find_offset(struct gpiod_chip *chip, const char *name)
{
    if (strspn(name, "0123456789") != strlen(name))
        return gpiod_chip_get_line_offset_from_name(chip, name);
    struct gpiod_chip_info *info = gpiod_chip_get_info(chip);
    unsigned long offset = strtoul(name, NULL, 10);
    int found = info && offset < gpiod_chip_info_get_num_lines(info) ? (int)offset : -1;
    gpiod_chip_info_free(info);
    return found;
}

static int request(struct gpio_line *h, struct gpiod_chip *chip, const struct gpio_line_wish *wish)
{
    static const enum gpiod_line_bias bias[] = {
        [GPIO_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
        [GPIO_BIAS_DISABLED] = GPIOD_LINE_BIAS_DISABLED,
        [GPIO_BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
        [GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
    };
    struct gpiod_line_settings *settings = gpiod_line_settings_new();
    struct gpiod_line_config *lines = gpiod_line_config_new();
    struct gpiod_request_config *config = gpiod_request_config_new();
    if (settings && lines && config) {
        gpiod_line_settings_set_active_low(settings, wish->active == GPIO_ACTIVE_LOW);
        if (wish->output) {
            gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT);
            gpiod_line_settings_set_output_value(settings, GPIOD_LINE_VALUE_INACTIVE);
        } else {
            gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT);
            gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH);
            gpiod_line_settings_set_bias(settings, bias[wish->bias]);
            gpiod_line_settings_set_event_clock(settings, GPIOD_LINE_CLOCK_MONOTONIC);
        }
        gpiod_request_config_set_consumer(config, "tocsind");
        gpiod_request_config_set_event_buffer_size(config, GPIO_LINE_EDGES_KEPT);
        if (gpiod_line_config_add_line_settings(lines, &h->offset, 1, settings) == 0)
            h->request = gpiod_chip_request_lines(chip, config, lines);
    }
    int result = h->request ? 0 : -errno;
    gpiod_line_settings_free(settings);
    gpiod_line_config_free(lines);
    gpiod_request_config_free(config);
    return result;
}

static int explain(struct gpiod_chip *chip, const struct gpio_line_wish *wish, unsigned offset,
                   int code, struct err *e)
{
    struct gpiod_line_info *info = code == EBUSY ? gpiod_chip_get_line_info(chip, offset) : NULL;
    const char *holder = info ? gpiod_line_info_get_consumer(info) : NULL;
    int result = code == EBUSY ? err_set(e, EBUSY, "line %s of %s is held by \"%s\"", wish->line,
                                         wish->chip, holder ? holder : "somebody")
                               : err_system(e, code, "line %s of %s", wish->line, wish->chip);
    gpiod_line_info_free(info);
    return result;
}

int gpio_line_open(const struct gpio_line_wish *wish, struct gpio_line **ret_line, struct err *e)
{
    struct gpiod_chip *chip = find_chip(wish->chip);
    if (!chip)
        return errno == EACCES
                   ? err_set(e, EACCES,
                             "chip %s: permission denied; is the user in group gpio, "
                             "and is 60-tocsin-gpio.rules installed?",
                             wish->chip)
                   : err_system(e, errno, "chip %s (gpiodetect lists those there are)", wish->chip);
    struct gpio_line *h = calloc(1, sizeof *h);
    int offset = find_offset(chip, wish->line), result = 0;
    if (!h || !(h->buffer = gpiod_edge_event_buffer_new(1)))
        result = err_set(e, ENOMEM, "gpiod: out of memory");
    else if (offset < 0)
        result = err_set(e, ENOENT, "chip %s has no line %s (gpioinfo lists those there are)",
                         wish->chip, wish->line);
    if (result == 0) {
        h->offset = (unsigned)offset;
        int code = -request(h, chip, wish);
        if (code != 0)
            result = explain(chip, wish, h->offset, code, e);
    }
    gpiod_chip_close(chip);
    if (result != 0) {
        gpio_line_close(h);
        return result;
    }
    *ret_line = h;
    return 0;
}

int gpio_line_fd(struct gpio_line *h)
{
    return gpiod_line_request_get_fd(h->request);
}

int gpio_line_read_level(struct gpio_line *h, bool *ret_active, struct err *e)
{
    enum gpiod_line_value level = gpiod_line_request_get_value(h->request, h->offset);
    if (level == GPIOD_LINE_VALUE_ERROR)
        return err_system(e, errno, "reading the level");
    *ret_active = level == GPIOD_LINE_VALUE_ACTIVE;
    return 0;
}

int gpio_line_set(struct gpio_line *h, bool active, struct err *e)
{
    enum gpiod_line_value value = active ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    return gpiod_line_request_set_value(h->request, h->offset, value) == 0
               ? 0
               : err_system(e, errno, "setting the level");
}

int gpio_line_read_edge(struct gpio_line *h, bool *ret_active, int64_t *ret_at_ns, struct err *e)
{
    int ready = gpiod_line_request_wait_edge_events(h->request, 0);
    if (ready == 0)
        return 0;
    if (ready < 0 || gpiod_line_request_read_edge_events(h->request, h->buffer, 1) != 1)
        return err_system(e, errno, "reading an event");
    struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(h->buffer, 0);
    *ret_active = gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE;
    *ret_at_ns = (int64_t)gpiod_edge_event_get_timestamp_ns(event);
    return 1;
}

void gpio_line_close(struct gpio_line *h)
{
    if (!h)
        return;
    if (h->request)
        gpiod_line_request_release(h->request);
    gpiod_edge_event_buffer_free(h->buffer);
    free(h);
}
