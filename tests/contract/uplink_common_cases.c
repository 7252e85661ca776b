/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every uplink. */
#include <string.h>

#include "uplink_world.h"

static struct attempt attempts[UPLINK_LANE_COUNT + 1];

static void no_outcome(struct attempt *attempt)
{
    (void)attempt;
    ck_assert_ptr_nonnull(uplink); /* never after close */
}

START_TEST(it_says_of_itself_what_it_is)
{
    const struct uplink_driver *d = world->driver;
    ck_assert_str_eq(d->type.name, world->name);
    ck_assert(d->open && d->send && d->close);
    ck_assert_uint_ne(d->takes & UPLINK_TAKES(EVENT_CLASS_PRESS), 0);
    ck_assert_uint_eq(d->takes & ~UPLINK_TAKES_ALL, 0);
    ck_assert((d->read != NULL) == (d->same_files != NULL));
    ck_assert((d->read != NULL) == (d->free_files != NULL));
    d->close(NULL);
    free_files(NULL);
}
END_TEST

START_TEST(it_may_be_closed_at_once_and_opened_again)
{
    for (int i = 0; i < 10; i++) {
        open_uplink();
        close_uplink();
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    open_uplink();
    expect_send(&attempts[0], UPLINK_LANE_PRESS, world->accepted);
}
END_TEST

START_TEST(every_lane_gets_its_outcome_once)
{
    open_uplink();
    for (int lane = 0; lane < UPLINK_LANE_COUNT; lane++)
        start_send(&attempts[lane], (enum uplink_lane)lane);
    for (int lane = 0; lane < UPLINK_LANE_COUNT; lane++) {
        await(&attempts[lane]);
        ck_assert_int_eq(attempts[lane].outcome, world->accepted);
    }
    for (int round = 0; round < 3; round++)
        for (int lane = 0; lane < UPLINK_LANE_COUNT; lane++)
            expect_send(&attempts[lane], (enum uplink_lane)lane, world->accepted);
}
END_TEST

static struct attempt second;

static void send_the_second(struct attempt *attempt)
{
    (void)attempt;
    start_send(&second, UPLINK_LANE_PRESS);
}

START_TEST(a_lane_is_free_again_from_within_its_outcome)
{
    open_uplink();
    attempts[0].then = send_the_second;
    start_send(&attempts[0], UPLINK_LANE_PRESS);
    await(&attempts[0]);
    await(&second);
    ck_assert_int_eq(second.outcome, world->accepted);
}
END_TEST

static const struct {
    enum world_answer answer;
    enum uplink_outcome outcome;
} ends[] = {{WORLD_FAILS, UPLINK_OUTCOME_RETRY},
            {WORLD_REFUSES, UPLINK_OUTCOME_REFUSED},
            {WORLD_SAYS_NOTHING, UPLINK_OUTCOME_RETRY}};

START_TEST(what_is_not_taken_says_why)
{
    world->answer(ends[_i].answer);
    open_uplink();
    expect_send(&attempts[0], UPLINK_LANE_PRESS, ends[_i].outcome);
    ck_assert_str_ne(attempts[0].reason, "");
    expect_send(&attempts[0], UPLINK_LANE_FOLLOWUP, ends[_i].outcome);
}
END_TEST

START_TEST(what_failed_once_gets_through_the_next_time)
{
    world->answer(WORLD_FAILS_ONCE);
    open_uplink();
    expect_send(&attempts[0], UPLINK_LANE_PRESS, UPLINK_OUTCOME_RETRY);
    expect_send(&attempts[0], UPLINK_LANE_PRESS, world->accepted);
}
END_TEST

START_TEST(close_cancels_every_attempt_before_it_returns)
{
    world->answer(WORLD_TAKES_LONG);
    open_uplink();
    size_t count = 0;
    for (; count < UPLINK_LANE_COUNT; count++)
        start_send(&attempts[count], (enum uplink_lane)count);
    if (world->driver->upload)
        start_upload(&attempts[count++], make_file(1000));
    for (int turn = _i; turn > 0; turn--) /* on their way, or not yet */
        uv_run(&loop, UV_RUN_ONCE);
    world->driver->close(uplink);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(attempts[i].ends, 1);
        ck_assert_int_eq(attempts[i].outcome, UPLINK_OUTCOME_CANCELLED);
        ck_assert_str_ne(attempts[i].reason, "");
        attempts[i].then = no_outcome;
    }
    uplink = NULL;
}
END_TEST

START_TEST(what_can_never_work_is_refused_at_open_and_leaves_nothing)
{
    const char *word;
    const void *options;
    for (size_t i = 0; (options = world->mistake(i, &word)); i++) {
        struct uplink_host host = {.state_dir = "/nowhere", .receiver = "tested"};
        struct uplink *made = NULL;
        struct err e = {.text = ""};
        int result = read_files(options, &host.files, &e);
        ck_assert((result == 0) == (host.files || !world->driver->read));
        if (result == 0)
            result = world->driver->open(options, &host, &loop, &made, &e);
        ck_assert_msg(result < 0, "mistake %zu", i);
        ck_assert_msg(strstr(e.text, word), "\"%s\" does not say \"%s\"", e.text, word);
        ck_assert_ptr_null(made);
        free_files(host.files);
    }
}
END_TEST

static void read_elsewhere(uv_work_t *work)
{
    struct err e = {.text = ""};
    ck_assert_msg(read_files(world->options(), work->data, &e) == 0, "%s", e.text);
}

static void on_read(uv_work_t *work, int status)
{
    ck_assert_int_eq(status, 0);
    work->loop = NULL;
}

START_TEST(what_was_read_in_another_thread_serves_as_well_and_twice_the_same_is_the_same)
{
    struct uplink_files *here = NULL, *there = NULL;
    struct err e = {.text = ""};
    struct uplink_host host = {.state_dir = "/nowhere", .receiver = "tested"};
    uv_work_t work = {.data = &there};
    if (!world->driver->read)
        return;
    uv_queue_work(&loop, &work, read_elsewhere, on_read);
    while (work.loop)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_int_eq(read_files(world->options(), &here, &e), 0);
    ck_assert(world->driver->same_files(here, there));
    free_files(here);
    host.files = there;
    host.signer = signs();
    ck_assert_int_eq(world->driver->open(world->options(), &host, &loop, &uplink, &e), 0);
    expect_send(&attempts[0], UPLINK_LANE_PRESS, world->accepted);
    close_uplink();
    free_files(there);
}
END_TEST

START_TEST(a_clip_gets_its_outcome_and_a_pause_only_holds_it)
{
    if (!world->driver->upload)
        return;
    struct attempt clip = {.ends = 0};
    open_uplink();
    world->driver->pause_upload(uplink, true);
    start_upload(&clip, make_file(1000));
    expect_send(&attempts[0], UPLINK_LANE_PRESS, world->accepted); /* alarms go on */
    for (int i = 0; i < 20; i++)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(clip.ends, 0);
    world->driver->pause_upload(uplink, false);
    await(&clip);
    ck_assert_int_eq(clip.outcome, world->accepted);
    clip = (struct attempt){.ends = 0};
    start_upload(&clip, make_file(2000));
    await(&clip);
    ck_assert_int_eq(clip.outcome, world->accepted);
}
END_TEST

START_TEST(refresh_loses_nothing)
{
    open_uplink();
    if (!world->driver->refresh)
        return;
    start_send(&attempts[0], UPLINK_LANE_PRESS);
    world->driver->refresh(uplink);
    await(&attempts[0]);
    ck_assert_int_eq(attempts[0].outcome, world->accepted);
    world->driver->refresh(uplink);
    expect_send(&attempts[0], UPLINK_LANE_PRESS, world->accepted);
}
END_TEST

START_TEST(what_was_prepared_may_be_sent_or_not)
{
    open_uplink();
    if (!world->driver->prepare)
        return;
    struct event *event = make_event("{\"specversion\":\"1.0\"}");
    for (int i = 0; i < 20; i++)
        world->driver->prepare(uplink, event); /* twice the same, and more than anybody expects */
    resend(&attempts[0], UPLINK_LANE_PRESS, event);
    event_unref(event);
    await(&attempts[0]);
    ck_assert_int_eq(attempts[0].outcome, world->accepted);
    event = make_event("{\"specversion\":\"1.0\"}");
    world->driver->prepare(uplink, event);
    event_unref(event); /* and closed with it */
}
END_TEST

void add_common_uplink_cases(TCase *cases)
{
    tcase_add_test(cases, it_says_of_itself_what_it_is);
    tcase_add_test(cases, it_may_be_closed_at_once_and_opened_again);
    tcase_add_test(cases, every_lane_gets_its_outcome_once);
    tcase_add_test(cases, a_lane_is_free_again_from_within_its_outcome);
    tcase_add_loop_test(cases, what_is_not_taken_says_why, 0, 3);
    tcase_add_test(cases, what_failed_once_gets_through_the_next_time);
    tcase_add_loop_test(cases, close_cancels_every_attempt_before_it_returns, 0, 12);
    tcase_add_test(cases, what_can_never_work_is_refused_at_open_and_leaves_nothing);
    tcase_add_test(cases,
                   what_was_read_in_another_thread_serves_as_well_and_twice_the_same_is_the_same);
    tcase_add_test(cases, a_clip_gets_its_outcome_and_a_pause_only_holds_it);
    tcase_add_test(cases, refresh_loses_nothing);
    tcase_add_test(cases, what_was_prepared_may_be_sent_or_not);
}
