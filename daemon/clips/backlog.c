/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clips/internal.h"

static void state_fault(struct clips *cl, size_t receiver)
{
    const struct backlog *b = &cl->backlogs[receiver];
    char reason[160];
    snprintf(reason, sizeof reason, "more than %d clips wait for it: it has not taken them",
             LIMIT_CLIPS_WAITING);
    if (b->lacks_file)
        snprintf(reason, sizeof reason,
                 "a clip that waits for it cannot be read here: is the folder of clips (video.dir) "
                 "in its place?");
    facts_state_fault(cl->options.facts, FAULT_CLIPS,
                      cl->options.config.receivers->items[receiver].id,
                      b->is_fault || b->lacks_file ? reason : NULL);
}

static void look_at_files(struct clips *cl, size_t receiver)
{
    struct backlog *b = &cl->backlogs[receiver];
    bool lacks_file = false;
    for (const struct clip *c = LIST_FIRST(&cl->list); c && !lacks_file; c = LIST_NEXT(c, next))
        lacks_file = (c->unreadable & c->waiting) >> receiver & 1;
    if (b->lacks_file == lacks_file)
        return;
    b->lacks_file = lacks_file;
    state_fault(cl, receiver);
}

void backlog_note_failed(struct clip *c, size_t receiver, bool no_file)
{
    uint32_t bit = UINT32_C(1) << receiver;
    c->unreadable = no_file ? c->unreadable | bit : c->unreadable & ~bit;
    look_at_files(c->clips, receiver);
}

/* A fault from the first that is not in memory until half of what may be there is. */
static void look_at_fault(struct clips *cl, size_t receiver)
{
    struct backlog *b = &cl->backlogs[receiver];
    bool is_long = b->held > 0 || (b->is_fault && b->waiting > LIMIT_CLIPS_WAITING / 2);
    if (b->is_fault == is_long)
        return;
    b->is_fault = is_long;
    state_fault(cl, receiver);
}

static void set_held(struct clips *cl, size_t receiver, size_t held)
{
    cl->backlogs[receiver].held = held;
    look_at_fault(cl, receiver);
}

static void start(struct clip *c, size_t receiver)
{
    struct backlog *b = &c->clips->backlogs[receiver];
    b->to_seq = c->upload.seq;
    if (!list_start_upload(c, receiver))
        return;
    c->waiting |= 1u << receiver;
    b->waiting++;
}

void backlog_take(struct clip *c, size_t receiver)
{
    const struct backlog *b = &c->clips->backlogs[receiver];
    c->waiting &= ~(1u << receiver);
    if (b->held > 0 || b->waiting >= LIMIT_CLIPS_WAITING)
        set_held(c->clips, receiver, b->held + 1);
    else
        start(c, receiver);
}

/* A clip of which the store said that it waits; false if it was put there moments ago: that it is
 * on the disk is yet to be told, and it is taken then. */
static bool take_read(struct clips *cl, const struct outbox_upload *upload)
{
    struct clip *c = list_find(cl, upload->clip);
    if (c && !c->stored && c->upload.seq != 0)
        return false;
    if (!c)
        c = list_add_stored(cl, upload);
    else if (!c->stored)
        list_take_known(c, upload);
    if (!(c->waiting >> upload->receiver & 1))
        start(c, upload->receiver);
    if (c->waiting == 0)
        list_let_go(c);
    return true;
}

void backlog_open(struct clips *cl, const struct outbox_found *found)
{
    for (size_t i = 0; i < found->upload_count; i++)
        take_read(cl, &found->uploads[i]);
    const uint32_t takers =
        delivery_takes_clips(cl->options.delivery); /* by the settings of today */
    for (size_t i = 0; i < cl->options.config.receivers->count; i++) {
        cl->backlogs[i].held = takers >> i & 1 ? found->uploads_left[i] : 0;
        cl->backlogs[i].is_fault = cl->backlogs[i].held > 0;
        state_fault(cl, i); /* one of before the start may be over */
    }
}

/* Those of the journal are in memory already, and lie behind these. */
void backlog_catch_up(struct clips *cl, const struct outbox_found *found)
{
    for (size_t i = 0; i < found->upload_count; i++) {
        const struct outbox_upload *upload = &found->uploads[i];
        struct backlog *b = &cl->backlogs[upload->receiver];
        if (b->waiting < LIMIT_CLIPS_WAITING)
            take_read(cl, upload);
        else if (b->held++ == 0)
            b->to_seq = upload->seq - 1;
    }
    const uint32_t takers = delivery_takes_clips(cl->options.delivery);
    for (size_t i = 0; i < cl->options.config.receivers->count; i++)
        set_held(cl, i, takers >> i & 1 ? cl->backlogs[i].held + found->uploads_left[i] : 0);
}

/* Whom the store was asked for. */
struct reading_on {
    struct clips *clips;
    size_t receiver;
};

static void read_on(struct clips *cl, size_t receiver);

static void on_read(void *arg, const struct outbox_uploads *found)
{
    struct reading_on *question = arg;
    struct clips *cl = question->clips;
    size_t receiver = question->receiver;
    struct backlog *b = &cl->backlogs[receiver];
    free(question);
    if (!found || cl->closed)
        return;
    b->is_reading = false;
    size_t taken = 0;
    /* Nothing is held any more if it takes no clips since. */
    while (b->held > 0 && taken < found->count && take_read(cl, &found->uploads[taken]))
        taken++;
    /* What came while it was read is behind it in the store, and was read, too. */
    set_held(cl, receiver, found->more && b->held > taken ? b->held - taken : 0);
    if (b->waiting + OUTBOX_UPLOADS_MAX <= LIMIT_CLIPS_WAITING)
        read_on(cl, receiver);
}

static void read_on(struct clips *cl, size_t receiver)
{
    struct backlog *b = &cl->backlogs[receiver];
    if (b->held == 0 || b->is_reading)
        return;
    struct reading_on *question = calloc(1, sizeof *question);
    if (!question)
        abort();
    *question = (struct reading_on){cl, receiver};
    b->is_reading = true;
    outbox_read_uploads(events_outbox(cl->options.events), receiver, b->to_seq, on_read, question);
}

void backlog_settle(struct clips *cl, size_t receiver)
{
    struct backlog *b = &cl->backlogs[receiver];
    b->waiting--;
    look_at_fault(cl, receiver);
    if (b->lacks_file)
        look_at_files(cl, receiver);
    if (b->waiting <= LIMIT_CLIPS_WAITING / 2)
        read_on(cl, receiver);
}

bool backlog_drop(struct clips *cl, size_t receiver)
{
    bool was_held = cl->backlogs[receiver].held > 0;
    if (was_held)
        set_held(cl, receiver, 0);
    return was_held;
}

size_t clips_held(const struct clips *cl, size_t receiver)
{
    return cl->backlogs[receiver].held;
}
