/* SPDX-License-Identifier: Apache-2.0 */
/* A button's wires: two contacts that watch each other, and a line that presses itself. */
#include "alarm/chatter.h"
#include "alarm/pair.h"
#include "run_suite.h"

#define MS     INT64_C(1000000)
#define WINDOW (1000 * MS)

/* A pair at rest at time 0: first open, second closed. */
static struct pair at_rest(void)
{
    struct pair p;
    pair_init(&p, WINDOW, false);
    pair_contact(&p, 0, false, 0);
    pair_contact(&p, 1, true, 0);
    ck_assert_int_eq(p.due_ns, PAIR_NOT_DUE);
    return p;
}

START_TEST(a_press_is_no_fault_whichever_contact_moves_first)
{
    for (int first = 0; first < 2; first++) {
        struct pair p = at_rest();
        ck_assert(!pair_contact(&p, first, first == 0, 10 * MS));
        ck_assert(!pair_settle(&p, 20 * MS));
        ck_assert(!pair_contact(&p, !first, first != 0, 30 * MS));
        ck_assert_int_eq(p.due_ns, PAIR_NOT_DUE);
        ck_assert(!pair_contact(&p, !first, first == 0, 500 * MS));
        ck_assert(!pair_contact(&p, first, first != 0, 510 * MS));
        ck_assert_int_eq(p.fault, PAIR_FAULT_NONE);
    }
}
END_TEST

START_TEST(both_open_for_longer_than_a_change_over_is_a_cut_wire)
{
    struct pair p = at_rest();
    pair_contact(&p, 1, false, 10 * MS);
    ck_assert_int_eq(p.due_ns, 10 * MS + WINDOW);
    ck_assert(!pair_settle(&p, 9 * MS + WINDOW));
    ck_assert(pair_settle(&p, 10 * MS + WINDOW));
    ck_assert_int_eq(p.fault, PAIR_FAULT_CUT);
    ck_assert_ptr_nonnull(pair_fault_text(p.fault));
}
END_TEST

START_TEST(both_closed_for_longer_than_a_change_over_is_a_short)
{
    struct pair p = at_rest();
    pair_contact(&p, 0, true, 10 * MS);
    ck_assert(pair_settle(&p, 10 * MS + WINDOW));
    ck_assert_int_eq(p.fault, PAIR_FAULT_SHORT);
    ck_assert(pair_contact(&p, 0, false, 5000 * MS));
    ck_assert_int_eq(p.fault, PAIR_FAULT_NONE);
    ck_assert_ptr_null(pair_fault_text(p.fault));
}
END_TEST

START_TEST(a_pair_that_starts_cut_is_a_fault_too)
{
    struct pair p;
    pair_init(&p, WINDOW, false);
    pair_contact(&p, 0, false, 0);
    ck_assert(!pair_settle(&p, 10 * WINDOW));
    pair_contact(&p, 1, false, 0);
    ck_assert(pair_settle(&p, WINDOW));
    ck_assert_int_eq(p.fault, PAIR_FAULT_CUT);
}
END_TEST

START_TEST(a_press_that_only_the_second_contact_saw_is_a_fault_until_both_move)
{
    struct pair p = at_rest();
    pair_contact(&p, 1, false, 10 * MS); /* the wire of the first is cut */
    ck_assert(pair_contact(&p, 1, true, 300 * MS));
    ck_assert_int_eq(p.fault, PAIR_FAULT_ONE_SIDED);
    /* Again, and for longer: a cut meanwhile, and one-sided once more when it is let go. */
    pair_contact(&p, 1, false, 1000 * MS);
    ck_assert(pair_settle(&p, 1000 * MS + WINDOW));
    ck_assert_int_eq(p.fault, PAIR_FAULT_CUT);
    ck_assert(pair_contact(&p, 1, true, 4000 * MS));
    ck_assert_int_eq(p.fault, PAIR_FAULT_ONE_SIDED);
    /* Mended and tested. */
    pair_contact(&p, 1, false, 5000 * MS);
    pair_contact(&p, 0, true, 5010 * MS);
    pair_contact(&p, 0, false, 6000 * MS);
    pair_contact(&p, 1, true, 6010 * MS);
    ck_assert_int_eq(p.fault, PAIR_FAULT_NONE);
}
END_TEST

START_TEST(a_normally_closed_first_contact_mirrors_everything)
{
    struct pair p;
    pair_init(&p, WINDOW, true);
    pair_contact(&p, 0, true, 0);
    pair_contact(&p, 1, false, 0);
    ck_assert_int_eq(p.due_ns, PAIR_NOT_DUE);
    pair_contact(&p, 1, true, 10 * MS);
    ck_assert(pair_contact(&p, 1, false, 200 * MS));
    ck_assert_int_eq(p.fault, PAIR_FAULT_ONE_SIDED);
}
END_TEST

START_TEST(a_hand_does_not_chatter)
{
    struct chatter c = {0};
    for (int i = 0; i < 100; i++)
        ck_assert(!chatter_press(&c, (1 + i) * CHATTER_WINDOW_NS / (CHATTER_PRESSES - 1)));
}
END_TEST

START_TEST(a_loose_wire_chatters_every_press_counts_and_quiet_ends_it)
{
    struct chatter c = {0};
    int64_t now = 1;
    unsigned told = 0;
    for (int i = 0; i < 1000; i++, now += 10 * MS)
        told += !chatter_press(&c, now);
    ck_assert_uint_eq(told, CHATTER_PRESSES);
    ck_assert_uint_eq(c.presses, 1000);
    ck_assert(!chatter_settle(&c, now + CHATTER_QUIET_NS - 20 * MS));
    ck_assert(chatter_settle(&c, now + CHATTER_QUIET_NS));
    ck_assert(!chatter_settle(&c, now + CHATTER_QUIET_NS));
    ck_assert(!chatter_press(&c, now + CHATTER_QUIET_NS));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("supervision");
    TCase *tc = tcase_create("supervision");
    tcase_add_test(tc, a_press_is_no_fault_whichever_contact_moves_first);
    tcase_add_test(tc, both_open_for_longer_than_a_change_over_is_a_cut_wire);
    tcase_add_test(tc, both_closed_for_longer_than_a_change_over_is_a_short);
    tcase_add_test(tc, a_pair_that_starts_cut_is_a_fault_too);
    tcase_add_test(tc, a_press_that_only_the_second_contact_saw_is_a_fault_until_both_move);
    tcase_add_test(tc, a_normally_closed_first_contact_mirrors_everything);
    tcase_add_test(tc, a_hand_does_not_chatter);
    tcase_add_test(tc, a_loose_wire_chatters_every_press_counts_and_quiet_ends_it);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
