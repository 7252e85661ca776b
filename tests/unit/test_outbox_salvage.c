/* SPDX-License-Identifier: Apache-2.0 */
/* What a start makes of a damaged store, of a salvage that a kill has ended, and of an older store.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

START_TEST(of_a_damaged_store_what_is_fresh_is_kept)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, "state");
    wait_stored(f, 400);
    close_outbox(f);
    remove_log(f);
    kill_in(f, press_once_more);
    damage(f, "{\"seq\":150}");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(!f->found.state_lost);
    ck_assert_uint_eq(f->found.last_seq, 401);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "the last state");
    ck_assert_uint_eq(f->found.pending[f->found.pending_count - 1].seq, 401);
    check_event(f, 401, "pending");
    end(f);
}
END_TEST

START_TEST(state_of_a_press_that_cannot_be_read_is_lost_and_told_and_no_older_one_taken_for_it)
{
    struct fixture *f = begin();
    struct store s;
    struct err e;
    put(f, 1, "the state before");
    wait_stored(f, 1);
    close_outbox(f);
    kill_in(f, press_once_more);
    open_store(f, &s);
    ck_assert_uint_eq(s.fresh, 1);
    ck_assert_int_eq(store_end_log(&s, &e), 0);
    store_close(&s);
    damage(f, "the last state");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(f->found.state_lost);
    end(f);
}
END_TEST

static void wait_until_there_is(const struct fixture *f, const char *suffix)
{
    char path[80];
    path_of(f, path);
    strcat(path, suffix);
    for (int64_t by_ms = clock_monotonic_ms() + patience_ms(); access(path, F_OK) != 0;) {
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
        usleep(1000);
    }
}

/* Before what it makes is whole. */
static void salvage_and_kill(struct fixture *f)
{
    pid_t pid = fork();
    if (pid == 0) {
        watched_vfs_hold_syncs(true);
        start_over(f);
        _exit(0);
    }
    wait_until_there_is(f, ".new-wal");
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(a_kill_while_a_damaged_store_is_put_aside_loses_nothing_of_it)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, "state");
    wait_stored(f, 400);
    close_outbox(f);
    remove_log(f);
    damage(f, "{\"seq\":150}");
    salvage_and_kill(f);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_uint_eq(f->found.last_seq, 400);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "state");
    end(f);
}
END_TEST

START_TEST(what_a_kill_left_of_a_salvage_that_was_nearly_done_is_finished_and_told)
{
    struct fixture *f = begin();
    char path[80], fresh[90], log[90];
    put(f, 1, "state");
    wait_stored(f, 1);
    close_outbox(f);
    remove_log(f);
    path_of(f, path);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    snprintf(log, sizeof log, "%s-wal", path);
    ck_assert_int_eq(rename(path, fresh), 0);
    ck_assert_int_eq(close(open(log, O_CREAT | O_WRONLY, 0600)), 0); /* the damaged one's */
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "while it was put aside"));
    ck_assert(f->found.state_lost); /* nobody can tell */
    ck_assert_uint_eq(f->found.last_seq, 1);
    ck_assert_int_ne(access(fresh, F_OK), 0);
    end(f);
}
END_TEST

static int kill_file(const struct fixture *f, const char *suffix)
{
    char path[80];
    path_of(f, path);
    strcat(path, suffix);
    return unlink(path);
}

/* A kill in a salvage, and then somebody removes the damaged one. */
START_TEST(half_of_a_salvage_is_not_taken_for_the_whole)
{
    for (int with_log = 0; with_log < 2; with_log++) {
        struct fixture *f = begin();
        for (uint64_t seq = 1; seq <= 400; seq++)
            put(f, seq, "state");
        wait_stored(f, 400);
        close_outbox(f);
        remove_log(f);
        damage(f, "{\"seq\":150}");
        salvage_and_kill(f);
        ck_assert_int_eq(kill_file(f, ""), 0);
        kill_file(f, "-wal");
        if (!with_log)
            ck_assert_int_eq(kill_file(f, ".new-wal"), 0);
        open_outbox(f);
        ck_assert_msg(f->found.damage && strstr(f->found.damage, "not all, is "), "%s",
                      f->found.damage);
        ck_assert(f->found.state_lost);
        char *aside = strstr(f->found.damage, "not all, is ") + strlen("not all, is ");
        aside[strcspn(aside, ";")] = '\0';
        ck_assert_int_eq(access(aside, F_OK), 0);
        ck_assert_int_ne(kill_file(f, ".new"), 0);
        end(f);
    }
}
END_TEST

static void move_beside(const char *path, const char *from, const char *to)
{
    char was[90], is[90];
    snprintf(was, sizeof was, "%s%s", path, from);
    snprintf(is, sizeof is, "%s%s", path, to);
    ck_assert_int_eq(rename(was, is), 0);
}

/* It was not moved into the database yet, which alone is put in place. */
START_TEST(what_stands_in_its_log_is_not_whole_either)
{
    struct fixture *f = begin();
    char path[80];
    put(f, 1, "state");
    wait_stored(f, 1);
    close_outbox(f);
    kill_in(f, press_once_more);
    path_of(f, path);
    move_beside(path, "", ".new");
    move_beside(path, "-wal", ".new-wal");
    open_outbox(f);
    ck_assert_msg(f->found.damage && strstr(f->found.damage, "not all, is "), "%s",
                  f->found.damage);
    end(f);
}
END_TEST

static char *read_file(const char *path, size_t *ret_length)
{
    struct stat info;
    int fd = open(path, O_RDONLY);
    ck_assert_msg(fd >= 0, "%s", path);
    ck_assert_int_eq(fstat(fd, &info), 0);
    char *text = malloc((size_t)info.st_size);
    ck_assert_int_eq(read(fd, text, (size_t)info.st_size), info.st_size);
    close(fd);
    *ret_length = (size_t)info.st_size;
    return text;
}

/* A log that cannot be moved; or a fresh one, to its place. */
static bool keeps_logs;
static volatile bool keeps_fresh;

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    size_t length = strlen(from);
    bool is_log = length >= 4 && strcmp(from + length - 4, "-wal") == 0;
    bool is_fresh = length >= 4 && strcmp(from + length - 4, ".new") == 0;
    if (!(keeps_logs && is_log) && !(keeps_fresh && is_fresh))
        return __real_rename(from, to);
    errno = EACCES;
    return -1;
}

/* SQLite would remove it with what was committed last. */
START_TEST(a_log_that_has_lost_its_store_and_cannot_be_moved_is_left_there)
{
    struct fixture *f = begin();
    char path[80], log[90];
    size_t before, after;
    put(f, 1, "state");
    wait_stored(f, 1);
    close_outbox(f);
    kill_in(f, press_once_more);
    path_of(f, path);
    snprintf(log, sizeof log, "%s-wal", path);
    ck_assert_int_eq(unlink(path), 0);
    char *was = read_file(log, &before);
    keeps_logs = true;
    open_outbox(f);
    ck_assert_str_ne(f->found.unknown, "");
    close_outbox(f);
    char *is = read_file(log, &after);
    ck_assert_uint_eq(after, before);
    ck_assert_mem_eq(is, was, before);
    keeps_logs = false;
    open_outbox(f); /* and moved when it can be */
    ck_assert_str_eq(f->found.unknown, "");
    free(was);
    free(is);
    end(f);
}
END_TEST

/* It is told as what it was, not as one that goes on as it is. */
START_TEST(a_salvage_whose_last_step_is_refused_is_finished_and_told_once)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, "state");
    wait_stored(f, 400);
    close_outbox(f);
    remove_log(f);
    damage(f, "{\"seq\":150}");
    keeps_fresh = true;
    open_outbox(f);
    ck_assert_str_ne(f->found.unknown, "");
    keeps_fresh = false;
    turn_until(f, &f->came_late);
    ck_assert(f->damaged);
    ck_assert_ptr_nonnull(strstr(f->damage, "events could be read and were kept"));
    ck_assert_msg(!strstr(f->damage, "could not be put aside"), "%s", f->damage);
    end(f);
}
END_TEST

/* What is in it behind a frame that cannot be believed a person may still read. */
START_TEST(the_log_of_a_damaged_store_goes_aside_as_it_was)
{
    struct fixture *f = begin();
    char path[80], log[90], aside[120];
    size_t before, after;
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, "state");
    wait_stored(f, 400);
    close_outbox(f);
    remove_log(f);
    kill_in(f, press_once_more);
    damage(f, "{\"seq\":150}");
    path_of(f, path);
    snprintf(log, sizeof log, "%s-wal", path);
    char *was = read_file(log, &before);
    open_outbox(f);
    char *told = strstr(f->found.damage, "; the damaged file is ");
    ck_assert_ptr_nonnull(told);
    snprintf(aside, sizeof aside, "%.*s-wal", (int)strcspn(told + 22, ";"), told + 22);
    char *is = read_file(aside, &after);
    ck_assert_uint_eq(after, before);
    ck_assert_mem_eq(is, was, before);
    free(was);
    free(is);
    end(f);
}
END_TEST

static const char *const names[] = {"", "-wal", "-journal", ".new", ".new-wal", ".new-journal"};

START_TEST(a_pipe_in_the_place_of_a_file_is_not_waited_for)
{
    struct fixture *f = begin();
    char path[80];
    put(f, 1, "state");
    wait_stored(f, 1);
    close_outbox(f);
    remove_log(f);
    path_of(f, path);
    strcat(path, names[_i]);
    unlink(path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 1);
    ck_assert((f->found.damage != NULL) == (_i == 0));
    put(f, f->found.used_seq + 1, NULL);
    wait_stored(f, 2);
    end(f);
}
END_TEST

/* No clock that is kept over a power cut: the second of an earlier start comes again. */
START_TEST(what_was_put_aside_earlier_is_not_written_over)
{
    enum { SECONDS = 60 };
    struct fixture *f = begin();
    char path[80], aside[120], line[20];
    const char *suffix = _i ? "-wal" : ""; /* the file or its log alone */
    struct stat info;
    put(f, 1, "state");
    wait_stored(f, 1);
    close_outbox(f);
    remove_log(f);
    path_of(f, path);
    long long now = (long long)time(NULL);
    for (int i = 0; i < SECONDS; i++) {
        snprintf(aside, sizeof aside, "%s.damaged-%lld%s", path, now + i, suffix);
        FILE *file = fopen(aside, "w");
        fputs("earlier", file);
        fclose(file);
    }
    FILE *file = fopen(path, "w");
    fputs("rubbish", file);
    fclose(file);
    snprintf(aside, sizeof aside, "%s-wal", path);
    file = fopen(aside, "w");
    fputs("rubbish", file);
    fclose(file);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    for (int i = 0; i < SECONDS; i++) {
        snprintf(aside, sizeof aside, "%s.damaged-%lld%s", path, now + i, suffix);
        file = fopen(aside, "r");
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        fclose(file);
        ck_assert_str_eq(line, "earlier");
    }
    char *told = strstr(f->found.damage, "; the damaged file is ");
    ck_assert_ptr_nonnull(told);
    snprintf(aside, sizeof aside, "%.*s", (int)strcspn(told + 22, ";"), told + 22);
    ck_assert_msg(stat(aside, &info) == 0, "%s", aside);
    ck_assert_int_eq(info.st_size, 7);
    end(f);
}
END_TEST

/* From here on: a store of the version before, which has no such table. */

static const char older[] =
    "CREATE TABLE event("
    "  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, class INTEGER NOT NULL,"
    "  alarm TEXT NOT NULL, wall_ms INTEGER NOT NULL, digest BLOB NOT NULL, bytes BLOB NOT NULL);"
    "CREATE INDEX event_id ON event(id);"
    "CREATE INDEX event_alarm ON event(alarm) WHERE alarm <> '';"
    "CREATE TABLE delivery("
    "  seq INTEGER NOT NULL, receiver TEXT NOT NULL, state INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL, request TEXT, receipt BLOB, receipt_headers TEXT,"
    "  PRIMARY KEY(seq, receiver)) WITHOUT ROWID;"
    "CREATE INDEX delivery_pending ON delivery(receiver, seq) WHERE state = 0;"
    "CREATE TABLE upload("
    "  seq INTEGER NOT NULL, receiver TEXT NOT NULL, manifest TEXT NOT NULL, clip TEXT NOT NULL,"
    "  alarm TEXT NOT NULL, camera TEXT NOT NULL, path TEXT NOT NULL, length INTEGER NOT NULL,"
    "  sha256 BLOB NOT NULL, state INTEGER NOT NULL, receipt BLOB, receipt_headers TEXT,"
    "  PRIMARY KEY(seq, receiver)) WITHOUT ROWID;"
    "CREATE INDEX upload_clip ON upload(clip);"
    "CREATE TABLE answer("
    "  receiver TEXT NOT NULL, answer_seq INTEGER NOT NULL, alarm TEXT NOT NULL,"
    "  state INTEGER NOT NULL, by TEXT NOT NULL, at TEXT NOT NULL, note TEXT NOT NULL,"
    "  PRIMARY KEY(receiver, answer_seq)) WITHOUT ROWID;"
    "CREATE TABLE state(name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE filler(bytes BLOB);";

/* With events 1 and 2, of which the police has the first, an answer, and a row of state. */
static void make_older(const struct fixture *f, const char *more)
{
    char path[64], remove_log[80], sql[800];
    sqlite3 *db;
    path_of(f, path);
    snprintf(remove_log, sizeof remove_log, "%s-wal", path);
    unlink(path);
    unlink(remove_log);
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, older, NULL, NULL, NULL), SQLITE_OK);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        struct event *event = make_event(seq, EVENT_CLASS_PRESS);
        char digest[2 * EVENT_DIGEST_BYTES + 1] = "";
        for (size_t i = 0; i < EVENT_DIGEST_BYTES; i++)
            sprintf(digest + 2 * i, "%02x", event->digest[i]);
        snprintf(sql, sizeof sql,
                 "INSERT INTO event VALUES(%d,'%s','%s',%d,'%s',%lld,x'%s',CAST('%s' AS BLOB));"
                 "INSERT INTO delivery(seq,receiver,state,attempts) VALUES(%d,'police',%d,1);"
                 "INSERT INTO delivery(seq,receiver,state,attempts) VALUES(%d,'education',0,3)",
                 (int)seq, event->id, event->type, (int)event->class, event->alarm,
                 (long long)event->wall_ms, digest, event->bytes, (int)seq, seq == 1, (int)seq);
        ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        event_unref(event);
    }
    ck_assert_int_eq(sqlite3_exec(db,
                                  "INSERT INTO state VALUES('incidents','what was open');"
                                  "INSERT INTO answer VALUES('police',7,'','2','by','at','')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, more, NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static void check_older(struct fixture *f)
{
    ck_assert_uint_eq(f->found.last_seq, 2);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what was open");
    ck_assert_int_eq(f->found.answer_seq[0], 7);
    ck_assert_uint_eq(f->found.pending_count, 3);
    ck_assert_uint_eq(f->found.pending[0].seq, 1);
    ck_assert_uint_eq(f->found.pending[0].receiver, 1);
    ck_assert_uint_eq(f->found.pending[0].attempts, 3);
    char *text = show(f, 1);
    ck_assert_ptr_nonnull(strstr(text, "\"police\",\"state\":\"stored\""));
    free(text);
    check_event(f, 2, "pending");
}

START_TEST(a_store_of_the_version_before_keeps_everything_and_goes_on)
{
    struct fixture *f = begin();
    close_outbox(f);
    make_older(f, "");
    open_outbox(f);
    ck_assert_ptr_null(f->found.damage);
    check_older(f);
    put(f, 3, "after it");
    wait_stored(f, 1);
    check_event(f, 3, "pending");
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 3);
    ck_assert_uint_eq(f->found.pending_count, 5);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "after it");
    end(f);
}
END_TEST

/* Its first free page, from which the new table would be made, is junk. */
static void damage_free_pages(const struct fixture *f)
{
    unsigned char number[4], junk[4096];
    char path[64];
    path_of(f, path);
    memset(junk, 0xff, sizeof junk);
    int fd = open(path, O_RDWR);
    ck_assert_int_eq(pread(fd, number, sizeof number, 32), (ssize_t)sizeof number);
    off_t page = (off_t)number[0] << 24 | number[1] << 16 | number[2] << 8 | number[3];
    ck_assert_int_gt(page, 1);
    ck_assert_int_eq(pwrite(fd, junk, sizeof junk, (page - 1) * 4096), (ssize_t)sizeof junk);
    close(fd);
}

START_TEST(one_that_was_damaged_before_it_got_the_table_has_lost_no_state)
{
    struct fixture *f = begin();
    close_outbox(f);
    make_older(f, "INSERT INTO filler VALUES(zeroblob(100000)); DELETE FROM filler");
    damage_free_pages(f);
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert(!f->found.state_lost);
    check_older(f);
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_salvage");
    TCase *tc = tcase_create("salvage");
    watched_vfs_install(NULL);
    tcase_add_test(tc, a_log_that_has_lost_its_store_and_cannot_be_moved_is_left_there);
    tcase_add_test(tc, a_salvage_whose_last_step_is_refused_is_finished_and_told_once);
    tcase_add_test(tc, half_of_a_salvage_is_not_taken_for_the_whole);
    tcase_add_test(tc, what_stands_in_its_log_is_not_whole_either);
    tcase_add_test(tc, of_a_damaged_store_what_is_fresh_is_kept);
    tcase_add_test(
        tc, state_of_a_press_that_cannot_be_read_is_lost_and_told_and_no_older_one_taken_for_it);
    tcase_add_test(tc, a_kill_while_a_damaged_store_is_put_aside_loses_nothing_of_it);
    tcase_add_test(tc, what_a_kill_left_of_a_salvage_that_was_nearly_done_is_finished_and_told);
    tcase_add_test(tc, the_log_of_a_damaged_store_goes_aside_as_it_was);
    tcase_add_loop_test(tc, a_pipe_in_the_place_of_a_file_is_not_waited_for, 0, 6);
    tcase_add_loop_test(tc, what_was_put_aside_earlier_is_not_written_over, 0, 2);
    tcase_add_test(tc, a_store_of_the_version_before_keeps_everything_and_goes_on);
    tcase_add_test(tc, one_that_was_damaged_before_it_got_the_table_has_lost_no_state);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
