/* SPDX-License-Identifier: Apache-2.0 */
/* What people decided, until the gateway says that it has taken it. */
#include <stdio.h>

#include "store_private.h"

/* Answers in one receipt. A note has 400 bytes and a name 100, which JSON may double: together
 * they stay below the 64 KiB that a gateway reads of an answer. */
#define ANSWERS_IN_RECEIPT "32"
/* A gateway that claims to have taken more than this is wrong or bad: the numbers must not run
 * out because of it. JavaScript counts to 2^53. */
#define ANSWER_SEQ_MAX ((int64_t)1 << 52)

bool store_note_rows(struct store *s, sqlite3_stmt *row, const char *source)
{
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW)
        kept_note(&s->card_changes, source ? source : (const char *)sqlite3_column_text(row, 1),
                  (const char *)sqlite3_column_text(row, 0));
    if (step != SQLITE_DONE)
        fprintf(stderr, "store: %s\n", sqlite3_errmsg(s->db));
    sqlite3_finalize(row);
    return step == SQLITE_DONE;
}

static int64_t highest_given(struct store *s)
{
    sqlite3_stmt *row = sql_prepare(s->db, "SELECT seq FROM sqlite_sequence WHERE name='answer'");
    int64_t highest = sqlite3_step(row) == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    sqlite3_finalize(row);
    return highest;
}

/*
 * The gateway has taken answers that this store never gave: the store is new, or an old copy. What
 * is open gets numbers beyond, or the gateway would hold it for known and this receiver for taken.
 */
static bool renumber(struct store *s, const char *source, int64_t taken, int64_t highest)
{
    sqlite3_stmt *statement = sql_prepare(
        s->db, "UPDATE answer SET answer_seq=answer_seq+?2 WHERE source=?1 AND confirmed=0"
               " RETURNING alarm");
    sql_bind_text(statement, 1, source);
    sqlite3_bind_int64(statement, 2, taken);
    if (!store_note_rows(s, statement, source) ||
        !sql_run(s->db, "DELETE FROM sqlite_sequence WHERE name='answer'"))
        return false;
    statement = sql_prepare(s->db, "INSERT INTO sqlite_sequence(name,seq) VALUES('answer',?1)");
    sqlite3_bind_int64(statement, 1, taken + highest);
    return sql_finish(statement);
}

bool store_confirm_answers(struct store *s, const char *source, int64_t answer_seq,
                           bool *ret_changed)
{
    int64_t highest = highest_given(s);
    *ret_changed = answer_seq > highest;
    if (answer_seq < 1 || answer_seq >= ANSWER_SEQ_MAX)
        return true;
    if (answer_seq > highest)
        return renumber(s, source, answer_seq, highest);
    sqlite3_stmt *statement = sql_prepare(
        s->db, "UPDATE answer SET confirmed=1 WHERE source=?1 AND answer_seq<=?2 AND confirmed=0"
               " RETURNING alarm");
    sql_bind_text(statement, 1, source);
    sqlite3_bind_int64(statement, 2, answer_seq);
    int before = sqlite3_total_changes(s->db);
    if (!store_note_rows(s, statement, source))
        return false;
    *ret_changed = sqlite3_total_changes(s->db) > before;
    return true;
}

json_t *store_answer_rows(sqlite3_stmt *row, bool *ret_whole)
{
    json_t *list = json_array();
    int step;
    while ((step = sqlite3_step(row)) == SQLITE_ROW)
        json_array_append_new(list, json_pack("{sI,so,so,so,so,so,sI,sb}", "answer_seq",
                                              (json_int_t)sqlite3_column_int64(row, 0), "alarm",
                                              sql_json(row, 1), "state", sql_json(row, 2), "by",
                                              sql_json(row, 3), "at", sql_json(row, 4), "note",
                                              sql_json(row, 5), "seen_seq",
                                              (json_int_t)sqlite3_column_int64(row, 6), "confirmed",
                                              sqlite3_column_int(row, 7)));
    *ret_whole = step == SQLITE_DONE;
    sqlite3_finalize(row);
    return list;
}

json_t *store_answers(struct store *s, const char *source)
{
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *row =
        sql_prepare(s->db, "SELECT answer_seq,alarm,state,by,at,note,seen_seq,confirmed FROM answer"
                           " WHERE source=?1 AND confirmed=0"
                           " ORDER BY answer_seq LIMIT " ANSWERS_IN_RECEIPT);
    sql_bind_text(row, 1, source);
    bool whole; /* if not, the rest comes with the next receipt */
    json_t *list = store_answer_rows(row, &whole);
    pthread_mutex_unlock(&s->lock);
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one) json_object_del(one, "confirmed");
    return list;
}

static bool insert_answer(struct store *s, const char *alarm, const char *source, const char *state,
                          const char *by, const char *note)
{
    char at[32];
    store_now_text(at);
    sqlite3_stmt *statement =
        sql_prepare(s->db, "INSERT INTO answer(source,alarm,state,by,at,note,confirmed)"
                           " SELECT max(source),?1,?2,?3,?4,?5,0 FROM incident WHERE alarm=?1"
                           " AND (?6 IS NULL OR source=?6) HAVING count(*)=1");
    sql_bind_text(statement, 1, alarm);
    sql_bind_text(statement, 2, state);
    sql_bind_text(statement, 3, by);
    sql_bind_text(statement, 4, at);
    sql_bind_text(statement, 5, note);
    if (source)
        sql_bind_text(statement, 6, source);
    return sql_finish(statement);
}

/* Whether there was a press after what they saw, and their answer would be the last word on it. */
static bool is_outdated(struct store *s, int64_t answer_seq, int64_t seen)
{
    sqlite3_stmt *row = sql_prepare(
        s->db, "SELECT 1 FROM answer a JOIN incident i ON i.alarm=a.alarm AND i.source=a.source"
               " WHERE a.answer_seq=?1 AND a.state IN ('closed','rejected') AND i.shown_seq>?2");
    sqlite3_bind_int64(row, 1, answer_seq);
    sqlite3_bind_int64(row, 2, seen);
    bool outdated = sqlite3_step(row) == SQLITE_ROW;
    sqlite3_finalize(row);
    return outdated;
}

/* For the gateway, in its own numbers: whatever it presses after that, nobody here knew of. */
static bool mark_seen(struct store *s, int64_t answer_seq, int64_t seen)
{
    sqlite3_stmt *statement = sql_prepare(
        s->db, "UPDATE answer SET seen_seq=coalesce((SELECT max(seq) FROM event e"
               "  WHERE e.alarm=answer.alarm AND e.source=answer.source AND e.receiver_seq<=?2"
               "  AND (type GLOB '*.raised' OR type GLOB '*.updated')),0) WHERE answer_seq=?1");
    sqlite3_bind_int64(statement, 1, answer_seq);
    sqlite3_bind_int64(statement, 2, seen);
    return sql_finish(statement);
}

/* Closed it stays until it is pressed again; what was rejected is open when somebody says that it
 * was seen, or that help is coming. */
static bool mark_done(struct store *s, int64_t answer_seq)
{
    sqlite3_stmt *statement =
        sql_prepare(s->db, "UPDATE incident SET done=CASE WHEN done='closed' THEN done"
                           "  WHEN a.state IN ('closed','rejected') THEN a.state END"
                           " FROM answer a WHERE a.answer_seq=?1"
                           " AND incident.alarm=a.alarm AND incident.source=a.source"
                           " RETURNING incident.alarm,incident.source");
    sqlite3_bind_int64(statement, 1, answer_seq);
    return store_note_rows(s, statement, NULL);
}

int64_t store_answer(struct store *s, const char *alarm, const char *source, const char *state,
                     const char *by, const char *note, int64_t seen)
{
    int64_t answer_seq = -1;
    pthread_mutex_lock(&s->lock);
    if (store_begin(s)) {
        bool good = insert_answer(s, alarm, source, state, by, note);
        if (good)
            answer_seq = sqlite3_changes(s->db) == 1 ? sqlite3_last_insert_rowid(s->db) : 0;
        bool outdated = answer_seq > 0 && is_outdated(s, answer_seq, seen);
        good = answer_seq > 0 && !outdated && mark_seen(s, answer_seq, seen) &&
               mark_done(s, answer_seq);
        if (!store_end(s, good) && answer_seq > 0)
            answer_seq = outdated ? STORE_OUTDATED : -1;
    }
    if (answer_seq > 0)
        store_note_change(s);
    pthread_mutex_unlock(&s->lock);
    return answer_seq;
}
