/* SPDX-License-Identifier: Apache-2.0 */
/* What the uplink needs of the disk: read once, compared by what it says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/uplink/https/files.h"
#include "drivers/uplink/https/options.h"
#include "mock_pki.h"
#include "run_suite.h"

static struct https_options options;
static char *paths[8], *keys[2];
static size_t path_count;
static struct uplink_files *before, *after;
static struct reading reading;
static struct uplink_source source;

static char *path_of(const char *name)
{
    return paths[path_count++] = mock_pki_path(name);
}

/* Another file under the same name; `put` back at the end. */
static void put(const char *name, const char *content_of)
{
    char command[300];
    snprintf(command, sizeof command, "cp -p %s/%s %s/%s", mock_pki_folder(), content_of,
             mock_pki_folder(), name);
    ck_assert_int_eq(system(command), 0);
}

static void begin(void)
{
    put("ca.copy", "ca.pem");
    put("gateway.copy", "gateway.pem");
    put("key.copy", "gateway.key");
    put("receipt.copy", "receipt.pub.pem");
    keys[0] = path_of("receipt.copy");
    options = (struct https_options){.ca_file = path_of("ca.copy"),
                                     .cert_file = path_of("gateway.copy"),
                                     .key_file = path_of("key.copy"),
                                     .receipt_keys = {.items = keys, .count = 1}};
    reading_init(&reading);
    source = (struct uplink_source){
        .state_dir = mock_pki_folder(), .receiver = "police", .reading = &reading};
}

static void end(void)
{
    files_free(before);
    files_free(after);
    reading_finish(&reading);
    while (path_count > 0)
        free(paths[--path_count]);
}

static void read_into(struct uplink_files **ret_files)
{
    struct err e;
    ck_assert_msg(files_read(&options, &source, ret_files, &e) == 0, "%s", e.text);
}

/* tocsin check: what the receiver would be refused for, with the item of a list. */
START_TEST(what_would_be_refused_is_told_beforehand)
{
    struct driver_mistakes mistakes = {.count = 0};
    files_try(&options, &mistakes);
    ck_assert_uint_eq(mistakes.count, 0);
    keys[1] = path_of("gateway.copy");
    options.receipt_keys.count = 2;
    put("ca.copy", "gateway.key");
    files_try(&options, &mistakes);
    ck_assert_uint_eq(mistakes.count, 2);
    ck_assert_str_eq(mistakes.items[0].key, "ca_file");
    ck_assert_uint_eq(mistakes.items[0].item, 0);
    ck_assert_str_eq(mistakes.items[1].key, "receipt_keys");
    ck_assert_uint_eq(mistakes.items[1].item, 2);
    ck_assert_ptr_nonnull(strstr(mistakes.items[1].what.text, "holds no public key"));
    driver_mistakes_finish(&mistakes);
}
END_TEST

START_TEST(what_was_written_anew_with_the_same_words_is_the_same)
{
    read_into(&before);
    put("ca.copy", "ca.pem");
    put("receipt.copy", "receipt.pub.pem");
    read_into(&after);
    ck_assert(files_are_same(before, after));
}
END_TEST

static const struct {
    const char *name, *content, *key; /* of a certificate */
} changes[] = {{"ca.copy", "gateway.pem", NULL},
               {"gateway.copy", "expired.pem", "expired.key"},
               {"receipt.copy", "other.pub.pem", NULL}};

START_TEST(another_file_is_another)
{
    read_into(&before);
    put(changes[_i].name, changes[_i].content);
    if (changes[_i].key)
        put("key.copy", changes[_i].key);
    read_into(&after);
    ck_assert(!files_are_same(before, after));
    ck_assert(!files_are_same(after, before));
}
END_TEST

START_TEST(one_key_more_or_less_is_another)
{
    read_into(&before);
    keys[1] = keys[0];
    options.receipt_keys.count = 2;
    read_into(&after);
    ck_assert(!files_are_same(before, after));
    ck_assert(!files_are_same(after, before));
    ck_assert_uint_eq(after->receipt_keys.count, 2);
}
END_TEST

/* Only what the configuration says is compared: this changes by itself. */
START_TEST(addresses_of_last_time_are_read_and_no_difference)
{
    char path[200], *address = "192.0.2.1";
    read_into(&before);
    ck_assert_ptr_null(before->addresses);
    snprintf(path, sizeof path, "%s/addresses-police", mock_pki_folder());
    FILE *file = fopen(path, "we");
    fputs("192.0.2.9\n", file);
    fclose(file);
    read_into(&after);
    ck_assert_str_eq(after->addresses, "192.0.2.9\n");
    ck_assert(files_are_same(before, after));
    files_free(after);
    options.addresses = (struct option_list){.items = &address, .count = 1};
    read_into(&after);
    ck_assert_ptr_null(after->addresses); /* the configuration says where it is */
    unlink(path);
}
END_TEST

/* In the order of reading; the one that stands still is the one that is named. */
START_TEST(the_file_that_is_read_is_known)
{
    static const char *const order[] = {"ca.copy", "gateway.copy", "key.copy", "receipt.copy"};
    char path[READING_SIZE], *name = paths[_i == 3 ? 0 : _i + 1];
    struct err e;
    ck_assert_ptr_nonnull(strstr(name, order[_i]));
    unlink(name);
    ck_assert_int_eq(mkfifo(name, 0600), 0);
    ck_assert_int_eq(files_read(&options, &source, &before, &e), -EINVAL);
    ck_assert_ptr_nonnull(strstr(e.text, name));
    reading_get(&reading, path);
    ck_assert_str_eq(path, name);
    unlink(name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("https_files");
    TCase *tc = tcase_create("files");
    mock_pki_make();
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, what_was_written_anew_with_the_same_words_is_the_same);
    tcase_add_test(tc, what_would_be_refused_is_told_beforehand);
    tcase_add_loop_test(tc, another_file_is_another, 0, 3);
    tcase_add_test(tc, one_key_more_or_less_is_another);
    tcase_add_test(tc, addresses_of_last_time_are_read_and_no_difference);
    tcase_add_loop_test(tc, the_file_that_is_read_is_known, 0, 4);
    suite_add_tcase(suite, tc);
    int result = run_suite(suite);
    mock_pki_remove();
    return result;
}
