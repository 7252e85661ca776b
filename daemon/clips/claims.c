/* SPDX-License-Identifier: Apache-2.0 */
#include "clips/claims.h"

#include <stdbool.h>
#include <string.h>

#include "base/clock.h"
#include "iface/limits.h"

#define CHUNK_BYTES INT64_C(4194304)
#define LARGEST     (INT64_C(1) << 40)
#define LAST_PART   100000
#define LONGEST_MS  (24 * INT64_C(3600000)) /* a part is cut long before */
#define FARTHEST_MS (INT64_C(1) << 40)
#define WORD_BYTES  40
#define WHY_BYTES   128
#define AHEAD_MS    INT64_C(60000) /* how long its last picture is shown is a guess */

static bool is_within(const json_t *value, int64_t low, int64_t high)
{
    return json_is_integer(value) && json_integer_value(value) >= low &&
           json_integer_value(value) <= high;
}

/* A text without a NUL in it, of so many bytes at the most. */
static const char *text_of(const json_t *value, size_t most)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    return text && length > 0 && length <= most && strlen(text) == length ? text : NULL;
}

static bool is_made_of(const json_t *value, const char *letters, size_t most)
{
    const char *text = text_of(value, most);
    return text && strspn(text, letters) == strlen(text);
}

static bool is_hash(const json_t *value)
{
    return is_made_of(value, "0123456789abcdef", 64) && json_string_length(value) == 64;
}

static bool is_one_of(const json_t *value, const char *const *words, size_t count)
{
    const char *text = text_of(value, WORD_BYTES);
    while (text && count > 0 && strcmp(words[count - 1], text) != 0)
        count--;
    return text && count > 0;
}

/* One line, or nothing. */
static bool is_sentence(const json_t *value)
{
    const unsigned char *at = (const unsigned char *)json_string_value(value);
    size_t length = json_string_length(value), i = 0;
    while (i < length && at[i] >= ' ' && at[i] != 127)
        i++;
    return at && i == length && length <= WHY_BYTES;
}

static const char *wrong_in_codecs(const json_t *codecs)
{
    static const char *const known[] = {"h264", "h265", "aac", "g711a", "g711u"};
    size_t count = json_array_size(codecs); /* 0 of what is no list */
    if (count < 1 || count > LIMIT_STREAMS)
        return "how many codecs it has";
    for (size_t i = 0; i < count; i++) {
        if (!is_one_of(json_array_get(codecs, i), known, sizeof known / sizeof *known))
            return "a codec that none is";
    }
    return NULL;
}

static const char *wrong_in_chunks(const json_t *m, int64_t length)
{
    const json_t *chunks = json_object_get(m, "chunks");
    if (!is_within(json_object_get(m, "chunk_bytes"), CHUNK_BYTES, CHUNK_BYTES))
        return "of what size its chunks are";
    if ((int64_t)json_array_size(chunks) != (length + CHUNK_BYTES - 1) / CHUNK_BYTES)
        return "how many chunks it has";
    for (size_t i = 0; i < json_array_size(chunks); i++) {
        if (!is_hash(json_array_get(chunks, i)))
            return "the hash of a chunk";
    }
    return NULL;
}

/* Not by the clip's length: pictures whose times run back may end it before one of them. */
static const char *wrong_in_groups(const json_t *groups)
{
    if (!json_is_array(groups) || json_array_size(groups) > LIMIT_CLIP_GROUPS)
        return "how many groups of pictures it has";
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const json_t *one = json_array_get(groups, i);
        if (json_object_size(one) != 2 ||
            !is_within(json_object_get(one, "at_ms"), 0, LONGEST_MS) ||
            !is_hash(json_object_get(one, "sha256")))
            return "a group of pictures";
    }
    return NULL;
}

static const char *wrong_in_gaps(const json_t *gaps)
{
    if (!json_is_array(gaps) || json_array_size(gaps) > LIMIT_CLIP_GAPS)
        return "how many gaps it has";
    for (size_t i = 0; i < json_array_size(gaps); i++) {
        const json_t *one = json_array_get(gaps, i), *from = json_object_get(one, "from_ms");
        if (json_object_size(one) != 3 || !is_within(from, -FARTHEST_MS, FARTHEST_MS) ||
            !is_within(json_object_get(one, "to_ms"), json_integer_value(from), FARTHEST_MS) ||
            !is_sentence(json_object_get(one, "why")))
            return "a gap";
    }
    return NULL;
}

/* As the gateway itself would write it. */
static bool is_time(const json_t *value, int64_t *ret_wall_ms)
{
    const char *text = text_of(value, CLOCK_TEXT_SIZE);
    char same[CLOCK_TEXT_SIZE];
    if (!text || clock_parse_rfc3339(text, ret_wall_ms) != 0)
        return false;
    clock_format_utc(*ret_wall_ms, same);
    return strcmp(text, same) == 0;
}

/* By the wall clock it is as long as by the monotonic one. */
static const char *wrong_in_times(const json_t *m, const char *boot, int64_t now_ms)
{
    const json_t *from = json_object_get(m, "start_monoms"),
                 *to = json_object_get(m, "stop_monoms");
    const json_t *of = json_object_get(m, "boot");
    int64_t from_ms = json_integer_value(from), to_ms = json_integer_value(to), start_ms, stop_ms;
    if (!is_made_of(of, "abcdefghijklmnopqrstuvwxyz0123456789-", WORD_BYTES))
        return "of which boot it is";
    if (!is_within(from, 0, INT64_MAX / 2) || !is_within(to, from_ms, from_ms + LONGEST_MS))
        return "when it begins and ends";
    if (strcmp(json_string_value(of), boot) == 0 && to_ms > now_ms + AHEAD_MS)
        return "that it ends in time to come";
    if (!is_time(json_object_get(m, "start"), &start_ms) ||
        !is_time(json_object_get(m, "stop"), &stop_ms) || stop_ms - start_ms != to_ms - from_ms)
        return "at what time of day it begins and ends";
    return NULL;
}

const char *claims_wrong(const json_t *m, const char *boot, int64_t now_ms)
{
    static const char *const containers[] = {"mp4", "mov"};
    const json_t *length = json_object_get(m, "length");
    const char *wrong = NULL;
    if (!is_within(json_object_get(m, "part"), 1, LAST_PART) ||
        !json_is_boolean(json_object_get(m, "last")))
        return "which part it is";
    if (!is_one_of(json_object_get(m, "container"), containers, 2))
        return "a container that none is";
    if (!is_within(length, 1, LARGEST) || !is_hash(json_object_get(m, "sha256")))
        return "its length or hash";
    wrong = wrong_in_times(m, boot, now_ms);
    if (!wrong)
        wrong = wrong_in_codecs(json_object_get(m, "codecs"));
    if (!wrong)
        wrong = wrong_in_chunks(m, json_integer_value(length));
    if (!wrong)
        wrong = wrong_in_groups(json_object_get(m, "gops"));
    return wrong ? wrong : wrong_in_gaps(json_object_get(m, "gaps"));
}

void claims_add(json_t *data, const json_t *manifest)
{
    static const char *const names[] = {"part",         "last",        "start",  "stop",
                                        "start_monoms", "stop_monoms", "boot",   "container",
                                        "codecs",       "length",      "sha256", "chunk_bytes",
                                        "chunks",       "gops",        "gaps"};
    for (size_t i = 0; data && i < sizeof names / sizeof *names; i++)
        json_object_set(data, names[i], json_object_get(manifest, names[i]));
}
