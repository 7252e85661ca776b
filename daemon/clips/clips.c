/* SPDX-License-Identifier: Apache-2.0 */
#include "clips/clips.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/log.h"
#include "clips/internal.h"

#define FIRST_LINK_MS 15000 /* after the start; tocsin-video should be there by then */
#define GONE          "tocsin-video does not answer%s%s (systemctl status tocsin-video)"

/* Asks tocsin-video for as many clips as there is room for. The others stay on its shelf: neither
 * memory nor the loop's time is a question of how many it has, or says to have. */
static void ask(struct clips *cl)
{
    while (cl->unstored + cl->wanted < LIMIT_CLIPS_UNSTORED && clips_connected(cl) &&
           events_have_room(cl->options.events)) {
        link_client_send(cl->link, &(struct message){.type = MESSAGE_CLIP_WANTED});
        cl->wanted++;
    }
}

/* After one that was taken, or refused: of those that are refused many the next is asked for with
 * the next tick, since a false tocsin-video would have the loop to itself. */
static void ask_on(struct clips *cl)
{
    if (!refused_many(cl))
        ask(cl);
}

static const char *name_of(const struct clips *cl, const char *camera)
{
    const struct config_camera *config = config_find_camera(cl->options.config.cameras, camera);
    return config ? config->name : camera;
}

static void tell(const struct clip *c, enum fact_clip_step step, size_t receiver)
{
    struct fact fact = {.kind = FACT_CLIP,
                        .u.clip = {.step = step, .receiver = receiver, .seq = c->upload.seq}};
    memcpy(fact.u.clip.alarm, c->upload.alarm, sizeof fact.u.clip.alarm);
    memcpy(fact.u.clip.camera, c->upload.camera, sizeof fact.u.clip.camera);
    facts_publish(c->clips->options.facts, &fact);
}

/* When the pictures end, by tocsin-video; never later than now, nor by another boot's clock: a time
 * that is signed once is one that no later event lies before. */
static int64_t end_of(const struct clips *cl, const json_t *manifest)
{
    const char *boot = json_string_value(json_object_get(manifest, "boot"));
    int64_t stop_ms = json_integer_value(json_object_get(manifest, "stop_monoms"));
    int64_t now_ns = clock_monotonic_ns();
    bool is_of_now = boot && strcmp(boot, events_boot(cl->options.events)) == 0;
    return is_of_now && stop_ms < now_ns / 1000000 ? stop_ms * 1000000 : now_ns;
}

static void make_manifest(struct clip *c)
{
    struct clips *cl = c->clips;
    const json_t *manifest = c->announced->clip.manifest;
    json_t *data = json_pack("{ss,s{ss,ss}}", "alarm", c->upload.alarm, "camera", "id",
                             c->upload.camera, "name", name_of(cl, c->upload.camera));
    claims_add(data, manifest);
    tell(c, FACT_CLIP_READY, 0);
    c->waiting = delivery_takes_clips(cl->options.delivery);
    c->upload.seq =
        events_emit(cl->options.events, &(struct events_new){.type = "tocsin.clip.manifest",
                                                             .class = EVENT_CLASS_MANIFEST,
                                                             .alarm = c->upload.alarm,
                                                             .at_ns = end_of(cl, manifest),
                                                             .data = data,
                                                             .upload = &c->upload,
                                                             .upload_receivers = c->waiting});
    if (c->upload.seq == 0)
        list_forget(c); /* announced again at the next connection */
    else {
        asked_count(cl->asked, c->upload.alarm, c->upload.camera);
        list_drop_announced(c);
    }
}

/* The manifest is on the disk: the clip is ours, and may go out. */
static void take_stored(struct clips *cl, const struct fact_heard *heard)
{
    struct clip *c = heard->stored && heard->class == EVENT_CLASS_MANIFEST
                         ? list_find_seq(cl, heard->seq)
                         : NULL;
    if (!c || c->stored)
        return;
    memcpy(c->upload.manifest, heard->id, sizeof c->upload.manifest);
    list_say(cl, MESSAGE_CLIP_STORED, c->upload.clip);
    list_mark_stored(c);
    for (size_t i = 0; i < LIMIT_RECEIVERS; i++) {
        if (c->waiting >> i & 1)
            backlog_take(c, i);
    }
    if (c->waiting == 0)
        list_let_go(c);
}

/* Nothing of this clip is on its way to the receiver any more. */
static void strike(struct clip *c, size_t receiver)
{
    if (!(c->waiting >> receiver & 1))
        return;
    c->waiting &= ~(1u << receiver);
    if (!c->stored)
        return;
    backlog_settle(c->clips, receiver);
    if (c->waiting == 0)
        list_let_go(c);
}

/* Its uploads are struck out in the store, too. */
static void strike_all(struct clips *cl, size_t receiver)
{
    /* First, or what is held would be read into the places of these. */
    const bool was_held = backlog_drop(cl, receiver);
    for (struct clip *c = LIST_FIRST(&cl->list), *next; c; c = next) {
        next = LIST_NEXT(c, next);
        strike(c, receiver);
    }
    if (was_held && cl->link) /* behind the words that those are done: they are not told again */
        link_client_send(cl->link, &(struct message){.type = MESSAGE_CLIPS_AGAIN});
}

static void take_uploaded(struct clips *cl, const struct fact_uploaded *uploaded)
{
    struct clip *c = list_find_seq(cl, uploaded->seq);
    if (!c)
        return;
    if (!uploaded->given_up)
        tell(c, uploaded->confirmed ? FACT_CLIP_UPLOADED : FACT_CLIP_UNCONFIRMED,
             uploaded->receiver);
    strike(c, uploaded->receiver);
}

/*
 * An alarm is known that is open, or has an event in the store: of what was closed hours ago, while
 * no disk was there for the clip, that is the only memory, over restarts, too, and it is as old as
 * what `events` keeps. Where the gateway cannot tell which alarms there were, none is unknown.
 */
static bool is_known(const struct clips *cl, const char *alarm, const struct outbox_clip *found)
{
    const struct incidents *incidents = cl->options.incidents;
    const struct incident *open = NULL;
    while ((open = incidents_next_open(incidents, open))) {
        if (strcmp(open->alarm, alarm) == 0)
            return true;
    }
    return !found->alarm_unknown || !incidents_known(incidents);
}

/* Nobody pressed: no event may say so, and the receivers' people would look for it in vain. */
static void refuse(struct clip *c)
{
    struct clips *cl = c->clips;
    refused_note(cl, c->upload.clip, c->upload.alarm, "the alarm is not known here");
    list_say(cl, MESSAGE_CLIP_REFUSED, c->upload.clip);
    list_forget(c);
}

/* Why the gateway does not sign it; NULL if it does. */
static const char *why_not(const struct clip *c)
{
    const struct clips *cl = c->clips;
    const char *wrong =
        asked_wrong(cl->asked, c->upload.alarm, c->upload.camera, cl->options.config.video);
    return wrong ? wrong
                 : claims_wrong(c->announced->clip.manifest, events_boot(cl->options.events),
                                clock_monotonic_ms());
}

/* Its file stays with tocsin-video, which tells of it again when it is connected anew: if it is
 * wrong in good faith, nothing is lost that a person cannot find. */
static void hold_off(struct clip *c, const char *why)
{
    refused_note(c->clips, c->upload.clip, c->upload.alarm, why);
    list_forget(c);
}

static void on_found(void *arg, const struct outbox_clip *found)
{
    struct question *question = arg;
    struct clips *cl = question->clips;
    struct clip *c = cl->closed ? NULL : list_find(cl, question->id);
    const char *wrong = c && c->announced ? why_not(c) : NULL;
    free(question);
    if (!c || !c->announced) {
        /* Gone, or known by now (list_take_known). */
    } else if (found->seq == 0 && !is_known(cl, c->upload.alarm, found)) {
        refuse(c);
    } else if (found->seq == 0 && wrong) {
        hold_off(c, wrong);
    } else if (found->seq == 0) {
        make_manifest(c);
    } else {
        /* Stored before. If no upload of it is waiting, tocsin-video may let it go. */
        list_say(cl, MESSAGE_CLIP_STORED, c->upload.clip);
        if (!list_holds(cl, found->seq, found->pending))
            list_say(cl, MESSAGE_CLIP_DONE, c->upload.clip);
        list_forget(c);
    }
    ask_on(cl);
}

/* What tocsin-video says is no path: clips are where the configuration says, by their ids. Else it
 * has another configuration, and tells of them again when it has been connected anew. */
static bool is_in_place(const struct clips *cl, const struct message_clip *m)
{
    char expected[sizeof m->path + 1];
    snprintf(expected, sizeof expected, "%s/" MESSAGE_CLIPS_FOLDER "/%s.mp4",
             cl->options.config.video->dir, m->id);
    return strcmp(expected, m->path) == 0;
}

static void take_clip(struct clips *cl, const struct message *message)
{
    const struct message_clip *m = &message->clip;
    if (!is_in_place(cl, m)) {
        refused_note(cl, m->id, m->alarm,
                     "it is not where video.dir says: restart tocsind and tocsin-video, if that "
                     "was changed");
        return;
    }
    const struct clip *known = list_find(cl, m->id);
    if (known) {
        if (known->stored)
            list_say(cl, MESSAGE_CLIP_STORED, known->upload.clip);
        return;
    }
    struct outbox_upload upload = {.length_bytes = m->length_bytes};
    memcpy(upload.clip, m->id, sizeof upload.clip);
    memcpy(upload.alarm, m->alarm, sizeof upload.alarm);
    snprintf(upload.camera, sizeof upload.camera, "%s", m->camera);
    snprintf(upload.path, sizeof upload.path, "%s", m->path);
    memcpy(upload.sha256, m->sha256, sizeof upload.sha256);
    struct clip *c = list_add(cl, &upload);
    c->announced = malloc(sizeof *c->announced);
    if (!c->announced)
        abort();
    *c->announced = *message;
    json_incref(c->announced->clip.manifest);
    list_ask_store(c, on_found);
}

/* Only what was asked for: it is said again after the next connect. */
static void take_asked(struct clips *cl, const struct message *message)
{
    if (cl->wanted > 0) {
        cl->wanted--;
        take_clip(cl, message);
        ask_on(cl);
    } else if (!cl->flooded) {
        cl->flooded = true;
        log_warning("video", "tocsin-video says clips that it was not asked for: they are dropped");
    }
}

static void on_message(void *arg, const struct message *message)
{
    switch (message->type) {
    case MESSAGE_CAMERA:
        cameras_take(arg, &message->camera);
        break;
    case MESSAGE_CLIP:
        take_asked(arg, message);
        break;
    case MESSAGE_ROOM:
        room_take(arg, &message->room);
        break;
    case MESSAGE_ALARM:
    case MESSAGE_CLIP_WANTED:
    case MESSAGE_CLIPS_AGAIN:
    case MESSAGE_CLIP_STORED:
    case MESSAGE_CLIP_DONE:
    case MESSAGE_CLIP_REFUSED:
    case MESSAGE_BEAT:
        break; /* ours to say, not to hear */
    }
}

static const struct option_list *cameras_of(const struct clips *cl, const struct incident *incident)
{
    return &cl->options.config.inputs->items[incident->button].cameras;
}

static void tell_alarm(struct clips *cl, const struct incident *incident)
{
    const struct option_list *cameras = cameras_of(cl, incident);
    asked_go_on(cl->asked, incident);
    /* Of an alarm from another boot nobody knows when it was pressed. */
    if (!cl->link || !incident->open || incident->last_press_ns == 0)
        return;
    struct message message = {.type = MESSAGE_ALARM,
                              .alarm = {.press_ms = incident->last_press_ns / 1000000}};
    memcpy(message.alarm.id, incident->alarm, sizeof message.alarm.id);
    for (size_t i = 0; i < cameras->count && i < LIMIT_INPUT_CAMERAS; i++)
        snprintf(message.alarm.cameras[message.alarm.camera_count++], MESSAGE_ID_SIZE, "%s",
                 cameras->items[i]);
    if (message.alarm.camera_count > 0)
        link_client_send(cl->link, &message);
}

static void on_fact(void *self, const struct fact *fact)
{
    struct clips *cl = self;
    if (fact->kind == FACT_HEARD) {
        take_stored(cl, &fact->u.heard);
    } else if (fact->kind == FACT_UPLOADED) {
        take_uploaded(cl, &fact->u.uploaded);
    } else if (fact->kind == FACT_UPLOAD_FAILED) {
        struct clip *c = list_find_seq(cl, fact->u.failed.seq);
        if (c)
            backlog_note_failed(c, fact->u.failed.receiver, fact->u.failed.no_file);
        return;
    } else if (fact->kind == FACT_NO_CLIPS) {
        strike_all(cl, fact->u.no_clips);
    } else if (fact->kind == FACT_INCIDENT) {
        const struct fact_incident *step = &fact->u.incident;
        if (step->action == INCIDENT_ACTION_RAISED)
            asked_begin(cl->asked, &step->incident, cameras_of(cl, &step->incident));
        if (step->action == INCIDENT_ACTION_RAISED || step->action == INCIDENT_ACTION_UPDATED)
            tell_alarm(cl, &step->incident);
        return;
    }
    ask(cl); /* a clip may have been stored, or be with all who take it */
}

bool clips_connected(const struct clips *cl)
{
    return cl->link && link_client_is_up(cl->link);
}

/* `gone` says why, if it was there. */
static void state_gone(const struct clips *cl)
{
    char text[FACT_TEXT_SIZE];
    snprintf(text, sizeof text, GONE, cl->gone[0] ? ": " : "", cl->gone);
    facts_state_fault(cl->options.facts, FAULT_VIDEO, NULL, text);
}

void clips_tick(struct clips *cl)
{
    ask(cl); /* there may be room again */
    refused_tick(cl);
    if (cl->link && !link_client_is_up(cl->link) &&
        clock_monotonic_ms() - cl->opened_ms > FIRST_LINK_MS)
        state_gone(cl);
}

static void on_up(void *arg)
{
    struct clips *cl = arg;
    log_info("video", "connected to tocsin-video");
    refused_state(cl);
    const struct incident *incident = NULL;
    while ((incident = incidents_next_open(cl->options.incidents, incident)))
        tell_alarm(cl, incident);
    cl->wanted = 0;
    cl->flooded = false;
    ask(cl);
}

static void on_down(void *arg, const char *reason)
{
    struct clips *cl = arg;
    log_warning("video", "tocsin-video is gone: %s", reason);
    encode_copy_utf8(cl->gone, sizeof cl->gone, reason);
    state_gone(cl);
    cameras_lost(cl);
    room_lost(cl);
}

void clips_catch_up(struct clips *cl, const struct outbox_found *found)
{
    backlog_catch_up(cl, found);
}

int clips_open(const struct clips_options *options, const struct outbox_found *found,
               struct clips **ret_clips, struct err *e)
{
    struct clips *cl = calloc(1, sizeof *cl);
    if (!cl)
        return err_set(e, ENOMEM, "clips: out of memory");
    cl->options = *options;
    cl->opened_ms = clock_monotonic_ms();
    cl->asked = asked_create();
    *ret_clips = cl;
    cameras_open(cl);
    backlog_open(cl, found);
    facts_subscribe(options->facts,
                    FACT_BIT(FACT_HEARD) | FACT_BIT(FACT_UPLOADED) | FACT_BIT(FACT_NO_CLIPS) |
                        FACT_BIT(FACT_UPLOAD_FAILED) | FACT_BIT(FACT_INCIDENT),
                    on_fact, cl);
    if (cl->camera_count == 0)
        return 0;
    struct link_handlers handlers = {
        .on_up = on_up, .on_down = on_down, .on_message = on_message, .arg = cl};
    return link_client_create(options->loop, options->config.video->socket, &handlers, &cl->link,
                              e);
}

void clips_close(struct clips *cl)
{
    if (!cl || cl->closed)
        return;
    cl->closed = true;
    link_client_close(cl->link);
    cl->link = NULL;
    while (!LIST_EMPTY(&cl->list))
        list_forget(LIST_FIRST(&cl->list));
}

void clips_free(struct clips *cl)
{
    if (!cl)
        return;
    free(cl->cameras);
    asked_destroy(cl->asked);
    free(cl);
}
