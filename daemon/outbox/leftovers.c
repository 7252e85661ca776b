/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "outbox/salvage.h"
#include "outbox/witness.h"

#define ASIDE STORE_FILE SALVAGE_ASIDE

static void add_file(int folder, const char *name, bool is_to_go, json_t *list)
{
    struct stat info;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    bool removed = is_to_go && unlinkat(folder, name, 0) == 0;
    json_array_append_new(list, json_pack("{ss,sI,sb}", "file", name, "bytes",
                                          (json_int_t)info.st_size, "removed", removed));
}

static int list_aside(const char *folder, bool is_to_go, json_t *list, struct err *e)
{
    DIR *dir = opendir(folder);
    const struct dirent *entry;
    if (!dir)
        return err_system(e, errno, "%s", folder);
    while ((entry = readdir(dir))) {
        if (strncmp(entry->d_name, ASIDE, sizeof ASIDE - 1) == 0)
            add_file(dirfd(dir), entry->d_name, is_to_go, list);
    }
    if (is_to_go)
        fsync(dirfd(dir));
    closedir(dir);
    return 0;
}

static json_t *witness_text(const char *store_path)
{
    struct witness w;
    struct err e;
    if (witness_open(&w, store_path, &e) != 0)
        return json_pack("{ss}", "unreadable", e.text);
    return w.newest.seq == 0
               ? json_null()
               : json_pack("{sI,sI,sI}", "seq", (json_int_t)w.stored.seq, "newest_seq",
                           (json_int_t)w.newest.seq, "ceiling", (json_int_t)w.ceiling);
}

int leftovers_write(const char *store_path, bool remove, FILE *out, struct err *e)
{
    const char *slash = strrchr(store_path, '/');
    char folder[4096];
    struct statvfs room;
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - store_path) : 1,
             slash ? store_path : ".");
    json_t *list = json_array();
    int result = list_aside(folder, remove, list, e);
    if (result == 0 && statvfs(folder, &room) != 0)
        result = err_system(e, errno, "%s", folder);
    json_t *all = result != 0
                      ? NULL
                      : json_pack("{sO,ss,sI,so}", "aside", list, "folder", folder, "free_bytes",
                                  (json_int_t)room.f_bavail * (json_int_t)room.f_frsize, "witness",
                                  witness_text(store_path));
    json_decref(list);
    if (result == 0 && (!all || json_dumpf(all, out, JSON_COMPACT | JSON_EMBED) != 0))
        result = err_set(e, ENOMEM, "%s: what is there cannot be written as JSON", folder);
    json_decref(all);
    return result;
}
