/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/query.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"

static const char *const delivery_states[] = {"pending", "stored", "unconfirmed"};

static json_t *column_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    int length = sqlite3_column_bytes(row, column);
    return text ? json_stringn_nocheck(text, (size_t)length) : json_null();
}

static const char *state_name(int state)
{
    return state >= 0 && state <= 2 ? delivery_states[state] : "unknown";
}

/* The deliveries of one event; with their evidence unless it is only listed. */
static json_t *deliveries(struct store *s, int64_t seq, enum outbox_query_kind kind)
{
    json_t *list = json_array();
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(s->db,
                           "SELECT receiver,state,attempts,request,receipt,receipt_headers"
                           " FROM delivery WHERE seq=?1 ORDER BY receiver",
                           -1, &row, NULL) != SQLITE_OK)
        return list;
    sqlite3_bind_int64(row, 1, seq);
    while (sqlite3_step(row) == SQLITE_ROW) {
        json_t *one = json_object();
        json_object_set_new(one, kind == OUTBOX_QUERY_EXPORT ? "receiver" : "id",
                            column_text(row, 0));
        json_object_set_new(one, "state", json_string(state_name(sqlite3_column_int(row, 1))));
        json_object_set_new(one, "attempts", json_integer(sqlite3_column_int64(row, 2)));
        if (kind != OUTBOX_QUERY_LIST) {
            json_object_set_new(one, "request", column_text(row, 3));
            json_object_set_new(one, "receipt", column_text(row, 4));
            json_object_set_new(one, "receipt_headers", column_text(row, 5));
        }
        json_array_append_new(list, one);
    }
    sqlite3_finalize(row);
    return list;
}

static json_t *event_json(struct store *s, sqlite3_stmt *row, enum outbox_query_kind kind)
{
    json_t *one = json_object();
    int64_t seq = sqlite3_column_int64(row, 0);
    if (kind == OUTBOX_QUERY_EXPORT) {
        json_object_set_new(one, "event", column_text(row, 6));
        json_object_set_new(one, "receipts", deliveries(s, seq, kind));
        return one;
    }
    char time[CLOCK_TEXT_SIZE];
    clock_format_utc(sqlite3_column_int64(row, 4), time);
    json_object_set_new(one, "seq", json_integer(seq));
    json_object_set_new(one, "id", column_text(row, 1));
    json_object_set_new(one, "type", column_text(row, 2));
    json_object_set_new(one, "alarm", column_text(row, 3));
    json_object_set_new(one, "time", json_string(time));
    if (kind == OUTBOX_QUERY_SHOW) {
        char digest[ENCODE_HEX_SIZE(EVENT_DIGEST_BYTES)] = "";
        if (sqlite3_column_bytes(row, 5) == EVENT_DIGEST_BYTES)
            encode_hex(sqlite3_column_blob(row, 5), EVENT_DIGEST_BYTES, digest);
        json_object_set_new(one, "digest", json_string(digest));
        json_object_set_new(one, "bytes", column_text(row, 6));
    }
    json_object_set_new(one, "receivers", deliveries(s, seq, kind));
    return one;
}

int query_run(struct store *s, const struct outbox_query *query, char **ret_text,
              uint64_t *ret_last_seq, struct err *e)
{
    static const char text[] =
        "SELECT seq,id,type,alarm,wall_ms,digest,bytes FROM event"
        " WHERE seq > ?1 AND (?2 = '' OR alarm = ?2) AND (?3 = '' OR id = ?3)"
        " ORDER BY seq LIMIT ?4";
    sqlite3_stmt *row = NULL;
    if (sqlite3_prepare_v2(s->db, text, -1, &row, NULL) != SQLITE_OK)
        return store_error(s, e, "query");
    sqlite3_bind_int64(row, 1, (sqlite3_int64)query->after);
    sqlite3_bind_text(row, 2, query->alarm, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, query->id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 4, query->limit);
    json_t *list = json_array();
    uint64_t last_seq = 0;
    while (sqlite3_step(row) == SQLITE_ROW) {
        json_array_append_new(list, event_json(s, row, query->kind));
        last_seq = (uint64_t)sqlite3_column_int64(row, 0);
    }
    sqlite3_finalize(row);
    *ret_text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    *ret_last_seq = last_seq;
    return *ret_text ? 0 : err_set(e, ENOMEM, "out of memory");
}
