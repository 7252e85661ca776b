/* SPDX-License-Identifier: Apache-2.0 */
/* A stop whose store was cut, or taken away, while nobody looked: what was told as stored is in a
 * file when it ends, or the stop does not end as a good one. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbox/owed.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "watched_vfs.h"

#define MANY 100000

static int64_t held_ns; /* 0: it goes */

int64_t __real_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ns(void)
{
    int64_t now_ns = __atomic_load_n(&held_ns, __ATOMIC_SEQ_CST);
    return now_ns ? now_ns : __real_clock_monotonic_ns();
}

static void hold_clock(void)
{
    __atomic_store_n(&held_ns, __real_clock_monotonic_ns(), __ATOMIC_SEQ_CST);
}

static void let_clock_go(void)
{
    __atomic_store_n(&held_ns, 0, __ATOMIC_SEQ_CST);
}

static char told[4000];       /* errors of the log; to be read when the thread has ended */
static const char *folder;    /* where it is run as soon as it is told that something cannot be */
static const char *on_cannot; /* done; once */
static bool is_covered;       /* something is mounted over the folder */

void __wrap_log_line(enum log_level level, const char *module, const char *format, ...);
void __wrap_log_line(enum log_level level, const char *module, const char *format, ...)
{
    char command[300], line[1000];
    va_list arguments;
    (void)module;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (level == LOG_LEVEL_ERROR)
        snprintf(told + strlen(told), sizeof told - strlen(told), "%s\n", line);
    if (!on_cannot || !strstr(line, "cannot be"))
        return;
    snprintf(command, sizeof command, "cd %s && %s", folder, on_cannot);
    on_cannot = NULL;
    ck_assert_int_eq(system(command), 0);
}

static bool is_under_it(const char *path)
{
    return is_covered && strncmp(path, folder, strlen(folder)) == 0 && path[strlen(folder)] == '/';
}

int __real_lstat(const char *path, struct stat *ret_info);
int __wrap_lstat(const char *path, struct stat *ret_info);
int __wrap_lstat(const char *path, struct stat *ret_info)
{
    errno = ENOENT;
    return is_under_it(path) ? -1 : __real_lstat(path, ret_info);
}

int __real_stat(const char *path, struct stat *ret_info);
int __wrap_stat(const char *path, struct stat *ret_info);
int __wrap_stat(const char *path, struct stat *ret_info)
{
    errno = ENOENT;
    int result = is_under_it(path) ? -1 : __real_stat(path, ret_info);
    ret_info->st_dev += is_covered && result == 0 && strcmp(path, folder) == 0;
    return result;
}

/* Three presses are stored, and two receivers have none of them. */
static struct fixture *begin_owed(void)
{
    struct fixture *f = begin();
    close_outbox(f);
    f->journal_dir = f->folder;
    folder = f->folder;
    open_outbox(f);
    for (uint64_t seq = 1; seq <= 3; seq++)
        put(f, seq, "what is open");
    wait_stored(f, 3);
    wait_answered(f);
    return f;
}

/* With one try, that has the time it needs. */
static void close_as(struct fixture *f, size_t how)
{
    if (!held_ns)
        hold_clock();
    ck_assert_uint_eq(outbox_close(f->outbox, 0), how);
    let_clock_go();
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
}

/* And nothing is done by itself until the clock goes. */
static struct fixture *begin_quiet(void)
{
    struct fixture *f = begin_owed();
    hold_clock();
    wait_answered(f); /* behind what was begun before */
    return f;
}

/* Whatever of it can be read: the first page says that it is a store. */
#define CUT "truncate -s 4096 outbox.db && truncate -s 0 outbox.db-wal"

static const struct {
    const char *harm;
    size_t how;
    const char *words;
    size_t restored;
} losses[] = {
    {"rm outbox.db outbox.db-wal", OUTBOX_LOST, "what was stored is lost: 3 events, 1 to 3: ", 3},
    {"rm outbox.db", OUTBOX_LOST, "what was stored is lost: 3 events, 1 to 3: ", 0} /* the log */,
    {CUT, OUTBOX_DAMAGED, "could not be mended at the stop", 3},
};

/* No commit works that would have shown it. */
START_TEST(over_a_disk_that_refuses_it_says_so_and_what_is_owed_is_in_the_journal)
{
    struct fixture *f = begin_quiet();
    watched_vfs_fail_writes(MANY);
    shell(f, losses[_i].harm);
    close_as(f, losses[_i].how);
    watched_vfs_fail_writes(0);
    ck_assert_msg(strstr(told, losses[_i].words) != NULL, "%s", told);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 3);
    ck_assert_uint_eq(f->found.pending_count, 6);
    ck_assert_uint_eq(f->found.restored_count, losses[_i].restored);
    end(f);
}
END_TEST

static void record(struct fixture *f, uint64_t seq, size_t receiver)
{
    const struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED};
    outbox_record_delivery(f->outbox, seq, receiver, 1, &result);
}

/* Closed by what the disk refused, and then gone: nothing is open that could be missed. */
START_TEST(one_that_cannot_be_opened_any_more_is_no_good_stop)
{
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 1};
    struct fixture *f = begin_quiet();
    put(f, 4, "what is open");
    wait_stored(f, 4);
    watched_vfs_fail_writes(MANY);
    struct heard heard = ask(f, &query);
    ck_assert_str_ne(heard.error, "");
    free(heard.text);
    shell(f, "rm outbox.db outbox.db-wal");
    watched_vfs_refuse_writers(true);
    close_as(f, OUTBOX_DAMAGED);
    watched_vfs_refuse_writers(false);
    watched_vfs_fail_writes(0);
    ck_assert_msg(strstr(told, "nobody saw whether what was stored is there") != NULL, "%s", told);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 4);
    ck_assert_uint_eq(f->found.pending_count, 8);
    end(f);
}
END_TEST

/* What the disk refuses when it is quiet closes the store: not the only one that there is. */
START_TEST(one_that_was_taken_away_is_not_closed_for_a_write_that_failed)
{
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 9};
    struct fixture *f = begin_quiet();
    char text[200];
    for (uint64_t seq = 1; seq <= 3; seq++) { /* which the store alone has then */
        record(f, seq, 0);
        record(f, seq, 1);
    }
    wait_answered(f);
    put(f, 4, "what is open");
    wait_stored(f, 4);
    watched_vfs_fail_writes(MANY);
    shell(f, "rm outbox.db outbox.db-wal");
    struct heard heard = ask(f, &query);
    free(heard.text);
    watched_vfs_fail_writes(0);
    close_as(f, 0);
    open_outbox(f);
    ck_assert_str_eq(list(f, &query, text), "4 3 2 1 of 4");
    ck_assert_uint_eq(f->found.pending_count, 2);
    end(f);
}
END_TEST

/* At the stop, by a press before it, and both. */
START_TEST(what_is_owed_of_a_damaged_one_goes_on_in_the_fresh_one)
{
    struct fixture *f = begin_owed();
    record(f, 1, 0);
    record(f, 2, 0);
    record(f, 2, 1);
    wait_answered(f);
    f->journal_dir = NULL; /* of the next start */
    if (_i > 0) {
        shell(f, CUT);
        put(f, 4, "what is open");
        wait_stored(f, 4);
        ck_assert_msg(strstr(f->damage, "stored once more") != NULL, "%s", f->damage);
        wait_answered(f);
    }
    if (_i != 1)
        shell(f, CUT);
    close_as(f, 0);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, _i ? 4 : 3);
    ck_assert_uint_eq(f->found.pending_count, _i ? 5 : 3);
    ck_assert_uint_eq(f->found.pending[0].seq, 1);
    ck_assert_uint_eq(f->found.pending[0].receiver, 1);
    ck_assert_uint_eq(f->found.pending[1].seq, 3);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what is open");
    end(f);
}
END_TEST

/* Three presses, of which one receiver lacks the first, none the second and both the third; and of
 * a run before. */
static struct fixture *begin_again(void)
{
    struct fixture *f = begin_owed();
    record(f, 1, 0);
    record(f, 2, 0);
    record(f, 2, 1);
    wait_answered(f);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, 3);
    ck_assert_uint_eq(f->found.restored_count, 0);
    return f;
}

/* Found by a press, or at the stop; the first receiver gets the last of the three before. */
START_TEST(presses_of_a_run_before_are_owed_too)
{
    struct fixture *f = begin_again();
    f->journal_dir = NULL; /* of the next start */
    record(f, 3, 0);
    wait_answered(f);
    shell(f, CUT);
    if (_i > 0) {
        put(f, 4, "what is open");
        wait_stored(f, 4);
        ck_assert_msg(strstr(f->damage, "are still to be sent, 1 to 3") != NULL, "%s", f->damage);
    }
    close_as(f, 0);
    open_outbox(f);
    ck_assert_uint_eq(f->found.pending_count, _i ? 4 : 2);
    ck_assert_uint_eq(f->found.pending[0].seq, 1);
    ck_assert_uint_eq(f->found.pending[0].receiver, 1);
    ck_assert_uint_eq(f->found.pending[1].seq, 3);
    ck_assert_uint_eq(f->found.pending[1].receiver, 1);
    end(f);
}
END_TEST

START_TEST(presses_of_a_run_before_are_in_the_journal_of_a_stop_that_can_write_nothing)
{
    struct fixture *f = begin_again();
    hold_clock();
    wait_answered(f);
    watched_vfs_fail_writes(MANY);
    shell(f, CUT);
    close_as(f, OUTBOX_DAMAGED);
    watched_vfs_fail_writes(0);
    open_outbox(f);
    ck_assert_uint_eq(f->found.restored_count, 2);
    ck_assert_uint_eq(f->found.pending_count, 3);
    end(f);
}
END_TEST

START_TEST(of_what_was_pending_at_the_start_the_newest_presses_are_held)
{
    static struct outbox_pending pending[2 * LIMIT_OWED];
    static struct owed_press presses[LIMIT_OWED];
    struct outbox_found found = {.pending = pending, .pending_count = 4};
    pending[0] = (struct outbox_pending){.seq = 1, .class = EVENT_CLASS_FOLLOWUP};
    pending[1] = (struct outbox_pending){.seq = 2, .class = EVENT_CLASS_PRESS};
    pending[2] = (struct outbox_pending){.seq = 2, .class = EVENT_CLASS_PRESS, .receiver = 1};
    pending[3] = (struct outbox_pending){.seq = 3, .class = EVENT_CLASS_PRESS, .receiver = 1};
    ck_assert_uint_eq(owed_list_presses(&found, presses), 2);
    ck_assert_uint_eq(presses[0].seq, 3);
    ck_assert_uint_eq(presses[0].receivers, 2);
    ck_assert_uint_eq(presses[1].seq, 2);
    ck_assert_uint_eq(presses[1].receivers, 3);
    for (size_t i = 0; i < 2 * LIMIT_OWED; i++)
        pending[i] = (struct outbox_pending){.seq = i + 1, .class = EVENT_CLASS_PRESS};
    found.pending_count = 2 * LIMIT_OWED;
    ck_assert_uint_eq(owed_list_presses(&found, presses), LIMIT_OWED);
    ck_assert_uint_eq(presses[0].seq, 2 * LIMIT_OWED);
    ck_assert_uint_eq(presses[LIMIT_OWED - 1].seq, LIMIT_OWED + 1);
}
END_TEST

/* Stored once more, say, since a journal had it. */
START_TEST(what_is_held_is_held_once)
{
    static const char *const names[] = {"police", "education"};
    static const uint64_t seqs[] = {2, 1, 2};
    struct store s = {.receivers = names, .receiver_count = 2};
    struct owed o;
    owed_init(&o);
    for (size_t i = 0; i < sizeof seqs / sizeof *seqs; i++) {
        struct event *event = make_event(seqs[i], EVENT_CLASS_PRESS);
        owed_note_stored(&o, &s, event, NULL, NULL, 0);
        event_unref(event);
    }
    ck_assert_uint_eq(o.count, 2);
    for (size_t receiver = 0; receiver < 2; receiver++) {
        owed_note_delivered(&o, 1, receiver, false);
        owed_note_delivered(&o, 2, receiver, false);
    }
    ck_assert_uint_eq(o.count, 0);
    ck_assert_uint_eq(o.bytes, 0);
    owed_free(&o);
}
END_TEST

static const char *const harms[] = {"rm outbox.db", CUT};

/* A first try that has failed is not the last. */
START_TEST(it_tries_until_the_stop_is_over)
{
    struct fixture *f = begin_owed();
    shell(f, "mkdir -p outbox.db.new/in-the-way");
    on_cannot = "rm -r outbox.db.new";
    shell(f, harms[_i]);
    close_outbox(f);
    f->journal_dir = NULL;
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 3);
    ck_assert_uint_eq(f->found.pending_count, 6);
    end(f);
}
END_TEST

static void on_kept(void *arg)
{
    *(bool *)arg = true;
}

/* While lines are open still. */
START_TEST(a_stop_that_begins_waits_for_what_was_stored_before)
{
    struct fixture *f = begin_owed();
    struct stat info;
    char path[60];
    bool is_kept = false;
    snprintf(path, sizeof path, "%s/outbox.db", f->folder);
    shell(f, "mkdir -p outbox.db.new/in-the-way");
    on_cannot = "rm -r outbox.db.new";
    shell(f, harms[_i]);
    outbox_when_kept(f->outbox, on_kept, &is_kept);
    turn_until(f, &is_kept);
    ck_assert_ptr_null(on_cannot);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_gt(info.st_size, 4096);
    end(f);
}
END_TEST

START_TEST(one_over_which_something_is_mounted_is_not_to_be_moved)
{
    struct fixture *f = begin_quiet();
    is_covered = true;
    watched_vfs_fail_writes(MANY);
    close_as(f, OUTBOX_LOST);
    watched_vfs_fail_writes(0);
    is_covered = false;
    ck_assert_msg(strstr(told, "3 events, 1 to 3: its file is there still, under what is mounted "
                               "over it; unmount that") != NULL,
                  "%s", told);
    ck_assert_msg(strstr(told, "move it back") == NULL, "%s", told);
    open_outbox(f);
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_end");
    TCase *tc = tcase_create("end");
    watched_vfs_install(NULL);
    tcase_add_loop_test(tc, over_a_disk_that_refuses_it_says_so_and_what_is_owed_is_in_the_journal,
                        0, 3);
    tcase_add_test(tc, one_that_cannot_be_opened_any_more_is_no_good_stop);
    tcase_add_test(tc, one_that_was_taken_away_is_not_closed_for_a_write_that_failed);
    tcase_add_loop_test(tc, what_is_owed_of_a_damaged_one_goes_on_in_the_fresh_one, 0, 3);
    tcase_add_loop_test(tc, presses_of_a_run_before_are_owed_too, 0, 2);
    tcase_add_test(tc, presses_of_a_run_before_are_in_the_journal_of_a_stop_that_can_write_nothing);
    tcase_add_test(tc, of_what_was_pending_at_the_start_the_newest_presses_are_held);
    tcase_add_test(tc, what_is_held_is_held_once);
    tcase_add_loop_test(tc, it_tries_until_the_stop_is_over, 0, 2);
    tcase_add_loop_test(tc, a_stop_that_begins_waits_for_what_was_stored_before, 0, 2);
    tcase_add_test(tc, one_over_which_something_is_mounted_is_not_to_be_moved);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
