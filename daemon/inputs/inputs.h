/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every input: contacts (debounced, supervised), key switches, readers of cards. A button's settled
 * level goes to incidents as a plain call: the press path begins here.
 *
 * Tells FACT_LINE, FACT_PRESSED and FACT_CARD; states FAULT_LINE, FAULT_STUCK, FAULT_TAMPER,
 * FAULT_MAINS and FAULT_BATTERY. Inputs are named by their place in the configuration. Loop thread
 * only.
 */
#ifndef TOCSIN_INPUTS_INPUTS_H
#define TOCSIN_INPUTS_INPUTS_H

#include <jansson.h>
#include <uv.h>

#include "facts/facts.h"
#include "iface/input.h"
#include "incidents/incidents.h"
#include "incidents/section/exercises.h"
#include "inputs/section/inputs.h"

struct inputs;

/* What it reads of the configuration. */
struct inputs_config {
    const struct config_inputs *inputs;
    const struct config_exercises *exercises;
};

struct inputs_options {
    uv_loop_t *loop;
    struct facts *facts;
    struct inputs_config config; /* borrowed until inputs_free, as is the next */
    struct incidents *incidents;
};

/* Reads the first levels. Whatever it returns, `*ret_inputs` is to be closed and freed. */
int inputs_open(const struct inputs_options *options, struct inputs **ret_inputs, struct err *e);
void inputs_tick(struct inputs *ins);
/* No line is read any more. NULL is accepted here and below. */
void inputs_close(struct inputs *ins);
void inputs_free(struct inputs *ins);

const struct input_driver *inputs_driver(const struct inputs *ins, size_t input);

/* Presses a simulated line for that long (0: until it is released). -EBUSY while it is pressed.
 * So soon after a release this is bounce until the line has settled; then FACT_INCIDENT tells of
 * the press, or FACT_PRESSED why it is none. */
int inputs_simulate(struct inputs *ins, size_t input, int64_t hold_ms, struct err *e);
void inputs_release(struct inputs *ins, size_t input);
void inputs_simulate_card(struct inputs *ins, size_t input, const char *digits);

/* Whether a duress button is held down is nobody's to see who looks over a shoulder. */
json_t *inputs_status(const struct inputs *ins, bool with_duress);
json_t *inputs_heartbeat(const struct inputs *ins);

#endif
