/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/queue.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "outbox/job.h"

void queue_init(struct queue *q)
{
    *q = (struct queue){0};
    STAILQ_INIT(&q->writes);
    STAILQ_INIT(&q->chores);
    gather_init(&q->records);
}

static bool add_write(struct queue *q, struct job *job)
{
    if (job->kind == JOB_STORE)
        q->writes_due_ns = 0;
    STAILQ_INSERT_TAIL(&q->writes, job, next);
    return true;
}

static bool add_chore(struct queue *q, struct job *job)
{
    STAILQ_INSERT_TAIL(&q->chores, job, next);
    return true;
}

bool queue_add(struct queue *q, struct job *job)
{
    switch (job->kind) {
    case JOB_STORE:
    case JOB_ANSWER:
    case JOB_STATE:
    case JOB_BARRIER:
    case JOB_JOINED:
        return add_write(q, job);
    case JOB_TAKES: /* strikes out what is pending: not what is recorded as delivered */
        job->records = q->records.added;
        gather_want(&q->records);
        return add_write(q, job);
    case JOB_DELIVERY:
    case JOB_UPLOAD:
        return gather_add(&q->records, job);
    case JOB_QUERY:
    case JOB_PRUNE:
        gather_want(&q->records);
        return add_chore(q, job);
    case JOB_FIND_CLIP: /* whose manifest may be among them */
    case JOB_READ_UPLOADS:
        job->after_writes = true;
        return add_chore(q, job);
    case JOB_LOAD:
    case JOB_STRIKE:
    case JOB_MEET:
    case JOB_ROOM:
    case JOB_SCRUB:
    case JOB_PROVE:
        return add_chore(q, job);
    }
    return false;
}

/* As BSD's STAILQ_LAST. */
static struct job *last_write(const struct queue *q)
{
    void *last = (char *)q->writes.stqh_last - offsetof(struct job, next);
    return STAILQ_EMPTY(&q->writes) ? NULL : last;
}

bool queue_join_row(struct queue *q, const struct job_row *row)
{
    struct job *last = last_write(q);
    if (!last || last->kind != JOB_STATE)
        return false;
    for (size_t i = 0; i < JOB_ROWS_MAX; i++) {
        struct job_row *known = &last->u.state.rows[i];
        if (known->text && strcmp(known->name, row->name) != 0)
            continue;
        free(known->text);
        *known = *row;
        return true;
    }
    return false;
}

void queue_join(struct queue *q)
{
    struct job *job;
    q->apart = false;
    STAILQ_FOREACH(job, &q->writes, next)
    {
        job->with_next = true;
    }
}

void queue_stop(struct queue *q, int64_t by_ns)
{
    q->stop = true;
    q->stop_by_ns = by_ns;
    q->writes_due_ns = 0;
    q->records.again_ns = 0;
    gather_want(&q->records);
}

static int64_t chore_due_ns(const struct queue *q, const struct job *chore)
{
    bool waits = q->stop || (chore->after_writes && !STAILQ_EMPTY(&q->writes)) ||
                 !gather_has_written(&q->records, chore->records);
    return waits ? INT64_MAX : chore->again_ns;
}

int64_t queue_write_due_ns(const struct queue *q)
{
    if (q->apart && !STAILQ_EMPTY(&q->writes))
        return INT64_MAX;
    return STAILQ_EMPTY(&q->writes) ? gather_due_ns(&q->records) : q->writes_due_ns;
}

int64_t queue_due_ns(const struct queue *q)
{
    const struct job *chore;
    int64_t first_ns = queue_write_due_ns(q);
    STAILQ_FOREACH(chore, &q->chores, next)
    {
        int64_t due_ns = chore_due_ns(q, chore);
        first_ns = due_ns < first_ns ? due_ns : first_ns;
    }
    return first_ns;
}

bool queue_write_is_due(const struct queue *q, int64_t now_ns)
{
    return !STAILQ_EMPTY(&q->writes) && !q->apart && q->writes_due_ns <= now_ns;
}

size_t queue_count_events(const struct job_list *list)
{
    const struct job *job;
    size_t count = 0;
    STAILQ_FOREACH(job, list, next)
    {
        count += job->kind == JOB_STORE;
    }
    return count;
}

static void drop_row(struct job_row *row, const char *name)
{
    if (!row->text || strcmp(row->name, name) != 0)
        return;
    free(row->text);
    row->text = NULL;
}

/* What stands before the event that it goes with has an older text of it. */
static void drop_older(struct queue *q, const struct job *event)
{
    const struct job_row *newer = &event->u.store.row;
    struct job *job;
    STAILQ_FOREACH(job, &q->writes, next)
    {
        if (job == event || !newer->text)
            return;
        for (size_t i = 0; job->kind == JOB_STATE && i < JOB_ROWS_MAX; i++)
            drop_row(&job->u.state.rows[i], newer->name);
        if (job->kind == JOB_ANSWER)
            drop_row(&job->u.answer.row, newer->name);
    }
}

/* A clip is written with more than its event, and whoever takes what from now on counts for what
 * comes behind it. What is one with what the store had is written whole. */
static bool may_pass(const struct job *job)
{
    return job->kind == JOB_STORE && !job->u.store.upload.clip[0] && !job->with_next;
}

static bool may_be_passed(const struct job *job)
{
    bool is_one = job->kind == JOB_STATE || job->kind == JOB_ANSWER || job->kind == JOB_BARRIER ||
                  job->kind == JOB_JOINED;
    return is_one && !job->with_next;
}

static void take_events(struct queue *q, struct work *work)
{
    struct job *job = STAILQ_FIRST(&q->writes), *next;
    for (int i = 0; i < QUEUE_BATCH && job && (may_pass(job) || may_be_passed(job)); job = next) {
        next = STAILQ_NEXT(job, next);
        if (!may_pass(job))
            continue;
        drop_older(q, job);
        STAILQ_REMOVE(&q->writes, job, job, next);
        STAILQ_INSERT_TAIL(&work->writes, job, next);
        i++;
    }
}

static void take_writes(struct queue *q, struct work *work)
{
    struct job *job;
    if (q->events_first)
        take_events(q, work);
    if (!STAILQ_EMPTY(&work->writes))
        return;
    bool goes_on = false;
    for (int i = 0; (goes_on || i < QUEUE_BATCH) && (job = STAILQ_FIRST(&q->writes)); i++) {
        STAILQ_REMOVE_HEAD(&q->writes, next);
        STAILQ_INSERT_TAIL(&work->writes, job, next);
        goes_on = job->with_next;
        if (job->kind == JOB_TAKES && !goes_on)
            return;
    }
    if (STAILQ_EMPTY(&q->writes) && gather_may_join(&q->records))
        gather_take(&q->records, &work->records);
}

/* The first that is due, of `kinds` (a bit of each). */
static struct job *take_chore(struct queue *q, int64_t now_ns, uint32_t kinds)
{
    struct job *chore;
    STAILQ_FOREACH(chore, &q->chores, next)
    {
        if (!(kinds & UINT32_C(1) << chore->kind) || chore_due_ns(q, chore) > now_ns)
            continue;
        STAILQ_REMOVE(&q->chores, chore, job, next);
        return chore;
    }
    return NULL;
}

static struct job *take_load(struct queue *q, int64_t now_ns)
{
    if (q->loads_left == 0)
        return NULL;
    q->loads_left--;
    return take_chore(q, now_ns, UINT32_C(1) << JOB_LOAD);
}

static void take_to_write(struct queue *q, struct work *work)
{
    q->loads_left = QUEUE_LOADS;
    if (STAILQ_EMPTY(&q->writes))
        gather_take(&q->records, &work->records);
    else
        take_writes(q, work);
}

bool queue_take(struct queue *q, int64_t now_ns, struct work *ret_work)
{
    STAILQ_INIT(&ret_work->writes);
    STAILQ_INIT(&ret_work->records);
    ret_work->chore = take_load(q, now_ns);
    if (ret_work->chore)
        return true;
    if (queue_write_due_ns(q) > now_ns)
        ret_work->chore = take_chore(q, now_ns, UINT32_MAX);
    else
        take_to_write(q, ret_work);
    return ret_work->chore || !STAILQ_EMPTY(&ret_work->writes) || !STAILQ_EMPTY(&ret_work->records);
}

void queue_put_back(struct queue *q, struct work *work, int64_t now_ns)
{
    int64_t again_ns = now_ns + (q->stop ? QUEUE_STOP_RETRY_NS : QUEUE_RETRY_NS);
    if (STAILQ_EMPTY(&work->records)) {
        q->writes_fail = true;
        q->writes_due_ns = again_ns;
    } else {
        gather_put_back(&q->records, &work->records, again_ns);
    }
    STAILQ_CONCAT(&work->writes, &q->writes);
    STAILQ_CONCAT(&q->writes, &work->writes);
}

void queue_hold_records(struct queue *q, struct work *work, int64_t now_ns)
{
    gather_hold(&q->records, &work->records, q->stop ? INT64_MAX : now_ns + QUEUE_HOLD_NS);
}

void queue_put_back_chore(struct queue *q, struct job *job, int64_t again_ns)
{
    job->again_ns = again_ns;
    STAILQ_INSERT_TAIL(&q->chores, job, next);
}

void queue_note_written(struct queue *q, const struct work *work, int64_t now_ns)
{
    if (!STAILQ_EMPTY(&work->records))
        gather_note_written(&q->records, now_ns);
    if (!STAILQ_EMPTY(&work->writes))
        q->writes_fail = false;
}

bool queue_fails(const struct queue *q)
{
    return q->writes_fail || (q->records.failing && !q->records.held);
}

bool queue_has_to_write(const struct work *work)
{
    const struct job *job;
    STAILQ_FOREACH(job, &work->writes, next)
    {
        if (job->kind != JOB_BARRIER)
            return true;
    }
    return !STAILQ_EMPTY(&work->records);
}
