/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/salvage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct table {
    const char *name;
    const char *order; /* its key: damage is met from both ends */
    const char *insert;
};

static const struct table tables[] = {
    {"event", "seq", "INSERT OR IGNORE INTO event VALUES(?,?,?,?,?,?,?,?)"},
    {"delivery", "seq", "INSERT OR IGNORE INTO delivery VALUES(?,?,?,?,?,?,?)"},
    {"upload", "seq", "INSERT OR IGNORE INTO upload VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"},
    {"answer", "answer_seq", "INSERT OR IGNORE INTO answer VALUES(?,?,?,?,?,?,?)"},
    {"state", "name", "INSERT OR IGNORE INTO state VALUES(?,?)"},
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
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    *ret_whole = step == SQLITE_DONE;
    return copied;
}

static int copy_rows(const char *damaged, sqlite3 *to, bool *ret_state_lost)
{
    sqlite3 *from = NULL;
    int events = 0;
    bool whole = false; /* the last table's is the state's */
    if (sqlite3_open_v2(damaged, &from, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        sqlite3_exec(to, "BEGIN", NULL, NULL, NULL);
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
            int copied = copy_direction(from, to, &tables[i], "ASC", &whole);
            copied += copy_direction(from, to, &tables[i], "DESC", &whole);
            if (i == 0)
                events = copied;
        }
        sqlite3_exec(to, "COMMIT", NULL, NULL, NULL);
    }
    sqlite3_close(from);
    *ret_state_lost = !whole;
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
    return 0;
}
