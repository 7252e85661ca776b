/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/gpio/gpio_output.h"

#include <errno.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "base/uuid.h"
#include "iface/limits.h"

#define LOOK_MS        1000 /* a chip that is gone tells nobody */
#define REOPEN_BASE_MS 250
#define REOPEN_CAP_MS  LIMIT_LINE_RETRY_MS

struct gpio_output {
    struct gpio_line_wish wish;
    gpio_output_fault_handler on_fault;
    void *arg;
    struct gpio_line *line; /* NULL while it cannot be had */
    uv_timer_t timer;       /* looks whether it is there, or opens it again */
    unsigned failures;
    bool on;
};

static void on_timer(uv_timer_t *timer);

static void lose(struct gpio_output *o, const char *reason)
{
    uint32_t random;
    uuid_random(&random, sizeof random);
    gpio_line_close(o->line);
    o->line = NULL;
    o->on_fault(o->arg, reason);
    int64_t delay = backoff_delay_ms(++o->failures, REOPEN_BASE_MS, REOPEN_CAP_MS, random);
    uv_timer_start(&o->timer, on_timer, (uint64_t)delay + REOPEN_BASE_MS, 0);
}

static void take(struct gpio_output *o)
{
    struct err e;
    if (gpio_line_open(&o->wish, &o->line, &e) != 0 || gpio_line_set(o->line, o->on, &e) != 0) {
        lose(o, e.text);
        return;
    }
    o->failures = 0;
    o->on_fault(o->arg, NULL);
    uv_timer_start(&o->timer, on_timer, LOOK_MS, LOOK_MS);
}

/* Something else may have driven the line, or its chip may be gone. */
static void look(struct gpio_output *o)
{
    struct err e;
    bool on;
    int result = gpio_line_read_level(o->line, &on, &e);
    if (result == 0 && on != o->on)
        result = gpio_line_set(o->line, o->on, &e);
    if (result != 0)
        lose(o, e.text);
}

static void on_timer(uv_timer_t *timer)
{
    struct gpio_output *o = timer->data;
    if (o->line)
        look(o);
    else
        take(o);
}

struct gpio_output *gpio_output_open(const struct gpio_line_wish *wish, uv_loop_t *loop,
                                     gpio_output_fault_handler on_fault, void *arg)
{
    struct gpio_output *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->wish = *wish;
    o->wish.output = true;
    o->on_fault = on_fault;
    o->arg = arg;
    uv_timer_init(loop, &o->timer);
    o->timer.data = o;
    take(o);
    return o;
}

void gpio_output_set(struct gpio_output *o, bool on)
{
    struct err e;
    o->on = on;
    if (o->line && gpio_line_set(o->line, on, &e) != 0)
        lose(o, e.text);
}

static void free_output(uv_handle_t *handle)
{
    free(handle->data);
}

void gpio_output_close(struct gpio_output *o)
{
    struct err ignored;
    if (!o)
        return;
    if (o->line)
        gpio_line_set(o->line, false, &ignored);
    gpio_line_close(o->line);
    uv_close((uv_handle_t *)&o->timer, free_output);
}
