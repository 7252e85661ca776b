/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the receiver keeps: SQLite, WAL, synchronous FULL, so that what was answered is on the disk.
 * Any thread: one lock inside. Texts that are returned belong to the caller.
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

struct store_entry {
    int64_t receiver_seq;
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

bool store_open(const char *folder, struct store **ret_store);
void store_close(struct store *s);

/* An event with its evidence. `digest` is its Content-Digest text, `headers` the signature headers
 * as they came. Nonces are kept until `nonce_until_s`. */
enum store_result store_put(struct store *s, const struct event *event, const char *bytes,
                            size_t length, const char *digest, const char *headers,
                            const char *nonce, int64_t nonce_until_s,
                            struct store_entry *ret_entry);

/* Remembers the nonce of a request that stores nothing; false if it was used before. */
bool store_use_nonce(struct store *s, const char *nonce, int64_t until_s);

/* Newest heartbeat of a gateway; confirms answers up to its answer_seq. */
bool store_heartbeat(struct store *s, const struct event *event, const char *bytes, size_t length,
                     struct store_entry *ret_entry);

/* The answers that this gateway has not confirmed, as the receipt carries them. */
json_t *store_answers(struct store *s, const char *source);
/* A person's answer; 0 or its answer_seq. */
int64_t store_answer(struct store *s, const char *alarm, const char *state, const char *by,
                     const char *note);

bool store_find_clip(struct store *s, const char *manifest, struct store_clip *ret_clip);
bool store_complete_clip(struct store *s, const char *manifest, struct store_entry *ret_entry);

/* For the page and scripts. */
json_t *store_state(struct store *s);
json_t *store_events(struct store *s, int64_t after, int limit);
json_t *store_event(struct store *s, const char *id);
const char *store_clips_folder(const struct store *s);
/* A number that grows with everything that changes. */
int64_t store_version(struct store *s);
/* Waits until that number is not `since` any more, or `wait_ms`; returns it. */
int64_t store_wait(struct store *s, int64_t since, int wait_ms);

#endif
