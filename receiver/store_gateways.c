/* SPDX-License-Identifier: Apache-2.0 */
/* Which gateways there are, and when each was last heard. */
#include <string.h>
#include <time.h>

#include "store_private.h"

bool store_insert_gateway(struct store *s, const char *source)
{
    sqlite3_stmt *statement =
        sql_prepare(s->db, "INSERT OR IGNORE INTO gateway(source) VALUES(?1)");
    sql_bind_text(statement, 1, source);
    return sql_finish(statement);
}

/* Two connections may carry heartbeats in any order: within one boot only a later one counts. */
static bool is_newest(struct store *s, const struct event *event)
{
    sqlite3_stmt *row = sql_prepare(s->db, "SELECT monoms FROM gateway WHERE source=?1"
                                           " AND boot=?2 AND boot<>''");
    sql_bind_text(row, 1, event->source);
    sql_bind_text(row, 2, event->boot);
    bool newest = sqlite3_step(row) != SQLITE_ROW || sqlite3_column_int64(row, 0) < event->monoms;
    sqlite3_finalize(row);
    return newest;
}

static bool update_gateway(struct store *s, const struct event *event, const char *bytes,
                           size_t length, int64_t off_s, const char *received_at)
{
    sqlite3_stmt *statement = sql_prepare(
        s->db, "UPDATE gateway SET bytes=?2, boot=?3, monoms=?4, off_s=?5, received_at=?6,"
               " received_s=?7, heard_boot=?8, heard_ms=?9 WHERE source=?1");
    sql_bind_text(statement, 1, event->source);
    sqlite3_bind_blob(statement, 2, bytes, (int)length, SQLITE_TRANSIENT);
    sql_bind_text(statement, 3, event->boot);
    sqlite3_bind_int64(statement, 4, event->monoms);
    sqlite3_bind_int64(statement, 5, off_s);
    sql_bind_text(statement, 6, received_at);
    sqlite3_bind_int64(statement, 7, time(NULL));
    sql_bind_text(statement, 8, s->boot);
    sqlite3_bind_int64(statement, 9, store_boottime_ms());
    return sql_finish(statement);
}

static bool count_beat(struct store *s, const char *source, int64_t *ret_beats)
{
    sqlite3_stmt *row =
        sql_prepare(s->db, "UPDATE gateway SET beats=beats+1 WHERE source=?1 RETURNING beats");
    sql_bind_text(row, 1, source);
    bool good = sqlite3_step(row) == SQLITE_ROW;
    *ret_beats = good ? sqlite3_column_int64(row, 0) : 0;
    good = good && sqlite3_step(row) == SQLITE_DONE;
    sqlite3_finalize(row);
    return good;
}

enum store_result store_heartbeat(struct store *s, const struct event *event, const char *bytes,
                                  size_t length, const struct store_evidence *evidence,
                                  struct store_entry *ret_entry)
{
    enum store_result result = STORE_FAILED;
    bool changed = false;
    pthread_mutex_lock(&s->lock);
    if (store_begin(s)) {
        store_now_text(ret_entry->received_at);
        result = store_insert_nonce(s, evidence->nonce, evidence->nonce_until_s);
        bool good =
            result == STORE_NEW && store_insert_gateway(s, event->source) &&
            (!is_newest(s, event) ||
             update_gateway(s, event, bytes, length, evidence->off_s, ret_entry->received_at)) &&
            count_beat(s, event->source, &ret_entry->receiver_seq) &&
            store_confirm_answers(s, event->source, event->answer_seq, &changed);
        ret_entry->newest_seq = store_newest_seq(s, event->source);
        if (!store_end(s, good) && result == STORE_NEW)
            result = STORE_FAILED;
    }
    if (result == STORE_NEW && changed)
        store_note_change(s);
    pthread_mutex_unlock(&s->lock);
    return result;
}
