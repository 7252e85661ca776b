/* SPDX-License-Identifier: Apache-2.0 */
/* Receivers under a new configuration, and those whose uplink could not be opened. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "delivery_world.h"

static struct config_receiver changed[3];
static struct config_receivers next;
static unsigned warnings, errors;
static char warning[300];

/* The linker hands the log to the test. */
void __wrap_log_line(enum log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void __wrap_log_line(enum log_level level, const char *module, const char *format, ...)
{
    va_list arguments;
    (void)module;
    errors += level == LOG_LEVEL_ERROR;
    if (level != LOG_LEVEL_WARNING)
        return;
    va_start(arguments, format);
    vsnprintf(warning, sizeof warning, format, arguments);
    va_end(arguments);
    warnings++;
}

/* The receivers of the next reload are those of now, but for what the test changes. */
static void copy_receivers(void)
{
    memcpy(changed, receivers, sizeof changed);
    next =
        (struct config_receivers){.count = config.count, .items = changed, .path = "tocsin.yaml"};
}

static int prepare_next(void **ret_plan, struct err *e)
{
    struct delivery_files *read;
    int result = delivery_read(delivery, &next, NULL, &read, e);
    return result == 0 ? delivery_prepare(delivery, &next, read, ret_plan, e) : result;
}

static void reload(void)
{
    struct err e;
    void *plan;
    ck_assert_msg(prepare_next(&plan, &e) == 0, "%s", e.text);
    delivery_commit(delivery, plan);
}

START_TEST(a_reload_is_whole)
{
    struct err e;
    void *plan;
    copy_receivers();
    changed[0].name = "Police station";
    changed[1].group = 1;
    changed[1].clips = true;
    ck_assert_int_eq(prepare_next(&plan, &e), 0);
    ck_assert_uint_eq(uplink_count, 4);
    ck_assert(!uplinks[0].closed && !uplinks[1].closed);
    ck_assert_uint_eq(delivery_takes_clips(delivery), 1);
    delivery_commit(delivery, plan);
    ck_assert(uplinks[0].closed && uplinks[1].closed);
    ck_assert_uint_eq(delivery_takes_clips(delivery), 3);
    ck_assert_uint_eq(delivery_asked(delivery, 1), 3);
    ck_assert_uint_eq(delivery_groups(delivery), 1);
    offer(1);
    ck_assert_ptr_nonnull(under_way(2, 1));
}
END_TEST

/* The remedy of the fault `clips`: the driver can, and is to have none. */
START_TEST(what_waits_for_a_receiver_that_is_to_have_no_clips_is_struck_out)
{
    struct uplink_file file = {.manifest = "m", .path = "p", .filename = "f"};
    ck_assert(fake_outbox.takes_clips[0] && !fake_outbox.takes_clips[1]);
    ck_assert(!delivery_upload(delivery, 1, 5, &file));
    ck_assert(delivery_upload(delivery, 0, 5, &file));
    facts_tell(facts);
    told_count = 0;
    copy_receivers();
    changed[0].clips = false;
    reload();
    facts_tell(facts);
    ck_assert(!fake_outbox.takes_clips[0]);
    ck_assert_uint_eq(fake_outbox.takes[0], UPLINK_TAKES_ALL);
    ck_assert_uint_eq(count(FACT_NO_CLIPS), 1);
    ck_assert_uint_eq(last(FACT_NO_CLIPS)->u.no_clips, 0);
    ck_assert(!delivery_upload(delivery, 0, 6, &file));
    json_t *status = delivery_status(delivery);
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(status, 0), "uploads")), 0);
    json_decref(status);
}
END_TEST

static void begin_with_three(void)
{
    tear_down();
    set_up();
    config.count = 3;
    open_delivery();
    beat();
    ck_assert_uint_eq(delivery_proven(delivery), 7);
    copy_receivers();
    told_count = 0;
}

START_TEST(a_reload_in_the_middle_of_a_press_takes_it_from_nobody_who_has_not_changed)
{
    begin_with_three();
    offer(1);
    const struct uplink_result later = {.outcome = UPLINK_OUTCOME_RETRY, .retry_after_ms = 1000};
    end_attempt(under_way(2, 1), &later); /* a pause by chance may be none */
    changed[1].heartbeat_ms = 10000;
    changed[0].at.line = 7; /* it only stands elsewhere in the file */
    reload();
    facts_tell(facts);
    ck_assert_uint_eq(uplink_count, 4);
    ck_assert(!uplinks[0].closed && uplinks[1].closed && !uplinks[2].closed);
    ck_assert_ptr_nonnull(under_way(0, 1)); /* the same attempt goes on */
    ck_assert_ptr_nonnull(under_way(3, 1)); /* over the new one */
    ck_assert_ptr_null(under_way(2, 1));    /* waits as long as before */
    ck_assert_uint_eq(delivery_proven(delivery), 5);
    ck_assert_uint_eq(count(FACT_LINK), 1);
    ck_assert_uint_eq(last(FACT_LINK)->u.link.receiver, 1);
    size_t before = attempt_count;
    finish(0, 1, UPLINK_OUTCOME_STORED);
    facts_tell(facts);
    ck_assert_uint_eq(last(FACT_DELIVERED)->u.delivered.receiver, 0);
    ck_assert_uint_eq(attempt_count, before);
}
END_TEST

START_TEST(a_reload_that_changes_nothing_is_noticed_by_nobody)
{
    begin_with_three();
    offer(1);
    size_t before = attempt_count;
    reload();
    facts_tell(facts);
    ck_assert_uint_eq(uplink_count, 3);
    ck_assert_uint_eq(attempt_count, before);
    ck_assert_uint_eq(delivery_proven(delivery), 7);
    ck_assert_uint_eq(count(FACT_LINK), 0);
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(under_way(i, 1));
}
END_TEST

START_TEST(other_files_are_another_receiver)
{
    begin_with_three();
    new_files = "school";
    reload();
    ck_assert_uint_eq(uplink_count, 4);
    ck_assert(!uplinks[0].closed && uplinks[1].closed && !uplinks[2].closed);
    ck_assert_uint_eq(delivery_proven(delivery), 5);
    ck_assert_ptr_nonnull(uplinks[3].files);
    reload(); /* as they are now */
    ck_assert_uint_eq(uplink_count, 4);
}
END_TEST

START_TEST(a_configuration_is_used_for_as_long_as_an_uplink_was_opened_with_it)
{
    begin_with_three();
    ck_assert(delivery_uses(delivery, &config));
    ck_assert(!delivery_uses(delivery, &next));
    changed[0].name = changed[1].name = "Another";
    reload();
    ck_assert(delivery_uses(delivery, &config)); /* of the third */
    ck_assert(delivery_uses(delivery, &next));
    struct config_receiver newest[3];
    const struct config_receivers third = {.count = 3, .items = newest};
    memcpy(newest, changed, sizeof newest);
    newest[2].name = "Another";
    next.items = newest;
    reload();
    next.items = changed;
    ck_assert(!delivery_uses(delivery, &config));
    ck_assert(delivery_uses(delivery, &next));
    ck_assert(delivery_uses(delivery, &third));
}
END_TEST

START_TEST(a_stand_in_goes_with_the_next_reload_though_nothing_has_changed)
{
    tear_down();
    set_up();
    refuse_read = "police";
    open_delivery();
    ck_assert_uint_eq(uplink_count, 1);
    refuse_read = NULL;
    copy_receivers();
    reload();
    ck_assert_uint_eq(uplink_count, 2);
    ck_assert_str_eq(uplinks[1].host.receiver, "police");
    ck_assert(!uplinks[0].closed);
}
END_TEST

START_TEST(after_a_reload_what_was_replaced_is_not_proven_until_it_is_and_that_is_told)
{
    copy_receivers();
    beat();
    facts_tell(facts);
    ck_assert_uint_eq(delivery_proven(delivery), 3);
    changed[0].responder = false;
    changed[1].name = "Another";
    told_count = 0;
    reload();
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_LINK), 2);
    ck_assert(!last(FACT_LINK)->u.link.proven);
    ck_assert_uint_eq(delivery_proven(delivery), 0);
    ck_assert_uint_eq(delivery_responders(delivery), 2);
    /* It has its time, as at a start, before that is a fault. */
    virtual_advance(facts, 14000);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 0);
    virtual_advance(facts, 2000);
    delivery_tick(delivery);
    facts_tell(facts);
    ck_assert_uint_eq(count(FACT_FAULT_STATED), 4); /* and that it is not their settings */
    ck_assert_ptr_nonnull(strstr(last(FACT_FAULT_STATED)->u.fault.reason, "not proven yet"));
    beat();
    facts_tell(facts);
    ck_assert_uint_eq(delivery_proven(delivery), 3);
    ck_assert(last(FACT_LINK)->u.link.proven);
}
END_TEST

START_TEST(a_reload_that_fails_or_is_abandoned_changes_nothing)
{
    struct err e;
    void *plan;
    copy_receivers();
    changed[0].clips = false;
    changed[1].name = "Another";
    changed[1].at = (struct config_place){.line = 12, .column = 5};
    refuse_open = "school";
    ck_assert_int_lt(prepare_next(&plan, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "school"));
    ck_assert(uplinks[2].closed && !uplinks[0].closed && !uplinks[1].closed);
    refuse_open = NULL;
    refuse_read = "school";
    ck_assert_int_lt(prepare_next(&plan, &e), 0);
    ck_assert_str_eq(e.text, "tocsin.yaml:12:5: receiver school: /its/file: no such file");
    ck_assert_uint_eq(uplink_count, 3); /* nothing is opened before all is read */
    refuse_read = NULL;
    ck_assert_int_eq(prepare_next(&plan, &e), 0);
    delivery_abandon(delivery, plan);
    ck_assert(uplinks[3].closed && uplinks[4].closed);
    changed[1].id = "another";
    ck_assert_int_lt(prepare_next(&plan, &e), 0);
    ck_assert_ptr_nonnull(strstr(e.text, "restart"));
    next.count = 1;
    ck_assert_int_lt(prepare_next(&plan, &e), 0);
    ck_assert_uint_eq(delivery_takes_clips(delivery), 1);
    offer(1);
    ck_assert_ptr_nonnull(under_way(0, 1));
    ck_assert_ptr_nonnull(under_way(1, 1));
}
END_TEST

static void open_with_closed(const char *receiver)
{
    tear_down();
    set_up();
    config.count = 3;
    refuse_read = receiver;
    open_delivery();
    reads = reads_in_loop = 0;
    virtual_advance(facts, 31000);
}

static bool was_stated(enum fault_code code, bool broken)
{
    bool was = false;
    for (size_t i = 0; i < told_count; i++)
        was = was ||
              (told[i].kind == FACT_FAULT_STATED && told[i].u.fault.code == code &&
               strcmp(told[i].u.fault.subject, "police") == 0 && told[i].u.fault.broken == broken);
    return was;
}

START_TEST(a_receiver_to_have_no_clips_has_none_while_it_is_closed_either)
{
    open_with_closed("school");
    ck_assert(!fake_outbox.takes_clips[1]);
    ck_assert_uint_eq(delivery_takes_clips(delivery), 1);
}
END_TEST

/* And at once: its link says the next word only after seconds. */
START_TEST(a_reload_that_mends_a_receiver_ends_its_fault)
{
    open_with_closed("police");
    facts_tell(facts);
    told_count = 0;
    refuse_read = NULL;
    copy_receivers();
    reload();
    facts_tell(facts);
    ck_assert(was_stated(FAULT_RECEIVER_SETTINGS, false));
    ck_assert(!was_stated(FAULT_RECEIVER_SETTINGS, true));
}
END_TEST

/* The network is not to be looked at, nor the receiver to be asked: its section is to be mended. */
START_TEST(one_that_cannot_be_opened_is_a_fault_of_its_settings_until_it_is_open)
{
    open_with_closed("police");
    facts_tell(facts);
    ck_assert(was_stated(FAULT_RECEIVER_SETTINGS, true));
    told_count = 0;
    delivery_tick(delivery); /* its first proof is overdue: of the same kind */
    facts_tell(facts);
    ck_assert(was_stated(FAULT_RECEIVER_SETTINGS, true));
    ck_assert(was_stated(FAULT_RECEIVER, false));
    ck_assert(!was_stated(FAULT_RECEIVER, true));
    end_looks();
    refuse_read = NULL;
    virtual_advance(facts, 31000);
    delivery_tick(delivery);
    end_looks();
    facts_tell(facts);
    told_count = 0;
    virtual_advance(facts, 16000);
    delivery_tick(delivery); /* it is open, and nothing has come of it */
    facts_tell(facts);
    ck_assert(was_stated(FAULT_RECEIVER_SETTINGS, false));
    ck_assert(!was_stated(FAULT_RECEIVER_SETTINGS, true));
    ck_assert(was_stated(FAULT_RECEIVER, true));
}
END_TEST

START_TEST(a_closed_receiver_is_looked_at_in_the_pool_while_presses_go_on)
{
    open_with_closed("police");
    refuse_read = NULL;
    hold_disk();
    delivery_tick(delivery);
    delivery_tick(delivery); /* one look at a time */
    offer(1);
    finish(0, 1, UPLINK_OUTCOME_STORED);
    facts_tell(facts);
    ck_assert_uint_eq(last(FACT_DELIVERED)->u.delivered.receiver, 1);
    ck_assert_uint_eq(uplink_count, 2);
    ck_assert(delivery_uses(delivery, &config));
    let_disk_go(1);
    end_looks();
    ck_assert_uint_eq(reads, 1);
    ck_assert_uint_eq(reads_in_loop, 0);
    ck_assert_uint_eq(uplink_count, 3);
    ck_assert_str_eq(uplinks[2].host.receiver, "police");
    ck_assert_ptr_nonnull(uplinks[2].files);
    ck_assert_ptr_nonnull(under_way(2, 1));
    virtual_advance(facts, 31000);
    delivery_tick(delivery);
    end_looks();
    ck_assert_uint_eq(reads, 1); /* it is open */
}
END_TEST

/* Each keeps a thread of the pool, which others need, too. */
START_TEST(no_more_than_two_are_looked_at_at_a_time_and_one_that_lasts_is_said_once)
{
    open_with_closed("");
    ck_assert_uint_eq(uplink_count, 0);
    refuse_read = NULL;
    hold_disk();
    delivery_tick(delivery);
    await_read();
    await_read();
    virtual_advance(facts, 9000);
    delivery_tick(delivery);
    ck_assert_uint_eq(warnings, 0);
    virtual_advance(facts, 1000);
    delivery_tick(delivery);
    delivery_tick(delivery);
    ck_assert_uint_eq(warnings, 2);
    ck_assert_str_eq(warning, "school: reading /its/file has taken 10 s: its disk does not answer");
    let_disk_go(2);
    end_looks();
    ck_assert_uint_eq(uplink_count, 2);
    let_others_read();
    delivery_tick(delivery);
    end_looks();
    ck_assert_uint_eq(uplink_count, 3);
    ck_assert_uint_eq(reads, 3);
}
END_TEST

START_TEST(a_look_in_vain_is_followed_by_another_30_s_after_it)
{
    open_with_closed("police");
    for (unsigned i = 1; i <= 3; i++) {
        if (i == 3)
            refuse_open = "police"; /* read, and not opened: nothing is left of it */
        refuse_read = i == 3 ? NULL : "police";
        delivery_tick(delivery);
        end_looks();
        ck_assert_uint_eq(reads, i);
        virtual_advance(facts, 29000);
        delivery_tick(delivery);
        end_looks();
        ck_assert_uint_eq(reads, i);
        virtual_advance(facts, 1000);
    }
    ck_assert_uint_eq(uplink_count, 2);
}
END_TEST

static void assert_told(const char *reason)
{
    json_t *status = delivery_status(delivery);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(status, 0), "reason")),
                     reason);
    json_decref(status);
    delivery_tick(delivery);
    facts_tell(facts);
    size_t at = told_count;
    while (at-- > 0 &&
           !(told[at].kind == FACT_FAULT_STATED && strcmp(told[at].u.fault.subject, "police") == 0))
        ;
    ck_assert_str_eq(told[at].u.fault.reason, reason);
}

/* A person has put a file there, and it is the wrong one: that is what is wrong now. */
START_TEST(what_a_look_finds_wrong_is_told_once_and_stated)
{
    open_with_closed("police");
    assert_told("/its/file: no such file");
    end_looks();
    virtual_advance(facts, 30000);
    unsigned before = errors;
    refuse_read = NULL;
    refuse_open = "police";
    for (int i = 0; i < 2; i++) {
        delivery_tick(delivery);
        end_looks();
        virtual_advance(facts, 30000);
        assert_told("no certificate");
        end_looks();
        ck_assert_uint_eq(errors, before + 1);
    }
    refuse_open = NULL;
    virtual_advance(facts, 30000);
    delivery_tick(delivery);
    end_looks();
    ck_assert_uint_eq(errors, before + 1);
    ck_assert_uint_eq(uplink_count, 3);
}
END_TEST

START_TEST(a_look_that_a_reload_or_the_end_has_overtaken_opens_nothing)
{
    const size_t opened = _i < 2 ? 5 : 2;
    open_with_closed("police");
    refuse_read = NULL;
    hold_disk();
    delivery_tick(delivery);
    await_read();
    let_others_read();
    copy_receivers();
    changed[1].name = changed[2].name = "Another";
    if (_i < 2)
        reload();
    ck_assert(delivery_uses(delivery, &config)); /* the look's */
    ck_assert_uint_eq(uplink_count, opened);
    if (_i > 0) {
        facts_close(facts);
        delivery_close(delivery);
    }
    let_disk_go(1);
    end_looks();
    ck_assert_uint_eq(uplink_count, opened);
    ck_assert(_i == 2 || !delivery_uses(delivery, &config));
}
END_TEST

static void reload_school(const struct driver_type *type)
{
    static struct config_receiver one[2][3];
    static size_t turn; /* what was handed over before is still borrowed */
    copy_receivers();
    next.items = memcpy(one[turn], receivers, sizeof one[turn]);
    one[turn][1].driver.type = type;
    turn ^= 1;
    reload();
}

START_TEST(the_store_is_told_what_another_protocol_carries)
{
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES_ALL);
    reload_school(&uplink_small.type);
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES(EVENT_CLASS_PRESS));
    ck_assert_uint_eq(fake_outbox.takes[0], UPLINK_TAKES_ALL);
    reload_school(&uplink_fake.type);
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES_ALL);
}
END_TEST

/* As long as it cannot be opened, everything waits for it. */
START_TEST(the_store_is_told_what_is_carried_when_an_uplink_opens_at_last)
{
    tear_down();
    set_up();
    receivers[1].driver.type = &uplink_small.type;
    refuse_open = "school";
    open_delivery();
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES_ALL);
    refuse_open = NULL;
    virtual_advance(facts, 31000);
    delivery_tick(delivery);
    end_looks();
    ck_assert_uint_eq(uplink_count, 2);
    ck_assert_uint_eq(fake_outbox.takes[1], UPLINK_TAKES(EVENT_CLASS_PRESS));
}
END_TEST

/* By the uplink that is asked by name, while it is still there. */
START_TEST(who_has_asked_is_answered_before_its_uplink_goes)
{
    struct uplink_command command = {.kind = UPLINK_COMMAND_RESET};
    uplinks[1].host.on_command(uplinks[1].host.arg, &command, 9);
    facts_tell(facts);
    if (_i == 0) {
        copy_receivers();
        changed[1].name = "Another";
        reload();
    } else {
        delivery_close(delivery);
    }
    ck_assert_uint_eq(uplinks[1].replies, 1);
    ck_assert_uint_eq(uplinks[1].ticket, 9);
    ck_assert(!uplinks[1].reply.done);
    ck_assert_ptr_nonnull(strstr(uplinks[1].reply.reason, "ask again"));
    delivery_reply(delivery, last(FACT_COMMAND)->u.command.ticket,
                   &(struct uplink_reply){.done = true});
    ck_assert_uint_eq(uplinks[1].replies, 1);
    ck_assert(_i == 1 || uplinks[2].replies == 0);
}
END_TEST

START_TEST(who_has_asked_and_not_changed_is_answered_after_the_reload)
{
    struct uplink_command command = {.kind = UPLINK_COMMAND_RESET};
    uplinks[1].host.on_command(uplinks[1].host.arg, &command, 9);
    facts_tell(facts);
    copy_receivers();
    changed[0].name = "Another";
    reload();
    ck_assert_uint_eq(uplinks[1].replies, 0);
    delivery_reply(delivery, last(FACT_COMMAND)->u.command.ticket,
                   &(struct uplink_reply){.done = true});
    ck_assert_uint_eq(uplinks[1].replies, 1);
    ck_assert(uplinks[1].reply.done);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("delivery_reload");
    TCase *tc = tcase_create("reload");
    tcase_add_checked_fixture(tc, begin, tear_down);
    tcase_add_test(tc, a_reload_is_whole);
    tcase_add_test(tc, what_waits_for_a_receiver_that_is_to_have_no_clips_is_struck_out);
    tcase_add_test(tc, a_receiver_to_have_no_clips_has_none_while_it_is_closed_either);
    tcase_add_test(tc, a_reload_that_mends_a_receiver_ends_its_fault);
    tcase_add_test(tc, a_reload_in_the_middle_of_a_press_takes_it_from_nobody_who_has_not_changed);
    tcase_add_test(tc, a_reload_that_changes_nothing_is_noticed_by_nobody);
    tcase_add_test(tc, other_files_are_another_receiver);
    tcase_add_test(tc, a_configuration_is_used_for_as_long_as_an_uplink_was_opened_with_it);
    tcase_add_test(tc, a_stand_in_goes_with_the_next_reload_though_nothing_has_changed);
    tcase_add_test(tc, one_that_cannot_be_opened_is_a_fault_of_its_settings_until_it_is_open);
    tcase_add_test(tc, a_closed_receiver_is_looked_at_in_the_pool_while_presses_go_on);
    tcase_add_test(tc, no_more_than_two_are_looked_at_at_a_time_and_one_that_lasts_is_said_once);
    tcase_add_test(tc, a_look_in_vain_is_followed_by_another_30_s_after_it);
    tcase_add_test(tc, what_a_look_finds_wrong_is_told_once_and_stated);
    tcase_add_loop_test(tc, a_look_that_a_reload_or_the_end_has_overtaken_opens_nothing, 0, 3);
    tcase_add_test(tc, after_a_reload_what_was_replaced_is_not_proven_until_it_is_and_that_is_told);
    tcase_add_test(tc, a_reload_that_fails_or_is_abandoned_changes_nothing);
    tcase_add_test(tc, the_store_is_told_what_another_protocol_carries);
    tcase_add_test(tc, the_store_is_told_what_is_carried_when_an_uplink_opens_at_last);
    tcase_add_loop_test(tc, who_has_asked_is_answered_before_its_uplink_goes, 0, 2);
    tcase_add_test(tc, who_has_asked_and_not_changed_is_answered_after_the_reload);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
