/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/mailbox.h"

#include <errno.h>
#include <stdlib.h>

STAILQ_HEAD(message_list, mailbox_message);

struct mailbox {
    uv_async_t wake;
    uv_mutex_t lock;
    struct message_list messages;
};

static void deliver_all(struct mailbox *m)
{
    struct message_list taken = STAILQ_HEAD_INITIALIZER(taken);
    struct mailbox_message *message;
    uv_mutex_lock(&m->lock);
    STAILQ_CONCAT(&taken, &m->messages);
    uv_mutex_unlock(&m->lock);
    while ((message = STAILQ_FIRST(&taken))) {
        STAILQ_REMOVE_HEAD(&taken, next);
        message->deliver(message);
    }
}

static void on_wake(uv_async_t *wake)
{
    deliver_all(wake->data);
}

int mailbox_create(uv_loop_t *loop, struct mailbox **ret_mailbox, struct err *e)
{
    struct mailbox *m = calloc(1, sizeof *m);
    if (!m)
        return err_set(e, ENOMEM, "mailbox: out of memory");
    STAILQ_INIT(&m->messages);
    m->wake.data = m;
    int result = uv_mutex_init(&m->lock);
    if (result != 0)
        goto fail;
    result = uv_async_init(loop, &m->wake, on_wake);
    if (result != 0) {
        uv_mutex_destroy(&m->lock);
        goto fail;
    }
    *ret_mailbox = m;
    return 0;

fail:
    free(m);
    return err_system(e, -result, "mailbox");
}

void mailbox_post(struct mailbox *m, struct mailbox_message *message)
{
    uv_mutex_lock(&m->lock);
    STAILQ_INSERT_TAIL(&m->messages, message, next);
    uv_mutex_unlock(&m->lock);
    uv_async_send(&m->wake);
}

static void destroy(uv_handle_t *handle)
{
    struct mailbox *m = handle->data;
    uv_mutex_destroy(&m->lock);
    free(m);
}

void mailbox_close(struct mailbox *m)
{
    if (!m)
        return;
    deliver_all(m);
    uv_close((uv_handle_t *)&m->wake, destroy);
}
