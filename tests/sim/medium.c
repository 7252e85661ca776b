/* SPDX-License-Identifier: Apache-2.0 */
#include "medium.h"

#include <stdlib.h>
#include <string.h>

#include "chance.h"

/* How a cut chooses among the changes. */
enum lot {
    LOT_NONE,
    LOT_ALL,
    LOT_FIRST,   /* those before a moment: what a disk without a cache does */
    LOT_LAST,    /* those after it */
    LOT_WHOLE,   /* each change or not */
    LOT_SECTORS, /* each sector of each change or not */
    LOT_COUNT,
};

struct loss {
    enum lot lot;
    size_t moment;
    unsigned tenths; /* of the changes or sectors that are kept */
    uint64_t *seed;
};

static void set_length(struct medium_bytes *b, size_t length)
{
    if (length > b->room) {
        b->room = length * 2;
        b->at = realloc(b->at, b->room);
        if (!b->at)
            abort();
    }
    if (length > b->length)
        memset(b->at + b->length, 0, length - b->length);
    b->length = length;
}

static void put(struct medium_bytes *b, size_t at, const void *bytes, size_t length)
{
    if (at + length > b->length)
        set_length(b, at + length);
    memcpy(b->at + at, bytes, length);
}

static void copy(struct medium_bytes *to, const struct medium_bytes *from)
{
    set_length(to, from->length);
    if (from->length > 0)
        memcpy(to->at, from->at, from->length);
}

static void forget_changes(struct medium *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->changes[i].bytes);
    m->count = 0;
}

void medium_finish(struct medium *m)
{
    forget_changes(m);
    free(m->changes);
    free(m->seen.at);
    free(m->durable.at);
    *m = (struct medium){0};
}

static void note(struct medium *m, struct medium_change change)
{
    if (m->count == m->room) {
        m->room = m->room ? m->room * 2 : 16;
        m->changes = reallocarray(m->changes, m->room, sizeof *m->changes);
        if (!m->changes)
            abort();
    }
    m->changes[m->count++] = change;
}

void medium_write(struct medium *m, size_t at, const void *bytes, size_t length)
{
    struct medium_change change = {.bytes = malloc(length), .at = at, .length = length};
    if (!change.bytes)
        abort();
    memcpy(change.bytes, bytes, length);
    note(m, change);
    put(&m->seen, at, bytes, length);
}

void medium_cut_to(struct medium *m, size_t length)
{
    note(m, (struct medium_change){.length = length});
    set_length(&m->seen, length);
}

static void apply(struct medium_bytes *b, const struct medium_change *change)
{
    if (change->bytes)
        put(b, change->at, change->bytes, change->length);
    else
        set_length(b, change->length);
}

void medium_sync(struct medium *m)
{
    for (size_t i = 0; i < m->count; i++)
        apply(&m->durable, &m->changes[i]);
    forget_changes(m);
}

static bool is_kept(const struct loss *l)
{
    return chance_below(l->seed, 10) < l->tenths;
}

static void apply_sectors(struct medium_bytes *b, const struct medium_change *change,
                          const struct loss *l)
{
    size_t at = change->at, end = change->at + change->length;
    while (at < end) {
        size_t next = (at / MEDIUM_SECTOR_BYTES + 1) * MEDIUM_SECTOR_BYTES;
        if (next > end)
            next = end;
        if (is_kept(l))
            put(b, at, change->bytes + (at - change->at), next - at);
        at = next;
    }
}

static void apply_some(struct medium *m, const struct loss *l)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct medium_change *change = &m->changes[i];
        bool is_whole = l->lot == LOT_ALL || (l->lot == LOT_FIRST && i < l->moment) ||
                        (l->lot == LOT_LAST && i >= l->moment);
        if (l->lot == LOT_WHOLE || (l->lot == LOT_SECTORS && !change->bytes))
            is_whole = is_kept(l);
        if (is_whole)
            apply(&m->durable, change);
        else if (l->lot == LOT_SECTORS && change->bytes)
            apply_sectors(&m->durable, change, l);
    }
}

/* What nobody wrote: zeros, or what lay there. */
static void grow(struct medium_bytes *b, size_t length, uint64_t *seed)
{
    size_t before = b->length;
    set_length(b, length);
    if (!chance_one_in(seed, 3))
        return;
    for (size_t i = before; i < length; i++)
        b->at[i] = (unsigned char)chance_draw(seed);
}

/* What was written did not make the file longer, or the length went before what was written. */
static void choose_length(struct medium *m, size_t before, uint64_t *seed)
{
    size_t now = m->durable.length; /* was it cut, then what was behind is gone */
    size_t lengths[] = {before < now ? before : now, m->seen.length, now, now};
    size_t length = lengths[chance_below(seed, 4)];
    if (length > m->durable.length)
        grow(&m->durable, length, seed);
    else
        set_length(&m->durable, length);
}

static void keep_some(struct medium *m, uint64_t *seed)
{
    if (m->count == 0)
        return;
    size_t before = m->durable.length;
    struct loss loss = {.lot = (enum lot)chance_below(seed, LOT_COUNT),
                        .moment = chance_below(seed, (unsigned)m->count + 1),
                        .tenths = 1 + chance_below(seed, 9),
                        .seed = seed};
    apply_some(m, &loss);
    if (loss.lot != LOT_ALL)
        choose_length(m, before, seed);
}

void medium_lose(struct medium *m, uint64_t *seed)
{
    keep_some(m, seed);
    copy(&m->seen, &m->durable);
    forget_changes(m);
}

void medium_fail_sync(struct medium *m, bool forgets, uint64_t *seed)
{
    keep_some(m, seed);
    if (forgets)
        copy(&m->seen, &m->durable);
    forget_changes(m);
}
