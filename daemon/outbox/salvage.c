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

#include "base/log.h"
#include "base/plural.h"
#include "outbox/copy.h"
#include "outbox/log_alone.h"
#include "outbox/unreported.h"

#define PATH_SIZE    4300
#define FRESH_SUFFIX ".new"

/* SQLite opens to be read what it has no descriptor to write with; then it has no locks either. */
static bool is_less_than_may_be(sqlite3 *from)
{
    return sqlite3_db_readonly(from, "main") == 1 &&
           access(sqlite3_db_filename(from, "main"), W_OK) == 0;
}

/* NULL if it cannot be opened at all; an error if that says nothing of it. */
static int open_damaged(const char *path, sqlite3 **ret_from, struct err *e)
{
    sqlite3 *from = NULL;
    struct stat info;
    int result = 0;
    if (stat(path, &info) == 0 && info.st_size == 0)
        result = log_alone_open(path, &from);
    else
        sqlite3_open_v2(path, &from, SQLITE_OPEN_READWRITE, NULL);
    bool is_open = from && sqlite3_errcode(from) == SQLITE_OK;
    bool lacks = result == -EMFILE || result == -ENFILE || result == -ENOMEM ||
                 (from && (is_open ? is_less_than_may_be(from) : store_lacks_means(from)));
    if (!is_open || lacks) {
        sqlite3_close(from);
        *ret_from = NULL;
        return lacks ? err_set(e, EAGAIN, "%s: cannot be opened now", path) : 0;
    }
    /* No shared memory, which a full disk would turn into a SIGBUS. */
    sqlite3_exec(from, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    store_keep_log(from); /* it goes aside as it is */
    *ret_from = from;
    return 0;
}

/* What is copied, and what is told of it. */
struct source {
    sqlite3 *from;     /* NULL: cannot be opened */
    const char *aside; /* NULL: nothing is there to be moved */
    const char *why;
};

static void tell_range(const struct copy_range *range, FILE *out)
{
    fprintf(out, "%lld", (long long)range->first);
    if (range->last > range->first)
        fprintf(out, " to %lld", (long long)range->last);
}

/* Says what became of it. */
static void tell_kept(const struct copied *c, const struct err *refusal, FILE *out)
{
    if (c->extent == COPY_NONE)
        fprintf(out, "what can be read of it could not be copied (%s), none is kept",
                refusal->text);
    else
        fprintf(out, "%d event%s could be read and %s kept", c->events, plural(c->events),
                c->events == 1 ? "was" : "were");
    if (c->extent == COPY_OWED)
        fprintf(out,
                ": those that are still to be sent, since not all could be copied (%s); what "
                "else can be read is in the damaged file alone",
                refusal->text);
    if (c->gone.count > 0) {
        fprintf(out,
                "; %d that were still to be sent cannot be read and are lost: ", c->gone.count);
        tell_range(&c->gone, out);
    }
    if (c->unknown.count > 0) {
        fprintf(out,
                "; who has %d of them cannot be read: they are sent again, at the latest "
                "after a restart: ",
                c->unknown.count);
        tell_range(&c->unknown, out);
    }
    if (c->clips_lost)
        fputs("; not all of which clips were still to be sent can be read", out);
}

/* NULL without memory. */
static char *tell_damage(const struct source *source, const struct copied *copied,
                         const struct err *refusal)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    fprintf(out, "the outbox was damaged (%s); ", source->why);
    tell_kept(copied, refusal, out);
    if (source->aside)
        fprintf(out, "; the damaged file is %s", source->aside);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* Of a fresh one: told when it is in its place. */
struct made {
    char *damage;
    bool state_lost;
    bool is_unopened; /* nor could a smaller one be */
};

static void name_beside(const struct store *s, const char *suffix, char ret_path[PATH_SIZE])
{
    snprintf(ret_path, PATH_SIZE, "%s%s", s->path, suffix);
}

/* A log that is not there need not move: 0, or a negative errno. */
static int move_log(const struct store *s, const char *aside)
{
    char from[PATH_SIZE], to[PATH_SIZE + 4];
    name_beside(s, "-wal", from);
    snprintf(to, sizeof to, "%s-wal", aside);
    return rename(from, to) == 0 || errno == ENOENT ? 0 : -errno;
}

static void remove_fresh(const struct store *s)
{
    char path[PATH_SIZE];
    name_beside(s, FRESH_SUFFIX, path);
    unlink(path);
    name_beside(s, FRESH_SUFFIX "-wal", path);
    unlink(path);
}

/* What is to be told of it stands in it before it is in its place. */
static int tell_in(struct store *fresh, const struct source *source, const struct copied *copied,
                   const struct err *refusal, struct made *ret_made, struct err *e)
{
    ret_made->state_lost = copied->state_lost;
    ret_made->damage = tell_damage(source, copied, refusal);
    if (!ret_made->damage)
        return err_set(e, ENOMEM, "out of memory");
    return unreported_add(fresh, ret_made->damage, ret_made->state_lost, e);
}

/* A database beside the damaged one, of what can be read of that: closed, and without a log. An
 * error of which less may do is -ENOSPC or another of its disk. */
static int fill_fresh(const struct store *s, const struct source *source, enum copy_extent extent,
                      const struct err *refusal, struct made *ret_made, struct err *e)
{
    struct copied copied = {.extent = extent};
    struct store fresh = {.receivers = s->receivers, .receiver_count = s->receiver_count};
    memcpy(fresh.withheld, s->withheld, sizeof fresh.withheld);
    remove_fresh(s);
    snprintf(fresh.path, sizeof fresh.path, "%.*s" FRESH_SUFFIX,
             (int)(sizeof fresh.path - sizeof FRESH_SUFFIX), s->path);
    *ret_made = (struct made){0};
    int result = store_open(&fresh, e);
    ret_made->is_unopened = result != 0 && result != -ENOSPC;
    if (result == 0)
        result = copy_rows(source->from, &fresh, extent, &copied, e);
    if (result == 0)
        result = tell_in(&fresh, source, &copied, refusal, ret_made, e);
    if (result == 0)
        result = store_end_log(&fresh, e);
    store_close(&fresh);
    if (result != 0) {
        free(ret_made->damage);
        remove_fresh(s);
        return result;
    }
    char log[PATH_SIZE];
    name_beside(s, FRESH_SUFFIX "-wal", log);
    unlink(log);
    return 0;
}

/* Of all that can be read or, if the disk refuses that, of what matters; down to `least`. Not for
 * want of descriptors: what they are had for a moment later would be gone. */
static int make_fresh(const struct store *s, const struct source *source, enum copy_extent least,
                      struct made *ret_made, struct err *e)
{
    struct err refusal = {.text = ""};
    int result = fill_fresh(s, source, COPY_ALL, &refusal, ret_made, e);
    for (enum copy_extent extent = COPY_OWED;
         result != 0 && result != -EAGAIN && !ret_made->is_unopened && extent <= least; extent++) {
        refusal = *e;
        result = fill_fresh(s, source, extent, &refusal, ret_made, e);
    }
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

static bool is_taken(const char *aside)
{
    char log[PATH_SIZE + 4];
    struct stat info;
    snprintf(log, sizeof log, "%s-wal", aside);
    return lstat(aside, &info) == 0 || lstat(log, &info) == 0;
}

/* A machine whose clock begins anew has had this second before. */
static void name_aside(const struct store *s, char ret_aside[PATH_SIZE])
{
    int length =
        snprintf(ret_aside, PATH_SIZE, "%s" SALVAGE_ASIDE "%lld", s->path, (long long)time(NULL));
    for (int i = 1; is_taken(ret_aside); i++)
        snprintf(ret_aside + length, PATH_SIZE - (size_t)length, "-%d", i);
}

/* SQLite opens what has one of these names, and would wait for the other end of a pipe for ever. */
static void put_pipes_aside(const struct store *s)
{
    static const char *const suffixes[] = {"", "-wal", "-journal", FRESH_SUFFIX};
    char path[PATH_SIZE], aside[PATH_SIZE], name[PATH_SIZE + 8];
    struct stat info;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        name_beside(s, suffixes[i], path);
        if (stat(path, &info) != 0 || S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))
            continue;
        name_aside(s, aside);
        snprintf(name, sizeof name, "%s%s", aside, suffixes[i]);
        log_error("outbox", "%s: is no file (but a pipe, socket or device): put aside as %s%s",
                  path, name, rename(path, name) == 0 ? "" : ", which fails");
    }
}

/* From the last step on it is what is there, and told. */
static int move_into_place(struct store *s, const char *aside, const struct made *made,
                           struct outbox_found *found, struct err *e)
{
    int result = rename(s->path, aside) == 0 || errno == ENOENT ? 0 : -errno;
    if (result != 0) {
        remove_fresh(s);
        free(made->damage);
        return err_system(e, -result, "%s: moving the damaged database aside", s->path);
    }
    result = move_log(s, aside);
    if (result != 0) { /* which would be taken for that of the fresh one */
        rename(aside, s->path);
        remove_fresh(s);
        free(made->damage);
        return err_system(e, -result, "%s: moving the damaged log aside", s->path);
    }
    result = put_in_place(s, e);
    if (result != 0) { /* salvage_finish does it, and tells it */
        free(made->damage);
        return result;
    }
    free(found->damage);
    found->damage = made->damage;
    found->state_lost |= made->state_lost;
    store_close(s);
    return store_open(s, e);
}

static int salvage_down_to(struct store *s, enum copy_extent least, const char *why,
                           struct outbox_found *found, struct err *e)
{
    char aside[PATH_SIZE];
    struct made made;
    name_aside(s, aside);
    struct source source = {.aside = aside, .why = why};
    int result = open_damaged(s->path, &source.from, e);
    if (result == 0)
        result = make_fresh(s, &source, least, &made, e);
    sqlite3_close(source.from);
    log_alone_remove(s->path);
    return result == 0 ? move_into_place(s, aside, &made, found, e) : result;
}

int salvage(struct store *s, const char *why, struct outbox_found *found, struct err *e)
{
    return salvage_down_to(s, COPY_NONE, why, found, e);
}

int salvage_running(struct store *s, const char *why, struct outbox_found *found, struct err *e)
{
    return salvage_down_to(s, COPY_OWED, why, found, e);
}

int salvage_open(struct store *s, const char *why, struct outbox_found *found, bool *ret_has_aside,
                 struct err *e)
{
    char aside[PATH_SIZE], folder[PATH_SIZE];
    struct made made;
    name_aside(s, aside);
    snprintf(folder, sizeof folder, "%s", s->path);
    *strrchr(folder, '/') = '\0';
    mkdir(folder, 0700); /* if it is there, or cannot be made, the next step says so */
    *ret_has_aside = access(s->path, F_OK) == 0;
    struct source source = {.from = s->db, .aside = *ret_has_aside ? aside : NULL, .why = why};
    int result = make_fresh(s, &source, COPY_OWED, &made, e);
    return result == 0 ? move_into_place(s, aside, &made, found, e) : result;
}

/* Until it is, all that stands in it stands in its log. What is to be told of it, too. */
static bool is_whole(const struct store *s, struct outbox_found *found)
{
    struct store fresh = {.db = NULL};
    char log[PATH_SIZE];
    struct stat info;
    struct err e;
    name_beside(s, FRESH_SUFFIX "-wal", log);
    if (stat(log, &info) == 0 && info.st_size > 0)
        return false;
    snprintf(fresh.path, sizeof fresh.path, "%.*s" FRESH_SUFFIX,
             (int)(sizeof fresh.path - sizeof FRESH_SUFFIX), s->path);
    bool is_one = store_open_to_read(&fresh, &e) == 0;
    if (is_one && !unreported_read(&fresh, found))
        abort(); /* without memory: start anew */
    store_close(&fresh);
    unlink(log);
    return is_one;
}

/* The damaged one is gone, by no hand of ours: what was copied of it by then is for a person. */
static int put_part_aside(const struct store *s, const char *aside, struct outbox_found *found,
                          struct err *e)
{
    char fresh[PATH_SIZE], log[PATH_SIZE], aside_log[PATH_SIZE + 4];
    name_beside(s, FRESH_SUFFIX, fresh);
    name_beside(s, FRESH_SUFFIX "-wal", log);
    snprintf(aside_log, sizeof aside_log, "%s-wal", aside);
    if ((rename(log, aside_log) != 0 && errno != ENOENT) || rename(fresh, aside) != 0)
        return err_system(e, errno, "%s: moving what was begun aside", fresh);
    free(found->damage);
    found->state_lost = true;
    if (asprintf(&found->damage,
                 "the outbox was damaged, and is gone: what had been copied of it by then, which "
                 "is not all, is %s",
                 aside) < 0)
        abort(); /* without memory: start anew */
    return 0;
}

int salvage_finish(const struct store *s, struct outbox_found *found, struct err *e)
{
    char fresh[PATH_SIZE], aside[PATH_SIZE];
    put_pipes_aside(s);
    log_alone_remove(s->path);
    name_beside(s, FRESH_SUFFIX, fresh);
    if (access(s->path, F_OK) == 0 || access(fresh, F_OK) != 0) {
        remove_fresh(s); /* the damaged one is there still, and is found to be that again */
        return 0;
    }
    name_aside(s, aside);
    int result = move_log(s, aside);
    if (result != 0)
        return err_system(e, -result, "%s: moving the damaged log aside", s->path);
    if (!is_whole(s, found)) {
        name_aside(s, aside); /* the log may have taken that name */
        return put_part_aside(s, aside, found, e);
    }
    if (found->damage)
        return put_in_place(s, e);
    found->state_lost = true; /* one of an older version says nothing */
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
    if (lstat(s->path, &info) != 0) /* else it is a link, and its end may come back */
        move_log(s, aside);
    return true;
}
