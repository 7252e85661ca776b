/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/salvage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "outbox/fresh.h"

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

/* How many rows were copied; whether that was all of them. */
static int copy_direction(sqlite3 *from, sqlite3 *to, const struct table *table,
                          const char *direction, bool *ret_whole)
{
    char text[128];
    sqlite3_stmt *read = NULL, *write = NULL;
    int copied = 0, step = SQLITE_ERROR;
    snprintf(text, sizeof text, "SELECT * FROM %s ORDER BY %s %s", table->name, table->order,
             direction);
    if (sqlite3_prepare_v2(from, text, -1, &read, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(to, table->insert, -1, &write, NULL) == SQLITE_OK) {
        /* The loop ends at the end, or at the first row that cannot be read. */
        while ((step = sqlite3_step(read)) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(read); i++)
                sqlite3_bind_value(write, i + 1, sqlite3_column_value(read, i));
            if (sqlite3_step(write) == SQLITE_DONE)
                copied += sqlite3_changes(to);
            sqlite3_reset(write);
        }
    }
    bool is_absent = table->is_younger && !read && sqlite3_errcode(from) == SQLITE_ERROR;
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    *ret_whole = step == SQLITE_DONE || is_absent;
    return copied;
}

static int copy_rows(const char *damaged, sqlite3 *to, bool *ret_state_lost)
{
    sqlite3 *from = NULL;
    int events = 0;
    bool opened = false;
    *ret_state_lost = false;
    if (sqlite3_open_v2(damaged, &from, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        opened = true;
        /* No shared memory, which a full disk would turn into a SIGBUS. */
        sqlite3_exec(from, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
        sqlite3_exec(to, "BEGIN", NULL, NULL, NULL);
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
            bool whole;
            int copied = copy_direction(from, to, &tables[i], "ASC", &whole);
            copied += copy_direction(from, to, &tables[i], "DESC", &whole);
            if (tables[i].has_events)
                events += copied;
            if (tables[i].has_state && !whole)
                *ret_state_lost = true;
        }
        sqlite3_exec(to, "COMMIT", NULL, NULL, NULL);
    }
    sqlite3_close(from);
    *ret_state_lost |= !opened;
    return events;
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
    int events = copy_rows(aside, s->db, &found->state_lost);
    if (asprintf(&found->damage,
                 "the outbox was damaged (%s); %d events could be read and were kept; the damaged "
                 "file is %s",
                 why, events, aside) < 0)
        return err_set(e, ENOMEM, "out of memory");
    return fresh_count(s, e);
}
