/* SPDX-License-Identifier: Apache-2.0 */
/* A start without a store that can be opened, or whose disk stands still: the outbox is there at
 * once, and what the store holds joins what has come since when it can be read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox/numbers.h"
#include "outbox/record.h"
#include "outbox_hidden.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

#define FAR (UINT64_C(1) << 40) /* above what any store here can say */

START_TEST(a_store_that_cannot_be_opened_is_a_fault_and_no_end)
{
    struct fixture *f = begin_stopped();
    hide(f);
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(f->found.unknown, "outbox.db"));
    ck_assert(!f->found.is_late);
    ck_assert(f->found.numbers_unknown);
    ck_assert_uint_eq(f->found.pending_count, 0);
    wait_fault(f, true);
    ck_assert_ptr_nonnull(strstr(f->fault, "outbox.db"));
    bring_back(f);
    turn_until(f, &f->came_late);
    ck_assert_uint_eq(f->late_seq, 1);
    ck_assert_uint_eq(f->late_pending, 2);
    ck_assert(!f->late_numbers_unknown);
    ck_assert_uint_eq(f->late_used_seq, 1);
    ck_assert_str_eq(f->late_row, "{\"A\"}");
    wait_fault(f, false);
    finish(f);
}
END_TEST

START_TEST(what_is_made_meanwhile_is_stored_behind_what_comes_back)
{
    struct fixture *f = begin_stopped();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    char text[80], wanted[80];
    hide(f);
    cut_power();
    open_outbox(f);
    uint64_t used = begin_numbers(f);
    ck_assert_uint_gt(used, FAR);
    ck_assert_uint_lt(used, UINT64_C(1) << 53);
    put(f, used + 1, "{\"B\"}");
    put(f, used + 2, NULL);
    bring_back(f);
    wait_stored(f, 3);
    ck_assert(f->came_late);
    ck_assert_uint_eq(f->late_pending, 2);
    json_t *answer = ask_json(f, &query), *one;
    size_t i;
    text[0] = '\0';
    json_array_foreach(json_object_get(answer, "events"), i, one)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%lld ",
                 (long long)json_integer_value(json_object_get(one, "seq")));
    json_decref(answer);
    snprintf(wanted, sizeof wanted, "%llu %llu 1 ", (unsigned long long)used + 2,
             (unsigned long long)used + 1);
    ck_assert_str_eq(text, wanted);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.used_seq, used + 2);
    ck_assert_uint_eq(f->found.pending_count, 6);
    finish(f);
}
END_TEST

static void check_found(const struct fixture *f, const char *row, const char *earlier)
{
    ck_assert_str_eq(f->found.unknown, "");
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), row);
    ck_assert(earlier || !f->found.earlier);
    if (earlier)
        ck_assert_str_eq(outbox_found_text(f->found.earlier, "incidents"), earlier);
}

START_TEST(no_row_is_written_over_by_one_who_does_not_know_it)
{
    struct fixture *f = begin_stopped();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    char text[80];
    f->stays_apart = true;
    hide(f);
    open_outbox(f);
    uint64_t used = begin_numbers(f);
    put(f, used + 1, "{\"B\"}");
    outbox_joined(f->outbox); /* with what? */
    bring_back(f);
    turn_until(f, &f->came_late);
    ck_assert_str_eq(f->late_row, "{\"A\"}");
    ck_assert_str_eq(list(f, &query, text), "1 of 1");
    kill_it(f);
    open_outbox(f);
    check_found(f, "{\"B\"}", "{\"A\"}");
    store_again(f);
    ck_assert_str_eq(list(f, &query, text), "1 of 1");
    outbox_save_row(f->outbox, &(struct outbox_row){"incidents", "{\"A, B\"}"});
    outbox_joined(f->outbox);
    wait_stored(f, 1);
    f->stays_apart = false;
    close_outbox(f);
    open_outbox(f);
    check_found(f, "{\"A, B\"}", NULL);
    finish(f);
}
END_TEST

START_TEST(without_a_journal_neither)
{
    struct fixture *f = begin_stopped();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    char text[80];
    f->stays_apart = true;
    f->journal_dir = NULL;
    hide(f);
    open_outbox(f);
    put(f, begin_numbers(f) + 1, "{\"B\"}");
    bring_back(f);
    turn_until(f, &f->came_late);
    ck_assert_str_eq(list(f, &query, text), "1 of 1");
    outbox_joined(f->outbox);
    wait_stored(f, 2);
    finish(f);
}
END_TEST

/* The store is there at the next start only: what that finds in the journal was made without it. */
START_TEST(rows_of_before_outlive_a_restart_that_finds_the_store_again)
{
    struct fixture *f = begin_stopped();
    f->stays_apart = true;
    hide(f);
    open_outbox(f);
    uint64_t used = begin_numbers(f);
    put(f, used + 1, "{\"B\"}");
    kill_it(f);
    bring_back(f);
    for (int again = 0; again < 2; again++) { /* nobody has said that it is taken over */
        open_outbox(f);
        check_found(f, "{\"B\"}", "{\"A\"}");
        ck_assert_uint_eq(f->found.restored_count, 1);
        ck_assert_uint_eq(f->found.pending_count, 4);
        ck_assert_uint_eq(f->found.row_count, 1);
        ck_assert_uint_eq(f->found.used_seq, used + 1);
        store_again(f);
        kill_it(f);
    }
    open_outbox(f);
    store_again(f);
    outbox_joined(f->outbox);
    wait_stored(f, 1);
    close_outbox(f);
    open_outbox(f);
    check_found(f, "{\"B\"}", NULL);
    finish(f);
}
END_TEST

/* The first of them has made nothing. */
START_TEST(what_the_store_has_is_not_what_it_had_at_an_earlier_start_without_it)
{
    struct fixture *f = begin_stopped();
    hide(f);
    open_outbox(f);
    kill_it(f);
    bring_back(f);
    open_outbox(f);
    check_found(f, "{\"A\"}", NULL);
    outbox_joined(f->outbox);
    put(f, f->found.used_seq + 1, "{\"C\"}");
    wait_stored(f, 1);
    kill_it(f);
    hide(f);
    open_outbox(f);
    put(f, begin_numbers(f) + 1, "{\"B\"}");
    kill_it(f);
    bring_back(f);
    open_outbox(f);
    check_found(f, "{\"B\"}", "{\"C\"}");
    finish(f);
}
END_TEST

START_TEST(when_all_is_one_the_journal_says_so_though_nothing_was_made)
{
    struct fixture *f = begin_stopped();
    hide(f);
    open_outbox(f);
    kill_it(f);
    bring_back(f);
    open_outbox(f);
    outbox_joined(f->outbox);
    put(f, f->found.used_seq + 1, "{\"C\"}");
    wait_stored(f, 1);
    watched_vfs_fail_writes(1000000);
    put(f, f->found.used_seq + 2, "{\"D\"}");
    kill_it(f);
    watched_vfs_fail_writes(0);
    open_outbox(f);
    check_found(f, "{\"D\"}", NULL);
    finish(f);
}
END_TEST

START_TEST(what_an_older_version_has_set_aside_is_what_the_store_had)
{
    struct fixture *f = begin_stopped();
    struct store s;
    open_store(f, &s);
    ck_assert_int_eq(sqlite3_exec(s.db, "INSERT INTO state VALUES('incidents@before','{\"O\"}')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    store_close(&s);
    open_outbox(f);
    check_found(f, "{\"A\"}", "{\"O\"}");
    ck_assert_uint_eq(f->found.row_count, 1);
    put(f, 2, "{\"O, A\"}");
    outbox_joined(f->outbox);
    wait_stored(f, 2);
    close_outbox(f);
    open_outbox(f);
    check_found(f, "{\"O, A\"}", NULL);
    finish(f);
}
END_TEST

/* What the journal says twice is not what the store had. */
START_TEST(rows_of_before_outlive_two_starts_without_the_store)
{
    struct fixture *f = begin_stopped();
    hide(f);
    open_outbox(f);
    uint64_t used = begin_numbers(f);
    put(f, used + 1, "{\"B\"}");
    put(f, used + 2, "{\"B, C\"}");
    kill_it(f);
    open_outbox(f);
    ck_assert_str_ne(f->found.unknown, "");
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "{\"B, C\"}");
    ck_assert_ptr_null(f->found.earlier);
    kill_it(f);
    bring_back(f);
    open_outbox(f);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "{\"B, C\"}");
    ck_assert_str_eq(outbox_found_text(f->found.earlier, "incidents"), "{\"A\"}");
    finish(f);
}
END_TEST

START_TEST(in_the_boot_of_the_journal_numbers_go_on_without_a_gap_only_after_a_kill)
{
    struct fixture *f = begin_stopped();
    hide(f);
    open_outbox(f);
    ck_assert(f->found.numbers_unknown); /* the store says that 1 was the last: after a power cut
                                            nobody would know of 2 */
    ck_assert_uint_eq(f->found.last_seq, 1);
    uint64_t used = begin_numbers(f);
    put(f, used + 1, NULL);
    kill_it(f);
    open_outbox(f);
    ck_assert(!f->found.numbers_unknown);
    ck_assert_uint_eq(f->found.last_seq, used + 1);
    ck_assert_uint_eq(f->found.used_seq, used + 1);
    kill_it(f);
    bring_back(f);
    open_outbox(f);
    put(f, used + 2, NULL);
    store_again(f);
    wait_stored(f, 2);
    run("cp -a %s %s.left && cp -a %s %s.left.j", f->folder, f->folder, journal_dir, f->folder);
    close_outbox(f);
    run("rm -rf %s %s && mv %s.left %s && mv %s.left.j %s", f->folder, journal_dir, f->folder,
        f->folder, f->folder, journal_dir);
    hide(f); /* a kill: what the store says is a ceiling that lies ahead */
    open_outbox(f);
    ck_assert(!f->found.numbers_unknown);
    ck_assert_uint_eq(f->found.used_seq, used + 2);
    kill_it(f);
    bring_back(f);
    open_outbox(f);
    finish(f);
}
END_TEST

static volatile bool is_read_only; /* what statvfs(3) says of every file system */

int __real_statvfs(const char *path, struct statvfs *ret_mount);
int __wrap_statvfs(const char *path, struct statvfs *ret_mount);
int __wrap_statvfs(const char *path, struct statvfs *ret_mount)
{
    int result = __real_statvfs(path, ret_mount);
    if (is_read_only)
        ret_mount->f_flag |= ST_RDONLY;
    return result;
}

/* How an SD card dies. */
START_TEST(of_a_file_system_that_is_read_only_the_fault_says_so_and_what_to_do)
{
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    struct fixture *f = begin_stopped();
    watched_vfs_refuse_writers(true);
    open_outbox(f);
    wait_words(f, "unable to open database file"); /* it is not that */
    is_read_only = true;
    wait_words(f, "its file system is mounted read-only");
    ck_assert_ptr_nonnull(strstr(f->fault, f->folder));
    ck_assert_ptr_nonnull(strstr(f->fault, "mount it so that it can be written"));
    ck_assert_ptr_nonnull(strstr(f->fault, "change it"));
    ck_assert_ptr_null(strstr(f->fault, "unable to open"));
    char text[40];
    ck_assert_str_eq(list(f, &query, text), "1 of 1"); /* it can be read */
    is_read_only = false;
    watched_vfs_refuse_writers(false);
    wait_fault(f, false);
    finish(f);
}
END_TEST

START_TEST(what_can_be_read_but_not_written_is_known_at_once)
{
    struct fixture *f = begin_stopped();
    watched_vfs_refuse_writers(true);
    open_outbox(f);
    ck_assert_str_eq(f->found.unknown, "");
    ck_assert(f->found.numbers_unknown);
    ck_assert_uint_eq(f->found.last_seq, 1);
    ck_assert_uint_eq(f->found.pending_count, 2);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "{\"A\"}");
    wait_fault(f, true);
    uint64_t used = begin_numbers(f);
    ck_assert_uint_gt(used, FAR);
    put(f, used + 1, NULL);
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    char text[40];
    ck_assert_str_eq(list(f, &query, text), "1 of 1"); /* and asked for */
    ck_assert(f->faulty);
    ck_assert_uint_eq(f->stored, 1);
    watched_vfs_refuse_writers(false);
    wait_stored(f, 2);
    ck_assert(!f->came_late);
    wait_fault(f, false);
    close_outbox(f);
    cut_power();
    open_outbox(f);
    ck_assert_uint_eq(f->found.used_seq, used + 1);
    finish(f);
}
END_TEST

static void on_loaded(void *arg, struct event *event)
{
    struct fixture *f = arg;
    ck_assert_ptr_nonnull(event);
    ck_assert_uint_eq(event->seq, 1);
    f->damaged = true;
}

START_TEST(an_event_is_loaded_from_a_store_that_cannot_be_written)
{
    struct fixture *f = begin_stopped();
    watched_vfs_refuse_writers(true);
    open_outbox(f);
    for (int again = 0; again < 2; again++) {
        f->damaged = false;
        outbox_load(f->outbox, 1, on_loaded, f);
        turn_until(f, &f->damaged);
        wait_fault(f, true);
    }
    watched_vfs_refuse_writers(false);
    wait_fault(f, false);
    finish(f);
}
END_TEST

START_TEST(a_disk_that_stands_still_does_not_hold_the_start)
{
    struct fixture *f = begin_stopped();
    watched_vfs_hold_opens(true);
    f->start_wait_ms = 1;
    open_outbox(f);
    ck_assert_str_ne(f->found.unknown, "");
    ck_assert(f->found.is_late);
    ck_assert(f->found.numbers_unknown);
    watched_vfs_hold_opens(false);
    turn_until(f, &f->came_late);
    ck_assert(!f->late_numbers_unknown); /* nobody has asked for any: no gap */
    ck_assert_uint_eq(f->late_used_seq, 1);
    ck_assert_uint_eq(f->late_pending, 2);
    put(f, 2, NULL);
    wait_stored(f, 2);
    close_outbox(f);
    f->start_wait_ms = 0;
    open_outbox(f);
    ck_assert_uint_eq(f->found.used_seq, 2);
    finish(f);
}
END_TEST

START_TEST(a_first_event_waits_for_a_disk_that_is_only_slow)
{
    struct fixture *f = begin_stopped();
    watched_vfs_hold_opens(true);
    f->start_wait_ms = 1;
    f->numbers_wait_ms = patience_ms();
    open_outbox(f);
    unsigned char nothing[EVENT_DIGEST_BYTES] = {0};
    ck_assert(f->found.numbers_unknown);
    watched_vfs_hold_opens(false);
    ck_assert_uint_eq(begin_numbers(f), 1); /* not before the loop has turned */
    ck_assert(!f->came_late);
    ck_assert_uint_eq(f->found.last_seq, 1);
    ck_assert_mem_ne(f->found.head, nothing, sizeof nothing);
    put(f, 2, NULL);
    wait_stored(f, 2);
    ck_assert(f->came_late);
    finish(f);
}
END_TEST

START_TEST(a_first_event_waits_for_no_disk_that_has_refused)
{
    struct fixture *f = begin_stopped();
    hide(f);
    f->numbers_wait_ms = INT64_C(1) << 40;
    open_outbox(f);
    ck_assert_uint_gt(begin_numbers(f), FAR);
    bring_back(f);
    turn_until(f, &f->came_late);
    finish(f);
}
END_TEST

/* The ceiling is not on the disk, but all that is there is known. */
START_TEST(a_disk_that_stands_still_in_a_sync_does_not_hold_the_start)
{
    struct fixture *f = begin_stopped();
    watched_vfs_hold_syncs(true);
    f->start_wait_ms = 1000;
    open_outbox(f);
    ck_assert_str_eq(f->found.unknown, "");
    ck_assert(f->found.numbers_unknown);
    ck_assert_uint_eq(f->found.pending_count, 2);
    watched_vfs_hold_syncs(false);
    put(f, 2, NULL);
    wait_stored(f, 2);
    ck_assert(!f->came_late);
    ck_assert_uint_eq(begin_numbers(f), 1);
    f->start_wait_ms = 0;
    finish(f);
}
END_TEST

START_TEST(what_the_journal_has_waits_in_memory_and_is_owed_once)
{
    struct fixture *f = begin_stopped();
    open_outbox(f);
    watched_vfs_fail_writes(1000000);
    put(f, 2, "{\"A, 2\"}");
    kill_it(f);
    watched_vfs_fail_writes(0);
    hide(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 1);
    ck_assert_uint_eq(f->found.pending_count, 2);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "{\"A, 2\"}");
    store_again(f);
    bring_back(f);
    wait_stored(f, 1);
    turn_until(f, &f->came_late);
    ck_assert_uint_eq(f->late_pending, 2); /* of press 1 */
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 4);
    ck_assert_uint_eq(f->found.last_seq, 2);
    finish(f);
}
END_TEST

/* A kill between its commit and that the journal lets it go. */
START_TEST(what_store_and_journal_have_is_owed_once)
{
    struct fixture *f = begin_stopped();
    open_outbox(f);
    watched_vfs_fail_writes(1000000);
    put(f, 2, "{\"A, 2\"}");
    run("cp -a %s %s.left", journal_dir, journal_dir);
    watched_vfs_fail_writes(0);
    wait_stored(f, 2);
    kill_it(f);
    run("rm -rf %s && mv %s.left %s", journal_dir, journal_dir, journal_dir);
    hide(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 1);
    ck_assert_uint_eq(f->found.pending_count, 2);
    store_again(f);
    bring_back(f);
    turn_until(f, &f->came_late);
    ck_assert_uint_eq(f->late_pending, 2); /* of press 1 */
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 4);
    finish(f);
}
END_TEST

START_TEST(a_first_start_without_room_has_nothing_to_learn)
{
    struct fixture *f = begin_stopped();
    run("rm -f %s/*", f->folder);
    cut_power();
    watched_vfs_refuse_writers(true);
    open_outbox(f);
    ck_assert_str_eq(f->found.unknown, "");
    ck_assert(f->found.numbers_unknown);
    wait_fault(f, true);
    watched_vfs_refuse_writers(false);
    wait_fault(f, false);
    ck_assert_uint_eq(f->late_seq, 0);
    finish(f);
}
END_TEST

START_TEST(a_link_to_nowhere_may_hold_anything)
{
    struct fixture *f = begin_stopped();
    run("mv %s/outbox.db %s/kept && ln -s /nonexistent/x %s/outbox.db", f->folder, f->folder,
        f->folder);
    run("rm %s/outbox.head", f->folder); /* which says that it is no new one */
    open_outbox(f);
    ck_assert_str_ne(f->found.unknown, "");
    run("mv %s/kept %s/outbox.db", f->folder, f->folder);
    turn_until(f, &f->came_late);
    finish(f);
}
END_TEST

START_TEST(far_numbers_lie_above_all_that_is_known_and_never_meet)
{
    uint64_t known = UINT64_C(1) << 51, before = 0;
    int64_t wall_ms = INT64_C(1795780000000);
    for (int i = 0; i < 100; i++) {
        uint64_t far = numbers_far(41, wall_ms + i * 120000);
        ck_assert_uint_gt(far, before);
        before = far;
    }
    ck_assert_uint_lt(before, UINT64_C(1) << 53);
    ck_assert_uint_ne(numbers_far(41, wall_ms), numbers_far(41, wall_ms));
    ck_assert_uint_gt(numbers_far(known, wall_ms), known);
    ck_assert_uint_gt(numbers_far(41, 0), 41); /* a clock that knows nothing */
    ck_assert(numbers_are_far(numbers_far(41, 0)));
    ck_assert_uint_eq(numbers_far(41, 0) % NUMBERS_STEP, 0);
    int64_t year_9999_ms = INT64_C(253402300799000); /* and one that is wrong */
    ck_assert_uint_lt(numbers_far(41, year_9999_ms), EVENT_SEQ_MAX - EVENT_SEQ_MAX / 4);
    known = numbers_far(41, year_9999_ms);
    ck_assert_uint_gt(numbers_far(known, year_9999_ms), known);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox_meet");
    TCase *tests = tcase_create("meet");
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up_hidden, NULL);
    tcase_add_test(tests, a_store_that_cannot_be_opened_is_a_fault_and_no_end);
    tcase_add_test(tests, what_is_made_meanwhile_is_stored_behind_what_comes_back);
    tcase_add_test(tests, no_row_is_written_over_by_one_who_does_not_know_it);
    tcase_add_test(tests, without_a_journal_neither);
    tcase_add_test(tests, rows_of_before_outlive_a_restart_that_finds_the_store_again);
    tcase_add_test(tests, rows_of_before_outlive_two_starts_without_the_store);
    tcase_add_test(tests, what_the_store_has_is_not_what_it_had_at_an_earlier_start_without_it);
    tcase_add_test(tests, when_all_is_one_the_journal_says_so_though_nothing_was_made);
    tcase_add_test(tests, what_an_older_version_has_set_aside_is_what_the_store_had);
    tcase_add_test(tests, in_the_boot_of_the_journal_numbers_go_on_without_a_gap_only_after_a_kill);
    tcase_add_test(tests, of_a_file_system_that_is_read_only_the_fault_says_so_and_what_to_do);
    tcase_add_test(tests, what_can_be_read_but_not_written_is_known_at_once);
    tcase_add_test(tests, an_event_is_loaded_from_a_store_that_cannot_be_written);
    tcase_add_test(tests, a_disk_that_stands_still_does_not_hold_the_start);
    tcase_add_test(tests, a_first_event_waits_for_a_disk_that_is_only_slow);
    tcase_add_test(tests, a_first_event_waits_for_no_disk_that_has_refused);
    tcase_add_test(tests, a_disk_that_stands_still_in_a_sync_does_not_hold_the_start);
    tcase_add_test(tests, what_the_journal_has_waits_in_memory_and_is_owed_once);
    tcase_add_test(tests, what_store_and_journal_have_is_owed_once);
    tcase_add_test(tests, a_first_start_without_room_has_nothing_to_learn);
    tcase_add_test(tests, a_link_to_nowhere_may_hold_anything);
    tcase_add_test(tests, far_numbers_lie_above_all_that_is_known_and_never_meet);
    return run_suite(suite);
}
