/* SPDX-License-Identifier: Apache-2.0 */
/* What the cases of outputs and indicators share: a loop whose timers run fast, and the host that
 * keeps what it is told. */
#ifndef TOCSIN_TESTS_SHOWN_WORLD_H
#define TOCSIN_TESTS_SHOWN_WORLD_H

#include <check.h>
#include <stdbool.h>
#include <uv.h>

extern uv_loop_t loop;
extern unsigned faults, cleared; /* how often the host was told of a fault, and of none */
extern char reason[300];         /* the last; "": none */
extern bool closed;              /* set by a case: nothing may be told any more */

/* For a host's on_fault; `arg` must be the loop. */
void on_shown_fault(void *arg, const char *text);

void add_gpiod_output_cases(TCase *cases);
void add_gpiod_lamp_cases(TCase *cases);

#endif
