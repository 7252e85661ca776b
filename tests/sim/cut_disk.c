/* SPDX-License-Identifier: Apache-2.0 */
#include "cut_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chance.h"
#include "cut_folder.h"

struct cut_file {
    sqlite3_file base;
    struct medium *medium;
    bool is_db, is_log;
    bool syncs_folder;  /* with its first sync: as SQLite's own VFS does it for journals and logs */
    bool keeps_its_log; /* SQLITE_FCNTL_PERSIST_WAL */
    bool goes;          /* when it is closed */
    char name[64];
};

static struct cut_folder folder;
static struct cut_disk_counts counts;
static enum cut_disk_lie lie;
static uint64_t seed;
static bool off, cut_is_set;
static unsigned calls_left;
static enum cut_disk_failure failure;
static unsigned calls_well, failures_left, failures;
static int folder_fd = -1;
static sqlite3_vfs disk;

/* Of a call that changes something: whether the power goes in its middle. */
static bool power_goes(void)
{
    if (cut_is_set && calls_left-- == 0)
        off = true;
    return off;
}

static bool fails_with(enum cut_disk_failure what)
{
    if (failure != what || failures_left == 0)
        return false;
    if (calls_well > 0) {
        calls_well--;
        return false;
    }
    failures_left--;
    failures++;
    return true;
}

/* What a change fails with, or SQLITE_OK. */
static int refusal(int code)
{
    if (fails_with(CUT_DISK_FAILS_FULL))
        return SQLITE_FULL;
    return fails_with(CUT_DISK_FAILS_WRITE) ? code : SQLITE_OK;
}

static void sync_folder(void)
{
    if (lie == CUT_DISK_SYNCS_NO_FOLDER)
        return;
    counts.folder_syncs++;
    cut_folder_sync(&folder);
}

static bool does_nothing(const struct cut_file *f)
{
    return (lie == CUT_DISK_SYNCS_NO_LOG && f->is_log) ||
           (lie == CUT_DISK_SYNCS_NO_DB && f->is_db) ||
           (lie == CUT_DISK_SYNCS_SOME && chance_one_in(&seed, 20));
}

static int on_close(sqlite3_file *file)
{
    struct cut_file *f = (struct cut_file *)file;
    if (f->goes && !off)
        cut_folder_remove(&folder, f->name);
    return SQLITE_OK;
}

static int on_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at)
{
    const struct medium_bytes *seen = &((struct cut_file *)file)->medium->seen;
    if (off || fails_with(CUT_DISK_FAILS_READ))
        return SQLITE_IOERR_READ;
    size_t from = (size_t)at, there = from < seen->length ? seen->length - from : 0;
    if (there > (size_t)count)
        there = (size_t)count;
    if (there > 0)
        memcpy(bytes, seen->at + from, there);
    memset((char *)bytes + there, 0, (size_t)count - there);
    return there < (size_t)count ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

/* What lay in the sector that it begins in is zeros until all of it is on the medium: to be lost
 * apart from it. */
static void tear_old_bytes(struct medium *m, size_t at)
{
    static const unsigned char zeros[MEDIUM_SECTOR_BYTES];
    size_t begin = at / MEDIUM_SECTOR_BYTES * MEDIUM_SECTOR_BYTES;
    unsigned char old[MEDIUM_SECTOR_BYTES];
    if (begin == at || at > m->seen.length)
        return;
    memcpy(old, m->seen.at + begin, at - begin);
    medium_write(m, begin, zeros, at - begin);
    medium_write(m, begin, old, at - begin);
}

static int on_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
    struct medium *m = ((struct cut_file *)file)->medium;
    int refused = off ? SQLITE_IOERR_WRITE : refusal(SQLITE_IOERR_WRITE);
    if (!off && refused != SQLITE_OK)
        medium_write(m, (size_t)at, bytes, chance_below(&seed, (unsigned)count + 1));
    if (refused != SQLITE_OK)
        return refused;
    counts.writes++;
    if (lie == CUT_DISK_TEARS_OLD_BYTES)
        tear_old_bytes(m, (size_t)at);
    medium_write(m, (size_t)at, bytes, (size_t)count);
    return power_goes() ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int refused = off ? SQLITE_IOERR_TRUNCATE : refusal(SQLITE_IOERR_TRUNCATE);
    if (refused != SQLITE_OK)
        return refused;
    medium_cut_to(((struct cut_file *)file)->medium, (size_t)size);
    return power_goes() ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

static int on_sync(sqlite3_file *file, int flags)
{
    struct cut_file *f = (struct cut_file *)file;
    (void)flags;
    if (off || power_goes())
        return SQLITE_IOERR_FSYNC;
    bool forgets = fails_with(CUT_DISK_FAILS_FORGETS);
    if (forgets || fails_with(CUT_DISK_FAILS_SYNC)) {
        medium_fail_sync(f->medium, forgets, &seed);
        return SQLITE_IOERR_FSYNC;
    }
    counts.syncs++;
    if (does_nothing(f))
        return SQLITE_OK;
    medium_sync(f->medium);
    if (f->syncs_folder)
        sync_folder();
    f->syncs_folder = false;
    return SQLITE_OK;
}

static int on_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    *ret_size = (sqlite3_int64)((struct cut_file *)file)->medium->seen.length;
    return off ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int on_lock(sqlite3_file *file, int level)
{
    (void)file;
    (void)level;
    return SQLITE_OK;
}

static int on_check(sqlite3_file *file, int *ret_reserved)
{
    (void)file;
    *ret_reserved = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *file, int what, void *arg)
{
    struct cut_file *f = (struct cut_file *)file;
    if (what != SQLITE_FCNTL_PERSIST_WAL)
        return SQLITE_NOTFOUND;
    if (*(int *)arg < 0)
        *(int *)arg = f->keeps_its_log;
    else
        f->keeps_its_log = *(int *)arg != 0;
    return SQLITE_OK;
}

static int on_sector(sqlite3_file *file)
{
    (void)file;
    return 4096; /* this and the next as SQLite's own VFS says it on Linux */
}

static int on_traits(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_check,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_traits,
};

static const char *name_of(const char *path)
{
    return strrchr(path, '/') + 1;
}

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                   int *ret_flags)
{
    struct cut_file *f = (struct cut_file *)file;
    (void)vfs;
    *f = (struct cut_file){.base.pMethods = NULL};
    if (off || !path)
        return SQLITE_CANTOPEN;
    f->medium = cut_folder_find(&folder, name_of(path));
    if (!f->medium && refusal(SQLITE_CANTOPEN) != SQLITE_OK)
        return SQLITE_CANTOPEN;
    if (!f->medium && !(flags & SQLITE_OPEN_CREATE))
        return SQLITE_CANTOPEN;
    if (!f->medium)
        f->medium = cut_folder_create(&folder, name_of(path));
    f->is_db = flags & SQLITE_OPEN_MAIN_DB;
    f->is_log = flags & SQLITE_OPEN_WAL;
    f->syncs_folder =
        flags & SQLITE_OPEN_CREATE && flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
    f->goes = flags & SQLITE_OPEN_DELETEONCLOSE;
    snprintf(f->name, sizeof f->name, "%s", name_of(path));
    if (power_goes())
        return SQLITE_CANTOPEN;
    f->base.pMethods = &methods;
    if (ret_flags)
        *ret_flags = flags;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int syncs_folder)
{
    (void)vfs;
    int refused = off ? SQLITE_IOERR_DELETE : refusal(SQLITE_IOERR_DELETE);
    if (refused != SQLITE_OK)
        return refused;
    if (!cut_folder_remove(&folder, name_of(path)))
        return SQLITE_IOERR_DELETE_NOENT;
    if (power_goes())
        return SQLITE_IOERR_DELETE;
    if (syncs_folder)
        sync_folder();
    return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *path, int flags, int *ret_is)
{
    (void)vfs;
    const struct medium *m = cut_folder_find(&folder, name_of(path));
    /* As SQLite's own: a file without content is none for who asks whether it exists. */
    *ret_is = m && (flags != SQLITE_ACCESS_EXISTS || m->seen.length > 0);
    return off ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int on_full_path(sqlite3_vfs *vfs, const char *path, int room, char *ret_path)
{
    (void)vfs;
    snprintf(ret_path, (size_t)room, "%s", path);
    return SQLITE_OK;
}

static int on_randomness(sqlite3_vfs *vfs, int count, char *ret_bytes)
{
    (void)vfs;
    for (int i = 0; i < count; i++)
        ret_bytes[i] = (char)chance_draw(&seed);
    return count;
}

void cut_disk_install(void)
{
    disk = *sqlite3_vfs_find(NULL);
    disk.zName = "cut";
    disk.pNext = NULL;
    disk.szOsFile = (int)sizeof(struct cut_file);
    disk.xOpen = on_open;
    disk.xDelete = on_delete;
    disk.xAccess = on_access;
    disk.xFullPathname = on_full_path;
    disk.xRandomness = on_randomness;
    sqlite3_vfs_register(&disk, 1);
}

void cut_disk_begin(uint64_t chosen_seed, enum cut_disk_lie chosen_lie)
{
    cut_folder_finish(&folder);
    seed = chosen_seed;
    lie = chosen_lie;
    off = cut_is_set = false;
    failures = failures_left = 0;
    sqlite3_randomness(0, NULL); /* what it draws from now on follows from the seed */
}

void cut_disk_finish(void)
{
    cut_folder_finish(&folder);
}

void cut_disk_cut_after(unsigned calls)
{
    cut_is_set = true;
    calls_left = calls;
}

void cut_disk_cut_now(void)
{
    off = true;
}

void cut_disk_fail_after(enum cut_disk_failure chosen, unsigned calls, unsigned count)
{
    failure = chosen;
    calls_well = calls;
    failures_left = count;
}

unsigned cut_disk_failures(void)
{
    return failures;
}

bool cut_disk_is_off(void)
{
    return off;
}

void cut_disk_come_back(enum cut_disk_end end)
{
    off = cut_is_set = false;
    if (end == CUT_DISK_PROCESS)
        return;
    for (size_t i = 0; i < folder.file_count; i++) {
        counts.lost += folder.files[i].count;
        medium_lose(&folder.files[i], &seed);
    }
    cut_folder_lose(&folder, &seed);
}

struct cut_disk_counts cut_disk_counts(void)
{
    return counts;
}

static bool is_here(const char *path)
{
    size_t length = strlen(CUT_DISK_FOLDER);
    return strncmp(path, CUT_DISK_FOLDER, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

int __real_access(const char *path, int mode);
int __wrap_access(const char *path, int mode);
int __wrap_access(const char *path, int mode)
{
    if (!is_here(path))
        return __real_access(path, mode);
    errno = off ? EIO : ENOENT;
    return !off && cut_folder_find(&folder, name_of(path)) ? 0 : -1;
}

/* The folder, to sync it, is all that is opened without SQLite. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    int mode = flags & O_CREAT ? va_arg(rest, int) : 0;
    va_end(rest);
    if (!is_here(path))
        return __real_open(path, flags, mode);
    errno = EIO;
    folder_fd = off ? -1 : __real_open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return folder_fd;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (fd < 0 || fd != folder_fd)
        return __real_fsync(fd);
    folder_fd = -1;
    errno = EIO;
    if (off || power_goes())
        return -1;
    sync_folder();
    return 0;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    if (!is_here(from))
        return __real_rename(from, to);
    errno = EIO;
    if (off)
        return -1;
    errno = ENOENT;
    if (!cut_folder_rename(&folder, name_of(from), name_of(to)))
        return -1;
    errno = EIO;
    return power_goes() ? -1 : 0;
}
