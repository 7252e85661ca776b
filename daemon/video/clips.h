/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clips of one camera, as a sink of its feed. A thread of its own writes them (recording.h): a
 * disk that stands still delays neither the camera nor the ring nor the worker's heartbeat. What
 * waits for the disk is bounded in bytes; beyond that the sink has no room, and the clips say so as
 * a gap. The ring of a press counts apart: it is the camera's memory, and as large as that may be.
 *
 * All calls from the thread that created it; the thread of the clips is seen by nobody.
 */
#ifndef TOCSIN_VIDEO_CLIPS_H
#define TOCSIN_VIDEO_CLIPS_H

#include "video/recording.h"

struct clips_settings {
    struct recording_settings recording;
    size_t room_bytes; /* of units that wait to be written; of presses' rings beside a whole one */
    /* Called from clips_poll and clips_finish with each part that is finished; takes the message.
     */
    recording_done_handler on_done;
    void *arg;
};

struct clips;

/* Starts the thread, which is running when this returns. What the settings point to must outlive
 * it. */
int clips_create(const struct clips_settings *settings, struct clips **ret_clips, struct err *e);

struct feed_sink clips_sink(struct clips *c);

/* A press; `ring` holds all that the sink was given so far, and is copied. */
void clips_press(struct clips *c, const char *alarm, int64_t press_us, const struct ring *ring);

/* Hands out what was finished since the last call. */
void clips_poll(struct clips *c);

/* Ends what is being written, waits for the thread, hands out the rest, frees. NULL is accepted. */
void clips_finish(struct clips *c);

#endif
