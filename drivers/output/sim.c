/* SPDX-License-Identifier: Apache-2.0 */
/* An output that is only seen in `tocsin status` and `tocsin watch`. */
#include <errno.h>
#include <stdlib.h>

#include "drivers/output/outputs.h"

struct output {
    bool on;
};

static const struct option option_table[] = {OPTION_TABLE_END};

static int open_sim(const void *options, const struct output_host *host, uv_loop_t *loop,
                    struct output **ret_output, struct err *e)
{
    (void)options;
    (void)loop;
    struct output *output = calloc(1, sizeof *output);
    if (!output)
        return err_set(e, ENOMEM, "sim: out of memory");
    *ret_output = output;
    host->on_fault(host->arg, NULL);
    return 0;
}

static void set(struct output *output, bool on)
{
    output->on = on;
}

static void close_sim(struct output *output)
{
    free(output);
}

const struct output_driver output_sim = {
    .type = {.name = "sim",
             .help = "no relay: whether it is on is seen in tocsin status",
             .options = option_table,
             .options_size = 0,
             .simulated = true},
    .open = open_sim,
    .set = set,
    .close = close_sim,
};
