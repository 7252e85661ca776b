/* SPDX-License-Identifier: Apache-2.0 */
#include "video/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "video/sandbox.h"
#include "videolink/message.h"

#define OPEN_LIMIT_US    15000000 /* connect, and learn the streams */
#define PICTURE_LIMIT_US 10000000 /* without a picture: the session is dead */
#define KEYFRAME_WARN_US 30000000 /* without a keyframe: a fault, but the session stays */
#define RETRY_BASE_MS    1000
#define RETRY_CAP_MS     60000
#define BEAT_US          1000000
#define TICK_US          50000
#define MEMORY_BYTES     (512u << 20) /* beside the ring */
#define LINE_MAX_BYTES   16384

struct worker {
    const struct worker_settings *settings;
    int socket;
    bool supervisor_gone;
    struct camera *camera;
    struct camera_stream streams[CAMERA_STREAMS_MAX];
    size_t stream_count;
    struct ring ring;
    struct recordings recordings;
    int64_t deadline_us; /* of the call that is running */
    int64_t ticked_us, beaten_us, keyframe_us;
    enum message_camera_state state;
    char reason[256];
    unsigned failures;
    unsigned restarts;
    char line[LINE_MAX_BYTES];
    size_t used;
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

/* Also the heartbeat: the supervisor kills a worker that says nothing. */
static void tell_state(struct worker *w)
{
    struct message message = {.type = MESSAGE_CAMERA, .state = w->state, .restarts = w->restarts};
    snprintf(message.camera, sizeof message.camera, "%s", w->settings->id);
    snprintf(message.reason, sizeof message.reason, "%s", w->reason);
    send_message(w, &message);
    w->beaten_us = now_us();
}

static void set_state(struct worker *w, enum message_camera_state state, const char *reason)
{
    bool news = w->state != state || strcmp(w->reason, reason) != 0;
    w->state = state;
    snprintf(w->reason, sizeof w->reason, "%s", reason);
    if (news)
        tell_state(w);
}

static void on_clip(void *arg, const char *alarm, const char *clip, const char *path,
                    json_t *manifest)
{
    struct worker *w = arg;
    struct message message = {.type = MESSAGE_CLIP, .manifest = manifest};
    snprintf(message.alarm, sizeof message.alarm, "%s", alarm);
    snprintf(message.clip, sizeof message.clip, "%s", clip);
    snprintf(message.camera, sizeof message.camera, "%s", w->settings->id);
    snprintf(message.path, sizeof message.path, "%s", path);
    send_message(w, &message);
    json_decref(manifest);
}

static void take_line(struct worker *w, const char *line, size_t length)
{
    struct message message;
    struct err e;
    if (message_parse(line, length, &message, &e) != 0)
        log_error("worker", "%s: %s", w->settings->id, e.text);
    else if (message.type == MESSAGE_ALARM)
        recordings_press(&w->recordings, message.alarm, message.press_ms * 1000, &w->ring,
                         w->streams, w->stream_count);
    message_finish(&message);
}

static void take_commands(struct worker *w)
{
    for (;;) {
        ssize_t got = recv(w->socket, w->line + w->used, sizeof w->line - w->used, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0 || w->used + (size_t)got == sizeof w->line) {
            w->supervisor_gone = true;
            return;
        }
        w->used += (size_t)got;
        char *start = w->line, *end;
        while ((end = memchr(start, '\n', w->used - (size_t)(start - w->line)))) {
            take_line(w, start, (size_t)(end - start));
            start = end + 1;
        }
        w->used -= (size_t)(start - w->line);
        memmove(w->line, start, w->used);
    }
}

/* What must go on whether pictures come or not. */
static void tick(struct worker *w)
{
    int64_t now = now_us();
    if (now - w->ticked_us < TICK_US)
        return;
    w->ticked_us = now;
    take_commands(w);
    recordings_tick(&w->recordings, now);
    if (now - w->beaten_us >= BEAT_US)
        tell_state(w);
}

static int on_wait(void *arg)
{
    struct worker *w = arg;
    tick(w);
    return stop_asked || w->supervisor_gone || now_us() > w->deadline_us;
}

static void note_keyframe(struct worker *w, const struct camera_unit *unit)
{
    int64_t now = now_us();
    if (unit->stream == 0 && unit->key) {
        w->keyframe_us = now;
        w->failures = 0;
        set_state(w, MESSAGE_CAMERA_ONLINE, "");
    } else if (now - w->keyframe_us > KEYFRAME_WARN_US) {
        set_state(w, MESSAGE_CAMERA_FAULT,
                  "no keyframe for 30 s: switch off the camera's dynamic GOP (H.264+, H.265+)");
    }
}

/* One session: from connect to the first error. */
static int run_session(struct worker *w, struct err *e)
{
    const struct camera_driver *driver = w->settings->driver;
    struct camera_host host = {.on_wait = on_wait, .arg = w};
    w->deadline_us = now_us() + OPEN_LIMIT_US;
    int result = driver->open(w->settings->options, &host, &w->camera, e);
    if (result != 0)
        return result;
    w->stream_count = driver->streams(w->camera, w->streams);
    ring_clear(&w->ring); /* another session may have other parameters */
    w->keyframe_us = now_us();
    w->deadline_us = now_us() + PICTURE_LIMIT_US;
    while (result == 0 && !stop_asked && !w->supervisor_gone) {
        struct camera_unit *unit;
        result = driver->read(w->camera, &unit, e);
        if (result != 0)
            break;
        if (unit->stream == 0)
            w->deadline_us = now_us() + PICTURE_LIMIT_US;
        if (!ring_add(&w->ring, unit))
            result = err_set(e, ENOMEM, "out of memory");
        note_keyframe(w, unit);
        recordings_unit(&w->recordings, unit, w->streams, w->stream_count);
        camera_unit_unref(unit);
        tick(w);
    }
    /* The ring stays: a press just after the camera went still has the time before. Its parameters
     * are the camera's, so it is not closed before the next session begins. */
    recordings_interrupt(&w->recordings, now_us());
    return result;
}

static void pause_until(struct worker *w, int64_t until_us)
{
    struct pollfd readable = {.fd = w->socket, .events = POLLIN};
    while (!stop_asked && !w->supervisor_gone && now_us() < until_us) {
        poll(&readable, 1, 50);
        w->ticked_us = 0;
        tick(w);
    }
}

static void close_camera(struct worker *w)
{
    ring_clear(&w->ring);
    w->stream_count = 0;
    if (w->camera)
        w->settings->driver->close(w->camera);
    w->camera = NULL;
}

int worker_run(const struct worker_settings *settings, int socket)
{
    static struct worker worker; /* large, and one a process */
    struct worker *w = &worker;
    struct err e;
    signal(SIGTERM, on_signal);
    signal(SIGINT, SIG_IGN);
    *w = (struct worker){.settings = settings, .socket = socket};
    w->recordings =
        (struct recordings){.settings = settings->recording, .on_done = on_clip, .arg = w};
    /* A group more than asked for, since a clip begins at the keyframe before. */
    ring_init(&w->ring, settings->recording.pre_us + 2000000, settings->ring_bytes);
    if (sandbox_enter(settings->recording.folder, MEMORY_BYTES + settings->ring_bytes, &e) != 0) {
        log_error("worker", "%s: sandbox: %s", settings->id, e.text);
        return 1;
    }
    set_state(w, MESSAGE_CAMERA_CONNECTING, "connecting");
    while (!stop_asked && !w->supervisor_gone) {
        uint32_t random;
        snprintf(e.text, sizeof e.text, "stopped");
        run_session(w, &e);
        if (stop_asked || w->supervisor_gone)
            break;
        set_state(w, MESSAGE_CAMERA_FAULT, e.text);
        log_warning("worker", "%s: %s", settings->id, e.text);
        w->restarts++;
        uuid_random(&random, sizeof random);
        int64_t wait_ms =
            RETRY_BASE_MS + backoff_delay_ms(++w->failures, RETRY_BASE_MS, RETRY_CAP_MS, random);
        pause_until(w, now_us() + wait_ms * 1000);
        close_camera(w);
    }
    recordings_finish(&w->recordings);
    close_camera(w);
    return 0;
}
