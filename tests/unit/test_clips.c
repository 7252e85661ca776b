/* SPDX-License-Identifier: Apache-2.0 */
/* Clips and cameras: over a link to tocsin-video that the test speaks for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clips/clips.h"
#include "fake_outbox.h"
#include "part_world.h"
#include "run_suite.h"
#include "videolink/link.h"

#define CLIP "01980000-0000-7000-8000-00000000c11b"

/* The link: what was sent, and whether it is up. */
static struct link_handlers handlers;
static struct message sent[100];
static size_t sent_count;
static bool up, closed;
static size_t wanted;          /* clips that were asked for and not said */
static const char *clip_alarm; /* of those that are said */

int link_client_create(uv_loop_t *loop, const char *path, const struct link_handlers *given,
                       struct link_client **ret_client, struct err *e)
{
    (void)loop;
    (void)path;
    (void)e;
    handlers = *given;
    *ret_client = (struct link_client *)&handlers;
    return 0;
}

bool link_client_is_up(const struct link_client *c)
{
    (void)c;
    return up;
}

void link_client_send(struct link_client *c, const struct message *message)
{
    (void)c;
    ck_assert(!closed);
    if (message->type == MESSAGE_CLIP_WANTED) {
        wanted++;
        return;
    }
    ck_assert_uint_lt(sent_count, sizeof sent / sizeof *sent);
    sent[sent_count++] = *message;
}

void link_client_close(struct link_client *c)
{
    (void)c;
    closed = true;
}

static struct clips *clips;
static struct outbox_found found;

static void open_clips(void)
{
    struct err e;
    struct clips_options options = {.loop = &world.loop,
                                    .facts = world.facts,
                                    .config = {.video = &world.config.video,
                                               .cameras = &world.config.cameras,
                                               .inputs = &world.config.inputs},
                                    .events = FAKE_EVENTS,
                                    .delivery = FAKE_DELIVERY,
                                    .incidents = world.incidents};
    ck_assert_int_eq(clips_open(&options, &found, &clips, &e), 0);
}

static void set_up(void)
{
    world_begin();
    fake_outbox_begin();
    world_open();
    sent_count = wanted = 0;
    up = closed = false;
    clip_alarm = "01980000-0000-7000-8000-000000000001";
    found = (struct outbox_found){0};
    open_clips();
}

static void tear_down(void)
{
    facts_close(world.facts);
    clips_close(clips);
    fake_outbox_answer();
    fake_outbox_end();
    world_close();
    clips_free(clips);
    world_end();
}

static void say_up(void)
{
    up = true;
    wanted = 0;
    handlers.on_up(handlers.arg);
    facts_tell(world.facts);
}

static void say_camera(enum message_camera_state state, const char *reason)
{
    struct message message = {.type = MESSAGE_CAMERA, .camera = {.id = "cam", .state = state}};
    strncpy(message.camera.reason, reason, sizeof message.camera.reason - 1);
    handlers.on_message(handlers.arg, &message);
    facts_tell(world.facts);
}

static void say_clip_unasked(unsigned number)
{
    struct message message = {
        .type = MESSAGE_CLIP,
        .clip = {.camera = "cam",
                 .path = "/video/c.mp4",
                 .length_bytes = 99,
                 .manifest = json_pack("{sI,ss}", "stop_monoms", (json_int_t)77, "codec", "h264")}};
    snprintf(message.clip.id, sizeof message.clip.id, "01980000-0000-7000-8000-00000000%04x",
             number);
    snprintf(message.clip.alarm, sizeof message.clip.alarm, "%s", clip_alarm);
    handlers.on_message(handlers.arg, &message);
    json_decref(message.clip.manifest);
    facts_tell(world.facts);
}

static void say_clip_of(unsigned number)
{
    ck_assert_uint_gt(wanted, 0);
    wanted--;
    say_clip_unasked(number);
}

static void say_clip(void)
{
    say_clip_of(0xc11b);
}

static void say_heard(uint64_t seq, bool stored)
{
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_HEARD,
                                 .u.heard = {.seq = seq,
                                             .id = "01980000-0000-7000-8000-0000000000e1",
                                             .class = EVENT_CLASS_MANIFEST,
                                             .stored = stored}});
    facts_tell(world.facts);
}

static void say_uploaded(size_t receiver, uint64_t seq)
{
    facts_publish(
        world.facts,
        &(struct fact){.kind = FACT_UPLOADED,
                       .u.uploaded = {.receiver = receiver, .seq = seq, .confirmed = true}});
    facts_tell(world.facts);
}

static size_t count_sent(enum message_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < sent_count; i++)
        count += sent[i].type == type;
    return count;
}

START_TEST(a_press_is_told_to_video_with_its_cameras)
{
    say_up();
    world_press(WORLD_GATE);
    ck_assert_uint_eq(sent_count, 1);
    ck_assert_int_eq(sent[0].type, MESSAGE_ALARM);
    ck_assert_str_eq(sent[0].alarm.id, world_incident(WORLD_GATE)->alarm);
    ck_assert_int_eq(sent[0].alarm.press_ms, virtual_ns() / 1000000);
    ck_assert_uint_eq(sent[0].alarm.camera_count, 1);
    ck_assert_str_eq(sent[0].alarm.cameras[0], "cam");
    world_release(WORLD_GATE);
    ck_assert_uint_eq(sent_count, 1);
    world_press(WORLD_GATE);
    ck_assert_uint_eq(sent_count, 2);
    /* Of a button without cameras there is nothing to tell. */
    world_press(WORLD_OFFICE);
    ck_assert_uint_eq(sent_count, 2);
}
END_TEST

START_TEST(what_is_open_is_told_again_when_the_link_comes_up)
{
    world_press(WORLD_GATE);
    sent_count = 0;
    say_up();
    ck_assert_uint_eq(count_sent(MESSAGE_ALARM), 1);
    world_reset_all();
    facts_tell(world.facts);
    sent_count = 0;
    say_up();
    ck_assert_uint_eq(sent_count, 0);
}
END_TEST

START_TEST(a_video_daemon_that_is_gone_is_a_fault_and_its_cameras_are_unknown)
{
    clips_tick(clips);
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_FAULT), 0);
    virtual_advance(world.facts, 15001);
    clips_tick(clips);
    facts_tell(world.facts);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_VIDEO);
    say_up();
    ck_assert(!faults_any(world.faults));
    say_camera(MESSAGE_CAMERA_ONLINE, "");
    ck_assert(world_last(FACT_CAMERA)->u.camera.online);
    up = false;
    handlers.on_down(handlers.arg, "end of file");
    facts_tell(world.facts);
    ck_assert(faults_any(world.faults));
    ck_assert(!world_last(FACT_CAMERA)->u.camera.online);
    json_t *status = clips_cameras_status(clips);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(status, 0), "state")),
                     "unknown");
    json_decref(status);
}
END_TEST

START_TEST(a_camera_is_broken_until_it_is_online_again)
{
    say_up();
    say_camera(MESSAGE_CAMERA_FAULT, "no answer");
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_CAMERA);
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.subject, "cam");
    ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.reason, "no answer");
    ck_assert(!world_last(FACT_CAMERA)->u.camera.online);
    say_camera(MESSAGE_CAMERA_CONNECTING, "");
    ck_assert(faults_any(world.faults));
    say_camera(MESSAGE_CAMERA_ONLINE, "");
    ck_assert(!faults_any(world.faults));
    ck_assert(world_last(FACT_CAMERA)->u.camera.online);
    json_t *heartbeat = clips_cameras_heartbeat(clips);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(heartbeat, 0), "state")),
                     "online");
    json_decref(heartbeat);
}
END_TEST

START_TEST(a_clip_becomes_a_manifest_an_upload_and_is_let_go)
{
    fake.takers = 3;
    say_up();
    say_clip();
    ck_assert_uint_eq(fake.count, 0); /* the store is asked first whether it is known */
    ck_assert_str_eq(fake_outbox_last(FAKE_FIND)->clip, CLIP);
    fake_outbox_answer();
    facts_tell(world.facts);
    const struct fake_event *event = fake_last("tocsin.clip.manifest");
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(event->class, EVENT_CLASS_MANIFEST);
    ck_assert_int_eq(event->at_ns, 77000000);
    ck_assert_str_eq(fake_text(event, "codec"), "h264");
    ck_assert_str_eq(
        json_string_value(json_object_get(json_object_get(event->data, "camera"), "name")),
        "Gate camera");
    ck_assert_int_eq(world_last(FACT_CLIP)->u.clip.step, FACT_CLIP_READY);
    /* Sent from memory it is not ours yet. */
    say_heard(1, false);
    ck_assert_uint_eq(sent_count, 0);
    ck_assert_uint_eq(fake.uploads, 0);
    say_heard(1, true);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 1);
    ck_assert_str_eq(sent[0].word_of, CLIP);
    ck_assert_uint_eq(fake.uploads, 2);
    ck_assert_str_eq(fake.upload.manifest, "01980000-0000-7000-8000-0000000000e1");
    ck_assert_str_eq(fake.upload.path, "/video/c.mp4");
    ck_assert_str_eq(fake.upload.filename, "cam-" CLIP ".mp4");
    ck_assert_int_eq(fake.upload.length_bytes, 99);
    say_uploaded(0, 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 0);
    ck_assert_int_eq(world_last(FACT_CLIP)->u.clip.step, FACT_CLIP_UPLOADED);
    say_clip(); /* announced again: still wanted */
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 2);
    ck_assert_uint_eq(fake.count, 1);
    say_uploaded(1, 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
    say_uploaded(1, 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
}
END_TEST

static void say_takes_none(size_t receiver)
{
    facts_publish(world.facts, &(struct fact){.kind = FACT_NO_CLIPS, .u.no_clips = receiver});
    facts_tell(world.facts);
}

/* Who gets it is settled when its manifest is made: what the store keeps of uploads is that. */
START_TEST(a_receiver_that_takes_clips_only_later_is_not_waited_for)
{
    fake.takers = 1;
    say_up();
    say_clip();
    fake_outbox_answer();
    ck_assert_uint_eq(fake.upload_receivers, 1);
    fake.takers = 3; /* a reload */
    say_heard(1, true);
    ck_assert_uint_eq(fake.uploads, 1);
    ck_assert_uint_eq(fake.upload.receiver, 0);
    say_uploaded(0, 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
}
END_TEST

START_TEST(a_receiver_that_takes_no_clips_any_more_is_not_waited_for)
{
    fake.takers = 3;
    say_up();
    say_clip();
    fake_outbox_answer();
    say_heard(1, true);
    say_takes_none(1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 0);
    say_takes_none(0);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
    say_uploaded(0, 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
}
END_TEST

START_TEST(nothing_is_done_before_its_manifest_is_stored)
{
    fake.takers = 1;
    say_up();
    say_clip();
    fake_outbox_answer();
    say_clip(); /* announced again */
    say_takes_none(0);
    ck_assert_uint_eq(sent_count, 0);
    say_heard(1, true);
    ck_assert_uint_eq(fake.uploads, 0);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
}
END_TEST

/* The uplink changed, and the fact of that is told after this one. */
START_TEST(an_upload_that_is_refused_is_not_waited_for)
{
    fake.takers = 3;
    say_up();
    say_clip();
    fake_outbox_answer();
    fake.refuse_uploads = 2;
    say_heard(1, true);
    ck_assert_uint_eq(fake.uploads, 1);
    say_uploaded(0, 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
}
END_TEST

START_TEST(a_clip_that_nobody_takes_is_let_go_when_its_manifest_is_stored)
{
    fake.takers = 0;
    say_up();
    say_clip();
    fake_outbox_answer();
    say_heard(1, true);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
    ck_assert_uint_eq(fake.uploads, 0);
}
END_TEST

static void on_known(struct fake_call *call)
{
    call->seq = 12;
}

START_TEST(a_clip_that_the_store_knows_is_no_second_manifest)
{
    say_up();
    say_clip();
    on_known(&fake_outbox.calls[fake_outbox.count - 1]);
    fake_outbox_answer();
    ck_assert_uint_eq(fake.count, 0);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
}
END_TEST

START_TEST(a_manifest_that_cannot_be_made_waits_for_the_next_announcement)
{
    say_up();
    say_clip();
    fake.cannot_emit = true;
    fake_outbox_answer();
    fake.cannot_emit = false;
    say_clip();
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 1);
}
END_TEST

/* Or receivers' people look for somebody who has not pressed, and not for who has. */
START_TEST(no_manifest_is_made_for_an_alarm_that_nobody_pressed)
{
    fake_outbox.knows_no_alarm = true;
    say_up();
    world_press(WORLD_GATE);
    sent_count = 0;
    for (unsigned i = 1; i <= LIMIT_CLIPS_UNSTORED; i++)
        say_clip_of(i);
    ck_assert_str_eq(fake_outbox_last(FAKE_FIND)->alarm, clip_alarm);
    fake_outbox_answer();
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 0);
    ck_assert_uint_eq(world_count(FACT_CLIP), 0);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_REFUSED), LIMIT_CLIPS_UNSTORED);
    ck_assert_uint_eq(sent_count, LIMIT_CLIPS_UNSTORED);
    ck_assert_str_eq(sent[0].word_of, "01980000-0000-7000-8000-000000000001");
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED); /* and it keeps nobody from the next */
}
END_TEST

/* Its event may not be in the store: a damaged one was begun anew. */
START_TEST(an_alarm_that_is_open_is_known_without_the_store)
{
    fake_outbox.knows_no_alarm = true;
    say_up();
    world_press(WORLD_OFFICE);
    world_press(_i == 0 ? WORLD_GATE : WORLD_DURESS);
    clip_alarm = world_incident(_i == 0 ? WORLD_GATE : WORLD_DURESS)->alarm;
    say_clip();
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 1);
}
END_TEST

START_TEST(a_clip_of_an_alarm_that_was_closed_is_taken_as_long_as_the_store_knows_it)
{
    char alarm[UUID_TEXT_SIZE];
    say_up();
    world_press(WORLD_GATE);
    memcpy(alarm, world_incident(WORLD_GATE)->alarm, sizeof alarm);
    world_reset_all();
    facts_tell(world.facts);
    clip_alarm = alarm;
    say_clip_of(1);
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 1);
    fake_outbox.knows_no_alarm = true;
    say_clip_of(2);
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_REFUSED), 1);
}
END_TEST

/* It may be one of those that were lost. */
START_TEST(where_alarms_from_before_are_not_known_none_is_unknown)
{
    fake_outbox.knows_no_alarm = true;
    incidents_load(world.incidents, &(struct outbox_found){.last_seq = 5, .state_lost = true});
    ck_assert(!incidents_known(world.incidents));
    say_up();
    say_clip();
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), 1);
}
END_TEST

static void open_with(struct outbox_upload *uploads, size_t count)
{
    clips_close(clips);
    clips_free(clips);
    closed = false;
    found = (struct outbox_found){.upload_count = count, .uploads = uploads};
    facts_close(world.facts);
    facts_free(world.facts);
    struct err e;
    ck_assert_int_eq(facts_create(NULL, &world.facts, &e), 0);
    open_clips();
}

START_TEST(uploads_that_were_waiting_before_a_restart_go_on)
{
    struct outbox_upload uploads[2] = {
        {.seq = 9, .receiver = 0, .clip = CLIP, .camera = "cam", .path = "/video/c.mp4"},
        {.seq = 9, .receiver = 1, .clip = CLIP, .camera = "cam", .path = "/video/c.mp4"}};
    open_with(uploads, 2);
    ck_assert_uint_eq(fake.uploads, 2);
    ck_assert_uint_eq(fake.upload.seq, 9);
    say_up();
    say_clip();
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 1);
    say_uploaded(0, 9);
    say_uploaded(1, 9);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
}
END_TEST

START_TEST(of_uploads_before_a_restart_those_that_are_refused_are_not_waited_for)
{
    struct outbox_upload uploads[3] = {
        {.seq = 8, .receiver = 1, .clip = "another", .camera = "cam", .path = "/video/d.mp4"},
        {.seq = 9, .receiver = 0, .clip = CLIP, .camera = "cam", .path = "/video/c.mp4"},
        {.seq = 9, .receiver = 1, .clip = CLIP, .camera = "cam", .path = "/video/c.mp4"}};
    fake.refuse_uploads = 2;
    open_with(uploads, 3);
    ck_assert_uint_eq(fake.uploads, 1);
    say_up();
    say_uploaded(0, 9);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
    ck_assert_str_eq(sent[0].word_of, CLIP);
}
END_TEST

START_TEST(what_the_store_answers_after_the_close_is_heard_by_nobody)
{
    say_up();
    say_clip();
    facts_close(world.facts);
    clips_close(clips);
    fake_outbox_answer();
    ck_assert_uint_eq(fake.count, 0);
    ck_assert(closed && !clips_connected(clips));
}
END_TEST

/* However many there are: so many are in memory with their manifest, and the store has to do. */
START_TEST(the_next_clips_are_asked_for_when_those_before_are_stored)
{
    fake.takers = 1;
    ck_assert_uint_eq(wanted, 0);
    say_up();
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED);
    for (unsigned i = 1; i <= LIMIT_CLIPS_UNSTORED; i++)
        say_clip_of(i);
    ck_assert_uint_eq(wanted, 0);
    fake_outbox_answer();
    facts_tell(world.facts);
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), LIMIT_CLIPS_UNSTORED);
    say_heard(1, false);
    ck_assert_uint_eq(wanted, 0);
    say_heard(1, true);
    ck_assert_uint_eq(wanted, 1);
    say_clip_of(1); /* once more: that is known */
    ck_assert_uint_eq(wanted, 1);
    say_clip_of(90);
    say_heard(2, true);
    say_uploaded(0, 2);
    ck_assert_uint_eq(wanted, 1);
    say_up(); /* anew: what the link before it was asked for has no meaning */
    ck_assert_uint_eq(wanted, 1);
}
END_TEST

START_TEST(a_clip_that_the_store_knows_or_refuses_makes_room_for_the_next)
{
    say_up();
    for (unsigned i = 1; i <= LIMIT_CLIPS_UNSTORED; i++)
        say_clip_of(i);
    if (_i == 0)
        on_known(&fake_outbox.calls[fake_outbox.count - 1]);
    fake.cannot_emit = _i == 1;
    fake_outbox_answer();
    facts_tell(world.facts);
    ck_assert_uint_eq(wanted, _i == 0 ? 1 : LIMIT_CLIPS_UNSTORED);
}
END_TEST

START_TEST(clips_that_were_not_asked_for_are_not_heard)
{
    say_up();
    for (unsigned i = 1; i <= 50; i++)
        say_clip_unasked(i);
    ck_assert_uint_eq(fake_outbox.count, LIMIT_CLIPS_UNSTORED);
    fake_outbox_answer();
    ck_assert_uint_eq(fake_count("tocsin.clip.manifest"), LIMIT_CLIPS_UNSTORED);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_STORED), 0); /* it keeps the others */
}
END_TEST

START_TEST(further_clips_stay_where_they_are_while_too_many_wait_for_receivers)
{
    static struct outbox_upload uploads[LIMIT_CLIPS_WAITING];
    for (unsigned i = 0; i < LIMIT_CLIPS_WAITING; i++) {
        uploads[i] = (struct outbox_upload){.seq = i + 1, .camera = "cam"};
        snprintf(uploads[i].clip, sizeof uploads[i].clip, "%u", i);
    }
    open_with(uploads, LIMIT_CLIPS_WAITING);
    say_up();
    ck_assert_uint_eq(wanted, 0);
    say_clip_unasked(1);
    ck_assert_uint_eq(fake_outbox.count, 0);
    say_uploaded(0, 7);
    ck_assert_uint_eq(wanted, 1);
    say_clip_of(1);
    ck_assert_uint_eq(fake_outbox.count, 1);
    ck_assert_uint_eq(wanted, 0);
    for (uint64_t seq = 8; seq < 20; seq++)
        say_uploaded(0, seq);
    ck_assert_uint_eq(wanted, LIMIT_CLIPS_UNSTORED - 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clips");
    TCase *tc = tcase_create("clips");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_press_is_told_to_video_with_its_cameras);
    tcase_add_test(tc, what_is_open_is_told_again_when_the_link_comes_up);
    tcase_add_test(tc, a_video_daemon_that_is_gone_is_a_fault_and_its_cameras_are_unknown);
    tcase_add_test(tc, a_camera_is_broken_until_it_is_online_again);
    tcase_add_test(tc, a_clip_becomes_a_manifest_an_upload_and_is_let_go);
    tcase_add_test(tc, a_receiver_that_takes_clips_only_later_is_not_waited_for);
    tcase_add_test(tc, a_receiver_that_takes_no_clips_any_more_is_not_waited_for);
    tcase_add_test(tc, nothing_is_done_before_its_manifest_is_stored);
    tcase_add_test(tc, an_upload_that_is_refused_is_not_waited_for);
    tcase_add_test(tc, a_clip_that_nobody_takes_is_let_go_when_its_manifest_is_stored);
    tcase_add_test(tc, a_clip_that_the_store_knows_is_no_second_manifest);
    tcase_add_test(tc, a_manifest_that_cannot_be_made_waits_for_the_next_announcement);
    tcase_add_test(tc, no_manifest_is_made_for_an_alarm_that_nobody_pressed);
    tcase_add_loop_test(tc, an_alarm_that_is_open_is_known_without_the_store, 0, 2);
    tcase_add_test(tc, a_clip_of_an_alarm_that_was_closed_is_taken_as_long_as_the_store_knows_it);
    tcase_add_test(tc, where_alarms_from_before_are_not_known_none_is_unknown);
    tcase_add_test(tc, uploads_that_were_waiting_before_a_restart_go_on);
    tcase_add_test(tc, of_uploads_before_a_restart_those_that_are_refused_are_not_waited_for);
    tcase_add_test(tc, what_the_store_answers_after_the_close_is_heard_by_nobody);
    tcase_add_test(tc, the_next_clips_are_asked_for_when_those_before_are_stored);
    tcase_add_loop_test(tc, a_clip_that_the_store_knows_or_refuses_makes_room_for_the_next, 0, 2);
    tcase_add_test(tc, clips_that_were_not_asked_for_are_not_heard);
    tcase_add_test(tc, further_clips_stay_where_they_are_while_too_many_wait_for_receivers);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
