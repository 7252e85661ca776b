/* SPDX-License-Identifier: Apache-2.0 */
/* What one camera's entry lacks is that camera's trouble where the program allows it, and the rest
 * of the file is read as if nothing were. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_folder.h"
#include "drivers/camera/types.h"
#include "run_suite.h"

static const struct config_drivers strict = {.cameras = camera_types};
static const struct config_drivers waiting = {.cameras = camera_types, .secrets_may_wait = true};
static const struct config_drivers lenient = {
    .cameras = camera_types, .secrets_may_wait = true, .entries_may_fail = true};

static struct config_folder folder;

static void set_up(void)
{
    config_folder_init(&folder);
}

static void tear_down(void)
{
    config_folder_finish(&folder);
}

/* Three cameras, of which the middle one has `keys`. */
static struct config *load(const char *keys, const struct config_drivers *drivers)
{
    char text[2000];
    snprintf(text, sizeof text,
             "site: {id: a, name: x}\n"
             "signing: {driver: pem, key_file: key.pem}\n"
             "inputs: [{id: b, name: x, place: x, driver: sim, cameras: [one, two, three]}]\n"
             "cameras:\n"
             "  - {id: one, name: x, driver: lav, url: 'rtsp://a/1'}\n"
             "  - {%s}\n"
             "  - {id: three, name: x, driver: lav, url: 'rtsp://c/1'}\n"
             "receivers: [{id: r, name: x, driver: sim}]\n",
             keys);
    return config_folder_load(&folder, text, strlen(text), 0640, drivers);
}

static const struct lav_options *options_of(const struct config *config, size_t camera)
{
    return config->cameras.items[camera].driver.options;
}

static void check_others(const struct config *config)
{
    ck_assert_ptr_nonnull(config);
    ck_assert_str_eq(folder.problems, "");
    ck_assert_uint_eq(config->cameras.count, 3);
    ck_assert_str_eq(config->cameras.items[1].id, "two");
    for (size_t i = 0; i < 3; i += 2) {
        ck_assert_ptr_null(config->cameras.items[i].driver.trouble);
        ck_assert_str_eq(options_of(config, i)->url, i == 0 ? "rtsp://a/1" : "rtsp://c/1");
    }
}

#define TWO(password)                                                                              \
    "id: two, name: x, driver: lav, url: 'rtsp://b/1', user: u, password_file: " password

START_TEST(a_password_that_is_not_there_takes_one_camera)
{
    char expected[200];
    struct err e;
    ck_assert_ptr_null(load(TWO("none.password"), &strict));
    struct config *config = load(TWO("none.password"), &waiting);
    check_others(config);
    struct config_driver *driver = &config->cameras.items[1].driver;
    snprintf(expected, sizeof expected, "%s/none.password: No such file or directory", folder.path);
    ck_assert_str_eq(driver->trouble, expected);
    ck_assert_str_eq(options_of(config, 1)->url, "rtsp://b/1");
    ck_assert_ptr_null(options_of(config, 1)->password);
    ck_assert_int_eq(config_read_again(driver, &e), -ENOENT);
    ck_assert_str_eq(e.text, expected);
    ck_assert_ptr_nonnull(driver->trouble);
    config_destroy(config);
}
END_TEST

START_TEST(a_password_is_read_when_it_is_there)
{
    struct err e;
    struct config *config = load(TWO("late.password"), &waiting);
    check_others(config);
    struct config_driver *driver = &config->cameras.items[1].driver;
    config_folder_write(&folder, "late.password", "horse\nnot this\n", 15, 0644);
    ck_assert_int_eq(config_read_again(driver, &e), -EPERM);
    ck_assert_ptr_nonnull(strstr(e.text, "others may read this secret: chmod 0640"));
    config_folder_write(&folder, "late.password", "\n", 1, 0640);
    ck_assert_int_eq(config_read_again(driver, &e), -ENODATA);
    config_folder_write(&folder, "late.password", "horse\nnot this\n", 15, 0640);
    ck_assert_int_eq(config_read_again(driver, &e), 0);
    ck_assert_str_eq(options_of(config, 1)->password, "horse");
    ck_assert_ptr_null(driver->trouble);
    ck_assert_int_eq(config_read_again(driver, &e), 0); /* nothing more to read */
    config_destroy(config);
}
END_TEST

/* Whether it fits the rest can be said only then. */
START_TEST(a_password_that_comes_late_is_checked_with_the_rest)
{
    struct err e;
    struct config *config = load(
        "id: two, name: x, driver: lav, url: 'rtsp://b/1', password_file: late.password", &waiting);
    check_others(config);
    config_folder_write(&folder, "late.password", "horse\n", 6, 0640);
    ck_assert_int_eq(config_read_again(&config->cameras.items[1].driver, &e), -EINVAL);
    ck_assert_str_eq(e.text, "user: is missing: there is a password");
    config_destroy(config);
}
END_TEST

/* Root may read everything: only somebody else is refused. */
START_TEST(who_may_not_read_is_told_how_to_change_that)
{
    struct err e;
    bool is_root = geteuid() == 0;
    struct config *config = load(TWO("late.password"), &waiting);
    check_others(config);
    config_folder_write(&folder, "late.password", "horse\n", 6, is_root ? 0600 : 0);
    ck_assert_int_eq(chmod(folder.path, 0755), 0);
    if (is_root)
        ck_assert_int_eq(seteuid(65534), 0);
    int result = config_read_again(&config->cameras.items[1].driver, &e);
    if (is_root)
        ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(result, -EACCES);
    ck_assert_ptr_nonnull(strstr(e.text, "/late.password: Permission denied: chgrp "));
    ck_assert_ptr_nonnull(strstr(e.text, " and chmod 0640 that file"));
    config_destroy(config);
}
END_TEST

/* What only another file mends: told with its place, never tried again. */
static const struct {
    const char *keys, *trouble;
} wrong[] = {
    {"id: two, name: x, driver: lav, url: 'http://b/1'",
     ":6:42: cameras.two.url: must begin with rtsp://"},
    {"id: two, name: x, driver: lav", ":6:5: cameras.two.url: is missing"},
    {"id: two, name: x, driver: lava, url: 'rtsp://b/1'", ":6:32: cameras.two.driver: \"lava\""},
    {"id: two, name: x, driver: lav, url: 'rtsp://b/1', colour: red",
     ":6:56: cameras.two: \"colour\" is no key"},
    {"id: two, name: x, driver: lav, url: 'http://b/1', password_file: none",
     ":6:42: cameras.two.url: must begin with rtsp://"},
};

START_TEST(a_camera_that_can_never_work_takes_one_camera)
{
    struct err e;
    ck_assert_ptr_null(load(wrong[_i].keys, &waiting));
    struct config *config = load(wrong[_i].keys, &lenient);
    check_others(config);
    struct config_driver *driver = &config->cameras.items[1].driver;
    ck_assert_ptr_nonnull(driver->trouble);
    const char *told = driver->trouble + strlen(folder.file);
    ck_assert_msg(strncmp(told, wrong[_i].trouble, strlen(wrong[_i].trouble)) == 0, "%s", told);
    ck_assert_int_lt(config_read_again(driver, &e), 0);
    config_destroy(config);
}
END_TEST

/* Without an id there is no camera to be in trouble; beside the list nothing is excused. */
START_TEST(what_is_not_one_cameras_is_a_mistake_as_ever)
{
    ck_assert_ptr_null(load("name: x, driver: lav, url: 'rtsp://b/1'", &lenient));
    ck_assert_ptr_null(load("id: one, name: x, driver: lav, url: 'rtsp://b/1'", &lenient));
    ck_assert_ptr_null(
        load("id: two, name: x, driver: lav, url: 'rtsp://b/1'}\nvideo: {pre_evnt: 1s", &lenient));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config trouble");
    TCase *tests = tcase_create("trouble");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, a_password_that_is_not_there_takes_one_camera);
    tcase_add_test(tests, a_password_is_read_when_it_is_there);
    tcase_add_test(tests, a_password_that_comes_late_is_checked_with_the_rest);
    tcase_add_test(tests, who_may_not_read_is_told_how_to_change_that);
    tcase_add_loop_test(tests, a_camera_that_can_never_work_takes_one_camera, 0,
                        sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, what_is_not_one_cameras_is_a_mistake_as_ever);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
