/* SPDX-License-Identifier: Apache-2.0 */
/* That the store was damaged stands until a person has seen it, over every start. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events_world.h"
#include "fake_outbox.h"
#include "run_suite.h"

static char row[sizeof fake_outbox.row_text];

static void find(const char *damage)
{
    fake_outbox.host.on_damage(fake_outbox.host.arg, damage);
    facts_tell(facts);
}

/* The row that was saved last is found by the next start, with this damage (NULL: none). */
static void start_again(const char *damage)
{
    strcpy(row, fake_outbox.row_text);
    begin_again();
    told_count = 0;
    fake_outbox.damage_row = row;
    fake_outbox.damage = (char *)damage;
    open_events();
    events_connect(events, DELIVERY);
    facts_tell(facts);
}

static const struct fact_fault *stated(void)
{
    const struct fact *found = NULL;
    for (size_t i = 0; i < told_count; i++) {
        if (told[i].kind == FACT_FAULT_STATED && told[i].u.fault.code == FAULT_STORE_DAMAGED)
            found = &told[i];
    }
    ck_assert_ptr_nonnull(found);
    return &found->u.fault;
}

static size_t count_shown(void)
{
    json_t *status = events_status(events);
    const json_t *list = json_object_get(status, "damage");
    size_t shown = json_array_size(list);
    for (size_t i = 0; i < shown; i++)
        ck_assert_uint_gt(json_string_length(json_object_get(json_array_get(list, i), "at")), 10);
    json_decref(status);
    return shown;
}

START_TEST(each_line_is_a_damage_of_its_own)
{
    find("1 to 4 are lost\n5 to 8 are lost");
    ck_assert_uint_eq(count_shown(), 2);
    ck_assert_str_eq(stated()->reason, "2 unseen; the newest: 5 to 8 are lost");
    start_again("9 is lost\n10 is lost");
    ck_assert_uint_eq(count_shown(), 4);
}
END_TEST

START_TEST(it_outlives_every_start_until_a_person_has_seen_it)
{
    facts_tell(facts);
    ck_assert(!stated()->broken);
    ck_assert_uint_eq(count_shown(), 0);
    find("of event numbers 3 to 5 nothing is here");
    ck_assert_str_eq(stated()->reason, "of event numbers 3 to 5 nothing is here");
    for (int i = 0; i < 2; i++) {
        start_again(NULL);
        ck_assert(stated()->broken);
        ck_assert_str_eq(stated()->reason, "of event numbers 3 to 5 nothing is here");
        ck_assert_uint_eq(count_shown(), 1);
        strcpy(fake_outbox.row_text, row); /* nothing new is saved */
    }
    ck_assert(events_accept_damage(events, "Li (root)", "card changed"));
    facts_tell(facts);
    ck_assert(!stated()->broken);
    ck_assert_str_eq(last(FACT_FAULT)->u.fault.reason, "seen by Li (root): card changed");
    ck_assert_uint_eq(count_shown(), 0);
    ck_assert(!events_accept_damage(events, "Li (root)", NULL));
    ck_assert_ptr_nonnull(strstr(fake_outbox.row_text, "\"seen_by\":\"Li (root)\""));
    ck_assert_ptr_nonnull(strstr(fake_outbox.row_text, "card changed"));
    start_again(NULL);
    ck_assert(!stated()->broken);
    ck_assert_uint_eq(count_shown(), 0);
}
END_TEST

START_TEST(what_a_start_finds_is_kept_beside_what_nobody_has_seen_yet)
{
    find("the first");
    start_again("the second");
    ck_assert_uint_eq(count_shown(), 2);
    ck_assert_str_eq(stated()->reason, "2 unseen; the newest: the second");
    start_again(NULL);
    ck_assert_uint_eq(count_shown(), 2);
    ck_assert(events_accept_damage(events, "Li", NULL));
    start_again("the third");
    ck_assert_str_eq(stated()->reason, "the third");
    ck_assert_uint_eq(count_shown(), 1);
}
END_TEST

START_TEST(of_much_the_oldest_and_the_newest_are_kept)
{
    char text[20];
    for (int i = 1; i <= 30; i++) {
        snprintf(text, sizeof text, "number %d", i);
        find(text);
    }
    start_again(NULL);
    ck_assert_str_eq(stated()->reason, "30 unseen; the newest: number 30");
    ck_assert_uint_eq(count_shown(), 8);
    ck_assert_ptr_nonnull(strstr(row, "\"number 1\""));
    ck_assert_ptr_nonnull(strstr(row, "\"number 4\""));
    ck_assert_ptr_nonnull(strstr(row, "\"number 27\""));
    ck_assert_ptr_null(strstr(row, "\"number 26\""));
}
END_TEST

static const char *const unreadable[] = {"", "[]", "{\"found\":7}", "{"};

START_TEST(a_note_that_cannot_be_read_is_damage_too)
{
    strcpy(fake_outbox.row_text, unreadable[_i]);
    start_again(NULL);
    ck_assert(stated()->broken);
    ck_assert_ptr_nonnull(strstr(stated()->reason, "cannot be read"));
    ck_assert(events_accept_damage(events, "Li", NULL));
}
END_TEST

static size_t count_stated(void)
{
    size_t stated = 0;
    for (size_t i = 0; i < told_count; i++)
        stated += told[i].kind == FACT_FAULT_STATED && told[i].u.fault.code == FAULT_STORE_DAMAGED;
    return stated;
}

START_TEST(a_store_that_comes_late_has_what_nobody_has_seen_of_before)
{
    struct outbox_found_row before = {.name = "damage", .text = row};
    struct outbox_found late = {.row_count = 1, .rows = &before};
    find("of before");
    fake_outbox.unknown = "the disk has not answered yet";
    start_again(NULL);
    fake_outbox.unknown = NULL;
    ck_assert_uint_eq(count_stated(), 1); /* it is in the row that this fake finds all the same */
    ck_assert(events_accept_damage(events, "Li", NULL));
    facts_tell(facts);
    find("of now");
    for (int again = 0; again < 2; again++) {
        fake_outbox.host.on_found(fake_outbox.host.arg, &late);
        facts_tell(facts);
        ck_assert_uint_eq(count_shown(), 2);
        ck_assert_str_eq(stated()->reason, "2 unseen; the newest: of now");
        ck_assert_ptr_nonnull(strstr(fake_outbox.row_text, "\"of before\""));
        ck_assert_ptr_nonnull(strstr(fake_outbox.row_text, "\"of now\""));
    }
    ck_assert_uint_eq(fake_outbox_count(FAKE_JOINED), 2);
}
END_TEST

START_TEST(where_nothing_can_be_known_it_is_not_said_that_there_is_no_damage)
{
    struct outbox_found late = {.row_count = 0};
    begin_again();
    told_count = 0;
    fake_outbox.unknown = "the disk has not answered yet";
    open_events();
    events_connect(events, DELIVERY);
    facts_tell(facts);
    ck_assert_uint_eq(count_stated(), 0);
    fake_outbox.host.on_found(fake_outbox.host.arg, &late);
    facts_tell(facts);
    ck_assert(!stated()->broken);
}
END_TEST

START_TEST(a_first_number_is_far_above_all_only_if_it_is_given_before_the_store_says_more)
{
    struct outbox_found late = {.last_seq = 7, .used_seq = 7};
    begin_again();
    fake_outbox.far_seq = 5000000;
    fake_outbox.unknown = "the disk has not answered yet";
    open_events();
    events_connect(events, DELIVERY);
    if (_i == 0)
        ck_assert_uint_eq(emit(EVENT_CLASS_PRESS, NULL), 5000001);
    fake_outbox.host.on_found(fake_outbox.host.arg, &late);
    ck_assert_uint_eq(emit(EVENT_CLASS_PRESS, NULL), _i == 0 ? 5000002 : 8);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("damage");
    TCase *tc = tcase_create("damage");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, it_outlives_every_start_until_a_person_has_seen_it);
    tcase_add_test(tc, each_line_is_a_damage_of_its_own);
    tcase_add_test(tc, what_a_start_finds_is_kept_beside_what_nobody_has_seen_yet);
    tcase_add_test(tc, of_much_the_oldest_and_the_newest_are_kept);
    tcase_add_loop_test(tc, a_note_that_cannot_be_read_is_damage_too, 0, 4);
    tcase_add_test(tc, a_store_that_comes_late_has_what_nobody_has_seen_of_before);
    tcase_add_test(tc, where_nothing_can_be_known_it_is_not_said_that_there_is_no_damage);
    tcase_add_loop_test(
        tc, a_first_number_is_far_above_all_only_if_it_is_given_before_the_store_says_more, 0, 2);
    suite_add_tcase(suite, tc);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
