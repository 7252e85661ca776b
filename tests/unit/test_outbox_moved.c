/* SPDX-License-Identifier: Apache-2.0 */
/* A store that is replaced again and again while it is in use: how soon it is written anew. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "outbox/scrub.h"
#include "outbox_world.h"
#include "run_suite.h"

#define REPLACE "cp outbox.db other.db && mv other.db outbox.db"

static int64_t held_ns; /* 0: it goes */

int64_t __real_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ns(void);
int64_t __wrap_clock_monotonic_ns(void)
{
    int64_t now_ns = __atomic_load_n(&held_ns, __ATOMIC_SEQ_CST);
    return now_ns ? now_ns : __real_clock_monotonic_ns();
}

static unsigned looks_begun;

void __real_scrub_init(struct scrub *sc);
void __wrap_scrub_init(struct scrub *sc);
void __wrap_scrub_init(struct scrub *sc)
{
    __atomic_add_fetch(&looks_begun, 1, __ATOMIC_SEQ_CST);
    __real_scrub_init(sc);
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

static void hold_clock(void)
{
    __atomic_store_n(&held_ns, __real_clock_monotonic_ns(), __ATOMIC_SEQ_CST);
}

static void advance_clock(int64_t by_ns)
{
    __atomic_add_fetch(&held_ns, by_ns, __ATOMIC_SEQ_CST);
}

static void let_clock_go(void)
{
    __atomic_store_n(&held_ns, 0, __ATOMIC_SEQ_CST);
}

/* The store was tried with it when a question behind it is answered: a press that comes is a reason
 * to try at once, and nothing else is while the clock is held. */
static void press(struct fixture *f, uint64_t seq)
{
    put(f, seq, NULL);
    wait_answered(f);
}

static void replace_and_press(struct fixture *f, uint64_t seq)
{
    shell(f, REPLACE);
    press(f, seq);
}

/* What replaces it in a loop would fill the disk with what is put aside; but what is open is the
 * only copy of what was told as stored. */
START_TEST(one_that_is_replaced_again_is_written_anew_a_little_later_each_time)
{
    struct fixture *f = begin_used();
    int64_t wait_s = 1;
    uint64_t seq = 4;
    hold_clock();
    for (size_t aside = 1; aside < 13; aside++) {
        replace_and_press(f, seq++);
        press(f, seq++);
        wait_stored(f, (unsigned)seq - 1);
        ck_assert_uint_eq(count_aside(f), aside);
        replace_and_press(f, seq++);
        advance_clock(wait_s * 1000000000 - 1);
        press(f, seq++);
        ck_assert_uint_eq(count_aside(f), aside);
        ck_assert_uint_eq(f->stored, seq - 3);
        ck_assert_msg(wait_s < 4 || strstr(f->fault, "within ten minutes, and at a stop") != NULL,
                      "%s", f->fault);
        advance_clock(1);
        wait_s = wait_s < 300 ? 2 * wait_s : 600;
    }
    advance_clock(INT64_C(1200000000000));
    press(f, seq++);
    wait_stored(f, (unsigned)seq - 1);
    replace_and_press(f, seq++);
    advance_clock(INT64_C(1000000000)); /* it has begun anew */
    press(f, seq++);
    wait_stored(f, (unsigned)seq - 1);
    ck_assert_uint_eq(count_aside(f), 14);
    let_clock_go();
    end(f);
}
END_TEST

START_TEST(nor_does_it_wait_where_nothing_is_to_be_put_aside)
{
    struct fixture *f = begin_used();
    hold_clock();
    replace_and_press(f, 4);
    replace_and_press(f, 5);
    shell(f, "rm outbox.db");
    press(f, 6);
    wait_stored(f, 6);
    ck_assert_uint_eq(count_aside(f), 1);
    let_clock_go();
    end(f);
}
END_TEST

/* It would go with the process. */
START_TEST(at_a_stop_it_does_not_wait)
{
    struct fixture *f = begin_used();
    hold_clock();
    advance_clock(INT64_C(3600000000000)); /* to which it is too soon from now on */
    replace_and_press(f, 4);
    press(f, 5);
    wait_stored(f, 5);
    replace_and_press(f, 6);
    press(f, 7);
    ck_assert_uint_eq(f->stored, 5);
    let_clock_go();
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 7);
    ck_assert_uint_eq(f->found.pending_count, 14);
    ck_assert_uint_eq(count_aside(f), 2);
    end(f);
}
END_TEST

static const char *const takings[] = {
    REPLACE,
    "rm outbox.db",
    "rm outbox.db-wal",
    "mv ../${PWD##*/} ../${PWD##*/}.old",
};

START_TEST(at_a_stop_it_is_found_out_that_it_was_taken_away)
{
    struct fixture *f = begin_used();
    shell(f, takings[_i]);
    close_outbox(f);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 3);
    ck_assert_uint_eq(f->found.pending_count, 6);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what is open");
    shell(f, "rm -rf ../${PWD##*/}.old");
    end(f);
}
END_TEST

/* With one try, that has the time it needs. */
static void close_badly(struct fixture *f, size_t how)
{
    if (!held_ns)
        hold_clock();
    ck_assert_uint_eq(outbox_close(f->outbox, 0), how);
    let_clock_go();
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
}

/* Nobody hears that the stop was a clean one. */
START_TEST(a_stop_that_could_not_write_it_anew_says_that_it_is_lost)
{
    struct fixture *f = begin_used();
    hold_clock();
    shell(f, "mv $PWD $PWD.gone && touch $PWD && rm -rf $PWD.gone");
    close_badly(f, OUTBOX_LOST);
    ck_assert_msg(strstr(told, "what was stored is lost: 3 events, 1 to 3: ") != NULL, "%s", told);
    ck_assert_int_eq(unlink(f->folder), 0);
    f->makes_dir = true;
    open_outbox(f);
    end(f);
}
END_TEST

START_TEST(and_how_many_could_not_be_written_at_all)
{
    struct fixture *f = begin_used();
    hold_clock();
    shell(f, "mv $PWD $PWD.gone && touch $PWD && rm -rf $PWD.gone");
    press(f, 4);
    press(f, 5);
    close_badly(f, 2);
    ck_assert_msg(strstr(told, "what was stored is lost: 3 events, 1 to 3: ") != NULL, "%s", told);
    ck_assert_int_eq(unlink(f->folder), 0);
    f->makes_dir = true;
    open_outbox(f);
    end(f);
}
END_TEST

/* And what of it has gone, so that nothing can be found by the name that the other has. */
static const struct {
    const char *also;
    bool is_lost;
} leavings[] = {
    {"true", false},
    {"rm ../${PWD##*/}.old/outbox.db", true},
    {"rm ../${PWD##*/}.old/outbox.db-wal", true},
};

START_TEST(but_not_where_it_has_another_name)
{
    struct fixture *f = begin_used();
    char where[120], command[200];
    snprintf(where, sizeof where, "3 events, 1 to 3: its file is %s.old/outbox.db; move it back",
             f->folder);
    snprintf(command, sizeof command, "mv $PWD $PWD.old && touch $PWD && %s", leavings[_i].also);
    hold_clock();
    shell(f, command);
    close_badly(f, OUTBOX_LOST);
    ck_assert_msg((strstr(told, "is lost") != NULL) == leavings[_i].is_lost, "%s", told);
    ck_assert_msg((strstr(told, where) != NULL) == !leavings[_i].is_lost, "%s", told);
    ck_assert_int_eq(unlink(f->folder), 0);
    snprintf(command, sizeof command, "mv %s.old %s", f->folder, f->folder);
    ck_assert_int_eq(system(command), 0);
    open_outbox(f);
    ck_assert(leavings[_i].is_lost || f->found.last_seq == 3);
    end(f);
}
END_TEST

/* Its file has two names, and the one that it was opened under is gone. */
START_TEST(nor_where_nobody_knows_which)
{
    struct fixture *f = begin_used();
    hold_clock(); /* nothing is written between the steps */
    shell(f, "mkdir $PWD.old && ln outbox.db outbox.db-wal $PWD.old && "
             "mv $PWD $PWD.gone && touch $PWD && rm -r $PWD.gone");
    close_badly(f, OUTBOX_LOST);
    ck_assert_msg(strstr(told, "its file has another name; move it back") != NULL, "%s", told);
    char command[200];
    snprintf(command, sizeof command, "rm %s && mv %s.old %s", f->folder, f->folder, f->folder);
    ck_assert_int_eq(system(command), 0);
    open_outbox(f);
    ck_assert_uint_eq(f->found.last_seq, 3);
    end(f);
}
END_TEST

/* Nothing of it was read since, and the log is not moved while the clock is held. */
static struct fixture *begin_cut(void)
{
    struct fixture *f = begin_used();
    hold_clock();
    press(f, 4);
    wait_stored(f, 4);
    shell(f, "truncate -s 0 outbox.db-wal");
    return f;
}

/* What was open is known to who runs, and to nobody else. */
START_TEST(a_stop_that_finds_it_cut_mends_it)
{
    struct fixture *f = begin_cut();
    close_outbox(f);
    let_clock_go();
    ck_assert_uint_eq(count_aside(f), 1);
    shell(f, "rm outbox.head"); /* the store alone says how far numbers were given */
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_str_eq(outbox_found_text(&f->found, "incidents"), "what is open");
    ck_assert_uint_ge(f->found.used_seq, 4); /* no number is given twice */
    end(f);
}
END_TEST

START_TEST(a_stop_that_finds_it_cut_and_cannot_mend_it_does_not_end_as_a_good_one)
{
    struct fixture *f = begin_cut();
    shell(f, "mkdir -p outbox.db.new/in-the-way");
    close_badly(f, OUTBOX_DAMAGED);
    ck_assert_msg(strstr(told, "could not be mended at the stop") != NULL, "%s", told);
    shell(f, "rm -r outbox.db.new");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_uint_ge(f->found.used_seq, 4);
    end(f);
}
END_TEST

/* Likewise: the store cannot be read for the answer either. */
static void press_in_vain(struct fixture *f, uint64_t seq)
{
    const struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 1};
    put(f, seq, NULL);
    struct heard heard = ask(f, &query);
    ck_assert_str_ne(heard.error, "");
    free(heard.text);
}

/* Which of the process it has, too. */
static void take_descriptors(struct rlimit *ret_before)
{
    int fd = open("/dev/null", O_RDONLY);
    ck_assert_int_ge(fd, 0);
    close(fd);
    getrlimit(RLIMIT_NOFILE, ret_before);
    struct rlimit none_left = {.rlim_cur = (rlim_t)fd - 1, .rlim_max = ret_before->rlim_max};
    setrlimit(RLIMIT_NOFILE, &none_left);
}

/* While it is known: or whatever asks of what is damaged puts off that the rest was looked at. */
START_TEST(a_look_does_not_begin_anew_with_each_failure)
{
    struct fixture *f = begin_cut();
    shell(f, "mkdir -p outbox.db.new/in-the-way");
    press_in_vain(f, 5);
    unsigned before = __atomic_load_n(&looks_begun, __ATOMIC_SEQ_CST);
    ck_assert_uint_gt(before, 1); /* at the start, and as it was found */
    for (uint64_t seq = 6; seq < 10; seq++)
        press_in_vain(f, seq);
    ck_assert_uint_eq(__atomic_load_n(&looks_begun, __ATOMIC_SEQ_CST), before);
    shell(f, "rm -r outbox.db.new");
    advance_clock(INT64_C(600000000000));
    press(f, 10);
    press(f, 11);
    wait_stored(f, 11);
    let_clock_go();
    end(f);
}
END_TEST

/* As it was refused before it was mended: that is news. */
static void cut_again_and_refuse(struct fixture *f)
{
    told[0] = '\0';
    /* In this order: the thread, which has a look of its own to take by now, may come in between.
     */
    shell(f, "mkdir -p outbox.db.new/in-the-way && truncate -s 0 outbox.db-wal");
    advance_clock(INT64_C(600000000000));
    press_in_vain(f, 10);
    ck_assert_msg(strstr(told, "cannot be mended") != NULL, "%s", told);
    shell(f, "rm -r outbox.db.new");
}

/* It has put nothing aside: what it had no descriptors for it may have a moment later; what is in
 * the way stays there until a person comes. */
START_TEST(one_that_could_not_be_mended_is_mended_a_second_later_if_that_may_have_passed)
{
    struct fixture *f = begin_cut();
    struct rlimit before;
    if (_i)
        shell(f, "mkdir -p outbox.db.new/in-the-way");
    else
        take_descriptors(&before);
    press_in_vain(f, 5);
    ck_assert_msg(strstr(told, "cannot be mended") != NULL, "%s", told);
    if (_i)
        shell(f, "rm -r outbox.db.new");
    else
        setrlimit(RLIMIT_NOFILE, &before);
    advance_clock(INT64_C(1000000000) - 1);
    press_in_vain(f, 6);
    ck_assert_uint_eq(count_aside(f), 0);
    advance_clock(1);
    if (_i)
        press_in_vain(f, 7);
    else
        press(f, 7);
    ck_assert_uint_eq(count_aside(f), _i == 0);
    advance_clock(_i ? INT64_C(599000000000) : 0);
    press(f, 8);
    ck_assert_uint_eq(count_aside(f), 1);
    press(f, 9); /* with which what was refused before that is tried again */
    wait_stored(f, 9);
    if (_i)
        cut_again_and_refuse(f);
    let_clock_go();
    end(f);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("outbox_moved");
    TCase *tc = tcase_create("moved");
    tcase_add_test(tc, one_that_is_replaced_again_is_written_anew_a_little_later_each_time);
    tcase_add_test(tc, nor_does_it_wait_where_nothing_is_to_be_put_aside);
    tcase_add_test(tc, at_a_stop_it_does_not_wait);
    tcase_add_loop_test(tc, at_a_stop_it_is_found_out_that_it_was_taken_away, 0, 4);
    tcase_add_test(tc, a_stop_that_could_not_write_it_anew_says_that_it_is_lost);
    tcase_add_test(tc, and_how_many_could_not_be_written_at_all);
    tcase_add_loop_test(tc, but_not_where_it_has_another_name, 0, 3);
    tcase_add_test(tc, nor_where_nobody_knows_which);
    tcase_add_test(tc, a_stop_that_finds_it_cut_mends_it);
    tcase_add_test(tc, a_stop_that_finds_it_cut_and_cannot_mend_it_does_not_end_as_a_good_one);
    tcase_add_test(tc, a_look_does_not_begin_anew_with_each_failure);
    tcase_add_loop_test(
        tc, one_that_could_not_be_mended_is_mended_a_second_later_if_that_may_have_passed, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
