/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox's start: what is found, where numbers go on, the thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "iface/limits.h"
#include "outbox/job.h"
#include "outbox/restore.h"

/* The journal goes on from there; and the numbers, if it knows that none was given since. */
static void begin_journal(struct outbox *ob, uint64_t stored_seq, struct outbox_found *found)
{
    bool is_ready = !found->numbers_unknown;
    /* One of an earlier run, which a run without a journal has followed, knows nothing. */
    if (journal_is_covered(ob->journal) && ob->meeting->journal.seq >= stored_seq)
        found->numbers_unknown = false;
    /* What was left out is left out by the next start, too, whether or not an event comes before
     * it. */
    struct journal_head head = {.seq = found->used_seq, .wall_ms = found->newest_wall_ms};
    memcpy(head.digest, found->head, sizeof head.digest);
    journal_begin(ob->journal, &head);
    /* One that the database lacks, though it has later ones, is in the journal alone. */
    if (found->restored_count > 0 && found->restored[0].event->seq <= stored_seq)
        stored_seq = found->restored[0].event->seq - 1;
    journal_note_committed(ob->journal, stored_seq);
    if (is_ready)
        journal_cover(ob->journal, true);
}

/* Nothing is handed over yet that could be written. */
static void stand_apart(struct outbox *ob, bool is_unread, const struct outbox_found *found)
{
    ob->meeting->is_unread = is_unread;
    ob->meeting->is_apart = is_unread || found->earlier || journal_is_apart(ob->journal);
    uv_mutex_lock(&ob->lock);
    ob->queue.apart = ob->meeting->is_apart;
    uv_mutex_unlock(&ob->lock);
}

/* The thread is there: what it has read in time, and what the journal has beside that. */
static int take_found(struct outbox *ob, int64_t wait_ms, struct outbox_found *of_journal,
                      struct outbox_found *ret_found, struct err *e)
{
    uint64_t stored_seq;
    bool is_read = meet_await(ob, wait_ms, ret_found, &stored_seq);
    int result = meet_find_taken(ob, e);
    if (result != 0)
        return result;
    restore_merge(&ob->store, of_journal, is_read ? ob->meeting->twins : NULL,
                  journal_is_apart(ob->journal), stored_seq, ret_found);
    if (ret_found->used_seq < of_journal->last_seq)
        ret_found->used_seq = of_journal->last_seq;
    begin_journal(ob, stored_seq, ret_found);
    if (!is_read)
        journal_stand_apart(ob->journal, true);
    stand_apart(ob, !is_read, ret_found);
    return 0;
}

/* Before anything of it is read; its folder is the thread's to take. */
static int take_store(struct outbox *ob, const struct outbox_options *options, struct err *e)
{
    ob->gone = calloc(1, sizeof *ob->gone);
    ob->meeting = calloc(1, sizeof *ob->meeting);
    if (ob->meeting)
        meet_init(ob->meeting);
    if (!ob->meeting || !ob->gone)
        return err_set(e, ENOMEM, "outbox: out of memory");
    snprintf(ob->store.path, sizeof ob->store.path, "%s/" STORE_FILE, options->dir);
    return hold_begin(&ob->meeting->hold, ob->store.path, options->journal_dir, e);
}

static int prepare(struct outbox *ob, const struct outbox_options *options,
                   struct outbox_found *of_journal, struct err *e)
{
    queue_init(&ob->queue);
    TAILQ_INIT(&ob->uncommitted);
    for (size_t i = 0; i < options->receiver_count; i++) {
        ob->receivers[i] = strdup(options->receivers[i]);
        ob->takes[i] = UPLINK_TAKES_ALL;
        ob->takes_clips[i] = true;
        if (!ob->receivers[i])
            return err_set(e, ENOMEM, "outbox: out of memory");
    }
    ob->store.gateway = options->gateway ? strdup(options->gateway) : NULL;
    if (options->gateway && !ob->store.gateway)
        return err_set(e, ENOMEM, "outbox: out of memory");
    ob->store.receivers = (const char *const *)ob->receivers;
    ob->store.receiver_count = options->receiver_count;
    if (options->journal_dir)
        ob->journal = journal_create(options->journal_dir, ob->store.path, LIMIT_JOURNAL_BYTES);
    if (options->journal_dir && !ob->journal)
        return err_set(e, ENOMEM, "outbox: out of memory");
    struct meeting *m = ob->meeting;
    m->journal_is_newest = restore_read(ob->journal, of_journal);
    m->journal_is_bad = of_journal->damage != NULL;
    m->journal_was_apart = journal_is_apart(ob->journal);
    m->journal =
        (struct journal_head){.seq = of_journal->last_seq, .wall_ms = of_journal->newest_wall_ms};
    memcpy(m->journal.digest, of_journal->head, sizeof m->journal.digest);
    m->twin_count = restore_list(of_journal, &m->twins);
    m->reserve_events = options->reserve_events;
    m->makes_folder = options->makes_dir;
    m->numbers_by_ns = clock_monotonic_ns() + options->numbers_wait_ms * 1000000;
    return 0;
}

static int start_thread(struct outbox *ob, uv_loop_t *loop, struct err *e)
{
    int result = mailbox_create(loop, &ob->mailbox, e);
    if (result != 0)
        return result;
    uv_mutex_init(&ob->lock);
    uv_cond_init(&ob->wake);
    uv_cond_init(&ob->finished);
    if (uv_thread_create(&ob->thread, worker_run, ob) == 0)
        return 0;
    mailbox_close(ob->mailbox);
    return err_set(e, EAGAIN, "outbox: no thread could be started");
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
    struct outbox_found of_journal = {0};
    int result = take_store(ob, options, e);
    if (result == 0)
        result = prepare(ob, options, &of_journal, e);
    if (result == 0) {
        outbox_add_upkeep(ob, options);
        result = start_thread(ob, loop, e);
    }
    if (result != 0) {
        outbox_free(ob);
    } else if ((result = take_found(ob, options->start_wait_ms, &of_journal, ret_found, e)) != 0) {
        outbox_abandon(ob);
        *ret_found = (struct outbox_found){0};
    } else {
        *ret_outbox = ob;
    }
    outbox_found_finish(&of_journal);
    return result;
}
