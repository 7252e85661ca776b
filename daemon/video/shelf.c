/* SPDX-License-Identifier: Apache-2.0 */
#include "video/shelf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/folder_lock.h"
#include "base/log.h"
#include "video/journal.h"
#include "video/part.h"

#define COUNT_MS 600000 /* between two notes of what was counted, which a reboot may cost */

/* --- What is noted of a clip --------------------------------------------------------------- */

/* What is written of a clip, as it was when its turn came. */
struct save {
    uv_work_t work;
    struct shelf *shelf;
    struct shelf_clip *clip;
    char folder[256], id[UUID_TEXT_SIZE];
    char *text;
    int result;
    struct err error;
};

/* In the pool; the shelf is not touched. */
static void write_save(uv_work_t *work)
{
    struct save *save = work->data;
    save->result = save->text ? shelf_files_save(save->folder, save->id, save->text, &save->error)
                              : err_set(&save->error, ENOMEM, "cannot be written down");
}

static void save_next(struct shelf *s);
static void try_again(struct shelf *s);

/* Behind those that were not tried since: one that is never taken keeps no other waiting. */
static void refuse(struct shelf *s, struct shelf_clip *clip)
{
    if (clip->is_to_save)
        return; /* there is more to note by now, and that is tried anyway */
    clip->is_refused = true;
    TAILQ_INSERT_TAIL(&s->refused, clip, to_save);
}

static void end_save(uv_work_t *work, int status)
{
    struct save *save = work->data;
    struct shelf *s = save->shelf;
    struct shelf_clip *clip = save->clip;
    bool was_new = !clip->may_be_told, taken = save->result == 0;
    (void)status;
    s->saving = NULL;
    clip->may_be_told = true;
    if (taken) {
        clip->is_on_disk = true;
    } else {
        log_error("shelf", "%s: %s", clip->message.clip.id, save->error.text);
        refuse(s, clip);
    }
    free(save->text);
    free(save);
    if (was_new && s->handlers.on_saved)
        s->handlers.on_saved(s->handlers.arg, clip);
    if (taken)
        try_again(s);
    save_next(s);
}

/* One at a time, in the order in which they were asked for. */
static void save_next(struct shelf *s)
{
    struct shelf_clip *clip = TAILQ_FIRST(&s->to_save);
    if (s->saving || s->saves_rest || !clip)
        return;
    struct save *save = calloc(1, sizeof *save);
    if (!save)
        abort();
    TAILQ_REMOVE(&s->to_save, clip, to_save);
    clip->is_to_save = false;
    s->saving = clip;
    *save = (struct save){
        .shelf = s, .clip = clip, .text = shelf_files_text(&clip->message, &clip->note)};
    save->work.data = save;
    memcpy(save->id, clip->message.clip.id, sizeof save->id);
    memcpy(save->folder, s->folder, sizeof save->folder);
    if (s->loop && uv_queue_work(s->loop, &save->work, write_save, end_save) == 0)
        return;
    write_save(&save->work);
    end_save(&save->work, 0);
}

static void save(struct shelf *s, struct shelf_clip *clip)
{
    if (clip->is_refused)
        TAILQ_REMOVE(&s->refused, clip, to_save);
    clip->is_refused = false;
    if (!clip->is_to_save)
        TAILQ_INSERT_TAIL(&s->to_save, clip, to_save);
    clip->is_to_save = true;
    save_next(s);
}

/* One, and the next when the disk has taken it. */
static void try_again(struct shelf *s)
{
    if (!TAILQ_EMPTY(&s->refused))
        save(s, TAILQ_FIRST(&s->refused));
}

/* --- The clips ----------------------------------------------------------------------------- */

/* Takes the message; NULL, and does not, if it is there already. Ids are UUIDv7: their order is
 * that of time, and most are new. */
static struct shelf_clip *put_in(struct shelf *s, const struct message *message)
{
    struct shelf_clip *clip = calloc(1, sizeof *clip), *before;
    int order = -1;
    if (!clip)
        abort();
    clip->message = *message;
    TAILQ_FOREACH_REVERSE(before, &s->clips, shelf_list, link)
    {
        if ((order = strcmp(before->message.clip.id, message->clip.id)) <= 0)
            break;
    }
    if (before && order == 0) {
        free(clip);
        return NULL;
    }
    if (before)
        TAILQ_INSERT_AFTER(&s->clips, before, clip, link);
    else
        TAILQ_INSERT_HEAD(&s->clips, clip, link);
    return clip;
}

static void take_out(struct shelf *s, struct shelf_clip *clip)
{
    TAILQ_REMOVE(&s->clips, clip, link);
    if (clip->is_to_tell)
        TAILQ_REMOVE(&s->to_tell, clip, to_tell);
    if (clip->is_to_save)
        TAILQ_REMOVE(&s->to_save, clip, to_save);
    if (clip->is_refused)
        TAILQ_REMOVE(&s->refused, clip, to_save);
    message_finish(&clip->message);
    free(clip);
}

static const struct message *part_before(const struct shelf *s, const struct message *message)
{
    const struct message *found = NULL;
    const struct shelf_clip *c;
    TAILQ_FOREACH(c, &s->clips, link)
    {
        if (strcmp(c->message.clip.alarm, message->clip.alarm) == 0 &&
            strcmp(c->message.clip.camera, message->clip.camera) == 0 &&
            (!found || part_number(&c->message, "part") > part_number(found, "part")))
            found = &c->message;
    }
    return found;
}

void shelf_tell(struct shelf *s, struct shelf_clip *clip)
{
    if (clip->is_to_tell || !clip->may_be_told)
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
    if (clip->note.stored == stored && clip->note.done == done)
        return;
    clip->note.stored = stored;
    clip->note.done = done;
    save(s, clip);
}

/* Takes the message. */
static struct shelf_clip *add(struct shelf *s, struct message *message)
{
    const struct message *before = part_before(s, message);
    json_object_set_new(message->clip.manifest, "part",
                        json_integer(before ? part_number(before, "part") + 1 : 1));
    if (before)
        part_name_gap(message, before);
    struct shelf_clip *clip = put_in(s, message);
    counted_go_on(&s->counted, clock_monotonic_ms());
    clip->note.ran_ms = s->counted.ran_ms;
    save(s, clip);
    return clip;
}

/* --- The intake ---------------------------------------------------------------------------- */

enum errand_kind {
    ERRAND_LOAD,    /* a clip whose announcement lies in the folder */
    ERRAND_RECOVER, /* a clip that was being written */
    ERRAND_FORGET,  /* a journal that is not needed any more */
    ERRAND_SEARCH,  /* for what a camera's worker left */
    ERRAND_ADD,     /* a clip that was just finished */
    ERRAND_REMOVE,  /* a clip that is not kept any longer */
    ERRAND_TIDY,    /* what nobody finished; and now and then how long it ran */
};

struct shelf_errand {
    TAILQ_ENTRY(shelf_errand) link;
    uv_work_t work;
    struct shelf *shelf;
    enum errand_kind kind;
    char folder[256];
    char id[UUID_TEXT_SIZE];
    char camera[MESSAGE_ID_SIZE]; /* that is being recovered, or empty */
    struct message message;
    struct shelf_note note;
    char *text;       /* of TIDY: what was counted; or NULL */
    int64_t ahead_ms; /* of TIDY likewise, as the shelf's */
    char **ids;
    size_t id_count;
    int result;
    struct err error;
};

static struct shelf_errand *make_errand(struct shelf *s, enum errand_kind kind, const char *id,
                                        const char *camera)
{
    struct shelf_errand *errand = calloc(1, sizeof *errand);
    if (!errand)
        abort();
    errand->shelf = s;
    errand->kind = kind;
    errand->work.data = errand;
    memcpy(errand->folder, s->folder, sizeof errand->folder);
    snprintf(errand->id, sizeof errand->id, "%s", id);
    snprintf(errand->camera, sizeof errand->camera, "%s", camera);
    return errand;
}

static void free_ids(char **ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(ids[i]);
    free(ids);
}

static void free_errand(struct shelf_errand *errand)
{
    message_finish(&errand->message);
    free(errand->text);
    free_ids(errand->ids, errand->id_count);
    free(errand);
}

/* In the pool; the shelf is not touched. */
static void run_errand(uv_work_t *work)
{
    struct shelf_errand *r = work->data;
    switch (r->kind) {
    case ERRAND_LOAD:
        r->result = shelf_files_load(r->folder, r->id, &r->message, &r->note, &r->error);
        break;
    case ERRAND_RECOVER:
        r->result = journal_recover(r->folder, r->id, &r->message, &r->error);
        break;
    case ERRAND_FORGET:
        shelf_files_remove_journal(r->folder, r->id);
        break;
    case ERRAND_SEARCH:
        r->id_count = shelf_files_list_camera(r->folder, r->camera, &r->ids);
        break;
    case ERRAND_REMOVE:
        shelf_files_remove(r->folder, r->id);
        break;
    case ERRAND_TIDY:
        shelf_files_remove_unfinished(r->folder, r->ahead_ms);
        if (r->text)
            r->result = shelf_files_save_count(r->folder, r->text, &r->error);
        break;
    case ERRAND_ADD:
        break; /* the loop's */
    }
}

/* A false one would make every other clip old. */
static void take_age(struct shelf *s, struct shelf_clip *clip)
{
    counted_go_on(&s->counted, clock_monotonic_ms());
    if (counted_know(&s->counted, clip->note.ran_ms))
        return;
    log_warning("shelf", "%s: its note says an age that cannot be: it is kept for as long again",
                clip->message.clip.id);
    clip->note.ran_ms = s->counted.ran_ms;
    save(s, clip);
}

static void take_loaded(struct shelf *s, struct shelf_errand *r)
{
    struct shelf_clip *clip = put_in(s, &r->message);
    if (!clip)
        return;
    r->message.clip.manifest = NULL;
    clip->note = r->note;
    clip->may_be_told = clip->is_on_disk = true;
    take_age(s, clip);
    if (!clip->note.done && s->handlers.on_saved)
        s->handlers.on_saved(s->handlers.arg, clip);
}

static void take_added(struct shelf *s, struct shelf_errand *r)
{
    if (shelf_find(s, r->message.clip.id))
        return;
    const struct shelf_clip *clip = add(s, &r->message);
    r->message.clip.manifest = NULL;
    log_info("shelf", "%s: clip %s, %lld bytes%s", clip->message.clip.camera, clip->message.clip.id,
             (long long)clip->message.clip.length_bytes,
             r->kind == ERRAND_RECOVER ? " of one that was being written" : "");
}

/* They go before what waits already: a clip of the same alarm that comes later is a later part. */
static void take_found(struct shelf *s, const struct shelf_errand *r)
{
    for (size_t i = r->id_count; i-- > 0;) {
        struct shelf_errand *one = make_errand(s, ERRAND_RECOVER, r->ids[i], r->camera);
        TAILQ_INSERT_HEAD(&s->intake, one, link);
    }
}

static void take_errand(struct shelf *s, struct shelf_errand *r)
{
    switch (r->kind) {
    case ERRAND_LOAD:
    case ERRAND_RECOVER:
        if (r->result != 0)
            log_warning("shelf", "%s", r->error.text);
        else if (r->kind == ERRAND_LOAD)
            take_loaded(s, r);
        else
            take_added(s, r);
        break;
    case ERRAND_SEARCH:
        take_found(s, r);
        break;
    case ERRAND_ADD:
        take_added(s, r);
        break;
    case ERRAND_TIDY:
        s->is_to_tidy = false;
        if (r->result != 0)
            log_warning("shelf", "how long it ran could not be noted: %s", r->error.text);
        break;
    case ERRAND_FORGET:
    case ERRAND_REMOVE:
        break;
    }
}

static void fetch_next(struct shelf *s);

static void end_errand(uv_work_t *work, int status)
{
    struct shelf_errand *errand = work->data;
    struct shelf *s = errand->shelf;
    (void)status;
    s->fetching = NULL;
    take_errand(s, errand);
    free_errand(errand);
    fetch_next(s);
}

/* Whether the pool has something to do for it; what that is may have changed since it was made. */
static bool needs_disk(struct shelf *s, struct shelf_errand *errand)
{
    if (errand->kind == ERRAND_RECOVER) {
        const struct shelf_clip *known = shelf_find(s, errand->id);
        if (known)
            errand->kind = ERRAND_FORGET;
        return !known || known->is_on_disk;
    }
    return errand->kind != ERRAND_ADD;
}

/* One at a time, in order. */
static void fetch_next(struct shelf *s)
{
    struct shelf_errand *errand;
    while (!s->fetching && !s->intake_rests && (errand = TAILQ_FIRST(&s->intake))) {
        TAILQ_REMOVE(&s->intake, errand, link);
        bool disk = needs_disk(s, errand);
        s->fetching = errand;
        if (disk && s->loop && uv_queue_work(s->loop, &errand->work, run_errand, end_errand) == 0)
            return;
        if (disk)
            run_errand(&errand->work);
        s->fetching = NULL;
        take_errand(s, errand);
        free_errand(errand);
    }
}

static void put_errand(struct shelf *s, struct shelf_errand *errand)
{
    TAILQ_INSERT_TAIL(&s->intake, errand, link);
    fetch_next(s);
}

static void put_all(struct shelf *s, enum errand_kind kind, const char *suffix)
{
    char **ids;
    size_t count = shelf_files_list(s->folder, suffix, &ids);
    for (size_t i = 0; i < count; i++) {
        struct shelf_errand *errand = make_errand(s, kind, ids[i], "");
        TAILQ_INSERT_TAIL(&s->intake, errand, link);
    }
    free_ids(ids, count);
}

void shelf_add(struct shelf *s, struct message *message)
{
    struct shelf_errand *errand = make_errand(s, ERRAND_ADD, message->clip.id, "");
    errand->message = *message;
    put_errand(s, errand);
}

bool shelf_is_recovering(const struct shelf *s, const char *camera)
{
    const struct shelf_errand *r;
    if (s->fetching && strcmp(s->fetching->camera, camera) == 0)
        return true;
    TAILQ_FOREACH(r, &s->intake, link)
    {
        if (strcmp(r->camera, camera) == 0)
            return true;
    }
    return false;
}

/* Nobody has begun anything since a search that is not over was asked for: it finds all. */
void shelf_recover(struct shelf *s, const char *camera)
{
    if (shelf_is_recovering(s, camera))
        return;
    put_errand(s, make_errand(s, ERRAND_SEARCH, "", camera));
}

/* Now and then; NULL: not now. */
static char *note_count(struct shelf *s)
{
    if (s->counted.ran_ms - s->noted_ms < COUNT_MS)
        return NULL;
    s->noted_ms = s->counted.ran_ms;
    return shelf_files_count_text(&s->counted);
}

void shelf_tend(struct shelf *s, int64_t keep_ms, int64_t keep_bytes, int64_t missing_bytes)
{
    int64_t bytes = 0;
    struct shelf_clip *c;
    TAILQ_FOREACH(c, &s->clips, link)
    {
        bytes += c->message.clip.length_bytes;
    }
    counted_go_on(&s->counted, clock_monotonic_ms());
    if (missing_bytes > 0 && bytes - missing_bytes < keep_bytes)
        keep_bytes = bytes - missing_bytes;
    for (struct shelf_clip *next = TAILQ_FIRST(&s->clips); (c = next);) {
        next = TAILQ_NEXT(c, link);
        if (!c->note.done || c->is_to_save || c == s->saving ||
            (s->counted.ran_ms - c->note.ran_ms <= keep_ms && bytes <= keep_bytes))
            continue;
        bytes -= c->message.clip.length_bytes;
        put_errand(s, make_errand(s, ERRAND_REMOVE, c->message.clip.id, ""));
        take_out(s, c);
    }
    /* Behind all that is still to be recovered: that may be old, too. */
    if (!s->is_to_tidy) {
        s->is_to_tidy = true;
        struct shelf_errand *tidy = make_errand(s, ERRAND_TIDY, "", "");
        tidy->text = note_count(s);
        tidy->ahead_ms = s->ahead_ms;
        put_errand(s, tidy);
    }
    try_again(s);
}

/* --- All of it ----------------------------------------------------------------------------- */

void shelf_init(struct shelf *s, uv_loop_t *loop)
{
    *s = (struct shelf){.loop = loop, .lock = -1};
    counted_init(&s->counted, clock_monotonic_ms());
    s->ahead_ms = clock_wall_ms() - s->counted.at_ms;
    TAILQ_INIT(&s->clips);
    TAILQ_INIT(&s->to_tell);
    TAILQ_INIT(&s->to_save);
    TAILQ_INIT(&s->refused);
    TAILQ_INIT(&s->intake);
}

void shelf_set_handlers(struct shelf *s, const struct shelf_handlers *handlers)
{
    s->handlers = *handlers;
}

int shelf_open(struct shelf *s, const char *dir, struct err *e)
{
    snprintf(s->folder, sizeof s->folder, "%s/" MESSAGE_CLIPS_FOLDER, dir);
    if (s->fetching || s->saving)
        return err_set(e, EBUSY, "%s: what was begun there has not ended yet", s->folder);
    int result = shelf_files_make_folder(dir, s->folder, e);
    if (result == 0)
        result = folder_lock_take(s->folder, "tocsin-video", &s->lock, e);
    if (result < 0)
        return result;
    counted_go_on(&s->counted, clock_monotonic_ms());
    shelf_files_load_count(s->folder, &s->counted);
    s->noted_ms = s->counted.ran_ms;
    put_all(s, ERRAND_LOAD, SHELF_JSON);
    put_all(s, ERRAND_RECOVER, SHELF_JOURNAL);
    s->intake_rests = s->saves_rest = s->loop != NULL;
    fetch_next(s);
    return 0;
}

bool shelf_rest(struct shelf *s)
{
    s->intake_rests = true;
    s->saves_rest = s->saves_rest || !s->fetching;
    return !s->fetching && !s->saving;
}

void shelf_go_on(struct shelf *s)
{
    s->intake_rests = s->saves_rest = false;
    save_next(s);
    fetch_next(s);
}

static void drop_intake(struct shelf *s)
{
    for (struct shelf_errand *errand; (errand = TAILQ_FIRST(&s->intake));) {
        TAILQ_REMOVE(&s->intake, errand, link);
        free_errand(errand);
    }
}

void shelf_end(struct shelf *s)
{
    s->handlers = (struct shelf_handlers){0};
    drop_intake(s);
    shelf_go_on(s);
}

void shelf_leave(struct shelf *s)
{
    if (s->lock >= 0)
        close(s->lock);
    s->lock = -1;
}

void shelf_close(struct shelf *s)
{
    drop_intake(s);
    while (!TAILQ_EMPTY(&s->clips))
        take_out(s, TAILQ_FIRST(&s->clips));
    shelf_leave(s);
}
