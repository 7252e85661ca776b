/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration's file: what of it is in force is kept for a start at which the file cannot be
 * used, and what stands in it now is looked at from time to time, so that nobody believes in an
 * edit that was never loaded. Both in libuv's pool, one piece of work at a time: a disk that does
 * not answer keeps one thread, and nobody waits for that.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/keyed_hash.h"
#include "base/log.h"
#include "conf/kept.h"
#include "gateway/internal.h"

#define LOOK_MS 10000

/* What a look has found, or is believed until the first. */
struct finding {
    bool differs;       /* what stands there is not in force */
    int64_t changed_ms; /* its own time; 0: not known */
    char reason[256];   /* why it cannot be read; "" */
    char unkept[256];   /* why what is in force could not be kept; "" */
};

struct config_file {
    const char *path, *kept; /* `kept` is NULL where nothing is kept */
    uv_work_t work;
    bool is_busy;
    int64_t due_ms;
    struct conf_text taken; /* in force since the work that is under way has begun; or empty */
    bool taken_works;       /* all of it: it may be kept */
    struct finding found;
    /* The pool's while it is busy. */
    struct conf_text in_force; /* until it is kept */
    bool works;
    uint64_t in_force_hash; /* 0: nothing of the file is */
    struct stat seen;       /* what `hash` was read of */
    uint64_t hash;
    struct finding finding;
};

static uint64_t hash_of(const struct conf_text *text)
{
    return keyed_hash(keyed_hash_process_key(), text->bytes, text->length);
}

static void keep(struct config_file *f)
{
    struct err e;
    if (!f->in_force.bytes)
        return;
    f->in_force_hash = hash_of(&f->in_force);
    f->finding.unkept[0] = '\0';
    if (f->kept && f->works && kept_write(f->kept, &f->in_force, &e) != 0)
        encode_copy_utf8(f->finding.unkept, sizeof f->finding.unkept, e.text);
    else
        conf_text_finish(&f->in_force);
}

static bool is_as_seen(const struct stat *seen, const struct stat *now)
{
    return seen->st_ino == now->st_ino && seen->st_dev == now->st_dev &&
           seen->st_size == now->st_size && seen->st_mode == now->st_mode &&
           memcmp(&seen->st_mtim, &now->st_mtim, sizeof now->st_mtim) == 0 &&
           memcmp(&seen->st_ctim, &now->st_ctim, sizeof now->st_ctim) == 0;
}

static int look_into(struct config_file *f, struct err *e)
{
    struct stat now = {0};
    struct conf_text text;
    if (stat(f->path, &now) != 0)
        return err_system(e, errno, "%s", f->path);
    if (is_as_seen(&f->seen, &now))
        return 0;
    int result = conf_read(f->path, &text, e);
    if (result != 0)
        return result;
    f->hash = hash_of(&text);
    conf_text_finish(&text);
    f->seen = now; /* of before it was read: what is written meanwhile is seen the next time */
    return 0;
}

static void look(struct config_file *f)
{
    struct finding *finding = &f->finding;
    struct err e;
    finding->reason[0] = '\0';
    finding->changed_ms = 0;
    if (look_into(f, &e) != 0) {
        encode_copy_utf8(finding->reason, sizeof finding->reason, e.text);
        finding->differs = true;
        return;
    }
    finding->differs = f->in_force_hash == 0 || f->hash != f->in_force_hash;
    finding->changed_ms =
        (int64_t)f->seen.st_mtim.tv_sec * 1000 + f->seen.st_mtim.tv_nsec / 1000000;
}

static void run(uv_work_t *work)
{
    struct config_file *f = work->data;
    keep(f);
    look(f);
}

static void finish(uv_work_t *work, int status)
{
    struct config_file *f = work->data;
    bool was_kept = f->found.unkept[0] == '\0';
    (void)status;
    f->is_busy = false;
    if (f->taken.bytes) /* what was found is of what was in force before */
        return;
    f->found = f->finding;
    if (was_kept && f->found.unkept[0])
        log_warning("config", "a configuration that works could not be kept: %s", f->found.unkept);
}

void file_open(struct gateway *gw, const char *kept)
{
    struct config_file *f = gw->file = calloc(1, sizeof *f);
    if (!f)
        abort();
    f->path = gw->config_path;
    f->kept = kept;
    f->work.data = f;
    f->found.differs = f->finding.differs = true;
}

void file_took(struct gateway *gw, struct conf_text *text, bool all_works)
{
    struct config_file *f = gw->file;
    conf_text_finish(&f->taken);
    f->taken = *text;
    f->taken_works = all_works;
    *text = (struct conf_text){0};
    f->found.differs = false;
    f->due_ms = 0;
}

void file_look_soon(struct gateway *gw)
{
    gw->file->due_ms = 0;
}

void file_tick(struct gateway *gw)
{
    struct config_file *f = gw->file;
    int64_t now_ms = clock_monotonic_ms();
    if (f->is_busy || now_ms < f->due_ms)
        return;
    if (f->taken.bytes) {
        conf_text_finish(&f->in_force);
        f->in_force = f->taken;
        f->works = f->taken_works;
        f->taken = (struct conf_text){0};
    }
    f->due_ms = now_ms + LOOK_MS;
    f->is_busy = uv_queue_work(&gw->loop, &f->work, run, finish) == 0;
}

static const char *state_of(const struct finding *found)
{
    return !found->differs ? "in force" : found->reason[0] ? "unreadable" : "changed";
}

json_t *file_status(const struct gateway *gw)
{
    const struct config_file *f = gw->file;
    char changed[CLOCK_TEXT_SIZE];
    clock_format_utc(f->found.changed_ms, changed);
    return json_pack("{ss,ss,ss?,ss,ss?,ss}", "file", f->path, "state", state_of(&f->found),
                     "changed", f->found.differs && f->found.changed_ms > 0 ? changed : NULL,
                     "reason", f->found.reason, "kept", f->kept, "not_kept", f->found.unkept);
}

void file_free(struct gateway *gw)
{
    struct config_file *f = gw->file;
    if (!f)
        return;
    conf_text_finish(&f->taken);
    conf_text_finish(&f->in_force);
    free(f);
}
