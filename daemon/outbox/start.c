/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox's start: what is found, where numbers go on, the thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "iface/limits.h"
#include "outbox/job.h"
#include "outbox/numbers.h"
#include "outbox/restore.h"
#include "outbox/salvage.h"

static int open_database(struct outbox *ob, struct outbox_found *found, struct err *e)
{
    int result = salvage_finish(&ob->store, found, e);
    ob->witness.was_absent = result == 0 && salvage_is_absent(&ob->store);
    if (result == 0)
        result = store_open(&ob->store, e);
    if (result == 0)
        result = store_read_found(&ob->store, found, e);
    if (result == 0)
        result = witness_check(&ob->witness, &ob->store, found, e);
    if (result == -EBADMSG) {
        struct err why = *e;
        store_close(&ob->store);
        outbox_found_finish(found);
        result = salvage(&ob->store, why.text, found, e);
        if (result == 0)
            result = store_read_found(&ob->store, found, e);
    }
    for (size_t i = 0; result == 0 && i < found->row_count; i++)
        newest_note(&ob->newest, found->rows[i].name, found->rows[i].text);
    return result;
}

/* Where numbers go on, which must be known before one is given. */
static void begin_numbers(struct outbox *ob, bool head_is_newest, uint64_t stored_seq,
                          struct outbox_found *found)
{
    struct err e;
    found->used_seq = numbers_used(&ob->store, found->last_seq, stored_seq, head_is_newest,
                                   found->damage != NULL);
    if (ob->witness.is_contradicted && !head_is_newest)
        found->used_seq = numbers_used_at_most(found->last_seq, ob->witness.ceiling);
    if (found->used_seq > found->last_seq)
        log_warning("outbox",
                    "%s, and no journal is left: numbers from %llu to %llu "
                    "are left out, in case events were sent with them that are lost here",
                    ob->witness.is_contradicted ? "the store has lost events"
                                                : "the gateway was not stopped",
                    (unsigned long long)found->last_seq + 1, (unsigned long long)found->used_seq);
    /* Of an end that was clean the store says so until this is written. */
    bool is_covered = head_is_newest && !ob->store.is_clean;
    if (numbers_begin(&ob->store, found->used_seq, &e) == 0)
        return;
    if (!is_covered)
        found->used_seq = numbers_leap(found->used_seq);
    log_warning("outbox", "%s: numbers go on above %llu", e.text,
                (unsigned long long)found->used_seq);
    store_close(&ob->store); /* opened anew by the first batch */
}

static int open_store(struct outbox *ob, int64_t reserve_events, struct outbox_found *found,
                      struct err *e)
{
    int result = open_database(ob, found, e);
    if (result != 0)
        return result;
    if (reserve_events > 0 && found->last_seq == 0 && store_free_bytes(&ob->store) == 0)
        room_take_first(&ob->store, reserve_events);
    uint64_t stored_seq = found->last_seq;
    witness_take(&ob->witness, found);
    bool head_is_newest = restore(ob->journal, &ob->store, found);
    witness_tell(&ob->witness, found);
    begin_numbers(ob, head_is_newest, stored_seq, found);
    /* What was left out is left out by the next start, too, whether or not an event comes before
     * it. */
    struct journal_head head = {.seq = found->used_seq, .wall_ms = found->newest_wall_ms};
    memcpy(head.digest, found->head, sizeof head.digest);
    journal_begin(ob->journal, &head);
    journal_note_committed(ob->journal, stored_seq);
    return 0;
}

static int prepare(struct outbox *ob, const struct outbox_options *options, struct err *e)
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
    snprintf(ob->store.path, sizeof ob->store.path, "%s/" STORE_FILE, options->dir);
    witness_open(&ob->witness, ob->store.path);
    ob->store.receivers = (const char *const *)ob->receivers;
    ob->store.receiver_count = options->receiver_count;
    if (options->journal_dir)
        ob->journal = journal_create(options->journal_dir, ob->store.path, LIMIT_JOURNAL_BYTES);
    if (options->journal_dir && !ob->journal)
        return err_set(e, ENOMEM, "outbox: out of memory");
    return 0;
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
    int result = prepare(ob, options, e);
    if (result == 0)
        result = open_store(ob, options->reserve_events, ret_found, e);
    if (result == 0)
        result = mailbox_create(loop, &ob->mailbox, e);
    if (result != 0)
        goto fail;
    uv_mutex_init(&ob->lock);
    uv_cond_init(&ob->wake);
    uv_cond_init(&ob->finished);
    outbox_add_upkeep(ob, options);
    if (uv_thread_create(&ob->thread, worker_run, ob) != 0) {
        mailbox_close(ob->mailbox);
        result = err_set(e, EAGAIN, "outbox: no thread could be started");
        goto fail;
    }
    *ret_outbox = ob;
    return 0;

fail:
    store_close(&ob->store);
    outbox_found_finish(ret_found);
    outbox_free(ob);
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
    restore_finish(found);
    free(found->damage);
    *found = (struct outbox_found){0};
}
