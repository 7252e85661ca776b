/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One clip file: fragmented MP4, one fragment per group of pictures, hashed while it is written.
 *
 * Written as <id>.mp4.part with a journal beside it (journal.h), synced at least once a second
 * while it grows, and renamed at the end: a file that bears its name is whole, and a power cut or
 * kill costs the open group. No transcoding. G.711 has no place in MP4: a clip with such sound is a
 * QuickTime file (container "mov"). Blocking; one thread.
 */
#ifndef TOCSIN_VIDEO_CLIP_H
#define TOCSIN_VIDEO_CLIP_H

#include <jansson.h>

#include "iface/camera.h"
#include "videolink/message.h"

struct clip_file;

/* Creates the file and its journal in `folder`. What comes before the first keyframe of stream 0
 * is not written. `alarm` and `camera` are copied. */
int clip_create(const char *folder, const char *alarm, const char *camera,
                const struct camera_stream *streams, size_t stream_count,
                struct clip_file **ret_clip, struct err *e);

/* Time of the first picture and end of the newest (CLOCK_MONOTONIC; how long the newest lasts is a
 * guess); 0 before the first. */
int64_t clip_start_us(const struct clip_file *clip);
int64_t clip_stop_us(const struct clip_file *clip);

/* Its manifest names every group of pictures: it is nearly as long as a message may be, and the
 * next keyframe is another clip's. */
bool clip_is_full(const struct clip_file *clip);

/* Says that the clip should show this time and does not. Only what is said before the first unit
 * outlives a kill. */
void clip_gap(struct clip_file *clip, int64_t from_us, int64_t to_us, const char *why);

/* The newest picture is shown until then: the next one, of which it is known, is not of this clip.
 */
void clip_lasts(struct clip_file *clip, int64_t until_us);

/* Takes its own reference. After an error only clip_finish makes sense: it keeps what is whole. */
int clip_write(struct clip_file *clip, struct camera_unit *unit, struct err *e);

/*
 * Ends the file: written out, synced, given its name; `ret_message` (message_finish) announces it,
 * with `part` 1 and `last` false in its manifest. The journal stays until the announcement is on
 * the disk. When writing failed, the groups that are whole make the clip. The clip is freed
 * whatever happens.
 */
int clip_finish(struct clip_file *clip, struct message *ret_message, struct err *e);

/* Frees and removes what was written. NULL is accepted. */
void clip_abandon(struct clip_file *clip);

#endif
