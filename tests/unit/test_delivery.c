/* SPDX-License-Identifier: Apache-2.0 */
/* The receivers: what they are sent, what they say, and what is told of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "delivery_world.h"

START_TEST(a_link_is_proven_by_a_receipt_and_lost_when_none_comes)
{
    ck_assert_uint_eq(delivery_proven(delivery), 0);
    beat();
    ck_assert_uint_eq(delivery_proven(delivery), 3);
    ck_assert(last(FACT_LINK)->u.link.proven);
    ck_assert(delivery_idle(delivery));
    size_t before = attempt_count;
    on_network(on_network_arg); /* has changed: whoever is proven is proven anew */
    beat();
    ck_assert_uint_eq(attempt_count, before + 2);
    virtual_advance(facts, 59000);
    ck_assert_uint_eq(delivery_proven(delivery), 3);
    virtual_advance(facts, 2000);
    ck_assert_uint_eq(delivery_proven(delivery), 0);
    ck_assert(!last(FACT_LINK)->u.link.proven);
    ck_assert_int_eq(last(FACT_FAULT_STATED)->u.fault.code, FAULT_RECEIVER);
    ck_assert(last(FACT_FAULT_STATED)->u.fault.broken);
    ck_assert(!delivery_idle(delivery));
}
END_TEST

START_TEST(who_is_not_proven_is_tried_at_once_when_what_kept_it_is_mended)
{
    offer(1);
    for (int i = 0; i < 6; i++) {
        virtual_advance(facts, 60000);
        if (under_way(0, 1))
            finish(0, 1, UPLINK_OUTCOME_RETRY);
    }
    ck_assert_ptr_null(under_way(0, 1)); /* it waits its time */
    delivery_try_now(delivery);
    ck_assert_ptr_nonnull(under_way(0, 1));
    delivery_close(delivery);
    delivery_try_now(delivery);
}
END_TEST

START_TEST(a_refusal_takes_the_proof_away_at_once_and_says_why)
{
    beat();
    offer(1);
    finish(0, 1, UPLINK_OUTCOME_REFUSED);
    facts_tell(facts);
    ck_assert_uint_eq(delivery_proven(delivery), 2);
    ck_assert_str_eq(last(FACT_FAULT_STATED)->u.fault.subject, "police");
    ck_assert_str_eq(last(FACT_FAULT_STATED)->u.fault.reason, "as the test says");
    ck_assert_str_eq(last(FACT_ATTEMPT_FAILED)->u.failed.reason, "as the test says");
    ck_assert_uint_eq(last(FACT_ATTEMPT_FAILED)->u.failed.seq, 1);
}
END_TEST

/* The last that was stated of the first receiver. */
static const struct fact_fault *police(void)
{
    const struct fact_fault *stated = NULL;
    for (size_t i = 0; i < told_count; i++) {
        if (told[i].kind == FACT_FAULT_STATED && strcmp(told[i].u.fault.subject, "police") == 0)
            stated = &told[i].u.fault;
    }
    return stated;
}

/* A day of it was 2,880 events: refused, a heartbeat is taken, refused … */
START_TEST(what_a_receiver_refuses_is_one_fault_until_it_takes_it_and_is_tried_each_minute)
{
    beat();
    offer(1);
    for (int minute = 0; minute < 5; minute++) {
        finish(0, 1, UPLINK_OUTCOME_REFUSED);
        if (minute == 0)
            finish(1, 1, UPLINK_OUTCOME_STORED);
        for (int second = 0; second < 60; second += 10) {
            told_count = 0;
            virtual_advance(facts, 10000);
            beat();
            delivery_tick(delivery);
            facts_tell(facts);
            ck_assert(!police() || police()->broken);
        }
        ck_assert_uint_eq(delivery_proven(delivery), 3);
    }
    finish(0, 1, UPLINK_OUTCOME_STORED);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert(!police()->broken);
    size_t stated = count(FACT_FAULT_STATED);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), stated);
}
END_TEST

START_TEST(a_receiver_that_takes_heartbeats_and_no_event_says_what_it_refuses)
{
    beat();
    offer(1);
    offer(2);
    finish(0, 1, UPLINK_OUTCOME_REFUSED);
    finish(0, 2, UPLINK_OUTCOME_REFUSED);
    virtual_advance(facts, 21000);
    beat();
    ck_assert_uint_eq(delivery_proven(delivery), 3);
    ck_assert_str_eq(police()->reason, "refuses 2 events, tried again and again: as the test says");
    virtual_advance(facts, 40000);
    finish(0, 1, UPLINK_OUTCOME_STORED);
    virtual_advance(facts, 1000);
    finish(0, 2, UPLINK_OUTCOME_REFUSED);
    virtual_advance(facts, 21000);
    beat();
    ck_assert_str_eq(police()->reason, "refuses 1 event, tried again and again: as the test says");
}
END_TEST

/* Alarms are answered 503, or not at all, while heartbeats are receipted. */
START_TEST(a_receiver_that_takes_heartbeats_and_lets_an_event_wait_is_a_fault)
{
    beat();
    offer(1);
    finish(1, 1, UPLINK_OUTCOME_STORED);
    virtual_advance(facts, 9999); /* and one passed with the offer */
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert(!police() || !police()->broken);
    virtual_advance(facts, 1);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(delivery_proven(delivery), 3);
    ck_assert(police()->broken);
    ck_assert_str_eq(police()->reason,
                     "takes heartbeats, but events wait, 1, the first for more than 10 s");
    size_t stated = count(FACT_FAULT_STATED);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), stated); /* once */
    offer(2);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_str_eq(police()->reason, /* as it is now */
                     "takes heartbeats, but events wait, 2, the first for more than 10 s");
    finish(0, 2, UPLINK_OUTCOME_STORED);
    finish(0, 1, UPLINK_OUTCOME_STORED);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert(!police()->broken);
}
END_TEST

START_TEST(a_receiver_that_is_not_proven_in_time_is_a_fault)
{
    virtual_advance(facts, 14000);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 0);
    virtual_advance(facts, 1000);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 4); /* and that it is not their settings */
    ck_assert_str_eq(last(FACT_FAULT_STATED)->u.fault.reason, "no receipt yet");
}
END_TEST

/* A record of which the effect is not known after a kill would be a lie; the contrary is not. */
START_TEST(a_delivery_is_recorded_after_what_follows_from_it)
{
    offer(1);
    finish(0, 1, UPLINK_OUTCOME_STORED);
    ck_assert_uint_eq(fake_outbox_count(FAKE_DELIVERY), 0);
    facts_tell(facts);
    ck_assert_uint_eq(fake_outbox_count(FAKE_DELIVERY), 1);
    const struct fake_call *row = fake_outbox_last(FAKE_ROW),
                           *record = fake_outbox_last(FAKE_DELIVERY);
    ck_assert(row < record);
    ck_assert_uint_eq(record->seq, 1);
    ck_assert_uint_eq(record->receiver, 0);
    ck_assert_uint_eq(record->attempts, 1);
    ck_assert_str_eq(record->receipt, "{}");
    ck_assert_str_eq(record->request, "POST /");
    const struct fact_delivered *fact = &last(FACT_DELIVERED)->u.delivered;
    ck_assert(fact->confirmed && fact->seq == 1 && fact->receiver == 0);
    ck_assert_int_eq(fact->class, EVENT_CLASS_PRESS);
    ck_assert_str_eq(fact->alarm, "01980000-0000-7000-8000-000000000001");
    /* One that cannot sign is told as such. */
    finish(1, 1, UPLINK_OUTCOME_UNCONFIRMED);
    facts_tell(facts);
    ck_assert(!last(FACT_DELIVERED)->u.delivered.confirmed);
    ck_assert_int_eq(fake_outbox_last(FAKE_DELIVERY)->outcome, UPLINK_OUTCOME_UNCONFIRMED);
}
END_TEST

START_TEST(a_delivery_in_the_turn_of_the_stop_is_made_again)
{
    offer(1);
    finish(0, 1, UPLINK_OUTCOME_STORED);
    facts_close(facts);
    delivery_close(delivery);
    ck_assert_uint_eq(fake_outbox_count(FAKE_DELIVERY), 0);
}
END_TEST

static void tick(void)
{
    delivery_tick(delivery);
    facts_tell(facts);
}

/* After a restart a receiver is owed three. */
static void begin_owing_to(size_t receiver)
{
    static struct outbox_pending pending[3];
    set_up();
    for (size_t i = 0; i < 3; i++)
        pending[i] = (struct outbox_pending){
            .seq = i + 1, .receiver = receiver, .class = EVENT_CLASS_FOLLOWUP};
    found = (struct outbox_found){.pending_count = 3, .pending = pending};
    open_delivery();
    virtual_advance(facts, 1);
    beat();
    tick();
}

static void begin_owing(void)
{
    begin_owing_to(0);
}

/* The bytes of the one that is loaded. */
static void load(uint64_t seq)
{
    size_t i = fake_outbox.count;
    while (i-- > 0 && fake_outbox.calls[i].kind != FAKE_LOAD)
        ;
    struct fake_call *call = &fake_outbox.calls[i];
    ck_assert_uint_eq(call->seq, seq);
    call->event = calloc(1, sizeof *call->event + 1);
    call->event->references = 1;
    call->event->seq = seq;
    call->event->class = EVENT_CLASS_FOLLOWUP;
    call->answered = true;
    call->loaded(call->arg, call->event);
    facts_tell(facts);
}

static void pass(int64_t ms)
{
    virtual_advance(facts, ms - 100); /* and these of a heartbeat */
    beat();
    tick();
}

START_TEST(what_our_own_disk_does_not_give_is_no_fault_of_the_receiver)
{
    pass(1800);
    ck_assert(!delivery_waits_for_store(delivery));
    pass(200);
    ck_assert(delivery_waits_for_store(delivery));
    pass(9000);
    pass(9000);
    ck_assert_uint_eq(delivery_proven(delivery), 3);
    ck_assert(!police() || !police()->broken);
    load(1);
    ck_assert(!delivery_waits_for_store(delivery));
    /* What stood behind it has waited for the disk as well. */
    pass(9000);
    ck_assert(!police() || !police()->broken);
    /* But this is with the receiver. */
    pass(1100);
    ck_assert(police()->broken);
    finish(0, 1, UPLINK_OUTCOME_STORED);
    load(2);
    finish(0, 2, UPLINK_OUTCOME_STORED);
    load(3);
    finish(0, 3, UPLINK_OUTCOME_STORED);
    tick();
    ck_assert(!police()->broken);
}
END_TEST

START_TEST(the_disk_may_be_waited_for_by_any_receiver)
{
    tear_down();
    begin_owing_to(1);
    ck_assert(!delivery_waits_for_store(delivery));
    pass(2000);
    ck_assert(delivery_waits_for_store(delivery));
    load(1);
    ck_assert(!delivery_waits_for_store(delivery));
}
END_TEST

START_TEST(what_it_does_not_take_is_its_fault_whatever_the_disk_does)
{
    if (_i == 1)
        pass(3000);
    offer(4); /* a press, by another lane */
    pass(9000);
    ck_assert(!police() || !police()->broken);
    pass(2000);
    ck_assert(delivery_waits_for_store(delivery));
    ck_assert(police()->broken);
    pass(1000);
    ck_assert(police()->broken);
    finish(0, 4, UPLINK_OUTCOME_STORED);
    tick();
    ck_assert(!police()->broken);
    load(1);
    tick();
    ck_assert(!police()->broken);
}
END_TEST

/* The one that the disk was waited for in the end came before: it changes nothing of the other. */
START_TEST(that_the_disk_answers_excuses_no_receiver_that_has_let_others_wait)
{
    load(1);
    offer(4);
    pass(1000);
    finish(0, 1, UPLINK_OUTCOME_STORED);
    pass(9500);
    ck_assert(delivery_waits_for_store(delivery));
    ck_assert(police()->broken);
    load(2);
    tick();
    ck_assert(police()->broken);
}
END_TEST

START_TEST(what_failed_is_read_from_the_store_again_if_it_was_pending_before)
{
    facts_close(facts);
    delivery_close(delivery);
    uv_run(&loop, UV_RUN_DEFAULT);
    delivery_free(delivery);
    facts_free(facts);
    struct outbox_pending pending = {.seq = 7, .receiver = 1, .attempts = 4};
    found = (struct outbox_found){.pending_count = 1, .pending = &pending};
    struct err e;
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
    open_delivery();
    virtual_advance(facts, 1);
    const struct fake_call *load = fake_outbox_last(FAKE_LOAD);
    ck_assert_ptr_nonnull(load);
    ck_assert_uint_eq(load->seq, 7);
    ck_assert(!delivery_idle(delivery));
    if (_i == 0) { /* the store has it no more */
        fake_outbox_answer();
        ck_assert_uint_eq(fake_outbox_last(FAKE_GONE)->seq, 7);
    }
    /* It comes when everything is closed already: nobody is there to be told. */
    facts_close(facts);
    delivery_close(delivery);
    fake_outbox_answer();
    ck_assert_uint_eq(fake_outbox_count(FAKE_GONE), _i == 0);
}
END_TEST

static void answer(int64_t answer_seq)
{
    struct uplink_answer given = {.answer_seq = answer_seq,
                                  .state = UPLINK_ANSWER_SEEN,
                                  .alarm = "01980000-0000-7000-8000-000000000001"};
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED,
                                   .finished_ns = virtual_ns(),
                                   .answers = &given,
                                   .answer_count = 1};
    virtual_advance(facts, 20000);
    struct attempt *a = under_way(0, 0);
    ck_assert_ptr_nonnull(a);
    end_attempt(a, &result);
    facts_tell(facts);
}

static int64_t confirmed_seq(void)
{
    json_t *status = delivery_status(delivery);
    int64_t seq = json_integer_value(json_object_get(json_array_get(status, 0), "answer_seq"));
    json_decref(status);
    return seq;
}

/* Who gives them faster than they are taken down gets no endless queue. */
START_TEST(more_answers_than_a_receipt_may_bring_are_taken_when_earlier_ones_are_on_the_disk)
{
    for (int64_t seq = 1; seq <= LIMIT_RECEIPT_ANSWERS + 2; seq++)
        answer(seq);
    ck_assert_uint_eq(count(FACT_ANSWER), LIMIT_RECEIPT_ANSWERS);
    delivery_answer_stored(delivery, 0, 1);
    ck_assert_int_eq(confirmed_seq(), 1);
    answer(LIMIT_RECEIPT_ANSWERS + 1);
    ck_assert_uint_eq(count(FACT_ANSWER), LIMIT_RECEIPT_ANSWERS + 1);
    answer(LIMIT_RECEIPT_ANSWERS + 2);
    ck_assert_uint_eq(count(FACT_ANSWER), LIMIT_RECEIPT_ANSWERS + 1);
}
END_TEST

START_TEST(how_far_a_receiver_has_the_events_is_a_fact_with_its_name)
{
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED,
                                   .finished_ns = virtual_ns(),
                                   .newest_seq = 41,
                                   .is_fork = true};
    virtual_advance(facts, 20000);
    end_attempt(under_way(1, 0), &result);
    facts_tell(facts);
    const struct fact_numbers *numbers = &last(FACT_NUMBERS)->u.numbers;
    ck_assert_uint_eq(numbers->receiver, 1);
    ck_assert_str_eq(numbers->name, "school");
    ck_assert_uint_eq(numbers->newest_seq, 41);
    ck_assert_uint_eq(numbers->forked_seq, 0); /* of a heartbeat */
}
END_TEST

START_TEST(an_answer_is_told_once_and_confirmed_when_it_is_on_the_disk)
{
    answer(3);
    ck_assert_uint_eq(count(FACT_ANSWER), 1);
    ck_assert_int_eq(last(FACT_ANSWER)->u.answer.answer.answer_seq, 3);
    ck_assert_int_eq(confirmed_seq(), 0);
    answer(3);
    answer(2);
    ck_assert_uint_eq(count(FACT_ANSWER), 1);
    delivery_answer_stored(delivery, 0, 3);
    ck_assert_int_eq(confirmed_seq(), 3);
    delivery_answer_stored(delivery, 0, 2);
    ck_assert_int_eq(confirmed_seq(), 3);
    answer(4);
    ck_assert_uint_eq(count(FACT_ANSWER), 2);
}
END_TEST

START_TEST(a_receiver_whose_uplink_cannot_be_opened_is_a_fault_and_stops_nobody)
{
    tear_down();
    set_up();
    refuse_open = "police";
    open_delivery();
    facts_tell(facts);
    ck_assert_str_eq(last(FACT_FAULT_STATED)->u.fault.subject, "police");
    ck_assert_str_eq(last(FACT_FAULT_STATED)->u.fault.reason, "no certificate");
    offer(1);
    ck_assert_uint_eq(uplink_count, 1);
    finish(0, 1, UPLINK_OUTCOME_STORED); /* the school's: it is the only one that was opened */
    virtual_advance(facts, 10);
    ck_assert_uint_gt(count(FACT_ATTEMPT_FAILED), 0);
    refuse_open = NULL;
    virtual_advance(facts, 29000);
    delivery_tick(delivery);
    ck_assert_uint_eq(uplink_count, 1);
    virtual_advance(facts, 2000);
    delivery_tick(delivery);
    end_looks();
    ck_assert_uint_eq(uplink_count, 2);
    virtual_advance(facts, 60000);
    ck_assert_ptr_nonnull(under_way(1, 1));
}
END_TEST

START_TEST(who_is_asked_goes_by_groups_of_responders)
{
    ck_assert_uint_eq(delivery_responders(delivery), 3);
    ck_assert_uint_eq(delivery_asked(delivery, 1), 1);
    ck_assert_uint_eq(delivery_asked(delivery, 2), 3);
    ck_assert_uint_eq(delivery_groups(delivery), 2);
    ck_assert_uint_eq(delivery_takes_clips(delivery), 1);
}
END_TEST

START_TEST(what_a_protocol_cannot_carry_waits_for_nobody)
{
    tear_down();
    set_up();
    receivers[1].driver.type = &uplink_small.type;
    receivers[1].clips = true;
    open_delivery();
    ck_assert_uint_eq(delivery_takes(delivery, EVENT_CLASS_PRESS), 3);
    ck_assert_uint_eq(delivery_takes(delivery, EVENT_CLASS_FOLLOWUP), 1);
    ck_assert_uint_eq(delivery_takes_clips(delivery), 1);
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES(EVENT_CLASS_PRESS));
    ck_assert_uint_eq(fake_outbox.takes[0], UPLINK_TAKES_ALL);
    struct uplink_file file = {.manifest = "m", .path = "p", .filename = "f"};
    ck_assert(delivery_upload(delivery, 0, 5, &file));
    ck_assert(!delivery_upload(delivery, 1, 5, &file));
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_NO_CLIPS), 1);
    ck_assert_uint_eq(last(FACT_NO_CLIPS)->u.no_clips, 1);
}
END_TEST

START_TEST(a_platforms_command_is_told_and_its_reply_goes_back)
{
    struct uplink_command command = {.kind = UPLINK_COMMAND_QUERY};
    struct uplink_host *host = &uplinks[1].host;
    host->on_command(host->arg, &command, 9);
    facts_tell(facts);
    const struct fact_command *fact = &last(FACT_COMMAND)->u.command;
    ck_assert_uint_eq(fact->receiver, 1);
    delivery_reply(delivery, fact->ticket, &(struct uplink_reply){.done = true, .open_alarms = 2});
    ck_assert_uint_eq(uplinks[1].ticket, 9);
    ck_assert_uint_eq(uplinks[1].reply.open_alarms, 2);
}
END_TEST

START_TEST(a_clip_is_uploaded_and_told)
{
    struct uplink_file file = {.manifest = "m", .path = "/nowhere", .filename = "c.mp4"};
    beat();
    delivery_upload(delivery, 0, 5, &file);
    virtual_advance(facts, 10);
    struct attempt *a = NULL;
    for (size_t i = 0; i < attempt_count; i++)
        a = attempts[i].upload ? &attempts[i] : a;
    ck_assert_ptr_nonnull(a);
    end_attempt(a, &(struct uplink_result){
                       .outcome = UPLINK_OUTCOME_RETRY, .reason = "cut", .no_file = true});
    facts_tell(facts);
    ck_assert_str_eq(last(FACT_UPLOAD_FAILED)->u.failed.reason, "cut");
    ck_assert(last(FACT_UPLOAD_FAILED)->u.failed.no_file);
    ck_assert_uint_eq(fake_outbox_count(FAKE_UPLOAD), 0);
    virtual_advance(facts, 120000);
    for (size_t i = 0; i < attempt_count; i++)
        a = attempts[i].upload && !attempts[i].ended ? &attempts[i] : a;
    ck_assert(!a->ended);
    end_attempt(a, &(struct uplink_result){.outcome = UPLINK_OUTCOME_STORED});
    facts_tell(facts);
    ck_assert_uint_eq(last(FACT_UPLOADED)->u.uploaded.seq, 5);
    ck_assert(last(FACT_UPLOADED)->u.uploaded.confirmed);
    ck_assert_uint_eq(fake_outbox_last(FAKE_UPLOAD)->seq, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("delivery");
    TCase *tc = tcase_create("receivers");
    tcase_add_checked_fixture(tc, begin, tear_down);
    tcase_add_test(tc, a_link_is_proven_by_a_receipt_and_lost_when_none_comes);
    tcase_add_test(tc, who_is_not_proven_is_tried_at_once_when_what_kept_it_is_mended);
    tcase_add_test(tc, a_refusal_takes_the_proof_away_at_once_and_says_why);
    tcase_add_test(tc,
                   what_a_receiver_refuses_is_one_fault_until_it_takes_it_and_is_tried_each_minute);
    tcase_add_test(tc, a_receiver_that_takes_heartbeats_and_no_event_says_what_it_refuses);
    tcase_add_test(tc, a_receiver_that_takes_heartbeats_and_lets_an_event_wait_is_a_fault);
    tcase_add_test(tc, a_receiver_that_is_not_proven_in_time_is_a_fault);
    tcase_add_test(tc, a_delivery_is_recorded_after_what_follows_from_it);
    tcase_add_test(tc, a_delivery_in_the_turn_of_the_stop_is_made_again);
    tcase_add_loop_test(tc, what_failed_is_read_from_the_store_again_if_it_was_pending_before, 0,
                        2);
    tcase_add_test(tc, an_answer_is_told_once_and_confirmed_when_it_is_on_the_disk);
    tcase_add_test(tc, how_far_a_receiver_has_the_events_is_a_fact_with_its_name);
    tcase_add_test(
        tc, more_answers_than_a_receipt_may_bring_are_taken_when_earlier_ones_are_on_the_disk);
    tcase_add_test(tc, a_receiver_whose_uplink_cannot_be_opened_is_a_fault_and_stops_nobody);
    tcase_add_test(tc, who_is_asked_goes_by_groups_of_responders);
    tcase_add_test(tc, what_a_protocol_cannot_carry_waits_for_nobody);
    tcase_add_test(tc, a_platforms_command_is_told_and_its_reply_goes_back);
    tcase_add_test(tc, a_clip_is_uploaded_and_told);
    suite_add_tcase(suite, tc);
    tc = tcase_create("owing");
    tcase_add_checked_fixture(tc, begin_owing, tear_down);
    tcase_add_test(tc, what_our_own_disk_does_not_give_is_no_fault_of_the_receiver);
    tcase_add_test(tc, the_disk_may_be_waited_for_by_any_receiver);
    tcase_add_loop_test(tc, what_it_does_not_take_is_its_fault_whatever_the_disk_does, 0, 2);
    tcase_add_test(tc, that_the_disk_answers_excuses_no_receiver_that_has_let_others_wait);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
