/* SPDX-License-Identifier: Apache-2.0 */
/* Events on their way, and faults as events: over a disk that answers when the test says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "events_world.h"
#include "fake_outbox.h"
#include "run_suite.h"
#include "virtual_time.h"

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

static long unit_stop_ms(void)
{
    char line[200];
    long stop_s = 0;
    FILE *unit = fopen(UNIT_FILE, "r");
    ck_assert_ptr_nonnull(unit);
    while (fgets(line, sizeof line, unit))
        stop_s = strncmp(line, "TimeoutStopSec=", 15) == 0 ? strtol(line + 15, NULL, 10) : stop_s;
    fclose(unit);
    return stop_s * 1000;
}

/* How long a stop would wait with lines open. */
static int64_t busy_ms(void)
{
    int64_t began_ns = virtual_ns();
    while (events_busy(events))
        virtual_advance(facts, 100);
    return (virtual_ns() - began_ns) / 1000000;
}

static void leave(void)
{
    events_disconnect(events);
    ck_assert_uint_eq(events_close(events), 0);
}

/* And a second to come back from the last try: then it ends by itself, and says what is lost. */
START_TEST(a_stop_tries_for_as_long_as_systemd_lets_it_with_lines_open)
{
    emit(EVENT_CLASS_PRESS, NULL);
    int64_t waited_ms = busy_ms();
    ck_assert_int_gt(waited_ms, unit_stop_ms() / 2);
    leave();
    ck_assert_int_eq(fake_outbox.wait_ms, 0);
    ck_assert_int_lt(waited_ms + 1000, unit_stop_ms());
}
END_TEST

START_TEST(a_disk_that_works_at_the_last_moment_has_a_moment_for_the_rest)
{
    emit(EVENT_CLASS_PRESS, NULL);
    int64_t waited_ms = busy_ms();
    fake_outbox_answer();
    leave();
    ck_assert_int_ge(fake_outbox.wait_ms, 1000);
    ck_assert_int_lt(waited_ms + fake_outbox.wait_ms + 1000, unit_stop_ms());
}
END_TEST

START_TEST(a_stop_waits_for_what_was_handed_over_and_for_what_is_pressed_meanwhile)
{
    events_save_row(events, &(struct outbox_row){"levels", "{}"});
    ck_assert(events_busy(events));
    ck_assert(events_busy(events));
    emit(EVENT_CLASS_PRESS, NULL);
    ck_assert_uint_eq(fake_outbox_count(FAKE_BARRIER), 1);
    fake_outbox_answer();
    emit(EVENT_CLASS_PRESS, NULL);
    ck_assert(events_busy(events));
    ck_assert_uint_eq(offered, 1); /* it goes its way */
    fake_outbox_answer();
    ck_assert_uint_eq(offered, 2);
    ck_assert(!events_busy(events));
    leave();
    ck_assert_int_ge(fake_outbox.wait_ms, 1000);
}
END_TEST

START_TEST(a_close_without_a_stop_before_it_has_a_moment)
{
    leave();
    ck_assert_int_ge(fake_outbox.wait_ms, 1000);
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

/* What is counted meanwhile waits to be written, and would go over what the store has. */
START_TEST(an_hour_without_the_store_is_added_to_what_it_has_counted)
{
    begin_again();
    fake_outbox.unknown = "the disk has not answered yet";
    open_events();
    virtual_advance(facts, 3600 * 1000);
    events_tick(events);
    ck_assert_str_eq(fake_outbox_last(FAKE_ROW)->row, "age");
    struct outbox_found_row row = {
        "age", "{\"boot\":\"x\",\"at_ms\":0,\"ran_ms\":9000000000,\"marks\":[[8000000000,3]]}"};
    const int64_t newest_ms = clock_build_ms() + 86400000;
    struct outbox_found found = {
        .last_seq = 5, .row_count = 1, .rows = &row, .newest_wall_ms = newest_ms};
    fake_outbox.host.on_found(fake_outbox.host.arg, &found);
    ck_assert_int_eq(fake_outbox.calls[fake_outbox.count - 1].kind, FAKE_JOINED);
    ck_assert_str_eq(fake_outbox.calls[fake_outbox.count - 2].row, "age");
    json_t *saved = json_loads(fake_outbox.row_text, 0, NULL);
    ck_assert_int_ge(json_integer_value(json_object_get(saved, "ran_ms")), 9003600000);
    ck_assert_ptr_nonnull(strstr(fake_outbox.row_text, "[8000000000,3]"));
    json_decref(saved);
    events_stamp(events, virtual_ns());
    ck_assert_int_eq(virtual_floor_ms(), newest_ms); /* nor is it before what the store has */
}
END_TEST

static const struct fact_fault *stated_of_store(void)
{
    size_t i = told_count;
    while (i-- > 0 && (told[i].kind != FACT_FAULT_STATED || told[i].u.fault.code != FAULT_STORE))
        ;
    ck_assert_uint_lt(i, told_count);
    return &told[i].u.fault;
}

START_TEST(a_store_that_does_not_give_what_waits_for_a_receiver_is_not_good)
{
    emit(EVENT_CLASS_PRESS, NULL);
    fake_outbox_answer();
    for (int i = 0; i < 2; i++) {
        unread = i == 0;
        events_tick(events);
        facts_tell(facts);
        const struct fact_fault *stated = stated_of_store();
        ck_assert_int_eq(stated->broken, unread);
        ck_assert(!unread || strstr(stated->reason, "waits for a receiver"));
        ck_assert_int_eq(events_store_works(events), !unread);
    }
}
END_TEST

/* What waits in memory is the graver of the two. */
START_TEST(a_disk_that_takes_nothing_either_is_told_as_that)
{
    emit(EVENT_CLASS_PRESS, NULL);
    unread = true;
    virtual_advance(facts, 3000);
    events_tick(events);
    facts_tell(facts);
    ck_assert(stated_of_store()->broken);
    ck_assert_ptr_nonnull(strstr(stated_of_store()->reason, "kept in memory"));
    unread = false;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("events");
    TCase *tc = tcase_create("events");
    tcase_add_checked_fixture(tc, set_up, tear_down);
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
    tcase_add_test(tc, a_stop_tries_for_as_long_as_systemd_lets_it_with_lines_open);
    tcase_add_test(tc, a_disk_that_works_at_the_last_moment_has_a_moment_for_the_rest);
    tcase_add_test(tc, a_stop_waits_for_what_was_handed_over_and_for_what_is_pressed_meanwhile);
    tcase_add_test(tc, a_close_without_a_stop_before_it_has_a_moment);
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
    tcase_add_test(tc, an_hour_without_the_store_is_added_to_what_it_has_counted);
    tcase_add_test(tc, a_store_that_does_not_give_what_waits_for_a_receiver_is_not_good);
    tcase_add_test(tc, a_disk_that_takes_nothing_either_is_told_as_that);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
