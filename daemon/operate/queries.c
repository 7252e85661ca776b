/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the store. */
#include <stdlib.h>
#include <string.h>

#include "iface/limits.h"
#include "operate/internal.h"

#define LIST_DEFAULT 50
#define LIST_MAX     LIMIT_LISTED

/* A question to the store on behalf of a request. */
struct asking {
    struct operate *operate;
    struct control_request *request;
    struct outbox_query query;
};

static void start_asking(struct operate *op, struct control_request *request,
                         const struct outbox_query *query, outbox_query_handler done)
{
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        abort();
    *asking = (struct asking){op, request, *query};
    outbox_query(events_outbox(op->options.events), query, done, asking);
}

/* Reads a number if it is given; false after an answer. */
static bool read_number(struct control_request *request, const json_t *arguments, const char *name,
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
    if (!read_number(request, arguments, "after", 0, INT64_MAX, &after) ||
        !read_number(request, arguments, "before", 1, INT64_MAX, &before) ||
        !read_number(request, arguments, "seq", 1, INT64_MAX, &seq) ||
        !read_number(request, arguments, "limit", 1, LIST_MAX, &limit) ||
        !read_number(request, arguments, "since_ms", 0, INT64_MAX, &ret_query->since_ms) ||
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
    if (answer->error)
        control_fail(asking->request, "%s", answer->error);
    else if (asking->query.kind == OUTBOX_QUERY_SHOW && answer->last_seq == 0)
        control_fail(asking->request, "no such event here");
    else
        control_reply_text(asking->request, answer->text, answer->length);
    free(asking);
}

void queries_list(void *arg, struct control_request *request, const json_t *arguments)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST};
    if (read_query(request, arguments, &query))
        start_asking(arg, request, &query, on_answered);
}

void queries_show(void *arg, struct control_request *request, const json_t *arguments)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW};
    if (!read_query(request, arguments, &query))
        return;
    if (query.seq == 0 && query.id[0] == '\0')
        control_fail(request, "say which event: its seq or its id");
    else
        start_asking(arg, request, &query, on_answered);
}

static void end_export(struct asking *asking, bool is_whole)
{
    control_send(asking->request, json_pack("{sb}", "end", is_whole));
    control_end(asking->request);
    free(asking);
}

static void on_exported(void *arg, const struct outbox_answer *answer);

/* The client has read what it was sent, or is gone. */
static void continue_export(void *arg, bool there)
{
    struct asking *asking = arg;
    if (there && asking->operate->control)
        outbox_query(events_outbox(asking->operate->options.events), &asking->query, on_exported,
                     asking);
    else
        end_export(asking, false);
}

static void on_exported(void *arg, const struct outbox_answer *answer)
{
    struct asking *asking = arg;
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
    if (!read_query(request, arguments, &query))
        return;
    control_send(request, json_pack("{sb}", "ok", 1));
    start_asking(arg, request, &query, on_exported);
}
