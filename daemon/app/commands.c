/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the control socket. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"

#define HOLD_DEFAULT_MS 100
#define HOLD_MAX_MS     60000
#define LIST_DEFAULT    50
#define LIST_MAX        500
#define EXPORT_PAGE     100

static void run_status(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    control_reply(request, status_json(arg));
}

static void run_watch(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arg;
    (void)arguments;
    control_watch(request);
}

static struct gateway_input *find_input(struct gateway *gw, struct control_request *request,
                                        const json_t *arguments)
{
    const char *id = json_string_value(json_object_get(arguments, "input"));
    char known[400] = "";
    size_t used = 0;
    for (size_t i = 0; i < gw->input_count; i++) {
        struct gateway_input *in = &gw->inputs[i];
        if (id && strcmp(in->config->id, id) == 0) {
            if (in->driver->simulate)
                return in;
            control_fail(request,
                         "input %s is a real line (driver %s): it is pressed by hand, not by a "
                         "command",
                         id, in->driver->type.name);
            return NULL;
        }
        int more =
            snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", in->config->id);
        used += more > 0 && used + (size_t)more < sizeof known ? (size_t)more : 0;
    }
    control_fail(request, "no input %s; there are: %s", id ? id : "(none given)", known);
    return NULL;
}

static void run_press(void *arg, struct control_request *request, const json_t *arguments)
{
    struct gateway *gw = arg;
    struct gateway_input *in = find_input(gw, request, arguments);
    const json_t *hold = json_object_get(arguments, "hold_ms");
    json_int_t hold_ms = hold ? json_integer_value(hold) : HOLD_DEFAULT_MS;
    if (!in)
        return;
    if (hold && (!json_is_integer(hold) || hold_ms < 0 || hold_ms > HOLD_MAX_MS)) {
        control_fail(request, "hold_ms must be from 0 (until released) to %d", HOLD_MAX_MS);
        return;
    }
    presses_simulate(in, hold_ms, request);
}

static void run_release(void *arg, struct control_request *request, const json_t *arguments)
{
    struct gateway_input *in = find_input(arg, request, arguments);
    if (!in)
        return;
    uv_timer_stop(&in->hold);
    in->driver->simulate(in->input, false);
    if (in->press_request)
        control_fail(in->press_request, "released before the press was accepted");
    in->press_request = NULL;
    control_reply(request, NULL);
}

static void user_name(uid_t uid, char *ret_name, size_t size)
{
    struct passwd entry, *found = NULL;
    char buffer[2048];
    getpwuid_r(uid, &entry, buffer, sizeof buffer, &found);
    if (found)
        snprintf(ret_name, size, "%s", found->pw_name);
    else
        snprintf(ret_name, size, "uid %u", (unsigned)uid);
}

static void run_reset(void *arg, struct control_request *request, const json_t *arguments)
{
    struct gateway *gw = arg;
    const char *alarm = json_string_value(json_object_get(arguments, "alarm"));
    const char *by = json_string_value(json_object_get(arguments, "by"));
    const char *note = json_string_value(json_object_get(arguments, "note"));
    char user[100], who[300];
    user_name(control_uid(request), user, sizeof user);
    snprintf(who, sizeof who, "%s%s%s%s", by ? by : user, by ? " (" : "", by ? user : "",
             by ? ")" : "");
    json_t *closed = json_array();
    for (size_t i = 0; i < gw->input_count; i++) {
        struct incident *incident = &gw->incidents[i];
        if (!incident->open || (alarm && strcmp(alarm, incident->alarm) != 0))
            continue;
        json_array_append_new(closed, json_pack("{ss,ss,sb}", "alarm", incident->alarm, "input",
                                                gw->config->inputs[i].id, "still_pressed",
                                                incident->pressed));
        presses_close_incident(gw, i, who, note);
    }
    if (alarm && json_array_size(closed) == 0) {
        json_decref(closed);
        control_fail(request, "no open alarm %s; tocsin status lists those there are", alarm);
        return;
    }
    control_reply(request, json_pack("{so}", "closed", closed));
}

static void run_reload(void *arg, struct control_request *request, const json_t *arguments)
{
    (void)arguments;
    if (gateway_reload(arg, request) != 0)
        control_fail(request, "a reload is under way already");
}

/* A question to the store on behalf of a request. */
struct asking {
    struct gateway *gateway;
    struct control_request *request;
    struct outbox_query query;
};

static void start_asking(struct gateway *gw, struct control_request *request,
                         const struct outbox_query *query, outbox_query_handler done)
{
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        abort();
    *asking = (struct asking){gw, request, *query};
    outbox_query(gw->outbox, query, done, asking);
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

static void run_list(void *arg, struct control_request *request, const json_t *arguments)
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

static void run_show(void *arg, struct control_request *request, const json_t *arguments)
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
    bool more = there && json_array_size(page) == EXPORT_PAGE && !asking->gateway->stopping;
    json_decref(page);
    if (more) {
        asking->query.after = last_seq;
        outbox_query(asking->gateway->outbox, &asking->query, on_exported, asking);
        return;
    }
    control_send(asking->request, json_pack("{sb}", "end", there));
    control_end(asking->request);
    free(asking);
}

static void run_export(void *arg, struct control_request *request, const json_t *arguments)
{
    struct outbox_query query = {.kind = OUTBOX_QUERY_EXPORT};
    if (!read_query(request, arguments, &query))
        return;
    query.limit = EXPORT_PAGE;
    control_send(request, json_pack("{sb}", "ok", 1));
    start_asking(arg, request, &query, on_exported);
}

static const char *const press_arguments[] = {"input", "hold_ms", NULL};
static const char *const release_arguments[] = {"input", NULL};
static const char *const reset_arguments[] = {"alarm", "by", "note", NULL};
static const char *const list_arguments[] = {"after", "limit", "alarm", NULL};
static const char *const show_arguments[] = {"id", "seq", NULL};
static const char *const export_arguments[] = {"after", "alarm", NULL};

const struct control_command commands[] = {
    {"status", NULL, run_status},
    {"watch", NULL, run_watch},
    {"press", press_arguments, run_press},
    {"release", release_arguments, run_release},
    {"reset", reset_arguments, run_reset},
    {"reload", NULL, run_reload},
    {"events.list", list_arguments, run_list},
    {"events.show", show_arguments, run_show},
    {"events.export", export_arguments, run_export},
    {NULL, NULL, NULL},
};
