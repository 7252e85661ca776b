/* SPDX-License-Identifier: Apache-2.0 */
/* Events on their way, and faults as events: over a disk that answers when the test says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "events/events.h"
#include "events/faults.h"
#include "events/slow.h"
#include "fake_outbox.h"
#include "known_disk.h"
#include "run_suite.h"
#include "virtual_time.h"

/* Receivers that only count. */
static unsigned offered, prepared;
static uint64_t offered_seq;
static int64_t confirmed;
#define DELIVERY ((struct delivery *)&offered)

void delivery_offer(struct delivery *d, struct event *event)
{
    ck_assert_ptr_eq(d, DELIVERY);
    offered++;
    offered_seq = event->seq;
}

void delivery_prepare_press(struct delivery *d, struct event *event)
{
    (void)d;
    (void)event;
    prepared++;
}

void delivery_answer_stored(struct delivery *d, size_t receiver, int64_t answer_seq)
{
    (void)d;
    (void)receiver;
    confirmed = answer_seq;
}

static uv_loop_t loop;
static struct facts *facts;
static const struct config_site site = {.id = "g1"};
static const struct config_storage storage = {
    .state_dir = "/nowhere", .commit_wait_ms = 50, .keep_days = 10};
static const struct config_receivers nobody;
static struct events *events;
static struct faults *faults;
static struct fact told[1000];
static size_t told_count;

static void on_fact(void *self, const struct fact *fact)
{
    (void)self;
    ck_assert_uint_lt(told_count, sizeof told / sizeof *told);
    told[told_count++] = *fact;
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
    size_t found = 0;
    for (size_t i = 0; i < told_count; i++)
        found += told[i].kind == kind;
    return found;
}

static void open_events(void)
{
    struct err e;
    struct outbox_found found;
    struct events_options options = {
        .loop = &loop, .facts = facts, .config = {&site, &storage, &nobody}};
    ck_assert_int_eq(events_open(&options, &events, &found, &e), 0);
    outbox_found_finish(&found);
    ck_assert_int_eq(faults_open(facts, events, &faults, &e), 0);
    facts_subscribe(facts, UINT32_MAX, on_fact, NULL);
}

static void set_up(void)
{
    struct err e;
    virtual_begin();
    fake_outbox_begin();
    uv_loop_init(&loop);
    offered = prepared = 0;
    confirmed = 0;
    told_count = 0;
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
    open_events();
    events_connect(events, DELIVERY);
}

static void tear_down(void)
{
    facts_close(facts);
    events_close(events);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    faults_free(faults);
    events_free(events);
    facts_free(facts);
    fake_outbox_end();
}

static uint64_t emit(enum event_class class, const struct outbox_upload *upload)
{
    return events_emit(events, &(struct events_new){.type = "tocsin.alarm.raised",
                                                    .class = class,
                                                    .alarm = "",
                                                    .at_ns = virtual_ns() - 7000,
                                                    .data = json_object(),
                                                    .row = &(struct outbox_row){"incidents", "{}"},
                                                    .upload = upload,
                                                    .upload_receivers = upload ? 3 : 0});
}

START_TEST(an_event_goes_out_when_it_is_on_the_disk)
{
    ck_assert_uint_eq(emit(EVENT_CLASS_PRESS, NULL), 1);
    ck_assert_uint_eq(prepared, 1);
    ck_assert_uint_eq(offered, 0);
    ck_assert(!events_idle(events));
    ck_assert_str_eq(fake_outbox_last(FAKE_STORE)->row, "incidents");
    fake_outbox_answer();
    facts_tell(facts);
    ck_assert_uint_eq(offered, 1);
    ck_assert(events_idle(events));
    const struct fact_heard *heard = &last(FACT_HEARD)->u.heard;
    ck_assert(heard->stored);
    ck_assert_uint_eq(heard->seq, 1);
    ck_assert_int_eq(heard->handed_us, 7);
    ck_assert_str_eq(heard->type, "tocsin.alarm.raised");
    ck_assert_str_eq(heard->id, fake_outbox_last(FAKE_STORE)->event->id);
    virtual_advance(facts, 1000);
    ck_assert_uint_eq(offered, 1);
}
END_TEST

START_TEST(an_event_goes_out_from_memory_when_the_disk_is_slow_and_once)
{
    emit(EVENT_CLASS_PRESS, NULL);
    virtual_advance(facts, 49);
    ck_assert_uint_eq(offered, 0);
    virtual_advance(facts, 2);
    ck_assert_uint_eq(offered, 1);
    ck_assert(!last(FACT_HEARD)->u.heard.stored);
    ck_assert(!events_idle(events));
    fake_outbox_answer();
    facts_tell(facts);
    ck_assert_uint_eq(offered, 1);
    ck_assert(last(FACT_HEARD)->u.heard.stored);
    ck_assert(events_idle(events));
}
END_TEST

START_TEST(the_disk_has_its_time_from_the_event_and_not_from_the_turns_beginning)
{
    loop.time = 1; /* this turn has lasted since the machine was switched on */
    emit(EVENT_CLASS_PRESS, NULL);
    ck_assert_uint_gt(uv_now(&loop), 1);
}
END_TEST

START_TEST(only_presses_are_made_ready)
{
    emit(EVENT_CLASS_FOLLOWUP, NULL);
    ck_assert_uint_eq(prepared, 0);
}
END_TEST

START_TEST(what_was_made_before_the_receivers_were_there_goes_out_when_they_are)
{
    events_disconnect(events);
    emit(EVENT_CLASS_PRESS, NULL);
    fake_outbox_answer();
    virtual_advance(facts, 100);
    ck_assert_uint_eq(offered, 0);
    emit(EVENT_CLASS_PRESS, NULL);
    events_connect(events, DELIVERY);
    ck_assert_uint_eq(offered, 1);
    ck_assert_uint_eq(offered_seq, 1);
    fake_outbox_answer();
    ck_assert_uint_eq(offered, 2);
    ck_assert(events_idle(events));
}
END_TEST

START_TEST(a_manifest_is_stored_with_its_clip_for_who_takes_clips)
{
    struct outbox_upload upload = {.clip = "01980000-0000-7000-8000-000000000001"};
    emit(EVENT_CLASS_MANIFEST, &upload);
    ck_assert_str_eq(fake_outbox_last(FAKE_STORE)->clip, upload.clip);
    ck_assert_uint_eq(fake_outbox_last(FAKE_STORE)->upload_receivers, 3);
    emit(EVENT_CLASS_PRESS, NULL);
    ck_assert_uint_eq(fake_outbox_last(FAKE_STORE)->upload_receivers, 0);
}
END_TEST

START_TEST(an_answer_may_be_confirmed_when_it_is_on_the_disk_with_its_row)
{
    struct uplink_answer answer = {.answer_seq = 5};
    events_record_answer(events, 1, &answer, &(struct outbox_row){"incidents", "{}"});
    ck_assert_str_eq(fake_outbox_last(FAKE_ANSWER)->row, "incidents");
    ck_assert_int_eq(confirmed, 0);
    fake_outbox_answer();
    ck_assert_int_eq(confirmed, 5);
}
END_TEST

static void on_kept(void *arg, bool stored)
{
    *(const char **)arg = stored ? "stored" : "memory";
}

START_TEST(who_waits_is_told_as_whoever_has_pressed)
{
    const char *one = "nothing", *later = "nothing";
    emit(EVENT_CLASS_FOLLOWUP, NULL);
    ck_assert(events_when_kept(events, on_kept, &one));
    ck_assert(events_when_kept(events, on_kept, &later));
    facts_tell(facts);
    ck_assert_int_eq(fake_outbox.calls[fake_outbox.count - 1].kind, FAKE_BARRIER);
    events_forget_kept(events, &later);
    virtual_advance(facts, storage.commit_wait_ms - 1);
    ck_assert_str_eq(one, "nothing");
    virtual_advance(facts, 1);
    ck_assert_str_eq(one, "memory");
    ck_assert(events_when_kept(events, on_kept, &one));
    facts_tell(facts);
    fake_outbox_answer();
    ck_assert_str_eq(one, "stored");
    ck_assert_str_eq(later, "nothing");
}
END_TEST

/* Until the next open_events the test says what that finds. */
static void begin_again(void)
{
    tear_down();
    set_up();
    facts_close(facts);
    events_close(events);
    uv_run(&loop, UV_RUN_DEFAULT);
    faults_free(faults);
    events_free(events);
    facts_free(facts);
    struct err e;
    ck_assert_int_eq(facts_create(NULL, &facts, &e), 0);
}

START_TEST(the_chain_goes_on_from_what_was_found)
{
    begin_again();
    fake_outbox.last_seq = 41;
    memset(fake_outbox.head, 0xa5, sizeof fake_outbox.head);
    fake_outbox.damage = "damaged, and mended";
    open_events();
    events_connect(events, DELIVERY);
    ck_assert_uint_eq(emit(EVENT_CLASS_PRESS, NULL), 42);
    ck_assert_ptr_nonnull(strstr(fake_outbox_last(FAKE_STORE)->event->bytes,
                                 "paWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaU\""));
    facts_tell(facts);
    ck_assert_int_eq(last(FACT_FAULT)->u.fault.code, FAULT_STORE_DAMAGED);
    ck_assert_str_eq(last(FACT_FAULT)->u.fault.reason, "damaged, and mended");
}
END_TEST

static const struct {
    bool is_empty;
    int64_t days; /* of the newest event, from the build on */
} stores[] = {{false, 1}, {false, -1}, {true, 0}};

START_TEST(no_time_lies_before_the_build_or_the_newest_event)
{
    const int64_t build_ms = clock_build_ms(), newest_ms = build_ms + stores[_i].days * 86400000;
    begin_again();
    fake_outbox.newest_wall_ms = stores[_i].is_empty ? 0 : newest_ms;
    open_events();
    events_connect(events, DELIVERY);
    int64_t wanted_ms = newest_ms > build_ms ? newest_ms : build_ms;
    emit(EVENT_CLASS_PRESS, NULL);
    ck_assert_int_eq(virtual_floor_ms(), wanted_ms);
    events_stamp(events, virtual_ns());
    ck_assert_int_eq(virtual_floor_ms(), wanted_ms);
}
END_TEST

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

START_TEST(of_a_store_that_forgets_nothing_is_said_to_be_stored)
{
    const char *waits = "nothing";
    begin_again();
    known_disk_forgets = "tmpfs";
    open_events();
    events_connect(events, DELIVERY);
    ck_assert(!events_store_works(events));
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
    known_disk_forgets = NULL;
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

START_TEST(the_close_says_what_could_not_be_written)
{
    emit(EVENT_CLASS_PRESS, NULL);
    events_disconnect(events);
    fake_outbox.lost = 1;
    ck_assert_uint_eq(events_close(events), 1);
    ck_assert_uint_eq(offered, 0);
    ck_assert_uint_eq(events_close(events), 0);
    /* The process would have ended: let the handle go. */
    fake_outbox.lost = 0;
    fake_outbox_answer();
}
END_TEST

static void state(enum fault_code code, const char *subject, const char *reason)
{
    facts_state_fault(facts, code, subject, reason);
    facts_tell(facts);
    fake_outbox_answer();
}

/* Nothing changes for as long as a fault has to stay away. */
static void stay(void)
{
    virtual_advance(facts, 60000);
    faults_tick(faults);
    facts_tell(facts);
    fake_outbox_answer();
}

static json_t *event_member(const char *name)
{
    json_t *event = json_loads(fake_outbox_last(FAKE_STORE)->event->bytes, 0, NULL);
    json_t *found = json_incref(json_object_get(json_object_get(event, "data"), name));
    json_decref(event);
    return found;
}

static const char *event_text(const char *name)
{
    static char text[500];
    json_t *found = event_member(name);
    snprintf(text, sizeof text, "%s", found ? json_string_value(found) : "");
    json_decref(found);
    return text;
}

static json_int_t event_number(const char *name)
{
    json_t *found = event_member(name);
    json_int_t number = json_integer_value(found);
    json_decref(found);
    return number;
}

START_TEST(a_fault_is_an_event_when_it_comes_and_when_it_goes)
{
    state(FAULT_LINE, "gate", "cut");
    ck_assert_str_eq(fake_outbox_last(FAKE_STORE)->event->type, "tocsin.fault.raised");
    ck_assert_str_eq(event_text("fault"), "line");
    ck_assert_str_eq(event_text("subject"), "gate");
    ck_assert_str_eq(event_text("reason"), "cut");
    ck_assert_int_eq(last(FACT_FAULT_REPORTED)->u.fault.code, FAULT_LINE);
    /* Said again it is none. */
    state(FAULT_LINE, "gate", "cut");
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 1);
    state(FAULT_LINE, "gate", NULL);
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 1);
    stay();
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 2);
    ck_assert_str_eq(fake_outbox_last(FAKE_STORE)->event->type, "tocsin.fault.cleared");
    ck_assert_str_eq(event_text("since"), ""); /* there is nothing to count */
    ck_assert(!last(FACT_FAULT_REPORTED)->u.fault.broken);
    /* What was never broken cannot be mended. */
    state(FAULT_LINE, "office", NULL);
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 2);
    ck_assert_uint_eq(count(FACT_FAULT), 2);
}
END_TEST

/* As when the switch dies that all cameras hang on. */
START_TEST(many_faults_at_once_are_told_a_few_a_turn)
{
    static const size_t stored[] = {4, 8, 10, 10};
    char camera[20];
    for (int i = 0; i < 10; i++) {
        snprintf(camera, sizeof camera, "cam%d", i);
        facts_state_fault(facts, FAULT_CAMERA, camera, "gone");
    }
    for (size_t i = 0; i < sizeof stored / sizeof *stored; i++) {
        facts_tell(facts);
        ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), stored[i]);
        ck_assert_uint_eq(count(FACT_FAULT), 10); /* the lamp knows at once */
        if (_i == 0)
            fake_outbox_answer();
        else
            faults_tick(faults);
    }
}
END_TEST

START_TEST(each_subject_has_faults_of_its_own)
{
    state(FAULT_LINE, "gate", "cut");
    state(FAULT_LINE, "office", "cut");
    state(FAULT_STUCK, "gate", "down");
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 3);
    virtual_advance(facts, 20000);
    state(FAULT_LINE, "gate", NULL);
    json_t *status = faults_status(faults);
    ck_assert_uint_eq(json_array_size(status), 2);
    const json_t *one = json_array_get(status, 0);
    ck_assert_str_eq(json_string_value(json_object_get(one, "action")),
                     fault_kind(FAULT_STUCK)->action_en);
    ck_assert_ptr_nonnull(json_object_get(one, "action_zh"));
    ck_assert_int_eq(json_integer_value(json_object_get(one, "age_ms")), 20000);
    json_decref(status);
    json_t *heartbeat = faults_heartbeat(faults);
    ck_assert_ptr_null(json_object_get(json_array_get(heartbeat, 0), "action"));
    json_decref(heartbeat);
}
END_TEST

START_TEST(a_fault_in_another_alphabet_is_listed_all_the_same)
{
    state(FAULT_LINE, "gate", "\xce\xde\xcf\xdf: cut");
    json_t *status = faults_status(faults), *heartbeat = faults_heartbeat(faults);
    ck_assert_uint_eq(json_array_size(status), 1);
    ck_assert_uint_eq(json_array_size(heartbeat), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(status, 0), "reason")),
                     "????: cut");
    json_decref(status);
    json_decref(heartbeat);
}
END_TEST

START_TEST(a_fault_that_flaps_is_a_handful_of_events_with_a_count)
{
    char since[CLOCK_TEXT_SIZE];
    clock_format_utc(VIRTUAL_START_WALL_MS, since);
    state(FAULT_LINE, "gate", "cut");
    for (int i = 0; i < 50; i++) {
        virtual_advance(facts, 100);
        state(FAULT_LINE, "gate", i % 2 ? "cut" : NULL);
    }
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 1);
    ck_assert(faults_any(faults) && faults_any_grave(faults));
    state(FAULT_LINE, "gate", NULL);
    ck_assert(!faults_any(faults)); /* the lamp knows at once, the receivers when it stays so */
    ck_assert_uint_eq(count(FACT_FAULT), 52);
    virtual_advance(facts, 59999);
    faults_tick(faults);
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 1);
    virtual_advance(facts, 1);
    faults_tick(faults);
    facts_tell(facts);
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 2);
    ck_assert_str_eq(event_text("reason"), "cut");
    ck_assert_int_eq(event_number("times"), 25);
    ck_assert_str_eq(event_text("since"), since);
    faults_tick(faults);
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 2);
}
END_TEST

/* As a camera with a bad plug: 8,640 times a day. */
START_TEST(a_fault_that_does_not_end_flapping_is_summed_up_while_it_is_there)
{
    state(FAULT_CAMERA, "gate", "no answer");
    for (int i = 0; i < 2 * 8640; i++) {
        told_count = 0;
        virtual_advance(facts, 5000);
        state(FAULT_CAMERA, "gate", i % 2 ? "no answer" : NULL);
        ck_assert(faults_any(faults) == (i % 2 == 1));
        faults_tick(faults);
    }
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 7);
    ck_assert_str_eq(fake_outbox_last(FAKE_STORE)->event->type, "tocsin.fault.raised");
    ck_assert_int_eq(event_number("times"), 1440);
    state(FAULT_CAMERA, "gate", NULL);
    virtual_advance(facts, 4 * 3600000);
    faults_tick(faults);
    ck_assert_uint_eq(fake_outbox_count(FAKE_STORE), 8);
    ck_assert_str_eq(fake_outbox_last(FAKE_STORE)->event->type, "tocsin.fault.cleared");
}
END_TEST

START_TEST(what_is_over_and_not_told_as_yet_is_shown_as_that)
{
    json_t *over = faults_over(faults);
    ck_assert_uint_eq(json_array_size(over), 0);
    json_decref(over);
    state(FAULT_LINE, "gate", "cut");
    state(FAULT_LINE, "office", "cut");
    state(FAULT_LINE, "gate", NULL);
    virtual_advance(facts, 20000);
    over = faults_over(faults);
    ck_assert_uint_eq(json_array_size(over), 1);
    const json_t *one = json_array_get(over, 0);
    ck_assert_str_eq(json_string_value(json_object_get(one, "subject")), "gate");
    ck_assert_int_eq(json_integer_value(json_object_get(one, "age_ms")), 20000);
    json_decref(over);
    stay();
    over = faults_over(faults);
    ck_assert_uint_eq(json_array_size(over), 0);
    json_decref(over);
}
END_TEST

START_TEST(a_fault_keeps_its_last_words_and_takes_new_ones)
{
    state(FAULT_RECEIVER, "police", "refused");
    state(FAULT_RECEIVER, "police", "no route");
    json_t *status = faults_status(faults);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(status, 0), "reason")),
                     "no route");
    json_decref(status);
    state(FAULT_RECEIVER, "police", NULL);
    stay();
    ck_assert_str_eq(event_text("reason"), "no route");
}
END_TEST

START_TEST(a_heartbeat_holds_the_chains_head)
{
    emit(EVENT_CLASS_PRESS, NULL);
    struct event *event = events_heartbeat(events, json_pack("{ss}", "store", "good"));
    ck_assert_ptr_nonnull(event);
    ck_assert_uint_eq(event->seq, 0);
    ck_assert_ptr_nonnull(strstr(event->bytes, "\"seq\":1"));
    event_unref(event);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("events");
    TCase *tc = tcase_create("events");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, after_a_power_cut_the_chain_goes_on_behind_a_gap);
    tcase_add_test(tc, what_was_found_in_the_journal_is_stored_before_all_else_and_offered_once);
    tcase_add_test(tc, a_disk_that_is_slow_for_each_press_is_a_fault_until_it_is_not);
    tcase_add_test(tc, one_long_moment_in_which_many_are_made_is_not_a_slow_disk);
    tcase_add_test(tc, slow_has_its_hysteresis);
    tcase_add_test(tc, a_journal_that_takes_nothing_is_a_fault_until_it_does);
    tcase_add_test(tc, an_event_goes_out_when_it_is_on_the_disk);
    tcase_add_test(tc, an_event_goes_out_from_memory_when_the_disk_is_slow_and_once);
    tcase_add_test(tc, only_presses_are_made_ready);
    tcase_add_test(tc, the_disk_has_its_time_from_the_event_and_not_from_the_turns_beginning);
    tcase_add_test(tc, what_was_made_before_the_receivers_were_there_goes_out_when_they_are);
    tcase_add_test(tc, a_manifest_is_stored_with_its_clip_for_who_takes_clips);
    tcase_add_test(tc, who_waits_is_told_as_whoever_has_pressed);
    tcase_add_test(tc, an_answer_may_be_confirmed_when_it_is_on_the_disk_with_its_row);
    tcase_add_test(tc, the_chain_goes_on_from_what_was_found);
    tcase_add_loop_test(tc, no_time_lies_before_the_build_or_the_newest_event, 0,
                        sizeof stores / sizeof *stores);
    tcase_add_test(tc, a_disk_that_does_not_answer_is_a_fault_until_it_does);
    tcase_add_loop_test(tc, the_store_is_told_to_be_good_when_the_disk_has_taken_something, 0, 2);
    tcase_add_test(tc, a_disk_that_is_full_is_a_fault_with_its_words);
    tcase_add_test(tc, of_a_store_that_forgets_nothing_is_said_to_be_stored);
    tcase_add_loop_test(tc, old_events_are_pruned_by_the_time_that_the_gateway_ran, 0, 3);
    tcase_add_test(tc, what_was_counted_is_saved_each_hour_and_pruned_by_each_ten_minutes);
    tcase_add_test(tc, a_count_that_cannot_be_read_makes_nothing_old);
    tcase_add_test(tc, the_close_says_what_could_not_be_written);
    tcase_add_test(tc, a_heartbeat_holds_the_chains_head);
    suite_add_tcase(suite, tc);
    tc = tcase_create("faults");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_fault_is_an_event_when_it_comes_and_when_it_goes);
    tcase_add_loop_test(tc, many_faults_at_once_are_told_a_few_a_turn, 0, 2);
    tcase_add_test(tc, each_subject_has_faults_of_its_own);
    tcase_add_test(tc, a_fault_in_another_alphabet_is_listed_all_the_same);
    tcase_add_test(tc, a_fault_that_flaps_is_a_handful_of_events_with_a_count);
    tcase_add_test(tc, a_fault_that_does_not_end_flapping_is_summed_up_while_it_is_there);
    tcase_add_test(tc, what_is_over_and_not_told_as_yet_is_shown_as_that);
    tcase_add_test(tc, a_fault_keeps_its_last_words_and_takes_new_ones);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
