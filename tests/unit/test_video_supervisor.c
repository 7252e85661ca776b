/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin-video as tocsind sees it, with workers that play a part instead of reading a camera: who
 * is told what, which clips are believed, and that one camera's trouble is one camera's. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic_file.h"
#include "run_suite.h"
#include "video/supervisor.h"
#include "video_supervisor_stage.h"

static void set_up(void)
{
    set_up_with(NULL, 9000 * MIB);
}

static void set_up_full(void)
{
    set_up_with(NULL, 256 * MIB - 1);
}

static void set_up_with_a_mule(void)
{
    set_up_with("mule\n", 9000 * MIB);
}

/* The next that was said of camera one. */
static void expect_camera(enum message_camera_state state, const char *reason, unsigned restarts)
{
    RUN_UNTIL(heard_count < told_count);
    const struct message_camera *camera = &told[heard_count++];
    ck_assert_int_eq(camera->state, state);
    ck_assert_str_eq(camera->reason, reason);
    ck_assert_uint_eq(camera->restarts, restarts);
}

static void expect_online(void)
{
    RUN_UNTIL(cameras[0].state != MESSAGE_CAMERA_CONNECTING);
    if (told[0].state == MESSAGE_CAMERA_CONNECTING)
        heard_count = 1; /* it was not there yet when this side connected */
    expect_camera(MESSAGE_CAMERA_ONLINE, "lav", 2);
}

/* Whether the newest that is kept of clip 1 has this word. */
static bool clip_says(const char *word)
{
    char path[200], *text;
    size_t length;
    struct err e;
    snprintf(path, sizeof path, "%s/video/clips/" CLIP "1.json", folder.path);
    if (atomic_file_read(path, 1 << 16, &text, &length, &e) != 0)
        return false;
    bool says = strstr(text, word) != NULL;
    free(text);
    return says;
}

/* --- Tests --------------------------------------------------------------------------------- */

START_TEST(each_camera_says_its_own)
{
    expect_online();
    RUN_UNTIL(cameras[1].state == MESSAGE_CAMERA_FAULT && cameras[2].state == MESSAGE_CAMERA_FAULT);
    ck_assert_str_eq(cameras[1].reason, "the camera's worker ended with status 3");
    ck_assert_ptr_nonnull(strstr(cameras[2].reason, "late.password: No such file"));
    RUN_UNTIL(cameras[1].restarts >= 2); /* and is started again */
    config_folder_write(&folder, "late.password", "horse\n", 6, 0640);
    RUN_UNTIL(cameras[2].state == MESSAGE_CAMERA_ONLINE);
    ck_assert_uint_eq(told_count, heard_count); /* the others' trouble is not camera one's */
    press();
    RUN_UNTIL(cameras[0].restarts >= 6);
    ck_assert_int_eq(cameras[2].state, MESSAGE_CAMERA_ONLINE); /* the alarm is not camera three's */
    ck_assert_uint_eq(cameras[2].restarts, 2);
    run_until_file(leftover_is_gone, "");
}
END_TEST

/* Only a clip of the worker's own camera in the clips' folder is one, and only once. It is told
 * until it is stored, and the worker that starts again is told of the alarm. */
START_TEST(clips_are_believed_once_and_told_until_stored)
{
    static const char ended[] = "the camera's worker ended with status 5";
    expect_online();
    press();
    expect_camera(MESSAGE_CAMERA_FAULT, ended, 3); /* its two sessions, and itself */
    RUN_UNTIL(strcmp(clips, "one1") == 0);         /* once its announcement is on the disk */
    expect_camera(MESSAGE_CAMERA_ONLINE, "lav", 5);
    /* Told of the alarm again, it has nothing new to say, and ends once more in the same way. */
    expect_camera(MESSAGE_CAMERA_FAULT, ended, 6);
    ck_assert_str_eq(clips, "one1");
    link_client_close(link_to_video);
    connect_link();
    RUN_UNTIL(strcmp(clips, "one1one1") == 0);
    link_client_send(link_to_video,
                     &(struct message){.type = MESSAGE_CLIP_STORED, .word_of = CLIP "1"});
    run_until_file(clip_says, "\"stored\":true");
    link_client_close(link_to_video);
    connect_link();
    RUN_UNTIL(strcmp(clips, "one1one1one1") == 0); /* it is not at the receivers yet */
    link_client_send(link_to_video, &(struct message){.type = MESSAGE_CLIPS_AGAIN});
    RUN_UNTIL(strcmp(clips, "one1one1one1one1") == 0);
    link_client_send(link_to_video,
                     &(struct message){.type = MESSAGE_CLIP_DONE, .word_of = CLIP "1"});
    run_until_file(clip_says, "\"done\":true");
    link_client_close(link_to_video);
    memset(cameras, 0, sizeof cameras);
    connect_link();
    RUN_UNTIL(cameras[2].state == MESSAGE_CAMERA_FAULT);
    link_client_send(link_to_video, /* nobody knows it */
                     &(struct message){.type = MESSAGE_CLIP_STORED, .word_of = CLIP "9"});
    RUN_UNTIL(cameras[0].restarts >= 8); /* told after the clips would have been */
    ck_assert_str_eq(clips, "one1one1one1one1");
}
END_TEST

/* It is not told again, and what is kept of it does not say that tocsind has it. */
START_TEST(a_clip_that_is_refused_is_not_told_again)
{
    expect_online();
    press();
    RUN_UNTIL(strcmp(clips, "one1") == 0);
    link_client_send(link_to_video,
                     &(struct message){.type = MESSAGE_CLIP_REFUSED, .word_of = CLIP "1"});
    link_client_send(link_to_video, /* nobody knows it */
                     &(struct message){.type = MESSAGE_CLIP_REFUSED, .word_of = CLIP "9"});
    run_until_file(clip_says, "\"stored\":false,\"done\":true");
    link_client_close(link_to_video);
    unsigned before = cameras[0].restarts;
    connect_link();
    RUN_UNTIL(cameras[0].restarts > before); /* told after the clips would have been */
    ck_assert_str_eq(clips, "one1");
}
END_TEST

START_TEST(a_reload_replaces_the_cameras_and_a_bad_one_nothing)
{
    static const char bad[] = "site: {}\n";
    char *text;
    size_t length;
    struct err e;
    expect_online();
    ck_assert_int_eq(atomic_file_read(folder.file, 1 << 16, &text, &length, &e), 0);
    RUN_UNTIL(is_kept(text));
    ck_assert_int_eq(supervisor_check(folder.file), 0);
    config_folder_write(&folder, "tocsin.yaml", bad, sizeof bad - 1, 0640);
    ck_assert_int_lt(supervisor_check(folder.file), 0);
    kill(supervisor, SIGHUP);
    unsigned before = cameras[1].restarts;
    RUN_UNTIL(cameras[1].restarts >= before + 2); /* the second began after the signal was taken */
    ck_assert_uint_eq(told_count, heard_count);
    ck_assert(is_kept(text));
    memcpy(strstr(text, "id: two"), "id: six", 7);
    memcpy(strstr(text, "two, three"), "six, three", 10);
    config_folder_write(&folder, "tocsin.yaml", text, length, 0640);
    RUN_UNTIL(cameras[2].state == MESSAGE_CAMERA_ONLINE);
    kill(supervisor, SIGHUP); /* camera three has to be killed */
    RUN_UNTIL(told_count > heard_count && told[told_count - 1].state == MESSAGE_CAMERA_ONLINE);
    RUN_UNTIL(is_kept(text));
    free(text);
}
END_TEST

START_TEST(on_a_full_disk_no_clip_is_begun_until_there_is_room)
{
    expect_online();
    RUN_UNTIL(rooms_told > 0);
    ck_assert_int_eq(room.state, DISK_ROOM_FULL);
    ck_assert_int_eq(room.free_bytes, 256 * MIB - 1);
    ck_assert_int_eq(room.keep_bytes, 256 * MIB);
    press();
    unsigned before = cameras[1].restarts;
    RUN_UNTIL(cameras[1].restarts >= before + 2);
    ck_assert_uint_eq(told_count, heard_count); /* camera one was not told */
    *free_bytes = 400 * MIB;
    RUN_UNTIL(strcmp(clips, "one1") == 0); /* that press is not long ago: it gets its clip */
    ck_assert_int_eq(room.state, DISK_ROOM_SHORT);
    link_client_close(link_to_video);
    rooms_told = 0;
    connect_link();
    RUN_UNTIL(rooms_told > 0);
    ck_assert_int_eq(room.state, DISK_ROOM_SHORT);
    *free_bytes = 640 * MIB;
    RUN_UNTIL(room.state == DISK_ROOM_GOOD);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("video supervisor");
    TCase *tests = tcase_create("supervisor");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, each_camera_says_its_own);
    tcase_add_test(tests, clips_are_believed_once_and_told_until_stored);
    tcase_add_test(tests, a_clip_that_is_refused_is_not_told_again);
    suite_add_tcase(suite, tests);
    TCase *full = tcase_create("full");
    tcase_add_checked_fixture(full, set_up_full, tear_down);
    tcase_add_test(full, on_a_full_disk_no_clip_is_begun_until_there_is_room);
    suite_add_tcase(suite, full);
    TCase *mule = tcase_create("mule");
    tcase_add_checked_fixture(mule, set_up_with_a_mule, tear_down);
    tcase_add_test(mule, a_reload_replaces_the_cameras_and_a_bad_one_nothing);
    suite_add_tcase(suite, mule);
    return run_suite(suite);
}
