/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/uploads.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 32 /* rows that are looked at in one go, whosever they are */

struct uploads *uploads_create(size_t receiver, uint64_t after_seq)
{
    struct uploads *u = calloc(1, sizeof *u);
    if (!u)
        abort();
    u->receiver = receiver;
    u->after_seq = after_seq + 1; /* and before any receiver of the next event */
    return u;
}

void uploads_destroy(struct uploads *u)
{
    free(u);
}

bool uploads_read_row(sqlite3_stmt *row, size_t receiver, struct outbox_upload *ret_upload)
{
    if (sqlite3_column_bytes(row, 8) != EVENT_DIGEST_BYTES)
        return false;
    *ret_upload = (struct outbox_upload){.seq = (uint64_t)sqlite3_column_int64(row, 0),
                                         .receiver = receiver,
                                         .length_bytes = sqlite3_column_int64(row, 7)};
    store_copy_column(row, 2, ret_upload->manifest, sizeof ret_upload->manifest);
    store_copy_column(row, 3, ret_upload->clip, sizeof ret_upload->clip);
    store_copy_column(row, 4, ret_upload->alarm, sizeof ret_upload->alarm);
    store_copy_column(row, 5, ret_upload->camera, sizeof ret_upload->camera);
    store_copy_column(row, 6, ret_upload->path, sizeof ret_upload->path);
    memcpy(ret_upload->sha256, sqlite3_column_blob(row, 8), EVENT_DIGEST_BYTES);
    return true;
}

static void take_row(const struct store *s, sqlite3_stmt *row, struct uploads *u)
{
    struct outbox_uploads *found = &u->found;
    u->after_seq = (uint64_t)sqlite3_column_int64(row, 0);
    store_copy_column(row, 1, u->after_receiver, sizeof u->after_receiver);
    if (sqlite3_column_int(row, 9) == STORE_DELIVERY_PENDING &&
        strcmp(u->after_receiver, s->receivers[u->receiver]) == 0 &&
        uploads_read_row(row, u->receiver, &found->uploads[found->count]))
        found->count++;
}

int uploads_go_on(struct store *s, struct uploads *u, struct err *e)
{
    sqlite3_stmt *row = s->statements[STORE_UPLOAD_AFTER];
    struct uploads before = *u;
    int step, seen = 0;
    sqlite3_bind_int64(row, 1, (sqlite3_int64)u->after_seq);
    sqlite3_bind_text(row, 2, u->after_receiver, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(row, 3, PIECE);
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        seen++;
        take_row(s, row, u);
        if (u->found.count == OUTBOX_UPLOADS_MAX)
            break;
    }
    store_reset(row);
    if (step != SQLITE_ROW && step != SQLITE_DONE) {
        *u = before;
        return store_error(s, e, "clips that wait");
    }
    u->found.more = step == SQLITE_ROW;
    return step == SQLITE_DONE && seen == PIECE;
}
