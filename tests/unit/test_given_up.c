/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiver refuses, and a person gives up, in delivery_world. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delivery_world.h"

#define ALARM   "01980000-0000-7000-8000-000000000001"
#define STEP_MS 20000

static void offer_of(uint64_t seq, enum event_class class, const char *alarm)
{
    struct event *event = calloc(1, sizeof *event + 1);
    event->references = 1;
    event->seq = seq;
    event->class = class;
    snprintf(event->alarm, sizeof event->alarm, "%s", alarm);
    snprintf(event->type, sizeof event->type, "tocsin.%d", (int)class);
    snprintf(event->id, sizeof event->id, "id of %llu", (unsigned long long)seq);
    delivery_offer(delivery, event);
    event_unref(event);
    virtual_advance(facts, 1);
}

static size_t to_police; /* its uplink */

static void refuse(uint64_t seq, const char *reason)
{
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_REFUSED, .finished_ns = virtual_ns()};
    struct attempt *a = under_way(to_police, seq);
    ck_assert_ptr_nonnull(a);
    snprintf(result.reason, sizeof result.reason, "%s", reason);
    end_attempt(a, &result);
    facts_tell(facts);
}

/* Time passes; whatever the police are asked of that event they refuse. */
static void refuse_for(uint64_t seq, int64_t ms)
{
    for (int64_t passed = 0; passed < ms; passed += STEP_MS) {
        told_count = 0;
        if (under_way(to_police, seq))
            refuse(seq, "no");
        virtual_advance(facts, ms - passed < STEP_MS ? ms - passed : STEP_MS);
        for (size_t i = 0; i < uplink_count; i++) {
            if (under_way(i, 0))
                finish(i, 0, UPLINK_OUTCOME_STORED);
        }
        facts_tell(facts);
    }
    if (under_way(to_police, seq))
        refuse(seq, "no");
}

static enum delivery_standing look(size_t receiver, uint64_t seq, struct delivery_refused *ret)
{
    return delivery_look(delivery, receiver, seq, ret);
}

/* The last that was stated of the first receiver. */
static const struct fact_fault *police(void)
{
    const struct fact_fault *stated = NULL;
    for (size_t i = 0; i < told_count; i++) {
        if (told[i].kind == FACT_FAULT_STATED && told[i].u.fault.code == FAULT_RECEIVER &&
            strcmp(told[i].u.fault.subject, "police") == 0)
            stated = &told[i].u.fault;
    }
    return stated;
}

static size_t count_refused;

static void on_refused(void *arg, const struct delivery_refused *refused)
{
    ck_assert_ptr_eq(arg, &count_refused);
    ck_assert_uint_eq(refused->receiver, 0);
    count_refused++;
}

START_TEST(what_is_refused_is_known_with_its_reason_and_since_when)
{
    struct delivery_refused r;
    beat();
    int64_t begun_ms = virtual_ns() / 1000000;
    offer_of(1, EVENT_CLASS_FOLLOWUP, "");
    ck_assert_int_eq(look(0, 1, &r), DELIVERY_STANDING_WAITS);
    refuse(1, "404");
    ck_assert_int_eq(look(1, 1, &r), DELIVERY_STANDING_WAITS);
    ck_assert_int_eq(look(0, 2, &r), DELIVERY_STANDING_NONE);
    ck_assert_int_eq(look(0, 1, &r), DELIVERY_STANDING_REFUSED);
    ck_assert_uint_eq(r.seq, 1);
    ck_assert_str_eq(r.id, "id of 1");
    ck_assert_str_eq(r.type, "tocsin.1");
    ck_assert_str_eq(r.alarm, "");
    ck_assert_str_eq(r.reason, "404");
    ck_assert_uint_eq(r.attempts, 1);
    ck_assert(!r.for_good && !r.in_flight);
    refuse_for(1, 70000);
    ck_assert_int_eq(look(0, 1, &r), DELIVERY_STANDING_REFUSED);
    ck_assert_str_eq(r.reason, "no"); /* of the last try */
    ck_assert_int_eq(r.since_ms, begun_ms + 1);
    ck_assert_uint_eq(r.attempts, 2); /* once more when a heartbeat was taken */
    delivery_each_refused(delivery, on_refused, &count_refused);
    ck_assert_uint_eq(count_refused, 1);
    finish(1, 1, UPLINK_OUTCOME_STORED);
    ck_assert_int_eq(look(1, 1, &r), DELIVERY_STANDING_NONE);
    virtual_advance(facts, 60000);
    ck_assert_int_eq(look(0, 1, &r), DELIVERY_STANDING_REFUSED);
    ck_assert(r.in_flight);
    finish(0, 1, UPLINK_OUTCOME_RETRY); /* may well work: it is not refused any more */
    ck_assert_int_eq(look(0, 1, &r), DELIVERY_STANDING_WAITS);
}
END_TEST

/* A press is tried on for ten minutes, as is what follows it; all else is the event after one. */
static const struct {
    enum event_class class;
    const char *alarm;
    int64_t ms;
} patience[] = {{EVENT_CLASS_PRESS, ALARM, 600000},
                {EVENT_CLASS_FOLLOWUP, ALARM, 600000},
                {EVENT_CLASS_FOLLOWUP, "", 60000},
                {EVENT_CLASS_MANIFEST, ALARM, 60000}};
#define PATIENCE_COUNT 4

START_TEST(what_may_be_a_moment_of_the_receivers_is_not_refused_for_good)
{
    struct delivery_refused r;
    beat();
    offer_of(1, patience[_i].class, patience[_i].alarm);
    refuse(1, "no");
    refuse_for(1, patience[_i].ms - 1);
    look(0, 1, &r);
    ck_assert(!r.for_good);
    refuse_for(1, 1);
    ck_assert_int_eq(look(0, 1, &r), DELIVERY_STANDING_REFUSED);
    ck_assert(r.for_good);
}
END_TEST

START_TEST(what_is_given_up_is_no_fault_is_not_tried_and_not_delivered)
{
    struct delivery_refused r;
    beat();
    offer_of(1, EVENT_CLASS_PRESS, ALARM);
    finish(1, 1, UPLINK_OUTCOME_STORED);
    refuse(1, "no");
    virtual_advance(facts, 20000);
    beat();
    ck_assert(police()->broken && !delivery_idle(delivery));
    refuse_for(1, 600000);
    char *row = delivery_given_up_row(delivery, 0, 1);
    ck_assert_str_eq(row, "[{\"seq\":1,\"receiver\":\"police\"}]");
    free(row);
    look(0, 1, &r);
    ck_assert(!r.in_flight);
    delivery_give_up(delivery, 0, 1);
    facts_tell(facts);
    ck_assert(!police()->broken); /* at once */
    ck_assert(delivery_idle(delivery));
    ck_assert_uint_eq(count(FACT_DELIVERED), 0);
    ck_assert_int_eq(look(0, 1, &r), DELIVERY_STANDING_GIVEN_UP);
    ck_assert_int_eq(look(1, 1, &r), DELIVERY_STANDING_NONE);
    ck_assert_uint_eq(fake_outbox_count(FAKE_GIVEN_UP), 1);
    ck_assert_uint_eq(fake_outbox_last(FAKE_GIVEN_UP)->seq, 1);
    ck_assert_uint_eq(fake_outbox_last(FAKE_GIVEN_UP)->receiver, 0);
    ck_assert_uint_eq(fake_outbox_last(FAKE_GIVEN_UP)->attempts, r.attempts);
    for (int i = 0; i < 20; i++) {
        virtual_advance(facts, 10000);
        beat();
        ck_assert_ptr_null(under_way(0, 1));
    }
    ck_assert_uint_eq(count(FACT_UPLOADED), 0);
}
END_TEST

START_TEST(the_fault_says_what_is_still_refused)
{
    beat();
    offer_of(1, EVENT_CLASS_FOLLOWUP, "");
    refuse(1, "401");
    virtual_advance(facts, 1000);
    offer_of(2, EVENT_CLASS_FOLLOWUP, "");
    refuse(2, "413");
    virtual_advance(facts, 20000);
    beat();
    ck_assert_str_eq(police()->reason, "refuses 2 events, tried again and again: 413");
    delivery_give_up(delivery, 0, 2);
    facts_tell(facts);
    ck_assert_str_eq(police()->reason, "refuses 1 event, tried again and again: 401");
}
END_TEST

START_TEST(what_waits_only_behind_it_goes_at_once)
{
    beat();
    offer_of(1, EVENT_CLASS_PRESS, ALARM);
    refuse(1, "no");
    offer_of(2, EVENT_CLASS_FOLLOWUP, ALARM);
    ck_assert_ptr_null(under_way(0, 2));
    delivery_give_up(delivery, 0, 1);
    ck_assert_ptr_nonnull(under_way(0, 2));
}
END_TEST

static size_t uploads(void)
{
    size_t found_count = 0;
    for (size_t i = 0; i < attempt_count; i++)
        found_count += attempts[i].upload;
    return found_count;
}

START_TEST(a_clip_whose_manifest_is_given_up_is_not_uploaded_and_waits_for_nobody)
{
    const struct uplink_file file = {.manifest = "m", .path = "/nowhere", .filename = "c.mp4"};
    beat();
    offer_of(5, EVENT_CLASS_MANIFEST, ALARM);
    ck_assert(delivery_upload(delivery, 0, 5, &file));
    refuse(5, "no");
    delivery_give_up(delivery, 0, 5);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_UPLOADED), 1);
    ck_assert(last(FACT_UPLOADED)->u.uploaded.given_up);
    ck_assert(!last(FACT_UPLOADED)->u.uploaded.confirmed);
    ck_assert_uint_eq(last(FACT_UPLOADED)->u.uploaded.seq, 5);
    ck_assert(!delivery_upload(delivery, 0, 5, &file)); /* nor if it is read again */
    virtual_advance(facts, 120000);
    beat();
    ck_assert_uint_eq(uploads(), 0);
    json_t *status = delivery_status(delivery);
    const json_t *one = json_array_get(status, 0);
    ck_assert_int_eq(json_integer_value(json_object_get(one, "uploads")), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(one, "refused")), 0);
    json_decref(status);
}
END_TEST

static void restart(const char *row)
{
    static struct outbox_found_row rows[1];
    facts_close(facts);
    delivery_close(delivery);
    uv_run(&loop, UV_RUN_DEFAULT);
    delivery_free(delivery);
    facts_free(facts);
    struct err e;
    rows[0] = (struct outbox_found_row){(char *)"given-up", (char *)row};
    found.rows = rows;
    found.row_count = row ? 1 : 0;
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
    to_police = uplink_count;
    open_delivery();
    virtual_advance(facts, 1);
}

/* The next row: all that is noted, and one more. */
static const char *noted(void)
{
    static char text[400];
    char *row = delivery_given_up_row(delivery, 0, 99);
    snprintf(text, sizeof text, "%s", row);
    free(row);
    return text;
}

/* A kill came before the store knew what became of the delivery. */
START_TEST(what_was_given_up_stays_so_over_a_kill_and_is_forgotten_when_the_store_knows)
{
    struct outbox_pending pending[] = {{.seq = 6, .receiver = 1},
                                       {.seq = 7, .receiver = 0},
                                       {.seq = 7, .receiver = 1, .attempts = 4}};
    found.pending = pending;
    found.pending_count = 3;
    restart("[{\"seq\":7,\"receiver\":\"school\"},{\"seq\":3,\"receiver\":\"police\"},"
            "{\"seq\":9,\"receiver\":\"gone\"},{\"seq\":6,\"receiver\":\"police\"},7]");
    ck_assert_uint_eq(fake_outbox_count(FAKE_GIVEN_UP), 1);
    ck_assert_uint_eq(fake_outbox_last(FAKE_GIVEN_UP)->seq, 7);
    ck_assert_uint_eq(fake_outbox_last(FAKE_GIVEN_UP)->receiver, 1);
    ck_assert_uint_eq(fake_outbox_last(FAKE_GIVEN_UP)->attempts, 4);
    ck_assert_uint_eq(fake_outbox_count(FAKE_LOAD), 2); /* the other two are sent */
    struct delivery_refused r;
    ck_assert_int_eq(look(1, 7, &r), DELIVERY_STANDING_GIVEN_UP);
    ck_assert_int_eq(look(0, 7, &r), DELIVERY_STANDING_WAITS);
    /* One that the store knows is out of it, one of a receiver that may come back is not. */
    ck_assert_str_eq(noted(),
                     "[{\"seq\":7,\"receiver\":\"school\"},{\"seq\":9,\"receiver\":\"gone\"},"
                     "{\"seq\":99,\"receiver\":\"police\"}]");
    ck_assert_str_ne(fake_outbox_last(FAKE_ROW)->row, DELIVERY_GIVEN_UP_ROW);
}
END_TEST

START_TEST(a_row_that_cannot_be_read_gives_nothing_up)
{
    struct outbox_pending pending = {.seq = 7, .receiver = 1};
    found.pending = &pending;
    found.pending_count = 1;
    restart(_i == 0 ? "{" : "{\"seq\":7,\"receiver\":\"school\"}");
    ck_assert_uint_eq(fake_outbox_count(FAKE_GIVEN_UP), 0);
    ck_assert_uint_eq(fake_outbox_last(FAKE_LOAD)->seq, 7);
}
END_TEST

/* Given up while the store was not there, which knows of another; and of one that a process of
 * before, which did not know the store either, had in the journal. */
START_TEST(what_was_given_up_with_and_without_the_store_is_one_list)
{
    struct outbox_pending pending[] = {{.seq = 2, .receiver = 0}, {.seq = 4, .receiver = 0}};
    struct outbox_found_row rows[] = {
        {(char *)"given-up", (char *)"[{\"seq\":2,\"receiver\":\"police\"}]"},
        {(char *)"given-up", (char *)"[{\"seq\":4,\"receiver\":\"police\"}]"}};
    struct outbox_found earlier = {.row_count = 1, .rows = &rows[1]};
    struct outbox_found late = {
        .pending_count = 2, .pending = pending, .row_count = 1, .rows = rows, .earlier = &earlier};
    strcpy(found.unknown, "the disk has not answered yet");
    restart("[{\"seq\":8,\"receiver\":\"police\"}]"); /* of the journal */
    delivery_catch_up(delivery, &late);
    ck_assert_str_eq(fake_outbox.row_text, "[{\"seq\":8,\"receiver\":\"police\"},"
                                           "{\"seq\":2,\"receiver\":\"police\"},"
                                           "{\"seq\":4,\"receiver\":\"police\"}]");
    ck_assert_uint_eq(fake_outbox_count(FAKE_GIVEN_UP), 2);
    ck_assert_uint_eq(fake_outbox_count(FAKE_LOAD), 0);
}
END_TEST

START_TEST(no_more_are_noted_than_have_their_place)
{
    char *row = malloc(LIMIT_GIVEN_UP * 40);
    size_t used = 0;
    for (int i = 1; i < LIMIT_GIVEN_UP; i++)
        used += (size_t)sprintf(row + used, "%s{\"seq\":%d,\"receiver\":\"gone\"}",
                                i == 1 ? "[" : ",", i);
    strcpy(row + used, "]");
    restart(row);
    free(row);
    beat();
    offer_of(1000, EVENT_CLASS_FOLLOWUP, "");
    refuse(1000, "no");
    char *next = delivery_given_up_row(delivery, 0, 1000);
    ck_assert_ptr_nonnull(next);
    free(next);
    delivery_give_up(delivery, 0, 1000);
    ck_assert_ptr_null(delivery_given_up_row(delivery, 0, 1001));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("given_up");
    TCase *tc = tcase_create("refused");
    tcase_add_checked_fixture(tc, begin, tear_down);
    tcase_add_test(tc, what_is_refused_is_known_with_its_reason_and_since_when);
    tcase_add_loop_test(tc, what_may_be_a_moment_of_the_receivers_is_not_refused_for_good, 0,
                        PATIENCE_COUNT);
    tcase_add_test(tc, what_is_given_up_is_no_fault_is_not_tried_and_not_delivered);
    tcase_add_test(tc, the_fault_says_what_is_still_refused);
    tcase_add_test(tc, what_waits_only_behind_it_goes_at_once);
    tcase_add_test(tc, a_clip_whose_manifest_is_given_up_is_not_uploaded_and_waits_for_nobody);
    tcase_add_test(tc,
                   what_was_given_up_stays_so_over_a_kill_and_is_forgotten_when_the_store_knows);
    tcase_add_loop_test(tc, a_row_that_cannot_be_read_gives_nothing_up, 0, 2);
    tcase_add_test(tc, what_was_given_up_with_and_without_the_store_is_one_list);
    tcase_add_test(tc, no_more_are_noted_than_have_their_place);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
