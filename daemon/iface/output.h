/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output contract: a relay contact, a siren or a gate lock, that is on or off. When it is on is
 * the core's (the rules of the configuration). Loop thread only; no call blocks.
 */
#ifndef TOCSIN_IFACE_OUTPUT_H
#define TOCSIN_IFACE_OUTPUT_H

#include <stdbool.h>
#include <uv.h>

#include "base/err.h"
#include "iface/driver.h"

struct output; /* one open output; the driver's own */

struct output_host {
    /* `reason` says what is wrong and what to do; NULL when the output works: also for the first
     * time, since what was wrong before a restart may be believed to be so still. */
    void (*on_fault)(void *arg, const char *reason);
    void *arg;
};

struct output_driver {
    struct driver_type type;

    /*
     * Takes the output, switched off. Borrows `options` and copies `host`. An output that cannot be
     * had now is not an error of open but an on_fault; the driver tries again by itself and then
     * sets what was asked for last. Open fails only for options that can never work.
     */
    int (*open)(const void *options, const struct output_host *host, uv_loop_t *loop,
                struct output **ret_output, struct err *e);
    void (*set)(struct output *output, bool on);
    /* Switches it off. No callback after it returns. NULL is accepted. */
    void (*close)(struct output *output);
};

DRIVER_OF(output)

#endif
