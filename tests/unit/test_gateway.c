/* SPDX-License-Identifier: Apache-2.0 */
/* The loops over the table of parts (start and its mirror, tick), with a table of the test's
 * own: each part writes down what it was asked. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gateway_world.h"
#include "run_suite.h"
#include "virtual_time.h"

START_TEST(it_starts_from_the_first_to_the_last_and_stops_from_the_last_to_the_first)
{
    ck_assert_int_eq(gateway_start(folder.file, kept_path, &gw, &problem), 0);
    ck_assert_str_eq(said, "open a, load a, open b, load b, open c, load c, joined");
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
    ck_assert_int_eq(gateway_start(folder.file, kept_path, &gw, &problem), -EIO);
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
    ck_assert_int_eq(gateway_start(folder.file, kept_path, &gw, &problem), -EINVAL);
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

static const int asking[] = {SIGTERM, SIGINT, SIGHUP};

/* A disk may hold a stop for seconds. */
START_TEST(nor_does_one_end_what_is_left_of_a_stop)
{
    start();
    signal_at_close = asking[_i];
    raise(SIGTERM);
    gateway_run(gw);
    ck_assert_str_eq(said, "close c, close b, close a");
    raise(asking[_i]); /* until the process has ended by itself */
    gateway_destroy(gw);
    gw = NULL;
    raise(asking[_i]);
}
END_TEST

START_TEST(a_stop_waits_for_who_is_busy_and_everything_is_open_meanwhile)
{
    static const char *const names[] = {"a", "c"};
    start();
    notified();
    busy = names[_i];
    raise(SIGTERM);
    uv_run(&gw->loop, UV_RUN_NOWAIT);
    ck_assert_str_eq(said, "");
    virtual_advance(gw->facts, 5000);
    ck_assert_ptr_nonnull(strstr(said, "tick a, tick b, tick c"));
    ck_assert_ptr_null(strstr(said, "close"));
    raise(SIGINT);
    uv_run(&gw->loop, UV_RUN_NOWAIT);
    ck_assert_ptr_null(strstr(said, "close"));
    ck_assert_str_eq(notified(), "");
    said[0] = '\0';
    busy = NULL;
    virtual_advance(gw->facts, 100);
    ck_assert_str_eq(said, "close c, close b, close a");
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

START_TEST(of_what_the_configuration_has_a_part_will_say_how_it_is)
{
    static const char *ids[] = {"panic", "duress", "case", "power", "cell"};
    static const enum config_input_kind kinds[] = {CONFIG_INPUT_PANIC, CONFIG_INPUT_DURESS,
                                                   CONFIG_INPUT_TAMPER, CONFIG_INPUT_MAINS,
                                                   CONFIG_INPUT_BATTERY};
    /* Whether a fault with that code may be about each of them. */
    static const struct {
        enum fault_code code;
        const char *about;
    } cases[] = {{FAULT_LINE, "yyyyy"},     {FAULT_STUCK, "yynnn"},  {FAULT_CHATTER, "ynnnn"},
                 {FAULT_UNTESTED, "yynnn"}, {FAULT_TAMPER, "nnynn"}, {FAULT_MAINS, "nnnyn"},
                 {FAULT_BATTERY, "nnnny"}};
    struct config_input inputs[5] = {0};
    struct config_receiver receiver = {.id = "police"};
    struct config_camera camera = {.id = "cam"};
    struct config_indicator lamp = {.id = "lamp"};
    struct config_output output = {.id = "siren"};
    struct config config = {.inputs = {.count = 5, .items = inputs},
                            .exercises = {.test_every_ms = 1},
                            .receivers = {.count = 1, .items = &receiver},
                            .cameras = {.count = 1, .items = &camera},
                            .indicators = {.count = 1, .items = &lamp},
                            .outputs = {.count = 1, .items = &output}};
    for (size_t i = 0; i < 5; i++)
        inputs[i] = (struct config_input){.id = (char *)ids[i], .kind = kinds[i]};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (size_t i = 0; i < 5; i++)
            ck_assert_msg(subjects_has(&config, cases[c].code, ids[i]) ==
                              (cases[c].about[i] == 'y'),
                          "%s of %s", fault_kind(cases[c].code)->word, ids[i]);
        ck_assert(!subjects_has(&config, cases[c].code, "gone"));
    }
    config.exercises.test_every_ms = 0;
    ck_assert(!subjects_has(&config, FAULT_UNTESTED, "panic"));
    ck_assert(subjects_has(&config, FAULT_RECEIVER, "police"));
    ck_assert(subjects_has(&config, FAULT_CAMERA, "cam"));
    ck_assert(subjects_has(&config, FAULT_LAMP, "lamp"));
    ck_assert(subjects_has(&config, FAULT_OUTPUT, "siren"));
    ck_assert(!subjects_has(&config, FAULT_RECEIVER, "siren"));
    ck_assert(!subjects_has(&config, FAULT_CAMERA, "siren"));
    ck_assert(!subjects_has(&config, FAULT_LAMP, "siren"));
    ck_assert(!subjects_has(&config, FAULT_OUTPUT, "lamp"));
    ck_assert(subjects_has(&config, FAULT_STATE, "incidents"));
    ck_assert(subjects_has(&config, FAULT_STORE, ""));
    ck_assert(subjects_has(&config, FAULT_VIDEO, ""));
    config.cameras.count = 0;
    ck_assert(!subjects_has(&config, FAULT_VIDEO, ""));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateway");
    TCase *tc = tcase_create("gateway");
    tcase_add_checked_fixture(tc, gateway_begin, gateway_end);
    tcase_add_loop_test(
        tc, it_starts_from_the_first_to_the_last_and_stops_from_the_last_to_the_first, 0, 2);
    tcase_add_loop_test(tc, one_that_cannot_be_opened_unwinds_those_before_it_and_itself, 0, 3);
    tcase_add_loop_test(tc, a_configuration_that_cannot_be_used_opens_nothing, 0, 3);
    tcase_add_test(tc, every_part_hears_that_a_second_has_passed);
    tcase_add_test(tc,
                   what_its_last_turn_has_done_is_told_before_anything_is_closed_and_nothing_after);
    tcase_add_test(tc, a_second_signal_stops_nothing_twice);
    tcase_add_loop_test(tc, nor_does_one_end_what_is_left_of_a_stop, 0, 3);
    tcase_add_loop_test(tc, a_stop_waits_for_who_is_busy_and_everything_is_open_meanwhile, 0, 2);
    tcase_add_test(tc, systemd_hears_what_the_lamp_says);
    tcase_add_test(tc, of_what_the_configuration_has_a_part_will_say_how_it_is);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
