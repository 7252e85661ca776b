/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people and programs on this machine ask for, over the control socket: status, watch, the
 * orders of a technician, simulated presses, questions to the store. Reads and orders downward;
 * learns what came of an order by facts. Owns the control socket; one that cannot be had now is
 * FAULT_CONTROL, and tried again. Loop thread only.
 */
#ifndef TOCSIN_OPERATE_OPERATE_H
#define TOCSIN_OPERATE_OPERATE_H

#include "control/control.h"
#include "delivery/delivery.h"
#include "delivery/section/receivers.h"
#include "facts/facts.h"
#include "incidents/section/alarms.h"
#include "incidents/section/exercises.h"
#include "inputs/inputs.h"
#include "inputs/section/inputs.h"
#include "operate/section/control.h"

struct operate;

/* What it reads of the configuration. */
struct operate_config {
    const struct config_control *control;
    const struct config_inputs *inputs;
    const struct config_receivers *receivers;
    const struct config_alarms *alarms;
    const struct config_exercises *exercises;
};

struct operate_options {
    uv_loop_t *loop;
    struct facts *facts;
    struct operate_config config; /* borrowed until operate_free, as are the next four */
    struct inputs *inputs;
    struct incidents *incidents;
    struct events *events;
    struct delivery *delivery;
    /* The whole state; of duress nothing unless it is asked for. */
    json_t *(*status)(void *arg, bool with_duress);
    /* Reads the configuration again, as soon as that may be, and answers the request; it is not
     * answered if that returns -ESHUTDOWN (stopping) or -ENOMEM. */
    int (*reload)(void *arg, struct control_request *request);
    void *arg;
};

/* Whatever it returns, `*ret_operate` is to be closed and freed; it fails without memory alone. */
int operate_open(const struct operate_options *options, struct operate **ret_operate,
                 struct err *e);
/* Once a second: looks for the socket, and tells whoever asks what the disk has kept from being
 * answered. */
void operate_tick(struct operate *op);
/* Answers whoever waits: it is stopping. NULL is accepted here and below. */
void operate_close(struct operate *op);
void operate_free(struct operate *op);

#endif
