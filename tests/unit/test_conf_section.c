/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library alone: what a section's owner writes, and what it gets for it.
 */
#include <string.h>

#include "conf_patrol.h"
#include "run_suite.h"

START_TEST(a_section_of_its_own_comes_back_as_its_struct)
{
    struct conf *conf = load(good);
    size_t count;
    const struct round *rounds = conf_items(conf, &patrol, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(rounds[0].id, "late");
    ck_assert_int_eq(rounds[0].order, PATROL_ANY);
    ck_assert_int_eq(rounds[0].begin_ms, 36000000);
    ck_assert_int_eq(rounds[0].at.line, 3);
    ck_assert_int_eq(rounds[0].at.column, 5);
    ck_assert_ptr_eq(rounds[0].driver.type, &reader_type);
    ck_assert_str_eq(((struct tag_reader *)rounds[0].driver.options)->pin, "1234");
    ck_assert_int_eq(rounds[1].order, PATROL_AS_LISTED);
    ck_assert_ptr_eq(rounds[1].driver.type, &paper_type);
    const struct watch *w = conf_items(conf, &watch, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(w->days, 5);
    ck_assert_int_eq(w->bytes, 4096);
    ck_assert_str_eq(conf_path(conf), path);
    ck_assert_ptr_eq(conf_find(conf, &patrol, "early"), &rounds[1]);
    ck_assert_ptr_null(conf_find(conf, &patrol, "noon"));
    ck_assert_ptr_null(conf_find(conf, &watch, "gate"));
    conf_destroy(conf);
}
END_TEST

START_TEST(a_section_that_is_not_in_the_file_has_its_defaults)
{
    struct conf *conf = load("patrol: [{id: a, driver: paper}]\nposts: [{id: gate}]\n");
    const struct watch *w = conf_items(conf, &watch, NULL);
    ck_assert(w->on);
    ck_assert_double_eq_tol(w->share, 0.5, 1e-9);
    conf_destroy(conf);
    static const struct conf_row alone[] = {{&posts, NULL}};
    size_t count;
    conf = load_rows("posts:\n", alone, 1);
    ck_assert_ptr_nonnull(conf_items(conf, &posts, &count));
    ck_assert_uint_eq(count, 0);
    conf_destroy(conf);
}
END_TEST

START_TEST(what_two_keys_say_about_each_other_is_told_at_the_key)
{
    expect("posts: [{id: gate}]\n"
           "patrol:\n"
           "  - {id: a, driver: paper, begin: 2h, end: 1h}\n"
           "  - {id: b, driver: paper, end: 1h}\n"
           "  - {id: c, driver: paper, begin: 24h}\n",
           "3:44: patrol.a.end: is before begin\n"
           "4:33: patrol.b.end: is before begin, which has its default\n"
           "5:5: patrol.c.end: is before begin\n");
}
END_TEST

START_TEST(what_a_check_tells_of_an_entry_or_of_the_whole)
{
    expect("patrol: [{driver: paper, id: a, start: nowhere}]\n",
           "1:9: patrol: needs posts\n"
           "1:30: patrol.a: goes nowhere\n"
           "1:40: patrol.a.start: \"nowhere\" is no post that is known here (legal: none)\n");
}
END_TEST

START_TEST(a_name_must_be_that_of_an_entry_that_is_offered)
{
    expect("posts: [{id: gate}, {id: shed, walled_up: true}]\n"
           "patrol:\n"
           "  - {id: a, driver: paper, posts: [gate, gats, shed]}\n"
           "  - {id: b, driver: reader, port: x, post: yard, start: shed}\n",
           "3:42: patrol.a.posts[2]: \"gats\" is no post that is known here (nearest: \"gate\"; "
           "legal: gate)\n"
           "3:48: patrol.a.posts[3]: \"shed\" is no post that is known here (legal: gate)\n"
           "4:44: patrol.b.post: \"yard\" is no post that is known here (legal: gate)\n"
           "4:57: patrol.b.start: \"shed\" is no post that is known here (legal: gate)\n");
}
END_TEST

/* The mistake is where the id should be; what names it may be right. */
START_TEST(names_are_not_judged_while_an_id_is_missing)
{
    expect("posts: [{id: gate}, {walled_up: false}]\n"
           "patrol: [{id: a, driver: paper, posts: [yard]}]\n",
           "1:21: posts[2].id: is missing: Id.\n");
}
END_TEST

START_TEST(names_of_a_section_that_the_program_does_not_have_are_not_judged)
{
    static const struct conf_row one[] = {{&watch, NULL}, {&posts, NULL}};
    struct conf *conf = load_rows("posts: [{id: gate}]\n", one, 2);
    ck_assert_uint_eq(conf_notes(conf)->count, 1);
    ck_assert_ptr_nonnull(strstr(conf_notes(conf)->items[0], "no round of 0 comes by"));
    conf_destroy(conf);
}
END_TEST

START_TEST(notes_are_those_of_the_sections_and_of_simulated_drivers)
{
    static const char *const notes[] = {
        ":1:27: note: posts.yard: no round of 1 comes by",
        ":2:10: note: patrol.a: is simulated (driver: paper): nothing real is behind it"};
    struct conf *conf = load("posts: [{id: gate}, { id: yard}]\n"
                             "patrol: [{id: a, driver: paper, start: gate}]\n");
    ck_assert_uint_eq(conf_notes(conf)->count, 2);
    for (size_t i = 0; i < 2; i++)
        ck_assert_str_eq(conf_notes(conf)->items[i] + strlen(path), notes[i]);
    conf_destroy(conf);
    /* Named in a list, as one name, by a driver. */
    conf = load("posts: [{id: p}, {id: q}, {id: r}]\n"
                "patrol: [{id: a, driver: reader, port: x, posts: [p], start: q, post: r}]\n");
    ck_assert_uint_eq(conf_notes(conf)->count, 0);
    conf_destroy(conf);
    /* A round of that name is no post. */
    conf = load("posts: [{id: p}]\n"
                "patrol: [{id: p, driver: reader, port: x}, {id: q, driver: reader, port: x, "
                "after: p}]\n");
    ck_assert_uint_eq(conf_notes(conf)->count, 1);
    conf_destroy(conf);
}
END_TEST

START_TEST(a_section_a_key_and_a_driver_are_told_with_the_nearest)
{
    expect("patroll: []\nposts: [{id: gate, port: x}]\nwatch: {wakled_up: true}\n",
           "1:1: \"patroll\" is no section that is known here (nearest: \"patrol\"; legal: posts, "
           "patrol, watch)\n"
           "2:20: posts.gate: \"port\" is no key that is known here: it belongs to patrol with "
           "driver reader\n"
           "3:9: watch: \"wakled_up\" is no key that is known here (legal: share, bytes, count, "
           "days, on, folder, files)\n");
    expect("posts: [{id: gate}]\npatrol: [{id: a, driver: papre}, {id: b}]\n",
           "2:26: patrol.a.driver: \"papre\" is no driver that is known here (nearest: \"paper\"; "
           "legal: reader, paper)\n"
           "2:34: patrol.b.driver: is missing: which driver serves it (legal: reader, paper)\n");
}
END_TEST

START_TEST(a_list_has_its_bounds)
{
    expect("posts: [{id: a}, {id: b}, {id: c}, {id: d}]\npatrol: []\n",
           "1:36: posts: holds 4 entries; 3 are the most\n"
           "2:9: patrol: at least one entry is needed, or nobody goes\n");
    expect("watch: {}\n", "1:1: patrol: at least one entry is needed, or nobody goes\n");
    expect("patrol: [{id: a, driver: paper}, {id: a, driver: paper}]\nposts: {id: gate}\n",
           "1:9: patrol: needs posts\n"
           "1:39: patrol[2].id: \"a\" stands here a second time (first in line 1)\n"
           "2:8: posts: is a map, but must be a list: begin each entry with \"- id: …\"\n");
}
END_TEST

START_TEST(an_id_is_an_id_of_a_list_and_of_its_form)
{
    expect("posts: [{id: -a}, {id: 门}]\npatrol: [{id: a, driver: paper}]\n",
           "1:14: posts[1].id: \"-a\" is no id: it begins with a letter or digit and holds letters "
           "(a-z, A-Z), digits, '-', '_' and '.', 64 at the most; names in Chinese go with name:\n"
           "1:24: posts[2].id: \"门\" is no id: it begins with a letter or digit and holds letters "
           "(a-z, A-Z), digits, '-', '_' and '.', 64 at the most; names in Chinese go with "
           "name:\n");
}
END_TEST

START_TEST(a_program_without_the_drivers_leaves_their_keys_unread)
{
    static const struct conf_row blind[] = {{&posts, NULL}, {&patrol, NULL}};
    struct conf *conf = load_rows("posts: [{id: gate}]\n"
                                  "patrol: [{id: a, driver: whatever, pin_file: /nowhere}]\n",
                                  blind, 2);
    ck_assert_msg(conf, "%s", told);
    const struct round *rounds = conf_items(conf, &patrol, NULL);
    ck_assert_ptr_null(rounds[0].driver.type);
    conf_destroy(conf);
    ck_assert_ptr_null(load_rows("patrol: [{id: a}]\nposts: [{id: b}]\n", blind, 2));
    ck_assert_str_eq(told, "1:10: patrol.a.driver: is missing: which driver serves it\n");
    ck_assert_ptr_null(load_rows("- 1\n", blind, 2));
    ck_assert_str_eq(told, "1:1: is a list, but must be a map of sections, such as \"posts:\"\n");
}
END_TEST

START_TEST(a_driver_is_found_by_its_name)
{
    ck_assert_ptr_eq(driver_find(readers, "paper"), &paper_type);
    ck_assert_ptr_eq(driver_find(readers, "reader"), &reader_type);
    ck_assert_ptr_null(driver_find(readers, "read"));
    ck_assert_ptr_null(driver_find(NULL, "paper"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conf section");
    TCase *tests = tcase_create("sections");
    tcase_add_checked_fixture(tests, patrol_set_up, patrol_tear_down);
    tcase_add_test(tests, a_section_of_its_own_comes_back_as_its_struct);
    tcase_add_test(tests, a_section_that_is_not_in_the_file_has_its_defaults);
    tcase_add_test(tests, what_two_keys_say_about_each_other_is_told_at_the_key);
    tcase_add_test(tests, what_a_check_tells_of_an_entry_or_of_the_whole);
    tcase_add_test(tests, a_name_must_be_that_of_an_entry_that_is_offered);
    tcase_add_test(tests, names_are_not_judged_while_an_id_is_missing);
    tcase_add_test(tests, names_of_a_section_that_the_program_does_not_have_are_not_judged);
    tcase_add_test(tests, notes_are_those_of_the_sections_and_of_simulated_drivers);
    tcase_add_test(tests, a_section_a_key_and_a_driver_are_told_with_the_nearest);
    tcase_add_test(tests, a_list_has_its_bounds);
    tcase_add_test(tests, an_id_is_an_id_of_a_list_and_of_its_form);
    tcase_add_test(tests, a_program_without_the_drivers_leaves_their_keys_unread);
    tcase_add_test(tests, a_driver_is_found_by_its_name);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
