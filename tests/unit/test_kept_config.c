/* SPDX-License-Identifier: Apache-2.0 */
/* The last configuration that worked: how it is kept, and what a daemon starts with. */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/daemon.h"
#include "conf/kept.h"
#include "config_folder.h"
#include "fake_drivers.h"
#include "run_suite.h"
#include "sections/start.h"

#define GOOD                                                                                       \
    "site: {id: g1, name: School}\n"                                                               \
    "signing: {driver: pem, key_file: key.pem}\n"                                                  \
    "receivers: [{id: police, name: Police, driver: sim}]\n"                                       \
    "inputs: [{id: gate, name: Gate, place: Gatehouse, driver: sim}]\n"

static struct config_folder folder;
static char kept[100];
static struct conf_text text;
static struct err problem;

static void begin(void)
{
    config_folder_init(&folder);
    snprintf(kept, sizeof kept, "%s/tocsin.yaml.last", folder.path);
}

static void end(void)
{
    conf_text_finish(&text);
    config_folder_finish(&folder);
}

static void write_file(const char *bytes)
{
    config_folder_write(&folder, "tocsin.yaml", bytes, strlen(bytes), 0640);
}

static void keep(const char *bytes)
{
    struct conf_text read;
    write_file(bytes);
    ck_assert_int_eq(conf_read(folder.file, &read, &problem), 0);
    ck_assert_msg(kept_write(kept, &read, &problem) == 0, "%s", problem.text);
    conf_text_finish(&read);
}

static char *slurp(size_t *ret_length)
{
    char *bytes;
    ck_assert_int_eq(atomic_file_read(kept, 10000, &bytes, ret_length, &problem), 0);
    return bytes;
}

START_TEST(what_is_kept_is_the_text_as_it_was_and_nobodys_but_the_daemons)
{
    static const char *const texts[][2] = {{GOOD, GOOD},
                                           {"a: 1", "a: 1\n"},
                                           {"\xef\xbb\xbf"
                                            "a: 1\r\n",
                                            "\xef\xbb\xbf"
                                            "a: 1\r\n"},
                                           {"", "\n"},
                                           {"a: 1\n# kept by tocsin, sum 0123456789abcdef /\n",
                                            "a: 1\n# kept by tocsin, sum 0123456789abcdef /\n"}};
    char whole[PATH_MAX];
    struct stat st;
    keep(texts[_i][0]);
    ck_assert_int_eq(stat(kept, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777, 0600);
    ck_assert_msg(kept_read(kept, &text, &problem) == 0, "%s", problem.text);
    ck_assert_str_eq(text.bytes, texts[_i][1]);
    ck_assert_uint_eq(text.length, strlen(texts[_i][1]));
    ck_assert_str_eq(text.path, kept);
    ck_assert_ptr_nonnull(realpath(folder.path, whole));
    ck_assert_str_eq(text.folder, whole);
    ck_assert_uint_eq(text.mode & 0777, 0600);
}
END_TEST

START_TEST(a_person_can_copy_it_back_as_it_is)
{
    size_t length;
    keep(GOOD);
    char *bytes = slurp(&length);
    struct config *config = config_folder_load(&folder, bytes, length, 0640, &fake_drivers);
    ck_assert_msg(config != NULL, "%s", folder.problems);
    ck_assert_str_eq(config->inputs.items[0].id, "gate");
    config_destroy(config);
    free(bytes);
}
END_TEST

START_TEST(cut_anywhere_it_is_not_taken)
{
    size_t length;
    keep(GOOD);
    char *bytes = slurp(&length);
    for (size_t cut = 0; cut < length; cut++) {
        config_folder_write(&folder, "tocsin.yaml.last", bytes, cut, 0600);
        ck_assert_int_eq(kept_read(kept, &text, &problem), -EBADMSG);
    }
    free(bytes);
}
END_TEST

START_TEST(with_a_bit_that_is_another_it_is_not_taken)
{
    size_t length;
    keep(GOOD);
    char *bytes = slurp(&length);
    for (size_t i = 0; i < length; i++) {
        const char flipped = (char)(1 << i % 8);
        bytes[i] ^= flipped;
        config_folder_write(&folder, "tocsin.yaml.last", bytes, length, 0600);
        ck_assert_int_eq(kept_read(kept, &text, &problem), -EBADMSG);
        bytes[i] ^= flipped;
    }
    free(bytes);
}
END_TEST

START_TEST(it_is_written_when_it_is_another_and_only_then)
{
    struct stat before, after;
    keep(GOOD);
    ck_assert_int_eq(stat(kept, &before), 0);
    keep(GOOD);
    ck_assert_int_eq(stat(kept, &after), 0);
    ck_assert_uint_eq(before.st_ino, after.st_ino);
    keep(GOOD "# another\n");
    ck_assert_int_eq(kept_read(kept, &text, &problem), 0);
    ck_assert_str_eq(text.bytes, GOOD "# another\n");
}
END_TEST

START_TEST(it_is_kept_where_systemd_has_made_the_folder_of_the_state)
{
    char path[PATH_MAX], name[PATH_MAX + 10];
    unsetenv("STATE_DIRECTORY");
    ck_assert(!daemon_kept_config(path));
    setenv("STATE_DIRECTORY", "", 1);
    ck_assert(!daemon_kept_config(path));
    setenv("STATE_DIRECTORY", "/var/lib/tocsin", 1);
    ck_assert(daemon_kept_config(path));
    ck_assert_str_eq(path, "/var/lib/tocsin/tocsin.yaml.last");
    setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
    ck_assert(daemon_kept_config(path));
    ck_assert_str_eq(path, "/var/lib/a/tocsin.yaml.last");
    memset(name, 'a', sizeof name);
    name[PATH_MAX] = '\0';
    setenv("STATE_DIRECTORY", name, 1);
    ck_assert(!daemon_kept_config(path));
}
END_TEST

START_TEST(a_file_that_can_be_used_is_used)
{
    struct start start;
    keep(GOOD "# the one before\n");
    write_file(GOOD);
    ck_assert_int_eq(start_read(folder.file, kept, &fake_drivers, &start, &problem), 0);
    ck_assert_str_eq(start.why, "");
    ck_assert_str_eq(start.text.bytes, GOOD);
    ck_assert_str_eq(start.config->path, folder.file);
    conf_text_finish(&start.text);
    config_destroy(start.config);
}
END_TEST

START_TEST(with_one_that_cannot_the_last_that_worked_is_and_why_names_the_place)
{
    static const char *const cases[][3] = {
        {"site: {id: g1, name: School\n", "tocsin.yaml:1:", "}"}, /* no YAML */
        {GOOD "nonsense: 1\n", "tocsin.yaml:5:1: \"nonsense\" is no section", "legal:"},
        {"site: {id: g1}\nother: 1\n", "tocsin.yaml:1:", "; and 4 more"},
        {NULL, "tocsin.yaml: No such file or directory", ""},
    };
    struct start start;
    keep(GOOD);
    if (cases[_i][0])
        write_file(cases[_i][0]);
    else
        unlink(folder.file);
    ck_assert_msg(start_read(folder.file, kept, &fake_drivers, &start, &problem) == 0, "%s",
                  problem.text);
    ck_assert_str_eq(start.config->site.name, "School");
    ck_assert_ptr_null(start.text.bytes); /* nothing of it is to be kept */
    ck_assert_msg(strstr(start.why, cases[_i][1]) != NULL, "%s", start.why);
    ck_assert_msg(strstr(start.why, cases[_i][2]) != NULL, "%s", start.why);
    config_destroy(start.config);
}
END_TEST

START_TEST(its_relative_names_begin_where_they_did)
{
    char folder_of[PATH_MAX], expected[PATH_MAX + 10];
    char other[TEST_FOLDER_SIZE], elsewhere[64];
    struct start start;
    keep(GOOD);
    ck_assert_ptr_nonnull(realpath(folder.path, folder_of));
    snprintf(expected, sizeof expected, "%s/key.pem", folder_of);
    test_folder(other, sizeof other);
    snprintf(elsewhere, sizeof elsewhere, "%s/kept", other);
    ck_assert_int_eq(rename(kept, elsewhere), 0);
    unlink(folder.file);
    ck_assert_int_eq(start_read(folder.file, elsewhere, &fake_drivers, &start, &problem), 0);
    const struct fake_signer *signer = start.config->signing.driver.options;
    ck_assert_str_eq(signer->key_file, expected);
    config_destroy(start.config);
    unlink(elsewhere);
}
END_TEST

/* Kept by the version of before an upgrade: the file has the same keys. */
START_TEST(of_the_kept_one_what_this_version_does_not_know_is_left_out_with_a_note)
{
    static const char *const cases[][2] = {
        {GOOD "patrol: {every: 1h}\n", "tocsin.yaml.last:5:1: note: \"patrol\" is no section"},
        {"site: {id: g1, name: School, motto: x}\n"
         "signing: {driver: pem, key_file: key.pem, token: y}\n"
         "receivers: [{id: police, name: Police, driver: sim}]\n"
         "inputs: [{id: gate, name: Gate, place: Gatehouse, driver: sim}]\n",
         "tocsin.yaml.last:1:30: note: site: \"motto\" is no key"},
        /* Nearly the word that is missing: it is none the less. */
        {"site: {id: g1, name: School, nmae: x}\n"
         "signing: {driver: pem, key_file: key.pem}\n"
         "receivers: [{id: police, name: Police, driver: sim}]\n"
         "inputs: [{id: gate, name: Gate, place: Gatehouse, driver: sim}]\n",
         "tocsin.yaml.last:1:30: note: site: \"nmae\" is no key"},
    };
    struct start start;
    keep(cases[_i][0]);
    ck_assert_msg(start_read(folder.file, kept, &fake_drivers, &start, &problem) == 0, "%s",
                  problem.text);
    bool told = false;
    for (size_t i = 0; i < start.config->notes.count; i++)
        told = told || strstr(start.config->notes.items[i], cases[_i][1]);
    ck_assert(told);
    ck_assert_ptr_nonnull(strstr(start.why, "tocsin.yaml:"));
    config_destroy(start.config);
}
END_TEST

START_TEST(of_the_kept_one_every_other_mistake_is_one)
{
    static const char *const texts[] = {
        "site: {id: g1, nmae: School}\n"
        "signing: {driver: pem, key_file: key.pem}\n"
        "receivers: [{id: police, name: Police, driver: sim}]\n"
        "inputs: [{id: gate, name: Gate, place: Gatehouse, driver: sim}]\n",
        "site: {id: g1, name: School}\n"
        "signing: {driver: pem, key_file: key.pem}\n"
        "receivers: [{id: police, name: Police, driver: sim}]\n"
        "inputz: [{id: gate, name: Gate, place: Gatehouse, driver: sim}]\n",
        "site: {id: g1, name: School}\n"
        "signing: {driver: pem, key_file: key.pem}\n"
        "receivers: [{id: police, name: Police, driver: sim}]\n"
        "inputs: [{id: gate, name: Gate, place: Gatehouse, driver: gone}]\n",
    };
    struct start start;
    keep(texts[_i]);
    ck_assert_int_eq(start_read(folder.file, kept, &fake_drivers, &start, &problem), -EINVAL);
    ck_assert_ptr_null(start.config);
}
END_TEST

START_TEST(without_any_there_is_nothing_to_start_with)
{
    struct start start;
    write_file("x: 1\n");
    ck_assert_int_eq(
        start_read(folder.file, _i == 0 ? NULL : kept, &fake_drivers, &start, &problem), -EINVAL);
    ck_assert_ptr_nonnull(strstr(problem.text, "configuration: "));
    ck_assert_ptr_nonnull(strstr(problem.text, "tocsin.yaml"));
    ck_assert_ptr_null(start.config);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kept_config");
    TCase *tc = tcase_create("kept_config");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_loop_test(tc, what_is_kept_is_the_text_as_it_was_and_nobodys_but_the_daemons, 0, 5);
    tcase_add_test(tc, a_person_can_copy_it_back_as_it_is);
    tcase_add_test(tc, cut_anywhere_it_is_not_taken);
    tcase_add_test(tc, with_a_bit_that_is_another_it_is_not_taken);
    tcase_add_test(tc, it_is_written_when_it_is_another_and_only_then);
    tcase_add_test(tc, it_is_kept_where_systemd_has_made_the_folder_of_the_state);
    tcase_add_test(tc, a_file_that_can_be_used_is_used);
    tcase_add_loop_test(tc, with_one_that_cannot_the_last_that_worked_is_and_why_names_the_place, 0,
                        4);
    tcase_add_test(tc, its_relative_names_begin_where_they_did);
    tcase_add_loop_test(tc, of_the_kept_one_what_this_version_does_not_know_is_left_out_with_a_note,
                        0, 3);
    tcase_add_loop_test(tc, of_the_kept_one_every_other_mistake_is_one, 0, 3);
    tcase_add_loop_test(tc, without_any_there_is_nothing_to_start_with, 0, 2);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
