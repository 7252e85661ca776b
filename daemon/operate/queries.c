/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "iface/limits.h"
#include "operate/internal.h"

#define LIST_DEFAULT 50
#define LIST_MAX     LIMIT_LISTED
#define PATIENCE_MS  10000 /* less than a client waits for its answer */
#define WAITING_MAX  16    /* fewer than there are clients: a stuck disk leaves room for orders */

#define SEE_STATUS   "tocsin status shows how the store is"
#define NOT_ANSWERED "the disk has not answered for %d s; " SEE_STATUS

/* A question to the store on behalf of a request. */
struct asking {
    LIST_ENTRY(asking) next;
    struct operate *operate;
    struct control_request *request; /* NULL: it was answered that the disk does not */
    struct outbox_query query;
    bool is_waiting; /* for the store, since: */
    int64_t since_ms;
    json_t *arguments; /* of a look-up, and who answers */
    queries_event_handler look_up;
};

static void ask_store(struct asking *asking, outbox_query_handler done)
{
    asking->is_waiting = true;
    asking->since_ms = clock_monotonic_ms();
    outbox_query(events_outbox(asking->operate->options.events), &asking->query, done, asking);
}

static struct asking *remember(struct operate *op, struct control_request *request,
                               const struct outbox_query *query)
{
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        abort();
    *asking = (struct asking){.operate = op, .request = request, .query = *query};
    LIST_INSERT_HEAD(&op->askings, asking, next);
    return asking;
}

static void start_asking(struct operate *op, struct control_request *request,
                         const struct outbox_query *query, outbox_query_handler done)
{
    ask_store(remember(op, request, query), done);
}

static void forget(struct asking *asking)
{
    LIST_REMOVE(asking, next);
    json_decref(asking->arguments);
    free(asking);
}

/* False after an answer. */
static bool may_ask(const struct operate *op, struct control_request *request)
{
    unsigned waiting = 0;
    const struct asking *asking;
    LIST_FOREACH(asking, &op->askings, next)
    waiting += asking->is_waiting;
    if (waiting < WAITING_MAX)
        return true;
    control_fail(request, "%u questions wait for the disk already; " SEE_STATUS, waiting);
    return false;
}

bool queries_read_number(struct control_request *request, const json_t *arguments, const char *name,
                         int64_t low, int64_t high, int64_t *ret_number)
{
    const json_t *number = json_object_get(arguments, name);
    if (!number)
        return true;
    *ret_number = json_integer_value(number);
    if (json_is_integer(number) && *ret_number >= low && *ret_number <= high)
        return true;
    if (high == INT64_MAX)
        control_fail(request, "%s: not a number from %lld on", name, (long long)low);
    else
        control_fail(request, "%s: not a number from %lld to %lld", name, (long long)low,
                     (long long)high);
    return false;
}

static bool read_uuid(struct control_request *request, const json_t *arguments, const char *name,
                      char ret_id[UUID_TEXT_SIZE])
{
    const json_t *text = json_object_get(arguments, name);
    if (!text)
        return true;
    const char *given = json_is_string(text) ? json_string_value(text) : "(no text)";
    if (!uuid_is_valid(given)) {
        control_fail(request,
                     "%s %.60s: not a UUID (tocsin events list --json shows those of events and "
                     "alarms)",
                     name, given);
        return false;
    }
    memcpy(ret_id, given, UUID_TEXT_SIZE);
    return true;
}

/* Reads what the events commands may be given; false after an answer. */
static bool read_query(struct control_request *request, const json_t *arguments,
                       struct outbox_query *ret_query)
{
    int64_t after = 0, before = 0, seq = 0, limit = LIST_DEFAULT;
    if (!queries_read_number(request, arguments, "after", 0, INT64_MAX, &after) ||
        !queries_read_number(request, arguments, "before", 1, INT64_MAX, &before) ||
        !queries_read_number(request, arguments, "seq", 1, INT64_MAX, &seq) ||
        !queries_read_number(request, arguments, "limit", 1, LIST_MAX, &limit) ||
        !queries_read_number(request, arguments, "since_ms", 0, INT64_MAX, &ret_query->since_ms) ||
        !read_uuid(request, arguments, "alarm", ret_query->alarm) ||
        !read_uuid(request, arguments, "id", ret_query->id))
        return false;
    ret_query->after = (uint64_t)after;
    ret_query->before = (uint64_t)before;
    ret_query->seq = (uint64_t)seq;
    ret_query->limit = (unsigned)limit;
    return true;
}

static void on_answered(void *arg, const struct outbox_answer *answer)
{
    struct asking *asking = arg;
    if (!asking->request) /* too late */
        ;
    else if (answer->error)
        control_fail(asking->request, "%s", answer->error);
    else if (asking->query.kind == OUTBOX_QUERY_SHOW && answer->last_seq == 0)
        control_fail(asking->request, "no such event here (tocsin events list)");
    else
        control_reply_text(asking->request, answer->text, answer->length);
    forget(asking);
}

void queries_list(void *arg, struct control_request *request, const json_t *arguments)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST};
    if (read_query(request, arguments, &query) && may_ask(arg, request))
        start_asking(arg, request, &query, on_answered);
}

void queries_show(void *arg, struct control_request *request, const json_t *arguments)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW};
    if (!read_query(request, arguments, &query))
        return;
    if (query.seq == 0 && query.id[0] == '\0')
        control_fail(request, "say which event: its seq or its id");
    else if (may_ask(arg, request))
        start_asking(arg, request, &query, on_answered);
}

static json_t *read_event(const struct outbox_answer *answer)
{
    char *text;
    int length = asprintf(&text, "{%.*s}", (int)answer->length, answer->text);
    if (length < 0)
        abort();
    json_t *object = json_loadb(text, (size_t)length, 0, NULL);
    json_t *event = json_incref(json_array_get(json_object_get(object, "events"), 0));
    json_decref(object);
    free(text);
    return event;
}

static void on_looked_up(void *arg, const struct outbox_answer *answer)
{
    struct asking *asking = arg;
    if (!asking->request) /* too late */
        ;
    else if (answer->error)
        control_fail(asking->request, "%s", answer->error);
    else {
        json_t *event = answer->last_seq ? read_event(answer) : NULL;
        asking->look_up(asking->request, asking->arguments, event);
        json_decref(event);
    }
    forget(asking);
}

void queries_look_up(struct operate *op, struct control_request *request, const json_t *arguments,
                     uint64_t seq, queries_event_handler done)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = seq};
    if (!may_ask(op, request))
        return;
    struct asking *asking = remember(op, request, &query);
    asking->arguments = json_deep_copy(arguments);
    asking->look_up = done;
    ask_store(asking, on_looked_up);
}

static void ask_of_files(struct operate *op, struct control_request *request,
                         enum outbox_query_kind kind)
{
    if (may_ask(op, request))
        start_asking(op, request, &(struct outbox_query){.kind = kind}, on_answered);
}

void queries_files(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    ask_of_files(arg, request, OUTBOX_QUERY_FILES);
}

void queries_remove_files(void *arg, struct control_request *request, const json_t *arguments)
{
    const char *by = json_string_value(json_object_get(arguments, "by"));
    char who[300];
    if (!by || !by[0]) {
        control_fail(request, "say who removes it: tocsin store accept --by NAME --remove");
        return;
    }
    operate_name_who(request, arguments, who, sizeof who);
    log_warning("outbox", "what was put aside of a damaged store is removed by %s", who);
    ask_of_files(arg, request, OUTBOX_QUERY_REMOVE);
}

static void end_export(struct asking *asking, bool is_whole)
{
    control_send(asking->request, json_pack("{sb}", "end", is_whole));
    control_end(asking->request);
    forget(asking);
}

static void on_exported(void *arg, const struct outbox_answer *answer);

/* The client has read what it was sent, or is gone. */
static void continue_export(void *arg, bool there)
{
    struct asking *asking = arg;
    if (there && asking->operate->control)
        ask_store(asking, on_exported);
    else
        end_export(asking, false);
}

static void on_exported(void *arg, const struct outbox_answer *answer)
{
    struct asking *asking = arg;
    if (!asking->request) { /* too late */
        forget(asking);
        return;
    }
    asking->is_waiting = false;
    asking->query.after = answer->last_seq;
    bool there = !answer->error && control_send_text(asking->request, answer->text, answer->length);
    if (!there || !answer->more)
        end_export(asking, there);
    else if (!control_when_read(asking->request, continue_export, asking))
        end_export(asking, false);
}

void queries_export(void *arg, struct control_request *request, const json_t *arguments)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_EXPORT};
    if (!read_query(request, arguments, &query) || !may_ask(arg, request))
        return;
    control_send(request, json_pack("{sb}", "ok", 1));
    start_asking(arg, request, &query, on_exported);
}

/* The store may answer yet: until then it keeps the struct. */
static void give_up(struct asking *asking)
{
    struct control_request *request = asking->request;
    asking->request = NULL;
    if (asking->query.kind != OUTBOX_QUERY_EXPORT) {
        control_fail(request, NOT_ANSWERED, PATIENCE_MS / 1000);
        return;
    }
    char why[100];
    snprintf(why, sizeof why, NOT_ANSWERED, PATIENCE_MS / 1000);
    control_send(request, json_pack("{sb,ss}", "end", 0, "error", why));
    control_end(request);
}

void queries_tick(struct operate *op)
{
    struct asking *asking;
    int64_t now_ms = clock_monotonic_ms();
    LIST_FOREACH(asking, &op->askings, next)
    {
        if (asking->is_waiting && asking->request && now_ms - asking->since_ms >= PATIENCE_MS)
            give_up(asking);
    }
}
