/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the receiver keeps: SQLite, WAL, synchronous FULL, so that what was answered is on the disk.
 * Any thread: locks inside. Writers and people's views have a connection and a lock each, so that
 * nobody who looks holds up an alarm. Texts and JSON that are returned belong to the caller.
 */
#ifndef RECEIVER_STORE_H
#define RECEIVER_STORE_H

#include <jansson.h>

#include "event.h"

struct store;

enum store_result {
    STORE_NEW,      /* written now */
    STORE_REPEAT,   /* the same bytes were there: the same receipt again */
    STORE_CONFLICT, /* another event with this id */
    STORE_REPLAY,   /* the nonce was used before, for something else */
    STORE_FAILED,   /* the disk: nothing was kept, nothing may be answered */
};

/* What proves an event: borrowed. */
struct store_evidence {
    const char *digest;  /* Content-Digest text */
    const char *headers; /* the request line and the signature's headers as they came */
    const char *nonce;
    int64_t nonce_until_s; /* how long the nonce is remembered */
    int64_t off_s;         /* signature_off_s() */
};

struct store_entry {
    int64_t receiver_seq;
    int64_t newest_seq; /* of its gateway's events, the highest number that is kept; 0: none, or
                           the database does not say */
    bool is_fork; /* of an event: another of its gateway has its number, or it does not follow */
    char received_at[32];
};

struct store_clip {
    char manifest[37];
    char source[96];
    char alarm[37];
    char camera[65];
    int64_t length;
    char sha256[65];
    bool complete;
    struct store_entry entry; /* when complete */
};

/* Makes the folder if need be; one program at a time. Says on stderr what is wrong. */
bool store_open(const char *folder, struct store **ret_store);
void store_close(struct store *s);

enum store_result store_put(struct store *s, const struct event *event, const char *bytes,
                            size_t length, const struct store_evidence *evidence,
                            struct store_entry *ret_entry);

/* Remembers the nonce of a request that stores nothing: NEW, REPLAY or FAILED. */
enum store_result store_use_nonce(struct store *s, const char *nonce, int64_t until_s);

/* The newest heartbeat of a gateway; confirms answers up to its answer_seq. NEW, REPLAY, FAILED. */
enum store_result store_heartbeat(struct store *s, const struct event *event, const char *bytes,
                                  size_t length, const struct store_evidence *evidence,
                                  struct store_entry *ret_entry);

/* The answers that this gateway has not confirmed, as the receipt carries them. */
json_t *store_answers(struct store *s, const char *source);
/* A person's answer to the incident `alarm` of `source` (NULL: of the only one with that id), who
 * had its events up to receiver_seq `seen` before them. Its answer_seq; 0 if there is no such
 * incident, -1 if the disk did not take it, or STORE_OUTDATED: it would end what was pressed after
 * that, of which they know nothing. */
#define STORE_OUTDATED (-2)
int64_t store_answer(struct store *s, const char *alarm, const char *source, const char *state,
                     const char *by, const char *note, int64_t seen);

bool store_find_clip(struct store *s, const char *manifest, struct store_clip *ret_clip);
bool store_complete_clip(struct store *s, const char *manifest, struct store_entry *ret_entry);
const char *store_clips_folder(const struct store *s);

/* For the page and scripts. The state is JSON text; NULL when it cannot be read. */
char *store_state(struct store *s, const char *receiver_name);
json_t *store_events(struct store *s, int64_t after, int limit);
json_t *store_event(struct store *s, const char *id);
/* A number that grows with everything that changes. */
int64_t store_version(struct store *s);
/* Waits until that number is not `since` any more, or `wait_ms`; returns it. */
int64_t store_wait(struct store *s, int64_t since, int wait_ms);

#endif
