/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library alone, with sections that no program has: what a section's owner writes, and what it
 * gets for it. `posts` are places; `patrol` is a list of rounds that go by them, each with a reader
 * of tags as its driver; `watch` is one map.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "run_suite.h"

struct post {
    char *id;
    bool walled_up;
};

enum patrol_order {
    PATROL_AS_LISTED,
    PATROL_ANY,
};

struct round {
    char *id;
    enum patrol_order order;
    int64_t begin_ms, end_ms;
    struct option_list posts;
    char *start, *after;
    struct config_driver driver;
    struct config_place at;
};

struct watch {
    double share;
    int64_t bytes, count;
    uint32_t days;
    bool on;
    char *folder;
    struct option_list files;
};

struct tag_reader {
    char *port, *pin, *post;
};

static const struct option post_table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct post, id),
     .required = 1,
     .help = "Id."},
    {.key = "walled_up",
     .type = OPTION_BOOL,
     .offset = offsetof(struct post, walled_up),
     .fallback = "false",
     .help = "Nobody comes by."},
    OPTION_TABLE_END,
};

static bool is_reached(const void *item)
{
    const struct post *post = item;
    return !post->walled_up;
}

static void note_posts(const struct section_view *view)
{
    size_t count;
    const struct post *posts = section_items(view, &count);
    for (size_t i = 0; i < count; i++) {
        if (!section_is_named(view, posts[i].id))
            section_note(view, i, NULL, "no round of %zu comes by", section_count(view, "patrol"));
    }
}

static const struct section posts = {.name = "posts",
                                     .help = "Places.",
                                     .options = post_table,
                                     .size = sizeof(struct post),
                                     .most = 3,
                                     .entry = "post",
                                     .offers = is_reached,
                                     .note = note_posts};

static const char *const order_words[] = {
    [PATROL_AS_LISTED] = "as-listed", [PATROL_ANY] = "any", NULL};

static const struct option round_table[] = {
    {.key = "id",
     .type = OPTION_ID,
     .offset = offsetof(struct round, id),
     .required = 1,
     .help = "Id."},
    {.key = "order",
     OPTION_ENUM(struct round, order, order_words),
     .fallback = "any",
     .help = "Which post comes first."},
    {.key = "begin",
     .type = OPTION_DURATION,
     .offset = offsetof(struct round, begin_ms),
     .fallback = "22h",
     .max = 86400000,
     .help = "Time of day."},
    {.key = "end",
     .type = OPTION_DURATION,
     .offset = offsetof(struct round, end_ms),
     .fallback = "23h",
     .max = 86400000,
     .help = "Time of day."},
    {.key = "posts",
     .type = OPTION_LIST,
     .offset = offsetof(struct round, posts),
     .max = 3,
     .refers = "posts",
     .help = "Where it goes."},
    {.key = "start",
     .type = OPTION_STRING,
     .offset = offsetof(struct round, start),
     .refers = "posts",
     .help = "Where it begins."},
    {.key = "after",
     .type = OPTION_STRING,
     .offset = offsetof(struct round, after),
     .refers = "patrol",
     .help = "Which round goes before it."},
    OPTION_TABLE_END,
};

static void check_rounds(const struct section_view *view)
{
    size_t count;
    const struct round *rounds = section_items(view, &count);
    const char *start = count > 0 ? section_text(view, 0, "start") : NULL;
    for (size_t i = 0; i < count; i++) {
        if (rounds[i].end_ms < rounds[i].begin_ms)
            section_mistake(view, i, "end", "is before begin%s",
                            section_has(view, i, "begin") ? "" : ", which has its default");
    }
    if (start && strcmp(start, "nowhere") == 0)
        section_mistake(view, 0, NULL, "goes nowhere");
    if (count > 0 && section_count(view, "posts") == 0)
        section_mistake(view, SECTION_WHOLE, NULL, "needs posts");
    if (count > 0 && section_count(view, "cellar") != 0)
        section_mistake(view, SECTION_WHOLE, NULL, "knows a section that nobody has");
}

static const struct section patrol = {.name = "patrol",
                                      .help = "Rounds.",
                                      .options = round_table,
                                      .size = sizeof(struct round),
                                      .most = 4,
                                      .needed = "or nobody goes",
                                      .entry = "round",
                                      SECTION_DRIVER(struct round, driver),
                                      SECTION_PLACE(struct round, at),
                                      .check = check_rounds};

static const char *const day_words[] = {"mon", "tue", "wed", NULL};

static const struct option watch_table[] = {
    {.key = "share",
     .type = OPTION_DECIMAL,
     .offset = offsetof(struct watch, share),
     .fallback = "0.5",
     .max = 1,
     .help = "Part."},
    {.key = "bytes",
     .type = OPTION_SIZE,
     .offset = offsetof(struct watch, bytes),
     .fallback = "4KiB",
     .max = 65536,
     .help = "Memory."},
    {.key = "count",
     .type = OPTION_INT,
     .offset = offsetof(struct watch, count),
     .fallback = "1",
     .max = 9,
     .help = "Number."},
    {.key = "days",
     .type = OPTION_CHOICES,
     .offset = offsetof(struct watch, days),
     .choices = day_words,
     .help = "Days."},
    {.key = "on",
     .type = OPTION_BOOL,
     .offset = offsetof(struct watch, on),
     .fallback = "true",
     .help = "Whether."},
    {.key = "folder",
     .type = OPTION_PATH,
     .offset = offsetof(struct watch, folder),
     .help = "Where."},
    {.key = "files",
     .type = OPTION_PATHS,
     .offset = offsetof(struct watch, files),
     .max = 4,
     .help = "Which."},
    OPTION_TABLE_END,
};

static const struct section watch = {
    .name = "watch", .help = "One map.", .options = watch_table, .size = sizeof(struct watch)};

static const struct option reader_table[] = {
    {.key = "port",
     .type = OPTION_STRING,
     .offset = offsetof(struct tag_reader, port),
     .required = 1,
     .help = "Port."},
    {.key = "pin",
     .type = OPTION_SECRET,
     .offset = offsetof(struct tag_reader, pin),
     .help = "Its secret."},
    {.key = "post",
     .type = OPTION_STRING,
     .offset = offsetof(struct tag_reader, post),
     .refers = "posts",
     .help = "Where it hangs."},
    OPTION_TABLE_END,
};

static const struct option no_options[] = {OPTION_TABLE_END};

static const struct driver_type reader_type = {.name = "reader",
                                               .help = "Reads tags.",
                                               .options = reader_table,
                                               .options_size = sizeof(struct tag_reader)};
static const struct driver_type paper_type = {
    .name = "paper", .help = "A form.", .options = no_options, .simulated = true};
static const struct driver_type *const readers[] = {&reader_type, &paper_type, NULL};

static const struct conf_row rows[] = {{&posts, NULL}, {&patrol, readers}, {&watch, NULL}};
#define ROWS (sizeof rows / sizeof *rows)

static char folder[] = "/tmp/tocsin-conf-XXXXXX", path[80];
static char *told; /* the problems of the last load, without the file's name */
static struct err why;

static void write_file(const char *name, const char *text, mode_t mode)
{
    char file[120];
    snprintf(file, sizeof file, "%s/%s", folder, name);
    FILE *out = fopen(file, "w");
    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
    chmod(file, mode);
}

static void set_up(void)
{
    strcpy(folder, "/tmp/tocsin-conf-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file.yaml", folder);
    write_file("pin", "1234\n", 0640);
    write_file("pin-2", "1234\n", 0640);
    write_file("pin-3", "12345\n", 0640);
}

static void tear_down(void)
{
    static const char *const names[] = {"pin", "pin-2", "pin-3", "file.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char file[120];
        snprintf(file, sizeof file, "%s/%s", folder, names[i]);
        unlink(file);
    }
    rmdir(folder);
    free(told);
    told = NULL;
}

static void take_problem(void *arg, const char *line)
{
    fprintf(arg, "%s\n", line + strlen(path) + 1);
}

static struct conf *load_rows(const char *text, const struct conf_row *of, size_t count)
{
    struct conf *conf = NULL;
    size_t size;
    free(told);
    FILE *stream = open_memstream(&told, &size);
    struct conf_request request = {
        .rows = of, .row_count = count, .on_problem = take_problem, .arg = stream};
    write_file("file.yaml", text, 0640);
    int result = conf_load(path, &request, &conf, &why);
    fclose(stream);
    ck_assert_int_eq(result == 0, conf != NULL);
    return conf;
}

static struct conf *load(const char *text)
{
    struct conf *conf = load_rows(text, rows, ROWS);
    ck_assert_msg(conf, "%s", told);
    return conf;
}

static void expect(const char *text, const char *problems)
{
    ck_assert_ptr_null(load_rows(text, rows, ROWS));
    ck_assert_str_eq(told, problems);
}

static const char good[] = "posts: [{id: gate}, {id: yard}, {id: shed, walled_up: true}]\n"
                           "patrol:\n"
                           "  - {id: late, driver: reader, port: a, pin_file: pin, post: yard,\n"
                           "     posts: [gate], start: gate, begin: 10h, end: 11h}\n"
                           "  - {id: early, driver: paper, order: as-listed}\n"
                           "watch: {days: [mon, wed], files: [x, y], folder: z}\n";

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

/* Loads both and joins the names of the sections that differ. */
static const char *changed(const char *before, const char *after)
{
    static char text[100];
    const char *names[ROWS];
    struct conf *a = load(before), *b = load(after);
    size_t count = conf_changed(a, b, names);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        strcat(strcat(text, i > 0 ? " " : ""), names[i]);
    ck_assert_uint_eq(conf_changed(b, a, names), count);
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

START_TEST(what_two_programs_do_not_read_is_no_change)
{
    static const struct conf_row blind[] = {{&patrol, NULL}, {&posts, NULL}};
    const char *names[2];
    struct conf *a = load_rows("patrol: [{id: a, driver: x}]\nposts: [{id: b}]\n", blind, 2);
    struct conf *b = load_rows("patrol: [{id: a, driver: y}]\nposts: [{id: b}]\n", blind, 2);
    ck_assert_uint_eq(conf_changed(a, b, names), 0);
    conf_destroy(a);
    conf_destroy(b);
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
    tcase_add_checked_fixture(tests, set_up, tear_down);
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
    tcase_add_test(tests, what_is_written_otherwise_is_no_change);
    tcase_add_loop_test(tests, every_value_that_differs_is_a_change_of_its_section, 0,
                        sizeof edits / sizeof *edits);
    tcase_add_test(tests, all_sections_that_changed_are_named_in_the_order_of_the_rows);
    tcase_add_test(tests, what_two_programs_do_not_read_is_no_change);
    tcase_add_test(tests, a_driver_is_found_by_its_name);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
