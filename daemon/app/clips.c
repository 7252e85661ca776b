/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "base/log.h"

#define FIRST_LINK_MS 15000 /* after the start; tocsin-video should be there by then */
#define GONE          "tocsin-video does not answer (systemctl status tocsin-video)"

/* A clip that this process knows: announced, and not yet with every receiver that takes clips. */
struct clip {
    struct clip *next;
    struct gateway *gateway;
    char id[UUID_TEXT_SIZE];
    char alarm[UUID_TEXT_SIZE];
    char camera[65];
    uint64_t seq;              /* of its manifest; 0 until that is made */
    uint32_t waiting;          /* bit mask of receivers that do not have it */
    struct message *announced; /* while the store is asked whether it is known */
};

const char *clips_camera(const struct clip *clip)
{
    return clip->camera;
}

const char *clips_alarm(const struct clip *clip)
{
    return clip->alarm;
}

static struct clip *find_id(struct gateway *gw, const char *id)
{
    for (struct clip *c = gw->clips; c; c = c->next) {
        if (strcmp(c->id, id) == 0)
            return c;
    }
    return NULL;
}

const struct clip *clips_find(const struct gateway *gw, uint64_t seq)
{
    for (const struct clip *c = gw->clips; c; c = c->next) {
        if (c->seq == seq)
            return c;
    }
    return NULL;
}

static struct clip *add(struct gateway *gw, const char *id, const char *alarm, const char *camera)
{
    struct clip *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    c->gateway = gw;
    snprintf(c->id, sizeof c->id, "%s", id);
    snprintf(c->alarm, sizeof c->alarm, "%s", alarm);
    snprintf(c->camera, sizeof c->camera, "%s", camera);
    c->next = gw->clips;
    gw->clips = c;
    return c;
}

static void forget(struct clip *c)
{
    struct clip **at = &c->gateway->clips;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    if (c->announced)
        message_finish(c->announced);
    free(c->announced);
    free(c);
}

static void send_clip_word(struct gateway *gw, enum message_type type, const char *id)
{
    struct message message = {.type = type};
    snprintf(message.word_of, sizeof message.word_of, "%s", id);
    link_client_send(gw->link, &message);
}

static void start_upload(struct gateway *gw, size_t receiver, const struct outbox_upload *u)
{
    char name[160];
    snprintf(name, sizeof name, "%s-%s.mp4", u->camera, u->clip);
    struct uplink_file file = {.manifest = u->manifest,
                               .path = u->path,
                               .filename = name,
                               .length_bytes = u->length_bytes};
    memcpy(file.sha256, u->sha256, sizeof file.sha256);
    dispatch_upload(gw->dispatch, receiver, u->seq, &file);
}

static const char *name_of(const struct gateway *gw, const char *camera)
{
    for (size_t i = 0; i < gw->config->camera_count; i++) {
        if (strcmp(gw->config->cameras[i].id, camera) == 0)
            return gw->config->cameras[i].name;
    }
    return camera;
}

static void make_manifest(struct clip *c)
{
    struct gateway *gw = c->gateway;
    const struct message_clip *m = &c->announced->clip;
    json_t *data = json_pack("{ss,s{ss,ss}}", "alarm", c->alarm, "camera", "id", c->camera, "name",
                             name_of(gw, c->camera));
    if (data)
        json_object_update_missing(data, m->manifest);
    struct outbox_upload upload = {.length_bytes = m->length_bytes};
    memcpy(upload.clip, c->id, sizeof upload.clip);
    memcpy(upload.alarm, c->alarm, sizeof upload.alarm);
    memcpy(upload.camera, c->camera, sizeof upload.camera);
    snprintf(upload.path, sizeof upload.path, "%s", m->path);
    memcpy(upload.sha256, m->sha256, sizeof upload.sha256);
    int64_t stop_ms = json_integer_value(json_object_get(m->manifest, "stop_monoms"));
    watch_tell(gw,
               &(struct watch_line){.what = "clip-ready", .alarm = c->alarm, .camera = c->camera});
    struct journey *j = events_emit(gw, "tocsin.clip.manifest", EVENT_CLASS_MANIFEST, c->alarm,
                                    stop_ms * 1000000, data, &upload);
    if (!j) {
        forget(c); /* announced again at the next connection */
        return;
    }
    c->seq = j->event->seq;
    message_finish(c->announced);
    free(c->announced);
    c->announced = NULL;
}

/* The manifest is on the disk: the clip is ours, and may go out. */
void clips_stored(struct gateway *gw, struct journey *journey)
{
    struct clip *c = find_id(gw, journey->upload.clip);
    struct outbox_upload upload = journey->upload;
    upload.seq = journey->event->seq;
    memcpy(upload.manifest, journey->event->id, sizeof upload.manifest);
    send_clip_word(gw, MESSAGE_CLIP_STORED, upload.clip);
    for (size_t i = 0; i < gw->receiver_count; i++) {
        if (!gw->receivers[i].config->clips)
            continue;
        if (c)
            c->waiting |= 1u << i;
        start_upload(gw, i, &upload);
    }
    if (c && c->waiting == 0) {
        send_clip_word(gw, MESSAGE_CLIP_DONE, c->id);
        forget(c);
    }
}

void clips_uploaded(struct gateway *gw, size_t receiver, uint64_t seq)
{
    struct clip *c = (struct clip *)clips_find(gw, seq);
    if (!c)
        return;
    c->waiting &= ~(1u << receiver);
    if (c->waiting == 0) {
        send_clip_word(gw, MESSAGE_CLIP_DONE, c->id);
        forget(c);
    }
}

/* Which clip the store was asked about; the clip itself may be gone when the answer comes. */
struct question {
    struct gateway *gateway;
    char id[UUID_TEXT_SIZE];
};

static void on_found(void *arg, uint64_t seq)
{
    struct question *question = arg;
    struct gateway *gw = question->gateway;
    struct clip *c = gw->stopping ? NULL : find_id(gw, question->id);
    free(question);
    if (!c || !c->announced)
        return;
    if (seq == 0) {
        make_manifest(c);
        return;
    }
    /* Stored before, and no upload of it is waiting: tocsin-video may let it go. */
    send_clip_word(gw, MESSAGE_CLIP_STORED, c->id);
    send_clip_word(gw, MESSAGE_CLIP_DONE, c->id);
    forget(c);
}

static void take_clip(struct gateway *gw, const struct message *message)
{
    struct clip *known = find_id(gw, message->clip.id);
    if (known) {
        if (known->seq != 0 && known->waiting != 0)
            send_clip_word(gw, MESSAGE_CLIP_STORED, known->id);
        return;
    }
    struct clip *c = add(gw, message->clip.id, message->clip.alarm, message->clip.camera);
    c->announced = malloc(sizeof *c->announced);
    struct question *question = calloc(1, sizeof *question);
    if (!c->announced || !question)
        abort();
    *c->announced = *message;
    json_incref(c->announced->clip.manifest);
    question->gateway = gw;
    memcpy(question->id, c->id, sizeof question->id);
    outbox_find_clip(gw->outbox, c->id, on_found, question);
}

static void take_camera(struct gateway *gw, const struct message_camera *message)
{
    for (size_t i = 0; i < gw->camera_count; i++) {
        struct gateway_camera *camera = &gw->cameras[i];
        if (strcmp(camera->config->id, message->id) != 0)
            continue;
        if (!camera->known || camera->state != message->state)
            camera->since_ms = clock_monotonic_ms();
        camera->known = true;
        camera->state = message->state;
        camera->restarts = message->restarts;
        snprintf(camera->reason, sizeof camera->reason, "%s", message->reason);
        if (message->state == MESSAGE_CAMERA_FAULT)
            faults_set(gw, "camera", message->id, message->reason);
        else if (message->state == MESSAGE_CAMERA_ONLINE)
            faults_set(gw, "camera", message->id, NULL);
        lamps_update(gw);
        return;
    }
}

static void on_message(void *arg, const struct message *message)
{
    struct gateway *gw = arg;
    switch (message->type) {
    case MESSAGE_CAMERA:
        take_camera(gw, &message->camera);
        break;
    case MESSAGE_CLIP:
        take_clip(gw, message);
        break;
    case MESSAGE_ALARM:
    case MESSAGE_CLIP_STORED:
    case MESSAGE_CLIP_DONE:
        break; /* ours to say, not to hear */
    }
}

void clips_tell_alarm(struct gateway *gw, const struct incident *incident)
{
    const struct option_list *cameras = &gw->config->inputs[incident->button].cameras;
    if (!incident->open || incident->last_press_ns == 0)
        return;
    struct message message = {.type = MESSAGE_ALARM,
                              .alarm = {.press_ms = incident->last_press_ns / 1000000}};
    memcpy(message.alarm.id, incident->alarm, sizeof message.alarm.id);
    for (size_t i = 0; i < cameras->count && i < LIMIT_INPUT_CAMERAS; i++)
        snprintf(message.alarm.cameras[message.alarm.camera_count++], MESSAGE_ID_SIZE, "%s",
                 cameras->items[i]);
    if (message.alarm.camera_count > 0)
        link_client_send(gw->link, &message);
}

void clips_tick(struct gateway *gw)
{
    if (gw->link && !link_client_is_up(gw->link) &&
        clock_monotonic_ms() - gw->started_ms > FIRST_LINK_MS)
        faults_set(gw, "video", NULL, GONE);
}

static void on_up(void *arg)
{
    struct gateway *gw = arg;
    log_info("video", "connected to tocsin-video");
    faults_set(gw, "video", NULL, NULL);
    const struct incident *incident = NULL;
    while ((incident = panel_next_open(&gw->panel, incident)))
        clips_tell_alarm(gw, incident);
}

static void on_down(void *arg, const char *reason)
{
    struct gateway *gw = arg;
    log_warning("video", "tocsin-video is gone: %s", reason);
    faults_set(gw, "video", NULL, GONE);
    for (size_t i = 0; i < gw->camera_count; i++)
        gw->cameras[i].known = false;
    lamps_update(gw);
}

int clips_open(struct gateway *gw, const struct outbox_found *found, struct err *e)
{
    gw->camera_count = gw->config->camera_count;
    for (size_t i = 0; i < gw->camera_count; i++) {
        gw->cameras[i].config = &gw->config->cameras[i];
        gw->cameras[i].since_ms = clock_monotonic_ms();
    }
    for (size_t i = 0; i < found->upload_count; i++) {
        const struct outbox_upload *u = &found->uploads[i];
        struct clip *c = find_id(gw, u->clip);
        if (!c)
            c = add(gw, u->clip, u->alarm, u->camera);
        c->seq = u->seq;
        c->waiting |= 1u << u->receiver;
        start_upload(gw, u->receiver, u);
    }
    if (gw->camera_count == 0)
        return 0;
    struct link_handlers handlers = {
        .on_up = on_up, .on_down = on_down, .on_message = on_message, .arg = gw};
    return link_client_create(&gw->loop, gw->config->video.socket, &handlers, &gw->link, e);
}

void clips_finish(struct gateway *gw)
{
    while (gw->clips)
        forget(gw->clips);
}
