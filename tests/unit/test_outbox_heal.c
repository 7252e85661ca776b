/* SPDX-License-Identifier: Apache-2.0 */
/* What the journal has and the store lacks below its newest number: stored once more, unless it is
 * known to have been pruned; another event under its number is told. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox/journal.h"
#include "outbox/prune.h"
#include "outbox_kills.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "watched_vfs.h"
#include "wire/digest.h"

static char journal_dir[40];

__attribute__((format(printf, 1, 2))) static void run(const char *format, ...)
{
    char command[200];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    ck_assert_int_lt(length, (int)sizeof command);
    ck_assert_int_eq(system(command), 0);
}

/* Events 1 to 4 are stored and the gateway was stopped; the journal still has 2 and 3, each with a
 * row, as after a kill right before they were taken out of it. */
static struct fixture *begin_kept(void)
{
    struct fixture *f = begin();
    close_outbox(f);
    f->journal_dir = journal_dir;
    open_outbox(f);
    put(f, 1, "state 1");
    wait_stored(f, 1);
    watched_vfs_fail_writes(1000000);
    put(f, 2, "state 2");
    put(f, 3, "state 3");
    run("mkdir %s/kept && cp %s/journal.? %s/kept", journal_dir, journal_dir, journal_dir);
    watched_vfs_fail_writes(0);
    put(f, 4, "state 4");
    wait_stored(f, 4);
    return f;
}

static void stop(struct fixture *f)
{
    close_outbox(f);
    f->stored = 0;
    run("mv %s/kept/journal.? %s", journal_dir, journal_dir);
}

static void change(const struct fixture *f, const char *sql)
{
    struct store s;
    open_store(f, &s);
    ck_assert_msg(sqlite3_exec(s.db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(s.db));
    store_close(&s);
}

static void store_again(struct fixture *f)
{
    for (size_t i = 0; i < f->found.restored_count; i++)
        outbox_store_again(f->outbox, &f->found.restored[i], on_stored, f);
}

static void finish(struct fixture *f)
{
    end(f);
    run("rm -rf %s", journal_dir);
}

#define LOSE_2 "DELETE FROM event WHERE seq=2;DELETE FROM delivery WHERE seq=2;"

START_TEST(what_the_store_lost_below_its_newest_is_stored_once_more)
{
    struct fixture *f = begin_kept();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    char text[40];
    stop(f);
    change(f, LOSE_2);
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 1);
    ck_assert_uint_eq(f->found.restored[0].event->seq, 2);
    ck_assert_uint_eq(f->found.last_seq, 4);
    ck_assert_ptr_null(f->found.damage);
    ck_assert_uint_eq(f->found.pending_count, 8);
    for (size_t i = 0; i < 8; i++) /* and stands where it belongs */
        ck_assert_uint_eq(f->found.pending[i].seq, i / 2 + 1);
    store_again(f);
    wait_stored(f, 1);
    ck_assert_str_eq(list(f, &query, text), "4 3 2 1 of 4");
    check_event(f, 2, "pending");
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 0);
    ck_assert_uint_eq(f->found.pending_count, 8);
    finish(f);
}
END_TEST

/* The row is there, and what it holds is not what was committed. */
START_TEST(bytes_that_rotted_are_replaced_by_those_of_the_journal)
{
    struct fixture *f = begin_kept();
    struct event *event;
    struct store s;
    struct err e;
    stop(f);
    change(f, "UPDATE event SET bytes=CAST('{\"seq\":9}' AS BLOB) WHERE seq IN (2,4)");
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 1);
    ck_assert_uint_eq(f->found.pending_count, 8); /* each is owed once */
    store_again(f);
    wait_stored(f, 1);
    close_outbox(f);
    open_store(f, &s);
    for (uint64_t seq = 1; seq <= 4; seq++) {
        ck_assert_int_eq(store_get_event(&s, seq, &event, &e), 0);
        ck_assert_int_eq(store_event_is_whole(event), seq != 4);
        event_unref(event);
    }
    store_close(&s);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 8);
    finish(f);
}
END_TEST

START_TEST(a_clip_whose_manifest_rotted_is_owed_once)
{
    struct fixture *f = begin_kept();
    struct outbox_upload upload = {.clip = "c1", .camera = "gate", .length_bytes = 12};
    struct event *event = make_event(5, EVENT_CLASS_MANIFEST);
    watched_vfs_fail_writes(1000000);
    outbox_store(f->outbox, event, NULL, &upload, 2, on_stored, f);
    run("cp %s/journal.? %s/kept", journal_dir, journal_dir);
    watched_vfs_fail_writes(0);
    wait_stored(f, 5);
    stop(f);
    change(f, "UPDATE event SET bytes=CAST('{}' AS BLOB) WHERE seq=5");
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 1);
    ck_assert_uint_eq(f->found.upload_count, 1);
    event_unref(event);
    finish(f);
}
END_TEST

/* Before it is stored the journal is not emptied. */
START_TEST(what_is_healed_stays_in_the_journal_until_it_is_stored)
{
    struct fixture *f = begin_kept();
    stop(f);
    change(f, LOSE_2);
    for (int again = 0; again < 2; again++) {
        open_outbox(f);
        ck_assert_uint_eq(f->found.restored_count, 1);
        close_outbox(f);
    }
    open_outbox(f);
    finish(f);
}
END_TEST

START_TEST(its_row_is_older_than_what_the_store_has)
{
    struct fixture *f = begin_kept();
    stop(f);
    change(f, LOSE_2);
    for (int again = 0; again < 2; again++) {
        open_outbox(f);
        ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "state 4");
        ck_assert_ptr_null(f->found.earlier);
        store_again(f);
        wait_stored(f, 1);
        close_outbox(f);
    }
    open_outbox(f);
    finish(f);
}
END_TEST

START_TEST(its_row_is_taken_where_the_store_has_none)
{
    struct fixture *f = begin_kept();
    stop(f);
    change(f, LOSE_2 "DELETE FROM state WHERE name='incidents'");
    open_outbox(f);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "state 2");
    finish(f);
}
END_TEST

/* Both receivers have events up to this one; and then they are old. */
static void receive_and_prune(struct fixture *f, uint64_t last_seq, const char *left)
{
    const struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    int64_t deadline = clock_monotonic_ms() + patience_ms();
    char text[40];
    for (uint64_t seq = 1; seq <= last_seq; seq++) {
        outbox_record_delivery(f->outbox, seq, 0, 1, &result);
        outbox_record_delivery(f->outbox, seq, 1, 1, &result);
    }
    check_event(f, last_seq, "stored");
    outbox_prune(f->outbox, last_seq);
    while (strcmp(list(f, &query, text), left) != 0 && clock_monotonic_ms() < deadline)
        continue;
    ck_assert_str_eq(text, left);
}

START_TEST(what_was_pruned_is_not_sent_once_more)
{
    struct fixture *f = begin_kept();
    receive_and_prune(f, 3, "4 of 1");
    stop(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 0);
    ck_assert_uint_eq(f->found.pending_count, 2);
    ck_assert_uint_eq(f->found.row_count, 1); /* how far is nobody's row */
    finish(f);
}
END_TEST

/* That older ones were, or that it was made later than those, says nothing of it. */
START_TEST(what_lies_beyond_what_was_pruned_was_not)
{
    static const char *const marks[] = {"1 1003", "3 1001", "nonsense", ""};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        char text[200];
        test_folder(journal_dir, sizeof journal_dir);
        struct fixture *f = begin_kept();
        stop(f);
        snprintf(text, sizeof text, LOSE_2 "INSERT OR REPLACE INTO state VALUES('pruned','%s')",
                 marks[i]);
        change(f, text);
        open_outbox(f);
        ck_assert_uint_eq(f->found.restored_count, 1);
        finish(f);
    }
}
END_TEST

START_TEST(half_of_a_mark_says_nothing_of_what_was_pruned)
{
    struct fixture *f = begin_kept();
    struct prune_mark mark = {.seq = 1, .wall_ms = 1};
    struct store s;
    stop(f);
    change(f, "INSERT INTO state VALUES('pruned','900')");
    open_store(f, &s);
    prune_read_mark(&s, &mark);
    ck_assert_uint_eq(mark.seq, 0);
    ck_assert_int_eq(mark.wall_ms, 0);
    store_close(&s);
    open_outbox(f);
    finish(f);
}
END_TEST

START_TEST(how_far_was_pruned_never_shrinks)
{
    struct fixture *f = begin_kept();
    struct prune_mark mark;
    struct store s;
    stop(f);
    change(f, "INSERT INTO state VALUES('pruned','900 99000')");
    open_outbox(f);
    receive_and_prune(f, 1, "4 3 2 of 3");
    close_outbox(f);
    open_store(f, &s);
    prune_read_mark(&s, &mark);
    ck_assert_uint_eq(mark.seq, 900);
    ck_assert_int_eq(mark.wall_ms, 99000);
    store_close(&s);
    open_outbox(f);
    finish(f);
}
END_TEST

static void put_others(const struct fixture *f, uint64_t first, uint64_t last, int versions)
{
    char store[64];
    path_of(f, store);
    struct journal *journal = journal_create(journal_dir, store, LIMIT_JOURNAL_BYTES);
    journal_begin(journal, &(struct journal_head){.seq = 0});
    for (uint64_t seq = first; seq <= last; seq++) {
        for (int version = 0; version < versions; version++) {
            struct event *event = make_event(seq, EVENT_CLASS_PRESS);
            const struct record record = {
                .event = event, .receivers = "police ", .upload_receivers = ""};
            event->bytes[2] = (char)('x' + version);
            digest_sha256(event->bytes, event->length, event->digest);
            journal_put(journal, &record);
            event_unref(event);
        }
    }
    journal_destroy(journal);
}

START_TEST(others_under_numbers_of_the_store_are_told_by_their_numbers)
{
    struct fixture *f = begin_kept();
    stop(f);
    run("rm %s/journal.?", journal_dir);
    put_others(f, 2, 3, 1);
    open_outbox(f);
    ck_assert_str_eq(f->found.damage, "events 2, 3 of the journal are not the ones that are stored "
                                      "under their numbers");
    ck_assert_uint_eq(f->found.restored_count, 0);
    finish(f);
}
END_TEST

START_TEST(two_under_one_number_in_the_journal_are_told)
{
    struct fixture *f = begin_kept();
    stop(f);
    run("rm %s/journal.?", journal_dir);
    put_others(f, 5, 11, 2);
    open_outbox(f);
    ck_assert_str_eq(f->found.damage, "the journal has two different events under numbers "
                                      "5, 6, 7, 8 and others");
    ck_assert_uint_eq(f->found.restored_count, 7);
    finish(f);
}
END_TEST

/* A salvage calls lost what it cannot read. */
START_TEST(what_a_salvage_lost_and_the_journal_has_is_told_as_kept)
{
    struct fixture *f = begin_kept();
    stop(f);
    put_others(f, 4, 4, 1); /* beside it, what contradicts: all of it is told */
    char path[64];
    path_of(f, path);
    run("truncate -s 4096 %s && rm -f %s-wal", path, path);
    open_outbox(f);
    ck_assert_uint_ge(f->found.restored_count, 1);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "the outbox was damaged"));
    ck_assert_ptr_nonnull(strstr(f->found.damage, "which the journal has"));
    finish(f);
}
END_TEST

static void set_up(void)
{
    watched_vfs_install(NULL);
    test_folder(journal_dir, sizeof journal_dir);
}

int main(void)
{
    Suite *suite = suite_create("outbox_heal");
    TCase *tests = tcase_create("heal");
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, what_the_store_lost_below_its_newest_is_stored_once_more);
    tcase_add_test(tests, bytes_that_rotted_are_replaced_by_those_of_the_journal);
    tcase_add_test(tests, a_clip_whose_manifest_rotted_is_owed_once);
    tcase_add_test(tests, what_is_healed_stays_in_the_journal_until_it_is_stored);
    tcase_add_test(tests, its_row_is_older_than_what_the_store_has);
    tcase_add_test(tests, its_row_is_taken_where_the_store_has_none);
    tcase_add_test(tests, what_was_pruned_is_not_sent_once_more);
    tcase_add_test(tests, what_lies_beyond_what_was_pruned_was_not);
    tcase_add_test(tests, half_of_a_mark_says_nothing_of_what_was_pruned);
    tcase_add_test(tests, how_far_was_pruned_never_shrinks);
    tcase_add_test(tests, others_under_numbers_of_the_store_are_told_by_their_numbers);
    tcase_add_test(tests, two_under_one_number_in_the_journal_are_told);
    tcase_add_test(tests, what_a_salvage_lost_and_the_journal_has_is_told_as_kept);
    return run_suite(suite);
}
