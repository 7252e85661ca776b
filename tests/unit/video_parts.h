/* SPDX-License-Identifier: Apache-2.0 */
/* A folder for clips, and what was said of each part that was finished there: for the tests of what
 * makes them. One a process. */
#ifndef TOCSIN_TESTS_VIDEO_PARTS_H
#define TOCSIN_TESTS_VIDEO_PARTS_H

#include "videolink/message.h"

#define VIDEO_PARTS_MAX 32

extern char parts_folder[64];
extern struct message parts[VIDEO_PARTS_MAX];
extern size_t part_count;

/* Check's fixtures: an empty folder; and it is gone with what is in it. */
void parts_begin(void);
void parts_end(void);

/* Takes the message: a recording_done_handler. */
void on_part(void *arg, struct message *message);

/* A member of the part's manifest. */
int64_t part_number(size_t part, const char *key);
bool part_is_last(size_t part);

/* A gap of the part, or NULL; how many there are. */
const json_t *part_gap(size_t part, size_t index);
size_t part_gap_count(size_t part);

/* Borders of gap and part are seconds of the clock. */
void check_gap(size_t part, size_t index, double from_s, double to_s, const char *why);
void check_part(size_t part, int64_t index, double start_s, double stop_s);

#endif
