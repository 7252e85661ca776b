/* SPDX-License-Identifier: Apache-2.0 */
#include "video/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "conf/kept.h"
#include "drivers/camera/types.h"
#include "loop/service.h"
#include "video/folder_room.h"

#define STOP_WAIT_MS 5000
#define PRUNE_MS     60000
#define AGAIN_MS     2000 /* between two tries at what could not be had */

struct supervisor {
    const char *path, *kept;
    struct config *config;
    struct conf_text text; /* of `config`, until it is known to work and is kept */
    struct config *next;   /* read at SIGHUP, in force once every worker has ended */
    struct conf_text next_text;
    uv_loop_t loop;
    struct service *service;
    struct link_server *link;
    struct shelf shelf;
    struct cameras cameras;
    struct folder_room room;
    uv_signal_t terminate, interrupt, hangup, child;
    uv_timer_t tick;
    int64_t pruned_ms, ending_ms, tried_ms;
    bool has_shelf;       /* its folder */
    bool is_ready;        /* with `config` */
    char link_lacks[300]; /* why there is no link; "": nothing */
    bool stopping;
    int result; /* of the run */
    struct err error;
};

/* --- tocsind ------------------------------------------------------------------------------- */

static void tell_room(struct supervisor *s)
{
    link_server_send(s->link, &(struct message){.type = MESSAGE_ROOM,
                                                .room = {.state = s->room.state,
                                                         .free_bytes = s->room.free_bytes,
                                                         .keep_bytes = s->room.keep_bytes}});
}

static void on_up(void *arg)
{
    struct supervisor *s = arg;
    log_info("video", "tocsind is connected");
    cameras_tell(&s->cameras);
    if (s->room.free_bytes != DISK_FREE_UNKNOWN)
        tell_room(s);
}

static void on_drained(void *arg)
{
    struct supervisor *s = arg;
    cameras_tell_next(&s->cameras);
}

static void on_down(void *arg, const char *reason)
{
    (void)arg;
    log_warning("video", "tocsind is gone: %s", reason);
}

static void on_message(void *arg, const struct message *message)
{
    struct supervisor *s = arg;
    struct shelf_clip *clip;
    switch (message->type) {
    case MESSAGE_ALARM:
        cameras_alarm(&s->cameras, message);
        break;
    case MESSAGE_CLIP_WANTED:
        cameras_want_clip(&s->cameras);
        break;
    case MESSAGE_CLIPS_AGAIN:
        cameras_tell_clips(&s->cameras);
        break;
    case MESSAGE_CLIP_STORED:
        if ((clip = shelf_find(&s->shelf, message->word_of)))
            shelf_mark(&s->shelf, clip, true, clip->note.done);
        break;
    case MESSAGE_CLIP_DONE:
        if ((clip = shelf_find(&s->shelf, message->word_of)))
            shelf_mark(&s->shelf, clip, true, true);
        break;
    case MESSAGE_CLIP_REFUSED:
        if ((clip = shelf_find(&s->shelf, message->word_of))) {
            log_warning("video", "%s: tocsind knows nothing of the alarm of clip %s",
                        clip->message.clip.camera, clip->message.clip.id);
            shelf_mark(&s->shelf, clip, clip->note.stored, true);
        }
        break;
    case MESSAGE_CAMERA:
    case MESSAGE_CLIP:
    case MESSAGE_ROOM:
    case MESSAGE_BEAT:
        break; /* ours to say */
    }
}

/* --- What it needs beside the cameras ------------------------------------------------------- */

/* Without the folder no clip could be written, nor a worker be confined to it. */
static int open_shelf(struct supervisor *s, struct err *e)
{
    char why[300];
    bool lacked = s->cameras.lacking[0];
    int result = shelf_open(&s->shelf, s->config->video.dir, e);
    if (result == -EADDRINUSE)
        return result;
    s->has_shelf = result == 0;
    snprintf(why, sizeof why, "video.dir: %.280s", s->has_shelf ? "" : e->text);
    if (!s->has_shelf && strcmp(why, s->cameras.lacking) != 0)
        log_error("video", "%s: no camera is started until that is mended", why);
    if (s->has_shelf && lacked)
        log_info("video", "video.dir is there now");
    cameras_hold(&s->cameras, s->has_shelf ? NULL : why);
    return result;
}

/* tocsind says meanwhile that nobody answers. */
static int open_link(struct supervisor *s, struct err *e)
{
    const struct link_handlers handlers = {.on_up = on_up,
                                           .on_down = on_down,
                                           .on_message = on_message,
                                           .on_drained = on_drained,
                                           .arg = s};
    char why[300];
    int result = link_server_create(&s->loop, s->config->video.socket, &handlers, &s->link, e);
    if (result == -EADDRINUSE)
        return result;
    snprintf(why, sizeof why, "%.299s", result == 0 ? "" : e->text);
    if (result != 0 && strcmp(why, s->link_lacks) != 0)
        log_error("video", "%s: tocsind cannot be heard until that is mended", why);
    if (result == 0 && s->link_lacks[0])
        log_info("video", "%s: is there now", s->config->video.socket);
    memcpy(s->link_lacks, why, sizeof why);
    s->cameras.link = s->link;
    return result;
}

/* What lacks is tried again later. -EADDRINUSE, and nothing is touched, if another tocsin-video has
 * it: that is nothing to wait for. */
static int open_what_lacks(struct supervisor *s, struct err *e)
{
    int result = s->has_shelf ? 0 : open_shelf(s, e);
    if (result != -EADDRINUSE && !s->link)
        result = open_link(s, e);
    return result == -EADDRINUSE ? result : 0;
}

static void begin_stop(struct supervisor *s)
{
    s->stopping = true;
    s->ending_ms = clock_monotonic_ms();
    cameras_end(&s->cameras, SIGTERM);
}

static void try_again(struct supervisor *s, int64_t now_ms)
{
    if ((s->has_shelf && s->link) || now_ms - s->tried_ms < AGAIN_MS)
        return;
    s->tried_ms = now_ms;
    if (!s->has_shelf && !cameras_have_ended(&s->cameras)) { /* they write where it was */
        cameras_signal(&s->cameras, SIGKILL);
        return;
    }
    s->result = open_what_lacks(s, &s->error);
    if (s->result != 0)
        begin_stop(s);
}

/* --- The disk's room ----------------------------------------------------------------------- */

static void tend_shelf(struct supervisor *s, int64_t now_ms)
{
    const struct config_video *video = &s->config->video;
    s->pruned_ms = now_ms;
    shelf_tend(&s->shelf, video->keep_clips_ms, video->keep_clips_bytes,
               folder_room_missing(&s->room));
}

/* It was removed, or its disk unmounted, or another one is in its place, to which no worker is
 * confined; or another tocsin-video has it, beside which this one does not stay (try_again). */
static void lose_shelf(struct supervisor *s)
{
    char why[300];
    bool is_gone = s->room.is_gone;
    snprintf(why, sizeof why, "video.dir: %.255s is %s", s->shelf.folder,
             is_gone ? "gone" : "another tocsin-video's");
    log_error("video", "%s: %s", why,
              is_gone ? "no camera is started until that is mended"
                      : "this one ends its cameras, and itself if that one is still there then");
    s->has_shelf = false;
    s->tried_ms = clock_monotonic_ms();
    shelf_leave(&s->shelf);
    cameras_hold(&s->cameras, why);
    cameras_signal(&s->cameras, SIGTERM);
    folder_room_forget(&s->room);
    tell_room(s);
}

/* The log says what the fault says: whoever looks for a clip looks there. */
static void on_room(void *arg, enum disk_room before)
{
    struct supervisor *s = arg;
    const struct folder_room *room = &s->room;
    if ((room->is_gone || room->is_of_another) && !s->stopping) {
        lose_shelf(s);
        return;
    }
    if (room->state != before)
        log_line(room->state > before ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "video",
                 "%s: room is %s: %lld bytes are free%s", room->folder, disk_room_name(room->state),
                 (long long)room->free_bytes,
                 room->state == DISK_ROOM_FULL ? "; no clip is begun" : "");
    if (room->state > before)
        tend_shelf(s, clock_monotonic_ms());
    cameras_set_full(&s->cameras, room->state == DISK_ROOM_FULL);
    tell_room(s);
}

/* --- Configuration, start and stop --------------------------------------------------------- */

/* Whoever asks for a stop once more, or for a reload, does not end what is left of one. */
static void ignore_signal(uv_signal_t *watched)
{
    int number = watched->signum;
    uv_close((uv_handle_t *)watched, NULL);
    signal(number, SIG_IGN);
}

static void close_all(struct supervisor *s)
{
    shelf_end(&s->shelf);
    folder_room_end(&s->room);
    cameras_finish(&s->cameras);
    service_close(s->service);
    link_server_close(s->link);
    ignore_signal(&s->terminate);
    ignore_signal(&s->interrupt);
    ignore_signal(&s->hangup);
    uv_close((uv_handle_t *)&s->child, NULL);
    uv_close((uv_handle_t *)&s->tick, NULL);
}

/* A configuration that works, on its way to where it is kept. */
struct keeping {
    uv_work_t work;
    const char *kept;
    struct conf_text text;
};

static void run_keeping(uv_work_t *work)
{
    struct keeping *k = work->data;
    struct err e;
    if (kept_write(k->kept, &k->text, &e) != 0)
        log_warning("config", "a configuration that works could not be kept: %s", e.text);
}

static void finish_keeping(uv_work_t *work, int status)
{
    struct keeping *k = work->data;
    (void)status;
    conf_text_finish(&k->text);
    free(k);
}

/* In the pool: alarms are handed on meanwhile. Takes `text`. */
static void keep(struct supervisor *s, struct conf_text *text)
{
    struct keeping *k = s->kept && text->bytes ? calloc(1, sizeof *k) : NULL;
    if (!k) {
        conf_text_finish(text);
        return;
    }
    k->work.data = k;
    k->kept = s->kept;
    k->text = *text;
    *text = (struct conf_text){0};
    if (uv_queue_work(&s->loop, &k->work, run_keeping, finish_keeping) != 0)
        finish_keeping(&k->work, 0);
}

/* Once there is what it needs, however late: until then the configuration is not known to work. */
static void become_ready(struct supervisor *s)
{
    if (s->is_ready || !s->has_shelf || !s->link)
        return;
    s->is_ready = true;
    log_info("video", "ready: %zu camera%s", s->cameras.count, plural((long long)s->cameras.count));
    keep(s, &s->text);
}

/* Who changed the file is there to mend it; a password may have to wait all the same. */
static int read_again(const char *path, struct conf_text *ret_text, struct config **ret_config,
                      struct err *e)
{
    static const struct config_drivers drivers = {.cameras = camera_types,
                                                  .secrets_may_wait = true};
    int result = conf_read(path, ret_text, e);
    if (result != 0)
        return result;
    result = config_parse(ret_text, &drivers, config_log_problem, NULL, ret_config, e);
    if (result != 0)
        conf_text_finish(ret_text);
    return result;
}

int supervisor_check(const char *path)
{
    struct conf_text text;
    struct config *config;
    struct err e;
    int result = read_again(path, &text, &config, &e);
    if (result != 0) {
        log_error("config", "%s", e.text);
        return result;
    }
    conf_text_finish(&text);
    config_destroy(config);
    return 0;
}

/* A good file replaces the cameras; a bad one changes nothing. */
static void on_hangup(uv_signal_t *signal, int number)
{
    struct supervisor *s = signal->data;
    struct config *next;
    struct err e;
    (void)number;
    if (s->stopping || s->next)
        return;
    service_reloading(s->service);
    if (read_again(s->path, &s->next_text, &next, &e) != 0) {
        log_error("config", "%s; the old configuration stays in force", e.text);
        service_ready(s->service);
        return;
    }
    log_info("video", "reading the configuration again");
    s->next = next;
    s->ending_ms = clock_monotonic_ms();
    cameras_end(&s->cameras, SIGTERM);
}

/* Every worker has ended: the new cameras begin. */
static void take_config(struct supervisor *s)
{
    struct config *old = s->config;
    struct err e;
    if (cameras_open(&s->cameras, &s->next->cameras, &s->next->video, &e) != 0) {
        log_error("video", "%s", e.text); /* tried again at the next tick */
        return;
    }
    s->config = s->next;
    s->next = NULL;
    conf_text_finish(&s->text);
    s->text = s->next_text;
    s->next_text = (struct conf_text){0};
    s->is_ready = false;
    if ((s->link && strcmp(old->video.socket, s->config->video.socket) != 0) ||
        (s->has_shelf && strcmp(old->video.dir, s->config->video.dir) != 0))
        log_warning("video", "video.socket and video.dir change only with a restart");
    config_destroy(old);
    service_ready(s->service);
    become_ready(s);
}

static void on_stop(uv_signal_t *signal, int number)
{
    struct supervisor *s = signal->data;
    if (s->stopping)
        return;
    log_info("video", "stopping: %s", strsignal(number));
    begin_stop(s);
}

/* Workers are ending, for a stop or for other cameras. */
static void go_on_ending(struct supervisor *s, int64_t now_ms)
{
    bool gone = cameras_have_ended(&s->cameras), late = now_ms - s->ending_ms > STOP_WAIT_MS;
    if (s->stopping && (gone || late))
        close_all(s);
    else if (!s->stopping && gone)
        take_config(s);
    else if (late)
        cameras_end(&s->cameras, SIGKILL);
}

static void on_tick(uv_timer_t *timer)
{
    struct supervisor *s = timer->data;
    int64_t now_ms = clock_monotonic_ms();
    if (s->stopping || s->next) {
        go_on_ending(s, now_ms);
        return;
    }
    try_again(s, now_ms);
    if (s->stopping)
        return;
    become_ready(s);
    cameras_tick(&s->cameras, now_ms);
    if (!s->has_shelf)
        return;
    folder_room_tick(&s->room, now_ms, s->config->video.keep_free_bytes);
    if (now_ms - s->pruned_ms > PRUNE_MS)
        tend_shelf(s, now_ms);
}

static void on_child(uv_signal_t *signal, int number)
{
    struct supervisor *s = signal->data;
    int status;
    (void)number;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        cameras_reaped(&s->cameras, pid, status);
}

static void watch_signal(struct supervisor *s, uv_signal_t *signal, int number,
                         uv_signal_cb handler)
{
    uv_signal_init(&s->loop, signal);
    signal->data = s;
    uv_signal_start(signal, handler, number);
}

/* Fails without memory, or if another one is at work there. */
static int open_all(struct supervisor *s, struct err *e)
{
    int result = cameras_open(&s->cameras, &s->config->cameras, &s->config->video, e);
    if (result != 0)
        return result;
    s->tried_ms = clock_monotonic_ms();
    folder_room_init(&s->room, &s->loop, s->shelf.folder, &s->shelf.lock, on_room, s);
    log_info("video", "%s: is opened, and waited for if its disk does not answer",
             s->config->video.dir);
    result = open_what_lacks(s, e);
    if (result != 0)
        return result;
    signal(SIGPIPE, SIG_IGN);
    watch_signal(s, &s->terminate, SIGTERM, on_stop);
    watch_signal(s, &s->interrupt, SIGINT, on_stop);
    watch_signal(s, &s->hangup, SIGHUP, on_hangup);
    watch_signal(s, &s->child, SIGCHLD, on_child);
    uv_timer_init(&s->loop, &s->tick);
    s->tick.data = s;
    uv_timer_start(&s->tick, on_tick, 0, CAMERAS_TICK_MS);
    service_create(&s->loop, &s->service, e);
    service_ready(s->service);
    return 0;
}

int supervisor_run(const char *path, const char *kept, struct start *start, cameras_worker worker,
                   struct err *e)
{
    struct supervisor *s = calloc(1, sizeof *s);
    if (!s) {
        conf_text_finish(&start->text);
        config_destroy(start->config);
        return err_set(e, ENOMEM, "out of memory");
    }
    s->path = path;
    s->kept = kept;
    s->config = start->config;
    s->text = start->text;
    s->cameras = (struct cameras){.loop = &s->loop, .worker = worker, .shelf = &s->shelf};
    uv_loop_init(&s->loop);
    shelf_init(&s->shelf, &s->loop);
    int result = open_all(s, e);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    if (result == 0 && (result = s->result) != 0)
        *e = s->error;
    if (result == 0)
        log_info("video", "stopped");
    shelf_close(&s->shelf);
    config_destroy(s->config);
    config_destroy(s->next);
    conf_text_finish(&s->text);
    conf_text_finish(&s->next_text);
    cameras_finish(&s->cameras);
    free(s);
    return result;
}
