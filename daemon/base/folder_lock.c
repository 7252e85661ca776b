/* SPDX-License-Identifier: Apache-2.0 */
#include "base/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define EXITING 0x4 /* PF_EXITING of include/linux/sched.h */

/* proc(5), of the first thread: it has ended; or it was killed, or was about to end, and hangs in
 * the kernel. One that was killed and does not hang ends by itself, and lives until then. */
static bool has_ended(long pid)
{
    char path[64], text[512], state = 'R';
    unsigned flags = 0;
    unsigned long pending = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *stat = fopen(path, "re");
    size_t length = stat ? fread(text, 1, sizeof text - 1, stat) : 0;
    if (stat)
        fclose(stat);
    text[length] = '\0';
    const char *name_end = strrchr(text, ')');
    int fields = name_end ? sscanf(name_end + 1,
                                   " %c %*d %*d %*d %*d %*d %u %*s %*s %*s %*s %*s %*s %*s %*s "
                                   "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu",
                                   &state, &flags, &pending)
                          : 0;
    if (fields >= 1 && (state == 'Z' || state == 'X'))
        return true;
    bool is_doomed = (flags & EXITING) || (pending & 1ul << (SIGKILL - 1));
    return fields == 3 && state == 'D' && is_doomed;
}

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
        lives = !has_ended(pid);
    }
    free(line);
    if (locks)
        fclose(locks);
    return lives || !has_holder;
}

int folder_lock_open_file(int fd, const char *path, const char *who, struct err *e)
{
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return 0;
    if (is_held_by_the_living(fd))
        return err_set(e, EADDRINUSE, "%s: another %s is at work there", path, who);
    log_warning(who, "%s: one that was killed has it still, and waits for the disk", path);
    return 0;
}

static int take(const char *path, int flags, const char *who, int *fd, struct err *e)
{
    if (*fd >= 0 && folder_lock_is_of(*fd, path))
        return folder_lock_open_file(*fd, path, who, e);
    int taken = open(path, flags | O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0600);
    if (taken < 0)
        return err_system(e, errno, "%s", path);
    int result = folder_lock_open_file(taken, path, who, e);
    int left = result == 0 ? *fd : taken;
    if (left >= 0)
        close(left);
    if (result == 0)
        *fd = taken;
    return result;
}

int folder_lock_take(const char *folder, const char *who, int *fd, struct err *e)
{
    return take(folder, O_DIRECTORY, who, fd, e);
}

int folder_lock_take_file(const char *path, const char *who, int *fd, struct err *e)
{
    return take(path, O_CREAT | O_NOFOLLOW, who, fd, e);
}

bool folder_lock_is_of(int fd, const char *folder)
{
    struct stat taken, now;
    return fstat(fd, &taken) == 0 && stat(folder, &now) == 0 && taken.st_dev == now.st_dev &&
           taken.st_ino == now.st_ino;
}
