/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is replaced: what is on the disk when, and what is left when it fails. The linker
 * hands fsync and rename to this file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "run_suite.h"

static char folder[TEST_FOLDER_SIZE];
static char path[64];
static char done[100]; /* what was asked of the disk, in order */
static char broken;    /* which of it fails; 0: nothing */
static struct err problem;

int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static int note(char what)
{
    done[strlen(done)] = what;
    if (what != broken)
        return 0;
    errno = EIO;
    return -1;
}

int __wrap_fsync(int fd)
{
    struct stat st;
    fstat(fd, &st);
    return note(S_ISDIR(st.st_mode) ? 'd' : 'f');
}

int __wrap_rename(const char *from, const char *to)
{
    return note('r') == 0 ? __real_rename(from, to) : -1;
}

static void begin(void)
{
    test_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/f", folder);
    ck_assert_int_eq(atomic_file_write(path, 0600, "old", 3, &problem), 0);
    memset(done, 0, sizeof done);
}

static void end(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing else was left in it */
}

static void expect(const char *text)
{
    char *data;
    ck_assert_int_eq(atomic_file_read(path, 100, &data, NULL, &problem), 0);
    ck_assert_str_eq(data, text);
    free(data);
}

START_TEST(it_is_on_the_disk_before_it_has_its_name_and_the_name_before_it_is_said)
{
    ck_assert_int_eq(atomic_file_write(path, 0600, "new", 3, &problem), 0);
    ck_assert_str_eq(done, "frd");
    expect("new");
}
END_TEST

START_TEST(what_fails_leaves_the_old_file_and_nothing_beside_it)
{
    broken = "fr"[_i];
    ck_assert_int_eq(atomic_file_write(path, 0600, "new", 3, &problem), -EIO);
    ck_assert_ptr_nonnull(strstr(problem.text, path));
    expect("old");
}
END_TEST

START_TEST(a_name_that_may_be_gone_after_a_power_cut_is_an_error)
{
    broken = 'd';
    ck_assert_int_eq(atomic_file_write(path, 0600, "new", 3, &problem), -EIO);
    ck_assert_ptr_nonnull(strstr(problem.text, "folder"));
}
END_TEST

START_TEST(what_is_too_long_is_an_error_and_not_cut)
{
    char *data = NULL, *much = calloc(1, 10000);
    memset(much, 'x', 10000);
    ck_assert_int_eq(atomic_file_write(path, 0600, much, 10000, &problem), 0);
    ck_assert_int_eq(atomic_file_read(path, 9999, &data, NULL, &problem), -EFBIG);
    ck_assert_ptr_null(data);
    ck_assert_int_eq(atomic_file_read(path, 10000, &data, NULL, &problem), 0);
    ck_assert_uint_eq(strlen(data), 10000);
    free(data);
    free(much);
}
END_TEST

/* Nobody writes into the pipe: whoever waits for that waits for ever. */
START_TEST(what_is_no_file_is_refused_at_once)
{
    char *data = NULL;
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(atomic_file_read(path, 100, &data, NULL, &problem), -EINVAL);
    ck_assert_ptr_nonnull(strstr(problem.text, path));
    ck_assert_ptr_nonnull(strstr(problem.text, "is no file"));
    unlink(path);
    ck_assert_int_eq(atomic_file_read("/dev/zero", 100, &data, NULL, &problem), -EINVAL);
    ck_assert_int_eq(atomic_file_read("/", 100, &data, NULL, &problem), -EISDIR);
    ck_assert_ptr_null(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("atomic_file");
    TCase *tc = tcase_create("atomic_file");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, it_is_on_the_disk_before_it_has_its_name_and_the_name_before_it_is_said);
    tcase_add_loop_test(tc, what_fails_leaves_the_old_file_and_nothing_beside_it, 0, 2);
    tcase_add_test(tc, a_name_that_may_be_gone_after_a_power_cut_is_an_error);
    tcase_add_test(tc, what_is_too_long_is_an_error_and_not_cut);
    tcase_add_test(tc, what_is_no_file_is_refused_at_once);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
