/* SPDX-License-Identifier: Apache-2.0 */
#include "operate_world.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inputs/inputs.h"
#include "run_suite.h"

static const struct control_command *commands;
static void *commands_arg;
struct control_request requests[40];
size_t request_count;
static bool watched;
bool socket_closed, client_gone, disk_is_slow;
uint64_t asking_client;
static void (*tell_gone)(void *arg, uint64_t client);
json_t *lines[200];
size_t line_count;

const char *bind_error, *listen_error;
unsigned binds, binds_beside, unbinds, listens, moves;
bool socket_gone;
static unsigned listened_on; /* what was bound with that try */
static pthread_t loop_thread;

int control_bind(const char *path, struct control_socket *ret_socket, struct err *e)
{
    (void)path;
    if (binds++ == 0)
        loop_thread = pthread_self();
    binds_beside += !pthread_equal(loop_thread, pthread_self());
    *ret_socket = (struct control_socket){.fd = 77, .file = binds};
    return bind_error ? err_set(e, EACCES, "%s", bind_error) : 0;
}

/* What is there is what control listens on, or nothing. */
bool control_is_bound(const char *path, const struct control_socket *socket)
{
    (void)path;
    ck_assert(!pthread_equal(loop_thread, pthread_self()));
    ck_assert_uint_eq(socket->file, listened_on);
    return !socket_gone;
}

void control_unbind(const char *path, const struct control_socket *socket)
{
    (void)path;
    ck_assert_int_eq(socket->fd, 77);
    unbinds++;
}

int control_move(struct control *control, const struct control_socket *socket, struct err *e)
{
    ck_assert_ptr_eq(control, (struct control *)&requests);
    if (listen_error)
        return err_set(e, ENOMEM, "%s", listen_error);
    moves++;
    listened_on = (unsigned)socket->file;
    socket_gone = false;
    return 0;
}

int control_open(uv_loop_t *loop, const char *path, const struct control_socket *socket,
                 const struct control_command *given, void *arg, struct control **ret_control,
                 struct err *e)
{
    (void)loop;
    (void)path;
    ck_assert_int_eq(socket->fd, 77);
    if (listen_error)
        return err_set(e, ENOMEM, "%s", listen_error);
    listens++;
    listened_on = (unsigned)socket->file;
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
    ck_assert(!request->ended);
    json_decref(request->sent);
    request->sent = line;
    return !client_gone;
}

bool control_send_text(struct control_request *request, const char *text, size_t length)
{
    ck_assert(!request->ended);
    if (client_gone)
        return false;
    ck_assert_uint_lt(strlen(request->text) + length, sizeof request->text);
    strncat(request->text, text, length);
    return true;
}

bool control_when_read(struct control_request *request, void (*on_read)(void *arg, bool there),
                       void *arg)
{
    ck_assert_ptr_null(request->on_read);
    if (client_gone)
        return false;
    request->on_read = on_read;
    request->on_read_arg = arg;
    return true;
}

void say_read(struct control_request *request, bool there)
{
    void (*on_read)(void *arg, bool there) = request->on_read;
    ck_assert_ptr_nonnull(on_read);
    request->on_read = NULL;
    on_read(request->on_read_arg, there);
}

void control_end(struct control_request *request)
{
    ck_assert(!request->ended);
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

uint64_t control_client(const struct control_request *request)
{
    return request->client;
}

void control_tell_gone(struct control *control, void (*on_gone)(void *arg, uint64_t client))
{
    (void)control;
    tell_gone = on_gone;
}

void say_gone(uint64_t client)
{
    tell_gone(commands_arg, client);
    facts_tell(world.facts);
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
struct operate *operate;
bool status_with_duress;

static json_t *on_status(void *arg, bool with_duress)
{
    (void)arg;
    status_with_duress = with_duress;
    return json_object();
}

int reload_error;

static int on_reload(void *arg, struct control_request *request)
{
    (void)arg;
    (void)request;
    return -reload_error;
}

static void open_parts(void)
{
    struct err e;
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
                                      .delivery = FAKE_DELIVERY,
                                      .status = on_status,
                                      .reload = on_reload};
    watched = socket_closed = client_gone = false;
    ck_assert_int_eq(operate_open(&options, &operate, &e), 0);
}

void operate_begin(void)
{
    world_begin();
    fake_outbox_begin();
    for (size_t i = 0; i < WORLD_INPUTS; i++)
        world.inputs[i].driver.type = &input_line.type;
    world.inputs[WORLD_TAMPER].driver.type = &input_reader.type;
    world.inputs[WORLD_OFFICE].driver.type = &input_real.type;
    world.inputs[WORLD_TAMPER].kind = CONFIG_INPUT_CARD;
    world_open();
    memset(requests, 0, sizeof requests);
    request_count = line_count = 0;
    open_parts();
    virtual_advance(world.facts, 1000);
}

void operate_restart(void)
{
    facts_close(world.facts);
    operate_close(operate);
    inputs_close(inputs);
    world_restart();
    inputs_free(inputs);
    operate_free(operate);
    open_parts();
}

void operate_end(void)
{
    facts_close(world.facts);
    operate_close(operate);
    inputs_close(inputs);
    world_close();
    inputs_free(inputs);
    operate_free(operate);
    for (size_t i = 0; i < request_count; i++) {
        json_decref(requests[i].answer);
        json_decref(requests[i].sent);
    }
    for (size_t i = 0; i < line_count; i++)
        json_decref(lines[i]);
    fake_outbox_end();
    world_end();
}

/* As daemon/control refuses what a command's table does not name. */
static void check_arguments(const struct control_command *c, json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        const char *const *known = c->arguments;
        while (known && *known && strcmp(*known, key) != 0)
            known++;
        ck_assert_msg(known && *known, "%s takes no argument %s", c->name, key);
    }
}

struct control_request *ask(const char *command, const char *arguments)
{
    char text[500];
    snprintf(text, sizeof text, "%s", arguments);
    for (char *at = text; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    json_t *object = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(object);
    struct control_request *request = &requests[request_count++];
    request->client = asking_client;
    for (const struct control_command *c = commands; c->name; c++) {
        if (strcmp(c->name, command) == 0) {
            check_arguments(c, object);
            c->run(commands_arg, request, object);
            if (!disk_is_slow)
                fake_keep(true);
            json_decref(object);
            return request;
        }
    }
    ck_abort_msg("no command %s", command);
    return NULL;
}

const char *text_of(const struct control_request *request, const char *name)
{
    const char *text = json_string_value(json_object_get(request->answer, name));
    return text ? text : "";
}

static void say(uint64_t seq, bool stored, bool forgets)
{
    struct fact fact = {.kind = FACT_HEARD,
                        .u.heard = {.seq = seq, .stored = stored, .forgets = forgets}};
    memcpy(fact.u.heard.alarm, fake.events[seq - 1].alarm, UUID_TEXT_SIZE);
    strcpy(fact.u.heard.type, fake.events[seq - 1].type);
    strcpy(fact.u.heard.id, "01980000-0000-7000-8000-0000000000e1");
    facts_publish(world.facts, &fact);
    facts_tell(world.facts);
}

void say_heard(uint64_t seq, bool stored)
{
    say(seq, stored, false);
}

void say_heard_by_what_forgets(uint64_t seq)
{
    say(seq, true, true);
}
