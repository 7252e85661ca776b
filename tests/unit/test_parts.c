/* SPDX-License-Identifier: Apache-2.0 */
/* The table of parts as it is: all of tocsind in one process, over a store in a folder of its own,
 * with simulated buttons and a simulated receiver. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config_folder.h"
#include "gateway/internal.h"
#include "run_suite.h"

struct control_request {
    bool answered, failed;
    char text[2000];
};

static struct config_folder folder;
static struct gateway *gw;
static struct err problem;
static char receivers[300], inputs[300];
static struct fact_heard heard[40]; /* in the order of the events */
static size_t heard_count;
static unsigned delivered, confirmed; /* presses */
static char ticked[200];
static size_t cannot_write; /* events, at the stop */
static char said[400];      /* in the log of a stop: how many events could not be written */

/* The linker hands the parts' ticks and the store's close to the test. */
#define TICK(part)                                                                                 \
    void __real_##part##_tick(struct part *self);                                                  \
    void __wrap_##part##_tick(struct part *self);                                                  \
    void __wrap_##part##_tick(struct part *self)                                                   \
    {                                                                                              \
        size_t used = strlen(ticked);                                                              \
        snprintf(ticked + used, sizeof ticked - used, #part " ");                                  \
        __real_##part##_tick(self);                                                                \
    }
TICK(events)
TICK(faults)
TICK(delivery)
TICK(incidents)
TICK(clips)
TICK(inputs)
TICK(operate)

size_t __real_events_close(struct events *ev);
size_t __wrap_events_close(struct events *ev);
size_t __wrap_events_close(struct events *ev)
{
    size_t lost = __real_events_close(ev);
    return cannot_write ? cannot_write : lost;
}

void __wrap_log_line(enum log_level level, const char *module, const char *format, ...);
void __wrap_log_line(enum log_level level, const char *module, const char *format, ...)
{
    va_list arguments;
    (void)level;
    (void)module;
    va_start(arguments, format);
    if (strstr(format, "could not be written"))
        vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
}

static const struct {
    size_t lost;
    const char *words; /* "": of what is lost it was told before */
} endings[] = {
    {3, "3 events could not be written to the disk before the stop: "},
    {1, "1 event could not be written to the disk before the stop: "},
    {OUTBOX_HELD, ""},
    {OUTBOX_LOST, ""},
    {OUTBOX_DAMAGED, ""},
};
#define ENDINGS (int)(sizeof endings / sizeof *endings)

/* The process ends in the middle of a test: with another status if it said something else. */
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status)
{
    for (size_t i = 0; i < ENDINGS; i++) {
        const char *words = endings[i].words;
        if (endings[i].lost == cannot_write && strncmp(said, words, strlen(words) + !*words) != 0)
            status = 99;
    }
    __real__exit(status);
}

void __wrap_control_reply(struct control_request *request, json_t *answer);
void __wrap_control_reply(struct control_request *request, json_t *answer)
{
    request->answered = true;
    snprintf(request->text, sizeof request->text, "%s",
             json_string_value(json_object_get(answer, "text")));
    json_decref(answer);
}

void __wrap_control_fail(struct control_request *request, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void __wrap_control_fail(struct control_request *request, const char *format, ...)
{
    va_list arguments;
    request->answered = request->failed = true;
    va_start(arguments, format);
    vsnprintf(request->text, sizeof request->text, format, arguments);
    va_end(arguments);
}

static void on_fact(void *self, const struct fact *fact)
{
    (void)self;
    if (fact->kind == FACT_HEARD) {
        ck_assert_uint_lt(heard_count, sizeof heard / sizeof *heard);
        heard[heard_count++] = fact->u.heard;
    } else {
        delivered += fact->u.delivered.class == EVENT_CLASS_PRESS;
        confirmed += fact->u.delivered.confirmed;
    }
}

static void write_config(void)
{
    char text[2000];
    int length = snprintf(text, sizeof text,
                          "site: {id: g1, name: School}\n"
                          "signing: {driver: pem, key_file: signing.key}\n"
                          "storage: {state_dir: %s, reserve_events: 100}\n"
                          "control: {socket: %s/control}\n"
                          "video: {socket: %s/video}\n"
                          "inputs: [%s]\nreceivers: [%s]\n"
                          "lamps: [{id: lamp, driver: sim}]\n"
                          "outputs: [{id: siren, driver: sim, on: [raised], for: 1min}]\n"
                          "cameras: [{id: cam, name: Camera, driver: sim}]\n",
                          folder.path, folder.path, folder.path, inputs, receivers);
    config_folder_write(&folder, "tocsin.yaml", text, (size_t)length, 0600);
}

static void start(void)
{
    write_config();
    heard_count = 0;
    ck_assert_msg(gateway_start(folder.file, NULL, &gw, &problem) == 0, "%s", problem.text);
    facts_subscribe(gw->facts, FACT_BIT(FACT_HEARD) | FACT_BIT(FACT_DELIVERED), on_fact, NULL);
}

static void stop(void)
{
    raise(SIGTERM);
    gateway_run(gw);
    gateway_destroy(gw);
    gw = NULL;
}

static void begin(void)
{
    char key[1000];
    FILE *f = fopen(SIGNING_KEY, "r");
    ck_assert_ptr_nonnull(f);
    size_t length = fread(key, 1, sizeof key, f);
    fclose(f);
    config_folder_init(&folder);
    config_folder_write(&folder, "signing.key", key, length, 0600);
    snprintf(inputs, sizeof inputs,
             "{id: gate, name: Gate, place: Hall, driver: sim, cameras: [cam]}, "
             "{id: threat, name: Threat, place: Hall, driver: sim, kind: duress}");
    snprintf(receivers, sizeof receivers, "{id: police, name: Police, driver: sim}");
    start();
}

static void end(void)
{
    if (gw)
        stop();
    config_folder_finish(&folder);
}

static void turn(void)
{
    uv_run(&gw->loop, UV_RUN_ONCE);
}

static void press(size_t input)
{
    ck_assert_msg(inputs_simulate(gw->inputs, input, 0, &problem) == 0, "%s", problem.text);
}

/* The first event of that type that was heard; the loop turns until there is one. */
static const struct fact_heard *wait_heard(const char *type)
{
    for (size_t i = 0;; i++) {
        while (i == heard_count)
            turn();
        if (strcmp(heard[i].type, type) == 0)
            return &heard[i];
    }
}

/* How many the list `name` of the status has. */
static size_t listed(const char *name, bool with_duress)
{
    json_t *status = parts_status(gw, with_duress);
    size_t count = json_array_size(json_object_get(status, name));
    json_decref(status);
    return count;
}

START_TEST(every_part_says_how_it_is)
{
    static const char *strings[][2] = {{"gateway", "g1"}, {"site", "School"}};
    static const char *const lists[] = {"faults", "faults_over", "receivers", "alarms",
                                        "lamps",  "outputs",     "cameras",   "inputs"};
    json_t *status = parts_status(gw, false);
    for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
        ck_assert_str_eq(json_string_value(json_object_get(status, strings[i][0])), strings[i][1]);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        ck_assert_msg(json_is_array(json_object_get(status, lists[i])), "%s", lists[i]);
    ck_assert_str_eq(json_string_value(json_object_get(status, "signing_key")),
                     signing_keyid(gw->signing));
    ck_assert_str_eq(json_string_value(json_object_get(status, "version")), TOCSIN_VERSION);
    ck_assert_int_ge(json_integer_value(json_object_get(status, "uptime_ms")), 0);
    ck_assert(json_is_object(json_object_get(status, "store")));
    ck_assert(json_is_object(json_object_get(status, "clock")));
    ck_assert(json_is_false(json_object_get(json_object_get(status, "video"), "connected")));
    ck_assert_ptr_null(json_object_get(status, "exercise")); /* there is none */
    json_decref(status);
    ck_assert_uint_eq(listed("receivers", false), 1);
    ck_assert_uint_eq(listed("lamps", false), 1);
    ck_assert_uint_eq(listed("outputs", false), 1);
    ck_assert_uint_eq(listed("cameras", false), 1);
    ck_assert_uint_eq(listed("inputs", false), 2);
}
END_TEST

START_TEST(of_duress_nothing_is_said_unless_it_is_asked_for)
{
    press(0);
    press(1);
    ck_assert_uint_eq(listed("alarms", false), 1);
    ck_assert_uint_eq(listed("alarms", true), 2);
}
END_TEST

START_TEST(a_heartbeat_says_what_every_part_has_to_say)
{
    press(0);
    struct event *event = parts_heartbeat(gw, json_object());
    json_t *whole = json_loadb(event->bytes, event->length, 0, NULL);
    const json_t *data = json_object_get(whole, "data");
    ck_assert_str_eq(json_string_value(json_object_get(data, "store")), "good");
    ck_assert_str_eq(json_string_value(json_object_get(data, "version")), TOCSIN_VERSION);
    ck_assert_int_eq(json_integer_value(json_object_get(data, "open_alarms")), 1);
    ck_assert(json_is_array(json_object_get(data, "faults")));
    ck_assert_ptr_nonnull(json_object_get(data, "cameras"));
    ck_assert_ptr_nonnull(json_object_get(data, "inputs"));
    ck_assert_ptr_null(json_object_get(data, "exercise"));
    json_decref(whole);
    event_unref(event);
    gw->running = false; /* it is still starting: parts that it would ask are not there */
    ck_assert_ptr_null(parts_heartbeat(gw, json_object()));
    gw->running = true;
}
END_TEST

START_TEST(a_second_passes_for_every_part_that_has_to_do_with_time)
{
    ticked[0] = '\0';
    for (size_t i = 0; i < part_count; i++) {
        if (parts[i].tick)
            parts[i].tick(gw);
    }
    ck_assert_str_eq(ticked, "events faults delivery incidents clips inputs operate ");
}
END_TEST

START_TEST(a_press_is_stored_and_delivered)
{
    press(0);
    wait_heard("tocsin.alarm.raised");
    while (delivered == 0)
        turn();
    ck_assert_uint_eq(delivered, 1);
}
END_TEST

START_TEST(a_receiver_that_does_not_sign_is_never_said_to_have_it)
{
    press(0);
    while (delivered == 0)
        turn();
    facts_tell(gw->facts);
    json_t *status = parts_status(gw, false);
    const json_t *alarm = json_array_get(json_object_get(status, "alarms"), 0);
    const json_t *receiver = json_array_get(json_object_get(alarm, "receivers"), 0);
    const json_t *lamp = json_array_get(json_object_get(status, "lamps"), 0);
    ck_assert_uint_eq(confirmed, 0);
    ck_assert_str_eq(json_string_value(json_object_get(receiver, "state")), "unconfirmed");
    ck_assert_str_eq(json_string_value(json_object_get(lamp, "pattern")), "unconfirmed");
    json_decref(status);
}
END_TEST

START_TEST(what_was_pressed_until_the_stop_is_there_after_it)
{
    json_t *before, *after;
    press(0);
    before = incidents_status(gw->incidents, true);
    stop(); /* in the same turn: nothing is stored yet */
    start();
    after = incidents_status(gw->incidents, true);
    ck_assert_uint_eq(json_array_size(after), 1);
    const char *alarm = json_string_value(json_object_get(json_array_get(after, 0), "alarm"));
    ck_assert_str_eq(alarm, json_string_value(json_object_get(json_array_get(before, 0), "alarm")));
    /* It goes out now, and what comes next stands behind it in the chain. */
    while (delivered == 0)
        turn();
    incidents_reset_all(gw->incidents,
                        &(struct incidents_order){.by = "Wang", .at_ns = clock_monotonic_ns()});
    ck_assert_uint_gt(wait_heard("tocsin.alarm.closed")->seq, 1);
    json_decref(before);
    json_decref(after);
}
END_TEST

START_TEST(a_press_found_at_the_start_stands_before_the_end_of_the_drill_from_before)
{
    struct incidents_exercise drill = {.class = INCIDENT_CLASS_DRILL, .buttons = 1, .by = "Wang"};
    drill.length_ms = 60000;
    snprintf(receivers, sizeof receivers,
             "{id: police, name: Police, driver: sim, script: [timeout]}");
    stop();
    start();
    ck_assert_int_eq(incidents_begin_exercise(gw->incidents, &drill, &problem), 0);
    json_t *status = parts_status(gw, false);
    ck_assert_ptr_nonnull(json_object_get(status, "exercise"));
    json_decref(status);
    stop();
    snprintf(inputs, sizeof inputs,
             "{id: gate, name: Gate, place: Hall, driver: sim, pressed_at_start: true}");
    start();
    ck_assert_ptr_null(incidents_exercise_status(gw->incidents));
    uint64_t ended = wait_heard("tocsin.drill.ended")->seq;
    ck_assert_uint_lt(wait_heard("tocsin.alarm.raised")->seq, ended);
}
END_TEST

/* Perhaps it was told to be in memory first. */
static bool is_stored(const char *type)
{
    bool stored = false;
    for (size_t i = 0; i < heard_count; i++)
        stored |= heard[i].stored && strcmp(heard[i].type, type) == 0;
    return stored;
}

static bool is_busy(void)
{
    bool busy = false;
    for (size_t i = 0; i < part_count; i++)
        busy |= parts[i].busy && parts[i].busy(gw);
    return busy;
}

/* Or it would be deaf while it waits. */
START_TEST(a_stop_waits_for_the_disk_before_anything_is_closed)
{
    press(0);
    ck_assert(is_busy());
    while (is_busy())
        turn();
    ck_assert(is_stored("tocsin.alarm.raised"));
}
END_TEST

START_TEST(who_loses_events_at_the_stop_says_so_and_ends_with_1)
{
    cannot_write = endings[_i].lost;
    stop();
}
END_TEST

static struct control_request reload(void)
{
    struct control_request request = {0};
    write_config();
    ck_assert_int_eq(reload_begin(gw, &request), 0);
    while (!request.answered)
        turn();
    return request;
}

START_TEST(a_reload_changes_receivers_whole_or_not_at_all)
{
    stop();
    snprintf(receivers, sizeof receivers,
             "{id: police, name: Police, driver: sim, script: [fail]}");
    start();
    press(0);
    wait_heard("tocsin.alarm.raised");
    ck_assert_uint_eq(delivered, 0); /* no attempt of this receiver gets through */
    snprintf(receivers, sizeof receivers,
             "{id: police, name: Police, driver: sim, script: [nonsense]}");
    ck_assert(reload().failed);
    ck_assert_ptr_null(gw->reloaded);
    snprintf(receivers, sizeof receivers, "{id: police, name: Police, driver: sim}");
    struct control_request request = reload();
    ck_assert_msg(!request.failed, "%s", request.text);
    ck_assert_ptr_nonnull(strstr(request.text, "no other section has changed"));
    while (delivered == 0)
        turn();
}
END_TEST

START_TEST(one_receiver_that_cannot_be_opened_does_not_stop_the_start)
{
    stop();
    snprintf(receivers, sizeof receivers,
             "{id: police, name: Police, driver: https, url: 'https://p/e', ca_file: none.pem,"
             " cert_file: none.pem, key_file: none.pem, receipts: unsigned}, "
             "{id: fire, name: Fire, driver: sim}");
    start();
    press(0);
    while (delivered == 0)
        turn();
}
END_TEST

/* What it lacks is a fault; what it can do without, it does. */
START_TEST(without_a_key_a_press_is_heard_and_stored_and_status_says_what_is_missing)
{
    char path[200];
    stop();
    snprintf(path, sizeof path, "%s/signing.key", folder.path);
    unlink(path);
    start();
    press(0);
    wait_heard("tocsin.alarm.raised");
    json_t *status = parts_status(gw, false), *fault;
    ck_assert(json_is_null(json_object_get(status, "signing_key")));
    bool told = false;
    size_t i;
    json_array_foreach(json_object_get(status, "faults"), i, fault)
    {
        told = told || strcmp(json_string_value(json_object_get(fault, "fault")), "signing") == 0;
    }
    ck_assert(told);
    json_decref(status);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("parts");
    TCase *c = tcase_create("parts");
    tcase_add_checked_fixture(c, begin, end);
    tcase_add_test(c, every_part_says_how_it_is);
    tcase_add_test(c, of_duress_nothing_is_said_unless_it_is_asked_for);
    tcase_add_test(c, a_heartbeat_says_what_every_part_has_to_say);
    tcase_add_test(c, a_second_passes_for_every_part_that_has_to_do_with_time);
    tcase_add_test(c, a_press_is_stored_and_delivered);
    tcase_add_test(c, a_receiver_that_does_not_sign_is_never_said_to_have_it);
    tcase_add_test(c, what_was_pressed_until_the_stop_is_there_after_it);
    tcase_add_test(c, a_press_found_at_the_start_stands_before_the_end_of_the_drill_from_before);
    tcase_add_test(c, a_stop_waits_for_the_disk_before_anything_is_closed);
    tcase_add_loop_exit_test(c, who_loses_events_at_the_stop_says_so_and_ends_with_1, 1, 0,
                             ENDINGS);
    tcase_add_test(c, a_reload_changes_receivers_whole_or_not_at_all);
    tcase_add_test(c, one_receiver_that_cannot_be_opened_does_not_stop_the_start);
    tcase_add_test(c, without_a_key_a_press_is_heard_and_stored_and_status_says_what_is_missing);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return run_suite(suite());
}
