/* SPDX-License-Identifier: Apache-2.0 */
/* The loops over the table of parts (start and its mirror, tick, reload), with a table of the
 * test's own: each part writes down what it was asked. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "config_folder.h"
#include "gateway/internal.h"
#include "run_suite.h"
#include "virtual_time.h"

static char said[1000];    /* what the parts were asked, in order */
static const char *broken; /* the step that fails; NULL: none */
static int64_t stall_ms;   /* that the next prepare takes */
static struct signer signer = {.keyid = "0123456789abcdef"};
static const struct config *prepared_with;

/* The control socket: a request is the test's, its answer is kept. */
struct control_request {
    bool answered, failed;
    char text[2000];
};

static void say(const char *step)
{
    size_t used = strlen(said);
    snprintf(said + used, sizeof said - used, "%s%s", used ? ", " : "", step);
}

static int take(const char *step, struct err *e)
{
    say(step);
    return broken && strcmp(broken, step) == 0 ? err_set(e, EIO, "%s is broken", step) : 0;
}

static int prepare(const char *step, const struct config *config, char *plan, void **ret_plan,
                   struct err *e)
{
    prepared_with = config;
    virtual_stall(stall_ms);
    stall_ms = 0;
    int result = take(step, e);
    if (result == 0)
        *ret_plan = plan;
    return result;
}

/* A part with every slot; its plan is its own, and comes back to nobody else. */
#define PART(id)                                                                                   \
    static int open_##id(struct gateway *gw, struct err *e)                                        \
    {                                                                                              \
        gw->signer = &signer;                                                                      \
        return take("open " #id, e);                                                               \
    }                                                                                              \
    static void load_##id(struct gateway *gw)                                                      \
    {                                                                                              \
        ck_assert_str_eq(gw->found.rows ? gw->found.rows[0].name : "", "a row");                   \
        say("load " #id);                                                                          \
    }                                                                                              \
    static void tick_##id(struct gateway *gw)                                                      \
    {                                                                                              \
        (void)gw;                                                                                  \
        say("tick " #id);                                                                          \
    }                                                                                              \
    static void close_##id(struct gateway *gw)                                                     \
    {                                                                                              \
        (void)gw;                                                                                  \
        say("close " #id);                                                                         \
    }                                                                                              \
    static void free_##id(struct gateway *gw)                                                      \
    {                                                                                              \
        (void)gw;                                                                                  \
        say("free " #id);                                                                          \
    }                                                                                              \
    static char plan_##id;                                                                         \
    static int prepare_##id(struct gateway *gw, const struct config *config, void **ret_plan,      \
                            struct err *e)                                                         \
    {                                                                                              \
        (void)gw;                                                                                  \
        return prepare("prepare " #id, config, &plan_##id, ret_plan, e);                           \
    }                                                                                              \
    static void commit_##id(struct gateway *gw, void *plan)                                        \
    {                                                                                              \
        (void)gw;                                                                                  \
        ck_assert_ptr_eq(plan, &plan_##id);                                                        \
        say("commit " #id);                                                                        \
    }                                                                                              \
    static void abandon_##id(struct gateway *gw, void *plan)                                       \
    {                                                                                              \
        (void)gw;                                                                                  \
        ck_assert_ptr_eq(plan, &plan_##id);                                                        \
        say("abandon " #id);                                                                       \
    }

#define ROW(id, of_section)                                                                        \
    {                                                                                              \
        .name = #id, .open = open_##id, .load = load_##id, .tick = tick_##id, .close = close_##id, \
        .free = free_##id, .section = of_section, .prepare = prepare_##id, .commit = commit_##id,  \
        .abandon = abandon_##id                                                                    \
    }

PART(a)
PART(b)
PART(c)

/* It opens the store: what was found there is freed when all parts have read it. */
static int open_store(struct gateway *gw, struct err *e)
{
    (void)e;
    gw->found.rows = calloc(1, sizeof *gw->found.rows);
    gw->found.rows[0].name = strdup("a row");
    gw->found.row_count = 1;
    return 0;
}

const struct part parts[] = {
    {.name = "store", .open = open_store}, /* has nothing else */
    ROW(a, "receivers"),
    ROW(b, NULL),
    ROW(c, "outputs"),
};
const size_t part_count = sizeof parts / sizeof *parts;

void control_reply(struct control_request *request, json_t *answer)
{
    ck_assert(!request->answered);
    request->answered = true;
    snprintf(request->text, sizeof request->text, "%s",
             json_string_value(json_object_get(answer, "text")));
    json_decref(answer);
}

void control_fail(struct control_request *request, const char *format, ...)
{
    va_list arguments;
    ck_assert(!request->answered);
    request->answered = request->failed = true;
    va_start(arguments, format);
    vsnprintf(request->text, sizeof request->text, format, arguments);
    va_end(arguments);
}

#define SITE     "site: {id: g1, name: School}\n"
#define OTHERS   "signing: {driver: pem, key_file: key.pem}\n"
#define RECEIVER "receivers: [{id: police, name: Police, driver: sim}]\n"
#define INPUT    "inputs: [{id: gate, name: Gate, place: Gatehouse, driver: sim}]\n"

static struct config_folder folder;
static struct gateway *gw;
static struct err problem;
static int listener = -1; /* systemd's socket */
static struct fact_fault last_fault;
static unsigned fault_count;

static void write_config(const char *text)
{
    config_folder_write(&folder, "tocsin.yaml", text, strlen(text), 0600);
}

static void begin(void)
{
    config_folder_init(&folder);
    write_config(SITE OTHERS RECEIVER INPUT);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", folder.path);
    listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    unsetenv("WATCHDOG_USEC");
    setenv("UV_THREADPOOL_SIZE", "1", 1);
    virtual_begin();
}

static void end(void)
{
    if (gw && gw->running && !gw->stopping) {
        raise(SIGTERM);
        gateway_run(gw);
    }
    gateway_destroy(gw);
    gw = NULL;
    close(listener);
    config_folder_finish(&folder);
}

/* What systemd was told since it was asked last, a line each. */
static const char *notified(void)
{
    static char text[1000];
    size_t used = 0;
    for (ssize_t got; (got = recv(listener, text + used, sizeof text - used - 2, 0)) > 0;) {
        used += (size_t)got;
        text[used++] = '\n';
    }
    text[used] = '\0';
    return text;
}

static void on_fault(void *self, const struct fact *fact)
{
    (void)self;
    last_fault = fact->u.fault;
    fault_count++;
}

static void start(void)
{
    ck_assert_msg(gateway_start(folder.file, &gw, &problem) == 0, "%s", problem.text);
    facts_subscribe(gw->facts, FACT_BIT(FACT_FAULT_STATED), on_fault, NULL);
    said[0] = '\0';
}

/* The loop turns until the request is answered. */
static void wait_for(const struct control_request *request)
{
    while (!request->answered)
        uv_run(&gw->loop, UV_RUN_ONCE);
    facts_tell(gw->facts);
}

static struct control_request reload(const char *config)
{
    struct control_request request = {0};
    write_config(config);
    said[0] = '\0';
    virtual_stall(1001); /* the last one is long past */
    ck_assert_int_eq(reload_begin(gw, &request), 0);
    wait_for(&request);
    return request;
}

START_TEST(it_starts_from_the_first_to_the_last_and_stops_from_the_last_to_the_first)
{
    ck_assert_int_eq(gateway_start(folder.file, &gw, &problem), 0);
    ck_assert_str_eq(said, "open a, load a, open b, load b, open c, load c");
    ck_assert_str_eq(notified(), "READY=1\n");
    said[0] = '\0';
    raise(_i == 0 ? SIGTERM : SIGINT);
    gateway_run(gw);
    ck_assert_str_eq(said, "close c, close b, close a");
    ck_assert_str_eq(notified(), "STOPPING=1\n");
    gateway_destroy(gw);
    gw = NULL;
    ck_assert_str_eq(said, "close c, close b, close a, free c, free b, free a");
}
END_TEST

START_TEST(one_that_cannot_be_opened_unwinds_those_before_it_and_itself)
{
    static const struct {
        const char *broken, *said, *freed;
    } cases[] = {
        {"open a", "open a, close a", ", free a"},
        {"open b", "open a, load a, open b, close b, close a", ", free b, free a"},
        {"open c", "open a, load a, open b, load b, open c, close c, close b, close a",
         ", free c, free b, free a"},
    };
    char expected[200];
    snprintf(expected, sizeof expected, "%s%s", cases[_i].said, cases[_i].freed);
    broken = cases[_i].broken;
    ck_assert_int_eq(gateway_start(folder.file, &gw, &problem), -EIO);
    ck_assert_ptr_nonnull(strstr(problem.text, broken));
    ck_assert_str_eq(said, cases[_i].said);
    ck_assert_ptr_null(strstr(notified(), "READY")); /* it never was */
    gateway_destroy(gw);
    gw = NULL;
    ck_assert_str_eq(said, expected);
}
END_TEST

START_TEST(a_configuration_that_cannot_be_used_opens_nothing)
{
    write_config(_i == 0 ? "site: {id: g1}\nnonsense: 1\n" : SITE);
    if (_i == 2)
        unlink(folder.file);
    ck_assert_int_eq(gateway_start(folder.file, &gw, &problem), -EINVAL);
    ck_assert_str_eq(said, "");
    ck_assert_str_ne(problem.text, "");
}
END_TEST

START_TEST(every_part_hears_that_a_second_has_passed)
{
    start();
    virtual_advance(gw->facts, 0);
    ck_assert_str_eq(said, "tick a, tick b, tick c");
    said[0] = '\0';
    virtual_advance(gw->facts, 999);
    ck_assert_str_eq(said, "");
    virtual_advance(gw->facts, 1);
    ck_assert_str_eq(said, "tick a, tick b, tick c");
    virtual_advance(gw->facts, 1000);
    ck_assert_str_eq(said, "tick a, tick b, tick c, tick a, tick b, tick c");
    raise(SIGTERM);
    gateway_run(gw);
    said[0] = '\0';
    virtual_advance(gw->facts, 5000);
    ck_assert_str_eq(said, "");
}
END_TEST

static void on_told(void *self, const struct fact *fact)
{
    (void)self;
    (void)fact;
    say("told");
}

static void publish(uv_signal_t *signal, int number)
{
    (void)number;
    uv_close((uv_handle_t *)signal, NULL);
    facts_publish(gw->facts, &(struct fact){.kind = FACT_TESTED});
}

START_TEST(what_its_last_turn_has_done_is_told_before_anything_is_closed_and_nothing_after)
{
    uv_signal_t before;
    start();
    facts_subscribe(gw->facts, FACT_BIT(FACT_TESTED), on_told, NULL);
    uv_signal_init(&gw->loop, &before);
    uv_signal_start(&before, publish, SIGUSR1);
    raise(SIGUSR1); /* libuv brings both in one turn, in this order */
    raise(SIGTERM);
    gateway_run(gw);
    ck_assert_str_eq(said, "told, close c, close b, close a");
    facts_publish(gw->facts, &(struct fact){.kind = FACT_TESTED});
    facts_tell(gw->facts);
    ck_assert_str_eq(said, "told, close c, close b, close a");
}
END_TEST

START_TEST(a_second_signal_stops_nothing_twice)
{
    start();
    raise(SIGTERM);
    raise(SIGINT);
    gateway_run(gw);
    ck_assert_str_eq(said, "close c, close b, close a");
}
END_TEST

START_TEST(systemd_hears_what_the_lamp_says)
{
    start();
    notified();
    facts_publish(gw->facts,
                  &(struct fact){.kind = FACT_LAMP, .u.pattern = INDICATOR_PATTERN_READY});
    facts_tell(gw->facts);
    char expected[100];
    snprintf(expected, sizeof expected, "STATUS=lamp %s\n",
             indicator_pattern_name(INDICATOR_PATTERN_READY));
    ck_assert_str_eq(notified(), expected);
}
END_TEST

START_TEST(a_reload_prepares_every_part_and_then_commits_every_part)
{
    start();
    struct control_request request =
        reload(SITE OTHERS INPUT "receivers: [{id: school, name: School, driver: sim}]\n");
    ck_assert_msg(!request.failed, "%s", request.text);
    ck_assert_str_eq(said, "prepare a, prepare b, prepare c, commit a, commit b, commit c");
    ck_assert_ptr_eq(prepared_with, gw->reloaded);
    ck_assert_str_eq(gw->reloaded->receivers.items[0].id, "school");
    ck_assert_str_eq(gw->config->receivers.items[0].id, "police");
}
END_TEST

/* The work's end is at hand, so that something else of its turn can come before it. */
static uv_after_work_cb finish_work;
static uv_work_t *held_work;
static bool hold_work;

int __real_uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb run, uv_after_work_cb finish);
int __wrap_uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb run, uv_after_work_cb finish);

int __wrap_uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb run, uv_after_work_cb finish)
{
    if (!hold_work)
        return __real_uv_queue_work(loop, work, run, finish);
    run(work);
    held_work = work;
    finish_work = finish;
    return 0;
}

static void on_command(void *self, const struct fact *fact)
{
    (void)self;
    (void)fact;
    say("command");
}

START_TEST(a_command_of_this_turn_is_answered_before_its_uplink_goes)
{
    start();
    facts_subscribe(gw->facts, FACT_BIT(FACT_COMMAND), on_command, NULL);
    struct control_request request = {0};
    hold_work = true;
    write_config(SITE OTHERS INPUT RECEIVER);
    ck_assert_int_eq(reload_begin(gw, &request), 0);
    hold_work = false;
    facts_publish(gw->facts, &(struct fact){.kind = FACT_COMMAND});
    finish_work(held_work, 0);
    ck_assert_msg(!request.failed, "%s", request.text);
    ck_assert_str_eq(said,
                     "command, prepare a, prepare b, prepare c, commit a, commit b, commit c");
}
END_TEST

START_TEST(one_that_cannot_prepare_abandons_those_before_it_and_nothing_is_committed)
{
    static const char *cases[][2] = {
        {"prepare a", "prepare a"},
        {"prepare b", "prepare a, prepare b, abandon a"},
        {"prepare c", "prepare a, prepare b, prepare c, abandon a, abandon b"},
    };
    start();
    reload(SITE OTHERS INPUT RECEIVER);
    const struct config *before = gw->reloaded;
    broken = cases[_i][0];
    fault_count = 0;
    struct control_request request = reload(SITE OTHERS INPUT RECEIVER "# again\n");
    ck_assert_str_eq(said, cases[_i][1]);
    ck_assert(request.failed);
    ck_assert_ptr_nonnull(strstr(request.text, "the old configuration stays"));
    ck_assert_ptr_nonnull(strstr(request.text, broken)); /* and why */
    ck_assert_ptr_eq(gw->reloaded, before);
    ck_assert_uint_eq(fault_count, 1);
    ck_assert_int_eq(last_fault.code, FAULT_CONFIG);
    ck_assert(last_fault.broken);
    ck_assert_ptr_nonnull(strstr(last_fault.reason, broken));
    broken = NULL;
    request = reload(SITE OTHERS INPUT RECEIVER);
    ck_assert(!request.failed);
    ck_assert_int_eq(last_fault.code, FAULT_CONFIG);
    ck_assert(!last_fault.broken);
}
END_TEST

START_TEST(a_file_with_mistakes_is_prepared_by_nobody_and_every_mistake_is_answered)
{
    start();
    struct control_request request = reload("site: {id: g1}\nnonsense: 1\n" OTHERS INPUT RECEIVER);
    ck_assert_str_eq(said, "");
    ck_assert(request.failed);
    ck_assert_ptr_nonnull(strstr(request.text, "the old configuration stays"));
    ck_assert_ptr_nonnull(strstr(request.text, "nonsense"));
    ck_assert_ptr_nonnull(strstr(request.text, "name")); /* of the site */
    ck_assert_ptr_null(gw->reloaded);
    ck_assert(last_fault.broken && last_fault.code == FAULT_CONFIG);
}
END_TEST

START_TEST(a_reload_names_the_sections_that_wait_until_they_are_as_they_were)
{
    static const char waits[] = "waiting for a restart of tocsind: ";
    start();
    struct control_request request = reload(SITE OTHERS INPUT RECEIVER);
    ck_assert_ptr_nonnull(strstr(request.text, "no other section has changed"));
    ck_assert_ptr_null(strstr(request.text, waits));
    /* Receivers and outputs are taken over (the table says so), site and inputs are not. */
    request = reload("site: {id: g1, name: Another}\n" OTHERS
                     "inputs: [{id: door, name: Door, place: Hall, driver: sim}]\n"
                     "receivers: [{id: fire, name: Fire, driver: sim}]\n"
                     "outputs: [{id: siren, driver: sim, on: [raised], for: 1min}]\n");
    ck_assert_msg(!request.failed, "%s", request.text);
    const char *found = strstr(request.text, waits);
    ck_assert_msg(found && strcmp(found + strlen(waits), "site, inputs") == 0, "%s", request.text);
    /* Said again as long as tocsind runs with what it was started with. */
    request = reload("site: {id: g1, name: Another}\n" OTHERS INPUT RECEIVER);
    found = strstr(request.text, waits);
    ck_assert_msg(found && strcmp(found + strlen(waits), "site") == 0, "%s", request.text);
    request = reload(SITE OTHERS INPUT RECEIVER);
    ck_assert_ptr_nonnull(strstr(request.text, "no other section has changed"));
}
END_TEST

START_TEST(what_is_for_the_video_daemon_waits_for_that)
{
#define CAMERA(id, url)                                                                            \
    SITE OTHERS INPUT RECEIVER "cameras: [{id: " id ", name: Gate, driver: lav, url: \"" url       \
                               "\"}]\n"
    static const struct {
        const char *config, *waits;
    } cases[] = {
        {CAMERA("c", "rtsp://b/1"), "waiting for a restart of tocsin-video: cameras"},
        {CAMERA("d", "rtsp://a/1"),
         "waiting for a restart of tocsind: cameras; of tocsin-video: cameras"},
        {CAMERA("c", "rtsp://a/1") "video: {pre_event: 10s}\nstorage: {keep_days: 31}\n",
         "waiting for a restart of tocsind: storage; of tocsin-video: video"},
        {CAMERA("c", "rtsp://a/1") "# c\n", "no other section has changed"},
    };
    write_config(CAMERA("c", "rtsp://a/1"));
    start();
    struct control_request request = reload(cases[_i].config);
    const char *found = strstr(request.text, cases[_i].waits);
    ck_assert_msg(found && strcmp(found, cases[_i].waits) == 0, "%s", request.text);
    json_t *waiting = pending_status(gw);
    ck_assert_uint_eq(json_object_size(waiting), _i == 0 ? 1 : _i == 3 ? 0 : 2);
    json_decref(waiting);
}
END_TEST

START_TEST(the_fault_of_a_refused_reload_names_the_first_mistake)
{
    start();
    reload("site: {id: g1, name: x}\nnonsense: 1\nrubbish: 2\n" OTHERS INPUT RECEIVER);
    ck_assert_ptr_nonnull(strstr(last_fault.reason, "2 mistakes; the first: "));
    ck_assert_ptr_nonnull(strstr(last_fault.reason, "tocsin.yaml:2:1: "));
    ck_assert_ptr_null(strstr(last_fault.reason, "rubbish"));
}
END_TEST

static unsigned prepared(void)
{
    unsigned count = 0;
    for (const char *at = said; (at = strstr(at, "prepare a")); at++)
        count++;
    return count;
}

/* Every work of the pool is over, and nothing that waits for a time has begun. */
static void settle(void)
{
    while (gw->reloading)
        uv_run(&gw->loop, UV_RUN_ONCE);
    facts_tell(gw->facts);
}

START_TEST(who_asks_in_between_waits_for_the_next_with_all_others_and_hears_the_same)
{
    struct control_request first = {0}, second = {0}, third = {0};
    start();
    ck_assert_int_eq(reload_begin(gw, &first), 0);
    write_config(SITE);
    ck_assert_int_eq(reload_begin(gw, &second), 0);
    ck_assert_int_eq(reload_begin(gw, NULL), 0);
    ck_assert_int_eq(reload_begin(gw, &third), 0);
    settle();
    ck_assert(first.answered && !second.answered && !third.answered);
    virtual_advance(gw->facts, 1001);
    settle();
    ck_assert(second.failed && third.failed);
    ck_assert_str_eq(second.text, third.text);
    ck_assert_ptr_nonnull(strstr(second.text, "signing"));
    fault_count = 0;
    virtual_advance(gw->facts, 5000);
    settle();
    ck_assert_uint_eq(fault_count, 0); /* there was one for all of them */
}
END_TEST

START_TEST(a_reload_after_another_waits_a_second_or_ten_times_what_that_has_taken)
{
    struct control_request request = {0};
    const int64_t pause_ms = _i == 0 ? 1000 : 4000;
    start();
    stall_ms = _i == 0 ? 20 : 400;
    ck_assert_int_eq(reload_begin(gw, NULL), 0);
    settle();
    ck_assert_uint_eq(prepared(), 1);
    ck_assert_int_eq(reload_begin(gw, &request), 0);
    settle();
    virtual_advance(gw->facts, pause_ms - 1);
    settle();
    ck_assert(!request.answered);
    ck_assert_uint_eq(prepared(), 1);
    virtual_advance(gw->facts, 2);
    settle();
    ck_assert(request.answered && !request.failed);
    ck_assert_uint_eq(prepared(), 2);
}
END_TEST

START_TEST(who_waits_for_the_next_reload_hears_of_a_stop)
{
    struct control_request request = {0};
    start();
    reload_begin(gw, NULL);
    settle();
    ck_assert_int_eq(reload_begin(gw, &request), 0);
    raise(SIGTERM);
    gateway_run(gw);
    ck_assert(request.failed);
    ck_assert_ptr_nonnull(strstr(request.text, "stopping"));
    ck_assert_uint_eq(prepared(), 1);
}
END_TEST

START_TEST(a_hangup_reloads)
{
    start();
    raise(SIGHUP);
    while (!gw->reloaded)
        uv_run(&gw->loop, UV_RUN_ONCE);
    ck_assert_str_eq(said, "prepare a, prepare b, prepare c, commit a, commit b, commit c");
}
END_TEST

static uv_sem_t may_go_on;

static void hold(uv_work_t *work)
{
    (void)work;
    uv_sem_wait(&may_go_on);
}

static void let_go(uv_work_t *work, int status)
{
    (void)work;
    (void)status;
}

START_TEST(a_stop_in_the_middle_of_a_reload_leaves_everything_as_it_was)
{
    struct control_request request = {0}, late = {0};
    uv_work_t held;
    start();
    /* The one thread that reads files is held until the parts are closed. */
    uv_sem_init(&may_go_on, 0);
    uv_queue_work(&gw->loop, &held, hold, let_go);
    ck_assert_int_eq(reload_begin(gw, &request), 0);
    raise(SIGTERM);
    while (!gw->stopping)
        uv_run(&gw->loop, UV_RUN_ONCE);
    uv_sem_post(&may_go_on);
    gateway_run(gw);
    uv_sem_destroy(&may_go_on);
    ck_assert_str_eq(said, "close c, close b, close a");
    ck_assert(request.failed);
    ck_assert_ptr_nonnull(strstr(request.text, "stopping"));
    ck_assert_ptr_null(gw->reloaded);
    ck_assert_int_eq(reload_begin(gw, &late), -ESHUTDOWN);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("gateway");
    TCase *c = tcase_create("gateway");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_loop_test(
        c, it_starts_from_the_first_to_the_last_and_stops_from_the_last_to_the_first, 0, 2);
    tcase_add_loop_test(c, one_that_cannot_be_opened_unwinds_those_before_it_and_itself, 0, 3);
    tcase_add_loop_test(c, a_configuration_that_cannot_be_used_opens_nothing, 0, 3);
    tcase_add_test(c, every_part_hears_that_a_second_has_passed);
    tcase_add_test(c,
                   what_its_last_turn_has_done_is_told_before_anything_is_closed_and_nothing_after);
    tcase_add_test(c, a_second_signal_stops_nothing_twice);
    tcase_add_test(c, systemd_hears_what_the_lamp_says);
    tcase_add_test(c, a_reload_prepares_every_part_and_then_commits_every_part);
    tcase_add_test(c, a_command_of_this_turn_is_answered_before_its_uplink_goes);
    tcase_add_loop_test(
        c, one_that_cannot_prepare_abandons_those_before_it_and_nothing_is_committed, 0, 3);
    tcase_add_test(c, a_file_with_mistakes_is_prepared_by_nobody_and_every_mistake_is_answered);
    tcase_add_test(c, a_reload_names_the_sections_that_wait_until_they_are_as_they_were);
    tcase_add_loop_test(c, what_is_for_the_video_daemon_waits_for_that, 0, 4);
    tcase_add_test(c, the_fault_of_a_refused_reload_names_the_first_mistake);
    tcase_add_test(c, who_asks_in_between_waits_for_the_next_with_all_others_and_hears_the_same);
    tcase_add_loop_test(c, a_reload_after_another_waits_a_second_or_ten_times_what_that_has_taken,
                        0, 2);
    tcase_add_test(c, who_waits_for_the_next_reload_hears_of_a_stop);
    tcase_add_test(c, a_hangup_reloads);
    tcase_add_test(c, a_stop_in_the_middle_of_a_reload_leaves_everything_as_it_was);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return run_suite(suite());
}
