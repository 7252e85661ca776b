/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/log_alone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE  4300
#define SUFFIX     ".log"
#define PAGE_BYTES 4096

/* It begins with its header from its first frame on; what is only room begins with zeros. */
static int says_something(const char *log)
{
    static const unsigned char zeros[4];
    unsigned char magic[4];
    int fd = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
    ssize_t got = pread(fd, magic, sizeof magic, 0);
    close(fd);
    return got == sizeof magic && memcmp(magic, zeros, sizeof magic) != 0;
}

int log_alone_is_left(const char *path)
{
    char log[PATH_SIZE];
    struct stat info;
    snprintf(log, sizeof log, "%s-wal", path);
    bool holds_nothing =
        lstat(path, &info) != 0 ? errno == ENOENT : S_ISREG(info.st_mode) && info.st_size == 0;
    return holds_nothing ? says_something(log) : 0;
}

static int make_file(const char *path, off_t bytes)
{
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    int result = ftruncate(fd, bytes) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

int log_alone_hold_place(const char *path, struct err *e)
{
    int result = make_file(path, 0);
    return result == 0 || result == -EEXIST
               ? 0
               : err_system(e, -result, "%s: is gone, and its log is left", path);
}

/* A page of zeros is enough of a database for SQLite to read its log; the first page of all stands
 * in there, unless it was moved since. */
int log_alone_open(const char *path, sqlite3 **ret_db)
{
    char log[PATH_SIZE], name[PATH_SIZE], its_log[PATH_SIZE];
    *ret_db = NULL;
    snprintf(log, sizeof log, "%s-wal", path);
    snprintf(name, sizeof name, "%s" SUFFIX, path);
    snprintf(its_log, sizeof its_log, "%s" SUFFIX "-wal", path);
    log_alone_remove(path);
    int result = link(log, its_log) == 0 ? make_file(name, PAGE_BYTES) : -errno;
    if (result != 0)
        log_alone_remove(path);
    else
        sqlite3_open_v2(name, ret_db, SQLITE_OPEN_READWRITE, NULL);
    return result;
}

void log_alone_remove(const char *path)
{
    static const char *const suffixes[] = {SUFFIX, SUFFIX "-wal"};
    char name[PATH_SIZE];
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        unlink(name);
    }
}
