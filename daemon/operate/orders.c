/* SPDX-License-Identifier: Apache-2.0 */
/* What a person orders: reset, cancel, drills and tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "operate/internal.h"

/* Where not all are known, it may be one of the others. */
static void fail_without_alarm(const struct operate *op, struct control_request *request,
                               const char *alarm)
{
    control_fail(request, "no open alarm %.60s%s; tocsin status %s", alarm,
                 incidents_known(op->options.incidents)
                     ? ""
                     : " is known here, and not every one of before the start is",
                 incidents_known(op->options.incidents) ? "lists those there are" : "says why");
}

/* A person has found out what was open before a restart. It is asked for by name, so that nobody
 * says so by closing an alarm of today. */
static void settle(struct operate *op, struct control_request *request, const json_t *arguments)
{
    const char *by = json_string_value(json_object_get(arguments, "by"));
    char who[300];
    operate_name_who(request, arguments, who, sizeof who);
    if (!by || !by[0])
        control_fail(request, "say who has asked the receivers: tocsin reset --unknown --by NAME");
    else if (incidents_settle(op->options.incidents, who,
                              json_string_value(json_object_get(arguments, "note"))))
        replies_when_kept(op, request, json_pack("{sb}", "settled", 1));
    else if (!incidents_known(op->options.incidents))
        control_fail(request, "what was open is known when the store can be read: mend that first "
                              "(tocsin status says what is wrong with it)");
    else
        control_fail(request, "there is nothing to settle: every alarm from before is known");
}

void orders_accept_damage(void *arg, struct control_request *request, const json_t *arguments)
{
    struct operate *op = arg;
    const char *by = json_string_value(json_object_get(arguments, "by"));
    const char *note = json_string_value(json_object_get(arguments, "note"));
    char who[300];
    if (!by || !by[0]) {
        control_fail(request, "say who has seen it: tocsin store accept --by NAME");
        return;
    }
    operate_name_who(request, arguments, who, sizeof who);
    bool accepted = events_accept_damage(op->options.events, who, note);
    replies_when_kept(op, request, json_pack("{sb}", "accepted", accepted));
}

/* Who waits until an order was carried out. */
struct asked {
    LIST_ENTRY(asked) next;
    struct operate *op;
    struct control_request *request;
    json_t *closed; /* by a reset */
};

static struct asked *remember(struct operate *op, struct control_request *request)
{
    struct asked *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    *a = (struct asked){.op = op, .request = request, .closed = json_array()};
    LIST_INSERT_HEAD(&op->asked, a, next);
    return a;
}

static void forget(struct asked *a)
{
    LIST_REMOVE(a, next);
    json_decref(a->closed);
    free(a);
}

static void append_closed(const struct operate *op, json_t *closed, const struct incident *incident)
{
    /* Of a drill or test nobody needs to know that it was closed before anybody had it. */
    bool is_known = !incident_is_real(incident->class) ||
                    incidents_is_received(op->options.incidents, incident);
    json_array_append_new(closed, json_pack("{ss,ss,sb,sb}", "alarm", incident->alarm, "input",
                                            op->options.config.inputs->items[incident->button].id,
                                            "still_pressed", incident->held, "received", is_known));
}

static void reset_one(struct operate *op, struct control_request *request, const char *alarm,
                      const char *who, const char *note)
{
    const struct incident *incident = NULL;
    while ((incident = incidents_next_open(op->options.incidents, incident)) &&
           strcmp(alarm, incident->alarm) != 0)
        ;
    if (!incident) {
        fail_without_alarm(op, request, alarm);
        return;
    }
    json_t *closed = json_array();
    append_closed(op, closed, incident);
    incidents_reset(op->options.incidents, incident, who, note);
    replies_when_kept(op, request, json_pack("{so}", "closed", closed));
}

static void on_closing(void *arg, const struct incident *incident)
{
    const struct asked *a = arg;
    append_closed(a->op, a->closed, incident);
}

static void on_all_closed(void *arg, const struct incidents_outcome *outcome)
{
    struct asked *a = arg;
    json_t *answer = json_pack("{sO}", "closed", a->closed);
    if (outcome->pressed_again > 0)
        json_object_set_new(answer, "pressed_again",
                            json_integer((json_int_t)outcome->pressed_again));
    if (!incidents_known(a->op->options.incidents))
        json_object_set_new(answer, "unknown", json_true());
    replies_when_kept(a->op, a->request, answer);
    forget(a);
}

/* Duress is closed by name alone: a forced guard who resets everything resets all but it. */
static void reset_all(struct operate *op, struct control_request *request, const char *who,
                      const char *note)
{
    incidents_reset_all(op->options.incidents,
                        &(struct incidents_order){.by = who,
                                                  .note = note,
                                                  .at_ns = clock_monotonic_ns(),
                                                  .each = on_closing,
                                                  .done = on_all_closed,
                                                  .arg = remember(op, request)});
}

void orders_reset(void *arg, struct control_request *request, const json_t *arguments)
{
    struct operate *op = arg;
    const char *alarm = json_string_value(json_object_get(arguments, "alarm"));
    const char *note = json_string_value(json_object_get(arguments, "note"));
    char who[300];
    if (json_is_true(json_object_get(arguments, "unknown"))) {
        settle(op, request, arguments);
        return;
    }
    operate_name_who(request, arguments, who, sizeof who);
    if (alarm)
        reset_one(op, request, alarm, who, note);
    else
        reset_all(op, request, who, note);
}

/* Of duress nobody hears that it is there. */
static bool is_open(const struct operate *op, const char *alarm)
{
    const struct incident *incident = NULL;
    while ((incident = incidents_next_open(op->options.incidents, incident)) &&
           (incident->class == INCIDENT_CLASS_DURESS || strcmp(alarm, incident->alarm) != 0))
        ;
    return incident;
}

static void on_all_cancelled(void *arg, const struct incidents_outcome *outcome)
{
    struct asked *a = arg;
    if (outcome->changed == 0)
        control_fail(a->request,
                     "no alarm was raised within the last %d s that is not cancelled already; "
                     "tocsin reset closes an alarm",
                     (int)(a->op->options.config.alarms->cancel_window_ms / 1000));
    else
        replies_when_kept(a->op, a->request,
                          json_pack("{sI}", "cancelled", (json_int_t)outcome->changed));
    forget(a);
}

void orders_cancel(void *arg, struct control_request *request, const json_t *arguments)
{
    struct operate *op = arg;
    const char *alarm = json_string_value(json_object_get(arguments, "alarm"));
    const char *note = json_string_value(json_object_get(arguments, "note"));
    char who[300];
    if (!note || !note[0]) {
        control_fail(request, "say why: tocsin cancel --note TEXT");
        return;
    }
    if (alarm && !is_open(op, alarm)) {
        fail_without_alarm(op, request, alarm);
        return;
    }
    operate_name_who(request, arguments, who, sizeof who);
    incidents_cancel(op->options.incidents,
                     &(struct incidents_order){.by = who,
                                               .note = note,
                                               .alarm = alarm,
                                               .at_ns = clock_monotonic_ns(),
                                               .done = on_all_cancelled,
                                               .arg = remember(op, request)});
}

/* Reads which buttons an exercise covers; false after an answer. */
static bool read_buttons(const struct operate *op, struct control_request *request,
                         enum incident_class class, const json_t *list, uint64_t *ret_buttons)
{
    const struct operate_config *config = &op->options.config;
    uint64_t all = incidents_every_button(op->options.incidents, class), named = 0;
    size_t at;
    const json_t *one;
    json_array_foreach(list, at, one)
    {
        const char *id = json_string_value(one);
        const struct config_input *input = id ? config_find_input(config->inputs, id) : NULL;
        size_t i = input ? (size_t)(input - config->inputs->items) : 0;
        if (!input || !(all >> i & 1)) {
            control_fail(request, "%s is no button that a %s can cover: %s", id ? id : "?",
                         incident_class_name(class),
                         class == INCIDENT_CLASS_TEST
                             ? "an input that is a button can"
                             : "one can whose kind is neither duress nor test");
            return false;
        }
        named |= UINT64_C(1) << i;
    }
    *ret_buttons = list ? named : all;
    return true;
}

static void begin_exercise(struct operate *op, enum incident_class class, int64_t limit_ms,
                           struct control_request *request, const json_t *arguments)
{
    const json_t *length = json_object_get(arguments, "length_ms");
    struct incidents_exercise exercise = {
        .class = class,
        .length_ms = length ? json_integer_value(length) : limit_ms,
        .note = json_string_value(json_object_get(arguments, "note"))};
    char who[300];
    struct err e;
    if (exercise.length_ms < 1000 || exercise.length_ms > limit_ms) {
        control_fail(request, "a %s lasts from 1 s to %d min (exercises: %s_limit)",
                     incident_class_name(class), (int)(limit_ms / 60000),
                     incident_class_name(class));
        return;
    }
    if (!read_buttons(op, request, class, json_object_get(arguments, "inputs"), &exercise.buttons))
        return;
    operate_name_who(request, arguments, who, sizeof who);
    exercise.by = who;
    facts_tell(op->options.facts); /* the end of another must not be taken for this one's */
    if (incidents_begin_exercise(op->options.incidents, &exercise, &e) != 0)
        control_fail(request, "%s", e.text);
    else {
        op->exercise = request;
        op->holder = control_client(request);
        op->held_class = class;
    }
}

/* What nobody waits for any more must not take the buttons from the police: an announcement whose
 * command is gone begins nothing, and a test goes with the command that walks through it. A drill
 * that has begun has nobody who stays with it. */
void orders_on_gone(void *arg, uint64_t client)
{
    struct operate *op = arg;
    if (client != op->holder)
        return;
    op->holder = 0;
    incidents_end_exercise(op->options.incidents, op->held_class,
                           "the command that asked for it is gone");
}

static void end_exercise(struct operate *op, enum incident_class class,
                         struct control_request *request, const json_t *arguments)
{
    char who[300], why[FACT_TEXT_SIZE];
    operate_name_who(request, arguments, who, sizeof who);
    snprintf(why, sizeof why, "ended by %s", who);
    if (op->ending)
        control_fail(request, "it is being ended already");
    else if (incidents_end_exercise(op->options.incidents, class, why))
        op->ending = request; /* answered when its last incident is closed */
    else
        control_fail(request, "there is no %s", incident_class_name(class));
}

void orders_drill_begin(void *arg, struct control_request *request, const json_t *arguments)
{
    struct operate *op = arg;
    begin_exercise(op, INCIDENT_CLASS_DRILL, op->options.config.exercises->drill_limit_ms, request,
                   arguments);
}

void orders_drill_end(void *arg, struct control_request *request, const json_t *arguments)
{
    end_exercise(arg, INCIDENT_CLASS_DRILL, request, arguments);
}

void orders_test_begin(void *arg, struct control_request *request, const json_t *arguments)
{
    struct operate *op = arg;
    begin_exercise(op, INCIDENT_CLASS_TEST, op->options.config.exercises->test_limit_ms, request,
                   arguments);
}

void orders_test_end(void *arg, struct control_request *request, const json_t *arguments)
{
    end_exercise(arg, INCIDENT_CLASS_TEST, request, arguments);
}

void orders_on_exercise(struct operate *op, const struct fact_exercise *exercise)
{
    const struct operate_config *config = &op->options.config;
    if (exercise->step == FACT_EXERCISE_ENDED ||
        (exercise->step == FACT_EXERCISE_BEGUN && exercise->class == INCIDENT_CLASS_DRILL))
        op->holder = 0;
    if (op->ending && exercise->step == FACT_EXERCISE_ENDED) {
        replies_when_kept(op, op->ending, json_object());
        op->ending = NULL;
    }
    if (!op->exercise || exercise->step == FACT_EXERCISE_ANNOUNCED)
        return;
    if (exercise->step == FACT_EXERCISE_ENDED) {
        control_fail(op->exercise, "%s", exercise->text);
        op->exercise = NULL;
        return;
    }
    json_t *inputs = json_array(), *unsigned_by = json_array();
    for (size_t i = 0; i < config->inputs->count; i++) {
        if (exercise->buttons >> i & 1)
            json_array_append_new(inputs, json_string(config->inputs->items[i].id));
    }
    for (size_t i = 0; i < config->receivers->count; i++) {
        if (exercise->unsigned_by >> i & 1)
            json_array_append_new(unsigned_by, json_string(config->receivers->items[i].id));
    }
    replies_when_kept(op, op->exercise,
                      json_pack("{ss,so,sI,so}", "exercise", incident_class_name(exercise->class),
                                "inputs", inputs, "length_ms", (json_int_t)exercise->length_ms,
                                "unsigned", unsigned_by));
    op->exercise = NULL;
}

void orders_close(struct operate *op)
{
    struct control_request **waiting[] = {&op->exercise, &op->ending};
    for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++) {
        if (*waiting[i])
            control_fail(*waiting[i], "tocsind is stopping");
        *waiting[i] = NULL;
    }
    while (!LIST_EMPTY(&op->asked)) {
        struct asked *a = LIST_FIRST(&op->asked);
        control_fail(a->request, "tocsind is stopping; tocsin status says what is open");
        forget(a);
    }
}
