/* SPDX-License-Identifier: Apache-2.0 */
/* What changes something is answered when the disk has it, or has had its time: "stored" or
 * "memory", as a press is. */
#include <stdlib.h>

#include "operate/internal.h"

struct reply {
    LIST_ENTRY(reply) next;
    struct control_request *request;
    json_t *answer;
};

static void finish(struct reply *r, bool stored)
{
    LIST_REMOVE(r, next);
    json_object_set_new(r->answer, "kept", json_string(stored ? "stored" : "memory"));
    control_reply(r->request, r->answer);
    free(r);
}

static void on_kept(void *arg, bool stored)
{
    finish(arg, stored);
}

void replies_when_kept(struct operate *op, struct control_request *request, json_t *answer)
{
    struct reply *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    *r = (struct reply){.request = request, .answer = answer};
    LIST_INSERT_HEAD(&op->replies, r, next);
    if (!events_when_kept(op->options.events, on_kept, r))
        finish(r, false);
}

void replies_close(struct operate *op)
{
    struct reply *r;
    while ((r = LIST_FIRST(&op->replies))) {
        events_forget_kept(op->options.events, r);
        finish(r, false); /* it is done, and the store may write it yet */
    }
}
