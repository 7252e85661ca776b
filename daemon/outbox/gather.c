/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/gather.h"

#include "outbox/job.h"

void gather_init(struct gather *g)
{
    *g = (struct gather){.written_ns = -GATHER_PAUSE_NS};
    STAILQ_INIT(&g->list);
}

bool gather_add(struct gather *g, struct job *job)
{
    STAILQ_INSERT_TAIL(&g->list, job, next);
    g->count++;
    return g->count == 1 || g->count == GATHER_GROUP;
}

int64_t gather_due_ns(const struct gather *g)
{
    if (g->count == 0)
        return INT64_MAX;
    return g->hurry || g->count >= GATHER_GROUP ? 0 : g->written_ns + GATHER_PAUSE_NS;
}

void gather_take(struct gather *g, struct job_list *batch)
{
    struct job *job;
    for (int i = 0; i < GATHER_GROUP && (job = STAILQ_FIRST(&g->list)); i++) {
        STAILQ_REMOVE_HEAD(&g->list, next);
        STAILQ_INSERT_TAIL(batch, job, next);
        g->count--;
    }
    g->hurry = g->hurry && g->count > 0;
}

void gather_take_all(struct gather *g, struct job_list *batch)
{
    STAILQ_CONCAT(batch, &g->list);
    g->count = 0;
    g->hurry = false;
}

void gather_put_back(struct gather *g, struct job_list *batch)
{
    const struct job *job;
    STAILQ_FOREACH(job, batch, next)
    {
        g->count++;
    }
    STAILQ_CONCAT(batch, &g->list);
    STAILQ_CONCAT(&g->list, batch);
    g->hurry = true; /* whoever wanted it still does */
}

void gather_note_written(struct gather *g, int64_t now_ns)
{
    g->written_ns = now_ns;
}
