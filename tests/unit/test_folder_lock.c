/* SPDX-License-Identifier: Apache-2.0 */
/* Locks by real processes, in a folder that is gone afterwards. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/folder_lock.h"
#include "half_dead.h"
#include "run_suite.h"

static char folder[32], inner[48], file[48];

/* What proc(5) says of the holder in place of what it is; NULL: the truth. */
static const char *holder;

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);

FILE *__wrap_fopen(const char *path, const char *mode)
{
    if (holder && strncmp(path, "/proc/", 6) == 0 && strcmp(path, "/proc/locks") != 0)
        return fmemopen((void *)(uintptr_t)holder, strlen(holder), "r");
    return __real_fopen(path, mode);
}

static void (*before_lock)(void), (*before_rename)(void); /* once */
static int is_at = -1, goes_on = -1; /* pipes of one that waits at each step; negative: it does not
                                      */

static void step(void (**before)(void))
{
    void (*run)(void) = before ? *before : NULL;
    if (run) {
        *before = NULL;
        run();
    }
    if (is_at >= 0 && (write(is_at, "s", 1) != 1 || read(goes_on, &(char){0}, 1) != 1))
        _exit(1);
}

int __real_flock(int fd, int how);
int __wrap_flock(int fd, int how);

int __wrap_flock(int fd, int how)
{
    step(&before_lock);
    return __real_flock(fd, how);
}

int __real_fcntl(int fd, int what, void *with);
int __wrap_fcntl(int fd, int what, void *with);

int __wrap_fcntl(int fd, int what, void *with)
{
    if (what != F_SETLK || ((struct flock *)with)->l_type != F_UNLCK) /* what only ends something */
        step(NULL);
    return __real_fcntl(fd, what, with);
}

int __real_rename(const char *one, const char *other);
int __wrap_rename(const char *one, const char *other);

int __wrap_rename(const char *one, const char *other)
{
    step(&before_rename);
    return __real_rename(one, other);
}

int __real_stat(const char *path, struct stat *info);
int __wrap_stat(const char *path, struct stat *info);

int __wrap_stat(const char *path, struct stat *info)
{
    step(NULL);
    return __real_stat(path, info);
}

static void make_folder(void)
{
    test_folder(folder, sizeof folder);
    snprintf(inner, sizeof inner, "%s/state", folder);
    snprintf(file, sizeof file, "%s/a.lock", folder);
    ck_assert_int_eq(mkdir(inner, 0700), 0);
}

static void remove_folder(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static int take(int *fd)
{
    struct err e;
    return folder_lock_take(inner, "tester", fd, &e);
}

START_TEST(who_lives_keeps_others_out)
{
    struct err e;
    int first = -1, second = -1;
    make_folder();
    ck_assert_int_eq(take(&first), 0);
    ck_assert_int_eq(folder_lock_take(inner, "tester", &second, &e), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(e.text, "/state: another tester is at work there"));
    ck_assert_int_eq(second, -1);
    ck_assert_int_eq(take(&first), 0); /* but not itself */
    close(first);
    ck_assert_int_eq(take(&second), 0);
    close(second);
    remove_folder();
}
END_TEST

START_TEST(a_file_is_made_for_it)
{
    struct err e;
    int first = -1, second = -1;
    make_folder();
    ck_assert_int_eq(folder_lock_take_file(file, "tester", &first, &e), 0);
    ck_assert_int_eq(folder_lock_take_file(file, "tester", &second, &e), -EADDRINUSE);
    close(first);
    ck_assert_int_eq(folder_lock_take_file(file, "tester", &second, &e), 0);
    close(second);
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(symlink("state", file), 0);
    second = -1;
    ck_assert_int_eq(folder_lock_take_file(file, "tester", &second, &e), -ELOOP);
    ck_assert_int_eq(folder_lock_take(file, "tester", &second, &e), 0); /* of a folder it is one */
    close(second);
    remove_folder();
}
END_TEST

START_TEST(another_folder_of_that_name_is_taken_in_its_place)
{
    struct err e;
    int fd = -1, of_old = -1, of_new = -1;
    char moved[48];
    make_folder();
    ck_assert_int_eq(take(&fd), 0);
    snprintf(moved, sizeof moved, "%s/moved", folder);
    ck_assert_int_eq(rename(inner, moved), 0);
    ck_assert(!folder_lock_is_of(fd, inner));
    ck_assert_int_eq(take(&fd), -ENOENT);
    ck_assert(folder_lock_is_of(fd, moved)); /* still, and locked */
    ck_assert_int_eq(folder_lock_take(moved, "tester", &of_old, &e), -EADDRINUSE);
    ck_assert_int_eq(mkdir(inner, 0700), 0);
    ck_assert_int_eq(take(&fd), 0);
    ck_assert(folder_lock_is_of(fd, inner));
    ck_assert_int_eq(take(&of_new), -EADDRINUSE);
    ck_assert_int_eq(folder_lock_take(moved, "tester", &of_old, &e), 0);
    close(of_old);
    close(fd);
    remove_folder();
}
END_TEST

START_TEST(a_folder_that_another_holds_is_not_taken_in_its_place)
{
    int fd = -1, other = -1;
    char moved[48];
    make_folder();
    ck_assert_int_eq(take(&fd), 0);
    snprintf(moved, sizeof moved, "%s/moved", folder);
    ck_assert_int_eq(rename(inner, moved), 0);
    ck_assert_int_eq(mkdir(inner, 0700), 0);
    ck_assert_int_eq(take(&other), 0);
    ck_assert_int_eq(take(&fd), -EADDRINUSE);
    ck_assert(folder_lock_is_of(fd, moved));
    close(other);
    close(fd);
    remove_folder();
}
END_TEST

/* As one that was killed while a thread of it waits for a disk that does not answer; it has both
 * locks. */
static pid_t make_holder(void)
{
    struct err e;
    int folder_fd = -1, file_fd = -1;
    pid_t pid = fork();
    if (pid == 0) {
        if (take(&folder_fd) == 0 && folder_lock_take_file(file, "tester", &file_fd, &e) == 0)
            half_dead_become();
        _exit(1);
    }
    half_dead_await(pid);
    return pid;
}

START_TEST(who_has_ended_but_for_a_thread_keeps_nobody_out)
{
    struct err e;
    int fd = -1;
    make_folder();
    pid_t pid = make_holder();
    ck_assert_int_eq(take(&fd), FOLDER_LOCK_OF_THE_DEAD);
    ck_assert(folder_lock_is_of(fd, inner));
    ck_assert_int_eq(take(&fd), FOLDER_LOCK_OF_THE_DEAD); /* still */
    ck_assert_int_eq(folder_lock_again(fd, inner, "tester", &e), FOLDER_LOCK_OF_THE_DEAD);
    half_dead_end(pid);
    int other = -1;
    ck_assert_int_eq(take(&fd), 0); /* now it is there to be had */
    ck_assert_int_eq(take(&other), -EADDRINUSE);
    close(fd);
    remove_folder();
}
END_TEST

static void check_alone(int fd)
{
    struct err e;
    int other = -1;
    ck_assert(folder_lock_is_of(fd, file));
    ck_assert_int_eq(folder_lock_take_file(file, "tester", &other, &e), -EADDRINUSE);
    ck_assert_ptr_nonnull(strstr(e.text, "/a.lock: another tester is at work there"));
    char command[64];
    snprintf(command, sizeof command, "test $(ls %s | wc -l) = 2", folder); /* nothing is left */
    ck_assert_int_eq(system(command), 0);
}

START_TEST(a_file_that_one_has_who_has_ended_is_made_anew_and_locked_at_once)
{
    struct err e;
    int fd = -1;
    char left[64];
    make_folder();
    pid_t pid = make_holder();
    snprintf(left, sizeof left, "%s.%ld", file, (long)getpid()); /* of one with this number */
    close(open(left, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(folder_lock_take_file(file, "tester", &fd, &e), 0);
    check_alone(fd);
    half_dead_end(pid);
    check_alone(fd); /* though the first one's is to be had by now */
    close(fd);
    remove_folder();
}
END_TEST

static int quick = -1; /* who is quicker than the one that is about to */

/* Its file has the name. */
static void be_quicker(void)
{
    char path[64];
    snprintf(path, sizeof path, "%s/quick", folder);
    quick = open(path, O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
    ck_assert_int_eq(__real_flock(quick, LOCK_EX), 0);
    ck_assert_int_eq(__real_rename(path, file), 0);
}

static void put_folder_in_its_place(void)
{
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(mkdir(file, 0700), 0);
}

START_TEST(what_cannot_be_put_in_its_place_is_removed)
{
    struct err e;
    int fd = -1;
    make_folder();
    pid_t pid = make_holder();
    before_rename = put_folder_in_its_place;
    ck_assert_int_eq(folder_lock_take_file(file, "tester", &fd, &e), -EISDIR);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(rmdir(file), 0);
    ck_assert_int_eq(rmdir(inner), 0);
    ck_assert_int_eq(rmdir(folder), 0); /* nothing is left */
    half_dead_end(pid);
}
END_TEST

START_TEST(who_was_killed_while_it_looked_keeps_nobody_out)
{
    struct err e;
    int fd = -1;
    make_folder();
    pid_t pid = fork();
    if (pid == 0) {
        fd = open(file, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        fcntl(fd, F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET});
        half_dead_become();
    }
    half_dead_await(pid);
    ck_assert_int_eq(folder_lock_take_file(file, "tester", &fd, &e), 0);
    check_alone(fd);
    half_dead_end(pid);
    close(fd);
    remove_folder();
}
END_TEST

struct starter {
    pid_t pid;
    int at, go;
    char seen; /* s: waits at a step; h: has it, and waits; n: has it not */
};

static void be_starter(const int at[2], const int go[2])
{
    struct err e;
    int fd = -1;
    is_at = at[1];
    goes_on = go[0];
    int result = folder_lock_take_file(file, "tester", &fd, &e);
    char seen = result == 0 ? 'h' : result == -EADDRINUSE ? 'n' : '?';
    if (write(at[1], &seen, 1) == 1)
        (void)!read(go[0], &seen, 1);
    _exit(0);
}

static struct starter make_starter(void)
{
    int at[2], go[2];
    ck_assert_int_eq(pipe(at), 0);
    ck_assert_int_eq(pipe(go), 0);
    pid_t pid = fork();
    if (pid == 0)
        be_starter(at, go);
    close(at[1]);
    close(go[0]);
    struct starter starter = {.pid = pid, .at = at[0], .go = go[1]};
    ck_assert_int_eq(read(starter.at, &starter.seen, 1), 1);
    return starter;
}

static void go_on(struct starter *s, int steps)
{
    for (; s->seen == 's' && steps > 0; steps--) {
        ck_assert_int_eq(write(s->go, "g", 1), 1);
        ck_assert_int_eq(read(s->at, &s->seen, 1), 1);
    }
}

static void end_starter(struct starter *s, bool has_ended)
{
    if (!has_ended)
        half_dead_end(s->pid);
    close(s->at);
    close(s->go);
}

/* One takes so many steps, another so many, the first all that are left, or is killed, and the
 * other all that are left. */
static void check_one_has_it(int steps_first, int steps_other, bool kills, bool *ret_first_over,
                             bool *ret_other_over)
{
    struct starter first = make_starter(), other = make_starter();
    go_on(&first, steps_first);
    *ret_first_over = first.seen != 's';
    go_on(&other, steps_other);
    *ret_other_over = other.seen != 's';
    if (kills)
        half_dead_end(first.pid);
    if (kills)
        first.seen = *ret_other_over && other.seen == 'n' ? 'h' : 'n';
    else
        go_on(&first, 1000);
    go_on(&other, 1000);
    ck_assert_msg(first.seen + other.seen == 'h' + 'n', "after %d and %d steps: %c and %c",
                  steps_first, steps_other, first.seen, other.seen);
    end_starter(&first, kills);
    end_starter(&other, false);
}

static void check_orders(const char *of_before, bool kills)
{
    bool first_over = false, other_over;
    for (int first = 0; !first_over; first++) {
        other_over = false;
        for (int other = 0; !other_over; other++) {
            if (of_before)
                ck_assert_int_eq(link(of_before, file), 0);
            check_one_has_it(first, other, kills, &first_over, &other_over);
            ck_assert_int_eq(unlink(file), 0);
        }
    }
}

static void check_all_orders(bool kills)
{
    char dead[64];
    make_folder();
    check_orders(NULL, kills);
    pid_t pid = make_holder();
    snprintf(dead, sizeof dead, "%s/dead", inner);
    ck_assert_int_eq(__real_rename(file, dead), 0);
    check_orders(dead, kills);
    half_dead_end(pid);
    remove_folder();
}

START_TEST(of_two_starts_at_once_one_has_it_in_whatever_order_their_steps_are)
{
    check_all_orders(false);
}
END_TEST

START_TEST(who_is_killed_before_it_keeps_another_out_has_never_been_there)
{
    check_all_orders(true);
}
END_TEST

START_TEST(a_file_that_has_lost_its_name_meanwhile_is_no_lock)
{
    struct err e;
    int fd = -1;
    make_folder();
    before_lock = be_quicker;
    ck_assert_int_eq(folder_lock_take_file(file, "tester", &fd, &e), -EADDRINUSE);
    check_alone(quick);
    if (fd >= 0)
        close(fd);
    close(quick);
    remove_folder();
}
END_TEST

/* What Linux 6.18 said of one whose only thread waited in a write on a file system that stood still
 * (fsfreeze), before and after kill -9. Here no disk stands still: the holder is well, and these
 * words are put in place of its own. */
static int take_from_holder(const char *state, unsigned flags, unsigned pending)
{
    char text[512];
    int fd = -1;
    snprintf(text, sizeof text,
             "5404 (a ) b) %s 5395 5393 15679 0 -1 %u 73 0 0 0 0 1 0 0 20 0 1 0 43380 10928128 280 "
             "18446744073709551615 94548541755392 94548541755981 140729651144128 0 0 %u 0 6 0 1 0 "
             "0 17 0 0 0 0 0 0 94548541767120 94548541767752 94549573160960 140729651145348 "
             "140729651145367 140729651145367 140729651146740 9\n",
             state, flags, pending);
    holder = text;
    int result = take(&fd);
    holder = NULL;
    if (fd >= 0)
        close(fd);
    return result;
}

START_TEST(who_was_killed_and_waits_for_the_disk_in_its_first_thread_keeps_nobody_out)
{
    const unsigned forked = 0x400040, exiting = 0x4, kill_9 = 1 << (SIGKILL - 1);
    int fd = -1;
    make_folder();
    ck_assert_int_eq(take(&fd), 0);
    ck_assert_int_eq(take_from_holder("D", forked, kill_9), FOLDER_LOCK_OF_THE_DEAD);
    ck_assert_int_eq(take_from_holder("D", forked | exiting, 0), /* it has come so far */
                     FOLDER_LOCK_OF_THE_DEAD);
    close(fd);
    remove_folder();
}
END_TEST

START_TEST(who_only_waits_for_the_disk_or_is_still_about_to_end_keeps_others_out)
{
    const unsigned forked = 0x400040, exiting = 0x4, kill_9 = 1 << (SIGKILL - 1);
    int fd = -1;
    make_folder();
    ck_assert_int_eq(take(&fd), 0);
    ck_assert_int_eq(take_from_holder("D", forked, 0), -EADDRINUSE);
    ck_assert_int_eq(take_from_holder("D", forked, 1 << (SIGTERM - 1)), -EADDRINUSE);
    ck_assert_int_eq(take_from_holder("D", forked, 1 << SIGKILL), -EADDRINUSE);
    ck_assert_int_eq(take_from_holder("R", forked, kill_9), -EADDRINUSE);
    ck_assert_int_eq(take_from_holder("S", forked | exiting, 0), -EADDRINUSE);
    holder = "5404 (cut) D 5395";
    ck_assert_int_eq(take(&(int){-1}), -EADDRINUSE);
    holder = NULL;
    close(fd);
    remove_folder();
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("folder_lock");
    TCase *tc = tcase_create("processes");
    tcase_add_test(tc, who_lives_keeps_others_out);
    tcase_add_test(tc, a_file_is_made_for_it);
    tcase_add_test(tc, another_folder_of_that_name_is_taken_in_its_place);
    tcase_add_test(tc, a_folder_that_another_holds_is_not_taken_in_its_place);
    tcase_add_test(tc, who_has_ended_but_for_a_thread_keeps_nobody_out);
    tcase_add_test(tc, a_file_that_one_has_who_has_ended_is_made_anew_and_locked_at_once);
    tcase_add_test(tc, what_cannot_be_put_in_its_place_is_removed);
    tcase_add_test(tc, who_was_killed_while_it_looked_keeps_nobody_out);
    tcase_add_test(tc, of_two_starts_at_once_one_has_it_in_whatever_order_their_steps_are);
    tcase_add_test(tc, who_is_killed_before_it_keeps_another_out_has_never_been_there);
    tcase_add_test(tc, a_file_that_has_lost_its_name_meanwhile_is_no_lock);
    tcase_add_test(tc, who_was_killed_and_waits_for_the_disk_in_its_first_thread_keeps_nobody_out);
    tcase_add_test(tc, who_only_waits_for_the_disk_or_is_still_about_to_end_keeps_others_out);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
