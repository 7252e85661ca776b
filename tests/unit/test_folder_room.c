/* SPDX-License-Identifier: Apache-2.0 */
/* Whose the folder of clips is while it is in use. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder_lock.h"
#include "half_dead.h"
#include "run_suite.h"
#include "video/folder_room.h"

static char folder[TEST_FOLDER_SIZE];
static uv_loop_t loop;
static struct folder_room room;
static int lock, looks;

static void on_look(void *arg, enum disk_room before)
{
    (void)arg;
    (void)before;
    looks++;
}

static void begin(void)
{
    lock = -1;
    test_folder(folder, sizeof folder);
    uv_loop_init(&loop);
    folder_room_init(&room, &loop, folder, &lock, on_look, NULL);
}

static void end(void)
{
    close(lock);
    uv_loop_close(&loop);
    rmdir(folder);
}

/* Whether it looked, so long after the last time. */
static bool looks_after(int64_t ms)
{
    int before = looks;
    static int64_t now_ms = 1;
    folder_room_tick(&room, now_ms + ms, 1);
    uv_run(&loop, UV_RUN_DEFAULT);
    if (looks != before)
        now_ms += ms;
    return looks == before + 1;
}

static void look(void)
{
    ck_assert(looks_after(3600000));
}

/* With the lock of the folder: one that is half dead, or lives. */
static pid_t make_holder(bool lives)
{
    struct err e;
    int ready[2];
    char byte;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (folder_lock_take(folder, "tocsin-video", &(int){-1}, &e) != 0 ||
            write(ready[1], "", 1) != 1)
            _exit(1);
        if (!lives)
            half_dead_become();
        for (;;)
            pause();
    }
    close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    if (!lives)
        half_dead_await(pid);
    return pid;
}

START_TEST(what_one_that_was_killed_had_is_locked_when_it_has_gone)
{
    struct err e;
    pid_t dead = make_holder(false);
    ck_assert_int_eq(folder_lock_take(folder, "tocsin-video", &lock, &e), FOLDER_LOCK_OF_THE_DEAD);
    look();
    look();
    ck_assert(!room.is_gone && !room.is_of_another);
    half_dead_end(dead);
    look();
    ck_assert(!room.is_gone && !room.is_of_another);
    ck_assert_int_eq(folder_lock_take(folder, "tocsin-video", &(int){-1}, &e), -EADDRINUSE);
}
END_TEST

/* Two would write their clips over each other's. */
START_TEST(what_another_took_before_is_not_used_on)
{
    struct err e;
    pid_t dead = make_holder(false);
    ck_assert_int_eq(folder_lock_take(folder, "tocsin-video", &lock, &e), FOLDER_LOCK_OF_THE_DEAD);
    half_dead_end(dead);
    pid_t quicker = make_holder(true);
    look();
    ck_assert(!room.is_of_another); /* it may be about to end */
    look();
    ck_assert(room.is_of_another);
    ck_assert(!room.is_gone);
    half_dead_end(quicker);
    folder_room_forget(&room);
    ck_assert(!room.is_of_another);
    look();
    ck_assert(!room.is_of_another);
}
END_TEST

START_TEST(who_was_seen_there_is_looked_for_again_soon)
{
    struct err e;
    pid_t dead = make_holder(false);
    ck_assert_int_eq(folder_lock_take(folder, "tocsin-video", &lock, &e), FOLDER_LOCK_OF_THE_DEAD);
    look();
    ck_assert(!looks_after(9999)); /* the dead one does nothing */
    ck_assert(looks_after(10000));
    half_dead_end(dead);
    pid_t quicker = make_holder(true);
    look();
    ck_assert(!looks_after(1999));
    ck_assert(looks_after(2000));
    ck_assert(room.is_of_another);
    half_dead_end(quicker);
}
END_TEST

/* The first and the third of them, each about to end, and between them one that was killed. */
START_TEST(who_was_seen_there_two_looks_ago_does_not_count)
{
    struct err e;
    pid_t dead = make_holder(false);
    ck_assert_int_eq(folder_lock_take(folder, "tocsin-video", &lock, &e), FOLDER_LOCK_OF_THE_DEAD);
    for (int i = 0; i < 2; i++) {
        half_dead_end(dead);
        pid_t passing = make_holder(true);
        look();
        ck_assert(!room.is_of_another);
        half_dead_end(passing);
        dead = make_holder(false);
        look();
    }
    half_dead_end(dead);
}
END_TEST

START_TEST(a_folder_that_is_gone_is_nobody_elses)
{
    struct err e;
    char away[TEST_FOLDER_SIZE + 5];
    snprintf(away, sizeof away, "%s.away", folder);
    pid_t dead = make_holder(false);
    ck_assert_int_eq(folder_lock_take(folder, "tocsin-video", &lock, &e), FOLDER_LOCK_OF_THE_DEAD);
    half_dead_end(dead);
    pid_t quicker = make_holder(true);
    ck_assert_int_eq(rename(folder, away), 0);
    look();
    ck_assert(room.is_gone);
    ck_assert(!room.is_of_another);
    half_dead_end(quicker);
    ck_assert_int_eq(rename(away, folder), 0);
}
END_TEST

START_TEST(who_ended_a_moment_after_the_look_has_nothing)
{
    struct err e;
    pid_t dead = make_holder(false);
    ck_assert_int_eq(folder_lock_take(folder, "tocsin-video", &lock, &e), FOLDER_LOCK_OF_THE_DEAD);
    half_dead_end(dead);
    pid_t passing = make_holder(true);
    look();
    half_dead_end(passing);
    look();
    ck_assert(!room.is_of_another);
    ck_assert_int_eq(folder_lock_take(folder, "tocsin-video", &(int){-1}, &e), -EADDRINUSE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("folder_room");
    TCase *tc = tcase_create("lock");
    tcase_add_checked_fixture(tc, begin, end);
    tcase_add_test(tc, what_one_that_was_killed_had_is_locked_when_it_has_gone);
    tcase_add_test(tc, what_another_took_before_is_not_used_on);
    tcase_add_test(tc, who_ended_a_moment_after_the_look_has_nothing);
    tcase_add_test(tc, who_was_seen_there_is_looked_for_again_soon);
    tcase_add_test(tc, who_was_seen_there_two_looks_ago_does_not_count);
    tcase_add_test(tc, a_folder_that_is_gone_is_nobody_elses);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
