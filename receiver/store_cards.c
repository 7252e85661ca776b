/* SPDX-License-Identifier: Apache-2.0 */
/* The page's cards: which incidents are shown, in what order, and how many are not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_private.h"

/*
 * Open alarms: the newest of all, and the newest of each gateway whatever the others do. One that
 * raises without end hides its own, and no gateway's newest. The share of each is smaller where
 * there are so many gateways that they would be too many together, and one at the least.
 */
#define OPEN_SHOWN         200
#define EACH_OPEN_SHOWN    20
#define EACH_OPEN_SUM      1000
#define EACH_UNKNOWN_SHOWN 10
#define EACH_UNKNOWN_SUM   200
#define DONE_SHOWN         100
#define EXERCISE_SHOWN     30
#define EVENTS_SHOWN       200 /* of one incident: the newest */
#define CLIPS_SHOWN        200 /* likewise */

/* What an incident is to the page; the indices of the schema have these very words. A clip whose
 * alarm has not come may be one of a real press, and is open, behind those whose alarm is here: a
 * gateway may have been made to say more of the one than there are of the other. */
#define IS_OPEN     "kind=2 AND done IS NULL"
#define IS_UNKNOWN  "kind=0 AND done IS NULL"
#define IS_DONE     "kind<>1 AND done IS NOT NULL"
#define IS_EXERCISE "kind=1"

/* One look at all of them. */
struct look {
    struct store *s;
    bool failed; /* something could not be read */
};

/* The last step of a statement is done, or it is no answer. */
static void end_rows(struct look *look, sqlite3_stmt *row, int step)
{
    look->failed = look->failed || step != SQLITE_DONE;
    sqlite3_finalize(row);
}

static void copy_members(json_t *to, const json_t *from, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *value = json_object_get(from, names[i]);
        if (value)
            json_object_set(to, names[i], value);
    }
}

/* Oldest first. */
static json_t *events_json(struct look *look, const char *alarm, const char *source)
{
    json_t *list = json_array();
    int step;
    sqlite3_stmt *row = sql_prepare(
        look->s->view, "SELECT id,seq,type,time,clock,chain,digest,receiver_seq,received_at,off_s"
                       " FROM event WHERE alarm=?1 AND source=?2 ORDER BY seq DESC LIMIT ?3");
    sql_bind_text(row, 1, alarm);
    sql_bind_text(row, 2, source);
    sqlite3_bind_int(row, 3, EVENTS_SHOWN);
    while ((step = sqlite3_step(row)) == SQLITE_ROW)
        json_array_insert_new(
            list, 0,
            json_pack("{so,sI,so,so,so,so,so,sI,so,sI}", "id", sql_json(row, 0), "seq",
                      (json_int_t)sqlite3_column_int64(row, 1), "type", sql_json(row, 2), "time",
                      sql_json(row, 3), "clock", sql_json(row, 4), "chain", sql_json(row, 5),
                      "digest", sql_json(row, 6), "receiver_seq",
                      (json_int_t)sqlite3_column_int64(row, 7), "received_at", sql_json(row, 8),
                      "off_s", (json_int_t)sqlite3_column_int64(row, 9)));
    end_rows(look, row, step);
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

/* Oldest first. */
static json_t *clips_json(struct look *look, const char *alarm, const char *source)
{
    json_t *list = json_array();
    int step;
    sqlite3_stmt *row = sql_prepare(look->s->view, "SELECT c.manifest,c.camera,c.length,c.sha256,"
                                                   "c.complete,c.received_at,e.bytes FROM clip c"
                                                   " JOIN event e ON e.id=c.manifest"
                                                   " WHERE c.alarm=?1 AND c.source=?2"
                                                   " ORDER BY e.seq DESC LIMIT ?3");
    sql_bind_text(row, 1, alarm);
    sql_bind_text(row, 2, source);
    sqlite3_bind_int(row, 3, CLIPS_SHOWN);
    while ((step = sqlite3_step(row)) == SQLITE_ROW)
        json_array_insert_new(list, 0, clip_json(row));
    end_rows(look, row, step);
    return list;
}

static json_int_t count_clips(struct look *look, const char *alarm, const char *source)
{
    sqlite3_stmt *row =
        sql_prepare(look->s->view, "SELECT count(*) FROM clip WHERE alarm=?1 AND source=?2");
    sql_bind_text(row, 1, alarm);
    sql_bind_text(row, 2, source);
    int step = sqlite3_step(row);
    json_int_t count = step == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    end_rows(look, row, step == SQLITE_ROW ? SQLITE_DONE : step);
    return count;
}

static json_t *answers_json(struct look *look, const char *alarm, const char *source)
{
    sqlite3_stmt *row = sql_prepare(
        look->s->view, "SELECT answer_seq,alarm,state,by,at,note,seen_seq,confirmed FROM answer"
                       " WHERE alarm=?1 AND source=?2 ORDER BY answer_seq");
    sql_bind_text(row, 1, alarm);
    sql_bind_text(row, 2, source);
    bool whole;
    json_t *list = store_answer_rows(row, &whole);
    look->failed = look->failed || !whole;
    return list;
}

/* The event that tells most of an incident's kind: the one that raised it, or if that has not
 * come yet the oldest that has (`newest` false); or the newest one. */
static json_t *life_event(struct look *look, const char *alarm, const char *source,
                          enum incident_kind kind, bool newest)
{
    sqlite3_stmt *row = sql_prepare(
        look->s->view, newest ? "SELECT bytes FROM event WHERE alarm=?1 AND source=?2 AND ("
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
    int step = sqlite3_step(row);
    json_t *event = step == SQLITE_ROW ? sql_parse(row, 0) : NULL;
    end_rows(look, row, step == SQLITE_ROW ? SQLITE_DONE : step);
    return event;
}

/* A row of alarm, source, kind, done. */
static json_t *incident_json(struct look *look, sqlite3_stmt *row)
{
    static const char *const names[] = {"type", "time", "clock", "data", "monoms"};
    const char *alarm = (const char *)sqlite3_column_text(row, 0);
    const char *source = (const char *)sqlite3_column_text(row, 1);
    enum incident_kind kind = (enum incident_kind)sqlite3_column_int(row, 2);
    json_t *first = life_event(look, alarm, source, kind, false);
    json_t *newest = life_event(look, alarm, source, kind, true);
    const char *type = json_string_value(json_object_get(newest, "type"));
    const char *state = type ? strrchr(type, '.') : NULL;
    json_t *presses = json_object_get(json_object_get(newest, "data"), "presses");
    json_int_t clips = count_clips(look, alarm, source);
    json_t *one =
        json_pack("{ss,ss,sb,so,ss,so,so,sI,so}", "alarm", alarm, "source", source, "exercise",
                  kind == INCIDENT_KIND_EXERCISE, "done", sql_json(row, 3), "state",
                  state ? state + 1 : "unknown", "events", events_json(look, alarm, source),
                  "clips", clips_json(look, alarm, source), "clips_not_shown",
                  clips > CLIPS_SHOWN ? clips - CLIPS_SHOWN : 0, "answers",
                  answers_json(look, alarm, source));
    copy_members(one, first, names, sizeof names / sizeof *names);
    if (presses)
        json_object_set(one, "presses", presses);
    json_decref(first);
    json_decref(newest);
    return one;
}

/* As it is kept, or made; one that could not be read whole is not kept. NULL without memory. */
static void write_card(struct look *look, sqlite3_stmt *row, FILE *out)
{
    struct kept_cards *kept = &look->s->cards;
    char key[KEPT_KEY_SIZE];
    kept_key((const char *)sqlite3_column_text(row, 1), (const char *)sqlite3_column_text(row, 0),
             key);
    const char *text = kept_find(kept, key);
    if (text) {
        fputs(text, out);
        return;
    }
    struct look one = {.s = look->s};
    json_t *card = incident_json(&one, row);
    char *made = json_dumps(card, JSON_COMPACT);
    json_decref(card);
    fputs(made ? made : "{}", out);
    if (made && !one.failed)
        kept_put(kept, key, made);
    else
        free(made);
    look->failed = look->failed || one.failed || !made;
}

/*
 * What is open, clips whose alarm is not here, then the newest of the others. Exercises never push
 * alarms out, and neither do such clips: they have a share of their own. CROSS JOIN: gateway by
 * gateway, or the place of the last one shown is looked for at every alarm.
 */
#define COLUMNS "alarm,source,kind,done,shown_seq"
#define OF_EACH(WHAT, SHARE)                                                                       \
    " SELECT i.alarm,i.source,kind,done,shown_seq FROM gateway g CROSS JOIN incident i"            \
    "  ON i.source=g.source WHERE " WHAT " AND shown_seq>=coalesce("                               \
    "   (SELECT shown_seq FROM incident WHERE source=g.source AND " WHAT                           \
    "     ORDER BY shown_seq DESC LIMIT 1 OFFSET " SHARE "-1),0)"
#define NEWEST(WHAT, LIMIT)                                                                        \
    " SELECT * FROM (SELECT " COLUMNS " FROM incident WHERE " WHAT                                 \
    "  ORDER BY shown_seq DESC LIMIT " LIMIT ")"

#define ORDER                                                                                      \
    " ORDER BY CASE WHEN " IS_OPEN " THEN 0 WHEN " IS_UNKNOWN " THEN 1 ELSE 2 END, shown_seq DESC"

/* UNION: one that is of both is there once. */
#define SHOWN_OPEN      OF_EACH(IS_OPEN, "?1") " UNION" NEWEST(IS_OPEN, "?2")
#define SHOWN_UNKNOWN   OF_EACH(IS_UNKNOWN, "?3")
#define SHOWN_DONE      NEWEST(IS_DONE, "?4")
#define SHOWN_EXERCISES NEWEST(IS_EXERCISE, "?5")

static const char cards[] = "SELECT * FROM (" SHOWN_OPEN " UNION ALL" SHOWN_UNKNOWN
                            " UNION ALL" SHOWN_DONE " UNION ALL" SHOWN_EXERCISES ")" ORDER;

static json_int_t read_count(struct look *look, const char *sql)
{
    sqlite3_stmt *row = sql_prepare(look->s->view, sql);
    int step = sqlite3_step(row);
    json_int_t count = step == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    end_rows(look, row, step == SQLITE_ROW ? SQLITE_DONE : step);
    return count;
}

static int share(json_int_t gateways, int most, int sum)
{
    json_int_t each = gateways > 0 ? sum / gateways : most;
    return each > most ? most : each < 1 ? 1 : (int)each;
}

/* How many of each gateway are in the list. */
struct shown {
    json_t *open, *unknown; /* objects of counts by source */
};

static void count_shown(json_t *counts, const char *source)
{
    json_int_t before = json_integer_value(json_object_get(counts, source));
    json_object_set_new(counts, source, json_integer(before + 1));
}

/* Writes the array; false if the disk does not let us see them: that is not "no alarms". */
static bool write_alarms(struct look *look, const struct shown *shown, FILE *out)
{
    json_int_t gateways = read_count(look, "SELECT count(*) FROM gateway");
    sqlite3_stmt *row = sql_prepare(look->s->view, cards);
    sqlite3_bind_int(row, 1, share(gateways, EACH_OPEN_SHOWN, EACH_OPEN_SUM));
    sqlite3_bind_int(row, 2, OPEN_SHOWN);
    sqlite3_bind_int(row, 3, share(gateways, EACH_UNKNOWN_SHOWN, EACH_UNKNOWN_SUM));
    sqlite3_bind_int(row, 4, DONE_SHOWN);
    sqlite3_bind_int(row, 5, EXERCISE_SHOWN);
    int step;
    const char *before = "";
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *source = (const char *)sqlite3_column_text(row, 1);
        int kind = sqlite3_column_int(row, 2);
        bool done = sqlite3_column_type(row, 3) != SQLITE_NULL;
        if (!done && kind != INCIDENT_KIND_EXERCISE)
            count_shown(kind == INCIDENT_KIND_REAL ? shown->open : shown->unknown, source);
        fputs(before, out);
        write_card(look, row, out);
        before = ",";
    }
    sqlite3_finalize(row);
    return step == SQLITE_DONE;
}

static json_int_t count_beyond(struct look *look, const char *sql, int shown)
{
    json_int_t count = read_count(look, sql);
    return count > shown ? count - shown : 0;
}

/* A statement of source and count: those of them that are not shown. */
static json_t *beyond_json(struct look *look, const char *sql, const json_t *shown)
{
    json_t *beyond = json_object();
    sqlite3_stmt *row = sql_prepare(look->s->view, sql);
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        const char *source = (const char *)sqlite3_column_text(row, 0);
        json_int_t there = json_integer_value(json_object_get(shown, source));
        if (sqlite3_column_int64(row, 1) > there)
            json_object_set_new(beyond, source, json_integer(sqlite3_column_int64(row, 1) - there));
    }
    end_rows(look, row, step);
    return beyond;
}

static json_t *not_shown_json(struct look *look, const struct shown *shown)
{
    return json_pack(
        "{so,so,sI,sI}", "open",
        beyond_json(look, "SELECT source,count(*) FROM incident WHERE " IS_OPEN " GROUP BY source",
                    shown->open),
        "unknown",
        beyond_json(look,
                    "SELECT source,count(*) FROM incident WHERE " IS_UNKNOWN " GROUP BY source",
                    shown->unknown),
        "done", count_beyond(look, "SELECT count(*) FROM incident WHERE " IS_DONE, DONE_SHOWN),
        "exercises",
        count_beyond(look, "SELECT count(*) FROM incident WHERE " IS_EXERCISE, EXERCISE_SHOWN));
}

char *store_cards_text(struct store *s, bool *ret_whole)
{
    struct look look = {.s = s};
    struct shown shown = {json_object(), json_object()};
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        abort();
    sql_run(s->view, "BEGIN"); /* all of one moment */
    fputs("\"alarms\":[", out);
    bool read = write_alarms(&look, &shown, out);
    fputs("],\"not_shown\":", out);
    json_t *beyond = not_shown_json(&look, &shown);
    json_dumpf(beyond, out, JSON_COMPACT);
    sql_run(s->view, "COMMIT");
    kept_sweep(&s->cards);
    json_decref(beyond);
    json_decref(shown.open);
    json_decref(shown.unknown);
    if (fclose(out) != 0 || !read) {
        free(text);
        text = NULL;
    }
    *ret_whole = !look.failed;
    return text;
}
