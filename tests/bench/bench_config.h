/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway that is measured: simulated buttons, one receiver. */
#ifndef TOCSIN_BENCH_CONFIG_H
#define TOCSIN_BENCH_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_BUTTONS 48
#define BENCH_NONE    (-1)

/* Into STATE/bench.yaml; the store is STATE/store, the control socket STATE/control.sock, and the
 * journal in the folder TOCSIN_RUN_DIR of the environment, which wants to be a tmpfs; else STATE.
 * `pressed` is the button that is found pressed at the start, or BENCH_NONE. */
bool bench_write_config(const char *pki, const char *state, int port, int pressed, char *ret_path,
                        size_t size);

#endif
