/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every fault that the gateway can have: one row each. It stands beside the facts, below all parts,
 * because every part may state a fault; one part (events/faults) makes the events.
 *
 * Pure; any thread.
 */
#ifndef TOCSIN_FACTS_FAULT_CATALOG_H
#define TOCSIN_FACTS_FAULT_CATALOG_H

#include <stdbool.h>

enum fault_code {
    FAULT_LINE,
    FAULT_STUCK,
    FAULT_CHATTER,
    FAULT_UNTESTED,
    FAULT_TAMPER,
    FAULT_MAINS,
    FAULT_BATTERY,
    FAULT_RECEIVER,
    FAULT_RECEIVER_SETTINGS,
    FAULT_CAMERA,
    FAULT_VIDEO,
    FAULT_CLIPS,
    FAULT_VIDEO_ROOM,
    FAULT_STORE,
    FAULT_STORE_DAMAGED,
    FAULT_STORE_ROOM,
    FAULT_STORE_WITNESS,
    FAULT_JOURNAL,
    FAULT_STATE,
    FAULT_LAMP,
    FAULT_OUTPUT,
    FAULT_CONFIG,
    FAULT_SIGNING,
    FAULT_CONTROL,
};
#define FAULT_CODES (FAULT_CONTROL + 1)

/* What a fault's subject is the id of. */
enum fault_subject {
    FAULT_SUBJECT_NONE, /* there is only one */
    FAULT_SUBJECT_INPUT,
    FAULT_SUBJECT_RECEIVER,
    FAULT_SUBJECT_CAMERA,
    FAULT_SUBJECT_LAMP,
    FAULT_SUBJECT_OUTPUT,
    FAULT_SUBJECT_PART, /* of the program: whose state it is */
};

/* What it means to the lamp. */
enum fault_gravity {
    FAULT_GRAVITY_DEGRADED, /* a press is heard, kept, and has somewhere to go */
    FAULT_GRAVITY_GRAVE,    /* a press may not be heard, kept, sent, or remembered */
};

/* How alarm protocols with a handful of trouble codes group it (SIA DC-09, ANSI/SIA DC-05). */
enum fault_class {
    FAULT_CLASS_ZONE,   /* an input or its wires */
    FAULT_CLASS_TAMPER, /* somebody is at the case */
    FAULT_CLASS_MAINS,
    FAULT_CLASS_BATTERY,
    FAULT_CLASS_COMMUNICATION, /* a receiver, or the way to it */
    FAULT_CLASS_VIDEO,
    FAULT_CLASS_STORE,
    FAULT_CLASS_PERIPHERAL, /* lamps, outputs */
    FAULT_CLASS_SYSTEM,
};

struct fault_kind {
    const char *word; /* stable: of the wire, of `status` and of `watch` */
    enum fault_subject subject;
    enum fault_gravity gravity;
    enum fault_class class;
    const char *action_en, *action_zh; /* what to do, one sentence each */
};

const struct fault_kind *fault_kind(enum fault_code code);

/* The one with this word; NULL (also of NULL) if there is none. */
const struct fault_kind *fault_kind_of(const char *word);

#endif
