/* SPDX-License-Identifier: Apache-2.0 */
/* The database as a file among others; and what needs no database. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "outbox/store.h"
#include "wire/digest.h"

static void name_folder(const char *path, char ret_folder[4096])
{
    const char *slash = strrchr(path, '/');
    snprintf(ret_folder, 4096, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
}

bool store_says_read_only(const char *path, const char *doing, struct err *e)
{
    char folder[4096];
    struct statvfs mount;
    name_folder(path, folder);
    if (statvfs(folder, &mount) != 0 || !(mount.f_flag & ST_RDONLY))
        return false;
    err_set(e, EIO,
            "%s: %s: its file system is mounted read-only: mount it so that it can be written "
            "(mount -o remount,rw); a disk that fails may be mounted so by itself: change it then",
            path, doing);
    return true;
}

/* The folder's entry of a new database must survive a power cut as well. */
void store_sync_folder(const char *path)
{
    char folder[4096];
    name_folder(path, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/* SQLite takes what is shorter than a page for a database that is to be made, and writes over it.
 * An empty file may be one: who makes it was killed; but not one that has a log, which SQLite would
 * remove, nor what has a log and is not there. */
bool store_is_foreign(const char *path)
{
    char magic[16] = "", log[4100];
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(log, sizeof log, "%s-wal", path);
    if (fd < 0) /* what else is wrong is SQLite's to say */
        return lstat(path, &info) != 0 && errno == ENOENT && access(log, F_OK) == 0;
    ssize_t got = read(fd, magic, sizeof magic);
    close(fd);
    if (got <= 0)
        return got == 0 && access(log, F_OK) == 0;
    return memcmp(magic, "SQLite format 3", sizeof magic) != 0;
}

bool store_lacks_means(sqlite3 *db)
{
    int code = sqlite3_errcode(db) & 0xff, cause = sqlite3_system_errno(db);
    bool has_cause = code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
    return code == SQLITE_NOMEM ||
           (has_cause && (cause == EMFILE || cause == ENFILE || cause == ENOMEM));
}

void store_id_of_time(int64_t wall_ms, char ret_id[UUID_TEXT_SIZE])
{
    int64_t largest = (INT64_C(1) << 48) - 1;
    uint64_t ms = (uint64_t)(wall_ms < 0 ? 0 : wall_ms > largest ? largest : wall_ms);
    snprintf(ret_id, UUID_TEXT_SIZE, "%08x-%04x", (unsigned)(ms >> 16), (unsigned)(ms & 0xffff));
}

bool store_event_is_whole(const struct event *event)
{
    unsigned char digest[DIGEST_BYTES];
    digest_sha256(event->bytes, event->length, digest);
    return memcmp(digest, event->digest, sizeof digest) == 0;
}
