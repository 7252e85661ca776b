/* SPDX-License-Identifier: Apache-2.0 */
/* The cases of the input contract, one list for each kind of input. */
#ifndef TOCSIN_TESTS_INPUT_CASES_H
#define TOCSIN_TESTS_INPUT_CASES_H

#include <check.h>

#include "input_world.h"

/* The world of this run; set by main. */
extern const struct input_world *world;

/* Made for each test; when it ends, all is closed and the loop must hold nothing more. */
extern uv_loop_t loop;
extern struct watcher first, second;

void begin_world(void);
void end_world(void);

void open_first(void);

void add_common_cases(TCase *cases);
void add_contact_cases(TCase *cases);
void add_reader_cases(TCase *cases);
void add_evdev_cases(TCase *cases);

#endif
