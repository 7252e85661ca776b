/* SPDX-License-Identifier: Apache-2.0 */
/* Relays and lamps on GPIO lines, over a false chip (false_lines.h says what that cannot show). */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "drivers/gpio/gpio_line.h"
#include "drivers/indicator/indicators.h"
#include "drivers/indicator/lights.h"
#include "drivers/output/outputs.h"
#include "false_lines.h"
#include "shown_world.h"

#define CHIP "relays"

/* Options of a driver, laid out by its own table. */
union options {
    max_align_t align;
    char bytes[200];
};

static void set_option(const struct driver_type *type, union options *options, const char *key,
                       const char *value)
{
    const struct option *o = type->options;
    ck_assert_uint_le(type->options_size, sizeof *options);
    while (o->key && strcmp(o->key, key) != 0)
        o++;
    ck_assert_msg(o->key != NULL, "%s has no option %s", type->name, key);
    void *member = options->bytes + o->offset;
    if (o->type == OPTION_CHOICE) {
        int choice = 0;
        while (strcmp(o->choices[choice], value) != 0)
            ck_assert_ptr_nonnull(o->choices[++choice]);
        *(int *)member = choice;
    } else {
        *(const char **)member = value;
    }
}

/* Until it is told of a fault, or of none, once more than before. */
static void wait_for(const unsigned *count, unsigned before)
{
    while (*count == before)
        uv_run(&loop, UV_RUN_ONCE);
}

/* Relays. */

static struct output *output;
static union options relay;
static const char *const levels[] = {"high", "low"};

static void open_relay(const char *active)
{
    const struct output_host host = {.on_fault = on_shown_fault, .arg = &loop};
    struct err e;
    set_option(&output_gpiod.type, &relay, "chip", CHIP);
    set_option(&output_gpiod.type, &relay, "line", "siren");
    set_option(&output_gpiod.type, &relay, "active", active);
    ck_assert_int_eq(output_gpiod.open(&relay, &host, &loop, &output, &e), 0);
}

static void close_relay(void)
{
    output_gpiod.close(output);
    closed = true;
    ck_assert_uint_eq(false_lines_open(), 0);
}

/* Whether the relay is on, whatever level that is. */
static bool is_on(const char *active)
{
    return false_line("siren")->high == (strcmp(active, "high") == 0);
}

START_TEST(a_relay_begins_off_does_as_it_is_told_and_ends_off)
{
    const char *active = levels[_i];
    false_lines_make(CHIP);
    false_line("siren")->high = _i == 0; /* somebody left it on */
    output_gpiod.close(NULL);
    open_relay(active);
    ck_assert(!is_on(active));
    ck_assert_uint_eq(faults, 0);
    ck_assert_uint_eq(cleared, 1);
    for (int i = 0; i < 4; i++) {
        output_gpiod.set(output, i % 2 == 0);
        ck_assert_int_eq(is_on(active), i % 2 == 0);
    }
    output_gpiod.set(output, true);
    output_gpiod.set(output, true);
    ck_assert(is_on(active));
    close_relay();
    ck_assert(!is_on(active));
    ck_assert_uint_eq(faults, 0);
}
END_TEST

START_TEST(a_relay_that_somebody_holds_is_a_fault_and_is_taken_when_it_is_free)
{
    const char *active = levels[_i];
    false_lines_make(CHIP);
    false_line("siren")->held = true;
    open_relay(active);
    ck_assert_uint_eq(faults, 1);
    ck_assert_uint_eq(cleared, 0);
    ck_assert_ptr_nonnull(strstr(reason, "held by \"stranger\""));
    output_gpiod.set(output, false);
    output_gpiod.set(output, true);
    wait_for(&false_line("siren")->refused, 1); /* it is tried again, and again */
    wait_for(&false_line("siren")->refused, 2);
    false_line("siren")->held = false;
    wait_for(&cleared, 0);
    ck_assert(is_on(active)); /* what was asked for last */
    ck_assert_str_eq(reason, "");
    close_relay();
}
END_TEST

START_TEST(a_chip_that_is_not_there_is_a_fault_that_names_it)
{
    false_lines_make("another");
    open_relay("high");
    ck_assert_uint_eq(faults, 1);
    ck_assert_ptr_nonnull(strstr(reason, CHIP));
    close_relay(); /* while it is at fault */
}
END_TEST

START_TEST(a_write_that_fails_is_a_fault_and_is_made_up_for)
{
    false_lines_make(CHIP);
    open_relay("high");
    false_line("siren")->set_fails = true;
    output_gpiod.set(output, true);
    ck_assert_uint_eq(faults, 1);
    ck_assert_ptr_nonnull(strstr(reason, "setting the level"));
    ck_assert_uint_eq(false_lines_open(), 0);
    wait_for(&faults, 1); /* taken, but not driven: still a fault, and the line is let go */
    ck_assert_uint_eq(cleared, 1);
    ck_assert_uint_eq(false_lines_open(), 0);
    false_line("siren")->set_fails = false;
    wait_for(&cleared, 1);
    ck_assert(is_on("high"));
    close_relay();
}
END_TEST

START_TEST(a_chip_that_goes_is_seen_without_anything_being_set)
{
    false_lines_make(CHIP);
    open_relay("high");
    output_gpiod.set(output, true);
    false_lines_unplug();
    wait_for(&faults, 0);
    output_gpiod.set(output, false);
    output_gpiod.set(output, true);
    false_lines_plug();
    ck_assert(!is_on("high"));
    wait_for(&cleared, 1);
    ck_assert(is_on("high"));
    close_relay();
    ck_assert(!is_on("high"));
}
END_TEST

START_TEST(a_relay_that_somebody_else_switches_is_switched_back)
{
    false_lines_make(CHIP);
    open_relay("high");
    false_line("siren")->high = true;
    while (is_on("high"))
        uv_run(&loop, UV_RUN_ONCE);
    output_gpiod.set(output, true);
    false_line("siren")->high = false;
    while (!is_on("high"))
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(faults, 0);
    close_relay();
}
END_TEST

START_TEST(a_relay_whose_chip_is_gone_may_be_closed)
{
    false_lines_make(CHIP);
    open_relay("high");
    output_gpiod.set(output, true);
    false_lines_unplug();
    close_relay();
    ck_assert_uint_eq(faults, 0);
}
END_TEST

/* Lamps. */

static const char *const colours[] = {"green", "amber", "red"};
static struct indicator *lamp;
static union options three;

static void open_lamp(const char *active)
{
    const struct indicator_host host = {.on_fault = on_shown_fault, .arg = &loop};
    struct err e;
    set_option(&indicator_gpiod.type, &three, "chip", CHIP);
    for (size_t i = 0; i < 3; i++)
        set_option(&indicator_gpiod.type, &three, colours[i], colours[i]);
    set_option(&indicator_gpiod.type, &three, "active", active);
    ck_assert_int_eq(indicator_gpiod.open(&three, &host, &loop, &lamp, &e), 0);
}

static void close_lamp(void)
{
    indicator_gpiod.close(lamp);
    closed = true;
    ck_assert_uint_eq(false_lines_open(), 0);
}

static bool is_lit(const char *colour, const char *active)
{
    return false_line(colour)->high == (strcmp(active, "high") == 0);
}

static const enum light *light_of(const struct lights *lights, const char *colour)
{
    return colour[0] == 'g' ? &lights->green : colour[0] == 'a' ? &lights->amber : &lights->red;
}

START_TEST(a_lamp_begins_dark_shows_every_pattern_and_ends_dark)
{
    const char *active = levels[_i];
    false_lines_make(CHIP);
    indicator_gpiod.close(NULL);
    open_lamp(active);
    ck_assert_uint_eq(faults, 0);
    ck_assert_uint_eq(cleared, 1); /* of all three at once */
    for (size_t c = 0; c < 3; c++)
        ck_assert(!is_lit(colours[c], active));
    for (int p = 0; p < INDICATOR_PATTERN_COUNT; p++) {
        indicator_gpiod.show(lamp, (enum indicator_pattern)p);
        for (size_t c = 0; c < 3; c++)
            ck_assert_msg(
                is_lit(colours[c], active) == (*light_of(&lights_of[p], colours[c]) != LIGHT_OFF),
                "%s of %s", colours[c], indicator_pattern_name((enum indicator_pattern)p));
    }
    close_lamp();
    for (size_t c = 0; c < 3; c++)
        ck_assert(!is_lit(colours[c], active));
}
END_TEST

/* What a line is driven to from now on, `count` times. */
static const char *watch_line(const char *colour, unsigned count)
{
    struct false_line *line = false_line(colour);
    unsigned from = line->sets;
    while (line->sets < from + count)
        uv_run(&loop, UV_RUN_ONCE);
    return line->driven + from;
}

START_TEST(a_fast_light_changes_at_each_step_and_a_slow_one_at_each_fourth)
{
    false_lines_make(CHIP);
    open_lamp("high");
    indicator_gpiod.show(lamp, INDICATOR_PATTERN_HEARD);
    /* Not eight: there both begin alike. */
    ck_assert_int_eq(strncmp(watch_line("red", 7), "0101010", 7), 0);
    indicator_gpiod.show(lamp, INDICATOR_PATTERN_SEEN); /* begins lit, whatever was before */
    ck_assert(is_lit("green", "high"));
    ck_assert_int_eq(strncmp(watch_line("green", 15), "111000011110000", 15), 0);
    ck_assert(is_lit("red", "high"));
    ck_assert_ptr_null(strchr(false_line("red")->driven + false_line("red")->sets - 15, '0'));
    close_lamp();
}
END_TEST

START_TEST(a_lamp_that_does_not_blink_is_left_alone)
{
    false_lines_make(CHIP);
    open_lamp("high");
    indicator_gpiod.show(lamp, INDICATOR_PATTERN_HEARD);
    watch_line("red", 3);
    indicator_gpiod.show(lamp, INDICATOR_PATTERN_DELIVERED);
    unsigned sets = false_line("red")->sets, reads = false_line("red")->reads;
    wait_for(&false_line("red")->reads, reads); /* it is only looked at */
    wait_for(&false_line("red")->reads, reads + 1);
    ck_assert_uint_eq(false_line("red")->sets, sets);
    ck_assert(is_lit("red", "high"));
    close_lamp();
}
END_TEST

START_TEST(one_light_that_fails_is_named_and_the_others_go_on)
{
    const char *colour = colours[_i];
    char word[40];
    false_lines_make(CHIP);
    false_line(colour)->held = true;
    open_lamp("high");
    snprintf(word, sizeof word, "%s light: ", colour);
    ck_assert_uint_eq(faults, 1);
    ck_assert_uint_eq(cleared, 0);
    ck_assert_int_eq(strncmp(reason, word, strlen(word)), 0);
    indicator_gpiod.show(lamp, INDICATOR_PATTERN_DEGRADED);
    for (size_t c = 0; c < 2; c++)
        ck_assert_int_eq(is_lit(colours[c], "high"), (int)c != _i);
    false_line(colour)->held = false;
    wait_for(&cleared, 0);
    for (size_t c = 0; c < 2; c++)
        ck_assert(is_lit(colours[c], "high"));
    close_lamp();
}
END_TEST

START_TEST(a_lamp_is_at_fault_until_its_last_light_works)
{
    false_lines_make(CHIP);
    false_line("red")->held = true;
    open_lamp("high");
    false_line("amber")->set_fails = true;
    indicator_gpiod.show(lamp, INDICATOR_PATTERN_FAULT);
    ck_assert_int_eq(strncmp(reason, "amber light: ", 13), 0);
    false_line("amber")->set_fails = false;
    while (strncmp(reason, "red light: ", 11) != 0) /* the other one is still at fault */
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(cleared, 0);
    ck_assert(is_lit("amber", "high"));
    false_line("red")->held = false;
    wait_for(&cleared, 0);
    ck_assert_str_eq(reason, "");
    close_lamp();
}
END_TEST

START_TEST(a_blinking_lamp_may_be_closed_while_its_chip_is_gone)
{
    false_lines_make(CHIP);
    open_lamp("low");
    indicator_gpiod.show(lamp, INDICATOR_PATTERN_COMING);
    false_lines_unplug();
    wait_for(&faults, 0);
    close_lamp();
}
END_TEST

START_TEST(each_light_has_a_line_of_its_own)
{
    static const struct {
        const char *green, *amber, *red, *key;
        size_t count;
    } lines[] = {{"1", "2", "2", "amber", 1},
                 {"1", "2", "1", "green", 1},
                 {"2", "2", "1", "green", 1},
                 {"1", "1", "1", "amber", 2},
                 {"1", "2", "3", NULL, 0}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct driver_mistakes mistakes = {.count = 0};
        set_option(&indicator_gpiod.type, &three, "green", lines[i].green);
        set_option(&indicator_gpiod.type, &three, "amber", lines[i].amber);
        set_option(&indicator_gpiod.type, &three, "red", lines[i].red);
        indicator_gpiod.type.check(&three, &mistakes);
        if (lines[i].key)
            ck_assert_str_eq(mistakes.items[0].key, lines[i].key);
        ck_assert_uint_eq(mistakes.count, lines[i].count);
        driver_mistakes_finish(&mistakes);
    }
}
END_TEST

void add_gpiod_output_cases(TCase *cases)
{
    tcase_add_loop_test(cases, a_relay_begins_off_does_as_it_is_told_and_ends_off, 0, 2);
    tcase_add_loop_test(cases, a_relay_that_somebody_holds_is_a_fault_and_is_taken_when_it_is_free,
                        0, 2);
    tcase_add_test(cases, a_chip_that_is_not_there_is_a_fault_that_names_it);
    tcase_add_test(cases, a_write_that_fails_is_a_fault_and_is_made_up_for);
    tcase_add_test(cases, a_chip_that_goes_is_seen_without_anything_being_set);
    tcase_add_test(cases, a_relay_that_somebody_else_switches_is_switched_back);
    tcase_add_test(cases, a_relay_whose_chip_is_gone_may_be_closed);
}

void add_gpiod_lamp_cases(TCase *cases)
{
    tcase_add_loop_test(cases, a_lamp_begins_dark_shows_every_pattern_and_ends_dark, 0, 2);
    tcase_add_test(cases, a_fast_light_changes_at_each_step_and_a_slow_one_at_each_fourth);
    tcase_add_test(cases, a_lamp_that_does_not_blink_is_left_alone);
    tcase_add_loop_test(cases, one_light_that_fails_is_named_and_the_others_go_on, 0, 2);
    tcase_add_test(cases, a_lamp_is_at_fault_until_its_last_light_works);
    tcase_add_test(cases, a_blinking_lamp_may_be_closed_while_its_chip_is_gone);
    tcase_add_test(cases, each_light_has_a_line_of_its_own);
}
