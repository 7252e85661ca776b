/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clip of one alarm at one camera, in parts: part 1 is what the ring holds of the time before
 * the press (ready at once), then parts of `part_us`, until `post_us` after the last press. The
 * part after the first begins at the newest keyframe, so that the two overlap by less than one
 * group. Pictures that are missing end a part; the next one names the gap. So does a part whose
 * list of groups is full (clip_is_full). One thread; writing blocks.
 */
#ifndef TOCSIN_VIDEO_RECORDING_H
#define TOCSIN_VIDEO_RECORDING_H

#include <sys/queue.h>

#include "base/uuid.h"
#include "video/clip.h"
#include "video/ring.h"

struct recording_settings {
    const char *folder;
    const char *camera;
    int64_t pre_us, post_us, part_us;
};

#define RECORDING_WHY_SIZE 128

/* A finished part; the handler takes the message (message_finish). */
typedef void (*recording_done_handler)(void *arg, struct message *message);

struct recording {
    LIST_ENTRY(recording) link;
    char alarm[UUID_TEXT_SIZE];
    int64_t press_us; /* the last press */
    int64_t until_us;
    unsigned part; /* number of the part that is being written, or was last */
    struct clip_file *clip;
    int64_t seen_us;              /* of the newest picture written; 0: none yet */
    int64_t stop_us;              /* of the part before */
    int64_t missing_us;           /* since when there have been no pictures; 0: there are */
    char why[RECORDING_WHY_SIZE]; /* they are missing */
    bool over;
};

struct recordings {
    struct recording_settings settings;
    LIST_HEAD(recording_list, recording) list;
    const struct camera_stream *streams; /* borrowed from recordings_streams on */
    size_t stream_count;
    recording_done_handler on_done;
    void *arg;
};

void recordings_init(struct recordings *r, const struct recording_settings *settings,
                     recording_done_handler on_done, void *arg);

/* The streams from now on; what is open ends, since it was of others. Borrowed until the next call
 * or the end. */
void recordings_streams(struct recordings *r, const struct camera_stream *streams, size_t count);

/* A press. A new alarm begins a recording from the ring (which may be empty); a known one goes on
 * longer. One that is told when its time is over has what the ring holds of that. Errors are
 * logged: a clip that cannot be written must not end the camera. */
void recordings_press(struct recordings *r, const char *alarm, int64_t press_us, int64_t now_us,
                      const struct ring *ring);

/* A unit came from the camera; after streams or a gap a keyframe first. */
void recordings_unit(struct recordings *r, struct camera_unit *unit);

/* No pictures since `from_us`, and why. What is being written stays open: they may come back, which
 * ends the part, or not. */
void recordings_gap(struct recordings *r, int64_t from_us, const char *why);

/* Time goes on without units: ends what is over. Call at least once a second. */
void recordings_tick(struct recordings *r, int64_t now_us);

/* Ends everything now. */
void recordings_finish(struct recordings *r);

#endif
