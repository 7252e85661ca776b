/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/end.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbox/mend.h"
#include "outbox/numbers.h"

static int say_damaged(const struct outbox *ob, struct err *e)
{
    return err_set(e, EBADMSG, "%s", ob->meeting->damage.text);
}

/* In its place, written anew if it was not; -EBADMSG while it is damaged. */
static int find_stored(struct outbox *ob, struct err *e)
{
    int result = ob->damaged ? say_damaged(ob, e) : mend_check_place(ob, e);
    if (result == 0)
        result = meet_to_write(ob, e);
    if (result == 0)
        result = mend_check_place(ob, e);
    if (result != -ESTALE && result != -EBADMSG)
        return result;
    struct err why = *e;
    mend(ob, result, why.text);
    result = ob->damaged ? say_damaged(ob, e) : meet_to_write(ob, e);
    return result == 0 ? mend_check_place(ob, e) : result;
}

int end_look(struct outbox *ob, const struct job_list *barriers, struct err *e)
{
    const struct job *job;
    bool looks = false;
    STAILQ_FOREACH(job, barriers, next)
    {
        looks = looks || (job->kind == JOB_BARRIER && job->u.barrier.looks);
    }
    return looks && ob->meeting->is_met ? find_stored(ob, e) : 0;
}

/* What has failed says nothing of the place: that is looked at whatever it is. */
static int settle_last(struct outbox *ob, bool is_clean, struct err *e)
{
    struct err moved;
    int result = is_clean ? numbers_end(&ob->store, e) : worker_settle(ob, e);
    int place = mend_check_place(ob, &moved);
    if (place != 0)
        *e = moved;
    else if (result != 0)
        mend_close(ob); /* what is fresh is counted anew */
    return place != 0 ? place : result;
}

/* What is lost of one that was damaged had numbers: it does not end as a clean one. */
static int find_and_settle(struct outbox *ob, bool *is_clean, struct err *e)
{
    int result = find_stored(ob, e);
    *is_clean = *is_clean && !ob->damaged && !ob->meeting->was_tried_last;
    return result == 0 ? settle_last(ob, *is_clean, e) : result;
}

static int try_to_end(struct outbox *ob, bool *is_clean, struct err *e)
{
    int result = find_and_settle(ob, is_clean, e);
    bool is_news = (result == -EBADMSG && !ob->damaged) || (result == -ESTALE && !ob->adrift);
    if (!is_news)
        return result;
    struct err why = *e;
    mend(ob, result, why.text);
    return find_and_settle(ob, is_clean, e);
}

/* Where it cannot be settled. One of which more is wrong was told, and one that was never read has
 * taken nothing. */
static bool was_seen(struct outbox *ob)
{
    struct meeting *m = ob->meeting;
    struct err e;
    if (!m->is_met || ob->adrift || m->ended_damaged)
        return true;
    m->ended_damaged = meet_to_read(ob, &e) != 0 || mend_check_place(ob, &e) != 0;
    return !m->ended_damaged;
}

/* False if the stop is over. */
static bool wait_for_next_try(struct outbox *ob)
{
    uv_mutex_lock(&ob->lock);
    int64_t left_ns = ob->queue.stop_by_ns - clock_monotonic_ns();
    bool has_time = left_ns >= QUEUE_STOP_RETRY_NS;
    if (has_time)
        uv_cond_timedwait(&ob->wake, &ob->lock, (uint64_t)QUEUE_STOP_RETRY_NS);
    uv_mutex_unlock(&ob->lock);
    return has_time;
}

/* If it cannot be settled, the next start finds it fresh; that the stop was clean is said only if
 * everything is written. What is open may be cut, or have no name any more, and nobody has seen
 * that yet. */
void end_store(struct outbox *ob)
{
    struct store *s = &ob->store;
    struct err e;
    uv_mutex_lock(&ob->lock);
    bool is_clean = STAILQ_EMPTY(&ob->queue.writes), is_taken = ob->meeting->is_taken;
    uv_mutex_unlock(&ob->lock);
    if (is_taken)
        return;
    int result = try_to_end(ob, &is_clean, &e);
    while (result != 0 && ob->meeting->is_met && wait_for_next_try(ob))
        result = try_to_end(ob, &is_clean, &e);
    if (result != 0)
        log_warning("outbox", "not all is settled at the stop: %s", e.text);
    mend_end(ob, result == -EBADMSG || ob->damaged);
    if (result != 0 && !was_seen(ob))
        log_error("outbox", "the store cannot be opened at the stop: nobody saw whether what was "
                            "stored is there");
    ob->meeting->ended_clean = is_clean && result == 0;
    if ((result == 0 || ob->damaged) && witness_write(&ob->witness, s, &e) != 0)
        log_warning("outbox", "%s", e.text);
    store_close(s);
}
