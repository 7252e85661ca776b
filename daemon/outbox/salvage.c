/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/salvage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "outbox/fresh.h"
#include "outbox/numbers.h"

struct table {
    const char *name;
    const char *order; /* its key: damage is met from both ends */
    const char *insert;
    bool has_events, has_state;
    bool is_younger; /* than the first version: there may be none, which is no damage */
};

static const struct table tables[] = {
    {.name = "event",
     .order = "seq",
     .insert = "INSERT OR IGNORE INTO event VALUES(?,?,?,?,?,?,?,?)",
     .has_events = true},
    {.name = "fresh",
     .order = "seq",
     .insert = "INSERT OR IGNORE INTO fresh VALUES(?,?,?,?,?,?,?,?,?,?,?)",
     .has_events = true,
     .has_state = true,
     .is_younger = true},
    {.name = "delivery",
     .order = "seq",
     .insert = "INSERT OR IGNORE INTO delivery VALUES(?,?,?,?,?,?,?)"},
    {.name = "upload",
     .order = "seq",
     .insert = "INSERT OR IGNORE INTO upload VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"},
    {.name = "answer",
     .order = "answer_seq",
     .insert = "INSERT OR IGNORE INTO answer VALUES(?,?,?,?,?,?,?)"},
    {.name = "state",
     .order = "name",
     .insert = "INSERT OR IGNORE INTO state VALUES(?,?)",
     .has_state = true},
};

/* How many rows were copied, or -1 if the fresh one refuses one; whether that was all of them. */
static int copy_direction(sqlite3 *from, sqlite3 *to, const struct table *table,
                          const char *direction, bool *ret_whole)
{
    char text[128];
    sqlite3_stmt *read = NULL, *write = NULL;
    int copied = 0, step = SQLITE_ERROR;
    snprintf(text, sizeof text, "SELECT * FROM %s ORDER BY %s %s", table->name, table->order,
             direction);
    bool is_refused = sqlite3_prepare_v2(to, table->insert, -1, &write, NULL) != SQLITE_OK;
    if (!is_refused && sqlite3_prepare_v2(from, text, -1, &read, NULL) == SQLITE_OK) {
        /* The loop ends at the end, or at the first row that cannot be read. */
        while (!is_refused && (step = sqlite3_step(read)) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(read); i++)
                sqlite3_bind_value(write, i + 1, sqlite3_column_value(read, i));
            is_refused = sqlite3_step(write) != SQLITE_DONE;
            copied += sqlite3_changes(to);
            sqlite3_reset(write);
        }
    }
    bool is_absent = table->is_younger && !read && sqlite3_errcode(from) == SQLITE_ERROR;
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    *ret_whole = step == SQLITE_DONE || is_absent;
    return is_refused ? -1 : copied;
}

/* How many events were copied, or -1 if the fresh one refuses a row of any table. */
static int copy_tables(sqlite3 *from, sqlite3 *to, bool *ret_state_lost)
{
    int events = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        bool whole;
        int up = copy_direction(from, to, &tables[i], "ASC", &whole);
        int down = up < 0 ? -1 : copy_direction(from, to, &tables[i], "DESC", &whole);
        if (down < 0)
            return -1;
        if (tables[i].has_events)
            events += up + down;
        if (tables[i].has_state && !whole)
            *ret_state_lost = true;
    }
    return events;
}

/* How many events were copied; -1 if the fresh one does not take what can be read: it stays empty.
 */
static int copy_rows(const char *damaged, sqlite3 *to, struct outbox_found *found,
                     struct err *ret_why)
{
    sqlite3 *from = NULL;
    int events = 0;
    if (sqlite3_open_v2(damaged, &from, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        /* No shared memory, which a full disk would turn into a SIGBUS. */
        sqlite3_exec(from, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
        bool begun = sqlite3_exec(to, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
        events = begun ? copy_tables(from, to, &found->state_lost) : -1;
        if (events >= 0 && sqlite3_exec(to, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            events = -1;
    } else {
        found->state_lost = true;
    }
    if (events < 0) {
        err_set(ret_why, EIO, "%s", sqlite3_errmsg(to));
        sqlite3_exec(to, "ROLLBACK", NULL, NULL, NULL);
        found->state_lost = true;
    }
    sqlite3_close(from);
    return events;
}

/* Says what became of it; NULL without memory. */
static char *tell_damage(const char *damage, int events, const struct err *why, const char *aside)
{
    char kept[400], *text;
    if (events < 0)
        snprintf(kept, sizeof kept, "what can be read of it could not be copied (%s), none is kept",
                 why->text);
    else
        snprintf(kept, sizeof kept, "%d events could be read and were kept", events);
    int length = asprintf(&text, "the outbox was damaged (%s); %s; the damaged file is %s", damage,
                          kept, aside);
    return length < 0 ? NULL : text;
}

static void move_aside(const char *path, const char *suffix, const char *aside)
{
    char from[4200], to[4300];
    snprintf(from, sizeof from, "%s%s", path, suffix);
    snprintf(to, sizeof to, "%s%s", aside, suffix);
    rename(from, to); /* a log that is not there need not move */
}

int salvage(struct store *s, const char *why, struct outbox_found *found, struct err *e)
{
    char aside[4200];
    snprintf(aside, sizeof aside, "%s.damaged-%lld", s->path, (long long)time(NULL));
    if (rename(s->path, aside) != 0 && errno != ENOENT)
        return err_system(e, errno, "%s: moving the damaged database aside", s->path);
    move_aside(s->path, "-wal", aside);
    int result = store_open(s, e);
    if (result != 0)
        return result;
    struct err refusal;
    int events = copy_rows(aside, s->db, found, &refusal);
    found->damage = tell_damage(why, events, &refusal, aside);
    if (!found->damage)
        return err_set(e, ENOMEM, "out of memory");
    result = numbers_read(s, e);
    return result == 0 ? fresh_count(s, e) : result;
}
