/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket that cannot be had, or goes: all else goes on, and it is tried again. */
#include <string.h>

#include "operate_world.h"
#include "run_suite.h"
#include "virtual_time.h"

static struct fact_fault stated;
static unsigned stated_count;

static void on_fault(void *self, const struct fact *fact)
{
    (void)self;
    if (fact->u.fault.code != FAULT_CONTROL)
        return;
    stated = fact->u.fault;
    stated_count++;
}

static void begin(void)
{
    bind_error = "the folder is not to be written";
    operate_begin();
    stated_count = 0;
    facts_subscribe(world.facts, FACT_BIT(FACT_FAULT_STATED), on_fault, NULL);
}

/* What the pool has to do for it is done. */
static void let_pass(int64_t ms)
{
    virtual_advance(world.facts, ms);
    operate_tick(operate);
    while (world.loop.active_reqs.count > 0)
        uv_run(&world.loop, UV_RUN_ONCE);
    facts_tell(world.facts);
}

START_TEST(it_is_a_fault_and_tried_again_beside_the_loop_until_it_is_there)
{
    ck_assert_uint_eq(binds, 1); /* at the start, in place */
    ck_assert_uint_eq(binds_beside, 0);
    ck_assert_uint_eq(listens, 0);
    let_pass(3000);
    ck_assert_uint_eq(binds, 1);
    let_pass(1000);
    ck_assert_uint_eq(binds, 2);
    ck_assert_uint_eq(binds_beside, 1);
    ck_assert(stated.broken);
    ck_assert_str_eq(stated.reason, "the folder is not to be written");
    let_pass(4000);
    ck_assert_uint_eq(binds, 2);
    bind_error = NULL;
    let_pass(1000);
    ck_assert_uint_eq(binds, 3);
    ck_assert_uint_eq(listens, 1);
    ck_assert(!stated.broken);
    ask("watch", "{}"); /* it is served */
    say_gone(7);
    let_pass(20000);
    ck_assert_uint_eq(binds, 3);
}
END_TEST

START_TEST(on_a_socket_that_is_bound_and_cannot_be_listened_on_it_is_tried_again)
{
    bind_error = NULL;
    listen_error = "no memory for it";
    let_pass(4000);
    ck_assert_uint_eq(binds, 2);
    ck_assert(stated.broken);
    ck_assert_str_eq(stated.reason, "no memory for it");
    listen_error = NULL;
    let_pass(5000);
    ck_assert(!stated.broken);
    ck_assert_uint_eq(listens, 1);
}
END_TEST

START_TEST(what_happens_meanwhile_is_told_to_nobody)
{
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_LAMP, .u.pattern = INDICATOR_PATTERN_READY});
    facts_tell(world.facts);
    ck_assert_uint_eq(line_count, 0);
}
END_TEST

START_TEST(one_that_comes_after_the_stop_is_taken_back)
{
    bind_error = NULL;
    virtual_advance(world.facts, 4000);
    operate_tick(operate); /* it is under way */
    operate_close(operate);
    while (world.loop.active_reqs.count > 0)
        uv_run(&world.loop, UV_RUN_ONCE);
    ck_assert_uint_eq(binds, 2);
    ck_assert_uint_eq(unbinds, 1);
    ck_assert_uint_eq(listens, 0);
    virtual_advance(world.facts, 5000);
    operate_tick(operate);
    ck_assert_uint_eq(world.loop.active_reqs.count, 0);
}
END_TEST

static void begin_well(void)
{
    operate_begin();
    facts_subscribe(world.facts, FACT_BIT(FACT_FAULT_STATED), on_fault, NULL);
}

START_TEST(one_that_is_there_says_so_once)
{
    operate_restart();
    facts_subscribe(world.facts, FACT_BIT(FACT_FAULT_STATED), on_fault, NULL);
    stated_count = 0;
    facts_tell(world.facts);
    ck_assert_uint_eq(stated_count, 1);
    ck_assert(!stated.broken);
    let_pass(20000);
    ck_assert_uint_eq(stated_count, 1);
}
END_TEST

START_TEST(one_whose_file_goes_is_made_anew_and_who_is_connected_stays)
{
    let_pass(20000);
    ck_assert_uint_eq(binds, 1);
    ck_assert_uint_eq(moves, 0);
    socket_gone = true;
    let_pass(5000);
    ck_assert_uint_eq(binds, 2);
    ck_assert_uint_eq(moves, 1);
    ck_assert_uint_eq(listens, 1); /* and not a second control beside it */
    ck_assert(!stated.broken);
    let_pass(20000);
    ck_assert_uint_eq(binds, 2);
    socket_gone = true;
    let_pass(5000);
    ck_assert_uint_eq(moves, 2);
}
END_TEST

START_TEST(where_it_cannot_be_made_anew_it_is_a_fault_until_it_is_there)
{
    socket_gone = true;
    bind_error = "another tocsind answers there";
    let_pass(5000);
    ck_assert(stated.broken);
    ck_assert_str_eq(stated.reason, "another tocsind answers there");
    ck_assert_uint_eq(moves, 0);
    bind_error = NULL;
    listen_error = "no memory for it";
    let_pass(5000);
    ck_assert(stated.broken);
    ck_assert_str_eq(stated.reason, "no memory for it");
    listen_error = NULL;
    let_pass(5000);
    ck_assert(!stated.broken);
    ck_assert_uint_eq(moves, 1);
}
END_TEST

/* As a folder does that for a moment nobody may look into. */
START_TEST(one_whose_file_is_found_again_is_a_fault_no_more)
{
    socket_gone = true;
    bind_error = "permission denied";
    let_pass(5000);
    ck_assert(stated.broken);
    socket_gone = false;
    let_pass(5000);
    ck_assert(!stated.broken);
    ck_assert_uint_eq(moves, 0);
}
END_TEST

START_TEST(one_that_is_made_anew_after_the_stop_is_taken_back)
{
    socket_gone = true;
    virtual_advance(world.facts, 5000);
    operate_tick(operate);
    operate_close(operate);
    while (world.loop.active_reqs.count > 0)
        uv_run(&world.loop, UV_RUN_ONCE);
    ck_assert_uint_eq(unbinds, 1);
    ck_assert_uint_eq(moves, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operate_socket");
    TCase *tc = tcase_create("not to be had");
    tcase_add_checked_fixture(tc, begin, operate_end);
    tcase_add_test(tc, it_is_a_fault_and_tried_again_beside_the_loop_until_it_is_there);
    tcase_add_test(tc, on_a_socket_that_is_bound_and_cannot_be_listened_on_it_is_tried_again);
    tcase_add_test(tc, what_happens_meanwhile_is_told_to_nobody);
    tcase_add_test(tc, one_that_comes_after_the_stop_is_taken_back);
    suite_add_tcase(suite, tc);
    tc = tcase_create("there");
    tcase_add_checked_fixture(tc, begin_well, operate_end);
    tcase_add_test(tc, one_that_is_there_says_so_once);
    tcase_add_test(tc, one_whose_file_goes_is_made_anew_and_who_is_connected_stays);
    tcase_add_test(tc, where_it_cannot_be_made_anew_it_is_a_fault_until_it_is_there);
    tcase_add_test(tc, one_whose_file_is_found_again_is_a_fault_no_more);
    tcase_add_test(tc, one_that_is_made_anew_after_the_stop_is_taken_back);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
