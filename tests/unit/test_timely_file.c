/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is read if its disk answers soon. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/timely_file.h"
#include "run_suite.h"

static bool is_stuck, has_ended; /* the disk; a read of it */

int __real_atomic_file_read(const char *path, size_t max, char **ret_text, size_t *ret_length,
                            struct err *e);
int __wrap_atomic_file_read(const char *path, size_t max, char **ret_text, size_t *ret_length,
                            struct err *e);

int __wrap_atomic_file_read(const char *path, size_t max, char **ret_text, size_t *ret_length,
                            struct err *e)
{
    while (__atomic_load_n(&is_stuck, __ATOMIC_SEQ_CST)) /* the test's time is over at some time */
        usleep(1000);
    int result = __real_atomic_file_read(path, max, ret_text, ret_length, e);
    __atomic_store_n(&has_ended, true, __ATOMIC_SEQ_CST);
    return result;
}

static char path[64];

static void make_file(void)
{
    char folder[TEST_FOLDER_SIZE];
    test_folder(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/file", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_eq(write(fd, "text", 4), 4);
    close(fd);
}

START_TEST(a_disk_that_answers_gives_the_file)
{
    char *text;
    make_file();
    ck_assert_int_eq(timely_file_read(path, 100, patience_ms(), &text), 0);
    ck_assert_str_eq(text, "text");
    free(text);
    ck_assert_int_lt(timely_file_read(path, 3, patience_ms(), &text), 0);
    unlink(path);
    ck_assert_int_eq(timely_file_read(path, 100, patience_ms(), &text), -ENOENT);
}
END_TEST

/* Nothing of it is left when it does: the sanitizers say so. */
START_TEST(one_that_does_not_is_not_waited_for)
{
    char *text = NULL;
    make_file();
    is_stuck = true;
    ck_assert_int_eq(timely_file_read(path, 100, 1, &text), -ETIMEDOUT);
    ck_assert_int_eq(timely_file_read(path, 100, 1001, &text), -ETIMEDOUT);
    ck_assert_ptr_null(text);
    __atomic_store_n(&is_stuck, false, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&has_ended, __ATOMIC_SEQ_CST))
        usleep(1000);
    unlink(path);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("timely_file");
    TCase *tc = tcase_create("timely_file");
    tcase_add_test(tc, a_disk_that_answers_gives_the_file);
    tcase_add_test(tc, one_that_does_not_is_not_waited_for);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
