/* SPDX-License-Identifier: Apache-2.0 */
/* What people and scripts see, by a connection of its own that only reads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_private.h"

#define REAL_SHOWN     "100"
#define EXERCISE_SHOWN "30"
#define EVENTS_SHOWN   "200" /* of one incident: the newest */

static void copy_members(json_t *to, const json_t *from, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(from, names[i]);
        if (value)
            json_object_set(to, names[i], value);
    }
}

/* Oldest first. */
static json_t *events_json(struct store *s, const char *alarm, const char *source)
{
    json_t *list = json_array();
    sqlite3_stmt *row = sql_prepare(
        s->view, "SELECT id,seq,type,time,clock,chain,digest,receiver_seq,received_at,off_s"
                 " FROM event WHERE alarm=?1 AND source=?2 ORDER BY seq DESC LIMIT " EVENTS_SHOWN);
    sql_bind_text(row, 1, alarm);
    sql_bind_text(row, 2, source);
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_insert_new(
            list, 0,
            json_pack("{so,sI,so,so,so,so,so,sI,so,sI}", "id", sql_json(row, 0), "seq",
                      (json_int_t)sqlite3_column_int64(row, 1), "type", sql_json(row, 2), "time",
                      sql_json(row, 3), "clock", sql_json(row, 4), "chain", sql_json(row, 5),
                      "digest", sql_json(row, 6), "receiver_seq",
                      (json_int_t)sqlite3_column_int64(row, 7), "received_at", sql_json(row, 8),
                      "off_s", (json_int_t)sqlite3_column_int64(row, 9)));
    sqlite3_finalize(row);
    return list;
}

static json_t *clip_json(sqlite3_stmt *row)
{
    static const char *const names[] = {"part",         "last",        "start", "stop",
                                        "start_monoms", "stop_monoms", "gaps"};
    json_t *event = sql_parse(row, 6);
    const json_t *data = json_object_get(event, "data");
    json_t *clip =
        json_pack("{so,so,sI,so,sb,so}", "manifest", sql_json(row, 0), "camera", sql_json(row, 1),
                  "length", (json_int_t)sqlite3_column_int64(row, 2), "sha256", sql_json(row, 3),
                  "complete", sqlite3_column_int(row, 4), "received_at", sql_json(row, 5));
    copy_members(clip, data, names, sizeof names / sizeof *names);
    json_t *name = json_object_get(json_object_get(data, "camera"), "name");
    if (name)
        json_object_set(clip, "camera_name", name);
    json_decref(event);
    return clip;
}

static json_t *clips_json(struct store *s, const char *alarm, const char *source)
{
    json_t *list = json_array();
    sqlite3_stmt *row = sql_prepare(s->view, "SELECT c.manifest,c.camera,c.length,c.sha256,"
                                             "c.complete,c.received_at,e.bytes FROM clip c"
                                             " JOIN event e ON e.id=c.manifest WHERE c.alarm=?1"
                                             " AND c.source=?2 ORDER BY e.seq");
    sql_bind_text(row, 1, alarm);
    sql_bind_text(row, 2, source);
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_append_new(list, clip_json(row));
    sqlite3_finalize(row);
    return list;
}

static json_t *answers_json(struct store *s, const char *alarm, const char *source)
{
    sqlite3_stmt *row =
        sql_prepare(s->view, "SELECT answer_seq,alarm,state,by,at,note,confirmed FROM answer"
                             " WHERE alarm=?1 AND source=?2 ORDER BY answer_seq");
    sql_bind_text(row, 1, alarm);
    sql_bind_text(row, 2, source);
    return store_answer_rows(row);
}

/* The event that tells most of an incident's kind: the one that raised it, or if that has not
 * come yet the oldest that has (`newest` false); or the newest one. */
static json_t *life_event(struct store *s, const char *alarm, const char *source,
                          enum incident_kind kind, bool newest)
{
    sqlite3_stmt *row =
        sql_prepare(s->view, newest ? "SELECT bytes FROM event WHERE alarm=?1 AND source=?2 AND ("
                                      " (?3=2 AND type GLOB 'tocsin.alarm.*') OR (?3=1 AND"
                                      " (type GLOB 'tocsin.drill.*' OR type GLOB 'tocsin.test.*')))"
                                      " ORDER BY seq DESC LIMIT 1"
                                    : "SELECT bytes FROM event WHERE alarm=?1 AND source=?2 AND ("
                                      " (?3=2 AND type GLOB 'tocsin.alarm.*') OR (?3=1 AND"
                                      " (type GLOB 'tocsin.drill.*' OR type GLOB 'tocsin.test.*')))"
                                      " ORDER BY type GLOB '*.raised' DESC, seq LIMIT 1");
    sql_bind_text(row, 1, alarm);
    sql_bind_text(row, 2, source);
    sqlite3_bind_int(row, 3, kind);
    json_t *event = sqlite3_step(row) == SQLITE_ROW ? sql_parse(row, 0) : NULL;
    sqlite3_finalize(row);
    return event;
}

static json_t *incident_json(struct store *s, const char *alarm, const char *source,
                             enum incident_kind kind)
{
    static const char *const names[] = {"type", "time", "clock", "data", "monoms"};
    json_t *first = life_event(s, alarm, source, kind, false);
    json_t *newest = life_event(s, alarm, source, kind, true);
    const char *type = json_string_value(json_object_get(newest, "type"));
    const char *state = type ? strrchr(type, '.') : NULL;
    json_t *presses = json_object_get(json_object_get(newest, "data"), "presses");
    json_t *one =
        json_pack("{ss,ss,sb,ss,so,so,so}", "alarm", alarm, "source", source, "exercise",
                  kind == INCIDENT_KIND_EXERCISE, "state", state ? state + 1 : "unknown", "events",
                  events_json(s, alarm, source), "clips", clips_json(s, alarm, source), "answers",
                  answers_json(s, alarm, source));
    copy_members(one, first, names, sizeof names / sizeof *names);
    if (presses)
        json_object_set(one, "presses", presses);
    json_decref(first);
    json_decref(newest);
    return one;
}

/* Exercises never push alarms out of the list: each have their own share of it. */
static char *alarms_text(struct store *s)
{
    json_t *alarms = json_array();
    sqlite3_stmt *row = sql_prepare(
        s->view, "SELECT alarm,source,kind,shown_seq FROM (SELECT * FROM incident WHERE kind=2"
                 "  ORDER BY shown_seq DESC LIMIT " REAL_SHOWN ") UNION ALL"
                 " SELECT alarm,source,kind,shown_seq FROM (SELECT * FROM incident WHERE kind<2"
                 "  ORDER BY shown_seq DESC LIMIT " EXERCISE_SHOWN ") ORDER BY shown_seq DESC");
    while (sqlite3_step(row) == SQLITE_ROW)
        json_array_append_new(alarms,
                              incident_json(s, (const char *)sqlite3_column_text(row, 0),
                                            (const char *)sqlite3_column_text(row, 1),
                                            (enum incident_kind)sqlite3_column_int(row, 2)));
    sqlite3_finalize(row);
    char *text = json_dumps(alarms, JSON_COMPACT);
    json_decref(alarms);
    return text;
}

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

char *store_state(struct store *s, const char *receiver_name)
{
    char *state = NULL;
    json_t *name = json_string(receiver_name); /* NULL if it is not UTF-8 */
    char *quoted = name ? json_dumps(name, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("\"receiver\"");
    json_decref(name);
    pthread_mutex_lock(&s->view_lock);
    int64_t version = store_version(s); /* what is read after it is at least that new */
    if (!s->alarms || s->alarms_version != version) {
        free(s->alarms);
        s->alarms = alarms_text(s);
        s->alarms_version = version;
    }
    char *gateways = gateways_text(s);
    if (quoted && gateways && s->alarms &&
        asprintf(&state, "{\"version\":%lld,\"receiver\":%s,\"gateways\":%s,\"alarms\":%s}",
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
