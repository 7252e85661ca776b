/* SPDX-License-Identifier: Apache-2.0 */
/* A store that is gone, or has less than it had: which numbers are told as lost, by what the
 * journal and the witness still know. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "outbox/numbers.h"
#include "outbox/witness.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

START_TEST(a_folder_that_is_gone_is_told_by_the_journal)
{
    struct fixture *f = begin();
    char run[TEST_FOLDER_SIZE], command[100];
    close_outbox(f);
    test_folder(run, sizeof run);
    f->journal_dir = run;
    open_outbox(f);
    for (uint64_t seq = 1; seq <= 5; seq++)
        put(f, seq, NULL);
    wait_stored(f, 5);
    close_outbox(f);
    snprintf(command, sizeof command, "rm -rf %s/*", f->folder);
    ck_assert_int_eq(system(command), 0);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "of event numbers 1 to 5 nothing is here"));
    ck_assert_uint_eq(f->found.last_seq, 5);
    ck_assert_uint_eq(f->found.used_seq, 5); /* it knows that no later one was given */
    close_outbox(f);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    end(f);
    snprintf(command, sizeof command, "rm -rf %s", run);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* The folder is gone after a kill; what was made after `before` was stored, and
 * what after `stored` is in the journal alone. */
static void lose_after(struct fixture *f, uint64_t before, uint64_t stored, uint64_t last,
                       const char *run, const char *loss)
{
    char command[300];
    f->journal_dir = run;
    open_outbox(f);
    for (uint64_t seq = before + 1; seq <= stored; seq++)
        put(f, seq, NULL);
    wait_stored(f, (unsigned)(stored - before));
    watched_vfs_fail_writes(100000);
    for (uint64_t seq = stored + 1; seq <= last; seq++)
        put(f, seq, NULL);
    snprintf(command, sizeof command, "cp -a %s %s.left", run, run);
    ck_assert_int_eq(system(command), 0);
    watched_vfs_fail_writes(0);
    close_outbox(f);
    snprintf(command, sizeof command, "%s && rm -rf %s && mv %s.left %s", loss, run, run, run);
    ck_assert_int_eq(system(command), 0);
    open_outbox(f);
}

static void lose_folder_after(struct fixture *f, uint64_t before, uint64_t stored, uint64_t last,
                              const char *run)
{
    char command[60];
    snprintf(command, sizeof command, "rm -rf %s/*", f->folder);
    lose_after(f, before, stored, last, run, command);
}

START_TEST(a_journal_that_holds_events_tells_of_those_before_them_all_the_same)
{
    struct fixture *f = begin();
    char run[TEST_FOLDER_SIZE], command[100];
    close_outbox(f);
    test_folder(run, sizeof run);
    lose_folder_after(f, 0, 5, 6, run);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_msg(strstr(f->found.damage, "of event numbers 1 to 5 nothing is here any more: the "
                                          "store itself was gone") != NULL,
                  "%s", f->found.damage);
    ck_assert(f->found.state_lost);
    ck_assert_uint_eq(f->found.restored_count, 1);
    ck_assert_uint_eq(f->found.last_seq, 6);
    close_outbox(f);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    end(f);
    snprintf(command, sizeof command, "rm -rf %s", run);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

static void in_folder(const struct fixture *f, const char *what)
{
    char command[160];
    snprintf(command, sizeof command, "cd %s && %s", f->folder, what);
    ck_assert_int_eq(system(command), 0);
}

static void copy_folder(const struct fixture *f)
{
    in_folder(f, "rm -rf ../${PWD##*/}.left && cp -a . ../${PWD##*/}.left");
}

static void put_folder_back(const struct fixture *f, const char *loss)
{
    in_folder(f, "rm -rf ./* && mv ../${PWD##*/}.left/* . && rmdir ../${PWD##*/}.left");
    in_folder(f, loss);
}

/* A power cut, of which the next start knows no more than that numbers may have
 * been given; and a start after that, before anything has come. */
START_TEST(numbers_that_were_left_out_are_not_told_as_lost)
{
    for (int how = 0; how < 3; how++) {
        struct fixture *f = begin();
        close_outbox(f);
        f->journal_dir = f->folder;
        open_outbox(f);
        if (how < 2)
            put(f, 1, "what is open");
        wait_stored(f, how < 2);
        copy_folder(f);
        close_outbox(f);
        put_folder_back(f, "rm journal.0 journal.1");
        open_outbox(f);
        ck_assert_uint_eq(f->found.used_seq, 2 * NUMBERS_STEP);
        if (how == 1)
            copy_folder(f);
        close_outbox(f);
        if (how == 1)
            put_folder_back(f, "true");
        open_outbox(f);
        ck_assert_msg(!f->found.damage, "%s", f->found.damage);
        ck_assert(!f->found.state_lost);
        ck_assert_uint_ge(f->found.used_seq, 2 * NUMBERS_STEP);
        end(f);
    }
}
END_TEST

/* What the file said when `seq` was the newest, in head.old. */
static void make_witness(const struct fixture *f, uint64_t seq)
{
    struct event *last = make_event(seq, EVENT_CLASS_PRESS);
    struct witness w = {.is_behind = true};
    struct store s = {.ceiling = 2000};
    struct err e;
    path_of(f, s.path);
    witness_note(&w, last);
    ck_assert_int_eq(witness_write(&w, &s, &e), 0);
    event_unref(last);
    in_folder(f, "mv " WITNESS_FILE " head.old");
}

/* A run before this one had no store: no more is known of where its numbers began than what they
 * look like. One was in memory, or none: the journal then knows the newest alone. */
START_TEST(what_is_lost_of_far_numbers_is_told)
{
    struct fixture *f = begin();
    char run[TEST_FOLDER_SIZE], command[100], gone[200];
    uint64_t far = numbers_far(0, INT64_C(1800000000000));
    close_outbox(f);
    test_folder(run, sizeof run);
    lose_folder_after(f, far, far + 5, far + 5 + (_i == 0), run);
    int length = snprintf(gone, sizeof gone, "of event numbers ");
    if (_i == 0)
        length += snprintf(gone + length, 40, "%llu", (unsigned long long)far + 1);
    snprintf(gone + length, 100, "%s to %llu nothing is here any more", _i == 0 ? "" : "up",
             (unsigned long long)far + 5);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_msg(strstr(f->found.damage, gone) != NULL, "%s", f->found.damage);
    ck_assert_uint_eq(f->found.restored_count, _i == 0);
    end(f);
    snprintf(command, sizeof command, "rm -rf %s", run);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* What somebody else says: it may be false, and numbers must not come near their end by it. */
START_TEST(a_number_that_another_has_is_passed_unless_no_clock_gives_it)
{
    int64_t wall_ms = clock_wall_ms(), year_ms = INT64_C(366) * 86400000;
    const int64_t year_9999_ms = INT64_C(253402300799000);
    ck_assert_uint_gt(outbox_numbers_above(5000), numbers_far(0, 0));
    /* Those that were given with a clock that is ahead, and those that such a one led to. */
    uint64_t ahead = numbers_far(0, wall_ms + year_ms - 600000);
    ck_assert_uint_gt(outbox_numbers_above(ahead), ahead);
    ck_assert_uint_gt(outbox_numbers_above(numbers_far(ahead, wall_ms)), ahead);
    uint64_t too_far = numbers_far(0, wall_ms + year_ms + 600000);
    ck_assert_uint_eq(outbox_numbers_above(too_far), 0);
    ck_assert_uint_eq(outbox_numbers_above(EVENT_SEQ_MAX), 0);
    /* Wherever the clock is, what it has led to is among them, and not the end. */
    ck_assert_uint_gt(numbers_highest(year_9999_ms), numbers_far(0, year_9999_ms));
    ck_assert_uint_lt(numbers_highest(year_9999_ms), EVENT_SEQ_MAX / 8 * 7);
}
END_TEST

/* The witness has seen the second of those that lie far above the first two. */
START_TEST(far_numbers_of_a_store_that_has_gone_are_not_counted)
{
    uint64_t far = numbers_far(0, 0);
    const struct restore_twin twin = {.seq = far + 6};
    struct witness w = {.stored.seq = _i == 0 ? 0 : 2, .newest.seq = far + 2};
    struct outbox_found found = {.last_seq = far + 6};
    char gone[200];
    w.is_contradicted = true;
    memcpy(found.head, twin.digest, sizeof found.head);
    witness_tell(&w, &twin, 1, &found);
    snprintf(gone, sizeof gone, "of event numbers %sup to %llu nothing is here any more",
             _i == 0 ? "" : "above 2 ", (unsigned long long)far + 5);
    ck_assert_ptr_nonnull(found.damage);
    ck_assert_msg(strstr(found.damage, gone) != NULL, "%s", found.damage);
    free(found.damage);
}
END_TEST

/* The witness is a minute old; the journal has one that came after those that
 * it does not know. */
START_TEST(what_came_after_the_witness_was_written_is_told_too)
{
    struct fixture *f = begin();
    char run[TEST_FOLDER_SIZE], command[160];
    close_outbox(f);
    test_folder(run, sizeof run);
    snprintf(command, sizeof command, "cd %s && rm outbox.db* && cp head.old " WITNESS_FILE,
             f->folder);
    make_witness(f, 2);
    lose_after(f, 0, 5, 7, run, command);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_msg(strstr(f->found.damage, "of event numbers 1 to 5 nothing is here any more") !=
                      NULL,
                  "%s", f->found.damage);
    ck_assert_uint_eq(f->found.restored_count, 2);
    end(f);
    snprintf(command, sizeof command, "rm -rf %s", run);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_lost");
    TCase *tc = tcase_create("lost");
    watched_vfs_install(NULL);
    tcase_add_test(tc, a_folder_that_is_gone_is_told_by_the_journal);
    tcase_add_test(tc, a_journal_that_holds_events_tells_of_those_before_them_all_the_same);
    tcase_add_test(tc, numbers_that_were_left_out_are_not_told_as_lost);
    tcase_add_loop_test(tc, what_is_lost_of_far_numbers_is_told, 0, 2);
    tcase_add_loop_test(tc, far_numbers_of_a_store_that_has_gone_are_not_counted, 0, 2);
    tcase_add_test(tc, what_came_after_the_witness_was_written_is_told_too);
    tcase_add_test(tc, a_number_that_another_has_is_passed_unless_no_clock_gives_it);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
