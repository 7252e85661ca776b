/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/plural.h"
#include "outbox/found.h"
#include "outbox/fresh.h"
#include "outbox/prune.h"

#define NUMBERS_TOLD 4

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

static void add_damage(struct outbox_found *found, const char *what)
{
    char *both;
    if (asprintf(&both, "%s%s%s", found->damage ? found->damage : "", found->damage ? "; " : "",
                 what) < 0)
        abort();
    free(found->damage);
    found->damage = both;
}

static void tell_damage(struct outbox_found *found, const char *what)
{
    log_error("outbox", "%s", what);
    add_damage(found, what);
}

/* Some numbers as a person reads them: "event 5", "events 5, 7 and others". */
struct numbers {
    char text[120];
    size_t used, count;
};

static void add_number(struct numbers *n, uint64_t seq)
{
    if (n->count++ < NUMBERS_TOLD)
        n->used += (size_t)snprintf(n->text + n->used, sizeof n->text - n->used, "%s%llu",
                                    n->count > 1 ? ", " : "", (unsigned long long)seq);
}

static const char *others(const struct numbers *n)
{
    return n->count > NUMBERS_TOLD ? " and others" : "";
}

size_t restore_list(const struct outbox_found *of_journal, struct restore_twin **ret_twins)
{
    *ret_twins = NULL;
    for (size_t i = 0; i < of_journal->restored_count; i++) {
        const struct event *event = of_journal->restored[i].event;
        *ret_twins = grow(*ret_twins, i, sizeof **ret_twins);
        struct restore_twin *twin = &(*ret_twins)[i];
        *twin = (struct restore_twin){.seq = event->seq, .wall_ms = event->wall_ms};
        memcpy(twin->digest, event->digest, sizeof twin->digest);
    }
    return of_journal->restored_count;
}

static void tell_other(const struct numbers *other, struct outbox_found *found)
{
    char text[300];
    if (other->count == 0)
        return;
    snprintf(text, sizeof text,
             "event%s %s%s of the journal %s not the one%s that %s stored under %s number%s",
             plural((long long)other->count), other->text, others(other),
             other->count == 1 ? "is" : "are", plural((long long)other->count),
             other->count == 1 ? "is" : "are", other->count == 1 ? "its" : "their",
             plural((long long)other->count));
    tell_damage(found, text);
}

/* What is told of the damage may call them lost. */
static void tell_healed(const struct numbers *healed, struct outbox_found *found)
{
    char text[200];
    if (healed->count == 0)
        return;
    snprintf(text, sizeof text, "event%s %s%s, which the journal has, %s stored once more",
             plural((long long)healed->count), healed->text, others(healed),
             healed->count == 1 ? "is" : "are");
    if (found->damage)
        add_damage(found, text);
    else
        log_warning("outbox", "%s", text);
}

/* A number below the newest proves nothing: a run that went without this journal, a row that is
 * lost. To send an event once more does no harm; it is pruned only when it is old. */
static enum restore_state compare_with_stored(struct store *s, const struct restore_twin *twin,
                                              const struct prune_mark *pruned)
{
    struct event *stored = NULL;
    struct err e;
    enum restore_state state;
    if (store_get_event(s, twin->seq, &stored, &e) != 0)
        return RESTORE_ABSENT;
    if (!stored)
        state = twin->seq <= pruned->seq && twin->wall_ms <= pruned->wall_ms ? RESTORE_HAD
                                                                             : RESTORE_ABSENT;
    else
        state = memcmp(stored->digest, twin->digest, EVENT_DIGEST_BYTES) != 0 ? RESTORE_OTHER
                : store_event_is_whole(stored)                                ? RESTORE_HAD
                                                                              : RESTORE_ABSENT;
    event_unref(stored);
    return state;
}

bool restore_compare(struct store *s, struct restore_twin *twins, size_t count, bool is_apart,
                     struct outbox_found *found)
{
    struct numbers other = {.count = 0}, healed = {.count = 0};
    struct prune_mark pruned = {.seq = 0};
    if (!is_apart) /* numbers that were given without the store say nothing of what it has had */
        prune_read_mark(s, &pruned);
    for (size_t i = 0; i < count; i++) {
        twins[i].stored = compare_with_stored(s, &twins[i], &pruned);
        if (twins[i].stored == RESTORE_OTHER)
            add_number(&other, twins[i].seq);
        else if (twins[i].stored == RESTORE_ABSENT &&
                 (found->damage || twins[i].seq <= found->last_seq))
            add_number(&healed, twins[i].seq);
    }
    tell_healed(&healed, found);
    tell_other(&other, found);
    return other.count > 0;
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

static int compare_uploads(const void *a, const void *b)
{
    const struct outbox_upload *x = a, *y = b;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return x->receiver < y->receiver ? -1 : x->receiver > y->receiver;
}

static bool is_owed(const struct outbox_found *found, const struct outbox_upload *upload)
{
    size_t i = 0;
    while (i < found->upload_count && compare_uploads(&found->uploads[i], upload) != 0)
        i++;
    return i < found->upload_count;
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
        if (!is_owed(found, &upload) && !found_put_upload(found, &upload))
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
    if (in_journal->emptied > 0)
        tell_damage(found, "a file of the journal was emptied or is gone: events may be lost that "
                           "were in it alone");
    if (in_journal->damaged == 0)
        return;
    snprintf(text, sizeof text,
             "events of the journal could not be read, at %u place%s: what was there %s",
             in_journal->damaged, plural(in_journal->damaged),
             in_journal->is_not_kept ? "could not be kept either"
                                     : "is kept beside it as .damaged");
    tell_damage(found, text);
}

static int compare_pending(const void *a, const void *b)
{
    const struct outbox_pending *x = a, *y = b;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return x->receiver < y->receiver ? -1 : x->receiver > y->receiver;
}

/* One that is healed belongs between those of the database; which may have it, but for its bytes.
 */
static void sort(struct outbox_found *found)
{
    size_t kept = 0;
    if (found->pending_count > 0)
        qsort(found->pending, found->pending_count, sizeof *found->pending, compare_pending);
    for (size_t i = 0; i < found->pending_count; i++) {
        if (kept == 0 || compare_pending(&found->pending[kept - 1], &found->pending[i]) != 0)
            found->pending[kept++] = found->pending[i];
    }
    found->pending_count = kept;
    if (found->upload_count > 0)
        qsort(found->uploads, found->upload_count, sizeof *found->uploads, compare_uploads);
}

/* Under one number; `restored` is by number. The first of them is taken. */
static void tell_forks(struct outbox_found *found)
{
    struct numbers forks = {.count = 0};
    char text[200];
    for (size_t i = 1; i < found->restored_count; i++) {
        const struct event *before = found->restored[i - 1].event,
                           *event = found->restored[i].event;
        if (before->seq == event->seq &&
            memcmp(before->digest, event->digest, EVENT_DIGEST_BYTES) != 0)
            add_number(&forks, event->seq);
    }
    if (forks.count == 0)
        return;
    snprintf(text, sizeof text, "the journal has two different events under number%s %s%s",
             plural((long long)forks.count), forks.text, others(&forks));
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
    tell_forks(ret_found);
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

/* What stands in the database was written later than an event below its newest. */
static void drop_older_rows(struct outbox_found *found, uint64_t stored_seq)
{
    for (size_t i = 0; i < found->restored_count; i++) {
        struct outbox_restored *r = &found->restored[i];
        if (r->event->seq > stored_seq || !r->row_name || !outbox_found_text(found, r->row_name))
            continue;
        free(r->row_name);
        free(r->row_text);
        r->row_name = r->row_text = NULL;
    }
}

void restore_merge(const struct store *s, struct outbox_found *of_journal,
                   const struct restore_twin *twins, bool is_apart, uint64_t stored_seq,
                   struct outbox_found *found)
{
    if (of_journal->damage)
        add_damage(found, of_journal->damage);
    take_absent(of_journal, twins, found);
    if (twins && is_apart)
        keep_rows_of_database(found);
    else if (twins)
        drop_older_rows(found, stored_seq);
    for (size_t i = 0; i < found->restored_count; i++) {
        const struct outbox_restored *r = &found->restored[i];
        owe_event(s, r, found);
        owe_clip(s, r, found);
        if (r->row_name && !found_put_row(found, r->row_name, r->row_text))
            abort();
    }
    sort(found);
    if (found->restored_count > 0)
        log_warning("outbox",
                    "%zu event%s of before this start, the first with number %llu, not on the disk "
                    "yet: taken from the journal",
                    found->restored_count, plural((long long)found->restored_count),
                    (unsigned long long)found->restored[0].event->seq);
    take_head(of_journal, found);
}
