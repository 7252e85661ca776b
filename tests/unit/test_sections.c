/* SPDX-License-Identifier: Apache-2.0 */
/* The sections of tocsin.yaml: what they say of themselves, and which of them a reload changes. */
#include <stdlib.h>
#include <string.h>

#include "config_folder.h"
#include "fake_drivers.h"
#include "iface/indicator.h"
#include "iface/limits.h"
#include "known_disk.h"
#include "run_suite.h"
#include "sections/config.h"

static const char text[] = "site: {id: a, name: x, latitude: 1, longitude: 1}\n"
                           "signing: {driver: pem, key_file: key.pem}\n"
                           "storage: {keep_days: 30}\n"
                           "video: {part: 30s}\n"
                           "control: {socket: c.sock}\n"
                           "alarms: {cancel_window: 30s}\n"
                           "exercises: {long_press: 2s}\n"
                           "inputs: [{id: i, name: x, place: x, driver: sim, cameras: [k]}]\n"
                           "cameras: [{id: k, name: x, driver: lav, url: x, password_file: "
                           "camera.password}]\n"
                           "receivers: [{id: r, name: x, driver: sim}]\n"
                           "lamps: [{id: l, driver: sim}]\n"
                           "outputs: [{id: o, on: [raised], driver: x}]\n";

static struct config_folder folder;

static void set_up(void)
{
    config_folder_init(&folder);
}

static void tear_down(void)
{
    config_folder_finish(&folder);
}

static bool looks; /* as a check does, and no start */

static struct config *load(const char *of)
{
    struct config_drivers drivers = fake_drivers;
    drivers.check_files = looks;
    struct config *config = config_folder_load(&folder, of, strlen(of), 0640, &drivers);
    ck_assert_msg(config, "%s", folder.problems);
    return config;
}

/* `text` with the first `from` replaced. Borrowed until the next call. */
static const char *with(const char *from, const char *to)
{
    static char made[2000];
    const char *at = strstr(text, from);
    ck_assert_msg(at, "there is no %s", from);
    snprintf(made, sizeof made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return made;
}

static const struct {
    const char *from, *to, *section;
} edits[] = {
    {"name: x, latitude", "name: y, latitude", "site"},
    {"key_file: key.pem", "key_file: camera.password", "signing"},
    {"keep_days: 30", "keep_days: 31", "storage"},
    {"part: 30s", "part: 31s", "video"},
    {"c.sock", "d.sock", "control"},
    {"cancel_window: 30s", "cancel_window: 31s", "alarms"},
    {"long_press: 2s", "long_press: 3s", "exercises"},
    {"place: x", "place: y", "inputs"},
    {"url: x, password_file: camera.password", "url: x, password: other", "cameras"},
    {"id: r, name: x", "id: r, name: y", "receivers"},
    {"id: l", "id: m", "lamps"},
    {"on: [raised]", "on: [raised, delivered]", "outputs"},
};

START_TEST(a_reload_names_the_section_that_changed)
{
    struct conf_change changes[CONFIG_SECTIONS_MAX];
    struct config *before = load(text), *after = load(with(edits[_i].from, edits[_i].to));
    ck_assert_uint_eq(config_changed_sections(before, after, changes), 1);
    ck_assert_str_eq(changes[0].section->name, edits[_i].section);
    ck_assert_uint_eq(config_changed_sections(before, before, changes), 0);
    config_destroy(before);
    config_destroy(after);
}
END_TEST

START_TEST(the_shorthands_are_the_sections)
{
    struct config *c = load(text);
    size_t count;
    ck_assert_ptr_eq(config_section(c, &inputs_section, &count), c->inputs.items);
    ck_assert_uint_eq(count, c->inputs.count);
    ck_assert_ptr_eq(config_section(c, &cameras_section, &count), c->cameras.items);
    ck_assert_uint_eq(count, c->cameras.count);
    ck_assert_ptr_eq(config_section(c, &receivers_section, &count), c->receivers.items);
    ck_assert_uint_eq(count, c->receivers.count);
    ck_assert_ptr_eq(config_section(c, &lamps_section, &count), c->indicators.items);
    ck_assert_uint_eq(count, c->indicators.count);
    ck_assert_ptr_eq(config_section(c, &outputs_section, &count), c->outputs.items);
    ck_assert_uint_eq(count, c->outputs.count);
    const struct config_site *site = config_section(c, &site_section, NULL);
    ck_assert_ptr_eq(site->name, c->site.name);
    config_destroy(c);
}
END_TEST

START_TEST(an_entry_is_found_by_its_id)
{
    struct config *c = load(text);
    ck_assert_ptr_eq(config_find_input(&c->inputs, "i"), &c->inputs.items[0]);
    ck_assert_ptr_eq(config_find_camera(&c->cameras, "k"), &c->cameras.items[0]);
    ck_assert_ptr_null(config_find_input(&c->inputs, "k"));
    ck_assert_ptr_null(config_find_camera(&c->cameras, ""));
    config_destroy(c);
}
END_TEST

/* What stands beside a limit of a check, or looks like what it refuses. */
static const struct {
    const char *from, *to;
} legal[] = {
    {"id: r, name: x,", "id: r, name: x, heartbeat: 5s, alarm_heartbeat: 5s,"},
    {"id: r, name: x,", "id: r, name: x, responder: true, group: 1,"},
    {"cameras: [k]}", "cameras: [k], duress_presses: 2}"},
    {"cameras: [k]}",
     "cameras: [k]}, {id: t, name: x, place: x, driver: sim, kind: test, hold: 1s}"},
    {"on: [raised]", "on: [closed], for: 1s, inputs: [i]"},
    {"cameras: [k]}]", "cameras: [k], kind: test}]"},
};

START_TEST(what_only_looks_wrong_is_legal)
{
    config_destroy(load(with(legal[_i].from, legal[_i].to)));
}
END_TEST

START_TEST(an_output_may_be_for_a_button_of_tests)
{
    struct config *c = load("site: {id: a, name: x}\n"
                            "signing: {driver: pem, key_file: key.pem}\n"
                            "inputs: [{id: t, name: x, place: x, driver: sim, kind: test}]\n"
                            "receivers: [{id: r, name: x, driver: sim}]\n"
                            "outputs: [{id: o, on: [raised], driver: x, inputs: [t]}]\n");
    config_destroy(c);
}
END_TEST

START_TEST(an_output_may_not_be_for_what_is_no_button)
{
    static const char of[] = "site: {id: a, name: x}\n"
                             "signing: {driver: pem, key_file: key.pem}\n"
                             "inputs: [{id: t, name: x, place: x, driver: sim},\n"
                             "  {id: k, name: x, place: x, driver: sim, kind: reset}]\n"
                             "receivers: [{id: r, name: x, driver: sim}]\n"
                             "outputs: [{id: o, on: [raised], driver: x, inputs: [k]}]\n";
    ck_assert_ptr_null(config_folder_load(&folder, of, strlen(of), 0640, &fake_drivers));
    ck_assert_msg(strstr(folder.problems, "outputs.o"), "%s", folder.problems);
}
END_TEST

START_TEST(alarms_and_exercises_are_as_the_file_says)
{
    struct config *c = load(text);
    ck_assert_int_eq(c->alarms.cancel_window_ms, 30000);
    ck_assert_int_eq(c->exercises.long_press_ms, 2000);
    config_destroy(c);
}
END_TEST

static bool is_noted(const char *of, const char *note)
{
    struct config *c = load(of);
    bool told = false;
    for (size_t i = 0; i < c->notes.count; i++)
        told = told || strstr(c->notes.items[i], note);
    config_destroy(c);
    return told;
}

START_TEST(a_site_is_known_by_twenty_digits)
{
    static const char note[] = "site.id: is no 20-digit GB/T 28181 code";
    ck_assert(is_noted(text, note));
    ck_assert(is_noted(with("id: a", "id: \"3101060000132000000\""), note));
    ck_assert(is_noted(with("id: a", "id: \"310106000013200000012\""), note));
    ck_assert(is_noted(with("id: a", "id: \"3101060000132000000x\""), note));
    ck_assert(!is_noted(with("id: a", "id: \"31010600001320000001\""), note));
}
END_TEST

START_TEST(a_journal_that_a_press_would_wait_for_is_noted)
{
    static const char note[] = "storage.journal_dir: is on a disk";
    const char *given = with("storage: {", "storage: {journal_dir: /var/journal, ");
    ck_assert(is_noted(given, note));
    ck_assert(!is_noted(text, note));
    known_disk_forgets = "tmpfs";
    ck_assert(!is_noted(given, note));
    known_disk_forgets = NULL;
}
END_TEST

START_TEST(a_store_that_forgets_is_noted)
{
    static const char note[] = "storage.state_dir: is on tmpfs, which forgets everything";
    looks = true;
    ck_assert(!is_noted(text, note));
    known_disk_forgets = "tmpfs";
    ck_assert(is_noted(text, note));
    looks = false; /* that disk may not answer */
    ck_assert(!is_noted(text, note));
    known_disk_forgets = NULL;
}
END_TEST

static const struct option *find_option(const struct section *section, const char *key)
{
    const struct option *o = section->options;
    while (o->key && strcmp(o->key, key) != 0)
        o++;
    ck_assert_ptr_nonnull(o->key);
    return o;
}

START_TEST(an_enum_is_told_with_the_words_of_the_file)
{
    const struct option *kind = find_option(&inputs_section, "kind");
    for (int i = CONFIG_INPUT_PANIC; i <= CONFIG_INPUT_CARD; i++)
        ck_assert_str_eq(config_input_kind_name((enum config_input_kind)i), kind->choices[i]);
    ck_assert_str_eq(kind->choices[CONFIG_INPUT_DRILL_SWITCH], "drill");
    ck_assert_ptr_null(kind->choices[CONFIG_INPUT_CARD + 1]);
    const struct option *on = find_option(&outputs_section, "on");
    for (int i = CONFIG_OUTPUT_RAISED; i <= CONFIG_OUTPUT_CLOSED; i++)
        ck_assert_str_eq(config_output_trigger_name((enum config_output_trigger)i), on->choices[i]);
    ck_assert_str_eq(on->choices[CONFIG_OUTPUT_ESCALATED], "escalated");
    ck_assert_ptr_null(on->choices[CONFIG_OUTPUT_CLOSED + 1]);
    const struct option *contact = find_option(&inputs_section, "contact");
    ck_assert_str_eq(contact->choices[CONFIG_CONTACT_CLOSED], "normally-closed");
    ck_assert_str_eq(contact->choices[CONFIG_CONTACT_OPEN], "normally-open");
}
END_TEST

/* A pattern has one name, wherever it is written. */
START_TEST(what_a_lamp_shows_of_silence_has_the_patterns_names)
{
    const struct option *shows = find_option(&lamps_section, "silent_shows");
    ck_assert_str_eq(shows->choices[CONFIG_SILENT_OFF],
                     indicator_pattern_name(INDICATOR_PATTERN_OFF));
    ck_assert_str_eq(shows->choices[CONFIG_SILENT_DEGRADED],
                     indicator_pattern_name(INDICATOR_PATTERN_DEGRADED));
    ck_assert_str_eq(shows->choices[CONFIG_SILENT_TEST],
                     indicator_pattern_name(INDICATOR_PATTERN_TEST));
    ck_assert_str_eq(shows->choices[CONFIG_SILENT_NOTHING], "nothing");
    ck_assert_str_eq(shows->choices[CONFIG_SILENT_PROGRESS], "progress");
}
END_TEST

START_TEST(lists_are_as_long_as_what_holds_them)
{
    ck_assert_uint_eq(inputs_section.most, LIMIT_INPUTS);
    ck_assert_uint_eq(cameras_section.most, LIMIT_CAMERAS);
    ck_assert_uint_eq(receivers_section.most, LIMIT_RECEIVERS);
    ck_assert_uint_eq(lamps_section.most, LIMIT_LAMPS);
    ck_assert_uint_eq(outputs_section.most, LIMIT_OUTPUTS);
    ck_assert_int_eq(find_option(&inputs_section, "cameras")->max, LIMIT_INPUT_CAMERAS);
    ck_assert_int_eq(find_option(&inputs_section, "presses")->max, LIMIT_PRESSES);
    ck_assert_int_eq(find_option(&inputs_section, "duress_presses")->max, LIMIT_PRESSES);
    ck_assert_int_eq(find_option(&outputs_section, "inputs")->max, LIMIT_INPUTS);
    ck_assert_int_eq(find_option(&receivers_section, "group")->max, LIMIT_GROUPS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sections");
    TCase *tests = tcase_create("sections");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_reload_names_the_section_that_changed, 0,
                        sizeof edits / sizeof *edits);
    tcase_add_loop_test(tests, what_only_looks_wrong_is_legal, 0, sizeof legal / sizeof *legal);
    tcase_add_test(tests, an_output_may_be_for_a_button_of_tests);
    tcase_add_test(tests, an_output_may_not_be_for_what_is_no_button);
    tcase_add_test(tests, alarms_and_exercises_are_as_the_file_says);
    tcase_add_test(tests, a_site_is_known_by_twenty_digits);
    tcase_add_test(tests, a_journal_that_a_press_would_wait_for_is_noted);
    tcase_add_test(tests, a_store_that_forgets_is_noted);
    tcase_add_test(tests, the_shorthands_are_the_sections);
    tcase_add_test(tests, an_entry_is_found_by_its_id);
    tcase_add_test(tests, an_enum_is_told_with_the_words_of_the_file);
    tcase_add_test(tests, what_a_lamp_shows_of_silence_has_the_patterns_names);
    tcase_add_test(tests, lists_are_as_long_as_what_holds_them);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
