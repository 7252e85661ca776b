/* SPDX-License-Identifier: Apache-2.0 */
/* Questions over the control socket: status and what the store is asked for, in operate_world. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "operate_world.h"
#include "run_suite.h"

static const struct outbox_answer first = {
    .text = "{\"seq\":1}\n", .length = 10, .last_seq = 1, .more = true};
static const struct outbox_answer second = {.text = "{\"seq\":2}\n", .length = 10, .last_seq = 2};

static bool says_end(const struct control_request *request, bool is_whole)
{
    const json_t *end = json_object_get(request->sent, "end");
    return request->ended && json_is_boolean(end) && json_is_true(end) == is_whole;
}

START_TEST(an_export_goes_on_as_its_client_reads_and_says_when_it_is_whole)
{
    const struct outbox_answer answers[] = {first, second};
    fake_outbox.answers = answers;
    struct control_request *request = ask("events.export", "{}");
    ck_assert(json_is_true(json_object_get(request->sent, "ok")));
    ck_assert_str_eq(request->text, "{\"seq\":1}\n");
    ck_assert(!request->ended);
    say_read(request, true);
    ck_assert_uint_eq(fake_outbox.asked.after, 1);
    ck_assert_str_eq(request->text, "{\"seq\":1}\n{\"seq\":2}\n");
    ck_assert(says_end(request, true));
}
END_TEST

START_TEST(an_export_that_the_store_breaks_off_is_never_whole)
{
    const struct outbox_answer broken = {.error = "disk"}, answers[] = {first, broken, broken};
    fake_outbox.answers = answers;
    struct control_request *request = ask("events.export", "{}");
    say_read(request, true);
    ck_assert_str_eq(request->text, "{\"seq\":1}\n");
    ck_assert(says_end(request, false));
    request = ask("events.export", "{}"); /* at its very beginning */
    ck_assert_str_eq(request->text, "");
    ck_assert(says_end(request, false));
}
END_TEST

/* What is sent to it then comes nowhere; but nothing asks on for it. */
START_TEST(an_export_to_a_client_that_is_gone_is_never_whole)
{
    const struct outbox_answer answers[] = {first, second, second};
    fake_outbox.answers = answers;
    struct control_request *request = ask("events.export", "{}");
    say_read(request, false);
    ck_assert(says_end(request, false));
    ck_assert_ptr_eq(fake_outbox.answers, &answers[1]);
    client_gone = true;
    request = ask("events.export", "{}");
    ck_assert(says_end(request, false));
    ck_assert_ptr_eq(fake_outbox.answers, &answers[2]);
}
END_TEST

START_TEST(duress_is_in_the_status_only_if_it_is_asked_for)
{
    ask("status", "{}");
    ck_assert(!status_with_duress);
    ask("status", "{'duress':true}");
    ck_assert(status_with_duress);
}
END_TEST

static void let_pass(int64_t ms)
{
    virtual_advance(world.facts, ms);
    operate_tick(operate);
}

START_TEST(what_a_stuck_disk_keeps_from_an_answer_is_said_in_time)
{
    fake_outbox.keeps_questions = true;
    struct control_request *list = ask("events.list", "{}");
    struct control_request *export = ask("events.export", "{}");
    let_pass(9900);
    ck_assert(!list->answered && !export->ended);
    let_pass(200);
    ck_assert(list->failed);
    ck_assert_ptr_nonnull(strstr(list->error, "the disk has not answered for 10 s"));
    ck_assert(says_end(export, false));
    ck_assert_ptr_nonnull(
        strstr(json_string_value(json_object_get(export->sent, "error")), "the disk has not"));
    let_pass(20000);      /* said once */
    fake_answer(&second); /* and too late */
    ck_assert_str_eq(export->text, "");
    fake_outbox.keeps_questions = false;
    const struct outbox_answer answers[] = {second};
    fake_outbox.answers = answers;
    ck_assert(!ask("events.list", "{}")->failed);
}
END_TEST

START_TEST(an_export_waits_for_its_client_without_limit)
{
    const struct outbox_answer answers[] = {first, second};
    fake_outbox.answers = answers;
    struct control_request *export = ask("events.export", "{}");
    let_pass(60000);
    ck_assert(!export->ended);
    say_read(export, true);
    ck_assert(says_end(export, true));
}
END_TEST

START_TEST(questions_to_a_stuck_disk_leave_room_for_orders)
{
    static const char *const commands[] = {"events.list", "events.show", "events.export"};
    fake_outbox.keeps_questions = true;
    for (int i = 0; i < 16; i++)
        ck_assert(!ask("events.list", "{}")->failed);
    let_pass(11000); /* they were answered, and are in the store's hands all the same */
    for (size_t i = 0; i < 3; i++) {
        struct control_request *more = ask(commands[i], i == 1 ? "{'seq':1}" : "{}");
        ck_assert(more->failed && !more->sent);
        ck_assert_ptr_nonnull(strstr(more->error, "16 questions wait for the disk already"));
    }
    fake_answer(&second);
    ck_assert(!ask("events.list", "{}")->failed);
    fake_answer(&second);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("operate_questions");
    TCase *tc = tcase_create("questions");
    tcase_add_checked_fixture(tc, operate_begin, operate_end);
    tcase_add_test(tc, what_a_stuck_disk_keeps_from_an_answer_is_said_in_time);
    tcase_add_test(tc, an_export_waits_for_its_client_without_limit);
    tcase_add_test(tc, questions_to_a_stuck_disk_leave_room_for_orders);
    tcase_add_test(tc, an_export_goes_on_as_its_client_reads_and_says_when_it_is_whole);
    tcase_add_test(tc, an_export_that_the_store_breaks_off_is_never_whole);
    tcase_add_test(tc, an_export_to_a_client_that_is_gone_is_never_whole);
    tcase_add_test(tc, duress_is_in_the_status_only_if_it_is_asked_for);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
