/* SPDX-License-Identifier: Apache-2.0 */
/* What tocsind makes of its command line and of a start that fails. Each case runs in a process of
 * its own, as Check does by default. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/log.h"
#include "gateway/gateway.h"
#include "run_suite.h"

int tocsind_main(int argc, char **argv);
#define main tocsind_main
#include "../../daemon/gateway/main.c"
#undef main

static char started_with[100], keeps_at[100];
static int result;
static unsigned runs, destroyed;
static mode_t mask;
static struct rlimit core;
static int dumpable;

int gateway_start(const char *config_path, const char *kept_path, struct gateway **ret_gateway,
                  struct err *e)
{
    snprintf(keeps_at, sizeof keeps_at, "%s", kept_path ? kept_path : "nowhere");
    snprintf(started_with, sizeof started_with, "%s", config_path);
    mask = umask(0);
    umask(mask);
    getrlimit(RLIMIT_CORE, &core);
    dumpable = prctl(PR_GET_DUMPABLE);
    *ret_gateway = (struct gateway *)&runs;
    return result == 0 ? 0 : err_set(e, -result, "it does not start");
}

void gateway_run(struct gateway *gw)
{
    ck_assert_ptr_eq(gw, &runs);
    runs++;
}

void gateway_destroy(struct gateway *gw)
{
    ck_assert_ptr_eq(gw, &runs);
    destroyed++;
}

static int tocsind(const char *one, const char *two)
{
    char *argv[] = {"tocsind", (char *)one, (char *)two, NULL};
    return tocsind_main(two ? 3 : one ? 2 : 1, argv);
}

START_TEST(it_runs_with_the_file_that_it_is_given)
{
    ck_assert_int_eq(tocsind("--config", "/a/file.yaml"), 0);
    ck_assert_str_eq(started_with, "/a/file.yaml");
    ck_assert_uint_eq(runs, 1);
    ck_assert_uint_eq(destroyed, 1);
}
END_TEST

START_TEST(what_worked_is_kept_in_the_folder_of_its_state_if_it_has_one)
{
    if (_i == 0)
        unsetenv("STATE_DIRECTORY");
    else
        setenv("STATE_DIRECTORY", "/a/folder", 1);
    ck_assert_int_eq(tocsind(NULL, NULL), 0);
    ck_assert_str_eq(keeps_at, _i == 0 ? "nowhere" : "/a/folder/tocsin.yaml.last");
}
END_TEST

START_TEST(without_one_it_is_that_of_the_system)
{
    ck_assert_int_eq(tocsind(NULL, NULL), 0);
    ck_assert_str_eq(started_with, "/etc/tocsin/tocsin.yaml");
}
END_TEST

START_TEST(its_memory_and_its_files_are_nobodys_before_a_key_is_read)
{
    umask(0);
    ck_assert_int_eq(tocsind("--verbose", NULL), 0);
    ck_assert_uint_eq(mask, 0077);
    ck_assert_uint_eq(core.rlim_max, 0);
    ck_assert_int_eq(dumpable, 0);
    ck_assert_str_eq(getenv("UV_THREADPOOL_SIZE"), "8"); /* before the first who uses it */
}
END_TEST

START_TEST(a_bad_configuration_has_an_exit_status_of_its_own)
{
    result = _i == 0 ? -EINVAL : -EIO;
    ck_assert_int_eq(tocsind(NULL, NULL), _i == 0 ? 78 : 1);
    ck_assert_uint_eq(runs, 0);
    ck_assert_uint_eq(destroyed, 1);
}
END_TEST

START_TEST(a_command_line_that_it_does_not_know_starts_nothing)
{
    static const char *const words[] = {"--nonsense", "operand"};
    ck_assert_int_eq(tocsind(words[_i], NULL), 2);
    ck_assert_str_eq(started_with, "");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("tocsind");
    TCase *c = tcase_create("tocsind");
    tcase_add_test(c, it_runs_with_the_file_that_it_is_given);
    tcase_add_loop_test(c, what_worked_is_kept_in_the_folder_of_its_state_if_it_has_one, 0, 2);
    tcase_add_test(c, without_one_it_is_that_of_the_system);
    tcase_add_test(c, its_memory_and_its_files_are_nobodys_before_a_key_is_read);
    tcase_add_loop_test(c, a_bad_configuration_has_an_exit_status_of_its_own, 0, 2);
    tcase_add_loop_test(c, a_command_line_that_it_does_not_know_starts_nothing, 0, 2);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return run_suite(suite());
}
