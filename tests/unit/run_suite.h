/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one Check suite and gives main its exit status; removes what its tests have left in folders
 * of theirs; and how long a test may wait. */
#ifndef TOCSIN_TESTS_RUN_SUITE_H
#define TOCSIN_TESTS_RUN_SUITE_H

#include <check.h>
#include <ftw.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "test_folder.h"

static inline int run_suite_remove(const char *left, const struct stat *st, int type,
                                   struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(left);
}

/* The tests are processes of their own: what one has left is removed here. */
static inline int run_suite(Suite *suite)
{
    char of_run[] = "/tmp/tocsin-XXXXXX";
    if (!mkdtemp(of_run) || chmod(of_run, 0711) != 0 || setenv(TEST_FOLDER_RUN, of_run, 1) != 0) {
        perror(of_run);
        return 1;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (nftw(of_run, run_suite_remove, 16, FTW_DEPTH | FTW_PHYS) != 0) {
        perror(of_run);
        return 1;
    }
    return failed == 0 ? 0 : 1;
}

/*
 * What Check waits for one test, the same for all of them. CMakeLists.txt sets CK_DEFAULT_TIMEOUT
 * higher for an emulator; here for who runs a test by hand.
 */
__attribute__((constructor)) static void be_patient(void)
{
    setenv("CK_DEFAULT_TIMEOUT", "120", 0);
}

/*
 * How long a test waits for what must come before it says what it waited for in vain: a little less
 * than Check waits for the test. A bound of a test's own would be one that a slow machine misses.
 */
static inline int64_t patience_ms(void)
{
    const char *seconds = getenv("CK_DEFAULT_TIMEOUT");
    return (seconds ? strtoll(seconds, NULL, 10) : 0) * 900;
}

#endif
