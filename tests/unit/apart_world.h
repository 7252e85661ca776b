/* SPDX-License-Identifier: Apache-2.0 */
/* A gate (part_world) whose gateway starts without its store, which comes when the test says so. */
#ifndef TOCSIN_TESTS_APART_WORLD_H
#define TOCSIN_TESTS_APART_WORLD_H

#include "part_world.h"

#define BUTTONS 2 /* the gate's and the office's */

/* What the store holds of before: an alarm of each, which both receivers have. */
extern struct outbox_found store;
extern char before[BUTTONS][UUID_TEXT_SIZE];

/* Check's fixtures: the store is made, and a process has started that does not know it. */
void apart_begin(void);
void apart_end(void);

/* Another such process. */
void start_apart(void);

/* The store is read, and all of it is known. */
void read_store(void);

/* Whether a row of open alarms says that it was made so. */
bool says_apart(const char *row);

#endif
