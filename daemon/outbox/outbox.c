/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/outbox.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "iface/limits.h"
#include "outbox/found.h"
#include "outbox/fresh.h"
#include "outbox/job.h"

#define EVIDENCE_MAX  LIMIT_EVIDENCE_BYTES
#define LAST_TRY_NS   INT64_C(1000000000) /* to come back from a try when the time is over */
#define WAIT_PIECE_NS INT64_C(1000000000)
#define LACKING_PIECE 64 /* events put into the journal once more in one turn */

static void free_delivery(struct job_delivery *d)
{
    free(d->request);
    free(d->receipt);
    free(d->receipt_headers);
}

static void free_job(struct job *job)
{
    switch (job->kind) {
    case JOB_STORE:
        event_unref(job->u.store.event);
        free(job->u.store.row.text);
        free(job->u.store.receivers);
        break;
    case JOB_DELIVERY:
    case JOB_UPLOAD:
        free_delivery(&job->u.delivery);
        break;
    case JOB_ANSWER:
        free(job->u.answer.row.text);
        break;
    case JOB_STATE:
        for (size_t i = 0; i < JOB_ROWS_MAX; i++)
            free(job->u.state.rows[i].text);
        break;
    case JOB_LOAD:
        event_unref(job->u.load.event);
        break;
    case JOB_READ_UPLOADS:
        uploads_destroy(job->u.uploads.uploads);
        break;
    case JOB_QUERY:
        question_destroy(job->u.query.question);
        break;
    case JOB_TAKES:
    case JOB_BARRIER:
    case JOB_JOINED:
    case JOB_FIND_CLIP:
    case JOB_PRUNE:
    case JOB_STRIKE:
    case JOB_MEET:
    case JOB_ROOM:
    case JOB_SCRUB:
    case JOB_PROVE:
        break;
    }
    free(job);
}

/* What follows from it goes first: a press is sent, and then the journal is tidied. */
static void end_stored(struct job *job)
{
    const struct job_store *store = &job->u.store;
    struct outbox *ob = job->outbox;
    TAILQ_REMOVE(&ob->uncommitted, job, uncommitted);
    ob->lacking -= store->is_lacking;
    if (job->given_up)
        return;
    if (store->done)
        store->done(job->arg);
    journal_note_committed(ob->journal, store->event->seq);
}

static void answer_query(struct job *job)
{
    struct outbox_answer answer;
    if (job->given_up)
        question_fail(job->u.query.question, "the store is being closed");
    question_read(job->u.query.question, &answer);
    job->u.query.done(job->arg, &answer);
}

/* Loop thread: the work is done, tell whoever asked. */
static void deliver_job(struct mailbox_message *message)
{
    struct job *job = (struct job *)message;
    switch (job->kind) {
    case JOB_STORE:
        end_stored(job);
        break;
    case JOB_ANSWER:
        if (job->u.answer.done && !job->given_up)
            job->u.answer.done(job->arg);
        break;
    case JOB_BARRIER:
        if (!job->given_up)
            job->u.barrier.done(job->arg);
        break;
    case JOB_LOAD:
        job->u.load.done(job->arg, job->u.load.event);
        break;
    case JOB_FIND_CLIP:
        job->u.find.done(job->arg, &job->u.find.found);
        break;
    case JOB_READ_UPLOADS:
        job->u.uploads.done(job->arg, job->given_up ? NULL : &job->u.uploads.uploads->found);
        break;
    case JOB_QUERY:
        answer_query(job);
        break;
    case JOB_JOINED: /* what the store has from now on follows from all that it had */
        if (!job->given_up)
            journal_stand_apart(job->outbox->journal, false);
        break;
    case JOB_DELIVERY:
    case JOB_UPLOAD:
    case JOB_STATE:
    case JOB_TAKES:
    case JOB_MEET:
    case JOB_PRUNE:
    case JOB_STRIKE:
    case JOB_ROOM:
    case JOB_SCRUB:
    case JOB_PROVE:
        break;
    }
    free_job(job);
}

static void free_jobs(struct job_list *jobs)
{
    struct job *job;
    while ((job = STAILQ_FIRST(jobs))) {
        STAILQ_REMOVE_HEAD(jobs, next);
        free_job(job);
    }
}

void outbox_free(struct outbox *ob)
{
    free_jobs(&ob->queue.chores);
    free_jobs(&ob->queue.writes); /* of whoever was told at the very end what was found */
    meet_free(ob->meeting);
    newest_free(&ob->newest);
    free(ob->adrift);
    free(ob->store.gateway);
    free(ob->room);
    free(ob->gone);
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++)
        free(ob->receivers[i]);
    journal_destroy(ob->journal);
    free(ob);
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

void outbox_add_upkeep(struct outbox *ob, const struct outbox_options *options)
{
    struct job *room = create_job(ob, JOB_ROOM, NULL), *scrub = create_job(ob, JOB_SCRUB, NULL);
    ob->room = calloc(1, sizeof *ob->room);
    if (!ob->room)
        abort();
    scrub_init(&scrub->u.scrub);
    scrub->again_ns = clock_monotonic_ns() + options->look_after_ms * 1000000;
    room_init(ob->room, options->reserve_events, scrub->again_ns);
    queue_add(&ob->queue, create_job(ob, JOB_MEET, NULL));
    queue_add(&ob->queue, room);
    queue_add(&ob->queue, scrub);
    ob->prove_every_ns = options->prove_every_ms * 1000000;
    if (ob->prove_every_ns == 0)
        return;
    struct job *prove = create_job(ob, JOB_PROVE, NULL);
    prove->again_ns = scrub->again_ns;
    queue_add(&ob->queue, prove);
}

static struct job_row copy_row(const struct outbox_row *row)
{
    struct job_row copy = {.text = row ? strdup(row->text) : NULL};
    if (!row)
        return copy;
    if (!copy.text)
        abort();
    assert(strlen(row->name) < sizeof copy.name);
    snprintf(copy.name, sizeof copy.name, "%s", row->name);
    return copy;
}

/* Of what a receiver sent: kept as proof, but not without bound. */
static char *copy_evidence(const char *text)
{
    char *made = text ? strndup(text, EVIDENCE_MAX) : NULL;
    if (text && !made)
        abort();
    return made;
}

static void submit(struct outbox *ob, struct job *job)
{
    uv_mutex_lock(&ob->lock);
    if (queue_add(&ob->queue, job))
        uv_cond_signal(&ob->wake);
    uv_mutex_unlock(&ob->lock);
}

static char *add_name(char *at, const char *name)
{
    return at + sprintf(at, "%.*s ", LIMIT_ID_BYTES, name);
}

/* As the store will see it: what receivers take reaches it in the same order. */
static void list_owed(const struct outbox *ob, const struct job_store *store, char *ret_event,
                      char *ret_clip)
{
    *ret_event = *ret_clip = '\0';
    for (size_t i = 0; i < ob->store.receiver_count; i++) {
        bool is_owed = ob->takes[i] & UPLINK_TAKES(store->event->class);
        if (is_owed)
            ret_event = add_name(ret_event, ob->receivers[i]);
        if (is_owed && ob->takes_clips[i] && store->upload_receivers & 1u << i)
            ret_clip = add_name(ret_clip, ob->receivers[i]);
    }
}

static void put_in_journal(struct outbox *ob, struct job_store *store)
{
    char receivers[RECORD_NAMES_SIZE], clip_receivers[RECORD_NAMES_SIZE];
    if (!ob->journal)
        return;
    list_owed(ob, store, receivers, clip_receivers);
    const struct record record = {
        .event = store->event,
        .row = {.name = store->row.text ? store->row.name : NULL, .text = store->row.text},
        .receivers = store->receivers ? store->receivers : receivers,
        .upload = store->upload.clip[0] ? &store->upload : NULL,
        .upload_receivers = clip_receivers};
    bool was_lacking = store->is_lacking;
    store->is_lacking = !journal_put(ob->journal, &record);
    ob->lacking += (uint32_t)store->is_lacking - (uint32_t)was_lacking;
}

/* What the journal did not take when it came. Presses may fit where others do not. */
static void put_lacking(struct outbox *ob)
{
    bool others_fit = true;
    int left = LACKING_PIECE;
    struct job *job;
    TAILQ_FOREACH(job, &ob->uncommitted, uncommitted)
    {
        struct job_store *store = &job->u.store;
        if (ob->lacking == 0 || left == 0)
            return;
        bool is_press = store->event->class == EVENT_CLASS_PRESS;
        if (!store->is_lacking || (!is_press && !others_fit))
            continue;
        left--;
        put_in_journal(ob, store);
        if (store->is_lacking && is_press)
            return;
        others_fit = others_fit && !store->is_lacking;
    }
}

void outbox_store(struct outbox *ob, struct event *event, const struct outbox_row *row,
                  const struct outbox_upload *upload, uint32_t upload_receivers,
                  outbox_done_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_STORE, arg);
    struct job_store *store = &job->u.store;
    store->event = event_ref(event);
    store->row = copy_row(row);
    if (upload) {
        store->upload = *upload;
        store->upload_receivers = upload_receivers;
    }
    store->done = done;
    TAILQ_INSERT_TAIL(&ob->uncommitted, job, uncommitted);
    put_in_journal(ob, store);
    meet_note_given(ob, event->seq);
    submit(ob, job);
}

static uint32_t mask_of(const struct outbox *ob, const char *names)
{
    char name[LIMIT_ID_BYTES + 1];
    uint32_t mask = 0;
    while (fresh_next_receiver(&names, name)) {
        size_t receiver = store_receiver(&ob->store, name);
        mask |= receiver < LIMIT_RECEIVERS ? 1u << receiver : 0;
    }
    return mask;
}

void outbox_store_again(struct outbox *ob, const struct outbox_restored *restored,
                        outbox_done_handler done, void *arg)
{
    const struct outbox_row row = {.name = restored->row_name, .text = restored->row_text};
    struct job *job = create_job(ob, JOB_STORE, arg);
    job->u.store = (struct job_store){.event = event_ref(restored->event),
                                      .row = copy_row(row.name ? &row : NULL),
                                      .receivers = strdup(restored->receivers),
                                      .upload = restored->upload,
                                      .upload_receivers = mask_of(ob, restored->upload_receivers),
                                      .done = done};
    if (!job->u.store.receivers)
        abort();
    TAILQ_INSERT_TAIL(&ob->uncommitted, job, uncommitted);
    submit(ob, job);
}

void outbox_note_gone(struct outbox *ob, uint64_t seq)
{
    gone_note(ob->gone, seq);
}

static void tell_gone(struct outbox *ob)
{
    char sentence[600];
    if (gone_take(ob->gone, sentence, sizeof sentence))
        ob->host.on_damage(ob->host.arg, sentence);
}

const char *outbox_watch_journal(struct outbox *ob)
{
    struct job *job;
    tell_gone(ob);
    if (journal_tick(ob->journal)) {
        TAILQ_FOREACH(job, &ob->uncommitted, uncommitted)
        {
            put_in_journal(ob, &job->u.store);
        }
    }
    if (journal_told_aside(ob->journal))
        ob->host.on_damage(ob->host.arg,
                           "a journal that could not be read at the start was put aside as "
                           "journal.0.unread or journal.1.unread: presses may be in it");
    put_lacking(ob);
    const char *reason = journal_reason(ob->journal);
    return reason[0] || ob->lacking == 0
               ? reason
               : "it did not take every event that is not on the disk yet";
}

void outbox_save_row(struct outbox *ob, const struct outbox_row *row)
{
    struct job_row copy = copy_row(row);
    uv_mutex_lock(&ob->lock);
    bool has_joined = queue_join_row(&ob->queue, &copy);
    uv_mutex_unlock(&ob->lock);
    if (has_joined)
        return;
    struct job *job = create_job(ob, JOB_STATE, NULL);
    job->u.state.rows[0] = copy;
    submit(ob, job);
}

void outbox_when_written(struct outbox *ob, outbox_done_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_BARRIER, arg);
    job->u.barrier.done = done;
    submit(ob, job);
}

void outbox_when_kept(struct outbox *ob, outbox_done_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_BARRIER, arg);
    job->u.barrier = (struct job_barrier){done, true};
    uv_mutex_lock(&ob->lock);
    ob->meeting->leaves = true;
    uv_mutex_unlock(&ob->lock);
    submit(ob, job);
}

static struct job *create_delivery(struct outbox *ob, enum job_kind kind, uint64_t seq,
                                   size_t receiver, const struct uplink_result *result)
{
    struct job *job = create_job(ob, kind, NULL);
    bool is_proven = result->outcome != UPLINK_OUTCOME_UNCONFIRMED;
    bool is_short = result->receipt && result->receipt_length <= EVIDENCE_MAX;
    job->u.delivery = (struct job_delivery){
        .seq = seq,
        .receiver = receiver,
        .verdict = is_proven ? STORE_DELIVERY_STORED : STORE_DELIVERY_UNCONFIRMED,
        .request = copy_evidence(result->request_headers),
        .receipt = is_short ? copy_evidence(result->receipt) : NULL,
        .receipt_headers = copy_evidence(result->receipt_headers)};
    return job;
}

void outbox_record_delivery(struct outbox *ob, uint64_t seq, size_t receiver, unsigned attempts,
                            const struct uplink_result *result)
{
    struct job *job = create_delivery(ob, JOB_DELIVERY, seq, receiver, result);
    job->u.delivery.attempts = attempts;
    submit(ob, job);
}

void outbox_record_upload(struct outbox *ob, uint64_t seq, size_t receiver,
                          const struct uplink_result *result)
{
    submit(ob, create_delivery(ob, JOB_UPLOAD, seq, receiver, result));
}

/* The clip first: an event that is not pending has none that is. */
void outbox_record_given_up(struct outbox *ob, uint64_t seq, size_t receiver, unsigned attempts)
{
    struct job *clip = create_job(ob, JOB_UPLOAD, NULL),
               *event = create_job(ob, JOB_DELIVERY, NULL);
    clip->u.delivery =
        (struct job_delivery){.seq = seq, .receiver = receiver, .verdict = STORE_DELIVERY_STRUCK};
    event->u.delivery = (struct job_delivery){
        .seq = seq, .receiver = receiver, .attempts = attempts, .verdict = STORE_DELIVERY_GIVEN_UP};
    submit(ob, clip);
    submit(ob, event);
}

void outbox_record_answer(struct outbox *ob, size_t receiver, const struct uplink_answer *answer,
                          const struct outbox_row *row, outbox_done_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_ANSWER, arg);
    job->u.answer = (struct job_answer){receiver, *answer, copy_row(row), done};
    submit(ob, job);
}

/* A reference, or NULL. */
static struct event *find_uncommitted(const struct outbox *ob, uint64_t seq)
{
    const struct job *job;
    TAILQ_FOREACH(job, &ob->uncommitted, uncommitted)
    {
        if (job->u.store.event->seq == seq)
            return event_ref(job->u.store.event);
    }
    return NULL;
}

void outbox_load(struct outbox *ob, uint64_t seq, outbox_event_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_LOAD, arg);
    job->u.load = (struct job_load){.seq = seq, .done = done};
    job->u.load.event = find_uncommitted(ob, seq);
    if (job->u.load.event)
        mailbox_post(ob->mailbox, &job->message);
    else
        submit(ob, job);
}

void outbox_find_clip(struct outbox *ob, const char *clip, const char *alarm,
                      outbox_clip_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_FIND_CLIP, arg);
    snprintf(job->u.find.clip, sizeof job->u.find.clip, "%s", clip);
    snprintf(job->u.find.alarm, sizeof job->u.find.alarm, "%s", alarm);
    job->u.find.done = done;
    submit(ob, job);
}

void outbox_read_uploads(struct outbox *ob, size_t receiver, uint64_t after_seq,
                         outbox_uploads_handler done, void *arg)
{
    struct job *job = create_job(ob, JOB_READ_UPLOADS, arg);
    job->u.uploads = (struct job_uploads){uploads_create(receiver, after_seq), done};
    submit(ob, job);
}

void outbox_query(struct outbox *ob, const struct outbox_query *query, outbox_query_handler done,
                  void *arg)
{
    struct job *job = create_job(ob, JOB_QUERY, arg);
    job->u.query = (struct job_query){question_create(query), done};
    submit(ob, job);
}

void outbox_set_takes(struct outbox *ob, size_t receiver, uint32_t classes, bool clips)
{
    struct job *job = create_job(ob, JOB_TAKES, NULL);
    job->u.takes = (struct job_takes){receiver, classes, clips};
    ob->takes[receiver] = classes;
    ob->takes_clips[receiver] = clips;
    submit(ob, job);
}

void outbox_joined(struct outbox *ob)
{
    if (!ob->meeting->is_apart || ob->meeting->is_unread)
        return;
    ob->meeting->is_apart = false;
    uv_mutex_lock(&ob->lock);
    queue_join(&ob->queue);
    queue_add(&ob->queue, create_job(ob, JOB_JOINED, NULL));
    uv_cond_signal(&ob->wake);
    uv_mutex_unlock(&ob->lock);
}

void outbox_prune(struct outbox *ob, uint64_t last_seq)
{
    struct job *job = create_job(ob, JOB_PRUNE, NULL);
    prune_init(&job->u.prune, last_seq);
    submit(ob, job);
}

/* Tells the thread to stop, and waits for it a little longer than it may try: whether it has ended,
 * and how many events are not known to be on the disk. */
static bool stop_thread(struct outbox *ob, int64_t wait_ms, size_t *ret_unwritten)
{
    int64_t by_ns = clock_monotonic_ns() + wait_ms * 1000000;
    int64_t left_ns = wait_ms * 1000000 + LAST_TRY_NS;
    uv_mutex_lock(&ob->lock);
    queue_stop(&ob->queue, by_ns);
    uv_cond_signal(&ob->wake);
    while (!ob->ended && left_ns > 0) {
        int64_t piece_ns = left_ns < WAIT_PIECE_NS ? left_ns : WAIT_PIECE_NS;
        uv_cond_timedwait(&ob->finished, &ob->lock, (uint64_t)piece_ns);
        uv_mutex_unlock(&ob->lock);
        if (ob->host.on_wait)
            ob->host.on_wait(ob->host.arg);
        uv_mutex_lock(&ob->lock);
        left_ns = by_ns + LAST_TRY_NS - clock_monotonic_ns();
    }
    bool ended = ob->ended;
    *ret_unwritten = ob->meeting->unwritten + ob->in_hand + queue_count_events(&ob->queue.writes);
    uv_mutex_unlock(&ob->lock);
    return ended;
}

/* Its thread has ended. What it has told of what is committed tidies the journal first. */
static void end(struct outbox *ob, bool keeps_owed)
{
    mailbox_close(ob->mailbox);
    if (keeps_owed)
        owed_journal(&ob->meeting->owed, &ob->store, ob->journal);
    uv_mutex_destroy(&ob->lock);
    uv_cond_destroy(&ob->wake);
    uv_cond_destroy(&ob->finished);
    outbox_free(ob);
}

size_t outbox_close(struct outbox *ob, int64_t wait_ms)
{
    size_t unwritten;
    if (!ob)
        return 0;
    /* If it ends clean, the store gives the next number, with or without this journal. */
    bool was_covered = journal_is_covered(ob->journal);
    journal_cover(ob->journal, false);
    if (!stop_thread(ob, wait_ms, &unwritten)) { /* its memory must stay */
        owed_journal(&ob->meeting->owed, &ob->store, ob->journal);
        return unwritten > 0 ? unwritten : OUTBOX_HELD;
    }
    uv_thread_join(&ob->thread);
    if (!ob->meeting->ended_clean)
        journal_cover(ob->journal, was_covered);
    bool is_lost = ob->adrift, is_damaged = ob->meeting->ended_damaged;
    end(ob, is_lost || is_damaged);
    if (unwritten > 0)
        return unwritten;
    return is_lost ? OUTBOX_LOST : is_damaged ? OUTBOX_DAMAGED : 0;
}

void outbox_abandon(struct outbox *ob)
{
    size_t unwritten;
    ob->meeting->is_nobodys = true;
    if (!stop_thread(ob, 0, &unwritten))
        return; /* its memory must stay */
    uv_thread_join(&ob->thread);
    end(ob, false);
}
