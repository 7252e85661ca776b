/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-video without what it needs: it waits for its folder and its socket, and not for what
 * another one has. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "run_suite.h"
#include "video_supervisor_stage.h"

static void set_up_short_with_a_mule(void)
{
    set_up_with("mule\n", 300 * MIB);
}

static void set_up(void)
{
    set_up_with("horse\n", 9000 * MIB);
}

static void set_up_without_dir(void)
{
    lacks = "dir";
    begin("horse\n");
}

static void set_up_without_socket(void)
{
    lacks = "socket";
    begin("horse\n");
}

/* The file as it is in force. */
static char *text_in_force(void)
{
    char *text;
    size_t length;
    struct err e;
    ck_assert_int_eq(atomic_file_read(folder.file, 1 << 16, &text, &length, &e), 0);
    return text;
}

/* Not an end for ever: systemd gives up starting what ends at once. */
START_TEST(without_its_folder_each_camera_says_so_and_begins_when_it_is_there)
{
    for (int i = 0; i < 3; i++) {
        RUN_UNTIL(cameras[i].state == MESSAGE_CAMERA_FAULT);
        ck_assert_msg(strstr(cameras[i].reason, "video.dir: ") &&
                          strstr(cameras[i].reason, "video/clips: Not a directory"),
                      "%s", cameras[i].reason);
    }
    remove_below("video");
    RUN_UNTIL(cameras[0].state == MESSAGE_CAMERA_ONLINE &&
              cameras[2].state == MESSAGE_CAMERA_ONLINE);
    char *text = text_in_force();
    run_until_file(is_kept, text); /* now it is known to work */
    free(text);
    press();
    RUN_UNTIL(strcmp(clips, "one1") == 0);
}
END_TEST

START_TEST(a_socket_that_cannot_be_had_is_there_when_it_can)
{
    char *text = text_in_force();
    run_until_file(leftover_is_gone, ""); /* it runs */
    ck_assert(!is_kept(text));
    remove_below("link.sock");
    RUN_UNTIL(cameras[0].state == MESSAGE_CAMERA_ONLINE);
    run_until_file(is_kept, text);
    free(text);
    press();
    RUN_UNTIL(strcmp(clips, "one1") == 0);
}
END_TEST

/* Clips that worked were lost, one after the other, and each camera was online. */
START_TEST(a_folder_that_goes_while_it_runs_is_a_fault_until_it_is_there_again)
{
    char video[120], away[120];
    snprintf(video, sizeof video, "%s/video", folder.path);
    snprintf(away, sizeof away, "%s/away", folder.path);
    RUN_UNTIL(cameras[0].state == MESSAGE_CAMERA_ONLINE &&
              cameras[2].state == MESSAGE_CAMERA_ONLINE);
    RUN_UNTIL(rooms_told > 0 && room.state == DISK_ROOM_SHORT); /* it looks more often */
    ck_assert_int_eq(rename(video, away), 0);
    config_folder_write(&folder, "video", "x", 1, 0640);
    RUN_UNTIL(room.free_bytes == DISK_FREE_UNKNOWN);
    for (int i = 0; i < 3; i++)
        RUN_UNTIL(strstr(cameras[i].reason, "video/clips: Not a directory"));
    press();
    ck_assert_int_eq(unlink(video), 0);
    ck_assert_int_eq(rename(away, video), 0);
    RUN_UNTIL(cameras[2].state == MESSAGE_CAMERA_ONLINE); /* which had to be killed */
    RUN_UNTIL(strcmp(clips, "one1") == 0);
    RUN_UNTIL(room.free_bytes == 300 * MIB);
    ck_assert_uint_eq(downs, 0);
}
END_TEST

/* --- A second one --------------------------------------------------------------------------- */

/* Who looks what is wrong, beside the unit: with that socket and that folder. */
static pid_t run_second(const char *socket, const char *dir)
{
    char text[500], path[120];
    snprintf(text, sizeof text,
             "site: {id: a, name: x}\n"
             "signing: {driver: pem, key_file: key.pem}\n"
             "video: {socket: %s, dir: %s, post_event: 1h}\n"
             "inputs: [{id: b, name: x, place: x, driver: sim, cameras: [one]}]\n"
             "cameras: [{id: one, name: x, driver: lav, url: 'rtsp://a/1'}]\n"
             "receivers: [{id: r, name: x, driver: sim}]\n",
             socket, dir);
    config_folder_write(&folder, "second.yaml", text, strlen(text), 0640);
    snprintf(path, sizeof path, "%s/second.yaml", folder.path);
    return run_with(path);
}

static pid_t second;
static int second_status;

static bool second_has_ended(const char *word)
{
    (void)word;
    return waitpid(second, &second_status, WNOHANG) == second;
}

static void expect_its_end(void)
{
    run_until_file(second_has_ended, "");
    ck_assert(WIFEXITED(second_status) && WEXITSTATUS(second_status) == 1);
}

static void make_journal(bool made)
{
    char path[200];
    snprintf(path, sizeof path, "%s/video/clips/" CLIP "8.journal", folder.path);
    if (made)
        config_folder_write(&folder, "video/clips/" CLIP "8.journal", "x", 1, 0640);
    else
        ck_assert_int_eq(unlink(path), 0); /* it was still there, as it was */
}

/* Nothing that the first has is touched: neither what its workers write nor its link. */
START_TEST(a_second_one_ends_and_takes_nothing)
{
    RUN_UNTIL(cameras[0].state == MESSAGE_CAMERA_ONLINE);
    RUN_UNTIL(rooms_told > 0);
    make_journal(true);
    second = run_second(_i == 0 ? "other.sock" : "link.sock", _i == 0 ? "video" : "other");
    expect_its_end();
    make_journal(false);
    ck_assert_uint_eq(downs, 0);
    press();
    RUN_UNTIL(strcmp(clips, "one1") == 0);
    remove_below("other");
}
END_TEST

/* It had to wait for its folder, and that is the first one's. */
START_TEST(one_that_waited_ends_when_it_finds_another)
{
    char late[120];
    RUN_UNTIL(cameras[0].state == MESSAGE_CAMERA_ONLINE);
    config_folder_write(&folder, "late", "x", 1, 0640);
    second = run_second("other.sock", "late");
    snprintf(late, sizeof late, "%s/other.sock", folder.path);
    run_until_file(is_there, late); /* it runs */
    remove_below("late");
    snprintf(late, sizeof late, "%s/late", folder.path);
    ck_assert_int_eq(symlink("video", late), 0);
    expect_its_end();
    ck_assert_uint_eq(downs, 0);
    remove_below("late");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video lacking");
    TCase *dir = tcase_create("dir");
    tcase_add_checked_fixture(dir, set_up_without_dir, tear_down);
    tcase_add_test(dir, without_its_folder_each_camera_says_so_and_begins_when_it_is_there);
    suite_add_tcase(suite, dir);
    TCase *socket = tcase_create("socket");
    tcase_add_checked_fixture(socket, set_up_without_socket, tear_down);
    tcase_add_test(socket, a_socket_that_cannot_be_had_is_there_when_it_can);
    suite_add_tcase(suite, socket);
    TCase *gone = tcase_create("gone");
    tcase_add_checked_fixture(gone, set_up_short_with_a_mule, tear_down);
    tcase_add_test(gone, a_folder_that_goes_while_it_runs_is_a_fault_until_it_is_there_again);
    suite_add_tcase(suite, gone);
    TCase *tests = tcase_create("a second one");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, a_second_one_ends_and_takes_nothing, 0, 2);
    tcase_add_test(tests, one_that_waited_ends_when_it_finds_another);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
