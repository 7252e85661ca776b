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

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "video/sandbox.h"
#include "video/session.h"
#include "videolink/message.h"

#define RING_MORE_US   10000000 /* beside the pre-event time: an alarm may be told late */
#define BEAT_US        1000000
#define TICK_US        50000
#define MEMORY_BYTES   (512u << 20) /* beside the ring */
#define LINE_MAX_BYTES 16384

struct worker {
    const struct worker_settings *settings;
    int socket;
    bool supervisor_gone;
    struct camera *camera;
    struct camera_stream streams[CAMERA_STREAMS_MAX]; /* their extradata is ours */
    size_t stream_count;
    struct ring ring; /* outlives a session, if the next has the same streams */
    struct recordings recordings;
    struct session session;
    struct message told; /* what the supervisor heard last */
    int64_t ticked_us, beaten_us;
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
    tell_state(w, now);
}

static int on_wait(void *arg)
{
    struct worker *w = arg;
    tick(w);
    return stop_asked || w->supervisor_gone || session_is_late(&w->session, now_us());
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

static int take_unit(struct worker *w, struct camera_unit *unit, struct err *e)
{
    if (!session_unit(&w->session, unit->stream == 0, unit->key, now_us()))
        return 0;
    if (!ring_add(&w->ring, unit))
        return err_set(e, ENOMEM, "out of memory");
    recordings_unit(&w->recordings, unit, w->streams, w->stream_count);
    return 0;
}

static bool is_wanted(const struct worker *w)
{
    return !stop_asked && !w->supervisor_gone;
}

/* Pictures until something ends that. */
static int play(struct worker *w, struct err *e)
{
    int result = learn_streams(w, e);
    session_streams(&w->session, now_us());
    while (result == 0 && is_wanted(w)) {
        struct camera_unit *unit;
        result = w->settings->driver->read(w->camera, &unit, e);
        if (result == 0) {
            result = take_unit(w, unit, e);
            camera_unit_unref(unit);
        }
        const char *verdict = session_tick(&w->session, now_us());
        if (verdict)
            result = err_set(e, ETIMEDOUT, "%s", verdict);
        tick(w);
    }
    return result;
}

/* One session: from connect to the first error. */
static void run_session(struct worker *w)
{
    const struct camera_driver *driver = w->settings->driver;
    struct camera_host host = {.on_wait = on_wait, .arg = w};
    struct err e = {.text = "stopped"};
    uint32_t random;
    session_open(&w->session, now_us());
    int result = driver->open(w->settings->options, &host, &w->camera, &e);
    if (result == 0) {
        recordings_resume(&w->recordings);
        play(w, &e);
    }
    uuid_random(&random, sizeof random);
    session_end(&w->session, e.text, now_us(), random);
    if (result == 0) {
        driver->close(w->camera);
        w->camera = NULL;
        recordings_interrupt(&w->recordings, now_us(), e.text);
    }
}

static void pause_until_due(struct worker *w)
{
    struct pollfd readable = {.fd = w->socket, .events = POLLIN};
    while (is_wanted(w) && !session_is_due(&w->session, now_us())) {
        poll(&readable, 1, TICK_US / 1000);
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
    session_init(&w->session, now_us());
    w->told = (struct message){.type = MESSAGE_CAMERA, .camera = {.restarts = 0}};
    snprintf(w->told.camera.id, sizeof w->told.camera.id, "%s", settings->id);
    while (is_wanted(w)) {
        run_session(w);
        if (!is_wanted(w))
            break;
        log_warning("worker", "%s: %s", settings->id, w->session.reason);
        pause_until_due(w);
    }
    if (!w->supervisor_gone)
        take_commands(w); /* an alarm that was told just before the stop has its pictures, too */
    recordings_finish(&w->recordings);
    forget_streams(w);
    return 0;
}
