/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a clip, however its writer ends; and what the shelf makes of the parts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/encode.h"
#include "run_suite.h"
#include "video/clip.h"
#include "video/journal.h"
#include "video/shelf.h"
#include "wire/digest.h"

#define ALARM  "019a0000-0000-7000-8000-000000000001"
#define BEGIN  INT64_C(5000000000)
#define SECOND 1000000

/* Parameter sets of a real 320x240 baseline stream; the pictures behind them are made up, since
 * nothing here decodes. */
static const unsigned char extradata[] = {0,    0,    0,    1,    0x67, 0x42, 0xc0, 0x0d, 0xda,
                                          0x05, 0x07, 0xe8, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40,
                                          0x00, 0x00, 0x0c, 0x83, 0xc5, 0x0a, 0xa8, 0,    0,
                                          0,    1,    0x68, 0xce, 0x0f, 0xc8};
static const struct camera_stream streams[] = {
    {.codec = CAMERA_CODEC_H264,
     .video = true,
     .width = 320,
     .height = 240,
     .extradata = extradata,
     .extradata_length = sizeof extradata},
    {.codec = CAMERA_CODEC_G711A, .sample_rate = 8000, .channels = 1},
};

static char folder[] = "/tmp/test_video_clip.XXXXXX";
static char base[sizeof folder];

static void make_folder(void)
{
    char clips[64];
    memcpy(base, folder, sizeof folder);
    ck_assert_ptr_nonnull(mkdtemp(base));
    snprintf(clips, sizeof clips, "%s/clips", base);
    ck_assert_int_eq(mkdir(clips, 0750), 0);
}

static const char *clips(void)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/clips", base);
    return path;
}

/* How many files end in `suffix`; with `removing`, every file goes. */
static int count_files(const char *suffix, bool removing)
{
    int count = 0;
    DIR *dir = opendir(clips());
    for (struct dirent *d; (d = readdir(dir));) {
        size_t length = strlen(d->d_name);
        if (length >= strlen(suffix) && strcmp(d->d_name + length - strlen(suffix), suffix) == 0)
            count++;
        if (removing)
            unlinkat(dirfd(dir), d->d_name, 0);
    }
    closedir(dir);
    return count;
}

static void remove_folder(void)
{
    count_files("", true);
    rmdir(clips());
    rmdir(base);
}

static int try_put(struct clip_file *clip, unsigned stream, bool key, int64_t dts_us)
{
    struct err e;
    unsigned char bytes[400] = {0, 0, 0, 1, key ? 0x65 : 0x41, 0x88};
    size_t length = stream == 0 ? sizeof bytes : 320;
    memset(bytes + 6, 0x5a, sizeof bytes - 6);
    struct camera_unit *unit = malloc(sizeof *unit + length);
    *unit = (struct camera_unit){.references = 1,
                                 .stream = stream,
                                 .key = key,
                                 .dts_us = dts_us,
                                 .pts_us = dts_us,
                                 .length = length};
    memcpy(unit->data, bytes, length);
    int result = clip_write(clip, unit, &e);
    camera_unit_unref(unit);
    return result;
}

static void put(struct clip_file *clip, unsigned stream, bool key, int64_t dts_us)
{
    ck_assert_int_eq(try_put(clip, stream, key, dts_us), 0);
}

static struct clip_file *begin(size_t stream_count)
{
    struct clip_file *clip;
    struct err e;
    ck_assert_int_eq(clip_create(clips(), ALARM, "gate", streams, stream_count, &clip, &e), 0);
    return clip;
}

/* Ten pictures a second, a keyframe each second. */
static void play(struct clip_file *clip, int64_t begin_us, int tenths, bool sound)
{
    for (int i = 0; i < tenths; i++) {
        put(clip, 0, i % 10 == 0, begin_us + i * SECOND / 10);
        if (sound)
            put(clip, 1, true, begin_us + i * SECOND / 10 + 20000);
    }
}

static int64_t number(const struct message *m, const char *key)
{
    return json_integer_value(json_object_get(m->clip.manifest, key));
}

/* The file is as long and hashes as the manifest says, group by group. */
static void check_file(const struct message *m)
{
    static unsigned char data[1 << 20];
    unsigned char digest[32];
    char hex[65];
    FILE *f = fopen(m->clip.path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t length = fread(data, 1, sizeof data, f), start = 0, group = 0;
    fclose(f);
    ck_assert_int_eq((int64_t)length, number(m, "length"));
    digest_sha256(data, length, digest);
    encode_hex(digest, 32, hex);
    ck_assert_str_eq(hex, json_string_value(json_object_get(m->clip.manifest, "sha256")));
    ck_assert_str_eq(
        hex, json_string_value(json_array_get(json_object_get(m->clip.manifest, "chunks"), 0)));
    const json_t *gops = json_object_get(m->clip.manifest, "gops");
    for (size_t at = 0; at < length;) {
        size_t size = (size_t)data[at] << 24 | (size_t)data[at + 1] << 16 |
                      (size_t)data[at + 2] << 8 | data[at + 3];
        ck_assert_uint_ge(size, 8);
        ck_assert_uint_le(at + size, length);
        at += size;
        if (memcmp(data + at - size + 4, "mdat", 4) != 0)
            continue;
        digest_sha256(data + start, at - start, digest);
        encode_hex(digest, 32, hex);
        ck_assert_str_eq(
            hex, json_string_value(json_object_get(json_array_get(gops, group++), "sha256")));
        start = at;
    }
    ck_assert_uint_eq(group, json_array_size(gops));
    ck_assert_uint_eq(start, length);
}

/* As between two processes: the message must pass the link's codec. */
static void check_message(const struct message *m)
{
    struct message heard;
    struct err e;
    char *line = message_format(m);
    ck_assert_int_eq(message_parse(line, strlen(line), &heard, &e), 0);
    free(line);
    message_finish(&heard);
    check_file(m);
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
    check_message(&m);
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
    check_message(&m);
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
    check_message(&m);
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
    check_message(&m);
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

/* A process that writes 3.5 s and is killed; the id of what it was writing. */
static void write_and_die(char ret_id[UUID_TEXT_SIZE])
{
    pid_t pid = fork();
    if (pid == 0) {
        play(begin(1), BEGIN, 35, false);
        raise(SIGKILL);
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    DIR *dir = opendir(clips());
    for (struct dirent *d; (d = readdir(dir));) {
        if (strlen(d->d_name) > 36)
            snprintf(ret_id, UUID_TEXT_SIZE, "%.36s", d->d_name);
    }
    closedir(dir);
}

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
    check_message(&m);
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

/* --- The shelf ----------------------------------------------------------------------------- */

static struct message make_clip(int64_t begin_us, int tenths)
{
    struct message m;
    struct err e;
    struct clip_file *clip = begin(1);
    play(clip, begin_us, tenths, false);
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    return m;
}

static const json_t *gaps_of(const struct shelf_clip *clip)
{
    return json_object_get(clip->message.clip.manifest, "gaps");
}

START_TEST(parts_are_counted_over_a_restart_and_the_time_between_is_a_gap)
{
    struct shelf shelf;
    struct err e;
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    struct message first = make_clip(BEGIN, 30);
    struct shelf_clip *one = shelf_add(&shelf, &first);
    ck_assert_int_eq(number(&one->message, "part"), 1);
    ck_assert_uint_eq(json_array_size(gaps_of(one)), 0);
    shelf_close(&shelf);
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    struct message second = make_clip(BEGIN + 10 * SECOND, 30);
    struct shelf_clip *two = shelf_add(&shelf, &second);
    ck_assert_int_eq(number(&two->message, "part"), 2);
    ck_assert_uint_eq(json_array_size(gaps_of(two)), 1);
    const json_t *gap = json_array_get(gaps_of(two), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(gap, "from_ms")), -7000);
    struct message third = make_clip(BEGIN + 12 * SECOND, 30); /* overlaps: no gap */
    ck_assert_uint_eq(json_array_size(gaps_of(shelf_add(&shelf, &third))), 0);
    ck_assert_int_eq(count_files(".journal", false), 0);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

START_TEST(a_gap_that_an_earlier_part_shows_is_none)
{
    struct shelf shelf;
    struct err e;
    struct message m;
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    struct message first = make_clip(BEGIN, 30);
    shelf_add(&shelf, &first);
    struct clip_file *clip = begin(1);
    clip_gap(clip, BEGIN - 5 * SECOND, BEGIN + 6 * SECOND, "the ring was empty");
    play(clip, BEGIN + 6 * SECOND, 10, false);
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    const json_t *gaps = gaps_of(shelf_add(&shelf, &m));
    ck_assert_uint_eq(json_array_size(gaps), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(gaps, 0), "from_ms")),
                     -3000);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(gaps, 0), "to_ms")), 0);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

START_TEST(what_was_being_written_is_on_the_shelf_after_a_start)
{
    struct shelf shelf;
    struct err e;
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    ck_assert_int_eq(count_files(".json", false), 1);
    shelf_close(&shelf);
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

START_TEST(only_done_clips_are_pruned_oldest_first)
{
    struct shelf shelf;
    struct err e;
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    struct message made[3];
    for (int i = 0; i < 3; i++) {
        made[i] = make_clip(BEGIN, 10);
        usleep(2000); /* ids are in order by the millisecond, and within one in none */
    }
    struct message a = made[0], b = made[1], c = made[2];
    int64_t one_bytes = a.clip.length_bytes;
    struct shelf_clip *first = shelf_add(&shelf, &a);
    char second[UUID_TEXT_SIZE], third[UUID_TEXT_SIZE];
    memcpy(second, b.clip.id, sizeof second);
    memcpy(third, c.clip.id, sizeof third);
    shelf_add(&shelf, &b);
    shelf_add(&shelf, &c);
    shelf_prune(&shelf, 0, 0); /* none is done: all stay */
    ck_assert_int_eq(count_files(".mp4", false), 3);
    for (struct shelf_clip *one = TAILQ_NEXT(first, link); one; one = TAILQ_NEXT(one, link))
        shelf_mark(&shelf, one, true, true);
    shelf_prune(&shelf, INT64_MAX / 2, one_bytes * 2); /* room for two: the older done one goes */
    ck_assert_ptr_null(shelf_find(&shelf, second));
    ck_assert_ptr_nonnull(shelf_find(&shelf, third));
    ck_assert_int_eq(count_files(".mp4", false), 2);
    shelf_prune(&shelf, -1, INT64_MAX / 2); /* too old: what is done goes, what is not stays */
    ck_assert_ptr_null(shelf_find(&shelf, third));
    ck_assert_int_eq(count_files(".mp4", false), 1);
    shelf_close(&shelf);
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
    suite_add_tcase(suite, clip);
    TCase *journal = tcase_create("journal");
    tcase_add_test(journal, a_kill_costs_the_open_group);
    tcase_add_test(journal, a_torn_file_keeps_what_is_whole);
    tcase_add_test(journal, a_changed_byte_ends_the_trust);
    tcase_add_test(journal, a_torn_journal_keeps_what_it_vouches_for);
    tcase_add_test(journal, a_journal_of_nonsense_leaves_nothing_behind);
    suite_add_tcase(suite, journal);
    TCase *shelf = tcase_create("shelf");
    tcase_add_test(shelf, parts_are_counted_over_a_restart_and_the_time_between_is_a_gap);
    tcase_add_test(shelf, a_gap_that_an_earlier_part_shows_is_none);
    tcase_add_test(shelf, what_was_being_written_is_on_the_shelf_after_a_start);
    tcase_add_test(shelf, only_done_clips_are_pruned_oldest_first);
    suite_add_tcase(suite, shelf);
    return run_suite(suite);
}
