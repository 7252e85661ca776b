/* SPDX-License-Identifier: Apache-2.0 */
/* What receivers ask, until it is answered: to the uplink that has asked, and to no other. */
#include <stdio.h>
#include <stdlib.h>

#include "delivery/internal.h"

struct command {
    LIST_ENTRY(command) next;
    size_t receiver;
    uint64_t ticket; /* ours: no two are the same, whatever uplinks come after each other */
    uint64_t theirs;
};

static void answer(struct delivery *d, const struct command *c, const struct uplink_reply *reply)
{
    dispatch_reply(d->dispatch, c->receiver, c->theirs, reply);
}

static size_t count(const struct delivery *d, size_t receiver)
{
    const struct command *c;
    size_t found = 0;
    LIST_FOREACH(c, &d->commands, next)
    {
        found += c->receiver == receiver;
    }
    return found;
}

void commands_take(struct delivery_receiver *r, const struct uplink_command *command,
                   uint64_t ticket)
{
    struct delivery *d = r->delivery;
    struct command made = {.receiver = r->index, .theirs = ticket, .ticket = ++d->last_ticket};
    if (!d->dispatch)
        return; /* closed, or not open yet */
    if (count(d, r->index) >= LIMIT_COMMANDS) {
        answer(d, &made, &(struct uplink_reply){.reason = "not before the earlier ones are done"});
        return;
    }
    struct command *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    *c = made;
    LIST_INSERT_HEAD(&d->commands, c, next);
    facts_publish(d->options.facts, &(struct fact){.kind = FACT_COMMAND,
                                                   .u.command = {.receiver = r->index,
                                                                 .ticket = c->ticket,
                                                                 .command = *command}});
}

void delivery_reply(struct delivery *d, uint64_t ticket, const struct uplink_reply *reply)
{
    struct command *c = LIST_FIRST(&d->commands);
    while (c && c->ticket != ticket)
        c = LIST_NEXT(c, next);
    if (!c)
        return; /* who has asked is gone, and was told so */
    const struct command answered = *c;
    LIST_REMOVE(c, next);
    free(c);
    answer(d, &answered, reply);
}

void commands_end(struct delivery *d, size_t receiver, const char *why)
{
    struct command *c, *next;
    struct uplink_reply reply = {.done = false};
    snprintf(reply.reason, sizeof reply.reason, "%s", why);
    for (c = LIST_FIRST(&d->commands); c; c = next) {
        next = LIST_NEXT(c, next);
        if (c->receiver == receiver)
            delivery_reply(d, c->ticket, &reply);
    }
}
