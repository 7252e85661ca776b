/* SPDX-License-Identifier: Apache-2.0 */
#include "video/session.h"

#include <stdio.h>
#include <string.h>

#include "base/backoff.h"
#include "base/encode.h"

#define NO_KEYFRAME "no keyframe for 30 s: switch off the camera's dynamic GOP (H.264+, H.265+)"

static void say(struct session *s, enum message_camera_state state, const char *reason)
{
    s->state = state;
    encode_copy_utf8(s->reason, sizeof s->reason, reason);
}

void session_init(struct session *s, int64_t now_us)
{
    *s = (struct session){.phase = SESSION_WAITING, .due_us = now_us, .close_us = now_us};
    say(s, MESSAGE_CAMERA_CONNECTING, "");
}

bool session_is_due(const struct session *s, int64_t now_us)
{
    return s->phase == SESSION_WAITING && now_us >= s->due_us;
}

/* Doubled with each failure until it is at least `cap_us`. */
static int64_t longer(const struct session *s, int64_t limit_us, int64_t cap_us)
{
    for (unsigned i = 0; i < s->failures && limit_us < cap_us; i++)
        limit_us *= 2;
    return limit_us;
}

void session_open(struct session *s, int64_t now_us)
{
    s->phase = SESSION_OPENING;
    s->due_us = now_us + longer(s, SESSION_OPEN_US, SESSION_OPEN_CAP_US);
    s->keyframe_seen = false;
}

void session_streams(struct session *s, int64_t now_us)
{
    s->phase = SESSION_PLAYING;
    s->due_us = now_us + SESSION_PICTURE_US;
    s->keyframe_us = now_us;
}

bool session_unit(struct session *s, bool picture, bool key, int64_t now_us)
{
    if (picture)
        s->due_us = now_us + SESSION_PICTURE_US;
    if (picture && key) {
        s->keyframe_us = now_us;
        s->keyframe_seen = true;
        s->failures = 0;
        say(s, MESSAGE_CAMERA_ONLINE, "");
    }
    return s->keyframe_seen;
}

const char *session_tick(struct session *s, int64_t now_us)
{
    static const char *const silent[] = {
        [SESSION_OPENING] = "no answer in time: check address and port",
        [SESSION_PLAYING] = "no picture for 10 s",
    };
    if (s->phase == SESSION_WAITING)
        return NULL;
    if (now_us > s->due_us)
        return silent[s->phase];
    if (s->phase == SESSION_OPENING)
        return NULL;
    int64_t first_us = longer(s, SESSION_FIRST_KEYFRAME_US, SESSION_KEYFRAME_CAP_US);
    if (!s->keyframe_seen && now_us - s->keyframe_us > first_us)
        return "pictures, but no keyframe: switch off the camera's dynamic GOP (H.264+, H.265+)";
    if (s->keyframe_seen && now_us - s->keyframe_us > SESSION_KEYFRAME_WARN_US)
        say(s, MESSAGE_CAMERA_FAULT, NO_KEYFRAME);
    return NULL;
}

void session_end(struct session *s, const char *reason, int64_t now_us, uint32_t random)
{
    s->phase = SESSION_WAITING;
    s->close_us = now_us + SESSION_CLOSE_US;
    s->restarts++;
    s->failures++;
    say(s, MESSAGE_CAMERA_FAULT, reason);
    int64_t wait_ms = SESSION_RETRY_BASE_MS + backoff_delay_ms(s->failures, SESSION_RETRY_BASE_MS,
                                                               SESSION_RETRY_CAP_MS, random);
    s->due_us = now_us + wait_ms * 1000;
}

bool session_is_late(const struct session *s, int64_t now_us)
{
    return now_us > (s->phase == SESSION_WAITING ? s->close_us : s->due_us);
}
