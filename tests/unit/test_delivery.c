/* SPDX-License-Identifier: Apache-2.0 */
/* The receivers: over dispatch as it is, with uplinks that the test answers for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/delivery.h"
#include "delivery_uplinks.h"
#include "fake_outbox.h"
#include "loop/network.h"
#include "run_suite.h"
#include "virtual_time.h"

/* No test looks at this machine's network. */
static network_handler on_network;
static void *on_network_arg;

int network_open(uv_loop_t *loop, network_handler on_changed, void *arg,
                 struct network **ret_network, struct err *e)
{
    (void)loop;
    (void)e;
    on_network = on_changed;
    on_network_arg = arg;
    *ret_network = NULL;
    return 0;
}

void network_close(struct network *network)
{
    (void)network;
}

static uv_loop_t loop;
static struct facts *facts;
static struct config_receivers config;
static struct config_receiver receivers[2], changed[2];
static struct delivery *delivery;
static struct fact told[1000];
static size_t told_count;
static struct outbox_found found;

static void on_fact(void *self, const struct fact *fact)
{
    (void)self;
    ck_assert_uint_lt(told_count, sizeof told / sizeof *told);
    told[told_count++] = *fact;
    /* As an incident that is further now: its row follows from the delivery. */
    if (fact->kind == FACT_SETTLED)
        outbox_save_row((struct outbox *)&fake_outbox, &(struct outbox_row){"incidents", "{}"});
}

static const struct fact *last(enum fact_kind kind)
{
    for (size_t i = told_count; i-- > 0;) {
        if (told[i].kind == kind)
            return &told[i];
    }
    return NULL;
}

static size_t count(enum fact_kind kind)
{
    size_t found_count = 0;
    for (size_t i = 0; i < told_count; i++)
        found_count += told[i].kind == kind;
    return found_count;
}

static struct event *on_heartbeat(void *arg, json_t *data)
{
    (void)arg;
    struct event *event = calloc(1, sizeof *event + 1);
    event->references = 1;
    event->class = EVENT_CLASS_HEARTBEAT;
    event->wall_ms = json_integer_value(json_object_get(data, "answer_seq"));
    json_decref(data);
    return event;
}

static void open_delivery(void)
{
    struct err e;
    struct delivery_options options = {.loop = &loop,
                                       .facts = facts,
                                       .receivers = &config,
                                       .outbox = (struct outbox *)&fake_outbox,
                                       .heartbeat = on_heartbeat};
    ck_assert_int_eq(delivery_open(&options, &found, &delivery, &e), 0);
    facts_subscribe(facts, UINT32_MAX, on_fact, NULL);
}

static void set_up(void)
{
    struct err e;
    virtual_begin();
    fake_outbox_begin();
    uv_loop_init(&loop);
    attempt_count = uplink_count = told_count = 0;
    refuse_open = NULL;
    found = (struct outbox_found){0};
    receivers[0] = (struct config_receiver){.id = "police",
                                            .name = "Police",
                                            .heartbeat_ms = 20000,
                                            .alarm_heartbeat_ms = 2000,
                                            .clips = true,
                                            .group = 1,
                                            .responder = true,
                                            .driver.type = &uplink_fake.type};
    receivers[1] = receivers[0];
    receivers[1].id = "school";
    receivers[1].group = 2;
    receivers[1].clips = false;
    config = (struct config_receivers){.count = 2, .items = receivers};
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
}

static void begin(void)
{
    set_up();
    open_delivery();
}

static void tear_down(void)
{
    facts_close(facts);
    delivery_close(delivery);
    fake_outbox_answer();
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    delivery_free(delivery);
    facts_free(facts);
    fake_outbox_end();
}

static void finish(size_t uplink, uint64_t seq, enum uplink_outcome outcome)
{
    struct attempt *a = under_way(uplink, seq);
    ck_assert_ptr_nonnull(a);
    struct uplink_result result = {.outcome = outcome,
                                   .reason = "as the test says",
                                   .finished_ns = virtual_ns(),
                                   .request_headers = "POST /",
                                   .receipt = "{}",
                                   .receipt_length = 2};
    end_attempt(a, &result);
}

/* Every heartbeat that is under way is receipted. */
static void beat(void)
{
    virtual_advance(facts, 100);
    for (size_t i = 0; i < uplink_count; i++) {
        if (under_way(i, 0))
            finish(i, 0, UPLINK_OUTCOME_STORED);
    }
    facts_tell(facts);
}

static void offer(uint64_t seq)
{
    struct event *event = calloc(1, sizeof *event + 1);
    event->references = 1;
    event->seq = seq;
    event->class = EVENT_CLASS_PRESS;
    memcpy(event->alarm, "01980000-0000-7000-8000-000000000001", UUID_TEXT_SIZE);
    delivery_offer(delivery, event);
    event_unref(event);
    virtual_advance(facts, 1);
}

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

START_TEST(a_receiver_that_is_not_proven_in_time_is_a_fault)
{
    virtual_advance(facts, 14000);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 0);
    virtual_advance(facts, 1000);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 2);
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
    /* It comes when everything is closed already: nobody is there to be told. */
    facts_close(facts);
    delivery_close(delivery);
    fake_outbox_answer();
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
    ck_assert_ptr_nonnull(strstr(last(FACT_FAULT_STATED)->u.fault.reason, "no certificate"));
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
    ck_assert_uint_eq(uplink_count, 2);
    virtual_advance(facts, 60000);
    ck_assert_ptr_nonnull(under_way(1, 1));
}
END_TEST

START_TEST(a_reload_is_whole)
{
    struct err e;
    void *plan;
    struct config_receivers next = {.count = 2, .items = changed};
    memcpy(changed, receivers, sizeof changed);
    changed[1].group = 1;
    changed[1].clips = true;
    ck_assert_int_eq(delivery_prepare(delivery, &next, &plan, &e), 0);
    ck_assert_uint_eq(uplink_count, 4);
    ck_assert(!uplinks[0].closed && !uplinks[1].closed);
    ck_assert_uint_eq(delivery_takes_clips(delivery), 1);
    delivery_commit(delivery, plan);
    ck_assert(uplinks[0].closed && uplinks[1].closed);
    ck_assert_uint_eq(delivery_takes_clips(delivery), 3);
    ck_assert_uint_eq(delivery_asked(delivery, 1), 3);
    ck_assert_uint_eq(delivery_groups(delivery), 1);
    offer(1);
    ck_assert_ptr_nonnull(under_way(2, 1));
}
END_TEST

START_TEST(after_a_reload_nothing_is_proven_until_it_is_and_that_is_told)
{
    struct err e;
    void *plan;
    struct config_receivers next = {.count = 2, .items = changed};
    memcpy(changed, receivers, sizeof changed);
    beat();
    facts_tell(facts);
    ck_assert_uint_eq(delivery_proven(delivery), 3);
    changed[0].responder = false;
    ck_assert_int_eq(delivery_prepare(delivery, &next, &plan, &e), 0);
    told_count = 0;
    delivery_commit(delivery, plan);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_LINK), 2);
    ck_assert(!last(FACT_LINK)->u.link.proven);
    ck_assert_uint_eq(delivery_proven(delivery), 0);
    ck_assert_uint_eq(delivery_responders(delivery), 2);
    /* It has its time, as at a start, before that is a fault. */
    virtual_advance(facts, 14000);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 0);
    virtual_advance(facts, 2000);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 2);
    ck_assert_ptr_nonnull(strstr(last(FACT_FAULT_STATED)->u.fault.reason, "not proven yet"));
    beat();
    facts_tell(facts);
    ck_assert_uint_eq(delivery_proven(delivery), 3);
    ck_assert(last(FACT_LINK)->u.link.proven);
}
END_TEST

START_TEST(a_reload_that_fails_or_is_abandoned_changes_nothing)
{
    struct err e;
    void *plan;
    struct config_receivers next = {.count = 2, .items = changed};
    memcpy(changed, receivers, sizeof changed);
    changed[0].clips = false;
    refuse_open = "school";
    ck_assert_int_lt(delivery_prepare(delivery, &next, &plan, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "school"));
    ck_assert(uplinks[2].closed && !uplinks[0].closed && !uplinks[1].closed);
    refuse_open = NULL;
    ck_assert_int_eq(delivery_prepare(delivery, &next, &plan, &e), 0);
    delivery_abandon(delivery, plan);
    ck_assert(uplinks[3].closed && uplinks[4].closed);
    changed[1].id = "another";
    ck_assert_int_lt(delivery_prepare(delivery, &next, &plan, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "restart"));
    next.count = 1;
    ck_assert_int_lt(delivery_prepare(delivery, &next, &plan, &e), 0);
    ck_assert_uint_eq(delivery_takes_clips(delivery), 1);
    offer(1);
    ck_assert_ptr_nonnull(under_way(0, 1));
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

static void reload_school(const struct driver_type *type)
{
    struct err e;
    void *plan;
    struct config_receivers next = {.count = 2, .items = changed};
    memcpy(changed, receivers, sizeof changed);
    changed[1].driver.type = type;
    ck_assert_int_eq(delivery_prepare(delivery, &next, &plan, &e), 0);
    delivery_commit(delivery, plan);
}

START_TEST(the_store_is_told_what_another_protocol_carries)
{
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES_ALL);
    reload_school(&uplink_small.type);
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES(EVENT_CLASS_PRESS));
    ck_assert_uint_eq(fake_outbox.takes[0], UPLINK_TAKES_ALL);
    reload_school(&uplink_fake.type);
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES_ALL);
}
END_TEST

/* As long as it cannot be opened, everything waits for it. */
START_TEST(the_store_is_told_what_is_carried_when_an_uplink_opens_at_last)
{
    tear_down();
    set_up();
    receivers[1].driver.type = &uplink_small.type;
    refuse_open = "school";
    open_delivery();
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES_ALL);
    refuse_open = NULL;
    virtual_advance(facts, 31000);
    delivery_tick(delivery);
    ck_assert_uint_eq(uplink_count, 2);
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES(EVENT_CLASS_PRESS));
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

/* By the uplink that is asked by name, while it is still there. */
START_TEST(who_has_asked_is_answered_before_its_uplink_goes)
{
    struct err e;
    void *plan;
    struct uplink_command command = {.kind = UPLINK_COMMAND_RESET};
    uplinks[1].host.on_command(uplinks[1].host.arg, &command, 9);
    facts_tell(facts);
    if (_i == 0) {
        ck_assert_int_eq(delivery_prepare(delivery, &config, &plan, &e), 0);
        delivery_commit(delivery, plan);
    } else {
        delivery_close(delivery);
    }
    ck_assert_uint_eq(uplinks[1].replies, 1);
    ck_assert_uint_eq(uplinks[1].ticket, 9);
    ck_assert(!uplinks[1].reply.done);
    ck_assert_ptr_nonnull(strstr(uplinks[1].reply.reason, "ask again"));
    delivery_reply(delivery, last(FACT_COMMAND)->u.command.ticket,
                   &(struct uplink_reply){.done = true});
    ck_assert_uint_eq(uplinks[1].replies, 1);
    ck_assert(_i == 1 || uplinks[3].replies == 0);
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
    end_attempt(a, &(struct uplink_result){.outcome = UPLINK_OUTCOME_RETRY, .reason = "cut"});
    facts_tell(facts);
    ck_assert_str_eq(last(FACT_UPLOAD_FAILED)->u.failed.reason, "cut");
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
    tcase_add_test(tc, a_refusal_takes_the_proof_away_at_once_and_says_why);
    tcase_add_test(tc, a_receiver_that_is_not_proven_in_time_is_a_fault);
    tcase_add_test(tc, a_delivery_is_recorded_after_what_follows_from_it);
    tcase_add_test(tc, a_delivery_in_the_turn_of_the_stop_is_made_again);
    tcase_add_test(tc, what_failed_is_read_from_the_store_again_if_it_was_pending_before);
    tcase_add_test(tc, an_answer_is_told_once_and_confirmed_when_it_is_on_the_disk);
    tcase_add_test(tc, a_receiver_whose_uplink_cannot_be_opened_is_a_fault_and_stops_nobody);
    tcase_add_test(tc, a_reload_is_whole);
    tcase_add_test(tc, after_a_reload_nothing_is_proven_until_it_is_and_that_is_told);
    tcase_add_test(tc, a_reload_that_fails_or_is_abandoned_changes_nothing);
    tcase_add_test(tc, who_is_asked_goes_by_groups_of_responders);
    tcase_add_test(tc, what_a_protocol_cannot_carry_waits_for_nobody);
    tcase_add_test(tc, the_store_is_told_what_another_protocol_carries);
    tcase_add_test(tc, the_store_is_told_what_is_carried_when_an_uplink_opens_at_last);
    tcase_add_test(tc, a_platforms_command_is_told_and_its_reply_goes_back);
    tcase_add_loop_test(tc, who_has_asked_is_answered_before_its_uplink_goes, 0, 2);
    tcase_add_test(tc, a_clip_is_uploaded_and_told);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
