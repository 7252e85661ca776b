/* SPDX-License-Identifier: Apache-2.0 */
#include "base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, data, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        data += written;
        length -= (size_t)written;
    }
    return 0;
}

static int sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
    else
        snprintf(folder, sizeof folder, ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = fsync(fd) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

int atomic_file_write(const char *path, mode_t mode, const void *data, size_t length, struct err *e)
{
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.XXXXXX", path) >= (int)sizeof beside)
        return err_set(e, ENAMETOOLONG, "%s: path too long", path);
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return err_system(e, errno, "%s", beside);
    int result = fchmod(fd, mode) == 0 ? 0 : -errno;
    if (result == 0)
        result = write_all(fd, data, length);
    if (result == 0 && fsync(fd) != 0)
        result = -errno;
    if (close(fd) != 0 && result == 0)
        result = -errno;
    if (result == 0 && rename(beside, path) != 0)
        result = -errno;
    if (result != 0) {
        unlink(beside);
        return err_system(e, -result, "%s", path);
    }
    result = sync_folder_of(path);
    return result == 0 ? 0 : err_system(e, -result, "%s: its folder", path);
}

/* The descriptor, or a negative errno. Whoever waits for the other end of a pipe waits for ever. */
static int open_regular(const char *path, struct err *e)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return err_system(e, errno, "%s", path);
    int result = fstat(fd, &st) == 0 ? 0 : err_system(e, errno, "%s", path);
    if (result == 0 && S_ISDIR(st.st_mode))
        result = err_system(e, EISDIR, "%s", path);
    else if (result == 0 && !S_ISREG(st.st_mode))
        result = err_set(e, EINVAL, "%s: is no file (but a pipe, socket or device)", path);
    if (result == 0)
        return fd;
    close(fd);
    return result;
}

int atomic_file_read(const char *path, size_t max_bytes, char **ret_data, size_t *ret_length,
                     struct err *e)
{
    int fd = open_regular(path, e), result = 0;
    if (fd < 0)
        return fd;
    size_t used = 0, room = 4096;
    char *data = malloc(room + 1);
    while (data) {
        ssize_t got = read(fd, data + used, room - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            result = err_system(e, errno, "%s", path);
        if (got <= 0)
            break;
        used += (size_t)got;
        if (used > max_bytes) {
            result = err_set(e, EFBIG, "%s: larger than %zu bytes", path, max_bytes);
            break;
        }
        if (used == room) {
            room *= 2;
            char *grown = realloc(data, room + 1);
            if (!grown)
                free(data);
            data = grown;
        }
    }
    close(fd);
    if (!data)
        return err_set(e, ENOMEM, "%s: out of memory", path);
    if (result != 0) {
        free(data);
        return result;
    }
    data[used] = '\0';
    *ret_data = data;
    if (ret_length)
        *ret_length = used;
    return 0;
}
