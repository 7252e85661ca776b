/* SPDX-License-Identifier: Apache-2.0 */
/* A line that is pressed by `tocsin press`: for demonstrations and tests, never for a gate. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "drivers/input/inputs.h"

struct sim_options {
    bool pressed_at_start;
};

struct input {
    struct input_host host;
};

static const struct option option_table[] = {
    {.key = "pressed_at_start",
     .type = OPTION_BOOL,
     .offset = offsetof(struct sim_options, pressed_at_start),
     .fallback = "false",
     .help = "Whether the line is found pressed when the gateway starts."},
    OPTION_TABLE_END,
};

static int open_sim(const void *options, enum input_contact contact, const struct input_host *host,
                    uv_loop_t *loop, struct input **ret_input, struct err *e)
{
    (void)contact;
    (void)loop;
    const struct sim_options *o = options;
    struct input *input = calloc(1, sizeof *input);
    if (!input)
        return err_set(e, ENOMEM, "sim: out of memory");
    input->host = *host;
    host->on_level(host->arg, o->pressed_at_start, clock_monotonic_ns(), INPUT_CAUSE_START);
    *ret_input = input;
    host->on_fault(host->arg, NULL);
    return 0;
}

static void close_sim(struct input *input)
{
    free(input);
}

static void simulate(struct input *input, bool active)
{
    input->host.on_level(input->host.arg, active, clock_monotonic_ns(), INPUT_CAUSE_EDGE);
}

const struct input_driver input_sim = {
    .type = {.name = "sim",
             .help = "pressed by the command tocsin press",
             .options = option_table,
             .options_size = sizeof(struct sim_options),
             .simulated = true},
    .open = open_sim,
    .close = close_sim,
    .simulate = simulate,
};
