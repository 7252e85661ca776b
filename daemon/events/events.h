/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events on their way: sequenced and chained in memory, written to the journal, then at the same
 * time to the store and, after the commit or `commit_wait`, whichever is first, to every receiver.
 * Owns the envelope, the outbox and the events that are not yet both stored and offered.
 *
 * The path of a press runs through events_emit as a plain call; who only looks on is told by facts
 * (FACT_HEARD). States FAULT_STORE, FAULT_STORE_DAMAGED,
 * FAULT_STORE_ROOM and FAULT_JOURNAL. Loop thread only.
 */
#ifndef TOCSIN_EVENTS_EVENTS_H
#define TOCSIN_EVENTS_EVENTS_H

#include <jansson.h>

#include "base/clock.h"
#include "delivery/delivery.h"
#include "delivery/section/receivers.h"
#include "events/damage.h"
#include "events/kept.h"
#include "events/section/site.h"
#include "events/section/storage.h"
#include "facts/facts.h"
#include "outbox/outbox.h"

struct events;

/* What it reads of the configuration. */
struct events_config {
    const struct config_site *site;
    const struct config_storage *storage;
    const struct config_receivers *receivers;
};

struct events_options {
    uv_loop_t *loop;
    struct facts *facts;
    struct events_config config; /* site, storage, ids of receivers; borrowed until events_free */
    const char *journal_dir;     /* the run folder; of this call alone; NULL: without a journal */
    /* About once a second while events_close waits for the disk. May be NULL. */
    void (*on_wait)(void *arg);
    /* What the store held before this start, which could not be read in time (`unknown`). */
    void (*on_found)(void *arg, const struct outbox_found *found);
    void *arg;
};

/* Opens the store, and waits for the disk a moment; what it holds may come later. The caller frees
 * `ret_found` with outbox_found_finish. */
int events_open(const struct events_options *options, struct events **ret_events,
                struct outbox_found *ret_found, struct err *e);
/* From now on events go out; those made before are offered now. */
void events_connect(struct events *ev, struct delivery *delivery);
/* Nothing is offered any more: delivery is about to close. NULL is accepted here and below. */
void events_disconnect(struct events *ev);
void events_tick(struct events *ev);
/* A stop, while all parts are open and the loop turns: whether it has to wait for the disk. Asked
 * again and again; some eleven seconds after it was asked first the answer is no. */
bool events_busy(struct events *ev);
/* Writes what is in memory and closes the store: the number of events that could not be written
 * (what of them is in the journal is found by the next start), or what outbox_close says instead.
 * If it is not 0 the disk may hold the store's thread, and the process must end at once. */
size_t events_close(struct events *ev);
void events_free(struct events *ev);

/* What was found was taken over by all parts, and what came of that is handed over (see
 * outbox_joined). */
void events_joined(struct events *ev);

/* For who records or asks by himself (delivery, clips, control). */
struct outbox *events_outbox(const struct events *ev);

struct events_new {
    const char *type;                   /* of CloudEvents */
    enum event_class class;             /* its lane */
    const char *alarm;                  /* "" if it belongs to none */
    int64_t at_ns;                      /* when it happened */
    json_t *data;                       /* taken */
    const struct outbox_row *row;       /* state that is on the disk with it; may be NULL */
    const struct outbox_upload *upload; /* the clip that a manifest binds; else NULL */
    uint32_t upload_receivers;          /* bit mask: to whom that clip is to go */
};

/* Whether what can wait need not wait until the store says how far numbers were given. */
bool events_may_number(const struct events *ev);
/* The seq that the next event will have, if one can be made. */
uint64_t events_next_seq(struct events *ev);
/* Makes, chains, stores and sends an event. Its seq, or 0 if none could be made (logged). */
uint64_t events_emit(struct events *ev, const struct events_new *made);

/* A part's state, when it changed without an event. */
void events_save_row(struct events *ev, const struct outbox_row *row);

/* The answer of a person at a receiver with the row of state that follows from it, in one
 * transaction; delivery may confirm it to the receiver when that is on the disk. */
void events_record_answer(struct events *ev, size_t receiver, const struct uplink_answer *answer,
                          const struct outbox_row *row);

/* Before a person or a platform is told that something is done: see kept.h. */
bool events_when_kept(struct events *ev, kept_handler done, void *arg);
/* To be called when what `arg` points to goes; before events_free. */
void events_forget_kept(struct events *ev, const void *arg);

/* A heartbeat with the chain's head in it; `data` is taken. NULL if none could be made. */
struct event *events_heartbeat(struct events *ev, json_t *data);

/* The stamp of a moment, with what is known of times that are surely past. */
struct clock_stamp events_stamp(const struct events *ev, int64_t at_ns);
/* What CLOCK_MONOTONIC counts from: a text of this boot. */
const char *events_boot(const struct events *ev);

/* Whether nothing waits for the disk or to be offered. */
bool events_idle(const struct events *ev);
bool events_store_works(const struct events *ev);
/* What the store's thread has said last to be wrong with it; "" if nothing is. */
const char *events_store_trouble(const struct events *ev);
/* Whether there is room for what is of no alarm (outbox/room.h). What can wait is not made while
 * there is none, since what is made stands before the next press. */
bool events_have_room(const struct events *ev);
json_t *events_status(const struct events *ev); /* of the store */
json_t *events_room(const struct events *ev);   /* of its disk, for the heartbeat */
/* A person has seen that the store was damaged (damage.h). False: nothing is to be seen. */
bool events_accept_damage(struct events *ev, const char *by, const char *note);

#endif
