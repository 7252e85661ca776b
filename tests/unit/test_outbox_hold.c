/* SPDX-License-Identifier: Apache-2.0 */
/* A second one on the same store, while the first one lives. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder_lock.h"
#include "known_disk.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "watched_vfs.h"

static char run_folder[48];

static void remove_all(const char *path)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", path);
    ck_assert_int_eq(system(command), 0);
}

static struct fixture *begin_held(void)
{
    struct fixture *f = begin();
    snprintf(run_folder, sizeof run_folder, "%s.run", f->folder);
    ck_assert_int_eq(mkdir(run_folder, 0700), 0);
    f->journal_dir = run_folder;
    close_outbox(f);
    open_outbox(f);
    return f;
}

static void finish(struct fixture *f)
{
    end(f);
    remove_all(run_folder);
}

/* As another process would: it gets nothing but an answer. */
static int open_second(const char *folder, const char *journal_dir, struct err *ret_problem)
{
    uv_loop_t loop;
    struct outbox *second;
    struct outbox_found found;
    const struct outbox_options options = {
        .dir = folder, .journal_dir = journal_dir, .start_wait_ms = patience_ms()};
    const struct outbox_host host = {0};
    uv_loop_init(&loop);
    int result = outbox_open(&loop, &options, &host, &second, &found, ret_problem);
    if (result == 0) {
        ck_assert_uint_eq(outbox_close(second, patience_ms()), 0);
        outbox_found_finish(&found);
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    return result;
}

START_TEST(a_second_one_is_refused)
{
    struct err e;
    struct fixture *f = begin_held();
    ck_assert_int_eq(open_second(f->folder, NULL, &e), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(e.text, f->folder));
    ck_assert_ptr_nonnull(strstr(e.text, "another tocsind is at work there"));
    put(f, 1, "of the first");
    wait_stored(f, 1); /* which has not noticed it */
    ck_assert(!f->faulty);
    close_outbox(f);
    ck_assert_int_eq(open_second(f->folder, run_folder, &e), 0);
    open_outbox(f);
    finish(f);
}
END_TEST

START_TEST(so_it_is_where_the_folder_is_not_there)
{
    struct err e;
    char moved[48];
    struct fixture *f = begin_held();
    close_outbox(f);
    snprintf(moved, sizeof moved, "%s.moved", f->folder);
    ck_assert_int_eq(rename(f->folder, moved), 0);
    open_outbox(f);
    ck_assert_int_eq(open_second(f->folder, run_folder, &e), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(e.text, run_folder));
    /* A gateway of its own, in the same run folder. */
    ck_assert_int_eq(open_second(moved, run_folder, &e), 0);
    ck_assert_int_eq(rename(moved, f->folder), 0);
    turn_until(f, &f->came_late);
    finish(f);
}
END_TEST

START_TEST(a_folder_that_comes_later_is_held_as_well)
{
    char moved[48];
    struct err e;
    int fd = -1;
    struct fixture *f = begin_held();
    close_outbox(f);
    snprintf(moved, sizeof moved, "%s.moved", f->folder);
    ck_assert_int_eq(rename(f->folder, moved), 0);
    open_outbox(f);
    ck_assert_int_eq(rename(moved, f->folder), 0);
    turn_until(f, &f->came_late);
    ck_assert_int_eq(folder_lock_take(f->folder, "tester", &fd, &e), -EADDRINUSE);
    finish(f);
}
END_TEST

START_TEST(a_store_that_another_holds_by_now_is_not_opened)
{
    char moved[48];
    struct err e;
    int fd = -1;
    struct fixture *f = begin_held();
    close_outbox(f);
    snprintf(moved, sizeof moved, "%s.moved", f->folder);
    ck_assert_int_eq(rename(f->folder, moved), 0);
    open_outbox(f);
    ck_assert_int_eq(folder_lock_take(moved, "tester", &fd, &e), 0);
    ck_assert_int_eq(rename(moved, f->folder), 0);
    struct heard heard = ask(f, &(struct outbox_query){.kind = OUTBOX_QUERY_LIST, .limit = 1});
    ck_assert_ptr_nonnull(strstr(heard.error, "another tocsind is at work there"));
    free(heard.text);
    close(fd);
    turn_until(f, &f->came_late);
    finish(f);
}
END_TEST

START_TEST(nor_is_one_made_where_another_is)
{
    char moved[48], store[80];
    struct err e;
    int fd = -1;
    struct fixture *f = begin_held();
    put(f, 1, NULL);
    wait_stored(f, 1);
    snprintf(moved, sizeof moved, "%s.moved", f->folder);
    snprintf(store, sizeof store, "%s/outbox.db", f->folder);
    ck_assert_int_eq(rename(f->folder, moved), 0);
    ck_assert_int_eq(mkdir(f->folder, 0700), 0);
    ck_assert_int_eq(folder_lock_take(f->folder, "tester", &fd, &e), 0);
    put(f, 2, NULL);
    turn_until(f, &f->damaged); /* it is told that it has gone, and was tried */
    ck_assert_int_ne(access(store, F_OK), 0);
    close(fd);
    wait_stored(f, 2);
    ck_assert_int_eq(access(store, F_OK), 0);
    fd = -1;
    ck_assert_int_eq(folder_lock_take(f->folder, "tester", &fd, &e), -EADDRINUSE);
    finish(f);
    remove_all(moved);
}
END_TEST

START_TEST(a_folder_that_it_makes_anew_is_held)
{
    struct err e;
    int fd = -1;
    struct fixture *f = begin_held();
    remove_all(f->folder);
    put(f, 1, NULL);
    wait_stored(f, 1);
    ck_assert_int_eq(folder_lock_take(f->folder, "tester", &fd, &e), -EADDRINUSE);
    finish(f);
}
END_TEST

static char comes[48], goes[48], place[48]; /* folders */

/* In the store's thread, between its look at the folder and the opening of what is in it. */
static void exchange_folders(void)
{
    ck_assert_int_eq(rename(place, goes), 0);
    ck_assert_int_eq(rename(comes, place), 0);
}

START_TEST(a_folder_that_comes_while_its_store_is_opened_again_is_held)
{
    char command[120];
    struct err e;
    int fd = -1;
    struct fixture *f = begin_held();
    put(f, 1, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    snprintf(place, sizeof place, "%s", f->folder);
    snprintf(comes, sizeof comes, "%s.comes", f->folder);
    snprintf(goes, sizeof goes, "%s.goes", f->folder);
    snprintf(command, sizeof command, "cp -a %s %s", place, comes);
    ck_assert_int_eq(system(command), 0);
    open_outbox(f);
    known_disk_meanwhile = exchange_folders;
    watched_vfs_fail_syncs(1);
    put(f, 2, NULL); /* is refused, and closes the store */
    wait_stored(f, 2);
    ck_assert_ptr_null(known_disk_meanwhile);
    ck_assert_int_eq(folder_lock_take(f->folder, "tester", &fd, &e), -EADDRINUSE);
    finish(f);
    remove_all(goes);
}
END_TEST

/* Where it was is out of the way, as under what is mounted over it. */
static void take_away(struct fixture *f)
{
    char moved[48];
    snprintf(moved, sizeof moved, "%s.moved", f->folder);
    ck_assert_int_eq(rename(f->folder, moved), 0);
    remove_all(moved);
}

START_TEST(whether_it_forgets_is_told_whenever_that_changes_and_before_anything_is_stored)
{
    struct fixture *f = begin_held();
    f->forgets_told = 0;
    put(f, 1, NULL);
    wait_stored(f, 1);
    ck_assert_uint_eq(f->forgets_told, 1);
    ck_assert_str_eq(f->forgets, "");
    known_disk_forgets = "tmpfs";
    take_away(f);
    put(f, 2, NULL);
    wait_stored(f, 2);
    ck_assert_uint_eq(f->forgets_told, 2);
    ck_assert_str_eq(f->forgets, "tmpfs");
    ck_assert_uint_eq(f->stored_before, 1);
    known_disk_forgets = NULL;
    take_away(f);
    put(f, 3, NULL);
    wait_stored(f, 3);
    ck_assert_uint_eq(f->forgets_told, 3);
    ck_assert_str_eq(f->forgets, "");
    finish(f);
}
END_TEST

START_TEST(a_start_on_what_forgets_says_so_before_anything_is_stored)
{
    struct fixture *f = begin_held();
    close_outbox(f);
    known_disk_forgets = "ramfs";
    open_outbox(f);
    f->stored_before = 9;
    put(f, 1, NULL);
    wait_stored(f, 1);
    ck_assert_str_eq(f->forgets, "ramfs");
    ck_assert_uint_eq(f->stored_before, 0);
    known_disk_forgets = NULL;
    finish(f);
}
END_TEST

START_TEST(what_is_looked_for_in_vain_is_told_as_damage_once_a_second)
{
    struct fixture *f = begin_held();
    outbox_note_gone(f->outbox, 5);
    outbox_note_gone(f->outbox, 5);
    ck_assert(!f->damaged);
    outbox_watch_journal(f->outbox);
    ck_assert_ptr_nonnull(strstr(f->damage, "of event number 5 nothing is here any more"));
    f->damaged = false;
    outbox_watch_journal(f->outbox);
    ck_assert(!f->damaged);
    finish(f);
}
END_TEST

START_TEST(what_cannot_be_held_ends_no_start)
{
    struct fixture *f = begin_held();
    close_outbox(f);
    remove_all(run_folder);
    ck_assert_int_eq(symlink("nowhere", run_folder), 0);
    open_outbox(f);
    put(f, 1, NULL);
    wait_stored(f, 1);
    finish(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_hold");
    TCase *tc = tcase_create("two");
    tcase_add_test(tc, a_second_one_is_refused);
    tcase_add_test(tc, so_it_is_where_the_folder_is_not_there);
    tcase_add_test(tc, a_folder_that_comes_later_is_held_as_well);
    tcase_add_test(tc, a_store_that_another_holds_by_now_is_not_opened);
    tcase_add_test(tc, nor_is_one_made_where_another_is);
    tcase_add_test(tc, a_folder_that_it_makes_anew_is_held);
    tcase_add_test(tc, a_folder_that_comes_while_its_store_is_opened_again_is_held);
    tcase_add_test(tc,
                   whether_it_forgets_is_told_whenever_that_changes_and_before_anything_is_stored);
    tcase_add_test(tc, a_start_on_what_forgets_says_so_before_anything_is_stored);
    tcase_add_test(tc, what_is_looked_for_in_vain_is_told_as_damage_once_a_second);
    tcase_add_test(tc, what_cannot_be_held_ends_no_start);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    watched_vfs_install(NULL);
    return run_suite(make_suite());
}
