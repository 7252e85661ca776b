/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is broken now. Any part states a fault (facts_state_fault); this alone makes events of it:
 * one when it comes and one when it stays away, and of what comes and goes a few with a count, at
 * most 24 a day of each (events/flap). What a change is, is told at once (FACT_FAULT); what was
 * reported, too (FACT_FAULT_REPORTED). Loop thread only.
 */
#ifndef TOCSIN_EVENTS_FAULTS_H
#define TOCSIN_EVENTS_FAULTS_H

#include <jansson.h>

#include "events/events.h"

struct faults;

int faults_open(struct facts *facts, struct events *events, struct faults **ret_faults,
                struct err *e);
/* What the receivers were told before the restart: shown and told again by nobody until its part
 * says how it is now; if it is good, that is an event. */
void faults_load(struct faults *f, const struct outbox_found *found);
/* Likewise of a store that was not there at the start; what was stated since counts. */
void faults_catch_up(struct faults *f, const struct outbox_found *found);
/* Of those, whether there still is what it was about; if not, nobody will say how it is: it is told
 * as cleared, with these words. */
typedef bool (*faults_has_handler)(const void *arg, enum fault_code code, const char *subject);
void faults_drop_gone(struct faults *f, faults_has_handler has, const void *arg);
void faults_tick(struct faults *f);
/* Frees it. NULL is accepted. */
void faults_free(struct faults *f);

bool faults_any(const struct faults *f);
/* Whether one of that gravity is there. */
bool faults_any_grave(const struct faults *f);
json_t *faults_status(const struct faults *f); /* each with what to do */
/* What is gone, and the receivers are told when it stays so. */
json_t *faults_over(const struct faults *f);
json_t *faults_heartbeat(const struct faults *f);

#endif
