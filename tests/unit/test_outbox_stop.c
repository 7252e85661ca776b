/* SPDX-License-Identifier: Apache-2.0 */
/* What a stop says of a store that it cannot leave whole. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbox/mend.h"
#include "outbox_world.h"
#include "run_suite.h"

static int64_t held_ns; /* 0: it goes */

int64_t __real_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ns(void)
{
    int64_t now_ns = __atomic_load_n(&held_ns, __ATOMIC_SEQ_CST);
    return now_ns ? now_ns : __real_clock_monotonic_ns();
}

static void set_clock(int64_t now_ns)
{
    __atomic_store_n(&held_ns, now_ns, __ATOMIC_SEQ_CST);
}

static char told[2000]; /* the last error in the log; to be read when the thread has ended */

void __wrap_log_line(enum log_level level, const char *module, const char *format, ...);
void __wrap_log_line(enum log_level level, const char *module, const char *format, ...)
{
    va_list arguments;
    (void)module;
    va_start(arguments, format);
    if (level == LOG_LEVEL_ERROR)
        vsnprintf(told, sizeof told, format, arguments);
    va_end(arguments);
}

/* Files of another disk that happen to have the same numbers, and names: standard input and output.
 */
static ino_t twins[2];

int __real_fstat(int fd, struct stat *ret_info);
int __wrap_fstat(int fd, struct stat *ret_info);
int __wrap_fstat(int fd, struct stat *ret_info)
{
    int result = __real_fstat(fd, ret_info);
    if (fd >= 0 && fd < 2 && twins[fd])
        ret_info->st_ino = twins[fd];
    return result;
}

static char cut_path[80]; /* in the store's thread */
static int last_look;
static unsigned cuts; /* before its first look at the files, its second …: a bit each */

int __real_mend_check_place(struct outbox *ob, struct err *e);
int __wrap_mend_check_place(struct outbox *ob, struct err *e);
int __wrap_mend_check_place(struct outbox *ob, struct err *e)
{
    if (cuts & 1)
        ck_assert_int_eq(truncate(cut_path, 0), 0);
    cuts >>= 1;
    last_look = __real_mend_check_place(ob, e);
    return last_look;
}

/* With one try, that has the time it needs. */
static size_t close_it(struct fixture *f)
{
    set_clock(__real_clock_monotonic_ns());
    size_t how = outbox_close(f->outbox, 0);
    set_clock(0);
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    return how;
}

static ino_t find_number(const struct fixture *f, const char *name, int other_fd)
{
    struct stat info, other;
    char path[80];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(fstat(other_fd, &other), 0);
    ck_assert(info.st_dev != other.st_dev && other.st_nlink > 0);
    return info.st_ino;
}

START_TEST(files_of_another_disk_are_not_its_other_names)
{
    struct fixture *f = begin_used();
    int ends[2], output = dup(STDOUT_FILENO); /* of a pipe: on no disk at all, wherever this runs */
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
    set_clock(__real_clock_monotonic_ns()); /* nothing is written between the steps */
    ino_t database = find_number(f, "outbox.db", STDIN_FILENO);
    ino_t log = find_number(f, "outbox.db-wal", STDOUT_FILENO);
    shell(f, "mv $PWD $PWD.gone && touch $PWD && rm -r $PWD.gone");
    twins[STDIN_FILENO] = database;
    twins[STDOUT_FILENO] = log;
    ck_assert_uint_eq(close_it(f), OUTBOX_LOST);
    twins[STDIN_FILENO] = twins[STDOUT_FILENO] = 0;
    dup2(output, STDOUT_FILENO);
    close(output);
    close(ends[0]);
    close(ends[1]);
    ck_assert_msg(strstr(told, "what was stored is lost: 3 events, 1 to 3: ") != NULL, "%s", told);
    ck_assert_int_eq(unlink(f->folder), 0);
    f->makes_dir = true;
    open_outbox(f);
    end(f);
}
END_TEST

/* What was written of a damaged store is told by the next start; these are in no store. */
START_TEST(events_that_could_not_be_written_are_counted_where_it_is_damaged_too)
{
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 1};
    struct fixture *f = begin_used();
    set_clock(__real_clock_monotonic_ns());
    put(f, 4, NULL);
    wait_stored(f, 4);
    shell(f, "truncate -s 0 outbox.db-wal && mkdir -p outbox.db.new/in-the-way");
    for (uint64_t seq = 5; seq < 7; seq++) {
        put(f, seq, NULL);
        struct heard heard = ask(f, &query); /* it was tried when this is answered */
        ck_assert_str_ne(heard.error, "");
        free(heard.text);
    }
    ck_assert_uint_eq(close_it(f), 2);
    ck_assert_msg(strstr(told, "could not be mended at the stop") != NULL, "%s", told);
    shell(f, "rm -r outbox.db.new");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    end(f);
}
END_TEST

#define PLACES 8 /* of a second cut; of the first there are three */

/* When the stop begins to look, and once more while it mends that, or after it has. */
START_TEST(one_that_is_cut_is_mended_or_damaged_at_the_end)
{
    struct fixture *f = begin_used();
    snprintf(cut_path, sizeof cut_path, "%s/outbox.db", f->folder);
    set_clock(__real_clock_monotonic_ns());
    wait_answered(f);
    cuts = 1u << _i / PLACES | 1u << _i % PLACES;
    size_t how = close_it(f);
    cuts = 0;
    ck_assert_uint_eq(how, last_look == 0 ? 0 : OUTBOX_DAMAGED);
    if (how == OUTBOX_DAMAGED)
        ck_assert_msg(strstr(told, "could not be mended at the stop") != NULL, "%s", told);
    open_outbox(f);
    ck_assert(f->found.damage || f->found.pending_count == 6);
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_stop");
    TCase *tc = tcase_create("stop");
    tcase_add_test(tc, files_of_another_disk_are_not_its_other_names);
    tcase_add_test(tc, events_that_could_not_be_written_are_counted_where_it_is_damaged_too);
    tcase_add_loop_test(tc, one_that_is_cut_is_mended_or_damaged_at_the_end, 0, 3 * PLACES);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
