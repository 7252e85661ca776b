/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by store.c (what all others stand on), store_events.c, store_gateways.c, store_answers.c,
 * store_clips.c, store_cards.c, store_view.c and store_backup.c only. */
#ifndef RECEIVER_STORE_PRIVATE_H
#define RECEIVER_STORE_PRIVATE_H

#include <pthread.h>

#include "kept_cards.h"
#include "sql.h"
#include "store.h"

/*
 * The file is this process's alone as long as it is open: SQLite before 3.51.3 may lose what was
 * committed when a second connection writes or moves the log. Those of the views and of a backup
 * only read.
 */
#define STORE_VFS "unix-excl"

struct store {
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    sqlite3 *db;
    int64_t version;
    struct kept_changes card_changes; /* whose cards are to be made anew; see kept_cards.h */
    pthread_mutex_t view_lock;        /* of what follows; taken before `lock`, never after */
    sqlite3 *view;                    /* reads only */
    char *alarms;                     /* JSON members of the state, as they were at … */
    int64_t alarms_version;           /* -1: never, or they could not all be read */
    struct kept_cards cards;          /* of the same: each as it was made last */
    /* constant */
    int lock_file;
    char boot[40]; /* of this machine: when a heartbeat was heard, by a clock that nobody sets */
    char clips[4096];
};

/* What an incident is to people; a higher one is never taken back by a lower. */
enum incident_kind {
    INCIDENT_KIND_UNKNOWN = 0,  /* a clip is here, its alarm is not */
    INCIDENT_KIND_EXERCISE = 1, /* drills and tests */
    INCIDENT_KIND_REAL = 2,
};

/* With the lock held. */
void store_note_change(struct store *s);
bool store_begin(struct store *s);
/* Commits if `good`, else rolls back; true if it was committed. */
bool store_end(struct store *s, bool good);
/* Runs a statement that returns a row of alarm and, if `source` is NULL, source for each incident
 * that it changes, and frees it: their cards are made anew. */
bool store_note_rows(struct store *s, sqlite3_stmt *row, const char *source);
/* Within a transaction: the gateway has taken the answers up to `answer_seq`. */
/* With the lock held. Of that gateway's events the highest number; 0 if there is none, or it cannot
 * be read. */
int64_t store_newest_seq(struct store *s, const char *source);

bool store_confirm_answers(struct store *s, const char *source, int64_t answer_seq,
                           bool *ret_changed);
/* Within a transaction. */
bool store_insert_clip(struct store *s, const struct event *event);
bool store_insert_gateway(struct store *s, const char *source);
/* Within a transaction: NEW, REPLAY or FAILED. */
enum store_result store_insert_nonce(struct store *s, const char *nonce, int64_t until_s);

void store_now_text(char ret_text[32]);
int64_t store_boottime_ms(void);
/* With the view's lock held: rows of answer_seq, alarm, state, by, at, note, seen_seq, confirmed.
 * Frees the statement. Not `*ret_whole` if they cannot all be read. */
json_t *store_answer_rows(sqlite3_stmt *row, bool *ret_whole);
/* With the view's lock held: the members "alarms" and "not_shown" of the state. NULL when they
 * cannot be read; not `*ret_whole` if something of a card could not. */
char *store_cards_text(struct store *s, bool *ret_whole);

#endif
