/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One clip file: fragmented MP4, one fragment per group of pictures, hashed while it is written.
 *
 * Written beside its final name, synced, renamed: a file that bears its name is whole. A power cut
 * or kill leaves <name>.part, which plays up to its last whole fragment. No transcoding. G.711 has
 * no place in MP4: a clip with such sound is a QuickTime file (container "mov").
 * Blocking; one thread.
 */
#ifndef TOCSIN_VIDEO_CLIP_H
#define TOCSIN_VIDEO_CLIP_H

#include <jansson.h>

#include "base/uuid.h"
#include "iface/camera.h"

struct clip_file;

/* Creates <folder>/<id>.mp4.part. The first unit written must be a keyframe of stream 0. */
int clip_create(const char *folder, const struct camera_stream *streams, size_t stream_count,
                struct clip_file **ret_clip, struct err *e);

const char *clip_id(const struct clip_file *clip);

/* Times of the first and of the newest picture (CLOCK_MONOTONIC); 0 before the first. */
int64_t clip_start_us(const struct clip_file *clip);
int64_t clip_stop_us(const struct clip_file *clip);

int clip_write(struct clip_file *clip, const struct camera_unit *unit, struct err *e);

/*
 * Ends the file: written out, synced, given its name. `*ret_manifest` is what is known of it
 * (length, hashes, groups, times; see the wire's tocsin.clip.manifest), `ret_path` its place. The
 * clip is freed whatever happens.
 */
int clip_finish(struct clip_file *clip, json_t **ret_manifest, char ret_path[256], struct err *e);

/* Frees and removes what was written. NULL is accepted. */
void clip_abandon(struct clip_file *clip);

#endif
