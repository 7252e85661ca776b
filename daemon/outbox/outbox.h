/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox: every event, and who has it, durable on this gateway's disk.
 *
 * SQLite (WAL, synchronous FULL) on a thread of its own. All calls come from the loop thread, never
 * wait and never fail; results come back as callbacks in the loop thread. What writes is done and
 * answered in the order of the calls, but what became of deliveries and uploads is gathered and
 * written behind it (gather.h); what only reads, and pruning, in small pieces after that, and never
 * in the same transaction (queue.h). What cannot be written now (disk full, broken, stuck) stays in
 * memory, is reported as a fault, and is tried again for ever: the database is then closed and
 * opened anew, and its log and the batch written again, because after a failed fsync nothing that
 * was written may be trusted (prove.h). Meanwhile what can be read is read, and what can be pruned
 * is pruned.
 *
 * Until an event is committed it is in the journal, too (journal.h), which a kill of the process
 * leaves: the next start finds it there, and its number is given to no other.
 *
 * No start waits for the disk for long, or fails because of it: what the database holds is then
 * read when it can be, and handed over by `on_found` (meet.h).
 *
 * Room is taken on the disk in advance, so that a full disk still takes `reserve_events` alarms;
 * records of deliveries wait there once they have used up their half of it (room.h).
 * That, and whether all of the database is whole, is seen to behind everything else, some time
 * after the start and again each hour and day (room.h, scrub.h): no start waits for it, but the
 * first one for the first of the room. A database that turns out to be damaged is put aside while
 * it runs, and what can be read of it goes on in a fresh one.
 */
#ifndef TOCSIN_OUTBOX_OUTBOX_H
#define TOCSIN_OUTBOX_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "iface/event.h"
#include "iface/limits.h"
#include "iface/uplink.h"

struct outbox;

struct outbox_options {
    const char *dir;              /* the state folder */
    bool makes_dir;               /* once, if there is none */
    const char *gateway;          /* its id: another's store is refused; NULL: whoever's it is */
    const char *const *receivers; /* ids; their order gives the index used below */
    size_t receiver_count;
    int64_t reserve_events;
    const char *journal_dir; /* the run folder (journal.h); NULL: without a journal */
    int64_t look_after_ms;   /* before more room is taken, and the database looked over */
    int64_t prove_every_ms;  /* and from then on the store proves itself (mend.h); 0: never */
    int64_t start_wait_ms;   /* outbox_open waits so long for the disk */
    int64_t numbers_wait_ms; /* outbox_begin_numbers until so long after outbox_open */
};

/* The room that is left for events. */
struct outbox_room {
    int64_t free_bytes;     /* for this process where the store lies; negative: not known */
    int64_t keep_bytes;     /* that are taken in advance */
    int64_t reserve_events; /* alarms for which half of it is */
    int64_t held_events;    /* of them, how many still find their room */
    bool alarms_only;       /* the disk is full and the other half used: all else waits (room.h) */
};

struct outbox_found;

struct outbox_host {
    /* The disk does not take events (reason), or does again (NULL). */
    void (*on_fault)(void *arg, const char *reason);
    /* What the database held before this process, which outbox_open did not wait for or could not
     * read: borrowed. Nothing restored is in it. May be NULL if it never comes late. */
    void (*on_found)(void *arg, const struct outbox_found *found);
    /* About once a second while outbox_close waits for the disk. May be NULL. */
    void (*on_wait)(void *arg);
    /* Something of the database was damaged, found while it runs: what, and what became of it. */
    void (*on_damage)(void *arg, const char *sentence);
    /* What stands beside the store as its second witness (witness.h) cannot be written, told each
     * minute, or is as it should be (NULL), told once and when it is so again. May be NULL. */
    void (*on_witness)(void *arg, const char *reason);
    /* The database is about to be opened where nothing outlives a power cut (the name of such a
     * file system), or where that is not known of (NULL); of the first opening, and when it
     * changes, before anything is stored there. May be NULL. */
    void (*on_forgets)(void *arg, const char *forgetting);
    /* The room was looked at: soon after the start, then each ten seconds. May be NULL. */
    void (*on_room)(void *arg, const struct outbox_room *room);
    void *arg;
};

struct outbox_pending {
    uint64_t seq;
    size_t receiver;
    enum event_class class;
    unsigned attempts;
    char alarm[UUID_TEXT_SIZE];
};

/* A clip that a receiver does not have yet. */
struct outbox_upload {
    uint64_t seq; /* of the manifest event */
    size_t receiver;
    char manifest[UUID_TEXT_SIZE]; /* its id */
    char clip[UUID_TEXT_SIZE];     /* id of the clip at tocsin-video */
    char alarm[UUID_TEXT_SIZE];
    char camera[65];
    char path[256];
    int64_t length_bytes;
    unsigned char sha256[EVENT_DIGEST_BYTES];
};

#define OUTBOX_ROW_NAME_SIZE 40
#define OUTBOX_DAMAGE_ROW    "damage" /* with it, what was found of damage is told and kept */

/* A part's state: text of any length, never cut. */
struct outbox_row {
    const char *name; /* shorter than OUTBOX_ROW_NAME_SIZE; both are copied */
    const char *text;
};

struct outbox_found_row {
    char *name, *text;
};

/* An event that only the journal has: to be handed over again (outbox_store_again). */
struct outbox_restored {
    struct event *event;
    char *row_name, *row_text;   /* NULL: none */
    char *receivers;             /* names of those that are owed it, each with a space behind it */
    struct outbox_upload upload; /* `clip` is "" if there is none */
    char *upload_receivers;      /* likewise, of the clip */
};

/* What was in the store, and in the journal, when it was opened; freed by outbox_found_finish. */
struct outbox_found {
    uint64_t last_seq; /* the newest event that is known */
    uint64_t used_seq; /* no number above it was given: last_seq, or more after a power cut */
    unsigned char head[EVENT_DIGEST_BYTES]; /* digest of event last_seq; zeros if there is none */
    int64_t newest_wall_ms;
    size_t row_count;
    struct outbox_found_row *rows;
    size_t pending_count;
    struct outbox_pending *pending; /* by seq */
    size_t upload_count;
    struct outbox_upload *uploads; /* by seq */
    /* Of each receiver the first LIMIT_CLIPS_WAITING; and how many wait for it behind them, to be
     * read later (outbox_read_uploads). */
    size_t uploads_taken[LIMIT_RECEIVERS], uploads_left[LIMIT_RECEIVERS];
    /* By seq, none of which the database has; their rows, deliveries and clips are among the above
     * already. */
    size_t restored_count;
    struct outbox_restored *restored;
    int64_t answer_seq[LIMIT_RECEIVERS]; /* highest answer taken from each receiver */
    char *damage;    /* a line each: what was damaged, and what became of it; else NULL */
    bool state_lost; /* some of its rows of state could not be read, or nobody can tell */
    /* Why it is not known what the database holds (outbox_open: all of the above is of the journal
     * alone); "" if it is. Else it comes by `on_found`. */
    char unknown[400];
    bool is_late;         /* `unknown` only because the disk has not answered yet */
    bool numbers_unknown; /* ask outbox_begin_numbers before the first event is made */
    /* Of rows alone: what the database has, where `rows` has what a process made that did not know
     * it. To be taken over as well. NULL: nothing */
    struct outbox_found *earlier;
};

/*
 * Starts the thread, which opens or creates the database, and waits for it no longer than
 * `start_wait_ms`. Whatever is wrong with the disk, the outbox is open then: what is stored is in
 * the journal and in memory, and the thread tries again for ever. Fails without memory, and with
 * -EADDRINUSE while another process that lives has this store (hold.h).
 */
int outbox_open(uv_loop_t *loop, const struct outbox_options *options,
                const struct outbox_host *host, struct outbox **ret_outbox,
                struct outbox_found *ret_found, struct err *e);

/* The text of that row; NULL if there is none. */
const char *outbox_found_text(const struct outbox_found *found, const char *row);
void outbox_found_finish(struct outbox_found *found);

/* Where the chain goes on, as in outbox_found. */
struct outbox_head {
    uint64_t last_seq, used_seq;
    unsigned char digest[EVENT_DIGEST_BYTES];
};

/*
 * With `numbers_unknown`, and what was found then, for the first event: of the store, if it has
 * answered by now, for which a disk that is only slow is given a moment more; else `used_seq` is
 * far above all that store and journal can hold.
 */
void outbox_begin_numbers(struct outbox *ob, struct outbox_head *head);
/* Somebody has an event of this gateway with the number `seq`, which it knows nothing of: a number
 * above that and above any that it may have given. 0: it can have given none so high. */
uint64_t outbox_numbers_above(uint64_t seq);

/* What was found, at the open or later, and what was made without knowing it are one now, and what
 * came of that is handed over: until then nothing is written, and then all of it in one
 * transaction. To be said after each open and each `on_found`. */
void outbox_joined(struct outbox *ob);

typedef void (*outbox_done_handler)(void *arg);

/*
 * Stores the event, a pending delivery for every receiver, a row of state (may be NULL) and, with a
 * manifest, an upload for each receiver in `upload_receivers` (bit mask), in one transaction.
 * `done` (may be NULL) runs when all of it is on the disk. It is in the journal when this returns,
 * if the journal takes it: nothing may be told or sent of it before.
 */
void outbox_store(struct outbox *ob, struct event *event, const struct outbox_row *row,
                  const struct outbox_upload *upload, uint32_t upload_receivers,
                  outbox_done_handler done, void *arg);

/*
 * Likewise, of one that was found in the journal: with its number, owed to whom it was owed. All of
 * them, in their order, before anything else is stored; until then they are in the journal alone.
 */
void outbox_store_again(struct outbox *ob, const struct outbox_restored *restored,
                        outbox_done_handler done, void *arg);

/* An event that a receiver waits for was looked for (outbox_load) and is not there: told as damage,
 * with others of that second. */
void outbox_note_gone(struct outbox *ob, uint64_t seq);

/* Once a second: what the journal did not take is put once more, and what has gone told. Why it
 * does not have all that is not committed, "" while it does (or there is none). */
const char *outbox_watch_journal(struct outbox *ob);

/*
 * What the receiver's protocol carries (UPLINK_TAKES of classes, and clips): of the rest no
 * delivery is stored for it from now on, and those that were pending are struck out, a few at a
 * time as in outbox_prune and behind what was recorded of them before, so that nothing waits for it
 * or keeps an event from being pruned. Until this is said a receiver takes everything; what a stop
 * leaves is pending at the next start, and struck out when this is said again.
 */
void outbox_set_takes(struct outbox *ob, size_t receiver, uint32_t classes, bool clips);

/* A row alone. What is handed over earlier is never on the disk without what came before it: a
 * row that follows from a delivery is saved first, so that no delivery is known that had no effect.
 */
void outbox_save_row(struct outbox *ob, const struct outbox_row *row);

/*
 * `done` runs when all that was handed over before is on the disk, but what became of deliveries
 * and uploads; not if something of it was given up (outbox_close). Nothing is written for its sake.
 */
void outbox_when_written(struct outbox *ob, outbox_done_handler done, void *arg);

/* Likewise at a stop, which has begun then: `done` waits until what was stored before is seen to be
 * in its file, or written anew. */
void outbox_when_kept(struct outbox *ob, outbox_done_handler done, void *arg);

/* Evidence is copied; its pointers may be NULL. Not on the disk at once: what is lost in a kill is
 * pending still, delivered once more, and recorded then. Questions see it. */
void outbox_record_delivery(struct outbox *ob, uint64_t seq, size_t receiver, unsigned attempts,
                            const struct uplink_result *result);
void outbox_record_upload(struct outbox *ob, uint64_t seq, size_t receiver,
                          const struct uplink_result *result);

/* Likewise, of an event that the receiver refuses and will never have, and of its clip. */
void outbox_record_given_up(struct outbox *ob, uint64_t seq, size_t receiver, unsigned attempts);

/* The answer and the row of state (may be NULL) that follows from it; `done` runs when it may be
 * confirmed. */
void outbox_record_answer(struct outbox *ob, size_t receiver, const struct uplink_answer *answer,
                          const struct outbox_row *row, outbox_done_handler done, void *arg);

/* `event` is NULL if there is none with that number; the callback takes its own reference. What is
 * not committed yet comes from memory: it may be sent though the disk takes nothing. */
typedef void (*outbox_event_handler)(void *arg, struct event *event);
void outbox_load(struct outbox *ob, uint64_t seq, outbox_event_handler done, void *arg);

/* What is stored of a clip. */
struct outbox_clip {
    uint64_t seq; /* of its manifest, for whomever; 0: there is none */
    bool
        alarm_unknown; /* no event of its alarm is there: it was never raised here, or was pruned */
    uint32_t pending;  /* bit mask: for whom it waits */
};
typedef void (*outbox_clip_handler)(void *arg, const struct outbox_clip *found);
void outbox_find_clip(struct outbox *ob, const char *clip, const char *alarm,
                      outbox_clip_handler done, void *arg);

#define OUTBOX_UPLOADS_MAX 8

/* Clips that wait for a receiver. */
struct outbox_uploads {
    size_t count;
    struct outbox_upload uploads[OUTBOX_UPLOADS_MAX]; /* by seq */
    bool more;                                        /* there may be others behind them */
};
/* `found` is borrowed; NULL: the outbox is being closed. */
typedef void (*outbox_uploads_handler)(void *arg, const struct outbox_uploads *found);
/* The first that wait for it with a larger seq; of what is handed over by now, none is missed. */
void outbox_read_uploads(struct outbox *ob, size_t receiver, uint64_t after_seq,
                         outbox_uploads_handler done, void *arg);

enum outbox_query_kind {
    OUTBOX_QUERY_LIST,   /* the newest first, an object an event, without bytes */
    OUTBOX_QUERY_SHOW,   /* one event, whole, with deliveries and evidence */
    OUTBOX_QUERY_FILES,  /* what lies in the folder beside the store (leftovers.h) */
    OUTBOX_QUERY_REMOVE, /* likewise, and what was put aside is removed */
    OUTBOX_QUERY_EXPORT, /* bundle lines as `tocsin verify` reads them, oldest first, a piece a call
                          */
};

struct outbox_query {
    enum outbox_query_kind kind;
    uint64_t after;             /* EXPORT: events with a larger seq */
    uint64_t before;            /* LIST: events with a smaller seq; 0 for the newest */
    uint64_t seq;               /* SHOW: this event; 0 for the one with `id` */
    unsigned limit;             /* LIST: at most so many */
    int64_t since_ms;           /* LIST: made at that wall time or later */
    char alarm[UUID_TEXT_SIZE]; /* LIST, EXPORT: only of this incident; "" for any */
    char id[UUID_TEXT_SIZE];    /* SHOW */
};

/*
 * LIST: members `"events":[…],"total":N`, where N counts what `limit` and `before` left out, too.
 * SHOW: the member `"events":[…]`. FILES, REMOVE: members, in one piece. EXPORT: lines, each with
 * its newline; 32 KiB or a little more. The text is borrowed during the callback.
 */
struct outbox_answer {
    const char *text;
    size_t length;
    uint64_t last_seq; /* of the last event in the text; 0 if there is none */
    bool more;         /* EXPORT: ask again with `after` at last_seq */
    const char *error; /* why there is no answer; else NULL */
};

/*
 * A question is read in pieces of half a millisecond, outside every transaction: whatever is to be
 * written goes before the next piece. It sees what was stored before it was asked, and what was
 * recorded unless the disk refuses that; of what comes meanwhile it may see a part.
 */
typedef void (*outbox_query_handler)(void *arg, const struct outbox_answer *answer);
void outbox_query(struct outbox *ob, const struct outbox_query *query, outbox_query_handler done,
                  void *arg);

/* Removes events up to `last_seq` that every receiver has, but the newest; a few at a time, in
 * transactions of their own. */
void outbox_prune(struct outbox *ob, uint64_t last_seq);

/*
 * Writes what is in memory, trying again for `wait_ms` what the disk refuses, stops the thread,
 * runs the callbacks that are left (not the `done` of what could not be written; questions end with
 * an error), frees. Returns the number of events that could not be written (0: all are safe). If
 * the disk holds the thread for longer nothing is freed; OUTBOX_HELD then says that every event was
 * written all the same, and not that the file has it still. OUTBOX_LOST: the file that held what
 * was stored had lost its name, or has another, and none could be written in its place.
 * OUTBOX_DAMAGED: the stop found the store damaged and could not mend it, or could not open it. In
 * both every event was in that store. In all three what receivers still have to get, of this run,
 * is put into the journal. The log says what these mean, also where a number is returned.
 */
#define OUTBOX_HELD    SIZE_MAX
#define OUTBOX_LOST    (SIZE_MAX - 1)
#define OUTBOX_DAMAGED (SIZE_MAX - 2)
size_t outbox_close(struct outbox *ob, int64_t wait_ms);

#endif
