/* SPDX-License-Identifier: Apache-2.0 */
/* What a false tocsin-video may have the gateway sign: nothing but what a clip can be, of a camera
 * that was asked for it, and no more of it than the time has room for. */
#include <stdio.h>
#include <string.h>

#include "clips/asked.h"
#include "clips_world.h"
#include "run_suite.h"

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static unsigned number;

/* Whether it became a manifest; if not, its file stays with tocsin-video. */
static bool takes(void)
{
    size_t before = fake_count("tocsin.clip.manifest");
    size_t refused = count_sent(MESSAGE_CLIP_REFUSED);
    say_clip_of(++number);
    fake_outbox_answer();
    facts_tell(world.facts);
    bool taken = fake_count("tocsin.clip.manifest") > before;
    if (taken)
        say_heard(fake.count, true);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_REFUSED), refused);
    sent_count = 0;
    clips_tick(clips);
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED); /* and it keeps nobody from the next */
    return taken;
}

static void set_up(void)
{
    clips_begin();
    number = 0;
    say_up();
}

static const char *const wrong[] = {
    "{\"part\":0}",
    "{\"part\":100001}",
    "{\"part\":\"1\"}",
    "{\"last\":null}",
    "{\"start\":\"2099-01-01T00:00:00.000Z\"}",
    "{\"start\":\"2026-09-21T14:13:20Z\"}",
    "{\"start\":\"2026-09-21T22:13:20.000+08:00\"}",
    "{\"stop\":\"whenever\"}",
    "{\"stop\":null}",
    "{\"stop\":\"2026-09-21T14:13:21.001Z\"}",
    "{\"start_monoms\":-1}",
    "{\"start_monoms\":9223372036854775807,\"stop_monoms\":9223372036854775807}",
    "{\"start_monoms\":1078}",
    "{\"start\":\"2026-09-20T14:13:19.999Z\",\"start_monoms\":77,\"stop_monoms\":86401078,"
    "\"boot\":\"another\"}",
    "{\"boot\":\"\"}",
    "{\"boot\":\"this boot\"}",
    "{\"boot\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
    "{\"boot\":5}",
    "{\"container\":\"exe\"}",
    "{\"container\":{\"any\":[\"thing\",null]}}",
    "{\"codecs\":\"h264\"}",
    "{\"codecs\":[]}",
    "{\"codecs\":[\"nonsense\"]}",
    "{\"codecs\":[\"h264\",\"h264\",\"aac\"]}",
    "{\"codecs\":[\"h264\",7]}",
    "{\"length\":0}",
    "{\"length\":1099511627777}",
    "{\"sha256\":\"00\"}",
    "{\"sha256\":\"" HASH "0\"}",
    "{\"sha256\":\"X123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}",
    "{\"chunk_bytes\":-1}",
    "{\"chunk_bytes\":4194305}",
    "{\"chunks\":[]}",
    "{\"chunks\":[\"" HASH "\",\"" HASH "\"]}",
    "{\"chunks\":[\"0\"]}",
    "{\"length\":4194305}",
    "{\"gops\":null}",
    "{\"gops\":[{\"at_ms\":-1,\"sha256\":\"" HASH "\"}]}",
    "{\"gops\":[{\"at_ms\":86400001,\"sha256\":\"" HASH "\"}]}",
    "{\"gops\":[{\"at_ms\":0,\"sha256\":\"0\"}]}",
    "{\"gops\":[{\"at_ms\":0,\"sha256\":\"" HASH "\",\"site\":1}]}",
    "{\"gaps\":{}}",
    "{\"gaps\":[{\"from_ms\":5,\"to_ms\":4,\"why\":\"x\"}]}",
    "{\"gaps\":[{\"from_ms\":0,\"to_ms\":1099511627777,\"why\":\"x\"}]}",
    "{\"gaps\":[{\"from_ms\":-1099511627777,\"to_ms\":4,\"why\":\"x\"}]}",
    "{\"gaps\":[{\"from_ms\":0,\"to_ms\":4,\"why\":\"x\\r\\nEvil: 1\"}]}",
    "{\"gaps\":[{\"from_ms\":0,\"to_ms\":4,\"why\":7}]}",
    "{\"gaps\":[{\"from_ms\":0,\"to_ms\":4,\"why\":\"\\u007f\"}]}",
    "{\"gaps\":[{\"from_ms\":0,\"to_ms\":4,\"why\":\"x\",\"site\":1}]}",
};

START_TEST(what_no_clip_can_be_is_not_signed)
{
    clip_changes = wrong[_i];
    ck_assert(!takes());
    ck_assert_uint_eq(fake.count, 0);
    clip_changes = NULL;
    ck_assert(takes());
}
END_TEST

START_TEST(what_a_clip_can_be_is)
{
    static const char *const right[] = {
        "{\"part\":100000,\"last\":true}",
        "{\"container\":\"mov\",\"codecs\":[\"h265\",\"g711a\"]}",
        "{\"codecs\":[\"g711u\"]}",
        "{\"boot\":\"unknown\",\"gops\":[],\"gaps\":[]}",
        "{\"length\":4194304}",
        "{\"gaps\":[{\"from_ms\":0,\"to_ms\":4,\"why\":\"\"}]}",
        "{\"length\":4194305,\"chunks\":[\"" HASH "\",\"" HASH "\"]}",
        "{\"gops\":[{\"at_ms\":86400000,\"sha256\":\"" HASH "\"}]}",
        "{\"gaps\":[{\"from_ms\":-7000,\"to_ms\":-7000,\"why\":\"摄像机离线\"}]}",
        "{\"start\":\"1970-01-01T00:00:00.000Z\",\"stop\":\"1970-01-01T00:00:01.000Z\"}",
    };
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        clip_changes = right[i];
        ck_assert_msg(takes(), "%s", right[i]);
    }
}
END_TEST

/* A time that is signed once is one that no clip of this boot lies behind; of another it may. */
START_TEST(what_ends_in_time_to_come_is_not_signed)
{
    clip_stop_ms = virtual_ns() / 1000000 + 60001;
    ck_assert(!takes());
    clip_boot = "another";
    ck_assert(takes());
}
END_TEST

START_TEST(a_camera_that_was_not_asked_for_an_alarm_says_nothing_of_it)
{
    world_press(WORLD_GATE);
    clip_alarm = world_incident(WORLD_GATE)->alarm;
    clip_camera = "office-cam"; /* whether there is one or not */
    ck_assert(!takes());
    clip_camera = "cam";
    ck_assert(takes());
    world_press(WORLD_OFFICE); /* has no camera */
    clip_alarm = world_incident(WORLD_OFFICE)->alarm;
    ck_assert(!takes());
}
END_TEST

/* One of before the restart, whose camera is in the configuration no more: as honest as it was. */
START_TEST(a_late_clip_of_a_camera_that_is_no_more_is_taken_and_one_of_none_is_not)
{
    clip_camera = "old_cam-2.b";
    ck_assert(takes());
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_object_get(fake_last("tocsin.clip.manifest")->data, "camera"), "id")),
                     clip_camera);
    static const char *const none[] = {"", "校长室", "../../x", "a b", "x\r\nEvil: 1"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        clip_camera = none[i];
        ck_assert(!takes());
    }
}
END_TEST

/* By another gateway's rules, or an older version's: tocsin-video may let it go. */
START_TEST(what_the_store_has_is_not_looked_at_once_more)
{
    clip_camera = "校长室";
    clip_changes = wrong[0];
    say_clip();
    know_last_clip();
    fake_outbox_answer();
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
}
END_TEST

static char *two[] = {"cam", "yard"};

START_TEST(of_an_alarm_and_a_camera_there_are_no_more_clips_than_the_time_has_room_for)
{
    const int most = ASKED_SPARE + 2 * 90 / 60;
    world.inputs[WORLD_GATE].cameras = (struct option_list){.count = 2, .items = two};
    world_press(WORLD_GATE);
    clip_alarm = world_incident(WORLD_GATE)->alarm;
    for (int i = 0; i < most; i++)
        ck_assert(takes());
    ck_assert(!takes());
    ck_assert(!takes());
    clip_camera = "yard"; /* counts by itself */
    ck_assert(takes());
    clip_camera = "cam";
    /* Pressed again, it is filmed for longer: two minutes are two parts. */
    virtual_advance(world.facts, 120000);
    world_release(WORLD_GATE);
    world_press(WORLD_GATE);
    for (int i = 0; i < 4; i++)
        ck_assert(takes());
    ck_assert(!takes());
    /* Another alarm's are its own. */
    clip_alarm = "01980000-0000-7000-8000-000000000009";
    ck_assert(takes());
}
END_TEST

START_TEST(of_an_alarm_of_before_and_of_any_camera_there_is_an_end_as_well)
{
    struct asked *a = asked_create();
    const struct config_video *video = &world.config.video;
    static const char alarm[] = "01980000-0000-7000-8000-000000000009";
    for (int i = 0; i < ASKED_LATE; i++) {
        const char *camera = two[i % 2];
        ck_assert_ptr_null(asked_wrong(a, alarm, camera, video));
        asked_count(a, alarm, camera);
    }
    for (int i = 0; i < 2; i++)
        ck_assert_ptr_nonnull(strstr(asked_wrong(a, alarm, two[i], video), "more of it"));
    ck_assert_ptr_null(asked_wrong(a, "01980000-0000-7000-8000-00000000000a", "cam", video));
    asked_destroy(a);
}
END_TEST

static bool is_fault(void)
{
    const struct fact *fact = world_last(FACT_FAULT);
    return fact && fact->u.fault.code == FAULT_VIDEO && fact->u.fault.broken;
}

START_TEST(what_is_refused_again_and_again_is_a_fault_until_it_has_stopped)
{
    clip_changes = wrong[0];
    for (int i = 0; i < 9; i++)
        ck_assert(!takes());
    ck_assert(!is_fault());
    ck_assert(!takes());
    ck_assert(is_fault());
    ck_assert_ptr_nonnull(strstr(world_last(FACT_FAULT)->u.fault.reason, "which part it is"));
    say_clip_of(++number); /* the next is asked for, but not at once */
    fake_outbox_answer();
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED - 1);
    clip_changes = wrong[4];
    ck_assert(!takes());
    facts_tell(world.facts);
    ck_assert_ptr_null(strstr(world_last(FACT_FAULT_STATED)->u.fault.reason, "which part it is"));
    ck_assert_ptr_nonnull(strstr(world_last(FACT_FAULT_STATED)->u.fault.reason, "cannot be: "));
    size_t stated = world_count(FACT_FAULT_STATED);
    ck_assert(!takes());
    ck_assert_uint_eq(world_count(FACT_FAULT_STATED), stated);
    clip_changes = wrong[0];
    ck_assert(!takes());
    say_down("it has gone");
    say_up(); /* which does not mend it */
    ck_assert_ptr_nonnull(strstr(world_last(FACT_FAULT)->u.fault.reason, "which part it is"));
    ck_assert(is_fault());
    virtual_advance(world.facts, 599000);
    clips_tick(clips);
    world_stay();
    ck_assert(is_fault());
    virtual_advance(world.facts, 1000);
    clips_tick(clips);
    facts_tell(world.facts);
    ck_assert(!faults_any(world.faults));
    for (int i = 0; i < 9; i++) /* anew */
        ck_assert(!takes());
    ck_assert(!faults_any(world.faults));
}
END_TEST

/* Nor is it asked for as fast as it is said. */
START_TEST(so_is_what_lies_elsewhere)
{
    const char *folder = clip_folder;
    clip_folder = "/elsewhere";
    for (int i = 0; i < 9; i++)
        ck_assert(!takes());
    ck_assert(!is_fault());
    ck_assert(!takes());
    ck_assert(is_fault());
    ck_assert_ptr_nonnull(strstr(world_last(FACT_FAULT)->u.fault.reason, "where video.dir says"));
    say_clip_of(++number);
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED - 1);
    clip_folder = folder;
    clips_tick(clips);
    ck_assert(takes());
}
END_TEST

START_TEST(a_few_refused_now_and_then_are_none)
{
    clip_changes = wrong[0];
    for (int i = 0; i < 30; i++) {
        ck_assert(!takes());
        virtual_advance(world.facts, 600000);
        clips_tick(clips);
    }
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clips believed");
    TCase *tc = tcase_create("clips believed");
    tcase_add_checked_fixture(tc, set_up, clips_end);
    tcase_add_loop_test(tc, what_no_clip_can_be_is_not_signed, 0, sizeof wrong / sizeof *wrong);
    tcase_add_test(tc, what_a_clip_can_be_is);
    tcase_add_test(tc, what_ends_in_time_to_come_is_not_signed);
    tcase_add_test(tc, a_camera_that_was_not_asked_for_an_alarm_says_nothing_of_it);
    tcase_add_test(tc, a_late_clip_of_a_camera_that_is_no_more_is_taken_and_one_of_none_is_not);
    tcase_add_test(tc, what_the_store_has_is_not_looked_at_once_more);
    tcase_add_test(tc, of_an_alarm_and_a_camera_there_are_no_more_clips_than_the_time_has_room_for);
    tcase_add_test(tc, of_an_alarm_of_before_and_of_any_camera_there_is_an_end_as_well);
    tcase_add_test(tc, what_is_refused_again_and_again_is_a_fault_until_it_has_stopped);
    tcase_add_test(tc, so_is_what_lies_elsewhere);
    tcase_add_test(tc, a_few_refused_now_and_then_are_none);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
