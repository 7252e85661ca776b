/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver makes of events that come in any order, twice, or not at all. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_suite.h"
#include "signature.h"
#include "store_private.h"

#define SOURCE "tocsin:31010600001320000001"
#define ALARM  "01890a5d-ac96-774b-bcce-b302099a8059"

static struct store *s;
static char folder[40];

static void setup(void)
{
    test_folder(folder, sizeof folder);
    ck_assert(store_open(folder, &s));
}

static void teardown(void)
{
    char command[100];
    store_close(s);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* The digest of the event that is called `name`, as Content-Digest has it. */
static const char *digest_of(char name, char text[DIGEST_TEXT_SIZE])
{
    unsigned char bytes[DIGEST_BYTES];
    memset(bytes, name, sizeof bytes);
    signature_digest_text(bytes, text);
    return text;
}

static const char *id_of(char name, char text[37])
{
    snprintf(text, 37, "01890a5d-ac96-774b-bcce-b302099a80%02x", (unsigned)name & 0xff);
    return text;
}

/* Event `name` with that number, which follows `before` (0: the first of all). */
static enum store_result put_as(const char *type, enum event_kind kind, char name, int64_t seq,
                                char before)
{
    static unsigned nonces;
    char digest[DIGEST_TEXT_SIZE], earlier[DIGEST_TEXT_SIZE], nonce[32];
    struct store_entry entry;
    struct event event = {.kind = kind, .seq = seq};
    snprintf(event.source, sizeof event.source, SOURCE);
    snprintf(event.alarm, sizeof event.alarm, ALARM);
    snprintf(event.type, sizeof event.type, "%s", type);
    id_of(name, event.id);
    snprintf(event.prev, sizeof event.prev, "%.43s", digest_of(before, earlier) + 9);
    snprintf(nonce, sizeof nonce, "nonce-%u", ++nonces);
    const struct store_evidence evidence = {.digest = digest_of(name, digest),
                                            .headers = "",
                                            .nonce = nonce,
                                            .nonce_until_s = INT64_MAX};
    return store_put(s, &event, "{}", 2, &evidence, &entry);
}

static void put(char name, int64_t seq, char before)
{
    ck_assert_int_eq(put_as("tocsin.alarm.raised", EVENT_KIND_ALARM, name, seq, before), STORE_NEW);
}

static void expect_chain(char name, const char *verdict)
{
    char id[37];
    json_t *event = store_event(s, id_of(name, id));
    ck_assert_str_eq(json_string_value(json_object_get(event, "chain")), verdict);
    json_decref(event);
}

START_TEST(a_chain_without_a_gap_is_good)
{
    put('a', 1, 0);
    put('b', 2, 'a');
    put('c', 3, 'b');
    for (char name = 'a'; name <= 'c'; name++)
        expect_chain(name, "");
}
END_TEST

START_TEST(a_gap_is_told_until_what_was_missing_has_come)
{
    put('a', 1, 0);
    put('c', 3, 'b');
    expect_chain('c', "gap");
    put('b', 2, 'a');
    expect_chain('b', "");
    expect_chain('c', "");
}
END_TEST

START_TEST(what_fills_a_gap_and_does_not_fit_makes_a_fork_of_it)
{
    put('a', 1, 0);
    put('c', 3, 'b');
    put('x', 2, 'a');
    expect_chain('c', "fork");
}
END_TEST

START_TEST(two_events_with_one_number_or_one_that_follows_another_are_a_fork)
{
    put('a', 1, 0);
    put('b', 2, 'a');
    put('x', 2, 'a');
    expect_chain('x', "fork");
    put('y', 3, 'z');
    expect_chain('y', "fork");
}
END_TEST

START_TEST(an_event_is_stored_with_all_that_belongs_to_it_or_not_at_all)
{
    ck_assert(sql_run(s->db, "ALTER TABLE incident RENAME TO elsewhere"));
    ck_assert_int_eq(put_as("tocsin.alarm.raised", EVENT_KIND_ALARM, 'a', 1, 0), STORE_FAILED);
    json_t *events = store_events(s, 0, 10);
    ck_assert_uint_eq(json_array_size(events), 0);
    json_decref(events);
    ck_assert(sql_run(s->db, "ALTER TABLE elsewhere RENAME TO incident"));
    put('a', 1, 0);
}
END_TEST

static json_t *only_alarm(void)
{
    char *text = store_state(s, "police");
    json_t *state = json_loads(text, 0, NULL), *alarms = json_object_get(state, "alarms");
    free(text);
    ck_assert_uint_eq(json_array_size(alarms), 1);
    json_t *one = json_incref(json_array_get(alarms, 0));
    json_decref(state);
    return one;
}

static void expect_exercise(bool exercise)
{
    json_t *one = only_alarm();
    ck_assert_int_eq(json_is_true(json_object_get(one, "exercise")), exercise);
    json_decref(one);
}

START_TEST(a_drill_becomes_an_alarm_and_an_alarm_never_a_drill)
{
    put_as("tocsin.drill.raised", EVENT_KIND_EXERCISE, 'a', 1, 0);
    expect_exercise(true);
    put('b', 2, 'a');
    expect_exercise(false);
    put_as("tocsin.drill.closed", EVENT_KIND_EXERCISE, 'c', 3, 'b');
    expect_exercise(false);
}
END_TEST

/* How far the gateway's events are here, as the receipt says it. */
static int64_t beat(const char *boot, int64_t monoms, const char *bytes, int64_t answer_seq)
{
    static unsigned nonces;
    char nonce[32];
    struct store_entry entry;
    struct event event = {.kind = EVENT_KIND_HEARTBEAT, .monoms = monoms, .answer_seq = answer_seq};
    snprintf(event.source, sizeof event.source, SOURCE);
    snprintf(event.boot, sizeof event.boot, "%s", boot);
    snprintf(nonce, sizeof nonce, "beat-%u", ++nonces);
    const struct store_evidence evidence = {.nonce = nonce, .nonce_until_s = INT64_MAX};
    ck_assert_int_eq(store_heartbeat(s, &event, bytes, strlen(bytes), &evidence, &entry),
                     STORE_NEW);
    return entry.newest_seq;
}

static void expect_beat(const char *word)
{
    char *text = store_state(s, "police");
    ck_assert_msg(strstr(text, word) != NULL, "%s", text);
    free(text);
}

START_TEST(of_two_lines_heartbeats_the_later_counts_and_another_boot_always)
{
    beat("one", 100, "{\"data\":{\"n\":\"first\"}}", 0);
    expect_beat("first");
    beat("one", 200, "{\"data\":{\"n\":\"second\"}}", 0);
    expect_beat("second");
    beat("one", 150, "{\"data\":{\"n\":\"late\"}}", 0);
    expect_beat("second");
    beat("two", 5, "{\"data\":{\"n\":\"restarted\"}}", 0);
    expect_beat("restarted");
    expect_beat("\"beats\":4");
}
END_TEST

START_TEST(a_heartbeats_receipt_says_how_far_that_gateways_events_are_here)
{
    ck_assert_int_eq(beat("one", 100, "{}", 0), 0);
    put('a', 7, 0);
    put('b', 3, 0);
    ck_assert_int_eq(beat("one", 200, "{}", 0), 7);
    struct event other = {.source = "tocsin:another", .seq = 41, .type = "tocsin.fault.raised"};
    struct store_entry entry;
    memcpy(other.id, "01890a5d-ac96-774b-bcce-b302099a8fff", 37);
    const struct store_evidence evidence = {
        .nonce = "other", .nonce_until_s = INT64_MAX, .digest = "sha-256=:x:", .headers = ""};
    ck_assert_int_eq(store_put(s, &other, "{}", 2, &evidence, &entry), STORE_NEW);
    ck_assert_int_eq(entry.newest_seq, 41);
    ck_assert_int_eq(beat("one", 300, "{}", 0), 7);
}
END_TEST

static size_t open_answers(void)
{
    json_t *answers = store_answers(s, SOURCE);
    size_t count = json_array_size(answers);
    json_decref(answers);
    return count;
}

START_TEST(an_answer_is_told_until_the_gateway_has_taken_it_and_no_other)
{
    put('a', 1, 0);
    ck_assert_int_eq(store_answer(s, ALARM, SOURCE, "seen", "op", "", INT64_MAX), 1);
    ck_assert_int_eq(store_answer(s, ALARM, NULL, "coming", "op", "", INT64_MAX), 2);
    ck_assert_int_eq(
        store_answer(s, "01890a5d-0000-774b-bcce-b302099a8059", NULL, "seen", "", "", INT64_MAX),
        0);
    ck_assert_uint_eq(open_answers(), 2);
    beat("one", 1, "{}", 1);
    ck_assert_uint_eq(open_answers(), 1);
    beat("one", 2, "{}", 2);
    ck_assert_uint_eq(open_answers(), 0);
}
END_TEST

START_TEST(a_gateway_that_has_taken_more_than_was_given_gets_higher_numbers)
{
    put('a', 1, 0);
    ck_assert_int_eq(store_answer(s, ALARM, SOURCE, "seen", "op", "", INT64_MAX), 1);
    beat("one", 1, "{}", 40);
    json_t *answers = store_answers(s, SOURCE);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(answers, 0), "answer_seq")),
                     41);
    json_decref(answers);
    ck_assert_int_gt(store_answer(s, ALARM, SOURCE, "coming", "op", "", INT64_MAX), 41);
}
END_TEST

START_TEST(a_store_of_a_newer_program_is_not_touched)
{
    struct store *again = NULL;
    ck_assert(sql_run(s->db, "PRAGMA user_version=99"));
    store_close(s);
    ck_assert(!store_open(folder, &again));
    s = NULL;
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver_records");
    TCase *tc = tcase_create("store");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_chain_without_a_gap_is_good);
    tcase_add_test(tc, a_gap_is_told_until_what_was_missing_has_come);
    tcase_add_test(tc, what_fills_a_gap_and_does_not_fit_makes_a_fork_of_it);
    tcase_add_test(tc, two_events_with_one_number_or_one_that_follows_another_are_a_fork);
    tcase_add_test(tc, an_event_is_stored_with_all_that_belongs_to_it_or_not_at_all);
    tcase_add_test(tc, a_drill_becomes_an_alarm_and_an_alarm_never_a_drill);
    tcase_add_test(tc, a_heartbeats_receipt_says_how_far_that_gateways_events_are_here);
    tcase_add_test(tc, of_two_lines_heartbeats_the_later_counts_and_another_boot_always);
    tcase_add_test(tc, an_answer_is_told_until_the_gateway_has_taken_it_and_no_other);
    tcase_add_test(tc, a_gateway_that_has_taken_more_than_was_given_gets_higher_numbers);
    tcase_add_test(tc, a_store_of_a_newer_program_is_not_touched);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
