/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the shelf (shelf.h) in the folder of the clips: <clip>.mp4, and <clip>.json, which
 * announces it. Each call waits for the disk and touches nothing but its arguments: it runs in a
 * thread of the loop's pool, or before there is a loop.
 */
#ifndef TOCSIN_VIDEO_SHELF_FILES_H
#define TOCSIN_VIDEO_SHELF_FILES_H

#include "video/counted.h"
#include "videolink/message.h"

/* What the shelf keeps of a clip beside its message. */
struct shelf_note {
    bool stored, done;
    int64_t ran_ms; /* what was counted (counted.h) when it was finished */
};

#define SHELF_JSON    ".json"
#define SHELF_JOURNAL ".journal"

/* The ids of all files with that suffix, oldest first; the caller frees each and the list. */
size_t shelf_files_list(const char *folder, const char *suffix, char ***ret_ids);

/* The same of the journals of one camera. */
size_t shelf_files_list_camera(const char *folder, const char *camera, char ***ret_ids);

/* What <id>.json holds, for shelf_files_save; NULL when out of memory. Caller frees. */
char *shelf_files_text(const struct message *message, const struct shelf_note *note);

/* Writes it; the journal is not needed any more then, and goes. */
int shelf_files_save(const char *folder, const char *id, const char *text, struct err *e);

/* The message is the caller's to finish when this returns 0. */
int shelf_files_load(const char *folder, const char *id, struct message *ret_message,
                     struct shelf_note *ret_note, struct err *e);

/* What was counted, beside the clips. */
int shelf_files_save_count(const char *folder, const char *text, struct err *e);
/* Goes on from what was noted there, if that is no less than what is known: nothing at a start. */
void shelf_files_load_count(const char *folder, struct counted *counted);
/* For shelf_files_save_count; NULL if it cannot be made. Caller frees. */
char *shelf_files_count_text(const struct counted *counted);

/* The clip and what tells of it. */
void shelf_files_remove(const char *folder, const char *id);
void shelf_files_remove_journal(const char *folder, const char *id);

/* Removes what nobody finished within a day. A clip that has its name is finished. A wall clock
 * that is set makes nothing old that is being written: `ahead_ms` is by how much it was ahead of
 * CLOCK_MONOTONIC at the start. */
void shelf_files_remove_unfinished(const char *folder, int64_t ahead_ms);

/* So that it can be written. What is there is not made again: a disk that stands still holds
 * whoever would, and not who looks. */
int shelf_files_make_folder(const char *dir, const char *folder, struct err *e);

#endif
