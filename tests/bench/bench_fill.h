/* SPDX-License-Identifier: Apache-2.0 */
/* A store as a gateway of some age has it. */
#ifndef TOCSIN_BENCH_FILL_H
#define TOCSIN_BENCH_FILL_H

#include <stdbool.h>

/* As many presses as wanted, as the gateway would have stored them, into that folder, which is
 * made; all delivered, or all waiting. */
void bench_fill(const char *folder, unsigned wanted, bool waiting);

#endif
