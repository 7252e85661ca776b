/* SPDX-License-Identifier: Apache-2.0 */
/* Which clips were promised, and which are here. */
#include <stdio.h>

#include "store_private.h"

const char *store_clips_folder(const struct store *s)
{
    return s->clips;
}

bool store_insert_clip(struct store *s, const struct event *event)
{
    sqlite3_stmt *statement =
        sql_prepare(s->db, "INSERT OR IGNORE INTO clip VALUES(?1,?2,?3,?4,?5,?6,0,NULL,NULL)");
    sql_bind_text(statement, 1, event->id);
    sql_bind_text(statement, 2, event->source);
    sql_bind_text(statement, 3, event->alarm);
    sql_bind_text(statement, 4, event->camera);
    sqlite3_bind_int64(statement, 5, event->length);
    sql_bind_text(statement, 6, event->sha256);
    return sql_finish(statement);
}

bool store_find_clip(struct store *s, const char *manifest, struct store_clip *ret_clip)
{
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *row =
        sql_prepare(s->db, "SELECT source,alarm,camera,length,sha256,complete,receiver_seq,"
                           "received_at FROM clip WHERE manifest=?1");
    sql_bind_text(row, 1, manifest);
    bool found = sqlite3_step(row) == SQLITE_ROW;
    if (found) {
        *ret_clip = (struct store_clip){.length = sqlite3_column_int64(row, 3),
                                        .complete = sqlite3_column_int(row, 5),
                                        .entry.receiver_seq = sqlite3_column_int64(row, 6)};
        snprintf(ret_clip->manifest, sizeof ret_clip->manifest, "%s", manifest);
        sql_copy(row, 0, ret_clip->source, sizeof ret_clip->source);
        sql_copy(row, 1, ret_clip->alarm, sizeof ret_clip->alarm);
        sql_copy(row, 2, ret_clip->camera, sizeof ret_clip->camera);
        sql_copy(row, 4, ret_clip->sha256, sizeof ret_clip->sha256);
        sql_copy(row, 7, ret_clip->entry.received_at, sizeof ret_clip->entry.received_at);
    }
    sqlite3_finalize(row);
    pthread_mutex_unlock(&s->lock);
    return found;
}

bool store_complete_clip(struct store *s, const char *manifest, struct store_entry *ret_entry)
{
    store_now_text(ret_entry->received_at);
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *statement = sql_prepare(
        s->db, "UPDATE clip SET complete=1, received_at=?2, receiver_seq=1+(SELECT count(*) FROM"
               " clip WHERE complete=1) WHERE manifest=?1 RETURNING receiver_seq,source,alarm");
    sql_bind_text(statement, 1, manifest);
    sql_bind_text(statement, 2, ret_entry->received_at);
    bool good = sqlite3_step(statement) == SQLITE_ROW;
    if (good) {
        ret_entry->receiver_seq = sqlite3_column_int64(statement, 0);
        kept_note(&s->card_changes, (const char *)sqlite3_column_text(statement, 1),
                  (const char *)sqlite3_column_text(statement, 2));
    }
    good = good && sqlite3_step(statement) == SQLITE_DONE;
    good = sqlite3_finalize(statement) == SQLITE_OK && good;
    if (good)
        store_note_change(s);
    pthread_mutex_unlock(&s->lock);
    return good;
}
