/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* https://www.sqlite.org/fileformat2.html#the_write_ahead_log */
#define HEADER_BYTES 32
#define FRAME_BYTES  (24 + 4096)
#define PATH_SIZE    4300
#define MOST_FILES   65536

/* Of what a link leads to, if it is one. */
static bool look(const char *path, struct place_file *ret_file, bool *ret_is_link)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return false;
    *ret_is_link = S_ISLNK(info.st_mode);
    if (*ret_is_link && stat(path, &info) != 0)
        return false;
    *ret_file = (struct place_file){info.st_dev, info.st_ino, info.st_size};
    return true;
}

/* SQLite has it beside the file that a link leads to. Else it is beside the name, whatever leads to
 * its folder, and a press does not wait until all of that is looked up. */
static void name_log(const char *path, bool is_link, char ret_log[PATH_SIZE])
{
    char *target = is_link ? realpath(path, NULL) : NULL;
    snprintf(ret_log, PATH_SIZE, "%s-wal", target ? target : path);
    free(target);
}

static sqlite3_file *log_of(sqlite3 *db)
{
    sqlite3_file *file = NULL;
    if (!db || sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK)
        return NULL;
    return file && file->pMethods ? file : NULL;
}

/* A log begins with its header from its first frame on; what is only room begins with zeros, as
 * does what is empty. What cannot be read says nothing. Of the file that is open, which was just
 * seen to be that of the name: a press waits for this. */
static bool has_begun(sqlite3 *db)
{
    static const unsigned char zeros[4];
    unsigned char magic[4];
    sqlite3_file *log = log_of(db);
    int result = log ? log->pMethods->xRead(log, magic, sizeof magic, 0) : SQLITE_IOERR;
    if (result == SQLITE_IOERR_SHORT_READ)
        return false;
    return result != SQLITE_OK || memcmp(magic, zeros, sizeof magic) != 0;
}

void place_note(struct place *p, sqlite3 *db, const char *path)
{
    char log[PATH_SIZE];
    bool is_link = false, log_is_link;
    p->is_known = look(path, &p->database, &is_link);
    name_log(path, is_link, log);
    p->is_known = p->is_known && look(log, &p->log, &log_is_link);
    p->log_has_begun = p->is_known && has_begun(db);
}

static int check_one(struct place_file *known, const char *path, bool *ret_is_link, struct err *e)
{
    struct place_file now;
    bool is_there = look(path, &now, ret_is_link);
    if (!is_there && errno != ENOENT && errno != ENOTDIR) /* that it is gone was not seen */
        return err_set(e, EIO, "%s: cannot be looked at: %s", path, strerror(errno));
    if (!is_there)
        return err_set(e, ESTALE, "%s: was taken away while it is in use: %s", path,
                       strerror(errno));
    if (now.device != known->device || now.inode != known->inode)
        return err_set(e, ESTALE, "%s: is another file than the one that is in use", path);
    if (now.size < known->size)
        return err_set(e, EBADMSG,
                       "%s: is shorter than it was, while it is in use: %lld bytes, not %lld", path,
                       (long long)now.size, (long long)known->size);
    *known = now;
    return 0;
}

int place_check(struct place *p, sqlite3 *db, const char *path, struct err *e)
{
    char log[PATH_SIZE];
    bool is_link = false, log_is_link;
    if (!p->is_known)
        return 0;
    int result = check_one(&p->database, path, &is_link, e);
    if (result != 0)
        return result;
    name_log(path, is_link, log);
    result = check_one(&p->log, log, &log_is_link, e);
    if (result != 0)
        return result;
    bool had_begun = p->log_has_begun;
    p->log_has_begun = has_begun(db);
    if (had_begun && !p->log_has_begun)
        return err_set(e, EBADMSG, "%s: was emptied while it is in use", log);
    return 0;
}

/* The descriptor of one that has a name, or -1. SQLite does not tell which is its own. */
static int find_named(const struct place_file *file)
{
    struct stat info;
    long limit = sysconf(_SC_OPEN_MAX); /* which may be thousands of millions */
    int end = limit > 0 && limit < MOST_FILES ? (int)limit : MOST_FILES;
    for (int fd = 0; fd < end; fd++) {
        if (fstat(fd, &info) == 0 && info.st_dev == file->device && info.st_ino == file->inode)
            return info.st_nlink > 0 ? fd : -1;
    }
    return -1;
}

/* Something is mounted over the folder, or one above it, so that the name leads elsewhere. */
static bool is_covered(const struct place *p, char *name)
{
    struct stat info;
    char *slash = strrchr(name, '/');
    if (!slash)
        return false;
    *slash = '\0';
    bool is_other = stat(name, &info) == 0 && info.st_dev != p->database.device;
    *slash = '/';
    return is_other;
}

enum place_found place_find(const struct place *p, char *ret_name, size_t size)
{
    char link[40], name[PATH_SIZE];
    struct stat info;
    int fd = find_named(&p->database);
    ret_name[0] = '\0';
    if (fd < 0 || find_named(&p->log) < 0)
        return PLACE_NOWHERE;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    name[length > 0 ? length : 0] = '\0';
    /* That which it was opened under; it may be another that is left. */
    if (stat(name, &info) == 0 && info.st_dev == p->database.device &&
        info.st_ino == p->database.inode)
        snprintf(ret_name, size, "%s", name);
    else if (is_covered(p, name)) {
        snprintf(ret_name, size, "%s", name);
        return PLACE_COVERED;
    }
    return PLACE_NAMED;
}

static int read_by_name(const char *log, off_t at, unsigned char ret_frame[FRAME_BYTES])
{
    int fd = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    posix_fadvise(fd, at, FRAME_BYTES, POSIX_FADV_DONTNEED); /* it was synced: let go, if it may */
    ssize_t got = pread(fd, ret_frame, FRAME_BYTES, at);
    int result = got == FRAME_BYTES ? 0 : got < 0 ? -errno : -ENODATA;
    close(fd);
    return result;
}

int place_read_back(sqlite3 *db, const char *path, int pages, struct err *e)
{
    unsigned char open_one[FRAME_BYTES], named[FRAME_BYTES];
    sqlite3_file *file = log_of(db);
    char log[PATH_SIZE];
    off_t at = HEADER_BYTES + (off_t)(pages - 1) * FRAME_BYTES;
    name_log(path, true, log);
    if (!file || pages <= 0)
        return err_set(e, EIO, "%s: no log is open", log);
    if (file->pMethods->xRead(file, open_one, FRAME_BYTES, at) != SQLITE_OK)
        return err_set(e, EIO, "%s: what was committed cannot be read back", log);
    int result = read_by_name(log, at, named);
    if (result != 0)
        return err_set(
            e, result == -ENOENT || result == -ENOTDIR || result == -ENODATA ? ESTALE : EIO,
            "%s: what was committed cannot be read back by its name: %s", log, strerror(-result));
    if (memcmp(open_one, named, sizeof named) != 0)
        return err_set(e, ESTALE, "%s: what was committed is not in the file of that name", log);
    return 0;
}
