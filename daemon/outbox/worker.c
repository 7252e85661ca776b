/* SPDX-License-Identifier: Apache-2.0 */
/* The store thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbox/fresh.h"
#include "outbox/job.h"

#define RETRY_NS  UINT64_C(500000000)
#define IDLE_NS   INT64_C(200000000) /* without a write before the log is moved */
#define LONG_NS   UINT64_C(3600000000000)
#define BATCH_MAX 64

static const struct outbox_row *row_of(const struct job_row *row, struct outbox_row *ret_row)
{
    *ret_row = (struct outbox_row){.name = row->name, .text = row->text};
    return row->text ? ret_row : NULL;
}

static int put_store(struct store *s, const struct job_store *job, struct err *e)
{
    struct outbox_row row;
    return store_put_event(s, job->event, row_of(&job->row, &row),
                           job->upload_receivers ? &job->upload : NULL, job->upload_receivers, e);
}

static int put_delivery(struct outbox *ob, const struct job *job, struct err *e)
{
    const struct job_delivery *d = &job->u.delivery;
    struct store_delivery row = {.seq = d->seq,
                                 .receiver = ob->receivers[d->receiver],
                                 .state = d->verdict,
                                 .attempts = d->attempts,
                                 .request = d->request,
                                 .receipt = d->receipt,
                                 .receipt_headers = d->receipt_headers};
    return job->kind == JOB_UPLOAD ? store_put_upload(&ob->store, &row, e)
                                   : store_put_delivery(&ob->store, &row, e);
}

/* Within the batch's transaction. */
static int write_job(struct outbox *ob, const struct job *job, struct err *e)
{
    struct store *s = &ob->store;
    struct outbox_row row;
    if (job->kind == JOB_BARRIER)
        return 0;
    int result = job->kind == JOB_STORE ? 0 : fresh_settle(s, e);
    if (result != 0)
        return result;
    switch (job->kind) {
    case JOB_STORE:
        return put_store(s, &job->u.store, e);
    case JOB_DELIVERY:
    case JOB_UPLOAD:
        return put_delivery(ob, job, e);
    case JOB_ANSWER:
        return store_put_answer(s, ob->receivers[job->u.answer.receiver], &job->u.answer.answer,
                                row_of(&job->u.answer.row, &row), e);
    case JOB_STATE:
        return store_put_row(s, row_of(&job->u.row, &row), e);
    case JOB_TAKES:
        return store_set_takes(s, job->u.takes.receiver, job->u.takes.classes, job->u.takes.clips,
                               e);
    case JOB_BARRIER:
    case JOB_LOAD:
    case JOB_FIND_CLIP:
    case JOB_QUERY:
    case JOB_PRUNE:
        break;
    }
    abort(); /* a chore among the writes */
}

static int write_all(struct outbox *ob, const struct job_list *batch, struct err *e)
{
    const struct job *job;
    int result = ob->store.db ? 0 : store_open(&ob->store, e);
    if (result == 0)
        result = store_begin(&ob->store, e);
    if (result != 0)
        return result;
    STAILQ_FOREACH(job, batch, next)
    {
        result = write_job(ob, job, e);
        if (result != 0)
            break;
    }
    if (result == 0)
        result = store_commit(&ob->store, e);
    if (result != 0)
        store_rollback(&ob->store);
    return result;
}

static void post_all(struct outbox *ob, struct job_list *list)
{
    struct job *job;
    while ((job = STAILQ_FIRST(list))) {
        STAILQ_REMOVE_HEAD(list, next);
        mailbox_post(ob->mailbox, &job->message);
    }
}

static void note_fault(struct outbox *ob, const char *reason)
{
    if (!ob->faulty)
        outbox_tell_fault(ob, reason);
    ob->faulty = true;
}

static void note_success(struct outbox *ob)
{
    if (ob->faulty && ob->failed == 0 && !ob->records_fail && !ob->unsettled) {
        outbox_tell_fault(ob, NULL);
        ob->faulty = false;
    }
}

/* The disk has refused what was to be done when it was quiet, or before a question: a fault until
 * it is done, at the latest when it is quiet again. */
static void note_unsettled(struct outbox *ob, const struct err *e)
{
    ob->unsettled = ob->log_has_frames = true;
    note_fault(ob, e->text);
    store_rollback(&ob->store);
    store_close(&ob->store); /* opened anew, it counts what is fresh */
}

/* What is fresh, in a transaction of its own. */
static int settle(struct outbox *ob, struct err *e)
{
    struct store *s = &ob->store;
    int result = s->db ? 0 : store_open(s, e);
    if (result == 0 && s->fresh > 0) {
        result = store_begin(s, e);
        if (result == 0)
            result = fresh_settle(s, e);
        if (result == 0)
            result = store_commit(s, e);
        ob->log_has_frames = true;
    }
    if (result != 0)
        note_unsettled(ob, e);
    else
        ob->unsettled = false;
    return result;
}

/* Sleeps before the next try, or until something comes; not at all if what failed may wait for what
 * is to be written. False if the outbox is being closed and patience ran out. */
static bool wait_to_retry(struct outbox *ob, bool may_wait)
{
    uv_mutex_lock(&ob->lock);
    bool stopping = ob->stop;
    if (!stopping && !(may_wait && !STAILQ_EMPTY(&ob->writes)))
        uv_cond_timedwait(&ob->wake, &ob->lock, RETRY_NS);
    uv_mutex_unlock(&ob->lock);
    return !stopping;
}

static void give_up(struct outbox *ob, struct job_list *list)
{
    struct job *job;
    STAILQ_FOREACH(job, list, next)
    {
        job->given_up = true;
        ob->unwritten += job->kind == JOB_STORE;
    }
    post_all(ob, list);
}

/* One try. */
static bool try_to_write(struct outbox *ob, struct job_list *batch)
{
    struct err e;
    if (write_all(ob, batch, &e) == 0)
        return true;
    note_fault(ob, e.text);
    /* Where the disk is full the log may have grown out of its room: moving it makes room. */
    store_checkpoint(&ob->store);
    store_close(&ob->store);
    return false;
}

static bool has_records(const struct job_list *batch)
{
    const struct job *job;
    STAILQ_FOREACH(job, batch, next)
    {
        if (job->kind == JOB_DELIVERY || job->kind == JOB_UPLOAD)
            return true;
    }
    return false;
}

static void note_written(struct outbox *ob, struct job_list *batch)
{
    bool had_records = has_records(batch);
    ob->log_has_frames = true;
    ob->written_ns = clock_monotonic_ns();
    uv_mutex_lock(&ob->lock);
    if (had_records)
        gather_note_written(&ob->records, ob->written_ns);
    ob->records_fail = ob->records_fail && !had_records && ob->records.count > 0;
    uv_mutex_unlock(&ob->lock);
    ob->unsettled = ob->unsettled && ob->store.fresh > 0;
    note_success(ob);
    post_all(ob, batch);
    if (store_log_is_long(&ob->store)) /* there was no quiet moment */
        store_checkpoint(&ob->store);
}

/* Whether there is something to write. What stands behind something that was given up was not
 * reached. */
static bool pass_barriers(const struct outbox *ob, struct job_list *batch)
{
    struct job *job;
    bool has_more = false;
    STAILQ_FOREACH(job, batch, next)
    {
        if (job->kind == JOB_BARRIER)
            job->given_up = ob->gave_up;
        else
            has_more = true;
    }
    return has_more;
}

static void write_batch(struct outbox *ob, struct job_list *batch)
{
    if (!pass_barriers(ob, batch)) {
        post_all(ob, batch);
        return;
    }
    while (!try_to_write(ob, batch)) {
        if (!wait_to_retry(ob, false)) {
            ob->gave_up = true;
            give_up(ob, batch);
            return;
        }
    }
    note_written(ob, batch);
}

/* No press waits for what cannot be recorded. */
static void write_records(struct outbox *ob, struct job_list *batch)
{
    if (try_to_write(ob, batch)) {
        note_written(ob, batch);
        return;
    }
    ob->records_fail = true;
    if (!wait_to_retry(ob, true)) {
        give_up(ob, batch);
        return;
    }
    uv_mutex_lock(&ob->lock);
    gather_put_back(&ob->records, batch);
    uv_mutex_unlock(&ob->lock);
}

static int load_event(struct store *s, struct job_load *job, struct err *e)
{
    int result = store_get_event(s, job->seq, &job->event, e);
    /* It goes out all the same: who gets it sees what is wrong with it, and says so. */
    if (result == 0 && job->event && !store_event_is_whole(job->event))
        log_error("outbox",
                  "event %llu on the disk is not what was committed: its digest is another",
                  (unsigned long long)job->seq);
    return result;
}

/* A piece of a chore. 1: it is not done yet, 0: done, negative: it failed. */
static int go_on(struct outbox *ob, struct job *job, struct err *e)
{
    struct store *s = &ob->store;
    int result = s->db ? 0 : store_open(s, e);
    if (result != 0)
        return result;
    switch (job->kind) {
    case JOB_LOAD:
        return load_event(s, &job->u.load, e);
    case JOB_FIND_CLIP:
        return store_find_clip(s, job->u.find.clip, &job->u.find.seq, e);
    case JOB_QUERY:
        result = settle(ob, e);
        return result == 0 ? question_go_on(s, job->u.query.question, e) : result;
    case JOB_PRUNE:
        ob->log_has_frames = true;
        result = settle(ob, e);
        return result == 0 ? prune_go_on(s, &job->u.prune, e) : result;
    case JOB_STORE:
    case JOB_DELIVERY:
    case JOB_UPLOAD:
    case JOB_ANSWER:
    case JOB_STATE:
    case JOB_TAKES:
    case JOB_BARRIER:
        break;
    }
    abort(); /* a write among the chores */
}

static void put_back(struct outbox *ob, struct job *job)
{
    uv_mutex_lock(&ob->lock);
    STAILQ_INSERT_TAIL(&ob->chores, job, next);
    uv_mutex_unlock(&ob->lock);
}

/* Whoever asked a question is told that it cannot be answered; what the daemon itself wants is
 * tried again, since an event that is not found would be taken for one that does not exist. */
static void do_piece(struct outbox *ob, struct job *job)
{
    struct err e;
    int result = go_on(ob, job, &e);
    if (result < 0 && job->kind == JOB_QUERY) {
        question_fail(job->u.query.question, e.text);
        result = 0;
    }
    if (result < 0) {
        note_fault(ob, e.text);
        ob->failed += !job->failed;
        job->failed = true;
        store_close(&ob->store);
        put_back(ob, job);
        wait_to_retry(ob, true);
        return;
    }
    ob->failed -= job->failed;
    job->failed = false;
    note_success(ob);
    if (result > 0)
        put_back(ob, job);
    else
        mailbox_post(ob->mailbox, &job->message);
}

/* What is fresh is settled, all of it moved into the database, and the next log begun. */
static void move_log(struct outbox *ob)
{
    struct err e;
    ob->written_ns = clock_monotonic_ns(); /* if it fails, it is tried again as long after */
    if (settle(ob, &e) != 0)
        return;
    store_checkpoint(&ob->store);
    if (store_begin_log(&ob->store, &e) != 0) {
        note_unsettled(ob, &e);
        return;
    }
    ob->log_has_frames = false;
    note_success(ob);
}

/* When nothing was written for a while; `ob->lock` is held. */
static void move_log_when_quiet(struct outbox *ob)
{
    if (!ob->log_has_frames || clock_monotonic_ns() - ob->written_ns < IDLE_NS)
        return;
    uv_mutex_unlock(&ob->lock);
    move_log(ob);
    uv_mutex_lock(&ob->lock);
}

/* A piece of work: one of these, or none when the outbox is being closed. */
struct work {
    struct job_list writes; /* and records behind them, where too many have gathered */
    struct job_list records;
    struct job *chore;
};

/* How long there is nothing to do; 0 if there is something. `ob->lock` is held. */
static uint64_t idle_ns(const struct outbox *ob)
{
    if (!STAILQ_EMPTY(&ob->writes) || !STAILQ_EMPTY(&ob->chores) || ob->stop)
        return 0;
    uint64_t idle = ob->log_has_frames ? (uint64_t)IDLE_NS : LONG_NS;
    if (ob->records.count == 0)
        return idle;
    int64_t left_ns = gather_due_ns(&ob->records) - clock_monotonic_ns();
    if (left_ns <= 0)
        return 0;
    return (uint64_t)left_ns < idle ? (uint64_t)left_ns : idle;
}

/* What is to be written, up to BATCH_MAX; if that is nothing, a group of records that is due; if
 * that is nothing either, a chore. `ob->lock` is held. */
static void choose_work(struct outbox *ob, struct work *work)
{
    struct job *job;
    for (int i = 0; i < BATCH_MAX && (job = STAILQ_FIRST(&ob->writes)); i++) {
        STAILQ_REMOVE_HEAD(&ob->writes, next);
        STAILQ_INSERT_TAIL(&work->writes, job, next);
    }
    if (!STAILQ_EMPTY(&work->writes)) {
        if (ob->records.count > GATHER_MAX)
            gather_take(&ob->records, &work->writes);
        return;
    }
    if (ob->stop || gather_due_ns(&ob->records) <= clock_monotonic_ns())
        gather_take(&ob->records, &work->records);
    if (!STAILQ_EMPTY(&work->records) || ob->stop)
        return;
    work->chore = STAILQ_FIRST(&ob->chores);
    if (work->chore)
        STAILQ_REMOVE_HEAD(&ob->chores, next);
}

/* Waits for something to do; false if the outbox is being closed and all is written. */
static bool take_work(struct outbox *ob, struct work *ret_work)
{
    uint64_t ns;
    *ret_work = (struct work){0};
    STAILQ_INIT(&ret_work->writes);
    STAILQ_INIT(&ret_work->records);
    uv_mutex_lock(&ob->lock);
    for (;;) {
        move_log_when_quiet(ob);
        ns = idle_ns(ob);
        if (ns == 0)
            break;
        uv_cond_timedwait(&ob->wake, &ob->lock, ns);
    }
    choose_work(ob, ret_work);
    uv_mutex_unlock(&ob->lock);
    return ret_work->chore || !STAILQ_EMPTY(&ret_work->writes) || !STAILQ_EMPTY(&ret_work->records);
}

void worker_run(void *outbox)
{
    struct outbox *ob = outbox;
    struct work work;
    struct err e;
    ob->log_has_frames = ob->store.fresh > 0; /* a kill left it */
    while (take_work(ob, &work)) {
        if (work.chore)
            do_piece(ob, work.chore);
        else if (!STAILQ_EMPTY(&work.writes))
            write_batch(ob, &work.writes);
        else
            write_records(ob, &work.records);
    }
    settle(ob, &e); /* if it cannot be, the next start finds it fresh */
    store_close(&ob->store);
    uv_mutex_lock(&ob->lock);
    give_up(ob, &ob->chores);
    ob->ended = true;
    uv_cond_signal(&ob->finished);
    uv_mutex_unlock(&ob->lock);
}
