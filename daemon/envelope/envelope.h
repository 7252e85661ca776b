/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a thing that happened to the bytes of a CloudEvent 1.0: sequence number, chain, clock.
 *
 * The envelope holds the chain's head. Loop thread only; no disk, no wait. No number is given
 * twice: after a power cut, when events may have been sent that nobody here knows of any more, the
 * next one lies above all that may have been given, and its `prev` is of the newest event that is
 * known. Receivers see a gap, and no fork.
 */
#ifndef TOCSIN_ENVELOPE_ENVELOPE_H
#define TOCSIN_ENVELOPE_ENVELOPE_H

#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"
#include "iface/event.h"

struct envelope {
    char source[96]; /* "tocsin:<gateway id>" */
    char boot[CLOCK_BOOT_ID_SIZE];
    uint64_t last_seq; /* of the newest event that is known; 0 before the first */
    uint64_t used_seq; /* numbers up to this one may have been given, too */
    unsigned char head[EVENT_DIGEST_BYTES]; /* digest of event last_seq; zeros before the first */
    int64_t floor_ms; /* wall time that is surely past: the build, or the newest event */
};

/* Fills source and boot; the caller sets last_seq, used_seq, head and floor_ms from the store. */
int envelope_init(struct envelope *env, const char *gateway_id, struct err *e);

/* What happened. */
struct envelope_content {
    const char *type; /* of CloudEvents */
    enum event_class class;
    const char *alarm; /* the incident; "" if none */
    int64_t at_ns;     /* when (CLOCK_MONOTONIC) */
    json_t *data;      /* its payload: taken, whatever is returned */
};

/* The number that the next event will have. */
uint64_t envelope_next_seq(const struct envelope *env);

/* Makes the next event of the chain, which moves on only if 0 is returned. The caller gets the
 * first reference. */
int envelope_make(struct envelope *env, const struct envelope_content *content,
                  struct event **ret_event, struct err *e);

/* A heartbeat: no seq, no prev; `data` gets "head" with the chain's head. */
int envelope_heartbeat(const struct envelope *env, json_t *data, struct event **ret_event,
                       struct err *e);

#endif
