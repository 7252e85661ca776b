/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-video in a process of its own, with workers that play a part instead of reading a camera,
 * and tocsind's end of its link. One stage a test. */
#ifndef TOCSIN_TESTS_VIDEO_SUPERVISOR_STAGE_H
#define TOCSIN_TESTS_VIDEO_SUPERVISOR_STAGE_H

#include <stdbool.h>
#include <sys/types.h>
#include <uv.h>

#include "config_folder.h"
#include "videolink/link.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"
#define CLIP  "019a0000-0000-7000-8000-00000000000"
#define MIB   INT64_C(1048576)

extern struct config_folder folder;
extern pid_t supervisor;
extern uv_loop_t loop;
extern struct link_client *link_to_video;
/* What it said: of each camera the newest, of camera one everything, and the ids of all clips. What
 * comes between two looks is not missed: a busy machine looks late. */
extern struct message_camera cameras[3], told[64];
extern size_t told_count, heard_count; /* the latter is the tests' to count */
extern char clips[200];
extern struct message_room room;
extern unsigned rooms_told, downs;
extern int64_t *free_bytes; /* as both processes know it */
extern const char *lacks;   /* at the start: "dir", "socket", or "" */

/* Camera three's password is there from the start, or comes late (NULL). */
void begin(const char *password);
void set_up_with(const char *password, int64_t bytes);
void tear_down(void);

/* tocsin-video with the configuration of that file. */
pid_t run_with(const char *file);
void connect_link(void);
void press(void);
void remove_below(const char *name);

/* A file that is two days old and goes soon after the start. */
bool leftover_is_gone(const char *word);
bool is_there(const char *path);

/* Whether the configuration that is kept is this. */
bool is_kept(const char *text);

/* A file tells nobody that it has changed. */
void run_until_file(bool (*is_so)(const char *word), const char *word);

#define RUN_UNTIL(condition)                                                                       \
    do {                                                                                           \
        while (!(condition))                                                                       \
            uv_run(&loop, UV_RUN_ONCE);                                                            \
    } while (0)

#endif
