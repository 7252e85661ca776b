/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of cards that is shown them by command: for demonstrations and tests. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "drivers/input/inputs.h"

struct input {
    struct input_host host;
};

static const struct option option_table[] = {OPTION_TABLE_END};

static int open_reader(const void *options, enum input_contact contact,
                       const struct input_host *host, uv_loop_t *loop, struct input **ret_input,
                       struct err *e)
{
    (void)options;
    (void)contact;
    (void)loop;
    struct input *input = calloc(1, sizeof *input);
    if (!input)
        return err_set(e, ENOMEM, "sim-card: out of memory");
    input->host = *host;
    *ret_input = input;
    host->on_fault(host->arg, NULL);
    return 0;
}

static void close_reader(struct input *input)
{
    free(input);
}

/* What is no card's number was typed by no reader: the caller has said so to whoever typed it. */
static void simulate_card(struct input *input, const char *digits)
{
    size_t length = strlen(digits);
    if (length == 0 || length > INPUT_CARD_DIGITS_MAX || strspn(digits, "0123456789") != length)
        return;
    input->host.on_card(input->host.arg, digits, clock_monotonic_ns());
}

const struct input_driver input_sim_card = {
    .type = {.name = "sim-card",
             .help = "a reader that is shown cards by command",
             .options = option_table,
             .reads_cards = true,
             .simulated = true},
    .open = open_reader,
    .close = close_reader,
    .simulate_card = simulate_card,
};
