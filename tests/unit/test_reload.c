/* SPDX-License-Identifier: Apache-2.0 */
/* A reload over the table of parts: all of it or nothing, in its time, answered to whoever asked.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "gateway_world.h"
#include "run_suite.h"
#include "virtual_time.h"

#define READ      "read a, read b, read c, "
#define COMMITTED "prepare a, prepare b, prepare c, commit a, commit b, commit c"

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

START_TEST(a_reload_prepares_every_part_and_then_commits_every_part)
{
    start();
    struct control_request request =
        reload(SITE OTHERS INPUT "receivers: [{id: school, name: School, driver: sim}]\n");
    ck_assert_msg(!request.failed, "%s", request.text);
    ck_assert_str_eq(said, READ COMMITTED);
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
    ck_assert_str_eq(said, READ "command, " COMMITTED);
}
END_TEST

START_TEST(one_that_cannot_read_or_prepare_abandons_those_before_it_and_nothing_is_committed)
{
    static const char *cases[][2] = {
        {"read a", "read a"},
        {"read c", "read a, read b, read c, drop a, drop b"},
        {"prepare a", READ "prepare a, drop b, drop c"},
        {"prepare b", READ "prepare a, prepare b, abandon a, drop c"},
        {"prepare c", READ "prepare a, prepare b, prepare c, abandon a, abandon b"},
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

START_TEST(of_many_mistakes_whole_lines_are_answered_and_how_many_more_there_are)
{
    char text[4000] = SITE OTHERS INPUT RECEIVER;
    char line[60], last[60];
    unsigned told = 0, more = 0;
    for (int i = 0; i < 60; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "unknown_section_%02d: 1\n", i);
    start();
    struct control_request request = reload(text);
    for (const char *at = request.text; (at = strstr(at, "\"unknown_section_")); at++) {
        snprintf(line, sizeof line, "\"unknown_section_%02u\" is no section", told++);
        ck_assert_msg(strncmp(at, line, strlen(line)) == 0, "%s", at);
        ck_assert_ptr_nonnull(strstr(at, "outputs)\n")); /* its end */
    }
    ck_assert_uint_gt(told, 2);
    const char *end = strrchr(request.text, '\n');
    ck_assert_ptr_nonnull(end);
    ck_assert_int_eq(sscanf(end, "\nand %u more: %50[a-z ]", &more, last), 2);
    ck_assert_str_eq(last, "tocsin check shows all");
    ck_assert_uint_eq(told + more, 60);
}
END_TEST

/* What is told is where the list begins: none is put behind those that were left out. With one of
 * these numbers of short ones before the long ones there is room for a short one behind them. */
START_TEST(a_short_mistake_behind_one_that_found_no_room_is_left_out_as_well)
{
    char text[6000] = SITE OTHERS INPUT RECEIVER;
    unsigned told = 0, more = 0;
    for (int i = 0; i < _i; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "a%d: 1\n", i);
    for (int i = 0; i < 9; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "b%d_%070d: 1\n", i, 0);
    strcat(text, "zz: 1\n");
    start();
    struct control_request request = reload(text);
    for (const char *at = request.text; (at = strstr(at, " is no section")); at++)
        told++;
    ck_assert_uint_gt(told, (unsigned)_i);
    ck_assert_ptr_null(strstr(request.text, "\"zz\""));
    ck_assert_int_eq(sscanf(strrchr(request.text, '\n'), "\nand %u more: ", &more), 1);
    ck_assert_uint_eq(told + more, (unsigned)_i + 10);
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
    while (gw->reload)
        uv_run(&gw->loop, UV_RUN_ONCE);
    facts_tell(gw->facts);
}

START_TEST(a_reload_that_is_over_is_not_given_up_later)
{
    static const char *const receivers[] = {
        "receivers: [{id: school, name: School, driver: sim}]\n", "receivers: [{id: school}]\n"};
    char text[400];
    start();
    snprintf(text, sizeof text, SITE OTHERS INPUT "%s", receivers[_i]);
    struct control_request request = reload(text);
    ck_assert_int_eq(request.failed, _i == 1);
    fault_count = 0;
    virtual_advance(gw->facts, 10000);
    settle();
    ck_assert_uint_eq(fault_count, 0);
}
END_TEST

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
    ck_assert_str_eq(said, READ COMMITTED);
}
END_TEST

static unsigned destroyed;

void __real_config_destroy(struct config *config);
void __wrap_config_destroy(struct config *config);

void __wrap_config_destroy(struct config *config)
{
    destroyed++;
    __real_config_destroy(config);
}

START_TEST(a_configuration_that_a_part_still_uses_is_kept_for_as_long)
{
    start();
    reload(SITE OTHERS INPUT RECEIVER);
    used_by_b = gw->reloaded;
    reload(SITE OTHERS INPUT RECEIVER "# 2\n");
    used_by_c = gw->reloaded;
    reload(SITE OTHERS INPUT RECEIVER "# 3\n");
    reload(SITE OTHERS INPUT RECEIVER "# 4\n");
    ck_assert_uint_eq(destroyed, 1);                              /* the third */
    ck_assert_str_eq(used_by_b->receivers.items[0].id, "police"); /* it is there */
    ck_assert_str_eq(used_by_c->receivers.items[0].id, "police");
    used_by_b = NULL;
    reload(SITE OTHERS INPUT RECEIVER "# 5\n");
    ck_assert_uint_eq(destroyed, 3); /* the fourth, too */
    ck_assert_str_eq(used_by_c->receivers.items[0].id, "police");
}
END_TEST

static void expect_refusal(const struct control_request *request, const char *why)
{
    ck_assert(request->answered && request->failed);
    ck_assert_ptr_nonnull(strstr(request->text, "the old configuration stays: "));
    ck_assert_msg(strstr(request->text, why), "%s", request->text);
    facts_tell(gw->facts);
    ck_assert(last_fault.broken && last_fault.code == FAULT_CONFIG);
}

START_TEST(a_disk_that_does_not_answer_is_given_up_and_said_and_nothing_changes)
{
    struct control_request first = {0}, waiting = {0}, late = {0};
    start();
    hold_read("read b");
    ck_assert_int_eq(reload_begin(gw, &first), 0);
    ck_assert_int_eq(reload_begin(gw, &waiting), 0);
    await_read();
    virtual_advance(gw->facts, 9999);
    ck_assert(!first.answered && !waiting.answered);
    virtual_advance(gw->facts, 1);
    expect_refusal(&first, "reading /file/of/b has taken 10 s: given up, nothing changed");
    expect_refusal(&waiting, "still reads /file/of/b, for 10 s: nothing changed");
    /* The loop goes on; who asks now hears at once what is the matter. */
    virtual_advance(gw->facts, 5000);
    ck_assert_ptr_nonnull(strstr(said, "tick a"));
    ck_assert_int_eq(reload_begin(gw, &late), 0);
    expect_refusal(&late, "still reads /file/of/b, for 15 s: nothing changed");
    ck_assert_ptr_nonnull(strstr(last_fault.reason, "/file/of/b"));
    said[0] = '\0';
    let_read_go();
    settle();
    ck_assert_str_eq(said, "read c, drop a, drop b, drop c"); /* it came too late */
    ck_assert_ptr_null(gw->reloaded);
    struct control_request again = reload(SITE OTHERS INPUT RECEIVER);
    ck_assert_msg(!again.failed, "%s", again.text);
    ck_assert_str_eq(said, READ COMMITTED);
    ck_assert(!last_fault.broken);
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
    ck_assert_str_eq(said, "close c, close b, close a, " READ "drop a, drop b, drop c");
    ck_assert(request.failed);
    ck_assert_ptr_nonnull(strstr(request.text, "stopping"));
    ck_assert_ptr_null(gw->reloaded);
    ck_assert_int_eq(reload_begin(gw, &late), -ESHUTDOWN);
}
END_TEST

START_TEST(a_reload_that_gets_no_thread_is_given_up_as_well)
{
    struct control_request request = {0};
    uv_work_t held;
    start();
    uv_sem_init(&may_go_on, 0);
    uv_queue_work(&gw->loop, &held, hold, let_go);
    ck_assert_int_eq(reload_begin(gw, &request), 0);
    virtual_advance(gw->facts, 10000);
    expect_refusal(&request, "nothing could be read for 10 s");
    settle(); /* it has left the queue */
    uv_sem_post(&may_go_on);
    struct control_request again = reload(SITE OTHERS INPUT RECEIVER);
    ck_assert_msg(!again.failed, "%s", again.text);
    uv_sem_destroy(&may_go_on);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reload");
    TCase *tc = tcase_create("reload");
    tcase_add_checked_fixture(tc, gateway_begin, gateway_end);
    tcase_add_test(tc, a_reload_prepares_every_part_and_then_commits_every_part);
    tcase_add_loop_test(tc, a_reload_that_is_over_is_not_given_up_later, 0, 2);
    tcase_add_test(tc, a_command_of_this_turn_is_answered_before_its_uplink_goes);
    tcase_add_loop_test(
        tc, one_that_cannot_read_or_prepare_abandons_those_before_it_and_nothing_is_committed, 0,
        5);
    tcase_add_test(tc, a_file_with_mistakes_is_prepared_by_nobody_and_every_mistake_is_answered);
    tcase_add_test(tc, a_reload_names_the_sections_that_wait_until_they_are_as_they_were);
    tcase_add_loop_test(tc, what_is_for_the_video_daemon_waits_for_that, 0, 4);
    tcase_add_test(tc, of_many_mistakes_whole_lines_are_answered_and_how_many_more_there_are);
    tcase_add_loop_test(tc, a_short_mistake_behind_one_that_found_no_room_is_left_out_as_well, 0,
                        5);
    tcase_add_test(tc, the_fault_of_a_refused_reload_names_the_first_mistake);
    tcase_add_test(tc, who_asks_in_between_waits_for_the_next_with_all_others_and_hears_the_same);
    tcase_add_loop_test(tc, a_reload_after_another_waits_a_second_or_ten_times_what_that_has_taken,
                        0, 2);
    tcase_add_test(tc, who_waits_for_the_next_reload_hears_of_a_stop);
    tcase_add_test(tc, a_hangup_reloads);
    tcase_add_test(tc, a_configuration_that_a_part_still_uses_is_kept_for_as_long);
    tcase_add_test(tc, a_disk_that_does_not_answer_is_given_up_and_said_and_nothing_changes);
    tcase_add_test(tc, a_reload_that_gets_no_thread_is_given_up_as_well);
    tcase_add_test(tc, a_stop_in_the_middle_of_a_reload_leaves_everything_as_it_was);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
