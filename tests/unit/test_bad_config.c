/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every file of tests/data/bad-config through config_load: NN-name.expect holds every mistake that
 * must be told of NN-name.yaml, in order; {file} and {folder} stand for where it was read.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "config_folder.h"
#include "fake_drivers.h"
#include "run_suite.h"

#define FILES_LEAST 40

static struct dirent **names;
static int name_count;

static int is_yaml(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static char *read_data(const char *name, const char *ending, size_t *ret_length)
{
    char path[600], *text;
    struct err e;
    snprintf(path, sizeof path, BAD_CONFIG_FOLDER "/%.*s%s", (int)strlen(name) - 5, name, ending);
    ck_assert_msg(atomic_file_read(path, 4 << 20, &text, ret_length, &e) == 0, "%s", e.text);
    return text;
}

/* Puts `f`'s names where the expectation has {file} and {folder}. Caller frees. */
static char *put_in(const char *expected, const struct config_folder *f)
{
    char *made;
    size_t size;
    FILE *stream = open_memstream(&made, &size);
    while (*expected) {
        if (strncmp(expected, "{file}", 6) == 0) {
            fputs(f->file, stream);
            expected += 6;
        } else if (strncmp(expected, "{folder}", 8) == 0) {
            fputs(f->path, stream);
            expected += 8;
        } else {
            fputc(*expected++, stream);
        }
    }
    fclose(stream);
    return made;
}

START_TEST(every_mistake_is_told_with_its_place)
{
    struct config_folder f;
    const char *name = names[_i]->d_name;
    size_t length;
    char *text = read_data(name, ".yaml", &length);
    char *wanted = read_data(name, ".expect", NULL);
    config_folder_init(&f);
    struct config *config = config_folder_load(&f, text, length, 0644, &fake_drivers);
    char *expected = put_in(wanted, &f);
    ck_assert_ptr_null(config);
    ck_assert_int_eq(f.result, -EINVAL);
    ck_assert_msg(strcmp(f.problems, expected) == 0, "%s\nexpected:\n%sgot:\n%s", name, expected,
                  f.problems);
    free(expected);
    free(wanted);
    free(text);
    config_folder_finish(&f);
}
END_TEST

START_TEST(there_are_as_many_files_as_there_are_ways_to_be_wrong)
{
    ck_assert_int_ge(name_count, FILES_LEAST);
}
END_TEST

int main(void)
{
    unsetenv("CREDENTIALS_DIRECTORY");
    name_count = scandir(BAD_CONFIG_FOLDER, &names, is_yaml, alphasort);
    Suite *suite = suite_create("bad-config");
    TCase *tests = tcase_create("files");
    tcase_add_loop_test(tests, every_mistake_is_told_with_its_place, 0, name_count);
    tcase_add_test(tests, there_are_as_many_files_as_there_are_ways_to_be_wrong);
    suite_add_tcase(suite, tests);
    int result = run_suite(suite);
    for (int i = 0; i < name_count; i++)
        free(names[i]);
    free(names);
    return result;
}
