/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/plural.h"
#include "outbox/found.h"
#include "outbox/fresh.h"

static char *copy(const char *text)
{
    char *made = text ? strdup(text) : NULL;
    if (text && !made)
        abort(); /* without memory: start anew, with what is on the disk and in the journal */
    return made;
}

static void *grow(void *list, size_t count, size_t size)
{
    void *grown = reallocarray(list, count + 1, size);
    if (!grown)
        abort();
    return grown;
}

static void finish_one(struct outbox_restored *r)
{
    event_unref(r->event);
    free(r->row_name);
    free(r->row_text);
    free(r->receivers);
    free(r->upload_receivers);
}

void restore_finish(struct outbox_found *found)
{
    for (size_t i = 0; i < found->restored_count; i++)
        finish_one(&found->restored[i]);
    free(found->restored);
}

/* A journal_handler: all of them, for now. */
static void collect(void *arg, const struct record *record)
{
    struct outbox_found *found = arg;
    found->restored = grow(found->restored, found->restored_count, sizeof *found->restored);
    struct outbox_restored *r = &found->restored[found->restored_count++];
    *r = (struct outbox_restored){.event = record->event,
                                  .row_name = copy(record->row.name),
                                  .row_text = copy(record->row.text),
                                  .receivers = copy(record->receivers),
                                  .upload_receivers = copy(record->upload_receivers)};
    if (record->upload)
        r->upload = *record->upload;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const struct outbox_restored *)a)->event->seq;
    uint64_t y = ((const struct outbox_restored *)b)->event->seq;
    return x < y ? -1 : x > y;
}

static void tell_damage(struct outbox_found *found, const char *what)
{
    log_error("outbox", "%s", what);
    if (!found->damage)
        found->damage = copy(what);
}

/* The database has that number, or one above it. */
static void compare_with_stored(struct store *s, const struct event *event,
                                struct outbox_found *found)
{
    struct event *stored = NULL;
    struct err e;
    char text[160];
    if (store_get_event(s, event->seq, &stored, &e) == 0 && stored &&
        memcmp(stored->digest, event->digest, EVENT_DIGEST_BYTES) != 0) {
        snprintf(text, sizeof text,
                 "event %llu of the journal is not the one that is stored under its number",
                 (unsigned long long)event->seq);
        tell_damage(found, text);
    }
    event_unref(stored);
}

/* Drops what the database has, and the second of one number. */
static void keep_later(struct store *s, struct outbox_found *found)
{
    size_t kept = 0;
    uint64_t last_seq = found->last_seq;
    for (size_t i = 0; i < found->restored_count; i++) {
        struct outbox_restored *r = &found->restored[i];
        if (r->event->seq > last_seq) {
            last_seq = r->event->seq;
            found->restored[kept++] = *r;
            continue;
        }
        if (r->event->seq <= found->last_seq)
            compare_with_stored(s, r->event, found);
        finish_one(r);
    }
    found->restored_count = kept;
}

static void owe_event(const struct store *s, const struct outbox_restored *r,
                      struct outbox_found *found)
{
    const char *names = r->receivers;
    char name[LIMIT_ID_BYTES + 1];
    while (fresh_next_receiver(&names, name)) {
        size_t receiver = store_receiver(s, name);
        if (receiver == SIZE_MAX)
            continue;
        found->pending = grow(found->pending, found->pending_count, sizeof *found->pending);
        struct outbox_pending *p = &found->pending[found->pending_count++];
        *p = (struct outbox_pending){
            .seq = r->event->seq, .receiver = receiver, .class = r->event->class};
        memcpy(p->alarm, r->event->alarm, sizeof p->alarm);
    }
}

static void owe_clip(const struct store *s, const struct outbox_restored *r,
                     struct outbox_found *found)
{
    const char *names = r->upload_receivers;
    char name[LIMIT_ID_BYTES + 1];
    while (r->upload.clip[0] && fresh_next_receiver(&names, name)) {
        size_t receiver = store_receiver(s, name);
        if (receiver == SIZE_MAX)
            continue;
        struct outbox_upload upload = r->upload;
        upload.seq = r->event->seq;
        upload.receiver = receiver;
        memcpy(upload.manifest, r->event->id, sizeof upload.manifest);
        if (!found_put_upload(found, &upload))
            abort();
    }
}

static void tell_bad(const struct journal_found *in_journal, struct outbox_found *found)
{
    char text[200];
    if (in_journal->torn_bytes > 0)
        log_warning("outbox", "the journal ends in %zu byte%s that are no whole event: cut off",
                    in_journal->torn_bytes, plural((long long)in_journal->torn_bytes));
    if (in_journal->put_aside)
        tell_damage(found,
                    "what was in the journal's place is not this gateway's: it was not read, "
                    "and is kept beside it as .unread");
    if (in_journal->damaged == 0)
        return;
    snprintf(text, sizeof text,
             "events of the journal could not be read, at %u place%s: what was there is kept "
             "beside it as .damaged",
             in_journal->damaged, plural(in_journal->damaged));
    tell_damage(found, text);
}

static void take_head(const struct journal_head *head, struct outbox_found *found)
{
    if (head->seq <= found->last_seq)
        return;
    found->last_seq = head->seq;
    found->newest_wall_ms = head->wall_ms;
    memcpy(found->head, head->digest, EVENT_DIGEST_BYTES);
}

bool restore(struct journal *j, struct store *s, struct outbox_found *found)
{
    struct journal_found in_journal = {.damaged = 0};
    uint64_t stored_seq = found->last_seq;
    if (!j)
        return false;
    journal_read(j, collect, found, &in_journal);
    tell_bad(&in_journal, found);
    if (found->restored_count > 0)
        qsort(found->restored, found->restored_count, sizeof *found->restored, compare);
    keep_later(s, found);
    for (size_t i = 0; i < found->restored_count; i++) {
        const struct outbox_restored *r = &found->restored[i];
        owe_event(s, r, found);
        owe_clip(s, r, found);
        if (r->row_name && !found_put_row(found, r->row_name, r->row_text))
            abort();
    }
    if (found->restored_count > 0)
        log_warning("outbox",
                    "%zu event%s of before this start, the first with number %llu, not on the disk "
                    "yet: taken from the journal",
                    found->restored_count, plural((long long)found->restored_count),
                    (unsigned long long)found->restored[0].event->seq);
    take_head(&in_journal.head, found);
    /* One of an earlier run, which a run without a journal has followed, is not. */
    return in_journal.head_is_newest && in_journal.head.seq >= stored_seq;
}
