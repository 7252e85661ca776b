/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a clip, from its announcement until it is let go; and cameras, whose trouble is a
 * fault. */
#include "clips_world.h"
#include "run_suite.h"

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
    say_down("it has said nothing for 12 s");
    ck_assert(faults_any(world.faults));
    for (int i = 0; i < 2; i++) { /* and it stays that */
        ck_assert_str_eq(world_last(FACT_FAULT)->u.fault.reason,
                         "tocsin-video does not answer: it has said nothing for 12 s "
                         "(systemctl status tocsin-video)");
        clips_tick(clips);
        facts_tell(world.facts);
    }
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
    ck_assert_int_eq(event->at_ns, 1077000000);
    ck_assert_str_eq(fake_text(event, "container"), "mp4");
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
    ck_assert_str_eq(fake.upload.path, "/video/clips/" CLIP ".mp4");
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

/* Its manifest is refused there for ever. */
START_TEST(a_clip_that_is_given_up_at_a_receiver_is_not_called_uploaded_and_kept_for_nobody)
{
    fake.takers = 3;
    say_up();
    say_clip();
    fake_outbox_answer();
    facts_tell(world.facts);
    say_heard(1, true);
    size_t told = world_count(FACT_CLIP);
    facts_publish(world.facts, &(struct fact){.kind = FACT_UPLOADED,
                                              .u.uploaded = {.seq = 1, .given_up = true}});
    facts_tell(world.facts);
    ck_assert_uint_eq(world_count(FACT_CLIP), told);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 0);
    say_uploaded(1, 1);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_DONE), 1);
}
END_TEST

/* Whoever has taken tocsin-video over says what he likes: the gateway's key for a clip, say. */
START_TEST(a_clip_that_is_elsewhere_is_not_taken)
{
    static const char *const elsewhere[] = {"/etc/tocsin/keys", "/video", "/video/clips/"};
    fake.takers = 3;
    say_up();
    for (size_t i = 0; i < 3; i++) {
        clip_folder = elsewhere[i];
        say_clip();
    }
    fake_outbox_answer();
    ck_assert_uint_eq(fake.count, 0);
    ck_assert_uint_eq(count_sent(MESSAGE_CLIP_REFUSED), 0); /* its file stays */
    clip_folder = "/video/clips";
    say_clip();
    fake_outbox_answer();
    ck_assert_uint_eq(fake.count, 1);
}
END_TEST

/* What is signed once is a time that no later event lies before. */
START_TEST(a_clip_ends_by_the_clock_of_this_boot_and_not_in_the_future)
{
    const struct {
        const char *boot;
        int64_t stop_ms;
    } others[] = {{events_boot(FAKE_EVENTS), virtual_ns() / 1000000 + 1},
                  {events_boot(FAKE_EVENTS), virtual_ns() / 1000000 + 60000},
                  {"another", 1077}};
    fake.takers = 3;
    say_up();
    for (unsigned i = 0; i < 3; i++) {
        clip_boot = others[i].boot;
        clip_stop_ms = others[i].stop_ms;
        say_clip_of(i + 1);
        fake_outbox_answer();
        ck_assert_uint_eq(fake.count, i + 1);
        ck_assert_int_eq(fake_last("tocsin.clip.manifest")->at_ns, virtual_ns());
    }
}
END_TEST

START_TEST(a_clip_says_nothing_but_of_itself)
{
    fake.takers = 3;
    say_up();
    say_clip();
    fake_outbox_answer();
    const struct fake_event *event = fake_last("tocsin.clip.manifest");
    ck_assert_ptr_null(json_object_get(event->data, "site"));
    ck_assert_ptr_nonnull(json_object_get(event->data, "stop_monoms"));
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

START_TEST(a_clip_that_the_store_knows_is_no_second_manifest)
{
    say_up();
    say_clip();
    know_last_clip();
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

static const char *word_of(const json_t *object, const char *name)
{
    const char *word = json_string_value(json_object_get(object, name));
    return word ? word : "";
}

START_TEST(a_disk_of_clips_that_is_short_is_a_fault_and_shown)
{
    const int64_t mib = 1 << 20;
    json_t *room = clips_room(clips);
    ck_assert_str_eq(word_of(room, "state"), "unknown");
    json_decref(room);
    say_up();
    say_room(DISK_ROOM_GOOD, 600 * mib);
    ck_assert(!faults_any(world.faults));
    say_room(DISK_ROOM_SHORT, 511 * mib);
    ck_assert_int_eq(world_last(FACT_FAULT)->u.fault.code, FAULT_VIDEO_ROOM);
    const char *reason = world_last(FACT_FAULT)->u.fault.reason;
    ck_assert_ptr_nonnull(
        strstr(reason, "/video: 511 MiB are free, less than 512: when they are half"));
    size_t stated = world_count(FACT_FAULT_STATED);
    say_room(DISK_ROOM_SHORT, 400 * mib);
    ck_assert_uint_eq(world_count(FACT_FAULT_STATED), stated);
    say_room(DISK_ROOM_FULL, 255 * mib);
    reason = world_last(FACT_FAULT_STATED)->u.fault.reason;
    ck_assert_ptr_nonnull(strstr(reason, ": 255 MiB are free, less than 256: no clip is begun"));
    virtual_advance(world.facts, 3000);
    room = clips_room(clips);
    ck_assert_str_eq(word_of(room, "state"), "full");
    ck_assert_int_eq(json_integer_value(json_object_get(room, "free_bytes")), 255 * mib);
    ck_assert_int_eq(json_integer_value(json_object_get(room, "keep_free")), 256 * mib);
    ck_assert_int_eq(json_integer_value(json_object_get(room, "age_ms")), 3000);
    json_decref(room);
    say_room(DISK_ROOM_FULL, DISK_FREE_UNKNOWN); /* the folder is gone */
    room = clips_room(clips);
    ck_assert_str_eq(word_of(room, "state"), "unknown");
    json_decref(room);
    say_down("end of file"); /* nobody knows now, and it was full */
    room = clips_room(clips);
    ck_assert_str_eq(word_of(room, "state"), "unknown");
    json_decref(room);
    say_up();
    ck_assert(faults_any(world.faults));
    say_room(DISK_ROOM_GOOD, 700 * mib);
    ck_assert(!faults_any(world.faults));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("clips");
    TCase *tc = tcase_create("clips");
    tcase_add_checked_fixture(tc, clips_begin, clips_end);
    tcase_add_test(tc, a_press_is_told_to_video_with_its_cameras);
    tcase_add_test(
        tc, a_clip_that_is_given_up_at_a_receiver_is_not_called_uploaded_and_kept_for_nobody);
    tcase_add_test(tc, what_is_open_is_told_again_when_the_link_comes_up);
    tcase_add_test(tc, a_video_daemon_that_is_gone_is_a_fault_and_its_cameras_are_unknown);
    tcase_add_test(tc, a_disk_of_clips_that_is_short_is_a_fault_and_shown);
    tcase_add_test(tc, a_camera_is_broken_until_it_is_online_again);
    tcase_add_test(tc, a_clip_becomes_a_manifest_an_upload_and_is_let_go);
    tcase_add_test(tc, a_receiver_that_takes_clips_only_later_is_not_waited_for);
    tcase_add_test(tc, a_receiver_that_takes_no_clips_any_more_is_not_waited_for);
    tcase_add_test(tc, a_clip_that_is_elsewhere_is_not_taken);
    tcase_add_test(tc, a_clip_ends_by_the_clock_of_this_boot_and_not_in_the_future);
    tcase_add_test(tc, a_clip_says_nothing_but_of_itself);
    tcase_add_test(tc, nothing_is_done_before_its_manifest_is_stored);
    tcase_add_test(tc, an_upload_that_is_refused_is_not_waited_for);
    tcase_add_test(tc, a_clip_that_nobody_takes_is_let_go_when_its_manifest_is_stored);
    tcase_add_test(tc, a_clip_that_the_store_knows_is_no_second_manifest);
    tcase_add_test(tc, a_manifest_that_cannot_be_made_waits_for_the_next_announcement);
    tcase_add_test(tc, uploads_that_were_waiting_before_a_restart_go_on);
    tcase_add_test(tc, of_uploads_before_a_restart_those_that_are_refused_are_not_waited_for);
    tcase_add_test(tc, what_the_store_answers_after_the_close_is_heard_by_nobody);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}
