/* SPDX-License-Identifier: Apache-2.0 */
#include "video/clips.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define TICK_MS 200 /* how often time goes on for the recordings while nothing comes */

enum job_kind {
    JOB_STREAMS,
    JOB_UNIT,
    JOB_GAP,
    JOB_PRESS,
    JOB_FINISH,
};

struct press {
    char alarm[UUID_TEXT_SIZE];
    int64_t press_us, now_us;
    struct ring ring;
};

struct gap {
    int64_t from_us;
    char why[RECORDING_WHY_SIZE];
};

/* What the thread is to do next, in order. */
struct job {
    STAILQ_ENTRY(job) link;
    enum job_kind kind;
    size_t bytes; /* that it keeps in memory: of units, or of a ring beside those of others */
    union {
        struct feed *streams; /* a feed without sinks: their copy */
        struct camera_unit *unit;
        struct gap gap;
        struct press press;
    };
};

struct done {
    STAILQ_ENTRY(done) link;
    struct message message;
};

STAILQ_HEAD(job_list, job);
STAILQ_HEAD(done_list, done);

struct clips {
    struct clips_settings settings;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool started;
    struct job_list jobs;
    size_t unit_bytes;  /* of all units that wait, and of the one that is being written */
    size_t press_bytes; /* likewise of the presses' rings: what two of them have is there once */
    const struct camera_unit *newest; /* of the newest of these rings; NULL: there is none */
    struct done_list done;
    /* The thread's own. */
    struct recordings recordings;
    struct feed *streams;
};

/* --- The thread ---------------------------------------------------------------------------- */

static int64_t now_us(void)
{
    return clock_monotonic_ns() / 1000;
}

static void on_done(void *arg, struct message *message)
{
    struct clips *c = arg;
    struct done *done = calloc(1, sizeof *done);
    if (!done)
        abort(); /* the supervisor finds the clip by its journal */
    done->message = *message;
    pthread_mutex_lock(&c->lock);
    STAILQ_INSERT_TAIL(&c->done, done, link);
    pthread_mutex_unlock(&c->lock);
}

/* The next job; NULL when there was none for a while. */
static struct job *wait_for_job(struct clips *c)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&c->lock);
    for (int result = 0; STAILQ_EMPTY(&c->jobs) && result != ETIMEDOUT;)
        result = pthread_cond_timedwait(&c->changed, &c->lock, &until);
    struct job *job = STAILQ_FIRST(&c->jobs);
    if (job)
        STAILQ_REMOVE_HEAD(&c->jobs, link);
    pthread_mutex_unlock(&c->lock);
    return job;
}

static void free_streams(struct feed *streams)
{
    if (streams)
        feed_finish(streams);
    free(streams);
}

static void take_streams(struct clips *c, struct feed *streams)
{
    recordings_streams(&c->recordings, streams->streams, streams->stream_count);
    free_streams(c->streams);
    c->streams = streams;
}

static void run_job(struct clips *c, struct job *job)
{
    switch (job->kind) {
    case JOB_STREAMS:
        take_streams(c, job->streams);
        break;
    case JOB_UNIT:
        recordings_unit(&c->recordings, job->unit);
        camera_unit_unref(job->unit);
        break;
    case JOB_GAP:
        recordings_gap(&c->recordings, job->gap.from_us, job->gap.why);
        break;
    case JOB_PRESS:
        recordings_press(&c->recordings, job->press.alarm, job->press.press_us, job->press.now_us,
                         &job->press.ring);
        break;
    case JOB_FINISH:
        recordings_finish(&c->recordings);
        break;
    }
}

/* A ring is given back; what the next one shared with it is that one's now. Locked. */
static void end_press(struct clips *c, const struct job *job)
{
    struct job *next;
    c->press_bytes -= job->bytes;
    STAILQ_FOREACH(next, &c->jobs, link)
    {
        if (next->kind == JOB_PRESS && next->press.ring.bytes > 0)
            break;
    }
    if (next) {
        c->press_bytes += next->press.ring.bytes - next->bytes;
        next->bytes = next->press.ring.bytes;
    } else {
        c->newest = NULL;
    }
}

/* True once nothing waits any more. */
static bool end_job(struct clips *c, struct job *job)
{
    pthread_mutex_lock(&c->lock);
    if (job->kind == JOB_UNIT)
        c->unit_bytes -= job->bytes;
    else if (job->kind == JOB_PRESS && job->press.ring.bytes > 0)
        end_press(c, job);
    bool idle = STAILQ_EMPTY(&c->jobs);
    pthread_mutex_unlock(&c->lock);
    if (job->kind == JOB_PRESS)
        ring_clear(&job->press.ring); /* not before: the other thread knows units by address */
    free(job);
    return idle;
}

static void *run(void *arg)
{
    struct clips *c = arg;
    pthread_mutex_lock(&c->lock);
    c->started = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    for (bool finished = false; !finished;) {
        struct job *job = wait_for_job(c);
        bool idle = true;
        if (job) {
            finished = job->kind == JOB_FINISH;
            run_job(c, job);
            idle = end_job(c, job);
        }
        /* While pictures wait for the disk their time is not over. */
        if (idle)
            recordings_tick(&c->recordings, now_us());
    }
    return NULL;
}

/* --- The feed's side ----------------------------------------------------------------------- */

/* Takes the job. */
static void put_job(struct clips *c, struct job *job)
{
    pthread_mutex_lock(&c->lock);
    STAILQ_INSERT_TAIL(&c->jobs, job, link);
    if (job->kind == JOB_UNIT)
        c->unit_bytes += job->bytes;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static size_t unit_bytes(struct clips *c)
{
    pthread_mutex_lock(&c->lock);
    size_t bytes = c->unit_bytes;
    pthread_mutex_unlock(&c->lock);
    return bytes;
}

/* Rare and small: without memory for it this process is of no use, and is started again. */
static struct job *need_job(enum job_kind kind)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        abort();
    job->kind = kind;
    return job;
}

static void on_streams(void *self, const struct camera_stream *streams, size_t count)
{
    struct job *job = need_job(JOB_STREAMS);
    struct err e;
    job->streams = calloc(1, sizeof *job->streams);
    if (!job->streams || feed_streams(job->streams, streams, count, &e) != 0)
        abort();
    put_job(self, job);
}

static bool on_unit(void *self, struct camera_unit *unit)
{
    struct clips *c = self;
    if (unit_bytes(c) + unit->length > c->settings.room_bytes)
        return false;
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return false;
    job->kind = JOB_UNIT;
    job->bytes = unit->length;
    job->unit = camera_unit_ref(unit);
    put_job(c, job);
    return true;
}

static void on_gap(void *self, int64_t from_us, const char *why)
{
    struct job *job = need_job(JOB_GAP);
    job->gap.from_us = from_us;
    snprintf(job->gap.why, sizeof job->gap.why, "%s", why);
    put_job(self, job);
}

/* What a copy of the ring would keep beside the rings of the presses that still wait. Locked. */
static size_t added_bytes(const struct clips *c, const struct ring *ring)
{
    size_t bytes = 0;
    const struct ring_entry *entry;
    TAILQ_FOREACH_REVERSE(entry, &ring->entries, ring_list, link)
    {
        if (entry->unit == c->newest)
            break;
        bytes += entry->unit->length;
    }
    return bytes;
}

/* The camera's memory as it is now, if there is room: for one whole ring, and for what came since
 * as much as for units. Many presses at a disk that stands still must not keep many rings. */
static void keep_ring(struct clips *c, struct job *job, const struct ring *ring)
{
    ring_init(&job->press.ring, 0, 0);
    pthread_mutex_lock(&c->lock);
    size_t added = added_bytes(c, ring);
    if (c->press_bytes + added <= ring->max_bytes + c->settings.room_bytes) {
        ring_copy(ring, &job->press.ring);
        job->bytes = added;
    }
    if (job->press.ring.bytes > 0) {
        c->press_bytes += added;
        c->newest = TAILQ_LAST(&job->press.ring.entries, ring_list)->unit;
    }
    pthread_mutex_unlock(&c->lock);
}

void clips_press(struct clips *c, const char *alarm, int64_t press_us, const struct ring *ring)
{
    struct job *job = need_job(JOB_PRESS);
    snprintf(job->press.alarm, sizeof job->press.alarm, "%s", alarm);
    job->press.press_us = press_us;
    job->press.now_us = now_us();
    keep_ring(c, job, ring);
    put_job(c, job);
}

void clips_poll(struct clips *c)
{
    struct done_list done = STAILQ_HEAD_INITIALIZER(done);
    pthread_mutex_lock(&c->lock);
    STAILQ_CONCAT(&done, &c->done);
    pthread_mutex_unlock(&c->lock);
    for (struct done *one; (one = STAILQ_FIRST(&done));) {
        STAILQ_REMOVE_HEAD(&done, link);
        c->settings.on_done(c->settings.arg, &one->message);
        free(one);
    }
}

static int start_thread(struct clips *c)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the other thread's */
    int code = pthread_create(&c->thread, NULL, run, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0)
        return code;
    /* A thread that starts makes calls that the sandbox refuses later. */
    pthread_mutex_lock(&c->lock);
    while (!c->started)
        pthread_cond_wait(&c->changed, &c->lock);
    pthread_mutex_unlock(&c->lock);
    return 0;
}

int clips_create(const struct clips_settings *settings, struct clips **ret_clips, struct err *e)
{
    struct clips *c = calloc(1, sizeof *c);
    pthread_condattr_t attributes;
    if (!c)
        return err_set(e, ENOMEM, "out of memory");
    c->settings = *settings;
    recordings_init(&c->recordings, &settings->recording, on_done, c);
    STAILQ_INIT(&c->jobs);
    STAILQ_INIT(&c->done);
    pthread_mutex_init(&c->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&c->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    int code = start_thread(c);
    if (code != 0) {
        free(c);
        return err_system(e, code, "the clips' thread");
    }
    *ret_clips = c;
    return 0;
}

struct feed_sink clips_sink(struct clips *c)
{
    return (struct feed_sink){
        .name = "clips", .on_streams = on_streams, .on_unit = on_unit, .on_gap = on_gap, .self = c};
}

void clips_finish(struct clips *c)
{
    if (!c)
        return;
    put_job(c, need_job(JOB_FINISH));
    pthread_join(c->thread, NULL);
    clips_poll(c);
    free_streams(c->streams);
    pthread_cond_destroy(&c->changed);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
