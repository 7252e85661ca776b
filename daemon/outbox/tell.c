/* SPDX-License-Identifier: Apache-2.0 */
/* What the store's thread tells the loop beside its jobs, in order with them. Of a fault, or
 * damage, that cannot be told for want of memory nobody would hear: start anew. */
#include <stdlib.h>
#include <string.h>

#include "outbox/job.h"

struct told {
    struct mailbox_message message; /* first */
    struct outbox *outbox;
    void (*to)(void *arg, const char *text); /* of the host */
    char *text;                              /* NULL: all is well */
};

static void deliver(struct mailbox_message *message)
{
    struct told *told = (struct told *)message;
    if (!told->outbox->meeting->is_nobodys)
        told->to(told->outbox->host.arg, told->text);
    free(told->text);
    free(told);
}

static void tell(struct outbox *ob, void (*to)(void *arg, const char *text), const char *text)
{
    struct told *told = calloc(1, sizeof *told);
    if (!told)
        abort();
    *told = (struct told){{.deliver = deliver}, ob, to, text ? strdup(text) : NULL};
    if (text && !told->text)
        abort();
    mailbox_post(ob->mailbox, &told->message);
}

void outbox_tell_fault(struct outbox *ob, const char *reason)
{
    tell(ob, ob->host.on_fault, reason);
}

void outbox_tell_damage(struct outbox *ob, const char *sentence)
{
    tell(ob, ob->host.on_damage, sentence);
}

void outbox_tell_witness(struct outbox *ob, const char *reason)
{
    bool is_news = reason || !ob->witness.is_told_good;
    ob->witness.is_told_good = !reason;
    if (is_news && ob->host.on_witness)
        tell(ob, ob->host.on_witness, reason);
}

void outbox_tell_forgets(struct outbox *ob, const char *forgetting)
{
    if (ob->host.on_forgets)
        tell(ob, ob->host.on_forgets, forgetting);
}

struct room_told {
    struct mailbox_message message; /* first */
    struct outbox *outbox;
    struct outbox_room room;
};

static void deliver_room(struct mailbox_message *message)
{
    struct room_told *told = (struct room_told *)message;
    const struct outbox_host *host = &told->outbox->host;
    if (host->on_room)
        host->on_room(host->arg, &told->room);
    free(told);
}

void outbox_tell_room(struct outbox *ob, const struct outbox_room *room)
{
    struct room_told *told = calloc(1, sizeof *told);
    if (!told)
        return; /* it is looked at again */
    *told = (struct room_told){{.deliver = deliver_room}, ob, *room};
    mailbox_post(ob->mailbox, &told->message);
}
