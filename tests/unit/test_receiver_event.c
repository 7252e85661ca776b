/* SPDX-License-Identifier: Apache-2.0 */
/* What the receiver takes for an event, and what it sees in it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "run_suite.h"

#define PREV  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define ID    "01890a5d-ac96-774b-bcce-b302099a8057"
#define ALARM "01890a5d-ac96-774b-bcce-b302099a8058"
#define HEAD(type)                                                                                 \
    "{\"specversion\":\"1.0\",\"id\":\"" ID "\",\"source\":\"tocsin:x\",\"type\":\"" type          \
    "\",\"time\":\"t\",\"clock\":\"synced\","
#define SEQ "\"seq\":9007199254740993,\"prev\":\"" PREV "\","

static bool take(const char *text, struct event *ret_event)
{
    const char *reason = NULL;
    bool good = event_read(text, strlen(text), ret_event, &reason);
    ck_assert_msg(good || reason, "refused without a reason");
    return good;
}

static const struct {
    const char *type;
    enum event_kind kind;
} kinds[] = {
    {HEAD("tocsin.alarm.raised"), EVENT_KIND_ALARM},
    {HEAD("tocsin.alarm.updated"), EVENT_KIND_ALARM},
    {HEAD("tocsin.drill.raised"), EVENT_KIND_EXERCISE},
    {HEAD("tocsin.test.closed"), EVENT_KIND_EXERCISE},
    {HEAD("tocsin.fault.raised"), EVENT_KIND_OTHER},
    {HEAD("tocsin.alarming"), EVENT_KIND_OTHER},
    {HEAD("tocsin.Alarm.raised"), EVENT_KIND_OTHER},
    {HEAD("tocsin.heartbeats"), EVENT_KIND_OTHER},
};

START_TEST(the_type_alone_says_what_is_an_alarm)
{
    char text[600];
    struct event e;
    snprintf(text, sizeof text, "%s" SEQ "\"data\":{\"alarm\":\"" ALARM "\",\"kind\":\"panic\"}}",
             kinds[_i].type);
    ck_assert(take(text, &e));
    ck_assert_int_eq(e.kind, kinds[_i].kind);
    ck_assert_str_eq(e.id, ID);
    ck_assert_str_eq(e.alarm, ALARM);
    ck_assert_str_eq(e.prev, PREV);
    ck_assert(e.seq == 9007199254740993);
}
END_TEST

START_TEST(a_heartbeat_has_no_number_but_an_order)
{
    struct event e;
    ck_assert(take(HEAD("tocsin.heartbeat") "\"boot\":\"b\",\"monoms\":77,"
                                            "\"data\":{\"answer_seq\":7}}",
                   &e));
    ck_assert_int_eq(e.kind, EVENT_KIND_HEARTBEAT);
    ck_assert_int_eq(e.answer_seq, 7);
    ck_assert_int_eq(e.monoms, 77);
    ck_assert_str_eq(e.boot, "b");
    ck_assert(take(HEAD("tocsin.heartbeat") "\"boot\":\"b\",\"data\":{\"answer_seq\":\"7\"}}", &e));
    ck_assert_int_eq(e.answer_seq, 0);
    ck_assert_str_eq(e.boot, ""); /* half an order is none */
}
END_TEST

START_TEST(a_manifest_promises_a_file)
{
#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    struct event e;
    ck_assert(take(HEAD("tocsin.clip.manifest") SEQ "\"data\":{\"length\":5,\"sha256\":\"" HASH
                                                    "\",\"camera\":{\"id\":\"gate\"}}}",
                   &e));
    ck_assert_int_eq(e.kind, EVENT_KIND_MANIFEST);
    ck_assert_int_eq(e.length, 5);
    ck_assert_str_eq(e.sha256, HASH);
    ck_assert_str_eq(e.camera, "gate");
    ck_assert_str_eq(e.alarm, "");
}
END_TEST

static const char *const refused[] = {
    "",
    "[]",
    "{}",
    "\"text\"",
    HEAD("tocsin.alarm.raised") SEQ "\"data\":{\"alarm\":\"" ALARM "\"}",
    HEAD("tocsin.alarm.raised") SEQ "\"data\":{\"alarm\":\"" ALARM "\"}} x",
    HEAD("tocsin.alarm.raised") SEQ "\"data\":{\"alarm\":\"" ALARM "\",\"alarm\":\"" ALARM "\"}}",
    HEAD("tocsin.alarm.raised") SEQ
    "\"data\":{\"alarm\":\"01890A5D-ac96-774b-bcce-b302099a8058\"}}",
    HEAD("tocsin.alarm.raised") SEQ "\"data\":{}}",
    HEAD("tocsin.alarm.raised") SEQ "\"data\":null}",
    HEAD("tocsin.alarm.raised") "\"data\":{\"alarm\":\"" ALARM "\"}}",
    HEAD("tocsin.alarm.raised") "\"seq\":0,\"prev\":\"" PREV "\",\"data\":{\"alarm\":\"" ALARM
                                "\"}}",
    HEAD("tocsin.alarm.raised") "\"seq\":\"1\",\"prev\":\"" PREV "\",\"data\":{\"alarm\":\"" ALARM
                                "\"}}",
    HEAD("tocsin.alarm.raised") "\"seq\":1e99,\"prev\":\"" PREV "\",\"data\":{\"alarm\":\"" ALARM
                                "\"}}",
    HEAD("tocsin.alarm.raised") "\"seq\":1,\"prev\":\"short\",\"data\":{\"alarm\":\"" ALARM "\"}}",
    HEAD("alarm") SEQ "\"data\":{\"alarm\":\"" ALARM "\"}}",
    HEAD("tocsin.alarm.with-a-type-that-is-longer-than-any-type-may-be") SEQ
    "\"data\":{\"alarm\":\"" ALARM "\"}}",
    HEAD("tocsin.clip.manifest") SEQ "\"data\":{\"length\":5,\"sha256\":\"abc\","
                                     "\"camera\":{\"id\":\"gate\"}}}",
    HEAD("tocsin.clip.manifest") SEQ "\"data\":{\"length\":-5,\"sha256\":\"" HASH
                                     "\",\"camera\":{\"id\":\"gate\"}}}",
    HEAD("tocsin.clip.manifest") SEQ "\"data\":{\"length\":5,\"sha256\":\"" HASH
                                     "\",\"camera\":\"gate\"}}",
};

START_TEST(what_is_no_event_is_refused_with_a_reason)
{
    struct event e;
    ck_assert_msg(!take(refused[_i], &e), "%s", refused[_i]);
}
END_TEST

START_TEST(bytes_behind_a_nul_are_not_overlooked)
{
    static const char text[] = HEAD("tocsin.heartbeat") "\"data\":{}}\0{}";
    const char *reason;
    struct event e;
    ck_assert(!event_read(text, sizeof text - 1, &e, &reason));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("receiver_event");
    TCase *tc = tcase_create("event");
    tcase_add_loop_test(tc, the_type_alone_says_what_is_an_alarm, 0, sizeof kinds / sizeof *kinds);
    tcase_add_test(tc, a_heartbeat_has_no_number_but_an_order);
    tcase_add_test(tc, a_manifest_promises_a_file);
    tcase_add_loop_test(tc, what_is_no_event_is_refused_with_a_reason, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(tc, bytes_behind_a_nul_are_not_overlooked);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
