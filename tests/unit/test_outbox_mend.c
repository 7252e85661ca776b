/* SPDX-License-Identifier: Apache-2.0 */
/* How often a store is mended that is damaged again and again, what a kill in the
 * middle of it leaves, and what shows that there is anything to mend. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox/place.h"
#include "outbox_kills.h"
#include "run_suite.h"
#include "watched_vfs.h"

/* A disk that fails in reading what has a name ("" for none). SQLite's own reads are not ours. */
static int failing_fd = -1;

ssize_t __real_pread(int fd, void *to, size_t length, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t length, off_t at);
ssize_t __wrap_pread(int fd, void *to, size_t length, off_t at)
{
    if (failing_fd != fd)
        return __real_pread(fd, to, length, at);
    errno = EIO;
    return -1;
}

static int stat_code; /* 0: it does not fail */

int __real_lstat(const char *path, struct stat *ret_info);
int __wrap_lstat(const char *path, struct stat *ret_info);
int __wrap_lstat(const char *path, struct stat *ret_info)
{
    if (stat_code == 0)
        return __real_lstat(path, ret_info);
    errno = stat_code;
    return -1;
}

static unsigned opened, resolved; /* by us: SQLite's own are not ours */

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode)
{
    opened++;
    return __real_open(path, flags, mode);
}

char *__real_realpath(const char *path, char *ret_path);
char *__wrap_realpath(const char *path, char *ret_path);
char *__wrap_realpath(const char *path, char *ret_path)
{
    resolved++;
    return __real_realpath(path, ret_path);
}

/* The damaged one cannot be put aside, when all of it was copied. */
static volatile bool stays;

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    if (!stays || strstr(from, ".new"))
        return __real_rename(from, to);
    errno = EACCES;
    return -1;
}

/* --- How often ------------------------------------------------------------------------------ */

static void turn_until_opened(struct fixture *f, unsigned times)
{
    unsigned before = watched_vfs_counts().opened;
    for (int64_t by_ms = clock_monotonic_ms() + patience_ms();
         watched_vfs_counts().opened < before + times;) {
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
        uv_run(&f->loop, UV_RUN_NOWAIT);
        usleep(200);
    }
}

/* With events that nobody needs to read to start, closed. */
static struct fixture *make_delivered(void)
{
    static const struct uplink_result result = {.outcome = UPLINK_OUTCOME_UNCONFIRMED};
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, "state");
    wait_stored(f, 400);
    for (uint64_t seq = 1; seq <= 400; seq++) {
        for (size_t receiver = 0; receiver < 2; receiver++)
            outbox_record_delivery(f->outbox, seq, receiver, 1, &result);
    }
    close_outbox(f);
    remove_log(f);
    return f;
}

/* A look finds that. */
static void open_looking(struct fixture *f)
{
    f->look_at_once = true;
    open_outbox(f);
    ck_assert_ptr_null(f->found.damage);
    for (int64_t by_ms = clock_monotonic_ms() + patience_ms(); !f->faulty;) {
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
}

/* And it cannot be mended: something is in the way. */
static void open_damaged(struct fixture *f)
{
    shell(f, "mkdir -p outbox.db.new/in-the-way");
    open_looking(f);
}

/* A try reads all of it, and may write as much: not with everything that comes. */
START_TEST(a_salvage_that_failed_is_not_tried_at_once_again)
{
    struct fixture *f = make_delivered();
    damage(f, "{\"seq\":150}");
    stays = true;
    open_looking(f);
    turn_until_opened(f, 3); /* the try is over: it is opened once more, */
    stays = false;
    turn_until_opened(f, 4); /* and looked at again and again */
    ck_assert_uint_eq(count_aside(f), 0);
    ck_assert(!f->damaged);
    end(f);
}
END_TEST

static void copy_page(const char *from, const char *to, off_t at)
{
    char page[4096];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY);
    ck_assert_int_eq(pread(in, page, sizeof page, at), (ssize_t)sizeof page);
    ck_assert_int_eq(pwrite(out, page, sizeof page, at), (ssize_t)sizeof page);
    close(in);
    close(out);
}

/* What differs is made to be as it was; of one that is in use. */
static void put_right(const struct fixture *f, const char *whole)
{
    char path[64], page[4096], right[4096];
    path_of(f, path);
    int fd = open(path, O_RDONLY), from = open(whole, O_RDONLY);
    for (off_t at = 4096; pread(from, right, sizeof right, at) == (ssize_t)sizeof right;
         at += 4096) {
        ck_assert_int_eq(pread(fd, page, sizeof page, at), (ssize_t)sizeof page);
        if (memcmp(page, right, sizeof page) != 0)
            copy_page(whole, path, at);
    }
    close(fd);
    close(from);
}

/* Where a table or an index begins, of one that is closed. */
static off_t find_root(const struct fixture *f, const char *name)
{
    struct store s;
    sqlite3_stmt *query;
    open_store(f, &s);
    ck_assert_int_eq(sqlite3_prepare_v2(s.db, "SELECT rootpage FROM sqlite_master WHERE name=?1",
                                        -1, &query, NULL),
                     SQLITE_OK);
    store_bind_text(query, 1, name);
    ck_assert_int_eq(sqlite3_step(query), SQLITE_ROW);
    off_t at = (sqlite3_column_int64(query, 0) - 1) * 4096;
    sqlite3_finalize(query);
    store_checkpoint(&s);
    store_close(&s);
    remove_log(f);
    return at;
}

/* Stores it, and waits until the log is moved and the next one begun. */
static void put_and_rest(struct fixture *f, uint64_t seq)
{
    char command[120];
    put(f, seq, "what is open");
    wait_stored(f, (unsigned)seq);
    snprintf(command, sizeof command, "grep -qa '{\"seq\":%llu}' %s/outbox.db",
             (unsigned long long)seq, f->folder);
    while (system(command) != 0) /* the test's time is over at some time */
        uv_run(&f->loop, UV_RUN_NOWAIT);
    wait_answered(f);
}

/* Cut at rest, and made anew: there is nothing to mend, and the fault is over when everything was
 * looked at. What it said of state is said again. */
START_TEST(damage_that_heals_by_itself_before_it_may_be_mended_is_a_fault_that_ends)
{
    struct fixture *f = begin_used();
    bool is_over = false;
    shell(f, "truncate -s 0 outbox.db-wal");
    put(f, 4, NULL);
    wait_stored(f, 4);
    turn_until(f, &f->damaged);
    ck_assert_uint_eq(count_aside(f), 1);
    put_and_rest(f, 5);
    outbox_save_row(f->outbox, &(struct outbox_row){"incidents", "later"});
    wait_answered(f);
    shell(f, "truncate -s 0 outbox.db-wal");
    put(f, 6, NULL);
    turn_until(f, &f->faulty);
    ck_assert_msg(strstr(f->fault, "is shorter than it was") != NULL, "%s", f->fault);
    wait_stored(f, 6);
    while (!is_over) { /* likewise */
        uv_run(&f->loop, UV_RUN_NOWAIT);
        is_over = !f->faulty;
    }
    ck_assert_uint_eq(count_aside(f), 1);
    close_outbox(f);
    open_outbox(f);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "later");
    ck_assert_uint_eq(f->found.last_seq, 6);
    end(f);
}
END_TEST

/* A look that meets damage has passed what was whole, and need not be so any more. */
START_TEST(a_look_that_meets_damage_begins_anew_before_it_calls_all_whole)
{
    struct fixture *f = make_delivered();
    char path[64], other[80], whole[80];
    path_of(f, path);
    snprintf(other, sizeof other, "%s/other", f->folder);
    snprintf(whole, sizeof whole, "%s/whole", f->folder);
    off_t passed = find_root(f, "upload_clip"); /* looked at before any event is */
    shell(f, "cp outbox.db whole && cp outbox.db other");
    damage(f, "{\"seq\":150}");
    open_damaged(f);
    ck_assert_msg(strstr(f->fault, "event_alarm") != NULL, "%s", f->fault);
    char junk[4096] = {1};
    int fd = open(other, O_WRONLY);
    ck_assert_int_eq(pwrite(fd, junk, sizeof junk, passed), (ssize_t)sizeof junk);
    close(fd);
    copy_page(other, path, passed);
    put_right(f, other);
    for (int64_t by_ms = clock_monotonic_ms() + patience_ms();
         f->faulty && !strstr(f->fault, "upload_clip");) {
        ck_assert_int_lt(clock_monotonic_ms(), by_ms);
        uv_run(&f->loop, UV_RUN_NOWAIT);
    }
    ck_assert(f->faulty);
    put_right(f, whole); /* and now it is */
    while (f->faulty)    /* the test's time is over at some time */
        uv_run(&f->loop, UV_RUN_NOWAIT);
    shell(f, "rm -r outbox.db.new");
    end(f);
}
END_TEST

/* What was refused then need not be known from what is there now. */
START_TEST(damage_that_could_not_be_mended_is_told_though_it_can_be_read_later)
{
    struct fixture *f = begin();
    char whole[80];
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, "state"); /* which a start has to read */
    wait_stored(f, 400);
    close_outbox(f);
    remove_log(f);
    snprintf(whole, sizeof whole, "%s/whole", f->folder);
    shell(f, "cp outbox.db whole && mkdir -p outbox.db.new/in-the-way");
    damage(f, "{\"seq\":150}");
    open_outbox(f);
    ck_assert_str_ne(f->found.unknown, "");
    ck_assert_ptr_null(f->found.damage);
    put_right(f, whole);
    turn_until(f, &f->came_late);
    ck_assert_uint_eq(f->late_pending, 800);
    ck_assert(f->damaged);
    ck_assert_msg(strstr(f->damage, "could not be put aside") != NULL, "%s", f->damage);
    ck_assert_uint_eq(count_aside(f), 0);
    shell(f, "rm -r outbox.db.new");
    end(f);
}
END_TEST

/* --- After a kill --------------------------------------------------------------------------- */

/* Between the two names of which one moves first: the fresh one is beside the damaged one's log, in
 * which what was committed last stands. */
START_TEST(the_log_of_a_damaged_one_is_not_played_into_the_fresh_one)
{
    struct fixture *f = begin();
    put(f, 1, "what is open");
    wait_stored(f, 1);
    close_outbox(f);
    remove_log(f);
    shell(f, "cp outbox.db fresh");
    kill_in(f, press_once_more);
    shell(f, "mv outbox.db outbox.db.damaged-1 && cp outbox.db-wal was && mv fresh outbox.db.new");
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "while it was put aside"));
    ck_assert_uint_eq(f->found.last_seq, 1);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what is open");
    shell(f, "for log in outbox.db.damaged-*-wal; do cmp $log was; done");
    end(f);
}
END_TEST

/* SQLite takes it for one that is to be made, and removes the log, with all that is in it. */
START_TEST(an_emptied_database_with_a_log_is_damage_and_the_log_is_kept)
{
    struct fixture *f = begin();
    put(f, 1, "what is open");
    wait_stored(f, 1);
    close_outbox(f);
    kill_in(f, press_once_more);
    shell(f, "cp outbox.db-wal was && truncate -s 0 outbox.db && rm -f outbox.head");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    shell(f, "for log in outbox.db.damaged-*-wal; do cmp $log was; done");
    end(f);
}
END_TEST

START_TEST(a_file_of_the_journal_that_was_emptied_is_told)
{
    struct fixture *f = begin();
    close_outbox(f);
    f->journal_dir = f->folder;
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    put(f, 1, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    shell(f, "truncate -s 0 journal.0");
    open_outbox(f);
    ck_assert_ptr_nonnull(strstr(f->found.damage, "a file of the journal was emptied or is gone"));
    close_outbox(f);
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    end(f);
}
END_TEST

/* Of a store whose log was never moved it has everything: also if a kill has cut such a try. */
START_TEST(a_log_that_has_lost_its_database_is_damage_and_what_it_says_is_kept)
{
    struct fixture *f = begin();
    close_outbox(f);
    shell(f, "rm outbox.*");
    kill_in(f, press_once_more);
    shell(f, "cp outbox.db-wal was && rm -f outbox.db outbox.head");
    if (_i == 1)
        shell(f, "touch outbox.db outbox.db.new && echo other >outbox.db.log-wal");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_msg(strstr(f->found.damage, "1 event could be read and was kept") != NULL, "%s",
                  f->found.damage);
    ck_assert_uint_eq(f->found.last_seq, 401);
    ck_assert_uint_eq(f->found.pending_count, 2);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "the last state");
    shell(f,
          "cmp outbox.db.damaged-*-wal was && test ! -e outbox.db.log -a ! -e outbox.db.log-wal");
    end(f);
}
END_TEST

/* What is only room for a log never held anything. */
START_TEST(the_room_of_a_log_is_no_damage)
{
    struct fixture *f = begin();
    close_outbox(f);
    shell(f, "rm outbox.* && truncate -s 100000 outbox.db-wal");
    open_outbox(f);
    ck_assert_msg(!f->found.damage, "%s", f->found.damage);
    end(f);
}
END_TEST

/* It is not one of a new gateway, if it cannot be put aside now. */
START_TEST(a_log_that_has_lost_its_database_is_never_that_of_a_new_gateway)
{
    struct fixture *f = begin();
    close_outbox(f);
    shell(f, "rm outbox.*");
    kill_in(f, press_once_more);
    shell(f, "rm -f outbox.head && : >outbox.db && mkdir -p outbox.db.new/in-the-way");
    open_outbox(f);
    ck_assert_str_ne(f->found.unknown, "");
    shell(f, "rm -r outbox.db.new");
    end(f);
}
END_TEST

/* --- What shows it -------------------------------------------------------------------------- */

static void set_size(const struct fixture *f, const char *name, off_t bytes)
{
    char path[80];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    ck_assert_int_eq(ftruncate(fd, bytes), 0);
    close(fd);
}

static const char *const names[] = {"store", "store-wal"};

START_TEST(a_file_that_has_grown_is_missed_when_it_is_as_short_as_it_was)
{
    struct fixture *f = begin();
    struct place p = {0};
    struct err e;
    char path[60];
    snprintf(path, sizeof path, "%s/store", f->folder);
    set_size(f, names[0], 8192);
    set_size(f, names[1], 8192);
    place_note(&p, NULL, path);
    ck_assert(p.is_known);
    set_size(f, names[_i], 12288);
    ck_assert_int_eq(place_check(&p, NULL, path, &e), 0);
    ck_assert_int_eq(place_check(&p, NULL, path, &e), 0);
    set_size(f, names[_i], 8192);
    ck_assert_int_eq(place_check(&p, NULL, path, &e), -EBADMSG);
    ck_assert_ptr_nonnull(
        strstr(e.text, "is shorter than it was, while it is in use: 8192 bytes, not 12288"));
    end(f);
}
END_TEST

static const struct {
    int code, result;
} looks[] = {{ENOENT, -ESTALE}, {ENOTDIR, -ESTALE}, {EIO, -EIO}, {EACCES, -EIO}, {ENOMEM, -EIO}};

START_TEST(who_cannot_look_does_not_say_that_it_was_taken_away)
{
    struct fixture *f = begin();
    struct place p = {0};
    struct err e;
    char path[60];
    snprintf(path, sizeof path, "%s/store", f->folder);
    set_size(f, names[0], 8192);
    set_size(f, names[1], 8192);
    place_note(&p, NULL, path);
    stat_code = looks[_i].code;
    int result = place_check(&p, NULL, path, &e);
    stat_code = 0;
    ck_assert_int_eq(result, looks[_i].result);
    ck_assert_int_eq(place_check(&p, NULL, path, &e), 0);
    end(f);
}
END_TEST

/* It is looked at twice in each commit, and a press waits for both. */
START_TEST(a_look_opens_no_file_and_follows_only_what_is_a_link)
{
    struct fixture *f = begin();
    struct store s;
    struct err e;
    put(f, 1, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    open_store(f, &s);
    ck_assert_int_eq(store_begin_log(&s, &e), 0);
    opened = resolved = 0;
    ck_assert_int_eq(place_check(&s.place, s.db, s.path, &e), 0);
    ck_assert_uint_eq(opened, 0);
    ck_assert_uint_eq(resolved, 0);
    ck_assert(s.place.log_has_begun);
    shell(f, "mkdir other && mv outbox.db outbox.db-wal other && ln -s other/outbox.db outbox.db");
    ck_assert_int_eq(place_check(&s.place, s.db, s.path, &e), 0);
    ck_assert_uint_eq(resolved, 1);
    shell(f, "size=$(stat -c %s other/outbox.db-wal) && truncate -s 0 other/outbox.db-wal && "
             "truncate -s $size other/outbox.db-wal");
    ck_assert_int_eq(place_check(&s.place, s.db, s.path, &e), -EBADMSG);
    ck_assert_ptr_nonnull(strstr(e.text, "other/outbox.db-wal: was emptied while it is in use"));
    store_close(&s);
    open_outbox(f);
    end(f);
}
END_TEST

/* The descriptor that the next open gets. */
static int next_fd(void)
{
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return fd;
}

/* A disk that cannot be read now has lost nothing: there is no reason to write all of it anew. */
START_TEST(a_log_that_cannot_be_read_is_not_one_that_was_taken_away)
{
    struct fixture *f = begin();
    struct store s;
    struct err e;
    put(f, 1, NULL);
    wait_stored(f, 1);
    close_outbox(f);
    open_store(f, &s);
    ck_assert_int_eq(store_begin_log(&s, &e), 0);
    ck_assert_int_eq(place_read_back(s.db, s.path, s.log_pages, &e), 0);
    failing_fd = next_fd();
    int result = place_read_back(s.db, s.path, s.log_pages, &e);
    failing_fd = -1;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    struct rlimit none_left = {.rlim_cur = (rlim_t)next_fd(), .rlim_max = limit.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none_left);
    int without_room = place_read_back(s.db, s.path, s.log_pages, &e);
    setrlimit(RLIMIT_NOFILE, &limit);
    ck_assert_int_eq(result, -EIO);
    ck_assert_int_eq(without_room, -EIO);
    ck_assert_ptr_nonnull(strstr(e.text, "cannot be read back by its name"));
    shell(f, "mv outbox.db-wal elsewhere && touch outbox.db-wal");
    ck_assert_int_eq(place_read_back(s.db, s.path, s.log_pages, &e), -ESTALE);
    store_close(&s);
    open_outbox(f);
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_mend");
    TCase *tc = tcase_create("mend");
    watched_vfs_install(NULL);
    tcase_add_test(tc, a_salvage_that_failed_is_not_tried_at_once_again);
    tcase_add_test(tc, damage_that_heals_by_itself_before_it_may_be_mended_is_a_fault_that_ends);
    tcase_add_test(tc, a_look_that_meets_damage_begins_anew_before_it_calls_all_whole);
    tcase_add_test(tc, damage_that_could_not_be_mended_is_told_though_it_can_be_read_later);
    tcase_add_test(tc, the_log_of_a_damaged_one_is_not_played_into_the_fresh_one);
    tcase_add_test(tc, an_emptied_database_with_a_log_is_damage_and_the_log_is_kept);
    tcase_add_test(tc, a_file_of_the_journal_that_was_emptied_is_told);
    tcase_add_loop_test(tc, a_log_that_has_lost_its_database_is_damage_and_what_it_says_is_kept, 0,
                        2);
    tcase_add_test(tc, the_room_of_a_log_is_no_damage);
    tcase_add_test(tc, a_log_that_has_lost_its_database_is_never_that_of_a_new_gateway);
    tcase_add_loop_test(tc, a_file_that_has_grown_is_missed_when_it_is_as_short_as_it_was, 0, 2);
    tcase_add_loop_test(tc, who_cannot_look_does_not_say_that_it_was_taken_away, 0, 5);
    tcase_add_test(tc, a_look_opens_no_file_and_follows_only_what_is_a_link);
    tcase_add_test(tc, a_log_that_cannot_be_read_is_not_one_that_was_taken_away);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
