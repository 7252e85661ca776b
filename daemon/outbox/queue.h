/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for the store's thread, and which of it is next: the first of these that is due.
 *
 *  1. Writes (events, answers, rows), the oldest first, up to QUEUE_BATCH of them in a transaction.
 *     If no write is left behind them and too many records have gathered (gather.h), a group of
 *     records goes behind them in it.
 *     What a receiver takes from now on (JOB_TAKES) is the last of its transaction, so that one
 * that is refused and written again owes nobody anything else.
 *  2. A group of records, if no write waits.
 *  3. A piece of a chore (what reads, and pruning): the first that waits for nothing else.
 *
 * But an event that is to be sent, a press of before a restart perhaps, may not wait until nothing
 * is to be written: behind each transaction up to QUEUE_LOADS of them are read before the next.
 *
 * While whoever makes them does not know what the store holds (`apart`, see meet.h), no write is
 * taken, at a stop neither.
 *
 * What fails stands where it stood and is due again QUEUE_RETRY_NS later, so that whatever is next
 * has its turn meanwhile. A press never waits for records that were refused: they are blamed for a
 * transaction that failed, and until some are written they are written alone. A write that is
 * refused holds up the writes and records that were handed over after it, because their order is
 * promised (outbox.h), but no chore; and a press that comes is a reason to try at once.
 *
 * Where the store is damaged and waits to be mended, what needs all of it may be refused for a long
 * time, and an event alone, which needs one page, is not: events are then taken first and past
 * rows, answers and barriers, which lose nothing by being later (a row that an event has in a newer
 * text is dropped before it).
 *
 * At a stop everything that is to be written is due at once, and again QUEUE_STOP_RETRY_NS after it
 * failed; chores are not done any more. It is over when nothing is left, or when the next try would
 * be later than the stop may take.
 *
 * Under the outbox's lock. Times are CLOCK_MONOTONIC.
 */
#ifndef TOCSIN_OUTBOX_QUEUE_H
#define TOCSIN_OUTBOX_QUEUE_H

#include "outbox/gather.h"

#define QUEUE_BATCH         64
#define QUEUE_LOADS         2
#define QUEUE_RETRY_NS      INT64_C(500000000)
#define QUEUE_STOP_RETRY_NS INT64_C(100000000)
#define QUEUE_HOLD_NS       INT64_C(1000000000)

struct queue {
    struct job_list writes, chores;
    struct gather records;
    bool apart;            /* no write is taken */
    bool writes_fail;      /* the last that were tried alone were refused */
    bool events_first;     /* the store is damaged: mend.c says so */
    int64_t writes_due_ns; /* and are not tried before */
    int loads_left;        /* before the next transaction */
    bool stop;
    int64_t stop_by_ns;
};

struct job_row;

/* A piece of work: writes, records, or both; or a chore. */
struct work {
    struct job_list writes, records;
    struct job *chore;
};

void queue_init(struct queue *q);

/* Takes the job; whether the thread, asleep until queue_due_ns, has to look anew. */
bool queue_add(struct queue *q, struct job *job);

/*
 * Takes the row's text into the last job that waits, if that is one of rows: in place of an older
 * text of the same row, or beside others. They are written together, so nothing is on the disk
 * without what was handed over before it, and while the disk stands still they do not pile up.
 * False if it must be a job of its own.
 */
bool queue_join_row(struct queue *q, const struct job_row *row);

/* Writes are taken again; those that wait are in one transaction, with what is added next. */
void queue_join(struct queue *q);

/* From now on only what is to be written counts, until then. */
void queue_stop(struct queue *q, int64_t by_ns);

/* When there is something to do, or to write; INT64_MAX if there is nothing. */
int64_t queue_due_ns(const struct queue *q);
int64_t queue_write_due_ns(const struct queue *q);

/* How many of them there are. */
size_t queue_count_events(const struct job_list *list);

/* Whether a write could be begun now. */
bool queue_write_is_due(const struct queue *q, int64_t now_ns);

/* Takes out what is next; false if nothing is due. */
bool queue_take(struct queue *q, int64_t now_ns, struct work *ret_work);

/* Its writes and records could not be written; empties them. */
void queue_put_back(struct queue *q, struct work *work, int64_t now_ns);

/* There is no room for its records: they are the oldest again, QUEUE_HOLD_NS later, and that is no
 * failure. A stop leaves them: they are deliveries that are made once more. */
void queue_hold_records(struct queue *q, struct work *work, int64_t now_ns);

/* A chore has more to do, or failed and is to be tried again at that time (0: at once). */
void queue_put_back_chore(struct queue *q, struct job *job, int64_t again_ns);

/* Its writes and records are on the disk; they stay in `work`. */
void queue_note_written(struct queue *q, const struct work *work, int64_t now_ns);

/* Whether something is to be written that the disk refused. */
bool queue_fails(const struct queue *q);

/* Whether anything of it is to be written: a barrier is not. */
bool queue_has_to_write(const struct work *work);

#endif
