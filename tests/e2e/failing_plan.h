/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which call fails: a file that the program and its test both map, named by FAILING_CALLS, so that
 * one process goes through many failures. Calls of one kind are counted; the one with the number
 * fails, or every one from it on.
 */
#ifndef TOCSIN_TESTS_FAILING_PLAN_H
#define TOCSIN_TESTS_FAILING_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/* In the order of KINDS in test_torture.py. */
enum failing_kind {
    FAILING_NONE,
    FAILING_MEMORY,
    FAILING_OPEN,
    FAILING_READ,
    FAILING_WRITE,
    FAILING_SYNC,
    FAILING_NAME,
    FAILING_NETWORK,
    FAILING_SQLITE,
    FAILING_OPENSSL,
    FAILING_NOTIFY
};

struct failing_plan {
    int64_t kind;
    int64_t first;   /* 1: the next of that kind */
    int64_t forever; /* and all after it */
    int64_t seen, failed;
};

/* Whether this call fails. Any thread; nothing is allocated. */
bool failing_now(enum failing_kind kind);

#endif
