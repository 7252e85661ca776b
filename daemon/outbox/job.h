/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by outbox.c (loop thread: makes jobs) and worker.c (store thread: does them) only.
 *
 * What writes waits in one list and is done in its order, many in a transaction. What became of
 * deliveries is gathered beside it (gather.h) and written in groups, each only while nothing else
 * is to be written. What reads, and pruning, are chores: done in pieces, each only while there is
 * nothing of either.
 */
#ifndef TOCSIN_OUTBOX_JOB_H
#define TOCSIN_OUTBOX_JOB_H

#include "loop/mailbox.h"
#include "outbox/gather.h"
#include "outbox/outbox.h"
#include "outbox/prune.h"
#include "outbox/query.h"
#include "outbox/store.h"

enum job_kind {
    JOB_STORE,
    JOB_ANSWER,
    JOB_STATE,
    JOB_TAKES,
    JOB_BARRIER,
    JOB_DELIVERY, /* from here on: records */
    JOB_UPLOAD,
    JOB_LOAD, /* from here on: chores */
    JOB_FIND_CLIP,
    JOB_QUERY,
    JOB_PRUNE,
};

/* A row of state, ours; without a text there is none. */
struct job_row {
    const char *name;
    char *text;
};

struct job_store {
    struct event *event; /* ours */
    struct job_row row;
    struct outbox_upload upload;
    uint32_t upload_receivers;
    outbox_done_handler done;
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
};

struct job_load {
    uint64_t seq;
    struct event *event; /* the result */
    outbox_event_handler done;
};

struct job_find {
    char clip[UUID_TEXT_SIZE];
    uint64_t seq; /* the result */
    outbox_clip_handler done;
};

struct job_query {
    struct question *question;
    outbox_query_handler done;
};

/* One call on its way to the store thread and back. */
struct job {
    struct mailbox_message message; /* first: the mailbox gives it back */
    STAILQ_ENTRY(job) next;
    struct outbox *outbox;
    enum job_kind kind;
    bool given_up; /* the outbox was closed before it could be done */
    bool failed;   /* a chore that could not be done and is tried again */
    void *arg;
    union {
        struct job_store store;
        struct job_delivery delivery; /* DELIVERY, UPLOAD */
        struct job_answer answer;
        struct job_row row; /* STATE */
        struct job_takes takes;
        struct job_barrier barrier;
        struct job_load load;
        struct job_find find;
        struct job_query query;
        struct prune prune;
    } u; /* told by `kind` */
};

struct outbox {
    struct outbox_host host;
    struct mailbox *mailbox;
    struct store store;
    char *receivers[LIMIT_RECEIVERS];
    uv_thread_t thread;
    uv_mutex_t lock;    /* of the lists, the records, stop and ended */
    uv_cond_t wake;     /* jobs came, or stop */
    uv_cond_t finished; /* the thread has ended its work */
    struct job_list writes, chores;
    struct gather records;
    bool stop, ended;
    size_t unwritten; /* events that the store thread gave up at stop */
    /* store thread */
    bool faulty;     /* a fault was told and not yet cleared */
    unsigned failed; /* chores that failed and wait */
    bool records_fail;
    bool unsettled; /* the disk refused to settle what is fresh */
    bool gave_up;   /* something that was to be written was not: it is being closed */
    bool log_has_frames;
    int64_t written_ns; /* when a batch was last written */
};

/* The store thread: until `stop`, and all that writes is written. */
void worker_run(void *outbox);

/* A change of health, told to the loop in order with the jobs. NULL: all is well again. */
void outbox_tell_fault(struct outbox *ob, const char *reason);

#endif
