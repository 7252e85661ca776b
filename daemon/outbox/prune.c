/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/prune.h"

#include <inttypes.h>
#include <stdio.h>

#define PIECE 16 /* events in one transaction: what a press may have to wait for */

void prune_init(struct prune *p, uint64_t last_seq)
{
    *p = (struct prune){.last_seq = last_seq};
}

void prune_read_mark(struct store *s, struct prune_mark *ret_mark)
{
    sqlite3_stmt *row = NULL;
    char text[80] = "";
    if (sqlite3_prepare_v2(s->db, "SELECT text FROM state WHERE name='" PRUNE_ROW "'", -1, &row,
                           NULL) == SQLITE_OK &&
        sqlite3_step(row) == SQLITE_ROW)
        store_copy_column(row, 0, text, sizeof text);
    sqlite3_finalize(row);
    if (sscanf(text, "%" SCNu64 " %" SCNd64, &ret_mark->seq, &ret_mark->wall_ms) != 2)
        *ret_mark = (struct prune_mark){0};
}

/* Those of a piece that may go, and the highest of them. */
struct old {
    uint64_t seqs[PIECE];
    int count;
    struct prune_mark mark;
};

static void add_old(struct old *old, uint64_t seq, int64_t wall_ms)
{
    old->seqs[old->count++] = seq;
    old->mark.seq = seq > old->mark.seq ? seq : old->mark.seq;
    old->mark.wall_ms = wall_ms > old->mark.wall_ms ? wall_ms : old->mark.wall_ms;
}

/* The next few that are old: how many were looked at, and which of them may go. */
static int find_some(struct store *s, struct prune *p, struct old *ret_old)
{
    sqlite3_stmt *row = s->statements[STORE_OLD_EVENTS];
    sqlite3_bind_int64(row, 1, (sqlite3_int64)p->after_seq);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)p->last_seq);
    sqlite3_bind_int(row, 3, PIECE);
    int step, seen = 0;
    *ret_old = (struct old){.count = 0};
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        seen++;
        p->after_seq = (uint64_t)sqlite3_column_int64(row, 0);
        if (sqlite3_column_int(row, 1) == 0)
            add_old(ret_old, p->after_seq, sqlite3_column_int64(row, 2));
    }
    store_reset(row);
    return step == SQLITE_DONE ? seen : -1;
}

static int put_mark(struct store *s, struct prune_mark mark, struct err *e)
{
    char text[80];
    struct prune_mark before;
    prune_read_mark(s, &before);
    snprintf(text, sizeof text, "%" PRIu64 " %" PRId64,
             mark.seq > before.seq ? mark.seq : before.seq,
             mark.wall_ms > before.wall_ms ? mark.wall_ms : before.wall_ms);
    return store_put_row(s, &(struct outbox_row){PRUNE_ROW, text}, e);
}

static int remove_some(struct store *s, const struct old *old, struct err *e)
{
    static const enum store_statement removals[] = {STORE_DELETE_DELIVERIES, STORE_DELETE_UPLOADS,
                                                    STORE_DELETE_EVENT};
    int result = store_begin(s, e);
    for (int i = 0; result == 0 && i < old->count; i++) {
        for (size_t j = 0; result == 0 && j < sizeof removals / sizeof *removals; j++) {
            sqlite3_bind_int64(s->statements[removals[j]], 1, (sqlite3_int64)old->seqs[i]);
            result = store_run(s, removals[j], "prune", e);
        }
    }
    if (result == 0)
        result = put_mark(s, old->mark, e);
    if (result == 0)
        result = store_commit(s, e);
    if (result != 0)
        store_rollback(s);
    return result;
}

int prune_go_on(struct store *s, struct prune *p, struct err *e)
{
    struct old old;
    struct prune next = *p;
    int seen = find_some(s, &next, &old);
    if (seen < 0)
        return store_error(s, e, "prune");
    int result = old.count > 0 ? remove_some(s, &old, e) : 0;
    if (result != 0)
        return result;
    *p = next;
    return seen == PIECE;
}
