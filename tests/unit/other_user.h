/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody else who uses a database: in this process, or in one of his own, which is this program
 * once more. Its main begins with other_user_is_asked.
 */
#ifndef TOCSIN_TESTS_OTHER_USER_H
#define TOCSIN_TESTS_OTHER_USER_H

#include <stdbool.h>

/* SQLite's answer to the statement: SQLITE_OK, SQLITE_BUSY … */
int other_user_here(const char *path, const char *sql);
int other_user_elsewhere(const char *path, const char *sql);

/* Whether this process is he; then its exit status. */
bool other_user_is_asked(int argc, char **argv, int *ret_status);

#endif
