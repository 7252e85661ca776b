/* SPDX-License-Identifier: Apache-2.0 */
/* The store thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbox/aside.h"
#include "outbox/changed.h"
#include "outbox/end.h"
#include "outbox/fresh.h"
#include "outbox/mend.h"
#include "outbox/unreported.h"

#define IDLE_NS INT64_C(200000000) /* without a write before the log is moved */
#define LONG_NS INT64_C(3600000000000)

static const struct outbox_row *row_of(const struct job_row *row, struct outbox_row *ret_row)
{
    *ret_row = (struct outbox_row){.name = row->name, .text = row->text};
    return row->text ? ret_row : NULL;
}

static int put_store(struct store *s, const struct job_store *job, struct err *e)
{
    struct outbox_row row;
    return store_put_owed_event(s, job->event, row_of(&job->row, &row),
                                job->upload.clip[0] ? &job->upload : NULL, job->upload_receivers,
                                job->receivers, e);
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

static int put_rows(struct store *s, const struct job_state *state, struct err *e)
{
    struct outbox_row row;
    int result = 0;
    for (size_t i = 0; result == 0 && i < JOB_ROWS_MAX; i++) {
        const struct outbox_row *one = row_of(&state->rows[i], &row);
        result = store_put_row(s, one, e);
        if (result == 0 && one && strcmp(one->name, OUTBOX_DAMAGE_ROW) == 0)
            result = unreported_drop(s, e);
    }
    return result;
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
        return put_rows(s, &job->u.state, e);
    case JOB_JOINED:
        return aside_drop(s, e);
    case JOB_TAKES: /* the last of its transaction: counts from the next on */
        return 0;
    case JOB_BARRIER:
    case JOB_MEET:
    case JOB_LOAD:
    case JOB_FIND_CLIP:
    case JOB_READ_UPLOADS:
    case JOB_QUERY:
    case JOB_PRUNE:
    case JOB_STRIKE:
    case JOB_ROOM:
    case JOB_SCRUB:
    case JOB_PROVE:
        break;
    }
    abort(); /* a chore among the writes */
}

static int write_list(struct outbox *ob, const struct job_list *list, struct err *e)
{
    const struct job *job;
    int result = 0;
    STAILQ_FOREACH(job, list, next)
    {
        result = write_job(ob, job, e);
        if (result != 0)
            break;
    }
    return result;
}

/* In one transaction, the records behind the writes. */
static int write_all(struct outbox *ob, const struct work *work, struct err *e)
{
    int result = meet_to_write(ob, e);
    if (result == 0)
        result = mend_check_place(ob, e); /* what was cut is not written behind */
    if (result == 0)
        result = store_begin(&ob->store, e);
    if (result != 0)
        return result;
    result = write_list(ob, &work->writes, e);
    if (result == 0)
        result = write_list(ob, &work->records, e);
    if (result == 0)
        result = store_commit(&ob->store, e);
    if (result == 0)
        return mend_check_place(ob, e);
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
    if (words_follow(&ob->meeting->words, reason, clock_monotonic_ns()))
        outbox_tell_fault(ob, reason);
}

static void note_success(struct outbox *ob)
{
    uv_mutex_lock(&ob->lock);
    bool fails = queue_fails(&ob->queue);
    uv_mutex_unlock(&ob->lock);
    bool is_well = ob->failed == 0 && !fails && !ob->unsettled && !ob->adrift && !ob->damaged;
    if (is_well && words_end(&ob->meeting->words))
        outbox_tell_fault(ob, NULL);
}

/* The disk has refused what was to be done when it was quiet, or before a question: a fault until
 * it is done, at the latest when it is quiet again. */
static void note_unsettled(struct outbox *ob, const struct err *e)
{
    ob->unsettled = ob->log_has_frames = true;
    note_fault(ob, e->text);
    store_rollback(&ob->store);
    mend_close(ob); /* opened anew, it counts what is fresh */
}

static int write_fresh(struct store *s, struct err *e)
{
    int result = store_begin(s, e);
    if (result == 0)
        result = fresh_settle(s, e);
    return result == 0 ? store_commit(s, e) : result;
}

/* Where nothing is fresh, nothing is proven of the disk. */
int worker_settle(struct outbox *ob, struct err *e)
{
    struct store *s = &ob->store;
    int result = meet_to_read(ob, e);
    if (result == 0 && s->fresh > 0) {
        ob->log_has_frames = true;
        result = meet_to_change(ob, e);
        /* As before any commit; but one that was taken away is written as long as it is open. */
        if (result == 0 && mend_check_place(ob, e) == -EBADMSG)
            result = -EBADMSG;
        if (result == 0)
            result = write_fresh(s, e);
        ob->unsettled = ob->unsettled && result != 0;
    }
    if (result != 0)
        note_unsettled(ob, e);
    return result;
}

static void give_up(struct outbox *ob, struct job_list *list)
{
    struct job *job;
    STAILQ_FOREACH(job, list, next)
    {
        job->given_up = true;
        ob->meeting->unwritten += job->kind == JOB_STORE;
    }
    post_all(ob, list);
}

static void put_back(struct outbox *ob, struct job *job, int64_t again_ns)
{
    uv_mutex_lock(&ob->lock);
    queue_put_back_chore(&ob->queue, job, again_ns);
    uv_mutex_unlock(&ob->lock);
}

/* What a receiver takes is known; now to what it does not take. */
static void go_on_to_strike(struct outbox *ob, struct job_list *writes)
{
    struct job *job, *next;
    for (job = STAILQ_FIRST(writes); job; job = next) {
        next = STAILQ_NEXT(job, next);
        if (job->kind != JOB_TAKES)
            continue;
        size_t receiver = job->u.takes.receiver;
        store_set_takes(&ob->store, receiver, job->u.takes.classes, job->u.takes.clips);
        STAILQ_REMOVE(writes, job, job, next);
        job->kind = JOB_STRIKE;
        strike_init(&job->u.strike, receiver);
        put_back(ob, job, 0);
    }
}

/* Whether the thread would keep a press waiting with what it does next. */
static bool is_awaited(struct outbox *ob)
{
    uv_mutex_lock(&ob->lock);
    bool waits = queue_write_is_due(&ob->queue, clock_monotonic_ns());
    uv_mutex_unlock(&ob->lock);
    return waits;
}

/* There was no quiet moment. A few milliseconds: behind what waits, while there is room. */
static void move_long_log(struct outbox *ob)
{
    struct store *s = &ob->store;
    if (store_log_is_full(s) || (store_log_is_long(s) && !is_awaited(ob)))
        store_checkpoint(s);
}

static void note_content(struct outbox *ob, const struct job_list *writes)
{
    const struct job *job;
    STAILQ_FOREACH(job, writes, next)
    {
        if (job->kind == JOB_STORE) {
            const struct job_store *store = &job->u.store;
            owed_note_stored(&ob->meeting->owed, &ob->store, store->event, store->receivers,
                             store->upload.clip[0] ? &store->upload : NULL,
                             store->upload_receivers);
            witness_note(&ob->witness, job->u.store.event);
            newest_note(&ob->newest, job->u.store.row.name, job->u.store.row.text);
        } else if (job->kind == JOB_ANSWER)
            newest_note(&ob->newest, job->u.answer.row.name, job->u.answer.row.text);
        for (size_t i = 0; job->kind == JOB_STATE && i < JOB_ROWS_MAX; i++)
            newest_note(&ob->newest, job->u.state.rows[i].name, job->u.state.rows[i].text);
    }
}

static void note_delivered(struct outbox *ob, const struct job_list *records)
{
    const struct job *job;
    STAILQ_FOREACH(job, records, next)
    {
        owed_note_delivered(&ob->meeting->owed, job->u.delivery.seq, job->u.delivery.receiver,
                            job->kind == JOB_UPLOAD);
    }
}

static void note_written(struct outbox *ob, struct work *work)
{
    ob->log_has_frames = true;
    ob->written_ns = clock_monotonic_ns();
    uv_mutex_lock(&ob->lock);
    queue_note_written(&ob->queue, work, ob->written_ns);
    ob->in_hand = 0;
    uv_mutex_unlock(&ob->lock);
    ob->unsettled = ob->unsettled && ob->store.fresh > 0;
    note_content(ob, &work->writes);
    note_success(ob);
    go_on_to_strike(ob, &work->writes);
    post_all(ob, &work->writes);
    note_delivered(ob, &work->records); /* for which no press waits */
    post_all(ob, &work->records);
    move_long_log(ob);
}

static void note_refused(struct outbox *ob, struct work *work, const char *reason)
{
    note_fault(ob, reason);
    /* Where the disk is full the log may have grown out of its room: moving it makes room. */
    store_checkpoint(&ob->store);
    mend_close(ob);
    uv_mutex_lock(&ob->lock);
    queue_put_back(&ob->queue, work, clock_monotonic_ns());
    ob->in_hand = 0;
    uv_mutex_unlock(&ob->lock);
}

/* Records that would use what is the alarms' stay in memory: a kill costs a delivery that is made
 * once more. */
static void hold_records(struct outbox *ob, struct work *work)
{
    bool was_for_alarms = ob->room->seen.alarms_only;
    if (STAILQ_EMPTY(&work->records) || !ob->store.db)
        return;
    if (room_is_for_alarms(&ob->store, ob->room)) {
        uv_mutex_lock(&ob->lock);
        queue_hold_records(&ob->queue, work, clock_monotonic_ns());
        uv_mutex_unlock(&ob->lock);
    }
    if (ob->room->seen.alarms_only != was_for_alarms)
        outbox_tell_room(ob, &ob->room->seen);
}

/* The room may be just about to be taken: what lies in it is no reason to refuse a press. */
static int write_in_room(struct outbox *ob, const struct work *work, struct err *e)
{
    int result = write_all(ob, work, e);
    if (result == -ENOSPC && ob->store.db && room_note_refused(&ob->store, ob->room))
        result = write_all(ob, work, e);
    return result;
}

static void write_work(struct outbox *ob, struct work *work)
{
    struct err e;
    int result = 0;
    hold_records(ob, work);
    if (!queue_has_to_write(work) && (result = end_look(ob, &work->writes, &e)) == 0)
        post_all(ob, &work->writes);
    else if (result == 0 && (result = write_in_room(ob, work, &e)) == 0)
        note_written(ob, work);
    if (result != 0) {
        note_fault(ob, e.text);
        mend(ob, result, e.text);
        note_refused(ob, work, e.text);
    }
}

static int load_event(struct store *s, struct job_load *job, struct err *e)
{
    int result = store_get_event(s, job->seq, &job->event, e);
    /* It goes out all the same: who gets it sees what is wrong with it, and says so. */
    if (result != 0 || !job->event || store_event_is_whole(job->event))
        return result;
    job->event->is_rotten = true;
    log_error("outbox", "event %llu on the disk is not what was committed: its digest is another",
              (unsigned long long)job->seq);
    return 0;
}

static int go_on_to_scrub(struct outbox *ob, struct scrub *scrub, struct err *e)
{
    char sentence[200];
    struct err refused;
    int result = scrub_go_on(&ob->store, scrub, e);
    mend_note_looked(ob, result == 0 && scrub->is_over);
    if (result != 0 || !changed_is_news(&ob->store, scrub, sentence))
        return result;
    if (meet_to_change(ob, &refused) == 0)
        ob->log_has_frames |= changed_note(&ob->store, scrub, sentence, &refused) == 0;
    outbox_tell_damage(ob, sentence);
    return 0;
}

static int go_on_with_room(struct outbox *ob, struct err *e)
{
    bool looks = ob->room->step == ROOM_LOOK;
    int result = meet_to_change(ob, e);
    if (result != 0) {
        room_measure(&ob->store, ob->room);
        outbox_tell_room(ob, &ob->room->seen);
        return result;
    }
    ob->log_has_frames = ob->log_has_frames || !looks;
    result = room_go_on(&ob->store, ob->room, e);
    if (looks)
        outbox_tell_room(ob, &ob->room->seen);
    return result;
}

/* What a start has lost it tells; one after a kill would tell it again. */
static int go_on_to_meet(struct outbox *ob, struct err *e)
{
    int result = meet_to_write(ob, e);
    meet_note_try(ob, result, e);
    return result == 0 && ob->witness.is_contradicted && ob->prove_every_ns > 0 ? mend_prove(ob, e)
                                                                                : result;
}

static int go_on_to_clear(struct outbox *ob, struct job *job, struct err *e)
{
    int result = meet_to_change(ob, e);
    ob->log_has_frames = ob->log_has_frames || result == 0;
    if (result == 0)
        result = worker_settle(ob, e);
    if (result != 0)
        return result;
    return job->kind == JOB_PRUNE ? prune_go_on(&ob->store, &job->u.prune, e)
                                  : strike_go_on(&ob->store, &job->u.strike, e);
}

/* A piece of a chore. 1: it is not done yet, 0: done, negative: it failed. */
static int go_on(struct outbox *ob, struct job *job, struct err *e)
{
    struct store *s = &ob->store;
    int result;
    switch (job->kind) {
    case JOB_MEET:
        return go_on_to_meet(ob, e);
    case JOB_LOAD:
        result = meet_to_read(ob, e);
        return result == 0 ? load_event(s, &job->u.load, e) : result;
    case JOB_FIND_CLIP:
        result = worker_settle(ob, e);
        return result == 0
                   ? store_find_clip(s, job->u.find.clip, job->u.find.alarm, &job->u.find.found, e)
                   : result;
    case JOB_READ_UPLOADS: /* what has one is never fresh */
        result = meet_to_read(ob, e);
        return result == 0 ? uploads_go_on(s, job->u.uploads.uploads, e) : result;
    case JOB_QUERY:
        result = worker_settle(ob, e);
        return result == 0 ? question_go_on(s, job->u.query.question, e) : result;
    case JOB_PRUNE:
    case JOB_STRIKE:
        return go_on_to_clear(ob, job, e);
    case JOB_ROOM:
        return go_on_with_room(ob, e);
    case JOB_SCRUB:
        result = meet_to_read(ob, e);
        return result == 0 ? go_on_to_scrub(ob, &job->u.scrub, e) : result;
    case JOB_PROVE:
        result = meet_to_write(ob, e);
        return result == 0 ? mend_prove(ob, e) : result;
    case JOB_STORE:
    case JOB_DELIVERY:
    case JOB_UPLOAD:
    case JOB_ANSWER:
    case JOB_STATE:
    case JOB_JOINED:
    case JOB_TAKES:
    case JOB_BARRIER:
        break;
    }
    abort(); /* a write among the chores */
}

/* Whoever asked a question is told that it cannot be answered; what the daemon itself wants is
 * tried again, since an event that is not found would be taken for one that does not exist. */
static void do_piece(struct outbox *ob, struct job *job)
{
    struct err e;
    int result = go_on(ob, job, &e);
    if (result == -EBADMSG || result == -ESTALE) {
        note_fault(ob, e.text);
        mend(ob, result, e.text);
        if (job->kind == JOB_SCRUB) /* mend finds it where it waits, and this one does not */
            scrub_init(&job->u.scrub);
    }
    if (result < 0 && job->kind == JOB_QUERY) {
        question_fail(job->u.query.question, e.text);
        mailbox_post(ob->mailbox, &job->message);
        return;
    }
    if (result < 0) {
        note_fault(ob, e.text);
        ob->failed += !job->failed;
        job->failed = true;
        mend_close(ob);
        put_back(ob, job, clock_monotonic_ns() + QUEUE_RETRY_NS);
        return;
    }
    ob->failed -= job->failed;
    job->failed = false;
    note_success(ob);
    if (job->kind == JOB_ROOM)
        put_back(ob, job, clock_monotonic_ns() + ob->room->again_in_ns);
    else if (job->kind == JOB_SCRUB)
        put_back(ob, job, clock_monotonic_ns() + job->u.scrub.again_in_ns);
    else if (job->kind == JOB_PROVE)
        put_back(ob, job, clock_monotonic_ns() + ob->prove_every_ns);
    else if (result > 0)
        put_back(ob, job, 0);
    else
        mailbox_post(ob->mailbox, &job->message);
}

/* What is fresh is settled, all of it moved into the database, and the next log begun: as far as
 * nothing comes meanwhile. */
static void move_log(struct outbox *ob)
{
    struct err e;
    ob->written_ns = clock_monotonic_ns(); /* what is left is tried again as long after */
    int result = worker_settle(ob, &e);
    if (result != 0)
        mend(ob, result, e.text);
    if (result != 0 || is_awaited(ob))
        return;
    store_checkpoint(&ob->store);
    if (is_awaited(ob))
        return;
    if (store_begin_log(&ob->store, &e) != 0) {
        note_unsettled(ob, &e);
        return;
    }
    ob->log_has_frames = ob->unsettled = false;
    note_success(ob);
    mend_begin_witness(ob);
}

/* Nothing was written for a while, and nothing is to be; `ob->lock` is held. */
static bool is_quiet(const struct outbox *ob, int64_t now_ns)
{
    return ob->log_has_frames && now_ns - ob->written_ns >= IDLE_NS &&
           queue_write_due_ns(&ob->queue) > now_ns;
}

/* Waits until something is due; false if a stop is over. `ob->lock` is held. */
static bool wait_for_work(struct outbox *ob, int64_t *ret_now_ns)
{
    for (;;) {
        int64_t due_ns = queue_due_ns(&ob->queue), now_ns = clock_monotonic_ns();
        *ret_now_ns = now_ns;
        if (is_quiet(ob, now_ns)) {
            uv_mutex_unlock(&ob->lock);
            move_log(ob);
            uv_mutex_lock(&ob->lock);
            continue;
        }
        if (due_ns <= now_ns)
            return true;
        if (ob->queue.stop && due_ns > ob->queue.stop_by_ns)
            return false;
        int64_t idle_ns = ob->log_has_frames ? ob->written_ns + IDLE_NS - now_ns : LONG_NS;
        int64_t left_ns = due_ns - now_ns;
        uv_cond_timedwait(&ob->wake, &ob->lock, (uint64_t)(left_ns < idle_ns ? left_ns : idle_ns));
    }
}

static bool take_work(struct outbox *ob, struct work *ret_work)
{
    int64_t now_ns;
    uv_mutex_lock(&ob->lock);
    bool goes_on = wait_for_work(ob, &now_ns) && queue_take(&ob->queue, now_ns, ret_work);
    if (goes_on)
        ob->in_hand = queue_count_events(&ret_work->writes);
    uv_mutex_unlock(&ob->lock);
    return goes_on;
}

void worker_run(void *outbox)
{
    struct outbox *ob = outbox;
    struct work work;
    while (take_work(ob, &work)) {
        if (work.chore)
            do_piece(ob, work.chore);
        else
            write_work(ob, &work);
    }
    end_store(ob);
    uv_mutex_lock(&ob->lock);
    give_up(ob, &ob->queue.writes);
    give_up(ob, &ob->queue.records.list);
    give_up(ob, &ob->queue.chores);
    ob->ended = true;
    uv_cond_signal(&ob->finished);
    uv_mutex_unlock(&ob->lock);
}
