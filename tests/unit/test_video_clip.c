/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a clip, however its writer ends; and what the shelf makes of the parts. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libavformat/avformat.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/encode.h"
#include "run_suite.h"
#include "video/clip.h"
#include "video/journal.h"
#include "video/shelf.h"
#include "video_units.h"
#include "wire/digest.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"
#define BEGIN INT64_C(5000000000)

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
    struct camera_unit *unit = video_unit(stream, key, dts_us, stream == 0 ? 400 : 320);
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
    ck_assert_int_eq(clip_create(clips(), ALARM, "gate", video_streams, stream_count, &clip, &e),
                     0);
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
    check_message(&m);
    check_times(&m, wanted);
    message_finish(&m);
    remove_folder();
}
END_TEST

/* --- What must be on the disk, and when ---------------------------------------------------- */

/* The calls that make it so, in order, as "fsync .mp4.part": seen in the place of the C library's.
 */
static char calls[4000];

static void note_call(const char *what, int fd)
{
    char link[64], path[300];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *suffix = strlen(name) > 36 ? name + 36 : name;
    size_t used = strlen(calls);
    snprintf(calls + used, sizeof calls - used, "%s %s\n", what, suffix);
}

int fsync(int fd)
{
    note_call("fsync", fd);
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    note_call("fdatasync", fd);
    return (int)syscall(SYS_fdatasync, fd);
}

int renameat(int from, const char *old, int to, const char *new)
{
    note_call("rename in", to);
    return (int)syscall(SYS_renameat2, from, old, to, new, 0);
}

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

/* What a kill left is on the disk before anybody is told of it, and its announcement too. */
START_TEST(a_recovered_clip_is_on_the_disk)
{
    struct shelf shelf;
    struct err e;
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    write_and_die(id);
    calls[0] = '\0';
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    static const char first[] = "fsync .mp4.part\nrename in clips\nfsync clips\n";
    ck_assert_msg(strncmp(calls, first, sizeof first - 1) == 0, "%s", calls);
    /* atomic_file: the file beside, then the folder. */
    const char *then = calls + sizeof first - 1;
    ck_assert_ptr_nonnull(strstr(then, "sync .json"));
    ck_assert_ptr_nonnull(strstr(strstr(then, "sync .json"), "sync clips"));
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* Without its announcement on the disk the journal stays, and a restart finds the clip by it. */
START_TEST(a_clip_whose_announcement_cannot_be_stored_is_found_again)
{
    struct shelf shelf;
    struct err e;
    char blocked[200], id[UUID_TEXT_SIZE];
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    struct message made = make_clip(BEGIN, 20);
    memcpy(id, made.clip.id, sizeof id);
    snprintf(blocked, sizeof blocked, "%s/%s.json", clips(), id);
    ck_assert_int_eq(mkdir(blocked, 0700), 0); /* no file can take that name */
    shelf_add(&shelf, &made);
    ck_assert_int_eq(count_files(".journal", false), 1);
    shelf_close(&shelf);
    rmdir(blocked);
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    ck_assert_int_eq(count_files(".journal", false), 0);
    ck_assert_int_eq(count_files(".json", false), 1);
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* What is stored and done is remembered over a restart; nothing is taken back. */
START_TEST(marks_are_kept_over_a_restart)
{
    struct shelf shelf;
    struct err e;
    char id[UUID_TEXT_SIZE];
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    struct message made = make_clip(BEGIN, 20);
    memcpy(id, made.clip.id, sizeof id);
    struct shelf_clip *clip = shelf_add(&shelf, &made);
    ck_assert(!clip->stored && !clip->done);
    for (int round = 0; round < 3; round++) {
        bool stored = round > 0, done = round > 1;
        shelf_mark(&shelf, shelf_find(&shelf, id), stored, done);
        shelf_close(&shelf);
        ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
        clip = shelf_find(&shelf, id);
        ck_assert_ptr_nonnull(clip);
        ck_assert_int_eq(clip->stored, stored);
        ck_assert_int_eq(clip->done, done);
        ck_assert_int_gt(clip->wall_ms, 0);
        check_message(&clip->message);
    }
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

/* A worker that starts again recovers its own camera's clips and leaves the others to theirs. */
START_TEST(only_the_named_cameras_clips_are_recovered)
{
    struct shelf shelf;
    struct err e;
    char id[UUID_TEXT_SIZE] = "";
    make_folder();
    ck_assert_int_eq(shelf_open(&shelf, base, &e), 0);
    write_and_die(id);
    shelf_recover(&shelf, "yard", NULL, NULL);
    ck_assert_ptr_null(shelf_find(&shelf, id));
    shelf_recover(&shelf, "gate", NULL, NULL);
    ck_assert_ptr_nonnull(shelf_find(&shelf, id));
    shelf_close(&shelf);
    remove_folder();
}
END_TEST

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
    tcase_add_loop_test(clip, the_times_in_the_file_increase_whatever_comes, 0, 10);
    tcase_add_test(clip, a_clip_grows_and_ends_on_the_disk);
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
    tcase_add_test(shelf, a_recovered_clip_is_on_the_disk);
    tcase_add_test(shelf, a_clip_whose_announcement_cannot_be_stored_is_found_again);
    tcase_add_test(shelf, marks_are_kept_over_a_restart);
    tcase_add_test(shelf, only_the_named_cameras_clips_are_recovered);
    suite_add_tcase(suite, shelf);
    return run_suite(suite);
}
