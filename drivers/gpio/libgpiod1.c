/* SPDX-License-Identifier: Apache-2.0 */
/* libgpiod 1.6: one descriptor a line, a queue of the 16 oldest events in the kernel. */
#include <ctype.h>
#include <errno.h>
#include <gpiod.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/gpio/gpio_line.h"

struct gpio_line {
    struct gpiod_chip *chip;
    struct gpiod_line *line;
};

/* Of the two searches the first looks into every chip: it knows if that is forbidden. */
static struct gpiod_chip *find_chip(const char *name)
{
    struct gpiod_chip *chip = gpiod_chip_open_by_label(name);
    int code = errno;
    if (chip)
        return chip;
    chip = gpiod_chip_open_lookup(name);
    if (!chip && code == EACCES)
        errno = EACCES;
    return chip;
}

static struct gpiod_line *find_line(struct gpiod_chip *chip, const char *name)
{
    if (strspn(name, "0123456789") == strlen(name))
        return gpiod_chip_get_line(chip, (unsigned)strtoul(name, NULL, 10));
    return gpiod_chip_find_line(chip, name);
}

static int request_flags(const struct gpio_line_wish *wish)
{
    static const int bias[] = {
        [GPIO_BIAS_AS_IS] = 0,
        [GPIO_BIAS_DISABLED] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
        [GPIO_BIAS_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
        [GPIO_BIAS_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
    };
    return bias[wish->bias] |
           (wish->active == GPIO_ACTIVE_LOW ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0);
}

static int request(struct gpiod_line *line, const struct gpio_line_wish *wish)
{
    int low = wish->active == GPIO_ACTIVE_LOW ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0;
    return wish->output
               ? gpiod_line_request_output_flags(line, "tocsind", low, 0)
               : gpiod_line_request_both_edges_events_flags(line, "tocsind", request_flags(wish));
}

int gpio_line_open(const struct gpio_line_wish *wish, struct gpio_line **ret_line, struct err *e)
{
    struct gpio_line *h = calloc(1, sizeof *h);
    if (!h)
        return err_set(e, ENOMEM, "gpiod: out of memory");
    int result;
    h->chip = find_chip(wish->chip);
    if (!h->chip) {
        result =
            errno == EACCES
                ? err_set(e, EACCES,
                          "chip %s: permission denied; is the user in group gpio, "
                          "and is 60-tocsin-gpio.rules installed?",
                          wish->chip)
                : err_system(e, errno, "chip %s (gpiodetect lists those there are)", wish->chip);
        goto fail;
    }
    h->line = find_line(h->chip, wish->line);
    if (!h->line) {
        result = err_set(e, ENOENT, "chip %s has no line %s (gpioinfo lists those there are)",
                         wish->chip, wish->line);
        goto fail;
    }
    if (request(h->line, wish) != 0) {
        const char *holder = gpiod_line_consumer(h->line);
        result = errno == EBUSY ? err_set(e, EBUSY, "line %s of %s is held by \"%s\"", wish->line,
                                          wish->chip, holder ? holder : "somebody")
                                : err_system(e, errno, "line %s of %s", wish->line, wish->chip);
        goto fail;
    }
    *ret_line = h;
    return 0;

fail:
    gpio_line_close(h);
    return result;
}

int gpio_line_fd(struct gpio_line *h)
{
    return gpiod_line_event_get_fd(h->line);
}

int gpio_line_read_level(struct gpio_line *h, bool *ret_active, struct err *e)
{
    int level = gpiod_line_get_value(h->line);
    if (level < 0)
        return err_system(e, errno, "reading the level");
    *ret_active = level == 1;
    return 0;
}

int gpio_line_set(struct gpio_line *h, bool active, struct err *e)
{
    return gpiod_line_set_value(h->line, active) == 0 ? 0
                                                      : err_system(e, errno, "setting the level");
}

int gpio_line_read_edge(struct gpio_line *h, bool *ret_active, int64_t *ret_at_ns, struct err *e)
{
    struct pollfd ready = {.fd = gpiod_line_event_get_fd(h->line), .events = POLLIN};
    int count = poll(&ready, 1, 0);
    if (count == 0 || (count < 0 && errno == EINTR))
        return 0;
    if (count < 0 || (ready.revents & (POLLERR | POLLHUP | POLLNVAL)))
        return err_set(e, ENODEV, "the chip is gone");
    struct gpiod_line_event event;
    if (gpiod_line_event_read(h->line, &event) != 0)
        return err_system(e, errno, "reading an event");
    *ret_active = event.event_type == GPIOD_LINE_EVENT_RISING_EDGE;
    *ret_at_ns = (int64_t)event.ts.tv_sec * 1000000000 + event.ts.tv_nsec;
    return 1;
}

void gpio_line_close(struct gpio_line *h)
{
    if (!h)
        return;
    if (h->chip)
        gpiod_chip_close(h->chip); /* releases the line */
    free(h);
}
