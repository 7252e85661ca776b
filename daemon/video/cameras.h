/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cameras of the configuration: a process (process.h) each, what is said of each, and what each
 * has finished. Part of the supervisor; loop thread only.
 */
#ifndef TOCSIN_VIDEO_CAMERAS_H
#define TOCSIN_VIDEO_CAMERAS_H

#include "iface/limits.h"
#include "video/process.h"
#include "video/section/cameras.h"
#include "video/section/video.h"
#include "video/shelf.h"
#include "video/worker.h"
#include "videolink/link.h"

#define CAMERAS_ALARMS_MAX LIMIT_CAMERA_ALARMS
#define CAMERAS_TICK_MS    500

/* What runs in a camera's process; returns its exit status. */
typedef int (*cameras_worker)(const struct worker_settings *settings, int socket);

struct supervised;

struct cameras {
    uv_loop_t *loop;
    cameras_worker worker;
    struct shelf *shelf;
    struct link_server *link;         /* states and clips go there; NULL: not to be had now */
    const struct config_video *video; /* borrowed */
    struct supervised *items;
    size_t count;
    /* Those pressed last, each once: for processes that start, and to know a clip's alarm by. */
    struct message *alarms; /* CAMERAS_ALARMS_MAX; NULL before the first */
    size_t alarm_count;
    int64_t ticked_ms; /* 0: never */
    size_t wanted;     /* clips that tocsind has asked for, and was not told */
    bool ending;       /* no process is started, and what ends is no fault */
    char lacking[300]; /* why none can be started, the state of each; "": nothing */
    bool full;         /* there is no room for a clip: none is begun */
};

/* Those of `config`, in the place of those before, which have ended; they start at the next tick.
 * Both stay borrowed; of `config` only secrets that are read again change. */
int cameras_open(struct cameras *c, struct config_cameras *config, const struct config_video *video,
                 struct err *e);

/* None is started from now on, and each that does not run says why; NULL: they are. Those that run
 * go on. */
void cameras_hold(struct cameras *c, const char *why);

/* To the processes of all that run. */
void cameras_signal(struct cameras *c, int number);

/* Starts what is due and kills what hangs. To be called every CAMERAS_TICK_MS: by how much it is
 * late, so long nobody listened to the cameras' processes. */
void cameras_tick(struct cameras *c, int64_t now_ms);

/* A child of this process has ended. */
void cameras_reaped(struct cameras *c, pid_t pid, int status);

/* A press, for the cameras that it concerns; kept for later while there is no room for clips. */
void cameras_alarm(struct cameras *c, const struct message *alarm);

/* Whether there is no room for a clip now. What goes on is not ended by that; when there is room
 * again, a press that is not long ago gets what a camera still has of it. */
void cameras_set_full(struct cameras *c, bool full);

/* Says the state of each, and has each clip told that is still wanted: after every connect. */
void cameras_tell(struct cameras *c);
/* Has each clip told that is still wanted. */
void cameras_tell_clips(struct cameras *c);

/* tocsind asks for one more clip. */
void cameras_want_clip(struct cameras *c);

/* Says the next clip, if one is asked for and all that was said is written: alarms and states do
 * not wait for many. */
void cameras_tell_next(struct cameras *c);

/* Asks each to end what it writes and to stop; later, if need be, less politely. */
void cameras_end(struct cameras *c, int signal);
bool cameras_have_ended(const struct cameras *c);

/* Kills what is left, and forgets all. */
void cameras_finish(struct cameras *c);

#endif
