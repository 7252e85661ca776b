/* SPDX-License-Identifier: Apache-2.0 */
/* Good configurations: what the file says is what the structs hold, and what it leaves out has the
 * default. Bad ones are in test_bad_config.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_folder.h"
#include "fake_drivers.h"
#include "run_suite.h"

static const char minimal[] = "site:\n"
                              "  id: \"31010600001320000001\"\n"
                              "  name: 阳光小学\n"
                              "signing: {driver: pem, key_file: key.pem}\n"
                              "inputs:\n"
                              "  - {id: gate-button, name: 按钮, place: 门卫室, driver: sim}\n"
                              "receivers:\n"
                              "  - {id: police, name: 公安, driver: sim}\n";

static const char whole[] = "site:\n"
                            "  id: school-7\n"
                            "  name: 阳光小学\n"
                            "  address: 上海市静安区示范路1号\n"
                            "  latitude: 31.2304\n"
                            "  longitude: -121.4737\n"
                            "  contacts: [值班室 +86 21 0000 0000, \"校长: 李\"]\n"
                            "signing:\n"
                            "  driver: pem\n"
                            "  key_file: key.pem\n"
                            "storage:\n"
                            "  state_dir: state\n"
                            "  reserve_events: 2000\n"
                            "  commit_wait: 0s\n"
                            "  keep_days: 30\n"
                            "video:\n"
                            "  socket: /run/v.sock\n"
                            "  dir: /srv/v\n"
                            "  pre_event: 5min\n"
                            "  post_event: 1h\n"
                            "  part: 90s\n"
                            "  ring_bytes: 1GiB\n"
                            "  keep_clips: 90d\n"
                            "  keep_clips_bytes: 64MiB\n"
                            "control:\n"
                            "  socket: run/control.sock\n"
                            "inputs:\n"
                            "  - id: gate-button\n"
                            "    name: 一键报警\n"
                            "    place: 门卫室\n"
                            "    kind: duress\n"
                            "    silent: true\n"
                            "    debounce: 50ms\n"
                            "    cameras: [gate, yard]\n"
                            "    driver: gpiod\n"
                            "    chip: gpio-gate\n"
                            "    line: 17\n"
                            "    active: high\n"
                            "  - {id: t, name: 测试, place: 门卫室, kind: test, driver: sim}\n"
                            "cameras:\n"
                            "  - {id: gate, name: 大门, driver: lav, url: 'rtsp://a/1', user: u,\n"
                            "     password: s3cret}\n"
                            "  - {id: yard, name: 操场, driver: lav, url: 'rtsp://a/2',\n"
                            "     password_file: camera.password}\n"
                            "receivers:\n"
                            "  - id: police\n"
                            "    name: 公安\n"
                            "    heartbeat: 30s\n"
                            "    alarm_heartbeat: 1s\n"
                            "    clips: false\n"
                            "    driver: https\n"
                            "    url: https://police.example/v1/events\n"
                            "    ca_file: ca.pem\n"
                            "    receipt_keys: [receipt.pem, ca.pem]\n"
                            "    share: 0.25\n"
                            "    buffer: 8KiB\n"
                            "    warm: false\n"
                            "  - {id: education, name: 教育局, responder: false, driver: sim}\n"
                            "lamps:\n"
                            "  - {id: lamp, silent_shows: nothing, driver: sim}\n";

static struct config_folder folder;

static void set_up(void)
{
    config_folder_init(&folder);
}

static void tear_down(void)
{
    config_folder_finish(&folder);
}

static struct config *load(const char *text, mode_t mode)
{
    struct config *config = config_folder_load(&folder, text, strlen(text), mode, &fake_drivers);
    ck_assert_msg(config, "%s%s", folder.problems, folder.error.text);
    return config;
}

/* The path of a file beside the configuration. */
static const char *beside(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder.path, name);
    return path;
}

START_TEST(the_common_sections_are_as_the_file_says)
{
    struct config *c = load(whole, 0640);
    ck_assert_str_eq(c->path, folder.file);
    ck_assert_str_eq(c->site.id, "school-7");
    ck_assert_str_eq(c->site.name, "阳光小学");
    ck_assert_str_eq(c->site.address, "上海市静安区示范路1号");
    ck_assert_double_eq_tol(c->site.latitude, 31.2304, 1e-9);
    ck_assert_double_eq_tol(c->site.longitude, -121.4737, 1e-9);
    ck_assert_uint_eq(c->site.contacts.count, 2);
    ck_assert_str_eq(c->site.contacts.items[1], "校长: 李");
    ck_assert_str_eq(c->storage.state_dir, beside("state"));
    ck_assert_int_eq(c->storage.reserve_events, 2000);
    ck_assert_int_eq(c->storage.commit_wait_ms, 0);
    ck_assert_int_eq(c->storage.keep_days, 30);
    ck_assert_str_eq(c->video.socket, "/run/v.sock");
    ck_assert_str_eq(c->video.dir, "/srv/v");
    ck_assert_int_eq(c->video.pre_event_ms, 300000);
    ck_assert_int_eq(c->video.post_event_ms, 3600000);
    ck_assert_int_eq(c->video.part_ms, 90000);
    ck_assert_int_eq(c->video.ring_bytes, INT64_C(1073741824));
    ck_assert_int_eq(c->video.keep_clips_ms, INT64_C(90) * 86400000);
    ck_assert_int_eq(c->video.keep_clips_bytes, 67108864);
    ck_assert_str_eq(c->control.socket, beside("run/control.sock"));
    config_destroy(c);
}
END_TEST

START_TEST(inputs_are_as_the_file_says)
{
    struct config *c = load(whole, 0640);
    const struct config_input *input = &c->inputs.items[0];
    const struct fake_line *line = input->driver.options;
    ck_assert_uint_eq(c->inputs.count, 2);
    ck_assert_str_eq(input->id, "gate-button");
    ck_assert_str_eq(input->name, "一键报警");
    ck_assert_str_eq(input->place, "门卫室");
    ck_assert_int_eq(input->kind, CONFIG_INPUT_DURESS);
    ck_assert(input->silent);
    ck_assert_int_eq(input->debounce_ms, 50);
    ck_assert_uint_eq(input->cameras.count, 2);
    ck_assert_str_eq(input->cameras.items[1], "yard");
    ck_assert_int_eq(input->at.line, 28);
    ck_assert_int_eq(input->at.column, 5);
    ck_assert_str_eq(input->driver.type->name, "gpiod");
    ck_assert_str_eq(line->chip, "gpio-gate");
    ck_assert_int_eq(line->line, 17);
    ck_assert_int_eq(line->active, FAKE_HIGH);
    ck_assert_int_eq(line->poll_ms, 500); /* by default */
    ck_assert_int_eq(c->inputs.items[1].kind, CONFIG_INPUT_TEST);
    ck_assert_str_eq(c->inputs.items[1].driver.type->name, "sim");
    config_destroy(c);
}
END_TEST

START_TEST(cameras_receivers_and_lamps_are_as_the_file_says)
{
    struct config *c = load(whole, 0640);
    const struct fake_camera *gate = c->cameras.items[0].driver.options;
    const struct fake_camera *yard = c->cameras.items[1].driver.options;
    const struct fake_uplink *uplink = c->receivers.items[0].driver.options;
    const struct fake_signer *signer = c->signing.driver.options;
    ck_assert_uint_eq(c->cameras.count, 2);
    ck_assert_str_eq(gate->user, "u");
    ck_assert_str_eq(gate->password, "s3cret");
    ck_assert_ptr_null(yard->user);
    ck_assert_str_eq(yard->password, "s3cret"); /* the first line of the file */
    ck_assert_uint_eq(c->receivers.count, 2);
    ck_assert_int_eq(c->receivers.items[0].heartbeat_ms, 30000);
    ck_assert_int_eq(c->receivers.items[0].alarm_heartbeat_ms, 1000);
    ck_assert(!c->receivers.items[0].clips);
    ck_assert(c->receivers.items[0].responder);
    ck_assert(!c->receivers.items[1].responder);
    ck_assert_str_eq(uplink->ca_file, beside("ca.pem"));
    ck_assert_uint_eq(uplink->receipt_keys.count, 2);
    ck_assert_str_eq(uplink->receipt_keys.items[0], beside("receipt.pem"));
    ck_assert_double_eq_tol(uplink->share, 0.25, 1e-9);
    ck_assert_int_eq(uplink->buffer_bytes, 8192);
    ck_assert(!uplink->warm);
    ck_assert_str_eq(signer->key_file, beside("key.pem"));
    ck_assert_int_eq(c->signing.at.line, 9);
    ck_assert_uint_eq(c->indicators.count, 1);
    ck_assert_int_eq(c->indicators.items[0].silent_shows, CONFIG_SILENT_NOTHING);
    config_destroy(c);
}
END_TEST

START_TEST(what_the_file_leaves_out_has_its_default)
{
    struct config *c = load(minimal, 0644);
    ck_assert_ptr_null(c->site.address);
    ck_assert_uint_eq(c->site.contacts.count, 0);
    ck_assert_str_eq(c->storage.state_dir, "/var/lib/tocsin");
    ck_assert_int_eq(c->storage.reserve_events, 20000);
    ck_assert_int_eq(c->storage.commit_wait_ms, 50);
    ck_assert_str_eq(c->video.dir, "/var/lib/tocsin-video");
    ck_assert_str_eq(c->control.socket, "/run/tocsin/control.sock");
    ck_assert_int_eq(c->inputs.items[0].kind, CONFIG_INPUT_PANIC);
    ck_assert_int_eq(c->inputs.items[0].debounce_ms, 30);
    ck_assert(!c->inputs.items[0].silent);
    ck_assert_int_eq(c->receivers.items[0].heartbeat_ms, 20000);
    ck_assert_int_eq(c->receivers.items[0].alarm_heartbeat_ms, 2000);
    ck_assert(c->receivers.items[0].clips);
    ck_assert(c->receivers.items[0].responder);
    ck_assert_uint_eq(c->cameras.count, 0);
    ck_assert_uint_eq(c->indicators.count, 0);
    config_destroy(c);
}
END_TEST

START_TEST(notes_say_what_is_legal_but_perhaps_not_meant)
{
    static const char expected[] =
        "FILE:1:1: note: lamps: there is none: nobody at the gate will see whether help was "
        "reached\n"
        "FILE:2:3: note: site: has no latitude and longitude: alarms come without a point on the "
        "map\n"
        "FILE:2:7: note: site.id: is no 20-digit GB/T 28181 code; agree on it with who receives "
        "the "
        "alarms\n"
        "FILE:6:5: note: inputs.b: is simulated (driver: sim): nothing real is behind it\n"
        "FILE:6:10: note: inputs.b: names no camera: its alarms will have no clip\n"
        "FILE:8:10: note: cameras.c: no input names this camera: no alarm will have a clip of it\n"
        "FILE:10:5: note: receivers.r: is simulated (driver: sim): nothing real is behind it\n";
    struct config *c = load("site:\n  id: school-7\n  name: x\n"
                            "signing: {driver: pem, key_file: key.pem}\n"
                            "inputs:\n  - {id: b, name: x, place: x, driver: sim}\n"
                            "cameras:\n  - {id: c, name: x, driver: lav, url: x}\n"
                            "receivers:\n  - {id: r, name: x, driver: sim}\n",
                            0644);
    char told[2000] = "";
    for (size_t i = 0; i < c->notes.count; i++) {
        ck_assert_int_eq(strncmp(c->notes.items[i], folder.file, strlen(folder.file)), 0);
        strcat(strcat(strcat(told, "FILE"), c->notes.items[i] + strlen(folder.file)), "\n");
    }
    ck_assert_str_eq(told, expected);
    config_destroy(c);
}
END_TEST

START_TEST(a_gateway_of_test_buttons_alone_is_noted)
{
    static const char text[] = "site: {id: a, name: x, latitude: 1, longitude: 1}\n"
                               "signing: {driver: pem, key_file: key.pem}\n"
                               "inputs: [{id: b, name: x, place: x, kind: test, driver: sim}]\n"
                               "receivers: [{id: r, name: x, driver: sim}]\n";
    struct config *c = load(text, 0644);
    bool told = false;
    for (size_t i = 0; i < c->notes.count; i++)
        told = told || strstr(c->notes.items[i], "inputs: none is a button for help");
    ck_assert(told);
    config_destroy(c);
}
END_TEST

START_TEST(a_program_that_knows_no_drivers_reads_the_common_keys)
{
    static const struct config_drivers none = {0};
    struct config *c = config_folder_load(&folder, whole, strlen(whole), 0644, &none);
    ck_assert_msg(c, "%s", folder.problems); /* not even the open password is looked at */
    ck_assert_uint_eq(c->cameras.count, 2);
    ck_assert_str_eq(c->cameras.items[1].name, "操场");
    ck_assert_ptr_null(c->cameras.items[1].driver.type);
    ck_assert_ptr_null(c->signing.driver.type);
    config_destroy(c);
}
END_TEST

START_TEST(files_are_looked_for_only_when_asked)
{
    static const char text[] = "site: {id: a, name: x}\n"
                               "signing: {driver: pem, key_file: nowhere.pem}\n"
                               "inputs: [{id: b, name: x, place: x, driver: sim}]\n"
                               "receivers: [{id: r, name: x, driver: sim}]\n";
    struct config_drivers drivers = fake_drivers;
    drivers.check_files = false;
    struct config *c = config_folder_load(&folder, text, strlen(text), 0644, &drivers);
    ck_assert_msg(c, "%s", folder.problems);
    config_destroy(c);
    ck_assert_ptr_null(config_folder_load(&folder, text, strlen(text), 0644, &fake_drivers));
}
END_TEST

static const char credential[] =
    "site: {id: a, name: x}\n"
    "signing: {driver: pem, key_file: key.pem}\n"
    "inputs: [{id: b, name: x, place: x, driver: sim, cameras: [c]}]\n"
    "cameras: [{id: c, name: x, driver: lav, url: x, password_credential: camera.password}]\n"
    "receivers: [{id: r, name: x, driver: sim}]\n";

START_TEST(a_credential_comes_from_systemd)
{
    setenv("CREDENTIALS_DIRECTORY", folder.path, 1);
    struct config *c = load(credential, 0644);
    ck_assert_str_eq(((struct fake_camera *)c->cameras.items[0].driver.options)->password,
                     "s3cret");
    config_destroy(c);
    unsetenv("CREDENTIALS_DIRECTORY");
}
END_TEST

START_TEST(without_systemd_a_credential_is_missed_by_the_service_and_noted_by_the_check)
{
    unsetenv("CREDENTIALS_DIRECTORY");
    struct config_drivers service = fake_drivers;
    service.check_files = false;
    ck_assert_ptr_null(config_folder_load(&folder, credential, strlen(credential), 0644, &service));
    ck_assert_ptr_nonnull(strstr(folder.problems, ":4:70: cameras.c.password_credential: systemd "
                                                  "has handed over no credential: put "
                                                  "LoadCredential=camera.password:"));
    struct config *c = load(credential, 0644);
    ck_assert_ptr_null(((struct fake_camera *)c->cameras.items[0].driver.options)->password);
    bool told = false;
    for (size_t i = 0; i < c->notes.count; i++)
        told = told || strstr(c->notes.items[i], "password_credential: not looked at");
    ck_assert(told);
    config_destroy(c);
}
END_TEST

START_TEST(a_file_that_others_may_write_is_refused)
{
    ck_assert_ptr_null(config_folder_load(&folder, minimal, strlen(minimal), 0666, &fake_drivers));
    ck_assert_ptr_nonnull(strstr(folder.problems, ":1:1: others may write this file: chmod 0640 "));
}
END_TEST

START_TEST(a_byte_order_mark_and_windows_line_ends_are_taken)
{
    char text[2000], *to = text;
    to += sprintf(to, "\xef\xbb\xbf");
    for (const char *from = minimal; *from; from++)
        to += sprintf(to, "%s%c", *from == '\n' ? "\r" : "", *from);
    struct config *c = load(text, 0644);
    ck_assert_str_eq(c->site.name, "阳光小学");
    ck_assert_int_eq(c->inputs.items[0].at.line, 6);
    config_destroy(c);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_an_error_without_a_problem)
{
    struct config *config = NULL;
    struct err e;
    ck_assert_int_eq(config_load("/nowhere/tocsin.yaml", &fake_drivers, NULL, NULL, &config, &e),
                     -ENOENT);
    ck_assert_str_eq(e.text, "/nowhere/tocsin.yaml: No such file or directory");
    ck_assert_ptr_null(config);
}
END_TEST

START_TEST(a_file_too_large_is_not_read)
{
    size_t length = (1 << 20) + 1;
    char *text = malloc(length);
    memset(text, '#', length);
    ck_assert_ptr_null(config_folder_load(&folder, text, length, 0644, &fake_drivers));
    ck_assert_int_eq(folder.result, -EFBIG);
    ck_assert_ptr_nonnull(strstr(folder.error.text, "larger than 1048576 bytes"));
    free(text);
}
END_TEST

START_TEST(mistakes_beyond_two_hundred_are_counted)
{
    size_t length = 0;
    char *text = malloc(100000);
    for (int i = 0; i < 250; i++)
        length += (size_t)sprintf(text + length, "section-%d: 1\n", i);
    ck_assert_ptr_null(config_folder_load(&folder, text, length, 0644, &fake_drivers));
    size_t lines = 0;
    for (const char *p = folder.problems; *p; p++)
        lines += *p == '\n';
    ck_assert_uint_eq(lines, 201);
    ck_assert_ptr_nonnull(strstr(folder.problems, "\n… and 55 mistakes more\n"));
    ck_assert_ptr_nonnull(strstr(folder.error.text, ": 255 mistakes"));
    free(text);
}
END_TEST

START_TEST(a_map_of_very_many_keys_is_bounded)
{
    size_t length = 0;
    char *text = malloc(1 << 20);
    for (int i = 0; i < 100000; i++)
        length += (size_t)sprintf(text + length, "a%x: 1\n", (unsigned)i);
    ck_assert_ptr_null(config_folder_load(&folder, text, length, 0644, &fake_drivers));
    free(text);
}
END_TEST

START_TEST(nothing_is_told_to_nobody)
{
    struct config *config = NULL;
    config_folder_write(&folder, "tocsin.yaml", "x: 1\n", 5, 0644);
    ck_assert_int_eq(config_load(folder.file, &fake_drivers, NULL, NULL, &config, NULL), -EINVAL);
    config_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *tests = tcase_create("good");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, the_common_sections_are_as_the_file_says);
    tcase_add_test(tests, inputs_are_as_the_file_says);
    tcase_add_test(tests, cameras_receivers_and_lamps_are_as_the_file_says);
    tcase_add_test(tests, what_the_file_leaves_out_has_its_default);
    tcase_add_test(tests, notes_say_what_is_legal_but_perhaps_not_meant);
    tcase_add_test(tests, a_gateway_of_test_buttons_alone_is_noted);
    tcase_add_test(tests, a_program_that_knows_no_drivers_reads_the_common_keys);
    tcase_add_test(tests, files_are_looked_for_only_when_asked);
    tcase_add_test(tests, a_credential_comes_from_systemd);
    tcase_add_test(tests,
                   without_systemd_a_credential_is_missed_by_the_service_and_noted_by_the_check);
    tcase_add_test(tests, a_file_that_others_may_write_is_refused);
    tcase_add_test(tests, a_byte_order_mark_and_windows_line_ends_are_taken);
    tcase_add_test(tests, a_file_that_is_not_there_is_an_error_without_a_problem);
    tcase_add_test(tests, a_file_too_large_is_not_read);
    tcase_add_test(tests, mistakes_beyond_two_hundred_are_counted);
    tcase_add_test(tests, a_map_of_very_many_keys_is_bounded);
    tcase_add_test(tests, nothing_is_told_to_nobody);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
