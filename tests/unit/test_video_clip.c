/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a clip, however its writer ends. */
#include <errno.h>
#include <fcntl.h>
#include <libavformat/avformat.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clips/claims.h"
#include "run_suite.h"
#include "video/clip.h"
#include "video/journal.h"
#include "video_clip_stage.h"
#include "video_units.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"

#define SOUND      40000  /* the length of a piece of it, in µs */
#define SOUND_LATE 250000 /* the first one's time in the clip */

/* And tocsind, which looks at each member before it signs, takes it. */
static void check_said(const struct message *m)
{
    check_message(m);
    const char *wrong = claims_wrong(m->clip.manifest, "another-boot", 0);
    ck_assert_msg(!wrong, "%s", wrong);
}

START_TEST(a_finished_clip_says_what_it_holds)
{
    struct message m;
    struct err e;
    make_folder();
    struct clip_file *clip = begin(1);
    put(clip, 0, false, BEGIN - SECOND); /* nothing to begin with: not written */
    clip_gap(clip, BEGIN - 2 * SECOND, BEGIN, "no pictures");
    play(clip, BEGIN, 35, false);
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    check_said(&m);
    ck_assert_str_eq(m.clip.camera, "gate");
    ck_assert_str_eq(m.clip.alarm, ALARM);
    ck_assert_int_eq(number(&m, "start_monoms"), BEGIN / 1000);
    ck_assert_int_eq(number(&m, "stop_monoms"), BEGIN / 1000 + 3500);
    const json_t *gops = json_object_get(m.clip.manifest, "gops");
    ck_assert_uint_eq(json_array_size(gops), 4);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(gops, 3), "at_ms")), 3000);
    const json_t *gap = json_array_get(json_object_get(m.clip.manifest, "gaps"), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(gap, "from_ms")), -2000);
    ck_assert_int_eq(json_integer_value(json_object_get(gap, "to_ms")), 0);
    ck_assert_int_eq(count_files(".part", false), 0);
    message_finish(&m);
    remove_folder();
}
END_TEST

START_TEST(g711_makes_a_quicktime_file)
{
    struct message m;
    struct err e;
    make_folder();
    struct clip_file *clip = begin(2);
    play(clip, BEGIN, 20, true);
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    check_said(&m);
    ck_assert_str_eq(json_string_value(json_object_get(m.clip.manifest, "container")), "mov");
    message_finish(&m);
    remove_folder();
}
END_TEST

START_TEST(units_at_the_same_moment_do_not_end_a_clip)
{
    struct message m;
    struct err e;
    make_folder();
    struct clip_file *clip = begin(2);
    play(clip, BEGIN, 10, true);
    for (int i = 0; i < 5; i++) {
        put(clip, 0, false, BEGIN + SECOND);
        put(clip, 1, true, BEGIN + SECOND);
    }
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    check_said(&m);
    message_finish(&m);
    remove_folder();
}
END_TEST

/* Reads the file back as a player does: in each stream the times increase, over all fragments. */
static void check_times(const struct message *m, unsigned wanted)
{
    AVFormatContext *context = NULL;
    AVPacket *packet = av_packet_alloc();
    int64_t last[2] = {INT64_MIN, INT64_MIN}, end = INT64_MIN;
    unsigned count = 0;
    ck_assert_int_eq(avformat_open_input(&context, m->clip.path, NULL, NULL), 0);
    while (av_read_frame(context, packet) == 0) {
        int stream = packet->stream_index;
        ck_assert_int_gt(packet->dts, last[stream]);
        ck_assert_int_ge(packet->pts, packet->dts);
        if (stream == 0) { /* the picture before does not reach into it */
            ck_assert_int_ge(packet->dts, end);
            end = packet->dts + packet->duration;
        }
        last[stream] = packet->dts;
        count++;
        av_packet_unref(packet);
    }
    ck_assert_uint_eq(count, wanted);
    av_packet_free(&packet);
    avformat_close_input(&context);
}

/* Pictures and sound whose times are one, a microsecond apart, or run back, also where a group
 * ends: no camera of ours sends that, but a file whose times do not increase cannot be played at
 * all. */
START_TEST(the_times_in_the_file_increase_whatever_comes)
{
    static const int64_t steps[] = {100000, 0, 1, 5, -40000, 200000, -1, 11, 1000, 0};
    struct message m;
    struct err e;
    make_folder();
    struct clip_file *clip = begin(2);
    int64_t us = BEGIN;
    unsigned wanted = 0;
    for (int i = 0; i < 200; i++) {
        put(clip, 0, i % 7 == 0, us);
        put(clip, 1, true, us + 3);
        wanted += (us >= BEGIN) + (us + 3 >= BEGIN); /* what is before the clip is left out */
        us += steps[(i + _i) % 10];
    }
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    check_said(&m);
    check_times(&m, wanted);
    message_finish(&m);
    remove_folder();
}
END_TEST

/* A packet of the file that a player finds, on the time of our clock. */
static void check_played(const struct message *m, const AVFormatContext *context,
                         const AVPacket *packet, size_t *group, unsigned *sounds)
{
    const AVRational us = {1, 1000000};
    const AVStream *stream = context->streams[packet->stream_index];
    int64_t at_us = av_rescale_q(packet->dts, stream->time_base, us);
    if (packet->stream_index == 1) {
        ck_assert_int_le(llabs(at_us - SOUND_LATE - *sounds * SOUND), 1000);
        ++*sounds;
    } else if (packet->flags & AV_PKT_FLAG_KEY) {
        const json_t *gop = json_array_get(json_object_get(m->clip.manifest, "gops"), (*group)++);
        int64_t said_ms = json_integer_value(json_object_get(gop, "at_ms"));
        ck_assert_int_le(llabs(at_us - said_ms * 1000), 1000);
    }
}

/* Sound that is behind, and written first since it is handed on at once: muxers like to begin at 0
 * with whatever comes first, which drew the first pictures together and all others ahead. */
START_TEST(the_file_plays_at_the_times_that_the_manifest_says)
{
    struct message m;
    struct err e;
    AVFormatContext *context = NULL;
    AVPacket *packet = av_packet_alloc();
    size_t group = 0;
    unsigned sounds = 0;
    make_folder();
    struct clip_file *clip = begin(2);
    for (int64_t i = 0, sound = 0; i < 35; i++) {
        put(clip, 0, i % 10 == 0, BEGIN + i * SECOND / 10);
        for (; sound * SOUND < (i + 1) * SECOND / 10; sound++)
            put(clip, 1, true, BEGIN + SOUND_LATE + sound * SOUND);
    }
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    check_said(&m);
    ck_assert_int_eq(avformat_open_input(&context, m.clip.path, NULL, NULL), 0);
    while (av_read_frame(context, packet) == 0) {
        check_played(&m, context, packet, &group, &sounds);
        av_packet_unref(packet);
    }
    ck_assert_uint_eq(group, 4);
    ck_assert_uint_eq(sounds, 88);
    av_packet_free(&packet);
    avformat_close_input(&context);
    message_finish(&m);
    remove_folder();
}
END_TEST

/* --- What must be on the disk, and when ---------------------------------------------------- */

START_TEST(a_clip_grows_and_ends_on_the_disk)
{
    struct message m;
    struct err e;
    make_folder();
    struct clip_file *clip = begin(1);
    calls[0] = '\0';
    play(clip, BEGIN, 11, false); /* the first group is whole */
    ck_assert_str_eq(calls, "fdatasync .mp4.part\nfdatasync .journal\n");
    calls[0] = '\0';
    play(clip, BEGIN + 2 * SECOND, 30, false); /* within the same second: not each group */
    ck_assert_str_eq(calls, "");
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    ck_assert_str_eq(calls, "fsync .mp4.part\nfsync .journal\nrename in clips\nfsync clips\n");
    message_finish(&m);
    remove_folder();
}
END_TEST

/* The disk takes 20,000 bytes and no more. */
START_TEST(a_full_disk_keeps_the_groups_that_fit)
{
    struct message m;
    struct err e;
    int result = 0;
    make_folder();
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, full = {20000, 20000};
    getrlimit(RLIMIT_FSIZE, &before);
    full.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
    struct clip_file *clip = begin(1);
    for (int i = 0; result == 0 && i < 200; i++)
        result = try_put(clip, 0, i % 10 == 0, BEGIN + i * SECOND / 10);
    ck_assert_int_lt(result, 0);
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    setrlimit(RLIMIT_FSIZE, &before);
    check_said(&m);
    ck_assert_uint_ge(json_array_size(json_object_get(m.clip.manifest, "gops")), 3);
    message_finish(&m);
    remove_folder();
}
END_TEST

START_TEST(a_clip_without_a_picture_is_none)
{
    struct message m;
    struct err e;
    make_folder();
    ck_assert_int_eq(clip_finish(begin(1), &m, &e), -ENODATA);
    ck_assert_int_eq(count_files("", false), 2); /* "." and ".." */
    remove_folder();
}
END_TEST

static void edit(const char *id, const char *suffix, off_t at, const char *bytes, off_t length)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s%s", clips(), id, suffix);
    int fd = open(path, O_WRONLY);
    ck_assert_int_ge(fd, 0);
    if (bytes) {
        ssize_t written = pwrite(fd, bytes, strlen(bytes), at);
        ck_assert_int_eq(written, (ssize_t)strlen(bytes));
    }
    if (length >= 0)
        ck_assert_int_eq(ftruncate(fd, length), 0);
    close(fd);
}

static off_t size_of(const char *id, const char *suffix)
{
    char path[160];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s%s", clips(), id, suffix);
    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_size;
}

static void check_recovered(const char *id, size_t groups)
{
    struct message m;
    struct err e;
    ck_assert_int_eq(journal_recover(clips(), id, &m, &e), 0);
    check_said(&m);
    ck_assert_str_eq(m.clip.id, id);
    ck_assert_uint_eq(json_array_size(json_object_get(m.clip.manifest, "gops")), groups);
    ck_assert_int_eq(number(&m, "stop_monoms"), BEGIN / 1000 + 1000 * (int64_t)groups);
    message_finish(&m);
}

START_TEST(a_kill_costs_the_open_group)
{
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    check_recovered(id, 3);
    check_recovered(id, 3); /* and again, if the supervisor died before it could say so */
    remove_folder();
}
END_TEST

START_TEST(a_torn_file_keeps_what_is_whole)
{
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    edit(id, ".mp4.part", 0, NULL, size_of(id, ".mp4.part") - 1);
    check_recovered(id, 2);
    remove_folder();
}
END_TEST

START_TEST(a_changed_byte_ends_the_trust)
{
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    edit(id, ".mp4.part", size_of(id, ".mp4.part") / 2, "X", -1);
    check_recovered(id, 1);
    remove_folder();
}
END_TEST

START_TEST(a_torn_journal_keeps_what_it_vouches_for)
{
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    edit(id, ".journal", 0, NULL, size_of(id, ".journal") - 1);
    check_recovered(id, 2);
    remove_folder();
}
END_TEST

START_TEST(a_journal_of_nonsense_leaves_nothing_behind)
{
    char id[UUID_TEXT_SIZE] = "";
    struct message m;
    struct err e;
    make_folder();
    write_and_die(id);
    edit(id, ".journal", 0, "{}\nnonsense\n", 12);
    ck_assert_int_eq(journal_recover(clips(), id, &m, &e), -ENODATA);
    ck_assert_int_eq(count_files("", false), 2);
    remove_folder();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video clip");
    TCase *clip = tcase_create("clip");
    tcase_add_test(clip, a_finished_clip_says_what_it_holds);
    tcase_add_test(clip, g711_makes_a_quicktime_file);
    tcase_add_test(clip, units_at_the_same_moment_do_not_end_a_clip);
    tcase_add_test(clip, a_full_disk_keeps_the_groups_that_fit);
    tcase_add_test(clip, a_clip_without_a_picture_is_none);
    tcase_add_loop_test(clip, the_times_in_the_file_increase_whatever_comes, 0, 10);
    tcase_add_test(clip, the_file_plays_at_the_times_that_the_manifest_says);
    tcase_add_test(clip, a_clip_grows_and_ends_on_the_disk);
    suite_add_tcase(suite, clip);
    TCase *journal = tcase_create("journal");
    tcase_add_test(journal, a_kill_costs_the_open_group);
    tcase_add_test(journal, a_torn_file_keeps_what_is_whole);
    tcase_add_test(journal, a_changed_byte_ends_the_trust);
    tcase_add_test(journal, a_torn_journal_keeps_what_it_vouches_for);
    tcase_add_test(journal, a_journal_of_nonsense_leaves_nothing_behind);
    suite_add_tcase(suite, journal);
    return run_suite(suite);
}
