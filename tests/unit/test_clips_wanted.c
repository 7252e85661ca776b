/* SPDX-License-Identifier: Apache-2.0 */
/* Which clips are taken: of alarms that are known, and no more at a time than were asked for. */
#include <stdio.h>
#include <string.h>

#include "clips_world.h"
#include "run_suite.h"

/* Or receivers' people look for somebody who has not pressed, and not for who has. */
START_TEST(no_manifest_is_made_for_an_alarm_that_nobody_pressed)
{
    fake_outbox.knows_no_alarm = true;
    say_up();
    world_press(WORLD_GATE);
    sent_count = 0;
    for (unsigned i = 1; i <= LIMIT_CLIPS_UNSTORED; i++)
        say_clip_of(i);
    ck_assert_str_eq(fake_outbox_last(FAKE_FIND)->alarm, clip_alarm);
    fake_outbox_answer();
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 0);
    ck_assert_uint_eq(world_count(FACT_CLIP), 0);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_REFUSED), LIMIT_CLIPS_UNSTORED);
    ck_assert_uint_eq(sent_count, LIMIT_CLIPS_UNSTORED);
    ck_assert_str_eq(sent[0].word_of, "01980000-0000-7000-8000-000000000001");
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED); /* and it keeps nobody from the next */
}
END_TEST

/* Its event may not be in the store: a damaged one was begun anew. */
START_TEST(an_alarm_that_is_open_is_known_without_the_store)
{
    fake_outbox.knows_no_alarm = true;
    say_up();
    world_press(WORLD_OFFICE);
    world.inputs[WORLD_DURESS].cameras = world.inputs[WORLD_GATE].cameras;
    world_press(_i == 0 ? WORLD_GATE : WORLD_DURESS);
    clip_alarm = world_incident(_i == 0 ? WORLD_GATE : WORLD_DURESS)->alarm;
    say_clip();
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 1);
}
END_TEST

START_TEST(a_clip_of_an_alarm_that_was_closed_is_taken_as_long_as_the_store_knows_it)
{
    char alarm[UUID_TEXT_SIZE];
    say_up();
    world_press(WORLD_GATE);
    memcpy(alarm, world_incident(WORLD_GATE)->alarm, sizeof alarm);
    world_reset_all();
    facts_tell(world.facts);
    clip_alarm = alarm;
    say_clip_of(1);
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 1);
    fake_outbox.knows_no_alarm = true;
    say_clip_of(2);
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_REFUSED), 1);
}
END_TEST

/* It may be one of those that were lost. */
START_TEST(where_alarms_from_before_are_not_known_none_is_unknown)
{
    fake_outbox.knows_no_alarm = true;
    incidents_load(world.incidents, &(struct outbox_found){.last_seq = 5, .state_lost = true});
    ck_assert(!incidents_known(world.incidents));
    say_up();
    say_clip();
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 1);
}
END_TEST

/* However many there are: so many are in memory with their manifest, and the store has to do. */
START_TEST(the_next_clips_are_asked_for_when_those_before_are_stored)
{
    fake.takers = 1;
    ck_assert_uint_eq(wanted, 0);
    say_up();
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED);
    for (unsigned i = 1; i <= LIMIT_CLIPS_UNSTORED; i++)
        say_clip_of(i);
    ck_assert_uint_eq(wanted, 0);
    fake_outbox_answer();
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), LIMIT_CLIPS_UNSTORED);
    say_heard(1, false);
    ck_assert_uint_eq(wanted, 0);
    say_heard(1, true);
    ck_assert_uint_eq(wanted, 1);
    say_clip_of(1); /* once more: that is known */
    ck_assert_uint_eq(wanted, 1);
    say_clip_of(90);
    say_heard(2, true);
    say_uploaded(0, 2);
    ck_assert_uint_eq(wanted, 1);
    say_up(); /* anew: what the link before it was asked for has no meaning */
    ck_assert_uint_eq(wanted, 1);
}
END_TEST

START_TEST(a_clip_that_the_store_knows_or_refuses_makes_room_for_the_next)
{
    say_up();
    for (unsigned i = 1; i <= LIMIT_CLIPS_UNSTORED; i++)
        say_clip_of(i);
    if (_i == 0)
        know_last_clip();
    fake.cannot_emit = _i == 1;
    fake_outbox_answer();
    facts_tell(world.facts);
    ck_assert_uint_eq(wanted, _i == 0 ? 1 : LIMIT_CLIPS_UNSTORED);
}
END_TEST

START_TEST(clips_that_were_not_asked_for_are_not_heard)
{
    say_up();
    for (unsigned i = 1; i <= 50; i++)
        say_clip_unasked(i);
    ck_assert_uint_eq(fake_outbox.count, LIMIT_CLIPS_UNSTORED);
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), LIMIT_CLIPS_UNSTORED);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 0); /* it keeps the others */
}
END_TEST

START_TEST(while_the_store_has_room_for_alarms_alone_no_clip_is_wanted)
{
    fake.has_no_room = true;
    say_up();
    ck_assert_uint_eq(wanted, 0);
    fake.has_no_room = false;
    clips_tick(clips);
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clips wanted");
    TCase *tc = tcase_create("clips wanted");
    tcase_add_checked_fixture(tc, clips_begin, clips_end);
    tcase_add_test(tc, while_the_store_has_room_for_alarms_alone_no_clip_is_wanted);
    tcase_add_test(tc, no_manifest_is_made_for_an_alarm_that_nobody_pressed);
    tcase_add_loop_test(tc, an_alarm_that_is_open_is_known_without_the_store, 0, 2);
    tcase_add_test(tc, a_clip_of_an_alarm_that_was_closed_is_taken_as_long_as_the_store_knows_it);
    tcase_add_test(tc, where_alarms_from_before_are_not_known_none_is_unknown);
    tcase_add_test(tc, the_next_clips_are_asked_for_when_those_before_are_stored);
    tcase_add_loop_test(tc, a_clip_that_the_store_knows_or_refuses_makes_room_for_the_next, 0, 2);
    tcase_add_test(tc, clips_that_were_not_asked_for_are_not_heard);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
