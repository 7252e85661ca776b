/* SPDX-License-Identifier: Apache-2.0 */
#include "video/worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
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
#define CLOSE_LIMIT_US   2000000  /* to say good-bye */
#define PICTURE_LIMIT_US 10000000 /* without a picture: the session is dead */
#define KEYFRAME_WARN_US 30000000 /* without a further keyframe: a fault, but the session stays */
#define FIRST_KEYFRAME_US                                                                          \
    20000000 /* without a first one: it ends; twice as long after each try                         \
              */
#define FIRST_KEYFRAME_CAP_US INT64_C(300000000)
#define RING_MORE_US          10000000 /* beside the pre-event time: an alarm may be told late */
#define RETRY_BASE_MS         1000
#define RETRY_CAP_MS          60000
#define BEAT_US               1000000
#define TICK_US               50000
#define MEMORY_BYTES          (512u << 20) /* beside the ring */
#define LINE_MAX_BYTES        16384

struct worker {
    const struct worker_settings *settings;
    int socket;
    bool supervisor_gone;
    struct camera *camera;
    struct camera_stream streams[CAMERA_STREAMS_MAX]; /* their extradata is ours */
    size_t stream_count;
    struct ring ring; /* outlives a session, if the next has the same streams */
    struct recordings recordings;
    int64_t deadline_us; /* of the call that is running */
    int64_t ticked_us, beaten_us, keyframe_us;
    bool keyframe_seen; /* in this session */
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
    struct message message = {.type = MESSAGE_CAMERA,
                              .camera = {.state = w->state, .restarts = w->restarts}};
    snprintf(message.camera.id, sizeof message.camera.id, "%s", w->settings->id);
    snprintf(message.camera.reason, sizeof message.camera.reason, "%s", w->reason);
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
        recordings_press(&w->recordings, message.alarm.id, message.alarm.press_ms * 1000, &w->ring,
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

/* A smart codec's next keyframe may be minutes away: that is a fault, but no reason to hang up.
 * A session that never had one is of no use; the camera gets longer with each try. */
static int note_keyframe(struct worker *w, const struct camera_unit *unit, struct err *e)
{
    int64_t now = now_us();
    if (unit->stream == 0 && unit->key) {
        w->keyframe_us = now;
        w->keyframe_seen = true;
        w->failures = 0;
        set_state(w, MESSAGE_CAMERA_ONLINE, "");
    } else if (!w->keyframe_seen) {
        int64_t limit_us = FIRST_KEYFRAME_US;
        for (unsigned i = 0; i < w->failures && limit_us < FIRST_KEYFRAME_CAP_US; i++)
            limit_us *= 2;
        if (now - w->keyframe_us > limit_us)
            return err_set(e, ETIMEDOUT, "pictures, but no keyframe in %lld s",
                           (long long)(limit_us / 1000000));
    } else if (now - w->keyframe_us > KEYFRAME_WARN_US) {
        set_state(w, MESSAGE_CAMERA_FAULT,
                  "no keyframe for 30 s: switch off the camera's dynamic GOP (H.264+, H.265+)");
    }
    return 0;
}

static bool is_same(const struct camera_stream *a, const struct camera_stream *b)
{
    return a->codec == b->codec && a->width == b->width && a->height == b->height &&
           a->sample_rate == b->sample_rate && a->channels == b->channels &&
           a->extradata_length == b->extradata_length &&
           (a->extradata_length == 0 ||
            memcmp(a->extradata, b->extradata, a->extradata_length) == 0);
}

static void forget_streams(struct worker *w)
{
    ring_clear(&w->ring);
    for (size_t i = 0; i < w->stream_count; i++)
        free((void *)(uintptr_t)w->streams[i].extradata);
    w->stream_count = 0;
}

/* The ring stays when the camera came back as it was: a press just after that has its time before.
 * Pictures of other parameters cannot be in one clip with these. */
static int learn_streams(struct worker *w, struct err *e)
{
    struct camera_stream streams[CAMERA_STREAMS_MAX];
    size_t count = w->settings->driver->streams(w->camera, streams);
    bool same = count == w->stream_count;
    for (size_t i = 0; same && i < count; i++)
        same = is_same(&streams[i], &w->streams[i]);
    if (same)
        return 0;
    forget_streams(w);
    for (size_t i = 0; i < count; i++) {
        unsigned char *copy = malloc(streams[i].extradata_length + 1);
        if (!copy)
            return err_set(e, ENOMEM, "out of memory");
        if (streams[i].extradata_length > 0)
            memcpy(copy, streams[i].extradata, streams[i].extradata_length);
        streams[i].extradata = copy;
        w->streams[w->stream_count++] = streams[i];
    }
    return 0;
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
    recordings_resume(&w->recordings);
    result = learn_streams(w, e);
    w->keyframe_us = now_us();
    w->keyframe_seen = false;
    w->deadline_us = now_us() + PICTURE_LIMIT_US;
    while (result == 0 && !stop_asked && !w->supervisor_gone) {
        struct camera_unit *unit;
        result = driver->read(w->camera, &unit, e);
        if (result != 0)
            break;
        if (unit->stream == 0)
            w->deadline_us = now_us() + PICTURE_LIMIT_US;
        result = note_keyframe(w, unit, e);
        if (result == 0 && w->keyframe_seen) {
            if (!ring_add(&w->ring, unit))
                result = err_set(e, ENOMEM, "out of memory");
            recordings_unit(&w->recordings, unit, w->streams, w->stream_count);
        }
        camera_unit_unref(unit);
        tick(w);
    }
    w->deadline_us = now_us() + CLOSE_LIMIT_US;
    driver->close(w->camera);
    w->camera = NULL;
    recordings_interrupt(&w->recordings, now_us(), e->text);
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
    ring_init(&w->ring, settings->recording.pre_us + RING_MORE_US, settings->ring_bytes);
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
    }
    if (!w->supervisor_gone)
        take_commands(w); /* an alarm that was told just before the stop has its pictures, too */
    recordings_finish(&w->recordings);
    forget_streams(w);
    return 0;
}
