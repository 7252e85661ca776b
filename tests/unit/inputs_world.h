/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs over part_world: lines that the test moves. */
#ifndef TOCSIN_TESTS_INPUTS_WORLD_H
#define TOCSIN_TESTS_INPUTS_WORLD_H

#include "inputs/inputs.h"
#include "part_world.h"

struct input {
    struct input_host host;
};
extern struct input lines[WORLD_INPUTS + 2][2]; /* in the order of the inputs; by contact */
extern size_t opened;
extern size_t refused;     /* the input that its driver does not open; SIZE_MAX: none */
extern int second_contact; /* as a driver's options: the input has one */
extern struct inputs *inputs;

/* Check's fixtures: every line is open, and known to be. */
void inputs_begin(void);
void inputs_end(void);
/* Opens them by the configuration as it is now; the result of inputs_open. */
int open_inputs(void);

/* The line tells its level, in a turn of its own. */
void set_level(size_t input, enum input_contact contact, bool closed, enum input_cause cause);
/* Time for the line to settle, then the edge. */
void move(enum world_input input, bool closed);

/* Edges that the kernel keeps until the loop asks: a line tells all of its own before the next. */
struct edge {
    enum world_input input;
    enum input_contact contact;
    bool closed;
    int64_t after_ms;
};
/* The loop is busy for `ms`, in which these edges come; then it has its turn. */
void stall(int64_t ms, const struct edge *edges, size_t count);
#define STALL(ms, ...)                                                                             \
    stall(ms, (const struct edge[]){__VA_ARGS__},                                                  \
          sizeof((const struct edge[]){__VA_ARGS__}) / sizeof(struct edge))

#endif
