/* SPDX-License-Identifier: Apache-2.0 */
/* The clips in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clips/internal.h"

struct clip *list_find(const struct clips *cl, const char *id)
{
    struct clip *c = LIST_FIRST(&cl->list);
    while (c && strcmp(c->upload.clip, id) != 0)
        c = LIST_NEXT(c, next);
    return c;
}

struct clip *list_find_seq(const struct clips *cl, uint64_t seq)
{
    struct clip *c = LIST_FIRST(&cl->list);
    while (c && (seq == 0 || c->upload.seq != seq))
        c = LIST_NEXT(c, next);
    return c;
}

struct clip *list_add(struct clips *cl, const struct outbox_upload *upload)
{
    struct clip *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    *c = (struct clip){.clips = cl, .upload = *upload};
    LIST_INSERT_HEAD(&cl->list, c, next);
    cl->unstored++;
    return c;
}

void list_drop_announced(struct clip *c)
{
    if (c->announced)
        message_finish(c->announced);
    free(c->announced);
    c->announced = NULL;
}

void list_mark_stored(struct clip *c)
{
    if (!c->stored)
        c->clips->unstored--;
    c->stored = true;
}

struct clip *list_add_stored(struct clips *cl, const struct outbox_upload *upload)
{
    struct clip *c = list_add(cl, upload);
    list_mark_stored(c);
    return c;
}

void list_take_known(struct clip *c, const struct outbox_upload *upload)
{
    c->upload = *upload;
    list_mark_stored(c);
    list_drop_announced(c);
    list_say(c->clips, MESSAGE_CLIP_STORED, c->upload.clip);
}

void list_forget(struct clip *c)
{
    LIST_REMOVE(c, next);
    list_mark_stored(c); /* or it never will be */
    list_drop_announced(c);
    free(c);
}

void list_say(struct clips *cl, enum message_type type, const char *id)
{
    struct message message = {.type = type};
    snprintf(message.word_of, sizeof message.word_of, "%s", id);
    if (cl->link)
        link_client_send(cl->link, &message);
}

bool list_start_upload(const struct clip *c, size_t receiver)
{
    const struct outbox_upload *u = &c->upload;
    char name[160];
    snprintf(name, sizeof name, "%s-%s.mp4", u->camera, u->clip);
    struct uplink_file file = {.manifest = u->manifest,
                               .path = u->path,
                               .filename = name,
                               .length_bytes = u->length_bytes};
    memcpy(file.sha256, u->sha256, sizeof file.sha256);
    return delivery_upload(c->clips->options.delivery, receiver, u->seq, &file);
}

bool list_holds(const struct clips *cl, uint64_t seq, uint32_t receivers)
{
    bool holds = false;
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++) {
        const struct backlog *b = &cl->backlogs[i];
        holds = holds || (receivers >> i & 1 && b->held > 0 && seq > b->to_seq);
    }
    return holds;
}

void list_ask_store(const struct clip *c, outbox_clip_handler done)
{
    struct question *question = calloc(1, sizeof *question);
    if (!question)
        abort();
    question->clips = c->clips;
    memcpy(question->id, c->upload.clip, sizeof question->id);
    outbox_find_clip(events_outbox(c->clips->options.events), question->id, c->upload.alarm, done,
                     question);
}

static void on_found_at_end(void *arg, const struct outbox_clip *found)
{
    struct question *question = arg;
    struct clips *cl = question->clips;
    /* One that is in memory again has its end before it. */
    if (!cl->closed && !list_find(cl, question->id) && !list_holds(cl, found->seq, found->pending))
        list_say(cl, MESSAGE_CLIP_DONE, question->id);
    free(question);
}

void list_let_go(struct clip *c)
{
    if (list_holds(c->clips, c->upload.seq, UINT32_MAX)) /* it may wait for one of them */
        list_ask_store(c, on_found_at_end);
    else
        list_say(c->clips, MESSAGE_CLIP_DONE, c->upload.clip);
    list_forget(c);
}
