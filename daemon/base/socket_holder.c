/* SPDX-License-Identifier: Apache-2.0 */
#include "base/socket_holder.h"

#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"

#define LISTENS     0x10000 /* __SO_ACCEPTCON of include/linux/net.h */
#define SOCKETS_MAX 8       /* of one path: of all but the newest the file has gone */

struct sockets {
    size_t count;
    unsigned long inodes[SOCKETS_MAX];
};

/* proc(5): "Num RefCount Protocol Flags Type St Inode Path". False: there are more. */
static bool find_sockets(const char *path, struct sockets *ret_sockets)
{
    char *line = NULL;
    size_t room = 0;
    FILE *all = fopen("/proc/self/net/unix", "re");
    bool fit = true;
    *ret_sockets = (struct sockets){0};
    while (all && fit && getline(&line, &room, all) > 0) {
        unsigned flags;
        unsigned long inode;
        int at = 0;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%*x: %*x %*x %x %*x %*x %lu %n", &flags, &inode, &at) != 2 || at == 0 ||
            !(flags & LISTENS) || strcmp(line + at, path) != 0)
            continue;
        fit = ret_sockets->count < SOCKETS_MAX;
        if (fit)
            ret_sockets->inodes[ret_sockets->count++] = inode;
    }
    free(line);
    if (all)
        fclose(all);
    return fit;
}

/* What one that has ended has open is that of the threads which are left. */
static bool has_open(const char *pid, bool has_ended, unsigned long inode)
{
    char pattern[64], wanted[40], found[40];
    glob_t files;
    bool has = false;
    snprintf(pattern, sizeof pattern, "/proc/%.20s%s/fd/*", pid, has_ended ? "/task/*" : "");
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    if (glob(pattern, GLOB_NOSORT, NULL, &files) != 0)
        return false;
    for (size_t i = 0; i < files.gl_pathc && !has; i++) {
        ssize_t length = readlink(files.gl_pathv[i], found, sizeof found - 1);
        found[length > 0 ? length : 0] = '\0';
        has = strcmp(found, wanted) == 0;
    }
    globfree(&files);
    return has;
}

static bool is_of_the_dead(unsigned long inode)
{
    DIR *all = opendir("/proc");
    bool is_seen = false, lives = false;
    for (struct dirent *one; all && !lives && (one = readdir(all));) {
        if (!isdigit((unsigned char)one->d_name[0]))
            continue;
        bool has_ended = process_has_ended(strtol(one->d_name, NULL, 10));
        bool has = has_open(one->d_name, has_ended, inode);
        is_seen = is_seen || has;
        lives = has && !has_ended;
    }
    if (all)
        closedir(all);
    return is_seen && !lives;
}

bool socket_holder_has_ended(const char *path)
{
    struct sockets sockets;
    bool have_ended = find_sockets(path, &sockets) && sockets.count > 0;
    for (size_t i = 0; i < sockets.count && have_ended; i++)
        have_ended = is_of_the_dead(sockets.inodes[i]);
    return have_ended;
}
