/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of facts: what is told, to whom, when, and that it ends. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "facts/facts.h"
#include "run_suite.h"

#define ALL UINT32_MAX

struct told {
    char name;
    enum fact_kind kind;
    uint64_t seq;
};

static struct facts *facts;
static struct told told[1000];
static size_t told_count;
static int inside; /* how many handlers run now */

static void note(char name, const struct fact *fact)
{
    ck_assert_int_eq(inside, 0);
    ck_assert_uint_lt(told_count, sizeof told / sizeof *told);
    told[told_count++] =
        (struct told){name, fact->kind, fact->kind == FACT_HEARD ? fact->u.heard.seq : (uint64_t)0};
}

static void on_a(void *self, const struct fact *fact)
{
    note(*(char *)self, fact);
}

static void publish(uint64_t seq)
{
    facts_publish(facts, &(struct fact){.kind = FACT_HEARD, .u.heard = {.seq = seq}});
}

static void set_up(void)
{
    struct err e;
    told_count = 0;
    inside = 0;
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
}

static void tear_down(void)
{
    facts_close(facts);
    facts_free(facts);
}

static void expect(size_t at, char name, enum fact_kind kind, uint64_t seq)
{
    ck_assert_uint_lt(at, told_count);
    ck_assert_int_eq(told[at].name, name);
    ck_assert_int_eq(told[at].kind, kind);
    ck_assert_uint_eq(told[at].seq, seq);
}

START_TEST(facts_are_told_in_order_to_all_who_asked_for_their_kind)
{
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_a, "a");
    facts_subscribe(facts, FACT_BIT(FACT_LINK) | FACT_BIT(FACT_HEARD), on_a, "b");
    facts_subscribe(facts, FACT_BIT(FACT_LAMP), on_a, "c");
    publish(1);
    facts_publish(facts, &(struct fact){.kind = FACT_LINK});
    publish(2);
    ck_assert_uint_eq(told_count, 0);
    facts_tell(facts);
    ck_assert_uint_eq(told_count, 5);
    expect(0, 'a', FACT_HEARD, 1);
    expect(1, 'b', FACT_HEARD, 1);
    expect(2, 'b', FACT_LINK, 0);
    expect(3, 'a', FACT_HEARD, 2);
    expect(4, 'b', FACT_HEARD, 2);
    facts_tell(facts);
    ck_assert_uint_eq(told_count, 5);
}
END_TEST

START_TEST(values_are_copied)
{
    struct fact fact = {.kind = FACT_HEARD, .at_ns = 77, .u.heard = {.seq = 1}};
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_a, "a");
    facts_publish(facts, &fact);
    fact.u.heard.seq = 9;
    facts_tell(facts);
    expect(0, 'a', FACT_HEARD, 1);
}
END_TEST

static int64_t seen_ns[2];

static void on_time(void *self, const struct fact *fact)
{
    (void)self;
    seen_ns[fact->u.heard.seq] = fact->at_ns;
}

START_TEST(a_fact_keeps_its_time_and_gets_one_if_it_has_none)
{
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_time, NULL);
    facts_publish(facts, &(struct fact){.kind = FACT_HEARD, .at_ns = 77});
    publish(1);
    facts_tell(facts);
    ck_assert_int_eq(seen_ns[0], 77);
    ck_assert_int_gt(seen_ns[1], 77);
}
END_TEST

/* Publishes two more for each of the first few, and asks for them to be told within. */
static void on_more(void *self, const struct fact *fact)
{
    (void)self;
    uint64_t seq = fact->u.heard.seq;
    note('m', fact);
    inside++;
    if (seq < 4) {
        publish(10 * seq + 1);
        facts_tell(facts);
        publish(10 * seq + 2);
    }
    inside--;
}

START_TEST(no_handler_runs_inside_another)
{
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_more, NULL);
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_a, "a");
    publish(1);
    publish(2);
    facts_tell(facts);
    static const uint64_t order[] = {1, 2, 11, 12, 21, 22};
    ck_assert_uint_eq(told_count, 12);
    for (size_t i = 0; i < 6; i++) {
        expect(2 * i, 'm', FACT_HEARD, order[i]);
        expect(2 * i + 1, 'a', FACT_HEARD, order[i]);
    }
}
END_TEST

static int settled_publishes; /* how many more a handler of SETTLED publishes */

static void on_settled(void *self, const struct fact *fact)
{
    note(*(char *)self, fact);
    if (settled_publishes > 0) {
        settled_publishes--;
        publish(99);
    }
}

START_TEST(what_is_put_off_is_done_once_a_turn_and_last_comes_last)
{
    facts_subscribe(facts, FACT_BIT(FACT_TURN_OVER), on_a, "l");
    facts_subscribe(facts, FACT_BIT(FACT_SETTLED), on_settled, "s");
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_a, "h");
    settled_publishes = 1;
    publish(1);
    publish(2);
    facts_tell(facts);
    ck_assert_uint_eq(told_count, 6);
    expect(0, 'h', FACT_HEARD, 1);
    expect(1, 'h', FACT_HEARD, 2);
    expect(2, 's', FACT_SETTLED, 0);
    expect(3, 'h', FACT_HEARD, 99);
    expect(4, 's', FACT_SETTLED, 0);
    expect(5, 'l', FACT_TURN_OVER, 0);
    /* A turn in which nothing happened is none. */
    facts_tell(facts);
    ck_assert_uint_eq(told_count, 6);
}
END_TEST

START_TEST(who_puts_something_off_without_a_fact_wakes_the_turns_end)
{
    facts_subscribe(facts, ALL, on_a, "a");
    facts_wake(facts);
    facts_tell(facts);
    ck_assert_uint_eq(told_count, 2);
    expect(0, 'a', FACT_SETTLED, 0);
    expect(1, 'a', FACT_TURN_OVER, 0);
    facts_close(facts);
    facts_wake(facts);
    facts_tell(facts);
    ck_assert_uint_eq(told_count, 2);
}
END_TEST

static struct fact_fault last;

static void on_fault(void *self, const struct fact *fact)
{
    (void)self;
    last = fact->u.fault;
}

START_TEST(a_stated_fault_is_whole_and_bounded)
{
    char reason[1000];
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    facts_subscribe(facts, FACT_BIT(FACT_FAULT_STATED), on_fault, NULL);
    facts_state_fault(facts, FAULT_CAMERA, "cam1", reason);
    facts_tell(facts);
    ck_assert(last.broken && last.code == FAULT_CAMERA);
    ck_assert_str_eq(last.subject, "cam1");
    ck_assert_uint_eq(strlen(last.reason), FACT_TEXT_SIZE - 1);
    facts_state_fault(facts, FAULT_STORE, NULL, NULL);
    facts_tell(facts);
    ck_assert(!last.broken && last.code == FAULT_STORE);
    ck_assert_str_eq(last.subject, "");
}
END_TEST

static uint64_t counted;

static void on_counted(void *self, const struct fact *fact)
{
    (void)self;
    ck_assert_uint_eq(fact->u.heard.seq, ++counted);
}

START_TEST(many_facts_of_one_turn_are_all_told)
{
    counted = 0;
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_counted, NULL);
    for (uint64_t seq = 1; seq <= 5000; seq++)
        publish(seq);
    facts_tell(facts);
    ck_assert_uint_eq(counted, 5000);
}
END_TEST

static void on_echo(void *self, const struct fact *fact)
{
    (void)self;
    facts_publish(facts, fact);
}

START_TEST(two_parts_that_answer_each_other_for_ever_end_the_process)
{
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_echo, NULL);
    publish(1);
    facts_tell(facts);
}
END_TEST

START_TEST(nothing_is_told_after_the_close)
{
    facts_subscribe(facts, ALL, on_a, "a");
    publish(1);
    facts_close(facts);
    publish(2);
    facts_tell(facts);
    ck_assert_uint_eq(told_count, 0);
}
END_TEST

static void on_close_in_the_middle(void *self, const struct fact *fact)
{
    note(*(char *)self, fact);
    facts_close(facts);
}

START_TEST(a_handler_may_close)
{
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_close_in_the_middle, "a");
    facts_subscribe(facts, ALL, on_a, "b");
    publish(1);
    publish(2);
    facts_tell(facts);
    ck_assert_uint_eq(told_count, 1);
}
END_TEST

/* With a loop that would sleep for an hour if a fact were left unsaid: the fact ends it. */
static uv_timer_t sleeper, publisher;
static uv_async_t async;

static void on_end_of_sleep(void *self, const struct fact *fact)
{
    (void)self;
    note('e', fact);
    uv_close((uv_handle_t *)&sleeper, NULL);
}

static void on_timer_publish(uv_timer_t *timer)
{
    (void)timer;
    publish(1);
}

static void on_async_publish(uv_async_t *handle)
{
    uv_close((uv_handle_t *)handle, NULL);
    publish(1);
}

static void on_closed_publish(uv_handle_t *handle)
{
    (void)handle;
    publish(1);
}

static void on_timer_close(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, on_closed_publish);
}

static void never(uv_timer_t *timer)
{
    (void)timer;
}

START_TEST(nothing_is_left_unsaid_while_the_loop_sleeps)
{
    struct err e;
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct facts *plain = facts;
    ck_assert_int_eq(facts_create(&loop, &facts, &e), 0);
    facts_subscribe(facts, FACT_BIT(FACT_HEARD), on_end_of_sleep, NULL);
    uv_timer_init(&loop, &sleeper);
    uv_timer_start(&sleeper, never, 3600000, 0);
    if (_i < 2) {
        uv_timer_init(&loop, &publisher);
        uv_timer_start(&publisher, _i == 0 ? on_timer_publish : on_timer_close, 0, 0);
    } else {
        uv_async_init(&loop, &async, on_async_publish);
        uv_async_send(&async);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(told_count, 1);
    facts_close(facts);
    if (_i == 0)
        uv_close((uv_handle_t *)&publisher, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    facts_free(facts);
    facts = plain;
}
END_TEST

START_TEST(every_fault_has_a_word_of_its_own_and_says_what_to_do)
{
    for (int i = 0; i < FAULT_CODES; i++) {
        const struct fault_kind *kind = fault_kind((enum fault_code)i);
        ck_assert_uint_gt(strlen(kind->word), 0);
        ck_assert_uint_lt(strlen(kind->word), 32);
        ck_assert_uint_gt(strlen(kind->action_en), 20);
        ck_assert_uint_gt(strlen(kind->action_zh), 20);
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(kind->word, fault_kind((enum fault_code)k)->word);
        ck_assert_ptr_eq(fault_kind_of(kind->word), kind);
    }
    ck_assert_ptr_null(fault_kind_of("no such fault"));
    ck_assert_ptr_null(fault_kind_of(NULL));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("facts");
    TCase *tc = tcase_create("queue");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, facts_are_told_in_order_to_all_who_asked_for_their_kind);
    tcase_add_test(tc, values_are_copied);
    tcase_add_test(tc, a_fact_keeps_its_time_and_gets_one_if_it_has_none);
    tcase_add_test(tc, no_handler_runs_inside_another);
    tcase_add_test(tc, what_is_put_off_is_done_once_a_turn_and_last_comes_last);
    tcase_add_test(tc, who_puts_something_off_without_a_fact_wakes_the_turns_end);
    tcase_add_test(tc, a_stated_fault_is_whole_and_bounded);
    tcase_add_test(tc, many_facts_of_one_turn_are_all_told);
    tcase_add_test_raise_signal(tc, two_parts_that_answer_each_other_for_ever_end_the_process,
                                SIGABRT);
    tcase_add_test(tc, nothing_is_told_after_the_close);
    tcase_add_test(tc, a_handler_may_close);
    tcase_add_loop_test(tc, nothing_is_left_unsaid_while_the_loop_sleeps, 0, 3);
    tcase_add_test(tc, every_fault_has_a_word_of_its_own_and_says_what_to_do);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
