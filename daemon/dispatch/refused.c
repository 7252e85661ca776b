/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiver refuses: looked at, and given up by a person. */
#include <stdio.h>

#include "base/clock.h"
#include "dispatch/internal.h"

static struct dispatch_pending describe(const struct delivery *entry)
{
    return (struct dispatch_pending){.seq = entry->seq,
                                     .class = entry->class,
                                     .alarm = entry->alarm,
                                     .event = entry->event,
                                     .refusal = entry->refusal,
                                     .refused_ms = entry->refused_ms,
                                     .attempts = entry->attempts,
                                     .for_good =
                                         lanes_is_refused_for_good(entry, clock_monotonic_ms()),
                                     .in_flight = entry->in_flight};
}

bool dispatch_find(const struct dispatch *d, size_t receiver, uint64_t seq,
                   struct dispatch_pending *ret_pending)
{
    const struct delivery *entry = lanes_find(&d->receivers[receiver]->lanes, seq);
    if (entry)
        *ret_pending = describe(entry);
    return entry;
}

void dispatch_each_refused(const struct dispatch *d, size_t receiver,
                           void (*each)(void *arg, const struct dispatch_pending *refused),
                           void *arg)
{
    const struct delivery *entry;
    LIST_FOREACH(entry, &d->receivers[receiver]->lanes.all, all)
    {
        struct dispatch_pending pending = describe(entry);
        if (pending.refusal)
            each(arg, &pending);
    }
}

/* The status says why the last one is refused: of those that still are. */
static void take_refusal(void *arg, const struct dispatch_pending *refused)
{
    struct receiver *r = arg;
    snprintf(r->status.refusal, sizeof r->status.refusal, "%s", refused->refusal);
}

bool dispatch_give_up(struct dispatch *d, size_t receiver, uint64_t seq)
{
    struct receiver *r = d->receivers[receiver];
    lanes_give_up(&r->lanes, lanes_find(&r->lanes, seq));
    dispatch_each_refused(d, receiver, take_refusal, r);
    bool had_clip = uploads_drop(&r->uploads, seq);
    dispatch_pump(r);
    return had_clip;
}
