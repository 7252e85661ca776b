/* SPDX-License-Identifier: Apache-2.0 */
#include "videolink/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "iface/limits.h"

#define GOPS_MAX  LIMIT_CLIP_GROUPS
#define GAPS_MAX  LIMIT_CLIP_GAPS
#define BYTES_MAX (INT64_C(1) << 40)

static const char *const type_names[] = {
    [MESSAGE_ALARM] = "alarm",
    [MESSAGE_CLIP_STORED] = "clip_stored",
    [MESSAGE_CLIP_DONE] = "clip_done",
    [MESSAGE_CAMERA] = "camera",
    [MESSAGE_CLIP] = "clip",
    [MESSAGE_CLIP_WANTED] = "clip_wanted",
    [MESSAGE_CLIPS_AGAIN] = "clips_again",
    [MESSAGE_CLIP_REFUSED] = "clip_refused",
    [MESSAGE_ROOM] = "room",
    [MESSAGE_BEAT] = "beat",
};
#define TYPES (sizeof type_names / sizeof *type_names)
static const char *const state_names[] = {
    [MESSAGE_CAMERA_CONNECTING] = "connecting",
    [MESSAGE_CAMERA_ONLINE] = "online",
    [MESSAGE_CAMERA_FAULT] = "fault",
};

const char *message_camera_state_name(enum message_camera_state state)
{
    return state_names[state];
}

static int index_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; word && i < count; i++) {
        if (strcmp(words[i], word) == 0)
            return (int)i;
    }
    return -1;
}

static bool take_text(const json_t *object, const char *name, char *ret_text, size_t size)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    if (!text || length >= size || strlen(text) != length)
        return false;
    memcpy(ret_text, text, length + 1);
    return true;
}

static bool take_uuid(const json_t *object, const char *name, char ret_id[UUID_TEXT_SIZE])
{
    return take_text(object, name, ret_id, UUID_TEXT_SIZE) && uuid_is_valid(ret_id);
}

static bool take_number(const json_t *object, const char *name, int64_t max, int64_t *ret_number)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > max)
        return false;
    *ret_number = json_integer_value(value);
    return true;
}

static bool parse_alarm(const json_t *object, struct message_alarm *m)
{
    const json_t *cameras = json_object_get(object, "cameras");
    if (!take_uuid(object, "alarm", m->id) ||
        !take_number(object, "press_ms", INT64_MAX, &m->press_ms) || !json_is_array(cameras) ||
        json_array_size(cameras) > LIMIT_INPUT_CAMERAS)
        return false;
    for (size_t i = 0; i < json_array_size(cameras); i++) {
        const char *id = json_string_value(json_array_get(cameras, i));
        if (!id || strlen(id) >= MESSAGE_ID_SIZE)
            return false;
        memcpy(m->cameras[m->camera_count++], id, strlen(id) + 1);
    }
    return true;
}

static bool parse_camera(const json_t *object, struct message_camera *m)
{
    int64_t restarts;
    int state = index_of(json_string_value(json_object_get(object, "state")), state_names, 3);
    if (state < 0 || !take_text(object, "camera", m->id, sizeof m->id) ||
        !take_text(object, "reason", m->reason, sizeof m->reason) ||
        !take_number(object, "restarts", UINT32_MAX, &restarts))
        return false;
    m->state = (enum message_camera_state)state;
    m->restarts = (unsigned)restarts;
    return true;
}

/* Every element an object whose `number` is a number and whose `text` is a short text. */
static bool is_list_of(const json_t *list, size_t most, const char *number, const char *text)
{
    if (!json_is_array(list) || json_array_size(list) > most)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (!json_is_integer(json_object_get(one, number)) ||
            !json_is_string(json_object_get(one, text)) ||
            json_string_length(json_object_get(one, text)) > 128)
            return false;
    }
    return true;
}

static bool is_manifest(const json_t *m, int64_t *ret_length, unsigned char ret_sha256[32])
{
    char hash[65];
    const json_t *chunks = json_object_get(m, "chunks");
    int64_t ignored;
    if (!take_number(m, "length", BYTES_MAX, ret_length) ||
        !take_text(m, "sha256", hash, sizeof hash) || decode_hex(hash, 64, ret_sha256, 32) != 32 ||
        !take_number(m, "part", 100000, &ignored) ||
        !take_number(m, "start_monoms", INT64_MAX, &ignored) ||
        !take_number(m, "stop_monoms", INT64_MAX, &ignored) ||
        !json_is_string(json_object_get(m, "start")) ||
        !json_is_string(json_object_get(m, "stop")) || !json_is_array(chunks) ||
        json_array_size(chunks) > GOPS_MAX ||
        !is_list_of(json_object_get(m, "gops"), GOPS_MAX, "at_ms", "sha256") ||
        !is_list_of(json_object_get(m, "gaps"), GAPS_MAX, "from_ms", "why"))
        return false;
    for (size_t i = 0; i < json_array_size(chunks); i++) {
        if (json_string_length(json_array_get(chunks, i)) != 64)
            return false;
    }
    return true;
}

static bool parse_clip(const json_t *object, struct message_clip *m)
{
    json_t *manifest = json_object_get(object, "manifest");
    if (!take_uuid(object, "clip", m->id) || !take_uuid(object, "alarm", m->alarm) ||
        !take_text(object, "camera", m->camera, sizeof m->camera) ||
        !take_text(object, "path", m->path, sizeof m->path) || m->path[0] != '/' ||
        !is_manifest(manifest, &m->length_bytes, m->sha256))
        return false;
    m->manifest = json_incref(manifest);
    return true;
}

/* Without them it is not known what is free. */
static bool take_free_bytes(const json_t *object, struct message_room *m)
{
    m->free_bytes = DISK_FREE_UNKNOWN;
    return !json_object_get(object, "free_bytes") ||
           take_number(object, "free_bytes", INT64_MAX, &m->free_bytes);
}

static bool parse_room(const json_t *object, struct message_room *m)
{
    const char *state = json_string_value(json_object_get(object, "state"));
    m->state = DISK_ROOM_GOOD;
    while (state && m->state < DISK_ROOM_FULL && strcmp(state, disk_room_name(m->state)) != 0)
        m->state++;
    return state && strcmp(state, disk_room_name(m->state)) == 0 && take_free_bytes(object, m) &&
           take_number(object, "keep_bytes", BYTES_MAX, &m->keep_bytes);
}

static bool parse_by_type(const json_t *object, struct message *m)
{
    switch (m->type) {
    case MESSAGE_ALARM:
        return parse_alarm(object, &m->alarm);
    case MESSAGE_CLIP_STORED:
    case MESSAGE_CLIP_DONE:
    case MESSAGE_CLIP_REFUSED:
        return take_uuid(object, "clip", m->word_of);
    case MESSAGE_CAMERA:
        return parse_camera(object, &m->camera);
    case MESSAGE_CLIP:
        return parse_clip(object, &m->clip);
    case MESSAGE_CLIP_WANTED:
    case MESSAGE_CLIPS_AGAIN:
    case MESSAGE_BEAT:
        return true;
    case MESSAGE_ROOM:
        return parse_room(object, &m->room);
    }
    return false;
}

int message_parse(const char *line, size_t length, struct message *ret_message, struct err *e)
{
    json_error_t problem;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &problem);
    int type = index_of(json_string_value(json_object_get(object, "type")), type_names, TYPES);
    int result = 0;
    *ret_message = (struct message){0};
    if (!object)
        result = err_set(e, EPROTO, "a line that is not JSON: %s", problem.text);
    else if (type < 0)
        result = err_set(e, EPROTO, "a line of no known type");
    else {
        ret_message->type = (enum message_type)type;
        if (!parse_by_type(object, ret_message))
            result = err_set(e, EPROTO, "a %s line with a member missing or malformed",
                             type_names[type]);
    }
    json_decref(object);
    return result;
}

static json_t *alarm_to_json(const struct message_alarm *m)
{
    json_t *list = json_array();
    for (size_t i = 0; i < m->camera_count; i++)
        json_array_append_new(list, json_string(m->cameras[i]));
    return json_pack("{ss,ss,so,sI}", "type", type_names[MESSAGE_ALARM], "alarm", m->id, "cameras",
                     list, "press_ms", (json_int_t)m->press_ms);
}

/* A reason may hold a stranger's words: what is no UTF-8 must not silence the camera. */
static json_t *camera_to_json(const struct message_camera *m)
{
    json_t *reason = json_string(m->reason);
    return json_pack("{ss,ss,ss,so,sI}", "type", type_names[MESSAGE_CAMERA], "camera", m->id,
                     "state", state_names[m->state], "reason",
                     reason ? reason : json_string("(the reason is no text)"), "restarts",
                     (json_int_t)m->restarts);
}

static json_t *to_json(const struct message *m)
{
    switch (m->type) {
    case MESSAGE_ALARM:
        return alarm_to_json(&m->alarm);
    case MESSAGE_CLIP_STORED:
    case MESSAGE_CLIP_DONE:
    case MESSAGE_CLIP_REFUSED:
        return json_pack("{ss,ss}", "type", type_names[m->type], "clip", m->word_of);
    case MESSAGE_CAMERA:
        return camera_to_json(&m->camera);
    case MESSAGE_CLIP:
        return json_pack("{ss,ss,ss,ss,ss,sO}", "type", type_names[m->type], "clip", m->clip.id,
                         "alarm", m->clip.alarm, "camera", m->clip.camera, "path", m->clip.path,
                         "manifest", m->clip.manifest);
    case MESSAGE_CLIP_WANTED:
    case MESSAGE_CLIPS_AGAIN:
    case MESSAGE_BEAT:
        return json_pack("{ss}", "type", type_names[m->type]);
    case MESSAGE_ROOM:
        return json_pack(
            "{ss,ss,sI,so*}", "type", type_names[m->type], "state", disk_room_name(m->room.state),
            "keep_bytes", (json_int_t)m->room.keep_bytes, "free_bytes",
            m->room.free_bytes == DISK_FREE_UNKNOWN ? NULL : json_integer(m->room.free_bytes));
    }
    return NULL;
}

char *message_format(const struct message *message)
{
    json_t *object = to_json(message);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    if (!text)
        return NULL;
    size_t length = strlen(text);
    char *line = realloc(text, length + 2);
    if (!line) {
        free(text);
        return NULL;
    }
    memcpy(line + length, "\n", 2);
    return line;
}

void message_finish(struct message *message)
{
    if (message->type != MESSAGE_CLIP)
        return;
    json_decref(message->clip.manifest);
    message->clip.manifest = NULL;
}
