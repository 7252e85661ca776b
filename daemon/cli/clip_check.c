/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/clip_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/plural.h"
#include "wire/digest.h"

#define BLOCK_BYTES 65536

struct clip {
    int fd;
    int64_t length; /* of the file */
    const json_t *manifest;
    const char *camera;
    clip_problem_handler on_problem;
    void *arg;
    bool bad;
};

static void problem(struct clip *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void problem(struct clip *c, const char *format, ...)
{
    char text[400];
    int used = snprintf(text, sizeof text, "clip of camera %.64s: ", c->camera);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, sizeof text - (size_t)used, format, arguments);
    va_end(arguments);
    c->bad = true;
    c->on_problem(c->arg, text);
}

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* Exactly `length` bytes; false after a message. */
static bool read_at(struct clip *c, int64_t offset, void *ret_data, size_t length)
{
    for (size_t done = 0; done < length;) {
        ssize_t got =
            pread(c->fd, (char *)ret_data + done, length - done, (off_t)offset + (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            problem(c, "cannot be read at byte %lld: %s", (long long)offset + (long long)done,
                    got < 0 ? strerror(errno) : "the file became shorter");
            return false;
        }
        done += (size_t)got;
    }
    return true;
}

/* Whether the bytes from `from` to `to` have the hash `expected` (lower-case hex; NULL: never). */
static bool has_hash(struct clip *c, int64_t from, int64_t to, const json_t *expected)
{
    unsigned char block[BLOCK_BYTES], digest[DIGEST_BYTES];
    char hex[ENCODE_HEX_SIZE(DIGEST_BYTES)];
    struct digest_stream *stream = digest_stream_create();
    bool whole = stream != NULL;
    while (whole && from < to) {
        size_t take = to - from < BLOCK_BYTES ? (size_t)(to - from) : BLOCK_BYTES;
        whole = read_at(c, from, block, take);
        if (whole)
            digest_stream_add(stream, block, take);
        from += (int64_t)take;
    }
    if (whole)
        digest_stream_take(stream, digest);
    digest_stream_destroy(stream);
    if (!whole)
        return false;
    encode_hex(digest, DIGEST_BYTES, hex);
    const char *text = json_string_value(expected);
    return text && strcmp(hex, text) == 0;
}

/* The end of the box at `offset`; 0 where there is none. */
static int64_t box_end(struct clip *c, int64_t offset, bool *ret_mdat)
{
    unsigned char head[16];
    if (c->length - offset < 8 || !read_at(c, offset, head, 8))
        return 0;
    uint64_t size = 0, least = 8;
    for (int i = 0; i < 4; i++)
        size = size << 8 | head[i];
    *ret_mdat = memcmp(head + 4, "mdat", 4) == 0;
    if (size == 1) { /* 64 bits follow the type */
        least = 16;
        if (c->length - offset < 16 || !read_at(c, offset + 8, head + 8, 8))
            return 0;
        size = 0;
        for (int i = 8; i < 16; i++)
            size = size << 8 | head[i];
    }
    if (size < least || size > (uint64_t)(c->length - offset))
        return 0;
    return offset + (int64_t)size;
}

/* The end of the group that begins at `offset`; 0 if no box tells. */
static int64_t group_end(struct clip *c, int64_t offset)
{
    bool mdat = false;
    while (!mdat && (offset = box_end(c, offset, &mdat)) > 0)
        ;
    return offset;
}

static double second_of(const struct clip *c, size_t group)
{
    const json_t *gops = json_object_get(c->manifest, "gops");
    if (group < json_array_size(gops))
        return (double)number(json_array_get(gops, group), "at_ms") / 1000;
    return (double)(number(c->manifest, "stop_monoms") - number(c->manifest, "start_monoms")) /
           1000;
}

static void tell_groups(struct clip *c, size_t from, size_t to)
{
    if (from < to)
        problem(c, "from second %.1f to %.1f it is not what was recorded", second_of(c, from),
                second_of(c, to));
}

static void check_groups(struct clip *c)
{
    const json_t *gops = json_object_get(c->manifest, "gops");
    size_t count = json_array_size(gops), bad_from = 0, bad_to = 0;
    int64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t end = group_end(c, at);
        if (end == 0) {
            tell_groups(c, bad_from, bad_to);
            problem(c, "from second %.1f on its groups of pictures cannot be told apart",
                    second_of(c, i));
            return;
        }
        if (!has_hash(c, at, end, json_object_get(json_array_get(gops, i), "sha256"))) {
            if (bad_to != i) {
                tell_groups(c, bad_from, bad_to);
                bad_from = i;
            }
            bad_to = i + 1;
        }
        at = end;
    }
    tell_groups(c, bad_from, bad_to);
    if (at != c->length)
        problem(c, "holds %lld byte%s behind its last group of pictures",
                (long long)(c->length - at), plural((long long)(c->length - at)));
}

static void check_chunks(struct clip *c)
{
    const json_t *chunks = json_object_get(c->manifest, "chunks");
    int64_t size = number(c->manifest, "chunk_bytes");
    size_t count = 0;
    if (size < 1) {
        problem(c, "the manifest has no chunk_bytes");
        return;
    }
    for (int64_t at = 0, end; at < c->length; at = end, count++) {
        end = size < c->length - at ? at + size : c->length;
        if (count < json_array_size(chunks) && !has_hash(c, at, end, json_array_get(chunks, count)))
            problem(c, "chunk %zu (bytes %lld to %lld) is not what was recorded", count + 1,
                    (long long)at, (long long)end - 1);
    }
    if (count != json_array_size(chunks))
        problem(c, "has %zu chunk%s, the manifest %zu", count, plural((long long)count),
                json_array_size(chunks));
}

static void check_file(struct clip *c)
{
    int64_t length = number(c->manifest, "length");
    if (c->length != length)
        problem(c, "has %lld byte%s instead of %lld", (long long)c->length,
                plural((long long)c->length), (long long)length);
    if (!has_hash(c, 0, c->length, json_object_get(c->manifest, "sha256")))
        problem(c, "as a whole it is not what was recorded");
    check_chunks(c);
    check_groups(c);
}

bool clip_check(const char *path, const json_t *manifest, clip_problem_handler on_problem,
                void *arg)
{
    const char *camera =
        json_string_value(json_object_get(json_object_get(manifest, "camera"), "id"));
    struct clip c = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK),
                     .manifest = manifest,
                     .camera = camera ? camera : "?",
                     .on_problem = on_problem,
                     .arg = arg};
    struct stat st;
    if (c.fd < 0 || fstat(c.fd, &st) != 0)
        problem(&c, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        problem(&c, "%s is not a file", path);
    else {
        c.length = st.st_size;
        check_file(&c);
    }
    if (c.fd >= 0)
        close(c.fd);
    return !c.bad;
}
