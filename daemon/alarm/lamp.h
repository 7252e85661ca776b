/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pattern a lamp shows: pure, from the open incidents and what is known to be broken.
 *
 * The lamp answers one question, "was help reached?", so it shows the open alarm that has come
 * least far, and of that alarm the furthest that a *responder* (a receiver that sends help) has
 * come. Duress is never shown. Then comes what a press would do now, worst first:
 *
 *   FAULT        it may reach nobody, and telephoning is all that helps, exercise or not
 *   DRILL, TEST  an exercise runs: it sends nobody
 *   DEGRADED     it sends help, and something is broken
 *   DRILL, TEST  it sends help; what a drill or a button for tests has raised is still open
 *   READY        everything between the button and every receiver is proven
 */
#ifndef TOCSIN_ALARM_LAMP_H
#define TOCSIN_ALARM_LAMP_H

#include "alarm/incident.h"
#include "iface/indicator.h"

enum lamp_health {
    LAMP_HEALTH_PROVEN,   /* every link, line, camera and the store are known to work now */
    LAMP_HEALTH_DEGRADED, /* something is broken; a press is heard and has somewhere to go */
    LAMP_HEALTH_BROKEN,   /* a press may not be heard, or no responder is reached */
};

struct lamp_view {
    size_t count;                                         /* of buttons */
    const struct incident (*incidents)[INCIDENT_CLASSES]; /* by button */
    const bool *hidden; /* by button: this lamp does not show how far it has come */
    bool marks_hidden;  /* but shows hidden_pattern while an alarm of it is open */
    enum indicator_pattern hidden_pattern;
    const uint32_t *responders; /* by level of an incident: receivers whose word moves the lamp */
    size_t level_count;         /* a higher level is the last of these */
    bool drill, test;           /* an exercise runs */
    enum lamp_health health;
};

enum indicator_pattern lamp_pattern(const struct lamp_view *view);

#endif
