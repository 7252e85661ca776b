/* SPDX-License-Identifier: Apache-2.0 */
#include "video/supervisor.h"

#include <errno.h>
#include <libavformat/avformat.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "drivers/camera/cameras.h"
#include "drivers/camera/types.h"
#include "loop/service.h"
#include "video/shelf.h"
#include "video/worker.h"
#include "videolink/link.h"

#define SILENCE_MS     20000 /* a worker that says nothing for so long hangs: above its deadlines */
#define RESTART_BASE   1000
#define RESTART_CAP    60000
#define HEALTHY_MS     60000 /* after so long the back-off begins anew */
#define STOP_WAIT_MS   5000
#define PRUNE_MS       60000
#define TICK_MS        500
#define TROUBLE_MS     5000 /* between two looks at a password that cannot be read */
#define ALARMS_MAX     64
#define LINE_BYTES_MAX MESSAGE_LINE_MAX

struct supervisor;

/* What a worker sends, line by line. Freed when its handle has closed. */
struct channel {
    uv_pipe_t pipe;
    struct unit *unit; /* NULL once it was given up */
    char *buffer;
    size_t used, room;
};

/* One camera and its process. */
struct unit {
    struct supervisor *supervisor;
    struct config_camera *camera;
    pid_t pid; /* 0: none now */
    struct channel *channel;
    int64_t heard_ms, started_ms, due_ms;
    unsigned failures;
    unsigned restarts; /* of workers that are gone, and all that these told of */
    unsigned told;     /* by the worker that is there, of its sessions */
    struct message state;
};

struct supervisor {
    struct config *config;
    struct config *next; /* read at SIGHUP, in force once every worker has ended */
    uv_loop_t loop;
    struct service *service;
    struct link_server *link;
    struct shelf shelf;
    uv_signal_t terminate, interrupt, hangup, child;
    uv_timer_t tick;
    struct unit *units;
    size_t count;
    struct message alarms[ALARMS_MAX]; /* a ring of the newest, for workers that start again */
    size_t alarm_count;
    int64_t pruned_ms, stopping_ms;
    bool stopping;
};

static void send_to_worker(struct unit *u, const struct message *message)
{
    char *text = u->channel ? message_format(message) : NULL;
    if (!text)
        return;
    uv_buf_t buffer = uv_buf_init(text, (unsigned)strlen(text));
    /* Small and rare: what does not fit now is told again when the worker starts anew. */
    if (uv_try_write((uv_stream_t *)&u->channel->pipe, &buffer, 1) != (int)buffer.len)
        log_warning("video", "%s: the worker does not listen", u->camera->id);
    free(text);
}

static bool concerns(const struct message *alarm, const char *camera)
{
    for (size_t i = 0; i < alarm->alarm.camera_count; i++) {
        if (strcmp(alarm->alarm.cameras[i], camera) == 0)
            return true;
    }
    return false;
}

static void set_state(struct unit *u, enum message_camera_state state, const char *reason,
                      unsigned restarts)
{
    char text[sizeof u->state.camera.reason];
    snprintf(text, sizeof text, "%s", reason);
    encode_trim_utf8(text);
    bool news = u->state.camera.state != state || strcmp(u->state.camera.reason, text) != 0;
    bool counted = u->state.camera.restarts != restarts;
    u->state.camera.state = state;
    u->state.camera.restarts = restarts;
    memcpy(u->state.camera.reason, text, sizeof text);
    if (news)
        log_info("video", "%s: %s %s", u->camera->id, message_camera_state_name(state), text);
    if (news || counted)
        link_server_send(u->supervisor->link, &u->state);
}

/* Takes what is in `message`, or leaves it. */
static void take_clip(struct unit *u, struct message *message)
{
    struct supervisor *s = u->supervisor;
    char expected[400];
    snprintf(expected, sizeof expected, "%s/%s.mp4", s->shelf.folder, message->clip.id);
    /* A worker may be somebody else's by now: it names its own camera and its own folder. */
    if (strcmp(expected, message->clip.path) != 0 ||
        strcmp(message->clip.camera, u->camera->id) != 0) {
        log_error("video", "%s: a clip with a path or camera that is not its own", u->camera->id);
        return;
    }
    if (shelf_find(&s->shelf, message->clip.id))
        return;
    struct shelf_clip *clip = shelf_add(&s->shelf, message);
    message->clip.manifest = NULL;
    log_info("video", "%s: clip %s, %lld bytes", u->camera->id, clip->message.clip.id,
             (long long)clip->message.clip.length_bytes);
    link_server_send(s->link, &clip->message);
}

static void take_line(struct unit *u, const char *line, size_t length)
{
    struct message message;
    struct err e;
    u->heard_ms = clock_monotonic_ms();
    if (message_parse(line, length, &message, &e) != 0) {
        log_error("video", "%s: the worker says nonsense: %s", u->camera->id, e.text);
        if (u->pid) /* it may be gone already; 0 would be ourselves */
            kill(u->pid, SIGKILL);
    } else if (message.type == MESSAGE_CLIP) {
        take_clip(u, &message);
    } else if (message.type == MESSAGE_CAMERA) {
        u->told = message.camera.restarts;
        set_state(u, message.camera.state, message.camera.reason, u->restarts + u->told);
    }
    message_finish(&message);
}

static void on_allocate(uv_handle_t *handle, size_t wish, uv_buf_t *ret_buffer)
{
    struct channel *c = handle->data;
    (void)wish;
    if (c->used == c->room && c->room < LINE_BYTES_MAX) {
        size_t room = c->room ? c->room * 2 : 4096;
        char *grown = realloc(c->buffer, room);
        if (grown) {
            c->buffer = grown;
            c->room = room;
        }
    }
    *ret_buffer = uv_buf_init(c->buffer + c->used, (unsigned)(c->room - c->used));
}

static void free_channel(uv_handle_t *handle)
{
    struct channel *c = handle->data;
    free(c->buffer);
    free(c);
}

static void close_channel(struct unit *u)
{
    struct channel *c = u->channel;
    if (!c)
        return;
    u->channel = NULL;
    c->unit = NULL;
    uv_close((uv_handle_t *)&c->pipe, free_channel);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct channel *c = stream->data;
    (void)buffer;
    if (!c->unit)
        return;
    if (got < 0) {
        if (got == UV_ENOBUFS && c->unit->pid)
            kill(c->unit->pid, SIGKILL);
        close_channel(c->unit);
        return;
    }
    c->used += (size_t)got;
    char *start = c->buffer, *end;
    while ((end = memchr(start, '\n', c->used - (size_t)(start - c->buffer)))) {
        take_line(c->unit, start, (size_t)(end - start));
        start = end + 1;
    }
    c->used -= (size_t)(start - c->buffer);
    memmove(c->buffer, start, c->used);
}

static const struct camera_driver *driver_of(const struct config_camera *camera)
{
    const struct camera_driver *const *d = camera_drivers;
    while (*d && (*d)->type != camera->driver.type)
        d++;
    return *d;
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

/* In the child: everything of the supervisor's is left behind but the socket. */
static void become_worker(struct supervisor *s, struct unit *u, int socket, pid_t parent)
{
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    for (size_t i = 0; i < s->count; i++) {
        if (&s->units[i] != u)
            wipe_secrets(s->units[i].camera);
    }
    prctl(PR_SET_NAME, "tocsin-camera");
    if (socket > 3)
        close_range(3, (unsigned)socket - 1, 0);
    close_range((unsigned)socket + 1, ~0u, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGCHLD, SIG_DFL);
    const struct config_video *v = &s->config->video;
    struct worker_settings settings = {.id = u->camera->id,
                                       .driver = driver_of(u->camera),
                                       .options = u->camera->driver.options,
                                       .ring_bytes = (size_t)v->ring_bytes,
                                       .recording = {.folder = s->shelf.folder,
                                                     .camera = u->camera->id,
                                                     .pre_us = v->pre_event_ms * 1000,
                                                     .post_us = v->post_event_ms * 1000,
                                                     .part_us = v->part_ms * 1000}};
    _exit(worker_run(&settings, socket));
}

static void tell_open_alarms(struct unit *u)
{
    struct supervisor *s = u->supervisor;
    int64_t oldest_ms = clock_monotonic_ms() - s->config->video.post_event_ms;
    size_t kept = s->alarm_count < ALARMS_MAX ? s->alarm_count : ALARMS_MAX;
    for (size_t i = 0; i < kept; i++) {
        if (s->alarms[i].alarm.press_ms > oldest_ms && concerns(&s->alarms[i], u->camera->id))
            send_to_worker(u, &s->alarms[i]);
    }
}

static void on_recovered(void *arg, const struct shelf_clip *clip)
{
    struct supervisor *s = arg;
    link_server_send(s->link, &clip->message);
}

/* A camera in trouble has no worker; true once there is no trouble any more. */
static bool is_usable(struct unit *u)
{
    struct err e;
    struct config_driver *driver = &u->camera->driver;
    if (!driver->trouble)
        return true;
    if (config_read_again(driver, &e) == 0) {
        log_info("video", "%s: its secrets can be read now", u->camera->id);
        return true;
    }
    u->due_ms = clock_monotonic_ms() + TROUBLE_MS;
    set_state(u, MESSAGE_CAMERA_FAULT, e.text, u->restarts);
    return false;
}

static void start_worker(struct unit *u)
{
    struct supervisor *s = u->supervisor;
    int pair[2];
    struct channel *c = calloc(1, sizeof *c);
    /* The one before is gone and all that it said was read. */
    shelf_recover(&s->shelf, u->camera->id, on_recovered, s);
    if (!c || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        free(c);
        u->due_ms = clock_monotonic_ms() + RESTART_CAP;
        return;
    }
    fflush(NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(pair[0]);
        become_worker(s, u, pair[1], parent);
    }
    close(pair[1]);
    u->started_ms = u->heard_ms = clock_monotonic_ms();
    if (pid < 0) {
        close(pair[0]);
        free(c);
        u->due_ms = u->started_ms + RESTART_CAP;
        return;
    }
    u->pid = pid;
    u->channel = c;
    c->unit = u;
    uv_pipe_init(&s->loop, &c->pipe, 0);
    c->pipe.data = c;
    uv_pipe_open(&c->pipe, pair[0]);
    uv_read_start((uv_stream_t *)&c->pipe, on_allocate, on_read);
    tell_open_alarms(u);
}

static void on_worker_end(struct unit *u, int status)
{
    struct supervisor *s = u->supervisor;
    char reason[128];
    uint32_t random;
    int64_t now_ms = clock_monotonic_ms();
    u->pid = 0;
    if (s->stopping || s->next)
        return; /* what it could not finish is recovered at the next start */
    if (WIFSIGNALED(status))
        snprintf(reason, sizeof reason, "the camera's worker was ended by signal %d (%s)",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        snprintf(reason, sizeof reason, "the camera's worker ended with status %d",
                 WEXITSTATUS(status));
    u->failures = now_ms - u->started_ms > HEALTHY_MS ? 1 : u->failures + 1;
    u->restarts += u->told + 1;
    u->told = 0;
    uuid_random(&random, sizeof random);
    u->due_ms =
        now_ms + RESTART_BASE + backoff_delay_ms(u->failures, RESTART_BASE, RESTART_CAP, random);
    set_state(u, MESSAGE_CAMERA_FAULT, reason, u->restarts);
}

static void on_child(uv_signal_t *signal, int number)
{
    struct supervisor *s = signal->data;
    int status;
    (void)number;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        for (size_t i = 0; i < s->count; i++) {
            if (s->units[i].pid == pid)
                on_worker_end(&s->units[i], status);
        }
    }
}

static void on_up(void *arg)
{
    struct supervisor *s = arg;
    log_info("video", "tocsind is connected");
    for (size_t i = 0; i < s->count; i++)
        link_server_send(s->link, &s->units[i].state);
    for (const struct shelf_clip *c = s->shelf.first; c; c = c->next) {
        if (!c->done)
            link_server_send(s->link, &c->message);
    }
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
        s->alarms[s->alarm_count++ % ALARMS_MAX] = *message;
        for (size_t i = 0; i < s->count; i++) {
            if (concerns(message, s->units[i].camera->id))
                send_to_worker(&s->units[i], message);
        }
        break;
    case MESSAGE_CLIP_STORED:
        if ((clip = shelf_find(&s->shelf, message->word_of)))
            shelf_mark(&s->shelf, clip, true, clip->done);
        break;
    case MESSAGE_CLIP_DONE:
        if ((clip = shelf_find(&s->shelf, message->word_of)))
            shelf_mark(&s->shelf, clip, true, true);
        break;
    case MESSAGE_CAMERA:
    case MESSAGE_CLIP:
        break; /* ours to say */
    }
}

static void kill_workers(struct supervisor *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->units[i].pid)
            kill(s->units[i].pid, SIGKILL);
    }
}

static void close_all(struct supervisor *s)
{
    kill_workers(s);
    for (size_t i = 0; i < s->count; i++)
        close_channel(&s->units[i]);
    service_close(s->service);
    link_server_close(s->link);
    uv_close((uv_handle_t *)&s->terminate, NULL);
    uv_close((uv_handle_t *)&s->interrupt, NULL);
    uv_close((uv_handle_t *)&s->hangup, NULL);
    uv_close((uv_handle_t *)&s->child, NULL);
    uv_close((uv_handle_t *)&s->tick, NULL);
}

/* A unit for each camera of the configuration; their workers start at the next tick. */
static int make_units(struct supervisor *s, struct err *e)
{
    struct unit *units = calloc(s->config->camera_count + 1, sizeof *units);
    if (!units)
        return err_set(e, ENOMEM, "out of memory");
    free(s->units);
    s->units = units;
    s->count = s->config->camera_count;
    for (size_t i = 0; i < s->count; i++) {
        struct unit *u = &units[i];
        u->supervisor = s;
        u->camera = &s->config->cameras[i];
        u->state = (struct message){.type = MESSAGE_CAMERA,
                                    .camera = {.state = MESSAGE_CAMERA_CONNECTING}};
        snprintf(u->state.camera.id, sizeof u->state.camera.id, "%s", u->camera->id);
        snprintf(u->state.camera.reason, sizeof u->state.camera.reason, "starting");
    }
    return 0;
}

static void end_workers(struct supervisor *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->units[i].pid)
            kill(s->units[i].pid, SIGTERM); /* it ends its clips and says so */
    }
}

static void print_problem(void *arg, const char *line)
{
    (void)arg;
    log_error("config", "%s", line);
}

/* A good file replaces the cameras; a bad one changes nothing. */
static void on_hangup(uv_signal_t *signal, int number)
{
    struct supervisor *s = signal->data;
    /* Who changed the file is there to mend it; a password may have to wait all the same. */
    static const struct config_drivers drivers = {.cameras = camera_types,
                                                  .secrets_may_wait = true};
    struct config *next;
    struct err e;
    (void)number;
    if (s->stopping || s->next)
        return;
    service_reloading(s->service);
    if (config_load(s->config->path, &drivers, print_problem, NULL, &next, &e) != 0) {
        log_error("config", "%s; the old configuration stays in force", e.text);
        service_ready(s->service);
        return;
    }
    log_info("video", "reading the configuration again");
    s->next = next;
    s->stopping_ms = clock_monotonic_ms();
    end_workers(s);
}

/* Every worker has ended: the new cameras begin. */
static void take_config(struct supervisor *s)
{
    struct config *old = s->config;
    struct err e;
    s->config = s->next;
    if (make_units(s, &e) != 0) {
        log_error("video", "%s", e.text);
        s->config = old;
        return;
    }
    s->next = NULL;
    if (strcmp(old->video.socket, s->config->video.socket) != 0 ||
        strcmp(old->video.dir, s->config->video.dir) != 0)
        log_warning("video", "video.socket and video.dir change only with a restart");
    config_destroy(old);
    service_ready(s->service);
    log_info("video", "ready: %zu cameras", s->count);
}

static void on_stop(uv_signal_t *signal, int number)
{
    struct supervisor *s = signal->data;
    if (s->stopping)
        return;
    log_info("video", "stopping: %s", strsignal(number));
    s->stopping = true;
    s->stopping_ms = clock_monotonic_ms();
    end_workers(s);
}

static bool any_running(const struct supervisor *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->units[i].pid || s->units[i].channel)
            return true;
    }
    return false;
}

static void on_tick(uv_timer_t *timer)
{
    struct supervisor *s = timer->data;
    int64_t now_ms = clock_monotonic_ms();
    if (s->stopping) {
        if (!any_running(s) || now_ms - s->stopping_ms > STOP_WAIT_MS)
            close_all(s);
        return;
    }
    if (s->next) {
        if (!any_running(s))
            take_config(s);
        else if (now_ms - s->stopping_ms > STOP_WAIT_MS)
            kill_workers(s);
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        struct unit *u = &s->units[i];
        if (!u->pid && u->due_ms <= now_ms && !u->channel) {
            if (is_usable(u))
                start_worker(u);
        } else if (u->pid && now_ms - u->heard_ms > SILENCE_MS) {
            log_error("video", "%s: the worker hangs: killed", u->camera->id);
            u->heard_ms = now_ms;
            kill(u->pid, SIGKILL);
        }
    }
    if (now_ms - s->pruned_ms > PRUNE_MS) {
        s->pruned_ms = now_ms;
        shelf_prune(&s->shelf, s->config->video.keep_clips_ms, s->config->video.keep_clips_bytes);
    }
}

static void watch_signal(struct supervisor *s, uv_signal_t *signal, int number,
                         uv_signal_cb handler)
{
    uv_signal_init(&s->loop, signal);
    signal->data = s;
    uv_signal_start(signal, handler, number);
}

int supervisor_run(struct config *config, struct err *e)
{
    struct supervisor *s = calloc(1, sizeof *s);
    if (!s) {
        config_destroy(config);
        return err_set(e, ENOMEM, "out of memory");
    }
    s->config = config;
    int result = shelf_open(&s->shelf, config->video.dir, e);
    if (result != 0)
        goto out;
    /* Loaded and started before the forks, so that workers share the pages. */
    avformat_network_init();
    result = make_units(s, e);
    if (result != 0)
        goto out;
    uv_loop_init(&s->loop);
    struct link_handlers handlers = {
        .on_up = on_up, .on_down = on_down, .on_message = on_message, .arg = s};
    result = link_server_create(&s->loop, config->video.socket, &handlers, &s->link, e);
    if (result != 0) {
        uv_run(&s->loop, UV_RUN_DEFAULT);
        uv_loop_close(&s->loop);
        goto out;
    }
    signal(SIGPIPE, SIG_IGN);
    watch_signal(s, &s->terminate, SIGTERM, on_stop);
    watch_signal(s, &s->interrupt, SIGINT, on_stop);
    watch_signal(s, &s->hangup, SIGHUP, on_hangup);
    watch_signal(s, &s->child, SIGCHLD, on_child);
    uv_timer_init(&s->loop, &s->tick);
    s->tick.data = s;
    uv_timer_start(&s->tick, on_tick, 0, TICK_MS);
    service_create(&s->loop, &s->service, e);
    service_ready(s->service);
    log_info("video", "ready: %zu cameras", s->count);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    log_info("video", "stopped");
out:
    shelf_close(&s->shelf);
    config_destroy(s->config);
    config_destroy(s->next);
    free(s->units);
    free(s);
    return result;
}
