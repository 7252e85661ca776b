/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/meet.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbox/job.h"
#include "outbox/log_alone.h"
#include "outbox/mend.h"
#include "outbox/numbers.h"
#include "outbox/salvage.h"
#include "outbox/unreported.h"

#define SALVAGE_AGAIN_NS INT64_C(60000000000)

struct found_message {
    struct mailbox_message message;
    struct outbox *outbox;
    struct outbox_found found;
};

static void deliver_found(struct mailbox_message *message)
{
    struct found_message *late = (struct found_message *)message;
    struct outbox *ob = late->outbox;
    if (!late->found.numbers_unknown)
        journal_cover(ob->journal, true);
    if (late->found.damage)
        ob->host.on_damage(ob->host.arg, late->found.damage);
    ob->meeting->is_unread = false;
    if (ob->host.on_found)
        ob->host.on_found(ob->host.arg, &late->found);
    outbox_found_finish(&late->found);
    free(late);
}

static void tell_found(struct outbox *ob, struct outbox_found *found)
{
    struct found_message *late = calloc(1, sizeof *late);
    if (!late)
        abort();
    *late = (struct found_message){
        .message = {.deliver = deliver_found}, .outbox = ob, .found = *found};
    *found = (struct outbox_found){0};
    mailbox_post(ob->mailbox, &late->message);
}

static void open_witness(struct outbox *ob, bool was_absent)
{
    struct err e;
    if (witness_open(&ob->witness, ob->store.path, &e) != 0)
        log_warning("outbox", "%s: what the store had before is not known from it", e.text);
    ob->witness.was_absent = was_absent;
}

static int read_found(struct outbox *ob, struct outbox_found *found, struct err *e)
{
    int result = store_read_found(&ob->store, found, e);
    if (result == 0 && !unreported_take(found))
        abort(); /* without memory: start anew */
    return result == 0 ? witness_check(&ob->witness, &ob->store, found, e) : result;
}

/* It may be readable by the next try, or as it is; that it was damaged is to be told all the same.
 */
static void note_unsalvaged(struct meeting *m, const char *why, const struct err *refusal)
{
    free(m->unsalvaged);
    if (asprintf(
            &m->unsalvaged,
            "the outbox was damaged (%s), and could not be put aside (%s): it is used as it is",
            why, refusal->text) < 0)
        abort(); /* without memory: start anew */
}

/* It was salvaged, and that is told. */
static void forget_unsalvaged(struct meeting *m)
{
    free(m->unsalvaged);
    m->unsalvaged = NULL;
}

/* Beside what is told of it already. */
static void tell_unsalvaged(struct meeting *m, struct outbox_found *found)
{
    char *both = m->unsalvaged;
    if (both && found->damage && asprintf(&both, "%s\n%s", found->damage, m->unsalvaged) < 0)
        abort(); /* likewise */
    if (!both)
        return;
    if (both == m->unsalvaged)
        m->unsalvaged = NULL;
    forget_unsalvaged(m);
    free(found->damage);
    found->damage = both;
}

/* One that cannot be salvaged, since nothing can be written, would be copied at every try. */
static int salvage_found(struct outbox *ob, const char *why, struct outbox_found *found,
                         struct err *e)
{
    struct meeting *m = ob->meeting;
    int64_t now_ns = clock_monotonic_ns();
    store_close(&ob->store);
    outbox_found_finish(found);
    if (m->salvaged_ns != 0 && now_ns - m->salvaged_ns < SALVAGE_AGAIN_NS)
        return err_set(e, EIO, "%s", why);
    int result = salvage(&ob->store, why, found, e);
    m->salvaged_ns = result == 0 || result == -EAGAIN ? 0 : now_ns;
    if (found->damage)
        forget_unsalvaged(m);
    else
        note_unsalvaged(m, why, e);
    if (result == 0)
        result = store_read_found(&ob->store, found, e);
    if (result == 0 && !unreported_take(found))
        abort(); /* without memory: start anew */
    return result;
}

/* If it cannot be made, the next step says so. */
static void make_folder(struct outbox *ob)
{
    char folder[sizeof ob->store.path];
    snprintf(folder, sizeof folder, "%s", ob->store.path);
    *strrchr(folder, '/') = '\0';
    if (ob->meeting->makes_folder)
        mkdir(folder, 0700);
    ob->meeting->makes_folder = false;
}

static int read_database(struct outbox *ob, struct outbox_found *found, struct err *e)
{
    struct store *s = &ob->store;
    make_folder(ob);
    int result = mend_hold(ob, e);
    if (result == 0)
        witness_remove_begun(s->path);
    if (result == 0)
        result = salvage_finish(s, found, e);
    if (found->damage)
        forget_unsalvaged(ob->meeting);
    int left = result == 0 ? log_alone_is_left(s->path) : 0;
    if (left != 0)
        result = left > 0 ? log_alone_hold_place(s->path, e) : err_system(e, -left, "%s", s->path);
    bool was_absent = result == 0 && salvage_is_absent(s);
    if (result == 0)
        result = store_open(s, e);
    if (result == 0)
        result = hold_folder(&ob->meeting->hold, s->path, e); /* it may have come in between */
    if (result == 0 || result == -EBADMSG)
        open_witness(ob, was_absent);
    if (result == 0)
        result = read_found(ob, found, e);
    if (result != -EBADMSG)
        return result;
    struct err why = *e;
    return salvage_found(ob, why.text, found, e);
}

/* What cannot be written, by this user or at all, can be read perhaps; but not what another process
 * has open, or what is another gateway's, which the error then says. */
static int read_only(struct outbox *ob, int refused, struct outbox_found *found, struct err *why)
{
    struct err e;
    store_close(&ob->store);
    outbox_found_finish(found);
    bool is_not_ours = refused == -EBUSY || refused == -EEXIST;
    int result = is_not_ours ? refused : store_open_to_read(&ob->store, &e);
    if (result == -EEXIST && !is_not_ours)
        *why = e;
    if (result == 0)
        open_witness(ob, false);
    if (result == 0)
        result = store_read_found(&ob->store, found, &e);
    if (result == 0 && !unreported_take(found))
        abort(); /* without memory: start anew */
    if (result != 0) {
        store_close(&ob->store);
        outbox_found_finish(found);
    }
    return result;
}

/* No file of that name in a folder that can be looked into, or one that is only begun, and no
 * witness of another: whatever is wrong, it holds nothing. */
static bool is_new(struct outbox *ob)
{
    const struct store *s = &ob->store;
    char folder[sizeof s->path];
    struct stat info;
    snprintf(folder, sizeof folder, "%s", s->path);
    *strrchr(folder, '/') = '\0';
    open_witness(ob, false);
    if (ob->witness.stored.seq > 0 || log_alone_is_left(s->path) != 0)
        return false;
    if (lstat(s->path, &info) == 0)
        return S_ISREG(info.st_mode) && info.st_size == 0;
    return errno == ENOENT && access(folder, X_OK) == 0;
}

/* Of the journal's events it is known already who is owed them. */
static void drop_twins(const struct meeting *m, struct outbox_found *found)
{
    size_t kept = 0;
    for (size_t i = 0; i < found->pending_count; i++) {
        size_t t = 0;
        while (t < m->twin_count && m->twins[t].seq != found->pending[i].seq)
            t++;
        if (t == m->twin_count)
            found->pending[kept++] = found->pending[i];
    }
    found->pending_count = kept;
    kept = 0;
    for (size_t i = 0; i < found->upload_count; i++) {
        size_t t = 0;
        while (t < m->twin_count && m->twins[t].seq != found->uploads[i].seq)
            t++;
        if (t == m->twin_count)
            found->uploads[kept++] = found->uploads[i];
    }
    found->upload_count = kept;
}

/* Before numbers are given. */
static int make_ready(struct outbox *ob, struct err *e)
{
    struct meeting *m = ob->meeting;
    if (m->has_ceiling)
        return 0;
    uv_mutex_lock(&ob->lock);
    uint64_t used = m->last_given > m->used_seq ? m->last_given : m->used_seq;
    uv_mutex_unlock(&ob->lock);
    int result = numbers_begin(&ob->store, used, e);
    if (result != 0)
        return result;
    m->has_ceiling = true;
    uv_mutex_lock(&ob->lock);
    m->is_ready = true;
    uv_cond_signal(&ob->finished);
    uv_mutex_unlock(&ob->lock);
    return 0;
}

/* Its events have numbers that were given to others here: it cannot be taken over. */
static bool is_of_another(const struct meeting *m, bool has_other)
{
    return m->is_late && (has_other || (m->first_given > 0 && m->stored_seq >= m->first_given));
}

enum taken { TAKEN_IN_TIME, TAKEN_LATE, TAKEN_NOT };

/* What was read is the loop's; or, if that has gone on, whoever makes ready tells it then. */
static enum taken hand_over(struct outbox *ob, struct outbox_found *found, uint64_t stored_seq,
                            bool has_other)
{
    struct meeting *m = ob->meeting;
    enum taken taken = TAKEN_LATE;
    uv_mutex_lock(&ob->lock);
    m->stored_seq = stored_seq;
    m->head = (struct outbox_head){.last_seq = found->last_seq, .used_seq = found->used_seq};
    memcpy(m->head.digest, found->head, sizeof m->head.digest);
    if (is_of_another(m, has_other)) {
        taken = TAKEN_NOT;
    } else if (!m->is_late) {
        m->found = *found;
        m->is_read = true;
        taken = TAKEN_IN_TIME;
    }
    uv_cond_signal(&ob->finished);
    uv_mutex_unlock(&ob->lock);
    return taken;
}

static void take_head(const struct journal_head *head, struct outbox_found *found)
{
    if (head->seq <= found->last_seq)
        return;
    found->last_seq = head->seq;
    found->newest_wall_ms = head->wall_ms;
    memcpy(found->head, head->digest, sizeof found->head);
}

/* Where the chain goes on, and what of it is lost: with the journal and the witness. */
static void complete(struct outbox *ob, uint64_t stored_seq, struct outbox_found *found)
{
    struct meeting *m = ob->meeting;
    witness_take(&ob->witness, found);
    take_head(&m->journal, found);
    witness_tell(&ob->witness, m->twins, m->twin_count, found);
    /* One of an earlier run, which a run without a journal has followed, is not. */
    bool is_newest = m->journal_is_newest && m->journal.seq >= stored_seq;
    /* What was stopped leaves a whole journal: who has damaged it may have the store, too. */
    bool is_clean = numbers_end_clean(&ob->store, stored_seq) && !m->journal_is_bad;
    found->used_seq =
        numbers_used(&ob->store, found->last_seq, is_newest, is_clean, found->damage != NULL);
    if (ob->witness.is_contradicted && !is_newest)
        found->used_seq = numbers_used_at_most(found->last_seq, ob->witness.ceiling);
    is_clean = is_clean && !ob->witness.is_contradicted;
    if (found->used_seq > found->last_seq && !is_clean) /* else that was said when it was so */
        log_warning("outbox",
                    "%s, and no whole journal is left: numbers from %llu to %llu "
                    "are left out, in case events were sent with them that are lost here",
                    ob->witness.is_contradicted ? "the store has lost events"
                                                : "the gateway was not stopped",
                    (unsigned long long)found->last_seq + 1, (unsigned long long)found->used_seq);
}

static void note_met(struct outbox *ob, uint64_t used_seq)
{
    ob->log_has_frames = ob->store.fresh > 0; /* a kill left it */
    ob->written_ns = clock_monotonic_ns();    /* and no press of the first moment waits for it */
    ob->meeting->used_seq = used_seq;
    ob->meeting->is_met = true;
}

static int say_refused(const struct outbox *ob, struct err *e)
{
    return err_set(e, EEXIST,
                   "%s came late, with numbers that were given to other events meanwhile: it "
                   "cannot be taken over while tocsind runs; leave it there, and restart tocsind",
                   ob->store.path);
}

static int refuse(struct outbox *ob, struct outbox_found *found, struct err *e)
{
    struct stat info;
    outbox_found_finish(found);
    newest_free(&ob->newest);
    store_close(&ob->store);
    if (stat(ob->store.path, &info) == 0) {
        ob->meeting->refused_dev = info.st_dev;
        ob->meeting->refused_ino = info.st_ino;
    }
    return say_refused(ob, e);
}

/* It is not read again and again. */
static bool was_refused(const struct outbox *ob)
{
    struct stat info;
    const struct meeting *m = ob->meeting;
    return m->refused_ino != 0 && stat(ob->store.path, &info) == 0 &&
           info.st_dev == m->refused_dev && info.st_ino == m->refused_ino;
}

/* Asked before anything is told of it, or written into it; and once more when it is handed over. */
static bool cannot_be_taken(struct outbox *ob, uint64_t stored_seq, bool has_other)
{
    struct meeting *m = ob->meeting;
    uv_mutex_lock(&ob->lock);
    m->stored_seq = stored_seq;
    bool cannot = is_of_another(m, has_other);
    uv_mutex_unlock(&ob->lock);
    return cannot;
}

/* It was read, and can be written if it is not `refused`. */
static int take_over(struct outbox *ob, int refused, struct outbox_found *found, struct err *e)
{
    struct meeting *m = ob->meeting;
    uint64_t stored_seq = found->last_seq;
    tell_unsalvaged(m, found);
    bool has_other =
        restore_compare(&ob->store, m->twins, m->twin_count, m->journal_was_apart, found);
    if (cannot_be_taken(ob, stored_seq, has_other))
        return refuse(ob, found, e);
    complete(ob, stored_seq, found);
    if (refused == 0 && unreported_put(&ob->store, found, e) != 0)
        log_warning("outbox", "%s", e->text);
    for (size_t i = 0; i < found->row_count; i++)
        newest_note(&ob->newest, found->rows[i].name, found->rows[i].text);
    uint64_t used_seq = found->used_seq;
    struct owed_press presses[LIMIT_OWED];
    size_t press_count = owed_list_presses(found, presses);
    enum taken taken = hand_over(ob, found, stored_seq, has_other);
    if (taken == TAKEN_NOT)
        return refuse(ob, found, e);
    note_met(ob, used_seq);
    int result = refused != 0 ? refused : make_ready(ob, e);
    if (taken == TAKEN_LATE) {
        drop_twins(m, found);
        found->numbers_unknown = !m->has_ceiling;
        tell_found(ob, found);
    }
    if (ob->store.db)
        owed_note_presses(&m->owed, &ob->store, presses, press_count);
    return result;
}

static int meet(struct outbox *ob, struct err *e)
{
    struct outbox_found found = {0};
    if (was_refused(ob))
        return say_refused(ob, e);
    int refused = read_database(ob, &found, e);
    int result = refused == 0 ? 0 : read_only(ob, refused, &found, e);
    if (result == 0)
        return take_over(ob, refused, &found, e);
    return refused == -EBADMSG ? -EIO : refused;
}

int meet_to_read(struct outbox *ob, struct err *e)
{
    struct store *s = &ob->store;
    struct err why;
    int result = ob->meeting->is_met ? 0 : meet(ob, e);
    if (!ob->meeting->is_met || s->db)
        return ob->meeting->is_met ? 0 : result;
    result = mend_reopen_to_read(ob, e);
    if (result == 0 || result == -EBADMSG || result == -EBUSY || result == -EEXIST)
        return result;
    return store_open_to_read(s, &why) == 0 ? 0 : result;
}

int meet_to_change(struct outbox *ob, struct err *e)
{
    int result = meet_to_read(ob, e);
    return result == 0 && ob->store.is_read_only ? meet_to_write(ob, e) : result;
}

int meet_to_write(struct outbox *ob, struct err *e)
{
    if (!ob->meeting->is_met)
        return meet(ob, e);
    if (ob->store.is_read_only)
        store_close(&ob->store);
    int result = mend_reopen(ob, e);
    return result == 0 ? make_ready(ob, e) : result;
}

/* The disk has nothing else to do yet, and the first press is to find the room; but one that comes
 * meanwhile has the disk for itself, and the rest is taken later. */
static void take_room(struct outbox *ob)
{
    struct room room;
    struct err e;
    bool is_awaited = false;
    room_init_first(&room, ob->meeting->reserve_events);
    while (!is_awaited && room_go_on(&ob->store, &room, &e) > 0) {
        uv_mutex_lock(&ob->lock);
        is_awaited = queue_write_is_due(&ob->queue, clock_monotonic_ns());
        uv_mutex_unlock(&ob->lock);
    }
}

void meet_note_try(struct outbox *ob, int result, const struct err *e)
{
    struct meeting *m = ob->meeting;
    bool none = !m->is_over && !m->is_met && is_new(ob);
    if (!m->is_over && result == 0 && m->reserve_events > 0 && m->stored_seq == 0 &&
        store_free_bytes(&ob->store) == 0)
        take_room(ob);
    uv_mutex_lock(&ob->lock);
    m->is_new = m->is_new || none;
    if (!m->is_over && !m->is_late)
        m->is_taken = result == -EBUSY && m->hold.is_of_another;
    if (!m->is_over && result != 0)
        snprintf(m->why, sizeof m->why, "%s", e->text);
    m->is_over = true;
    uv_cond_signal(&ob->finished);
    uv_mutex_unlock(&ob->lock);
}
