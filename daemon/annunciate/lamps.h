/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lamps: after every turn in which something happened that they show, each is worked out once.
 * Subscribes only; nobody calls it but its row of the gateway. Tells FACT_LAMP, states FAULT_LAMP.
 * Loop thread only.
 */
#ifndef TOCSIN_ANNUNCIATE_LAMPS_H
#define TOCSIN_ANNUNCIATE_LAMPS_H

#include <jansson.h>

#include "annunciate/section/lamps.h"
#include "delivery/delivery.h"
#include "delivery/section/receivers.h"
#include "events/faults.h"
#include "facts/facts.h"
#include "iface/indicator.h"
#include "incidents/incidents.h"
#include "inputs/section/inputs.h"
#include "video/section/cameras.h"

struct lamps;

/* What it reads of the configuration. */
struct lamps_config {
    const struct config_indicators *indicators;
    const struct config_inputs *inputs;
    const struct config_receivers *receivers;
    const struct config_cameras *cameras;
};

struct lamps_options {
    uv_loop_t *loop;
    struct facts *facts;
    struct lamps_config config; /* borrowed until lamps_free, as is the rest */
    const struct incidents *incidents;
    const struct delivery *delivery;
    const struct faults *faults;
};

/* Whatever it returns, `*ret_lamps` is to be closed and freed. */
int lamps_open(const struct lamps_options *options, struct lamps **ret_lamps, struct err *e);
/* Alarms are open of which nothing was told: those of before the restart. */
void lamps_look_again(struct lamps *l);
/* Leaves them off. NULL is accepted here and below. */
void lamps_close(struct lamps *l);
void lamps_free(struct lamps *l);

json_t *lamps_status(const struct lamps *l);

#endif
