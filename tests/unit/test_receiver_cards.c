/* SPDX-License-Identifier: Apache-2.0 */
/* Which alarms the receiver's page lists: all that nobody is done with, whatever comes after. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept_cards.h"
#include "receiver_cards_world.h"
#include "run_suite.h"

START_TEST(an_alarm_that_nobody_is_done_with_is_shown_whatever_comes_after_it)
{
    say(SCHOOL, 0, "raised");
    for (int alarm = 1; alarm <= 130; alarm++) {
        say(SCHOOL, alarm, "raised");
        if (alarm % 2)
            answer(alarm, "closed");
    }
    ck_assert_int_eq(place_of(0), 65); /* the last of the open ones, before all that are done */
    ck_assert_str_eq(done_with(0), "");
    ck_assert_int_eq(place_of(129), 66);
    ck_assert_uint_eq(count(), 131);
    ck_assert_int_eq(open_not_shown(SCHOOL), 0);
}
END_TEST

START_TEST(a_gateway_that_raises_without_end_hides_its_own_alone_and_that_is_said)
{
    say(OTHER, 0, "raised");
    for (int alarm = 1; alarm <= 200; alarm++)
        say(SCHOOL, alarm, "raised");
    look();
    ck_assert_uint_eq(
        json_object_size(json_object_get(json_object_get(state, "not_shown"), "open")), 0);
    for (int alarm = 201; alarm <= 1000; alarm++)
        say(SCHOOL, alarm, "raised");
    ck_assert_int_eq(place_of(0), 200);
    ck_assert_int_eq(place_of(1000), 0);
    ck_assert_int_eq(place_of(801), 199);
    ck_assert_int_eq(place_of(800), -1);
    ck_assert_int_eq(open_not_shown(SCHOOL), 800);
    ck_assert_int_eq(open_not_shown(OTHER), 0);
    say(SCHOOL, 1, "updated");
    ck_assert_int_eq(place_of(1), 0);
    ck_assert_int_eq(place_of(801), -1);
    answer(1000, "closed");
    ck_assert_int_eq(place_of(801), 199);
    ck_assert_int_eq(open_not_shown(SCHOOL), 799);
}
END_TEST

START_TEST(of_what_is_done_and_of_exercises_the_newest_are_shown_and_the_rest_counted)
{
    for (int alarm = 0; alarm < 103; alarm++) {
        say(SCHOOL, alarm, "raised");
        answer(alarm, alarm % 2 ? "closed" : "rejected");
    }
    for (int alarm = 200; alarm < 234; alarm++)
        put(SCHOOL, alarm, EVENT_KIND_EXERCISE, "tocsin.drill.raised");
    ck_assert_uint_eq(count(), 130);
    ck_assert_int_eq(place_of(233), 0);
    ck_assert_int_eq(place_of(203), -1);
    ck_assert_int_eq(place_of(102), 30);
    ck_assert_int_eq(place_of(2), -1);
    ck_assert_int_eq(not_shown("done"), 3);
    ck_assert_int_eq(not_shown("exercises"), 4);
}
END_TEST

START_TEST(a_further_press_moves_a_card_up_and_nothing_else_does)
{
    static const char *const others[] = {"restored", "cancelled", "escalated", "closed"};
    say(SCHOOL, 1, "raised");
    say(SCHOOL, 2, "raised");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        say(SCHOOL, 1, others[i]);
    put(SCHOOL, 1, EVENT_KIND_MANIFEST, "tocsin.clip.manifest");
    put(SCHOOL, 1, EVENT_KIND_EXERCISE, "tocsin.drill.updated");
    answer(1, "seen");
    ck_assert_int_eq(place_of(1), 1);
    ck_assert(json_is_false(json_object_get(json_array_get(look(), 1), "exercise")));
    say(SCHOOL, 1, "updated");
    ck_assert_int_eq(place_of(1), 0);
    ck_assert_int_eq(place_of(2), 1);
}
END_TEST

START_TEST(what_turns_out_to_be_an_alarm_is_on_top_and_open)
{
    static const struct {
        enum event_kind kind;
        const char *type;
    } before[] = {{EVENT_KIND_MANIFEST, "tocsin.clip.manifest"},
                  {EVENT_KIND_EXERCISE, "tocsin.drill.raised"}};
    put(SCHOOL, 1, before[_i].kind, before[_i].type);
    answer(1, "closed");
    say(SCHOOL, 2, "raised");
    ck_assert_int_eq(place_of(2), 0);
    say(SCHOOL, 1, "restored"); /* its raised one is on its way */
    ck_assert_int_eq(place_of(1), 0);
    ck_assert_str_eq(done_with(1), "");
    ck_assert_uint_eq(count(), 2);
}
END_TEST

START_TEST(a_clip_whose_alarm_has_not_come_is_open)
{
    put(SCHOOL, 1, EVENT_KIND_MANIFEST, "tocsin.clip.manifest");
    for (int alarm = 2; alarm < 40; alarm++)
        put(SCHOOL, alarm, EVENT_KIND_EXERCISE, "tocsin.test.raised");
    ck_assert_int_eq(place_of(1), 0);
}
END_TEST

static int64_t unknown_not_shown(const char *source)
{
    return json_integer_value(
        json_object_get(json_object_get(json_object_get(state, "not_shown"), "unknown"), source));
}

/* Whoever makes a gateway say so, of alarms that nobody pressed. */
START_TEST(clips_without_an_alarm_push_no_alarm_out_and_stand_behind_it)
{
    say(SCHOOL, 0, "raised");
    for (int alarm = 1; alarm <= 60; alarm++)
        clip(SCHOOL, alarm);
    ck_assert_int_eq(place_of(0), 0);
    ck_assert_uint_eq(count(), 1 + 10);
    ck_assert_int_eq(place_of(60), 1);
    ck_assert_int_eq(place_of(51), 10);
    ck_assert_int_eq(unknown_not_shown(SCHOOL), 50);
    ck_assert_int_eq(open_not_shown(SCHOOL), 0);
    clip(OTHER, 1000); /* nobody's is hidden by another's */
    for (int alarm = 61; alarm <= 80; alarm++)
        clip(SCHOOL, alarm);
    ck_assert_int_eq(place_of(1000), 11);
    ck_assert_int_eq(unknown_not_shown(OTHER), 0);
    for (int alarm = 2000; alarm < 2040; alarm++)
        say(SCHOOL, alarm, "raised");
    for (int alarm = 0; alarm <= 80; alarm += 80)
        answer(alarm, "closed"); /* what is done is done, whatever it was */
    ck_assert_int_eq(place_of(2000), 39);
    ck_assert_int_eq(place_of(79), 40);
    ck_assert_int_eq(place_of(80), 40 + 11);
    say(SCHOOL, 3, "raised"); /* its alarm has come */
    ck_assert_int_eq(place_of(3), 0);
}
END_TEST

/* What the page has to draw is bounded, and nobody's newest alarm is left out. */
START_TEST(of_many_gateways_the_newest_alarms_are_shown_and_some_of_each)
{
    static const struct {
        int gateways, share;
    } worlds[] = {{2, 20}, {50, 20}, {100, 10}, {1000, 1}, {3000, 1}};
    for (int alarm = 0; alarm < 30; alarm++)
        say(OTHER, alarm, "raised");
    for (int alarm = 30; alarm < 230; alarm++)
        say(SCHOOL, alarm, "raised");
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i+1 FROM n WHERE i<%d)"
                 " INSERT OR IGNORE INTO gateway(source) SELECT 'tocsin:'||i FROM n WHERE i<=%d",
                 worlds[i].gateways, worlds[i].gateways);
        ck_assert(sql_run(s->db, sql));
        s->alarms_version = -1;
        ck_assert_uint_eq(count(), (size_t)(200 + worlds[i].share));
        ck_assert_int_eq(place_of(229), 0);
        ck_assert_int_eq(place_of(30), 199);
        ck_assert_int_eq(place_of(29), 200);
        ck_assert_int_eq(open_not_shown(OTHER), 30 - worlds[i].share);
        ck_assert_int_eq(open_not_shown(SCHOOL), 0);
    }
}
END_TEST

/* Whoever is asked for pictures of one alarm may send any number. */
START_TEST(of_an_alarms_clips_the_newest_are_shown_and_the_rest_counted)
{
    say(SCHOOL, 1, "raised");
    for (int i = 0; i < 203; i++)
        clip(SCHOOL, 1);
    const json_t *card = json_array_get(look(), 0), *clips = json_object_get(card, "clips");
    const json_t *first = json_object_get(json_array_get(clips, 0), "manifest");
    ck_assert_uint_eq(json_array_size(clips), 200);
    ck_assert_str_eq(json_string_value(first), "event-5");
    ck_assert_int_eq(json_integer_value(json_object_get(card, "clips_not_shown")), 3);
}
END_TEST

START_TEST(no_answer_is_one_to_a_press_that_came_after_it)
{
    static const char *const words[] = {"closed", "rejected"};
    say(SCHOOL, 1, "raised");
    say(SCHOOL, 2, "raised");
    answer(2, words[_i]);
    ck_assert_str_eq(done_with(2), words[_i]);
    ck_assert_int_eq(place_of(2), 1);
    say(SCHOOL, 2, "restored");
    ck_assert_str_eq(done_with(2), words[_i]);
    say(SCHOOL, 2, "updated");
    ck_assert_str_eq(done_with(2), "");
    ck_assert_int_eq(place_of(2), 0);
}
END_TEST

/* The page was drawn, then it was pressed again, then somebody closed what the page showed. */
START_TEST(an_answer_to_what_was_seen_does_not_end_what_came_after)
{
    say(SCHOOL, 1, "raised");
    say(SCHOOL, 2, "raised");
    say(SCHOOL, 1, "restored");
    say(SCHOOL, 1, "updated"); /* the fourth that came */
    ck_assert_int_eq(answer_to(3, 1, _i ? "closed" : "rejected"), STORE_OUTDATED);
    ck_assert_str_eq(done_with(1), "");
    ck_assert_uint_eq(json_array_size(json_object_get(json_array_get(look(), 0), "answers")), 0);
    ck_assert_int_gt(answer_to(3, 1, "coming"), 0); /* that ends nothing */
    ck_assert_int_gt(answer_to(4, 1, "closed"), 0);
    ck_assert_str_eq(done_with(1), "closed");
    say(SCHOOL, 1, "restored");
    ck_assert_int_gt(answer_to(4, 1, "closed"), 0); /* that is no press */
    json_t *answers = store_answers(s, SCHOOL);
    static const int64_t seen[] = {1, 4, 4};
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(
            json_integer_value(json_object_get(json_array_get(answers, i), "seen_seq")), seen[i]);
    json_decref(answers);
}
END_TEST

START_TEST(closed_stays_closed_and_rejected_is_open_when_somebody_comes)
{
    say(SCHOOL, 1, "raised");
    answer(1, "seen");
    ck_assert_str_eq(done_with(1), "");
    answer(1, "rejected");
    ck_assert_str_eq(done_with(1), "rejected");
    answer(1, "coming");
    ck_assert_str_eq(done_with(1), "");
    answer(1, "closed");
    answer(1, "seen");
    answer(1, "rejected");
    ck_assert_str_eq(done_with(1), "closed");
}
END_TEST

START_TEST(an_answer_is_for_the_alarm_of_one_gateway)
{
    say(OTHER, 1, "raised");
    say(SCHOOL, 1, "raised");
    answer(1, "closed");
    const json_t *alarms = look(), *first = json_array_get(alarms, 0);
    ck_assert_str_eq(json_string_value(json_object_get(first, "source")), OTHER);
    ck_assert(json_is_null(json_object_get(first, "done")));
    ck_assert_str_eq(done_with(1), ""); /* of the one above */
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_array_get(json_object_get(state, "alarms"), 1), "done")),
                     "closed");
}
END_TEST

START_TEST(an_answer_and_what_it_makes_of_its_alarm_are_written_together_or_not_at_all)
{
    say(SCHOOL, 1, "raised");
    ck_assert(sql_run(s->db, "CREATE TRIGGER full BEFORE UPDATE ON incident BEGIN"
                             " SELECT RAISE(ABORT,'full'); END"));
    ck_assert_int_eq(store_answer(s, name_of(1), SCHOOL, "closed", "op", "", INT64_MAX), -1);
    ck_assert(sql_run(s->db, "DROP TRIGGER full"));
    json_t *answers = store_answers(s, SCHOOL);
    ck_assert_uint_eq(json_array_size(answers), 0);
    json_decref(answers);
    answer(1, "closed");
}
END_TEST

START_TEST(what_cannot_be_read_is_not_told_as_nothing)
{
    say(SCHOOL, 1, "raised");
    ck_assert(sql_run(s->db, "ALTER TABLE incident RENAME TO elsewhere"));
    ck_assert_ptr_null(store_state(s, "police"));
    ck_assert(sql_run(s->db, "ALTER TABLE elsewhere RENAME TO incident"));
    ck_assert_int_eq(place_of(1), 0);
}
END_TEST

START_TEST(a_store_of_version_2_knows_what_its_people_are_done_with)
{
    static const struct {
        const char *words[2], *done;
        bool pressed_again;
    } answered[] = {{{"closed"}, "", true},
                    {{"rejected"}, "", true},
                    {{NULL}, "", false},
                    {{"closed"}, "closed", false},
                    {{"closed", "seen"}, "closed", false},
                    {{"rejected"}, "rejected", false},
                    {{"rejected", "coming"}, "", false},
                    {{"seen"}, "", false}};
    const int kinds = sizeof answered / sizeof *answered;
    for (int i = 0; i < kinds; i++) {
        say(SCHOOL, i, "raised");
        say(OTHER, i, "raised");
        for (int word = 0; word < 2 && answered[i].words[word]; word++)
            answer(i, answered[i].words[word]);
    }
    ck_assert(sql_run(s->db, "UPDATE event SET received_at='2026-01-01T00:00:00.000Z';"
                             "UPDATE answer SET at='2026-01-01T00:00:00.001Z'"));
    for (int i = 0; i < kinds; i++) {
        if (answered[i].pressed_again)
            say(SCHOOL, i, "updated");
        else
            say(SCHOOL, i, "restored");
    }
    ck_assert(sql_run(s->db, "DROP INDEX incident_real; DROP INDEX incident_newest;"
                             "DROP INDEX incident_unknown; DROP INDEX incident_done;"
                             "DROP INDEX incident_exercise; DROP INDEX event_incident;"
                             "ALTER TABLE incident DROP COLUMN done;"
                             "ALTER TABLE answer DROP COLUMN seen_seq;"
                             "CREATE INDEX incident_order ON incident(kind, shown_seq);"
                             "CREATE INDEX event_alarm ON event(alarm);"
                             "PRAGMA user_version=2"));
    store_close(s);
    open_store();
    size_t at, others = 0;
    const json_t *one, *alarms = look();
    ck_assert_uint_eq(json_array_size(alarms), 2 * (size_t)kinds);
    json_array_foreach(alarms, at, one)
    {
        const char *done = json_string_value(json_object_get(one, "done"));
        const char *alarm = json_string_value(json_object_get(one, "alarm"));
        bool ours = strcmp(json_string_value(json_object_get(one, "source")), SCHOOL) == 0;
        others += !ours;
        ck_assert_str_eq(done ? done : "", ours ? answered[atoi(alarm + 24)].done : "");
    }
    ck_assert_uint_eq(others, (size_t)kinds);
    store_close(s);
    open_store(); /* and no second time */
    ck_assert_uint_eq(count(), 2 * (size_t)kinds);
}
END_TEST

/* What is not shown any more is not kept for ever. */
START_TEST(a_card_is_kept_for_as_long_as_each_look_shows_it)
{
    struct kept_cards kept = {0};
    kept_put(&kept, "a", strdup("one"));
    kept_put(&kept, "b", strdup("two"));
    kept_sweep(&kept);
    ck_assert_str_eq(kept_find(&kept, "a"), "one");
    kept_sweep(&kept);
    ck_assert_ptr_null(kept_find(&kept, "b"));
    ck_assert_str_eq(kept_find(&kept, "a"), "one");
    kept_sweep(&kept);
    kept_sweep(&kept);
    ck_assert_ptr_null(kept_find(&kept, "a"));
    kept_finish(&kept);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver_cards");
    TCase *tc = tcase_create("cards");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, an_alarm_that_nobody_is_done_with_is_shown_whatever_comes_after_it);
    tcase_add_test(tc, a_gateway_that_raises_without_end_hides_its_own_alone_and_that_is_said);
    tcase_add_test(tc, of_what_is_done_and_of_exercises_the_newest_are_shown_and_the_rest_counted);
    tcase_add_test(tc, a_further_press_moves_a_card_up_and_nothing_else_does);
    tcase_add_loop_test(tc, what_turns_out_to_be_an_alarm_is_on_top_and_open, 0, 2);
    tcase_add_test(tc, a_clip_whose_alarm_has_not_come_is_open);
    tcase_add_test(tc, clips_without_an_alarm_push_no_alarm_out_and_stand_behind_it);
    tcase_add_test(tc, of_many_gateways_the_newest_alarms_are_shown_and_some_of_each);
    tcase_add_test(tc, of_an_alarms_clips_the_newest_are_shown_and_the_rest_counted);
    tcase_add_loop_test(tc, no_answer_is_one_to_a_press_that_came_after_it, 0, 2);
    tcase_add_loop_test(tc, an_answer_to_what_was_seen_does_not_end_what_came_after, 0, 2);
    tcase_add_test(tc, closed_stays_closed_and_rejected_is_open_when_somebody_comes);
    tcase_add_test(tc, an_answer_is_for_the_alarm_of_one_gateway);
    tcase_add_test(tc, an_answer_and_what_it_makes_of_its_alarm_are_written_together_or_not_at_all);
    tcase_add_test(tc, what_cannot_be_read_is_not_told_as_nothing);
    tcase_add_test(tc, a_store_of_version_2_knows_what_its_people_are_done_with);
    tcase_add_test(tc, a_card_is_kept_for_as_long_as_each_look_shows_it);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
