/* SPDX-License-Identifier: Apache-2.0 */
/* What events find in the store and the journal at a start, and what becomes of a disk that is
 * slow, stands still, is full or forgets; what of it is old. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "events/slow.h"
#include "events_world.h"
#include "fake_outbox.h"
#include "run_suite.h"
#include "virtual_time.h"

/* With a number that none had, and the digest of the newest that is known. */
START_TEST(after_a_power_cut_the_chain_goes_on_behind_a_gap)
{
    begin_again();
    fake_outbox.last_seq = 41;
    fake_outbox.used_seq = 2000;
    memset(fake_outbox.head, 0xa5, sizeof fake_outbox.head);
    open_events();
    json_t *status = events_status(events);
    ck_assert_int_eq(json_integer_value(json_object_get(status, "head_seq")), 41);
    json_decref(status);
    ck_assert_uint_eq(emit(EVENT_CLASS_PRESS, NULL), 2001);
    ck_assert_ptr_nonnull(strstr(fake_outbox_last(FAKE_STORE)->event->bytes,
                                 "\"prev\":\"paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU\""));
    ck_assert_uint_eq(emit(EVENT_CLASS_PRESS, NULL), 2002);
}
END_TEST

/* What only the journal had: stored first, and offered by delivery, which found it pending. */
START_TEST(what_was_found_in_the_journal_is_stored_before_all_else_and_offered_once)
{
    struct outbox_restored restored[2];
    struct event *events_of[2];
    begin_again();
    for (size_t i = 0; i < 2; i++) {
        events_of[i] = calloc(1, sizeof *events_of[i] + 8);
        events_of[i]->references = 1;
        events_of[i]->seq = 41 + i;
        restored[i] = (struct outbox_restored){.event = events_of[i]};
    }
    fake_outbox.last_seq = fake_outbox.used_seq = 42;
    fake_outbox.restored = restored;
    fake_outbox.restored_count = 2;
    open_events();
    events_connect(events, DELIVERY);
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 2);
    ck_assert_uint_eq(fake_outbox.calls[0].seq, 41);
    ck_assert_uint_eq(fake_outbox.calls[1].seq, 42);
    ck_assert(!events_idle(events));
    virtual_advance(facts, 100);
    ck_assert_uint_eq(count(FACT_HEARD), 0); /* it was told before */
    virtual_advance(facts, 2000);
    events_tick(events);
    facts_tell(facts);
    ck_assert(faults_any_grave(faults));                  /* the disk does not answer */
    ck_assert_uint_eq(emit(EVENT_CLASS_PRESS, NULL), 44); /* 43 is that fault */
    fake_outbox_answer();
    facts_tell(facts);
    ck_assert(last(FACT_HEARD)->u.heard.stored);
    ck_assert_uint_eq(offered_seq, 44);
    ck_assert(events_idle(events));
    for (size_t i = 0; i < 2; i++)
        event_unref(events_of[i]);
}
END_TEST

static void press_with_a_commit_of(int64_t ms)
{
    emit(EVENT_CLASS_PRESS, NULL);
    virtual_advance(facts, ms);
    fake_outbox_answer();
    events_tick(events);
    facts_tell(facts);
    fake_outbox_answer(); /* the fault's own event */
    facts_tell(facts);
}

static bool store_is_faulty(void)
{
    for (size_t i = told_count; i-- > 0;) {
        if (told[i].kind == FACT_FAULT_STATED && told[i].u.fault.code == FAULT_STORE)
            return told[i].u.fault.broken;
    }
    return false;
}

/* It never stands still for the two seconds of the test above. */
START_TEST(a_disk_that_is_slow_for_each_press_is_a_fault_until_it_is_not)
{
    for (int i = 0; i < SLOW_FROM - 1; i++)
        press_with_a_commit_of(300);
    ck_assert(!store_is_faulty());
    press_with_a_commit_of(300);
    ck_assert(store_is_faulty());
    ck_assert_ptr_nonnull(strstr(last(FACT_FAULT_STATED)->u.fault.reason, "slow"));
    ck_assert(faults_any_grave(faults));
    for (int i = 0; i < SLOW_OF && store_is_faulty(); i++)
        press_with_a_commit_of(5);
    ck_assert(!store_is_faulty());
    press_with_a_commit_of(300);
    ck_assert(!store_is_faulty());
}
END_TEST

static bool status_is(const char *state, const char *reason)
{
    json_t *status = events_status(events);
    bool is = strcmp(json_string_value(json_object_get(status, "state")), state) == 0 &&
              strstr(json_string_value(json_object_get(status, "reason")), reason);
    json_decref(status);
    return is;
}

/* `tocsin status` and the heartbeats, beside the fault. */
START_TEST(a_store_that_is_slow_or_stands_still_is_not_called_good)
{
    ck_assert(status_is("good", ""));
    for (int i = 0; i < SLOW_FROM; i++)
        press_with_a_commit_of(300);
    ck_assert(status_is("fault", "slow"));
    for (int i = 0; i < SLOW_OF; i++)
        press_with_a_commit_of(5);
    ck_assert(status_is("good", ""));
    emit(EVENT_CLASS_PRESS, NULL);
    virtual_advance(facts, 1999);
    ck_assert(status_is("good", ""));
    virtual_advance(facts, 2);
    ck_assert(status_is("fault", "does not answer"));
    ck_assert(!events_store_works(events));
    fake_outbox_answer();
    ck_assert(status_is("good", ""));
}
END_TEST

/* An event that is to wait for no disk says nothing of one that is quick. */
START_TEST(without_patience_a_good_disk_is_not_slow)
{
    storage.commit_wait_ms = 0;
    for (int i = 0; i < SLOW_OF; i++)
        press_with_a_commit_of(20);
    ck_assert(!store_is_faulty());
    for (int i = 0; i < SLOW_FROM; i++)
        press_with_a_commit_of(60);
    ck_assert(store_is_faulty());
}
END_TEST

START_TEST(one_long_moment_in_which_many_are_made_is_not_a_slow_disk)
{
    for (int i = 0; i < 2 * SLOW_OF; i++)
        emit(EVENT_CLASS_PRESS, NULL);
    virtual_advance(facts, 300);
    fake_outbox_answer();
    events_tick(events);
    facts_tell(facts);
    ck_assert(!store_is_faulty());
}
END_TEST

START_TEST(slow_has_its_hysteresis)
{
    struct slow slow = {0};
    for (int i = 0; i < 3 * SLOW_OF; i++) {
        slow_note(&slow, i % 3 == 0);
        ck_assert(!slow.is_slow); /* one of three is not half of them */
    }
    for (int i = 0; i < 3 * SLOW_OF; i++)
        slow_note(&slow, i % 2 == 0);
    ck_assert(slow.is_slow);
    for (int i = 0; i < 3 * SLOW_OF; i++) {
        slow_note(&slow, i % 3 == 0);
        ck_assert(slow.is_slow); /* once slow it stays so */
    }
    for (int i = 0; i < SLOW_OF; i++)
        slow_note(&slow, false);
    ck_assert(!slow.is_slow);
    slow_note(&slow, true);
    ck_assert(!slow.is_slow);
}
END_TEST

START_TEST(a_journal_that_takes_nothing_is_a_fault_until_it_does)
{
    events_tick(events);
    facts_tell(facts);
    ck_assert_int_eq(last(FACT_FAULT_STATED)->u.fault.code, FAULT_JOURNAL);
    ck_assert(!last(FACT_FAULT_STATED)->u.fault.broken);
    fake_outbox.journal_reason = "/run/tocsin/journal.0: the journal is full";
    events_tick(events);
    facts_tell(facts);
    ck_assert_int_eq(last(FACT_FAULT)->u.fault.code, FAULT_JOURNAL);
    ck_assert(last(FACT_FAULT)->u.fault.broken);
    ck_assert(!faults_any_grave(faults)); /* the disk has what is pressed */
    json_t *status = events_status(events);
    ck_assert_str_eq(json_string_value(json_object_get(status, "journal")),
                     fake_outbox.journal_reason);
    json_decref(status);
    size_t stated = count(FACT_FAULT_STATED);
    events_tick(events);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), stated); /* not every second */
    fake_outbox.journal_reason = NULL;
    events_tick(events);
    facts_tell(facts);
    ck_assert(!last(FACT_FAULT_STATED)->u.fault.broken);
}
END_TEST

START_TEST(a_disk_that_does_not_answer_is_a_fault_until_it_does)
{
    emit(EVENT_CLASS_PRESS, NULL);
    virtual_advance(facts, 1900);
    events_tick(events);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT), 0);
    virtual_advance(facts, 200);
    events_tick(events);
    facts_tell(facts);
    ck_assert_int_eq(last(FACT_FAULT)->u.fault.code, FAULT_STORE);
    ck_assert(faults_any_grave(faults));
    fake_outbox_answer();
    events_tick(events);
    facts_tell(facts);
    ck_assert(!last(FACT_FAULT)->u.fault.broken);
    /* What works is not stated every second. */
    size_t stated = count(FACT_FAULT_STATED);
    events_tick(events);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), stated);
}
END_TEST

/* What was told of the store before a restart ends when the disk has taken something after it. */
START_TEST(the_store_is_told_to_be_good_when_the_disk_has_taken_something)
{
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 1);
    ck_assert_int_eq(last(FACT_FAULT_STATED)->u.fault.code, FAULT_STORE_DAMAGED);
    ck_assert(!last(FACT_FAULT_STATED)->u.fault.broken); /* it was opened whole */
    events_tick(events);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 2);
    ck_assert_int_eq(last(FACT_FAULT_STATED)->u.fault.code, FAULT_JOURNAL);
    if (_i == 0) {
        emit(EVENT_CLASS_PRESS, NULL);
        fake_outbox_answer();
    } else {
        fake_outbox.host.on_fault(fake_outbox.host.arg, NULL); /* it had failed meanwhile */
    }
    events_tick(events);
    events_tick(events);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 3);
    ck_assert_int_eq(last(FACT_FAULT_STATED)->u.fault.code, FAULT_STORE);
    ck_assert(!last(FACT_FAULT_STATED)->u.fault.broken);
}
END_TEST

static void on_kept(void *arg, bool stored)
{
    *(const char **)arg = stored ? "stored" : "memory";
}

START_TEST(of_a_store_that_forgets_nothing_is_said_to_be_stored)
{
    const char *waits = "nothing";
    fake_outbox.host.on_forgets(fake_outbox.host.arg, "tmpfs");
    ck_assert(!events_store_works(events));
    facts_tell(facts);
    fake_outbox_answer(); /* the fault's event */
    offered = 0;
    emit(EVENT_CLASS_PRESS, NULL);
    ck_assert(events_when_kept(events, on_kept, &waits));
    facts_tell(facts);
    fake_outbox_answer();
    facts_tell(facts);
    ck_assert_uint_eq(offered, 1);
    const struct fact_heard *heard = &last(FACT_HEARD)->u.heard;
    ck_assert(heard->stored && heard->forgets); /* for who waits for the store, and for people */
    ck_assert_str_eq(waits, "memory");
    events_tick(events);
    facts_tell(facts);
    ck_assert_str_eq(last(FACT_FAULT)->u.fault.reason,
                     "/nowhere is on tmpfs: nothing that is written there outlives a power cut");
    ck_assert(faults_any_grave(faults));
    json_t *status = events_status(events);
    ck_assert_str_eq(json_string_value(json_object_get(status, "state")), "fault");
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(status, "reason")), "tmpfs"));
    json_decref(status);
    /* What the disk says of itself goes before it, and does not end it. */
    fake_outbox.host.on_fault(fake_outbox.host.arg, "no space");
    facts_tell(facts);
    ck_assert_str_eq(last(FACT_FAULT_STATED)->u.fault.reason, "no space");
    fake_outbox.host.on_fault(fake_outbox.host.arg, NULL);
    facts_tell(facts);
    ck_assert(last(FACT_FAULT_STATED)->u.fault.broken);
    /* Where it is opened again it does not. */
    fake_outbox.host.on_forgets(fake_outbox.host.arg, NULL);
    facts_tell(facts);
    ck_assert(!last(FACT_FAULT_STATED)->u.fault.broken);
    emit(EVENT_CLASS_PRESS, NULL);
    ck_assert(events_when_kept(events, on_kept, &waits));
    facts_tell(facts);
    fake_outbox_answer();
    facts_tell(facts);
    ck_assert(!last(FACT_HEARD)->u.heard.forgets);
    ck_assert_str_eq(waits, "stored");
}
END_TEST

START_TEST(a_disk_that_is_full_is_a_fault_with_its_words)
{
    fake_outbox.host.on_fault(fake_outbox.host.arg, "no space left");
    facts_tell(facts);
    ck_assert_str_eq(last(FACT_FAULT)->u.fault.reason, "no space left");
    ck_assert(!events_store_works(events));
    json_t *status = events_status(events);
    ck_assert_str_eq(json_string_value(json_object_get(status, "state")), "fault");
    json_decref(status);
    fake_outbox.host.on_fault(fake_outbox.host.arg, NULL);
    facts_tell(facts);
    ck_assert(events_store_works(events));
    ck_assert(!faults_any(faults));
}
END_TEST

static const char *witness_reason(void)
{
    static char text[FACT_TEXT_SIZE];
    json_t *status = events_status(events);
    snprintf(text, sizeof text, "%s", json_string_value(json_object_get(status, "witness_reason")));
    json_decref(status);
    return text;
}

START_TEST(a_witness_that_cannot_be_written_is_a_fault_of_its_own)
{
    const struct outbox_host *host = &fake_outbox.host;
    host->on_witness(host->arg, NULL); /* one of before the restart is over then */
    facts_tell(facts);
    ck_assert_int_eq(last(FACT_FAULT_STATED)->u.fault.code, FAULT_STORE_WITNESS);
    ck_assert(!last(FACT_FAULT_STATED)->u.fault.broken);
    size_t stated = count(FACT_FAULT_STATED);
    for (int i = 0; i < 3; i++)
        host->on_witness(host->arg, "outbox.head: Is a directory");
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), stated + 1);
    ck_assert_int_eq(last(FACT_FAULT)->u.fault.code, FAULT_STORE_WITNESS);
    ck_assert_str_eq(last(FACT_FAULT)->u.fault.reason, "outbox.head: Is a directory");
    ck_assert_str_eq(witness_reason(), "outbox.head: Is a directory");
    ck_assert(events_store_works(events));
    ck_assert(faults_any(faults) && !faults_any_grave(faults));
    host->on_witness(host->arg, "outbox.head: No space left");
    facts_tell(facts);
    ck_assert_str_eq(last(FACT_FAULT_STATED)->u.fault.reason, "outbox.head: No space left");
    host->on_witness(host->arg, NULL);
    facts_tell(facts);
    ck_assert(!faults_any(faults));
    ck_assert_str_eq(witness_reason(), "");
}
END_TEST

#define RESERVE (INT64_C(100) << 20)

static void see_room(int64_t free_bytes, int64_t held_events, bool alarms_only)
{
    const struct outbox_room seen = {.free_bytes = free_bytes,
                                     .keep_bytes = RESERVE,
                                     .reserve_events = 20000,
                                     .held_events = held_events,
                                     .alarms_only = alarms_only};
    fake_outbox.host.on_room(fake_outbox.host.arg, &seen);
    facts_tell(facts);
}

static json_t *room_of_status(void)
{
    json_t *status = events_status(events), *room = json_incref(json_object_get(status, "room"));
    json_decref(status);
    return room;
}

static const char *word_of(const json_t *object, const char *name)
{
    const char *word = json_string_value(json_object_get(object, name));
    return word ? word : "";
}

START_TEST(a_disk_is_a_fault_before_it_is_full_and_until_it_has_a_quarter_more)
{
    json_t *room = room_of_status();
    ck_assert_str_eq(word_of(room, "state"), "unknown");
    ck_assert_ptr_null(json_object_get(room, "free_bytes"));
    json_decref(room);
    see_room(2 * RESERVE, 20000, false);
    ck_assert(!faults_any(faults));
    see_room(2 * RESERVE - 1, 20000, false);
    ck_assert_int_eq(last(FACT_FAULT)->u.fault.code, FAULT_STORE_ROOM);
    ck_assert_str_eq(last(FACT_FAULT)->u.fault.reason,
                     "/nowhere: 199 MiB are free, less than 200; the reserve has room for 20000 "
                     "alarms");
    size_t stated = count(FACT_FAULT_STATED);
    see_room(RESERVE + 5, 19000, false);
    see_room(RESERVE / 2, 18000, false);
    see_room(2 * RESERVE + 5, 18000, false);
    ck_assert_uint_le(count(FACT_FAULT_STATED), stated + 2); /* what moves is in status */
    ck_assert(faults_any(faults) && !faults_any_grave(faults));
    virtual_advance(facts, 5000);
    room = room_of_status();
    ck_assert_str_eq(word_of(room, "dir"), "/nowhere");
    ck_assert_str_eq(word_of(room, "state"), "short");
    ck_assert_int_eq(json_integer_value(json_object_get(room, "free_bytes")), 2 * RESERVE + 5);
    ck_assert_int_eq(json_integer_value(json_object_get(room, "reserve_events")), 20000);
    ck_assert_int_eq(json_integer_value(json_object_get(room, "reserve_left")), 18000);
    ck_assert_int_eq(json_integer_value(json_object_get(room, "age_ms")), 5000);
    ck_assert(json_is_false(json_object_get(room, "alarms_only")));
    json_decref(room);
    see_room(RESERVE * 5 / 2, 20000, false);
    ck_assert(!faults_any(faults));
    room = events_room(events);
    ck_assert_str_eq(word_of(room, "state"), "good");
    json_decref(room);
}
END_TEST

START_TEST(what_the_kernel_does_not_say_is_neither_good_nor_short)
{
    see_room(-1, 20000, false);
    json_t *room = room_of_status();
    ck_assert_ptr_null(json_object_get(room, "free_bytes"));
    json_decref(room);
    ck_assert(!faults_any(faults));
}
END_TEST

static void state_fault(enum fault_code code, const char *subject)
{
    facts_state_fault(facts, code, subject, "broken");
    facts_tell(facts);
}

START_TEST(while_there_is_room_for_alarms_alone_only_grave_faults_are_events)
{
    see_room(RESERVE / 4, 20000, false);
    size_t reported = count(FACT_FAULT_REPORTED);
    ck_assert(events_have_room(events));
    see_room(0, 19999, true);
    ck_assert(!events_have_room(events));
    ck_assert_ptr_nonnull(
        strstr(last(FACT_FAULT_STATED)->u.fault.reason, "alarms alone, 19999 of 20000"));
    json_t *room = room_of_status();
    ck_assert_str_eq(word_of(room, "state"), "full");
    ck_assert(json_is_true(json_object_get(room, "alarms_only")));
    json_decref(room);
    ck_assert(events_store_works(events)); /* alarms are stored */
    state_fault(FAULT_CAMERA, "gate");
    ck_assert_uint_eq(count(FACT_FAULT_REPORTED), reported);
    ck_assert_int_eq(last(FACT_FAULT)->u.fault.code, FAULT_CAMERA); /* who looks on is told */
    json_t *beat = faults_heartbeat(faults);
    ck_assert_uint_eq(json_array_size(beat), 2); /* and the receivers, by the heartbeat */
    json_decref(beat);
    state_fault(FAULT_LINE, "gate");
    state_fault(FAULT_STORE_DAMAGED, NULL);
    ck_assert_uint_eq(count(FACT_FAULT_REPORTED), reported + 2);
    see_room(RESERVE / 4, 20000, false);
    faults_tick(faults);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_REPORTED), reported + 3);
    ck_assert_int_eq(last(FACT_FAULT_REPORTED)->u.fault.code, FAULT_CAMERA);
}
END_TEST

#define HOUR_MS INT64_C(3600000)
#define DAY_MS  (24 * HOUR_MS)

static void live(int64_t ms)
{
    virtual_advance(facts, ms);
    events_tick(events);
    fake_outbox_answer();
}

/* A new process, in this boot. */
static void start_anew(void)
{
    char row[sizeof fake_outbox.row_text];
    int64_t then_ns = virtual_ns();
    memcpy(row, fake_outbox.row_text, sizeof row);
    begin_again();
    virtual_stall((then_ns - virtual_ns()) / 1000000);
    fake_outbox.age = row;
    fake_outbox.last_seq = 2;
    open_events();
    events_connect(events, DELIVERY);
    memcpy(fake_outbox.row_text, row, sizeof row);
    fake_outbox.age = NULL;
}

/* Kept for ten days here, by what was counted: whatever the wall clock says, over restarts. */
START_TEST(old_events_are_pruned_by_the_time_that_the_gateway_ran)
{
    if (_i == 0)
        virtual_lose_clock();
    emit(EVENT_CLASS_PRESS, NULL);
    fake_outbox_answer();
    live(8 * HOUR_MS);
    emit(EVENT_CLASS_PRESS, NULL);
    fake_outbox_answer();
    for (int hours = 8; hours < 244; hours += 4) {
        if (hours == 100)
            virtual_turn_wall(2 * 365 * DAY_MS);
        if (_i == 2 && hours == 200)
            start_anew();
        live(4 * HOUR_MS);
    }
    ck_assert_uint_eq(fake_outbox_count(FAKE_PRUNE), 0);
    live(4 * HOUR_MS);
    ck_assert_uint_eq(fake_outbox_count(FAKE_PRUNE), 1);
    ck_assert_uint_eq(fake_outbox_last(FAKE_PRUNE)->seq, 1);
    live(4 * HOUR_MS);
    ck_assert_uint_eq(fake_outbox_last(FAKE_PRUNE)->seq, 1);
    live(4 * HOUR_MS);
    ck_assert_uint_eq(fake_outbox_last(FAKE_PRUNE)->seq, 2);
}
END_TEST

START_TEST(what_was_counted_is_saved_each_hour_and_pruned_by_each_ten_minutes)
{
    live(HOUR_MS - 1);
    ck_assert_uint_eq(fake_outbox_count(FAKE_ROW), 0);
    live(1);
    ck_assert_uint_eq(fake_outbox_count(FAKE_ROW), 1);
    ck_assert_str_eq(fake_outbox_last(FAKE_ROW)->row, "age");
    emit(EVENT_CLASS_PRESS, NULL);
    live(HOUR_MS);
    ck_assert_uint_eq(fake_outbox_count(FAKE_ROW), 2);
    live(6 * HOUR_MS);
    live(10 * DAY_MS);
    ck_assert_uint_eq(fake_outbox_count(FAKE_PRUNE), 1);
    live(10 * 60000);
    ck_assert_uint_eq(fake_outbox_count(FAKE_PRUNE), 1);
    live(1);
    ck_assert_uint_eq(fake_outbox_count(FAKE_PRUNE), 2);
}
END_TEST

START_TEST(a_count_that_cannot_be_read_makes_nothing_old)
{
    begin_again();
    fake_outbox.age = "{\"boot\":\"x\",\"at_ms\":0,\"ran_ms\":-1,\"marks\":[[0,9]]}";
    fake_outbox.last_seq = 9;
    open_events();
    live(9 * DAY_MS);
    ck_assert_uint_eq(fake_outbox_count(FAKE_PRUNE), 0);
    live(DAY_MS);
    ck_assert_uint_eq(fake_outbox_count(FAKE_PRUNE), 1);
    ck_assert_uint_eq(fake_outbox_last(FAKE_PRUNE)->seq, 9);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("events_disk");
    TCase *tc = tcase_create("events");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, after_a_power_cut_the_chain_goes_on_behind_a_gap);
    tcase_add_test(tc, what_was_found_in_the_journal_is_stored_before_all_else_and_offered_once);
    tcase_add_test(tc, a_disk_that_is_slow_for_each_press_is_a_fault_until_it_is_not);
    tcase_add_test(tc, one_long_moment_in_which_many_are_made_is_not_a_slow_disk);
    tcase_add_test(tc, a_store_that_is_slow_or_stands_still_is_not_called_good);
    tcase_add_test(tc, without_patience_a_good_disk_is_not_slow);
    tcase_add_test(tc, slow_has_its_hysteresis);
    tcase_add_test(tc, a_journal_that_takes_nothing_is_a_fault_until_it_does);
    tcase_add_test(tc, a_disk_that_does_not_answer_is_a_fault_until_it_does);
    tcase_add_loop_test(tc, the_store_is_told_to_be_good_when_the_disk_has_taken_something, 0, 2);
    tcase_add_test(tc, of_a_store_that_forgets_nothing_is_said_to_be_stored);
    tcase_add_test(tc, a_witness_that_cannot_be_written_is_a_fault_of_its_own);
    tcase_add_test(tc, a_disk_that_is_full_is_a_fault_with_its_words);
    tcase_add_test(tc, a_disk_is_a_fault_before_it_is_full_and_until_it_has_a_quarter_more);
    tcase_add_test(tc, what_the_kernel_does_not_say_is_neither_good_nor_short);
    tcase_add_test(tc, while_there_is_room_for_alarms_alone_only_grave_faults_are_events);
    tcase_add_loop_test(tc, old_events_are_pruned_by_the_time_that_the_gateway_ran, 0, 3);
    tcase_add_test(tc, what_was_counted_is_saved_each_hour_and_pruned_by_each_ten_minutes);
    tcase_add_test(tc, a_count_that_cannot_be_read_makes_nothing_old);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
