/* SPDX-License-Identifier: Apache-2.0 */
#include "video/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/encode.h"
#include "iface/limits.h"
#include "wire/digest.h"

#define TEXT_MAX   (16u << 20)
#define GROUPS_MAX LIMIT_CLIP_GROUPS
#define READ_BYTES 65536

void journal_name(char ret_name[JOURNAL_NAME_SIZE], const char *id)
{
    snprintf(ret_name, JOURNAL_NAME_SIZE, "%s.journal", id);
}

void journal_part_name(char ret_name[JOURNAL_NAME_SIZE], const char *id)
{
    snprintf(ret_name, JOURNAL_NAME_SIZE, "%s.mp4.part", id);
}

void journal_clip_name(char ret_name[JOURNAL_NAME_SIZE], const char *id)
{
    snprintf(ret_name, JOURNAL_NAME_SIZE, "%s.mp4", id);
}

/* One write a line: a kill leaves whole lines, a torn one is told by its missing newline. */
static int write_line(int fd, json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text)
        return -ENOMEM;
    size_t length = strlen(text);
    text[length] = '\n';
    ssize_t written = write(fd, text, length + 1);
    int result = written < 0 ? -errno : (size_t)written == length + 1 ? 0 : -ENOSPC;
    free(text);
    return result;
}

int journal_write_head(int fd, const struct journal_head *head)
{
    return write_line(fd, json_pack("{ss,ss,ss,ss,sI,sO,sO}", "alarm", head->alarm, "camera",
                                    head->camera, "container", head->container, "boot", head->boot,
                                    "wall_ahead_ms", (json_int_t)head->wall_ahead_ms, "codecs",
                                    head->codecs, "gaps", head->gaps));
}

static json_t *group_to_json(const struct journal_group *group)
{
    return json_pack("{sI,sI,sI,ss}", "start_us", (json_int_t)group->start_us, "stop_us",
                     (json_int_t)group->stop_us, "end_bytes", (json_int_t)group->end_bytes,
                     "sha256", group->sha256);
}

int journal_write_group(int fd, const struct journal_group *group)
{
    return write_line(fd, group_to_json(group));
}

static int64_t number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

json_t *journal_manifest(const struct journal_head *head, const json_t *groups,
                         const json_t *chunks, int64_t length_bytes, const char *sha256)
{
    char start[CLOCK_TEXT_SIZE], stop[CLOCK_TEXT_SIZE];
    json_t *gops = json_array(), *gaps = json_array();
    size_t count = json_array_size(groups);
    int64_t start_ms = number(json_array_get(groups, 0), "start_us") / 1000;
    int64_t stop_ms = number(json_array_get(groups, count ? count - 1 : 0), "stop_us") / 1000;
    clock_format_utc(head->wall_ahead_ms + start_ms, start);
    clock_format_utc(head->wall_ahead_ms + stop_ms, stop);
    for (size_t i = 0; i < count; i++) {
        const json_t *group = json_array_get(groups, i);
        json_array_append_new(gops,
                              json_pack("{sI,ss}", "at_ms",
                                        (json_int_t)(number(group, "start_us") / 1000 - start_ms),
                                        "sha256", text(group, "sha256")));
    }
    for (size_t i = 0; i < json_array_size(head->gaps); i++) {
        const json_t *gap = json_array_get(head->gaps, i);
        json_array_append_new(
            gaps, json_pack("{sI,sI,ss}", "from_ms",
                            (json_int_t)(number(gap, "from_us") / 1000 - start_ms), "to_ms",
                            (json_int_t)(number(gap, "to_us") / 1000 - start_ms), "why",
                            text(gap, "why")));
    }
    return json_pack("{si,sb,ss,ss,sI,sI,ss,ss,sO,sI,ss,sI,sO,so,so}", "part", 1, "last", 0,
                     "start", start, "stop", stop, "start_monoms", (json_int_t)start_ms,
                     "stop_monoms", (json_int_t)stop_ms, "boot", head->boot, "container",
                     head->container, "codecs", head->codecs, "length", (json_int_t)length_bytes,
                     "sha256", sha256, "chunk_bytes", (json_int_t)JOURNAL_CHUNK_BYTES, "chunks",
                     chunks, "gops", gops, "gaps", gaps);
}

/* --- Recovery ------------------------------------------------------------------------------ */

/* The lines of a journal: its head, and the groups that it vouches for. */
struct read_journal {
    json_t *head;
    json_t *groups;
};

static bool is_group(const json_t *group, int64_t after_bytes)
{
    const char *hash = text(group, "sha256");
    return hash && strlen(hash) == 64 && number(group, "end_bytes") > after_bytes &&
           number(group, "start_us") > 0 && number(group, "stop_us") >= number(group, "start_us");
}

static int read_journal(const char *folder, const char *id, struct read_journal *ret_journal,
                        struct err *e)
{
    char path[400], name[JOURNAL_NAME_SIZE], *data;
    journal_name(name, id);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int result = atomic_file_read(path, TEXT_MAX, &data, NULL, e);
    if (result != 0)
        return result;
    *ret_journal = (struct read_journal){.groups = json_array()};
    int64_t end_bytes = 0;
    for (char *line = data, *end; (end = strchr(line, '\n')); line = end + 1) {
        json_t *object = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
        if (!ret_journal->head) {
            ret_journal->head = object;
        } else if (is_group(object, end_bytes) &&
                   json_array_size(ret_journal->groups) < GROUPS_MAX) {
            end_bytes = number(object, "end_bytes");
            json_array_append_new(ret_journal->groups, object);
        } else { /* what stands behind a line that makes no sense is not trusted */
            json_decref(object);
            break;
        }
        if (!object)
            break;
    }
    free(data);
    return 0;
}

static void free_journal(struct read_journal *journal)
{
    json_decref(journal->head);
    json_decref(journal->groups);
}

/* Hashes of the file, group by group; stops at the first that is torn. */
struct judged {
    size_t good;    /* groups */
    int64_t length; /* of these */
    json_t *chunks;
    char sha256[ENCODE_HEX_SIZE(DIGEST_BYTES)];
};

static void take_hex(struct digest_stream *stream, char ret_hex[ENCODE_HEX_SIZE(DIGEST_BYTES)])
{
    unsigned char digest[DIGEST_BYTES];
    digest_stream_take(stream, digest);
    encode_hex(digest, DIGEST_BYTES, ret_hex);
}

/* Adds bytes [from, to) of the file to a stream; false when they are not all there. */
static bool hash_range(int fd, int64_t from, int64_t to, struct digest_stream *stream)
{
    unsigned char buffer[READ_BYTES];
    while (from < to) {
        size_t wanted = to - from < READ_BYTES ? (size_t)(to - from) : READ_BYTES;
        ssize_t got = pread(fd, buffer, wanted, from);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        digest_stream_add(stream, buffer, (size_t)got);
        from += got;
    }
    return true;
}

static int judge(int fd, const json_t *groups, struct judged *ret_judged, struct err *e)
{
    struct digest_stream *stream = digest_stream_create();
    struct judged j = {.chunks = json_array()};
    char hex[ENCODE_HEX_SIZE(DIGEST_BYTES)];
    if (!stream || !j.chunks) {
        digest_stream_destroy(stream);
        json_decref(j.chunks);
        return err_set(e, ENOMEM, "out of memory");
    }
    for (; j.good < json_array_size(groups); j.good++) {
        const json_t *group = json_array_get(groups, j.good);
        bool whole = hash_range(fd, j.length, number(group, "end_bytes"), stream);
        take_hex(stream, hex);
        if (!whole || strcmp(hex, text(group, "sha256")) != 0)
            break;
        j.length = number(group, "end_bytes");
    }
    for (int64_t at = 0; at < j.length; at += JOURNAL_CHUNK_BYTES) {
        int64_t to = at + JOURNAL_CHUNK_BYTES < j.length ? at + JOURNAL_CHUNK_BYTES : j.length;
        hash_range(fd, at, to, stream);
        take_hex(stream, hex);
        json_array_append_new(j.chunks, json_string(hex));
    }
    hash_range(fd, 0, j.length, stream);
    take_hex(stream, j.sha256);
    digest_stream_destroy(stream);
    *ret_judged = j;
    return 0;
}

static bool copy(char *to, size_t size, const char *from)
{
    if (!from || strlen(from) >= size)
        return false;
    memcpy(to, from, strlen(from) + 1);
    return true;
}

static bool read_head(const json_t *json, struct journal_head *ret_head)
{
    *ret_head = (struct journal_head){.alarm = text(json, "alarm"),
                                      .camera = text(json, "camera"),
                                      .container = text(json, "container"),
                                      .wall_ahead_ms = number(json, "wall_ahead_ms"),
                                      .codecs = json_object_get(json, "codecs"),
                                      .gaps = json_object_get(json, "gaps")};
    return ret_head->alarm && uuid_is_valid(ret_head->alarm) && ret_head->camera &&
           strlen(ret_head->camera) < MESSAGE_ID_SIZE && ret_head->container &&
           json_is_array(ret_head->codecs) && json_is_array(ret_head->gaps) &&
           copy(ret_head->boot, sizeof ret_head->boot, text(json, "boot"));
}

/* The file keeps what is whole, durably, and gets its name. */
static int settle(int folder_fd, int fd, const char *from, const char *to, int64_t length,
                  struct err *e)
{
    if (ftruncate(fd, length) != 0 || fsync(fd) != 0 ||
        (strcmp(from, to) != 0 && renameat(folder_fd, from, folder_fd, to) != 0) ||
        fsync(folder_fd) != 0)
        return err_system(e, errno, "%s", to);
    return 0;
}

static void discard(int folder_fd, const char *id)
{
    char name[JOURNAL_NAME_SIZE];
    journal_part_name(name, id);
    unlinkat(folder_fd, name, 0);
    journal_clip_name(name, id);
    unlinkat(folder_fd, name, 0);
    journal_name(name, id);
    unlinkat(folder_fd, name, 0);
}

static int announce(const char *folder, const char *id, const struct journal_head *head,
                    const json_t *groups, const struct judged *judged, struct message *ret_message,
                    struct err *e)
{
    struct message m = {.type = MESSAGE_CLIP};
    json_t *whole = json_array();
    for (size_t i = 0; i < judged->good; i++)
        json_array_append(whole, json_array_get(groups, i));
    m.clip.manifest = journal_manifest(head, whole, judged->chunks, judged->length, judged->sha256);
    json_decref(whole);
    m.clip.length_bytes = judged->length;
    decode_hex(judged->sha256, strlen(judged->sha256), m.clip.sha256, sizeof m.clip.sha256);
    copy(m.clip.alarm, sizeof m.clip.alarm, head->alarm);
    copy(m.clip.camera, sizeof m.clip.camera, head->camera);
    copy(m.clip.id, sizeof m.clip.id, id);
    if (!m.clip.manifest || snprintf(m.clip.path, sizeof m.clip.path, "%s/%s.mp4", folder, id) >=
                                (int)sizeof m.clip.path) {
        json_decref(m.clip.manifest);
        return err_set(e, ENOMEM, "%s: out of memory, or the path is too long", id);
    }
    *ret_message = m;
    return 0;
}

int journal_recover(const char *folder, const char *id, struct message *ret_message, struct err *e)
{
    char part[JOURNAL_NAME_SIZE], clip[JOURNAL_NAME_SIZE], *name = part;
    struct read_journal journal = {0};
    struct journal_head head;
    struct judged judged = {0};
    int fd = -1, result, folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return err_system(e, errno, "%s", folder);
    journal_part_name(part, id);
    journal_clip_name(clip, id);
    result = read_journal(folder, id, &journal, e);
    if (result != 0)
        goto out;
    fd = openat(folder_fd, part, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) /* killed between its name and its announcement */
        fd = openat(folder_fd, name = clip, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT) {
        result = err_system(e, errno, "%s/%s", folder, name);
        goto out;
    }
    if (fd >= 0 && read_head(journal.head, &head))
        result = judge(fd, journal.groups, &judged, e);
    if (result == 0 && judged.good == 0) {
        discard(folder_fd, id);
        result = err_set(e, ENODATA, "%s: nothing of this clip is whole", id);
    }
    if (result == 0)
        result = settle(folder_fd, fd, name, clip, judged.length, e);
    if (result == 0)
        result = announce(folder, id, &head, journal.groups, &judged, ret_message, e);
out:
    json_decref(judged.chunks);
    free_journal(&journal);
    if (fd >= 0)
        close(fd);
    close(folder_fd);
    return result;
}

bool journal_camera(const char *folder, const char *id, char ret_camera[MESSAGE_ID_SIZE])
{
    struct read_journal journal = {0};
    struct journal_head head;
    struct err e;
    bool known = read_journal(folder, id, &journal, &e) == 0 && read_head(journal.head, &head) &&
                 copy(ret_camera, MESSAGE_ID_SIZE, head.camera);
    free_journal(&journal);
    return known;
}
