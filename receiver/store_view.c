/* SPDX-License-Identifier: Apache-2.0 */
/* What people and scripts see, by a connection of its own that only reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_private.h"

/* By the machine's own clock where it can be, so that setting the time makes nobody alive. */
static int64_t silent_s(const struct store *s, sqlite3_stmt *row)
{
    const char *boot = (const char *)sqlite3_column_text(row, 4);
    int64_t age = time(NULL) - sqlite3_column_int64(row, 3);
    if (boot && boot[0] && strcmp(boot, s->boot) == 0)
        age = (store_boottime_ms() - sqlite3_column_int64(row, 5)) / 1000;
    return age > 0 ? age : 0;
}

static json_t *gateway_json(const struct store *s, sqlite3_stmt *row)
{
    json_t *beat = sql_parse(row, 1);
    json_t *data = json_object_get(beat, "data");
    bool heard = sqlite3_column_type(row, 2) != SQLITE_NULL;
    json_t *one = json_pack(
        "{so,so,so,sI,sI,sI,sI,sI,so}", "source", sql_json(row, 0), "last_heartbeat",
        sql_json(row, 2), "silent_s", heard ? json_integer(silent_s(s, row)) : json_null(), "beats",
        (json_int_t)sqlite3_column_int64(row, 6), "off_s", (json_int_t)sqlite3_column_int64(row, 7),
        "newest_seq", (json_int_t)sqlite3_column_int64(row, 8), "gaps",
        (json_int_t)sqlite3_column_int64(row, 9), "forks",
        (json_int_t)sqlite3_column_int64(row, 10), "data", data ? json_incref(data) : json_null());
    json_decref(beat);
    return one;
}

static char *gateways_text(struct store *s)
{
    json_t *list = json_array();
    sqlite3_stmt *row = sql_prepare(
        s->view,
        "SELECT source,bytes,received_at,received_s,heard_boot,heard_ms,beats,off_s,"
        "(SELECT max(seq) FROM event e WHERE e.source=g.source),"
        "(SELECT count(*) FROM event e WHERE e.source=g.source AND chain<>'' AND chain='gap'),"
        "(SELECT count(*) FROM event e WHERE e.source=g.source AND chain<>'' AND chain='fork')"
        " FROM gateway g ORDER BY source");
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_append_new(list, gateway_json(s, row));
    sqlite3_finalize(row);
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    return text;
}

/* And drops the cards that have changed. */
static int64_t take_version(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    int64_t version = s->version;
    kept_take_changes(&s->cards, &s->card_changes);
    pthread_mutex_unlock(&s->lock);
    return version;
}

char *store_state(struct store *s, const char *receiver_name)
{
    char *state = NULL;
    json_t *name = json_string(receiver_name); /* NULL if it is not UTF-8 */
    char *quoted = name ? json_dumps(name, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("\"receiver\"");
    json_decref(name);
    pthread_mutex_lock(&s->view_lock);
    int64_t version = take_version(s); /* what is read after it is at least that new */
    if (!s->alarms || s->alarms_version != version) {
        bool whole;
        free(s->alarms);
        s->alarms = store_cards_text(s, &whole);
        s->alarms_version = whole ? version : -1;
    }
    char *gateways = gateways_text(s);
    if (quoted && gateways && s->alarms &&
        asprintf(&state, "{\"version\":%lld,\"receiver\":%s,\"gateways\":%s,%s}",
                 (long long)version, quoted, gateways, s->alarms) < 0)
        state = NULL;
    pthread_mutex_unlock(&s->view_lock);
    free(gateways);
    free(quoted);
    return state;
}

json_t *store_events(struct store *s, int64_t after, int limit)
{
    json_t *list = json_array();
    pthread_mutex_lock(&s->view_lock);
    sqlite3_stmt *row =
        sql_prepare(s->view, "SELECT receiver_seq,id,source,seq,type,alarm,time,clock,chain,"
                             "received_at,off_s,digest FROM event WHERE receiver_seq>?1"
                             " ORDER BY receiver_seq LIMIT ?2");
    sqlite3_bind_int64(row, 1, after);
    sqlite3_bind_int(row, 2, limit);
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_append_new(
            list,
            json_pack("{sI,so,so,sI,so,so,so,so,so,so,sI,so}", "receiver_seq",
                      (json_int_t)sqlite3_column_int64(row, 0), "id", sql_json(row, 1), "source",
                      sql_json(row, 2), "seq", (json_int_t)sqlite3_column_int64(row, 3), "type",
                      sql_json(row, 4), "alarm", sql_json(row, 5), "time", sql_json(row, 6),
                      "clock", sql_json(row, 7), "chain", sql_json(row, 8), "received_at",
                      sql_json(row, 9), "off_s", (json_int_t)sqlite3_column_int64(row, 10),
                      "digest", sql_json(row, 11)));
    sqlite3_finalize(row);
    pthread_mutex_unlock(&s->view_lock);
    return list;
}

json_t *store_event(struct store *s, const char *id)
{
    json_t *one = NULL;
    pthread_mutex_lock(&s->view_lock);
    sqlite3_stmt *row =
        sql_prepare(s->view, "SELECT bytes,headers,digest,receiver_seq,received_at,chain,off_s"
                             " FROM event WHERE id=?1");
    sql_bind_text(row, 1, id);
    if (sqlite3_step(row) == SQLITE_ROW)
        one =
            json_pack("{so,so,so,sI,so,so,sI}", "bytes", sql_json(row, 0), "headers",
                      sql_json(row, 1), "digest", sql_json(row, 2), "receiver_seq",
                      (json_int_t)sqlite3_column_int64(row, 3), "received_at", sql_json(row, 4),
                      "chain", sql_json(row, 5), "off_s", (json_int_t)sqlite3_column_int64(row, 6));
    sqlite3_finalize(row);
    pthread_mutex_unlock(&s->view_lock);
    return one;
}
