/* SPDX-License-Identifier: Apache-2.0 */
/* What an event says, read back from what the envelope wrote. */
#include <stdio.h>
#include <string.h>

#include "envelope/data.h"
#include "envelope/envelope.h"
#include "envelope/view.h"
#include "run_suite.h"

static const char alarm_id[] = "01890a5d-ac96-774b-bcce-b302099a8057";

static struct event_view view_of(const char *type, enum event_class class, json_t *data)
{
    struct envelope env;
    struct event *event;
    struct event_view view;
    struct err e;
    ck_assert_int_eq(envelope_init(&env, "x", &e), 0);
    ck_assert_int_eq(
        envelope_make(&env, &(struct envelope_content){type, class, alarm_id, 1, data}, &event, &e),
        0);
    memset(&view, 0x55, sizeof view);
    ck_assert_msg(envelope_view(event, &view, &e) == 0, "%s", e.text);
    ck_assert_int_eq(view.wall_ms, event->wall_ms);
    event_unref(event);
    return view;
}

static json_t *alarm_data(void)
{
    static const struct data_site site = {.id = "x", .name = "阳光小学"};
    const struct data_alarm alarm = {.alarm = alarm_id,
                                     .kind = "panic",
                                     .silent = true,
                                     .cause = "edge",
                                     .input_id = "b1",
                                     .input_name = "按钮",
                                     .input_place = "门卫室",
                                     .presses = 3,
                                     .site = &site,
                                     .by = "王老师",
                                     .note = "误按"};
    return data_from_alarm(&alarm);
}

START_TEST(an_alarm_says_who_where_and_how)
{
    struct event_view v = view_of("tocsin.alarm.raised", EVENT_CLASS_PRESS, alarm_data());
    ck_assert_int_eq(v.class, EVENT_CLASS_PRESS);
    ck_assert_uint_eq(v.seq, 1);
    ck_assert_str_eq(v.type, "tocsin.alarm.raised");
    ck_assert_str_eq(v.alarm, alarm_id);
    ck_assert_str_eq(v.kind, "panic");
    ck_assert_str_eq(v.input_id, "b1");
    ck_assert_str_eq(v.input_name, "按钮");
    ck_assert_str_eq(v.input_place, "门卫室");
    ck_assert_str_eq(v.by, "王老师");
    ck_assert_str_eq(v.note, "误按");
    ck_assert_uint_eq(v.presses, 3);
    ck_assert(v.silent && !v.exercise && !v.restored);
    ck_assert_str_eq(v.fault, "");
    ck_assert_str_eq(v.subject, "");
    ck_assert_str_eq(v.reason, "");
}
END_TEST

START_TEST(an_exercise_and_a_restoration_are_told_apart)
{
    static const struct {
        const char *type;
        bool exercise, restored;
    } cases[] = {
        {"tocsin.alarm.restored", false, true}, {"tocsin.alarm.closed", false, false},
        {"tocsin.drill.raised", true, false},   {"tocsin.drill.restored", true, true},
        {"tocsin.test.raised", true, false},    {"tocsin.fault.cleared", false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event_view v = view_of(cases[i].type, EVENT_CLASS_FOLLOWUP, alarm_data());
        ck_assert_msg(v.exercise == cases[i].exercise, "%s", cases[i].type);
        ck_assert_msg(v.restored == cases[i].restored, "%s", cases[i].type);
    }
}
END_TEST

START_TEST(a_fault_says_what_and_why)
{
    const struct data_fault fault = {.code = "line", .subject = "b1", .reason = "cut"};
    struct event_view v =
        view_of("tocsin.fault.raised", EVENT_CLASS_FOLLOWUP, data_from_fault(&fault));
    ck_assert_str_eq(v.fault, "line");
    ck_assert_str_eq(v.subject, "b1");
    ck_assert_str_eq(v.reason, "cut");
    ck_assert_str_eq(v.kind, "");
    ck_assert_str_eq(v.input_id, "");
    ck_assert_uint_eq(v.presses, 0);
    ck_assert(!v.silent);
}
END_TEST

START_TEST(a_long_text_is_cut_between_two_characters)
{
    char reason[400] = "";
    for (int i = 0; i < 100; i++)
        strcat(reason, "门"); /* three bytes each */
    const struct data_fault fault = {.code = "line", .reason = reason};
    struct event_view v =
        view_of("tocsin.fault.raised", EVENT_CLASS_FOLLOWUP, data_from_fault(&fault));
    ck_assert_uint_eq(strlen(v.reason), 255);
    reason[255] = '\0';
    ck_assert_str_eq(v.reason, reason);
    reason[0] = 'x'; /* now a character lies over the bound */
    reason[1] = '\0';
    for (int i = 0; i < 100; i++)
        strcat(reason, "门");
    const struct data_fault other = {.code = "line", .reason = reason};
    v = view_of("tocsin.fault.raised", EVENT_CLASS_FOLLOWUP, data_from_fault(&other));
    ck_assert_uint_eq(strlen(v.reason), 253);
}
END_TEST

START_TEST(what_is_no_event_of_ours_is_an_error)
{
    static const char *const bad[] = {
        "", "{", "[]", "{}", "{\"data\":7}", "{\"data\":{},\"data\":{}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct event *event = calloc(1, sizeof *event + strlen(bad[i]) + 1);
        struct event_view view = {.seq = 7};
        struct err e = {.text = ""};
        ck_assert_ptr_nonnull(event);
        event->references = 1;
        event->length = strlen(bad[i]);
        memcpy(event->bytes, bad[i], event->length);
        ck_assert_msg(envelope_view(event, &view, &e) < 0, "%s", bad[i]);
        ck_assert_str_ne(e.text, "");
        ck_assert_uint_eq(view.seq, 7);
        event_unref(event);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("view");
    TCase *tc = tcase_create("view");
    tcase_add_test(tc, an_alarm_says_who_where_and_how);
    tcase_add_test(tc, an_exercise_and_a_restoration_are_told_apart);
    tcase_add_test(tc, a_fault_says_what_and_why);
    tcase_add_test(tc, a_long_text_is_cut_between_two_characters);
    tcase_add_test(tc, what_is_no_event_of_ours_is_an_error);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
