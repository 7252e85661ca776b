/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway and its configuration's file: the last one that worked is kept and started with, and
 * what stands in the file but is not in force is seen. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/kept.h"
#include "gateway_world.h"
#include "run_suite.h"
#include "virtual_time.h"

#define GOOD    SITE OTHERS RECEIVER INPUT
#define ANOTHER SITE OTHERS INPUT "receivers: [{id: fire, name: Fire, driver: sim}]\n"

static char kept[100];

static void note_fault(void *self, const struct fact *fact)
{
    *(struct fact_fault *)self = fact->u.fault;
}

static void begin(void)
{
    gateway_begin();
    snprintf(kept, sizeof kept, "%s/tocsin.yaml.last", folder.path);
    kept_path = kept;
}

/* Every piece of work that the pool has is done and finished. */
static void settle(void)
{
    while (uv_run(&gw->loop, UV_RUN_NOWAIT) && gw->loop.active_reqs.count > 0)
        ;
}

static void look(int64_t ms)
{
    virtual_advance(gw->facts, ms);
    settle();
}

static const char *kept_text(void)
{
    static char bytes[2000];
    struct conf_text text;
    struct err e;
    if (kept_read(kept, &text, &e) != 0)
        return e.text[0] ? "" : NULL;
    snprintf(bytes, sizeof bytes, "%s", text.bytes);
    conf_text_finish(&text);
    return bytes;
}

static const char *status(const char *name)
{
    static char word[300];
    json_t *object = file_status(gw);
    const char *text = json_string_value(json_object_get(object, name));
    snprintf(word, sizeof word, "%s", text ? text : "(null)");
    json_decref(object);
    return word;
}

static void stop(void)
{
    raise(SIGTERM);
    gateway_run(gw);
    gateway_destroy(gw);
    gw = NULL;
}

static struct control_request reload(const char *config)
{
    struct control_request request = {0};
    write_config(config);
    virtual_stall(1001);
    ck_assert_int_eq(reload_begin(gw, &request), 0);
    while (!request.answered)
        uv_run(&gw->loop, UV_RUN_ONCE);
    facts_tell(gw->facts);
    return request;
}

START_TEST(what_it_has_started_with_is_kept)
{
    write_config(GOOD);
    start();
    ck_assert_str_eq(status("state"), "in force");
    ck_assert_str_eq(status("kept"), kept);
    look(0);
    ck_assert_str_eq(kept_text(), GOOD);
    ck_assert_str_eq(status("state"), "in force");
    ck_assert_str_eq(status("not_kept"), "");
    ck_assert_str_eq(status("changed"), "(null)");
}
END_TEST

START_TEST(what_could_not_be_started_with_is_not_kept)
{
    broken = "open c";
    write_config(GOOD);
    ck_assert_int_eq(gateway_start(folder.file, kept_path, &gw, &problem), -EIO);
    ck_assert_str_eq(kept_text(), "");
}
END_TEST

START_TEST(with_a_mistake_in_the_file_it_starts_with_the_last_that_worked_and_says_so)
{
    struct control_request request;
    write_config(ANOTHER);
    start();
    look(0);
    stop();
    write_config(GOOD "nonsense: 1\n");
    ck_assert_msg(gateway_start(folder.file, kept_path, &gw, &problem) == 0, "%s", problem.text);
    ck_assert_str_eq(gw->config->receivers.items[0].id, "fire");
    /* The fault is stated once the parts are there that tell it. */
    struct fact_fault stated = {0};
    facts_subscribe(gw->facts, FACT_BIT(FACT_FAULT_STATED), note_fault, &stated);
    facts_tell(gw->facts);
    ck_assert_int_eq(stated.code, FAULT_CONFIG);
    ck_assert(stated.broken);
    ck_assert_msg(strstr(stated.reason, "tocsin.yaml:5:1: \"nonsense\"") != NULL, "%s",
                  stated.reason);
    ck_assert_ptr_nonnull(strstr(stated.reason, "the last that worked is in force"));
    ck_assert_str_eq(status("state"), "changed");
    look(0);
    ck_assert_str_eq(status("state"), "changed");
    ck_assert_str_eq(kept_text(), ANOTHER);
    request = reload(GOOD);
    ck_assert_msg(!request.failed, "%s", request.text);
    ck_assert(!stated.broken);
    look(1000);
    ck_assert_str_eq(status("state"), "in force");
    ck_assert_str_eq(kept_text(), GOOD);
}
END_TEST

START_TEST(a_reload_that_was_taken_over_is_kept_and_one_that_was_refused_is_not)
{
    write_config(GOOD);
    start();
    look(0);
    ck_assert(!reload(ANOTHER).failed);
    ck_assert_str_eq(status("state"), "in force");
    look(1000);
    ck_assert_str_eq(kept_text(), ANOTHER);
    ck_assert(reload(GOOD "nonsense: 1\n").failed);
    look(1000); /* looked at anew, at once */
    ck_assert_str_eq(kept_text(), ANOTHER);
    ck_assert_str_eq(status("state"), "changed");
    broken = "prepare b";
    ck_assert(reload(GOOD).failed);
    look(1000);
    ck_assert_str_eq(kept_text(), ANOTHER);
    ck_assert_str_eq(status("state"), "changed");
}
END_TEST

/* A folder, say, that no start will be able to use: the one that worked is not given away for it.
 */
START_TEST(what_waits_for_a_restart_has_not_worked)
{
    write_config(GOOD);
    start();
    look(0);
    ck_assert(!reload(ANOTHER "storage: {keep_days: 100}\n").failed);
    look(1000);
    ck_assert_str_eq(status("state"), "in force");
    ck_assert_str_eq(status("not_kept"), "");
    ck_assert_str_eq(kept_text(), GOOD);
    ck_assert(!reload(ANOTHER).failed);
    look(1000);
    ck_assert_str_eq(kept_text(), ANOTHER);
}
END_TEST

START_TEST(an_edit_that_nobody_has_loaded_is_seen_and_when_it_was)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1790000000}};
    write_config(GOOD);
    start();
    look(0);
    write_config(ANOTHER);
    utimensat(AT_FDCWD, folder.file, times, 0);
    look(9000); /* not as soon as that */
    ck_assert_str_eq(status("state"), "in force");
    look(1000);
    ck_assert_str_eq(status("state"), "changed");
    ck_assert_str_eq(status("changed"), "2026-09-21T14:13:20.000Z");
    unlink(folder.file);
    look(10000);
    ck_assert_str_eq(status("state"), "unreadable");
    ck_assert_ptr_nonnull(strstr(status("reason"), "No such file"));
    ck_assert_str_eq(status("changed"), "(null)");
    write_config(GOOD); /* as it was: nothing waits to be loaded */
    look(10000);
    ck_assert_str_eq(status("state"), "in force");
    ck_assert_str_eq(status("reason"), "");
    unlink(folder.file);
    look(10000);
    ck_assert_str_eq(status("state"), "unreadable");
}
END_TEST

START_TEST(an_edit_of_the_same_length_and_time_is_seen)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1790000000}};
    write_config(GOOD "# a\n");
    utimensat(AT_FDCWD, folder.file, times, 0);
    start();
    look(0);
    write_config(GOOD "# b\n");
    utimensat(AT_FDCWD, folder.file, times, 0);
    look(10000);
    ck_assert_str_eq(status("state"), "changed");
}
END_TEST

START_TEST(what_cannot_be_kept_is_said_and_kept_when_that_goes)
{
    write_config(GOOD);
    ck_assert_int_eq(mkdir(kept, 0700), 0); /* in its place */
    start();
    look(0);
    ck_assert_str_ne(status("not_kept"), "");
    ck_assert_str_eq(status("state"), "in force");
    ck_assert_int_eq(rmdir(kept), 0);
    look(10000);
    ck_assert_str_eq(status("not_kept"), "");
    ck_assert_str_eq(kept_text(), GOOD);
}
END_TEST

START_TEST(where_there_is_no_place_for_it_nothing_is_kept)
{
    kept_path = NULL;
    write_config(GOOD);
    start();
    look(0);
    ck_assert_str_eq(kept_text(), "");
    ck_assert_str_eq(status("kept"), "(null)");
    ck_assert_str_eq(status("state"), "in force");
    stop();
    write_config("x: 1\n");
    ck_assert_int_eq(gateway_start(folder.file, kept_path, &gw, &problem), -EINVAL);
}
END_TEST

START_TEST(what_a_look_finds_of_the_one_before_is_not_said_of_the_one_that_was_loaded_meanwhile)
{
    struct conf_text text;
    write_config(GOOD);
    start();
    look(0);
    write_config(ANOTHER);
    virtual_advance(gw->facts, 10000); /* the look is under way, in the pool */
    ck_assert_uint_eq(gw->loop.active_reqs.count, 1);
    ck_assert_int_eq(conf_read(folder.file, &text, &problem), 0);
    file_took(gw, &text, true);
    ck_assert_ptr_null(text.bytes);
    settle();
    ck_assert_str_eq(status("state"), "in force");
    look(1000);
    ck_assert_str_eq(kept_text(), ANOTHER);
    ck_assert_str_eq(status("state"), "in force");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_file");
    TCase *tc = tcase_create("config_file");
    tcase_add_checked_fixture(tc, begin, gateway_end);
    tcase_add_test(tc, what_it_has_started_with_is_kept);
    tcase_add_test(tc, what_could_not_be_started_with_is_not_kept);
    tcase_add_test(tc, with_a_mistake_in_the_file_it_starts_with_the_last_that_worked_and_says_so);
    tcase_add_test(tc, a_reload_that_was_taken_over_is_kept_and_one_that_was_refused_is_not);
    tcase_add_test(tc, what_waits_for_a_restart_has_not_worked);
    tcase_add_test(tc, an_edit_that_nobody_has_loaded_is_seen_and_when_it_was);
    tcase_add_test(tc, an_edit_of_the_same_length_and_time_is_seen);
    tcase_add_test(tc, what_cannot_be_kept_is_said_and_kept_when_that_goes);
    tcase_add_test(tc, where_there_is_no_place_for_it_nothing_is_kept);
    tcase_add_test(
        tc, what_a_look_finds_of_the_one_before_is_not_said_of_the_one_that_was_loaded_meanwhile);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
