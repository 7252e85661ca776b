/* SPDX-License-Identifier: Apache-2.0 */
/* An outbox on a real disk, with its thread and a loop, in a folder that is gone afterwards. */
#ifndef TOCSIN_TESTS_OUTBOX_WORLD_H
#define TOCSIN_TESTS_OUTBOX_WORLD_H

#include <jansson.h>

#include "outbox/outbox.h"

struct fixture {
    uv_loop_t loop;
    char folder[32];
    const char *journal_dir; /* of the next start; NULL: without */
    const char *gateway;     /* likewise */
    bool makes_dir;          /* likewise */
    struct outbox *outbox;
    struct outbox_found found;
    unsigned stored;
    char fault[400];
    bool faulty;
    int64_t start_wait_ms; /* of the next start; 0: as long as it takes */
    int64_t numbers_wait_ms;
    bool look_at_once;      /* from the next open_outbox on */
    int64_t prove_every_ms; /* likewise; 0: never */
    char damage[1000];      /* what was told of it while it ran */
    bool damaged;
    unsigned witness_good; /* how often that was told */
    char witness[600];     /* why it cannot be written; "" */
    bool witness_bad;
    bool forgets_damage; /* is killed before it could keep what it was told */
    /* Of the file system, as it was told last; and what was stored by then. */
    char forgets[40]; /* "": it does not */
    unsigned forgets_told, stored_before;
    void (*on_room)(void *arg, const struct outbox_room *room); /* from the next start on */
    /* Of what came later than the start. */
    bool came_late;
    bool stays_apart; /* and does not take it over */
    uint64_t late_seq, late_used_seq;
    size_t late_pending;
    bool late_numbers_unknown;
    char late_row[40], late_earlier[40]; /* "incidents"; "" if there is none */
};

/* An empty one with two receivers; and an end that everything was written before. */
struct fixture *begin(void);
void end(struct fixture *f);

/* A restart, in two halves. */
void close_outbox(struct fixture *f);
void close_outbox_within(struct fixture *f, int64_t ms); /* for so long the stop may try */
void open_outbox(struct fixture *f);

/* Made one after the other by `seq`; the caller's reference. */
struct event *make_event(uint64_t seq, enum event_class class);

/* Counts in `stored` of the fixture that is its argument: an outbox_done_handler. */
void on_stored(void *arg);

/* A press with the row "incidents" (NULL: without). */
void put(struct fixture *f, uint64_t seq, const char *text);

/* Turns the loop until so many are stored. */
void wait_stored(struct fixture *f, unsigned count);

/* With events 1 to 3 stored. */
struct fixture *begin_used(void);

/* In its folder. */
void shell(const struct fixture *f, const char *command);

/* How many damaged databases lie aside there. */
size_t count_aside(const struct fixture *f);

/* An answer, kept. */
struct heard {
    bool came, more;
    char *text;
    uint64_t last_seq;
    char error[400];
};

/* Turns the loop until it is true. */
void turn_until(struct fixture *f, const bool *what);

/* Asks and waits; the text is the test's. */
struct heard ask(struct fixture *f, const struct outbox_query *query);

/* What was handed over before was tried when a question behind it is answered. */
void wait_answered(struct fixture *f);

/* The answer as JSON, which must be one. */
json_t *ask_json(struct fixture *f, const struct outbox_query *query);

/* A press of that wall time and incident, stored. */
void put_at(struct fixture *f, uint64_t seq, int64_t wall_ms, const char *alarm);

/* A LIST in short: the numbers of its events, then "of" the total; in `text`. */
const char *list(struct fixture *f, const struct outbox_query *query, char *text);

/* Where numbers go on, and the chain (`found`). */
uint64_t begin_numbers(struct fixture *f);

#endif
