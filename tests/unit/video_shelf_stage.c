/* SPDX-License-Identifier: Apache-2.0 */
#include "video_shelf_stage.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "video_clip_stage.h"

void open_shelf(struct shelf *shelf)
{
    struct err e;
    shelf_init(shelf, NULL);
    ck_assert_int_eq(shelf_open(shelf, clips_base, &e), 0);
}

struct shelf_clip *put_on(struct shelf *shelf, struct message *message)
{
    char id[UUID_TEXT_SIZE];
    memcpy(id, message->clip.id, sizeof id);
    shelf_add(shelf, message);
    return shelf_find(shelf, id);
}
void block(const char *id, bool blocked)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s.json", clips(), id);
    ck_assert_int_eq(blocked ? mkdir(path, 0700) : rmdir(path), 0);
}

void make_old(const char *id, const char *suffix)
{
    const struct timespec old[2] = {{.tv_sec = time(NULL) - 2 * 86400},
                                    {.tv_sec = time(NULL) - 2 * 86400}};
    char path[200];
    snprintf(path, sizeof path, "%s/%s%s", clips(), id, suffix);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
}

size_t count_clips(const struct shelf *shelf)
{
    size_t count = 0;
    const struct shelf_clip *clip;
    TAILQ_FOREACH(clip, &shelf->clips, link)
    {
        count++;
    }
    return count;
}
