/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database behind the outbox: all SQL that writes. Store thread only (and the loop thread
 * before that thread starts). Functions return 0 or a negative errno with SQLite's words.
 */
#ifndef TOCSIN_OUTBOX_STORE_H
#define TOCSIN_OUTBOX_STORE_H

#include <sqlite3.h>

#include "outbox/outbox.h"
#include "outbox/place.h"

#define STORE_FILE "outbox.db"
/* Of rows of state: not of those that the store keeps by itself. */
#define STORE_ROWS_OF_PARTS "name NOT IN ('numbers','owner','pruned') AND name NOT GLOB 'changed.*'"
#define STORE_LOG_BYTES     (4 << 20) /* the room that is taken for its log */

enum store_statement {
    STORE_BEGIN,
    STORE_COMMIT,
    STORE_INSERT_FRESH, /* see fresh.c */
    STORE_NEXT_FRESH,
    STORE_SETTLE_EVENT,
    STORE_SETTLE_STATE,
    STORE_DELETE_FRESH,
    STORE_INSERT_DELIVERY,
    STORE_INSERT_UPLOAD,
    STORE_SET_STATE,
    STORE_SET_DELIVERY,
    STORE_SET_UPLOAD,
    STORE_INSERT_ANSWER,
    STORE_LOAD_EVENT,
    STORE_FIND_CLIP,
    STORE_FIND_ALARM,
    STORE_EVENT_OF_SEQ, /* from here on: questions, see query.c */
    STORE_EVENT_OF_ID,
    STORE_EVENT_BEFORE,
    STORE_EVENT_BEFORE_OF_ALARM,
    STORE_EVENT_AFTER,
    STORE_EVENT_AFTER_OF_ALARM,
    STORE_DELIVERY_AFTER,
    STORE_COUNT_ANY,
    STORE_COUNT_ALARM,
    STORE_OLD_EVENTS, /* from here on: see prune.c */
    STORE_DELETE_DELIVERIES,
    STORE_DELETE_UPLOADS,
    STORE_DELETE_EVENT,
    STORE_PENDING_AFTER, /* from here on: see strike.c */
    STORE_UPLOAD_AFTER,
    STORE_STRIKE_DELIVERY,
    STORE_STRIKE_UPLOAD,
    STORE_SCRUB_FRESH, /* from here on: see scrub.c */
    STORE_SCRUB_STATE,
    STORE_SCRUB_PENDING,
    STORE_SCRUB_CLIPS,
    STORE_SCRUB_ALARMS,
    STORE_SCRUB_IDS,
    STORE_SCRUB_ANSWERS,
    STORE_SCRUB_UPLOADS,
    STORE_SCRUB_DELIVERIES,
    STORE_SCRUB_EVENTS,
    STORE_STATEMENT_COUNT,
};

enum store_delivery_state {
    STORE_DELIVERY_PENDING = 0,
    STORE_DELIVERY_STORED = 1, /* a signed receipt says so */
    STORE_DELIVERY_UNCONFIRMED = 2,
    STORE_DELIVERY_STRUCK = 3,   /* of clips alone: known, and nobody is to get it */
    STORE_DELIVERY_GIVEN_UP = 4, /* of events alone: a person has, it was refused for ever */
};

/* What became of an event or a clip at one receiver: borrowed; texts may be NULL. */
struct store_delivery {
    uint64_t seq;
    const char *receiver;
    enum store_delivery_state state;
    unsigned attempts; /* of events alone */
    const char *request, *receipt, *receipt_headers;
};

struct store {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_STATEMENT_COUNT];
    char path[4096];
    char *gateway;      /* whose it is to be (owner.h) */
    struct place place; /* of what is open */
    int log_pages;      /* in the log since it was moved last */
    bool proven;        /* what was read when it was opened is on the disk */
    bool is_read_only;  /* opened by store_open_to_read */
    bool keeps_fresh;   /* damaged: events are stored, and not settled however many they are */
    bool is_clean : 1;  /* the stop was clean, and the newest event's number this: clean_seq */
    bool left_out : 1;  /* and no event came in that run: the ceiling is what its start left out */
    size_t fresh;       /* events that are not settled */
    /* numbers.h; as the file says, or the transaction that is open */
    uint64_t ceiling; /* no number above it was given (but is_clean); 0: nothing is known */
    uint64_t clean_seq;
    uint64_t begun; /* numbers above it are given since the start */
    const char *const *receivers;
    size_t receiver_count;
    uint32_t withheld[LIMIT_RECEIVERS]; /* classes (UPLINK_TAKES) that the receiver does not take */
    bool no_clips[LIMIT_RECEIVERS];
};

/* The log keeps its file and its room when the database is closed: after a restart on a full disk
 * there would be none to be had. Nor is it moved then: what of it can be believed is not known yet,
 * and of one that is damaged the rest is all that there is. */
void store_keep_log(sqlite3 *db);

/* Opens (creating) the database, ready for the statements. Does not grow it, and looks at no more
 * of it than its first pages and its log. -EEXIST: it is another gateway's. */
int store_open(struct store *s, struct err *e);
/* Likewise, of one that is there and can be read, though not written (a read-only mount, a file of
 * another owner): whatever would write fails. Nobody else may have it open. */
int store_open_to_read(struct store *s, struct err *e);
/* Of the folder that this file lies in: its entries survive a power cut. */
void store_sync_folder(const char *path);
/* Whether it lies on a file system that is mounted read-only; then what to do is the error's text,
 * in place of SQLite's words, none of which says so. */
bool store_says_read_only(const char *path, const char *doing, struct err *e);
/* Whether something else is there. */
bool store_is_foreign(const char *path);
void store_close(struct store *s);

/* For room.h: free pages; a row of nothing more, and a few of these removed (1: there may be more,
 * 0: none is left). */
int64_t store_free_bytes(struct store *s);
int store_fill(struct store *s, int bytes, struct err *e);
int store_empty(struct store *s, struct err *e);

int store_read_found(struct store *s, struct outbox_found *ret_found, struct err *e);
/* Of that the newest event alone. */
int store_read_head(struct store *s, struct outbox_found *ret_found, struct err *e);

/* All that is read is on the disk for certain (prove.h); once it is, this is nothing. Whatever is
 * written wants it, and does it first. */
int store_prove(struct store *s, struct err *e);

int store_begin(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* It is fresh then; with an upload it is settled at once, and all that was made before it. Whatever
 * else writes or reads here wants that settled first (fresh.h), but store_read_found and
 * store_get_event do not. */
int store_put_event(struct store *s, const struct event *event, const struct outbox_row *row,
                    const struct outbox_upload *upload, uint32_t upload_receivers, struct err *e);
/* Of one that was made before this start: owed to these alone (`receivers` of fresh.h). */
int store_put_owed_event(struct store *s, const struct event *event, const struct outbox_row *row,
                         const struct outbox_upload *upload, uint32_t upload_receivers,
                         const char *receivers, struct err *e);
/* `row` may be NULL here and above: nothing is written. */
int store_put_row(struct store *s, const struct outbox_row *row, struct err *e);
/* What the receiver takes of what is put from now on; strike.h strikes out what is pending of the
 * rest. */
void store_set_takes(struct store *s, size_t receiver, uint32_t classes, bool clips);
int store_put_delivery(struct store *s, const struct store_delivery *delivery, struct err *e);
int store_put_upload(struct store *s, const struct store_delivery *delivery, struct err *e);
int store_put_answer(struct store *s, const char *receiver, const struct uplink_answer *answer,
                     const struct outbox_row *row, struct err *e);

/* *ret_event is NULL if there is none. */
int store_get_event(struct store *s, uint64_t seq, struct event **ret_event, struct err *e);
/* Whether its bytes are those that its digest was made of: asserted before an event is stored, and
 * looked at when it comes back. */
bool store_event_is_whole(const struct event *event);
/* Its index; SIZE_MAX if the configuration has none of that name (or it is NULL). */
size_t store_receiver(const struct store *s, const char *name);
int store_find_clip(struct store *s, const char *clip, const char *alarm,
                    struct outbox_clip *ret_found, struct err *e);

/* Runs a bound statement that gives no rows and makes it ready for the next time. */
int store_run(struct store *s, enum store_statement which, const char *doing, struct err *e);
void store_reset(sqlite3_stmt *row);
void store_bind_text(sqlite3_stmt *statement, int at, const char *text); /* borrowed */
void store_copy_column(sqlite3_stmt *row, int column, char *ret_text, size_t size);

/* Ids of events are UUIDs of version 7, made of the event's time: the smallest of that time. So
 * the index of ids finds events by time, and a press has no index more to write. */
void store_id_of_time(int64_t wall_ms, char ret_id[UUID_TEXT_SIZE]);

/* Moves the log into the database; cheap when there is nothing. */
void store_checkpoint(struct store *s);

/* Moves it whole: all is in the database then, synced, and the log is empty. */
int store_end_log(struct store *s, struct err *e);

/* The first frame of a log that was moved is synced twice, once with the log's header: this writes
 * one, so that no press has to. */
int store_begin_log(struct store *s, struct err *e);

/* Whether the log has used up half of the room that was taken for it, or so much that what comes
 * next may no longer fit. */
bool store_log_is_long(const struct store *s);
bool store_log_is_full(const struct store *s);
/* Or as long as it is to be. */
bool store_log_has_its_room(const struct store *s);

/* -EAGAIN for want of descriptors or memory, of which the next says whether it is. */
int store_error(struct store *s, struct err *e, const char *doing);

/* The last error says nothing of the file: the next moment may have what this one lacks. */
bool store_lacks_means(sqlite3 *db);

#endif
