/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/prune.h"

#define PIECE 16 /* events in one transaction: what a press may have to wait for */

void prune_init(struct prune *p, uint64_t last_seq)
{
    *p = (struct prune){.last_seq = last_seq};
}

/* The next few that are old: how many were looked at, and which of them may go. */
static int find_some(struct store *s, struct prune *p, uint64_t *ret_seqs, int *ret_count)
{
    sqlite3_stmt *row = s->statements[STORE_OLD_EVENTS];
    sqlite3_bind_int64(row, 1, (sqlite3_int64)p->after_seq);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)p->last_seq);
    sqlite3_bind_int(row, 3, PIECE);
    int step, seen = 0;
    *ret_count = 0;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        seen++;
        p->after_seq = (uint64_t)sqlite3_column_int64(row, 0);
        if (sqlite3_column_int(row, 1) == 0)
            ret_seqs[(*ret_count)++] = p->after_seq;
    }
    store_reset(row);
    return step == SQLITE_DONE ? seen : -1;
}

static int remove_some(struct store *s, const uint64_t *seqs, int count, struct err *e)
{
    static const enum store_statement removals[] = {STORE_DELETE_DELIVERIES, STORE_DELETE_UPLOADS,
                                                    STORE_DELETE_EVENT};
    int result = store_begin(s, e);
    for (int i = 0; result == 0 && i < count; i++) {
        for (size_t j = 0; result == 0 && j < sizeof removals / sizeof *removals; j++) {
            sqlite3_bind_int64(s->statements[removals[j]], 1, (sqlite3_int64)seqs[i]);
            result = store_run(s, removals[j], "prune", e);
        }
    }
    if (result == 0)
        result = store_commit(s, e);
    if (result != 0)
        store_rollback(s);
    return result;
}

int prune_go_on(struct store *s, struct prune *p, struct err *e)
{
    uint64_t seqs[PIECE];
    struct prune next = *p;
    int count, seen = find_some(s, &next, seqs, &count);
    if (seen < 0)
        return store_error(s, e, "prune");
    int result = count > 0 ? remove_some(s, seqs, count, e) : 0;
    if (result != 0)
        return result;
    *p = next;
    return seen == PIECE;
}
