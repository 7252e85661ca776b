/* SPDX-License-Identifier: Apache-2.0 */
/* A second one on the same store, while the first one lives. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/folder_lock.h"
#include "half_dead.h"
#include "known_disk.h"
#include "outbox/hold.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "watched_vfs.h"

static char run_folder[48];

/* A disk that does not answer whoever opens, or makes, what has this name ("": it does). */
static char stuck[48];
static uv_mutex_t disk;

static void wait_for_disk(const char *path)
{
    uv_mutex_lock(&disk);
    bool is_stuck = strcmp(path, stuck) == 0;
    uv_mutex_unlock(&disk);
    while (is_stuck) { /* the test's time is over at some time */
        usleep(1000);
        uv_mutex_lock(&disk);
        is_stuck = strcmp(path, stuck) == 0;
        uv_mutex_unlock(&disk);
    }
}

static void set_stuck(const char *path)
{
    uv_mutex_lock(&disk);
    snprintf(stuck, sizeof stuck, "%s", path);
    uv_mutex_unlock(&disk);
}

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode)
{
    wait_for_disk(path);
    return __real_open(path, flags, mode);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    wait_for_disk(path);
    return __real_mkdir(path, mode);
}

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
    }
    uv_run(&loop, UV_RUN_DEFAULT);
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

START_TEST(a_folder_that_does_not_answer_keeps_no_start_waiting)
{
    struct fixture *f = begin_held();
    put(f, 1, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    set_stuck(f->folder);
    f->makes_dir = _i;
    f->start_wait_ms = 1;
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(f->found.unknown, "the disk has not answered yet"));
    put(f, f->found.used_seq + 1000000, NULL);
    set_stuck("");
    turn_until(f, &f->came_late);
    wait_stored(f, 2);
    finish(f);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_made_at_the_start)
{
    struct err e;
    int fd = -1;
    struct fixture *f = begin_held();
    close_outbox(f);
    remove_all(f->folder);
    f->makes_dir = true;
    open_outbox(f);
    put(f, 1, NULL);
    wait_stored(f, 1);
    ck_assert_int_eq(folder_lock_take(f->folder, "tester", &fd, &e), -EADDRINUSE);
    finish(f);
}
END_TEST

/* As one that was killed while a thread of it waits for a disk that does not answer. */
static pid_t make_holder(const char *folder)
{
    struct err e;
    pid_t pid = fork();
    if (pid == 0) {
        if (folder_lock_take(folder, "tester", &(int){-1}, &e) == 0)
            half_dead_become();
        _exit(1);
    }
    half_dead_await(pid);
    return pid;
}

/* By any process. */
static bool is_locked(const char *folder)
{
    struct stat info;
    unsigned long long inode;
    char line[200];
    bool is_there = false;
    ck_assert_int_eq(stat(folder, &info), 0);
    FILE *locks = fopen("/proc/locks", "r");
    while (fgets(line, sizeof line, locks))
        is_there |= sscanf(line, "%*u: FLOCK %*s %*s %*d %*x:%*x:%llu", &inode) == 1 &&
                    inode == info.st_ino;
    fclose(locks);
    return is_there;
}

START_TEST(a_folder_that_one_has_who_has_ended_is_held_when_that_one_is_gone)
{
    struct err e;
    struct fixture *f = begin_held();
    close_outbox(f);
    pid_t pid = make_holder(f->folder);
    f->look_at_once = true;
    f->prove_every_ms = 20;
    open_outbox(f);
    put(f, 1, NULL);
    wait_stored(f, 1);
    half_dead_end(pid);
    while (!is_locked(f->folder)) /* the test's time is over at some time */
        uv_run(&f->loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(folder_lock_take(f->folder, "tester", &(int){-1}, &e), -EADDRINUSE);
    finish(f);
}
END_TEST

START_TEST(who_takes_it_before_that_has_it)
{
    const int64_t second_ns = 1000000000;
    struct err e;
    struct hold h;
    char store[80];
    int fd = -1;
    struct fixture *f = begin_held();
    close_outbox(f);
    snprintf(store, sizeof store, "%s/outbox.db", f->folder);
    pid_t pid = make_holder(f->folder);
    hold_init(&h);
    ck_assert_int_eq(hold_folder(&h, store, &e), 0);
    ck_assert_int_eq(hold_folder_again(&h, store, second_ns, &e), 0);
    half_dead_end(pid);
    ck_assert_int_eq(folder_lock_take(f->folder, "tester", &fd, &e), 0);
    ck_assert_int_eq(hold_folder_again(&h, store, 2 * second_ns, &e), 0); /* it may be ending */
    ck_assert_int_eq(hold_folder_again(&h, store, 3 * second_ns - 1, &e), 0);
    ck_assert_int_eq(hold_folder_again(&h, store, 3 * second_ns, &e), -EBUSY);
    ck_assert_ptr_nonnull(strstr(e.text, "another tocsind is at work there"));
    close(fd);
    ck_assert_int_eq(hold_folder_again(&h, store, 4 * second_ns, &e), 0);
    fd = -1;
    ck_assert_int_eq(folder_lock_take(f->folder, "tester", &fd, &e), -EADDRINUSE);
    ck_assert_int_eq(hold_folder_again(&h, "/nowhere/outbox.db", 9 * second_ns, &e), 0);
    ck_assert(folder_lock_is_of(h.folder, f->folder)); /* there was nothing to be done */
    hold_end(&h);
    open_outbox(f);
    finish(f);
}
END_TEST

/* How often what the log got since says so. */
static int count_in(int log, const char *words)
{
    char text[4000] = "";
    int count = 0;
    ck_assert_int_ge(pread(log, text, sizeof text - 1, 0), 0);
    for (const char *at = text; (at = strstr(at, words)); at++)
        count++;
    return count;
}

START_TEST(that_it_cannot_be_held_is_told_once_for_as_long_as_it_lasts)
{
    struct err e;
    struct hold h;
    char store[80], nowhere[80];
    int log = memfd_create("log", 0), own = dup(STDERR_FILENO), result[5];
    struct fixture *f = begin_held();
    close_outbox(f);
    snprintf(store, sizeof store, "%s/outbox.db", f->folder);
    snprintf(nowhere, sizeof nowhere, "%s/nowhere/outbox.db", f->folder);
    hold_init(&h);
    dup2(log, STDERR_FILENO);
    result[0] = hold_folder(&h, store, &e);
    result[1] = hold_folder(&h, nowhere, &e); /* it has gone since */
    int first = count_in(log, "/nowhere: No such file or directory: no second tocsind is kept out");
    result[2] = hold_folder(&h, nowhere, &e);
    int second = count_in(log, "no second tocsind is kept out");
    result[3] = hold_folder(&h, store, &e);
    result[4] = hold_folder(&h, nowhere, &e);
    int third = count_in(log, "no second tocsind is kept out");
    dup2(own, STDERR_FILENO);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(result[i], 0); /* it ends nothing */
    ck_assert_int_eq(first, 1);
    ck_assert_int_eq(second, 1);
    ck_assert_int_eq(third, 2);
    hold_end(&h);
    close(log);
    close(own);
    open_outbox(f);
    finish(f);
}
END_TEST

/* That one keeps it out: nobody is let in. */
START_TEST(of_one_that_another_holds_it_is_not_said_that_no_second_one_is_kept_out)
{
    struct err e;
    struct hold h;
    char store[80];
    int log = memfd_create("log", 0), own = dup(STDERR_FILENO);
    struct fixture *f = begin_held();
    snprintf(store, sizeof store, "%s/outbox.db", f->folder);
    hold_init(&h);
    dup2(log, STDERR_FILENO);
    int result = hold_folder(&h, store, &e); /* which the open one has */
    dup2(own, STDERR_FILENO);
    ck_assert_int_eq(result, -EBUSY);
    ck_assert_ptr_nonnull(strstr(e.text, "another tocsind is at work there"));
    ck_assert_int_eq(count_in(log, "no second tocsind is kept out"), 0);
    hold_end(&h);
    close(log);
    close(own);
    finish(f);
}
END_TEST

/* It hears buttons by then: what it hears goes its way, and is stored when the other one ends. */
START_TEST(who_learns_of_another_when_it_has_started_goes_on_and_has_the_store_after_that_one)
{
    struct fixture *f = begin_held();
    put(f, 1, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    set_stuck(f->folder);
    f->start_wait_ms = 1;
    open_outbox(f);
    ck_assert(f->found.is_late);
    int other = __real_open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    ck_assert_int_eq(flock(other, LOCK_EX), 0);
    uint64_t used = begin_numbers(f);
    put(f, used + 1, NULL);
    set_stuck("");
    turn_until(f, &f->faulty);
    ck_assert_ptr_nonnull(strstr(f->fault, "another tocsind is at work there"));
    ck_assert(!f->came_late);
    close(other);
    turn_until(f, &f->came_late);
    wait_stored(f, 2);
    close_outbox(f);
    f->start_wait_ms = 0;
    f->journal_dir = NULL; /* the store alone says that the stop has left nothing undone */
    open_outbox(f);
    ck_assert_uint_eq(f->found.used_seq, used + 1);
    ck_assert_uint_eq(f->found.last_seq, used + 1);
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
    tcase_add_loop_test(tc, a_folder_that_does_not_answer_keeps_no_start_waiting, 0, 2);
    tcase_add_test(tc, a_folder_that_is_not_there_is_made_at_the_start);
    tcase_add_test(tc, a_folder_that_one_has_who_has_ended_is_held_when_that_one_is_gone);
    tcase_add_test(tc, who_takes_it_before_that_has_it);
    tcase_add_test(tc, that_it_cannot_be_held_is_told_once_for_as_long_as_it_lasts);
    tcase_add_test(tc, of_one_that_another_holds_it_is_not_said_that_no_second_one_is_kept_out);
    tcase_add_test(
        tc, who_learns_of_another_when_it_has_started_goes_on_and_has_the_store_after_that_one);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    watched_vfs_install(NULL);
    uv_mutex_init(&disk);
    return run_suite(make_suite());
}
