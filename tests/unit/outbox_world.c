/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox_world.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "run_suite.h"
#include "wire/digest.h"

static const char *const receivers[] = {"police", "education"};

static void on_fault(void *arg, const char *reason)
{
    struct fixture *f = arg;
    f->faulty = reason != NULL;
    if (reason)
        snprintf(f->fault, sizeof f->fault, "%s", reason);
}

/* As whoever uses an outbox does with what it is told. */
static void keep_damage(struct fixture *f)
{
    if (!f->forgets_damage)
        outbox_save_row(f->outbox, &(struct outbox_row){OUTBOX_DAMAGE_ROW, "told"});
}

static void on_damage(void *arg, const char *sentence)
{
    struct fixture *f = arg;
    f->damaged = true;
    snprintf(f->damage, sizeof f->damage, "%s", sentence);
    keep_damage(f);
}

static void on_witness(void *arg, const char *reason)
{
    struct fixture *f = arg;
    f->witness_good += !reason;
    f->witness_bad = reason;
    snprintf(f->witness, sizeof f->witness, "%s", reason ? reason : "");
}

static void on_found(void *arg, const struct outbox_found *found)
{
    struct fixture *f = arg;
    const char *row = outbox_found_text(found, "incidents");
    const char *earlier = found->earlier ? outbox_found_text(found->earlier, "incidents") : NULL;
    ck_assert(!f->came_late);
    f->came_late = true;
    f->late_seq = found->last_seq;
    f->late_used_seq = found->used_seq;
    f->late_pending = found->pending_count;
    f->late_numbers_unknown = found->numbers_unknown;
    snprintf(f->late_row, sizeof f->late_row, "%s", row ? row : "");
    snprintf(f->late_earlier, sizeof f->late_earlier, "%s", earlier ? earlier : "");
    if (!f->stays_apart)
        outbox_joined(f->outbox);
}

static void on_forgets(void *arg, const char *forgetting)
{
    struct fixture *f = arg;
    snprintf(f->forgets, sizeof f->forgets, "%s", forgetting ? forgetting : "");
    f->forgets_told++;
    f->stored_before = f->stored;
}

void open_outbox(struct fixture *f)
{
    struct outbox_options options = {.dir = f->folder,
                                     .makes_dir = f->makes_dir,
                                     .gateway = f->gateway,
                                     .receivers = receivers,
                                     .receiver_count = 2,
                                     .journal_dir = f->journal_dir,
                                     .look_after_ms = f->look_at_once ? 0 : 3600000,
                                     .prove_every_ms = f->prove_every_ms,
                                     .numbers_wait_ms = f->numbers_wait_ms,
                                     .start_wait_ms =
                                         f->start_wait_ms ? f->start_wait_ms : patience_ms()};
    struct outbox_host host = {.on_fault = on_fault,
                               .on_damage = on_damage,
                               .on_found = on_found,
                               .on_witness = on_witness,
                               .on_room = f->on_room,
                               .on_forgets = on_forgets,
                               .arg = f};
    struct err e;
    f->came_late = false;
    uv_loop_init(&f->loop);
    ck_assert_msg(outbox_open(&f->loop, &options, &host, &f->outbox, &f->found, &e) == 0, "%s",
                  e.text);
    if (f->found.damage)
        keep_damage(f);
}

void close_outbox(struct fixture *f)
{
    close_outbox_within(f, patience_ms());
}

void close_outbox_within(struct fixture *f, int64_t ms)
{
    ck_assert_uint_eq(outbox_close(f->outbox, ms), 0);
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
}

struct fixture *begin(void)
{
    struct fixture *f = calloc(1, sizeof *f);
    test_folder(f->folder, sizeof f->folder);
    open_outbox(f);
    return f;
}

void end(struct fixture *f)
{
    char command[100];
    close_outbox(f);
    snprintf(command, sizeof command, "rm -rf %s", f->folder);
    ck_assert_int_eq(system(command), 0);
    free(f);
}

struct event *make_event(uint64_t seq, enum event_class class)
{
    char text[128];
    snprintf(text, sizeof text, "{\"seq\":%llu}", (unsigned long long)seq);
    struct event *event = calloc(1, sizeof *event + strlen(text) + 1);
    event->references = 1;
    event->seq = seq;
    event->class = class;
    snprintf(event->id, sizeof event->id, "01890a5d-ac96-774b-bcce-%012llu",
             (unsigned long long)seq);
    strcpy(event->type, "tocsin.alarm.raised");
    strcpy(event->alarm, "01890a5d-ac96-774b-bcce-b302099a8057");
    event->wall_ms = 1000 + (int64_t)seq;
    event->length = strlen(text);
    memcpy(event->bytes, text, event->length);
    digest_sha256(event->bytes, event->length, event->digest);
    return event;
}

void on_stored(void *arg)
{
    ((struct fixture *)arg)->stored++;
}

void put(struct fixture *f, uint64_t seq, const char *text)
{
    struct event *event = make_event(seq, EVENT_CLASS_PRESS);
    struct outbox_row row = {"incidents", text};
    outbox_store(f->outbox, event, text ? &row : NULL, NULL, 0, on_stored, f);
    event_unref(event);
}

void wait_stored(struct fixture *f, unsigned count)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (f->stored < count && clock_monotonic_ms() < deadline) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(500);
    }
    ck_assert_uint_eq(f->stored, count);
}

static void on_answer(void *arg, const struct outbox_answer *answer)
{
    struct heard *heard = arg;
    ck_assert(!heard->came);
    *heard = (struct heard){.came = true, .more = answer->more, .last_seq = answer->last_seq};
    heard->text = strndup(answer->text, answer->length);
    snprintf(heard->error, sizeof heard->error, "%s", answer->error ? answer->error : "");
}

void turn_until(struct fixture *f, const bool *what)
{
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    while (!*what && clock_monotonic_ms() < deadline) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(200);
    }
    ck_assert(*what);
}

struct heard ask(struct fixture *f, const struct outbox_query *query)
{
    struct heard heard = {0};
    outbox_query(f->outbox, query, on_answer, &heard);
    turn_until(f, &heard.came);
    return heard;
}

json_t *ask_json(struct fixture *f, const struct outbox_query *query)
{
    struct heard heard = ask(f, query);
    char *object;
    ck_assert_str_eq(heard.error, "");
    ck_assert_int_gt(asprintf(&object, "{%s}", heard.text), 0);
    json_t *json = json_loads(object, 0, NULL);
    ck_assert_msg(json != NULL, "%s", object);
    free(object);
    free(heard.text);
    return json;
}

void put_at(struct fixture *f, uint64_t seq, int64_t wall_ms, const char *alarm)
{
    struct event *event = make_event(seq, EVENT_CLASS_PRESS);
    uuid_v7(wall_ms, event->id);
    event->wall_ms = wall_ms;
    snprintf(event->alarm, sizeof event->alarm, "%s", alarm);
    outbox_store(f->outbox, event, NULL, NULL, 0, on_stored, f);
    event_unref(event);
}

const char *list(struct fixture *f, const struct outbox_query *query, char *text)
{
    size_t i, used = 0;
    json_t *one, *answer = ask_json(f, query);
    json_array_foreach(json_object_get(answer, "events"), i, one) used +=
        (size_t)sprintf(text + used, "%d ", (int)json_integer_value(json_object_get(one, "seq")));
    sprintf(text + used, "of %d", (int)json_integer_value(json_object_get(answer, "total")));
    json_decref(answer);
    return text;
}

uint64_t begin_numbers(struct fixture *f)
{
    struct outbox_head head = {.last_seq = f->found.last_seq, .used_seq = f->found.used_seq};
    outbox_begin_numbers(f->outbox, &head);
    f->found.last_seq = head.last_seq;
    memcpy(f->found.head, head.digest, sizeof f->found.head);
    return head.used_seq;
}

struct fixture *begin_used(void)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 3; seq++)
        put(f, seq, "what is open");
    wait_stored(f, 3);
    return f;
}

void shell(const struct fixture *f, const char *command)
{
    char text[300];
    snprintf(text, sizeof text, "cd %s && %s", f->folder, command);
    ck_assert_int_eq(system(text), 0);
}

size_t count_aside(const struct fixture *f)
{
    char pattern[80];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/outbox.db.damaged-*", f->folder);
    size_t count = 0;
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            count += strstr(found.gl_pathv[i], "-wal") == NULL;
    }
    globfree(&found);
    return count;
}

void wait_answered(struct fixture *f)
{
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 1};
    char text[200];
    list(f, &query, text);
}
