/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an alarm, per button, as a pure function of (state, input, time).
 *
 *                press                      press (after a release)
 *   NONE ────────────────────▶ OPEN ──────────────────────────────▶ OPEN, presses + 1
 *     ▲      emits RAISED       │  ▲           emits UPDATED
 *     │                         │  └── release: emits RESTORED, stays open (latched)
 *     └── reset by a person, ───┘
 *         or closed by every responder: emits CLOSED
 *
 * Nothing else closes an incident: not a release, not time, not a restart (GB 50394-2007 5.2.2: an
 * emergency alarm latches itself and is not reset by the system). There is no disarmed state. Each
 * button has its own incident, so that one open alarm never hides another.
 *
 * No I/O, no clock, no allocation: the caller owns the struct, hands in the time and a fresh id for
 * the case that one is needed, and carries out the action that comes back. Loop thread only.
 */
#ifndef TOCSIN_ALARM_INCIDENT_H
#define TOCSIN_ALARM_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

#define INCIDENT_INPUTS_MAX    64
#define INCIDENT_RECEIVERS_MAX 16

/* What the events of an incident are called on the wire: nothing turns one into the other. */
enum incident_nature {
    INCIDENT_NATURE_ALARM,
    INCIDENT_NATURE_TEST,
};

enum incident_action {
    INCIDENT_ACTION_NONE,
    INCIDENT_ACTION_RAISED,
    INCIDENT_ACTION_UPDATED,
    INCIDENT_ACTION_RESTORED,
    INCIDENT_ACTION_CLOSED,
};

/* How far one receiver has come with one incident; only ever grows while the incident is open. */
enum incident_progress {
    INCIDENT_PROGRESS_HEARD,       /* stored here; nothing proven elsewhere */
    INCIDENT_PROGRESS_UNCONFIRMED, /* accepted by a receiver that cannot sign */
    INCIDENT_PROGRESS_DELIVERED,   /* signed receipt */
    INCIDENT_PROGRESS_SEEN,
    INCIDENT_PROGRESS_COMING,
};

/* One button and its incident. Fields are for reading; only the functions below write them. */
struct incident {
    bool pressed;  /* the accepted level of the line */
    bool open;     /* alarm, presses, raised_* and the per-receiver fields are valid */
    bool at_start; /* it was found pressed when the gateway started */
    bool closing[INCIDENT_RECEIVERS_MAX]; /* this receiver's people have closed it */
    enum incident_nature nature;
    char alarm[UUID_TEXT_SIZE];
    unsigned presses;
    int64_t raised_ns;      /* CLOCK_MONOTONIC; of this boot, or 0 for one from before a restart */
    int64_t raised_wall_ms; /* set by the caller after RAISED, for people to read */
    int64_t last_press_ns;
    enum incident_progress progress[INCIDENT_RECEIVERS_MAX];
};

/* The line's accepted level at start is read: `active` as found, `was_pressed` as remembered in
 * `incident->pressed`. A line that was pressed before and still is, is the same press. */
enum incident_action incident_start(struct incident *incident, bool active, int64_t at_ns,
                                    const char fresh_id[UUID_TEXT_SIZE]);

/* The accepted level changed (or repeats, which is nothing). */
enum incident_action incident_level(struct incident *incident, bool active, int64_t at_ns,
                                    const char fresh_id[UUID_TEXT_SIZE]);

/* A person at the gateway resets. NONE if nothing is open. */
enum incident_action incident_reset(struct incident *incident);

/* Receiver number `receiver` has come as far as `progress`. True if that is news. */
bool incident_advance(struct incident *incident, size_t receiver, enum incident_progress progress);

/* The people of `receiver` have closed it; CLOSED once all of `responders` (bit mask) have. */
enum incident_action incident_answer_closed(struct incident *incident, size_t receiver,
                                            uint32_t responders);

/* The furthest that any of `responders` (bit mask of receivers) has come. */
enum incident_progress incident_best_progress(const struct incident *incident, uint32_t responders);

#endif
