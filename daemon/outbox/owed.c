/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/owed.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/plural.h"
#include "outbox/fresh.h"

struct owed_event {
    TAILQ_ENTRY(owed_event) next;
    struct event *event; /* a copy: references are counted by the loop thread alone */
    uint32_t receivers;
    uint32_t upload_receivers;
    struct outbox_upload upload;
};

void owed_init(struct owed *o)
{
    *o = (struct owed){.count = 0};
    TAILQ_INIT(&o->list);
    uv_mutex_init(&o->lock);
}

static size_t size_of(const struct event *event)
{
    return sizeof *event + event->length + 1;
}

/* The lock is held. */
static void drop(struct owed *o, struct owed_event *one)
{
    TAILQ_REMOVE(&o->list, one, next);
    o->count--;
    o->bytes -= size_of(one->event);
    free(one->event);
    free(one);
}

void owed_free(struct owed *o)
{
    struct owed_event *one;
    while ((one = TAILQ_FIRST(&o->list)))
        drop(o, one);
    uv_mutex_destroy(&o->lock);
}

/* The lock is held. */
static void make_room(struct owed *o)
{
    while (o->count > LIMIT_OWED || o->bytes > LIMIT_OWED_BYTES) {
        struct owed_event *one = TAILQ_FIRST(&o->list);
        while (one && one->event->class == EVENT_CLASS_PRESS)
            one = TAILQ_NEXT(one, next);
        drop(o, one ? one : TAILQ_FIRST(&o->list));
    }
}

static uint32_t mask_of(const struct store *s, const struct event *event, const char *names)
{
    char name[LIMIT_ID_BYTES + 1];
    uint32_t mask = 0;
    for (size_t i = 0; !names && i < s->receiver_count; i++)
        mask |= s->withheld[i] & UPLINK_TAKES(event->class) ? 0 : UINT32_C(1) << i;
    while (names && fresh_next_receiver(&names, name)) {
        size_t receiver = store_receiver(s, name);
        mask |= receiver < LIMIT_RECEIVERS ? UINT32_C(1) << receiver : 0;
    }
    return mask;
}

/* By their numbers, each once. The lock is held. */
static void insert(struct owed *o, struct owed_event *one)
{
    struct owed_event *before = TAILQ_LAST(&o->list, owed_list);
    while (before && before->event->seq > one->event->seq)
        before = TAILQ_PREV(before, owed_list, next);
    if (before)
        TAILQ_INSERT_AFTER(&o->list, before, one, next);
    else
        TAILQ_INSERT_HEAD(&o->list, one, next);
    o->count++;
    o->bytes += size_of(one->event);
    if (before && before->event->seq == one->event->seq)
        drop(o, before);
    make_room(o);
}

static void hold(struct owed *o, const struct event *event, uint32_t mask,
                 const struct outbox_upload *upload, uint32_t upload_receivers)
{
    struct owed_event *one = calloc(1, sizeof *one);
    struct event *copy = malloc(size_of(event));
    if (!one || !copy)
        abort(); /* without memory: start anew */
    /* All but the count of references, which the loop thread may be changing. */
    memcpy(&copy->seq, &event->seq, size_of(event) - offsetof(struct event, seq));
    copy->references = 1;
    *one = (struct owed_event){.event = copy, .receivers = mask};
    if (upload) {
        one->upload = *upload;
        one->upload_receivers = upload_receivers;
    }
    uv_mutex_lock(&o->lock);
    insert(o, one);
    uv_mutex_unlock(&o->lock);
}

void owed_note_stored(struct owed *o, const struct store *s, const struct event *event,
                      const char *receivers, const struct outbox_upload *upload,
                      uint32_t upload_receivers)
{
    uint32_t mask = mask_of(s, event, receivers);
    if (mask != 0 || (upload && upload_receivers != 0))
        hold(o, event, mask, upload, upload_receivers);
}

size_t owed_list_presses(const struct outbox_found *found, struct owed_press *ret_presses)
{
    size_t count = 0;
    for (size_t i = found->pending_count; i-- > 0;) {
        const struct outbox_pending *p = &found->pending[i];
        bool is_another = count == 0 || ret_presses[count - 1].seq != p->seq;
        if (p->class != EVENT_CLASS_PRESS)
            continue;
        if (is_another && count == LIMIT_OWED)
            break;
        if (is_another)
            ret_presses[count++] = (struct owed_press){.seq = p->seq};
        ret_presses[count - 1].receivers |= UINT32_C(1) << p->receiver;
    }
    return count;
}

void owed_note_presses(struct owed *o, struct store *s, const struct owed_press *presses,
                       size_t count)
{
    struct event *event;
    struct err e;
    for (size_t i = count; i-- > 0;) {
        if (store_get_event(s, presses[i].seq, &event, &e) != 0)
            continue; /* whoever needs it meets that */
        if (event && store_event_is_whole(event))
            hold(o, event, presses[i].receivers, NULL, 0);
        event_unref(event);
    }
}

void owed_note_delivered(struct owed *o, uint64_t seq, size_t receiver, bool is_clip)
{
    struct owed_event *one = TAILQ_FIRST(&o->list);
    while (one && one->event->seq != seq)
        one = TAILQ_NEXT(one, next);
    if (!one)
        return;
    uint32_t *mask = is_clip ? &one->upload_receivers : &one->receivers;
    uv_mutex_lock(&o->lock);
    *mask &= ~(UINT32_C(1) << receiver);
    if (one->receivers == 0 && one->upload_receivers == 0)
        drop(o, one);
    uv_mutex_unlock(&o->lock);
}

/* Of those who take such events still. */
static void name_receivers(const struct store *s, const struct event *event, uint32_t mask,
                           bool is_clip, char ret_names[RECORD_NAMES_SIZE])
{
    size_t used = 0;
    ret_names[0] = '\0';
    for (size_t i = 0; i < s->receiver_count; i++) {
        if (!(mask & UINT32_C(1) << i) || s->withheld[i] & UPLINK_TAKES(event->class) ||
            (is_clip && s->no_clips[i]))
            continue;
        used += (size_t)sprintf(ret_names + used, "%.*s ", LIMIT_ID_BYTES, s->receivers[i]);
    }
}

static void add(struct owed_range *range, uint64_t seq)
{
    if (range->count++ == 0)
        range->first = seq;
    range->last = seq;
}

static bool is_there(struct store *s, const struct event *event)
{
    struct event *stored = NULL;
    struct err e;
    bool is_same = store_get_event(s, event->seq, &stored, &e) == 0 && stored &&
                   memcmp(stored->digest, event->digest, EVENT_DIGEST_BYTES) == 0 &&
                   store_event_is_whole(stored);
    event_unref(stored);
    return is_same;
}

int owed_put(const struct owed *o, struct store *s, struct owed_range *ret_put, struct err *e)
{
    char names[RECORD_NAMES_SIZE];
    const struct owed_event *one;
    *ret_put = (struct owed_range){.count = 0};
    int result = store_begin(s, e);
    TAILQ_FOREACH(one, &o->list, next)
    {
        if (result != 0 || is_there(s, one->event))
            continue;
        name_receivers(s, one->event, one->receivers, false, names);
        result =
            store_put_owed_event(s, one->event, NULL, one->upload.clip[0] ? &one->upload : NULL,
                                 one->upload_receivers, names, e);
        add(ret_put, one->event->seq);
    }
    if (result == 0)
        result = store_commit(s, e);
    if (result != 0)
        store_rollback(s);
    return result;
}

void owed_journal(struct owed *o, const struct store *s, struct journal *j)
{
    char names[RECORD_NAMES_SIZE], clip_names[RECORD_NAMES_SIZE];
    struct owed_range kept = {.count = 0};
    const struct owed_event *one;
    uv_mutex_lock(&o->lock);
    for (one = j ? TAILQ_FIRST(&o->list) : NULL; one; one = TAILQ_NEXT(one, next)) {
        name_receivers(s, one->event, one->receivers, false, names);
        name_receivers(s, one->event, one->upload_receivers, true, clip_names);
        const struct record record = {.event = one->event,
                                      .receivers = names,
                                      .upload = one->upload.clip[0] ? &one->upload : NULL,
                                      .upload_receivers = clip_names};
        if (journal_put(j, &record))
            add(&kept, one->event->seq);
    }
    uv_mutex_unlock(&o->lock);
    if (kept.count > 0)
        log_warning("outbox",
                    "%zu event%s, %llu to %llu, that some receiver still has to get %s in the "
                    "journal, too: the next start sends what the store has lost of them, if the "
                    "machine is not switched off",
                    kept.count, plural((long long)kept.count), (unsigned long long)kept.first,
                    (unsigned long long)kept.last, kept.count == 1 ? "is" : "are");
}
