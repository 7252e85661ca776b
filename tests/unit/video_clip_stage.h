/* SPDX-License-Identifier: Apache-2.0 */
/* A folder in which clips are written, whole ones and such whose writer was killed, and what had to
 * be on the disk for them: for the tests of clip, journal and shelf. A test makes the folder and
 * removes it. */
#ifndef TOCSIN_TESTS_VIDEO_CLIP_STAGE_H
#define TOCSIN_TESTS_VIDEO_CLIP_STAGE_H

#include "base/uuid.h"
#include "video/clip.h"

#define BEGIN INT64_C(5000000000)

extern char clips_base[64]; /* the shelf's; the clips lie below */
extern char calls[4000];    /* that bring it to the disk, in order, as "fsync .mp4.part" */

void make_folder(void);
void remove_folder(void);
const char *clips(void);

/* How many files end in `suffix`; with `removing`, every file goes. */
int count_files(const char *suffix, bool removing);

/* A clip of the first `stream_count` of video_streams; units for it, one by one or ten pictures a
 * second with a keyframe each second. */
struct clip_file *begin(size_t stream_count);
int try_put(struct clip_file *clip, unsigned stream, bool key, int64_t dts_us);
void put(struct clip_file *clip, unsigned stream, bool key, int64_t dts_us);
void play(struct clip_file *clip, int64_t begin_us, int tenths, bool sound);
struct message make_clip(int64_t begin_us, int tenths);

/* A process that writes 3.5 s and is killed; the id of what it was writing. */
void write_and_die(char ret_id[UUID_TEXT_SIZE]);

int64_t number(const struct message *m, const char *key);

/* The message passes the link's codec, and the file is what its manifest says. */
void check_message(const struct message *m);

#endif
