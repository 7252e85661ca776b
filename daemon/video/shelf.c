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
#include "video/journal.h"

#define DAY_MS INT64_C(86400000)
#define GAP_MS 1500 /* between two parts: more than the last picture's length */

/* What is written of a clip, as it was when its turn came. */
struct save {
    uv_work_t work;
    struct shelf *shelf;
    struct shelf_clip *clip;
    char path[400], journal[400];
    char *text;
    int result;
    struct err error;
};

static char *make_text(const struct shelf_clip *clip)
{
    char *line = message_format(&clip->message);
    json_t *message = line ? json_loads(line, 0, NULL) : NULL;
    free(line);
    json_t *object = json_pack("{so,sb,sb,sI}", "message", message, "stored", clip->stored, "done",
                               clip->done, "wall_ms", (json_int_t)clip->wall_ms);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    return text;
}

/* In the pool; the shelf is not touched. */
static void write_save(uv_work_t *work)
{
    struct save *save = work->data;
    save->result = save->text ? atomic_file_write(save->path, 0640, save->text, strlen(save->text),
                                                  &save->error)
                              : err_set(&save->error, ENOMEM, "cannot be written down");
    /* Without its announcement on the disk the journal stays: a restart will find the clip by it.
     */
    if (save->result == 0)
        unlink(save->journal);
}

static void save_next(struct shelf *s);

static void end_save(uv_work_t *work, int status)
{
    struct save *save = work->data;
    struct shelf *s = save->shelf;
    struct shelf_clip *clip = save->clip;
    bool was_new = !clip->is_saved;
    (void)status;
    if (save->result != 0)
        log_error("shelf", "%s: %s", clip->message.clip.id, save->error.text);
    free(save->text);
    free(save);
    s->saving = NULL;
    clip->is_saved = true;
    if (was_new && s->on_saved)
        s->on_saved(s->arg, clip);
    save_next(s);
}

/* One at a time, in the order in which they were asked for. */
static void save_next(struct shelf *s)
{
    char name[JOURNAL_NAME_SIZE];
    struct shelf_clip *clip = TAILQ_FIRST(&s->to_save);
    if (s->saving || !clip)
        return;
    struct save *save = calloc(1, sizeof *save);
    if (!save)
        abort();
    TAILQ_REMOVE(&s->to_save, clip, to_save);
    clip->is_to_save = false;
    s->saving = clip;
    *save = (struct save){.shelf = s, .clip = clip, .text = make_text(clip)};
    save->work.data = save;
    journal_name(name, clip->message.clip.id);
    snprintf(save->path, sizeof save->path, "%s/%s.json", s->folder, clip->message.clip.id);
    snprintf(save->journal, sizeof save->journal, "%s/%s", s->folder, name);
    if (s->loop && uv_queue_work(s->loop, &save->work, write_save, end_save) == 0)
        return;
    write_save(&save->work);
    end_save(&save->work, 0);
}

static void save(struct shelf *s, struct shelf_clip *clip)
{
    if (!clip->is_to_save)
        TAILQ_INSERT_TAIL(&s->to_save, clip, to_save);
    clip->is_to_save = true;
    save_next(s);
}

/* Takes the message. Ids are UUIDv7: their order is that of time. */
static struct shelf_clip *put_in(struct shelf *s, const struct message *message)
{
    struct shelf_clip *clip = calloc(1, sizeof *clip), *later;
    if (!clip)
        abort();
    clip->message = *message;
    TAILQ_FOREACH(later, &s->clips, link)
    {
        if (strcmp(later->message.clip.id, message->clip.id) >= 0)
            break;
    }
    if (later)
        TAILQ_INSERT_BEFORE(later, clip, link);
    else
        TAILQ_INSERT_TAIL(&s->clips, clip, link);
    return clip;
}

static void take_out(struct shelf *s, struct shelf_clip *clip)
{
    TAILQ_REMOVE(&s->clips, clip, link);
    if (clip->is_to_tell)
        TAILQ_REMOVE(&s->to_tell, clip, to_tell);
    if (clip->is_to_save)
        TAILQ_REMOVE(&s->to_save, clip, to_save);
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
        struct shelf_clip *clip = put_in(s, &message);
        clip->is_saved = true;
        clip->stored = json_is_true(json_object_get(object, "stored"));
        clip->done = json_is_true(json_object_get(object, "done"));
        clip->wall_ms = json_integer_value(json_object_get(object, "wall_ms"));
    } else {
        log_warning("shelf", "%s cannot be read; the clip beside it stays", path);
    }
    free(line);
    json_decref(object);
}

void shelf_init(struct shelf *s)
{
    *s = (struct shelf){.folder = ""};
    TAILQ_INIT(&s->clips);
    TAILQ_INIT(&s->to_tell);
    TAILQ_INIT(&s->to_save);
}

int shelf_open(struct shelf *s, const char *dir, struct err *e)
{
    shelf_init(s);
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
    shelf_recover(s, NULL);
    return 0;
}

void shelf_set_loop(struct shelf *s, uv_loop_t *loop,
                    void (*on_saved)(void *arg, struct shelf_clip *clip), void *arg)
{
    s->loop = loop;
    s->on_saved = on_saved;
    s->arg = arg;
}

void shelf_tell_nobody(struct shelf *s)
{
    s->on_saved = NULL;
}

static int64_t number(const struct message *message, const char *key)
{
    return json_integer_value(json_object_get(message->clip.manifest, key));
}

static const char *boot_of(const struct message *message)
{
    const char *boot = json_string_value(json_object_get(message->clip.manifest, "boot"));
    return boot ? boot : "";
}

static const struct message *part_before(const struct shelf *s, const struct message *message)
{
    const struct message *found = NULL;
    const struct shelf_clip *c;
    TAILQ_FOREACH(c, &s->clips, link)
    {
        if (strcmp(c->message.clip.alarm, message->clip.alarm) == 0 &&
            strcmp(c->message.clip.camera, message->clip.camera) == 0 &&
            (!found || number(&c->message, "part") > number(found, "part")))
            found = &c->message;
    }
    return found;
}

/* A worker that was started anew knows nothing of the parts before: what they show is no gap, and
 * what lies between is one. */
static void name_gap(struct message *message, const struct message *before)
{
    json_t *gaps = json_object_get(message->clip.manifest, "gaps");
    int64_t since_ms = number(before, "stop_monoms") - number(message, "start_monoms");
    bool named = false;
    if (strcmp(boot_of(message), boot_of(before)) != 0)
        return;
    for (size_t i = json_array_size(gaps); i-- > 0;) {
        json_t *gap = json_array_get(gaps, i);
        int64_t to_ms = json_integer_value(json_object_get(gap, "to_ms"));
        if (json_integer_value(json_object_get(gap, "from_ms")) >= since_ms)
            named = true;
        else if (to_ms <= since_ms)
            json_array_remove(gaps, i);
        else if (json_object_set_new(gap, "from_ms", json_integer(since_ms)) == 0)
            named = true;
    }
    if (!named && since_ms < -GAP_MS)
        json_array_append_new(gaps,
                              json_pack("{sI,si,ss}", "from_ms", (json_int_t)since_ms, "to_ms", 0,
                                        "why", "the camera's process had to be started again"));
}

static void remove_journal(const struct shelf *s, const char *id)
{
    char path[400], name[JOURNAL_NAME_SIZE];
    journal_name(name, id);
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    unlink(path);
}

struct shelf_clip *shelf_add(struct shelf *s, struct message *message)
{
    const struct message *before = part_before(s, message);
    json_object_set_new(message->clip.manifest, "part",
                        json_integer(before ? number(before, "part") + 1 : 1));
    if (before)
        name_gap(message, before);
    struct shelf_clip *clip = put_in(s, message);
    clip->wall_ms = clock_wall_ms();
    save(s, clip);
    return clip;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The ids of all journals, oldest first; the caller frees each and the list. */
static size_t list_journals(const struct shelf *s, char ***ret_ids)
{
    size_t count = 0;
    char **ids = NULL;
    DIR *folder = opendir(s->folder);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        if (strlen(d->d_name) != 36 + 8 || strcmp(d->d_name + 36, ".journal") != 0)
            continue;
        char **grown = realloc(ids, (count + 1) * sizeof *ids);
        char *id = strndup(d->d_name, 36);
        if (grown)
            ids = grown;
        if (grown && id && uuid_is_valid(id))
            ids[count++] = id;
        else
            free(id);
    }
    if (folder)
        closedir(folder);
    if (count > 0)
        qsort(ids, count, sizeof *ids, by_text);
    *ret_ids = ids;
    return count;
}

static void recover_one(struct shelf *s, const char *id)
{
    struct message message;
    struct err e;
    int result = journal_recover(s->folder, id, &message, &e);
    if (result != 0) {
        log_warning("shelf", "%s", e.text);
        return;
    }
    struct shelf_clip *clip = shelf_add(s, &message);
    log_info("shelf", "clip %s of camera %s was being written: %lld bytes are kept", id,
             clip->message.clip.camera, (long long)clip->message.clip.length_bytes);
}

void shelf_recover(struct shelf *s, const char *camera)
{
    char **ids, owner[MESSAGE_ID_SIZE];
    size_t count = list_journals(s, &ids);
    for (size_t i = 0; i < count; i++) {
        const struct shelf_clip *known = shelf_find(s, ids[i]);
        if (known && known->is_saved)
            remove_journal(s, ids[i]);
        else if (!known && (!camera || (journal_camera(s->folder, ids[i], owner) &&
                                        strcmp(owner, camera) == 0)))
            recover_one(s, ids[i]);
        free(ids[i]);
    }
    free(ids);
}

void shelf_tell(struct shelf *s, struct shelf_clip *clip)
{
    if (clip->is_to_tell || !clip->is_saved)
        return;
    clip->is_to_tell = true;
    TAILQ_INSERT_TAIL(&s->to_tell, clip, to_tell);
}

struct shelf_clip *shelf_next_to_tell(struct shelf *s)
{
    struct shelf_clip *clip = TAILQ_FIRST(&s->to_tell);
    if (clip) {
        TAILQ_REMOVE(&s->to_tell, clip, to_tell);
        clip->is_to_tell = false;
    }
    return clip;
}

struct shelf_clip *shelf_find(struct shelf *s, const char *clip)
{
    struct shelf_clip *c;
    TAILQ_FOREACH(c, &s->clips, link)
    {
        if (strcmp(c->message.clip.id, clip) == 0)
            return c;
    }
    return NULL;
}

void shelf_mark(struct shelf *s, struct shelf_clip *clip, bool stored, bool done)
{
    if (clip->stored == stored && clip->done == done)
        return;
    clip->stored = stored;
    clip->done = done;
    save(s, clip);
}

static void remove_clip(struct shelf *s, struct shelf_clip *clip)
{
    char path[400];
    unlink(clip->message.clip.path);
    snprintf(path, sizeof path, "%s/%s.json", s->folder, clip->message.clip.id);
    unlink(path);
    take_out(s, clip);
}

static void prune_unfinished(struct shelf *s)
{
    char path[600];
    struct stat st;
    DIR *folder = opendir(s->folder);
    for (struct dirent *d; folder && (d = readdir(folder));) {
        const char *dot = strrchr(d->d_name, '.');
        snprintf(path, sizeof path, "%s/%s", s->folder, d->d_name);
        if (dot && (strcmp(dot, ".part") == 0 || strcmp(dot, ".journal") == 0) &&
            stat(path, &st) == 0 && clock_wall_ms() - st.st_mtime * INT64_C(1000) > DAY_MS)
            unlink(path);
    }
    if (folder)
        closedir(folder);
}

void shelf_prune(struct shelf *s, int64_t keep_ms, int64_t keep_bytes)
{
    int64_t bytes = 0, now_ms = clock_wall_ms();
    struct shelf_clip *c;
    TAILQ_FOREACH(c, &s->clips, link)
    {
        bytes += c->message.clip.length_bytes;
    }
    for (struct shelf_clip *next = TAILQ_FIRST(&s->clips); (c = next);) {
        next = TAILQ_NEXT(c, link);
        if (!c->done || c->is_to_save || c == s->saving ||
            (now_ms - c->wall_ms <= keep_ms && bytes <= keep_bytes))
            continue;
        bytes -= c->message.clip.length_bytes;
        remove_clip(s, c);
    }
    prune_unfinished(s);
}

void shelf_close(struct shelf *s)
{
    while (!TAILQ_EMPTY(&s->clips))
        take_out(s, TAILQ_FIRST(&s->clips));
}
