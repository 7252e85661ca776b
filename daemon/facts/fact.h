/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be told: one kind and one struct of values for each thing that happens. Facts travel up
 * and sideways; orders travel down, as calls. A fact holds no borrowed pointer: whoever is told may
 * keep it. Inputs, receivers and cameras are named by their place in the configuration.
 */
#ifndef TOCSIN_FACTS_FACT_H
#define TOCSIN_FACTS_FACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alarm/incident.h"
#include "alarm/panel.h"
#include "facts/fault_catalog.h"
#include "iface/event.h"
#include "iface/indicator.h"
#include "iface/input.h"
#include "iface/limits.h"
#include "iface/uplink.h"

#define FACT_ID_SIZE     (LIMIT_ID_BYTES + 1)
#define FACT_TEXT_SIZE   400
#define FACT_REASON_SIZE 256

enum fact_kind {
    FACT_LINE,           /* inputs: whether a press of it is heard may have changed */
    FACT_PRESSED,        /* inputs: a level was accepted and has become no event */
    FACT_CARD,           /* inputs: a card was read */
    FACT_INCIDENT,       /* incidents: a step of an incident, with its event */
    FACT_PROGRESS,       /* incidents: a receiver has come further with one */
    FACT_UNDELIVERED,    /* incidents: no responder has it in time */
    FACT_EXERCISE,       /* incidents: a drill or test was announced, has begun, is over */
    FACT_TESTED,         /* incidents: a button was pressed in a test */
    FACT_HEARD,          /* events: an event is on the disk, or is sent from memory */
    FACT_FAULT_STATED,   /* any part: this is broken, or works; may be said again and again */
    FACT_FAULT,          /* faults: that has changed */
    FACT_FAULT_REPORTED, /* faults: an event was made of it */
    FACT_DELIVERED,      /* delivery: a receiver has an event */
    FACT_ATTEMPT_FAILED,
    FACT_ANSWER,  /* delivery: what a person at a receiver has decided, told once */
    FACT_NUMBERS, /* delivery: how far a receiver has this gateway's events, by a receipt */
    FACT_COMMAND, /* delivery: what a platform asks; answered by delivery_reply */
    FACT_LINK,
    FACT_UPLOADED, /* delivery: a receiver has a clip, or is not to have it */
    FACT_UPLOAD_FAILED,
    FACT_NO_CLIPS, /* delivery: a receiver takes no clips; what waited is struck out */
    FACT_CLIP,     /* clips: a clip is there, or is with a receiver */
    FACT_CAMERA,
    FACT_LAMP, /* annunciate: another pattern is shown */
    FACT_OUTPUT,
    FACT_SETTLED,   /* facts: all of this turn was told. What was put off is done now, once */
    FACT_TURN_OVER, /* facts: that, too, is done; for who must come after everybody */
};
#define FACT_KINDS (FACT_TURN_OVER + 1)

struct fact_line {
    size_t input;
    bool good; /* a press of it is heard */
};

struct fact_pressed {
    size_t input;
    char why[FACT_REASON_SIZE]; /* no event came of it */
};

struct fact_card {
    size_t input;
    char digits[INPUT_CARD_DIGITS_MAX + 1];
};

struct fact_incident {
    enum incident_action action;
    struct incident incident; /* as it was after the step */
    bool had_seen;            /* UPDATED: people at a receiver had seen it as it was before */
    uint64_t seq;             /* of the event; 0: it is told later, or could not be made */
    char by[300];
};

struct fact_progress {
    size_t receiver;
    struct incident incident;
    bool first; /* the first responder that is asked has signed for it */
};

enum fact_exercise_step {
    FACT_EXERCISE_ANNOUNCED,
    FACT_EXERCISE_BEGUN,
    FACT_EXERCISE_ENDED, /* or has never begun */
};

struct fact_exercise {
    enum fact_exercise_step step;
    enum incident_class class;
    uint64_t buttons; /* bit mask */
    int64_t length_ms;
    uint32_t unsigned_by;      /* bit mask of receivers that have only accepted its announcement */
    char text[FACT_TEXT_SIZE]; /* who has begun it, or why it is over */
};

struct fact_heard {
    uint64_t seq;
    char id[UUID_TEXT_SIZE], alarm[UUID_TEXT_SIZE], type[EVENT_TYPE_SIZE];
    enum event_class class;
    bool stored;       /* in the store; false: the disk was too slow, it goes out from memory */
    bool forgets;      /* the store would not outlive a power cut: nobody is told "stored" */
    int64_t handed_us; /* from what happened (the kernel's stamp of an edge) to the outbox */
};

struct fact_fault {
    enum fault_code code;
    bool broken;
    char subject[FACT_ID_SIZE];  /* "" if there is only one */
    char reason[FACT_TEXT_SIZE]; /* of now, or of the last time */
};

struct fact_delivered {
    size_t receiver;
    uint64_t seq;
    char alarm[UUID_TEXT_SIZE];
    enum event_class class;
    bool confirmed; /* by a signed receipt */
};

struct fact_failed {
    size_t receiver;
    uint64_t seq;
    bool no_file; /* of a clip, and that cannot be read here */
    char alarm[UUID_TEXT_SIZE];
    char reason[FACT_REASON_SIZE];
};

struct fact_answer {
    size_t receiver;
    struct uplink_answer answer;
};

struct fact_numbers {
    size_t receiver;
    char name[FACT_ID_SIZE]; /* its id */
    uint64_t newest_seq;     /* 0: not said */
    uint64_t forked_seq;     /* it has two events under this number; 0: none is said to be so */
};

struct fact_command {
    size_t receiver;
    uint64_t ticket;
    struct uplink_command command;
};

struct fact_link {
    size_t receiver;
    bool proven;
};

struct fact_uploaded {
    size_t receiver;
    uint64_t seq; /* of the manifest */
    bool confirmed;
    bool given_up; /* it will never have it: a person has given up its manifest */
};

enum fact_clip_step {
    FACT_CLIP_READY,
    FACT_CLIP_UPLOADED,
    FACT_CLIP_UNCONFIRMED, /* taken by a receiver that cannot sign */
};

struct fact_clip {
    enum fact_clip_step step;
    size_t receiver; /* of UPLOADED and UNCONFIRMED */
    uint64_t seq;    /* likewise */
    char alarm[UUID_TEXT_SIZE], camera[FACT_ID_SIZE];
};

struct fact_camera {
    size_t camera;
    bool online; /* false also while nobody knows */
};

struct fact_output {
    char id[FACT_ID_SIZE];
    bool on;
    char why[FACT_REASON_SIZE];
};

struct fact {
    enum fact_kind kind;
    int64_t at_ns; /* CLOCK_MONOTONIC of what happened; 0: of its being published */
    union {
        struct fact_line line;
        struct fact_pressed pressed;
        struct fact_card card;
        struct fact_incident incident; /* FACT_INCIDENT, FACT_UNDELIVERED */
        struct fact_progress progress;
        struct fact_exercise exercise;
        size_t tested; /* input */
        struct fact_heard heard;
        struct fact_fault fault; /* FACT_FAULT, …_STATED, …_REPORTED */
        struct fact_delivered delivered;
        struct fact_failed failed; /* FACT_ATTEMPT_FAILED, FACT_UPLOAD_FAILED */
        struct fact_answer answer;
        struct fact_numbers numbers;
        struct fact_command command;
        struct fact_link link;
        struct fact_uploaded uploaded;
        size_t no_clips; /* receiver */
        struct fact_clip clip;
        struct fact_camera camera;
        enum indicator_pattern pattern;
        struct fact_output output;
    } u;
};

#endif
