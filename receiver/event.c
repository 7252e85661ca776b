/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

#include <jansson.h>
#include <string.h>

bool event_is_uuid(const char *text)
{
    if (strlen(text) != 36)
        return false;
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
            return false;
    }
    return true;
}

static bool text(const json_t *object, const char *name, char *ret_text, size_t size)
{
    const json_t *value = json_object_get(object, name);
    const char *found = json_string_value(value);
    size_t length = json_string_length(value);
    if (!found || length >= size || strlen(found) != length)
        return false;
    memcpy(ret_text, found, length + 1);
    return true;
}

static bool read_manifest(const json_t *data, struct event *e)
{
    const json_t *length = json_object_get(data, "length");
    if (!json_is_integer(length) || json_integer_value(length) < 1 ||
        !text(data, "sha256", e->sha256, sizeof e->sha256) || strlen(e->sha256) != 64 ||
        strspn(e->sha256, "0123456789abcdef") != 64 ||
        !text(json_object_get(data, "camera"), "id", e->camera, sizeof e->camera))
        return false;
    e->length = json_integer_value(length);
    return true;
}

static bool begins(const char *whole, const char *with)
{
    return strncmp(whole, with, strlen(with)) == 0;
}

static bool ends(const char *whole, const char *with)
{
    size_t length = strlen(whole), end = strlen(with);
    return length >= end && strcmp(whole + length - end, with) == 0;
}

static enum event_kind kind_of(const char *type)
{
    if (begins(type, "tocsin.alarm."))
        return EVENT_KIND_ALARM;
    /* That a drill or test begins and ends is no incident of its own. */
    if (ends(type, ".started") || ends(type, ".ended"))
        return EVENT_KIND_OTHER;
    if (begins(type, "tocsin.drill.") || begins(type, "tocsin.test."))
        return EVENT_KIND_EXERCISE;
    if (strcmp(type, "tocsin.clip.manifest") == 0)
        return EVENT_KIND_MANIFEST;
    return strcmp(type, "tocsin.heartbeat") == 0 ? EVENT_KIND_HEARTBEAT : EVENT_KIND_OTHER;
}

static bool read_heartbeat(const json_t *o, const json_t *data, struct event *e)
{
    const json_t *answered = json_object_get(data, "answer_seq");
    const json_t *monoms = json_object_get(o, "monoms");
    e->answer_seq = json_integer_value(answered);
    e->monoms = json_integer_value(monoms);
    if (!json_is_integer(monoms) || !text(o, "boot", e->boot, sizeof e->boot))
        e->boot[0] = '\0';
    return true;
}

static bool read_object(const json_t *o, struct event *e, const char **reason)
{
    char version[8];
    const json_t *data = json_object_get(o, "data"), *seq = json_object_get(o, "seq");
    *reason = "specversion must be \"1.0\"";
    if (!text(o, "specversion", version, sizeof version) || strcmp(version, "1.0") != 0)
        return false;
    *reason = "id must be a UUID in lower case";
    if (!text(o, "id", e->id, sizeof e->id) || !event_is_uuid(e->id))
        return false;
    *reason = "source must be tocsin:<gateway id>";
    if (!text(o, "source", e->source, sizeof e->source) || !begins(e->source, "tocsin:") ||
        !e->source[7])
        return false;
    *reason = "type must begin with tocsin.";
    if (!text(o, "type", e->type, sizeof e->type) || !begins(e->type, "tocsin."))
        return false;
    *reason = "time and clock must be there";
    if (!text(o, "time", e->time, sizeof e->time) || !text(o, "clock", e->clock, sizeof e->clock))
        return false;
    *reason = "data must be an object";
    if (!json_is_object(data))
        return false;
    e->kind = kind_of(e->type);
    if (e->kind == EVENT_KIND_HEARTBEAT)
        return read_heartbeat(o, data, e);
    *reason = "seq must be 1 or more, and prev the digest of the event before";
    if (!json_is_integer(seq) || json_integer_value(seq) < 1 ||
        !text(o, "prev", e->prev, sizeof e->prev) || strlen(e->prev) != 43)
        return false;
    e->seq = json_integer_value(seq);
    if (!text(data, "alarm", e->alarm, sizeof e->alarm) || !event_is_uuid(e->alarm))
        e->alarm[0] = '\0';
    *reason = "data.alarm must be the incident's UUID";
    if (!e->alarm[0] && (e->kind == EVENT_KIND_ALARM || e->kind == EVENT_KIND_EXERCISE))
        return false;
    *reason = "a manifest needs data.length, data.sha256 and data.camera.id";
    return e->kind != EVENT_KIND_MANIFEST || read_manifest(data, e);
}

bool event_read(const char *bytes, size_t length, struct event *ret_event, const char **ret_reason)
{
    struct event e = {0};
    json_error_t problem;
    json_t *object = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &problem);
    *ret_reason = "the body is not a JSON object";
    bool good = json_is_object(object) && read_object(object, &e, ret_reason);
    json_decref(object);
    if (good)
        *ret_event = e;
    return good;
}
