/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder_lock.h"

#define PATH_BYTES 4096
#define TRIES      10

static uid_t owner_of_folder(const char *path)
{
    char folder[PATH_BYTES];
    struct stat info;
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    return stat(folder, &info) == 0 ? info.st_uid : geteuid();
}

/* A technician may start the gateway by hand, as root, after it ran as its own user. */
static bool is_ours(int fd, const char *path)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || (info.st_mode & (S_IWGRP | S_IWOTH)))
        return false;
    return info.st_uid == geteuid() || (geteuid() == 0 && info.st_uid == owner_of_folder(path));
}

static int open_ours(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    if (is_ours(fd, path))
        return fd;
    close(fd);
    return -EPERM;
}

/* The first of them has no number. */
static bool name_beside(const char *path, const char *suffix, int number, char ret_name[PATH_BYTES])
{
    int length = number ? snprintf(ret_name, PATH_BYTES, "%s.%s.%d", path, suffix, number)
                        : snprintf(ret_name, PATH_BYTES, "%s.%s", path, suffix);
    return length < PATH_BYTES;
}

int journal_file_make_beside(const char *path, const char *suffix)
{
    char name[PATH_BYTES];
    int fd = -EEXIST;
    for (int i = 0; fd == -EEXIST && i < TRIES; i++) {
        if (!name_beside(path, suffix, i, name))
            return -ENAMETOOLONG;
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
            fd = -errno;
    }
    return fd;
}

int journal_file_put_aside(const char *path)
{
    char aside[PATH_BYTES];
    int result = -EEXIST;
    for (int i = 0; result == -EEXIST && i < TRIES; i++) {
        if (!name_beside(path, "unread", i, aside))
            return -ENAMETOOLONG;
        result = renameat2(AT_FDCWD, path, AT_FDCWD, aside, RENAME_NOREPLACE) == 0 ? 0 : -errno;
    }
    return result;
}

int journal_file_open(const char *path, bool *ret_put_aside)
{
    int fd = open_ours(path);
    /* Out of descriptors or memory, it may well be ours. */
    if ((fd == -EPERM || fd == -EACCES || fd == -ELOOP || fd == -EISDIR || fd == -ENXIO) &&
        journal_file_put_aside(path) == 0) {
        *ret_put_aside = true;
        fd = open_ours(path);
    }
    struct err e;
    if (fd < 0 || folder_lock_open_file(fd, path, "tocsind", &e) >= 0)
        return fd;
    close(fd);
    return -EWOULDBLOCK;
}

bool journal_file_has_name(int fd, const char *path)
{
    struct stat open_one, named;
    return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 &&
           open_one.st_ino == named.st_ino && open_one.st_dev == named.st_dev;
}
