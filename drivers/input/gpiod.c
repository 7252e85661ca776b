/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A button on a GPIO line.
 *
 * State, not edges: every edge in the kernel's queue is passed on with its stamp (an active edge
 * counts even if the level is back), then the level is read and has the last word, because the
 * kernel's queue may have overflowed. A turn tells all that was queued before it: time that passes
 * is judged by that (loop/after_poll). The level is also read by a timer: a removed chip wakes
 * nobody on kernel 6.1. A chip that goes away is a fault and is opened again, for ever.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "drivers/gpio/gpio_line.h"
#include "drivers/input/inputs.h"
#include "iface/limits.h"

#define REOPEN_BASE_MS 250
#define REOPEN_CAP_MS  LIMIT_LINE_RETRY_MS

struct gpiod_options {
    char *chip;
    char *line;
    char *second_line; /* NULL: the button has one contact */
    enum gpio_active active;
    enum gpio_bias bias;
    int64_t poll_ms;
};

/* libuv's handles outlive the line when a chip goes away: a new one is made for each opening. */
struct watch {
    uv_poll_t poll;
    struct input *input;
};

struct input {
    const struct gpiod_options *options;
    const char *name; /* of the line */
    struct input_host host;
    uv_loop_t *loop;
    struct gpio_line *line; /* NULL while it cannot be had */
    struct watch *watch;
    uv_timer_t timer; /* reads the level, or opens again */
    unsigned failures;
    bool started; /* the first level was told */
};

static const struct option option_table[] = {
    GPIO_OPTION_CHIP(struct gpiod_options, chip),
    GPIO_OPTION_LINE(struct gpiod_options, line),
    {.key = "second_line",
     .type = OPTION_STRING,
     .offset = offsetof(struct gpiod_options, second_line),
     .help = "Line of the button's other contact, which is closed while the first is open: the two "
             "tell a press from a cut or shorted wire."},
    {.key = "active",
     OPTION_ENUM(struct gpiod_options, active, gpio_active_words),
     .fallback = "low",
     .help = "Level of the line while the contact is closed."},
    {.key = "bias",
     OPTION_ENUM(struct gpiod_options, bias, gpio_bias_words),
     .fallback = "pull-up",
     .help = "Resistor in the chip; a long cable needs one outside as well."},
    {.key = "poll",
     .type = OPTION_DURATION,
     .offset = offsetof(struct gpiod_options, poll_ms),
     .fallback = "500ms",
     .min = 100,
     .max = 5000,
     .help = "How often the level is read beside the edges."},
    OPTION_TABLE_END,
};

static void on_timer(uv_timer_t *timer);

static void free_watch(uv_handle_t *handle)
{
    free(handle->data);
}

static void drop_line(struct input *input)
{
    if (input->watch)
        uv_close((uv_handle_t *)&input->watch->poll, free_watch);
    input->watch = NULL;
    gpio_line_close(input->line);
    input->line = NULL;
}

static void lose_line(struct input *input, const char *reason)
{
    uint32_t random;
    uuid_random(&random, sizeof random);
    drop_line(input);
    input->host.on_fault(input->host.arg, reason);
    int64_t delay = backoff_delay_ms(++input->failures, REOPEN_BASE_MS, REOPEN_CAP_MS, random);
    uv_timer_start(&input->timer, on_timer, (uint64_t)delay + REOPEN_BASE_MS, 0);
}

/* Tells the level, which is at least as new as `at_ns`. False if the line was lost. */
static bool tell_level(struct input *input, enum input_cause cause, int64_t at_ns)
{
    struct err e;
    bool active;
    if (gpio_line_read_level(input->line, &active, &e) != 0) {
        lose_line(input, e.text);
        return false;
    }
    input->host.on_level(input->host.arg, active, at_ns, cause);
    return true;
}

/* Tells all that is queued, then the level: a press has its edge's stamp, also if a timer found it.
 * The level has the time from before that: what is seen of a later one, its own edge may be yet to
 * tell. */
static void read_line(struct input *input)
{
    struct err e;
    bool active;
    int64_t newest_ns = clock_monotonic_ns(), at_ns;
    for (int i = 0; i < GPIO_LINE_EDGES_KEPT; i++) {
        int got = gpio_line_read_edge(input->line, &active, &at_ns, &e);
        if (got < 0) {
            lose_line(input, e.text);
            return;
        }
        if (got == 0) {
            tell_level(input, INPUT_CAUSE_READ, newest_ns);
            return;
        }
        if (at_ns > newest_ns)
            newest_ns = at_ns;
        input->host.on_level(input->host.arg, active, at_ns, INPUT_CAUSE_EDGE);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    (void)events;
    if (status < 0)
        lose_line(watch->input, "the chip is gone");
    else
        read_line(watch->input);
}

static void take_line(struct input *input)
{
    const struct gpiod_options *o = input->options;
    struct gpio_line_wish wish = {
        .chip = o->chip, .line = input->name, .active = o->active, .bias = o->bias};
    struct err e;
    if (gpio_line_open(&wish, &input->line, &e) != 0) {
        lose_line(input, e.text);
        return;
    }
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch || uv_poll_init(input->loop, &watch->poll, gpio_line_fd(input->line)) != 0) {
        free(watch);
        lose_line(input, "the line cannot be watched");
        return;
    }
    watch->poll.data = watch;
    watch->input = input;
    input->watch = watch;
    uv_poll_start(&watch->poll, UV_READABLE, on_readable);
    /* After a chip came back the level is a reading; only the first ever is the start. */
    if (!tell_level(input, input->started ? INPUT_CAUSE_READ : INPUT_CAUSE_START,
                    clock_monotonic_ns()))
        return;
    input->started = true;
    input->failures = 0;
    input->host.on_fault(input->host.arg, NULL);
    uv_timer_start(&input->timer, on_timer, (uint64_t)o->poll_ms, (uint64_t)o->poll_ms);
}

static void on_timer(uv_timer_t *timer)
{
    struct input *input = timer->data;
    if (input->line)
        read_line(input);
    else
        take_line(input);
}

static bool has_second(const void *options)
{
    const struct gpiod_options *o = options;
    return o->second_line != NULL;
}

static void check(const void *options, struct driver_mistakes *ret_mistakes)
{
    const struct gpiod_options *o = options;
    if (o->line && o->second_line && strcmp(o->second_line, o->line) == 0)
        err_set(driver_mistake(ret_mistakes, "second_line", 0, NULL), EINVAL,
                "is the same line as the first: name the line of the other contact");
}

static int open_gpiod(const void *options, enum input_contact contact,
                      const struct input_host *host, uv_loop_t *loop, struct input **ret_input,
                      struct err *e)
{
    const struct gpiod_options *o = options;
    struct input *input = calloc(1, sizeof *input);
    if (!input)
        return err_set(e, ENOMEM, "gpiod: out of memory");
    input->options = o;
    input->name = contact == INPUT_CONTACT_FIRST ? o->line : o->second_line;
    input->host = *host;
    input->loop = loop;
    uv_timer_init(loop, &input->timer);
    input->timer.data = input;
    take_line(input);
    *ret_input = input;
    return 0;
}

static void free_input(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_gpiod(struct input *input)
{
    if (!input)
        return;
    drop_line(input);
    uv_close((uv_handle_t *)&input->timer, free_input);
}

const struct input_driver input_gpiod = {
    .type = {.name = "gpiod",
             .help = "a GPIO line of this machine",
             .options = option_table,
             .options_size = sizeof(struct gpiod_options),
             .check = check},
    .has_second = has_second,
    .open = open_gpiod,
    .close = close_gpiod,
};
