/* SPDX-License-Identifier: Apache-2.0 */
/* Behind a camera that is a file: a film of eight pictures and their sound, a clip of ours. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "camera_world.h"
#include "drivers/camera/cameras.h"
#include "drivers/camera/types.h"
#include "test_folder.h"
#include "video/clip.h"
#include "video_units.h"

#define PICTURES   8
#define GROUP      4
#define PICTURE_US 20000

static char folder[64];
static struct message film;

static void put(struct clip_file *clip, unsigned stream, bool key, int64_t dts_us)
{
    struct err e;
    struct camera_unit *unit = video_unit(stream, key, dts_us, 160);
    ck_assert_int_eq(clip_write(clip, unit, &e), 0);
    camera_unit_unref(unit);
}

static void begin(void)
{
    struct clip_file *clip;
    struct err e;
    test_folder(folder, sizeof folder);
    ck_assert_int_eq(clip_create(folder, "019a0000-0000-7000-8000-000000000001", "film",
                                 video_streams, 2, &clip, &e),
                     0);
    for (int i = 0; i < PICTURES; i++) {
        put(clip, 0, i % GROUP == 0, SECOND + i * PICTURE_US);
        put(clip, 1, true, SECOND + i * PICTURE_US);
    }
    ck_assert_int_eq(clip_finish(clip, &film, &e), 0);
}

static void end(void)
{
    char journal[200];
    snprintf(journal, sizeof journal, "%s/%s.journal", folder, film.clip.id);
    unlink(journal);
    unlink(film.clip.path);
    rmdir(folder);
    message_finish(&film);
}

static const void *playing(void)
{
    static struct sim_camera_options options;
    options.file = film.clip.path;
    return &options;
}

static const void *missing(void)
{
    static char nowhere[] = "/nowhere/film.mp4";
    static const struct sim_camera_options options = {.file = nowhere};
    return &options;
}

const struct camera_world camera_world_sim = {
    .name = "sim",
    .driver = &camera_sim,
    .begin = begin,
    .end = end,
    .playing = playing,
    .group = GROUP,
    .streams = 2,
    .missing = missing,
    .missing_says = "/nowhere/film.mp4: No such file",
};
