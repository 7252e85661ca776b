/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in for daemon/events and daemon/delivery under a part that is tested alone: events
 * that were made and rows that were saved are kept for the test to look at, receivers are what the
 * test says they are. The linker takes these functions instead of the libraries'.
 */
#ifndef TOCSIN_TESTS_FAKE_EVENTS_H
#define TOCSIN_TESTS_FAKE_EVENTS_H

#include <jansson.h>

#include "events/events.h"

#define FAKE_EVENTS_MAX 300
#define FAKE_KEPT_MAX   20

struct fake_event {
    char type[EVENT_TYPE_SIZE];
    char alarm[UUID_TEXT_SIZE];
    enum event_class class;
    int64_t at_ns;
    json_t *data;
    char row[32];   /* the row that went with it; "" if none did */
    char *row_text; /* NULL then */
};

struct fake_row {
    char name[32];
    char *text;
    unsigned saved; /* how often, with an event or alone */
};

struct fake {
    size_t count;
    struct fake_event events[FAKE_EVENTS_MAX]; /* seq is the index + 1, and: */
    uint64_t seq_before;                       /* of the events before these */
    size_t row_count;
    struct fake_row rows[8];
    unsigned answers_recorded;
    char answer_row[32]; /* the row that went with the last answer */
    struct uplink_answer answer;
    size_t kept_count; /* of who waits for the disk */
    struct {
        kept_handler done;
        void *arg;
    } kept[FAKE_KEPT_MAX];
    bool too_many_wait;
    bool cannot_emit;   /* no event can be made */
    bool has_no_room;   /* for what is of no alarm */
    bool has_no_number; /* that is not far above all */
    bool damaged;       /* and nobody has seen it: events_accept_damage */
    char seen_by[200];  /* who has */
    bool state_lost;    /* the store was damaged, and not every row came back */
    /* Of delivery: */
    uint32_t responders, proven, takers;
    const char *unknown;          /* why the store could not be read: then it has found nothing */
    const char *store_trouble;    /* NULL: it has said nothing */
    struct outbox_found *earlier; /* what it held before such a start; borrowed */
    const char *restored_alarm, *restored_row; /* likewise of an event of the journal; NULL */
    uint32_t alarms_only;                      /* bit mask: take presses and nothing else */
    uint32_t group_of_two; /* bit mask: responders of group 2, the others are of group 1 */
    bool alarm_open;
    unsigned replies;
    struct {
        uint64_t ticket;
        struct uplink_reply reply;
    } reply;                            /* the last, to a platform's command */
    struct delivery_refused refused[4]; /* by receivers, until it is given up */
    size_t refused_count;
    uint64_t given_up_seq, waiting_seq; /* of receiver 0: given up last; waits */
    unsigned given_up;
    bool cannot_note;          /* one more that is given up */
    uint32_t upload_receivers; /* of the last event with a clip */
    uint32_t refuse_uploads;   /* bit mask */
    unsigned uploads;
    struct {
        size_t receiver;
        uint64_t seq;
        char manifest[UUID_TEXT_SIZE], path[256], filename[160];
        int64_t length_bytes;
    } upload; /* the last */
};

extern struct fake fake;

void fake_begin(void);
void fake_end(void);

/* Any pointer: nothing reads it. */
#define FAKE_EVENTS   ((struct events *)&fake)
#define FAKE_DELIVERY ((struct delivery *)&fake)

/* The row's text, or NULL; how often it was saved. */
const char *fake_row(const char *name);
unsigned fake_saved(const char *name);
void fake_lose_row(const char *name);

/* The last event of that type, or NULL; how many there were. */
const struct fake_event *fake_last(const char *type);
size_t fake_count(const char *type);
/* A member of an event's data, as a text ("" if it is none). */
const char *fake_text(const struct fake_event *event, const char *name);

/* The disk has all that was handed over by now, or is slow: who waits for it is told. */
void fake_keep(bool stored);

/* What the store found at the start, made of the rows as they are; freed by the caller. */
struct outbox_found fake_found(void);

#endif
