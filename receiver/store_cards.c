/* SPDX-License-Identifier: Apache-2.0 */
/* The page's cards: which incidents are shown, in what order, and how many are not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_private.h"

/* The newest of each gateway that nobody has closed or rejected: one gateway that raises without
 * end hides its own, never another's. */
#define OPEN_SHOWN     200
#define DONE_SHOWN     100
#define EXERCISE_SHOWN 30
#define EVENTS_SHOWN   200 /* of one incident: the newest */

/* What an incident is to the page; the indices of the schema have these very words. */
#define IS_OPEN     "kind<>1 AND done IS NULL"
#define IS_DONE     "kind<>1 AND done IS NOT NULL"
#define IS_EXERCISE "kind=1"

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
                 " FROM event WHERE alarm=?1 AND source=?2 ORDER BY seq DESC LIMIT ?3");
    sql_bind_text(row, 1, alarm);
    sql_bind_text(row, 2, source);
    sqlite3_bind_int(row, 3, EVENTS_SHOWN);
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

/* A row of alarm, source, kind, done. */
static json_t *incident_json(struct store *s, sqlite3_stmt *row)
{
    static const char *const names[] = {"type", "time", "clock", "data", "monoms"};
    const char *alarm = (const char *)sqlite3_column_text(row, 0);
    const char *source = (const char *)sqlite3_column_text(row, 1);
    enum incident_kind kind = (enum incident_kind)sqlite3_column_int(row, 2);
    json_t *first = life_event(s, alarm, source, kind, false);
    json_t *newest = life_event(s, alarm, source, kind, true);
    const char *type = json_string_value(json_object_get(newest, "type"));
    const char *state = type ? strrchr(type, '.') : NULL;
    json_t *presses = json_object_get(json_object_get(newest, "data"), "presses");
    json_t *one =
        json_pack("{ss,ss,sb,so,ss,so,so,so}", "alarm", alarm, "source", source, "exercise",
                  kind == INCIDENT_KIND_EXERCISE, "done", sql_json(row, 3), "state",
                  state ? state + 1 : "unknown", "events", events_json(s, alarm, source), "clips",
                  clips_json(s, alarm, source), "answers", answers_json(s, alarm, source));
    copy_members(one, first, names, sizeof names / sizeof *names);
    if (presses)
        json_object_set(one, "presses", presses);
    json_decref(first);
    json_decref(newest);
    return one;
}

/*
 * First what is open, then the newest of the others. Exercises never push alarms out: they have a
 * share of their own. A clip whose alarm has not come may be one of a real press, and is open.
 * CROSS JOIN: gateway by gateway, or the place of the last one shown is looked for at every alarm.
 */
static const char cards[] =
    "SELECT * FROM ("
    " SELECT i.alarm,i.source,kind,done,shown_seq FROM gateway g CROSS JOIN incident i"
    "  ON i.source=g.source WHERE " IS_OPEN " AND shown_seq>=coalesce("
    "   (SELECT shown_seq FROM incident WHERE source=g.source AND " IS_OPEN
    "     ORDER BY shown_seq DESC LIMIT 1 OFFSET ?1-1),0)"
    " UNION ALL SELECT * FROM (SELECT alarm,source,kind,done,shown_seq FROM incident"
    "  WHERE " IS_DONE " ORDER BY shown_seq DESC LIMIT ?2)"
    " UNION ALL SELECT * FROM (SELECT alarm,source,kind,done,shown_seq FROM incident"
    "  WHERE " IS_EXERCISE " ORDER BY shown_seq DESC LIMIT ?3)"
    ") ORDER BY " IS_OPEN " DESC, shown_seq DESC";

/* NULL if the disk does not let us see them: that is not "no alarms". */
static json_t *alarms_json(struct store *s)
{
    json_t *alarms = json_array();
    sqlite3_stmt *row = sql_prepare(s->view, cards);
    sqlite3_bind_int(row, 1, OPEN_SHOWN);
    sqlite3_bind_int(row, 2, DONE_SHOWN);
    sqlite3_bind_int(row, 3, EXERCISE_SHOWN);
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW)
        json_array_append_new(alarms, incident_json(s, row));
    sqlite3_finalize(row);
    if (step == SQLITE_DONE)
        return alarms;
    json_decref(alarms);
    return NULL;
}

static json_int_t count_beyond(struct store *s, const char *sql, int shown)
{
    sqlite3_stmt *row = sql_prepare(s->view, sql);
    json_int_t count = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_finalize(row);
    return count > shown ? count - shown : 0;
}

static json_t *not_shown_json(struct store *s)
{
    json_t *open = json_object();
    sqlite3_stmt *row =
        sql_prepare(s->view, "SELECT source,count(*)-?1 FROM incident WHERE " IS_OPEN
                             " GROUP BY source HAVING count(*)>?1");
    sqlite3_bind_int(row, 1, OPEN_SHOWN);
    while (sqlite3_step(row) == SQLITE_ROW)
        json_object_set_new(open, (const char *)sqlite3_column_text(row, 0),
                            json_integer(sqlite3_column_int64(row, 1)));
    sqlite3_finalize(row);
    return json_pack(
        "{so,sI,sI}", "open", open, "done",
        count_beyond(s, "SELECT count(*) FROM incident WHERE " IS_DONE, DONE_SHOWN), "exercises",
        count_beyond(s, "SELECT count(*) FROM incident WHERE " IS_EXERCISE, EXERCISE_SHOWN));
}

char *store_cards_text(struct store *s)
{
    char *text = NULL;
    sql_run(s->view, "BEGIN"); /* all of one moment */
    json_t *list = alarms_json(s), *beyond = not_shown_json(s);
    sql_run(s->view, "COMMIT");
    char *alarms = json_dumps(list, JSON_COMPACT), *not_shown = json_dumps(beyond, JSON_COMPACT);
    if (alarms && not_shown &&
        asprintf(&text, "\"alarms\":%s,\"not_shown\":%s", alarms, not_shown) < 0)
        text = NULL;
    free(alarms);
    free(not_shown);
    json_decref(list);
    json_decref(beyond);
    return text;
}
