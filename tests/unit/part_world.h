/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gate to test parts at: a configuration of a few inputs, two receivers, a lamp and a siren, real
 * incidents (and what a test opens beside them) over a fake store and fake receivers, in virtual
 * time. What is told is kept for the test to look at.
 */
#ifndef TOCSIN_TESTS_PART_WORLD_H
#define TOCSIN_TESTS_PART_WORLD_H

#include "events/faults.h"
#include "fake_events.h"
#include "incidents/incidents.h"
#include "sections/config.h"
#include "virtual_time.h"

enum world_input {
    WORLD_GATE,   /* a panic button */
    WORLD_OFFICE, /* a silent panic button */
    WORLD_DURESS, /* a duress button */
    WORLD_TEST,   /* a button for tests */
    WORLD_HELD,   /* must be held for 2 s */
    WORLD_DRILL,  /* the drill switch */
    WORLD_RESET,  /* the reset key */
    WORLD_CANCEL, /* the cancel key */
    WORLD_TAMPER, /* the case */
    WORLD_INPUTS,
};

#define WORLD_FACTS_MAX 3000

struct world {
    uv_loop_t loop;
    struct facts *facts;
    struct config config;
    struct config_input inputs[LIMIT_INPUTS];
    struct config_receiver receivers[LIMIT_RECEIVERS];
    struct config_indicator lamps[2];
    struct config_output outputs[2];
    struct config_camera cameras[2];
    struct faults *faults;
    struct incidents *incidents;
    size_t told_count;
    struct fact told[WORLD_FACTS_MAX];
};

extern struct world world;

/* Facts, the configuration and the fakes; then, if asked, faults and incidents. */
void world_begin(void);
void world_open(void);
void world_close(void); /* what world_open has opened */
void world_end(void);

/* A new process over what is stored: closes and opens faults and incidents. */
void world_restart(void);

/* Time passes until a fault that is gone is told to be (of one that does not flap), and no more. */
void world_stay(void);

/* Runs the loop until every handle that was closed is gone. */
void world_settle_handles(void);

/* A button is pressed or released now; the turn is told. */
void world_press(enum world_input input);
void world_release(enum world_input input);

/* A person closes all that is open but duress: the first at once, then one a turn. */
void world_reset_all(void);
/* A person says of that alarm (NULL: of all) that it was none; of how many, when that is done. */
size_t world_cancel(const char *alarm);

/* A receiver has the last event of that type. */
void world_publish_delivered(const char *type, size_t receiver); /* told later */
void world_deliver(const char *type, size_t receiver);
/* All events that there are. */
void world_deliver_all(size_t receiver);
/* It says so, and cannot sign. */
void world_accept(const char *type, size_t receiver);
/* A person at a receiver decides, who knows of everything. */
void world_answer(size_t receiver, enum uplink_answer_state state, const char *alarm);

/* How many facts of that kind were told; the last of them (NULL: none). */
size_t world_count(enum fact_kind kind);
const struct fact *world_last(enum fact_kind kind);

/* The open incident of that input, or NULL. */
const struct incident *world_incident(enum world_input input);

#endif
