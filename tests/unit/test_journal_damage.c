/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's files as something else left them: damaged, torn, of another gateway or user,
 * renamed or removed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal_world.h"
#include "run_suite.h"

#define PAGE 4096

/* From so many bytes of a file on, while it is not negative; and whether a read is short. */
static off_t unreadable_from = -1;

ssize_t __real_pread(int fd, void *data, size_t length, off_t at);
ssize_t __wrap_pread(int fd, void *data, size_t length, off_t at);
ssize_t __wrap_pread(int fd, void *data, size_t length, off_t at)
{
    if (unreadable_from < 0)
        return __real_pread(fd, data, length, at);
    if (at < unreadable_from) /* short, too */
        return __real_pread(fd, data, length > 100 ? 100 : length, at);
    errno = EIO;
    return -1;
}

static long bytes_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (long)info.st_size : -1;
}

/* Neither cut nor written over; and what comes goes into a new one. */
START_TEST(a_journal_that_cannot_be_read_is_put_aside_whole)
{
    static const off_t from[] = {0, 50, 200, 300};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        struct fixture *f = begin();
        char aside[90];
        put(f, 1);
        put(f, 2);
        long bytes = size_of(f, 0);
        ck_assert_int_gt(bytes, 300);
        unreadable_from = from[i];
        reopen(f);
        unreadable_from = -1;
        ck_assert_ptr_nonnull(strstr(journal_reason(f->journal), "read"));
        ck_assert(!f->found.head_is_newest && !f->found.is_covered);
        ck_assert_int_eq(size_of(f, 0), bytes);
        put(f, 3);
        ck_assert_int_eq(size_of(f, 0), bytes);
        ck_assert(journal_tick(f->journal));
        ck_assert(journal_told_aside(f->journal));
        ck_assert_str_eq(journal_reason(f->journal), "");
        snprintf(aside, sizeof aside, "%s.unread", path_of(f, 0));
        ck_assert_int_eq(bytes_of(aside), bytes);
        put(f, 3);
        reopen(f);
        ck_assert_str_eq(seqs(f), "3 ");
        end(f);
    }
}
END_TEST

START_TEST(a_journal_that_is_read_in_pieces_is_whole)
{
    struct fixture *f = begin();
    put(f, 1);
    put(f, 2);
    unreadable_from = 1 << 20;
    reopen(f);
    unreadable_from = -1;
    ck_assert_str_eq(seqs(f), "1 2 ");
    ck_assert(f->found.head_is_newest);
    end(f);
}
END_TEST

/* Events from 1 on until one stands in two pages, of which the first is left: how many are whole.
 */
static unsigned tear_at_page(struct fixture *f, long *ret_whole)
{
    unsigned count = 0;
    while (size_of(f, 0) <= PAGE) {
        *ret_whole = size_of(f, 0);
        put(f, ++count);
    }
    ck_assert_int_eq(truncate(path_of(f, 0), PAGE), 0);
    ck_assert_int_lt(*ret_whole, PAGE);
    return count - 1;
}

START_TEST(a_torn_last_record_is_cut_off_and_told)
{
    struct fixture *f = begin();
    long whole;
    unsigned count = tear_at_page(f, &whole);
    reopen(f);
    ck_assert_uint_eq(f->count, count);
    ck_assert_uint_eq(f->found.torn_bytes, (size_t)(PAGE - whole));
    ck_assert_uint_eq(f->found.damaged, 0);
    ck_assert_int_eq(size_of(f, 0), whole);
    put(f, count + 1);
    put(f, count + 2);
    reopen(f);
    ck_assert_uint_eq(f->count, count + 2);
    ck_assert_uint_eq(f->found.torn_bytes, 0);
    end(f);
}
END_TEST

/* What a kill leaves ends with a page; here others may have stood behind it. */
START_TEST(a_file_that_was_cut_within_a_record_is_damage)
{
    for (long cut = 1; cut < 300; cut += 50) {
        struct fixture *f = begin();
        put(f, 1);
        put(f, 2);
        put(f, 3);
        ck_assert_int_eq(truncate(path_of(f, 0), size_of(f, 0) - cut), 0);
        reopen(f);
        ck_assert_str_eq(seqs(f), "1 2 ");
        ck_assert_uint_eq(f->found.damaged, 1);
        ck_assert_uint_eq(f->found.torn_bytes, 0);
        ck_assert(!f->found.head_is_newest);
        put(f, 4);
        reopen(f);
        ck_assert_str_eq(seqs(f), "1 2 4 ");
        ck_assert_uint_eq(f->found.damaged, 0);
        end(f);
    }
}
END_TEST

START_TEST(a_damaged_record_costs_no_other)
{
    struct fixture *f = begin();
    put(f, 1);
    long second = size_of(f, 0);
    put(f, 2);
    put(f, 3);
    flip(f, 0, second + 300);
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 3 ");
    ck_assert_uint_eq(f->found.damaged, 1);
    ck_assert_uint_eq(f->found.torn_bytes, 0);
    end(f);
}
END_TEST

/* Whatever is wrong with one, those behind it are read; and nobody knows what its number was. */
START_TEST(damage_costs_no_event_behind_it)
{
    for (int how = 0; how < 5; how++) {
        struct fixture *f = begin();
        char zeros[64] = "", kept[80];
        put(f, 1);
        long second = size_of(f, 0);
        put(f, 2);
        long third = size_of(f, 0);
        put(f, 3);
        put(f, 4);
        int fd = open(path_of(f, 0), O_WRONLY);
        if (how == 0)
            flip(f, 0, second); /* its mark */
        else if (how == 1)
            flip(f, 0, second + 4); /* its length: seen as shorter or longer */
        else if (how == 2)
            flip(f, 0, second + 6); /* its length: far behind the end */
        else if (how == 3)
            ck_assert_int_eq(pwrite(fd, zeros, sizeof zeros, second), sizeof zeros);
        else
            ck_assert_int_eq(pwrite(fd, zeros, sizeof zeros, third - 32), sizeof zeros);
        close(fd);
        long whole = size_of(f, 0);
        reopen(f);
        ck_assert_str_eq(seqs(f), how < 4 ? "1 3 4 " : "1 4 ");
        ck_assert_uint_eq(f->found.damaged, 1);
        ck_assert_uint_eq(f->found.torn_bytes, 0);
        ck_assert(!f->found.head_is_newest);
        ck_assert_int_eq(size_of(f, 0), whole);
        struct stat info;
        snprintf(kept, sizeof kept, "%s.damaged", path_of(f, 0));
        ck_assert_int_eq(stat(kept, &info), 0);
        ck_assert_int_eq(info.st_size, whole);
        put(f, 5);
        reopen(f);
        ck_assert_uint_eq(f->seqs[f->count - 1], 5);
        end(f);
    }
}
END_TEST

/* Whatever has that name: it is neither waited for, nor followed, nor written over. */
START_TEST(damage_is_kept_under_a_name_that_is_free)
{
    for (int how = 0; how < 3; how++) {
        struct fixture *f = begin();
        char taken[80], kept[80], victim[80];
        struct stat info;
        put(f, 1);
        put(f, 2);
        long whole = size_of(f, 0);
        flip(f, 0, HEAD_BYTES + 100);
        snprintf(taken, sizeof taken, "%s.damaged", path_of(f, 0));
        snprintf(kept, sizeof kept, "%s.damaged.1", path_of(f, 0));
        snprintf(victim, sizeof victim, "%s/victim", f->folder);
        if (how == 0)
            ck_assert_int_eq(mkfifo(taken, 0600), 0);
        else if (how == 1)
            ck_assert_int_eq(symlink(victim, taken), 0);
        else
            close(open(taken, O_CREAT | O_WRONLY, 0600)); /* that of an earlier time */
        reopen(f);
        ck_assert_str_eq(seqs(f), "2 ");
        ck_assert_uint_eq(f->found.damaged, 1);
        ck_assert(!f->found.is_not_kept);
        ck_assert_int_eq(stat(kept, &info), 0);
        ck_assert_int_eq(info.st_size, whole);
        ck_assert_int_ne(access(victim, F_OK), 0);
        if (how == 2)
            ck_assert_int_eq((stat(taken, &info), info.st_size), 0);
        end(f);
    }
}
END_TEST

START_TEST(damage_that_no_name_is_left_for_is_told_as_not_kept)
{
    struct fixture *f = begin();
    char taken[80];
    for (int i = 0; i < 10; i++) {
        snprintf(taken, sizeof taken, i ? "%s.damaged.%d" : "%s.damaged", path_of(f, 0), i);
        close(open(taken, O_CREAT | O_WRONLY, 0600));
    }
    put(f, 1);
    put(f, 2);
    flip(f, 0, HEAD_BYTES + 100);
    reopen(f);
    ck_assert_str_eq(seqs(f), "2 ");
    ck_assert(f->found.is_not_kept);
    end(f);
}
END_TEST

START_TEST(a_last_record_that_is_damaged_is_not_taken_for_a_torn_one)
{
    for (int how = 0; how < 2; how++) {
        struct fixture *f = begin();
        put(f, 1);
        long second = size_of(f, 0);
        put(f, 2);
        flip(f, 0, how == 0 ? second : second + 100);
        reopen(f);
        ck_assert_str_eq(seqs(f), "1 ");
        ck_assert_uint_eq(f->found.damaged, 1);
        ck_assert_uint_eq(f->found.torn_bytes, 0);
        ck_assert_int_eq(size_of(f, 0), second);
        end(f);
    }
}
END_TEST

/* A file of which not even the head is left. */
START_TEST(a_file_without_a_head_is_damage_and_its_events_come_back)
{
    struct fixture *f = begin();
    put(f, 1);
    put(f, 2);
    flip(f, 0, 3);
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 2 ");
    ck_assert_uint_eq(f->found.damaged, 1);
    ck_assert(!f->found.head_is_newest);
    end(f);
}
END_TEST

START_TEST(of_a_torn_record_the_number_is_not_known)
{
    struct fixture *f = begin();
    long whole;
    tear_at_page(f, &whole);
    reopen(f);
    ck_assert_uint_eq(f->found.damaged, 0);
    ck_assert(!f->found.head_is_newest);
    end(f);
}
END_TEST

START_TEST(two_programs_never_have_one_journal)
{
    struct fixture *f = begin();
    put(f, 1);
    struct journal *second = journal_create(f->folder, "store", LIMIT);
    ck_assert_ptr_nonnull(strstr(journal_reason(second), "another program has it open"));
    f->count = 0;
    journal_read(second, journal_on_record, f, &f->found);
    ck_assert_uint_eq(f->count, 0);
    journal_begin(second, &f->found.head);
    ck_assert(!journal_tick(second));
    ck_assert_ptr_nonnull(strstr(journal_reason(second), "another program has it open"));
    ck_assert(!journal_tick(f->journal));
    put(f, 2);
    journal_destroy(second);
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 2 ");
    ck_assert(f->found.head_is_newest);
    end(f);
}
END_TEST

START_TEST(events_for_another_store_are_left_alone)
{
    struct fixture *f = begin();
    put(f, 1);
    journal_destroy(f->journal);
    f->journal = journal_create(f->folder, "elsewhere", LIMIT);
    ck_assert_ptr_nonnull(strstr(journal_reason(f->journal), "another storage.dir"));
    f->count = 0;
    journal_read(f->journal, journal_on_record, f, &f->found);
    ck_assert_uint_eq(f->count, 0);
    ck_assert(!f->found.head_is_newest);
    ck_assert(!journal_tick(f->journal));
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 ");
    /* Once it holds none, it is anybody's; but of its numbers it says nothing to another. */
    journal_note_committed(f->journal, 1);
    journal_destroy(f->journal);
    f->journal = journal_create(f->folder, "elsewhere", LIMIT);
    ck_assert_str_eq(journal_reason(f->journal), "");
    journal_read(f->journal, journal_on_record, f, &f->found);
    ck_assert_uint_eq(f->found.head.seq, 0);
    ck_assert(!f->found.head_is_newest);
    end(f);
}
END_TEST

static void be(const struct fixture *f, uid_t user)
{
    (void)f;
    ck_assert_int_eq(seteuid(0), 0);
    ck_assert_int_eq(seteuid(user), 0);
}

/* By hand, as root, after it ran as its own user; and by that user again. */
START_TEST(what_another_user_wrote_is_read_or_kept)
{
    enum { GATEWAY = 65534, STRANGER = 65533 };
    struct fixture *f = begin();
    char kept[80];
    struct stat info;
    if (geteuid() != 0) {
        fprintf(stderr, "not run by root: what another user wrote was NOT tested\n");
        end(f);
        return;
    }
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(unlink(path_of(f, i)), 0);
    ck_assert_int_eq(chown(f->folder, GATEWAY, GATEWAY), 0);
    be(f, GATEWAY);
    reopen(f);
    put(f, 1);
    be(f, 0);
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 ");
    ck_assert(!f->found.put_aside);
    put(f, 2);
    be(f, GATEWAY);
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 2 ");
    be(f, 0);
    ck_assert_int_eq(chown(path_of(f, 0), STRANGER, STRANGER), 0);
    be(f, GATEWAY);
    reopen(f);
    ck_assert(f->found.put_aside);
    ck_assert_str_eq(journal_reason(f->journal), "");
    snprintf(kept, sizeof kept, "%s.unread", path_of(f, 0));
    ck_assert_int_eq(stat(kept, &info), 0);
    ck_assert_int_gt(info.st_size, HEAD_BYTES);
    be(f, 0);
    end(f);
}
END_TEST

START_TEST(a_head_that_is_damaged_or_gone_is_not_the_newest)
{
    for (int how = 0; how < 3; how++) {
        struct fixture *f = begin();
        put(f, 5);
        journal_destroy(f->journal);
        f->journal = NULL;
        if (how == 0)
            flip(f, 1, 30);
        else if (how == 1)
            flip(f, 0, 80); /* of another boot */
        else
            unlink(path_of(f, 1));
        reopen(f);
        ck_assert_str_eq(seqs(f), "5 ");
        ck_assert_uint_eq(f->found.head.seq, 5);
        ck_assert(!f->found.head_is_newest);
        reopen(f);
        ck_assert(f->found.head_is_newest); /* from then on it is */
        end(f);
    }
}
END_TEST

START_TEST(what_is_no_file_of_ours_makes_room_for_one)
{
    struct fixture *f = begin();
    char victim[60], line[20] = "";
    journal_destroy(f->journal);
    f->journal = NULL;
    snprintf(victim, sizeof victim, "%s/victim", f->folder);
    FILE *file = fopen(victim, "w");
    fputs("mine", file);
    fclose(file);
    unlink(path_of(f, 0));
    ck_assert_int_eq(symlink(victim, path_of(f, 0)), 0);
    unlink(path_of(f, 1));
    ck_assert_int_eq(mkfifo(path_of(f, 1), 0600), 0);
    reopen(f);
    ck_assert_str_eq(journal_reason(f->journal), "");
    ck_assert(f->found.put_aside);
    put(f, 1);
    reopen(f);
    ck_assert_str_eq(seqs(f), "1 ");
    file = fopen(victim, "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
    fclose(file);
    ck_assert_str_eq(line, "mine");
    end(f);
}
END_TEST

START_TEST(files_that_are_taken_away_are_made_anew)
{
    struct fixture *f = begin();
    put(f, 1);
    unlink(path_of(f, 0));
    ck_assert(journal_tick(f->journal));
    put(f, 2);
    reopen(f);
    ck_assert_str_eq(seqs(f), "2 ");
    ck_assert_uint_eq(f->found.head.seq, 2);
    /* Under another name is gone, too; and what has the name then is nobody's to throw away. */
    char moved[80], kept[80];
    snprintf(moved, sizeof moved, "%s.moved", path_of(f, 1));
    snprintf(kept, sizeof kept, "%s.unread", path_of(f, 1));
    ck_assert_int_eq(rename(path_of(f, 1), moved), 0);
    int fd = open(path_of(f, 1), O_CREAT | O_WRONLY, 0600);
    ck_assert_int_eq(ftruncate(fd, 1000), 0);
    close(fd);
    ck_assert(journal_tick(f->journal));
    ck_assert(!journal_tick(f->journal));
    ck_assert_str_eq(journal_reason(f->journal), "");
    ck_assert_int_eq(access(kept, F_OK), 0);
    put(f, 3);
    reopen(f);
    ck_assert_str_eq(seqs(f), "3 ");
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal_damage");
    TCase *tests = tcase_create("journal_damage");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, a_journal_that_cannot_be_read_is_put_aside_whole);
    tcase_add_test(tests, a_journal_that_is_read_in_pieces_is_whole);
    tcase_add_test(tests, a_torn_last_record_is_cut_off_and_told);
    tcase_add_test(tests, a_file_that_was_cut_within_a_record_is_damage);
    tcase_add_test(tests, a_damaged_record_costs_no_other);
    tcase_add_test(tests, damage_costs_no_event_behind_it);
    tcase_add_test(tests, damage_is_kept_under_a_name_that_is_free);
    tcase_add_test(tests, damage_that_no_name_is_left_for_is_told_as_not_kept);
    tcase_add_test(tests, a_last_record_that_is_damaged_is_not_taken_for_a_torn_one);
    tcase_add_test(tests, a_file_without_a_head_is_damage_and_its_events_come_back);
    tcase_add_test(tests, of_a_torn_record_the_number_is_not_known);
    tcase_add_test(tests, two_programs_never_have_one_journal);
    tcase_add_test(tests, events_for_another_store_are_left_alone);
    tcase_add_test(tests, what_another_user_wrote_is_read_or_kept);
    tcase_add_test(tests, a_head_that_is_damaged_or_gone_is_not_the_newest);
    tcase_add_test(tests, what_is_no_file_of_ours_makes_room_for_one);
    tcase_add_test(tests, files_that_are_taken_away_are_made_anew);
    return run_suite(suite);
}
