/* SPDX-License-Identifier: Apache-2.0 */
/* Of a damaged store: who is owed what could be read, and what could not; and where there is no
 * room for all of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "outbox/salvage.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

#define PAGE 4096

static unsigned number_at(const unsigned char *at, int bytes)
{
    unsigned number = 0;
    for (int i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    return number;
}

static sqlite3_int64 read_number(const char *path, const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *query;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &query, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(query), SQLITE_ROW);
    sqlite3_int64 number = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    sqlite3_close(db);
    return number;
}

/* Of a store that is closed and whole in its file. */
static off_t open_at_root(const struct fixture *f, const char *table, int *ret_fd)
{
    char path[64], text[100];
    path_of(f, path);
    snprintf(text, sizeof text, "SELECT rootpage FROM sqlite_master WHERE name='%s'", table);
    off_t root = read_number(path, text);
    *ret_fd = open(path, O_RDWR);
    return root;
}

static void spoil_page(int fd, off_t number)
{
    unsigned char junk[PAGE];
    memset(junk, 0xa5, sizeof junk);
    ck_assert_int_eq(pwrite(fd, junk, PAGE, (number - 1) * PAGE), PAGE);
    close(fd);
}

static void spoil_root_of(const struct fixture *f, const char *table)
{
    int fd;
    off_t root = open_at_root(f, table, &fd);
    spoil_page(fd, root);
}

/* One page of it: that many percent from its beginning. */
static void spoil_at(const struct fixture *f, const char *table, unsigned percent)
{
    unsigned char page[PAGE];
    int fd;
    off_t root = open_at_root(f, table, &fd);
    ck_assert_int_eq(pread(fd, page, PAGE, (root - 1) * PAGE), PAGE);
    ck_assert(page[0] == 2 || page[0] == 5); /* it has more than one */
    unsigned which = number_at(page + 3, 2) * percent / 100;
    unsigned cell = number_at(page + 12 + 2 * which, 2);
    spoil_page(fd, number_at(page + cell, 4));
}

static void spoil_middle_of(const struct fixture *f, const char *table)
{
    spoil_at(f, table, 50);
}

/* Events 1 to `count`, of which both receivers have the first `delivered`; closed, and all of it in
 * the file. */
static struct fixture *make_used(uint64_t count, uint64_t delivered)
{
    static const struct uplink_result result = {.outcome = UPLINK_OUTCOME_UNCONFIRMED};
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= count; seq++)
        put(f, seq, "what is open");
    wait_stored(f, (unsigned)count);
    for (uint64_t seq = 1; seq <= delivered; seq++) {
        for (size_t receiver = 0; receiver < 2; receiver++)
            outbox_record_delivery(f->outbox, seq, receiver, 1, &result);
    }
    close_outbox(f);
    remove_log(f);
    f->stored = 0;
    return f;
}

static bool is_pending(const struct outbox_found *found, uint64_t seq, size_t receiver)
{
    for (size_t i = 0; i < found->pending_count; i++) {
        if (found->pending[i].seq == seq && found->pending[i].receiver == receiver)
            return true;
    }
    return false;
}

static void check_all_pending(const struct fixture *f, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        for (size_t receiver = 0; receiver < 2; receiver++)
            ck_assert_msg(is_pending(&f->found, seq, receiver), "event %d, receiver %d", (int)seq,
                          (int)receiver);
    }
}

START_TEST(an_event_of_which_it_cannot_be_read_who_has_it_is_sent_again)
{
    struct fixture *f = make_used(600, 100);
    int count, first, last;
    spoil_middle_of(f, "delivery");
    open_outbox(f);
    check_all_pending(f, 101, 600);
    ck_assert_uint_eq(f->found.pending_count, 1000); /* what was known of others is so still */
    ck_assert(!f->found.state_lost);
    const char *told = strstr(f->found.damage, "; who has ");
    ck_assert_msg(told != NULL, "%s", f->found.damage);
    ck_assert_int_eq(sscanf(told,
                            "; who has %d of them cannot be read: they are sent again, at the "
                            "latest after a restart: %d to %d;",
                            &count, &first, &last),
                     3);
    ck_assert_int_eq(count, last - first + 1);
    ck_assert_int_gt(first, 100);
    ck_assert_int_lt(last, 600);
    ck_assert_msg(!strstr(f->found.damage, "lost"), "%s", f->found.damage);
    check_event(f, (uint64_t)first + 1, "pending");
    end(f);
}
END_TEST

/* As a start does it, with what it finds then; `withheld` from the second receiver. */
static void salvage_closed(const struct fixture *f, uint32_t withheld, struct outbox_found *found)
{
    static const char *const names[] = {"police", "education"};
    struct store s = {.receivers = names, .receiver_count = 2, .withheld = {0, withheld}};
    struct err e;
    path_of(f, s.path);
    ck_assert_msg(salvage(&s, "why", found, &e) == 0, "%s", e.text);
    ck_assert_int_eq(store_read_found(&s, found, &e), 0);
    store_close(&s);
}

static int count_of(const struct fixture *f, const char *words)
{
    const char *told = strstr(f->found.damage, words);
    int count = -1;
    ck_assert_msg(told != NULL, "%s", f->found.damage);
    ck_assert_int_eq(sscanf(told + strlen(words), "%d", &count), 1);
    return count;
}

/* Two pages of thirty are no reason to lose what lies between. */
START_TEST(what_lies_between_two_places_that_cannot_be_read_is_kept)
{
    struct fixture *f = make_used(600, 0);
    spoil_at(f, "event", 20);
    spoil_at(f, "event", 80);
    open_outbox(f);
    const char *gone = strstr(f->found.damage, " that were still to be sent cannot be read");
    ck_assert_msg(gone != NULL, "%s", f->found.damage);
    while (gone[-1] != ' ')
        gone--;
    int lost = (int)strtol(gone, NULL, 10);
    ck_assert_int_gt(lost, 1);
    ck_assert_int_lt(lost, 100);
    ck_assert_int_eq(count_of(f, "); ") + lost, 600);
    check_all_pending(f, 250, 350);
    ck_assert_uint_eq(f->found.pending_count, 2 * (600 - (size_t)lost));
    end(f);
}
END_TEST

/* A process that has no memory for a moment, as it reads number by number: to prepare that, or in
 * one of the steps; or to write what was read. */
#define BY_NUMBER "SELECT * FROM event WHERE seq=?"

struct left { /* until one fails; 0: none does */
    int prepares, steps, writes;
};
static struct left left;
/* Steps and writes: the first, or one of a page that can be read. */
static const struct left lacking[] = {{1, 0, 0}, {0, 1, 0}, {0, 250, 0}, {0, 0, 1}, {0, 0, 50}};
static sqlite3 *without_memory;

int __real_sqlite3_prepare_v2(sqlite3 *db, const char *text, int length, sqlite3_stmt **statement,
                              const char **tail);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *text, int length, sqlite3_stmt **statement,
                              const char **tail);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *text, int length, sqlite3_stmt **statement,
                              const char **tail)
{
    without_memory =
        strcmp(text, BY_NUMBER) == 0 && left.prepares && --left.prepares == 0 ? db : NULL;
    return without_memory ? SQLITE_NOMEM
                          : __real_sqlite3_prepare_v2(db, text, length, statement, tail);
}

int __real_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement);
int __wrap_sqlite3_step(sqlite3_stmt *statement)
{
    static bool was_by_number;
    bool is_by_number = strcmp(sqlite3_sql(statement), BY_NUMBER) == 0;
    int *count = is_by_number ? &left.steps : &left.writes;
    bool fails = (is_by_number || was_by_number) && *count && --*count == 0;
    was_by_number = is_by_number;
    without_memory = fails ? sqlite3_db_handle(statement) : NULL;
    return fails ? SQLITE_NOMEM : __real_sqlite3_step(statement);
}

int __real_sqlite3_errcode(sqlite3 *db);
int __wrap_sqlite3_errcode(sqlite3 *db);
int __wrap_sqlite3_errcode(sqlite3 *db)
{
    return without_memory == db ? SQLITE_NOMEM : __real_sqlite3_errcode(db);
}

/* All of it is there: it is not damage. */
START_TEST(what_cannot_be_read_there_for_the_moment_is_read_later)
{
    static const char *const names[] = {"police", "education"};
    struct store s = {.receivers = names, .receiver_count = 2};
    struct outbox_found found = {0};
    struct err e;
    struct fixture *f = make_used(600, 0);
    spoil_at(f, "event", 20);
    spoil_at(f, "event", 80);
    path_of(f, s.path);
    left = lacking[_i];
    ck_assert_int_eq(salvage(&s, "why", &found, &e), -EAGAIN);
    ck_assert(left.prepares == 0 && left.steps == 0 && left.writes == 0);
    ck_assert_ptr_null(found.damage);
    ck_assert_uint_eq(count_aside(f), 0);
    open_outbox(f);
    check_all_pending(f, 250, 350);
    end(f);
}
END_TEST

START_TEST(and_so_is_what_is_known_there_of_who_has_what)
{
    struct fixture *f = make_used(600, 400);
    spoil_at(f, "delivery", 20);
    spoil_at(f, "delivery", 90); /* of what is pending, which a start reads */
    open_outbox(f);
    int unknown = count_of(f, "; who has ");
    ck_assert_int_gt(unknown, 1);
    ck_assert_int_lt(unknown, 200);
    check_all_pending(f, 401, 600);
    ck_assert_uint_gt(f->found.pending_count, 400);
    ck_assert_uint_lt(f->found.pending_count, 400 + 2 * (size_t)unknown);
    end(f);
}
END_TEST

START_TEST(but_not_to_a_receiver_that_does_not_take_it)
{
    struct fixture *f = make_used(600, 600);
    struct outbox_found found = {0};
    spoil_middle_of(f, "delivery");
    salvage_closed(f, UPLINK_TAKES(EVENT_CLASS_PRESS), &found);
    ck_assert_uint_gt(found.pending_count, 10);
    for (size_t i = 0; i < found.pending_count; i++)
        ck_assert_uint_eq(found.pending[i].receiver, 0);
    outbox_found_finish(&found);
    open_outbox(f);
    end(f);
}
END_TEST

START_TEST(events_that_were_owed_and_cannot_be_read_are_named_once)
{
    struct fixture *f = make_used(600, 100);
    int count, first, last;
    spoil_middle_of(f, "event");
    open_outbox(f);
    const char *told = strstr(f->found.damage, " were kept; ");
    ck_assert_msg(told != NULL, "%s", f->found.damage);
    ck_assert_int_eq(sscanf(told,
                            " were kept; %d that were still to be sent cannot be read and are "
                            "lost: %d to %d;",
                            &count, &first, &last),
                     3);
    ck_assert_int_eq(count, last - first + 1);
    ck_assert(is_pending(&f->found, (uint64_t)first - 1, 0));
    ck_assert(!is_pending(&f->found, (uint64_t)first, 0));
    ck_assert(!is_pending(&f->found, (uint64_t)last, 0));
    ck_assert(is_pending(&f->found, (uint64_t)last + 1, 0));
    ck_assert_uint_eq(f->found.pending_count, 2 * (500 - (size_t)count));
    close_outbox(f);
    remove_log(f);
    spoil_middle_of(f, "delivery");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_msg(!strstr(f->found.damage, "lost"), "%s", f->found.damage);
    end(f);
}
END_TEST

static void change(const struct fixture *f, const char *sql)
{
    char path[64];
    sqlite3 *db;
    path_of(f, path);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(the_newest_answer_is_known_though_an_older_one_cannot_be_read)
{
    struct fixture *f = make_used(1, 1);
    change(f,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<500)"
           " INSERT INTO answer SELECT 'police',i,'',2,'by','at','a note of some length' FROM n");
    spoil_middle_of(f, "answer");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_int_eq(f->found.answer_seq[0], 500);
    end(f);
}
END_TEST

START_TEST(clips_that_cannot_be_read_are_told)
{
    struct fixture *f = make_used(1, 1);
    change(f,
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<500)"
           " INSERT INTO upload SELECT i,'police','m','c','a','camera','path',1,x'00',0,NULL,NULL"
           " FROM n");
    spoil_middle_of(f, "upload");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_msg(strstr(f->found.damage, "not all of which clips were still to be sent"), "%s",
                  f->found.damage);
    end(f);
}
END_TEST

/* Of every database that is opened from now on. */
static int downward; /* tables that are copied from their end as well */

static int on_statement(unsigned kind, void *arg, void *statement, void *text)
{
    (void)kind;
    (void)arg;
    (void)statement;
    downward += strstr(text, "SELECT * FROM") && strstr(text, "DESC");
    return 0;
}

static int watch_statements(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    (void)error;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_statement, NULL);
}

START_TEST(a_table_that_was_read_to_its_end_is_not_read_again_from_there)
{
    struct fixture *f = make_used(600, 100);
    spoil_middle_of(f, "delivery");
    ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))watch_statements), SQLITE_OK);
    open_outbox(f);
    ck_assert_int_eq(sqlite3_cancel_auto_extension((void (*)(void))watch_statements), 1);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_int_eq(downward, 1);
    end(f);
}
END_TEST

/* A fresh one may have only so many pages, as on a full disk. */
static int pages = 24;

static int keep_small(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
    char text[80];
    (void)error;
    (void)api;
    const char *path = sqlite3_db_filename(db, "main");
    snprintf(text, sizeof text, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA max_page_count=%d", pages);
    return path && strstr(path, ".new") ? sqlite3_exec(db, text, NULL, NULL, NULL) : SQLITE_OK;
}

static void fill_disk(void)
{
    ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))keep_small), SQLITE_OK);
}

static void empty_disk(void)
{
    ck_assert_int_eq(sqlite3_cancel_auto_extension((void (*)(void))keep_small), 1);
}

/* Which is nothing of a moment: it is not tried again at once. */
START_TEST(without_room_even_to_begin_that_is_what_is_said)
{
    struct fixture *f = make_used(600, 600);
    struct store s = {.receiver_count = 0};
    struct outbox_found found = {0};
    struct err e;
    path_of(f, s.path);
    spoil_middle_of(f, "event");
    pages = 2;
    fill_disk();
    ck_assert_int_eq(salvage(&s, "why", &found, &e), -ENOSPC);
    empty_disk();
    ck_assert_ptr_null(found.damage);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 600);
    end(f);
}
END_TEST

START_TEST(where_none_is_kept_for_want_of_room_the_state_is_lost)
{
    struct fixture *f = make_used(600, 0);
    struct outbox_found found = {0};
    spoil_middle_of(f, "event");
    fill_disk();
    salvage_closed(f, 0, &found);
    empty_disk();
    ck_assert(strstr(found.damage, "none is kept") && found.state_lost);
    outbox_found_finish(&found);
    open_outbox(f);
    ck_assert(f->found.state_lost);
    end(f);
}
END_TEST

START_TEST(without_room_for_all_what_is_still_to_be_sent_is_kept)
{
    struct fixture *f = make_used(600, 600);
    struct outbox_found found = {0};
    change(f, "UPDATE delivery SET state=0 WHERE seq IN (7,590)");
    change(f, "INSERT INTO answer VALUES('police',7,'','2','by','at','')");
    change(f, "UPDATE event SET alarm='01890a5d-ac96-774b-bcce-b302099a8058' WHERE seq=20");
    spoil_middle_of(f, "event");
    fill_disk();
    salvage_closed(f, 0, &found);
    empty_disk();
    ck_assert_msg(strstr(found.damage, "since not all could be copied") &&
                      strstr(found.damage, "full"),
                  "%s", found.damage);
    ck_assert(!found.state_lost);
    ck_assert_uint_eq(found.last_seq, 600);
    ck_assert_uint_eq(found.pending_count, 4);
    ck_assert(is_pending(&found, 7, 0) && is_pending(&found, 590, 1));
    ck_assert_int_eq(found.answer_seq[0], 7);
    ck_assert_str_eq(outbox_found_text(&found, "incidents"), "what is open");
    outbox_found_finish(&found);
    char path[64];
    path_of(f, path);
    ck_assert_int_eq(read_number(path, "SELECT count(DISTINCT alarm) FROM event"), 2);
    ck_assert_int_lt(read_number(path, "SELECT count(*) FROM event"), 6);
    open_outbox(f);
    check_event(f, 590, "pending");
    end(f);
}
END_TEST

/* Its manifest was delivered long ago: of all that is there it alone says what the clip is. */
START_TEST(and_what_a_clip_belongs_to_that_is_still_to_be_sent)
{
    struct fixture *f = make_used(600, 600);
    struct outbox_found found = {0};
    char path[64];
    path_of(f, path);
    change(f, "INSERT INTO upload"
              " VALUES(300,'police','m','c','a','camera','path',1,x'00',0,NULL,NULL),"
              "(301,'police','m','d','a','camera','path',1,x'00',1,NULL,NULL)");
    spoil_at(f, "event", 10);
    fill_disk();
    salvage_closed(f, 0, &found);
    empty_disk();
    ck_assert_ptr_nonnull(strstr(found.damage, "since not all could be copied"));
    outbox_found_finish(&found);
    ck_assert_int_eq(read_number(path, "SELECT count(*) FROM event WHERE seq=300"), 1);
    ck_assert_int_eq(read_number(path, "SELECT count(*) FROM event WHERE seq=301"), 0);
    open_outbox(f);
    end(f);
}
END_TEST

START_TEST(nor_is_less_than_that_kept_of_it_while_it_runs)
{
    struct fixture *f = make_used(600, 0);
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 400, .before = 500};
    change(f, "UPDATE delivery SET state=1 WHERE seq BETWEEN 150 AND 450");
    spoil_middle_of(f, "event");
    fill_disk();
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage); /* nobody read it to start */
    for (int i = 0; i < 3; i++) {
        struct heard heard = ask(f, &query);
        ck_assert_ptr_nonnull(strstr(heard.error, "malformed"));
        free(heard.text);
    }
    ck_assert(!f->damaged); /* nothing became of it */
    ck_assert(f->faulty);
    ck_assert_uint_eq(count_aside(f), 0);
    shell(f, "! ls outbox.db.new* 2>/dev/null");
    empty_disk();
    end(f);
}
END_TEST

static void on_written(void *arg)
{
    *(bool *)arg = true;
}

/* Of what else is handed over nothing can be written; and more come than are settled at once. */
START_TEST(presses_are_stored_where_the_store_is_damaged_and_cannot_be_mended)
{
    enum { LAST = 670 };
    const struct uplink_answer answer = {.answer_seq = 1, .at = "", .by = ""};
    struct fixture *f = make_used(600, 0);
    bool is_written = false;
    spoil_root_of(f, "event_alarm"); /* whatever is settled needs it */
    fill_disk();
    open_outbox(f);
    put(f, 601, NULL);
    wait_stored(f, 1);
    outbox_save_row(f->outbox, &(struct outbox_row){"incidents", "an older one"});
    outbox_save_row(f->outbox, &(struct outbox_row){"levels", "high"});
    turn_until(f, &f->faulty);
    outbox_record_answer(f->outbox, 0, &answer,
                         &(struct outbox_row){"incidents", "an older one, too"}, NULL, NULL);
    outbox_when_written(f->outbox, on_written, &is_written);
    put(f, 602, "the newest");
    wait_stored(f, 2);
    outbox_save_row(f->outbox, &(struct outbox_row){"levels", "low"});
    for (uint64_t seq = 603; seq <= LAST; seq++)
        put(f, seq, NULL);
    wait_stored(f, LAST - 600);
    ck_assert(f->faulty);
    ck_assert(!f->damaged); /* nothing became of it */
    ck_assert(!is_written);
    ck_assert_uint_eq(outbox_close(f->outbox, 0), OUTBOX_DAMAGED); /* which says so */
    empty_disk();
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, LAST);
    ck_assert_uint_eq(f->found.pending_count, 2 * LAST);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "the newest");
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_copy");
    TCase *tc = tcase_create("copy");
    watched_vfs_install(NULL);
    tcase_add_test(tc, an_event_of_which_it_cannot_be_read_who_has_it_is_sent_again);
    tcase_add_test(tc, what_lies_between_two_places_that_cannot_be_read_is_kept);
    tcase_add_loop_test(tc, what_cannot_be_read_there_for_the_moment_is_read_later, 0, 5);
    tcase_add_test(tc, and_so_is_what_is_known_there_of_who_has_what);
    tcase_add_test(tc, but_not_to_a_receiver_that_does_not_take_it);
    tcase_add_test(tc, events_that_were_owed_and_cannot_be_read_are_named_once);
    tcase_add_test(tc, the_newest_answer_is_known_though_an_older_one_cannot_be_read);
    tcase_add_test(tc, clips_that_cannot_be_read_are_told);
    tcase_add_test(tc, a_table_that_was_read_to_its_end_is_not_read_again_from_there);
    tcase_add_test(tc, without_room_even_to_begin_that_is_what_is_said);
    tcase_add_test(tc, where_none_is_kept_for_want_of_room_the_state_is_lost);
    tcase_add_test(tc, without_room_for_all_what_is_still_to_be_sent_is_kept);
    tcase_add_test(tc, and_what_a_clip_belongs_to_that_is_still_to_be_sent);
    tcase_add_test(tc, nor_is_less_than_that_kept_of_it_while_it_runs);
    tcase_add_test(tc, presses_are_stored_where_the_store_is_damaged_and_cannot_be_mended);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
