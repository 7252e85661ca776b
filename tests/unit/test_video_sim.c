/* SPDX-License-Identifier: Apache-2.0 */
/* A camera that is a file: it pushes what the file holds, over and over, at times that increase. In
 * virtual time; the file is a clip of ours, so that nobody else's encoder is needed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/camera/cameras.h"
#include "drivers/camera/types.h"
#include "run_suite.h"
#include "video/clip.h"
#include "video_units.h"
#include "virtual_time.h"

#define PICTURES   8 /* in the film, every fourth a keyframe, 20 ms each */
#define PICTURE_MS 20

static char folder[64], film[200];
static struct message made;
static uv_loop_t loop;
static struct facts *facts; /* of the virtual time; nobody tells any */

/* What the host heard. */
static struct camera *camera;
static unsigned pictures, sounds, keys;
static size_t stream_count;
static int64_t last_us[2], keyframe_us[8];

static void put(struct clip_file *clip, unsigned stream, bool key, int64_t dts_us)
{
    struct err e;
    struct camera_unit *unit = video_unit(stream, key, dts_us, 160);
    ck_assert_int_eq(clip_write(clip, unit, &e), 0);
    camera_unit_unref(unit);
}

static void make_film(void)
{
    struct clip_file *clip;
    struct err e;
    ck_assert_int_eq(clip_create(folder, "019a0000-0000-7000-8000-000000000001", "film",
                                 video_streams, 2, &clip, &e),
                     0);
    for (int i = 0; i < PICTURES; i++) {
        put(clip, 0, i % 4 == 0, SECOND + i * 20000);
        put(clip, 1, true, SECOND + i * 20000);
    }
    ck_assert_int_eq(clip_finish(clip, &made, &e), 0);
    snprintf(film, sizeof film, "%s", made.clip.path);
}

static void set_up(void)
{
    test_folder(folder, sizeof folder);
    virtual_begin();
    make_film();
    uv_loop_init(&loop);
    struct err e;
    ck_assert_int_eq(facts_create(&loop, &facts, &e), 0);
}

static void tear_down(void)
{
    char path[200];
    camera_sim.close(camera);
    facts_close(facts);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    facts_free(facts);
    snprintf(path, sizeof path, "%s/%s.journal", folder, made.clip.id);
    unlink(path);
    unlink(film);
    rmdir(folder);
    message_finish(&made);
}

static void on_streams(void *arg, const struct camera_stream *streams, size_t count)
{
    (void)arg;
    static const unsigned char start_code[] = {0, 0, 0, 1};
    ck_assert_uint_eq(pictures + sounds, 0);
    stream_count = count;
    ck_assert(streams[0].video);
    ck_assert_int_eq(streams[0].codec, CAMERA_CODEC_H264);
    ck_assert_int_eq(streams[0].width, 320);
    ck_assert_int_eq(streams[0].height, 240);
    ck_assert_mem_eq(streams[0].extradata, start_code, sizeof start_code); /* Annex B */
    ck_assert_int_eq(streams[1].codec, CAMERA_CODEC_G711A);
}

static void on_unit(void *arg, struct camera_unit *unit)
{
    (void)arg;
    static const unsigned char start_code[] = {0, 0, 0, 1};
    ck_assert_int_gt(unit->dts_us, last_us[unit->stream]);
    ck_assert_int_ge(unit->pts_us, unit->dts_us);
    ck_assert_int_le(unit->dts_us, virtual_ns() / 1000 + 1000); /* not before its time */
    last_us[unit->stream] = unit->dts_us;
    if (unit->stream == 0) {
        ck_assert_mem_eq(unit->data, start_code, sizeof start_code);
        ck_assert_int_eq(unit->key, pictures % 4 == 0);
        if (unit->key && keys < 8)
            keyframe_us[keys++] = unit->dts_us;
        pictures++;
    } else {
        ck_assert(unit->key);
        sounds++;
    }
}

static void on_gap(void *arg, int64_t from_us, const char *why)
{
    (void)arg;
    ck_abort_msg("a gap since %lld: %s", (long long)from_us, why);
}

static void on_fault(void *arg, const char *reason)
{
    (void)arg;
    ck_abort_msg("%s", reason);
}

static int on_wait(void *arg)
{
    (void)arg;
    return 0;
}

static int open_film(char *file, struct err *e)
{
    static const struct camera_host host = {.on_streams = on_streams,
                                            .on_unit = on_unit,
                                            .on_gap = on_gap,
                                            .on_fault = on_fault,
                                            .on_wait = on_wait};
    static struct sim_camera_options options;
    options.file = file;
    return camera_sim.open(&options, &host, &loop, &camera, e);
}

static void begin(void)
{
    struct err e;
    ck_assert_int_eq(open_film(film, &e), 0);
    ck_assert_uint_eq(stream_count, 0); /* never from within open */
    virtual_advance(facts, 0);
    ck_assert_uint_eq(stream_count, 2);
}

START_TEST(the_film_is_played_over_and_over)
{
    begin();
    virtual_advance(facts, 3 * PICTURES * PICTURE_MS - 1);
    ck_assert_uint_eq(pictures, 3 * PICTURES);
    ck_assert_uint_eq(sounds, 3 * PICTURES);
    ck_assert_uint_eq(keys, 6);
    /* At the pace at which it was taken, the rounds without a seam. */
    for (unsigned i = 1; i < keys; i++)
        ck_assert_int_le(llabs(keyframe_us[i] - keyframe_us[0] - i * 4 * PICTURE_MS * 1000), 2000);
}
END_TEST

/* A busy machine: what is late comes at once, with its own time. */
START_TEST(what_is_late_for_a_little_keeps_its_time)
{
    begin();
    virtual_advance(facts, 2 * PICTURE_MS - 1);
    ck_assert_uint_eq(pictures, 2);
    virtual_stall(25 * PICTURE_MS);
    virtual_advance(facts, 0);
    ck_assert_uint_eq(pictures, 27);
    for (unsigned i = 1; i < keys; i++)
        ck_assert_int_le(llabs(keyframe_us[i] - keyframe_us[0] - i * 4 * PICTURE_MS * 1000), 2000);
}
END_TEST

/* A machine that slept: its time goes on from now, and what was not sent is not made up for. */
START_TEST(after_a_long_sleep_it_goes_on_from_now)
{
    begin();
    virtual_advance(facts, 2 * PICTURE_MS - 1);
    virtual_stall(60000);
    virtual_advance(facts, 10 * PICTURE_MS);
    ck_assert_uint_ge(pictures, 11);
    ck_assert_uint_le(pictures, 14);
    ck_assert_int_gt(last_us[0], virtual_ns() / 1000 - 2 * PICTURE_MS * 1000);
    ck_assert_int_gt(last_us[1], virtual_ns() / 1000 - 5 * PICTURE_MS * 1000);
}
END_TEST

START_TEST(nothing_is_told_after_close)
{
    begin();
    virtual_advance(facts, PICTURE_MS);
    unsigned before = pictures;
    camera_sim.close(camera);
    camera = NULL;
    virtual_advance(facts, 1000);
    ck_assert_uint_eq(pictures, before);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_named)
{
    struct err e;
    char none[] = "/nowhere/film.mp4";
    ck_assert_int_lt(open_film(none, &e), 0);
    ck_assert_str_eq(e.text, "/nowhere/film.mp4: No such file or directory");
}
END_TEST

static void write_file(const char *bytes, size_t length)
{
    int fd = open(film, O_WRONLY | O_TRUNC);
    ck_assert_int_eq((int)write(fd, bytes, length), (int)length);
    close(fd);
}

START_TEST(what_is_no_film_is_refused)
{
    struct err e;
    char nonsense[3000];
    memset(nonsense, 'x', sizeof nonsense);
    write_file(nonsense, sizeof nonsense);
    ck_assert_int_lt(open_film(film, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, film));
    write_file("", 0);
    ck_assert_int_lt(open_film(film, &e), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video sim");
    TCase *sim = tcase_create("sim");
    tcase_add_checked_fixture(sim, set_up, tear_down);
    tcase_add_test(sim, the_film_is_played_over_and_over);
    tcase_add_test(sim, what_is_late_for_a_little_keeps_its_time);
    tcase_add_test(sim, after_a_long_sleep_it_goes_on_from_now);
    tcase_add_test(sim, nothing_is_told_after_close);
    tcase_add_test(sim, a_file_that_is_not_there_is_named);
    tcase_add_test(sim, what_is_no_film_is_refused);
    suite_add_tcase(suite, sim);
    return run_suite(suite);
}
