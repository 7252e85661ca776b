/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/encode.h"
#include "test_folder.h"
#include "video_clip_stage.h"
#include "video_units.h"
#include "wire/digest.h"

#define ALARM "019a0000-0000-7000-8000-000000000001"

char clips_base[64];

void make_folder(void)
{
    char clips[64];
    test_folder(clips_base, sizeof clips_base);
    snprintf(clips, sizeof clips, "%s/clips", clips_base);
    ck_assert_int_eq(mkdir(clips, 0750), 0);
}

const char *clips(void)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/clips", clips_base);
    return path;
}

/* How many files end in `suffix`; with `removing`, every file goes. */
int count_files(const char *suffix, bool removing)
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

void remove_folder(void)
{
    count_files("", true);
    rmdir(clips());
    rmdir(clips_base);
}

int try_put(struct clip_file *clip, unsigned stream, bool key, int64_t dts_us)
{
    struct err e;
    struct camera_unit *unit = video_unit(stream, key, dts_us, stream == 0 ? 400 : 320);
    int result = clip_write(clip, unit, &e);
    camera_unit_unref(unit);
    return result;
}

void put(struct clip_file *clip, unsigned stream, bool key, int64_t dts_us)
{
    ck_assert_int_eq(try_put(clip, stream, key, dts_us), 0);
}

struct clip_file *begin(size_t stream_count)
{
    struct clip_file *clip;
    struct err e;
    ck_assert_int_eq(clip_create(clips(), ALARM, "gate", video_streams, stream_count, &clip, &e),
                     0);
    return clip;
}

/* Ten pictures a second, a keyframe each second. */
void play(struct clip_file *clip, int64_t begin_us, int tenths, bool sound)
{
    for (int i = 0; i < tenths; i++) {
        put(clip, 0, i % 10 == 0, begin_us + i * SECOND / 10);
        if (sound)
            put(clip, 1, true, begin_us + i * SECOND / 10 + 20000);
    }
}

int64_t number(const struct message *m, const char *key)
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
void check_message(const struct message *m)
{
    struct message heard;
    struct err e;
    char *line = message_format(m);
    ck_assert_int_eq(message_parse(line, strlen(line), &heard, &e), 0);
    free(line);
    message_finish(&heard);
    check_file(m);
}

/* A process that writes 3.5 s and is killed; the id of what it was writing. */
void write_and_die(char ret_id[UUID_TEXT_SIZE])
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

struct message make_clip(int64_t begin_us, int tenths)
{
    struct message m;
    struct err e;
    struct clip_file *clip = begin(1);
    play(clip, begin_us, tenths, false);
    ck_assert_int_eq(clip_finish(clip, &m, &e), 0);
    return m;
}

/* --- The disk ------------------------------------------------------------------------------ */

/* In the place of the C library's. */
char calls[4000];
static pthread_mutex_t calls_lock = PTHREAD_MUTEX_INITIALIZER; /* the pool's threads call, too */

static void note_call(const char *what, int fd)
{
    char link[64], path[300];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *suffix = strlen(name) > 36 ? name + 36 : name;
    pthread_mutex_lock(&calls_lock);
    size_t used = strlen(calls);
    snprintf(calls + used, sizeof calls - used, "%s %s\n", what, suffix);
    pthread_mutex_unlock(&calls_lock);
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
