/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in for the outbox: keeps the calls in their order, and answers when the test says so.
 * The linker takes these functions instead of the library's.
 */
#ifndef TOCSIN_TESTS_FAKE_OUTBOX_H
#define TOCSIN_TESTS_FAKE_OUTBOX_H

#include "outbox/outbox.h"

#define FAKE_CALLS_MAX 200

enum fake_call_kind {
    FAKE_STORE,
    FAKE_ROW,
    FAKE_DELIVERY,
    FAKE_UPLOAD,
    FAKE_ANSWER,
    FAKE_BARRIER,
    FAKE_LOAD,
    FAKE_FIND,
    FAKE_READ, /* clips of `receiver` behind `seq` */
    FAKE_PRUNE,
    FAKE_JOINED,
    FAKE_GONE,
    FAKE_GIVEN_UP,
};

struct fake_call {
    enum fake_call_kind kind;
    uint64_t seq;
    size_t receiver;
    unsigned attempts;
    enum uplink_outcome outcome;
    struct event *event; /* a reference */
    char row[32], receipt[64], request[64], clip[UUID_TEXT_SIZE], alarm[UUID_TEXT_SIZE];
    bool alarm_unknown; /* of a clip that is looked for */
    uint32_t pending;   /* likewise */
    uint32_t upload_receivers;
    bool answered;
    void (*done)(void *arg);
    outbox_event_handler loaded;
    outbox_clip_handler found;
    outbox_uploads_handler read;
    void *arg;
};

struct fake_outbox {
    size_t count;
    struct fake_call calls[FAKE_CALLS_MAX];
    struct outbox_host host;
    char *damage; /* found at the open */
    uint64_t last_seq, used_seq;
    uint64_t above_seq, above_asked;  /* what outbox_numbers_above answers, and was asked */
    uint64_t far_seq;                 /* 0: numbers are known at the open */
    const char *unknown;              /* why the store is not; NULL: it is */
    struct outbox_restored *restored; /* found at the open */
    size_t restored_count;
    const char *journal_reason;             /* NULL: it works */
    unsigned char head[EVENT_DIGEST_BYTES]; /* of the chain, likewise */
    int64_t newest_wall_ms;                 /* likewise */
    bool knows_no_alarm;                    /* of which a clip is looked for */
    struct outbox_uploads waiting;          /* the answer to the next FAKE_READ */
    size_t lost;                            /* at the close */
    int64_t wait_ms;                        /* of the close */
    char row_text[4000];                    /* of the row that was saved last without an event */
    const char *damage_row;                 /* likewise */
    const char *age;                        /* the row of that name, found at the open */
    bool closed;
    uint32_t takes[LIMIT_RECEIVERS];
    bool takes_clips[LIMIT_RECEIVERS];
    const struct outbox_answer *answers; /* to the next questions; NULL: it answers none */
    struct outbox_query asked;           /* last */
    bool keeps_questions;                /* instead; fake_answer tells them */
    struct {
        outbox_query_handler done;
        void *arg;
    } questions[40];
    size_t question_count;
};

extern struct fake_outbox fake_outbox;

void fake_outbox_begin(void);
/* Answers all questions that were kept. */
void fake_answer(const struct outbox_answer *answer);
void fake_outbox_end(void);

/* The disk has done all that was asked until now; how many calls that answers. */
unsigned fake_outbox_answer(void);

/* The last call of that kind; NULL if there is none. */
const struct fake_call *fake_outbox_last(enum fake_call_kind kind);
size_t fake_outbox_count(enum fake_call_kind kind);

#endif
