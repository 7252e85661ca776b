/* SPDX-License-Identifier: Apache-2.0 */
/* What receivers have of this gateway's numbers, and nobody here knows of. */
#include <stdio.h>
#include <string.h>

#include "events_world.h"
#include "fake_outbox.h"
#include "run_suite.h"
#include "virtual_time.h"

static void say_numbers(size_t receiver, const char *name, uint64_t newest_seq)
{
    struct fact fact = {.kind = FACT_NUMBERS,
                        .u.numbers = {.receiver = receiver, .newest_seq = newest_seq}};
    snprintf(fact.u.numbers.name, sizeof fact.u.numbers.name, "%s", name);
    facts_publish(facts, &fact);
    facts_tell(facts);
}

START_TEST(what_a_receiver_has_and_nobody_here_knows_of_is_damage_and_no_number_twice)
{
    ck_assert_uint_eq(emit(EVENT_CLASS_PRESS, NULL), 1);
    say_numbers(1, "education", 1); /* as it should be */
    ck_assert_uint_eq(count(FACT_FAULT), 0);
    fake_outbox.above_seq = 9000;
    say_numbers(1, "education", 2);
    ck_assert_uint_eq(fake_outbox.above_asked, 2);
    ck_assert_int_eq(last(FACT_FAULT)->u.fault.code, FAULT_STORE_DAMAGED);
    const char *reason = last(FACT_FAULT)->u.fault.reason;
    ck_assert_ptr_nonnull(strstr(reason, "education has event 2 of this gateway, and the newest"
                                         " that is known here is 1:"));
    ck_assert_ptr_nonnull(strstr(reason, "from 9001"));
    uint64_t seq = emit(EVENT_CLASS_PRESS, NULL);
    ck_assert_uint_gt(seq, 9000);
    say_numbers(1, "education", seq);
    ck_assert_uint_eq(emit(EVENT_CLASS_PRESS, NULL), seq + 1);
}
END_TEST

/* Or a false one could use all numbers up. */
START_TEST(each_receiver_is_believed_once)
{
    fake_outbox.above_seq = 9000;
    say_numbers(0, "police", 5000);
    fake_outbox.above_seq = 20000;
    say_numbers(0, "police", 15000);
    ck_assert_uint_eq(fake_outbox.above_asked, 5000);
    ck_assert_uint_lt(emit(EVENT_CLASS_PRESS, NULL), 9010);
    say_numbers(1, "education", 15000);
    ck_assert_uint_gt(emit(EVENT_CLASS_PRESS, NULL), 20000);
    fake_outbox.above_seq = 0; /* a number that it can never have given */
    say_numbers(2, "third", EVENT_SEQ_MAX);
    ck_assert_uint_lt(emit(EVENT_CLASS_PRESS, NULL), 20010);
    facts_tell(facts);
    const char *reason = last(FACT_FAULT_STATED)->u.fault.reason;
    ck_assert_ptr_nonnull(strstr(reason, "third"));
    ck_assert_ptr_nonnull(strstr(reason, "not believed"));
}
END_TEST

/* What was given in an outage is more than the receiver has: its own numbers say nothing then. */
START_TEST(that_a_number_was_given_twice_is_damage_and_told_once_a_receiver)
{
    struct fact fact = {
        .kind = FACT_NUMBERS,
        .u.numbers = {.receiver = 1, .name = "education", .newest_seq = 1, .forked_seq = 1}};
    emit(EVENT_CLASS_PRESS, NULL);
    facts_publish(facts, &fact);
    facts_publish(facts, &fact);
    facts_tell(facts);
    ck_assert_ptr_nonnull(strstr(last(FACT_FAULT)->u.fault.reason,
                                 "education has another event than this one under the number 1"));
    ck_assert_uint_eq(count(FACT_FAULT), 1);
    json_t *status = events_status(events);
    ck_assert_uint_eq(json_array_size(json_object_get(status, "damage")), 1);
    json_decref(status);
    ck_assert_uint_lt(emit(EVENT_CLASS_PRESS, NULL), 10); /* they go on as they are */
    fact.u.numbers.receiver = 0;
    fact.u.numbers.forked_seq = 0;
    facts_publish(facts, &fact);
    facts_tell(facts);
    ck_assert_ptr_nonnull(strstr(last(FACT_FAULT_STATED)->u.fault.reason, "education"));
}
END_TEST

/* Or one that lies would hide what another one says. */
START_TEST(what_was_not_believed_hides_nothing)
{
    emit(EVENT_CLASS_PRESS, NULL);
    say_numbers(0, "police", EVENT_SEQ_MAX);
    ck_assert_uint_eq(fake_outbox.above_asked, EVENT_SEQ_MAX);
    fake_outbox.above_seq = 9000;
    say_numbers(1, "education", 500);
    ck_assert_uint_eq(fake_outbox.above_asked, 500);
    ck_assert_uint_gt(emit(EVENT_CLASS_PRESS, NULL), 9000);
}
END_TEST

static void begin_without_numbers(void)
{
    begin_again();
    fake_outbox.far_seq = 500;
    fake_outbox.unknown = "the disk has not answered yet";
    open_events();
    fake_outbox.above_seq = 9000;
}

START_TEST(what_was_said_before_numbers_were_known_counts_for_the_first)
{
    begin_without_numbers();
    say_numbers(0, "police", 600);
    say_numbers(1, "education", 41); /* less */
    ck_assert_uint_eq(fake_outbox.above_asked, 0);
    ck_assert_uint_gt(emit(EVENT_CLASS_PRESS, NULL), 9000);
    ck_assert_uint_eq(fake_outbox.above_asked, 600);
}
END_TEST

START_TEST(what_was_said_before_numbers_were_known_is_told_though_nobody_presses)
{
    begin_without_numbers();
    say_numbers(0, "police", 600);
    events_tick(events);
    ck_assert_uint_eq(fake_outbox.above_asked, 0); /* a disk that is only slow has its time */
    virtual_advance(facts, 2000);
    events_tick(events);
    ck_assert_uint_eq(fake_outbox.above_asked, 600);
    facts_tell(facts);
    ck_assert_int_eq(last(FACT_FAULT)->u.fault.code, FAULT_STORE_DAMAGED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("events_numbers");
    TCase *tc = tcase_create("numbers");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, what_a_receiver_has_and_nobody_here_knows_of_is_damage_and_no_number_twice);
    tcase_add_test(tc, each_receiver_is_believed_once);
    tcase_add_test(tc, what_was_not_believed_hides_nothing);
    tcase_add_test(tc, that_a_number_was_given_twice_is_damage_and_told_once_a_receiver);
    tcase_add_test(tc, what_was_said_before_numbers_were_known_counts_for_the_first);
    tcase_add_test(tc, what_was_said_before_numbers_were_known_is_told_though_nobody_presses);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
