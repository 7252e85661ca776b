/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time that a test moves: the linker hands the clock (base/clock) and libuv's timers to this file
 * (see virtual_time in CMakeLists.txt), and keeps the handles that a turn begins and ends with, so
 * that no test sleeps and no machine is too slow.
 */
#ifndef TOCSIN_TESTS_VIRTUAL_TIME_H
#define TOCSIN_TESTS_VIRTUAL_TIME_H

#include <stdint.h>

#include "facts/facts.h"

#define VIRTUAL_START_MS      INT64_C(1000000)
#define VIRTUAL_START_WALL_MS INT64_C(1790000000000)

/* Forgets every timer and goes back to the start. */
void virtual_begin(void);

int64_t virtual_ns(void);

/* Fires what becomes due, in order, each in a turn of its own; then stands `ms` later, a turn after
 * that. */
void virtual_advance(struct facts *facts, int64_t ms);

/* The loop is busy for that long: time passes, and nothing of it is served. */
void virtual_stall(int64_t ms);

/* A turn of the loop: what is due is fired, then prepare handles, what the kernel has kept (`poll`,
 * may be NULL), check handles and facts. */
void virtual_turn(struct facts *facts, void (*poll)(void));

/* What clock_stamp_at says from now on: nobody knows how wrong the clock is. */
void virtual_lose_clock(void);

/* The wall clock, and nothing else, is set ahead by that much. */
void virtual_turn_wall(int64_t ms);

/* The time that clock_stamp_at was last told to be surely past. */
int64_t virtual_floor_ms(void);

#endif
