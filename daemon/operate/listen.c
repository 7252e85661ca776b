/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of the tocsin command. A folder that is not there or not to be written, or another
 * program on the socket, keeps nobody from pressing a button; and what removes its file takes it
 * away for a few seconds only. */

#include "base/clock.h"
#include "base/log.h"
#include "operate/internal.h"

#define AGAIN_MS 5000

/* Binds it unless it is there still. */
static void look(struct operate *op)
{
    struct listening *l = &op->listening;
    const char *path = op->options.config.control->socket;
    l->is_new = false;
    l->result = 0;
    if (l->is_there && control_is_bound(path, &l->socket))
        return;
    l->result = control_bind(path, &l->bound, &l->error);
    l->is_new = l->result == 0;
}

static int take_socket(struct operate *op)
{
    struct listening *l = &op->listening;
    const struct operate_options *o = &op->options;
    if (l->is_there)
        return control_move(op->control, &l->bound, &l->error);
    int result = control_open(o->loop, o->config.control->socket, &l->bound, l->commands, op,
                              &op->control, &l->error);
    if (result == 0)
        control_tell_gone(op->control, l->on_gone);
    return result;
}

/* Takes what was bound, and says how it stands, if that has changed. */
static void settle(struct operate *op)
{
    struct listening *l = &op->listening;
    if (l->is_new)
        l->result = take_socket(op);
    if (l->is_new && l->result == 0) {
        l->is_there = true;
        l->socket = l->bound;
    }
    if (l->result == 0 && !l->is_new && !l->is_faulty)
        return;
    l->is_faulty = l->result != 0;
    facts_state_fault(op->options.facts, FAULT_CONTROL, NULL, l->is_faulty ? l->error.text : NULL);
}

static void run(uv_work_t *work)
{
    look(work->data);
}

static void finish(uv_work_t *work, int status)
{
    struct operate *op = work->data;
    struct listening *l = &op->listening;
    const char *path = op->options.config.control->socket;
    bool was_there = l->is_there;
    (void)status; /* nobody cancels it */
    l->is_busy = false;
    if (l->is_closed) {
        if (l->is_new)
            control_unbind(path, &l->bound);
        return;
    }
    settle(op);
    if (l->is_new && l->result == 0)
        log_warning("control", "%s: is there %s", path, was_there ? "again" : "now");
}

void listen_open(struct operate *op, const struct control_command *commands,
                 void (*on_gone)(void *arg, uint64_t client))
{
    struct listening *l = &op->listening;
    l->commands = commands;
    l->on_gone = on_gone;
    l->work.data = op;
    l->due_ms = clock_monotonic_ms() + AGAIN_MS;
    look(op);
    settle(op);
    if (!l->is_there)
        log_error("control", "%s: the tocsin command finds nobody until that is mended",
                  l->error.text);
}

void listen_tick(struct operate *op)
{
    struct listening *l = &op->listening;
    int64_t now_ms = clock_monotonic_ms();
    if (l->is_busy || l->is_closed || now_ms < l->due_ms)
        return;
    l->due_ms = now_ms + AGAIN_MS;
    l->is_busy = uv_queue_work(op->options.loop, &l->work, run, finish) == 0;
}

void listen_close(struct operate *op)
{
    op->listening.is_closed = true;
    control_close(op->control);
    op->control = NULL;
}
