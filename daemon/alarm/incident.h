/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an alarm as a pure function of (state, input, time).
 *
 *                press                      press (after a release)
 *   NONE ────────────────────▶ OPEN ──────────────────────────────▶ OPEN, presses + 1
 *     ▲      emits RAISED       │  ▲           emits UPDATED
 *     │                         │  ├── release: emits RESTORED, stays open (latched)
 *     │                         │  ├── cancel: emits CANCELLED once a press, stays open
 *     │                         │  └── nobody has seen it in time: emits ESCALATED, level + 1
 *     └── reset by a person, ───┘
 *         or closed by every responder since its newest press: emits CLOSED
 *
 * Nothing else closes an incident: not a release, not time, not a restart, not a cancellation
 * (GB 50394-2007 5.2.2: an emergency alarm latches itself and is not reset by the system). There is
 * no disarmed state. Each button has its own incidents, one for each class, so that one open alarm
 * never hides another.
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
#include "iface/limits.h"

/* What an incident is; nothing turns one into the other. */
enum incident_class {
    INCIDENT_CLASS_ALARM,
    INCIDENT_CLASS_DURESS, /* an alarm as well, of which nothing may be seen at the gate */
    INCIDENT_CLASS_DRILL,
    INCIDENT_CLASS_TEST,
};
#define INCIDENT_CLASSES (INCIDENT_CLASS_TEST + 1)

enum incident_action {
    INCIDENT_ACTION_NONE,
    INCIDENT_ACTION_RAISED,
    INCIDENT_ACTION_UPDATED,
    INCIDENT_ACTION_RESTORED,
    INCIDENT_ACTION_CANCELLED,
    INCIDENT_ACTION_ESCALATED,
    INCIDENT_ACTION_CLOSED,
};

/* How far one receiver has come with the newest press of one incident that is told. Receipts only
 * ever raise it; of what its people say the newest counts; a further press begins anew, also for
 * who takes first presses alone: it never has that one. */
enum incident_progress {
    INCIDENT_PROGRESS_HEARD,       /* stored here; nothing proven elsewhere */
    INCIDENT_PROGRESS_UNCONFIRMED, /* accepted by a receiver that cannot sign */
    INCIDENT_PROGRESS_DELIVERED,   /* signed receipt */
    INCIDENT_PROGRESS_SEEN,
    INCIDENT_PROGRESS_COMING,
};

/* Fields are for reading; only the functions below, and panel_incident, write them. */
struct incident {
    uint32_t button; /* whose it is, and of which class: valid always */
    enum incident_class class;
    bool open;        /* the fields below are valid */
    bool held;        /* the press that is down now counts in it */
    bool at_start;    /* the button was found pressed when the gateway started */
    bool cancelled;   /* somebody at the gate has said so, and none has pressed since */
    bool undelivered; /* set by the caller: it was told that nobody had it in time */
    bool closing[LIMIT_RECEIVERS];  /* this receiver's people have closed it */
    bool rejected[LIMIT_RECEIVERS]; /* they have seen it, and send nobody */
    char alarm[UUID_TEXT_SIZE];
    uint16_t level; /* receivers of groups 1 … level are asked to act */
    unsigned presses;
    int64_t level_ns;       /* since when; CLOCK_MONOTONIC of this boot, or 0 */
    int64_t raised_ns;      /* CLOCK_MONOTONIC; of this boot, or 0 for one from before a restart */
    int64_t raised_wall_ms; /* set by the caller after RAISED, for people to read */
    int64_t last_press_ns;
    int64_t waits_ns;   /* of its presses that nobody has signed for, the first */
    uint64_t press_seq; /* set by the caller: the event that tells of its newest press; 0: none */
    uint64_t told_seq; /* likewise of the newest that was told, whatever came since; 0: not known */
    bool has_press[LIMIT_RECEIVERS];   /* this receiver has that event */
    uint8_t progress[LIMIT_RECEIVERS]; /* enum incident_progress */
    uint8_t before[LIMIT_RECEIVERS];   /* likewise: how far it had come with an earlier press */
};

/* "alarm", "duress", "drill", "test": the words of the store and of `status`. */
static inline const char *incident_class_name(enum incident_class class)
{
    switch (class) {
    case INCIDENT_CLASS_ALARM:
        return "alarm";
    case INCIDENT_CLASS_DURESS:
        return "duress";
    case INCIDENT_CLASS_DRILL:
        return "drill";
    case INCIDENT_CLASS_TEST:
        return "test";
    }
    return "alarm";
}

static inline const char *incident_progress_name(enum incident_progress progress)
{
    switch (progress) {
    case INCIDENT_PROGRESS_HEARD:
        return "pending";
    case INCIDENT_PROGRESS_UNCONFIRMED:
        return "unconfirmed";
    case INCIDENT_PROGRESS_DELIVERED:
        return "delivered";
    case INCIDENT_PROGRESS_SEEN:
        return "seen";
    case INCIDENT_PROGRESS_COMING:
        return "coming";
    }
    return "pending";
}

static inline bool incident_is_real(enum incident_class class)
{
    return class == INCIDENT_CLASS_ALARM || class == INCIDENT_CLASS_DURESS;
}

/* A press that counts in this incident. RAISED or UPDATED. */
enum incident_action incident_press(struct incident *incident, int64_t at_ns, bool at_start,
                                    const char fresh_id[UUID_TEXT_SIZE]);

/* An event (`seq`; 0: it could not be made) is to tell of its newest press: what receivers had and
 * their people said was of the presses before. That stays if it tells of what a line counted that
 * presses itself. True if somebody's people had seen it: then it is as new, and the next group is
 * asked in its time. `asked`: bit mask of the receivers that are to act; what none of these had
 * waits since the first press of it that they had not, and is told as undelivered once. */
bool incident_tell_press(struct incident *incident, uint64_t seq, bool is_counted, uint32_t asked);

/* The button is released. RESTORED if the press counted here, else NONE. */
enum incident_action incident_release(struct incident *incident);

/* A person at the gateway resets. NONE if nothing is open. */
enum incident_action incident_reset(struct incident *incident);

/* A person at the gate says that it was no alarm. It stays open, and its next press takes that
 * back. NONE if said before, or before its last press, or if the alarm is older than `window_ns`,
 * or from another boot. */
enum incident_action incident_cancel(struct incident *incident, int64_t now_ns, int64_t window_ns);

/* The next group of receivers is asked. */
enum incident_action incident_escalate(struct incident *incident, int64_t now_ns);

/* The receipt of receiver number `receiver`. True if that is news. */
bool incident_advance(struct incident *incident, size_t receiver, enum incident_progress progress);

/* Likewise of an event that tells of an earlier press: the newest it may not have. */
bool incident_advance_before(struct incident *incident, size_t receiver,
                             enum incident_progress progress);

/* `receiver` has the event `seq` of this incident. True if it is the one that tells of the newest
 * press, and that is news. */
bool incident_receipted(struct incident *incident, size_t receiver, uint64_t seq);

/* Whether people of `receiver` who say something now know of the newest press: no word of before it
 * closes, quiets or colours that. `seen_seq`: the newest press that they had before them, 0 for
 * none; NULL if they do not say, then it is what their receiver has. */
bool incident_is_known(const struct incident *incident, size_t receiver, const uint64_t *seen_seq);

/* What the people of `receiver` say now, SEEN or COMING, or that they reject it; in place of what
 * they said before. True if that is news. */
bool incident_answer(struct incident *incident, size_t receiver, enum incident_progress progress,
                     bool rejected);

/* The people of `receiver` have closed it; CLOSED once all of `responders` (bit mask) have. */
enum incident_action incident_answer_closed(struct incident *incident, size_t receiver,
                                            uint32_t responders);

/* The furthest that any of `responders` (bit mask of receivers) has come. */
enum incident_progress incident_best_progress(const struct incident *incident, uint32_t responders);

/* The furthest that this receiver ever came with it, with whichever of its presses. */
enum incident_progress incident_ever(const struct incident *incident, size_t receiver);

#endif
