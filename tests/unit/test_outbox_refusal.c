/* SPDX-License-Identifier: Apache-2.0 */
/* Why a store is not taken, in words that are true now; and what becomes of presses meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox/witness.h"
#include "outbox/words.h"
#include "outbox_hidden.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

START_TEST(the_words_of_the_fault_follow_what_hinders_it_now)
{
    struct fixture *f = begin_stopped();
    hide(f);
    open_outbox(f);
    wait_words(f, "Is a directory");
    run("ln -s /nonexistent/x %s/link", f->folder);
    exchange(f, "link");
    wait_words(f, "No such file");
    exchange(f, "link");
    wait_words(f, "Is a directory"); /* and once more */
    ck_assert(f->faulty);
    bring_back(f);
    wait_fault(f, false);
    finish(f);
}
END_TEST

/* A kill; a run of the same boot that went without this journal, and stored event 2001; then the
 * journal is there again, and the store is not: 3 and 4 are given below what that has. */
static struct fixture *begin_below_the_newest(void)
{
    struct fixture *f = begin_stopped();
    open_outbox(f);
    put(f, 2, NULL);
    wait_stored(f, 2);
    run("cp -a %s %s.left", journal_dir, journal_dir);
    close_outbox(f);
    f->journal_dir = NULL;
    open_outbox(f);
    put(f, 2001, NULL);
    wait_stored(f, 3);
    close_outbox(f);
    run("rm -rf %s && mv %s.left %s", journal_dir, journal_dir, journal_dir);
    f->journal_dir = journal_dir;
    hide(f);
    open_outbox(f);
    ck_assert(!f->found.numbers_unknown);
    ck_assert_uint_eq(f->found.used_seq, 2);
    put(f, 3, NULL);
    put(f, 4, "{\"D\"}");
    return f;
}

static void change(const struct fixture *f, const char *sql)
{
    struct store s;
    open_store(f, &s);
    ck_assert_msg(sqlite3_exec(s.db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
                  sqlite3_errmsg(s.db));
    store_close(&s);
}

/* Numbers that were given without the store may lie below those of an earlier time, which were
 * pruned: by a clock that is behind. */
START_TEST(what_the_store_never_had_is_stored_though_it_has_later_numbers)
{
    struct fixture *f = begin_below_the_newest();
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 10};
    char text[80];
    kill_it(f);
    bring_back(f);
    if (_i == 1)
        change(f, "INSERT INTO state VALUES('pruned','1000000 9000000000000000')");
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 2);
    ck_assert_uint_eq(f->found.restored[0].event->seq, 3);
    ck_assert_uint_eq(f->found.pending_count, 10);
    ck_assert_uint_eq(f->found.last_seq, 2001);
    ck_assert_uint_ge(f->found.used_seq, 2001);
    ck_assert_ptr_null(f->found.damage);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "{\"D\"}");
    ck_assert_str_eq(outbox_found_text(f->found.earlier, "incidents"), "{\"A\"}");
    store_again(f);
    wait_stored(f, 2);
    ck_assert_str_eq(list(f, &query, text), "2001 4 3 2 1 of 5");
    finish(f);
}
END_TEST

START_TEST(a_store_whose_numbers_were_given_to_others_is_not_taken_over)
{
    struct fixture *f = begin_stopped();
    watched_vfs_hold_opens(true);
    f->start_wait_ms = 1;
    open_outbox(f);
    put(f, 1, NULL);
    watched_vfs_hold_opens(false);
    wait_fault(f, true);
    ck_assert_ptr_nonnull(strstr(f->fault, "restart tocsind"));
    ck_assert(!f->came_late);
    kill_it(f);
    f->start_wait_ms = 0;
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 1);
    finish(f);
}
END_TEST

/* How many rows tell of damage in one that is closed. */
static int count_told(const struct fixture *f)
{
    struct store s;
    sqlite3_stmt *query;
    open_store(f, &s);
    ck_assert_int_eq(sqlite3_prepare_v2(s.db, "SELECT count(*) FROM state WHERE name='untold'", -1,
                                        &query, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(query), SQLITE_ROW);
    int count = sqlite3_column_int(query, 0);
    sqlite3_finalize(query);
    store_close(&s);
    return count;
}

/* Whose event 1 is another than that of the journal, which would be told in it. */
START_TEST(a_store_that_is_refused_is_neither_written_nor_read_again)
{
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 1};
    struct fixture *f = begin_stopped();
    hide(f);
    open_outbox(f);
    put(f, 1, NULL); /* into the journal */
    kill_it(f);
    bring_back(f);
    run("rm %s/" WITNESS_FILE, f->folder); /* which would have it salvaged */
    change(f, "UPDATE event SET (bytes,digest)=('{}',x'44136fa355b3678a1146ad16f7e8649e94fb4fc21fe7"
              "7e8310c060f61caaff8a')"); /* sha256 of that */
    watched_vfs_hold_opens(true);
    f->start_wait_ms = 1;
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 1);
    watched_vfs_hold_opens(false);
    wait_words(f, "restart tocsind");
    unsigned opened = watched_vfs_counts().opened;
    for (int i = 0; i < 3; i++) { /* each would have it read again, as whatever the thread tries */
        struct heard heard = ask(f, &query);
        ck_assert_msg(strstr(heard.error, "restart tocsind") != NULL, "%s", heard.error);
        free(heard.text);
    }
    ck_assert_uint_eq(watched_vfs_counts().opened, opened);
    ck_assert(!f->came_late);
    kill_it(f);
    ck_assert_int_eq(count_told(f), 0);
    f->start_wait_ms = 0;
    open_outbox(f); /* which says it */
    ck_assert_ptr_nonnull(f->found.damage);
    close_outbox(f);
    open_outbox(f);
    finish(f);
}
END_TEST

/* The store is that of gateway A, which was stopped. */
static struct fixture *begin_of_a(void)
{
    struct fixture *f = begin_stopped();
    f->gateway = "A";
    open_outbox(f);
    ck_assert_str_eq(f->found.unknown, "");
    close_outbox(f);
    return f;
}

static void open_as(struct fixture *f, const char *gateway, bool is_taken)
{
    f->gateway = gateway;
    open_outbox(f);
    if (is_taken)
        ck_assert_str_eq(f->found.unknown, "");
    else
        ck_assert_msg(strstr(f->found.unknown, "is that of gateway") != NULL, "%s",
                      f->found.unknown);
    ck_assert_uint_eq(f->found.last_seq, is_taken ? 1 : 0);
    ck_assert_uint_eq(f->found.pending_count, is_taken ? 2 : 0);
    ck_assert_uint_eq(f->found.row_count, is_taken ? 1 : 0);
    close_outbox(f);
    cut_power(); /* the journal's head knows a number of it */
}

START_TEST(another_gateways_store_is_refused_at_a_start)
{
    struct fixture *f = begin_of_a();
    cut_power();
    open_as(f, "B", false);
    open_as(f, "A", true);
    watched_vfs_refuse_writers(true); /* nor is it read */
    open_as(f, "B", false);
    watched_vfs_refuse_writers(false);
    open_outbox(f);
    finish(f);
}
END_TEST

START_TEST(a_gateway_that_was_given_another_id_begins_anew_where_the_store_is_moved_away)
{
    struct fixture *f = begin_of_a();
    cut_power();
    f->gateway = "B";
    open_outbox(f);
    uint64_t used = begin_numbers(f);
    put(f, used + 1, NULL);
    wait_words(f, "move outbox.* away");
    ck_assert_uint_eq(f->stored, 1);
    run("mkdir %s/away && mv %s/outbox.* %s/away", f->folder, f->folder, f->folder);
    wait_stored(f, 2);
    wait_fault(f, false);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, used + 1);
    ck_assert_uint_eq(f->found.pending_count, 2);
    finish(f);
}
END_TEST

START_TEST(another_gateways_store_that_comes_late_is_refused_whatever_its_numbers)
{
    struct fixture *f = begin_of_a();
    hide(f);
    cut_power();
    f->gateway = "B";
    open_outbox(f);
    uint64_t used = begin_numbers(f);
    put(f, used + 1, NULL);
    bring_back(f);
    wait_words(f, "is that of gateway A, and this is B");
    ck_assert(!f->came_late);
    ck_assert_uint_eq(f->stored, 1);
    kill_it(f);
    cut_power();
    open_as(f, "A", true);
    open_outbox(f);
    finish(f);
}
END_TEST

#define FRESH "INSERT INTO fresh SELECT seq+1,id,type,class,alarm,wall_ms,digest,"

/* Whose it is an event says, the newest; then a row. */
START_TEST(the_store_of_an_older_program_is_that_of_its_newest_event)
{
    struct fixture *f = begin_stopped();
    cut_power();
    change(f, "UPDATE event SET bytes='{\"source\":\"tocsin:A\"}'");
    open_as(f, "B", false);
    change(f, FRESH "'{\"source\":\"tocsin:C\"}','',NULL,NULL FROM event");
    open_as(f, "A", false);
    change(f, "DELETE FROM fresh");
    open_as(f, "A", true);
    change(f, "UPDATE event SET bytes='{\"source\":\"tocsin:B\"}'");
    open_as(f, "B", false);
    open_as(f, "A", true);
    open_outbox(f);
    finish(f);
}
END_TEST

START_TEST(a_store_that_says_nothing_is_whoever_opens_it)
{
    struct fixture *f = begin_stopped();
    cut_power();
    change(f, "UPDATE event SET bytes='{\"source\":\"elsewhere:A\"}'");
    open_as(f, "B", true);
    open_as(f, "A", false);
    f->gateway = "B";
    open_outbox(f);
    finish(f);
}
END_TEST

#define SECOND INT64_C(1000000000)

START_TEST(a_reason_that_is_new_is_told_and_the_same_is_not)
{
    struct words w = {.is_told = false};
    ck_assert(!words_end(&w));
    ck_assert(words_follow(&w, "a", 5 * SECOND));
    ck_assert(!words_follow(&w, "a", 50 * SECOND));
    ck_assert(words_follow(&w, "b", 51 * SECOND));
    ck_assert(!words_follow(&w, "a", 52 * SECOND));
    ck_assert(words_follow(&w, "a", 53 * SECOND));
    ck_assert(words_end(&w));
    ck_assert(!words_end(&w));
    ck_assert(words_follow(&w, "a", 54 * SECOND)); /* another fault */
    ck_assert(!words_follow(&w, "b", 54 * SECOND));
    ck_assert(words_follow(&w, "b", 55 * SECOND));
}
END_TEST

START_TEST(two_reasons_that_take_turns_are_no_storm)
{
    struct words w = {.is_told = false};
    int told = 0, in_the_last_hour = 0;
    for (int64_t at = 0; at < 86400 * 2; at++) {
        bool is_told = words_follow(&w, at % 2 ? "a" : "b", at * SECOND / 2);
        told += is_told;
        in_the_last_hour += is_told && at >= 82800 * 2;
    }
    ck_assert_int_le(told, 1450);
    ck_assert_int_ge(in_the_last_hour, 59);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox_refusal");
    TCase *tests = tcase_create("refusal");
    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, set_up_hidden, NULL);
    tcase_add_test(tests, the_words_of_the_fault_follow_what_hinders_it_now);
    tcase_add_test(tests, a_reason_that_is_new_is_told_and_the_same_is_not);
    tcase_add_test(tests, two_reasons_that_take_turns_are_no_storm);
    tcase_add_loop_test(tests, what_the_store_never_had_is_stored_though_it_has_later_numbers, 0,
                        2);
    tcase_add_test(tests, another_gateways_store_is_refused_at_a_start);
    tcase_add_test(tests,
                   a_gateway_that_was_given_another_id_begins_anew_where_the_store_is_moved_away);
    tcase_add_test(tests, another_gateways_store_that_comes_late_is_refused_whatever_its_numbers);
    tcase_add_test(tests, the_store_of_an_older_program_is_that_of_its_newest_event);
    tcase_add_test(tests, a_store_that_says_nothing_is_whoever_opens_it);
    tcase_add_test(tests, a_store_whose_numbers_were_given_to_others_is_not_taken_over);
    tcase_add_test(tests, a_store_that_is_refused_is_neither_written_nor_read_again);
    return run_suite(suite);
}
