/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clip of one alarm at one camera, in parts: part 1 is what the ring holds of the time before
 * the press (ready at once), then parts of `part_us`, until `post_us` after the last press. The
 * part after the first begins at the newest keyframe, so that the two overlap by less than one
 * group. Pictures that are missing for more than GAP end a part; the next one names the gap.
 * One thread; writing blocks.
 */
#ifndef TOCSIN_VIDEO_RECORDING_H
#define TOCSIN_VIDEO_RECORDING_H

#include "base/uuid.h"
#include "video/clip.h"
#include "video/ring.h"

struct recording_settings {
    const char *folder;
    const char *camera;
    int64_t pre_us, post_us, part_us;
};

/* A finished part; the handler takes the message (message_finish). */
typedef void (*recording_done_handler)(void *arg, struct message *message);

struct recording {
    struct recording *next;
    char alarm[UUID_TEXT_SIZE];
    int64_t press_us; /* the last press */
    int64_t until_us;
    unsigned part; /* number of the part that is being written, or was last */
    struct clip_file *clip;
    int64_t seen_us;    /* of the newest picture written; 0: none yet */
    int64_t stop_us;    /* of the part before */
    int64_t missing_us; /* since when there have been no pictures; 0: there are */
    char why[128];      /* they are missing */
    bool over;
};

struct recordings {
    struct recording_settings settings;
    struct recording *list;
    recording_done_handler on_done;
    void *arg;
};

/* A press. A new alarm begins a recording from the ring (which may be empty); a known one goes on
 * longer. Errors are logged: a clip that cannot be written must not end the camera. */
void recordings_press(struct recordings *r, const char *alarm, int64_t press_us,
                      const struct ring *ring, const struct camera_stream *streams,
                      size_t stream_count);

/* A unit just came from the camera (it is in the ring already). */
void recordings_unit(struct recordings *r, struct camera_unit *unit,
                     const struct camera_stream *streams, size_t stream_count);

/* The camera is gone, and why. What is being written stays open: it may come back, or not. */
void recordings_interrupt(struct recordings *r, int64_t now_us, const char *why);

/* The camera is back, maybe with other parameters: what was open is finished. */
void recordings_resume(struct recordings *r);

/* Time goes on without units: ends what is over. Call at least once a second. */
void recordings_tick(struct recordings *r, int64_t now_us);

/* Ends everything now. */
void recordings_finish(struct recordings *r);

#endif
