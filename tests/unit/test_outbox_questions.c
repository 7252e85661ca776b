/* SPDX-License-Identifier: Apache-2.0 */
/* What people ask of the outbox: lists, one event, exports. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbox_world.h"
#include "run_suite.h"
#include "wire/digest.h"

static void on_loaded(void *arg, struct event *event)
{
    struct event **ret_event = arg;
    *ret_event = event ? event_ref(event) : NULL;
}

START_TEST(events_are_loaded_listed_shown_and_exported_byte_for_byte)
{
    struct fixture *f = begin();
    struct event *loaded = NULL, *none = (struct event *)f;
    put(f, 1, NULL);
    put(f, 2, NULL);
    put(f, 3, NULL);
    outbox_load(f->outbox, 2, on_loaded, &loaded);
    outbox_load(f->outbox, 4, on_loaded, &none);
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 2};
    json_t *shown = ask_json(f, &query), *one = json_array_get(json_object_get(shown, "events"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(one, "bytes")), "{\"seq\":2}");
    ck_assert_uint_eq(json_array_size(json_object_get(one, "receivers")), 2);
    json_decref(shown);
    ck_assert_ptr_nonnull(loaded); /* asked before, and so answered before */
    ck_assert_str_eq(loaded->bytes, "{\"seq\":2}");
    ck_assert_ptr_null(none);
    event_unref(loaded);
    query = (struct outbox_query){.kind = OUTBOX_QUERY_EXPORT, .after = 1};
    struct heard exported = ask(f, &query);
    ck_assert_str_eq(
        exported.text,
        "{\"event\":\"{\\\"seq\\\":2}\",\"receipts\":["
        "{\"receiver\":\"education\",\"state\":\"pending\",\"attempts\":0,\"request\":null,"
        "\"receipt\":null,\"receipt_headers\":null},"
        "{\"receiver\":\"police\",\"state\":\"pending\",\"attempts\":0,\"request\":null,"
        "\"receipt\":null,\"receipt_headers\":null}]}\n"
        "{\"event\":\"{\\\"seq\\\":3}\",\"receipts\":["
        "{\"receiver\":\"education\",\"state\":\"pending\",\"attempts\":0,\"request\":null,"
        "\"receipt\":null,\"receipt_headers\":null},"
        "{\"receiver\":\"police\",\"state\":\"pending\",\"attempts\":0,\"request\":null,"
        "\"receipt\":null,\"receipt_headers\":null}]}\n");
    ck_assert_uint_eq(exported.last_seq, 3);
    ck_assert(!exported.more);
    free(exported.text);
    end(f);
}
END_TEST

START_TEST(an_event_that_is_not_there_is_not_another_one)
{
    struct fixture *f = begin();
    put(f, 1, NULL);
    put(f, 3, NULL);
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 2};
    struct heard heard = ask(f, &query);
    ck_assert_uint_eq(heard.last_seq, 0);
    ck_assert_str_eq(heard.text, "");
    free(heard.text);
    query = (struct outbox_query){.kind = OUTBOX_QUERY_SHOW,
                                  .id = "01890a5d-ac96-774b-bcce-000000000003"};
    heard = ask(f, &query);
    ck_assert_uint_eq(heard.last_seq, 3);
    free(heard.text);
    end(f);
}
END_TEST

START_TEST(a_list_has_the_newest_first_from_a_time_on_before_a_number_and_a_total)
{
    static const char a[] = "01890a5d-ac96-774b-bcce-b302099a8057";
    static const char b[] = "01890a5d-ac96-774b-bcce-b302099a8058";
    struct fixture *f = begin();
    char text[400];
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 3};
    ck_assert_str_eq(list(f, &query, text), "of 0");
    for (uint64_t seq = 1; seq <= 7; seq++)
        put_at(f, seq, (int64_t)seq * 60000, seq % 3 == 0 ? a : seq % 3 == 1 ? b : "");
    ck_assert_str_eq(list(f, &query, text), "7 6 5 of 7");
    query.before = 5;
    ck_assert_str_eq(list(f, &query, text), "4 3 2 of 7");
    query.before = 2;
    ck_assert_str_eq(list(f, &query, text), "1 of 7");
    query = (struct outbox_query){.kind = OUTBOX_QUERY_LIST, .limit = 10, .since_ms = 5 * 60000};
    ck_assert_str_eq(list(f, &query, text), "7 6 5 of 3");
    query.since_ms++;
    ck_assert_str_eq(list(f, &query, text), "7 6 of 2");
    query.before = 7;
    ck_assert_str_eq(list(f, &query, text), "6 of 2");
    query = (struct outbox_query){.kind = OUTBOX_QUERY_LIST, .limit = 1};
    memcpy(query.alarm, a, sizeof a);
    ck_assert_str_eq(list(f, &query, text), "6 of 2");
    query.before = 6;
    ck_assert_str_eq(list(f, &query, text), "3 of 2");
    query.before = 0;
    query.since_ms = 4 * 60000;
    ck_assert_str_eq(list(f, &query, text), "6 of 1");
    end(f);
}
END_TEST

START_TEST(a_total_is_of_all_however_many_there_are)
{
    struct fixture *f = begin();
    char text[400];
    for (uint64_t seq = 1; seq <= 300; seq++)
        put(f, seq, NULL);
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 1};
    ck_assert_str_eq(list(f, &query, text), "300 of 300");
    end(f);
}
END_TEST

START_TEST(a_clock_that_was_set_back_hides_nothing_from_a_list)
{
    struct fixture *f = begin();
    char text[400];
    put_at(f, 1, 9 * 60000, "");
    put_at(f, 2, 2 * 60000, ""); /* set back here */
    put_at(f, 3, 3 * 60000, "");
    put_at(f, 4, 10 * 60000, "");
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 9, .since_ms = 8 * 60000};
    ck_assert_str_eq(list(f, &query, text), "4 1 of 2");
    end(f);
}
END_TEST

static void put_data(struct fixture *f, uint64_t seq, const char *data)
{
    char text[400];
    snprintf(text, sizeof text, "{\"data\":%s}", data);
    struct event *event = calloc(1, sizeof *event + strlen(text) + 1);
    *event = (struct event){.references = 1, .seq = seq, .wall_ms = 1, .length = strlen(text)};
    uuid_v7(1, event->id);
    memcpy(event->bytes, text, event->length);
    digest_sha256(event->bytes, event->length, event->digest);
    outbox_store(f->outbox, event, NULL, NULL, 0, on_stored, f);
    event_unref(event);
}

START_TEST(a_listed_event_says_what_it_is_about)
{
    static const struct {
        const char *data, *member, *text;
    } cases[] = {
        {"{\"input\":{\"id\":\"gate\",\"name\":\"门\"}}", "input", "gate"},
        {"{\"input\":{\"id\":\"gate\",\"name\":\"门\"}}", "name", "门"},
        {"{\"camera\":{\"id\":\"yard\"}}", "camera", "yard"},
        {"{\"fault\":\"camera\",\"subject\":\"yard\",\"reason\":\"dark\"}", "camera", "yard"},
        {"{\"fault\":\"camera\",\"subject\":\"yard\",\"reason\":\"dark\"}", "reason", "dark"},
        {"{\"fault\":\"receiver\",\"subject\":\"police\"}", "receiver", "police"},
        {"{\"fault\":\"store\",\"subject\":\"x\"}", "receiver", NULL},
        {"{\"fault\":\"line\",\"subject\":\"gate\"}", "subject", "gate"},
        {"{\"fault\":\"stuck\",\"subject\":\"gate\"}", "input", "gate"},
        {"{\"fault\":\"lamp\",\"subject\":\"red\"}", "input", NULL},
        {"{\"fault\":\"input\",\"subject\":\"gate\"}", "input", NULL},
        {"{\"fault\":\"lamp\",\"times\":\"7\"}", "times", NULL},
        {"[7]", "input", NULL},
    };
    struct fixture *f = begin();
    struct outbox_query query = {.kind = OUTBOX_QUERY_LIST, .limit = 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_data(f, i + 1, cases[i].data);
        json_t *answer = ask_json(f, &query);
        json_t *one = json_array_get(json_object_get(answer, "events"), 0);
        const char *text = json_string_value(json_object_get(one, cases[i].member));
        ck_assert_msg(cases[i].text ? text && strcmp(text, cases[i].text) == 0 : !text, "case %zu",
                      i);
        json_decref(answer);
    }
    put_data(f, 100, "{\"fault\":\"lamp\",\"times\":7}");
    json_t *answer = ask_json(f, &query),
           *one = json_array_get(json_object_get(answer, "events"), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(one, "times")), 7);
    json_decref(answer);
    end(f);
}
END_TEST

START_TEST(an_export_comes_in_bounded_pieces_that_are_the_whole)
{
    struct fixture *f = begin();
    for (uint64_t seq = 1; seq <= 400; seq++)
        put(f, seq, NULL);
    struct outbox_query query = {.kind = OUTBOX_QUERY_EXPORT};
    unsigned lines = 0, pieces = 0;
    bool more = true;
    for (; more; pieces++) {
        struct heard heard = ask(f, &query);
        size_t length = strlen(heard.text);
        ck_assert_uint_lt(length, 40000);
        ck_assert_int_eq(heard.text[length - 1], '\n');
        for (const char *at = heard.text; (at = strchr(at, '\n')); at++)
            lines++;
        ck_assert_uint_eq(heard.last_seq, lines);
        query.after = heard.last_seq;
        more = heard.more;
        free(heard.text);
    }
    ck_assert_uint_eq(lines, 400);
    ck_assert_uint_gt(pieces, 2);
    end(f);
}
END_TEST

START_TEST(evidence_that_is_no_text_does_not_take_the_answer_away)
{
    struct fixture *f = begin();
    struct uplink_result result = {.outcome = UPLINK_OUTCOME_STORED,
                                   .receipt = "{\xff}",
                                   .receipt_length = 3,
                                   .request_headers = "q",
                                   .receipt_headers = "h"};
    put(f, 1, NULL);
    outbox_record_delivery(f->outbox, 1, 1, 3, &result);
    result = (struct uplink_result){.outcome = UPLINK_OUTCOME_UNCONFIRMED};
    outbox_record_delivery(f->outbox, 1, 0, 1, &result);
    struct outbox_query query = {.kind = OUTBOX_QUERY_SHOW, .seq = 1};
    json_t *answer = ask_json(f, &query);
    json_t *deliveries =
        json_object_get(json_array_get(json_object_get(answer, "events"), 0), "receivers");
    char *text = json_dumps(deliveries, JSON_COMPACT);
    ck_assert_str_eq(text, "[{\"id\":\"education\",\"state\":\"stored\",\"attempts\":3,"
                           "\"request\":\"q\",\"receipt\":\"{?}\",\"receipt_headers\":\"h\"},"
                           "{\"id\":\"police\",\"state\":\"unconfirmed\",\"attempts\":1,"
                           "\"request\":null,\"receipt\":null,\"receipt_headers\":null}]");
    free(text);
    json_decref(answer);
    end(f);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox questions");
    TCase *tc = tcase_create("outbox");
    tcase_add_test(tc, events_are_loaded_listed_shown_and_exported_byte_for_byte);
    tcase_add_test(tc, an_event_that_is_not_there_is_not_another_one);
    tcase_add_test(tc, a_list_has_the_newest_first_from_a_time_on_before_a_number_and_a_total);
    tcase_add_test(tc, a_total_is_of_all_however_many_there_are);
    tcase_add_test(tc, a_clock_that_was_set_back_hides_nothing_from_a_list);
    tcase_add_test(tc, a_listed_event_says_what_it_is_about);
    tcase_add_test(tc, an_export_comes_in_bounded_pieces_that_are_the_whole);
    tcase_add_test(tc, evidence_that_is_no_text_does_not_take_the_answer_away);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
