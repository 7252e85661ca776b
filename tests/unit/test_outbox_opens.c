/* SPDX-License-Identifier: Apache-2.0 */
/* A process that is out of descriptors for a moment: each file that is opened while a store is
 * written anew cannot be, in turn. What was stored is stored, or the store is as it was. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "outbox/log_alone.h"
#include "outbox/salvage.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

#define EVENTS 4

/* Ours and SQLite's: a program's own is found before the C library's. */
static const char *watched = "", *watched_end = "";
static int opens, failing_open, failing_last; /* from 1 on; 0: none */

static bool is_watched(const char *path)
{
    size_t length = strlen(path), end = strlen(watched_end);
    return strncmp(path, watched, strlen(watched)) == 0 && length >= end &&
           strcmp(path + length - end, watched_end) == 0;
}

static int open_or_not(const char *path, int flags, mode_t mode)
{
    if (failing_open && is_watched(path)) {
        opens++;
        if (opens >= failing_open && opens <= failing_last) {
            errno = EMFILE;
            return -1;
        }
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;                             \
        va_end(arguments);                                                                         \
        return open_or_not(path, flags, mode);                                                     \
    }

int open64(const char *path, int flags, ...);
OPEN(open)
OPEN(open64)

/* Which both receivers have: nothing but the store knows them. Closed, with all of it in the log,
 * which the file of the database has at the beginning alone. */
static struct fixture *make_used(void)
{
    static const struct uplink_result result = {.outcome = UPLINK_OUTCOME_UNCONFIRMED};
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= EVENTS; seq++)
        put(f, seq, "what is open");
    wait_stored(f, EVENTS);
    for (uint64_t seq = 1; seq <= EVENTS; seq++) {
        for (size_t receiver = 0; receiver < 2; receiver++)
            outbox_record_delivery(f->outbox, seq, receiver, 1, &result);
    }
    close_outbox(f);
    return f;
}

static int64_t count(struct store *s, const char *what)
{
    char text[100];
    sqlite3_stmt *query;
    snprintf(text, sizeof text, "SELECT count(*) FROM %s", what);
    ck_assert_int_eq(sqlite3_prepare_v2(s->db, text, -1, &query, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(query), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(query, 0);
    sqlite3_finalize(query);
    return number;
}

typedef int (*salvage_fn)(struct store *s, const char *why, struct outbox_found *found,
                          struct err *e);

static int salvage_moved(struct store *s, const char *why, struct outbox_found *found,
                         struct err *e)
{
    bool has_aside;
    return salvage_open(s, why, found, &has_aside, e);
}

/* As the next try, or a start, goes on. */
static void go_on(struct store *s, salvage_fn again, struct outbox_found *found)
{
    struct err e;
    if (s->db) {
        ck_assert_msg(again(s, "again", found, &e) == 0, "%s", e.text);
        return;
    }
    ck_assert_msg(salvage_finish(s, found, &e) == 0, "%s", e.text);
    ck_assert_msg(store_open(s, &e) == 0, "%s", e.text);
}

/* Whether there was such an opening. */
static bool fail_in_turn(salvage_fn try_it, bool is_moved, int first, int last)
{
    struct outbox_found found = {0};
    struct fixture *f = make_used();
    struct store s;
    struct err e;
    open_store(f, &s);
    if (is_moved)
        remove_log(f), unlink(s.path);
    else
        store_close(&s);
    watched = f->folder;
    opens = 0;
    failing_last = last;
    failing_open = first;
    int result = try_it(&s, "why", &found, &e);
    failing_open = 0;
    bool has_failed = opens >= first;
    if (result != 0)
        go_on(&s, try_it, &found);
    ck_assert_msg(count(&s, "event") == EVENTS, "opening %d: %d events", first,
                  (int)count(&s, "event"));
    ck_assert_msg(count(&s, "delivery WHERE state<>0") == EVENTS * 2, "opening %d", first);
    ck_assert_msg(count(&s, "state WHERE name='incidents'") == 1, "opening %d", first);
    ck_assert_msg(!found.damage || strstr(found.damage, "4 events could be read"), "opening %d: %s",
                  first, found.damage);
    store_close(&s);
    outbox_found_finish(&found);
    open_outbox(f);
    end(f);
    return has_failed;
}

static void fail_each(salvage_fn try_it, bool is_moved)
{
    int first = 1;
    while (fail_in_turn(try_it, is_moved, first, first))
        first++;
    ck_assert_int_gt(first, 4);
    for (first = 1; fail_in_turn(try_it, is_moved, first, first + 2); first++)
        ;
}

START_TEST(a_start_without_descriptors_keeps_all_of_a_damaged_store)
{
    fail_each(salvage, false);
}
END_TEST

START_TEST(so_does_who_runs)
{
    fail_each(salvage_running, false);
}
END_TEST

START_TEST(and_whose_store_was_moved_away)
{
    fail_each(salvage_moved, true);
}
END_TEST

/* Event 401, by a process that was killed: it stands in the log alone, whose database is gone. The
 * start goes on without the store, and has it when it is looked at again. */
static bool start_without(const char *end_of_name, int first)
{
    struct fixture *f = begin();
    char path[64];
    close_outbox(f);
    path_of(f, path);
    unlink(path);
    remove_log(f);
    kill_in(f, press_once_more);
    unlink(path);
    watched = f->folder;
    watched_end = end_of_name;
    opens = 0;
    failing_open = first;
    failing_last = first + 1; /* SQLite opens once more, to read alone, and tells of that */
    open_outbox(f);
    bool has_failed = opens >= first;
    if (f->found.unknown[0])
        turn_until(f, &f->came_late);
    failing_open = 0;
    uint64_t last_seq = f->came_late ? f->late_seq : f->found.last_seq;
    ck_assert_msg(last_seq == 401, "opening %d of %s: %d", first, end_of_name, (int)last_seq);
    end(f);
    return has_failed;
}

START_TEST(a_log_that_has_lost_its_database_and_cannot_be_opened_now_is_read_later)
{
    static const char *const ends[] = {"-wal", ".log"}; /* under which it is read (log_alone.h) */
    int first = 1;
    while (start_without(ends[_i], first))
        first++;
    ck_assert_int_gt(first, 1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_opens");
    TCase *tc = tcase_create("opens");
    watched_vfs_install(NULL);
    tcase_add_test(tc, a_start_without_descriptors_keeps_all_of_a_damaged_store);
    tcase_add_test(tc, so_does_who_runs);
    tcase_add_test(tc, and_whose_store_was_moved_away);
    tcase_add_loop_test(tc, a_log_that_has_lost_its_database_and_cannot_be_opened_now_is_read_later,
                        0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
