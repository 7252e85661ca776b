/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's side of it: what the store's thread has read, and who gave which numbers meanwhile. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbox/job.h"
#include "outbox/numbers.h"

bool meet_await(struct outbox *ob, int64_t wait_ms, struct outbox_found *ret_found,
                uint64_t *ret_stored_seq)
{
    struct meeting *m = ob->meeting;
    int64_t until_ns = clock_monotonic_ns() + wait_ms * 1000000, left_ns;
    uv_mutex_lock(&ob->lock);
    while (!m->is_over && (left_ns = until_ns - clock_monotonic_ns()) > 0)
        uv_cond_timedwait(&ob->finished, &ob->lock, (uint64_t)left_ns);
    bool is_read = m->is_read;
    m->is_late = !is_read;
    *ret_stored_seq = is_read ? m->stored_seq : 0;
    if (is_read)
        *ret_found = m->found;
    else if (m->is_over && !m->is_new)
        snprintf(ret_found->unknown, sizeof ret_found->unknown, "%s", m->why);
    else if (!m->is_over)
        snprintf(ret_found->unknown, sizeof ret_found->unknown, "%s: the disk has not answered yet",
                 ob->store.path);
    ret_found->is_late = !is_read && !m->is_over;
    ret_found->numbers_unknown = !m->is_ready;
    m->found = (struct outbox_found){0};
    uv_mutex_unlock(&ob->lock);
    return is_read;
}

int meet_find_taken(struct outbox *ob, struct err *e)
{
    struct meeting *m = ob->meeting;
    uv_mutex_lock(&ob->lock);
    int result = m->is_taken ? err_set(e, EADDRINUSE, "%s", m->why) : 0;
    uv_mutex_unlock(&ob->lock);
    return result;
}

void meet_note_given(struct outbox *ob, uint64_t seq)
{
    struct meeting *m = ob->meeting;
    uv_mutex_lock(&ob->lock);
    if (m->first_given == 0)
        m->first_given = seq;
    m->last_given = seq;
    uv_mutex_unlock(&ob->lock);
}

void outbox_begin_numbers(struct outbox *ob, struct outbox_head *head)
{
    struct meeting *m = ob->meeting;
    int64_t left_ns;
    uv_mutex_lock(&ob->lock);
    while (!m->is_ready && !m->is_over && (left_ns = m->numbers_by_ns - clock_monotonic_ns()) > 0)
        uv_cond_timedwait(&ob->finished, &ob->lock, (uint64_t)left_ns);
    bool is_ready = m->is_ready;
    if (is_ready)
        *head = m->head;
    else
        head->used_seq = numbers_far(head->last_seq, clock_wall_ms());
    uv_mutex_unlock(&ob->lock);
    journal_cover(ob->journal, true);
    if (!is_ready)
        log_warning("outbox",
                    "nothing says how far numbers were given: they go on far above all, from %llu",
                    (unsigned long long)head->used_seq + 1);
}

uint64_t outbox_numbers_above(uint64_t seq)
{
    int64_t wall_ms = clock_wall_ms();
    return seq <= numbers_highest(wall_ms) ? numbers_far(seq, wall_ms) : 0;
}

void meet_init(struct meeting *m)
{
    hold_init(&m->hold);
    owed_init(&m->owed);
}

void meet_free(struct meeting *m)
{
    if (!m)
        return;
    outbox_found_finish(&m->found);
    hold_end(&m->hold);
    owed_free(&m->owed);
    free(m->unsalvaged);
    free(m->twins);
    free(m);
}
