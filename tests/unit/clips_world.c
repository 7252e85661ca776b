/* SPDX-License-Identifier: Apache-2.0 */
#include "clips_world.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct link_handlers handlers;
struct message sent[2000];
size_t sent_count, wanted;
bool up, closed;
const char *clip_alarm, *clip_camera, *clip_folder, *clip_boot;
int64_t clip_stop_ms;
const char *clip_changes;

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

struct clips *clips;
static struct outbox_found found;

static char folder[] = "/video";

static void open_clips(void)
{
    struct err e;
    struct clips_options options = {.loop = &world.loop,
                                    .facts = world.facts,
                                    .config = {.video = &world.config.video,
                                               .cameras = &world.config.cameras,
                                               .inputs = &world.config.inputs,
                                               .receivers = &world.config.receivers},
                                    .events = FAKE_EVENTS,
                                    .delivery = FAKE_DELIVERY,
                                    .incidents = world.incidents};
    ck_assert_int_eq(clips_open(&options, &found, &clips, &e), 0);
}

void clips_begin(void)
{
    world_begin();
    fake_outbox_begin();
    world.config.video.dir = "/video";
    world_open();
    sent_count = wanted = 0;
    up = closed = false;
    clip_alarm = "01980000-0000-7000-8000-000000000001";
    clip_camera = "cam";
    clip_folder = "/video/clips";
    clip_boot = events_boot(FAKE_EVENTS);
    clip_stop_ms = 1077;
    found = (struct outbox_found){0};
    world.config.video.dir = folder;
    world.config.video.pre_event_ms = 30000;
    world.config.video.post_event_ms = world.config.video.part_ms = 60000;
    clip_changes = NULL;
    open_clips();
}

void clips_end(void)
{
    facts_close(world.facts);
    clips_close(clips);
    fake_outbox_answer();
    fake_outbox_end();
    world_close();
    clips_free(clips);
    world_end();
}

void open_with(struct outbox_upload *uploads, size_t count)
{
    open_with_left(uploads, count, 0);
}

void open_with_left(struct outbox_upload *uploads, size_t count, size_t left)
{
    clips_close(clips);
    clips_free(clips);
    closed = false;
    found =
        (struct outbox_found){.upload_count = count, .uploads = uploads, .uploads_left = {left}};
    facts_close(world.facts);
    facts_free(world.facts);
    struct err e;
    ck_assert_int_eq(facts_create(NULL, &world.facts, &e), 0);
    open_clips();
}

void say_up(void)
{
    up = true;
    wanted = 0;
    handlers.on_up(handlers.arg);
    facts_tell(world.facts);
}

void say_down(const char *reason)
{
    up = false;
    handlers.on_down(handlers.arg, reason);
    facts_tell(world.facts);
}

void say_camera(enum message_camera_state state, const char *reason)
{
    struct message message = {.type = MESSAGE_CAMERA, .camera = {.id = "cam", .state = state}};
    strncpy(message.camera.reason, reason, sizeof message.camera.reason - 1);
    handlers.on_message(handlers.arg, &message);
    facts_tell(world.facts);
}

void say_room(enum disk_room state, int64_t free_bytes)
{
    struct message message = {
        .type = MESSAGE_ROOM,
        .room = {.state = state, .free_bytes = free_bytes, .keep_bytes = INT64_C(256) << 20}};
    handlers.on_message(handlers.arg, &message);
    facts_tell(world.facts);
}

json_t *clips_manifest(void)
{
    static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    return json_pack("{si,sb,ss,ss,sI,sI,ss,ss,s[ss],si,ss,si,s[s],s[{si,ss}],s[{si,si,ss}],ss}",
                     "part", 1, "last", 0, "start", "2026-09-21T14:13:20.000Z", "stop",
                     "2026-09-21T14:13:21.000Z", "start_monoms", (json_int_t)clip_stop_ms - 1000,
                     "stop_monoms", (json_int_t)clip_stop_ms, "boot", clip_boot, "container", "mp4",
                     "codecs", "h264", "aac", "length", 99, "sha256", hash, "chunk_bytes", 4194304,
                     "chunks", hash, "gops", "at_ms", 0, "sha256", hash, "gaps", "from_ms", -3000,
                     "to_ms", 0, "why", "the camera was away", "site", "another school");
}

void say_clip_unasked(unsigned number)
{
    struct message message = {.type = MESSAGE_CLIP,
                              .clip = {.length_bytes = 99, .manifest = clips_manifest()}};
    json_t *changes = clip_changes ? json_loads(clip_changes, 0, NULL) : json_object();
    json_object_update(message.clip.manifest, changes);
    json_decref(changes);
    snprintf(message.clip.camera, sizeof message.clip.camera, "%s", clip_camera);
    snprintf(message.clip.id, sizeof message.clip.id, "01980000-0000-7000-8000-00000000%04x",
             number);
    snprintf(message.clip.path, sizeof message.clip.path, "%s/%s.mp4", clip_folder,
             message.clip.id);
    snprintf(message.clip.alarm, sizeof message.clip.alarm, "%s", clip_alarm);
    handlers.on_message(handlers.arg, &message);
    json_decref(message.clip.manifest);
    facts_tell(world.facts);
}

void say_clip_of(unsigned number)
{
    ck_assert_uint_gt(wanted, 0);
    wanted--;
    say_clip_unasked(number);
}

void say_clip(void)
{
    say_clip_of(0xc11b);
}

void know_last_clip(void)
{
    know_last_clip_of(12, 0);
}

void know_last_clip_of(uint64_t seq, uint32_t pending)
{
    fake_outbox.calls[fake_outbox.count - 1].seq = seq;
    fake_outbox.calls[fake_outbox.count - 1].pending = pending;
}

void say_heard(uint64_t seq, bool stored)
{
    facts_publish(world.facts,
                  &(struct fact){.kind = FACT_HEARD,
                                 .u.heard = {.seq = seq,
                                             .id = "01980000-0000-7000-8000-0000000000e1",
                                             .class = EVENT_CLASS_MANIFEST,
                                             .stored = stored}});
    facts_tell(world.facts);
}

void say_uploaded(size_t receiver, uint64_t seq)
{
    facts_publish(
        world.facts,
        &(struct fact){.kind = FACT_UPLOADED,
                       .u.uploaded = {.receiver = receiver, .seq = seq, .confirmed = true}});
    facts_tell(world.facts);
}

size_t count_sent(enum message_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < sent_count; i++)
        count += sent[i].type == type;
    return count;
}
