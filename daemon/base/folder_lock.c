/* SPDX-License-Identifier: Apache-2.0 */
#include "base/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/process.h"

/* proc(5): "1: FLOCK  ADVISORY  WRITE 1234 fe:01:5678 0 EOF". Not by the device: some file systems
 * call it otherwise there. Who is not seen lives. */
static bool is_held_by_the_living(int fd)
{
    char *line = NULL;
    size_t room = 0;
    long pid;
    unsigned long long file;
    struct stat ours;
    bool has_holder = false, lives = false;
    FILE *locks = fopen("/proc/locks", "re");
    if (fstat(fd, &ours) != 0)
        lives = true;
    while (locks && !lives && getline(&line, &room, locks) > 0) {
        if (sscanf(line, "%*u: FLOCK %*s %*s %ld %*x:%*x:%llu", &pid, &file) != 2 ||
            file != ours.st_ino)
            continue;
        has_holder = true;
        lives = !process_has_ended(pid);
    }
    free(line);
    if (locks)
        fclose(locks);
    return lives || !has_holder;
}

int folder_lock_again(int fd, const char *path, const char *who, struct err *e)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return 0;
    return is_held_by_the_living(fd)
               ? err_set(e, EADDRINUSE, "%s: another %s is at work there", path, who)
               : FOLDER_LOCK_OF_THE_DEAD;
}

int folder_lock_open_file(int fd, const char *path, const char *who, struct err *e)
{
    int result = folder_lock_again(fd, path, who, e);
    if (result == FOLDER_LOCK_OF_THE_DEAD)
        log_warning(who, "%s: one that was killed has it still, and waits for the disk", path);
    return result;
}

static int open_one(const char *path, int flags, struct err *e)
{
    int fd = open(path, flags | O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : err_system(e, errno, "%s", path);
}

static int take(const char *path, int flags, const char *who, int *fd, struct err *e)
{
    if (*fd >= 0 && folder_lock_is_of(*fd, path))
        return folder_lock_again(*fd, path, who, e);
    int taken = open_one(path, flags, e);
    if (taken < 0)
        return taken;
    int result = folder_lock_open_file(taken, path, who, e);
    int left = result >= 0 ? *fd : taken;
    if (left >= 0)
        close(left);
    if (result >= 0)
        *fd = taken;
    return result;
}

int folder_lock_take(const char *folder, const char *who, int *fd, struct err *e)
{
    return take(folder, O_DIRECTORY, who, fd, e);
}

static int exchange(const char *one, const char *other, struct err *e)
{
    return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) == 0
               ? 0
               : err_system(e, errno, "%s", other);
}

/* Whoever has had the same thought a moment ago, or has taken it when the dead one had gone, lives:
 * what had the name is looked at when it has it no more. */
static int put_in_its_place(const char *fresh, const char *path, const char *who, struct err *e)
{
    struct err not_kept;
    int result = exchange(fresh, path, e);
    int was = result == 0 ? open_one(fresh, O_NOFOLLOW, e) : -1;
    if (was >= 0) {
        result = folder_lock_again(was, path, who, e);
        close(was);
    }
    if (result < 0)
        exchange(fresh, path, &not_kept);
    return result < 0 ? result : 0;
}

/* The dead one has the file, which is open, and not its name. */
static int take_in_its_place(const char *path, const char *who, int *fd, struct err *e)
{
    char fresh[PATH_MAX];
    snprintf(fresh, sizeof fresh, "%.*s.%ld", PATH_MAX - 30, path, (long)getpid());
    unlink(fresh); /* a number comes again */
    int taken = open_one(fresh, O_CREAT | O_EXCL | O_NOFOLLOW, e);
    int result = taken < 0 ? taken : folder_lock_again(taken, fresh, who, e);
    if (result == 0)
        result = put_in_its_place(fresh, path, who, e);
    if (taken >= 0)
        unlink(fresh);
    close(*fd);
    *fd = result == 0 ? taken : -1;
    if (result != 0 && taken >= 0)
        close(taken);
    return result;
}

int folder_lock_take_file(const char *path, const char *who, int *fd, struct err *e)
{
    int result;
    do {
        result = take(path, O_CREAT | O_NOFOLLOW, who, fd, e);
        if (result == FOLDER_LOCK_OF_THE_DEAD)
            result = take_in_its_place(path, who, fd, e);
    } while (result == 0 && !folder_lock_is_of(*fd, path)); /* who did that has it now */
    return result;
}

bool folder_lock_is_of(int fd, const char *folder)
{
    struct stat taken, now;
    return fstat(fd, &taken) == 0 && stat(folder, &now) == 0 && taken.st_dev == now.st_dev &&
           taken.st_ino == now.st_ino;
}
