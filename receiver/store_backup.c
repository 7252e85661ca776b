/* SPDX-License-Identifier: Apache-2.0 */
#include "store_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "sql.h"
#include "store_private.h"

#define PIECE_PAGES 64                  /* of 4 KiB, between two syncs */
#define KEPT_FREE   (INT64_C(64) << 20) /* for alarms */
#define PART        STORE_BACKUP_NAME ".part"

struct copy {
    char folder[STORE_BACKUP_PATH_SIZE];
    char part[STORE_BACKUP_PATH_SIZE]; /* never has the name of a backup */
    sqlite3 *from, *to;
    int fd; /* of the same file, to sync it */
    const atomic_bool *stopping;
};

static bool fail(char *ret_reason, const char *what, const char *why)
{
    snprintf(ret_reason, 200, "%s: %s", what, why);
    return false;
}

static void remove_part(const struct copy *c)
{
    static const char *const endings[] = {"", "-journal", "-wal"}; /* of a kill, too */
    char path[STORE_BACKUP_PATH_SIZE + 10];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(path, sizeof path, "%s%s", c->part, endings[i]);
        unlink(path);
    }
}

static bool open_part(struct copy *c, char *ret_reason)
{
    c->fd = open(c->part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (c->fd < 0)
        return fail(ret_reason, c->part, strerror(errno));
    /* What a power cut leaves of it has no name that counts: it needs neither log nor syncs. */
    if (sqlite3_open_v2(c->part, &c->to, SQLITE_OPEN_READWRITE, STORE_VFS) != SQLITE_OK ||
        !sql_run(c->to, "PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF;"))
        return fail(ret_reason, c->part, sqlite3_errmsg(c->to));
    return true;
}

/* The moment that is copied: nothing that is stored from here on is in it. */
static bool begin_to_read(struct copy *c, const char *path, char *ret_reason)
{
    if (sqlite3_open_v2(path, &c->from, SQLITE_OPEN_READONLY, STORE_VFS) != SQLITE_OK ||
        !sql_run(c->from, "BEGIN; SELECT count(*) FROM sqlite_schema;"))
        return fail(ret_reason, path, sqlite3_errmsg(c->from));
    return true;
}

/* What gateways wait for comes first: a backup never takes the last of a disk. */
static bool has_room(const struct copy *c, int64_t bytes)
{
    struct statvfs disk;
    return statvfs(c->folder, &disk) == 0 &&
           (int64_t)disk.f_bavail * (int64_t)disk.f_frsize >= bytes + KEPT_FREE;
}

/* In pieces, each on the disk before the next: the sync of an alarm that is stored beside it finds
 * no more than one of them before it. */
static bool copy_pages(const struct copy *c, char *ret_reason)
{
    sqlite3_backup *pages = sqlite3_backup_init(c->to, "main", c->from, "main");
    const char *why = NULL;
    int result = SQLITE_OK;
    while (pages && !why && result == SQLITE_OK) {
        result = sqlite3_backup_step(pages, PIECE_PAGES);
        if (fdatasync(c->fd) != 0)
            why = strerror(errno);
        else if (atomic_load(c->stopping))
            why = "the receiver stops";
        else if (!has_room(c, 0))
            why = "the disk is filling up";
    }
    if ((!pages || sqlite3_backup_finish(pages) != SQLITE_OK || result != SQLITE_DONE) && !why)
        why = sqlite3_errmsg(c->to);
    return !why || fail(ret_reason, "not all could be copied", why);
}

static int is_stopping(void *arg)
{
    const struct copy *c = arg;
    return atomic_load(c->stopping);
}

/* A damaged database must not take the place of its last good copy. One file, without a log: it can
 * be opened where nothing may be written. */
static bool prove(struct copy *c, char *ret_reason)
{
    sqlite3_stmt *row = NULL;
    char said[120] = "";
    sqlite3_progress_handler(c->to, 10000, is_stopping, c);
    if (sql_run(c->to, "PRAGMA journal_mode=DELETE")) {
        row = sql_prepare(c->to, "PRAGMA quick_check(1)");
        if (sqlite3_step(row) == SQLITE_ROW)
            sql_copy(row, 0, said, sizeof said);
    }
    sqlite3_finalize(row);
    return strcmp(said, "ok") == 0 ||
           fail(ret_reason, "the copy is no whole database", said[0] ? said : "it cannot be read");
}

static bool sync_folder(const struct copy *c)
{
    int fd = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Its name is the last thing that it gets. */
static bool put_in_place(struct copy *c, const char *path, char *ret_reason)
{
    sqlite3_close(c->to);
    c->to = NULL;
    if (fsync(c->fd) == 0 && rename(c->part, path) == 0 && sync_folder(c))
        return true;
    return fail(ret_reason, path, strerror(errno));
}

static bool name_part(struct copy *c, const char *path)
{
    if (strlen(path) + sizeof PART > STORE_BACKUP_PATH_SIZE)
        return false;
    snprintf(c->folder, sizeof c->folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    snprintf(c->part, sizeof c->part, "%s/" PART, c->folder);
    return true;
}

void store_backup_remove_part(struct store *s)
{
    struct copy c;
    if (name_part(&c, sqlite3_db_filename(s->db, "main")))
        remove_part(&c);
}

bool store_backup(struct store *s, const atomic_bool *stopping, struct store_backup *ret_backup,
                  char ret_reason[200])
{
    struct copy c = {.fd = -1, .stopping = stopping};
    struct store_backup b = {0};
    const char *path = sqlite3_db_filename(s->db, "main"); /* constant while it is open */
    if (!name_part(&c, path))
        return fail(ret_reason, "the store's folder", "its path is too long");
    remove_part(&c); /* before it is asked for room: it takes some */
    snprintf(b.path, sizeof b.path, "%s/" STORE_BACKUP_NAME, c.folder);
    bool good = begin_to_read(&c, path, ret_reason);
    if (good) {
        b.bytes = sql_number(c.from, "SELECT page_count*page_size FROM pragma_page_count,"
                                     " pragma_page_size");
        b.receiver_seq = sql_number(c.from, "SELECT coalesce(max(receiver_seq),0) FROM event");
        if (!has_room(&c, b.bytes))
            good = fail(ret_reason, c.folder, "no room for a copy beside what alarms need");
    }
    good = good && open_part(&c, ret_reason) && copy_pages(&c, ret_reason) &&
           prove(&c, ret_reason) && put_in_place(&c, b.path, ret_reason);
    sqlite3_close(c.to);
    sqlite3_close(c.from);
    if (c.fd >= 0)
        close(c.fd);
    if (good)
        *ret_backup = b;
    else
        remove_part(&c);
    return good;
}
