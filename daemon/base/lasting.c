/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lasting.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

/* f_type is an int on some machines, and these do not fit into one. */
static bool is_of(const struct statfs *fs, uint32_t magic)
{
    return (uint32_t)fs->f_type == magic;
}

static int nearest(const char *folder, char path[PATH_MAX], struct statfs *ret_fs)
{
    if ((size_t)snprintf(path, PATH_MAX, "%s", folder) >= PATH_MAX)
        return -ENAMETOOLONG;
    while (statfs(path, ret_fs) != 0) {
        char *slash = strrchr(path, '/');
        if (errno != ENOENT || !slash || path[1] == '\0')
            return -ENOENT;
        slash[slash == path] = '\0';
    }
    return 0;
}

/* The kernel writes a blank as \040, and so on. */
static void unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; to++) {
        char digits[4] = "";
        if (from[0] == '\\' && strspn(from + 1, "01234567") >= 3) {
            memcpy(digits, from + 1, 3);
            *to = (char)strtol(digits, NULL, 8);
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* proc(5): "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue" */
static bool read_upper(char *line, dev_t device, char *ret_upper, size_t size)
{
    unsigned major, minor;
    char *rest = strstr(line, " - overlay "), *upper;
    if (sscanf(line, "%*u %*u %u:%u", &major, &minor) != 2 || !rest ||
        makedev(major, minor) != device || !(upper = strstr(rest, "upperdir=")))
        return false;
    upper += strlen("upperdir=");
    upper[strcspn(upper, ", \n")] = '\0';
    unescape(upper);
    return (size_t)snprintf(ret_upper, size, "%s", upper) < size;
}

int lasting_find_upper(FILE *mountinfo, dev_t device, char *ret_upper, size_t size)
{
    char *line = NULL;
    size_t room = 0;
    bool is_found = false;
    while (!is_found && getline(&line, &room, mountinfo) > 0)
        is_found = read_upper(line, device, ret_upper, size);
    free(line);
    return is_found ? 0 : -ENOENT;
}

/* What an overlay's files are written to. */
static int look_at_upper(const char *path, struct statfs *ret_fs)
{
    char upper[PATH_MAX];
    struct stat st;
    FILE *mountinfo = fopen("/proc/self/mountinfo", "re");
    int result = -ENOENT;
    if (mountinfo && stat(path, &st) == 0)
        result = lasting_find_upper(mountinfo, st.st_dev, upper, sizeof upper);
    if (mountinfo)
        fclose(mountinfo);
    return result == 0 && statfs(upper, ret_fs) == 0 ? 0 : -ENOENT;
}

const char *lasting_forgets(const char *folder)
{
    char path[PATH_MAX];
    struct statfs fs;
    if (nearest(folder, path, &fs) != 0)
        return NULL;
    bool is_overlay = is_of(&fs, OVERLAYFS_SUPER_MAGIC);
    if (is_overlay && look_at_upper(path, &fs) != 0)
        return NULL;
    if (is_of(&fs, TMPFS_MAGIC))
        return is_overlay ? "an overlay over tmpfs" : "tmpfs";
    if (is_of(&fs, RAMFS_MAGIC))
        return is_overlay ? "an overlay over ramfs" : "ramfs";
    return NULL;
}
