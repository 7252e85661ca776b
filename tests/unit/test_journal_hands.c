/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's files in other people's hands while it is in use: moved away, open to everybody, a
 * folder in their place; and the number of an event that comes while there is none. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "half_dead.h"
#include "journal_world.h"
#include "run_suite.h"

/* Events that were given numbers are known by the next start, whether a file took them or not. */
START_TEST(a_number_that_was_given_while_there_was_no_file_is_known_to_the_next_start)
{
    struct fixture *f = begin();
    char hidden[60];
    put(f, 1);
    snprintf(hidden, sizeof hidden, "%s.hidden", f->folder);
    ck_assert_int_eq(rename(f->folder, hidden), 0);
    ck_assert(!journal_tick(f->journal)); /* it has let go of its files, and gets no others */
    put(f, 7);
    ck_assert_ptr_nonnull(strstr(journal_reason(f->journal), "No such file"));
    ck_assert_int_eq(rename(hidden, f->folder), 0);
    ck_assert(journal_tick(f->journal));
    reopen(f); /* a kill */
    ck_assert_uint_eq(f->found.head.seq, 7);
    ck_assert(f->found.head_is_newest);
    end(f);
}
END_TEST

/* The locks are this process's; one of its threads outlives it. */
static void hold_and_end(struct fixture *f)
{
    journal_destroy(f->journal);
    for (int i = 0; i < 2; i++) {
        int fd = open(path_of(f, i), O_RDWR);
        if (fd < 0 || flock(fd, LOCK_EX) != 0)
            _exit(1);
    }
    half_dead_become();
}

/* A gateway that was killed while its store's thread stood in a dead disk has its locks still: what
 * was heard there is in the journal alone. */
START_TEST(who_was_killed_and_waits_for_the_disk_keeps_nobody_from_the_presses)
{
    struct fixture *f = begin();
    put(f, 1);
    pid_t pid = fork();
    if (pid == 0)
        hold_and_end(f);
    journal_destroy(f->journal);
    f->journal = NULL;
    half_dead_await(pid); /* and its locks are held */
    reopen(f);
    ck_assert_str_eq(journal_reason(f->journal), "");
    ck_assert_uint_eq(f->count, 1);
    half_dead_end(pid);
    end(f);
}
END_TEST

START_TEST(what_a_person_has_moved_away_is_as_long_as_before)
{
    struct fixture *f = begin();
    char moved[80];
    struct stat info;
    put(f, 1);
    long whole = size_of(f, 0);
    snprintf(moved, sizeof moved, "%s.moved", path_of(f, 0));
    ck_assert_int_eq(rename(path_of(f, 0), moved), 0);
    ck_assert(journal_tick(f->journal));
    ck_assert_int_eq(stat(moved, &info), 0);
    ck_assert_int_eq(info.st_size, whole);
    put(f, 2); /* not into that */
    ck_assert_int_eq(stat(moved, &info), 0);
    ck_assert_int_eq(info.st_size, whole);
    end(f);
}
END_TEST

static const mode_t open_modes[] = {0620, 0602, 0666};

/* Whoever may write it may invent alarms. */
START_TEST(a_file_that_others_may_write_is_not_read_and_kept)
{
    struct fixture *f = begin();
    char kept[80];
    struct stat info;
    put(f, 1);
    ck_assert_int_eq(chmod(path_of(f, 0), open_modes[_i]), 0);
    reopen(f);
    ck_assert_str_eq(seqs(f), "");
    ck_assert(f->found.put_aside);
    ck_assert(!f->found.head_is_newest);
    ck_assert_str_eq(journal_reason(f->journal), "");
    snprintf(kept, sizeof kept, "%s.unread", path_of(f, 0));
    ck_assert_int_eq(stat(kept, &info), 0);
    ck_assert_int_gt(info.st_size, HEAD_BYTES);
    put(f, 2);
    reopen(f);
    ck_assert_str_eq(seqs(f), "2 ");
    end(f);
}
END_TEST

START_TEST(a_folder_in_the_place_of_a_file_makes_room_for_it)
{
    struct fixture *f = begin();
    char inside[80], kept[90];
    struct stat info;
    ck_assert_int_eq(unlink(path_of(f, _i)), 0);
    ck_assert_int_eq(mkdir(path_of(f, _i), 0700), 0);
    snprintf(inside, sizeof inside, "%s/of-somebody", path_of(f, _i));
    ck_assert_int_eq(mkdir(inside, 0700), 0);
    reopen(f);
    ck_assert(f->found.put_aside);
    ck_assert_str_eq(journal_reason(f->journal), "");
    snprintf(kept, sizeof kept, "%s.unread/of-somebody", path_of(f, _i));
    ck_assert_int_eq(stat(kept, &info), 0);
    put(f, 1);
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 ");
    end(f);
}
END_TEST

static void cut_or_remove(const struct fixture *f, int which, int to)
{
    ck_assert_int_eq(to < 0 ? unlink(path_of(f, which)) : truncate(path_of(f, which), to), 0);
}

static const int lengths[] = {0, 50, -1};

/* In the same boot: what was in it is not known, but that it was there. */
START_TEST(a_file_without_even_a_head_was_emptied)
{
    struct fixture *f = begin();
    ck_assert_uint_eq(f->found.emptied, 0); /* the first of all */
    cut_or_remove(f, 0, lengths[_i]);
    reopen(f);
    ck_assert_uint_eq(f->found.emptied, 1);
    ck_assert(!f->found.head_is_newest);
    put(f, 1);
    cut_or_remove(f, 1, lengths[_i]);
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 ");
    ck_assert_uint_eq(f->found.emptied, 1);
    reopen(f); /* is told once */
    ck_assert_uint_eq(f->found.emptied, 0);
    ck_assert(f->found.head_is_newest);
    end(f);
}
END_TEST

/* Of a power cut, and of a kill before the second file had its head. */
START_TEST(files_that_were_never_begun_were_not_emptied)
{
    struct fixture *f = begin();
    cut_or_remove(f, 1, 0);
    reopen(f);
    ck_assert_uint_eq(f->found.emptied, 0);
    put(f, 1);
    cut_or_remove(f, 0, -1);
    cut_or_remove(f, 1, -1);
    reopen(f);
    ck_assert_uint_eq(f->found.emptied, 0);
    ck_assert(!f->found.head_is_newest);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal_hands");
    TCase *tests = tcase_create("journal_hands");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests,
                   a_number_that_was_given_while_there_was_no_file_is_known_to_the_next_start);
    tcase_add_test(tests, who_was_killed_and_waits_for_the_disk_keeps_nobody_from_the_presses);
    tcase_add_test(tests, what_a_person_has_moved_away_is_as_long_as_before);
    tcase_add_loop_test(tests, a_file_that_others_may_write_is_not_read_and_kept, 0, 3);
    tcase_add_loop_test(tests, a_folder_in_the_place_of_a_file_makes_room_for_it, 0, 2);
    tcase_add_loop_test(tests, a_file_without_even_a_head_was_emptied, 0, 3);
    tcase_add_test(tests, files_that_were_never_begun_were_not_emptied);
    return run_suite(suite);
}
