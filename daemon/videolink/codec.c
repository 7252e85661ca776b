/* SPDX-License-Identifier: Apache-2.0 */
/* The messages as JSON lines, both ways. Each kind is one function to write and one to read. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "videolink/videolink.h"

static const char *const type_names[] = {
    [VIDEOLINK_TYPE_ALARM] = "alarm",
    [VIDEOLINK_TYPE_ALARM_OVER] = "alarm_over",
    [VIDEOLINK_TYPE_CLIP_STORED] = "clip_stored",
    [VIDEOLINK_TYPE_CLIP_DONE] = "clip_done",
    [VIDEOLINK_TYPE_CAMERA] = "camera",
    [VIDEOLINK_TYPE_CLIP] = "clip",
    [VIDEOLINK_TYPE_CLIP_HELD] = "clip_held",
};
static const char *const state_names[] = {
    [VIDEOLINK_CAMERA_CONNECTING] = "connecting",
    [VIDEOLINK_CAMERA_ONLINE] = "online",
    [VIDEOLINK_CAMERA_FAULT] = "fault",
};
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* No time, size or count of ours comes near it, and sums of two stay far from overflow. */
#define NUMBER_MAX (INT64_C(1) << 53)

const char *videolink_camera_state_name(enum videolink_camera_state state)
{
    return state_names[state];
}

/* --- Writing ------------------------------------------------------------------------------- */

static json_t *words_to_json(size_t count, const char *first, size_t size)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(first + i * size));
    return list;
}

static json_t *alarm_to_json(const struct videolink_alarm *a)
{
    return json_pack("{ss, ss, so, sI, sI}", "type", "alarm", "alarm", a->alarm, "cameras",
                     words_to_json(a->camera_count, a->cameras[0], sizeof a->cameras[0]),
                     "press_monoms", (json_int_t)a->press_monoms, "last_press_monoms",
                     (json_int_t)a->last_press_monoms);
}

static json_t *camera_to_json(const struct videolink_camera *c)
{
    return json_pack(
        "{ss, ss, ss, ss, sI, so, sI, sI, sI, sI}", "type", "camera", "id", c->id, "state",
        state_names[c->state], "reason", c->reason, "since_monoms", (json_int_t)c->since_monoms,
        "codecs", words_to_json(c->codec_count, c->codecs[0], sizeof c->codecs[0]), "bitrate_bps",
        (json_int_t)c->bitrate_bps, "keyframe_age_ms", (json_int_t)c->keyframe_age_ms, "ring_ms",
        (json_int_t)c->ring_ms, "restarts", (json_int_t)c->restarts);
}

static json_t *clip_to_json(const struct videolink_clip *c)
{
    json_t *gops = json_array(), *gaps = json_array();
    for (size_t i = 0; i < c->gop_count; i++)
        json_array_append_new(gops, json_pack("{sI, ss}", "at_ms", (json_int_t)c->gops[i].at_ms,
                                              "sha256", c->gops[i].sha256));
    for (size_t i = 0; i < c->gap_count; i++)
        json_array_append_new(gaps, json_pack("{sI, sI, ss}", "from_ms",
                                              (json_int_t)c->gaps[i].from_ms, "to_ms",
                                              (json_int_t)c->gaps[i].to_ms, "why", c->gaps[i].why));
    return json_pack(
        "{ss, ss, ss, ss, sI, sb, sI, sI, sI, sI, ss, ss, so, sI, ss, sI, so, so, so, ss}", "type",
        "clip", "clip", c->clip, "alarm", c->alarm, "camera", c->camera, "part",
        (json_int_t)c->part, "last", (int)c->last, "start_ms", (json_int_t)c->start_ms, "stop_ms",
        (json_int_t)c->stop_ms, "start_monoms", (json_int_t)c->start_monoms, "stop_monoms",
        (json_int_t)c->stop_monoms, "boot", c->boot, "container", c->container, "codecs",
        words_to_json(c->codec_count, c->codecs[0], sizeof c->codecs[0]), "length",
        (json_int_t)c->length, "sha256", c->sha256, "chunk_bytes", (json_int_t)c->chunk_bytes,
        "chunks", words_to_json(c->chunk_count, (const char *)c->chunks, sizeof c->chunks[0]),
        "gops", gops, "gaps", gaps, "path", c->path);
}

static json_t *to_json(const struct videolink_message *m)
{
    switch (m->type) {
    case VIDEOLINK_TYPE_ALARM:
        return alarm_to_json(&m->alarm);
    case VIDEOLINK_TYPE_ALARM_OVER:
        return json_pack("{ss, ss, sI}", "type", "alarm_over", "alarm", m->alarm_over.alarm,
                         "monoms", (json_int_t)m->alarm_over.monoms);
    case VIDEOLINK_TYPE_CLIP_STORED:
    case VIDEOLINK_TYPE_CLIP_DONE:
    case VIDEOLINK_TYPE_CLIP_HELD:
        return json_pack("{ss, ss}", "type", type_names[m->type], "clip", m->clip_id);
    case VIDEOLINK_TYPE_CAMERA:
        return camera_to_json(&m->camera);
    case VIDEOLINK_TYPE_CLIP:
        return clip_to_json(&m->clip);
    }
    return NULL;
}

int videolink_encode(const struct videolink_message *message, char **ret_line, size_t *ret_length,
                     struct err *e)
{
    json_t *object = to_json(message);
    char *line = NULL;
    if (!object)
        return err_set(e, EINVAL, "a %s message with text that is not UTF-8",
                       type_names[message->type]);
    size_t length = json_dumpb(object, NULL, 0, JSON_COMPACT);
    int result = 0;
    if (length == 0 || length + 1 > VIDEOLINK_LINE_MAX)
        result =
            err_set(e, EMSGSIZE, "a %s message of %zu bytes", type_names[message->type], length);
    else if (!(line = malloc(length + 2)))
        result = err_set(e, ENOMEM, "videolink: out of memory");
    if (result == 0) {
        json_dumpb(object, line, length, JSON_COMPACT);
        memcpy(line + length, "\n", 2);
        *ret_line = line;
        *ret_length = length + 1;
    }
    json_decref(object);
    return result;
}

/* --- Reading ------------------------------------------------------------------------------- */

/* Counts the keys that were taken, so that one that is left over is seen. `bad` names the first
 * key that is missing or wrong. */
struct taker {
    const json_t *object;
    size_t taken;
    const char *bad;
};

static const json_t *take(struct taker *t, const char *key)
{
    const json_t *value = json_object_get(t->object, key);
    if (value)
        t->taken++;
    return value;
}

static void blame(struct taker *t, const char *key)
{
    if (!t->bad)
        t->bad = key;
}

static bool text_of(const json_t *value, char *ret_text, size_t size)
{
    size_t length = json_string_length(value);
    if (!json_is_string(value) || length >= size || strlen(json_string_value(value)) != length)
        return false;
    memcpy(ret_text, json_string_value(value), length + 1);
    return true;
}

static void take_text(struct taker *t, const char *key, char *ret_text, size_t size, size_t least)
{
    if (!text_of(take(t, key), ret_text, size) || strlen(ret_text) < least)
        blame(t, key);
}

static void take_uuid(struct taker *t, const char *key, char ret_id[UUID_TEXT_SIZE])
{
    if (!text_of(take(t, key), ret_id, UUID_TEXT_SIZE) || !uuid_is_valid(ret_id))
        blame(t, key);
}

static void take_number(struct taker *t, const char *key, int64_t min, int64_t *ret_number)
{
    const json_t *value = take(t, key);
    if (!json_is_integer(value) || json_integer_value(value) < min ||
        json_integer_value(value) > NUMBER_MAX)
        blame(t, key);
    else
        *ret_number = json_integer_value(value);
}

static bool hash_of(const json_t *value, char ret_hex[VIDEOLINK_HEX_SIZE])
{
    return text_of(value, ret_hex, VIDEOLINK_HEX_SIZE) &&
           strspn(ret_hex, "0123456789abcdef") == VIDEOLINK_HEX_SIZE - 1;
}

static void take_hash(struct taker *t, const char *key, char ret_hex[VIDEOLINK_HEX_SIZE])
{
    if (!hash_of(take(t, key), ret_hex))
        blame(t, key);
}

/* An array with at least `least` and at most `most` elements, or NULL and the blame. */
static const json_t *take_list(struct taker *t, const char *key, size_t least, size_t most)
{
    const json_t *list = take(t, key);
    if (json_is_array(list) && json_array_size(list) >= least && json_array_size(list) <= most)
        return list;
    blame(t, key);
    return NULL;
}

static void take_words(struct taker *t, const char *key, size_t least, size_t most, char *first,
                       size_t size, size_t *ret_count)
{
    const json_t *list = take_list(t, key, least, most);
    for (size_t i = 0; i < json_array_size(list); i++) {
        char *word = first + i * size;
        if (!text_of(json_array_get(list, i), word, size) || word[0] == '\0')
            blame(t, key);
    }
    *ret_count = json_array_size(list);
}

static void read_alarm(struct taker *t, struct videolink_alarm *a)
{
    take_uuid(t, "alarm", a->alarm);
    take_words(t, "cameras", 1, VIDEOLINK_CAMERAS_MAX, a->cameras[0], sizeof a->cameras[0],
               &a->camera_count);
    take_number(t, "press_monoms", 0, &a->press_monoms);
    take_number(t, "last_press_monoms", a->press_monoms, &a->last_press_monoms);
}

static void read_state(struct taker *t, enum videolink_camera_state *ret_state)
{
    const char *word = json_string_value(take(t, "state"));
    for (size_t i = 0; word && i < COUNT(state_names); i++) {
        if (strcmp(word, state_names[i]) == 0) {
            *ret_state = (enum videolink_camera_state)i;
            return;
        }
    }
    blame(t, "state");
}

static void read_camera(struct taker *t, struct videolink_camera *c)
{
    take_text(t, "id", c->id, sizeof c->id, 1);
    read_state(t, &c->state);
    take_text(t, "reason", c->reason, sizeof c->reason, 0);
    take_number(t, "since_monoms", 0, &c->since_monoms);
    take_words(t, "codecs", 0, VIDEOLINK_CODECS_MAX, c->codecs[0], sizeof c->codecs[0],
               &c->codec_count);
    take_number(t, "bitrate_bps", 0, &c->bitrate_bps);
    take_number(t, "keyframe_age_ms", -1, &c->keyframe_age_ms);
    take_number(t, "ring_ms", 0, &c->ring_ms);
    take_number(t, "restarts", 0, &c->restarts);
}

/* All keys of `object` and no others: `t` took them all. */
static void check_complete(struct taker *t, const char *key)
{
    if (t->taken != json_object_size(t->object))
        blame(t, key);
}

static void read_gops(struct taker *t, struct videolink_clip *c)
{
    const json_t *list = take_list(t, "gops", 0, VIDEOLINK_GOPS_MAX);
    size_t count = json_array_size(list);
    c->gops = calloc(count ? count : 1, sizeof *c->gops);
    for (size_t i = 0; c->gops && i < count; i++) {
        struct taker one = {.object = json_array_get(list, i)};
        take_number(&one, "at_ms", 0, &c->gops[i].at_ms);
        take_hash(&one, "sha256", c->gops[i].sha256);
        check_complete(&one, "gops");
        if (one.bad)
            blame(t, "gops");
        c->gop_count++;
    }
}

static void read_gaps(struct taker *t, struct videolink_clip *c)
{
    const json_t *list = take_list(t, "gaps", 0, VIDEOLINK_GAPS_MAX);
    size_t count = json_array_size(list);
    c->gaps = calloc(count ? count : 1, sizeof *c->gaps);
    for (size_t i = 0; c->gaps && i < count; i++) {
        struct taker one = {.object = json_array_get(list, i)};
        take_number(&one, "from_ms", -NUMBER_MAX, &c->gaps[i].from_ms);
        take_number(&one, "to_ms", c->gaps[i].from_ms, &c->gaps[i].to_ms);
        take_text(&one, "why", c->gaps[i].why, sizeof c->gaps[i].why, 1);
        check_complete(&one, "gaps");
        if (one.bad)
            blame(t, "gaps");
        c->gap_count++;
    }
}

static void read_chunks(struct taker *t, struct videolink_clip *c)
{
    const json_t *list = take_list(t, "chunks", 1, VIDEOLINK_CHUNKS_MAX);
    size_t count = json_array_size(list);
    c->chunks = calloc(count ? count : 1, sizeof *c->chunks);
    for (size_t i = 0; c->chunks && i < count; i++) {
        if (!hash_of(json_array_get(list, i), c->chunks[i]))
            blame(t, "chunks");
        c->chunk_count++;
    }
}

static void read_clip(struct taker *t, struct videolink_clip *c)
{
    const json_t *last = take(t, "last");
    take_uuid(t, "clip", c->clip);
    take_uuid(t, "alarm", c->alarm);
    take_text(t, "camera", c->camera, sizeof c->camera, 1);
    take_number(t, "part", 1, &c->part);
    if (!json_is_boolean(last))
        blame(t, "last");
    c->last = json_is_true(last);
    take_number(t, "start_ms", 0, &c->start_ms);
    take_number(t, "stop_ms", c->start_ms, &c->stop_ms);
    take_number(t, "start_monoms", 0, &c->start_monoms);
    take_number(t, "stop_monoms", c->start_monoms, &c->stop_monoms);
    take_uuid(t, "boot", c->boot);
    take_text(t, "container", c->container, sizeof c->container, 1);
    take_words(t, "codecs", 1, VIDEOLINK_CODECS_MAX, c->codecs[0], sizeof c->codecs[0],
               &c->codec_count);
    take_number(t, "length", 1, &c->length);
    take_hash(t, "sha256", c->sha256);
    take_number(t, "chunk_bytes", VIDEOLINK_CHUNK_BYTES, &c->chunk_bytes);
    read_chunks(t, c);
    if (!t->bad && (c->chunk_bytes != VIDEOLINK_CHUNK_BYTES ||
                    c->chunk_count !=
                        (size_t)((c->length + VIDEOLINK_CHUNK_BYTES - 1) / VIDEOLINK_CHUNK_BYTES)))
        blame(t, "chunks");
    read_gops(t, c);
    read_gaps(t, c);
    take_text(t, "path", c->path, sizeof c->path, 1);
    if (c->path[0] != '/')
        blame(t, "path");
}

static void read_message(struct taker *t, struct videolink_message *m)
{
    switch (m->type) {
    case VIDEOLINK_TYPE_ALARM:
        read_alarm(t, &m->alarm);
        return;
    case VIDEOLINK_TYPE_ALARM_OVER:
        take_uuid(t, "alarm", m->alarm_over.alarm);
        take_number(t, "monoms", 0, &m->alarm_over.monoms);
        return;
    case VIDEOLINK_TYPE_CLIP_STORED:
    case VIDEOLINK_TYPE_CLIP_DONE:
    case VIDEOLINK_TYPE_CLIP_HELD:
        take_uuid(t, "clip", m->clip_id);
        return;
    case VIDEOLINK_TYPE_CAMERA:
        read_camera(t, &m->camera);
        return;
    case VIDEOLINK_TYPE_CLIP:
        read_clip(t, &m->clip);
        return;
    }
}

static int type_of(const char *word)
{
    for (size_t i = 0; word && i < COUNT(type_names); i++) {
        if (strcmp(word, type_names[i]) == 0)
            return (int)i;
    }
    return -1;
}

int videolink_decode(const char *line, size_t length, struct videolink_message *ret_message,
                     struct err *e)
{
    json_error_t problem;
    if (length > VIDEOLINK_LINE_MAX)
        return err_set(e, EMSGSIZE, "a line of %zu bytes", length);
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &problem);
    if (!object)
        return err_set(e, EPROTO, "a line that is not JSON: %s", problem.text);
    struct taker t = {.object = object};
    struct videolink_message *m = calloc(1, sizeof *m);
    int type = type_of(json_string_value(take(&t, "type"))), result = 0;
    if (!m) {
        result = err_set(e, ENOMEM, "videolink: out of memory");
    } else if (type < 0) {
        result = err_set(e, EPROTO, "a line without a type that is known");
    } else {
        m->type = (enum videolink_type)type;
        read_message(&t, m);
        if (!t.bad)
            check_complete(&t, "a key that is unknown");
        if (t.bad)
            result = err_set(e, EPROTO, "a %s message: %s is missing or malformed",
                             type_names[type], t.bad);
    }
    if (result == 0)
        *ret_message = *m;
    else if (m)
        videolink_message_finish(m);
    free(m);
    json_decref(object);
    return result;
}

void videolink_message_finish(struct videolink_message *message)
{
    if (message->type != VIDEOLINK_TYPE_CLIP)
        return;
    free(message->clip.chunks);
    free(message->clip.gops);
    free(message->clip.gaps);
    message->clip.chunks = NULL;
    message->clip.gops = NULL;
    message->clip.gaps = NULL;
}
