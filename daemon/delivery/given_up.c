/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that a person gave up at one receiver. The list is a row of state, on the disk with the
 * event that tells of it, so that no kill leaves one without the other; what became of the delivery
 * is recorded behind it, and again by the next start if a kill came between. A start forgets those
 * of which the store knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "delivery/internal.h"

struct given_up {
    uint64_t seq;
    char receiver[FACT_ID_SIZE];
};

static bool has(const struct delivery *d, const char *receiver, uint64_t seq)
{
    for (size_t i = 0; i < d->given_up_count; i++) {
        const struct given_up *one = &d->given_up[i];
        if (one->seq == seq && strcmp(one->receiver, receiver) == 0)
            return true;
    }
    return false;
}

bool given_up_has(const struct delivery *d, size_t receiver, uint64_t seq)
{
    return has(d, d->receivers[receiver].config->id, seq);
}

static void add(struct delivery *d, const char *receiver, uint64_t seq)
{
    struct given_up *all = realloc(d->given_up, (d->given_up_count + 1) * sizeof *all);
    if (!all)
        abort(); /* without memory: start anew */
    d->given_up = all;
    struct given_up *one = &all[d->given_up_count++];
    *one = (struct given_up){.seq = seq};
    snprintf(one->receiver, sizeof one->receiver, "%s", receiver);
}

void given_up_add(struct delivery *d, size_t receiver, uint64_t seq)
{
    add(d, d->receivers[receiver].config->id, seq);
}

static void append(json_t *list, const char *receiver, uint64_t seq)
{
    json_array_append_new(list, json_pack("{sI,ss}", "seq", (json_int_t)seq, "receiver", receiver));
}

/* All that are noted, and one more unless that is NULL. */
static char *write_text(const struct delivery *d, const char *receiver, uint64_t seq)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->given_up_count; i++)
        append(list, d->given_up[i].receiver, d->given_up[i].seq);
    if (receiver)
        append(list, receiver, seq);
    char *text = list ? json_dumps(list, JSON_COMPACT) : NULL;
    json_decref(list);
    if (!text)
        abort();
    return text;
}

/* The first pending one of that number or a later one. */
static const struct outbox_pending *first_from(const struct outbox_found *found, uint64_t seq)
{
    size_t low = 0, high = found->pending_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (found->pending[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return found->pending + low;
}

/* Of a receiver that the configuration does not have nobody knows: it may come back. */
static bool may_be_pending(const struct delivery *d, const struct outbox_found *found,
                           const char *receiver, uint64_t seq)
{
    size_t index = 0;
    while (index < d->count && strcmp(d->options.receivers->items[index].id, receiver) != 0)
        index++;
    if (found->unknown[0] || index == d->count)
        return true;
    const struct outbox_pending *end = found->pending + found->pending_count;
    for (const struct outbox_pending *p = first_from(found, seq); p < end && p->seq == seq; p++) {
        if (p->receiver == index)
            return true;
    }
    return false;
}

static void load_row(struct delivery *d, const struct outbox_found *rows,
                     const struct outbox_found *found)
{
    const char *text = outbox_found_text(rows, DELIVERY_GIVEN_UP_ROW);
    json_t *list = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    size_t i;
    const json_t *one;
    if (text && !json_is_array(list))
        log_warning("dispatch", "what was given up before cannot be read: it is tried again");
    json_array_foreach(list, i, one)
    {
        const char *receiver = json_string_value(json_object_get(one, "receiver"));
        uint64_t seq = (uint64_t)json_integer_value(json_object_get(one, "seq"));
        if (receiver && seq > 0 && may_be_pending(d, found, receiver, seq) &&
            !has(d, receiver, seq))
            add(d, receiver, seq);
    }
    json_decref(list);
}

static void save(struct delivery *d)
{
    char *text = write_text(d, NULL, 0);
    outbox_save_row(d->options.outbox, &(struct outbox_row){DELIVERY_GIVEN_UP_ROW, text});
    free(text);
}

void given_up_load(struct delivery *d, const struct outbox_found *found)
{
    bool is_joined = found->earlier || d->given_up_count > 0;
    load_row(d, found, found);
    if (found->earlier)
        load_row(d, found->earlier, found);
    if (is_joined && d->given_up_count > 0) /* of two rows there is one from now on */
        save(d);
}

char *delivery_given_up_row(const struct delivery *d, size_t receiver, uint64_t seq)
{
    return d->given_up_count < LIMIT_GIVEN_UP
               ? write_text(d, d->receivers[receiver].config->id, seq)
               : NULL;
}

static struct delivery_refused describe(size_t receiver, const struct dispatch_pending *pending)
{
    return (struct delivery_refused){.receiver = receiver,
                                     .seq = pending->seq,
                                     .id = pending->event->id,
                                     .type = pending->event->type,
                                     .alarm = pending->alarm,
                                     .reason = pending->refusal,
                                     .since_ms = pending->refused_ms,
                                     .attempts = pending->attempts,
                                     .for_good = pending->for_good,
                                     .in_flight = pending->in_flight};
}

enum delivery_standing delivery_look(const struct delivery *d, size_t receiver, uint64_t seq,
                                     struct delivery_refused *ret_refused)
{
    struct dispatch_pending pending;
    if (given_up_has(d, receiver, seq))
        return DELIVERY_STANDING_GIVEN_UP;
    if (!dispatch_find(d->dispatch, receiver, seq, &pending))
        return DELIVERY_STANDING_NONE;
    if (!pending.refusal)
        return DELIVERY_STANDING_WAITS;
    *ret_refused = describe(receiver, &pending);
    return DELIVERY_STANDING_REFUSED;
}

struct walk {
    size_t receiver;
    void (*each)(void *arg, const struct delivery_refused *refused);
    void *arg;
};

static void on_refused(void *arg, const struct dispatch_pending *pending)
{
    const struct walk *walk = arg;
    struct delivery_refused refused = describe(walk->receiver, pending);
    walk->each(walk->arg, &refused);
}

void delivery_each_refused(const struct delivery *d,
                           void (*each)(void *arg, const struct delivery_refused *refused),
                           void *arg)
{
    struct walk walk = {.each = each, .arg = arg};
    for (walk.receiver = 0; walk.receiver < d->count; walk.receiver++)
        dispatch_each_refused(d->dispatch, walk.receiver, on_refused, &walk);
}
