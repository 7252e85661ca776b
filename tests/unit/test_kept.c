/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for the disk before he answers: behind what, until when, and who is not told. */
#include <string.h>

#include "events/kept.h"
#include "fake_outbox.h"
#include "iface/limits.h"
#include "run_suite.h"
#include "virtual_time.h"

static uv_loop_t loop;
static struct facts *facts;
static struct kept kept;
static char told[200]; /* who was told: a letter, a capital if it is on the disk */
static char names[] = "abcdefgh";

static void on_kept(void *arg, bool stored)
{
    const char *name = arg;
    size_t used = strlen(told);
    ck_assert_uint_lt(used + 1, sizeof told);
    told[used] = (char)(stored ? *name - 'a' + 'A' : *name);
}

static void wait_for(char name)
{
    ck_assert(kept_wait(&kept, on_kept, &names[name - 'a']));
}

static void set_up(void)
{
    struct err e;
    virtual_begin();
    fake_outbox_begin();
    memset(told, 0, sizeof told);
    uv_loop_init(&loop);
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
    kept_init(&kept, &loop, facts, (struct outbox *)&fake_outbox, 50);
}

static void tear_down(void)
{
    facts_close(facts);
    if (!kept.closed)
        kept_close(&kept);
    fake_outbox_answer(); /* as outbox_close does */
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    facts_free(facts);
    fake_outbox_end();
}

START_TEST(who_waits_is_told_once_when_the_disk_has_it)
{
    wait_for('a');
    ck_assert_uint_eq(fake_outbox.count, 0); /* the turn may have more to save */
    facts_tell(facts);
    ck_assert_uint_eq(fake_outbox_count(FAKE_BARRIER), 1);
    ck_assert_str_eq(told, "");
    virtual_advance(facts, 49);
    ck_assert_str_eq(told, "");
    fake_outbox_answer();
    ck_assert_str_eq(told, "A");
    virtual_advance(facts, 1000);
    ck_assert_str_eq(told, "A");
    ck_assert_uint_eq(fake_outbox_count(FAKE_BARRIER), 1);
}
END_TEST

START_TEST(when_the_disk_is_slow_who_waits_is_told_that_it_is_in_memory)
{
    wait_for('a');
    virtual_advance(facts, 30);
    wait_for('b');
    virtual_advance(facts, 19);
    ck_assert_str_eq(told, "");
    virtual_advance(facts, 1);
    ck_assert_str_eq(told, "a");
    virtual_advance(facts, 29);
    ck_assert_str_eq(told, "a"); /* each has the whole of it */
    virtual_advance(facts, 1);
    ck_assert_str_eq(told, "ab");
    fake_outbox_answer(); /* too late for both */
    ck_assert_str_eq(told, "ab");
    wait_for('c');
    facts_tell(facts);
    fake_outbox_answer();
    ck_assert_str_eq(told, "abC");
}
END_TEST

START_TEST(who_comes_later_is_not_told_by_what_was_handed_over_before)
{
    wait_for('a');
    wait_for('b');
    facts_tell(facts);
    wait_for('c'); /* behind more, which the store has not got yet */
    fake_outbox_answer();
    ck_assert_str_eq(told, "AB");
    facts_tell(facts);
    ck_assert_uint_eq(fake_outbox_count(FAKE_BARRIER), 2); /* one a turn */
    ck_assert_str_eq(told, "AB");
    fake_outbox_answer();
    ck_assert_str_eq(told, "ABC");
}
END_TEST

static void save_row(void *self, const struct fact *fact)
{
    (void)self;
    (void)fact;
    outbox_save_row(NULL, &(struct outbox_row){"incidents", "{}"});
}

START_TEST(what_is_saved_at_the_end_of_the_turn_is_before_it)
{
    facts_subscribe(facts, FACT_BIT(FACT_SETTLED), save_row, NULL);
    wait_for('a');
    facts_tell(facts);
    ck_assert_uint_eq(fake_outbox.count, 2);
    ck_assert_int_eq(fake_outbox.calls[0].kind, FAKE_ROW);
    ck_assert_int_eq(fake_outbox.calls[1].kind, FAKE_BARRIER);
}
END_TEST

START_TEST(who_is_gone_is_not_told_and_the_others_are)
{
    wait_for('a');
    wait_for('b');
    facts_tell(facts);
    wait_for('c');
    wait_for('d');
    kept_forget(&kept, &names[0]);
    kept_forget(&kept, &names[3]);
    facts_tell(facts);
    fake_outbox_answer();
    ck_assert_str_eq(told, "BC");
    wait_for('e');
    kept_forget(&kept, &names[4]);
    virtual_advance(facts, 100);
    ck_assert_str_eq(told, "BC");
}
END_TEST

START_TEST(after_the_close_nobody_is_told)
{
    wait_for('a');
    facts_tell(facts);
    wait_for('b');
    kept_close(&kept);
    ck_assert(!kept_wait(&kept, on_kept, &names[2]));
    kept_forget(&kept, &names[0]);
    facts_tell(facts);
    ck_assert_uint_eq(fake_outbox_count(FAKE_BARRIER), 1);
    fake_outbox_answer();
    virtual_advance(facts, 100);
    ck_assert_str_eq(told, "");
}
END_TEST

static void on_first(void *arg, bool stored)
{
    on_kept(arg, stored);
    kept_forget(&kept, &names[1]);
    wait_for('c');
}

START_TEST(who_is_told_may_wait_anew_and_make_others_forget)
{
    ck_assert(kept_wait(&kept, on_first, &names[0]));
    wait_for('b');
    facts_tell(facts);
    if (_i == 0)
        fake_outbox_answer();
    else
        virtual_advance(facts, 50);
    ck_assert_str_eq(told, _i == 0 ? "A" : "a");
    facts_tell(facts);
    fake_outbox_answer();
    ck_assert_str_eq(told, _i == 0 ? "AC" : "aC");
}
END_TEST

START_TEST(only_so_many_wait)
{
    for (int i = 0; i < LIMIT_ORDERS; i++)
        wait_for('a');
    ck_assert(!kept_wait(&kept, on_kept, &names[1]));
    facts_tell(facts);
    fake_outbox_answer();
    ck_assert_uint_eq(strlen(told), LIMIT_ORDERS);
    ck_assert_ptr_null(strchr(told, 'B'));
    ck_assert(kept_wait(&kept, on_kept, &names[1]));
}
END_TEST

START_TEST(the_patience_begins_when_it_is_asked_and_not_with_the_turn)
{
    loop.time = 1; /* this turn has lasted since the machine was switched on */
    wait_for('a');
    ck_assert_uint_gt(uv_now(&loop), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kept");
    TCase *tc = tcase_create("kept");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, who_waits_is_told_once_when_the_disk_has_it);
    tcase_add_test(tc, when_the_disk_is_slow_who_waits_is_told_that_it_is_in_memory);
    tcase_add_test(tc, who_comes_later_is_not_told_by_what_was_handed_over_before);
    tcase_add_test(tc, what_is_saved_at_the_end_of_the_turn_is_before_it);
    tcase_add_test(tc, who_is_gone_is_not_told_and_the_others_are);
    tcase_add_test(tc, after_the_close_nobody_is_told);
    tcase_add_loop_test(tc, who_is_told_may_wait_anew_and_make_others_forget, 0, 2);
    tcase_add_test(tc, only_so_many_wait);
    tcase_add_test(tc, the_patience_begins_when_it_is_asked_and_not_with_the_turn);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
