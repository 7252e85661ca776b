/* SPDX-License-Identifier: Apache-2.0 */
/* Which sections two files of one program differ in. */
#include <stdio.h>
#include <string.h>

#include "conf_patrol.h"
#include "run_suite.h"

/* Loads both and joins the names of the sections that differ. */
static const char *changed(const char *before, const char *after)
{
    static char text[100];
    struct conf_change changes[ROWS];
    struct conf *a = load(before), *b = load(after);
    size_t count = conf_changed(a, b, changes);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(strcat(text, i > 0 ? " " : ""), changes[i].section->name);
    ck_assert_uint_eq(conf_changed(b, a, changes), count);
    conf_destroy(a);
    conf_destroy(b);
    return text;
}

/* `good` with the first `from` replaced. */
static const char *with(const char *from, const char *to)
{
    static char text[1000];
    const char *at = strstr(good, from);
    ck_assert_ptr_nonnull(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, to, at + strlen(from));
    return text;
}

START_TEST(what_is_written_otherwise_is_no_change)
{
    ck_assert_str_eq(changed(good, good), "");
    ck_assert_str_eq(changed(good, with("posts: [{id: gate}", "# why\nposts: [ {id: gate}")), "");
    ck_assert_str_eq(changed(good, with("begin: 10h", "begin: 600min")), "");
    ck_assert_str_eq(changed(good, with("pin_file: pin,", "pin_file: pin-2,")), "");
    ck_assert_str_eq(changed(good, with("pin_file: pin,", "pin: '1234',")), "");
    ck_assert_str_eq(changed(good, with("watch: {", "watch: {on: true, count: 1, ")), "");
}
END_TEST

static const struct {
    const char *from, *to, *names;
} edits[] = {
    {"pin_file: pin,", "pin_file: pin-3,", "patrol"},
    {"pin_file: pin,", "", "patrol"},
    {"port: a", "port: b", "patrol"},
    {", post: yard", "", "patrol"},
    {"id: late", "id: later", "patrol"},
    {"order: as-listed", "order: any", "patrol"},
    {"begin: 10h", "begin: 9h", "patrol"},
    {"posts: [gate]", "posts: [yard]", "patrol"},
    {"posts: [gate]", "posts: [gate, yard]", "patrol"},
    {", start: gate", "", "patrol"},
    {"driver: reader, port: a, pin_file: pin, post: yard,", "driver: paper,", "patrol"},
    {"  - {id: early, driver: paper, order: as-listed}\n", "", "patrol"},
    {"walled_up: true", "walled_up: false", "posts"},
    {"{id: gate}, {id: yard}", "{id: yard}, {id: gate}", "posts"},
    {"{id: shed, walled_up: true}", "{id: hut}", "posts"},
    {"days: [mon, wed]", "days: [mon]", "watch"},
    {"watch: {", "watch: {share: 0.25, ", "watch"},
    {"watch: {", "watch: {bytes: 1KiB, ", "watch"},
    {"watch: {", "watch: {count: 2, ", "watch"},
    {"watch: {", "watch: {on: false, ", "watch"},
    {"folder: z", "folder: y", "watch"},
    {", folder: z", "", "watch"},
    {"files: [x, y]", "files: [y, x]", "watch"},
};

START_TEST(every_value_that_differs_is_a_change_of_its_section)
{
    ck_assert_str_eq(changed(good, with(edits[_i].from, edits[_i].to)), edits[_i].names);
}
END_TEST

START_TEST(all_sections_that_changed_are_named_in_the_order_of_the_rows)
{
    ck_assert_str_eq(changed(good, "watch: {on: false}\n"
                                   "patrol: [{id: z, driver: paper}]\n"
                                   "posts: [{id: gate}]\n"),
                     "posts patrol watch");
}
END_TEST

/* A section whose drivers this program does not know. */
static const struct {
    const char *entry;
    size_t changes;
    bool own;
} blind_edits[] = {
    {"{id: a, driver: x, begin: 1h, url: u, list: [1, {k: v}]}", 0, false},
    {"{url: 'u', id: a, list: [1, {k: v}], begin: 60min, driver: x}", 0, false},
    {"{id: a, driver: y, begin: 1h, url: u, list: [1, {k: v}]}", 1, false},
    {"{id: a, driver: x, begin: 1h, url: w, list: [1, {k: v}]}", 1, false},
    {"{id: a, driver: x, begin: 1h, list: [1, {k: v}]}", 1, false},
    {"{id: a, driver: x, begin: 1h, url: u, list: [2, {k: v}]}", 1, false},
    {"{id: a, driver: x, begin: 1h, url: u, list: [1, {k: w}]}", 1, false},
    {"{id: a, driver: x, begin: 2h, url: u, list: [1, {k: v}]}", 1, true},
    {"{id: b, driver: x, begin: 1h, url: u, list: [1, {k: v}]}", 1, true},
};

START_TEST(what_is_not_read_is_a_change_when_its_text_is_another)
{
    static const struct conf_row blind[] = {{&patrol, NULL}, {&posts, NULL}};
    char text[200];
    struct conf_change changes[2];
    struct conf *loaded[2];
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "patrol: [%s]\nposts: [{id: b}]\n",
                 blind_edits[i == 0 ? 0 : _i].entry);
        loaded[i] = load_rows(text, blind, 2);
    }
    ck_assert_uint_eq(conf_changed(loaded[0], loaded[1], changes), blind_edits[_i].changes);
    if (blind_edits[_i].changes == 1) {
        ck_assert_ptr_eq(changes[0].section, &patrol);
        ck_assert(changes[0].own == blind_edits[_i].own);
    }
    conf_destroy(loaded[0]);
    conf_destroy(loaded[1]);
}
END_TEST

/* In the place of the kernel: what it gives each process. */
static unsigned char process_key[16];

const unsigned char *__wrap_keyed_hash_process_key(void);

const unsigned char *__wrap_keyed_hash_process_key(void)
{
    return process_key;
}

/* What is kept of keys that are not read, a password perhaps, gives no guess away: it is another
 * number in each process. */
START_TEST(what_is_kept_of_what_is_not_read_is_of_this_process)
{
    static const struct conf_row blind[] = {{&patrol, NULL}, {&posts, NULL}};
    static const char text[] = "patrol: [{id: a, driver: x, pass: horse}]\nposts: [{id: b}]\n";
    struct conf_change changes[2];
    struct conf *loaded[3];
    for (int i = 0; i < 3; i++) {
        process_key[5] = i == 1;
        loaded[i] = load_rows(text, blind, 2);
    }
    process_key[5] = 0;
    ck_assert_uint_eq(conf_changed(loaded[0], loaded[1], changes), 1);
    ck_assert_uint_eq(conf_changed(loaded[0], loaded[2], changes), 0);
    for (int i = 0; i < 3; i++)
        conf_destroy(loaded[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conf changed");
    TCase *tc = tcase_create("changes");
    tcase_add_checked_fixture(tc, patrol_set_up, patrol_tear_down);
    tcase_add_test(tc, what_is_written_otherwise_is_no_change);
    tcase_add_loop_test(tc, every_value_that_differs_is_a_change_of_its_section, 0,
                        sizeof edits / sizeof *edits);
    tcase_add_test(tc, all_sections_that_changed_are_named_in_the_order_of_the_rows);
    tcase_add_loop_test(tc, what_is_not_read_is_a_change_when_its_text_is_another, 0,
                        sizeof blind_edits / sizeof *blind_edits);
    tcase_add_test(tc, what_is_kept_of_what_is_not_read_is_of_this_process);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
