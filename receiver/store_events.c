/* SPDX-License-Identifier: Apache-2.0 */
/* Events as they come: once each, in their gateway's chain, with their incident. */
#include <stdio.h>
#include <string.h>

#include "store_private.h"

/* base64url without padding of the digest that a Content-Digest text holds in base64. */
static void as_prev(const char *digest, char ret_prev[48])
{
    snprintf(ret_prev, 48, "%.43s", strlen(digest) > 52 ? digest + 9 : "");
    for (char *c = ret_prev; *c; c++)
        *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
}

/* How the event stands to those before it in its gateway's chain. */
static const char *judge_chain(struct store *s, const struct event *event)
{
    bool before = event->seq == 1, follows = event->seq == 1, twin = false;
    char prev[48];
    sqlite3_stmt *row =
        sql_prepare(s->db, "SELECT seq, digest FROM event WHERE source=?1 AND seq IN (?2,?3)");
    sql_bind_text(row, 1, event->source);
    sqlite3_bind_int64(row, 2, event->seq - 1);
    sqlite3_bind_int64(row, 3, event->seq);
    while (sqlite3_step(row) == SQLITE_ROW) {
        if (sqlite3_column_int64(row, 0) == event->seq) {
            twin = true;
            continue;
        }
        before = true;
        as_prev((const char *)sqlite3_column_text(row, 1), prev);
        follows = follows || strcmp(prev, event->prev) == 0;
    }
    sqlite3_finalize(row);
    return twin || (before && !follows) ? "fork" : before ? "" : "gap";
}

/* A gap that this event fills is no gap any more: the next one follows it, or is a fork. */
static bool mend_gap(struct store *s, const struct event *event, const char *digest)
{
    char prev[48];
    as_prev(digest, prev);
    sqlite3_stmt *statement =
        sql_prepare(s->db, "UPDATE event SET chain=CASE WHEN prev=?3 THEN '' ELSE 'fork' END"
                           " WHERE source=?1 AND seq=?2 AND chain='gap' RETURNING alarm");
    sql_bind_text(statement, 1, event->source);
    sqlite3_bind_int64(statement, 2, event->seq + 1);
    sql_bind_text(statement, 3, prev);
    return store_note_rows(s, statement, event->source);
}

static enum store_result find_event(struct store *s, const char *id, const char *digest,
                                    struct store_entry *ret_entry)
{
    sqlite3_stmt *row =
        sql_prepare(s->db, "SELECT receiver_seq,received_at,digest,chain FROM event WHERE id=?1");
    sql_bind_text(row, 1, id);
    int step = sqlite3_step(row);
    enum store_result result = step == SQLITE_DONE ? STORE_NEW : STORE_FAILED;
    if (step == SQLITE_ROW) {
        ret_entry->receiver_seq = sqlite3_column_int64(row, 0);
        sql_copy(row, 1, ret_entry->received_at, sizeof ret_entry->received_at);
        ret_entry->is_fork = strcmp((const char *)sqlite3_column_text(row, 3), "fork") == 0;
        result = strcmp((const char *)sqlite3_column_text(row, 2), digest) == 0 ? STORE_REPEAT
                                                                                : STORE_CONFLICT;
    }
    sqlite3_finalize(row);
    return result;
}

static bool insert_event(struct store *s, const struct event *event, const char *bytes,
                         size_t length, const struct store_evidence *evidence,
                         struct store_entry *ret_entry)
{
    const char *chain = judge_chain(s, event);
    ret_entry->is_fork = strcmp(chain, "fork") == 0;
    sqlite3_stmt *statement = sql_prepare(
        s->db,
        "INSERT INTO event(id,source,seq,type,alarm,time,clock,digest,prev,headers,received_at,"
        "bytes,chain,off_s) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)");
    store_now_text(ret_entry->received_at);
    sql_bind_text(statement, 1, event->id);
    sql_bind_text(statement, 2, event->source);
    sqlite3_bind_int64(statement, 3, event->seq);
    sql_bind_text(statement, 4, event->type);
    sql_bind_text(statement, 5, event->alarm);
    sql_bind_text(statement, 6, event->time);
    sql_bind_text(statement, 7, event->clock);
    sql_bind_text(statement, 8, evidence->digest);
    sql_bind_text(statement, 9, event->prev);
    sql_bind_text(statement, 10, evidence->headers);
    sql_bind_text(statement, 11, ret_entry->received_at);
    sqlite3_bind_blob(statement, 12, bytes, (int)length, SQLITE_TRANSIENT);
    sql_bind_text(statement, 13, chain);
    sqlite3_bind_int64(statement, 14, evidence->off_s);
    bool good = sql_finish(statement);
    ret_entry->receiver_seq = sqlite3_last_insert_rowid(s->db);
    return good;
}

static bool is_press(const struct event *event)
{
    const char *verb = strrchr(event->type, '.');
    return verb && (strcmp(verb, ".raised") == 0 || strcmp(verb, ".updated") == 0);
}

/* Nothing that comes later makes a real incident an exercise. One that becomes more than it was,
 * or is pressed again, moves to the top and is open: nobody has answered to that. */
static bool insert_incident(struct store *s, const struct event *event, int64_t receiver_seq)
{
    if (!event->alarm[0] || event->kind == EVENT_KIND_OTHER)
        return true;
    enum incident_kind kind = event->kind == EVENT_KIND_ALARM      ? INCIDENT_KIND_REAL
                              : event->kind == EVENT_KIND_MANIFEST ? INCIDENT_KIND_UNKNOWN
                                                                   : INCIDENT_KIND_EXERCISE;
    sqlite3_stmt *statement =
        sql_prepare(s->db, "INSERT INTO incident(alarm,source,kind,shown_seq) VALUES(?1,?2,?3,?4)"
                           " ON CONFLICT DO UPDATE SET kind=?3, shown_seq=?4, done=NULL"
                           " WHERE kind<?3 OR (kind=?3 AND ?5)");
    sql_bind_text(statement, 1, event->alarm);
    sql_bind_text(statement, 2, event->source);
    sqlite3_bind_int(statement, 3, kind);
    sqlite3_bind_int64(statement, 4, receiver_seq);
    sqlite3_bind_int(statement, 5, is_press(event));
    return sql_finish(statement);
}

static enum store_result put_new(struct store *s, const struct event *event, const char *bytes,
                                 size_t length, const struct store_evidence *evidence,
                                 struct store_entry *ret_entry)
{
    enum store_result result = store_insert_nonce(s, evidence->nonce, evidence->nonce_until_s);
    if (result != STORE_NEW)
        return result;
    bool good = insert_event(s, event, bytes, length, evidence, ret_entry) &&
                mend_gap(s, event, evidence->digest) && store_insert_gateway(s, event->source) &&
                insert_incident(s, event, ret_entry->receiver_seq) &&
                (event->kind != EVENT_KIND_MANIFEST || store_insert_clip(s, event));
    return good ? STORE_NEW : STORE_FAILED;
}

int64_t store_newest_seq(struct store *s, const char *source)
{
    sqlite3_stmt *row = sql_prepare(s->db, "SELECT max(seq) FROM event WHERE source=?1");
    sql_bind_text(row, 1, source);
    int64_t newest = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_finalize(row);
    return newest;
}

enum store_result store_put(struct store *s, const struct event *event, const char *bytes,
                            size_t length, const struct store_evidence *evidence,
                            struct store_entry *ret_entry)
{
    enum store_result result = STORE_FAILED;
    pthread_mutex_lock(&s->lock);
    if (store_begin(s)) {
        /* What is here already needs nothing of the disk: a repeat gets its receipt though the
         * disk be full, and whatever its nonce. */
        result = find_event(s, event->id, evidence->digest, ret_entry);
        if (result == STORE_NEW)
            result = put_new(s, event, bytes, length, evidence, ret_entry);
        ret_entry->newest_seq = store_newest_seq(s, event->source);
        if (!store_end(s, result == STORE_NEW) && result == STORE_NEW)
            result = STORE_FAILED;
    }
    if (result == STORE_NEW) {
        kept_note(&s->card_changes, event->source, event->alarm);
        store_note_change(s);
    }
    pthread_mutex_unlock(&s->lock);
    return result;
}
