/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event as it is stored, hashed and sent: exact bytes made once, never changed, never
 * re-serialised. Counted references; the count is touched by the loop thread alone. The store
 * thread may read an event while the loop thread holds a reference for it.
 */
#ifndef TOCSIN_IFACE_EVENT_H
#define TOCSIN_IFACE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/uuid.h"
#include "iface/limits.h"

#define EVENT_DIGEST_BYTES 32
#define EVENT_TYPE_SIZE    32

/* The largest number that a double holds exactly, as receivers count. */
#define EVENT_SEQ_MAX ((UINT64_C(1) << 53) - 1)

/* How urgent; it decides the lane in which the event travels. */
enum event_class {
    EVENT_CLASS_PRESS,     /* …alarm.raised, …drill.raised, …test.raised */
    EVENT_CLASS_FOLLOWUP,  /* the rest of an incident's life, faults, reports, key rotation */
    EVENT_CLASS_MANIFEST,  /* tocsin.clip.manifest */
    EVENT_CLASS_HEARTBEAT, /* neither stored nor queued; seq is 0 */
};

struct event {
    unsigned references;
    uint64_t seq; /* 1, 2, 3 …; 0 for a heartbeat */
    char id[UUID_TEXT_SIZE];
    char type[EVENT_TYPE_SIZE];
    char alarm[UUID_TEXT_SIZE]; /* the incident it belongs to; "" if none */
    enum event_class class;
    int64_t at_ns;   /* CLOCK_MONOTONIC of what happened, this boot; 0 when loaded from the store */
    int64_t wall_ms; /* the event's `time` */
    unsigned char digest[EVENT_DIGEST_BYTES]; /* SHA-256 of bytes */
    bool is_rotten; /* but of those of before they rotted in the store: nobody may take it */
    size_t length;
    char bytes[]; /* JSON, `length` bytes and a NUL */
};

/*
 * What an event says, for drivers whose protocol has words of its own for it: they never read our
 * JSON. Made by envelope_view. Texts are "" and numbers 0 where the event does not say.
 */
struct event_view {
    enum event_class class;
    uint64_t seq;
    int64_t wall_ms;
    char type[EVENT_TYPE_SIZE];
    char alarm[UUID_TEXT_SIZE];
    char kind[16]; /* panic, duress, medical, fire, test */
    char input_id[LIMIT_ID_BYTES + 1];
    char input_name[LIMIT_NAME_BYTES + 1];
    char input_place[LIMIT_NAME_BYTES + 1];
    bool silent;
    bool exercise; /* of a drill or a test: no dispatch */
    bool restored; /* the button is at rest again, the fault is gone */
    unsigned presses;
    char fault[32]; /* a fault's code, the part that it is about, a sentence */
    char subject[LIMIT_ID_BYTES + 1];
    char reason[256];
    char by[LIMIT_NAME_BYTES + 1]; /* who closed or cancelled it, and why */
    char note[LIMIT_NAME_BYTES + 1];
};

static inline struct event *event_ref(struct event *event)
{
    event->references++;
    return event;
}

static inline void event_unref(struct event *event)
{
    if (event && --event->references == 0)
        free(event);
}

#endif
