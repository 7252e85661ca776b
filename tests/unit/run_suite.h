/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one Check suite and gives main its exit status; and how long a test may wait. */
#ifndef TOCSIN_TESTS_RUN_SUITE_H
#define TOCSIN_TESTS_RUN_SUITE_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
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
