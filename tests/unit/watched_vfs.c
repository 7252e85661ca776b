/* SPDX-License-Identifier: Apache-2.0 */
#include "watched_vfs.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct watched_file {
    sqlite3_file base;
    bool is_db, is_log;
    sqlite3_file real[]; /* of the VFS below, as large as that wants it */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct watched_counts counts;
static unsigned syncs_to_fail, reads_to_fail, writes_to_fail;
static bool held, opens_held, writers_refused;
static unsigned syncs_to_kill;
static unsigned may_pass; /* although they are held */
static sqlite3_vfs *below, watched;

static sqlite3_file *real(sqlite3_file *file)
{
    return ((struct watched_file *)file)->real;
}

static int on_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static bool must_fail(unsigned *left)
{
    pthread_mutex_lock(&lock);
    bool fails = *left > 0;
    *left -= fails;
    pthread_mutex_unlock(&lock);
    return fails;
}

static int on_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 at)
{
    if (((struct watched_file *)file)->is_db && must_fail(&reads_to_fail))
        return SQLITE_IOERR_READ;
    return real(file)->pMethods->xRead(real(file), bytes, count, at);
}

static int on_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 at)
{
    if (((struct watched_file *)file)->is_log && must_fail(&writes_to_fail))
        return SQLITE_IOERR_WRITE;
    return real(file)->pMethods->xWrite(real(file), bytes, count, at);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real(file)->pMethods->xTruncate(real(file), size);
}

static int on_sync(sqlite3_file *file, int flags)
{
    const struct watched_file *f = (struct watched_file *)file;
    pthread_mutex_lock(&lock);
    if (f->is_log && syncs_to_kill > 0 && --syncs_to_kill == 0)
        kill(getpid(), SIGKILL);
    counts.held++;
    while (held && f->is_log && may_pass == 0)
        pthread_cond_wait(&changed, &lock);
    may_pass -= held && f->is_log;
    counts.held--;
    bool fails = f->is_log && syncs_to_fail > 0;
    syncs_to_fail -= fails;
    counts.log_syncs += f->is_log && !fails;
    counts.db_syncs += f->is_db;
    pthread_mutex_unlock(&lock);
    return fails ? SQLITE_IOERR_FSYNC : real(file)->pMethods->xSync(real(file), flags);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real(file)->pMethods->xFileSize(real(file), ret_size);
}

static int on_lock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xLock(real(file), level);
}

static int on_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int on_check(sqlite3_file *file, int *ret_reserved)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), ret_reserved);
}

static int on_control(sqlite3_file *file, int what, void *arg)
{
    return real(file)->pMethods->xFileControl(real(file), what, arg);
}

static int on_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int on_traits(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int on_map(sqlite3_file *file, int region, int size, int extend, void volatile **ret_at)
{
    return real(file)->pMethods->xShmMap(real(file), region, size, extend, ret_at);
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void on_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int on_unmap(sqlite3_file *file, int remove)
{
    return real(file)->pMethods->xShmUnmap(real(file), remove);
}

static sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_traits,
    .xShmMap = on_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_barrier,
    .xShmUnmap = on_unmap,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                   int *ret_flags)
{
    (void)vfs;
    struct watched_file *f = (struct watched_file *)file;
    f->base.pMethods = NULL;
    f->is_db = flags & SQLITE_OPEN_MAIN_DB;
    f->is_log = flags & SQLITE_OPEN_WAL;
    pthread_mutex_lock(&lock);
    while (f->is_db && opens_held)
        pthread_cond_wait(&changed, &lock);
    bool is_refused = f->is_db && writers_refused;
    pthread_mutex_unlock(&lock);
    if (is_refused)
        return SQLITE_CANTOPEN;
    int result = below->xOpen(below, name, f->real, flags, ret_flags);
    if (f->real->pMethods)
        f->base.pMethods = &methods;
    pthread_mutex_lock(&lock);
    counts.opened += f->is_db;
    pthread_mutex_unlock(&lock);
    return result;
}

void watched_vfs_install(const char *name)
{
    if (below)
        return;
    below = sqlite3_vfs_find(name);
    watched = *below; /* all that it does not know of files is passed on as it is */
    watched.zName = name ? name : "watched";
    watched.pNext = NULL;
    watched.szOsFile = (int)sizeof(struct watched_file) + below->szOsFile;
    watched.xOpen = on_open;
    methods.iVersion = name ? 2 : 1;
    if (name)
        sqlite3_vfs_unregister(below);
    sqlite3_vfs_register(&watched, name == NULL);
}

struct watched_counts watched_vfs_counts(void)
{
    pthread_mutex_lock(&lock);
    struct watched_counts now = counts;
    pthread_mutex_unlock(&lock);
    return now;
}

void watched_vfs_fail_syncs(unsigned count)
{
    pthread_mutex_lock(&lock);
    syncs_to_fail = count;
    pthread_mutex_unlock(&lock);
}

void watched_vfs_fail_writes(unsigned count)
{
    pthread_mutex_lock(&lock);
    writes_to_fail = count;
    pthread_mutex_unlock(&lock);
}

void watched_vfs_fail_reads(unsigned count)
{
    pthread_mutex_lock(&lock);
    reads_to_fail = count;
    pthread_mutex_unlock(&lock);
}

void watched_vfs_hold_syncs(bool hold)
{
    pthread_mutex_lock(&lock);
    held = hold;
    may_pass = 0;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void watched_vfs_kill_at_sync(unsigned count)
{
    pthread_mutex_lock(&lock);
    syncs_to_kill = count;
    pthread_mutex_unlock(&lock);
}

void watched_vfs_hold_opens(bool hold)
{
    pthread_mutex_lock(&lock);
    opens_held = hold;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void watched_vfs_refuse_writers(bool refuse)
{
    pthread_mutex_lock(&lock);
    writers_refused = refuse;
    pthread_mutex_unlock(&lock);
}

void watched_vfs_let_one_sync_pass(void)
{
    pthread_mutex_lock(&lock);
    may_pass++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}
