/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/copy.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#define NUMBERS_APART 10000 /* numbers.h leaves out fewer */

struct table {
    const char *name;
    const char *order; /* its key, or the beginning of it: no sorting, which would read it all */
    const char *insert, *insert_owed;
    bool has_events, has_state;
    bool has_numbers; /* `seq` */
    bool is_younger;  /* than the first version: there may be none, which is no damage */
};

/* `event` is behind those that say which are owed. */
enum { DELIVERY, UPLOAD, EVENT, FRESH, ANSWER, STATE };

static const struct table tables[] = {
    [DELIVERY] = {.name = "delivery",
                  .order = "seq",
                  .has_numbers = true,
                  .insert = "INSERT OR IGNORE INTO delivery VALUES(?,?,?,?,?,?,?)",
                  .insert_owed = "INSERT OR IGNORE INTO delivery SELECT ?1,?2,?3,?4,?5,?6,?7"
                                 " WHERE ?3=0"},
    [UPLOAD] = {.name = "upload",
                .order = "seq",
                .has_numbers = true,
                .insert = "INSERT OR IGNORE INTO upload VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
                .insert_owed = "INSERT OR IGNORE INTO upload"
                               " SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12 WHERE ?10=0"},
    [EVENT] = {.name = "event",
               .order = "seq",
               .has_numbers = true,
               .insert = "INSERT OR IGNORE INTO event VALUES(?,?,?,?,?,?,?,?)",
               .insert_owed = "INSERT OR IGNORE INTO event SELECT ?1,?2,?3,?4,?5,?6,?7,?8"
                              " WHERE ?1 BETWEEN ?9 AND ?10"
                              " OR EXISTS(SELECT 1 FROM delivery WHERE seq=?1)"
                              " OR EXISTS(SELECT 1 FROM upload WHERE seq=?1)"
                              " OR ?5<>'' AND"
                              " NOT EXISTS(SELECT 1 FROM event WHERE alarm=?5 AND alarm<>'')",
               .has_events = true},
    [FRESH] = {.name = "fresh",
               .order = "seq",
               .has_numbers = true,
               .insert = "INSERT OR IGNORE INTO fresh VALUES(?,?,?,?,?,?,?,?,?,?,?)",
               .has_events = true,
               .has_state = true,
               .is_younger = true},
    [ANSWER] = {.name = "answer",
                .order = "receiver",
                .insert = "INSERT OR IGNORE INTO answer VALUES(?,?,?,?,?,?,?)"},
    [STATE] = {.name = "state",
               .order = "name",
               .insert = "INSERT OR IGNORE INTO state VALUES(?,?)",
               .has_state = true},
};

/* What is copied, and what of `delivery` could not be: between these numbers, both included. */
struct copy {
    sqlite3 *from;
    struct store *to;
    struct copied copied;
    bool has_gap;
    int64_t gap_first, gap_last;
};

/* How far it was read. */
struct way {
    bool is_whole, has_rows;
    int64_t last; /* the first column of the last row */
};

static int prepare(struct store *s, const char *text, sqlite3_stmt **ret_statement, struct err *e)
{
    return sqlite3_prepare_v2(s->db, text, -1, ret_statement, NULL) == SQLITE_OK
               ? 0
               : store_error(s, e, "copy");
}

static int copy_row(struct copy *c, sqlite3_stmt *row, sqlite3_stmt *write, struct err *e)
{
    for (int i = 0; i < sqlite3_column_count(row); i++)
        sqlite3_bind_value(write, i + 1, sqlite3_column_value(row, i));
    int result = sqlite3_step(write) == SQLITE_DONE ? 0 : store_error(c->to, e, "copy");
    sqlite3_reset(write);
    return result;
}

/* That nothing more is read says nothing of what is there. */
static int check_means(struct copy *c, struct err *e)
{
    return c->from && store_lacks_means(c->from)
               ? err_set(e, EAGAIN, "copy: cannot be read now: %s", sqlite3_errmsg(c->from))
               : 0;
}

/* Ends at the end, or at the first row that cannot be read; an error is one of writing, or of the
 * moment. */
static int copy_direction(struct copy *c, const struct table *table, const char *direction,
                          sqlite3_stmt *write, struct way *ret_way, struct err *e)
{
    char text[128];
    sqlite3_stmt *read = NULL;
    int step = SQLITE_ERROR, result = 0;
    *ret_way = (struct way){0};
    snprintf(text, sizeof text, "SELECT * FROM %s ORDER BY %s %s", table->name, table->order,
             direction);
    bool is_there = c->from && sqlite3_prepare_v2(c->from, text, -1, &read, NULL) == SQLITE_OK;
    bool is_absent = c->from && table->is_younger && sqlite3_errcode(c->from) == SQLITE_ERROR;
    while (is_there && result == 0 && (step = sqlite3_step(read)) == SQLITE_ROW) {
        ret_way->has_rows = true;
        ret_way->last = sqlite3_column_int64(read, 0);
        result = copy_row(c, read, write, e);
        if (result == 0 && table->has_events)
            c->copied.events += sqlite3_changes(c->to->db);
    }
    if (result == 0 && step != SQLITE_DONE)
        result = check_means(c, e);
    sqlite3_finalize(read);
    ret_way->is_whole = step == SQLITE_DONE || (!is_there && is_absent);
    return result;
}

static void note_lost(struct copy *c, const struct table *table, const struct way *up,
                      const struct way *down)
{
    c->copied.state_lost |= table->has_state;
    c->copied.clips_lost |= table == &tables[UPLOAD];
    if (table != &tables[DELIVERY])
        return;
    c->has_gap = true;
    c->gap_first = up->has_rows ? up->last : 0;
    c->gap_last = down->has_rows ? down->last : INT64_MAX;
}

/* Between two places that cannot be read lies what can be: asked for number by number, to the last
 * row that was read from the end or until nothing has come for long. What cannot be read is not
 * there, unless it cannot be for the moment. */
static int copy_between(struct copy *c, const struct table *table, const struct way *up,
                        const struct way *down, sqlite3_stmt *write, struct err *e)
{
    char text[128];
    sqlite3_stmt *read = NULL;
    int64_t found = up->has_rows ? up->last : 0;
    int64_t until = down->has_rows ? down->last : INT64_MAX;
    int result = 0;
    snprintf(text, sizeof text, "SELECT * FROM %s WHERE seq=?", table->name);
    if (!c->from || sqlite3_prepare_v2(c->from, text, -1, &read, NULL) != SQLITE_OK)
        return check_means(c, e);
    for (int64_t seq = found; result == 0 && seq <= until && seq - found < NUMBERS_APART; seq++) {
        sqlite3_bind_int64(read, 1, seq);
        int step = SQLITE_DONE;
        while (result == 0 && (step = sqlite3_step(read)) == SQLITE_ROW) {
            found = seq;
            result = copy_row(c, read, write, e);
            if (result == 0 && table->has_events)
                c->copied.events += sqlite3_changes(c->to->db);
        }
        if (result == 0 && step != SQLITE_DONE)
            result = check_means(c, e);
        sqlite3_reset(read);
    }
    sqlite3_finalize(read);
    return result;
}

/* From its beginning and, if that does not lead to its end, from there, and what is between. */
static int copy_table(struct copy *c, const struct table *table, const char *insert, struct err *e)
{
    sqlite3_stmt *write = NULL;
    struct way up, down;
    int result = prepare(c->to, insert, &write, e);
    if (result == 0 && c->has_gap && sqlite3_bind_parameter_count(write) == 10) {
        sqlite3_bind_int64(write, 9, c->gap_first);
        sqlite3_bind_int64(write, 10, c->gap_last);
    }
    if (result == 0)
        result = copy_direction(c, table, "ASC", write, &up, e);
    if (result == 0 && !up.is_whole) {
        result = copy_direction(c, table, "DESC", write, &down, e);
        if (result == 0 && !down.is_whole) {
            note_lost(c, table, &up, &down);
            result = table->has_numbers ? copy_between(c, table, &up, &down, write, e) : 0;
        }
    }
    sqlite3_finalize(write);
    return result;
}

/* From which the chain goes on, also if nobody is owed it. */
static int copy_newest(struct copy *c, struct err *e)
{
    sqlite3_stmt *write = NULL;
    struct way way;
    int result = prepare(c->to, tables[EVENT].insert, &write, e);
    if (result == 0)
        result = copy_direction(c, &tables[EVENT], "DESC LIMIT 1", write, &way, e);
    sqlite3_finalize(write);
    return result;
}

static int copy_tables(struct copy *c, struct err *e)
{
    bool is_all = c->copied.extent == COPY_ALL;
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof tables / sizeof *tables; i++) {
        const char *owed = tables[i].insert_owed;
        result = copy_table(c, &tables[i], is_all || !owed ? tables[i].insert : owed, e);
    }
    return result == 0 && !is_all ? copy_newest(c, e) : result;
}

/* Counts what `text` selects: a count, the first and the last number. */
static int read_range(struct copy *c, const char *text, struct copy_range *ret_range, struct err *e)
{
    sqlite3_stmt *query = NULL;
    int result = prepare(c->to, text, &query, e);
    if (result != 0)
        return result;
    if (sqlite3_bind_parameter_count(query) == 2) {
        sqlite3_bind_int64(query, 1, c->gap_first);
        sqlite3_bind_int64(query, 2, c->gap_last);
    }
    if (sqlite3_step(query) == SQLITE_ROW)
        *ret_range = (struct copy_range){.count = sqlite3_column_int(query, 0),
                                         .first = sqlite3_column_int64(query, 1),
                                         .last = sqlite3_column_int64(query, 2)};
    else
        result = store_error(c->to, e, "copy");
    sqlite3_finalize(query);
    return result;
}

/* What a receiver has already costs it nothing (its id is known there); what it has not is a press
 * that is lost. */
static int owe_unknown(struct copy *c, struct err *e)
{
    struct store *s = c->to;
    sqlite3_stmt *owe = NULL;
    int result = read_range(c,
                            "SELECT count(*),min(seq),max(seq) FROM event"
                            " WHERE seq BETWEEN ?1 AND ?2"
                            " AND seq NOT IN (SELECT seq FROM delivery)",
                            &c->copied.unknown, e);
    if (result == 0)
        result = prepare(s,
                         "INSERT OR IGNORE INTO delivery(seq,receiver,state,attempts)"
                         " SELECT seq,?1,0,0 FROM event"
                         " WHERE seq BETWEEN ?2 AND ?3 AND (?4>>class)&1=0",
                         &owe, e);
    for (size_t i = 0; result == 0 && i < s->receiver_count; i++) {
        store_bind_text(owe, 1, s->receivers[i]);
        sqlite3_bind_int64(owe, 2, c->gap_first);
        sqlite3_bind_int64(owe, 3, c->gap_last);
        sqlite3_bind_int64(owe, 4, s->withheld[i]);
        result = sqlite3_step(owe) == SQLITE_DONE ? 0 : store_error(s, e, "copy");
        sqlite3_reset(owe);
    }
    sqlite3_finalize(owe);
    return result;
}

#define GONE                                                                                       \
    "FROM delivery WHERE state=0 AND seq NOT IN (SELECT seq FROM event)"                           \
    " AND seq NOT IN (SELECT seq FROM fresh)"

/* Nobody can send these: counted, and told, once. */
static int drop_gone(struct copy *c, struct err *e)
{
    int result =
        read_range(c, "SELECT count(DISTINCT seq),min(seq),max(seq) " GONE, &c->copied.gone, e);
    if (result != 0 || c->copied.gone.count == 0)
        return result;
    return sqlite3_exec(c->to->db, "DELETE " GONE, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : store_error(c->to, e, "copy");
}

static int copy(struct copy *c, struct err *e)
{
    int result = copy_tables(c, e);
    if (result == 0 && c->has_gap)
        result = owe_unknown(c, e);
    return result == 0 ? drop_gone(c, e) : result;
}

int copy_rows(sqlite3 *from, struct store *to, enum copy_extent extent, struct copied *ret_copied,
              struct err *e)
{
    struct copy c = {.from = from, .to = to, .copied.extent = extent};
    c.copied.state_lost = extent == COPY_NONE;
    int result = 0;
    if (extent != COPY_NONE) {
        result = store_begin(to, e);
        if (result == 0)
            result = copy(&c, e);
        if (result == 0)
            result = store_commit(to, e);
    }
    *ret_copied = c.copied;
    return result;
}
