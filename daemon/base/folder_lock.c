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
    int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : err_system(e, errno, "%s", path);
}

int folder_lock_take(const char *folder, const char *who, int *fd, struct err *e)
{
    if (*fd >= 0 && folder_lock_is_of(*fd, folder))
        return folder_lock_again(*fd, folder, who, e);
    int taken = open_one(folder, O_RDONLY | O_DIRECTORY, e);
    if (taken < 0)
        return taken;
    int result = folder_lock_open_file(taken, folder, who, e);
    int left = result >= 0 ? *fd : taken;
    if (left >= 0)
        close(left);
    if (result >= 0)
        *fd = taken;
    return result;
}

/* Who looks at the file and puts another in its place has a lock of another kind on it meanwhile,
 * so that one at a time does. Who has that lives, and gets the file if nobody has it: whoever comes
 * in between is the second. One that was killed right then, and hangs, is not waited for. */
static int take_turn(int fd, const char *path, const char *who, struct err *e)
{
    struct flock turn, other;
    do {
        turn = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
        if (fcntl(fd, F_SETLK, &turn) == 0 || (errno != EAGAIN && errno != EACCES))
            return 0;
        other = turn;
    } while (fcntl(fd, F_GETLK, &other) == 0 && other.l_type == F_UNLCK);
    return process_has_ended(other.l_pid)
               ? 0
               : err_set(e, EADDRINUSE, "%s: another %s is about to be at work there", path, who);
}

static void end_turn(int fd)
{
    fcntl(fd, F_SETLK, &(struct flock){.l_type = F_UNLCK, .l_whence = SEEK_SET});
}

/* The dead one has the file, which is open, and not its name. */
static int take_in_its_place(const char *path, const char *who, int *fd, struct err *e)
{
    char fresh[PATH_MAX];
    snprintf(fresh, sizeof fresh, "%.*s.%ld", PATH_MAX - 30, path, (long)getpid());
    unlink(fresh); /* a number comes again */
    int taken = open_one(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, e);
    int result = taken < 0 ? taken : folder_lock_again(taken, fresh, who, e);
    if (result == 0 && rename(fresh, path) != 0)
        result = err_system(e, errno, "%s", path);
    if (result != 0 && taken >= 0) {
        unlink(fresh);
        close(taken);
    }
    if (result == 0) {
        close(*fd); /* and with it the turn */
        *fd = taken;
    }
    return result;
}

int folder_lock_take_file(const char *path, const char *who, int *fd, struct err *e)
{
    int taken = -1, result;
    if (*fd >= 0 && folder_lock_is_of(*fd, path))
        return folder_lock_again(*fd, path, who, e);
    do {
        if (taken >= 0)
            close(taken);
        taken = open_one(path, O_RDWR | O_CREAT | O_NOFOLLOW, e);
        if (taken < 0)
            return taken;
        result = take_turn(taken, path, who, e);
        if (result == 0)
            result = folder_lock_open_file(taken, path, who, e);
    } while (result >= 0 && !folder_lock_is_of(taken, path)); /* another was put in its place */
    if (result == FOLDER_LOCK_OF_THE_DEAD)
        result = take_in_its_place(path, who, &taken, e);
    end_turn(taken);
    int left = result == 0 ? *fd : taken;
    if (left >= 0)
        close(left);
    if (result == 0)
        *fd = taken;
    return result;
}

bool folder_lock_is_of(int fd, const char *folder)
{
    struct stat taken, now;
    return fstat(fd, &taken) == 0 && stat(folder, &now) == 0 && taken.st_dev == now.st_dev &&
           taken.st_ino == now.st_ino;
}
