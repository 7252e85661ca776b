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
    g->added++;
    return g->count == 1 || g->count == GATHER_GROUP;
}

void gather_want(struct gather *g)
{
    g->wanted = g->added;
}

bool gather_has_written(const struct gather *g, uint64_t count)
{
    return g->added - g->count >= count;
}

int64_t gather_due_ns(const struct gather *g)
{
    if (g->count == 0)
        return INT64_MAX;
    if (g->failing)
        return g->again_ns;
    bool at_once = g->count >= GATHER_GROUP || !gather_has_written(g, g->wanted);
    return at_once ? 0 : g->written_ns + GATHER_PAUSE_NS;
}

bool gather_may_join(const struct gather *g)
{
    return g->count > GATHER_MAX && !g->failing;
}

void gather_take(struct gather *g, struct job_list *batch)
{
    struct job *job;
    for (int i = 0; i < GATHER_GROUP && (job = STAILQ_FIRST(&g->list)); i++) {
        STAILQ_REMOVE_HEAD(&g->list, next);
        STAILQ_INSERT_TAIL(batch, job, next);
        g->count--;
    }
}

void gather_put_back(struct gather *g, struct job_list *batch, int64_t again_ns)
{
    const struct job *job;
    STAILQ_FOREACH(job, batch, next)
    {
        g->count++;
    }
    STAILQ_CONCAT(batch, &g->list);
    STAILQ_CONCAT(&g->list, batch);
    g->failing = true;
    g->held = false;
    g->again_ns = again_ns;
}

void gather_hold(struct gather *g, struct job_list *batch, int64_t again_ns)
{
    gather_put_back(g, batch, again_ns);
    g->held = true;
}

void gather_note_written(struct gather *g, int64_t now_ns)
{
    g->written_ns = now_ns;
    g->failing = g->held = false;
}
