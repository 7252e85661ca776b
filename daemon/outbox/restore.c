/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/plural.h"
#include "outbox/found.h"
#include "outbox/fresh.h"
#include "outbox/numbers.h"

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

size_t restore_list(const struct outbox_found *of_journal, struct restore_twin **ret_twins)
{
    *ret_twins = NULL;
    for (size_t i = 0; i < of_journal->restored_count; i++) {
        const struct event *event = of_journal->restored[i].event;
        *ret_twins = grow(*ret_twins, i, sizeof **ret_twins);
        struct restore_twin *twin = &(*ret_twins)[i];
        *twin = (struct restore_twin){.seq = event->seq};
        memcpy(twin->digest, event->digest, sizeof twin->digest);
    }
    return of_journal->restored_count;
}

static void tell_other(uint64_t seq, struct outbox_found *found)
{
    char text[160];
    snprintf(text, sizeof text,
             "event %llu of the journal is not the one that is stored under its number",
             (unsigned long long)seq);
    tell_damage(found, text);
}

/* Numbers far above all may have been given without a store that had others of that kind. */
static enum restore_state compare_with_stored(struct store *s, const struct restore_twin *twin,
                                              uint64_t stored_seq)
{
    struct event *stored = NULL;
    struct err e;
    enum restore_state state;
    if (twin->seq > stored_seq)
        return RESTORE_ABSENT;
    if (store_get_event(s, twin->seq, &stored, &e) != 0 || !stored)
        state = numbers_are_far(twin->seq) ? RESTORE_ABSENT : RESTORE_HAD;
    else
        state = memcmp(stored->digest, twin->digest, EVENT_DIGEST_BYTES) == 0 ? RESTORE_HAD
                                                                              : RESTORE_OTHER;
    event_unref(stored);
    return state;
}

bool restore_compare(struct store *s, struct restore_twin *twins, size_t count,
                     struct outbox_found *found)
{
    bool has_other = false;
    for (size_t i = 0; i < count; i++) {
        twins[i].stored = compare_with_stored(s, &twins[i], found->last_seq);
        if (twins[i].stored != RESTORE_OTHER)
            continue;
        tell_other(twins[i].seq, found);
        has_other = true;
    }
    return has_other;
}

/* Takes those over that the database has not, and of one number the first. */
static void take_absent(struct outbox_found *of_journal, const struct restore_twin *twins,
                        struct outbox_found *found)
{
    size_t kept = 0;
    uint64_t last_seq = 0;
    for (size_t i = 0; i < of_journal->restored_count; i++) {
        struct outbox_restored *r = &of_journal->restored[i];
        enum restore_state stored = twins ? twins[i].stored : RESTORE_ABSENT;
        if (stored == RESTORE_ABSENT && r->event->seq > last_seq) {
            last_seq = r->event->seq;
            of_journal->restored[kept++] = *r;
        } else {
            found_finish_restored(r);
        }
    }
    found->restored = of_journal->restored;
    found->restored_count = kept;
    of_journal->restored = NULL;
    of_journal->restored_count = 0;
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
             "events of the journal could not be read, at %u place%s: what was there %s",
             in_journal->damaged, plural(in_journal->damaged),
             in_journal->is_not_kept ? "could not be kept either"
                                     : "is kept beside it as .damaged");
    tell_damage(found, text);
}

bool restore_read(struct journal *j, struct outbox_found *ret_found)
{
    struct journal_found in_journal = {.damaged = 0};
    if (!j)
        return false;
    journal_read(j, collect, ret_found, &in_journal);
    tell_bad(&in_journal, ret_found);
    if (ret_found->restored_count > 0)
        qsort(ret_found->restored, ret_found->restored_count, sizeof *ret_found->restored, compare);
    ret_found->last_seq = in_journal.head.seq;
    ret_found->newest_wall_ms = in_journal.head.wall_ms;
    memcpy(ret_found->head, in_journal.head.digest, sizeof ret_found->head);
    return in_journal.head_is_newest;
}

static void take_head(const struct outbox_found *of_journal, struct outbox_found *found)
{
    if (of_journal->last_seq <= found->last_seq)
        return;
    found->last_seq = of_journal->last_seq;
    found->newest_wall_ms = of_journal->newest_wall_ms;
    memcpy(found->head, of_journal->head, sizeof found->head);
}

/* Before any of the journal's is taken: of the database alone. */
static void keep_rows_of_database(struct outbox_found *found)
{
    if (!found_begin_earlier(found))
        abort();
    for (size_t i = 0; i < found->restored_count; i++) {
        const char *name = found->restored[i].row_name;
        const char *stored = name ? outbox_found_text(found, name) : NULL;
        if (stored && !found_keep_earlier(found, name, stored))
            abort();
    }
}

void restore_merge(const struct store *s, struct outbox_found *of_journal,
                   const struct restore_twin *twins, bool is_apart, struct outbox_found *found)
{
    if (of_journal->damage && !found->damage)
        found->damage = copy(of_journal->damage);
    take_absent(of_journal, twins, found);
    if (twins && is_apart)
        keep_rows_of_database(found);
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
    take_head(of_journal, found);
}
