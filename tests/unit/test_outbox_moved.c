/* SPDX-License-Identifier: Apache-2.0 */
/* A store that is replaced again and again while it is in use: how soon it is written anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
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

/* Nobody hears that the stop was a clean one. */
START_TEST(a_stop_that_could_not_write_it_anew_says_that_it_is_lost)
{
    struct fixture *f = begin_used();
    shell(f, "rm -rf ../${PWD##*/} && touch ../${PWD##*/}");
    ck_assert_uint_eq(outbox_close(f->outbox, patience_ms()), OUTBOX_LOST);
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    ck_assert_int_eq(unlink(f->folder), 0);
    f->makes_dir = true;
    open_outbox(f);
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
    ck_assert_uint_eq(outbox_close(f->outbox, patience_ms()), OUTBOX_DAMAGED);
    let_clock_go();
    outbox_found_finish(&f->found);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&f->loop), 0);
    shell(f, "rm -r outbox.db.new");
    open_outbox(f);
    ck_assert_ptr_nonnull(f->found.damage);
    ck_assert_uint_ge(f->found.used_seq, 4);
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
    tcase_add_test(tc, a_stop_that_finds_it_cut_mends_it);
    tcase_add_test(tc, a_stop_that_finds_it_cut_and_cannot_mend_it_does_not_end_as_a_good_one);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
