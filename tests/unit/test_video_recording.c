/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings in virtual time: what a press makes of ring and camera, into which parts it is cut,
 * and which gaps are named and why. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_suite.h"
#include "video/recording.h"
#include "video_parts.h"
#include "video_units.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"
#define OTHER "019a0000-0000-7000-8000-000000000002"

/* A camera of ten pictures a second, a keyframe each second, and its ring of ten. Recordings look
 * back 3 s, go on for 5 s after a press, and are cut into parts of 4 s. */
struct studio {
    struct ring ring;
    struct recordings recordings;
};

static void open_studio(struct studio *s)
{
    const struct recording_settings settings = {.folder = parts_folder,
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

/* A camera whose every picture is a keyframe, 25 a second, for longer than one manifest can name:
 * before the press, out of the ring, or after it. The next part goes on where it ends. */
START_TEST(a_part_ends_before_its_manifest_is_too_long)
{
    const int64_t count = LIMIT_CLIP_GROUPS + 100, begin_us = 1000 * SECOND;
    const int64_t length_us = count * SECOND / 25;
    const struct recording_settings settings = {.folder = parts_folder,
                                                .camera = "gate",
                                                .pre_us = _i * length_us,
                                                .post_us = 600 * SECOND,
                                                .part_us = 600 * SECOND};
    struct studio s;
    ring_init(&s.ring, 600 * SECOND, 1 << 24);
    recordings_init(&s.recordings, &settings, on_part, NULL);
    recordings_streams(&s.recordings, video_streams, 1);
    if (_i == 0)
        recordings_press(&s.recordings, ALARM, begin_us, begin_us, &s.ring);
    for (int64_t i = 0; i < count; i++) {
        struct camera_unit *unit = video_unit(0, true, begin_us + i * SECOND / 25, 20);
        if (_i == 1)
            ck_assert(ring_add(&s.ring, unit));
        else
            recordings_unit(&s.recordings, unit);
        camera_unit_unref(unit);
    }
    if (_i == 1)
        recordings_press(&s.recordings, ALARM, begin_us + length_us, begin_us + length_us, &s.ring);
    recordings_finish(&s.recordings);
    ring_clear(&s.ring);
    ck_assert_uint_eq(part_count, 2 + (size_t)_i); /* after the ring the newest picture once more */
    size_t groups = 0;
    for (size_t i = 0; i < 2; i++) {
        struct message heard;
        struct err e;
        char *line = message_format(&parts[i]);
        ck_assert_uint_lt(strlen(line), MESSAGE_LINE_MAX - 50000); /* an event is made of it */
        ck_assert_int_eq(message_parse(line, strlen(line), &heard, &e), 0);
        groups += json_array_size(json_object_get(heard.clip.manifest, "gops"));
        message_finish(&heard);
        free(line);
        ck_assert_uint_eq(part_gap_count(i), 0);
    }
    ck_assert_uint_eq(groups, (size_t)count);
    ck_assert_int_eq(part_number(1, "start_monoms"), part_number(0, "stop_monoms"));
    ck_assert_int_gt(part_number(0, "stop_monoms"), begin_us / 1000 + 360000); /* not at once */
}
END_TEST

START_TEST(a_press_makes_the_time_before_it_and_the_time_after)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1085);
    press(&s, ALARM, 1084, 1085);
    ck_assert_uint_eq(part_count, 1); /* ready at once */
    check_part(0, 1, 105, 108.5);
    ck_assert(!part_is_last(0));
    play(&s, 1085, 1200);
    ck_assert_uint_eq(part_count, 3);
    check_part(1, 2, 108, 112); /* from the keyframe before the press, four seconds */
    ck_assert(!part_is_last(1));
    check_part(2, 3, 112, 113.4); /* five seconds after the press */
    ck_assert(part_is_last(2));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(part_gap_count(i), 0);
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
    ck_assert(part_is_last(part_count - 1));
    ck_assert_int_eq(part_number(part_count - 1, "stop_monoms"), 113000);
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
    ck_assert(part_is_last(before - 1)); /* it ended at 110 */
    press(&s, ALARM, 1114, 1115);
    ck_assert_uint_eq(part_count, before + 1);
    check_part(before, (int64_t)before + 1, 110, 111.5); /* not 108.4 again */
    ck_assert_uint_eq(part_gap_count(before), 0);
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
    ck_assert(part_is_last(part_count - 1));
    ck_assert_int_eq(part_number(part_count - 1, "stop_monoms"), 110000);
    close_studio(&s);
}
END_TEST

START_TEST(a_press_whose_time_is_over_records_nothing)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1200);
    press(&s, ALARM, 1040, 1200); /* the ring begins when that ends */
    play(&s, 1200, 1300);
    close_studio(&s);
    ck_assert_uint_eq(part_count, 0);
}
END_TEST

/* The supervisor was held up, say. */
START_TEST(of_one_that_is_told_late_what_is_in_memory_still_is_recorded)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1200);
    press(&s, ALARM, 1080, 1200);
    ck_assert_uint_eq(part_count, 1); /* at once */
    check_part(0, 1, 109, 113);       /* to five seconds after the press */
    ck_assert(part_is_last(0));
    check_gap(0, 0, 105, 109, "the alarm was told late, and older pictures were gone");
    press(&s, ALARM, 1080, 1200); /* told once more */
    ck_assert_uint_eq(part_count, 1);
    press(&s, ALARM, 1140, 1200); /* and a further press, as late */
    ck_assert_uint_eq(part_count, 3);
    check_part(1, 2, 113, 117);
    check_part(2, 3, 117, 119);
    ck_assert(part_is_last(2));
    ck_assert_uint_eq(part_gap_count(1), 0);
    play(&s, 1200, 1300);
    close_studio(&s);
    ck_assert_uint_eq(part_count, 3);
}
END_TEST

/* They may be late themselves. */
START_TEST(one_that_is_told_late_waits_for_pictures_that_come_later)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1120);
    press(&s, ALARM, 1080, 1140);
    ck_assert_uint_eq(part_count, 1);
    check_part(0, 1, 105, 109);
    play(&s, 1120, 1200);
    ck_assert(part_is_last(part_count - 1));
    ck_assert_int_eq(part_number(part_count - 1, "stop_monoms"), 113000);
    close_studio(&s);
}
END_TEST

START_TEST(what_the_ring_cannot_show_is_a_gap)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1010);
    press(&s, ALARM, 1010, 1010);
    check_gap(0, 0, 98, 100, "the camera had not been there that long, or its memory was full");
    ck_assert_uint_eq(part_gap_count(0), 1);
    play(&s, 1010, 1100);
    ck_assert_uint_eq(part_gap_count(1), 0);
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
    ck_assert(part_is_last(0));
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
    recordings_gap(&s.recordings, 107 * SECOND, "the camera\nsaid \x7f\xff门");
    play(&s, 1080, 1200);
    check_part(1, 2, 104, 106.5);
    ck_assert(!part_is_last(1));
    check_part(2, 3, 108, 110);
    check_gap(2, 0, 106.5, 108, "the camera said  ?门");
    ck_assert(part_is_last(2));
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
    ck_assert(part_is_last(1));
    check_gap(1, 0, 106.5, 110, "no picture for 10 s");
    close_studio(&s);
    ck_assert_uint_eq(part_count, 2);
}
END_TEST

/* By arrival, they come after their time: nobody told that they would not. */
START_TEST(pictures_that_are_late_are_waited_for)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1085);
    recordings_tick(&s.recordings, 114 * SECOND - 1);
    play(&s, 1085, 1101);
    check_part(part_count - 1, 3, 108, 110);
    ck_assert(part_is_last(part_count - 1));
    ck_assert_uint_eq(part_gap_count(part_count - 1), 0);
    close_studio(&s);
}
END_TEST

/* It lacks half a second. */
START_TEST(an_end_that_is_missing_is_named_however_short)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1095);
    size_t before = part_count;
    recordings_tick(&s.recordings, 114 * SECOND - 1);
    ck_assert_uint_eq(part_count, before);
    recordings_tick(&s.recordings, 114 * SECOND);
    ck_assert_uint_eq(part_count, before + 1);
    ck_assert(part_is_last(before));
    check_gap(before, 0, 109.5, 110, "no pictures from the camera");
    close_studio(&s);
}
END_TEST

START_TEST(an_end_that_is_there_is_no_gap)
{
    struct studio s;
    open_studio(&s);
    play(&s, 1000, 1050);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1100);
    recordings_tick(&s.recordings, 114 * SECOND);
    ck_assert(part_is_last(part_count - 1));
    ck_assert_uint_eq(part_gap_count(part_count - 1), 0);
    close_studio(&s);
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
    ck_assert(part_is_last(2));
    ck_assert_uint_eq(part_gap_count(2), 0);
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
        if (part_is_last(i))
            last[other] = (size_t)part_number(i, "stop_monoms");
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
    ck_assert(!part_is_last(1)); /* another process may go on */
}
END_TEST

START_TEST(a_folder_that_cannot_be_written_is_a_gap_too)
{
    struct studio s;
    char away[80];
    snprintf(away, sizeof away, "%s.away", parts_folder);
    open_studio(&s);
    play(&s, 1000, 1050);
    ck_assert_int_eq(rename(parts_folder, away), 0);
    press(&s, ALARM, 1050, 1050);
    play(&s, 1050, 1065);
    ck_assert_uint_eq(part_count, 0);
    ck_assert_int_eq(rename(away, parts_folder), 0);
    play(&s, 1065, 1200);
    check_part(0, 1, 107, 110);
    const char *why = json_string_value(json_object_get(part_gap(0, 0), "why"));
    ck_assert_ptr_nonnull(strstr(why, "No such file or directory"));
    close_studio(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video recording");
    TCase *recording = tcase_create("recording");
    tcase_add_checked_fixture(recording, parts_begin, parts_end);
    tcase_add_loop_test(recording, a_part_ends_before_its_manifest_is_too_long, 0, 2);
    tcase_add_test(recording, a_press_makes_the_time_before_it_and_the_time_after);
    tcase_add_test(recording, a_further_press_goes_on_longer_and_an_older_one_changes_nothing);
    tcase_add_test(recording, a_press_after_the_end_begins_where_the_last_part_ended);
    tcase_add_test(recording, a_press_in_the_future_is_one_of_now);
    tcase_add_test(recording, a_press_whose_time_is_over_records_nothing);
    tcase_add_test(recording, of_one_that_is_told_late_what_is_in_memory_still_is_recorded);
    tcase_add_test(recording, one_that_is_told_late_waits_for_pictures_that_come_later);
    tcase_add_test(recording, what_the_ring_cannot_show_is_a_gap);
    tcase_add_test(recording, a_camera_that_comes_after_the_press_is_a_gap_until_then);
    tcase_add_test(recording, a_broken_session_ends_the_part_and_the_next_one_says_why);
    tcase_add_test(recording, a_camera_that_stays_away_is_told_by_the_last_part);
    tcase_add_test(recording, pictures_that_are_late_are_waited_for);
    tcase_add_test(recording, an_end_that_is_missing_is_named_however_short);
    tcase_add_test(recording, an_end_that_is_there_is_no_gap);
    tcase_add_test(recording, pictures_far_apart_are_not_one_part);
    tcase_add_test(recording, other_streams_begin_another_part);
    tcase_add_test(recording, the_last_picture_lasts_until_the_next_one);
    tcase_add_test(recording, two_alarms_are_two_clips);
    tcase_add_test(recording, what_is_open_at_the_end_is_kept);
    tcase_add_test(recording, a_folder_that_cannot_be_written_is_a_gap_too);
    suite_add_tcase(suite, recording);
    return run_suite(suite);
}
