/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the shelf: over the folder of video_clip_stage. */
#ifndef TOCSIN_TESTS_VIDEO_SHELF_STAGE_H
#define TOCSIN_TESTS_VIDEO_SHELF_STAGE_H

#include <stdbool.h>

#include "video/shelf.h"

/* Without a loop: the disk is waited for. */
void open_shelf(struct shelf *shelf);

/* As it is found there. */
struct shelf_clip *put_on(struct shelf *shelf, struct message *message);

/* The clip's announcement cannot be written. */
void block(const char *id, bool blocked);

/* As if the file had been written two days ago. */
void make_old(const char *id, const char *suffix);

size_t count_clips(const struct shelf *shelf);

#endif
