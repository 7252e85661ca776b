/* SPDX-License-Identifier: Apache-2.0 */
#include "video/shelf_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "video/journal.h"

#define DAY_MS    INT64_C(86400000)
#define ID_LENGTH (UUID_TEXT_SIZE - 1)
#define PATH_SIZE 400
#define COUNT     "counted"

static void make_path(char ret_path[PATH_SIZE], const char *folder, const char *id,
                      const char *suffix)
{
    snprintf(ret_path, PATH_SIZE, "%s/%s%s", folder, id, suffix);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* True if it took the id. */
static bool add_id(char ***ids, size_t count, char *id)
{
    char **grown = id && uuid_is_valid(id) ? realloc(*ids, (count + 1) * sizeof **ids) : NULL;
    if (!grown)
        return false;
    *ids = grown;
    grown[count] = id;
    return true;
}

size_t shelf_files_list(const char *folder, const char *suffix, char ***ret_ids)
{
    size_t count = 0;
    DIR *files = opendir(folder);
    *ret_ids = NULL;
    for (struct dirent *d; files && (d = readdir(files));) {
        if (strlen(d->d_name) != ID_LENGTH + strlen(suffix) ||
            strcmp(d->d_name + ID_LENGTH, suffix) != 0)
            continue;
        char *id = strndup(d->d_name, ID_LENGTH);
        if (add_id(ret_ids, count, id))
            count++;
        else
            free(id);
    }
    if (files)
        closedir(files);
    if (count > 0)
        qsort(*ret_ids, count, sizeof **ret_ids, by_text);
    return count;
}

size_t shelf_files_list_camera(const char *folder, const char *camera, char ***ret_ids)
{
    char owner[MESSAGE_ID_SIZE];
    size_t count = 0, all = shelf_files_list(folder, SHELF_JOURNAL, ret_ids);
    for (size_t i = 0; i < all; i++) {
        char *id = (*ret_ids)[i];
        if (journal_camera(folder, id, owner) && strcmp(owner, camera) == 0)
            (*ret_ids)[count++] = id;
        else
            free(id);
    }
    return count;
}

char *shelf_files_text(const struct message *message, const struct shelf_note *note)
{
    char *line = message_format(message);
    json_t *json = line ? json_loads(line, 0, NULL) : NULL;
    free(line);
    json_t *object = json_pack("{so,sb,sb,sI}", "message", json, "stored", note->stored, "done",
                               note->done, "ran_ms", (json_int_t)note->ran_ms);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

int shelf_files_save(const char *folder, const char *id, const char *text, struct err *e)
{
    char path[PATH_SIZE];
    make_path(path, folder, id, SHELF_JSON);
    int result = atomic_file_write(path, 0640, text, strlen(text), e);
    /* Without its announcement on the disk the journal stays: a restart will find the clip by it.
     */
    if (result == 0)
        shelf_files_remove_journal(folder, id);
    return result;
}

/* Without one it is of before there was a count; what is no number is none that can be. */
static int64_t ran_ms_of(const json_t *note)
{
    const json_t *ran_ms = json_object_get(note, "ran_ms");
    return ran_ms && !json_is_integer(ran_ms) ? -1 : json_integer_value(ran_ms);
}

int shelf_files_load(const char *folder, const char *id, struct message *ret_message,
                     struct shelf_note *ret_note, struct err *e)
{
    char path[PATH_SIZE], *text;
    make_path(path, folder, id, SHELF_JSON);
    int result = atomic_file_read(path, MESSAGE_LINE_MAX + 4096, &text, NULL, e);
    if (result != 0)
        return result;
    json_t *object = json_loads(text, 0, NULL);
    free(text);
    char *line = json_dumps(json_object_get(object, "message"), JSON_COMPACT);
    struct message message = {.type = MESSAGE_ALARM};
    result = line ? message_parse(line, strlen(line), &message, e) : -EINVAL;
    if (result == 0 && message.type == MESSAGE_CLIP) {
        *ret_message = message;
        *ret_note = (struct shelf_note){.stored = json_is_true(json_object_get(object, "stored")),
                                        .done = json_is_true(json_object_get(object, "done")),
                                        .ran_ms = ran_ms_of(object)};
    } else {
        message_finish(&message);
        result = err_set(e, EINVAL, "%s cannot be read; the clip beside it stays", path);
    }
    free(line);
    json_decref(object);
    return result;
}

int shelf_files_save_count(const char *folder, const char *text, struct err *e)
{
    char path[PATH_SIZE];
    make_path(path, folder, COUNT, "");
    return atomic_file_write(path, 0640, text, strlen(text), e);
}

void shelf_files_load_count(const char *folder, struct counted *counted)
{
    char path[PATH_SIZE], boot[CLOCK_BOOT_ID_SIZE], *text = NULL;
    struct counted noted;
    struct err e;
    make_path(path, folder, COUNT, "");
    int result = atomic_file_read(path, 4096, &text, NULL, &e);
    if (result == -ENOENT)
        return; /* the first start */
    if (result == 0)
        result = clock_boot_id(boot, &e);
    if (result == 0)
        result = counted_load(&noted, text, boot, counted->at_ms, &e);
    if (result != 0)
        log_warning("shelf",
                    "%s: how long it ran cannot be read: clips are kept for as long again: %s",
                    path, e.text);
    else if (noted.ran_ms >= counted->ran_ms)
        *counted = noted;
    free(text);
}

char *shelf_files_count_text(const struct counted *counted)
{
    char boot[CLOCK_BOOT_ID_SIZE];
    return clock_boot_id(boot, NULL) == 0 ? counted_text(counted, boot) : NULL;
}

void shelf_files_remove(const char *folder, const char *id)
{
    char path[PATH_SIZE];
    make_path(path, folder, id, ".mp4");
    unlink(path);
    make_path(path, folder, id, SHELF_JSON);
    unlink(path);
    shelf_files_remove_journal(folder, id); /* if it could never be announced */
}

void shelf_files_remove_journal(const char *folder, const char *id)
{
    char path[PATH_SIZE];
    make_path(path, folder, id, SHELF_JOURNAL);
    unlink(path);
}

/* A journal beside a whole clip is all that tells of it. */
static bool tells_of_a_clip(int folder_fd, const char *name)
{
    char clip[JOURNAL_NAME_SIZE], id[UUID_TEXT_SIZE];
    snprintf(id, sizeof id, "%s", name);
    journal_clip_name(clip, id);
    return strcmp(name + strlen(id), SHELF_JOURNAL) == 0 &&
           faccessat(folder_fd, clip, F_OK, 0) == 0;
}

void shelf_files_remove_unfinished(const char *folder, int64_t ahead_ms)
{
    /* By the wall clock as it is, and as it would be had nobody set it since. */
    int64_t wall_ms = clock_wall_ms(), unset_ms = clock_monotonic_ms() + ahead_ms;
    int64_t old_ms = (wall_ms < unset_ms ? wall_ms : unset_ms) - DAY_MS;
    struct stat st;
    DIR *files = opendir(folder);
    for (struct dirent *d; files && (d = readdir(files));) {
        const char *dot = strrchr(d->d_name, '.');
        if (dot && (strcmp(dot, ".part") == 0 || strcmp(dot, SHELF_JOURNAL) == 0) &&
            !tells_of_a_clip(dirfd(files), d->d_name) &&
            fstatat(dirfd(files), d->d_name, &st, 0) == 0 && st.st_mtime * INT64_C(1000) < old_ms)
            unlinkat(dirfd(files), d->d_name, 0);
    }
    if (files)
        closedir(files);
}

int shelf_files_make_folder(const char *dir, const char *folder, struct err *e)
{
    struct stat there;
    if (stat(folder, &there) != 0) {
        mkdir(dir, 0750);
        if (mkdir(folder, 0750) != 0 && errno != EEXIST)
            return err_system(e, errno, "%s", folder);
    }
    return access(folder, R_OK | W_OK | X_OK) == 0 ? 0 : err_system(e, errno, "%s", folder);
}
