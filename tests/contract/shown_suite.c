/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contracts of daemon/iface/output.h and indicator.h, tried on every driver: sim of both,
 * ledclass on a folder like the kernel's, gpiod of both on a false chip (shown_gpiod_cases.c).
 * The linker hands the start of timers to this file: they run in a fiftieth of their time.
 */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "drivers/indicator/indicators.h"
#include "drivers/output/outputs.h"
#include "run_suite.h"
#include "shown_world.h"

uv_loop_t loop;
unsigned faults, cleared;
char reason[300];
bool closed;

static char folder[40];

#define HASTE 50

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t timeout_ms,
                          uint64_t repeat_ms);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t timeout_ms,
                          uint64_t repeat_ms);

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb on_timer, uint64_t timeout_ms,
                          uint64_t repeat_ms)
{
    return __real_uv_timer_start(timer, on_timer, timeout_ms / HASTE,
                                 (repeat_ms + HASTE - 1) / HASTE);
}

void on_shown_fault(void *arg, const char *text)
{
    ck_assert_ptr_eq(arg, &loop);
    ck_assert(!closed);
    faults += text != NULL;
    cleared += text == NULL;
    snprintf(reason, sizeof reason, "%s", text ? text : "");
}

static void begin(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    test_folder(folder, sizeof folder);
}

static void end(void)
{
    char command[100];
    uv_run(&loop, UV_RUN_DEFAULT); /* ends when the loop holds nothing more */
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(an_output_is_switched_as_often_as_one_likes)
{
    const struct output_host host = {.on_fault = on_shown_fault, .arg = &loop};
    struct output *output;
    struct err e;
    output_sim.close(NULL);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(output_sim.open(NULL, &host, &loop, &output, &e), 0);
        for (int k = 0; k < i; k++)
            output_sim.set(output, k % 2 == 0);
        output_sim.close(output);
    }
    ck_assert_uint_eq(faults, 0);
    ck_assert_uint_eq(cleared, 10); /* each time it was opened */
}
END_TEST

START_TEST(a_simulated_lamp_shows_every_pattern)
{
    const struct indicator_host host = {.on_fault = on_shown_fault, .arg = &loop};
    struct indicator *lamp;
    struct err e;
    indicator_sim.close(NULL);
    ck_assert_int_eq(indicator_sim.open(NULL, &host, &loop, &lamp, &e), 0);
    for (int p = 0; p < INDICATOR_PATTERN_COUNT; p++)
        indicator_sim.show(lamp, (enum indicator_pattern)p);
    indicator_sim.close(lamp);
    ck_assert_uint_eq(faults, 0);
    ck_assert_uint_eq(cleared, 1);
}
END_TEST

/* As the driver's own table lays it out. */
static const struct {
    const char *red, *amber, *green, *folder;
} leds = {"r", "a", "g", folder};

static const char *const names[] = {"r", "a", "g"};
static const char *const files[] = {"trigger", "pattern", "repeat", "brightness"};

static void put(const char *led, const char *file, const char *text)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s/%s", folder, led, file);
    FILE *stream = fopen(path, "we");
    ck_assert_ptr_nonnull(stream);
    fputs(text, stream);
    fclose(stream);
}

static const char *get(const char *led, const char *file)
{
    static char text[200];
    char path[100];
    snprintf(path, sizeof path, "%s/%s/%s", folder, led, file);
    FILE *stream = fopen(path, "re");
    size_t got = stream ? fread(text, 1, sizeof text - 1, stream) : 0;
    if (stream)
        fclose(stream);
    text[got] = '\0';
    return text;
}

static void make_led(const char *led)
{
    char path[100];
    snprintf(path, sizeof path, "%s/%s", folder, led);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put(led, files[i], "");
    put(led, "max_brightness", "1\n");
}

static struct indicator *open_leds(void)
{
    const struct indicator_host host = {.on_fault = on_shown_fault, .arg = &loop};
    struct indicator *lamp;
    struct err e;
    ck_assert_int_eq(indicator_ledclass.open(&leds, &host, &loop, &lamp, &e), 0);
    return lamp;
}

static void close_leds(struct indicator *lamp)
{
    indicator_ledclass.close(lamp);
    closed = true;
}

START_TEST(a_lamp_at_rest_is_green_and_promises_nothing_once_it_stands_still)
{
    indicator_ledclass.close(NULL);
    for (size_t i = 0; i < 3; i++)
        make_led(names[i]);
    struct indicator *lamp = open_leds();
    ck_assert_uint_eq(faults, 0);
    ck_assert_uint_ge(cleared, 1);
    ck_assert_str_eq(get("g", "pattern"), "0 60000 0 0 0 60000 0 0");
    indicator_ledclass.show(lamp, INDICATOR_PATTERN_READY);
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_eq(get(names[i], "trigger"), "pattern");
    /* Green for 5 s, then none; amber the other way; both once: a dead gateway is amber. */
    ck_assert_str_eq(get("g", "pattern"), "1 5000 1 0 0 1000 0 0");
    ck_assert_str_eq(get("g", "repeat"), "1");
    ck_assert_str_eq(get("a", "pattern"), "0 5000 0 0 1 1000 1 0");
    ck_assert_str_eq(get("a", "repeat"), "1");
    ck_assert_str_eq(get("r", "repeat"), "-1");
    put("g", "repeat", "");
    while (strcmp(get("g", "repeat"), "1") != 0) /* begun anew as long as it lives */
        uv_run(&loop, UV_RUN_ONCE);
    close_leds(lamp);
    for (size_t i = 0; i < 3; i++)
        ck_assert_str_eq(get(names[i], "brightness"), "0");
}
END_TEST

START_TEST(a_light_that_is_missing_is_a_fault_and_set_when_it_comes)
{
    make_led("r");
    make_led("a");
    struct indicator *lamp = open_leds();
    ck_assert_uint_ge(faults, 1);
    ck_assert_ptr_nonnull(strstr(reason, "LED g cannot be set"));
    indicator_ledclass.show(lamp, INDICATOR_PATTERN_READY);
    make_led("g");
    unsigned before = cleared;
    while (cleared == before)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_str_eq(get("g", "pattern"), "1 5000 1 0 0 1000 0 0"); /* what was asked for last */
    close_leds(lamp);
}
END_TEST

START_TEST(a_lamp_may_be_closed_while_it_is_at_fault)
{
    struct indicator *lamp = open_leds();
    ck_assert_uint_ge(faults, 1);
    close_leds(lamp);
}
END_TEST

int main(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    Suite *suite = suite_create("shown");
    TCase *cases = tcase_create("contract");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, an_output_is_switched_as_often_as_one_likes);
    tcase_add_test(cases, a_simulated_lamp_shows_every_pattern);
    tcase_add_test(cases, a_lamp_at_rest_is_green_and_promises_nothing_once_it_stands_still);
    tcase_add_test(cases, a_light_that_is_missing_is_a_fault_and_set_when_it_comes);
    tcase_add_test(cases, a_lamp_may_be_closed_while_it_is_at_fault);
    add_gpiod_output_cases(cases);
    add_gpiod_lamp_cases(cases);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
