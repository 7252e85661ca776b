/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked over the control socket: over real inputs and incidents, with a socket that the
 * test speaks for. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/control.h"
#include "fake_outbox.h"
#include "inputs/inputs.h"
#include "operate/operate.h"
#include "part_world.h"
#include "run_suite.h"

/* The socket: requests are the test's, answers are kept. */
struct control_request {
    bool answered, failed, ended;
    json_t *answer;
    char error[500];
};
static const struct control_command *commands;
static void *commands_arg;
static struct control_request requests[40];
static size_t request_count;
static bool watched, socket_closed;
static json_t *lines[200];
static size_t line_count;

int control_open(uv_loop_t *loop, const char *path, const struct control_command *given, void *arg,
                 struct control **ret_control, struct err *e)
{
    (void)loop;
    (void)path;
    (void)e;
    commands = given;
    commands_arg = arg;
    *ret_control = (struct control *)&requests;
    return 0;
}

void control_reply(struct control_request *request, json_t *answer)
{
    ck_assert(!request->answered);
    request->answered = true;
    request->answer = answer;
}

void control_fail(struct control_request *request, const char *format, ...)
{
    va_list arguments;
    ck_assert(!request->answered);
    request->answered = request->failed = true;
    va_start(arguments, format);
    vsnprintf(request->error, sizeof request->error, format, arguments);
    va_end(arguments);
}

void control_reply_text(struct control_request *request, const char *members, size_t length)
{
    (void)members;
    (void)length;
    request->answered = true;
}

bool control_send(struct control_request *request, json_t *line)
{
    (void)request;
    json_decref(line);
    return true;
}

bool control_send_text(struct control_request *request, const char *text, size_t length)
{
    (void)request;
    (void)text;
    (void)length;
    return true;
}

bool control_when_read(struct control_request *request, void (*on_read)(void *arg, bool there),
                       void *arg)
{
    (void)request;
    (void)on_read;
    (void)arg;
    return false;
}

void control_end(struct control_request *request)
{
    request->ended = true;
}

void control_watch(struct control_request *request)
{
    watched = true;
    request->answered = true;
}

bool control_has_watchers(const struct control *control)
{
    (void)control;
    return watched;
}

void control_publish(struct control *control, json_t *line)
{
    (void)control;
    ck_assert(!socket_closed);
    ck_assert_uint_lt(line_count, sizeof lines / sizeof *lines);
    lines[line_count++] = line;
}

void control_user(const struct control_request *request, char ret_name[CONTROL_NAME_SIZE])
{
    (void)request;
    snprintf(ret_name, CONTROL_NAME_SIZE, "root");
}

void control_close(struct control *control)
{
    (void)control;
    socket_closed = true;
}

/* Simulated lines, as the sim driver has them. */
struct input {
    struct input_host host;
};

static int open_line(const void *options, enum input_contact contact, const struct input_host *host,
                     uv_loop_t *loop, struct input **ret_input, struct err *e)
{
    (void)options;
    (void)contact;
    (void)loop;
    (void)e;
    struct input *input = calloc(1, sizeof *input);
    input->host = *host;
    host->on_level(host->arg, false, virtual_ns(), INPUT_CAUSE_START);
    *ret_input = input;
    return 0;
}

static void close_line(struct input *input)
{
    free(input);
}

static void simulate(struct input *input, bool active)
{
    input->host.on_level(input->host.arg, active, virtual_ns(), INPUT_CAUSE_EDGE);
}

static void simulate_card(struct input *input, const char *digits)
{
    input->host.on_card(input->host.arg, digits, virtual_ns());
}

static const struct input_driver input_line = {
    .type = {.name = "line"}, .open = open_line, .close = close_line, .simulate = simulate};
static const struct input_driver input_reader = {.type = {.name = "reader"},
                                                 .open = open_line,
                                                 .close = close_line,
                                                 .simulate_card = simulate_card};
static const struct input_driver input_real = {
    .type = {.name = "real"}, .open = open_line, .close = close_line};

static struct inputs *inputs;
static struct operate *operate;
static bool status_with_duress;

static json_t *on_status(void *arg, bool with_duress)
{
    (void)arg;
    status_with_duress = with_duress;
    return json_object();
}

static int reload_error;

static int on_reload(void *arg, struct control_request *request)
{
    (void)arg;
    (void)request;
    return -reload_error;
}

static void set_up(void)
{
    struct err e;
    world_begin();
    fake_outbox_begin();
    for (size_t i = 0; i < WORLD_INPUTS; i++)
        world.inputs[i].driver.type = &input_line.type;
    world.inputs[WORLD_TAMPER].driver.type = &input_reader.type;
    world.inputs[WORLD_OFFICE].driver.type = &input_real.type;
    world.inputs[WORLD_TAMPER].kind = CONFIG_INPUT_CARD;
    world_open();
    struct inputs_options input_options = {
        .loop = &world.loop,
        .facts = world.facts,
        .config = {.inputs = &world.config.inputs, .exercises = &world.config.exercises},
        .incidents = world.incidents};
    ck_assert_int_eq(inputs_open(&input_options, &inputs, &e), 0);
    struct operate_options options = {.loop = &world.loop,
                                      .facts = world.facts,
                                      .config = {.control = &world.config.control,
                                                 .inputs = &world.config.inputs,
                                                 .receivers = &world.config.receivers,
                                                 .alarms = &world.config.alarms,
                                                 .exercises = &world.config.exercises},
                                      .inputs = inputs,
                                      .incidents = world.incidents,
                                      .events = FAKE_EVENTS,
                                      .status = on_status,
                                      .reload = on_reload};
    memset(requests, 0, sizeof requests);
    request_count = line_count = 0;
    watched = socket_closed = false;
    ck_assert_int_eq(operate_open(&options, &operate, &e), 0);
    virtual_advance(world.facts, 1000);
}

static void tear_down(void)
{
    facts_close(world.facts);
    operate_close(operate);
    inputs_close(inputs);
    world_close();
    inputs_free(inputs);
    operate_free(operate);
    for (size_t i = 0; i < request_count; i++)
        json_decref(requests[i].answer);
    for (size_t i = 0; i < line_count; i++)
        json_decref(lines[i]);
    fake_outbox_end();
    world_end();
}

/* Asks; `arguments` is JSON with single quotes. */
static struct control_request *ask(const char *command, const char *arguments)
{
    char text[500];
    snprintf(text, sizeof text, "%s", arguments);
    for (char *at = text; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    json_t *object = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(object);
    struct control_request *request = &requests[request_count++];
    for (const struct control_command *c = commands; c->name; c++) {
        if (strcmp(c->name, command) == 0) {
            c->run(commands_arg, request, object);
            json_decref(object);
            return request;
        }
    }
    ck_abort_msg("no command %s", command);
    return NULL;
}

static const char *text_of(const struct control_request *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request->answer, name));
    return text ? text : "";
}

static void say_heard(uint64_t seq, bool stored)
{
    struct fact fact = {.kind = FACT_HEARD, .u.heard = {.seq = seq, .stored = stored}};
    memcpy(fact.u.heard.alarm, fake.events[seq - 1].alarm, UUID_TEXT_SIZE);
    strcpy(fact.u.heard.type, fake.events[seq - 1].type);
    strcpy(fact.u.heard.id, "01980000-0000-7000-8000-0000000000e1");
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
}

START_TEST(a_press_is_answered_when_its_event_is_on_the_disk)
{
    struct control_request *request = ask("press", "{'input':'gate'}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
    say_heard(1, true);
    ck_assert(request->answered && !request->failed);
    ck_assert_str_eq(text_of(request, "heard"), "stored");
    ck_assert_ptr_null(json_object_get(request->answer, "exercise"));
    ck_assert_str_eq(text_of(request, "alarm"), world_incident(WORLD_GATE)->alarm);
    ck_assert_int_eq(json_integer_value(json_object_get(request->answer, "seq")), 1);
    virtual_advance(world.facts, 200);
    ck_assert(!world_incident(WORLD_GATE)->held);
}
END_TEST

START_TEST(a_press_in_a_drill_is_said_to_be_one)
{
    ask("drill.begin", "{'inputs':['gate']}");
    facts_tell(world.facts);
    world_deliver("tocsin.drill.started", 0);
    struct control_request *request = ask("press", "{'input':'gate'}");
    facts_tell(world.facts);
    const struct fake_event *event = fake_last("tocsin.drill.raised");
    ck_assert_ptr_nonnull(event);
    say_heard((uint64_t)(event - fake.events) + 1, true);
    ck_assert_str_eq(text_of(request, "heard"), "stored");
    ck_assert_str_eq(text_of(request, "exercise"), "drill");
}
END_TEST

START_TEST(a_press_that_the_disk_does_not_take_is_answered_from_memory)
{
    struct control_request *request = ask("press", "{'input':'gate','hold_ms':0}");
    facts_tell(world.facts);
    say_heard(1, false);
    ck_assert_str_eq(text_of(request, "heard"), "memory");
    say_heard(1, true);
    /* Still pressed: another waits for nothing. */
    ck_assert(ask("press", "{'input':'gate'}")->failed);
}
END_TEST

START_TEST(a_press_that_becomes_no_event_says_why)
{
    struct control_request *request = ask("press", "{'input':'held','hold_ms':100}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
    ck_assert(ask("press", "{'input':'held'}")->failed);
    virtual_advance(world.facts, 500);
    ck_assert(request->answered && !request->failed);
    ck_assert_ptr_nonnull(strstr(text_of(request, "text"), "held long enough"));
    struct control_request *key = ask("press", "{'input':'reset'}");
    facts_tell(world.facts);
    ck_assert_str_eq(text_of(key, "text"), "done");
}
END_TEST

START_TEST(a_held_press_is_answered_when_it_counts)
{
    struct control_request *request = ask("press", "{'input':'held','hold_ms':3000}");
    virtual_advance(world.facts, 2100);
    ck_assert(!request->answered);
    say_heard(1, true);
    ck_assert_str_eq(text_of(request, "heard"), "stored");
}
END_TEST

START_TEST(what_the_release_of_an_earlier_press_tells_answers_no_later_one)
{
    ask("press", "{'input':'gate','hold_ms':0}");
    facts_tell(world.facts);
    say_heard(1, true);
    virtual_advance(world.facts, 100);
    ck_assert(!ask("release", "{'input':'gate'}")->failed);
    /* In the same turn: the line has not settled yet. */
    struct control_request *request = ask("press", "{'input':'gate','hold_ms':0}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
    virtual_advance(world.facts, 100);
    ck_assert(!request->answered);
    say_heard(fake.count, true);
    ck_assert_str_eq(text_of(request, "heard"), "stored");
}
END_TEST

START_TEST(a_release_before_the_press_was_accepted_ends_its_waiting)
{
    struct control_request *request = ask("press", "{'input':'held','hold_ms':0}");
    facts_tell(world.facts);
    ck_assert(!ask("release", "{'input':'held'}")->failed);
    ck_assert(request->answered);
}
END_TEST

START_TEST(what_cannot_be_pressed_is_refused_with_a_reason)
{
    static const struct {
        const char *command, *arguments, *says;
    } wrong[] = {
        {"press", "{'input':'nowhere'}", "there are: gate, office"},
        {"press", "{}", "(none given)"},
        {"press", "{'input':'office'}", "is a real line (driver real)"},
        {"press", "{'input':'gate','hold_ms':-1}", "hold_ms must be from 0"},
        {"press", "{'input':'gate','hold_ms':'x'}", "hold_ms must be from 0"},
        {"press", "{'input':'gate','hold_ms':60001}", "hold_ms must be from 0"},
        {"press", "{'input':'tamper'}", "reads cards"},
        {"release", "{'input':'tamper'}", "reads cards"},
        {"card", "{'input':'gate','digits':'1'}", "reads no cards"},
        {"card", "{'input':'tamper','digits':'12a'}", "a card is 1 to"},
        {"card", "{'input':'tamper'}", "a card is 1 to"},
        {"cancel", "{}", "say why"},
        {"cancel", "{'note':'x'}", "no alarm was raised within the last 30 s"},
        {"reset", "{'alarm':'x'}", "no open alarm x"},
        {"drill.begin", "{'length_ms':1}", "lasts from 1 s to 30 min"},
        {"drill.begin", "{'inputs':['duress']}", "duress is no button that a drill can cover"},
        {"drill.begin", "{'inputs':['nowhere']}", "nowhere is no button"},
        {"drill.end", "{}", "there is no drill"},
        {"test.end", "{}", "there is no test"},
        {"events.show", "{}", "say which event"},
        {"events.list", "{'limit':0}", "limit: not a number from 1 to 500"},
        {"events.list", "{'before':0}", "before: not a number from 1 on"},
        {"events.list", "{'since_ms':'x'}", "since_ms: not a number from 0 on"},
        {"events.list", "{'alarm':'nosuch'}", "alarm nosuch: not a UUID"},
        {"events.show", "{'id':'nosuch'}", "id nosuch: not a UUID"},
        {"cancel", "{'note':'x','alarm':'nosuch'}", "no open alarm nosuch"},
        {"events.list", "{}", "answers no question"},
    };
    const struct control_request *request = ask(wrong[_i].command, wrong[_i].arguments);
    ck_assert(request->failed);
    ck_assert_ptr_nonnull(strstr(request->error, wrong[_i].says));
}
END_TEST
#define WRONG_COUNT 27

START_TEST(a_reload_that_cannot_be_asked_for_says_why)
{
    reload_error = ESHUTDOWN;
    ck_assert_ptr_nonnull(strstr(ask("reload", "{}")->error, "tocsind is stopping"));
    reload_error = ENOMEM;
    ck_assert_ptr_nonnull(strstr(ask("reload", "{}")->error, strerror(ENOMEM)));
    reload_error = 0;
    ck_assert(!ask("reload", "{}")->failed); /* it will be answered */
}
END_TEST

START_TEST(a_reset_of_many_is_one_a_turn_and_answered_when_all_are_closed)
{
    world_press(WORLD_GATE);
    world_press(WORLD_OFFICE);
    world_press(WORLD_TEST);
    const struct control_request *request = ask("reset", "{'note':'seen'}");
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed") + fake_count("tocsin.test.closed"), 1);
    ck_assert(!request->answered && ask("reset", "{}")->failed);
    virtual_turn(world.facts, NULL);
    ck_assert(!request->answered);
    virtual_turn(world.facts, NULL);
    ck_assert(request->answered && !request->failed);
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed") + fake_count("tocsin.test.closed"), 3);
    ck_assert_uint_eq(json_array_size(json_object_get(request->answer, "closed")), 3);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "note"), "seen");
}
END_TEST

START_TEST(a_reset_says_whether_anybody_has_received_what_was_closed)
{
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    const json_t *closed = json_object_get(ask("reset", "{}")->answer, "closed");
    ck_assert(json_is_true(json_object_get(json_array_get(closed, 0), "received")));
    world_press(WORLD_TEST);
    closed = json_object_get(ask("reset", "{}")->answer, "closed");
    ck_assert(json_is_true(json_object_get(json_array_get(closed, 0), "received")));
}
END_TEST

START_TEST(a_duress_alarm_that_is_named_is_no_more_to_be_cancelled_than_one_that_is_not_there)
{
    char named[100];
    world_press(WORLD_DURESS);
    snprintf(named, sizeof named, "{'note':'x','alarm':'%s'}", world_incident(WORLD_DURESS)->alarm);
    ck_assert_ptr_nonnull(strstr(ask("cancel", named)->error, "no open alarm"));
}
END_TEST

START_TEST(reset_and_cancel_say_who_and_what)
{
    world_press(WORLD_GATE);
    world_press(WORLD_DURESS);
    ck_assert_int_eq(json_integer_value(json_object_get(
                         ask("cancel", "{'note':'mistake','by':'Li'}")->answer, "cancelled")),
                     1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.cancelled"), "by"), "Li (root)");
    const struct control_request *request = ask("reset", "{'note':'seen'}");
    const json_t *closed = json_object_get(request->answer, "closed");
    ck_assert_uint_eq(json_array_size(closed), 1);
    const json_t *one = json_array_get(closed, 0);
    ck_assert_str_eq(json_string_value(json_object_get(one, "input")), "gate");
    ck_assert(json_is_true(json_object_get(one, "still_pressed")));
    ck_assert(json_is_false(json_object_get(one, "received")));
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "by"), "root");
    ck_assert_ptr_nonnull(world_incident(WORLD_DURESS));
    char named[100];
    snprintf(named, sizeof named, "{'alarm':'%s'}", world_incident(WORLD_DURESS)->alarm);
    ck_assert(!ask("reset", named)->failed);
    ck_assert_ptr_null(world_incident(WORLD_DURESS));
}
END_TEST

START_TEST(what_is_unknown_is_settled_by_a_person_with_a_name_and_not_by_the_way)
{
    const struct control_request *request = ask("reset", "{'unknown':true,'by':'Li'}");
    ck_assert_ptr_nonnull(strstr(request->error, "nothing to settle"));
    incidents_load(world.incidents, &(struct outbox_found){.last_seq = 1});
    facts_tell(world.facts);
    ck_assert(!ask("reset", "{}")->failed);
    ck_assert(!ask("reset", "{'by':'Li'}")->failed);
    ck_assert(!incidents_known(world.incidents));
    ck_assert_ptr_nonnull(strstr(ask("reset", "{'unknown':true}")->error, "--by"));
    ck_assert_ptr_nonnull(strstr(ask("reset", "{'unknown':true,'by':''}")->error, "--by"));
    ck_assert(!incidents_known(world.incidents));
    ck_assert(!ask("reset", "{'unknown':true,'by':'Li','note':'called 110'}")->failed);
    ck_assert(incidents_known(world.incidents));
    ck_assert_ptr_nonnull(strstr(fake_row("incidents-doubt"), "Li (root)"));
    ck_assert_ptr_nonnull(strstr(fake_row("incidents-doubt"), "called 110"));
}
END_TEST

START_TEST(who_asks_for_a_drill_is_answered_when_it_begins)
{
    struct control_request *request = ask("drill.begin", "{'inputs':['gate'],'length_ms':60000}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
    ck_assert(ask("drill.begin", "{}")->failed);
    world_deliver("tocsin.drill.started", 0);
    ck_assert(request->answered && !request->failed);
    ck_assert_str_eq(text_of(request, "exercise"), "drill");
    ck_assert_uint_eq(json_array_size(json_object_get(request->answer, "inputs")), 1);
    ck_assert(!ask("drill.end", "{'by':'Li'}")->failed);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.ended"), "why"), "ended by Li (root)");
    /* Another one is not taken for the one that has just ended. */
    request = ask("test.begin", "{}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
}
END_TEST

START_TEST(who_asks_for_a_drill_hears_why_it_does_not_begin)
{
    struct control_request *request = ask("drill.begin", "{}");
    world_press(WORLD_GATE);
    world_deliver("tocsin.drill.started", 0);
    ck_assert(request->failed);
    ck_assert_ptr_nonnull(strstr(request->error, "before it had begun"));
}
END_TEST

START_TEST(whoever_waits_is_told_of_the_stop)
{
    struct control_request *press = ask("press", "{'input':'gate'}");
    struct control_request *drill = ask("drill.begin", "{}");
    ck_assert(drill->failed); /* the press was first */
    ck_assert_ptr_nonnull(strstr(drill->error, "an alarm is open"));
    operate_close(operate);
    ck_assert(press->failed && socket_closed);
    ck_assert_ptr_nonnull(strstr(press->error, "stopping"));
}
END_TEST

START_TEST(duress_is_in_the_status_only_if_it_is_asked_for)
{
    ask("status", "{}");
    ck_assert(!status_with_duress);
    ask("status", "{'duress':true}");
    ck_assert(status_with_duress);
}
END_TEST

static const char *line_text(size_t at, const char *name)
{
    ck_assert_uint_lt(at, line_count);
    const char *text = json_string_value(json_object_get(lines[at], name));
    return text ? text : "";
}

START_TEST(watch_tells_an_alarms_way)
{
    world_press(WORLD_GATE);
    ck_assert_uint_eq(line_count, 0);
    ask("watch", "{}");
    virtual_advance(world.facts, 250);
    say_heard(1, true);
    ck_assert_str_eq(line_text(0, "what"), "heard");
    ck_assert_str_eq(line_text(0, "text"), "stored");
    ck_assert_str_eq(line_text(0, "event"), "tocsin.alarm.raised");
    ck_assert_str_eq(line_text(0, "input"), "gate");
    ck_assert_str_eq(line_text(0, "name"), "name of gate");
    ck_assert_double_eq_tol(json_number_value(json_object_get(lines[0], "since_press_ms")), 250,
                            0.01);
    world_deliver("tocsin.alarm.raised", 1);
    ck_assert_str_eq(line_text(1, "what"), "delivered");
    ck_assert_str_eq(line_text(1, "receiver"), "school");
    world_answer(0, UPLINK_ANSWER_COMING, fake.events[0].alarm);
    ck_assert_str_eq(line_text(2, "what"), "coming");
    ck_assert_str_eq(line_text(2, "text"), "Wang");
    world_reset_all();
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(3, "what"), "closed");
    ck_assert_str_eq(line_text(3, "text"), "Li");
    world_deliver("tocsin.alarm.closed", 0);
    ck_assert_str_eq(line_text(4, "what"), "follow-up-delivered");
    ck_assert_str_eq(line_text(4, "input"), "gate");
}
END_TEST

START_TEST(watch_shows_nothing_of_duress_closed_or_not)
{
    ask("watch", "{}");
    world_press(WORLD_DURESS);
    say_heard(1, true);
    world_deliver("tocsin.alarm.raised", 0);
    world_answer(0, UPLINK_ANSWER_SEEN, fake.events[0].alarm);
    incidents_reset(world.incidents, world_incident(WORLD_DURESS), "Li", NULL);
    facts_tell(world.facts);
    world_deliver("tocsin.alarm.closed", 0);
    ck_assert_uint_eq(line_count, 0);
}
END_TEST

START_TEST(watch_shows_nothing_of_an_alarm_that_it_does_not_know)
{
    /* Closed before the restart: it may have been duress. */
    struct fact fact = {.kind = FACT_DELIVERED,
                        .u.delivered = {.seq = 1,
                                        .alarm = "01980000-0000-7000-8000-000000000001",
                                        .class = EVENT_CLASS_FOLLOWUP,
                                        .confirmed = true}};
    ask("watch", "{}");
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    ck_assert_uint_eq(line_count, 0);
    fact.u.delivered.alarm[0] = '\0'; /* of no alarm: a fault's event */
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
    ck_assert_uint_eq(line_count, 1);
    /* One that is open is known however many have come since. */
    world_press(WORLD_GATE);
    world_press(WORLD_DURESS);
    for (int i = 0; i < 300; i++) {
        struct fact other = {.kind = FACT_INCIDENT, .u.incident = {.seq = 1}};
        snprintf(other.u.incident.incident.alarm, UUID_TEXT_SIZE, "other-%d", i);
        facts_publish(world.facts, &other);
    }
    facts_tell(world.facts);
    size_t before = line_count;
    world_deliver("tocsin.alarm.raised", 0); /* of duress */
    ck_assert_uint_eq(line_count, before);
    world_answer(0, UPLINK_ANSWER_SEEN, fake.events[0].alarm);
    ck_assert_uint_eq(line_count, before + 1);
    ck_assert_str_eq(line_text(before, "input"), "gate");
}
END_TEST

START_TEST(watch_tells_faults_cards_lamps_outputs_and_clips)
{
    ask("watch", "{}");
    facts_state_fault(world.facts, FAULT_CAMERA, "cam", "no answer");
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(0, "what"), "fault");
    ck_assert_str_eq(line_text(0, "event"), "camera");
    ck_assert_str_eq(line_text(0, "camera"), "cam");
    ck_assert_str_eq(line_text(0, "text"), "no answer");
    ask("card", "{'input':'tamper','digits':'4711'}");
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(1, "what"), "card");
    ck_assert_str_eq(line_text(1, "text"), "4711");
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_LAMP, .u.pattern = INDICATOR_PATTERN_READY});
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_OUTPUT, .u.output = {.id = "siren", .on = true}});
    facts_publish(
        world.facts,
        &(struct fact){.kind = FACT_CLIP,
                       .u.clip = {.step = FACT_CLIP_UPLOADED, .receiver = 1, .camera = "cam"}});
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_ATTEMPT_FAILED, .u.failed = {.reason = "cut"}});
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(2, "what"), "lamp");
    ck_assert_str_eq(line_text(2, "text"), "ready");
    ck_assert_str_eq(line_text(3, "what"), "output-on");
    ck_assert_str_eq(line_text(3, "event"), "siren");
    ck_assert_str_eq(line_text(4, "what"), "clip-uploaded");
    ck_assert_str_eq(line_text(4, "receiver"), "school");
    ck_assert_str_eq(line_text(5, "what"), "attempt-failed");
    ck_assert_str_eq(line_text(5, "text"), "cut");
    ask("drill.begin", "{}");
    facts_tell(world.facts);
    ck_assert_str_eq(line_text(6, "what"), "announced");
    ck_assert_str_eq(line_text(6, "event"), "drill");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operate");
    TCase *tc = tcase_create("control");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_press_is_answered_when_its_event_is_on_the_disk);
    tcase_add_test(tc, a_press_in_a_drill_is_said_to_be_one);
    tcase_add_test(tc, a_press_that_the_disk_does_not_take_is_answered_from_memory);
    tcase_add_test(tc, a_press_that_becomes_no_event_says_why);
    tcase_add_test(tc, a_held_press_is_answered_when_it_counts);
    tcase_add_test(tc, what_the_release_of_an_earlier_press_tells_answers_no_later_one);
    tcase_add_test(tc, a_release_before_the_press_was_accepted_ends_its_waiting);
    tcase_add_loop_test(tc, what_cannot_be_pressed_is_refused_with_a_reason, 0, WRONG_COUNT);
    tcase_add_test(tc, a_reset_of_many_is_one_a_turn_and_answered_when_all_are_closed);
    tcase_add_test(tc, a_reload_that_cannot_be_asked_for_says_why);
    tcase_add_test(tc, reset_and_cancel_say_who_and_what);
    tcase_add_test(tc, a_reset_says_whether_anybody_has_received_what_was_closed);
    tcase_add_test(
        tc, a_duress_alarm_that_is_named_is_no_more_to_be_cancelled_than_one_that_is_not_there);
    tcase_add_test(tc, what_is_unknown_is_settled_by_a_person_with_a_name_and_not_by_the_way);
    tcase_add_test(tc, who_asks_for_a_drill_is_answered_when_it_begins);
    tcase_add_test(tc, who_asks_for_a_drill_hears_why_it_does_not_begin);
    tcase_add_test(tc, whoever_waits_is_told_of_the_stop);
    tcase_add_test(tc, duress_is_in_the_status_only_if_it_is_asked_for);
    suite_add_tcase(suite, tc);
    tc = tcase_create("watch");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, watch_tells_an_alarms_way);
    tcase_add_test(tc, watch_shows_nothing_of_duress_closed_or_not);
    tcase_add_test(tc, watch_shows_nothing_of_an_alarm_that_it_does_not_know);
    tcase_add_test(tc, watch_tells_faults_cards_lamps_outputs_and_clips);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
