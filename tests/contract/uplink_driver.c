/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One uplink by hand, for tests with hostile receivers (tests/e2e/test_uplink*.py):
 *
 *   uplink_driver <driver> <signing key> <state folder> [<option>=<value> …] [clock=<seconds>]
 *
 * Lists are written with commas. Commands are JSON lines on standard input:
 *   {"do":"send","tag":"a","lane":"press","body":"…"}   "id":"<uuid>" for an id of one's own
 *   {"do":"upload","tag":"b","manifest":"<uuid>","path":"…","length":n,"sha256":"<hex>"}
 *   {"do":"pause","on":true}   {"do":"refresh"}
 * Every outcome is a JSON line on standard output. At the end of its input the uplink is closed;
 * what was under way must end as cancelled, and the program ends when the loop holds nothing more.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/uuid.h"
#include "drivers/signer/signers.h"
#include "drivers/uplink/uplinks.h"
#include "false_clock.h"
#include "wire/digest.h"

#define TICK_MS     5
#define TAG_SIZE    32
#define OPTIONS_MAX 4096

struct program {
    uv_loop_t loop;
    uv_pipe_t input;
    uv_timer_t tick; /* shows whether anybody keeps the loop */
    long long ticks;
    const struct uplink_driver *driver;
    struct uplink *uplink;
    struct uplink_files *files;
    bool closed;
    size_t used;
    char line[65536];
};

struct attempt {
    struct program *program;
    long long ticks;
    bool in_call;
    char tag[TAG_SIZE];
};

static const char *const lane_names[] = {
    [UPLINK_LANE_PRESS] = "press",         [UPLINK_LANE_LATE] = "late",
    [UPLINK_LANE_FOLLOWUP] = "followup",   [UPLINK_LANE_MANIFEST] = "manifest",
    [UPLINK_LANE_HEARTBEAT] = "heartbeat",
};

static const char *const outcome_names[] = {
    [UPLINK_OUTCOME_STORED] = "stored",       [UPLINK_OUTCOME_UNCONFIRMED] = "unconfirmed",
    [UPLINK_OUTCOME_RETRY] = "retry",         [UPLINK_OUTCOME_REFUSED] = "refused",
    [UPLINK_OUTCOME_CANCELLED] = "cancelled",
};

static _Noreturn void stop(const char *what, const char *why)
{
    printf("{\"error\":\"%s\",\"text\":\"%s\"}\n", what, why);
    exit(1);
}

static void print(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    puts(text);
    fflush(stdout);
    free(text);
    json_decref(object);
}

static void set_list(struct option_list *list, char *value)
{
    list->items = calloc(64, sizeof *list->items);
    for (char *item; (item = strsep(&value, ",")) && list->count < 64;)
        list->items[list->count++] = item;
}

static void set_option(const struct driver_type *type, void *options, char *text)
{
    char *value = strchr(text, '=');
    if (!value)
        stop("usage", text);
    *value++ = '\0';
    for (const struct option *o = type->options; o->key; o++) {
        void *member = (char *)options + o->offset;
        if (strcmp(o->key, text) != 0)
            continue;
        if (o->type == OPTION_STRING || o->type == OPTION_PATH) {
            *(char **)member = value;
        } else if (o->type == OPTION_LIST || o->type == OPTION_PATHS) {
            set_list(member, value);
        } else if (o->type == OPTION_DURATION) {
            *(int64_t *)member = atoll(value);
        } else if (o->type == OPTION_CHOICE) {
            while (o->choices[*(int *)member] && strcmp(o->choices[*(int *)member], value) != 0)
                ++*(int *)member;
        }
        return;
    }
    stop("no such option", text);
}

static void on_done(void *arg, const struct uplink_result *result)
{
    struct attempt *a = arg;
    if (a->program->closed)
        stop("callback after close", a->tag);
    if (a->in_call)
        stop("callback from within the call", a->tag);
    json_t *answers = json_array();
    for (size_t i = 0; i < result->answer_count; i++)
        json_array_append_new(answers, json_pack("{s:I,s:s}", "answer_seq",
                                                 (json_int_t)result->answers[i].answer_seq, "by",
                                                 result->answers[i].by));
    print(json_pack("{s:s,s:s,s:s,s:I,s:I,s:s?,s:s?,s:s%,s:o}", "tag", a->tag, "outcome",
                    outcome_names[result->outcome], "reason", result->reason, "retry_after_ms",
                    (json_int_t)result->retry_after_ms, "ticks",
                    (json_int_t)(a->program->ticks - a->ticks), "request_headers",
                    result->request_headers, "receipt_headers", result->receipt_headers, "receipt",
                    result->receipt ? result->receipt : "", result->receipt_length, "answers",
                    answers));
    free(a);
}

static struct attempt *new_attempt(struct program *p, const json_t *command)
{
    struct attempt *a = calloc(1, sizeof *a);
    const char *tag = json_string_value(json_object_get(command, "tag"));
    a->program = p;
    a->ticks = p->ticks;
    a->in_call = true;
    snprintf(a->tag, sizeof a->tag, "%s", tag ? tag : "");
    return a;
}

static void do_send(struct program *p, const json_t *command)
{
    const char *body = json_string_value(json_object_get(command, "body"));
    const char *name = json_string_value(json_object_get(command, "lane"));
    int lane = 0;
    while (lane < UPLINK_LANE_COUNT && strcmp(lane_names[lane], name) != 0)
        lane++;
    if (lane == UPLINK_LANE_COUNT || !body)
        stop("bad command", "send");
    size_t length = strlen(body);
    struct event *event = calloc(1, sizeof *event + length + 1);
    event->references = 1;
    event->length = length;
    memcpy(event->bytes, body, length);
    const char *id = json_string_value(json_object_get(command, "id"));
    uuid_v7(clock_wall_ms(), event->id);
    if (id)
        snprintf(event->id, sizeof event->id, "%s", id);
    digest_sha256(event->bytes, length, event->digest);
    struct attempt *a = new_attempt(p, command);
    p->driver->send(p->uplink, (enum uplink_lane)lane, event, NULL, on_done, a);
    a->in_call = false;
    event_unref(event);
}

static void do_upload(struct program *p, const json_t *command)
{
    const char *hex = json_string_value(json_object_get(command, "sha256"));
    struct uplink_file file = {.manifest = json_string_value(json_object_get(command, "manifest")),
                               .path = json_string_value(json_object_get(command, "path")),
                               .filename = "clip.mp4",
                               .length_bytes =
                                   json_integer_value(json_object_get(command, "length"))};
    if (!hex || decode_hex(hex, strlen(hex), file.sha256, sizeof file.sha256) != DIGEST_BYTES)
        stop("bad command", "upload");
    struct attempt *a = new_attempt(p, command);
    p->driver->upload(p->uplink, &file, on_done, a);
    a->in_call = false;
}

static void refresh(struct program *p)
{
    if (p->driver->refresh)
        p->driver->refresh(p->uplink);
}

static void on_line(struct program *p, const char *line)
{
    json_t *command = json_loads(line, 0, NULL);
    const char *what = json_string_value(json_object_get(command, "do"));
    if (!what)
        stop("bad command", "not JSON, or without do");
    if (strcmp(what, "send") == 0)
        do_send(p, command);
    else if (strcmp(what, "upload") == 0)
        do_upload(p, command);
    else if (strcmp(what, "pause") == 0)
        p->driver->pause_upload(p->uplink, json_is_true(json_object_get(command, "on")));
    else if (strcmp(what, "refresh") == 0)
        refresh(p);
    else
        stop("bad command", what);
    json_decref(command);
}

static void on_tick(uv_timer_t *timer)
{
    struct program *p = timer->data;
    p->ticks++;
}

static void close_all(struct program *p)
{
    p->driver->close(p->uplink);
    p->closed = true;
    uv_close((uv_handle_t *)&p->input, NULL);
    uv_close((uv_handle_t *)&p->tick, NULL);
}

static void on_alloc(uv_handle_t *handle, size_t wish, uv_buf_t *ret_buffer)
{
    struct program *p = handle->data;
    (void)wish;
    *ret_buffer = uv_buf_init(p->line + p->used, (unsigned)(sizeof p->line - p->used));
}

static void on_input(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct program *p = stream->data;
    (void)buffer;
    if (length < 0) {
        close_all(p);
        return;
    }
    p->used += (size_t)length;
    for (char *end; (end = memchr(p->line, '\n', p->used));) {
        *end = '\0';
        on_line(p, p->line);
        size_t taken = (size_t)(end + 1 - p->line);
        memmove(p->line, end + 1, p->used - taken);
        p->used -= taken;
    }
}

static void open_uplink(struct program *p, const void *options, struct signer *signer,
                        const char *state_dir)
{
    static struct uplink_host host;
    struct err e = {.text = ""};
    const struct uplink_source source = {.state_dir = state_dir, .receiver = "tested"};
    host = (struct uplink_host){.signer = signer, .state_dir = state_dir, .receiver = "tested"};
    int result = p->driver->read ? p->driver->read(options, &source, &p->files, &e) : 0;
    host.files = p->files;
    if (result == 0)
        result = p->driver->open(options, &host, &p->loop, &p->uplink, &e);
    if (result == 0)
        return;
    print(json_pack("{s:s,s:s}", "error", "open", "text", e.text));
    uv_run(&p->loop, UV_RUN_DEFAULT);
    exit(1);
}

int main(int argc, char **argv)
{
    static struct program program;
    static _Alignas(max_align_t) char options[OPTIONS_MAX];
    struct program *p = &program;
    struct signer *signer;
    struct err e = {.text = ""};
    if (argc < 4)
        stop("usage", "uplink_driver <driver> <signing key> <state folder> …");
    p->driver = uplink_driver_of(driver_find(uplink_types, argv[1]));
    if (!p->driver || p->driver->type.options_size > sizeof options)
        stop("no such driver", argv[1]);
    char *signer_options[] = {argv[2]};
    if (signer_pem.open(signer_options, &signer, &e) != 0)
        stop("signer", e.text);
    for (int i = 4; i < argc; i++) {
        if (strncmp(argv[i], "clock=", 6) == 0)
            false_clock_set(atoll(argv[i] + 6));
        else
            set_option(&p->driver->type, options, argv[i]);
    }
    uv_loop_init(&p->loop);
    uv_pipe_init(&p->loop, &p->input, 0);
    uv_timer_init(&p->loop, &p->tick);
    p->input.data = p->tick.data = p;
    open_uplink(p, options, signer, argv[3]);
    print(json_pack("{s:b}", "opened", 1));
    uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS);
    uv_pipe_open(&p->input, 0);
    uv_read_start((uv_stream_t *)&p->input, on_alloc, on_input);
    uv_run(&p->loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&p->loop) != 0)
        stop("loop", "something was left open");
    if (p->driver->free_files)
        p->driver->free_files(p->files);
    signer_pem.close(signer);
    return 0;
}
