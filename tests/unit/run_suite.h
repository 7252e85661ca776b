/* SPDX-License-Identifier: Apache-2.0 */
/* Runs one Check suite and gives main its exit status. */
#ifndef TOCSIN_TESTS_RUN_SUITE_H
#define TOCSIN_TESTS_RUN_SUITE_H

#include <check.h>

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}

#endif
