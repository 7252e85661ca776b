/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway says, and keeps, that did not know its store: nothing of either is written over,
 * and its faults follow what is known now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apart_world.h"
#include "run_suite.h"

/* What is to be done about one that was refused is not what is to be done about a slow disk. */
START_TEST(the_fault_says_why_the_store_cannot_be_read_now)
{
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_ptr_nonnull(strstr(world_last(FACT_FAULT_STATED)->u.fault.reason, "not answered"));
    fake.store_trouble = "it came late; restart tocsind";
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    const struct fact_fault *stated = &world_last(FACT_FAULT_STATED)->u.fault;
    ck_assert_int_eq(stated->code, FAULT_STATE);
    ck_assert(stated->broken);
    ck_assert_ptr_nonnull(strstr(stated->reason, "alarms may be open"));
    ck_assert_ptr_nonnull(strstr(stated->reason, "(it came late; restart tocsind)"));
    size_t count = world_count(FACT_FAULT_STATED);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_FAULT_STATED), count);
}
END_TEST

static void add_row(struct outbox_found *found, const char *name, const char *text)
{
    found->rows = reallocarray(found->rows, found->row_count + 1, sizeof *found->rows);
    found->rows[found->row_count++] = (struct outbox_found_row){strdup(name), strdup(text)};
}

#define BAD(id) "{\"boot\":\"" id "\",\"apart\":true,\"inputs\":[],\"incidents\":[{}]}"

/* A run without the store that finds a bad row in the journal. */
static void start_with_bad_row(void)
{
    events_save_row(NULL, &(struct outbox_row){"incidents", BAD("apart")});
    fake.earlier = &store;
    world_restart();
    fake.earlier = NULL;
    facts_tell(world.facts);
}

START_TEST(what_could_not_be_read_goes_over_nothing_that_the_store_has_kept)
{
    add_row(&store, "incidents-unreadable", "of last year");
    start_with_bad_row();
    ck_assert_ptr_null(fake_row("incidents-unreadable"));
    incidents_catch_up(world.incidents, &store);
    ck_assert_ptr_null(fake_row("incidents-unreadable"));
    ck_assert_str_eq(fake_row("incidents-unreadable-2"), BAD("apart"));
    ck_assert_ptr_null(fake_row("incidents-unreadable-3")); /* that of the store can be */
    ck_assert_str_eq(world_incident(WORLD_GATE)->alarm, before[0]);
}
END_TEST

START_TEST(two_texts_that_could_not_be_read_are_both_kept)
{
    for (size_t i = 0; i < store.row_count; i++) {
        if (strcmp(store.rows[i].name, "incidents") != 0)
            continue;
        free(store.rows[i].text);
        store.rows[i].text = strdup(_i == 0 ? "{\"of the store\"" : BAD("apart"));
    }
    start_with_bad_row();
    incidents_catch_up(world.incidents, &store);
    ck_assert_str_eq(fake_row("incidents-unreadable"), BAD("apart"));
    if (_i == 0)
        ck_assert_str_eq(fake_row("incidents-unreadable-2"), "{\"of the store\"");
    else
        ck_assert_ptr_null(fake_row("incidents-unreadable-2"));
}
END_TEST

/* Both runs have called one so, since neither knew what the other had. */
START_TEST(of_two_texts_that_have_one_name_none_is_lost)
{
    events_save_row(NULL, &(struct outbox_row){"incidents-unreadable", "of the run before"});
    add_row(&store, "incidents-unreadable", "of last year");
    start_with_bad_row();
    incidents_catch_up(world.incidents, &store);
    ck_assert_str_eq(fake_row("incidents-unreadable"), "of the run before");
    ck_assert_str_eq(fake_row("incidents-unreadable-2"), BAD("apart"));
    ck_assert_str_eq(fake_row("incidents-unreadable-3"), "of last year");
}
END_TEST

/* The reasons that have no room are counted, those of the store and its own. */
START_TEST(no_reason_is_lost_when_the_store_has_one_of_its_own)
{
    char doubt[600], why[FACT_TEXT_SIZE];
    memset(why, 'x', sizeof why);
    why[330] = '\0';
    snprintf(doubt, sizeof doubt, "{\"why\":\"%s\",\"more\":2}", why);
    add_row(&store, "incidents-doubt", doubt);
    start_with_bad_row();
    incidents_catch_up(world.incidents, &store);
    facts_tell(world.facts);
    const char *reason = world_last(FACT_FAULT_STATED)->u.fault.reason;
    ck_assert_ptr_nonnull(strstr(reason, "and 3 more"));
}
END_TEST

/* When a button was tested, the store knows. */
START_TEST(since_when_a_button_is_not_tested_is_said_as_the_store_knows_it)
{
    world.config.exercises.test_every_ms = 86400000;
    add_row(&store, "tests",
            "{\"inputs\":[{\"input\":\"gate\",\"known_since_ms\":1000,\"tested_ms\":2000,"
            "\"tested_by\":\"Li\"}]}");
    incidents_tick(world.incidents);
    virtual_advance(world.facts, 86400001);
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    world.told_count = 0;
    read_store();
    incidents_tick(world.incidents);
    facts_tell(world.facts);
    const struct fact_fault *gate = NULL;
    for (size_t i = 0; i < world.told_count; i++) {
        if (world.told[i].kind == FACT_FAULT_STATED && world.told[i].u.fault.code == FAULT_UNTESTED)
            gate = &world.told[i].u.fault;
    }
    ck_assert_ptr_nonnull(gate);
    ck_assert_str_eq(gate->subject, "gate");
    ck_assert_ptr_nonnull(strstr(gate->reason, "was not tested since 1970-01-01: "));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("incidents_joined");
    TCase *tc = tcase_create("joined");
    tcase_add_checked_fixture(tc, apart_begin, apart_end);
    tcase_add_test(tc, the_fault_says_why_the_store_cannot_be_read_now);
    tcase_add_test(tc, what_could_not_be_read_goes_over_nothing_that_the_store_has_kept);
    tcase_add_loop_test(tc, two_texts_that_could_not_be_read_are_both_kept, 0, 2);
    tcase_add_test(tc, of_two_texts_that_have_one_name_none_is_lost);
    tcase_add_test(tc, no_reason_is_lost_when_the_store_has_one_of_its_own);
    tcase_add_test(tc, since_when_a_button_is_not_tested_is_said_as_the_store_knows_it);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
