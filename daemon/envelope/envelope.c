/* SPDX-License-Identifier: Apache-2.0 */
#include "envelope/envelope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "envelope/json_text.h"
#include "wire/digest.h"

int envelope_init(struct envelope *env, const char *gateway_id, struct err *e)
{
    *env = (struct envelope){0};
    snprintf(env->source, sizeof env->source, "tocsin:%s", gateway_id);
    return clock_boot_id(env->boot, e);
}

/* By hand, since a press waits for it: ids, times and words need no quoting. */
static void write_text(const struct envelope *env, const struct envelope_content *c, const char *id,
                       uint64_t seq, const struct clock_stamp *stamp, struct text *out)
{
    char time[CLOCK_TEXT_SIZE], earliest[CLOCK_TEXT_SIZE], latest[CLOCK_TEXT_SIZE];
    clock_format_utc(stamp->wall_ms, time);
    clock_format_utc(stamp->earliest_ms, earliest);
    clock_format_utc(stamp->latest_ms, latest);
    text_print(out, "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":", id);
    json_text_add_string(out, env->source);
    text_print(out, ",\"type\":");
    json_text_add_string(out, c->type);
    text_print(out, ",\"time\":\"%s\"", time);
    if (seq != 0) {
        char prev[ENCODE_BASE64URL_SIZE(EVENT_DIGEST_BYTES)];
        encode_base64url(env->head, EVENT_DIGEST_BYTES, prev);
        text_print(out, ",\"seq\":%llu,\"prev\":\"%s\"", (unsigned long long)seq, prev);
    }
    text_print(out,
               ",\"boot\":\"%s\",\"monoms\":%lld,\"clock\":\"%s\",\"timeearliest\":\"%s\","
               "\"timelatest\":\"%s\",\"datacontenttype\":\"application/json\",\"data\":",
               env->boot, (long long)(stamp->monotonic_ns / 1000000),
               clock_quality_name(stamp->quality), earliest, latest);
    json_text_add(out, c->data);
    text_print(out, "}");
}

static int seal(const struct envelope *env, uint64_t seq, const struct envelope_content *c,
                struct event **ret_event, struct err *e)
{
    struct clock_stamp stamp = clock_stamp_at(c->at_ns, env->floor_ms);
    char id[UUID_TEXT_SIZE];
    struct text text = {.failed = !c->data};
    uuid_v7(stamp.wall_ms, id);
    if (c->data)
        write_text(env, c, id, seq, &stamp, &text);
    json_decref(c->data);
    size_t length = text.length;
    char *bytes = text_take(&text);
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
