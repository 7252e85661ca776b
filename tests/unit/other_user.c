/* SPDX-License-Identifier: Apache-2.0 */
#include "other_user.h"

#include <check.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int other_user_here(const char *path, const char *sql)
{
    sqlite3 *db;
    int result = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_close(db);
    return result;
}

int other_user_elsewhere(const char *path, const char *sql)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execl("/proc/self/exe", "test", "other", path, sql, (char *)NULL);
        _exit(99);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

bool other_user_is_asked(int argc, char **argv, int *ret_status)
{
    if (argc != 4 || strcmp(argv[1], "other") != 0)
        return false;
    *ret_status = other_user_here(argv[2], argv[3]);
    return true;
}
