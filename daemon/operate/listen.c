/* SPDX-License-Identifier: Apache-2.0 */
/* The socket of the tocsin command. A folder that is not there or not to be written, or another
 * program on the socket, keeps nobody from pressing a button. */
#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "operate/internal.h"

#define AGAIN_MS 5000

static void bind_socket(struct operate *op)
{
    struct listening *l = &op->listening;
    l->result = control_bind(op->options.config.control->socket, &l->fd, &l->error);
}

/* Takes what was bound. */
static void take_socket(struct operate *op)
{
    struct listening *l = &op->listening;
    const struct operate_options *o = &op->options;
    if (l->result == 0)
        l->result = control_open(o->loop, o->config.control->socket, l->fd, l->commands, op,
                                 &op->control, &l->error);
    if (l->result == 0)
        control_tell_gone(op->control, l->on_gone);
    facts_state_fault(o->facts, FAULT_CONTROL, NULL, l->result == 0 ? NULL : l->error.text);
}

static void run(uv_work_t *work)
{
    bind_socket(work->data);
}

static void finish(uv_work_t *work, int status)
{
    struct operate *op = work->data;
    struct listening *l = &op->listening;
    (void)status; /* nobody cancels it */
    l->is_busy = false;
    if (l->is_closed) {
        if (l->result == 0)
            control_unbind(op->options.config.control->socket, l->fd);
        return;
    }
    take_socket(op);
    if (op->control)
        log_info("control", "%s: is there now", op->options.config.control->socket);
}

void listen_open(struct operate *op, const struct control_command *commands,
                 void (*on_gone)(void *arg, uint64_t client))
{
    struct listening *l = &op->listening;
    l->commands = commands;
    l->on_gone = on_gone;
    l->work.data = op;
    l->due_ms = clock_monotonic_ms() + AGAIN_MS;
    bind_socket(op);
    take_socket(op);
    if (!op->control)
        log_error("control", "%s: the tocsin command finds nobody until that is mended",
                  l->error.text);
}

void listen_tick(struct operate *op)
{
    struct listening *l = &op->listening;
    int64_t now_ms = clock_monotonic_ms();
    if (op->control || l->is_busy || l->is_closed || now_ms < l->due_ms)
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
