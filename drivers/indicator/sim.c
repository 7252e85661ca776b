/* SPDX-License-Identifier: Apache-2.0 */
/* A lamp that is only seen in `tocsin status` and `tocsin watch`. */
#include <errno.h>
#include <stdlib.h>

#include "drivers/indicator/indicators.h"

struct indicator {
    enum indicator_pattern pattern;
};

static const struct option option_table[] = {OPTION_TABLE_END};

static int open_sim(const void *options, const struct indicator_host *host, uv_loop_t *loop,
                    struct indicator **ret_indicator, struct err *e)
{
    (void)options;
    (void)loop;
    struct indicator *indicator = calloc(1, sizeof *indicator);
    if (!indicator)
        return err_set(e, ENOMEM, "sim: out of memory");
    *ret_indicator = indicator;
    host->on_fault(host->arg, NULL);
    return 0;
}

static void show(struct indicator *indicator, enum indicator_pattern pattern)
{
    indicator->pattern = pattern;
}

static void close_sim(struct indicator *indicator)
{
    free(indicator);
}

const struct indicator_driver indicator_sim = {
    .type = {.name = "sim",
             .help = "no lamp: the pattern is seen in tocsin status",
             .options = option_table,
             .options_size = 0,
             .simulated = true},
    .open = open_sim,
    .show = show,
    .close = close_sim,
};
