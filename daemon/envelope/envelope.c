/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/envelope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "wire/digest.h"

int envelope_init(struct envelope *env, const char *gateway_id, struct err *e)
{
    *env = (struct envelope){0};
    snprintf(env->source, sizeof env->source, "tocsin:%s", gateway_id);
    return clock_boot_id(env->boot, e);
}

static json_t *build(const struct envelope *env, const char *type, const char *id, uint64_t seq,
                     const struct clock_stamp *stamp, json_t *data)
{
    char time[CLOCK_TEXT_SIZE], earliest[CLOCK_TEXT_SIZE], latest[CLOCK_TEXT_SIZE];
    clock_format_utc(stamp->wall_ms, time);
    clock_format_utc(stamp->earliest_ms, earliest);
    clock_format_utc(stamp->latest_ms, latest);
    json_t *object = json_pack("{ss,ss,ss,ss,ss}", "specversion", "1.0", "id", id, "source",
                               env->source, "type", type, "time", time);
    int bad = !object;
    if (!bad && seq != 0) {
        char prev[ENCODE_BASE64URL_SIZE(EVENT_DIGEST_BYTES)];
        encode_base64url(env->head, EVENT_DIGEST_BYTES, prev);
        bad |= json_object_set_new(object, "seq", json_integer((json_int_t)seq));
        bad |= json_object_set_new(object, "prev", json_string(prev));
    }
    if (!bad) {
        bad |= json_object_set_new(object, "boot", json_string(env->boot));
        bad |= json_object_set_new(object, "monoms", json_integer(stamp->monotonic_ns / 1000000));
        bad |=
            json_object_set_new(object, "clock", json_string(clock_quality_name(stamp->quality)));
        bad |= json_object_set_new(object, "timeearliest", json_string(earliest));
        bad |= json_object_set_new(object, "timelatest", json_string(latest));
        bad |= json_object_set_new(object, "datacontenttype", json_string("application/json"));
        bad |= json_object_set(object, "data", data);
    }
    if (!bad)
        return object;
    json_decref(object);
    return NULL;
}

static int seal(const struct envelope *env, uint64_t seq, const struct envelope_content *c,
                struct event **ret_event, struct err *e)
{
    struct clock_stamp stamp = clock_stamp_at(c->at_ns, env->floor_ms);
    char id[UUID_TEXT_SIZE];
    uuid_v7(stamp.wall_ms, id);
    json_t *object = c->data ? build(env, c->type, id, seq, &stamp, c->data) : NULL;
    json_decref(c->data);
    /* 12 digits: a place on the map to a tenth of a millimetre, and 31.2304 stays 31.2304. */
    char *bytes =
        object ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(12))
               : NULL;
    json_decref(object);
    size_t length = bytes ? strlen(bytes) : 0;
    struct event *event = bytes ? malloc(sizeof *event + length + 1) : NULL;
    if (!event) {
        free(bytes);
        return err_set(e, ENOMEM, "event %s: text that is not UTF-8, or out of memory", c->type);
    }
    *event = (struct event){.references = 1,
                            .seq = seq,
                            .class = c->class,
                            .at_ns = c->at_ns,
                            .wall_ms = stamp.wall_ms,
                            .length = length};
    memcpy(event->id, id, sizeof event->id);
    snprintf(event->type, sizeof event->type, "%s", c->type);
    snprintf(event->alarm, sizeof event->alarm, "%s", c->alarm);
    memcpy(event->bytes, bytes, length + 1);
    free(bytes);
    digest_sha256(event->bytes, length, event->digest);
    *ret_event = event;
    return 0;
}

uint64_t envelope_next_seq(const struct envelope *env)
{
    return (env->used_seq > env->last_seq ? env->used_seq : env->last_seq) + 1;
}

int envelope_make(struct envelope *env, const struct envelope_content *content,
                  struct event **ret_event, struct err *e)
{
    struct event *event;
    int result = seal(env, envelope_next_seq(env), content, &event, e);
    if (result != 0)
        return result;
    env->last_seq = event->seq;
    memcpy(env->head, event->digest, sizeof env->head);
    *ret_event = event;
    return 0;
}

int envelope_heartbeat(const struct envelope *env, json_t *data, struct event **ret_event,
                       struct err *e)
{
    char digest[ENCODE_BASE64URL_SIZE(EVENT_DIGEST_BYTES)];
    encode_base64url(env->head, EVENT_DIGEST_BYTES, digest);
    json_t *head = json_pack("{sI,ss}", "seq", (json_int_t)env->last_seq, "digest", digest);
    if (!data || !head || json_object_set(data, "head", head) != 0) {
        json_decref(head);
        json_decref(data);
        return err_set(e, ENOMEM, "heartbeat: out of memory");
    }
    json_decref(head);
    const struct envelope_content content = {.type = "tocsin.heartbeat",
                                             .class = EVENT_CLASS_HEARTBEAT,
                                             .alarm = "",
                                             .at_ns = clock_monotonic_ns(),
                                             .data = data};
    return seal(env, 0, &content, ret_event, e);
}
