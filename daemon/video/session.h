/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of one camera: when it is opened, when it is given up, when it is tried again, and
 * what is said of it meanwhile. Knows no driver, no clock and no socket: the caller tells what
 * happened and at which time (CLOCK_MONOTONIC, µs), and asks what is due.
 *
 *                 due                streams known
 *     WAITING ──────────▶ OPENING ──────────────────▶ PLAYING
 *        ▲                   │ an error, or 15 to 60 s   │ an error; 10 s without a picture;
 *        │                   │                           │ no first keyframe within its time
 *        └── back-off ───────┴───────────────────────────┘
 *
 * A camera that is slow to answer (or whose gateway is busy) gets longer with each try, up to a
 * minute: cut off at the same point for ever it would never be online.
 *
 * A camera that sends pictures without a keyframe for long (a smart codec) is a fault but keeps its
 * session; one that never sent any gets twice as long with each try. Pure; any thread its own.
 */
#ifndef TOCSIN_VIDEO_SESSION_H
#define TOCSIN_VIDEO_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "iface/limits.h"
#include "videolink/message.h"

#define SESSION_OPEN_US INT64_C(15000000) /* connect, and learn the streams: doubled with … */
#define SESSION_OPEN_CAP_US                                                                        \
    (INT64_C(1000) * LIMIT_CAMERA_OPEN_MS) /* … each try that came to nothing, up to this */
#define SESSION_PICTURE_US        INT64_C(10000000) /* without a picture: the session is dead */
#define SESSION_FIRST_KEYFRAME_US INT64_C(20000000) /* doubled with each try … */
#define SESSION_KEYFRAME_CAP_US                                                                    \
    (INT64_C(1000) * LIMIT_CAMERA_KEYFRAME_MS) /* … until it is at least this */
#define SESSION_KEYFRAME_WARN_US INT64_C(30000000)
#define SESSION_CLOSE_US         INT64_C(2000000) /* to say good-bye */
#define SESSION_RETRY_BASE_MS    1000
#define SESSION_RETRY_CAP_MS     LIMIT_CAMERA_RETRY_MS

enum session_phase {
    SESSION_WAITING,
    SESSION_OPENING,
    SESSION_PLAYING,
};

struct session {
    enum session_phase phase;
    int64_t due_us;      /* WAITING: the next try; else: given up if nothing happens until then */
    int64_t close_us;    /* closing must have ended by then */
    int64_t keyframe_us; /* of the newest one; before the first: of the session's begin */
    bool keyframe_seen;  /* in this session */
    unsigned failures;   /* since the last keyframe */
    /* What is said of the camera. */
    unsigned restarts; /* sessions that ended */
    enum message_camera_state state;
    char reason[sizeof((struct message_camera *)0)->reason];
};

void session_init(struct session *s, int64_t now_us);

/* Whether the camera is to be opened now; then session_open, and open it. */
bool session_is_due(const struct session *s, int64_t now_us);
void session_open(struct session *s, int64_t now_us);

/* The driver knows the streams: from now on pictures are expected. */
void session_streams(struct session *s, int64_t now_us);

/* A unit came. False: it is of no use, since nothing can be decoded yet. */
bool session_unit(struct session *s, bool picture, bool key, int64_t now_us);

/* Time goes on. NULL, or why the session must be ended now; the text lives until the next call. */
const char *session_tick(struct session *s, int64_t now_us);

/* It has ended, whoever ended it. `random` is any 32 random bits. */
void session_end(struct session *s, const char *reason, int64_t now_us, uint32_t random);

/* Whether a call of the driver that blocks must give up now: its deadline is over. */
bool session_is_late(const struct session *s, int64_t now_us);

#endif
