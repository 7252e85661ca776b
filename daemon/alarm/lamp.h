/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pattern a lamp shows: pure, from the open incidents and what is known to be broken.
 *
 * The lamp answers one question, "was help reached?", so it shows the open alarm that has come
 * least far, and of that alarm the furthest that a *responder* (a receiver that sends help) has
 * come. A real alarm outranks a test; both outrank the state at rest. READY is shown only while
 * everything between the button and every receiver is proven.
 */
#ifndef TOCSIN_ALARM_LAMP_H
#define TOCSIN_ALARM_LAMP_H

#include "alarm/incident.h"
#include "iface/indicator.h"

struct lamp_view {
    const struct incident *incidents; /* one per input */
    const bool *hidden;               /* per input: this lamp shows nothing of it */
    size_t count;
    uint32_t responders; /* bit mask of receivers whose word moves the lamp */
    bool proven;         /* every link, line, camera and the store are known to work now */
};

enum indicator_pattern lamp_pattern(const struct lamp_view *view);

#endif
