/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/strike.h"

#include <stdio.h>
#include <string.h>

#define PIECE 32 /* rows that are looked at in one go, and struck out in one transaction */

void strike_init(struct strike *st, size_t receiver)
{
    *st = (struct strike){.receiver = receiver};
}

struct found {
    uint64_t seqs[PIECE]; /* to be struck out */
    int count, seen;
};

static int find_deliveries(struct store *s, struct strike *st, struct found *ret, struct err *e)
{
    sqlite3_stmt *row = s->statements[STORE_PENDING_AFTER];
    int step;
    store_bind_text(row, 1, s->receivers[st->receiver]);
    sqlite3_bind_int64(row, 2, (sqlite3_int64)st->after_seq);
    sqlite3_bind_int(row, 3, PIECE);
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        ret->seen++;
        st->after_seq = (uint64_t)sqlite3_column_int64(row, 0);
        if (s->withheld[st->receiver] & UPLINK_TAKES(sqlite3_column_int(row, 1)))
            ret->seqs[ret->count++] = st->after_seq;
    }
    store_reset(row);
    return step == SQLITE_DONE ? 0 : store_error(s, e, "what a receiver takes");
}

static int find_uploads(struct store *s, struct strike *st, struct found *ret, struct err *e)
{
    sqlite3_stmt *row = s->statements[STORE_UPLOAD_AFTER];
    int step;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)st->after_seq);
    sqlite3_bind_text(row, 2, st->after_receiver, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(row, 3, PIECE);
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        ret->seen++;
        st->after_seq = (uint64_t)sqlite3_column_int64(row, 0);
        store_copy_column(row, 1, st->after_receiver, sizeof st->after_receiver);
        bool is_pending = sqlite3_column_int(row, 9) == STORE_DELIVERY_PENDING;
        if (is_pending && strcmp(st->after_receiver, s->receivers[st->receiver]) == 0)
            ret->seqs[ret->count++] = st->after_seq;
    }
    store_reset(row);
    return step == SQLITE_DONE ? 0 : store_error(s, e, "what a receiver takes");
}

static int strike_found(struct store *s, const struct strike *st, const struct found *found,
                        struct err *e)
{
    enum store_statement which = st->of_uploads ? STORE_STRIKE_UPLOAD : STORE_STRIKE_DELIVERY;
    int result = store_begin(s, e);
    for (int i = 0; result == 0 && i < found->count; i++) {
        sqlite3_bind_int64(s->statements[which], 1, (sqlite3_int64)found->seqs[i]);
        store_bind_text(s->statements[which], 2, s->receivers[st->receiver]);
        result = store_run(s, which, "what a receiver takes", e);
    }
    if (result == 0)
        result = store_commit(s, e);
    if (result != 0)
        store_rollback(s);
    return result;
}

int strike_go_on(struct store *s, struct strike *st, struct err *e)
{
    struct strike next = *st;
    struct found found = {.count = 0};
    int result = 0;
    if (!st->of_uploads)
        result = find_deliveries(s, &next, &found, e);
    else if (s->no_clips[st->receiver])
        result = find_uploads(s, &next, &found, e);
    if (result == 0 && found.count > 0)
        result = strike_found(s, st, &found, e);
    if (result != 0)
        return result;
    if (found.seen < PIECE && st->of_uploads)
        return 0;
    if (found.seen < PIECE)
        next = (struct strike){.receiver = st->receiver, .of_uploads = true};
    *st = next;
    return 1;
}
