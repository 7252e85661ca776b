/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The panel and its incidents: what a pressed button means, what becomes of it, drills and tests,
 * and whom an unanswered alarm asks next. The only writer of an incident.
 *
 * The press path runs through incidents_level as a plain call: panel, event, store and receivers.
 * Each step is told as FACT_INCIDENT. Its state is the row "incidents", on the disk with the event
 * that it follows from; "exercise" and "tests" are rows of their own, so that a press writes only
 * what it has changed. States FAULT_CHATTER, FAULT_UNTESTED and FAULT_STATE. Loop thread only.
 */
#ifndef TOCSIN_INCIDENTS_INCIDENTS_H
#define TOCSIN_INCIDENTS_INCIDENTS_H

#include <jansson.h>

#include "alarm/panel.h"
#include "delivery/section/receivers.h"
#include "events/events.h"
#include "events/faults.h"
#include "events/section/site.h"
#include "facts/facts.h"
#include "iface/input.h"
#include "incidents/section/alarms.h"
#include "incidents/section/exercises.h"
#include "inputs/section/inputs.h"
#include "video/section/cameras.h"

struct incidents;

/* What it reads of the configuration. */
struct incidents_config {
    const struct config_site *site;
    const struct config_alarms *alarms;
    const struct config_exercises *exercises;
    const struct config_inputs *inputs;
    const struct config_receivers *receivers;
    const struct config_cameras *cameras;
};

struct incidents_options {
    uv_loop_t *loop;
    struct facts *facts;
    struct incidents_config config; /* borrowed until incidents_free, as are the next three */
    struct events *events;
    const struct faults *faults;
    struct delivery *delivery;
};

int incidents_open(const struct incidents_options *options, struct incidents **ret_incidents,
                   struct err *e);
/* The rows of the last run; before the first level. What cannot be read is a fault, never "no
 * alarm". */
void incidents_load(struct incidents *inc, const struct outbox_found *found);
/* What a store holds that was not there at the start, or what it held before a start that did not
 * know it: alarms that were open are open again, beside those that came since. */
void incidents_catch_up(struct incidents *inc, const struct outbox_found *found);
/* Whether every alarm from before is known; if not, FAULT_STATE stands, over restarts too, until a
 * person says that it is settled (false: there was nothing to settle). */
bool incidents_known(const struct incidents *inc);
bool incidents_settle(struct incidents *inc, const char *by, const char *note);
/* An exercise that was under way before the restart is over: its incidents are closed. After the
 * first levels. */
void incidents_end_old_exercise(struct incidents *inc);
void incidents_tick(struct incidents *inc);
/* NULL is accepted here and below. */
void incidents_close(struct incidents *inc);
void incidents_free(struct incidents *inc);

/* A button is pressed or not. The seq of the event that a press has become, or 0. */
uint64_t incidents_level(struct incidents *inc, size_t button, bool pressed, enum input_cause cause,
                         int64_t at_ns);
/* Why the level that was just taken has become no event: a sentence; NULL if one may follow. */
const char *incidents_why_no_event(const struct incidents *inc, size_t button, bool pressed);

/* Incidents by button and class, open or not: for who shows them. */
const struct incident (*incidents_all(const struct incidents *inc))[INCIDENT_CLASSES];
const struct incident *incidents_next_open(const struct incidents *inc,
                                           const struct incident *last);
/* Of an open one: whether one of those who are asked has signed for its newest press; for any of
 * its presses. */
bool incidents_is_delivered(const struct incidents *inc, const struct incident *incident);
bool incidents_is_received(const struct incidents *inc, const struct incident *incident);
bool incidents_button_open(const struct incidents *inc, size_t button);

/* A person at the gate closes one. */
void incidents_reset(struct incidents *inc, const struct incident *incident, const char *by,
                     const char *note);

/* What became of an order. */
struct incidents_outcome {
    size_t changed;       /* incidents */
    size_t pressed_again; /* left as they were: whoever gave it did not know of the last press */
};

/* Of all that is open but duress, or of one. What was pressed after `at_ns` is not what they meant:
 * a key's edge may be told behind a later press. */
struct incidents_order {
    const char *by, *note; /* copied; note may be NULL */
    const char *alarm;     /* that one alone; borrowed for the call. NULL: all */
    int64_t at_ns;
    void (*each)(void *arg, const struct incident *incident); /* that is about to be closed */
    /* Once, when the last is done with, possibly within the call, not after incidents_close; it may
     * not be on the disk yet. NULL: nobody waits. */
    void (*done)(void *arg, const struct incidents_outcome *outcome);
    void *arg;
};
/* One a turn, the first at once: sixty-three would hold the loop. */
void incidents_reset_all(struct incidents *inc, const struct incidents_order *asked);
/* Says that it was none: it stays open. */
void incidents_cancel(struct incidents *inc, const struct incidents_order *asked);

struct incidents_exercise {
    enum incident_class class; /* DRILL or TEST */
    uint64_t buttons;          /* bit mask */
    int64_t length_ms;
    const char *by, *note; /* copied; note may be NULL */
};

/* Announces it; FACT_EXERCISE tells when it begins and ends. -EBUSY or -EIO with a sentence if
 * it cannot begin. */
int incidents_begin_exercise(struct incidents *inc, const struct incidents_exercise *exercise,
                             struct err *e);
/* False if there is none of that class. */
bool incidents_end_exercise(struct incidents *inc, enum incident_class class, const char *why);
/* Which buttons such an exercise may cover. */
uint64_t incidents_every_button(const struct incidents *inc, enum incident_class class);

/* Of duress nothing is shown unless it is asked for. */
json_t *incidents_status(const struct incidents *inc, bool with_duress);
json_t *incidents_exercise_status(const struct incidents *inc); /* NULL: there is none */
size_t incidents_real_open(const struct incidents *inc);

#endif
