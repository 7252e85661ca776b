/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/mend.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lasting.h"
#include "base/log.h"
#include "base/plural.h"
#include "outbox/found.h"
#include "outbox/salvage.h"
#include "outbox/unreported.h"

#define AGAIN_NS INT64_C(600000000000)
#define MEANS_NS INT64_C(1000000000) /* what has put nothing aside for want of descriptors, say */
#define MOVE_NS  INT64_C(1000000000) /* doubled each time, up to that */

static bool stops(struct outbox *ob)
{
    uv_mutex_lock(&ob->lock);
    bool stops = ob->queue.stop || ob->meeting->leaves;
    uv_mutex_unlock(&ob->lock);
    return stops;
}

/* Not twice in a short time if something is put aside: what damages it would fill the disk. At a
 * stop, which ends, at once, and again as soon as may help. */
static bool is_too_soon(struct outbox *ob)
{
    struct meeting *m = ob->meeting;
    bool is_stop = stops(ob), is_first = is_stop && !m->was_tried_last;
    m->was_tried_last = is_stop;
    return !is_first && m->was_mended &&
           clock_monotonic_ns() - m->mended_ns < (is_stop ? MEANS_NS : AGAIN_NS);
}

/* Likewise, but of the only copy of what was told as stored: no longer than needed for that, and
 * not at a stop. */
static bool is_too_soon_to_move(struct outbox *ob)
{
    const struct meeting *m = ob->meeting;
    return !stops(ob) && clock_monotonic_ns() - m->moved_ns < m->move_again_ns;
}

static void note_moved_aside(struct meeting *m)
{
    int64_t now_ns = clock_monotonic_ns(), twice_ns = 2 * m->move_again_ns;
    bool goes_on = m->move_again_ns > 0 && now_ns - m->moved_ns < m->move_again_ns + AGAIN_NS;
    m->move_again_ns = !goes_on ? MOVE_NS : twice_ns < AGAIN_NS ? twice_ns : AGAIN_NS;
    m->moved_ns = m->mended_ns = now_ns;
    m->was_mended = true;
}

static void tell_put(const struct owed_range *put, struct outbox_found *found)
{
    char *both, text[160];
    if (put->count == 0)
        return;
    snprintf(text, sizeof text,
             "%zu event%s that %s still to be sent, %llu to %llu, were in memory, and %s stored "
             "once more",
             put->count, plural((long long)put->count), put->count == 1 ? "is" : "are",
             (unsigned long long)put->first, (unsigned long long)put->last,
             put->count == 1 ? "is" : "are");
    log_warning("outbox", "%s", text);
    if (!found->damage)
        return;
    if (asprintf(&both, "%s; %s", found->damage, text) < 0)
        abort(); /* without memory: start anew */
    free(found->damage);
    found->damage = both;
}

/* What is open now, not what is left of it, is what is open; and which events are left. */
static int go_on_with_fresh(struct outbox *ob, struct outbox_found *found, struct err *e)
{
    struct owed_range put;
    int result = owed_put(&ob->meeting->owed, &ob->store, &put, e);
    if (result == 0) {
        tell_put(&put, found);
        result = store_read_head(&ob->store, found, e);
    }
    if (result != 0)
        return result;
    ob->witness.was_absent = false;
    witness_take(&ob->witness, found);
    witness_tell(&ob->witness, NULL, 0, found);
    result = newest_put(&ob->newest, &ob->store, e);
    if (result == 0 && found->damage)
        result = unreported_add(&ob->store, found->damage, found->state_lost, e);
    return result;
}

/* Until it is mended an event is stored before, and without, what needs all of it. */
static void set_damaged(struct outbox *ob, bool damaged)
{
    ob->damaged = ob->store.keeps_fresh = damaged;
    uv_mutex_lock(&ob->lock);
    ob->queue.events_first = damaged;
    uv_mutex_unlock(&ob->lock);
}

/* A full disk takes none, but events still. */
static void write_witness(struct outbox *ob)
{
    struct err refused;
    int written = witness_write(&ob->witness, &ob->store, &refused);
    outbox_tell_witness(ob, written == 0 ? NULL : refused.text);
}

static int end_mending(struct outbox *ob, int result, struct outbox_found *found, struct err *e)
{
    if (result == 0)
        result = go_on_with_fresh(ob, found, e);
    if (result == 0) {
        ob->log_has_frames = true;
        set_damaged(ob, false);
        write_witness(ob); /* not in a minute: a start after a kill would miss what is lost here */
    }
    if (found->damage)
        outbox_tell_damage(ob, found->damage);
    outbox_found_finish(found);
    return result;
}

/* It may heal by itself (a log that was cut and is made anew), and whoever met it may never ask for
 * the same again: whether it is whole is for the scrub to say, from the beginning. */
static void look_anew(struct outbox *ob)
{
    struct job *job;
    uv_mutex_lock(&ob->lock);
    STAILQ_FOREACH(job, &ob->queue.chores, next)
    {
        if (job->kind != JOB_SCRUB)
            continue;
        scrub_init(&job->u.scrub);
        job->again_ns = 0;
    }
    uv_mutex_unlock(&ob->lock);
}

/* What was cut may have had rows of state that are there with older texts now. */
void mend_note_looked(struct outbox *ob, bool is_whole)
{
    struct err e;
    if (!is_whole || !ob->damaged || mend_check_place(ob, &e) != 0)
        return;
    ob->log_has_frames = true;
    set_damaged(ob, newest_put(&ob->newest, &ob->store, &e) != 0);
}

static void mend_damaged(struct outbox *ob, const char *why)
{
    struct err e;
    struct outbox_found found = {0};
    struct meeting *m = ob->meeting;
    bool is_known = ob->damaged;
    err_set(&m->damage, EBADMSG, "%s", why);
    set_damaged(ob, true);
    if (!is_known)
        look_anew(ob);
    if (is_too_soon(ob))
        return;
    m->was_mended = true; /* or tried: a try reads all of it, and may write as much */
    m->mended_ns = clock_monotonic_ns();
    store_close(&ob->store);
    int result = salvage_running(&ob->store, why, &found, &e);
    if (end_mending(ob, result, &found, &e) == 0) {
        m->refusal.text[0] = '\0';
        return;
    }
    if (result == -EAGAIN)
        m->mended_ns -= AGAIN_NS - MEANS_NS;
    if (strcmp(m->refusal.text, e.text) != 0)
        log_error("outbox", "the damaged database cannot be mended: %s", e.text);
    m->refusal = e;
    store_close(&ob->store);
}

int mend_hold(struct outbox *ob, struct err *e)
{
    char folder[sizeof ob->store.path];
    struct hold *h = &ob->meeting->hold;
    int result = hold_folder(h, ob->store.path, e);
    if (result != 0)
        return result;
    snprintf(folder, sizeof folder, "%s", ob->store.path);
    *strrchr(folder, '/') = '\0';
    const char *forgets = lasting_forgets(folder); /* of a few names, each of them one string */
    if (!h->forgets_told || forgets != h->forgets)
        outbox_tell_forgets(ob, forgets);
    h->forgets_told = true;
    h->forgets = forgets;
    return 0;
}

/* The open one, which no name leads to any more, goes on in a fresh one. */
static int move_back(struct outbox *ob, struct err *e)
{
    struct outbox_found found = {0};
    bool has_aside;
    if (is_too_soon_to_move(ob) && !salvage_is_absent(&ob->store))
        return err_set(e, EAGAIN,
                       "%s, once more: what is stored is written anew within ten minutes, and at "
                       "a stop",
                       ob->adrift);
    int result = mend_hold(ob, e);
    if (result != 0)
        return result;
    result = salvage_open(&ob->store, ob->adrift, &found, &has_aside, e);
    if (ob->store.db && result != 0) {
        outbox_found_finish(&found);
        return result;
    }
    free(ob->adrift);
    ob->adrift = NULL; /* it is in its place, if not open */
    result = end_mending(ob, result, &found, e);
    if (has_aside)
        note_moved_aside(ob->meeting);
    return result;
}

int mend_reopen_to_read(struct outbox *ob, struct err *e)
{
    struct outbox_found found = {0};
    struct hold *h = &ob->meeting->hold;
    if (ob->store.db)
        return hold_folder_again(h, ob->store.path, clock_monotonic_ns(), e);
    int result = mend_hold(ob, e);
    if (result != 0)
        return result;
    result = salvage_finish(&ob->store, &found, e);
    if (found.damage)
        outbox_tell_damage(ob, found.damage);
    outbox_found_finish(&found);
    salvage_is_absent(&ob->store); /* the log of one that is gone is kept */
    if (result == 0)
        result = store_open(&ob->store, e);
    if (result == 0)
        result = hold_folder(h, ob->store.path, e); /* it may have come since */
    if (result == 0)
        result = store_read_head(&ob->store, &found, e);
    if (result == 0)
        result = witness_check(&ob->witness, &ob->store, &found, e);
    if (result != 0)
        store_close(&ob->store);
    return result;
}

int mend_reopen(struct outbox *ob, struct err *e)
{
    int result = ob->adrift ? move_back(ob, e) : 0;
    return result == 0 ? mend_reopen_to_read(ob, e) : result;
}

/* One that no name leads to any more may be the only one, whatever has failed. */
void mend_close(struct outbox *ob)
{
    struct err e;
    if (!ob->adrift && ob->store.db && mend_check_place(ob, &e) == -ESTALE)
        mend(ob, -ESTALE, e.text);
    if (!ob->adrift)
        store_close(&ob->store);
}

int mend_check_place(struct outbox *ob, struct err *e)
{
    return place_check(&ob->store.place, ob->store.db, ob->store.path, e);
}

static void drift(struct outbox *ob, const char *why)
{
    char *text = strdup(why); /* which may be the one that is freed */
    if (!text)
        abort();
    free(ob->adrift);
    ob->adrift = text;
}

void mend(struct outbox *ob, int result, const char *why)
{
    struct err e;
    bool is_new = !ob->adrift;
    if (result == -EBADMSG && is_new)
        mend_damaged(ob, why);
    if (result != -ESTALE || !ob->store.db)
        return;
    drift(ob, why);
    if (is_new && move_back(ob, &e) != 0 && ob->adrift) {
        log_error("outbox", "%s: cannot be written anew yet: %s", why, e.text);
        outbox_tell_damage(ob, why);
    }
}

void mend_begin_witness(struct outbox *ob)
{
    if (witness_is_first(&ob->witness))
        write_witness(ob);
}

int mend_prove(struct outbox *ob, struct err *e)
{
    struct store *s = &ob->store;
    int result = mend_reopen(ob, e);
    if (result == 0)
        result = mend_check_place(ob, e);
    if (result == 0)
        result = store_begin_log(s, e);
    if (result == 0)
        result = mend_check_place(ob, e);
    if (result == 0)
        result = place_read_back(s->db, s->path, s->log_pages, e);
    if (result != 0)
        return result;
    ob->log_has_frames = ob->log_has_frames || store_log_is_long(s);
    write_witness(ob);
    return 0;
}

/* How many events are in what is open: "5 events, 1 to 5: ", or "" if that cannot be read. */
static void count_stored(const struct store *s, char *ret_text, size_t size)
{
    sqlite3_stmt *row = NULL;
    ret_text[0] = '\0';
    if (s->db &&
        sqlite3_prepare_v2(s->db,
                           "SELECT count(*),min(seq),max(seq) FROM"
                           " (SELECT seq FROM event UNION SELECT seq FROM fresh)",
                           -1, &row, NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int64(row, 0) > 0)
        snprintf(ret_text, size,
                 "%lld event%s, %lld to %lld: ", (long long)sqlite3_column_int64(row, 0),
                 plural(sqlite3_column_int64(row, 0)), (long long)sqlite3_column_int64(row, 1),
                 (long long)sqlite3_column_int64(row, 2));
    sqlite3_finalize(row);
}

/* What has a name still is lost only if the next start does not find it in its place. */
static void tell_adrift(const struct store *s)
{
    char name[sizeof s->path], events[100];
    count_stored(s, events, sizeof events);
    enum place_found found = place_find(&s->place, name, sizeof name);
    if (found == PLACE_COVERED)
        log_error("outbox",
                  "%s: what was stored is not there, and could not be written there: %sits file is "
                  "there still, under what is mounted over it; unmount that before the next start",
                  s->path, events);
    else if (found == PLACE_NAMED)
        log_error(
            "outbox",
            "%s: what was stored is not there, and could not be written there: %sits file %s%s; "
            "move it back, with its log (-wal), before the next start",
            s->path, events, name[0] ? "is " : "has another name", name);
    else
        log_error("outbox",
                  "what was stored is lost: %sits file was taken away, and no other could be "
                  "written",
                  events);
}

void mend_end(struct outbox *ob, bool is_damaged)
{
    ob->meeting->ended_damaged = is_damaged;
    if (is_damaged)
        log_error("outbox", "the store is damaged, and could not be mended at the stop: the next "
                            "start keeps what can be read of it, and says what is lost");
    if (ob->adrift)
        tell_adrift(&ob->store);
}
