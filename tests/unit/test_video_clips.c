/* SPDX-License-Identifier: Apache-2.0 */
/* The clips as a sink: what a press makes of ring and feed, which gaps are named and why, and that
 * a disk that stands still delays nobody but the clips. */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "run_suite.h"
#include "video/clips.h"
#include "video_units.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"
#define OTHER "019a0000-0000-7000-8000-000000000002"

/* --- A disk that stands still when told ---------------------------------------------------- */

static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
static atomic_int syncs; /* that were asked for */

/* In the place of the C library's: held up while `disk` is locked. */
int fdatasync(int fd)
{
    atomic_fetch_add(&syncs, 1);
    pthread_mutex_lock(&disk);
    pthread_mutex_unlock(&disk);
    return (int)syscall(SYS_fdatasync, fd);
}

/* --- The stage ----------------------------------------------------------------------------- */

static char folder[64];
static struct message parts[32];
static size_t part_count;

static void on_part(void *arg, struct message *message)
{
    (void)arg;
    ck_assert_uint_lt(part_count, 32);
    parts[part_count++] = *message;
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_video_clips.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    part_count = 0;
}

static void tear_down(void)
{
    DIR *dir = opendir(folder);
    for (struct dirent *d; (d = readdir(dir));)
        unlinkat(dirfd(dir), d->d_name, 0);
    closedir(dir);
    rmdir(folder);
    for (size_t i = 0; i < part_count; i++)
        message_finish(&parts[i]);
}

static int64_t number(size_t part, const char *key)
{
    return json_integer_value(json_object_get(parts[part].clip.manifest, key));
}

static bool is_last(size_t part)
{
    return json_is_true(json_object_get(parts[part].clip.manifest, "last"));
}

static const json_t *gap(size_t part, size_t index)
{
    return json_array_get(json_object_get(parts[part].clip.manifest, "gaps"), index);
}

static size_t gap_count(size_t part)
{
    return json_array_size(json_object_get(parts[part].clip.manifest, "gaps"));
}

/* The gap's borders are ms from the part's begin; `from_s`, `to_s` are seconds of the clock. */
static void check_gap(size_t part, size_t index, double from_s, double to_s, const char *why)
{
    const json_t *one = gap(part, index);
    ck_assert_ptr_nonnull(one);
    int64_t start_ms = number(part, "start_monoms");
    ck_assert_int_eq(json_integer_value(json_object_get(one, "from_ms")) + start_ms,
                     (int64_t)(from_s * 1000));
    ck_assert_int_eq(json_integer_value(json_object_get(one, "to_ms")) + start_ms,
                     (int64_t)(to_s * 1000));
    ck_assert_str_eq(json_string_value(json_object_get(one, "why")), why);
}

static void check_part(size_t part, int64_t index, double start_s, double stop_s)
{
    ck_assert_uint_lt(part, part_count);
    ck_assert_int_eq(number(part, "part"), index);
    ck_assert_int_eq(number(part, "start_monoms"), (int64_t)(start_s * 1000));
    ck_assert_int_eq(number(part, "stop_monoms"), (int64_t)(stop_s * 1000));
}

/* --- Recordings in virtual time ------------------------------------------------------------ */

/* A camera of ten pictures a second, a keyframe each second, and its ring of ten. Recordings look
 * back 3 s, go on for 5 s after a press, and are cut into parts of 4 s. */
struct studio {
    struct ring ring;
    struct recordings recordings;
};

static void open_studio(struct studio *s)
{
    const struct recording_settings settings = {.folder = folder,
                                                .camera = "gate",
                                                .pre_us = 3 * SECOND,
                                                .post_us = 5 * SECOND,
                                                .part_us = 4 * SECOND};
    ring_init(&s->ring, 10 * SECOND, 1 << 20);
    recordings_init(&s->recordings, &settings, on_part, NULL);
    recordings_streams(&s->recordings, video_streams, 1);
}

static void close_studio(struct studio *s)
{
    recordings_finish(&s->recordings);
    ring_clear(&s->ring);
}

static void play(struct studio *s, int64_t from_tenth, int64_t to_tenth)
{
    for (int64_t i = from_tenth; i < to_tenth; i++) {
        struct camera_unit *unit = video_unit(0, i % 10 == 0, i * SECOND / 10, 100);
        ck_assert(ring_add(&s->ring, unit));
        recordings_unit(&s->recordings, unit);
        recordings_tick(&s->recordings, unit->dts_us);
        camera_unit_unref(unit);
    }
}

static void press(struct studio *s, const char *alarm, int64_t tenth, int64_t now_tenth)
{
    recordings_press(&s->recordings, alarm, tenth * SECOND / 10, now_tenth * SECOND / 10, &s->ring);
}

START_TEST(a_press_makes_the_time_before_it_and_the_time_after)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1085);
    press(&s, ALARM, 1084, 1085);
    ck_assert_uint_eq(part_count, 1); /* ready at once */
    check_part(0, 1, 105, 108.5);
    ck_assert(!is_last(0));
    play(&s, 1085, 1200);
    ck_assert_uint_eq(part_count, 3);
    check_part(1, 2, 108, 112); /* from the keyframe before the press, four seconds */
    ck_assert(!is_last(1));
    check_part(2, 3, 112, 113.4); /* five seconds after the press */
    ck_assert(is_last(2));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(gap_count(i), 0);
        ck_assert_str_eq(parts[i].clip.alarm, ALARM);
        ck_assert_str_eq(parts[i].clip.camera, "gate");
    }
    close_studio(&s);
    ck_assert_uint_eq(part_count, 3);
}
END_TEST

START_TEST(a_further_press_goes_on_longer_and_an_older_one_changes_nothing)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1080);
    press(&s, ALARM, 1080, 1080);
    press(&s, ALARM, 1060, 1080);
    play(&s, 1080, 1200);
    ck_assert(is_last(part_count - 1));
    ck_assert_int_eq(number(part_count - 1, "stop_monoms"), 113000);
    close_studio(&s);
}
END_TEST

START_TEST(a_press_after_the_end_begins_where_the_last_part_ended)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1115);
    size_t before = part_count;
    ck_assert(is_last(before - 1)); /* it ended at 110 */
    press(&s, ALARM, 1114, 1115);
    ck_assert_uint_eq(part_count, before + 1);
    check_part(before, (int64_t)before + 1, 110, 111.5); /* not 108.4 again */
    ck_assert_uint_eq(gap_count(before), 0);
    close_studio(&s);
}
END_TEST

START_TEST(a_press_in_the_future_is_one_of_now)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 99999999, 1050);
    play(&s, 1050, 1200);
    ck_assert(is_last(part_count - 1));
    ck_assert_int_eq(number(part_count - 1, "stop_monoms"), 110000);
    close_studio(&s);
}
END_TEST

START_TEST(a_press_whose_time_is_over_records_nothing)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1200);
    press(&s, ALARM, 1100, 1200);
    play(&s, 1200, 1300);
    close_studio(&s);
    ck_assert_uint_eq(part_count, 0);
}
END_TEST

START_TEST(what_the_ring_cannot_show_is_a_gap)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1010);
    press(&s, ALARM, 1010, 1010);
    check_gap(0, 0, 98, 100, "the camera had not been there that long, or its memory was full");
    ck_assert_uint_eq(gap_count(0), 1);
    play(&s, 1010, 1100);
    ck_assert_uint_eq(gap_count(1), 0);
    close_studio(&s);
}
END_TEST

START_TEST(a_camera_that_comes_after_the_press_is_a_gap_until_then)
{
    struct studio s;
    open_studio(&s);
    press(&s, ALARM, 1000, 1000);
    ck_assert_uint_eq(part_count, 0);
    play(&s, 1020, 1100);
    check_part(0, 1, 102, 105);
    check_gap(0, 0, 97, 102, "the camera had not been there that long, or its memory was full");
    ck_assert(is_last(0));
    close_studio(&s);
}
END_TEST

START_TEST(a_broken_session_ends_the_part_and_the_next_one_says_why)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1065);
    recordings_gap(&s.recordings, 107 * SECOND, "the camera closed the connection");
    play(&s, 1080, 1200);
    check_part(1, 2, 104, 106.5);
    ck_assert(!is_last(1));
    check_part(2, 3, 108, 110);
    check_gap(2, 0, 106.5, 108, "the camera closed the connection");
    ck_assert(is_last(2));
    close_studio(&s);
}
END_TEST

START_TEST(a_camera_that_stays_away_is_told_by_the_last_part)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1065);
    recordings_gap(&s.recordings, 107 * SECOND, "no picture for 10 s");
    recordings_tick(&s.recordings, 111 * SECOND - 1);
    ck_assert_uint_eq(part_count, 1);
    recordings_tick(&s.recordings, 111 * SECOND); /* 5 s after the press, and one of grace */
    ck_assert_uint_eq(part_count, 2);
    ck_assert(is_last(1));
    check_gap(1, 0, 106.5, 110, "no picture for 10 s");
    close_studio(&s);
    ck_assert_uint_eq(part_count, 2);
}
END_TEST

/* The camera goes on, but its pictures do not: nobody told a gap. */
START_TEST(pictures_far_apart_are_not_one_part)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1060);
    play(&s, 1090, 1200);
    check_part(2, 3, 109, 110);
    check_gap(2, 0, 106, 109, "no pictures from the camera");
    close_studio(&s);
}
END_TEST

START_TEST(other_streams_begin_another_part)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1060);
    recordings_streams(&s.recordings, video_streams, 2);
    ck_assert_uint_eq(part_count, 2);
    check_part(1, 2, 104, 106);
    play(&s, 1060, 1200);
    check_part(2, 3, 106, 110);
    ck_assert_uint_eq(json_array_size(json_object_get(parts[2].clip.manifest, "codecs")), 2);
    close_studio(&s);
}
END_TEST

/* A camera that is slow, or a busy machine: the newest picture lasts until the next one came. */
START_TEST(the_last_picture_lasts_until_the_next_one)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1097);
    play(&s, 1109, 1110);
    check_part(1, 2, 104, 108);
    check_part(2, 3, 108, 110.9); /* its newest picture is of 109.6 */
    ck_assert(is_last(2));
    ck_assert_uint_eq(gap_count(2), 0);
    close_studio(&s);
}
END_TEST

START_TEST(two_alarms_are_two_clips)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1060);
    press(&s, OTHER, 1060, 1060);
    play(&s, 1060, 1200);
    size_t last[2] = {0, 0};
    for (size_t i = 0; i < part_count; i++) {
        bool other = strcmp(parts[i].clip.alarm, OTHER) == 0;
        if (is_last(i))
            last[other] = (size_t)number(i, "stop_monoms");
    }
    ck_assert_uint_eq(last[0], 110000);
    ck_assert_uint_eq(last[1], 111000);
    close_studio(&s);
}
END_TEST

START_TEST(what_is_open_at_the_end_is_kept)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1060);
    close_studio(&s);
    ck_assert_uint_eq(part_count, 2);
    check_part(1, 2, 104, 106);
    ck_assert(!is_last(1)); /* another process may go on */
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_a_gap_too)
{
    struct studio s;
    char away[80];
    snprintf(away, sizeof away, "%s.away", folder);
    open_studio(&s);
    play(&s, 1000, 1050);
    ck_assert_int_eq(rename(folder, away), 0);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1065);
    ck_assert_uint_eq(part_count, 0);
    ck_assert_int_eq(rename(away, folder), 0);
    play(&s, 1065, 1200);
    check_part(0, 1, 107, 110);
    const char *why = json_string_value(json_object_get(gap(0, 0), "why"));
    ck_assert_ptr_nonnull(strstr(why, "No such file or directory"));
    close_studio(&s);
}
END_TEST

/* --- The sink and its thread --------------------------------------------------------------- */

/* The feed of a camera whose newest picture is of now. */
struct desk {
    struct feed feed;
    struct ring ring;
    struct clips *clips;
    int64_t begin_us;
};

static void open_desk_until(struct desk *d, size_t room_bytes, int64_t post_us)
{
    const struct clips_settings settings = {.recording = {.folder = folder,
                                                          .camera = "gate",
                                                          .pre_us = 3 * SECOND,
                                                          .post_us = post_us,
                                                          .part_us = 600 * SECOND},
                                            .room_bytes = room_bytes,
                                            .on_done = on_part};
    struct err e;
    ck_assert_int_eq(clips_create(&settings, &d->clips, &e), 0);
    ring_init(&d->ring, 60 * SECOND, 1 << 20);
    const struct feed_sink ring = ring_sink(&d->ring), clips = clips_sink(d->clips);
    feed_init(&d->feed);
    feed_add(&d->feed, &ring);
    feed_add(&d->feed, &clips);
    ck_assert_int_eq(feed_streams(&d->feed, video_streams, 1, &e), 0);
    d->begin_us = clock_monotonic_ns() / 1000 - 10 * SECOND;
}

static void open_desk(struct desk *d, size_t room_bytes)
{
    open_desk_until(d, room_bytes, 600 * SECOND);
}

static void close_desk(struct desk *d)
{
    clips_finish(d->clips);
    ring_clear(&d->ring);
    feed_finish(&d->feed);
}

static void run_camera(struct desk *d, int64_t from_tenth, int64_t to_tenth)
{
    for (int64_t i = from_tenth; i < to_tenth; i++) {
        struct camera_unit *unit = video_unit(0, i % 10 == 0, d->begin_us + i * SECOND / 10, 1000);
        feed_unit(&d->feed, unit);
        camera_unit_unref(unit);
    }
}

static void wait_for_parts(struct desk *d, size_t count)
{
    while (part_count < count) { /* Check's own time limit ends what never comes */
        clips_poll(d->clips);
        sched_yield();
    }
}

START_TEST(the_sink_writes_what_ring_and_feed_have)
{
    struct desk d;
    open_desk(&d, 1 << 20);
    run_camera(&d, 0, 100);
    clips_press(d.clips, ALARM, d.begin_us + 10 * SECOND, &d.ring);
    wait_for_parts(&d, 1);
    ck_assert_int_eq(number(0, "start_monoms"), (d.begin_us + 7 * SECOND) / 1000);
    ck_assert_int_eq(number(0, "stop_monoms"), (d.begin_us + 10 * SECOND) / 1000);
    run_camera(&d, 100, 125);
    close_desk(&d);
    ck_assert_uint_eq(part_count, 2); /* the end hands out what was open */
    ck_assert_int_eq(number(1, "start_monoms"), (d.begin_us + 9 * SECOND) / 1000);
    ck_assert_int_eq(number(1, "stop_monoms"), (d.begin_us + 12500000) / 1000);
    ck_assert_uint_eq(gap_count(1), 0);
}
END_TEST

START_TEST(a_gap_of_the_feed_is_one_of_the_clips)
{
    struct desk d;
    open_desk(&d, 1 << 20);
    run_camera(&d, 0, 100);
    clips_press(d.clips, ALARM, d.begin_us + 10 * SECOND, &d.ring);
    run_camera(&d, 100, 110);
    feed_gap(&d.feed, d.begin_us + 11 * SECOND, "the camera closed the connection");
    run_camera(&d, 120, 130);
    close_desk(&d);
    ck_assert_uint_eq(part_count, 3);
    ck_assert_str_eq(json_string_value(json_object_get(gap(2, 0), "why")),
                     "the camera closed the connection");
}
END_TEST

/* No unit comes any more: the clip ends by the clock alone. */
START_TEST(time_goes_on_without_units)
{
    struct desk d;
    open_desk_until(&d, 1 << 20, SECOND / 10);
    run_camera(&d, 0, 100);
    clips_press(d.clips, ALARM, d.begin_us + 10 * SECOND, &d.ring);
    wait_for_parts(&d, 2);
    ck_assert(is_last(1));
    close_desk(&d);
    ck_assert_uint_eq(part_count, 2);
}
END_TEST

/* Groups of pictures from `tenth` on, until the sink takes them. */
static void run_until_taken(struct desk *d, int64_t tenth)
{
    do {
        run_camera(d, tenth, tenth + 10);
        tenth += 10;
        sched_yield();
    } while (d->feed.sinks[1].waiting);
}

/* The camera's thread goes on, the ring holds everything, what waits is bounded, and the clip says
 * what it lacks. */
START_TEST(a_disk_that_stands_still_delays_the_clips_alone)
{
    struct desk d;
    open_desk(&d, 150000);
    pthread_mutex_lock(&disk);
    run_camera(&d, 0, 100);
    clips_press(d.clips, ALARM, d.begin_us + 10 * SECOND, &d.ring);
    while (atomic_load(&syncs) == 0)
        sched_yield();
    run_camera(&d, 100, 400); /* 300 kB, of which there is room for half */
    ck_assert_uint_eq(d.ring.bytes, 400000);
    ck_assert(d.feed.sinks[1].waiting);
    clips_poll(d.clips);
    ck_assert_uint_eq(part_count, 0);
    pthread_mutex_unlock(&disk);
    wait_for_parts(&d, 1);
    run_until_taken(&d, 400);
    close_desk(&d);
    ck_assert_uint_eq(gap_count(0), 0);
    size_t last = part_count - 1;
    ck_assert_uint_ge(last, 2);
    ck_assert_int_ge(number(last, "start_monoms"), (d.begin_us + 40 * SECOND) / 1000);
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(gap(last, 0), "why")), "as fast as they came"));
}
END_TEST

/* The third press finds no room for another ring: its clip begins late, and says so. */
START_TEST(presses_at_a_disk_that_stands_still_are_bounded)
{
    struct desk d;
    open_desk(&d, 150000);
    run_camera(&d, 0, 100);
    pthread_mutex_lock(&disk);
    clips_press(d.clips, ALARM, d.begin_us + 10 * SECOND, &d.ring);
    clips_press(d.clips, ALARM, d.begin_us + 11 * SECOND, &d.ring);
    clips_press(d.clips, OTHER, d.begin_us + 10 * SECOND, &d.ring);
    pthread_mutex_unlock(&disk);
    run_until_taken(&d, 100);
    close_desk(&d);
    size_t gaps = 0;
    for (size_t i = 0; i < part_count; i++) {
        bool other = strcmp(parts[i].clip.alarm, OTHER) == 0;
        ck_assert(other || gap_count(i) == 0 || number(i, "part") > 2);
        gaps += other ? gap_count(i) : 0;
    }
    ck_assert_uint_eq(gaps, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video clips");
    TCase *recording = tcase_create("recording");
    tcase_add_checked_fixture(recording, set_up, tear_down);
    tcase_add_test(recording, a_press_makes_the_time_before_it_and_the_time_after);
    tcase_add_test(recording, a_further_press_goes_on_longer_and_an_older_one_changes_nothing);
    tcase_add_test(recording, a_press_after_the_end_begins_where_the_last_part_ended);
    tcase_add_test(recording, a_press_in_the_future_is_one_of_now);
    tcase_add_test(recording, a_press_whose_time_is_over_records_nothing);
    tcase_add_test(recording, what_the_ring_cannot_show_is_a_gap);
    tcase_add_test(recording, a_camera_that_comes_after_the_press_is_a_gap_until_then);
    tcase_add_test(recording, a_broken_session_ends_the_part_and_the_next_one_says_why);
    tcase_add_test(recording, a_camera_that_stays_away_is_told_by_the_last_part);
    tcase_add_test(recording, pictures_far_apart_are_not_one_part);
    tcase_add_test(recording, other_streams_begin_another_part);
    tcase_add_test(recording, the_last_picture_lasts_until_the_next_one);
    tcase_add_test(recording, two_alarms_are_two_clips);
    tcase_add_test(recording, what_is_open_at_the_end_is_kept);
    tcase_add_test(recording, a_folder_that_cannot_be_written_is_a_gap_too);
    suite_add_tcase(suite, recording);
    TCase *sink = tcase_create("sink");
    tcase_set_timeout(sink, 90);
    tcase_add_checked_fixture(sink, set_up, tear_down);
    tcase_add_test(sink, the_sink_writes_what_ring_and_feed_have);
    tcase_add_test(sink, a_gap_of_the_feed_is_one_of_the_clips);
    tcase_add_test(sink, time_goes_on_without_units);
    tcase_add_test(sink, a_disk_that_stands_still_delays_the_clips_alone);
    tcase_add_test(sink, presses_at_a_disk_that_stands_still_are_bounded);
    suite_add_tcase(suite, sink);
    return run_suite(suite);
}
