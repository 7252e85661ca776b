/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sirens, gate locks, lamps of others: on by the rules of the configuration, off when their time is
 * over or the alarm is closed. Duress never switches anything: nothing may be seen of it.
 *
 * Subscribes only; nobody calls it but its row of the gateway. Tells FACT_OUTPUT, states
 * FAULT_OUTPUT. Loop thread only.
 */
#ifndef TOCSIN_ANNUNCIATE_OUTPUTS_H
#define TOCSIN_ANNUNCIATE_OUTPUTS_H

#include <jansson.h>

#include "annunciate/section/outputs.h"
#include "facts/facts.h"
#include "iface/output.h"
#include "incidents/incidents.h"
#include "inputs/section/inputs.h"

struct outputs;

/* What it reads of the configuration. */
struct outputs_config {
    const struct config_outputs *outputs;
    const struct config_inputs *inputs;
};

struct outputs_options {
    uv_loop_t *loop;
    struct facts *facts;
    struct outputs_config config; /* borrowed until outputs_free, as is the rest */
    const struct incidents *incidents;
};

/* What an open alarm holds on is on. Whatever it returns, `*ret_outputs` is to be closed and
 * freed. */
int outputs_open(const struct outputs_options *options, struct outputs **ret_outputs,
                 struct err *e);
/* What alarms from before the restart hold on is on. */
void outputs_look_again(struct outputs *outs);
/* Leaves them off. NULL is accepted here and below. */
void outputs_close(struct outputs *outs);
void outputs_free(struct outputs *outs);

json_t *outputs_status(const struct outputs *outs);

#endif
