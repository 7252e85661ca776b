/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "envelope/data.h"
#include "envelope/envelope.h"
#include "run_suite.h"
#include "wire/chain.h"

static const char event_id[] = "01890a5d-ac96-774b-bcce-b302099a8057";

START_TEST(events_are_numbered_and_chained_by_the_digest_of_the_one_before)
{
    struct envelope env;
    struct err e;
    struct event *one, *two, *beat;
    ck_assert_int_eq(envelope_init(&env, "31010600001320000001", &e), 0);
    struct data_fault fault = {.code = "line", .subject = "b1", .reason = "坏了"};
    ck_assert_int_eq(
        envelope_make(&env,
                      &(struct envelope_content){"tocsin.fault.raised", EVENT_CLASS_FOLLOWUP, "", 1,
                                                 data_from_fault(&fault)},
                      &one, &e),
        0);
    ck_assert_int_eq(
        envelope_make(&env,
                      &(struct envelope_content){"tocsin.fault.cleared", EVENT_CLASS_FOLLOWUP, "",
                                                 2, data_from_fault(&fault)},
                      &two, &e),
        0);
    ck_assert_uint_eq(one->seq, 1);
    ck_assert_uint_eq(two->seq, 2);
    char prev[ENCODE_BASE64URL_SIZE(EVENT_DIGEST_BYTES)];
    encode_base64url(one->digest, EVENT_DIGEST_BYTES, prev);
    json_t *object = json_loads(two->bytes, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(object, "prev")), prev);
    ck_assert_str_eq(json_string_value(json_object_get(object, "source")),
                     "tocsin:31010600001320000001");
    ck_assert_str_eq(json_string_value(json_object_get(object, "id")), two->id);
    json_decref(object);
    ck_assert_int_eq(envelope_heartbeat(&env, json_object(), &beat, &e), 0);
    object = json_loads(beat->bytes, 0, NULL);
    ck_assert_ptr_null(json_object_get(object, "seq"));
    ck_assert_int_eq(json_integer_value(json_object_get(
                         json_object_get(json_object_get(object, "data"), "head"), "seq")),
                     2);
    json_decref(object);
    ck_assert_uint_eq(env.last_seq, 2);
    event_unref(one);
    event_unref(two);
    event_unref(beat);
}
END_TEST

START_TEST(an_event_that_cannot_be_made_does_not_move_the_chain)
{
    struct envelope env;
    struct err e;
    struct event *event = NULL;
    ck_assert_int_eq(envelope_init(&env, "x", &e), 0);
    ck_assert_int_ne(envelope_make(&env,
                                   &(struct envelope_content){"tocsin.fault.raised",
                                                              EVENT_CLASS_FOLLOWUP, "", 1, NULL},
                                   &event, &e),
                     0);
    ck_assert_int_ne(envelope_heartbeat(&env, NULL, &event, &e), 0);
    ck_assert_ptr_null(event);
    ck_assert_uint_eq(env.last_seq, 0);
    unsigned char zeros[EVENT_DIGEST_BYTES] = {0};
    ck_assert_mem_eq(env.head, zeros, sizeof zeros);
}
END_TEST

static const char *reason_of(const char *text, char *buffer, size_t size)
{
    struct data_fault fault = {.code = "camera", .reason = text};
    json_t *data = data_from_fault(&fault);
    ck_assert_ptr_nonnull(data);
    snprintf(buffer, size, "%s", json_string_value(json_object_get(data, "reason")));
    json_decref(data);
    return buffer;
}

START_TEST(a_text_that_is_no_utf8_keeps_no_event_back)
{
    char buffer[100];
    ck_assert_str_eq(reason_of("大门 ok", buffer, sizeof buffer), "大门 ok");
    ck_assert_str_eq(reason_of("\xff said 大门\xe5\xa4", buffer, sizeof buffer), "? said 大门??");
    ck_assert_str_eq(reason_of("\xe5\xa4"
                               "a\xc0\x80\xed\xa0\x80\xf8",
                               buffer, sizeof buffer),
                     "??a??????");
    ck_assert_str_eq(reason_of("\xf0\x9f\x98\x80\xf4\x90\x80\x80", buffer, sizeof buffer),
                     "\xf0\x9f\x98\x80????");
}
END_TEST

START_TEST(an_alarm_says_what_the_wire_wants_and_nothing_else)
{
    static char *contacts[] = {"王老师 13800000000"};
    struct data_site site = {.id = "31010600001320000001",
                             .name = "阳光小学",
                             .latitude = 31.2304,
                             .longitude = 121.473701,
                             .contacts = contacts,
                             .contact_count = 1};
    struct data_camera camera = {.id = "gate", .name = "大门"};
    struct data_alarm alarm = {.alarm = event_id,
                               .kind = "panic",
                               .at_start = true,
                               .cause = "start",
                               .input_id = "b1",
                               .input_name = "按钮",
                               .input_place = "门卫室",
                               .presses = 1,
                               .cameras = &camera,
                               .camera_count = 1,
                               .site = &site};
    struct envelope env;
    struct event *event;
    struct err e;
    ck_assert_int_eq(envelope_init(&env, "31010600001320000001", &e), 0);
    ck_assert_int_eq(
        envelope_make(&env,
                      &(struct envelope_content){"tocsin.alarm.raised", EVENT_CLASS_PRESS, event_id,
                                                 clock_monotonic_ns(), data_from_alarm(&alarm)},
                      &event, &e),
        0);
    ck_assert_uint_eq(event->length, strlen(event->bytes));
    const char *data = strstr(event->bytes, "\"data\":");
    ck_assert_str_eq(data, "\"data\":{\"alarm\":\"01890a5d-ac96-774b-bcce-b302099a8057\","
                           "\"kind\":\"panic\",\"silent\":false,\"cause\":\"start\","
                           "\"at_start\":true,\"input\":{\"id\":\"b1\",\"name\":\"按钮\","
                           "\"place\":\"门卫室\"},\"site\":{\"id\":\"31010600001320000001\","
                           "\"name\":\"阳光小学\",\"latitude\":31.2304,\"longitude\":121.473701,"
                           "\"contacts\":[\"王老师 13800000000\"]},\"presses\":1,"
                           "\"cameras\":[{\"id\":\"gate\",\"name\":\"大门\"}]}}");
    static const char *const members[] = {
        "{\"specversion\":\"1.0\"",
        "\"id\":\"",
        "\"source\":\"tocsin:31010600001320000001\"",
        "\"type\":\"tocsin.alarm.raised\"",
        "\"time\":\"2",
        "\"seq\":1",
        "\"prev\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
        "\"boot\":\"",
        "\"monoms\":",
        "\"clock\":\"",
        "\"timeearliest\":\"",
        "\"timelatest\":\""};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        ck_assert_msg(strstr(event->bytes, members[i]) != NULL, "%s is missing", members[i]);
    event_unref(event);
}
END_TEST

/* --- The chain ----------------------------------------------------------------------------- */

static enum chain_link follow(struct chain *chain, int seq, const unsigned char prev[DIGEST_BYTES],
                              unsigned char fill)
{
    unsigned char digest[DIGEST_BYTES];
    char text[ENCODE_BASE64URL_SIZE(DIGEST_BYTES)];
    struct err e = {""};
    memset(digest, fill, sizeof digest);
    encode_base64url(prev, DIGEST_BYTES, text);
    json_t *event = json_pack("{si,ss,ss}", "seq", seq, "prev", text, "source", "tocsin:x");
    enum chain_link link = chain_follow(chain, event, digest, &e);
    json_decref(event);
    ck_assert_int_eq(link == CHAIN_LINK_GOOD, e.text[0] == '\0');
    return link;
}

START_TEST(a_chain_is_followed_over_gaps_and_breaks_and_not_led_back_by_a_fork)
{
    static const unsigned char zeros[DIGEST_BYTES];
    struct chain chain = {0};
    unsigned char ones[DIGEST_BYTES], sevens[DIGEST_BYTES];
    memset(ones, 1, sizeof ones);
    memset(sevens, 7, sizeof sevens);
    ck_assert_int_eq(follow(&chain, 1, zeros, 1), CHAIN_LINK_GOOD);
    ck_assert_int_eq(follow(&chain, 1, zeros, 1), CHAIN_LINK_REPEATED);
    ck_assert_int_eq(follow(&chain, 1, zeros, 9), CHAIN_LINK_BACKWARDS);
    ck_assert_int_eq(follow(&chain, 0, zeros, 9), CHAIN_LINK_NONE);
    ck_assert_int_eq(follow(&chain, 2, ones, 7), CHAIN_LINK_GOOD);
    ck_assert_int_eq(follow(&chain, 3, ones, 7), CHAIN_LINK_BROKEN);
    ck_assert_int_eq(follow(&chain, 5, sevens, 1), CHAIN_LINK_GAP);
    ck_assert_int_eq(follow(&chain, 6, ones, 2), CHAIN_LINK_GOOD);
    ck_assert_int_eq(follow(&chain, 2, ones, 7), CHAIN_LINK_BACKWARDS);
    ck_assert_int_eq(chain.last_seq, 6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("envelope");
    TCase *tc = tcase_create("envelope");
    tcase_add_test(tc, events_are_numbered_and_chained_by_the_digest_of_the_one_before);
    tcase_add_test(tc, an_event_that_cannot_be_made_does_not_move_the_chain);
    tcase_add_test(tc, a_text_that_is_no_utf8_keeps_no_event_back);
    tcase_add_test(tc, an_alarm_says_what_the_wire_wants_and_nothing_else);
    tcase_add_test(tc, a_chain_is_followed_over_gaps_and_breaks_and_not_led_back_by_a_fork);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
