/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents against the tables that the programs read with: config/tocsin.yaml and
 * tocsin.yaml(5) name every key of every section and driver, with what is legal and the default,
 * and no key that does not exist. The checked-in configurations are good ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "conf/nearest.h"
#include "config_folder.h"
#include "config_sentence.h"
#include "drivers/camera/types.h"
#include "drivers/indicator/indicators.h"
#include "drivers/input/inputs.h"
#include "drivers/output/outputs.h"
#include "drivers/signer/signers.h"
#include "drivers/uplink/uplinks.h"
#include "run_suite.h"
#include "sections/config.h"

#define DRIVER_HELP "Which driver serves it; the driver's own keys stand beside this one."

static const struct config_drivers real_drivers = {.inputs = input_types,
                                                   .indicators = indicator_types,
                                                   .outputs = output_types,
                                                   .cameras = camera_types,
                                                   .signers = signer_types,
                                                   .uplinks = uplink_types};

static struct conf_row rows[CONFIG_SECTIONS_MAX];
static size_t row_count;

static void set_up(void)
{
    row_count = config_rows(&real_drivers, rows);
}

static char *read_document(const char *name)
{
    char path[600], *text;
    struct err e;
    snprintf(path, sizeof path, CONFIG_FOLDER "/%s", name);
    ck_assert_msg(atomic_file_read(path, 1 << 20, &text, NULL, &e) == 0, "%s", e.text);
    return text;
}

/* The text of `text` from behind the line `from` to the next line for which `ends` is true, each
 * line through `clean`, joined by single spaces. Caller frees. */
static char *join_block(const char *text, const char *from, bool (*ends)(const char *line),
                        void (*clean)(char *line))
{
    char *copy = strdup(text), *rest = copy, *joined;
    size_t size;
    bool inside = false;
    FILE *stream = open_memstream(&joined, &size);
    for (char *line; (line = strsep(&rest, "\n"));) {
        if (inside && ends(line))
            break;
        if (inside) {
            clean(line);
            fprintf(stream, "%s ", line);
        }
        inside = inside || strcmp(line, from) == 0;
    }
    fclose(stream);
    free(copy);
    ck_assert_msg(inside, "there is no \"%s\"", from);
    return joined;
}

static bool is_yaml_section(const char *line)
{
    return line[0] >= 'a' && line[0] <= 'z';
}

/* Without indentation, the sign of a comment, and that of a list's entry. */
static void clean_yaml(char *line)
{
    char *from = line + strspn(line, " ");
    from += *from == '#';
    from += strspn(from, " ");
    from += strncmp(from, "- ", 2) == 0 ? 2 : 0;
    memmove(line, from, strlen(from) + 1);
}

static bool is_man_section(const char *line)
{
    return strncmp(line, ".S", 2) == 0;
}

static void clean_man(char *line)
{
    static const char *const escapes[][2] = {
        {"\\-", "-"}, {"\\(aq", "'"}, {"\\(dq", "\""}, {"\\&", ""}, {"\\e", "\\"}};
    char *to = line;
    for (const char *from = line; *from;) {
        size_t i = 0, count = sizeof escapes / sizeof *escapes;
        while (i < count && strncmp(from, escapes[i][0], strlen(escapes[i][0])) != 0)
            i++;
        if (i == count) {
            *to++ = *from++;
        } else {
            from += strlen(escapes[i][0]);
            to = stpcpy(to, escapes[i][1]);
        }
    }
    *to = '\0';
}

static void describe_driver(const struct driver_type *const *types, char *ret_text, size_t size)
{
    const char *names[32];
    char list[200];
    size_t count = 0;
    for (; types[count]; count++)
        names[count] = types[count]->name;
    names[count] = NULL;
    nearest_join(names, list, sizeof list);
    snprintf(ret_text, size, DRIVER_HELP " [%s; required]", list);
}

static void expect(const char *block, const char *where, const char *text)
{
    ck_assert_msg(strstr(block, text), "%s must say: %s\nbut says:\n%.2000s", where, text, block);
}

static void expect_in_yaml(const char *block, const char *section, const struct option *table)
{
    for (const struct option *o = table; o->key; o++) {
        char sentence[1000], key[100];
        config_sentence(o, sentence, sizeof sentence);
        expect(block, section, sentence);
        snprintf(key, sizeof key, o->type == OPTION_SECRET ? " %s_file: " : " %s: ", o->key);
        expect(block, section, key);
    }
}

START_TEST(the_reference_file_names_every_key_with_its_default)
{
    char *text = read_document("tocsin.yaml");
    for (size_t r = 0; r < row_count; r++) {
        const struct section *c = rows[r].section;
        const struct driver_type *const *types = rows[r].drivers;
        char line[80], sentence[400];
        snprintf(line, sizeof line, "%s:", c->name);
        char *block = join_block(text, line, is_yaml_section, clean_yaml);
        expect_in_yaml(block, c->name, c->options);
        for (size_t i = 0; types && types[i]; i++) {
            snprintf(sentence, sizeof sentence, "driver %s: %s.", types[i]->name, types[i]->help);
            expect(block, c->name, sentence);
            expect_in_yaml(block, c->name, types[i]->options);
        }
        if (types) {
            describe_driver(types, sentence, sizeof sentence);
            expect(block, c->name, sentence);
        }
        free(block);
    }
    free(text);
}
END_TEST

/* Every key of the table once, and no other in bold. */
static void expect_in_man(const char *text, const char *heading, const struct option *table,
                          const char *driver_sentence)
{
    char line[120], wanted[1100];
    size_t keys = 0, bold = 0;
    snprintf(line, sizeof line, ".SS %s", heading);
    char *block = join_block(text, line, is_man_section, clean_man);
    for (const struct option *o = table; o->key; o++, keys++) {
        int length = snprintf(wanted, sizeof wanted, ".TP .B %s ", o->key);
        config_sentence(o, wanted + length, sizeof wanted - (size_t)length);
        expect(block, heading, wanted);
    }
    if (driver_sentence) {
        snprintf(wanted, sizeof wanted, ".TP .B driver %s", driver_sentence);
        expect(block, heading, wanted);
        keys++;
    }
    for (const char *at = block; (at = strstr(at, ".B ")); at++)
        bold++;
    ck_assert_msg(keys == bold, "%s: %zu keys, but %zu in bold:\n%s", heading, keys, bold, block);
    free(block);
}

START_TEST(the_man_page_names_every_key_with_its_default)
{
    char *text = read_document("tocsin.yaml.5");
    for (size_t r = 0; r < row_count; r++) {
        const struct section *c = rows[r].section;
        const struct driver_type *const *types = rows[r].drivers;
        char sentence[400], heading[80];
        if (types)
            describe_driver(types, sentence, sizeof sentence);
        expect_in_man(text, c->name, c->options, types ? sentence : NULL);
        for (size_t i = 0; types && types[i]; i++) {
            snprintf(heading, sizeof heading, "%s, driver %s", c->name, types[i]->name);
            expect_in_man(text, heading, types[i]->options, NULL);
        }
    }
    free(text);
}
END_TEST

static void expect_good(const char *text, const struct config_drivers *drivers)
{
    struct config_folder folder;
    config_folder_init(&folder);
    struct config *config = config_folder_load(&folder, text, strlen(text), 0644, drivers);
    ck_assert_msg(config, "%s", folder.problems);
    config_destroy(config);
    config_folder_finish(&folder);
}

START_TEST(the_checked_in_configurations_are_good)
{
    static const char *const names[] = {"tocsin.yaml", "minimal.yaml"};
    struct config_drivers no_cameras = real_drivers;
    no_cameras.cameras = NULL; /* the passwords of the demonstration are made when it starts */
    char *text = read_document("demo.yaml");
    expect_good(text, &no_cameras);
    free(text);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        text = read_document(names[i]);
        expect_good(text, &real_drivers);
        free(text);
    }
}
END_TEST

/* "#key: value" is a line to be used by taking the sign away; "# text" is a comment. */
START_TEST(every_line_of_the_reference_that_is_commented_out_is_good)
{
    char *text = read_document("tocsin.yaml"), *rest = text, *used;
    size_t size, taken = 0;
    FILE *stream = open_memstream(&used, &size);
    for (char *line; (line = strsep(&rest, "\n"));) {
        size_t indent = strspn(line, " ");
        bool out = line[indent] == '#' && line[indent + 1] != ' ' && line[indent + 1] != '\0';
        taken += out;
        fprintf(stream, "%.*s%s\n", (int)indent, line, line + indent + out);
    }
    fclose(stream);
    ck_assert_uint_gt(taken, 20);
    expect_good(used, &real_drivers);
    free(used);
    free(text);
}
END_TEST

static size_t member_size(const struct option *o)
{
    switch (o->type) {
    case OPTION_ID:
    case OPTION_STRING:
    case OPTION_PATH:
    case OPTION_SECRET:
        return sizeof(char *);
    case OPTION_BOOL:
        return sizeof(bool);
    case OPTION_INT:
    case OPTION_DURATION:
    case OPTION_SIZE:
        return sizeof(int64_t);
    case OPTION_DECIMAL:
        return sizeof(double);
    case OPTION_CHOICE:
        return sizeof(int);
    case OPTION_CHOICES:
        return sizeof(uint32_t);
    case OPTION_LIST:
    case OPTION_PATHS:
        return sizeof(struct option_list);
    }
    ck_abort_msg("%s: is of no type", o->key);
    return 0;
}

static bool overlap(size_t a, size_t a_size, size_t b, size_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

/* Each key has a member of its own: none is stored into another's, or beyond the struct. */
static void check_members(const char *where, const struct option *table, size_t struct_size)
{
    for (const struct option *o = table; o->key; o++) {
        ck_assert_msg(o->offset + member_size(o) <= struct_size, "%s.%s: is beyond the struct",
                      where, o->key);
        for (const struct option *other = table; other < o; other++)
            ck_assert_msg(!overlap(o->offset, member_size(o), other->offset, member_size(other)),
                          "%s: %s and %s are stored into the same member", where, other->key,
                          o->key);
    }
}

/* Nor into what the loader fills beside the options. */
static void check_section_members(const struct section *c)
{
    check_members(c->name, c->options, c->size);
    for (const struct option *o = c->options; o->key; o++) {
        ck_assert_msg(!c->has_driver || !overlap(o->offset, member_size(o), c->driver_offset,
                                                 sizeof(struct config_driver)),
                      "%s.%s: is stored into the driver's member", c->name, o->key);
        ck_assert_msg(!c->has_place || !overlap(o->offset, member_size(o), c->place_offset,
                                                sizeof(struct config_place)),
                      "%s.%s: is stored into the place's member", c->name, o->key);
    }
}

/* What stands in a table is legal by the same table. */
static void check_table(const char *where, const struct option *table)
{
    for (const struct option *o = table; o->key; o++) {
        ck_assert_msg(o->help && o->help[strlen(o->help) - 1] == '.', "%s.%s: help is a sentence",
                      where, o->key);
        ck_assert_msg(!(o->required && o->fallback), "%s.%s: required, yet has a default", where,
                      o->key);
        bool counted = o->type == OPTION_LIST || o->type == OPTION_PATHS;
        bool ranged = counted || o->type == OPTION_INT || o->type == OPTION_DURATION ||
                      o->type == OPTION_SIZE || o->type == OPTION_DECIMAL;
        ck_assert_msg(!ranged || o->min < o->max, "%s.%s: has no range", where, o->key);
        ck_assert_msg(!counted || !o->fallback, "%s.%s: lists have no default", where, o->key);
        ck_assert_msg(o->type != OPTION_CHOICE || (o->choices && o->choices[0]),
                      "%s.%s: has no choices", where, o->key);
        ck_assert_msg(o->type != OPTION_BOOL || o->fallback, "%s.%s: has no default", where,
                      o->key);
        for (const struct option *other = table; other < o; other++)
            ck_assert_msg(strcmp(other->key, o->key) != 0, "%s.%s: stands twice", where, o->key);
    }
}

START_TEST(the_tables_are_sound)
{
    for (size_t r = 0; r < row_count; r++) {
        const struct section *c = rows[r].section;
        const struct driver_type *const *types = rows[r].drivers;
        check_table(c->name, c->options);
        check_section_members(c);
        for (size_t i = 0; types && types[i]; i++) {
            check_table(types[i]->name, types[i]->options);
            check_members(types[i]->name, types[i]->options, types[i]->options_size);
            for (const struct option *o = types[i]->options; o->key; o++) {
                ck_assert_str_ne(o->key, "driver");
                for (const struct option *common = c->options; common->key; common++)
                    ck_assert_str_ne(o->key, common->key);
            }
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config-reference");
    TCase *tests = tcase_create("documents");
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, the_reference_file_names_every_key_with_its_default);
    tcase_add_test(tests, the_man_page_names_every_key_with_its_default);
    tcase_add_test(tests, the_checked_in_configurations_are_good);
    tcase_add_test(tests, every_line_of_the_reference_that_is_commented_out_is_good);
    tcase_add_test(tests, the_tables_are_sound);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
