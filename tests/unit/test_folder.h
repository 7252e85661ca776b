/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own. All of a run lie in one that run_suite makes and removes: nothing stays
 * of a test either that has failed, which Check ends in the middle. */
#ifndef TOCSIN_TESTS_TEST_FOLDER_H
#define TOCSIN_TESTS_TEST_FOLDER_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define TEST_FOLDER_SIZE sizeof "/tmp/tocsin-XXXXXX/XXXXXX" /* short: sockets lie in it */
#define TEST_FOLDER_RUN  "TOCSIN_TEST_FOLDER"               /* names the run's */

static inline void test_folder(char *ret_path, size_t size)
{
    const char *of_run = getenv(TEST_FOLDER_RUN);
    ck_assert_ptr_nonnull(of_run);
    ck_assert_int_lt(snprintf(ret_path, size, "%s/XXXXXX", of_run), (int)size);
    ck_assert_ptr_nonnull(mkdtemp(ret_path));
}

#endif
