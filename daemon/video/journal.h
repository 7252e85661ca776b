/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a clip while it is being written, so that a kill or a power cut costs at most
 * the open group of pictures.
 *
 * Beside <id>.mp4.part lies <id>.journal, JSON lines: the first says whose clip it is, each further
 * one that a group is complete (where it ends, its times, its SHA-256). The supervisor removes it
 * when the clip's announcement is on the disk. journal_recover makes a clip of the groups that are
 * there and whose hashes are right, and cuts off the rest. Blocking; the caller's thread.
 */
#ifndef TOCSIN_VIDEO_JOURNAL_H
#define TOCSIN_VIDEO_JOURNAL_H

#include <jansson.h>

#include "base/clock.h"
#include "videolink/message.h"

#define JOURNAL_CHUNK_BYTES 4194304
#define JOURNAL_NAME_SIZE   64

/* Whose clip it is and what its numbers mean. */
struct journal_head {
    const char *alarm;
    const char *camera;
    const char *container;
    char boot[CLOCK_BOOT_ID_SIZE];
    int64_t wall_ahead_ms; /* wall clock minus CLOCK_MONOTONIC when the clip was begun */
    const json_t *codecs;  /* borrowed */
    const json_t *gaps;    /* borrowed; [{from_us, to_us, why}] on CLOCK_MONOTONIC */
};

struct journal_group {
    int64_t start_us, stop_us; /* CLOCK_MONOTONIC */
    int64_t end_bytes;         /* of the file, once this group is in it */
    const char *sha256;
};

/* File names within the folder of the clips. */
void journal_name(char ret_name[JOURNAL_NAME_SIZE], const char *id);
void journal_part_name(char ret_name[JOURNAL_NAME_SIZE], const char *id);
void journal_clip_name(char ret_name[JOURNAL_NAME_SIZE], const char *id);

/* Appends one line to `fd`. 0 or a negative errno. */
int journal_write_head(int fd, const struct journal_head *head);
int journal_write_group(int fd, const struct journal_group *group);

/*
 * Makes <folder>/<id>.mp4 of what the journal vouches for, and its announcement (`part` is 1 and
 * `last` false: the shelf knows better). -ENODATA when not one group is whole: then nothing is left
 * of it. Other errors leave everything as it is, to be tried again.
 */
int journal_recover(const char *folder, const char *id, struct message *ret_message, struct err *e);

/* The camera that a journal belongs to; false if it cannot be read. */
bool journal_camera(const char *folder, const char *id, char ret_camera[MESSAGE_ID_SIZE]);

/*
 * The announcement's manifest. `groups` [{start_us, stop_us, sha256}…] and `chunks` are borrowed.
 * Times in it that are relative are ms from the clip's start; a gap before it is negative.
 */
json_t *journal_manifest(const struct journal_head *head, const json_t *groups,
                         const json_t *chunks, int64_t length_bytes, const char *sha256);

#endif
