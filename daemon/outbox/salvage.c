/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/salvage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/plural.h"

#define PATH_SIZE    4300
#define FRESH_SUFFIX ".new"

struct table {
    const char *name;
    const char *order; /* its key: damage is met from both ends */
    const char *insert;
    bool has_events, has_state;
    bool is_owed;    /* what is lost of it is sent to nobody */
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
     .is_owed = true,
     .is_younger = true},
    {.name = "delivery",
     .order = "seq",
     .insert = "INSERT OR IGNORE INTO delivery VALUES(?,?,?,?,?,?,?)",
     .is_owed = true},
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

struct copied {
    int events; /* -1: the fresh one refuses a row of any table */
    bool state_lost, owed_lost;
    struct err why; /* of the refusal */
};

static int copy_tables(sqlite3 *from, sqlite3 *to, struct copied *copied)
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
            copied->state_lost = true;
        copied->owed_lost |= tables[i].is_owed && !whole;
    }
    return events;
}

/* NULL if it cannot be opened at all. */
static sqlite3 *open_damaged(const char *path)
{
    sqlite3 *from = NULL;
    if (sqlite3_open_v2(path, &from, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        sqlite3_close(from);
        return NULL;
    }
    /* No shared memory, which a full disk would turn into a SIGBUS. */
    sqlite3_exec(from, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    return from;
}

/* If the fresh one does not take what can be read it stays empty. */
static void copy_rows(sqlite3 *from, sqlite3 *to, struct copied *ret_copied)
{
    struct copied copied = {.state_lost = !from, .owed_lost = !from};
    if (from) {
        bool begun = sqlite3_exec(to, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
        copied.events = begun ? copy_tables(from, to, &copied) : -1;
        if (copied.events >= 0 && sqlite3_exec(to, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
            copied.events = -1;
    }
    if (copied.events < 0) {
        err_set(&copied.why, EIO, "%s", sqlite3_errmsg(to));
        sqlite3_exec(to, "ROLLBACK", NULL, NULL, NULL);
        copied.state_lost = true;
    }
    *ret_copied = copied;
}

/* What is copied, and what is told of it. */
struct source {
    sqlite3 *from;     /* NULL: cannot be opened */
    const char *aside; /* NULL: nothing is there to be moved */
    const char *why;
};

/* Says what became of it; NULL without memory. */
static char *tell_damage(const struct source *source, const struct copied *copied)
{
    char kept[400], *text;
    if (copied->events < 0)
        snprintf(kept, sizeof kept, "what can be read of it could not be copied (%s), none is kept",
                 copied->why.text);
    else
        snprintf(kept, sizeof kept, "%d event%s could be read and %s kept%s", copied->events,
                 plural(copied->events), copied->events == 1 ? "was" : "were",
                 copied->owed_lost ? ", but not all of what was owed to whom" : "");
    int length =
        asprintf(&text, "the outbox was damaged (%s); %s%s%s", source->why, kept,
                 source->aside ? "; the damaged file is " : "", source->aside ? source->aside : "");
    return length < 0 ? NULL : text;
}

static void name_beside(const struct store *s, const char *suffix, char ret_path[PATH_SIZE])
{
    snprintf(ret_path, PATH_SIZE, "%s%s", s->path, suffix);
}

/* A log that is not there need not move. */
static void move_log(const struct store *s, const char *aside)
{
    char from[PATH_SIZE], to[PATH_SIZE + 4];
    name_beside(s, "-wal", from);
    snprintf(to, sizeof to, "%s-wal", aside);
    rename(from, to);
}

static void remove_fresh(const struct store *s)
{
    char path[PATH_SIZE];
    name_beside(s, FRESH_SUFFIX, path);
    unlink(path);
    name_beside(s, FRESH_SUFFIX "-wal", path);
    unlink(path);
}

/* A database beside the damaged one, of what can be read of that: closed, and without a log. */
static int make_fresh(const struct store *s, const struct source *source,
                      struct outbox_found *found, struct err *e)
{
    struct store fresh = {.receivers = s->receivers, .receiver_count = s->receiver_count};
    struct copied copied;
    remove_fresh(s);
    snprintf(fresh.path, sizeof fresh.path, "%.*s" FRESH_SUFFIX,
             (int)(sizeof fresh.path - sizeof FRESH_SUFFIX), s->path);
    int result = store_open(&fresh, e);
    if (result != 0)
        return result;
    copy_rows(source->from, fresh.db, &copied);
    found->state_lost |= copied.state_lost;
    free(found->damage);
    found->damage = tell_damage(source, &copied);
    result = found->damage ? store_end_log(&fresh, e) : err_set(e, ENOMEM, "out of memory");
    store_close(&fresh);
    char log[PATH_SIZE];
    name_beside(s, FRESH_SUFFIX "-wal", log);
    unlink(log);
    return result;
}

static int put_in_place(const struct store *s, struct err *e)
{
    char fresh[PATH_SIZE];
    name_beside(s, FRESH_SUFFIX, fresh);
    if (rename(fresh, s->path) != 0)
        return err_system(e, errno, "%s: moving the fresh database into its place", s->path);
    store_sync_folder(s->path);
    return 0;
}

static void name_aside(const struct store *s, char ret_aside[PATH_SIZE])
{
    snprintf(ret_aside, PATH_SIZE, "%s" SALVAGE_ASIDE "%lld", s->path, (long long)time(NULL));
}

static int move_into_place(struct store *s, const char *aside, struct err *e)
{
    if (rename(s->path, aside) != 0 && errno != ENOENT)
        return err_system(e, errno, "%s: moving the damaged database aside", s->path);
    move_log(s, aside);
    int result = put_in_place(s, e);
    if (result != 0)
        return result;
    store_close(s);
    return store_open(s, e);
}

int salvage(struct store *s, const char *why, struct outbox_found *found, struct err *e)
{
    char aside[PATH_SIZE];
    name_aside(s, aside);
    struct source source = {.from = open_damaged(s->path), .aside = aside, .why = why};
    int result = make_fresh(s, &source, found, e);
    sqlite3_close(source.from);
    return result == 0 ? move_into_place(s, aside, e) : result;
}

int salvage_open(struct store *s, const char *why, struct outbox_found *found, bool *ret_has_aside,
                 struct err *e)
{
    char aside[PATH_SIZE], folder[PATH_SIZE];
    name_aside(s, aside);
    snprintf(folder, sizeof folder, "%s", s->path);
    *strrchr(folder, '/') = '\0';
    mkdir(folder, 0700); /* if it is there, or cannot be made, the next step says so */
    *ret_has_aside = access(s->path, F_OK) == 0;
    struct source source = {.from = s->db, .aside = *ret_has_aside ? aside : NULL, .why = why};
    int result = make_fresh(s, &source, found, e);
    return result == 0 ? move_into_place(s, aside, e) : result;
}

int salvage_finish(const struct store *s, struct outbox_found *found, struct err *e)
{
    char fresh[PATH_SIZE], aside[PATH_SIZE];
    name_beside(s, FRESH_SUFFIX, fresh);
    if (access(s->path, F_OK) == 0 || access(fresh, F_OK) != 0) {
        remove_fresh(s); /* the damaged one is there still, and is found to be that again */
        return 0;
    }
    name_aside(s, aside);
    move_log(s, aside);
    found->state_lost = true;
    found->damage = strdup("the outbox was damaged, and the program ended while it was put aside: "
                           "what could be read of it was kept");
    return found->damage ? put_in_place(s, e) : err_set(e, ENOMEM, "out of memory");
}

bool salvage_is_absent(const struct store *s)
{
    char aside[PATH_SIZE], log[PATH_SIZE];
    struct stat info;
    bool is_there = stat(s->path, &info) == 0;
    name_beside(s, "-wal", log);
    if (is_there || errno != ENOENT)
        return is_there && S_ISREG(info.st_mode) && info.st_size == 0 && access(log, F_OK) != 0;
    name_aside(s, aside);
    move_log(s, aside);
    return true;
}
