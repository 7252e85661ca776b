/* SPDX-License-Identifier: Apache-2.0 */
#include "video/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lines.h"
#include "base/log.h"
#include "base/uuid.h"
#include "iface/limits.h"
#include "video/clips.h"
#include "video/sandbox.h"
#include "video/session.h"

#define RING_MORE_US   10000000 /* beside the pre-event time: an alarm may be told late */
#define BEAT_US        1000000
#define TICK_MS        50
#define ROOM_BYTES     LIMIT_CLIP_WAITING_BYTES /* of pictures that wait for the disk */
#define MEMORY_BYTES   LIMIT_CAMERA_BYTES       /* beside the ring */
#define LINE_MAX_BYTES 16384
#define FILES_MAX      4 /* that a driver reads */

struct worker {
    const struct worker_settings *settings;
    int socket;
    bool supervisor_gone;
    uv_loop_t loop;
    uv_timer_t timer;
    struct session session;
    struct camera *camera; /* NULL between sessions */
    struct feed feed;
    struct ring ring; /* outlives a session, if the next has the same streams */
    struct clips *clips;
    struct message told; /* what the supervisor heard last */
    int64_t ticked_us, beaten_us;
    struct lines lines;
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
    (void)number;
    stop_asked = 1;
}

static int64_t now_us(void)
{
    return clock_monotonic_ns() / 1000;
}

static bool is_wanted(const struct worker *w)
{
    return !stop_asked && !w->supervisor_gone;
}

/* --- The supervisor ------------------------------------------------------------------------ */

static void send_message(struct worker *w, const struct message *message)
{
    char *text = message_format(message);
    size_t length = text ? strlen(text) : 0;
    for (size_t done = 0; done < length;) {
        ssize_t sent = send(w->socket, text + done, length - done, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0) {
            w->supervisor_gone = true;
            break;
        }
        done += (size_t)sent;
    }
    free(text);
}

/* What is new, or old once more: also the heartbeat, since a worker that says nothing is killed. */
static void tell_state(struct worker *w, int64_t now)
{
    const struct session *s = &w->session;
    struct message_camera *told = &w->told.camera;
    bool news = told->state != s->state || strcmp(told->reason, s->reason) != 0;
    if (!news && now - w->beaten_us < BEAT_US)
        return;
    told->state = s->state;
    told->restarts = s->restarts;
    memcpy(told->reason, s->reason, sizeof told->reason);
    w->beaten_us = now;
    send_message(w, &w->told);
}

static void on_clip(void *arg, struct message *message)
{
    send_message(arg, message);
    message_finish(message);
}

static void take_line(struct worker *w, const char *line, size_t length)
{
    struct message message;
    struct err e;
    if (message_parse(line, length, &message, &e) != 0)
        log_error("worker", "%s: %s", w->settings->id, e.text);
    else if (message.type == MESSAGE_ALARM)
        clips_press(w->clips, message.alarm.id, message.alarm.press_ms * 1000, &w->ring);
    message_finish(&message);
}

static void take_commands(struct worker *w)
{
    for (size_t size, length;;) {
        char *room = lines_room(&w->lines, &size);
        ssize_t got = room ? recv(w->socket, room, size, MSG_DONTWAIT) : 0;
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            w->supervisor_gone = true;
            return;
        }
        lines_fill(&w->lines, (size_t)got);
        for (const char *line; (line = lines_next(&w->lines, &length));)
            take_line(w, line, length);
    }
}

/* What must go on whatever the camera does, and while its driver blocks. */
static void tick(struct worker *w)
{
    int64_t now = now_us();
    if (now - w->ticked_us < TICK_MS * 1000)
        return;
    w->ticked_us = now;
    take_commands(w);
    clips_poll(w->clips);
    tell_state(w, now);
}

/* --- The camera ---------------------------------------------------------------------------- */

static void end_session(struct worker *w, const char *reason)
{
    int64_t now = now_us();
    bool played = w->session.phase == SESSION_PLAYING;
    uint32_t random;
    uuid_random(&random, sizeof random);
    session_end(&w->session, reason, now, random);
    w->settings->driver->close(w->camera);
    w->camera = NULL;
    if (played)
        feed_gap(&w->feed, now, reason);
    log_warning("worker", "%s: %s", w->settings->id, reason);
}

/* The session's own words are better than the driver's: they know what was waited for. */
static void on_fault(void *arg, const char *reason)
{
    struct worker *w = arg;
    const char *verdict = session_tick(&w->session, now_us());
    if (is_wanted(w))
        end_session(w, verdict ? verdict : reason);
}

static void on_streams(void *arg, const struct camera_stream *streams, size_t count)
{
    struct worker *w = arg;
    struct err e;
    session_streams(&w->session, now_us());
    if (feed_streams(&w->feed, streams, count, &e) != 0)
        end_session(w, e.text);
}

static void on_unit(void *arg, struct camera_unit *unit)
{
    struct worker *w = arg;
    int64_t now = now_us();
    if (session_unit(&w->session, unit->stream == 0, unit->key, now))
        feed_unit(&w->feed, unit);
    tick(w);
}

static void on_gap(void *arg, int64_t from_us, const char *why)
{
    struct worker *w = arg;
    feed_gap(&w->feed, from_us, why);
}

static int on_wait(void *arg)
{
    struct worker *w = arg;
    tick(w);
    return !is_wanted(w) || session_is_late(&w->session, now_us());
}

static void begin_session(struct worker *w)
{
    const struct camera_host host = {.on_streams = on_streams,
                                     .on_unit = on_unit,
                                     .on_gap = on_gap,
                                     .on_fault = on_fault,
                                     .on_wait = on_wait,
                                     .arg = w};
    struct err e;
    uint32_t random;
    session_open(&w->session, now_us());
    if (w->settings->driver->open(w->settings->options, &host, &w->loop, &w->camera, &e) == 0)
        return;
    uuid_random(&random, sizeof random);
    session_end(&w->session, e.text, now_us(), random);
    log_warning("worker", "%s: %s", w->settings->id, e.text);
}

static void on_timer(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    const char *verdict = session_tick(&w->session, now_us());
    tick(w);
    if (!is_wanted(w))
        uv_stop(&w->loop);
    else if (verdict)
        end_session(w, verdict);
    else if (session_is_due(&w->session, now_us()))
        begin_session(w);
}

/* --- The process --------------------------------------------------------------------------- */

static void set_up(struct worker *w)
{
    const struct feed_sink ring = ring_sink(&w->ring), clips = clips_sink(w->clips);
    ring_init(&w->ring, w->settings->recording.pre_us + RING_MORE_US, w->settings->ring_bytes);
    feed_init(&w->feed);
    feed_add(&w->feed, &ring); /* first: a press finds in it what the clips have */
    feed_add(&w->feed, &clips);
    session_init(&w->session, now_us());
    lines_init(&w->lines, LINE_MAX_BYTES);
    w->told = (struct message){.type = MESSAGE_CAMERA, .camera = {.restarts = 0}};
    snprintf(w->told.camera.id, sizeof w->told.camera.id, "%s", w->settings->id);
    uv_timer_init(&w->loop, &w->timer);
    w->timer.data = w;
    uv_timer_start(&w->timer, on_timer, 0, TICK_MS);
}

/* The files that the driver's options name to be read. */
static void list_files(const struct worker_settings *s, const char *ret_files[FILES_MAX + 1])
{
    size_t count = 0;
    for (const struct option *o = s->driver->type->options; o->key && count < FILES_MAX; o++) {
        if (o->type != OPTION_PATH || o->file != OPTION_FILE_READ)
            continue;
        memcpy(&ret_files[count], (const char *)s->options + o->offset, sizeof ret_files[count]);
        count += ret_files[count] != NULL;
    }
    ret_files[count] = NULL;
}

/* What is made before the sandbox closes: the loop's descriptors, the thread of the clips. */
static int enter(struct worker *w, struct err *e)
{
    const struct worker_settings *s = w->settings;
    const struct clips_settings clips = {
        .recording = s->recording, .room_bytes = ROOM_BYTES, .on_done = on_clip, .arg = w};
    const char *files[FILES_MAX + 1];
    list_files(s, files);
    int result = sandbox_prepare(e);
    if (result != 0)
        return result;
    result = uv_loop_init(&w->loop);
    if (result != 0)
        return err_set(e, -result, "loop: %s", uv_strerror(result));
    /* A press keeps the ring as it was then until the disk has taken it. */
    result = sandbox_enter(s->recording.folder, files, MEMORY_BYTES + 2 * s->ring_bytes, e);
    if (result == 0)
        result = clips_create(&clips, &w->clips, e);
    return result == 0 ? sandbox_seal(e) : result;
}

int worker_run(const struct worker_settings *settings, int socket)
{
    static struct worker worker; /* large, and one a process */
    struct worker *w = &worker;
    struct err e;
    signal(SIGTERM, on_signal);
    signal(SIGINT, SIG_IGN);
    *w = (struct worker){.settings = settings, .socket = socket};
    if (enter(w, &e) != 0) {
        log_error("worker", "%s: sandbox: %s", settings->id, e.text);
        return 1;
    }
    set_up(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    if (w->camera)
        settings->driver->close(w->camera);
    if (!w->supervisor_gone)
        take_commands(w); /* an alarm that was told just before the stop has its pictures, too */
    clips_finish(w->clips);
    ring_clear(&w->ring);
    feed_finish(&w->feed);
    lines_finish(&w->lines);
    return 0;
}
