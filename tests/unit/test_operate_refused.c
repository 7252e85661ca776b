/* SPDX-License-Identifier: Apache-2.0 */
/* What receivers refuse: listed, and given up by a person, in operate_world. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "operate_world.h"
#include "run_suite.h"

#define GIVE_UP "tocsin.delivery.given_up"
#define ALARM   "01980000-0000-7000-8000-0000000000a1"
#define OTHER   "01980000-0000-7000-8000-0000000000a2"

/* Something that a receiver refuses for good. */
static struct delivery_refused *refuse(uint64_t seq, size_t receiver, const char *type,
                                       const char *alarm)
{
    struct delivery_refused *r = &fake.refused[fake.refused_count++];
    *r = (struct delivery_refused){.receiver = receiver,
                                   .seq = seq,
                                   .id = "01980000-0000-7000-8000-0000000000e1",
                                   .type = type,
                                   .alarm = alarm,
                                   .reason = "HTTP 404",
                                   .since_ms = clock_monotonic_ms() - 700000,
                                   .attempts = 12,
                                   .for_good = true};
    return r;
}

static struct control_request *give_up(const char *more)
{
    char arguments[300];
    snprintf(arguments, sizeof arguments, "{'seq':12,'by':'Li','note':'their last version'%s}",
             more);
    return ask("events.give-up", arguments);
}

static const char *text_at(const struct control_request *request, size_t i, const char *name)
{
    const json_t *list = json_object_get(request->answer, "events");
    const char *text = json_string_value(json_object_get(json_array_get(list, i), name));
    return text ? text : "";
}

static int64_t number_at(const struct control_request *request, size_t i, const char *name)
{
    const json_t *list = json_object_get(request->answer, "events");
    return json_integer_value(json_object_get(json_array_get(list, i), name));
}

START_TEST(what_is_refused_is_listed_with_its_reason_the_newest_first)
{
    char since[CLOCK_TEXT_SIZE];
    refuse(3, 0, "tocsin.fault.raised", "");
    refuse(12, 1, "tocsin.alarm.raised", ALARM)->for_good = false;
    refuse(12, 0, "tocsin.alarm.raised", ALARM);
    struct control_request *request = ask("events.refused", "{}");
    ck_assert_int_eq(json_integer_value(json_object_get(request->answer, "total")), 3);
    ck_assert_uint_eq(json_array_size(json_object_get(request->answer, "events")), 3);
    ck_assert_str_eq(text_at(request, 0, "receiver"), "police");
    ck_assert_str_eq(text_at(request, 1, "receiver"), "school");
    ck_assert_int_eq(number_at(request, 0, "seq"), 12);
    ck_assert_int_eq(number_at(request, 2, "seq"), 3);
    ck_assert_str_eq(text_at(request, 0, "type"), "tocsin.alarm.raised");
    ck_assert_str_eq(text_at(request, 0, "alarm"), ALARM);
    ck_assert_str_eq(text_at(request, 0, "reason"), "HTTP 404");
    ck_assert_int_eq(number_at(request, 0, "attempts"), 12);
    struct clock_stamp stamp = events_stamp(FAKE_EVENTS, fake.refused[0].since_ms * 1000000);
    clock_format_utc(stamp.wall_ms, since);
    ck_assert_str_eq(text_at(request, 0, "since"), since);
    request = ask("events.refused", "{'limit':1}");
    ck_assert_int_eq(json_integer_value(json_object_get(request->answer, "total")), 3);
    ck_assert_uint_eq(json_array_size(json_object_get(request->answer, "events")), 1);
    ck_assert(ask("events.refused", "{'limit':0}")->failed);
    ck_assert(ask("events.refused", "{'limit':501}")->failed);
}
END_TEST

START_TEST(nothing_refused_is_an_empty_list)
{
    struct control_request *request = ask("events.refused", "{}");
    ck_assert(request->answered && !request->failed);
    ck_assert_uint_eq(json_array_size(json_object_get(request->answer, "events")), 0);
}
END_TEST

START_TEST(what_is_given_up_is_an_event_that_says_who_and_why_and_is_answered_when_it_is_stored)
{
    refuse(12, 0, "tocsin.fault.raised", "");
    disk_is_slow = true;
    const struct control_request *request = give_up("");
    ck_assert(!request->answered);
    const struct fake_event *event = fake_last(GIVE_UP);
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(event->class, EVENT_CLASS_FOLLOWUP);
    ck_assert_str_eq(event->alarm, "");
    ck_assert_str_eq(event->row, DELIVERY_GIVEN_UP_ROW); /* one transaction */
    ck_assert_str_eq(event->row_text, "12 at 0");
    const json_t *what = json_object_get(event->data, "event");
    ck_assert_int_eq(json_integer_value(json_object_get(what, "seq")), 12);
    ck_assert_str_eq(json_string_value(json_object_get(what, "type")), "tocsin.fault.raised");
    ck_assert_ptr_null(json_object_get(what, "alarm"));
    ck_assert_str_eq(fake_text(event, "receiver"), "police");
    ck_assert_str_eq(fake_text(event, "reason"), "HTTP 404");
    ck_assert_str_eq(fake_text(event, "by"), "Li (root)");
    ck_assert_str_eq(fake_text(event, "note"), "their last version");
    ck_assert_int_eq(json_integer_value(json_object_get(event->data, "attempts")), 12);
    ck_assert_uint_eq(fake.given_up, 1);
    fake_keep(true);
    ck_assert(request->answered && !request->failed);
    ck_assert_str_eq(text_of(request, "kept"), "stored");
    ck_assert_str_eq(text_of(request, "receiver"), "police");
    ck_assert_int_eq(json_integer_value(json_object_get(request->answer, "event")),
                     (json_int_t)fake.count);
    request = give_up(""); /* once more is done already */
    fake_keep(true);
    ck_assert(request->answered && !request->failed);
    ck_assert(json_is_true(json_object_get(request->answer, "already")));
    ck_assert_uint_eq(fake_count(GIVE_UP), 1);
    ck_assert_uint_eq(fake.given_up, 1);
}
END_TEST

/* Nothing of it is done, and the answer says why. */
static void check_refused(const struct control_request *request, const char *word)
{
    ck_assert(request->failed);
    ck_assert_msg(strstr(request->error, word), "%s", request->error);
    ck_assert_uint_eq(fake_count(GIVE_UP), 0);
    ck_assert_uint_eq(fake.given_up, 0);
}

START_TEST(an_order_without_who_why_or_what_is_refused)
{
    static const char *const wrong[] = {"{'seq':12,'by':'Li'}", "{'seq':12,'note':'x'}",
                                        "{'seq':12,'by':'','note':'x'}",
                                        "{'seq':12,'by':'Li','note':''}", "{'by':'Li','note':'x'}"};
    refuse(12, 0, "tocsin.fault.raised", "");
    check_refused(ask("events.give-up", wrong[_i]), "--by NAME --note TEXT");
}
END_TEST

START_TEST(what_may_be_taken_yet_is_not_given_up)
{
    struct delivery_refused *r = refuse(12, 0, "tocsin.fault.raised", "");
    r->for_good = false;
    check_refused(give_up(""), "may take event 12 yet");
    r->for_good = r->in_flight = true;
    check_refused(give_up(""), "is being tried at this moment");
    r->in_flight = false;
    fake.has_no_room = true;
    check_refused(give_up(""), "the disk is full");
    fake.has_no_room = false;
    fake.cannot_note = true;
    check_refused(give_up(""), "256 events were given up");
    fake.cannot_note = false;
    fake.cannot_emit = true;
    check_refused(give_up(""), "nothing was given up");
    fake.cannot_emit = false;
    ck_assert(!give_up("")->failed);
}
END_TEST

/* Of a drill as well: who closes it has seen the last of it. */
START_TEST(nothing_of_an_alarm_that_is_open_or_may_be_is_given_up)
{
    static char alarm[UUID_TEXT_SIZE];
    char named[80];
    world_press(WORLD_GATE);
    memcpy(alarm, world_incident(WORLD_GATE)->alarm, sizeof alarm);
    snprintf(named, sizeof named, ",'alarm':'%s'", alarm);
    refuse(12, 0, "tocsin.alarm.escalated", alarm);
    check_refused(give_up(named), "of an alarm that is open");
    ask("reset", "{}");
    facts_tell(world.facts);
    incidents_load(world.incidents, &(struct outbox_found){.last_seq = 1});
    check_refused(give_up(named), "not every one of before the start is known");
    incidents_settle(world.incidents, "Li", NULL);
    ck_assert(!give_up(named)->failed);
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_object_get(fake_last(GIVE_UP)->data, "event"), "alarm")),
                     alarm);
}
END_TEST

START_TEST(an_event_of_a_real_alarm_is_named_by_its_alarm_too)
{
    refuse(12, 0, "tocsin.alarm.raised", ALARM);
    check_refused(give_up(""), "--alarm ALARM");
    check_refused(give_up(",'alarm':'" OTHER "'"), "is not of alarm " OTHER);
    ck_assert(!give_up(",'alarm':'" ALARM "'")->failed);
}
END_TEST

START_TEST(of_a_drill_that_is_over_the_number_is_enough)
{
    refuse(12, 0, "tocsin.drill.raised", ALARM);
    ck_assert(!give_up("")->failed);
}
END_TEST

START_TEST(one_of_several_receivers_that_refuse_it_is_named)
{
    refuse(12, 0, "tocsin.fault.raised", "");
    refuse(12, 1, "tocsin.fault.raised", "");
    check_refused(give_up(""), "2 receivers refuse event 12");
    check_refused(give_up(",'receiver':'nobody'"), "no receiver nobody here");
    ck_assert(!give_up(",'receiver':'school'")->failed);
    ck_assert_str_eq(fake_last(GIVE_UP)->row_text, "12 at 1");
}
END_TEST

START_TEST(what_waits_and_is_not_refused_is_not_given_up)
{
    fake.waiting_seq = 12;
    check_refused(give_up(""), "waits for police and is not refused");
}
END_TEST

#define AT(id, state) "{\"id\":\"" id "\",\"state\":\"" state "\"}"

/* What the store says of an event that waits for nobody here. */
static const struct {
    const char *receivers; /* NULL: there is no such event */
    const char *more, *error;
} stored[] = {
    {NULL, "", "no event 12 here"},
    {AT("police", "stored") "," AT("school", "unconfirmed"), "", "every receiver has event 12"},
    {AT("police", "stored"), ",'receiver':'police'", "police has event 12 already"},
    {AT("police", "stored"), ",'receiver':'school'", "event 12 is not for school"},
    {"", "", "event 12 is not for any receiver"},
    {AT("police", "pending"), "", "waits for police and is not refused"},
    {AT("police", "given-up") "," AT("school", "stored"), "", NULL},
    {AT("police", "stored") "," AT("school", "given-up"), "", NULL},
    {AT("police", "given-up") "," AT("school", "stored"), ",'receiver':'school'",
     "school has event 12 already"},
};
#define STORED_COUNT 9

START_TEST(of_what_is_not_pending_the_store_says_why_there_is_nothing_to_give_up)
{
    char text[300] = "";
    if (stored[_i].receivers)
        snprintf(text, sizeof text, "\"events\":[{\"seq\":12,\"receivers\":[%s]}]",
                 stored[_i].receivers);
    const struct outbox_answer answers[] = {
        {.text = text, .length = strlen(text), .last_seq = stored[_i].receivers ? 12 : 0}};
    fake_outbox.answers = answers;
    const struct control_request *request = give_up(stored[_i].more);
    ck_assert_int_eq(fake_outbox.asked.kind, OUTBOX_QUERY_SHOW);
    ck_assert_uint_eq(fake_outbox.asked.seq, 12);
    if (stored[_i].error) {
        check_refused(request, stored[_i].error);
        return;
    }
    ck_assert(request->answered && !request->failed);
    ck_assert(json_is_true(json_object_get(request->answer, "already")));
    ck_assert_uint_eq(fake_count(GIVE_UP), 0);
}
END_TEST

START_TEST(a_store_that_cannot_say_it_is_said_to)
{
    check_refused(give_up(""), "this store answers no question");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operate_refused");
    TCase *tc = tcase_create("refused");
    tcase_add_checked_fixture(tc, operate_begin, operate_end);
    tcase_add_test(tc, what_is_refused_is_listed_with_its_reason_the_newest_first);
    tcase_add_test(tc, nothing_refused_is_an_empty_list);
    tcase_add_test(
        tc, what_is_given_up_is_an_event_that_says_who_and_why_and_is_answered_when_it_is_stored);
    tcase_add_loop_test(tc, an_order_without_who_why_or_what_is_refused, 0, 5);
    tcase_add_test(tc, what_may_be_taken_yet_is_not_given_up);
    tcase_add_test(tc, nothing_of_an_alarm_that_is_open_or_may_be_is_given_up);
    tcase_add_test(tc, an_event_of_a_real_alarm_is_named_by_its_alarm_too);
    tcase_add_test(tc, of_a_drill_that_is_over_the_number_is_enough);
    tcase_add_test(tc, one_of_several_receivers_that_refuse_it_is_named);
    tcase_add_test(tc, what_waits_and_is_not_refused_is_not_given_up);
    tcase_add_loop_test(tc, of_what_is_not_pending_the_store_says_why_there_is_nothing_to_give_up,
                        0, STORED_COUNT);
    tcase_add_test(tc, a_store_that_cannot_say_it_is_said_to);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
