/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/query.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "facts/fault_catalog.h"
#include "outbox/leftovers.h"

#define SLICE_NS           500000
#define COUNT_PIECE        128 /* index entries in one go: some 50 us */
#define EXPORT_PIECE_BYTES 32768

enum phase {
    PHASE_COUNT,      /* how many there are: the keys alone, from an index */
    PHASE_EVENT,      /* the next event */
    PHASE_DELIVERIES, /* those of the event that was written last */
    PHASE_END,
};

struct question {
    struct outbox_query query;
    enum phase phase;
    char since_id[UUID_TEXT_SIZE]; /* ids begin with the time: no event of interest has a smaller
                                      one */
    char counted_id[UUID_TEXT_SIZE];
    uint64_t counted_seq;
    uint64_t total, below; /* of them with a seq below `before` */
    uint64_t seq;          /* of the event written last */
    uint64_t listed;
    char receiver[LIMIT_ID_BYTES + 1]; /* of the delivery written last */
    bool first_delivery;
    FILE *out; /* to `text` */
    char *text;
    size_t length;
    char error[400];
};

static const char *state_word(int state)
{
    switch ((enum store_delivery_state)state) {
    case STORE_DELIVERY_PENDING:
        return "pending";
    case STORE_DELIVERY_STORED:
        return "stored";
    case STORE_DELIVERY_UNCONFIRMED:
        return "unconfirmed";
    case STORE_DELIVERY_GIVEN_UP:
        return "given-up";
    case STORE_DELIVERY_STRUCK: /* of no event */
        break;
    }
    return "unknown";
}

struct question *question_create(const struct outbox_query *query)
{
    struct question *q = calloc(1, sizeof *q);
    if (!q)
        abort();
    q->query = *query;
    q->out = open_memstream(&q->text, &q->length);
    if (!q->out)
        abort();
    if (q->query.before == 0)
        q->query.before = INT64_MAX;
    q->phase = query->kind == OUTBOX_QUERY_LIST ? PHASE_COUNT : PHASE_EVENT;
    q->seq = query->kind == OUTBOX_QUERY_EXPORT ? query->after : q->query.before;
    store_id_of_time(query->since_ms, q->since_id);
    strcpy(q->counted_id, q->since_id);
    return q;
}

void question_destroy(struct question *q)
{
    if (!q)
        return;
    fclose(q->out);
    free(q->text);
    free(q);
}

void question_fail(struct question *q, const char *reason)
{
    snprintf(q->error, sizeof q->error, "%s", reason);
    q->phase = PHASE_END;
}

void question_read(struct question *q, struct outbox_answer *ret_answer)
{
    fflush(q->out);
    bool found = q->phase == PHASE_END && q->listed > 0;
    *ret_answer = (struct outbox_answer){
        .text = q->error[0] ? "" : q->text,
        .length = q->error[0] ? 0 : q->length,
        .last_seq = found ? q->seq : 0,
        .more = q->query.kind == OUTBOX_QUERY_EXPORT && q->length >= EXPORT_PIECE_BYTES,
        .error = q->error[0] ? q->error : NULL,
    };
}

/* Text of strangers need not be UTF-8, and one byte of it must not take the whole answer away. */
static json_t *text_json(const char *text, size_t length)
{
    json_t *string = json_stringn(text, length);
    char *copy = string ? NULL : strndup(text, length);
    if (copy) {
        encode_make_utf8(copy);
        string = json_string(copy);
    }
    free(copy);
    return string;
}

static json_t *column_text(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text ? text_json(text, (size_t)sqlite3_column_bytes(row, column)) : json_null();
}

/* Writes the members of `object` (taken) without its braces. */
static int write_members(struct question *q, json_t *object)
{
    int result = json_dumpf(object, q->out, JSON_COMPACT | JSON_EMBED);
    json_decref(object);
    return result;
}

/* Looks at the keys of a few more events. */
static int count_some(struct store *s, struct question *q, struct err *e)
{
    bool any = q->query.alarm[0] == '\0';
    sqlite3_stmt *row = s->statements[any ? STORE_COUNT_ANY : STORE_COUNT_ALARM];
    if (any) {
        sqlite3_bind_text(row, 1, q->counted_id, -1, SQLITE_STATIC);
    } else {
        sqlite3_bind_int64(row, 1, (sqlite3_int64)q->counted_seq);
        sqlite3_bind_text(row, 3, q->query.alarm, -1, SQLITE_STATIC);
    }
    sqlite3_bind_int(row, 2, COUNT_PIECE);
    int step, rows = 0;
    char last_id[UUID_TEXT_SIZE] = "";
    while ((step = sqlite3_step(row)) == SQLITE_ROW) {
        rows++;
        q->counted_seq = (uint64_t)sqlite3_column_int64(row, 0);
        store_copy_column(row, 1, last_id, sizeof last_id);
        if (strcmp(last_id, q->since_id) >= 0) {
            q->total++;
            q->below += q->counted_seq < q->query.before;
        }
    }
    int result = step == SQLITE_DONE ? 0 : store_error(s, e, "count");
    store_reset(row);
    memcpy(q->counted_id, last_id, sizeof last_id);
    if (result == 0 && rows < COUNT_PIECE)
        q->phase = PHASE_EVENT;
    return result;
}

static void set_text(json_t *object, const char *name, const json_t *value)
{
    if (name && json_is_string(value) && json_string_length(value) > 0)
        json_object_set(object, name, (json_t *)value);
}

/* The member for what a fault is about; NULL for what has no column of its own. */
static const char *subject_name(const json_t *fault)
{
    const struct fault_kind *kind = fault_kind_of(json_string_value(fault));
    switch (kind ? kind->subject : FAULT_SUBJECT_NONE) {
    case FAULT_SUBJECT_INPUT:
        return "input";
    case FAULT_SUBJECT_RECEIVER:
        return "receiver";
    case FAULT_SUBJECT_CAMERA:
        return "camera";
    case FAULT_SUBJECT_NONE:
    case FAULT_SUBJECT_LAMP:
    case FAULT_SUBJECT_OUTPUT:
    case FAULT_SUBJECT_PART:
        break;
    }
    return NULL;
}

/* What an event is about, out of its data: what a line of a list has room for. */
static void add_subject(json_t *one, const char *bytes, size_t length)
{
    json_t *event = json_loadb(bytes, length, 0, NULL);
    const json_t *data = json_object_get(event, "data");
    const json_t *input = json_object_get(data, "input"), *camera = json_object_get(data, "camera");
    const json_t *fault = json_object_get(data, "fault"),
                 *subject = json_object_get(data, "subject");
    set_text(one, "input", json_object_get(input, "id"));
    set_text(one, "name", json_object_get(input, "name"));
    set_text(one, "camera", json_object_get(camera, "id"));
    set_text(one, "fault", fault);
    set_text(one, "subject", subject);
    set_text(one, "reason", json_object_get(data, "reason"));
    set_text(one, "receiver", json_object_get(data, "receiver"));
    set_text(one, subject_name(fault), subject);
    if (json_is_integer(json_object_get(data, "times")))
        json_object_set(one, "times", json_object_get(data, "times"));
    json_decref(event);
}

static int write_listed(struct question *q, sqlite3_stmt *row)
{
    char time[CLOCK_TEXT_SIZE];
    int64_t wall_ms = sqlite3_column_int64(row, 4);
    clock_format_utc(wall_ms, time);
    json_t *one = json_pack("{sI,so,so,so,ss,sI}", "seq", (json_int_t)q->seq, "id",
                            column_text(row, 1), "type", column_text(row, 2), "alarm",
                            column_text(row, 3), "time", time, "time_ms", (json_int_t)wall_ms);
    const char *bytes = sqlite3_column_blob(row, 6);
    if (q->query.kind == OUTBOX_QUERY_LIST) {
        if (bytes)
            add_subject(one, bytes, (size_t)sqlite3_column_bytes(row, 6));
    } else {
        char digest[ENCODE_HEX_SIZE(EVENT_DIGEST_BYTES)] = "";
        if (sqlite3_column_bytes(row, 5) == EVENT_DIGEST_BYTES)
            encode_hex(sqlite3_column_blob(row, 5), EVENT_DIGEST_BYTES, digest);
        json_object_set_new(one, "digest", json_string(digest));
        json_object_set_new(one, "bytes", column_text(row, 6));
    }
    fputs(q->listed ? ",{" : "\"events\":[{", q->out);
    int result = write_members(q, one);
    fputs(",\"receivers\":[", q->out);
    return result;
}

static int write_event(struct question *q, sqlite3_stmt *row)
{
    int result;
    q->seq = (uint64_t)sqlite3_column_int64(row, 0);
    if (q->query.kind == OUTBOX_QUERY_EXPORT) {
        fputs("{", q->out);
        result = write_members(q, json_pack("{so}", "event", column_text(row, 6)));
        fputs(",\"receipts\":[", q->out);
    } else {
        result = write_listed(q, row);
    }
    q->receiver[0] = '\0';
    q->first_delivery = true;
    q->listed++;
    q->phase = PHASE_DELIVERIES;
    return result;
}

/* Whether all that was asked for is written. */
static bool is_enough(const struct question *q)
{
    switch (q->query.kind) {
    case OUTBOX_QUERY_LIST:
        return q->listed >= q->query.limit || q->listed >= q->below;
    case OUTBOX_QUERY_SHOW:
    case OUTBOX_QUERY_FILES:
    case OUTBOX_QUERY_REMOVE:
        return q->listed > 0;
    case OUTBOX_QUERY_EXPORT:
        fflush(q->out);
        return q->length >= EXPORT_PIECE_BYTES;
    }
    return true;
}

static sqlite3_stmt *bind_event(struct store *s, const struct question *q)
{
    const struct outbox_query *query = &q->query;
    bool any = query->alarm[0] == '\0';
    enum store_statement which = query->seq ? STORE_EVENT_OF_SEQ : STORE_EVENT_OF_ID;
    if (query->kind == OUTBOX_QUERY_LIST)
        which = any ? STORE_EVENT_BEFORE : STORE_EVENT_BEFORE_OF_ALARM;
    else if (query->kind == OUTBOX_QUERY_EXPORT)
        which = any ? STORE_EVENT_AFTER : STORE_EVENT_AFTER_OF_ALARM;
    sqlite3_stmt *row = s->statements[which];
    sqlite3_bind_int64(row, 1,
                       (sqlite3_int64)(query->kind == OUTBOX_QUERY_SHOW ? query->seq : q->seq));
    if (which == STORE_EVENT_OF_ID)
        sqlite3_bind_text(row, 1, query->id, -1, SQLITE_STATIC);
    else if (which == STORE_EVENT_BEFORE_OF_ALARM || which == STORE_EVENT_AFTER_OF_ALARM)
        sqlite3_bind_text(row, 2, query->alarm, -1, SQLITE_STATIC);
    return row;
}

static void end(struct question *q)
{
    if (q->query.kind == OUTBOX_QUERY_LIST)
        fprintf(q->out, "%s],\"total\":%llu", q->listed ? "" : "\"events\":[",
                (unsigned long long)q->total);
    else if (q->query.kind == OUTBOX_QUERY_SHOW)
        fputs(q->listed ? "]" : "", q->out);
    q->phase = PHASE_END;
}

static int next_event(struct store *s, struct question *q, struct err *e)
{
    if (is_enough(q)) {
        end(q);
        return 0;
    }
    sqlite3_stmt *row = bind_event(s, q);
    int step = sqlite3_step(row), result = 0;
    if (step == SQLITE_DONE) {
        end(q);
    } else if (step != SQLITE_ROW) {
        result = store_error(s, e, "query");
    } else if (q->query.kind == OUTBOX_QUERY_LIST &&
               strcmp((const char *)sqlite3_column_text(row, 1), q->since_id) < 0) {
        q->seq = (uint64_t)sqlite3_column_int64(row, 0); /* the clock was set back: look further */
    } else if (write_event(q, row) != 0) {
        result =
            err_set(e, ENOMEM, "event %llu cannot be written as JSON", (unsigned long long)q->seq);
    }
    store_reset(row);
    return result;
}

static int write_delivery(struct question *q, sqlite3_stmt *row)
{
    int state = sqlite3_column_int(row, 1);
    bool export = q->query.kind == OUTBOX_QUERY_EXPORT;
    json_t *one =
        json_pack("{so,ss,sI}", export ? "receiver" : "id", column_text(row, 0), "state",
                  state_word(state), "attempts", (json_int_t)sqlite3_column_int64(row, 2));
    if (one && q->query.kind != OUTBOX_QUERY_LIST) {
        json_object_set_new(one, "request", column_text(row, 3));
        json_object_set_new(one, "receipt", column_text(row, 4));
        json_object_set_new(one, "receipt_headers", column_text(row, 5));
    }
    store_copy_column(row, 0, q->receiver, sizeof q->receiver);
    fputs(q->first_delivery ? "{" : ",{", q->out);
    q->first_delivery = false;
    int result = write_members(q, one);
    fputs("}", q->out);
    return result;
}

/* With evidence they are long: one at a time. */
static int next_delivery(struct store *s, struct question *q, struct err *e)
{
    sqlite3_stmt *row = s->statements[STORE_DELIVERY_AFTER];
    sqlite3_bind_int64(row, 1, (sqlite3_int64)q->seq);
    sqlite3_bind_text(row, 2, q->receiver, -1, SQLITE_STATIC);
    int step = sqlite3_step(row), result = 0;
    if (step == SQLITE_DONE) {
        fputs(q->query.kind == OUTBOX_QUERY_EXPORT ? "]}\n" : "]}", q->out);
        q->phase = PHASE_EVENT;
    } else if (step != SQLITE_ROW) {
        result = store_error(s, e, "query");
    } else if (write_delivery(q, row) != 0) {
        result = err_set(e, ENOMEM, "a delivery of event %llu cannot be written as JSON",
                         (unsigned long long)q->seq);
    }
    store_reset(row);
    return result;
}

static int list_files(const struct store *s, struct question *q, struct err *e)
{
    q->phase = PHASE_END;
    return leftovers_write(s->path, q->query.kind == OUTBOX_QUERY_REMOVE, q->out, e);
}

int question_go_on(struct store *s, struct question *q, struct err *e)
{
    if (q->query.kind == OUTBOX_QUERY_FILES || q->query.kind == OUTBOX_QUERY_REMOVE)
        return list_files(s, q, e);
    int64_t until_ns = clock_monotonic_ns() + SLICE_NS;
    int result = 0;
    do {
        switch (q->phase) {
        case PHASE_COUNT:
            result = count_some(s, q, e);
            break;
        case PHASE_EVENT:
            result = next_event(s, q, e);
            break;
        case PHASE_DELIVERIES:
            result = next_delivery(s, q, e);
            break;
        case PHASE_END:
            return 0;
        }
    } while (result == 0 && clock_monotonic_ns() < until_ns);
    return result != 0 ? result : q->phase != PHASE_END;
}
