/* SPDX-License-Identifier: Apache-2.0 */
#include "video/shelf.h"

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

#define DAY_MS INT64_C(86400000)

static int save(struct shelf *s, const struct shelf_clip *clip, struct err *e)
{
    char path[400];
    char *line = message_format(&clip->message);
    if (!line)
        return err_set(e, ENOMEM, "out of memory");
    json_t *message = json_loads(line, 0, NULL);
    free(line);
    json_t *object = json_pack("{so,sb,sb,sI}", "message", message, "stored", clip->stored, "done",
                               clip->done, "wall_ms", (json_int_t)clip->wall_ms);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text)
        return err_set(e, ENOMEM, "out of memory");
    snprintf(path, sizeof path, "%s/%s.json", s->folder, clip->message.clip);
    int result = atomic_file_write(path, 0640, text, strlen(text), e);
    free(text);
    return result;
}

static struct shelf_clip *link_in(struct shelf *s)
{
    struct shelf_clip *clip = calloc(1, sizeof *clip), **last = &s->first;
    if (!clip)
        abort();
    while (*last)
        last = &(*last)->next;
    *last = clip;
    return clip;
}

static void unlink_out(struct shelf *s, struct shelf_clip *clip)
{
    struct shelf_clip **at = &s->first;
    while (*at != clip)
        at = &(*at)->next;
    *at = clip->next;
    message_finish(&clip->message);
    free(clip);
}

static void load(struct shelf *s, const char *name)
{
    char path[600];
    char *text;
    struct err e;
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    if (atomic_file_read(path, MESSAGE_LINE_MAX + 4096, &text, NULL, &e) != 0) {
        log_warning("shelf", "%s", e.text);
        return;
    }
    json_t *object = json_loads(text, 0, NULL);
    free(text);
    char *line = json_dumps(json_object_get(object, "message"), JSON_COMPACT);
    struct message message;
    if (line && message_parse(line, strlen(line), &message, &e) == 0 &&
        message.type == MESSAGE_CLIP) {
        struct shelf_clip *clip = link_in(s);
        clip->message = message;
        clip->stored = json_is_true(json_object_get(object, "stored"));
        clip->done = json_is_true(json_object_get(object, "done"));
        clip->wall_ms = json_integer_value(json_object_get(object, "wall_ms"));
    } else {
        log_warning("shelf", "%s cannot be read; the clip beside it stays", path);
    }
    free(line);
    json_decref(object);
}

int shelf_open(struct shelf *s, const char *dir, struct err *e)
{
    *s = (struct shelf){0};
    snprintf(s->folder, sizeof s->folder, "%s/clips", dir);
    mkdir(dir, 0750);
    if (mkdir(s->folder, 0750) != 0 && errno != EEXIST)
        return err_system(e, errno, "%s", s->folder);
    DIR *folder = opendir(s->folder);
    if (!folder)
        return err_system(e, errno, "%s", s->folder);
    for (struct dirent *d; (d = readdir(folder));) {
        size_t length = strlen(d->d_name);
        if (length == 36 + 5 && strcmp(d->d_name + 36, ".json") == 0)
            load(s, d->d_name);
    }
    closedir(folder);
    return 0;
}

struct shelf_clip *shelf_add(struct shelf *s, const struct message *message, struct err *e)
{
    struct shelf_clip *clip = link_in(s);
    clip->message = *message;
    json_incref(clip->message.manifest);
    clip->wall_ms = clock_wall_ms();
    if (save(s, clip, e) != 0)
        log_error("shelf", "%s: told, but forgotten if this daemon ends: %s", message->clip,
                  e->text);
    return clip;
}

struct shelf_clip *shelf_find(struct shelf *s, const char *clip)
{
    for (struct shelf_clip *c = s->first; c; c = c->next) {
        if (strcmp(c->message.clip, clip) == 0)
            return c;
    }
    return NULL;
}

void shelf_mark(struct shelf *s, struct shelf_clip *clip, bool stored, bool done)
{
    struct err e;
    if (clip->stored == stored && clip->done == done)
        return;
    clip->stored = stored;
    clip->done = done;
    if (save(s, clip, &e) != 0)
        log_warning("shelf", "%s: %s", clip->message.clip, e.text);
}

static void remove_clip(struct shelf *s, struct shelf_clip *clip)
{
    char path[400];
    unlink(clip->message.path);
    snprintf(path, sizeof path, "%s/%s.json", s->folder, clip->message.clip);
    unlink(path);
    unlink_out(s, clip);
}

static void prune_unfinished(struct shelf *s)
{
    char path[600];
    struct stat st;
    DIR *folder = opendir(s->folder);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        const char *dot = strrchr(d->d_name, '.');
        snprintf(path, sizeof path, "%s/%s", s->folder, d->d_name);
        if (dot && strcmp(dot, ".part") == 0 && stat(path, &st) == 0 &&
            clock_wall_ms() - st.st_mtime * INT64_C(1000) > DAY_MS)
            unlink(path);
    }
    if (folder)
        closedir(folder);
}

void shelf_prune(struct shelf *s, int64_t keep_ms, int64_t keep_bytes)
{
    int64_t bytes = 0, now_ms = clock_wall_ms();
    for (const struct shelf_clip *c = s->first; c; c = c->next)
        bytes += c->message.length_bytes;
    for (struct shelf_clip *c = s->first, *next; c; c = next) {
        next = c->next;
        if (!c->done || (now_ms - c->wall_ms <= keep_ms && bytes <= keep_bytes))
            continue;
        bytes -= c->message.length_bytes;
        remove_clip(s, c);
    }
    prune_unfinished(s);
}

void shelf_close(struct shelf *s)
{
    while (s->first)
        unlink_out(s, s->first);
}
