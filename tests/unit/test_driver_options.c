/* SPDX-License-Identifier: Apache-2.0 */
/* What the real drivers find wrong with their options before anything is opened, and where it is
 * said to be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_folder.h"
#include "drivers/camera/types.h"
#include "drivers/signer/signers.h"
#include "drivers/uplink/uplinks.h"
#include "run_suite.h"

static const struct config_drivers drivers = {
    .cameras = camera_types, .signers = signer_types, .uplinks = uplink_types, .check_files = true};

static struct config_folder folder;

static void set_up(void)
{
    config_folder_init(&folder);
}

static void tear_down(void)
{
    config_folder_finish(&folder);
}

/* The one mistake without the file's name; "" when the configuration is good. */
static const char *load(const char *camera, const char *receiver)
{
    char text[2000];
    snprintf(text, sizeof text,
             "site: {id: a, name: x}\n"
             "signing: {driver: pem, key_file: key.pem}\n"
             "inputs: [{id: b, name: x, place: x, driver: sim, cameras: [c]}]\n"
             "cameras:\n"
             "  - {id: c, name: x, driver: lav, %s}\n"
             "receivers:\n"
             "  - {id: r, name: x, driver: https, ca_file: ca.pem, cert_file: ca.pem,\n"
             "     key_file: key.pem, %s}\n",
             camera, receiver);
    struct config *config = config_folder_load(&folder, text, strlen(text), 0640, &drivers);
    config_destroy(config);
    return config ? "" : folder.problems + strlen(folder.file);
}

/* With the names of the file and its folder where {file} and {folder} stand. */
static void put_in(const char *text, char ret_text[2000])
{
    FILE *stream = fmemopen(ret_text, 2000, "w");
    while (*text) {
        bool is_file = strncmp(text, "{file}", 6) == 0,
             is_folder = strncmp(text, "{folder}", 8) == 0;
        if (is_file || is_folder)
            fputs(is_file ? folder.file : folder.path, stream);
        else
            fputc(*text, stream);
        text += is_file ? 6 : is_folder ? 8 : 1;
    }
    fclose(stream);
}

#define GOOD_CAMERA   "url: 'rtsp://192.168.10.11:554/1?x=2'"
#define GOOD_RECEIVER "url: 'https://police.example:8443/v1/events', receipt_keys: [receipt.pem]"

START_TEST(good_options_are_good)
{
    ck_assert_str_eq(load(GOOD_CAMERA, GOOD_RECEIVER), "");
    ck_assert_str_eq(load("url: 'rtsp://[fd00::1]/1', user: u, password_file: camera.password",
                          "url: 'https://10.0.0.1/e', receipts: unsigned, addresses: ['::1']"),
                     "");
}
END_TEST

START_TEST(what_follows_from_receipts_without_a_signature_is_noted)
{
    char text[1000];
    const bool is_unsigned = _i == 1;
    int length = snprintf(
        text, sizeof text,
        "site: {id: '34020000002000000001', name: x, latitude: 1, longitude: 1}\n"
        "signing: {driver: pem, key_file: key.pem}\n"
        "inputs: [{id: b, name: x, place: x, driver: sim}]\n"
        "receivers:\n"
        "  - {id: r, name: x, driver: https, ca_file: ca.pem, cert_file: ca.pem,\n"
        "     key_file: key.pem, receipts: %s, url: 'https://p/e', receipt_keys: [receipt.pem]}\n",
        is_unsigned ? "unsigned" : "signed");
    struct config *c = config_folder_load(&folder, text, (size_t)length, 0640, &drivers);
    ck_assert_msg(c != NULL, "%s", folder.problems);
    unsigned found = 0;
    for (size_t i = 0; i < c->notes.count; i++)
        found += strstr(c->notes.items[i], ":6:35: note: receivers.r.receipts: nothing proves") &&
                 strstr(c->notes.items[i], "drill");
    ck_assert_uint_eq(found, is_unsigned);
    config_destroy(c);
}
END_TEST

START_TEST(a_camera_that_can_never_work_is_named)
{
    static const char *const bad[][2] = {
        {"url: 'http://c/1'", ":5:40: cameras.c.url: must begin with rtsp://\n"},
        {"url: 'rtsp://u:p@c/1'", ":5:40: cameras.c.url: must not hold user and password: give "
                                  "them with user: and password_file:\n"},
        {"url: 'rtsp:///1'", ":5:40: cameras.c.url: must be rtsp://host[:port]/path\n"},
        {"url: 'rtsp://c/a b'", ":5:40: cameras.c.url: must be rtsp://host[:port]/path\n"},
        {"url: 'rtsp://c/1', password: p",
         ":5:5: cameras.c.user: is missing: there is a password\n"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_str_eq(load(bad[i][0], GOOD_RECEIVER), bad[i][1]);
}
END_TEST

START_TEST(a_receiver_that_can_never_work_is_named)
{
    static const char *const bad[][2] = {
        {"url: 'http://p/e', receipt_keys: [receipt.pem]",
         ":8:30: receivers.r.url: \"http://p/e\" must begin with https://\n"},
        {"url: 'https://u@p/e', receipt_keys: [receipt.pem]",
         ":8:30: receivers.r.url: must hold no user, no ? and no #\n"},
        {"url: 'https://接警/e', receipt_keys: [receipt.pem]",
         ":8:30: receivers.r.url: write spaces and letters outside of ASCII as %xx, a host's name "
         "as xn--…\n"},
        {"url: 'https://p/e'",
         ":7:5: receivers.r.receipt_keys: none is given, and without one no receipt can be "
         "believed; give the receiver's public key, or say receipts: unsigned\n"},
        {"url: 'https://p/e', receipts: unsigned, addresses: [p]",
         ":8:77: receivers.r.addresses[1]: \"p\" is no IP address\n"},
        {"url: 'https://p/e', receipts: unsigned, name_servers: [1.2.3.4, '[::1]:53', x]",
         ":8:101: receivers.r.name_servers[3]: \"x\" is no name server: give its IP address "
         "(address[:port])\n"},
        {"url: 'https://p/e', receipts: unsigned, upload_url: 'https://q/c'",
         ":8:77: receivers.r.upload_url: must be on the host of url (p), not q\n"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_str_eq(load(GOOD_CAMERA, bad[i][0]), bad[i][1]);
}
END_TEST

/* Not one a round; and nothing is said of what follows from another mistake. */
START_TEST(all_mistakes_of_one_entry_are_told_at_once)
{
    static const char *const bad[][2] = {
        {"url: 'http://p/e', ulr: x, receipts: unsigned", /* beside the one that it may mean */
         ":8:30: receivers.r.url: \"http://p/e\" must begin with https://\n"
         "{file}:8:44: receivers.r: \"ulr\" is no key that is known here (nearest: \"url\"; legal: "
         "id, name, heartbeat, alarm_heartbeat, clips, group, responder, driver, url, ca_file, "
         "cert_file, key_file, receipt_keys, receipts, upload_url, attempt_timeout, addresses, "
         "name_servers)\n"},
        {"url: 'https://p/e', receipt_keys: [[receipt.pem]]",
         ":8:60: receivers.r.receipt_keys[1]: is a list, but must be a single value\n"},
        {"url: 'http://p/e', receipt_keys: [nothing.pem], addresses: ['::1', p, q]",
         ":8:30: receivers.r.url: \"http://p/e\" must begin with https://\n"
         "{file}:8:59: receivers.r.receipt_keys[1]: {folder}/nothing.pem: No such file or "
         "directory\n"
         "{file}:8:92: receivers.r.addresses[2]: \"p\" is no IP address\n"
         "{file}:8:95: receivers.r.addresses[3]: \"q\" is no IP address\n"},
        {"url: [x], upload_url: 'http://q/c', receipts: unsigned",
         ":8:30: receivers.r.url: is a list, but must be a single value\n"
         "{file}:8:47: receivers.r.upload_url: \"http://q/c\" must begin with https://\n"},
        {"url: 'https://p/e', receipts: unsinged",
         ":8:55: receivers.r.receipts: \"unsinged\" is no value that is known here (nearest: "
         "\"unsigned\"; legal: signed, unsigned)\n"},
        {"url: 'https://p/e', reciept_keys: [receipt.pem]",
         ":8:45: receivers.r: \"reciept_keys\" is no key that is known here (nearest: "
         "\"receipt_keys\"; legal: id, name, heartbeat, alarm_heartbeat, clips, group, responder, "
         "driver, url, ca_file, cert_file, key_file, receipt_keys, receipts, upload_url, "
         "attempt_timeout, addresses, name_servers)\n"},
        {"url: 'https://p/e', colour: red", /* it is no receipt_keys */
         ":7:5: receivers.r.receipt_keys: none is given, and without one no receipt can be "
         "believed; give the receiver's public key, or say receipts: unsigned\n"
         "{file}:8:45: receivers.r: \"colour\" is no key that is known here (legal: id, name, "
         "heartbeat, alarm_heartbeat, clips, group, responder, driver, url, ca_file, cert_file, "
         "key_file, receipt_keys, receipts, upload_url, attempt_timeout, addresses, "
         "name_servers)\n"},
        {"url: 'http://p/e'",
         ":7:5: receivers.r.receipt_keys: none is given, and without one no receipt can be "
         "believed; give the receiver's public key, or say receipts: unsigned\n"
         "{file}:8:30: receivers.r.url: \"http://p/e\" must begin with https://\n"},
    };
    char expected[2000];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_in(bad[i][1], expected);
        ck_assert_str_eq(load(GOOD_CAMERA, bad[i][0]), expected);
    }
    put_in(":5:5: cameras.c.user: is missing: there is a password\n"
           "{file}:5:40: cameras.c.url: must begin with rtsp://\n",
           expected);
    ck_assert_str_eq(load("url: 'x', password_file: camera.password", GOOD_RECEIVER), expected);
}
END_TEST

static unsigned count_lines(const char *text)
{
    unsigned lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

/* As many as an entry of any driver there is can have. */
START_TEST(no_mistake_of_an_entry_is_left_for_the_next_round)
{
    const char *told = load(GOOD_CAMERA, "url: x, upload_url: y, addresses: [a, b, c, d, e, f, g, "
                                         "h], name_servers: [i, j, k, l]");
    ck_assert_uint_eq(count_lines(told), 15);
    ck_assert_ptr_nonnull(strstr(told, "addresses[8]: \"h\""));
    ck_assert_ptr_nonnull(strstr(told, "name_servers[4]: \"l\""));
}
END_TEST

/* tocsin check looks into them; a start does not wait for the disk. */
START_TEST(a_file_that_holds_something_else_is_named)
{
    struct config_drivers trying = drivers;
    char expected[2000];
    const char *text = "site: {id: a, name: x}\n"
                       "signing: {driver: pem, key_file: key.pem}\n"
                       "inputs: [{id: b, name: x, place: x, driver: sim}]\n"
                       "receivers:\n"
                       "  - {id: r, name: x, driver: https, ca_file: ca.pem, cert_file: no.pem,\n"
                       "     key_file: key.pem, url: 'https://p/e', receipt_keys: [ca.pem]}\n";
    trying.try_files = true;
    put_in(":5:46: receivers.r.ca_file: {folder}/ca.pem: holds no certificate (PEM); give the file "
           "of the authority that signs the receiver\n"
           "{file}:5:65: receivers.r.cert_file: {folder}/no.pem: No such file or directory\n"
           "{file}:6:16: receivers.r.key_file: {folder}/key.pem: holds no unencrypted private key "
           "(PEM)\n"
           "{file}:6:60: receivers.r.receipt_keys[1]: {folder}/ca.pem: holds no public key (PEM, "
           "\"BEGIN PUBLIC KEY\")\n",
           expected);
    ck_assert_ptr_null(config_folder_load(&folder, text, strlen(text), 0640, &trying));
    ck_assert_str_eq(folder.problems + strlen(folder.file), expected);
}
END_TEST

START_TEST(a_script_of_a_receiver_that_does_not_exist_is_checked)
{
    char expected[2000];
    put_in(":4:61: receivers.r.commands[2]: \"fly\" is none of reset, guard, query\n"
           "{file}:4:82: receivers.r.script[2]: \"acept\" is none of accept, fail, refuse, "
           "timeout\n",
           expected);
    const char *text = "site: {id: a, name: x}\n"
                       "signing: {driver: pem, key_file: key.pem}\n"
                       "inputs: [{id: b, name: x, place: x, driver: sim}]\n"
                       "receivers: [{id: r, name: x, driver: sim, commands: [reset, fly], "
                       "script: [fail, acept]}]\n";
    ck_assert_ptr_null(config_folder_load(&folder, text, strlen(text), 0640, &drivers));
    ck_assert_str_eq(folder.problems + strlen(folder.file), expected);
}
END_TEST

START_TEST(a_private_key_that_others_may_read_is_named)
{
    char expected[400];
    config_folder_write(&folder, "key.pem", "key\n", 4, 0644);
    snprintf(expected, sizeof expected,
             ":2:34: signing.key_file: %s/key.pem: others may read this private key: chmod 0640 "
             "%s/key.pem\n%s:8:16: receivers.r.key_file: %s/key.pem: others may read this private "
             "key: chmod 0640 %s/key.pem\n",
             folder.path, folder.path, folder.file, folder.path, folder.path);
    ck_assert_str_eq(load(GOOD_CAMERA, GOOD_RECEIVER), expected);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("driver-options");
    TCase *tests = tcase_create("options");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, good_options_are_good);
    tcase_add_loop_test(tests, what_follows_from_receipts_without_a_signature_is_noted, 0, 2);
    tcase_add_test(tests, a_camera_that_can_never_work_is_named);
    tcase_add_test(tests, a_receiver_that_can_never_work_is_named);
    tcase_add_test(tests, all_mistakes_of_one_entry_are_told_at_once);
    tcase_add_test(tests, no_mistake_of_an_entry_is_left_for_the_next_round);
    tcase_add_test(tests, a_file_that_holds_something_else_is_named);
    tcase_add_test(tests, a_script_of_a_receiver_that_does_not_exist_is_checked);
    tcase_add_test(tests, a_private_key_that_others_may_read_is_named);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
