/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/outbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/mailbox.h"
#include "outbox/query.h"
#include "outbox/salvage.h"
#include "outbox/store.h"

#define RETRY_NS     UINT64_C(500000000)
#define IDLE_NS      UINT64_C(200000000) /* of quiet before the log is moved */
#define BATCH_MAX    64
#define EVIDENCE_MAX 8192

enum job_kind {
    JOB_STORE,
    JOB_DELIVERY,
    JOB_UPLOAD,
    JOB_ANSWER,
    JOB_STATE,
    JOB_LOAD,
    JOB_FIND_CLIP,
    JOB_QUERY,
    JOB_PRUNE,
    JOB_TAKES,
};

/* One call on its way to the store thread and back. */
struct job {
    struct mailbox_message message; /* first: the mailbox gives it back */
    struct outbox *outbox;
    struct job *next;
    enum job_kind kind;
    bool given_up;       /* it could not be written before the outbox was closed */
    struct event *event; /* STORE: ours; LOAD: the result */
    const char *row;
    char *state;
    struct outbox_upload upload;
    uint32_t upload_receivers;
    uint64_t seq; /* also FIND_CLIP's and QUERY's result */
    size_t receiver;
    unsigned attempts;
    int delivery_state;
    char *request, *receipt, *receipt_headers, *text;
    size_t receipt_length;
    struct uplink_answer answer;
    struct outbox_query query;
    int64_t before_wall_ms;
    uint32_t classes; /* TAKES */
    bool clips;
    union {
        outbox_done_handler simple;
        outbox_event_handler event;
        outbox_clip_handler clip;
        outbox_query_handler query;
    } done;
    void *arg;
};

/* A change of health, told to the loop in order with the jobs. */
struct fault_message {
    struct mailbox_message message;
    struct outbox *outbox;
    char reason[400]; /* "" when all is well again */
};

struct outbox {
    struct outbox_host host;
    struct mailbox *mailbox;
    struct store store;
    char *receivers[LIMIT_RECEIVERS];
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t wake;     /* jobs came, or stop */
    uv_cond_t finished; /* the thread has ended its work */
    struct job *first, **last;
    bool stop, ended;
    bool faulty;         /* store thread: a fault was told and not yet cleared */
    size_t unwritten;    /* events that the store thread gave up at stop */
    bool log_has_frames; /* store thread */
};

static void free_job(struct job *job)
{
    event_unref(job->event);
    free(job->state);
    free(job->request);
    free(job->receipt);
    free(job->receipt_headers);
    free(job->text);
    free(job);
}

/* Loop thread: the work is done, tell whoever asked. */
static void deliver_job(struct mailbox_message *message)
{
    struct job *job = (struct job *)message;
    switch (job->kind) {
    case JOB_STORE:
    case JOB_ANSWER:
        if (job->done.simple && !job->given_up)
            job->done.simple(job->arg);
        break;
    case JOB_LOAD:
        job->done.event(job->arg, job->event);
        break;
    case JOB_FIND_CLIP:
        job->done.clip(job->arg, job->seq);
        break;
    case JOB_QUERY:
        job->done.query(job->arg, job->text ? job->text : "[]", job->seq);
        break;
    case JOB_DELIVERY:
    case JOB_UPLOAD:
    case JOB_STATE:
    case JOB_PRUNE:
    case JOB_TAKES:
        break;
    }
    free_job(job);
}

static void deliver_fault(struct mailbox_message *message)
{
    struct fault_message *fault = (struct fault_message *)message;
    struct outbox_host *host = &fault->outbox->host;
    host->on_fault(host->arg, fault->reason[0] ? fault->reason : NULL);
    free(fault);
}

static void tell_fault(struct outbox *ob, const char *reason)
{
    struct fault_message *fault = calloc(1, sizeof *fault);
    if (!fault)
        return;
    fault->message.deliver = deliver_fault;
    fault->outbox = ob;
    snprintf(fault->reason, sizeof fault->reason, "%s", reason ? reason : "");
    mailbox_post(ob->mailbox, &fault->message);
}

static const struct outbox_row *row_of(const struct job *job, struct outbox_row *ret_row)
{
    *ret_row = (struct outbox_row){.name = job->row, .text = job->state};
    return job->state ? ret_row : NULL;
}

static int run_job(struct outbox *ob, struct job *job, struct err *e)
{
    struct store *s = &ob->store;
    const char *receiver = ob->receivers[job->receiver];
    struct outbox_row row;
    switch (job->kind) {
    case JOB_STORE:
        return store_put_event(s, job->event, row_of(job, &row),
                               job->upload_receivers ? &job->upload : NULL, job->upload_receivers,
                               e);
    case JOB_DELIVERY:
        return store_put_delivery(s, job->seq, receiver, job->attempts, job->delivery_state,
                                  job->request, job->receipt, job->receipt_length,
                                  job->receipt_headers, e);
    case JOB_UPLOAD:
        return store_put_upload(s, job->seq, receiver, job->delivery_state, job->receipt,
                                job->receipt_length, job->receipt_headers, e);
    case JOB_ANSWER:
        return store_put_answer(s, receiver, &job->answer, row_of(job, &row), e);
    case JOB_STATE:
        return store_put_row(s, row_of(job, &row), e);
    case JOB_LOAD:
        event_unref(job->event); /* from a batch that had to be run again */
        job->event = NULL;
        return store_get_event(s, job->seq, &job->event, e);
    case JOB_FIND_CLIP:
        return store_find_clip(s, job->upload.clip, &job->seq, e);
    case JOB_QUERY:
        free(job->text);
        job->text = NULL;
        return query_run(s, &job->query, &job->text, &job->seq, e);
    case JOB_PRUNE:
        return store_prune(s, job->before_wall_ms, e);
    case JOB_TAKES:
        return store_set_takes(s, job->receiver, job->classes, job->clips, e);
    }
    return 0;
}

static int run_batch(struct outbox *ob, struct job *batch, struct err *e)
{
    int result = ob->store.db ? 0 : store_open(&ob->store, e);
    if (result == 0)
        result = store_begin(&ob->store, e);
    if (result != 0)
        return result;
    for (struct job *job = batch; job && result == 0; job = job->next)
        result = run_job(ob, job, e);
    if (result == 0)
        result = store_commit(&ob->store, e);
    if (result != 0)
        store_rollback(&ob->store);
    return result;
}

static void post_batch(struct outbox *ob, struct job *batch)
{
    while (batch) {
        struct job *next = batch->next;
        mailbox_post(ob->mailbox, &batch->message);
        batch = next;
    }
}

/* Takes up to BATCH_MAX jobs; waits for them, moving the log when it is quiet. NULL: stop. */
static struct job *take_batch(struct outbox *ob)
{
    uv_mutex_lock(&ob->lock);
    while (!ob->first && !ob->stop) {
        int result = uv_cond_timedwait(&ob->wake, &ob->lock,
                                       ob->log_has_frames ? IDLE_NS : UINT64_C(3600000000000));
        if (result == UV_ETIMEDOUT && ob->log_has_frames && !ob->first) {
            uv_mutex_unlock(&ob->lock);
            store_checkpoint(&ob->store);
            ob->log_has_frames = false;
            uv_mutex_lock(&ob->lock);
        }
    }
    struct job *batch = ob->first, *last = batch;
    for (int i = 1; last && last->next && i < BATCH_MAX; i++)
        last = last->next;
    if (last) {
        ob->first = last->next;
        if (!ob->first)
            ob->last = &ob->first;
        last->next = NULL;
    }
    uv_mutex_unlock(&ob->lock);
    return batch;
}

/* Sleeps before the next try; false if the outbox is being closed and patience ran out. */
static bool wait_to_retry(struct outbox *ob)
{
    uv_mutex_lock(&ob->lock);
    bool stopping = ob->stop;
    if (!stopping)
        uv_cond_timedwait(&ob->wake, &ob->lock, RETRY_NS);
    uv_mutex_unlock(&ob->lock);
    return !stopping;
}

static void write_batch(struct outbox *ob, struct job *batch)
{
    struct err e;
    while (run_batch(ob, batch, &e) != 0) {
        if (!ob->faulty)
            tell_fault(ob, e.text);
        ob->faulty = true;
        /* Where the disk is full the log may have grown out of its room: moving it makes room. */
        store_checkpoint(&ob->store);
        store_close(&ob->store);
        if (!wait_to_retry(ob)) {
            for (struct job *job = batch; job; job = job->next) {
                job->given_up = true;
                ob->unwritten += job->kind == JOB_STORE;
            }
            post_batch(ob, batch);
            return;
        }
    }
    if (ob->faulty)
        tell_fault(ob, NULL);
    ob->faulty = false;
    ob->log_has_frames = true;
    post_batch(ob, batch);
    if (store_log_is_long(&ob->store)) /* there was no quiet moment */
        store_checkpoint(&ob->store);
}

static void run_thread(void *arg)
{
    struct outbox *ob = arg;
    for (struct job *batch; (batch = take_batch(ob));)
        write_batch(ob, batch);
    store_close(&ob->store);
    uv_mutex_lock(&ob->lock);
    ob->ended = true;
    uv_cond_signal(&ob->finished);
    uv_mutex_unlock(&ob->lock);
}

static int open_store(struct outbox *ob, const struct outbox_options *options,
                      struct outbox_found *found, struct err *e)
{
    int result = store_open(&ob->store, e);
    if (result == 0)
        result = store_check(&ob->store, e);
    if (result == 0)
        result = store_read_found(&ob->store, found, e);
    if (result == -EBADMSG) {
        struct err why = *e;
        store_close(&ob->store);
        outbox_found_finish(found);
        result = salvage(&ob->store, why.text, &found->damage, e);
        if (result == 0)
            result = store_read_found(&ob->store, found, e);
    }
    if (result != 0)
        return result;
    struct err reserve;
    if (store_reserve(&ob->store, options->reserve_events, &reserve) != 0) {
        log_warning("outbox", "no room taken in advance for %lld events: %s",
                    (long long)options->reserve_events, reserve.text);
        store_close(&ob->store); /* opened anew by the first batch */
    }
    return 0;
}

static void free_outbox(struct outbox *ob)
{
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++)
        free(ob->receivers[i]);
    free(ob);
}

int outbox_open(uv_loop_t *loop, const struct outbox_options *options,
                const struct outbox_host *host, struct outbox **ret_outbox,
                struct outbox_found *ret_found, struct err *e)
{
    *ret_found = (struct outbox_found){0};
    if (options->receiver_count > LIMIT_RECEIVERS)
        return err_set(e, EINVAL, "more than %d receivers", LIMIT_RECEIVERS);
    struct outbox *ob = calloc(1, sizeof *ob);
    if (!ob)
        return err_set(e, ENOMEM, "outbox: out of memory");
    ob->host = *host;
    ob->last = &ob->first;
    int result = 0;
    for (size_t i = 0; i < options->receiver_count; i++) {
        ob->receivers[i] = strdup(options->receivers[i]);
        if (!ob->receivers[i])
            result = err_set(e, ENOMEM, "outbox: out of memory");
    }
    snprintf(ob->store.path, sizeof ob->store.path, "%s/" STORE_FILE, options->dir);
    ob->store.receivers = (const char *const *)ob->receivers;
    ob->store.receiver_count = options->receiver_count;
    if (result == 0)
        result = open_store(ob, options, ret_found, e);
    if (result == 0)
        result = mailbox_create(loop, &ob->mailbox, e);
    if (result != 0)
        goto fail;
    uv_mutex_init(&ob->lock);
    uv_cond_init(&ob->wake);
    uv_cond_init(&ob->finished);
    if (uv_thread_create(&ob->thread, run_thread, ob) != 0) {
        mailbox_close(ob->mailbox);
        result = err_set(e, EAGAIN, "outbox: no thread could be started");
        goto fail;
    }
    *ret_outbox = ob;
    return 0;

fail:
    store_close(&ob->store);
    outbox_found_finish(ret_found);
    free_outbox(ob);
    return result;
}

const char *outbox_found_text(const struct outbox_found *found, const char *row)
{
    for (size_t i = 0; i < found->row_count; i++) {
        if (strcmp(found->rows[i].name, row) == 0)
            return found->rows[i].text;
    }
    return NULL;
}

void outbox_found_finish(struct outbox_found *found)
{
    for (size_t i = 0; i < found->row_count; i++) {
        free(found->rows[i].name);
        free(found->rows[i].text);
    }
    free(found->rows);
    free(found->pending);
    free(found->uploads);
    free(found->damage);
    *found = (struct outbox_found){0};
}

/* A job that cannot be made would be a press that is lost: without memory the process ends, and
 * systemd starts it anew with what is on the disk. */
static struct job *create_job(struct outbox *ob, enum job_kind kind, void *arg)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        abort();
    job->message.deliver = deliver_job;
    job->outbox = ob;
    job->kind = kind;
    job->arg = arg;
    return job;
}

static char *copy_text(const char *text)
{
    char *made = text ? strndup(text, EVIDENCE_MAX * 8) : NULL;
    if (text && !made)
        abort();
    return made;
}

static void copy_row(struct job *job, const struct outbox_row *row)
{
    if (!row)
        return;
    job->row = row->name;
    job->state = strdup(row->text);
    if (!job->state)
        abort();
}

static void submit(struct outbox *ob, struct job *job)
{
    uv_mutex_lock(&ob->lock);
    *ob->last = job;
    ob->last = &job->next;
    uv_cond_signal(&ob->wake);
    uv_mutex_unlock(&ob->lock);
}

void outbox_store(struct outbox *ob, struct event *event, const struct outbox_row *row,
                  const struct outbox_upload *upload, uint32_t upload_receivers,
                  outbox_done_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_STORE, arg);
    job->event = event_ref(event);
    copy_row(job, row);
    if (upload) {
        job->upload = *upload;
        job->upload_receivers = upload_receivers;
    }
    job->done.simple = done;
    submit(ob, job);
}

void outbox_save_row(struct outbox *ob, const struct outbox_row *row)
{
    struct job *job = create_job(ob, JOB_STATE, NULL);
    copy_row(job, row);
    submit(ob, job);
}

static void copy_evidence(struct job *job, const struct uplink_result *result)
{
    job->delivery_state = result->outcome == UPLINK_OUTCOME_UNCONFIRMED ? 2 : 1;
    job->request = copy_text(result->request_headers);
    job->receipt_headers = copy_text(result->receipt_headers);
    if (result->receipt && result->receipt_length <= EVIDENCE_MAX * 8) {
        job->receipt = copy_text(result->receipt);
        job->receipt_length = strlen(job->receipt);
    }
}

void outbox_record_delivery(struct outbox *ob, uint64_t seq, size_t receiver, unsigned attempts,
                            const struct uplink_result *result)
{
    struct job *job = create_job(ob, JOB_DELIVERY, NULL);
    job->seq = seq;
    job->receiver = receiver;
    job->attempts = attempts;
    copy_evidence(job, result);
    submit(ob, job);
}

void outbox_record_upload(struct outbox *ob, uint64_t seq, size_t receiver,
                          const struct uplink_result *result)
{
    struct job *job = create_job(ob, JOB_UPLOAD, NULL);
    job->seq = seq;
    job->receiver = receiver;
    copy_evidence(job, result);
    submit(ob, job);
}

void outbox_record_answer(struct outbox *ob, size_t receiver, const struct uplink_answer *answer,
                          const struct outbox_row *row, outbox_done_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_ANSWER, arg);
    job->receiver = receiver;
    job->answer = *answer;
    copy_row(job, row);
    job->done.simple = done;
    submit(ob, job);
}

void outbox_load(struct outbox *ob, uint64_t seq, outbox_event_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_LOAD, arg);
    job->seq = seq;
    job->done.event = done;
    submit(ob, job);
}

void outbox_find_clip(struct outbox *ob, const char *clip, outbox_clip_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_FIND_CLIP, arg);
    snprintf(job->upload.clip, sizeof job->upload.clip, "%s", clip);
    job->done.clip = done;
    submit(ob, job);
}

void outbox_query(struct outbox *ob, const struct outbox_query *query, outbox_query_handler done,
                  void *arg)
{
    struct job *job = create_job(ob, JOB_QUERY, arg);
    job->query = *query;
    job->done.query = done;
    submit(ob, job);
}

void outbox_set_takes(struct outbox *ob, size_t receiver, uint32_t classes, bool clips)
{
    struct job *job = create_job(ob, JOB_TAKES, NULL);
    job->receiver = receiver;
    job->classes = classes;
    job->clips = clips;
    submit(ob, job);
}

void outbox_prune(struct outbox *ob, int64_t before_wall_ms)
{
    struct job *job = create_job(ob, JOB_PRUNE, NULL);
    job->before_wall_ms = before_wall_ms;
    submit(ob, job);
}

size_t outbox_close(struct outbox *ob, int64_t wait_ms)
{
    if (!ob)
        return 0;
    int64_t deadline = clock_monotonic_ms() + wait_ms;
    uv_mutex_lock(&ob->lock);
    ob->stop = true;
    uv_cond_signal(&ob->wake);
    while (!ob->ended) {
        int64_t left_ms = deadline - clock_monotonic_ms();
        if (left_ms <= 0)
            break;
        uv_cond_timedwait(&ob->finished, &ob->lock, (uint64_t)left_ms * 1000000);
    }
    bool ended = ob->ended;
    size_t unwritten = ob->unwritten;
    for (struct job *job = ob->first; job && !ended; job = job->next)
        unwritten += job->kind == JOB_STORE;
    uv_mutex_unlock(&ob->lock);
    if (!ended)
        return unwritten + 1; /* the disk holds the thread: its memory must stay */
    uv_thread_join(&ob->thread);
    mailbox_close(ob->mailbox);
    uv_mutex_destroy(&ob->lock);
    uv_cond_destroy(&ob->wake);
    uv_cond_destroy(&ob->finished);
    free_outbox(ob);
    return unwritten;
}
