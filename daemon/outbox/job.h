/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by outbox.c (loop thread: makes jobs) and worker.c (store thread: does them) only.
 *
 * Three kinds of jobs wait (queue.h says which is next): writes, done in their order, many in a
 * transaction; records of what became of deliveries, gathered and written in groups behind them;
 * and chores, what reads, and pruning, done in pieces when there is nothing else to do.
 */
#ifndef TOCSIN_OUTBOX_JOB_H
#define TOCSIN_OUTBOX_JOB_H

#include "loop/mailbox.h"
#include "outbox/gone.h"
#include "outbox/journal.h"
#include "outbox/meet.h"
#include "outbox/newest.h"
#include "outbox/outbox.h"
#include "outbox/prune.h"
#include "outbox/query.h"
#include "outbox/queue.h"
#include "outbox/room.h"
#include "outbox/scrub.h"
#include "outbox/store.h"
#include "outbox/strike.h"
#include "outbox/uploads.h"
#include "outbox/witness.h"

enum job_kind {
    JOB_STORE,
    JOB_ANSWER,
    JOB_STATE,
    JOB_TAKES, /* when it is written it is a chore, JOB_STRIKE */
    JOB_BARRIER,
    JOB_JOINED,   /* outbox_joined: all before it is in its transaction */
    JOB_DELIVERY, /* from here on: records */
    JOB_UPLOAD,
    JOB_LOAD, /* from here on: chores */
    JOB_FIND_CLIP,
    JOB_READ_UPLOADS,
    JOB_QUERY,
    JOB_PRUNE,
    JOB_STRIKE,
    JOB_MEET, /* until the store can be written */
    JOB_ROOM, /* never done, nor those below: there is a time to look again */
    JOB_SCRUB,
    JOB_PROVE,
};

/* A row of state, ours; without a text there is none. */
struct job_row {
    char name[OUTBOX_ROW_NAME_SIZE];
    char *text;
};

#define JOB_ROWS_MAX 4

/* Rows that were saved one after the other with nothing in between, the newest text of each; those
 * without a text are free. */
struct job_state {
    struct job_row rows[JOB_ROWS_MAX];
};

struct job_store {
    struct event *event; /* ours */
    struct job_row row;
    char *receivers; /* ours: who is owed it (fresh.h); NULL: who takes it when it is written */
    struct outbox_upload upload;
    uint32_t upload_receivers;
    outbox_done_handler done;
    bool is_lacking; /* the journal did not take it */
};

/* Of an event, or of a clip. */
struct job_delivery {
    uint64_t seq;
    size_t receiver;
    unsigned attempts;
    enum store_delivery_state verdict;
    char *request, *receipt, *receipt_headers;
};

struct job_answer {
    size_t receiver;
    struct uplink_answer answer;
    struct job_row row;
    outbox_done_handler done;
};

struct job_takes {
    size_t receiver;
    uint32_t classes;
    bool clips;
};

/* Nothing to write: what stands before it is written when it is reached. */
struct job_barrier {
    outbox_done_handler done;
    bool looks; /* whether what was stored is there still (outbox_when_kept) */
};

struct job_load {
    uint64_t seq;
    struct event *event; /* the result */
    outbox_event_handler done;
};

struct job_find {
    char clip[UUID_TEXT_SIZE], alarm[UUID_TEXT_SIZE];
    struct outbox_clip found; /* the result */
    outbox_clip_handler done;
};

struct job_uploads {
    struct uploads *uploads;
    outbox_uploads_handler done;
};

struct job_query {
    struct question *question;
    outbox_query_handler done;
};

/* One call on its way to the store thread and back. */
struct job {
    struct mailbox_message message; /* first: the mailbox gives it back */
    STAILQ_ENTRY(job) next;
    TAILQ_ENTRY(job) uncommitted; /* STORE: loop thread */
    struct outbox *outbox;
    enum job_kind kind;
    bool given_up;  /* the outbox was closed before it could be done */
    bool with_next; /* of writes: in one transaction with the next */
    /* of chores */
    bool failed;       /* it could not be done and is tried again */
    uint64_t records;  /* not before the first so many are written (gather_has_written) */
    bool after_writes; /* not while a write waits: it may be what is asked for */
    int64_t again_ns;  /* not before */
    void *arg;
    union {
        struct job_store store;
        struct job_delivery delivery; /* DELIVERY, UPLOAD */
        struct job_answer answer;
        struct job_state state;
        struct job_takes takes;
        struct job_barrier barrier;
        struct job_load load;
        struct job_find find;
        struct job_uploads uploads;
        struct job_query query;
        struct prune prune;
        struct strike strike;
        struct scrub scrub;
    } u; /* told by `kind` */
};

struct outbox {
    struct outbox_host host;
    struct mailbox *mailbox;
    /* loop thread */
    struct journal *journal;         /* may be NULL */
    TAILQ_HEAD(, job) uncommitted;   /* STORE, by seq */
    uint32_t lacking;                /* of them: the journal did not take them */
    uint32_t takes[LIMIT_RECEIVERS]; /* as was said last */
    bool takes_clips[LIMIT_RECEIVERS];
    uint32_t in_hand; /* events that the store's thread writes now: all that join what it had; under
                         the lock */
    struct gone *gone;
    /* store thread; what is named in it never changes */
    struct store store;
    char *receivers[LIMIT_RECEIVERS];
    uv_thread_t thread;
    uv_mutex_t lock;    /* of the queue, the counts and ended */
    uv_cond_t wake;     /* jobs came, or a stop */
    uv_cond_t finished; /* the thread has ended its work */
    struct queue queue;
    struct meeting *meeting; /* says itself whose what is */
    /* store thread */
    struct witness witness;
    struct newest newest;
    struct room *room;
    bool ended;     /* under the lock */
    bool damaged;   /* what is open is, and could not be mended */
    bool unsettled; /* the disk refused to settle what is fresh */
    bool log_has_frames;
    uint32_t failed; /* chores that failed and wait */
    char *adrift;    /* why what is open is not what the name leads to; NULL: it is */
    int64_t prove_every_ns;
    int64_t written_ns; /* when a batch was last written */
};

/* The store thread: until a stop is over. */
void worker_run(void *outbox);

/* Likewise: what is fresh, in a transaction of its own. */
int worker_settle(struct outbox *ob, struct err *e);

/* Of one whose thread is not running. */
void outbox_free(struct outbox *ob);

/* Of one whose thread runs, and whose store is another's: nothing is told, and all freed. */
void outbox_abandon(struct outbox *ob);

/* Before it runs: what is seen to for as long as the outbox is open. */
void outbox_add_upkeep(struct outbox *ob, const struct outbox_options *options);

/* The database was damaged, and what became of it: told to the loop in order with the jobs. */
void outbox_tell_damage(struct outbox *ob, const char *sentence);

/* What was seen of the room, likewise. */
void outbox_tell_room(struct outbox *ob, const struct outbox_room *room);

/* The witness cannot be written (reason), or is as it should be (NULL); likewise. */
void outbox_tell_witness(struct outbox *ob, const char *reason);

/* The database is about to be opened on a file system that forgets (its name), or on none that is
 * known to (NULL); likewise. */
void outbox_tell_forgets(struct outbox *ob, const char *forgetting);

/* A change of health, told to the loop in order with the jobs. NULL: all is well again. */
void outbox_tell_fault(struct outbox *ob, const char *reason);

#endif
