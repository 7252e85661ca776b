/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operate/internal.h"

#define LIST_DEFAULT 50
#define LIST_MAX     500
#define EXPORT_PAGE  100

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

/* Reads what the events commands have in common; false after an answer. */
static bool read_query(struct control_request *request, const json_t *arguments,
                       struct outbox_query *ret_query)
{
    const json_t *after = json_object_get(arguments, "after");
    const json_t *limit = json_object_get(arguments, "limit");
    const char *alarm = json_string_value(json_object_get(arguments, "alarm"));
    const char *id = json_string_value(json_object_get(arguments, "id"));
    if ((after && (!json_is_integer(after) || json_integer_value(after) < 0)) ||
        (limit && (!json_is_integer(limit) || json_integer_value(limit) < 1 ||
                   json_integer_value(limit) > LIST_MAX)) ||
        (alarm && !uuid_is_valid(alarm)) || (id && !uuid_is_valid(id))) {
        control_fail(request, "after is a number, limit from 1 to %d, alarm and id are UUIDs",
                     LIST_MAX);
        return false;
    }
    ret_query->after = (uint64_t)json_integer_value(after);
    ret_query->limit = limit ? (unsigned)json_integer_value(limit) : LIST_DEFAULT;
    snprintf(ret_query->alarm, sizeof ret_query->alarm, "%s", alarm ? alarm : "");
    snprintf(ret_query->id, sizeof ret_query->id, "%s", id ? id : "");
    return true;
}

static void on_listed(void *arg, const char *text, uint64_t last_seq)
{
    struct asking *asking = arg;
    (void)last_seq;
    control_reply(asking->request, json_pack("{so}", "events", json_loads(text, 0, NULL)));
    free(asking);
}

void queries_list(void *arg, struct control_request *request, const json_t *arguments)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST};
    if (read_query(request, arguments, &query))
        start_asking(arg, request, &query, on_listed);
}

static void on_shown(void *arg, const char *text, uint64_t last_seq)
{
    struct asking *asking = arg;
    if (last_seq == 0)
        control_fail(asking->request, "no such event here");
    else
        on_listed(arg, text, last_seq);
    if (last_seq == 0)
        free(asking);
}

void queries_show(void *arg, struct control_request *request, const json_t *arguments)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW};
    const json_t *seq = json_object_get(arguments, "seq");
    if (!read_query(request, arguments, &query))
        return;
    query.limit = 1;
    if (json_is_integer(seq) && json_integer_value(seq) > 0)
        query.after = (uint64_t)json_integer_value(seq) - 1;
    else if (query.id[0] == '\0') {
        control_fail(request, "say which event: its seq or its id");
        return;
    }
    start_asking(arg, request, &query, on_shown);
}

static void on_exported(void *arg, const char *text, uint64_t last_seq)
{
    struct asking *asking = arg;
    json_t *page = json_loads(text, 0, NULL), *line;
    size_t i;
    bool there = true;
    json_array_foreach(page, i, line) there =
        there && control_send(asking->request, json_incref(line));
    bool more = there && json_array_size(page) == EXPORT_PAGE && asking->operate->control;
    json_decref(page);
    if (more) {
        asking->query.after = last_seq;
        outbox_query(events_outbox(asking->operate->options.events), &asking->query, on_exported,
                     asking);
        return;
    }
    control_send(asking->request, json_pack("{sb}", "end", there));
    control_end(asking->request);
    free(asking);
}

void queries_export(void *arg, struct control_request *request, const json_t *arguments)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_EXPORT};
    if (!read_query(request, arguments, &query))
        return;
    query.limit = EXPORT_PAGE;
    control_send(request, json_pack("{sb}", "ok", 1));
    start_asking(arg, request, &query, on_exported);
}
