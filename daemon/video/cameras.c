/* SPDX-License-Identifier: Apache-2.0 */
#include "video/cameras.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/uuid.h"
#include "conf/conf.h"
#include "drivers/camera/cameras.h"
#include "video/child.h"

#define TROUBLE_MS 5000 /* between two looks at a password that cannot be read */

/* One camera: its process, and what is said of it. */
struct supervised {
    struct cameras *all;
    struct config_camera *camera;
    struct process process;
    int64_t look_ms;   /* when its secrets are looked at again */
    unsigned restarts; /* of processes that are gone, and all that these told of */
    unsigned told;     /* by the one that is there, of its sessions */
    struct message state;
};

/* --- What is said of a camera -------------------------------------------------------------- */

static void set_state(struct supervised *u, enum message_camera_state state, const char *reason,
                      unsigned restarts)
{
    struct message_camera *said = &u->state.camera;
    char text[sizeof said->reason];
    encode_copy_utf8(text, sizeof text, reason);
    bool news = said->state != state || strcmp(said->reason, text) != 0;
    bool counted = said->restarts != restarts;
    said->state = state;
    said->restarts = restarts;
    memcpy(said->reason, text, sizeof text);
    if (news)
        log_info("video", "%s: %s%s%s", u->camera->id, message_camera_state_name(state),
                 text[0] ? ": " : "", text);
    if (news || counted)
        link_server_send(u->all->link, &u->state);
}

/* --- Its process --------------------------------------------------------------------------- */

/* Its announcement is on the disk. */
static void on_saved(void *arg, struct shelf_clip *clip)
{
    struct cameras *c = arg;
    shelf_tell(c->shelf, clip);
    cameras_tell_next(c);
}

static bool concerns(const struct message *alarm, const char *camera)
{
    for (size_t i = 0; i < alarm->alarm.camera_count; i++) {
        if (strcmp(alarm->alarm.cameras[i], camera) == 0)
            return true;
    }
    return false;
}

/* Whether that camera was told of that alarm, by this process: what is recovered at its start was
 * another's, and tocsind is who knows of that. */
static bool was_told(const struct cameras *c, const char *camera, const char *alarm)
{
    for (size_t i = 0; i < c->alarm_count; i++) {
        if (strcmp(c->alarms[i].alarm.id, alarm) == 0 && concerns(&c->alarms[i], camera))
            return true;
    }
    return false;
}

/* Takes what is in `message`, or leaves it. */
static void take_clip(struct supervised *u, struct message *message)
{
    struct cameras *c = u->all;
    char expected[400];
    snprintf(expected, sizeof expected, "%s/%s.mp4", c->shelf->folder, message->clip.id);
    /* A worker may be somebody else's by now: it names its own camera and its own folder, and no
     * alarm that nobody raised. */
    if (strcmp(expected, message->clip.path) != 0 ||
        strcmp(message->clip.camera, u->camera->id) != 0) {
        log_error("video", "%s: a clip with a path or camera that is not its own", u->camera->id);
        return;
    }
    if (!was_told(c, u->camera->id, message->clip.alarm)) {
        log_error("video", "%s: a clip of an alarm that it was not told of", u->camera->id);
        return;
    }
    shelf_add(c->shelf, message);
    message->clip.manifest = NULL;
}

static void on_worker_message(void *arg, struct message *message)
{
    struct supervised *u = arg;
    switch (message->type) {
    case MESSAGE_CLIP:
        take_clip(u, message);
        break;
    case MESSAGE_CAMERA:
        u->told = message->camera.restarts;
        set_state(u, message->camera.state, message->camera.reason, u->restarts + u->told);
        break;
    case MESSAGE_ALARM:
    case MESSAGE_CLIP_WANTED:
    case MESSAGE_CLIPS_AGAIN:
    case MESSAGE_CLIP_STORED:
    case MESSAGE_CLIP_DONE:
    case MESSAGE_CLIP_REFUSED:
    case MESSAGE_ROOM:
    case MESSAGE_BEAT:
        break; /* not a worker's to say */
    }
}

static void on_worker_end(void *arg, const char *reason)
{
    struct supervised *u = arg;
    if (u->all->ending)
        return; /* what it could not finish is recovered at the next start */
    u->restarts += u->told + 1;
    u->told = 0;
    set_state(u, MESSAGE_CAMERA_FAULT, u->all->lacking[0] ? u->all->lacking : reason, u->restarts);
    shelf_recover(u->all->shelf, u->camera->id);
}

/* What parses one camera's bytes has no business with the others' passwords. */
static void wipe_secrets(const struct config_camera *camera)
{
    if (!camera->driver.type) /* a driver that nobody knows */
        return;
    for (const struct option *o = camera->driver.type->options; o->key; o++) {
        char *secret = NULL;
        if (o->type == OPTION_SECRET)
            memcpy(&secret, (char *)camera->driver.options + o->offset, sizeof secret);
        if (secret)
            explicit_bzero(secret, strlen(secret));
    }
}

/* In the child. */
static int run_worker(void *arg, int socket, pid_t parent)
{
    struct supervised *u = arg;
    struct cameras *c = u->all;
    const struct config_video *v = c->video;
    child_detach(socket, parent);
    for (size_t i = 0; i < c->count; i++) {
        if (&c->items[i] != u)
            wipe_secrets(c->items[i].camera);
    }
    struct worker_settings settings = {.id = u->camera->id,
                                       .driver = camera_driver_of(u->camera->driver.type),
                                       .options = u->camera->driver.options,
                                       .ring_bytes = (size_t)v->ring_bytes,
                                       .recording = {.folder = c->shelf->folder,
                                                     .camera = u->camera->id,
                                                     .pre_us = v->pre_event_ms * 1000,
                                                     .post_us = v->post_event_ms * 1000,
                                                     .part_us = v->part_ms * 1000}};
    return c->worker(&settings, socket);
}

static void tell_open_alarms(struct supervised *u)
{
    struct cameras *c = u->all;
    int64_t oldest_ms = clock_monotonic_ms() - c->video->post_event_ms;
    for (size_t i = 0; i < c->alarm_count && !c->full; i++) {
        if (c->alarms[i].alarm.press_ms > oldest_ms && concerns(&c->alarms[i], u->camera->id))
            process_send(&u->process, &c->alarms[i]);
    }
}

static void start_worker(struct supervised *u, int64_t now_ms)
{
    struct err e;
    if (process_start(&u->process, now_ms, &e) == 0)
        tell_open_alarms(u);
    else
        set_state(u, MESSAGE_CAMERA_FAULT, e.text, u->restarts);
}

/* A camera in trouble has no process; true once there is no trouble any more. */
static bool is_usable(struct supervised *u, int64_t now_ms)
{
    struct config_driver *driver = &u->camera->driver;
    struct err e;
    if (u->all->lacking[0]) {
        set_state(u, MESSAGE_CAMERA_FAULT, u->all->lacking, u->restarts);
        return false;
    }
    if (!driver->trouble)
        return true;
    if (now_ms < u->look_ms)
        return false;
    if (config_read_again(driver, &e) == 0) {
        log_info("video", "%s: its secrets can be read now", u->camera->id);
        return true;
    }
    u->look_ms = now_ms + TROUBLE_MS;
    set_state(u, MESSAGE_CAMERA_FAULT, e.text, u->restarts);
    return false;
}

/* --- All of them ---------------------------------------------------------------------------- */

int cameras_open(struct cameras *c, struct config_cameras *config, const struct config_video *video,
                 struct err *e)
{
    struct supervised *items = calloc(config->count + 1, sizeof *items);
    if (!items)
        return err_set(e, ENOMEM, "out of memory");
    bool others = c->items != NULL; /* were there before, and may have left something */
    free(c->items);
    c->items = items;
    c->video = video;
    c->count = config->count;
    c->ending = false;
    shelf_set_handlers(c->shelf, &(struct shelf_handlers){on_saved, c});
    for (size_t i = 0; i < c->count; i++) {
        struct supervised *u = &items[i];
        const struct process_host host = {
            .run = run_worker, .on_message = on_worker_message, .on_end = on_worker_end, .arg = u};
        u->all = c;
        u->camera = &config->items[i];
        process_init(&u->process, c->loop, u->camera->id, &host);
        u->state =
            (struct message){.type = MESSAGE_CAMERA,
                             .camera = {.state = MESSAGE_CAMERA_CONNECTING, .reason = "starting"}};
        snprintf(u->state.camera.id, sizeof u->state.camera.id, "%s", u->camera->id);
        if (others)
            shelf_recover(c->shelf, u->camera->id);
    }
    return 0;
}

void cameras_hold(struct cameras *c, const char *why)
{
    snprintf(c->lacking, sizeof c->lacking, "%s", why ? why : "");
}

static bool is_to_start(struct supervised *u, int64_t now_ms)
{
    return !u->all->ending && process_is_due(&u->process, now_ms) &&
           !shelf_is_recovering(u->all->shelf, u->camera->id) && is_usable(u, now_ms);
}

/* A fork copies the locks of libraries as they are. So nobody forks but here, and only while no
 * thread of the pool has work of the shelf: then no lock is held by a thread that
 * the child does not have. If the shelf is busy, the next tick asks again. */
static void start_workers(struct cameras *c, int64_t now_ms)
{
    bool asked = false, rests = false;
    for (size_t i = 0; i < c->count; i++) {
        if (!is_to_start(&c->items[i], now_ms))
            continue;
        if (!asked)
            rests = shelf_rest(c->shelf);
        asked = true;
        if (rests)
            start_worker(&c->items[i], now_ms);
    }
    if (!asked || rests)
        shelf_go_on(c->shelf);
}

void cameras_tick(struct cameras *c, int64_t now_ms)
{
    int64_t late_ms = c->ticked_ms ? now_ms - c->ticked_ms - CAMERAS_TICK_MS : 0;
    c->ticked_ms = now_ms;
    for (size_t i = 0; i < c->count; i++) {
        struct supervised *u = &c->items[i];
        if (late_ms > 0)
            process_excuse(&u->process, late_ms, now_ms);
        process_watch(&u->process, now_ms);
    }
    start_workers(c, now_ms);
}

void cameras_reaped(struct cameras *c, pid_t pid, int status)
{
    uint32_t random;
    uuid_random(&random, sizeof random);
    for (size_t i = 0; i < c->count; i++) {
        if (process_reaped(&c->items[i].process, pid, status, clock_monotonic_ms(), random))
            return;
    }
}

static struct message *oldest(struct cameras *c)
{
    struct message *found = &c->alarms[0];
    for (size_t i = 1; i < c->alarm_count; i++) {
        if (c->alarms[i].alarm.press_ms < found->alarm.press_ms)
            found = &c->alarms[i];
    }
    return found;
}

/* In the place of an earlier press of it; else, if there is no room, of the one that was pressed
 * longest ago. */
static void remember(struct cameras *c, const struct message *alarm)
{
    struct message *at = NULL;
    if (!c->alarms)
        c->alarms = calloc(CAMERAS_ALARMS_MAX, sizeof *c->alarms);
    if (!c->alarms)
        abort();
    for (size_t i = 0; i < c->alarm_count && !at; i++) {
        const struct message_alarm *known = &c->alarms[i].alarm;
        /* Of other cameras: what those before were told stays. */
        if (strcmp(known->id, alarm->alarm.id) == 0 &&
            memcmp(known->cameras, alarm->alarm.cameras, sizeof known->cameras) == 0)
            at = &c->alarms[i];
    }
    if (!at)
        at = c->alarm_count < CAMERAS_ALARMS_MAX ? &c->alarms[c->alarm_count++] : oldest(c);
    *at = *alarm;
}

void cameras_alarm(struct cameras *c, const struct message *alarm)
{
    remember(c, alarm);
    if (c->full && alarm->alarm.camera_count > 0)
        log_warning("video", "alarm %s: no clip is begun, the disk is full", alarm->alarm.id);
    for (size_t i = 0; i < c->count && !c->full; i++) {
        if (concerns(alarm, c->items[i].camera->id))
            process_send(&c->items[i].process, alarm);
    }
}

void cameras_set_full(struct cameras *c, bool full)
{
    bool was_full = c->full;
    c->full = full;
    for (size_t i = 0; i < c->count && was_full && !full; i++)
        tell_open_alarms(&c->items[i]);
}

void cameras_tell_clips(struct cameras *c)
{
    struct shelf_clip *clip;
    TAILQ_FOREACH(clip, &c->shelf->clips, link)
    {
        if (!clip->note.done)
            shelf_tell(c->shelf, clip);
    }
    cameras_tell_next(c);
}

void cameras_tell(struct cameras *c)
{
    for (size_t i = 0; i < c->count; i++)
        link_server_send(c->link, &c->items[i].state);
    c->wanted = 0;
    cameras_tell_clips(c);
}

void cameras_want_clip(struct cameras *c)
{
    c->wanted++;
    cameras_tell_next(c);
}

void cameras_tell_next(struct cameras *c)
{
    struct shelf_clip *clip = NULL;
    if (c->wanted > 0 && link_server_is_drained(c->link))
        clip = shelf_next_to_tell(c->shelf);
    if (!clip)
        return;
    c->wanted--;
    link_server_send(c->link, &clip->message);
}

void cameras_signal(struct cameras *c, int number)
{
    for (size_t i = 0; i < c->count; i++)
        process_signal(&c->items[i].process, number);
}

void cameras_end(struct cameras *c, int signal)
{
    c->ending = true;
    shelf_go_on(c->shelf); /* nobody is started: it need not rest */
    cameras_signal(c, signal);
}

bool cameras_have_ended(const struct cameras *c)
{
    for (size_t i = 0; i < c->count; i++) {
        if (process_is_there(&c->items[i].process))
            return false;
    }
    return true;
}

void cameras_finish(struct cameras *c)
{
    for (size_t i = 0; i < c->count; i++)
        process_finish(&c->items[i].process);
    free(c->items);
    free(c->alarms);
    c->items = NULL;
    c->alarms = NULL;
    c->count = c->alarm_count = 0;
}
