/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked over the control socket: over real inputs and incidents, with a socket that the
 * test speaks for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "operate_world.h"
#include "run_suite.h"

START_TEST(a_press_is_answered_when_its_event_is_on_the_disk)
{
    struct control_request *request = ask("press", "{'input':'gate'}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
    say_heard(1, true);
    ck_assert(request->answered && !request->failed);
    ck_assert_str_eq(text_of(request, "heard"), "stored");
    ck_assert_ptr_null(json_object_get(request->answer, "exercise"));
    ck_assert_str_eq(text_of(request, "alarm"), world_incident(WORLD_GATE)->alarm);
    ck_assert_int_eq(json_integer_value(json_object_get(request->answer, "seq")), 1);
    virtual_advance(world.facts, 200);
    ck_assert(!world_incident(WORLD_GATE)->held);
}
END_TEST

START_TEST(a_press_in_a_drill_is_said_to_be_one)
{
    ask("drill.begin", "{'inputs':['gate']}");
    facts_tell(world.facts);
    world_deliver("tocsin.drill.started", 0);
    struct control_request *request = ask("press", "{'input':'gate'}");
    facts_tell(world.facts);
    const struct fake_event *event = fake_last("tocsin.drill.raised");
    ck_assert_ptr_nonnull(event);
    say_heard((uint64_t)(event - fake.events) + 1, true);
    ck_assert_str_eq(text_of(request, "heard"), "stored");
    ck_assert_str_eq(text_of(request, "exercise"), "drill");
}
END_TEST

START_TEST(a_press_in_a_store_that_forgets_is_told_as_in_memory)
{
    struct control_request *request = ask("press", "{'input':'gate'}");
    facts_tell(world.facts);
    say_heard_by_what_forgets(1);
    ck_assert_str_eq(text_of(request, "heard"), "memory");
}
END_TEST

START_TEST(a_press_that_the_disk_does_not_take_is_answered_from_memory)
{
    struct control_request *request = ask("press", "{'input':'gate','hold_ms':0}");
    facts_tell(world.facts);
    say_heard(1, false);
    ck_assert_str_eq(text_of(request, "heard"), "memory");
    say_heard(1, true);
    /* Still pressed: another waits for nothing. */
    ck_assert(ask("press", "{'input':'gate'}")->failed);
}
END_TEST

START_TEST(a_press_that_becomes_no_event_says_why)
{
    struct control_request *request = ask("press", "{'input':'held','hold_ms':100}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
    ck_assert(ask("press", "{'input':'held'}")->failed);
    virtual_advance(world.facts, 500);
    fake_keep(true);
    ck_assert(request->answered && !request->failed);
    ck_assert_ptr_nonnull(strstr(text_of(request, "text"), "held long enough"));
}
END_TEST

START_TEST(a_held_press_is_answered_when_it_counts)
{
    struct control_request *request = ask("press", "{'input':'held','hold_ms':3000}");
    virtual_advance(world.facts, 2100);
    ck_assert(!request->answered);
    say_heard(1, true);
    ck_assert_str_eq(text_of(request, "heard"), "stored");
}
END_TEST

START_TEST(what_the_release_of_an_earlier_press_tells_answers_no_later_one)
{
    ask("press", "{'input':'gate','hold_ms':0}");
    facts_tell(world.facts);
    say_heard(1, true);
    virtual_advance(world.facts, 100);
    ck_assert(!ask("release", "{'input':'gate'}")->failed);
    /* In the same turn: the line has not settled yet. */
    struct control_request *request = ask("press", "{'input':'gate','hold_ms':0}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
    virtual_advance(world.facts, 100);
    ck_assert(!request->answered);
    say_heard(fake.count, true);
    ck_assert_str_eq(text_of(request, "heard"), "stored");
}
END_TEST

START_TEST(a_release_before_the_press_was_accepted_ends_its_waiting)
{
    struct control_request *request = ask("press", "{'input':'held','hold_ms':0}");
    facts_tell(world.facts);
    ck_assert(!ask("release", "{'input':'held'}")->failed);
    ck_assert(request->answered);
}
END_TEST

START_TEST(what_cannot_be_pressed_is_refused_with_a_reason)
{
    static const struct {
        const char *command, *arguments, *says;
    } wrong[] = {
        {"press", "{'input':'nowhere'}", "there are: gate, office"},
        {"press", "{}", "(none given)"},
        {"press", "{'input':'office'}", "is a real line (driver real)"},
        {"press", "{'input':'gate','hold_ms':-1}", "hold_ms must be from 0"},
        {"press", "{'input':'gate','hold_ms':'x'}", "hold_ms must be from 0"},
        {"press", "{'input':'gate','hold_ms':60001}", "hold_ms must be from 0"},
        {"press", "{'input':'tamper'}", "reads cards"},
        {"release", "{'input':'tamper'}", "reads cards"},
        {"card", "{'input':'gate','digits':'1'}", "reads no cards"},
        {"card", "{'input':'tamper','digits':'12a'}", "a card is 1 to"},
        {"card", "{'input':'tamper'}", "a card is 1 to"},
        {"cancel", "{}", "say why"},
        {"cancel", "{'note':'x'}", "no alarm was raised within the last 30 s"},
        {"reset", "{'alarm':'x'}", "no open alarm x"},
        {"drill.begin", "{'length_ms':1}", "lasts from 1 s to 30 min"},
        {"drill.begin", "{'inputs':['duress']}", "duress is no button that a drill can cover"},
        {"drill.begin", "{'inputs':['nowhere']}", "nowhere is no button"},
        {"drill.end", "{}", "there is no drill"},
        {"test.end", "{}", "there is no test"},
        {"events.show", "{}", "say which event"},
        {"events.list", "{'limit':0}", "limit: not a number from 1 to 500"},
        {"events.list", "{'before':0}", "before: not a number from 1 on"},
        {"events.list", "{'since_ms':'x'}", "since_ms: not a number from 0 on"},
        {"events.list", "{'alarm':'nosuch'}", "alarm nosuch: not a UUID"},
        {"events.show", "{'id':'nosuch'}", "id nosuch: not a UUID"},
        {"cancel", "{'note':'x','alarm':'nosuch'}", "no open alarm nosuch"},
        {"events.list", "{}", "answers no question"},
    };
    const struct control_request *request = ask(wrong[_i].command, wrong[_i].arguments);
    ck_assert(request->failed);
    ck_assert_ptr_nonnull(strstr(request->error, wrong[_i].says));
}
END_TEST
#define WRONG_COUNT 27

START_TEST(a_reload_that_cannot_be_asked_for_says_why)
{
    reload_error = ESHUTDOWN;
    ck_assert_ptr_nonnull(strstr(ask("reload", "{}")->error, "tocsind is stopping"));
    reload_error = ENOMEM;
    ck_assert_ptr_nonnull(strstr(ask("reload", "{}")->error, strerror(ENOMEM)));
    reload_error = 0;
    ck_assert(!ask("reload", "{}")->failed); /* it will be answered */
}
END_TEST

/* Of a simulated key or switch, and what it says. */
static const struct {
    const char *input, *says;
} keys[] = {
    {"reset", "1 alarm closed"},
    {"cancel", "1 alarm cancelled"},
    {"drill", "an alarm is open"},
};

START_TEST(a_key_says_what_has_come_of_it_when_the_disk_has_that)
{
    char arguments[60];
    world_press(WORLD_GATE);
    snprintf(arguments, sizeof arguments, "{'input':'%s'}", keys[_i].input);
    const struct control_request *request = ask("press", arguments);
    facts_tell(world.facts);
    ck_assert(!request->answered);
    virtual_advance(world.facts, 200); /* its release says nothing */
    ck_assert_uint_eq(fake.kept_count, 1);
    fake_keep(true);
    ck_assert_ptr_nonnull(strstr(text_of(request, "text"), keys[_i].says));
    ck_assert_str_eq(text_of(request, "kept"), "stored");
}
END_TEST

START_TEST(a_drill_switch_says_that_the_drill_is_announced)
{
    const struct control_request *request = ask("press", "{'input':'drill'}");
    facts_tell(world.facts);
    fake_keep(true);
    ck_assert_ptr_nonnull(strstr(text_of(request, "text"), "announced"));
}
END_TEST

START_TEST(a_reset_of_many_is_one_a_turn_and_answered_when_all_are_closed)
{
    world_press(WORLD_GATE);
    world_press(WORLD_OFFICE);
    world_press(WORLD_TEST);
    const struct control_request *request = ask("reset", "{'note':'seen'}");
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed") + fake_count("tocsin.test.closed"), 1);
    const struct control_request *second = ask("reset", "{}");
    virtual_turn(world.facts, NULL);
    ck_assert(!request->answered);
    ck_assert_uint_eq(fake.kept_count, 0);
    virtual_turn(world.facts, NULL);
    ck_assert_uint_eq(fake.kept_count, 2); /* for the second nothing was left */
    ck_assert(!request->answered);
    fake_keep(true);
    ck_assert(request->answered && !request->failed);
    ck_assert_uint_eq(json_array_size(json_object_get(second->answer, "closed")), 0);
    ck_assert_uint_eq(fake_count("tocsin.alarm.closed") + fake_count("tocsin.test.closed"), 3);
    ck_assert_uint_eq(json_array_size(json_object_get(request->answer, "closed")), 3);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "note"), "seen");
}
END_TEST

START_TEST(what_is_pressed_again_before_its_turn_stays_open_and_is_not_called_closed)
{
    world_press(WORLD_GATE);
    world_press(WORLD_OFFICE);
    world_release(WORLD_OFFICE);
    const struct control_request *request = ask("reset", "{}");
    virtual_stall(1);
    world_press(WORLD_OFFICE);
    virtual_turn(world.facts, NULL);
    fake_keep(true);
    const json_t *closed = json_object_get(request->answer, "closed");
    ck_assert_uint_eq(json_array_size(closed), 1);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(closed, 0), "input")),
                     "gate");
    ck_assert_int_eq(json_integer_value(json_object_get(request->answer, "pressed_again")), 1);
    ck_assert_ptr_nonnull(world_incident(WORLD_OFFICE));
}
END_TEST

/* What is asked while "gate" is open, and a member of its answer. */
static const struct {
    const char *command, *arguments, *member;
} orders[] = {
    {"reset", "{}", "closed"},
    {"reset", NULL, "closed"}, /* by its name */
    {"reset", "{'unknown':true,'by':'Li'}", "settled"},
    {"cancel", "{'note':'x'}", "cancelled"},
};
#define ORDER_COUNT 4

static struct control_request *give_order(int i)
{
    char arguments[100];
    incidents_load(world.incidents, &(struct outbox_found){.last_seq = 1});
    world_press(WORLD_GATE);
    disk_is_slow = true;
    snprintf(arguments, sizeof arguments, "{'alarm':'%s'}", world_incident(WORLD_GATE)->alarm);
    struct control_request *request =
        ask(orders[i].command, orders[i].arguments ? orders[i].arguments : arguments);
    facts_tell(world.facts);
    return request;
}

START_TEST(nothing_is_called_done_before_the_disk_has_it)
{
    const struct control_request *request = give_order(_i % ORDER_COUNT);
    bool stored = _i < ORDER_COUNT;
    ck_assert(!request->answered);
    fake_keep(stored);
    ck_assert(request->answered && !request->failed);
    ck_assert_ptr_nonnull(json_object_get(request->answer, orders[_i % ORDER_COUNT].member));
    ck_assert_str_eq(text_of(request, "kept"), stored ? "stored" : "memory");
}
END_TEST

START_TEST(what_is_done_at_a_stop_is_answered_as_what_is_known_of_it)
{
    const struct control_request *request = give_order(_i);
    operate_close(operate);
    ck_assert(request->answered && !request->failed);
    ck_assert_str_eq(text_of(request, "kept"), "memory");
    ck_assert_uint_eq(fake.kept_count, 0);
}
END_TEST

START_TEST(who_is_one_too_many_to_wait_is_told_at_once_what_is_known)
{
    fake.too_many_wait = true;
    const struct control_request *request = give_order(_i);
    ck_assert(request->answered && !request->failed);
    ck_assert_str_eq(text_of(request, "kept"), "memory");
}
END_TEST

START_TEST(a_stop_in_the_midst_of_an_order_is_no_success)
{
    world_press(WORLD_GATE);
    world_press(WORLD_OFFICE);
    const struct control_request *request =
        _i == 0 ? ask("reset", "{}") : ask("cancel", "{'note':'x'}");
    ck_assert(!request->answered);
    operate_close(operate);
    ck_assert(request->failed);
    ck_assert_ptr_nonnull(strstr(request->error, "stopping"));
}
END_TEST

START_TEST(the_end_of_a_drill_is_answered_when_it_is_on_the_disk)
{
    ask("drill.begin", "{'inputs':['gate']}");
    facts_tell(world.facts);
    disk_is_slow = true;
    world_deliver("tocsin.drill.started", 0);
    ck_assert(!requests[0].answered);
    fake_keep(false);
    ck_assert_str_eq(text_of(&requests[0], "kept"), "memory");
    const struct control_request *request = ask("drill.end", "{}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
    fake_keep(true);
    ck_assert_str_eq(text_of(request, "kept"), "stored");
}
END_TEST

START_TEST(a_reset_says_whether_anybody_has_received_what_was_closed)
{
    world_press(WORLD_GATE);
    world_deliver("tocsin.alarm.raised", 0);
    world_release(WORLD_GATE);
    world_press(WORLD_GATE); /* which they have not yet: they know of the alarm */
    const json_t *closed = json_object_get(ask("reset", "{}")->answer, "closed");
    ck_assert(json_is_true(json_object_get(json_array_get(closed, 0), "received")));
    world_press(WORLD_TEST);
    closed = json_object_get(ask("reset", "{}")->answer, "closed");
    ck_assert(json_is_true(json_object_get(json_array_get(closed, 0), "received")));
}
END_TEST

START_TEST(a_duress_alarm_that_is_named_is_no_more_to_be_cancelled_than_one_that_is_not_there)
{
    char named[100];
    world_press(WORLD_DURESS);
    snprintf(named, sizeof named, "{'note':'x','alarm':'%s'}", world_incident(WORLD_DURESS)->alarm);
    ck_assert_ptr_nonnull(strstr(ask("cancel", named)->error, "no open alarm"));
}
END_TEST

START_TEST(reset_and_cancel_say_who_and_what)
{
    world_press(WORLD_GATE);
    world_press(WORLD_DURESS);
    const struct control_request *request = ask("cancel", "{'note':'mistake','by':'Li'}");
    ck_assert_int_eq(json_integer_value(json_object_get(request->answer, "cancelled")), 1);
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.cancelled"), "by"), "Li (root)");
    facts_tell(world.facts); /* one request a turn */
    request = ask("reset", "{'note':'seen'}");
    const json_t *closed = json_object_get(request->answer, "closed");
    ck_assert_uint_eq(json_array_size(closed), 1);
    const json_t *one = json_array_get(closed, 0);
    ck_assert_str_eq(json_string_value(json_object_get(one, "input")), "gate");
    ck_assert(json_is_true(json_object_get(one, "still_pressed")));
    ck_assert(json_is_false(json_object_get(one, "received")));
    ck_assert_str_eq(fake_text(fake_last("tocsin.alarm.closed"), "by"), "root");
    ck_assert_ptr_nonnull(world_incident(WORLD_DURESS));
    char named[100];
    snprintf(named, sizeof named, "{'alarm':'%s'}", world_incident(WORLD_DURESS)->alarm);
    ck_assert(!ask("reset", named)->failed);
    ck_assert_ptr_null(world_incident(WORLD_DURESS));
}
END_TEST

START_TEST(what_is_unknown_is_settled_by_a_person_with_a_name_and_not_by_the_way)
{
    const struct control_request *request = ask("reset", "{'unknown':true,'by':'Li'}");
    ck_assert_ptr_nonnull(strstr(request->error, "nothing to settle"));
    incidents_load(world.incidents, &(struct outbox_found){.last_seq = 1});
    facts_tell(world.facts);
    /* Nobody is told that nothing is open. */
    ck_assert(json_is_true(json_object_get(ask("reset", "{}")->answer, "unknown")));
    ck_assert_ptr_nonnull(strstr(ask("reset", "{'alarm':'x'}")->error, "not every one of before"));
    ck_assert(!ask("reset", "{'by':'Li'}")->failed);
    ck_assert(!incidents_known(world.incidents));
    ck_assert_ptr_nonnull(strstr(ask("reset", "{'unknown':true}")->error, "--by"));
    ck_assert_ptr_nonnull(strstr(ask("reset", "{'unknown':true,'by':''}")->error, "--by"));
    ck_assert(!incidents_known(world.incidents));
    ck_assert(!ask("reset", "{'unknown':true,'by':'Li','note':'called 110'}")->failed);
    ck_assert(incidents_known(world.incidents));
    ck_assert_ptr_null(json_object_get(ask("reset", "{}")->answer, "unknown"));
    ck_assert_ptr_null(strstr(ask("reset", "{'alarm':'x'}")->error, "before"));
    ck_assert_ptr_nonnull(strstr(fake_row("incidents-doubt"), "Li (root)"));
    ck_assert_ptr_nonnull(strstr(fake_row("incidents-doubt"), "called 110"));
}
END_TEST

START_TEST(damage_of_the_store_is_seen_by_a_person_with_a_name)
{
    fake.damaged = true;
    ck_assert_ptr_nonnull(strstr(ask("store.accept", "{}")->error, "--by"));
    ck_assert_ptr_nonnull(strstr(ask("store.accept", "{'by':''}")->error, "--by"));
    ck_assert(fake.damaged);
    const struct control_request *request =
        ask("store.accept", "{'by':'Li','note':'card changed'}");
    ck_assert(json_is_true(json_object_get(request->answer, "accepted")));
    ck_assert_str_eq(fake.seen_by, "Li (root): card changed");
    request = ask("store.accept", "{'by':'Li'}");
    ck_assert(json_is_false(json_object_get(request->answer, "accepted")));
}
END_TEST

START_TEST(what_was_put_aside_is_removed_by_a_person_with_a_name)
{
    ck_assert_ptr_nonnull(strstr(ask("store.remove", "{}")->error, "--by"));
    ck_assert_ptr_nonnull(strstr(ask("store.remove", "{'by':''}")->error, "--by"));
    ask("store.files", "{}"); /* whoever looks needs none */
    ck_assert_int_eq(fake_outbox.asked.kind, OUTBOX_QUERY_FILES);
    ask("store.remove", "{'by':'Li'}");
    ck_assert_int_eq(fake_outbox.asked.kind, OUTBOX_QUERY_REMOVE);
}
END_TEST

START_TEST(who_asks_for_a_drill_is_answered_when_it_begins)
{
    struct control_request *request = ask("drill.begin", "{'inputs':['gate'],'length_ms':60000}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
    ck_assert(ask("drill.begin", "{}")->failed);
    world_deliver("tocsin.drill.started", 0);
    fake_keep(true);
    ck_assert(request->answered && !request->failed);
    ck_assert_str_eq(text_of(request, "exercise"), "drill");
    ck_assert_uint_eq(json_array_size(json_object_get(request->answer, "inputs")), 1);
    ck_assert_uint_eq(json_array_size(json_object_get(request->answer, "unsigned")), 0);
    ck_assert(!ask("drill.end", "{'by':'Li'}")->failed);
    ck_assert_str_eq(fake_text(fake_last("tocsin.drill.ended"), "why"), "ended by Li (root)");
    /* Another one is not taken for the one that has just ended. */
    request = ask("test.begin", "{}");
    facts_tell(world.facts);
    ck_assert(!request->answered);
}
END_TEST

START_TEST(who_asks_for_a_drill_hears_who_has_not_signed_for_it)
{
    struct control_request *request = ask("drill.begin", "{'inputs':['gate']}");
    facts_tell(world.facts);
    world_accept("tocsin.drill.started", 0);
    fake_keep(true);
    ck_assert(request->answered && !request->failed);
    json_t *list = json_object_get(request->answer, "unsigned");
    ck_assert_uint_eq(json_array_size(list), 1);
    ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "police");
}
END_TEST

START_TEST(a_reset_says_received_only_of_what_was_signed_for)
{
    world_press(WORLD_GATE);
    if (_i > 1)
        world_accept("tocsin.alarm.raised", 0);
    if (_i > 3)
        world_deliver("tocsin.alarm.raised", 0);
    char named[100];
    snprintf(named, sizeof named, "{'alarm':'%s'}", world_incident(WORLD_GATE)->alarm);
    struct control_request *request = ask("reset", _i % 2 ? named : "{}");
    facts_tell(world.facts);
    fake_keep(true);
    ck_assert(request->answered && !request->failed);
    const json_t *closed = json_array_get(json_object_get(request->answer, "closed"), 0);
    ck_assert(json_is_boolean(json_object_get(closed, "received")));
    ck_assert_int_eq(json_is_true(json_object_get(closed, "received")), _i > 3);
}
END_TEST

START_TEST(who_asks_for_a_drill_hears_why_it_does_not_begin)
{
    struct control_request *request = ask("drill.begin", "{}");
    world_press(WORLD_GATE);
    world_deliver("tocsin.drill.started", 0);
    ck_assert(request->failed);
    ck_assert_ptr_nonnull(strstr(request->error, "before it had begun"));
}
END_TEST

static bool is_under_way(void)
{
    json_t *status = incidents_exercise_status(world.incidents);
    json_decref(status);
    return status != NULL;
}

START_TEST(a_test_ends_with_the_connection_that_began_it_and_with_no_other)
{
    asking_client = 7;
    ask("test.begin", "{}");
    world_deliver("tocsin.test.started", 0);
    say_gone(6);
    ck_assert(is_under_way());
    say_gone(7);
    ck_assert(!is_under_way());
    ck_assert_str_eq(fake_text(fake_last("tocsin.test.ended"), "why"),
                     "the command that asked for it is gone");
    world_press(WORLD_GATE);
    ck_assert_ptr_nonnull(fake_last("tocsin.alarm.raised"));
}
END_TEST

START_TEST(a_test_that_is_over_has_left_its_connection_nothing_to_end)
{
    asking_client = 7;
    ask("test.begin", "{}");
    world_deliver("tocsin.test.started", 0);
    ask("test.end", "{}");
    facts_tell(world.facts);
    asking_client = 8;
    ask("test.begin", "{}");
    world_deliver("tocsin.test.started", 0);
    say_gone(7);
    ck_assert(is_under_way());
}
END_TEST

START_TEST(a_drill_that_nobody_waits_for_any_more_does_not_begin)
{
    asking_client = 7;
    struct control_request *request = ask("drill.begin", "{}");
    facts_tell(world.facts);
    say_gone(7);
    ck_assert(request->failed && !is_under_way());
    world_deliver("tocsin.drill.started", 0);
    ck_assert(!is_under_way());
}
END_TEST

START_TEST(a_drill_that_has_begun_stays_without_its_command)
{
    asking_client = 7;
    ask("drill.begin", "{}");
    world_deliver("tocsin.drill.started", 0);
    say_gone(7);
    ck_assert(is_under_way());
}
END_TEST

START_TEST(whoever_waits_is_told_of_the_stop)
{
    struct control_request *press = ask("press", "{'input':'gate'}");
    struct control_request *drill = ask("drill.begin", "{}");
    ck_assert(drill->failed); /* the press was first */
    ck_assert_ptr_nonnull(strstr(drill->error, "an alarm is open"));
    operate_close(operate);
    ck_assert(press->failed && socket_closed);
    ck_assert_ptr_nonnull(strstr(press->error, "stopping"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operate");
    TCase *tc = tcase_create("control");
    tcase_add_checked_fixture(tc, operate_begin, operate_end);
    tcase_add_test(tc, a_press_is_answered_when_its_event_is_on_the_disk);
    tcase_add_test(tc, a_press_in_a_drill_is_said_to_be_one);
    tcase_add_test(tc, a_press_in_a_store_that_forgets_is_told_as_in_memory);
    tcase_add_test(tc, a_press_that_the_disk_does_not_take_is_answered_from_memory);
    tcase_add_test(tc, a_press_that_becomes_no_event_says_why);
    tcase_add_test(tc, a_held_press_is_answered_when_it_counts);
    tcase_add_test(tc, what_the_release_of_an_earlier_press_tells_answers_no_later_one);
    tcase_add_test(tc, a_release_before_the_press_was_accepted_ends_its_waiting);
    tcase_add_loop_test(tc, what_cannot_be_pressed_is_refused_with_a_reason, 0, WRONG_COUNT);
    tcase_add_test(tc, a_reset_of_many_is_one_a_turn_and_answered_when_all_are_closed);
    tcase_add_loop_test(tc, a_key_says_what_has_come_of_it_when_the_disk_has_that, 0, 3);
    tcase_add_test(tc, a_drill_switch_says_that_the_drill_is_announced);
    tcase_add_test(tc, what_is_pressed_again_before_its_turn_stays_open_and_is_not_called_closed);
    tcase_add_loop_test(tc, nothing_is_called_done_before_the_disk_has_it, 0, 2 * ORDER_COUNT);
    tcase_add_loop_test(tc, what_is_done_at_a_stop_is_answered_as_what_is_known_of_it, 0,
                        ORDER_COUNT);
    tcase_add_loop_test(tc, who_is_one_too_many_to_wait_is_told_at_once_what_is_known, 0,
                        ORDER_COUNT);
    tcase_add_loop_test(tc, a_stop_in_the_midst_of_an_order_is_no_success, 0, 2);
    tcase_add_test(tc, the_end_of_a_drill_is_answered_when_it_is_on_the_disk);
    tcase_add_test(tc, a_reload_that_cannot_be_asked_for_says_why);
    tcase_add_test(tc, reset_and_cancel_say_who_and_what);
    tcase_add_test(tc, a_reset_says_whether_anybody_has_received_what_was_closed);
    tcase_add_test(
        tc, a_duress_alarm_that_is_named_is_no_more_to_be_cancelled_than_one_that_is_not_there);
    tcase_add_test(tc, what_is_unknown_is_settled_by_a_person_with_a_name_and_not_by_the_way);
    tcase_add_test(tc, damage_of_the_store_is_seen_by_a_person_with_a_name);
    tcase_add_test(tc, what_was_put_aside_is_removed_by_a_person_with_a_name);
    tcase_add_test(tc, who_asks_for_a_drill_is_answered_when_it_begins);
    tcase_add_test(tc, who_asks_for_a_drill_hears_who_has_not_signed_for_it);
    tcase_add_loop_test(tc, a_reset_says_received_only_of_what_was_signed_for, 0, 6);
    tcase_add_test(tc, who_asks_for_a_drill_hears_why_it_does_not_begin);
    tcase_add_test(tc, a_test_ends_with_the_connection_that_began_it_and_with_no_other);
    tcase_add_test(tc, a_test_that_is_over_has_left_its_connection_nothing_to_end);
    tcase_add_test(tc, a_drill_that_nobody_waits_for_any_more_does_not_begin);
    tcase_add_test(tc, a_drill_that_has_begun_stays_without_its_command);
    tcase_add_test(tc, whoever_waits_is_told_of_the_stop);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
