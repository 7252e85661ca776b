/* SPDX-License-Identifier: Apache-2.0 */
/* Lamps and outputs over part_world: a lamp and a siren that only remember. */
#ifndef TOCSIN_TESTS_ANNUNCIATE_WORLD_H
#define TOCSIN_TESTS_ANNUNCIATE_WORLD_H

#include "annunciate/lamps.h"
#include "annunciate/outputs.h"
#include "part_world.h"

struct indicator {
    enum indicator_pattern pattern;
    struct indicator_host host;
};
struct output {
    bool on;
    struct output_host host;
};
extern struct indicator indicators[2];
extern struct output sirens[2];
extern size_t indicator_count, siren_count; /* opened */
extern unsigned lamp_shown;                 /* how often a lamp was touched */
extern struct lamps *lamps;
extern struct outputs *outputs;

/* Check's fixtures: one lamp, one siren that is on while an alarm is raised, all proven. */
void annunciate_begin(void);
void annunciate_end(void);

/* Lines and cameras that work, as inputs and clips tell it. */
void prove_all(void);

/* A new process over what is stored; the one before has switched everything off. */
void annunciate_restart(void);

#endif
