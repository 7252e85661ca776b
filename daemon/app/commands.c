/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the control socket. */
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
    bool with_duress = json_is_true(json_object_get(arguments, "duress"));
    control_reply(request, status_json(arg, with_duress));
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
            if (in->driver->simulate || in->driver->simulate_card)
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
    if (!in->driver->simulate) {
        control_fail(request, "input %s reads cards: tocsin card %s DIGITS", in->config->id,
                     in->config->id);
        return;
    }
    lines_simulate(in, hold_ms, request);
}

static void run_release(void *arg, struct control_request *request, const json_t *arguments)
{
    struct gateway_input *in = find_input(arg, request, arguments);
    if (!in)
        return;
    if (!in->driver->simulate) {
        control_fail(request, "input %s reads cards: nothing is pressed", in->config->id);
        return;
    }
    lines_release(in);
    if (in->press_request)
        control_fail(in->press_request, "released before the press was accepted");
    in->press_request = NULL;
    control_reply(request, NULL);
}

static void run_card(void *arg, struct control_request *request, const json_t *arguments)
{
    struct gateway_input *in = find_input(arg, request, arguments);
    const char *digits = json_string_value(json_object_get(arguments, "digits"));
    size_t length = digits ? strlen(digits) : 0;
    if (!in)
        return;
    if (!in->driver->simulate_card) {
        control_fail(request, "input %s reads no cards", in->config->id);
        return;
    }
    if (length == 0 || length > INPUT_CARD_DIGITS_MAX || strspn(digits, "0123456789") != length) {
        control_fail(request, "a card is 1 to %d digits", INPUT_CARD_DIGITS_MAX);
        return;
    }
    in->driver->simulate_card(in->contacts[0].line, digits);
    control_reply(request, NULL);
}

/* "name (user)", or the user at the other end of the socket alone. */
static void name_who(const struct control_request *request, const json_t *arguments, char *ret_who,
                     size_t size)
{
    const char *by = json_string_value(json_object_get(arguments, "by"));
    char user[CONTROL_NAME_SIZE];
    control_user(request, user);
    snprintf(ret_who, size, "%s%s%s%s", by ? by : user, by ? " (" : "", by ? user : "",
             by ? ")" : "");
}

static void run_reset(void *arg, struct control_request *request, const json_t *arguments)
{
    struct gateway *gw = arg;
    const char *alarm = json_string_value(json_object_get(arguments, "alarm"));
    const char *note = json_string_value(json_object_get(arguments, "note"));
    char who[300];
    name_who(request, arguments, who, sizeof who);
    json_t *closed = json_array();
    struct incident *incident = NULL;
    while ((incident = panel_next_open(&gw->panel, incident))) {
        /* Duress is closed by name alone: a forced guard who resets everything resets all but it.
         */
        bool is_duress = incident->class == INCIDENT_CLASS_DURESS;
        if (alarm ? strcmp(alarm, incident->alarm) != 0 : is_duress)
            continue;
        json_array_append_new(closed, json_pack("{ss,ss,sb}", "alarm", incident->alarm, "input",
                                                gw->config->inputs[incident->button].id,
                                                "still_pressed", incident->held));
        presses_carry_out(gw, incident_reset(incident), incident, who, note);
    }
    if (alarm && json_array_size(closed) == 0) {
        json_decref(closed);
        control_fail(request, "no open alarm %s; tocsin status lists those there are", alarm);
        return;
    }
    control_reply(request, json_pack("{so}", "closed", closed));
}

static void run_cancel(void *arg, struct control_request *request, const json_t *arguments)
{
    struct gateway *gw = arg;
    const char *alarm = json_string_value(json_object_get(arguments, "alarm"));
    const char *note = json_string_value(json_object_get(arguments, "note"));
    char who[300];
    if (!note || !note[0]) {
        control_fail(request, "say why: tocsin cancel --note TEXT");
        return;
    }
    name_who(request, arguments, who, sizeof who);
    size_t count = keys_cancel(gw, alarm, who, note);
    if (count == 0)
        control_fail(request,
                     "no alarm was raised within the last %d s that is not cancelled already; "
                     "tocsin reset closes an alarm",
                     (int)(gw->config->alarms.cancel_window_ms / 1000));
    else
        control_reply(request, json_pack("{sI}", "cancelled", (json_int_t)count));
}

/* Reads which buttons an exercise covers; false after an answer. */
static bool read_buttons(struct gateway *gw, struct control_request *request,
                         enum incident_class class, const json_t *list, uint64_t *ret_buttons)
{
    uint64_t all = exercises_every_button(gw, class), named = 0;
    size_t at;
    const json_t *one;
    json_array_foreach(list, at, one)
    {
        const char *id = json_string_value(one);
        size_t i = 0;
        while (id && i < gw->input_count && strcmp(gw->config->inputs[i].id, id) != 0)
            i++;
        if (!id || i == gw->input_count || !(all >> i & 1)) {
            control_fail(request, "%s is no button that a %s can cover", id ? id : "?",
                         incident_class_name(class));
            return false;
        }
        named |= UINT64_C(1) << i;
    }
    *ret_buttons = list ? named : all;
    return true;
}

static void begin_exercise(struct gateway *gw, enum incident_class class, int64_t limit_ms,
                           struct control_request *request, const json_t *arguments)
{
    const json_t *length = json_object_get(arguments, "length_ms");
    int64_t length_ms = length ? json_integer_value(length) : limit_ms;
    uint64_t buttons;
    char who[300];
    if (length_ms < 1000 || length_ms > limit_ms) {
        control_fail(request, "a %s lasts from 1 s to %d min (exercises: %s_limit)",
                     incident_class_name(class), (int)(limit_ms / 60000),
                     incident_class_name(class));
        return;
    }
    if (!read_buttons(gw, request, class, json_object_get(arguments, "inputs"), &buttons))
        return;
    name_who(request, arguments, who, sizeof who);
    exercises_begin(gw, class, buttons, length_ms, who,
                    json_string_value(json_object_get(arguments, "note")), request);
}

static void end_exercise(struct gateway *gw, enum incident_class class,
                         struct control_request *request, const json_t *arguments)
{
    char who[300], why[400];
    name_who(request, arguments, who, sizeof who);
    snprintf(why, sizeof why, "ended by %s", who);
    if (exercises_end(gw, class, why))
        control_reply(request, NULL);
    else
        control_fail(request, "there is no %s", incident_class_name(class));
}

static void run_drill_begin(void *arg, struct control_request *request, const json_t *arguments)
{
    struct gateway *gw = arg;
    begin_exercise(gw, INCIDENT_CLASS_DRILL, gw->config->exercises.drill_limit_ms, request,
                   arguments);
}

static void run_drill_end(void *arg, struct control_request *request, const json_t *arguments)
{
    end_exercise(arg, INCIDENT_CLASS_DRILL, request, arguments);
}

static void run_test_begin(void *arg, struct control_request *request, const json_t *arguments)
{
    struct gateway *gw = arg;
    begin_exercise(gw, INCIDENT_CLASS_TEST, gw->config->exercises.test_limit_ms, request,
                   arguments);
}

static void run_test_end(void *arg, struct control_request *request, const json_t *arguments)
{
    end_exercise(arg, INCIDENT_CLASS_TEST, request, arguments);
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

static const char *const status_arguments[] = {"duress", NULL};
static const char *const card_arguments[] = {"input", "digits", NULL};
static const char *const cancel_arguments[] = {"alarm", "by", "note", NULL};
static const char *const begin_arguments[] = {"inputs", "length_ms", "by", "note", NULL};
static const char *const end_arguments[] = {"by", NULL};
static const char *const press_arguments[] = {"input", "hold_ms", NULL};
static const char *const release_arguments[] = {"input", NULL};
static const char *const reset_arguments[] = {"alarm", "by", "note", NULL};
static const char *const list_arguments[] = {"after", "limit", "alarm", NULL};
static const char *const show_arguments[] = {"id", "seq", NULL};
static const char *const export_arguments[] = {"after", "alarm", NULL};

const struct control_command commands[] = {
    {"status", status_arguments, run_status},
    {"watch", NULL, run_watch},
    {"press", press_arguments, run_press},
    {"release", release_arguments, run_release},
    {"card", card_arguments, run_card},
    {"reset", reset_arguments, run_reset},
    {"cancel", cancel_arguments, run_cancel},
    {"drill.begin", begin_arguments, run_drill_begin},
    {"drill.end", end_arguments, run_drill_end},
    {"test.begin", begin_arguments, run_test_begin},
    {"test.end", end_arguments, run_test_end},
    {"reload", NULL, run_reload},
    {"events.list", list_arguments, run_list},
    {"events.show", show_arguments, run_show},
    {"events.export", export_arguments, run_export},
    {NULL, NULL, NULL},
};
