/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guard's card, the picture of the lamp and the READMEs' tables against the table of the
 * lights. That the drawings are XML, and stay on their page, is in tests/e2e/test_card.py.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "card/brush.h"
#include "card/card.h"
#include "card/lamp_drawing.h"
#include "card/words.h"
#include "incidents/section/exercises.h"
#include "run_suite.h"

static const char *const colors_en[3] = {"red", "amber", "green"};
static const char *const colors_zh[3] = {"红灯", "黄灯", "绿灯"};

static enum light light_of(int pattern, int color)
{
    const struct lights *of = &lights_of[pattern];
    const enum light lights[3] = {of->red, of->amber, of->green};
    return lights[color];
}

/* Caller frees. */
static char *write_drawing(int (*write_it)(FILE *out, struct err *e))
{
    char *text;
    size_t size;
    struct err e;
    FILE *out = open_memstream(&text, &size);
    ck_assert_msg(write_it(out, &e) == 0, "%s", e.text);
    fclose(out);
    return text;
}

/* Caller frees. */
static char *read_file(const char *name)
{
    char path[600], *text;
    struct err e;
    snprintf(path, sizeof path, SOURCE_FOLDER "/%s", name);
    ck_assert_msg(atomic_file_read(path, 1 << 20, &text, NULL, &e) == 0, "%s", e.text);
    return text;
}

static void expect(const char *text, const char *wanted)
{
    ck_assert_msg(strstr(text, wanted), "does not say: %s", wanted);
}

START_TEST(every_pattern_has_its_words_in_both_languages)
{
    for (int i = 0; i < INDICATOR_PATTERN_COUNT; i++) {
        const struct card_words *w = &card_words[i];
        const char *const texts[] = {w->name_zh, w->means_zh, w->do_zh, w->means_en, w->do_en};
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
            ck_assert_msg(texts[t] && texts[t][0], "%s: text %zu is missing",
                          indicator_pattern_name((enum indicator_pattern)i), t);
    }
    for (int i = 0; i < CARD_PLACE_COUNT; i++)
        ck_assert(card_sentences[i].zh && card_sentences[i].en);
}
END_TEST

START_TEST(every_pattern_stands_on_the_card_once)
{
    int seen[INDICATOR_PATTERN_COUNT] = {0};
    for (int i = 0; i < INDICATOR_PATTERN_COUNT; i++)
        seen[card_order[i]]++;
    for (int i = 0; i < INDICATOR_PATTERN_COUNT; i++)
        ck_assert_int_eq(seen[i], 1);
}
END_TEST

/* The part of a drawing that is the pattern's; caller frees. */
static char *part_of(const char *drawing, int pattern)
{
    char begin[60];
    snprintf(begin, sizeof begin, "<g id=\"%s\">",
             indicator_pattern_name((enum indicator_pattern)pattern));
    const char *from = strstr(drawing, begin);
    ck_assert_msg(from, "there is no %s", begin);
    const char *to = strstr(from + 1, "<g id=");
    return strndup(from, to ? (size_t)(to - from) : strlen(from));
}

static void expect_lights(const char *part, int pattern)
{
    for (int color = 0; color < 3; color++) {
        char words[32], wanted[60];
        lamp_drawing_class(colors_en[color], light_of(pattern, color), words, sizeof words);
        snprintf(wanted, sizeof wanted, "<g class=\"%s\">", words);
        expect(part, wanted);
    }
}

START_TEST(the_card_shows_every_pattern_as_the_lamp_does)
{
    char *card = write_drawing(card_write_page);
    for (int i = 0; i < INDICATOR_PATTERN_COUNT; i++) {
        const struct card_words *w = &card_words[i];
        char *part = part_of(card, i);
        expect_lights(part, i);
        expect(part, w->means_zh);
        expect(part, w->do_zh);
        expect(part, w->means_en);
        expect(part, w->do_en);
        if (w->telephone)
            expect(part, ">打110<");
        free(part);
    }
    for (int i = 0; i < CARD_PLACE_COUNT; i++) {
        expect(card, card_sentences[i].zh);
        expect(card, card_sentences[i].en);
    }
    free(card);
}
END_TEST

START_TEST(the_picture_shows_every_pattern_with_its_name)
{
    char *picture = write_drawing(card_write_picture);
    for (int i = 0; i < INDICATOR_PATTERN_COUNT; i++) {
        char *part = part_of(picture, i);
        expect_lights(part, i);
        expect(part, indicator_pattern_name((enum indicator_pattern)i));
        expect(part, card_words[i].name_zh);
        free(part);
    }
    free(picture);
}
END_TEST

/* Until somebody who can help has answered, the guard is sent to the telephone. */
START_TEST(nothing_unproven_is_shown_without_the_telephone)
{
    static const enum indicator_pattern unproven[] = {
        INDICATOR_PATTERN_HEARD, INDICATOR_PATTERN_UNCONFIRMED, INDICATOR_PATTERN_DELIVERED,
        INDICATOR_PATTERN_FAULT, INDICATOR_PATTERN_OFF};
    for (size_t i = 0; i < sizeof unproven / sizeof *unproven; i++) {
        expect(card_words[unproven[i]].do_zh, "110");
        expect(card_words[unproven[i]].do_en, "elephone 110");
    }
}
END_TEST

START_TEST(an_onlooker_learns_nothing_of_what_a_lamp_keeps_to_itself)
{
    static const char *const secrets[] = {"uress", "胁迫", "挟持", "ilent", "静默", "无声"};
    char *drawings[] = {write_drawing(card_write_page), write_drawing(card_write_picture)};
    for (size_t d = 0; d < 2; d++) {
        for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
            ck_assert_msg(!strstr(drawings[d], secrets[i]), "gives away: %s", secrets[i]);
        free(drawings[d]);
    }
}
END_TEST

START_TEST(the_three_seconds_are_the_default_of_a_long_press)
{
    const char *fallback = NULL;
    for (const struct option *o = exercises_section.options; o->key; o++)
        fallback = strcmp(o->key, "long_press") == 0 ? o->fallback : fallback;
    ck_assert_ptr_nonnull(fallback);
    ck_assert_str_eq(fallback, "3s");
    expect(card_sentences[CARD_PLACE_DRILL].zh, "3 秒");
    expect(card_sentences[CARD_PLACE_DRILL].en, "3 seconds");
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
    const struct brush_style style = {.size = 10};
    char *text;
    size_t size;
    struct brush b;
    struct err e;
    FILE *out = open_memstream(&text, &size);
    brush_begin(&b, out, 100, 50, "px", "a");
    brush_text(&b, 0, 20, 40, style, "四个汉字");
    ck_assert_int_eq(brush_end(&b, &e), 0);
    brush_begin(&b, out, 100, 50, "px", "a");
    brush_text(&b, 0, 20, 39, style, "四个汉字");
    brush_text(&b, 0, 20, 10, style, "this neither");
    ck_assert_int_eq(brush_end(&b, &e), -EMSGSIZE);
    ck_assert_str_eq(e.text, "there is no room for \"四个汉字\"");
    brush_begin(&b, out, 100, 50, "px", "a");
    brush_text(&b, 0, 49, 40, style, "below");
    ck_assert_int_eq(brush_end(&b, &e), -EMSGSIZE);
    fclose(out);
    free(text);
}
END_TEST

START_TEST(text_is_text_and_not_markup)
{
    char *text;
    size_t size;
    struct brush b;
    FILE *out = open_memstream(&text, &size);
    brush_begin(&b, out, 100, 50, "px", "a<b");
    brush_text(&b, 0, 20, 100, (struct brush_style){.size = 10}, "a&b<c");
    ck_assert_int_eq(brush_end(&b, NULL), 0);
    expect(text, "<title>a&lt;b</title>");
    expect(text, ">a&amp;b&lt;c</text>");
    fclose(out);
    free(text);
}
END_TEST

START_TEST(a_full_disk_is_an_error)
{
    struct err e;
    FILE *full = fopen("/dev/full", "w");
    ck_assert_int_eq(card_write_page(full, &e), -EIO);
    fclose(full);
}
END_TEST

START_TEST(the_checked_in_picture_is_what_the_program_writes)
{
    char *written = write_drawing(card_write_picture), *stored = read_file("config/lamp.svg");
    ck_assert_msg(strcmp(written, stored) == 0,
                  "config/lamp.svg is old: run <build>/daemon/card/tocsin-card --picture "
                  "config/lamp.svg");
    free(stored);
    free(written);
}
END_TEST

/* "| seen | red on, green slow |" and "| seen | 红灯常亮，绿灯慢闪 |": how a row begins. */
static void describe_row(int pattern, bool chinese, char *ret_text, size_t size)
{
    FILE *out = fmemopen(ret_text, size, "w");
    bool lit = false;
    fprintf(out, "\n| %s | ", indicator_pattern_name((enum indicator_pattern)pattern));
    for (int color = 0; color < 3; color++) {
        enum light light = light_of(pattern, color);
        if (light == LIGHT_OFF)
            continue;
        if (chinese)
            fprintf(out, "%s%s%s", lit ? "，" : "", colors_zh[color], card_shine[light].zh);
        else
            fprintf(out, "%s%s %s", lit ? ", " : "", colors_en[color], card_shine[light].en);
        lit = true;
    }
    fprintf(out, "%s | ", lit ? "" : chinese ? "全不亮" : "none");
    fclose(out);
}

static void expect_table(const char *name, bool chinese)
{
    char *text = read_file(name);
    for (int i = 0; i < INDICATOR_PATTERN_COUNT; i++) {
        char wanted[200];
        describe_row(i, chinese, wanted, sizeof wanted);
        ck_assert_msg(strstr(text, wanted), "%s must say: %s", name, wanted + 1);
    }
    expect(text, "](config/lamp.svg)");
    free(text);
}

START_TEST(the_readmes_say_how_every_pattern_shines)
{
    expect_table("README.md", false);
    expect_table("README.zh-CN.md", true);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("card");
    TCase *tests = tcase_create("card");
    tcase_add_test(tests, every_pattern_has_its_words_in_both_languages);
    tcase_add_test(tests, every_pattern_stands_on_the_card_once);
    tcase_add_test(tests, the_card_shows_every_pattern_as_the_lamp_does);
    tcase_add_test(tests, the_picture_shows_every_pattern_with_its_name);
    tcase_add_test(tests, nothing_unproven_is_shown_without_the_telephone);
    tcase_add_test(tests, an_onlooker_learns_nothing_of_what_a_lamp_keeps_to_itself);
    tcase_add_test(tests, the_three_seconds_are_the_default_of_a_long_press);
    tcase_add_test(tests, what_does_not_fit_is_refused);
    tcase_add_test(tests, text_is_text_and_not_markup);
    tcase_add_test(tests, a_full_disk_is_an_error);
    tcase_add_test(tests, the_checked_in_picture_is_what_the_program_writes);
    tcase_add_test(tests, the_readmes_say_how_every_pattern_shines);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
