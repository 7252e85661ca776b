/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/closed_uplink.h"
#include "app/gateway.h"
#include "base/clock.h"
#include "base/log.h"
#include "drivers/uplink/uplinks.h"
#include "envelope/view.h"
#include "loop/network.h"

#define FIRST_PROOF_MS 15000 /* after the start; a link not proven by then is a fault */
#define REOPEN_MS      30000 /* between tries at an uplink that cannot be opened */

static const char *class_word(enum event_class class)
{
    switch (class) {
    case EVENT_CLASS_PRESS:
        return "delivered";
    case EVENT_CLASS_MANIFEST:
        return "manifest-receipted";
    case EVENT_CLASS_FOLLOWUP:
    case EVENT_CLASS_HEARTBEAT:
        return "follow-up-delivered";
    }
    return "delivered";
}

static void on_load(void *arg, size_t receiver, uint64_t seq);

/* The first responder that is asked has it. */
static void tell_outputs(struct gateway *gw, const struct incident *incident, size_t receiver)
{
    uint32_t asked = escalation_asked(gw, incident->level);
    if (!(asked >> receiver & 1) ||
        incident_best_progress(incident, asked & ~(1u << receiver)) != INCIDENT_PROGRESS_HEARD)
        return;
    outputs_release(gw, CONFIG_OUTPUT_DELIVERED, incident);
    outputs_trigger(gw, CONFIG_OUTPUT_DELIVERED, incident);
}

static void on_delivered(void *arg, const struct dispatch_sent *sent,
                         const struct uplink_result *result)
{
    struct gateway *gw = arg;
    bool confirmed = result->outcome == UPLINK_OUTCOME_STORED;
    struct incident *incident = panel_find(&gw->panel, sent->alarm);
    if (incident && sent->class == EVENT_CLASS_PRESS &&
        incident_advance(incident, sent->receiver,
                         confirmed ? INCIDENT_PROGRESS_DELIVERED : INCIDENT_PROGRESS_UNCONFIRMED)) {
        presses_remember(gw); /* before the record of the delivery from which it follows */
        tell_outputs(gw, incident, sent->receiver);
    }
    outbox_record_delivery(gw->outbox, sent->seq, sent->receiver, sent->attempts, result);
    watch_tell(gw, &(struct watch_line){.what = confirmed ? class_word(sent->class) : "unconfirmed",
                                        .alarm = sent->alarm,
                                        .receiver = gw->receivers[sent->receiver].config->id,
                                        .seq = sent->seq,
                                        .at_ns = result->finished_ns});
    exercises_delivered(gw, sent->receiver, sent->seq);
    lamps_update(gw);
}

static void on_attempt_failed(void *arg, const struct dispatch_sent *sent,
                              const struct uplink_result *result)
{
    struct gateway *gw = arg;
    log_debug("dispatch", "%s: event %llu, attempt %u: %s",
              gw->receivers[sent->receiver].config->id, (unsigned long long)sent->seq,
              sent->attempts, result->reason);
    watch_tell(gw, &(struct watch_line){.what = "attempt-failed",
                                        .alarm = sent->alarm,
                                        .receiver = gw->receivers[sent->receiver].config->id,
                                        .seq = sent->seq,
                                        .text = result->reason});
}

static void on_uploaded(void *arg, size_t receiver, uint64_t seq,
                        const struct uplink_result *result)
{
    struct gateway *gw = arg;
    const struct clip *clip = clips_find(gw, seq);
    outbox_record_upload(gw->outbox, seq, receiver, result);
    watch_tell(gw, &(struct watch_line){.what = result->outcome == UPLINK_OUTCOME_STORED
                                                    ? "clip-uploaded"
                                                    : "clip-unconfirmed",
                                        .alarm = clip ? clips_alarm(clip) : NULL,
                                        .camera = clip ? clips_camera(clip) : NULL,
                                        .receiver = gw->receivers[receiver].config->id,
                                        .seq = seq});
    clips_uploaded(gw, receiver, seq);
}

static void on_upload_failed(void *arg, size_t receiver, uint64_t seq,
                             const struct uplink_result *result)
{
    struct gateway *gw = arg;
    watch_tell(gw, &(struct watch_line){.what = "upload-failed",
                                        .receiver = gw->receivers[receiver].config->id,
                                        .seq = seq,
                                        .text = result->reason});
    log_warning("dispatch", "%s: %s", gw->receivers[receiver].config->id, result->reason);
}

/* Runs when an answer is on the disk: from now on it may be confirmed to the receiver. */
struct confirmation {
    struct gateway_receiver *receiver;
    int64_t answer_seq;
};

static void on_answer_stored(void *arg)
{
    struct confirmation *c = arg;
    if (c->answer_seq > c->receiver->confirmed_seq)
        c->receiver->confirmed_seq = c->answer_seq;
    free(c);
}

static const char *answer_word(enum uplink_answer_state state)
{
    switch (state) {
    case UPLINK_ANSWER_SEEN:
        return "seen";
    case UPLINK_ANSWER_COMING:
        return "coming";
    case UPLINK_ANSWER_CLOSED:
        return "closed-by-receiver";
    case UPLINK_ANSWER_REJECTED:
        return "rejected";
    }
    return "";
}

static void act_on(struct gateway *gw, size_t receiver, const struct uplink_answer *answer)
{
    struct incident *incident = panel_find(&gw->panel, answer->alarm);
    watch_tell(gw, &(struct watch_line){.what = answer_word(answer->state),
                                        .alarm = answer->alarm,
                                        .receiver = gw->receivers[receiver].config->id,
                                        .text = answer->by});
    if (!incident)
        return; /* closed here meanwhile; the answer is recorded all the same */
    switch (answer->state) {
    case UPLINK_ANSWER_SEEN:
        incident_advance(incident, receiver, INCIDENT_PROGRESS_SEEN);
        break;
    case UPLINK_ANSWER_COMING:
        incident_advance(incident, receiver, INCIDENT_PROGRESS_COMING);
        break;
    case UPLINK_ANSWER_CLOSED:
        presses_carry_out(
            gw, incident_answer_closed(incident, receiver, escalation_asked(gw, incident->level)),
            incident, answer->by, answer->note);
        break;
    case UPLINK_ANSWER_REJECTED:
        /* Somebody has looked at it; that they send nobody is theirs to say. */
        incident_advance(incident, receiver, INCIDENT_PROGRESS_SEEN);
        break;
    }
    lamps_update(gw);
}

static void on_answers(void *arg, size_t receiver, const struct uplink_answer *answers,
                       size_t count)
{
    struct gateway *gw = arg;
    struct gateway_receiver *r = &gw->receivers[receiver];
    for (size_t i = 0; i < count; i++) {
        if (answers[i].answer_seq <= r->taken_seq)
            continue;
        r->taken_seq = answers[i].answer_seq;
        act_on(gw, receiver, &answers[i]);
        struct confirmation *c = calloc(1, sizeof *c);
        if (!c)
            abort();
        *c = (struct confirmation){r, answers[i].answer_seq};
        char *state = state_save(gw);
        outbox_record_answer(gw->outbox, receiver, &answers[i],
                             &(struct outbox_row){"incidents", state}, on_answer_stored, c);
        free(state);
    }
}

static void on_link_changed(void *arg, size_t receiver, enum dispatch_link link, const char *reason)
{
    struct gateway *gw = arg;
    struct gateway_receiver *r = &gw->receivers[receiver];
    r->link = link;
    faults_set(gw, "receiver", r->config->id, link == DISPATCH_LINK_PROVEN ? NULL : reason);
    lamps_update(gw);
}

static struct event *on_heartbeat(void *arg, size_t receiver)
{
    struct gateway *gw = arg;
    struct event *event = NULL;
    struct err e;
    if (envelope_heartbeat(&gw->envelope, status_heartbeat(gw, receiver), &event, &e) != 0)
        log_error("tocsind", "%s", e.text);
    return event;
}

static bool on_view(void *arg, const struct event *event, struct event_view *ret_view)
{
    struct err e;
    (void)arg;
    bool readable = envelope_view(event, ret_view, &e) == 0;
    if (!readable)
        log_error("dispatch", "%s", e.text);
    return readable;
}

static void on_link(void *arg, enum uplink_link link, const char *reason)
{
    struct gateway_receiver *r = arg;
    dispatch_link_said(r->gateway->dispatch, r->index, link, reason);
}

/* A platform that has dealt with an alarm: as an answer of its people. Of duress nothing is closed
 * that is not named. */
static bool reset(struct gateway_receiver *r, const struct uplink_command *command)
{
    struct gateway *gw = r->gateway;
    struct uplink_answer answer = {.state = UPLINK_ANSWER_CLOSED};
    bool any = false;
    memcpy(answer.by, command->by, sizeof answer.by);
    memcpy(answer.note, command->note, sizeof answer.note);
    for (struct incident *i = NULL; (i = panel_next_open(&gw->panel, i));) {
        bool named = strcmp(i->alarm, command->alarm) == 0;
        if (!named && (command->alarm[0] || i->class == INCIDENT_CLASS_DURESS))
            continue;
        memcpy(answer.alarm, i->alarm, sizeof answer.alarm);
        act_on(gw, r->index, &answer);
        any = true;
    }
    presses_remember(gw);
    return any;
}

static void on_command(void *arg, const struct uplink_command *command, uint64_t ticket)
{
    struct gateway_receiver *r = arg;
    struct gateway *gw = r->gateway;
    struct uplink_reply reply = {.done = true};
    switch (command->kind) {
    case UPLINK_COMMAND_RESET:
        reply.done = reset(r, command);
        snprintf(reply.reason, sizeof reply.reason, "no such alarm is open");
        break;
    case UPLINK_COMMAND_GUARD:
        reply.done = false;
        snprintf(reply.reason, sizeof reply.reason, "a panic button cannot be disarmed");
        break;
    case UPLINK_COMMAND_QUERY:
        for (struct incident *i = NULL; (i = panel_next_open(&gw->panel, i));)
            reply.open_alarms += i->class == INCIDENT_CLASS_ALARM;
        reply.faulty = faults_any(gw);
        break;
    }
    log_info("receiver", "%s: command %d: %s", r->config->id, (int)command->kind,
             reply.done ? "done" : reply.reason);
    dispatch_reply(gw->dispatch, r->index, ticket, &reply);
}

static void on_network_changed(void *arg)
{
    struct gateway *gw = arg;
    log_info("receiver", "the network has changed: every receiver is tried now");
    dispatch_network_changed(gw->dispatch);
}

/* A receiver whose protocol cannot carry something has nothing of it pending. */
static void tell_takes(struct gateway *gw, size_t index)
{
    uint32_t classes = 0;
    for (int c = EVENT_CLASS_PRESS; c <= EVENT_CLASS_MANIFEST; c++)
        classes |= dispatch_takes(gw->dispatch, index, (enum event_class)c) ? UPLINK_TAKES(c) : 0;
    outbox_set_takes(gw->outbox, index, classes, dispatch_takes_clips(gw->dispatch, index));
}

static int open_uplink(struct gateway_receiver *r, const struct config_receiver *config,
                       struct dispatch_receiver_options *ret_options, struct err *e)
{
    struct gateway *gw = r->gateway;
    const struct uplink_driver *driver = uplink_driver_of(config->driver.type);
    struct uplink_host host = {.signer = gw->signer,
                               .state_dir = gw->config->storage.state_dir,
                               .receiver = config->id,
                               .on_link = on_link,
                               .on_command = on_command,
                               .arg = r};
    struct uplink *uplink;
    int result = driver->open(config->driver.options, &host, &gw->loop, &uplink, e);
    if (result != 0)
        return err_prefix(e, result, "receiver %s", config->id);
    *ret_options =
        (struct dispatch_receiver_options){.driver = driver,
                                           .uplink = uplink,
                                           .heartbeat_ms = config->heartbeat_ms,
                                           .alarm_heartbeat_ms = config->alarm_heartbeat_ms};
    return 0;
}

/* The uplink, or what stands in for it: one receiver's bad certificate must not stop the others. */
static void open_or_stand_in(struct gateway *gw, size_t index,
                             struct dispatch_receiver_options *ret_options)
{
    struct gateway_receiver *r = &gw->receivers[index];
    struct err e;
    r->closed = open_uplink(r, r->config, ret_options, &e) != 0;
    if (!r->closed)
        return;
    log_error("receiver", "%s", e.text);
    faults_set(gw, "receiver", r->config->id, e.text);
    r->reopen_ms = clock_monotonic_ms() + REOPEN_MS;
    *ret_options =
        (struct dispatch_receiver_options){.driver = &closed_uplink,
                                           .uplink = closed_uplink_create(&gw->loop, e.text),
                                           .heartbeat_ms = r->config->heartbeat_ms,
                                           .alarm_heartbeat_ms = r->config->alarm_heartbeat_ms};
}

static void try_reopen(struct gateway *gw, size_t index)
{
    struct gateway_receiver *r = &gw->receivers[index];
    struct dispatch_receiver_options options;
    struct err e;
    if (!r->closed || clock_monotonic_ms() < r->reopen_ms)
        return;
    r->reopen_ms = clock_monotonic_ms() + REOPEN_MS;
    if (open_uplink(r, r->config, &options, &e) != 0)
        return;
    r->closed = false;
    dispatch_replace_uplink(gw->dispatch, index, &options);
    tell_takes(gw, index);
}

void receivers_tick(struct gateway *gw)
{
    for (size_t i = 0; i < gw->receiver_count; i++)
        try_reopen(gw, i);
    if (clock_monotonic_ms() - gw->started_ms < FIRST_PROOF_MS)
        return;
    for (size_t i = 0; i < gw->receiver_count; i++) {
        struct dispatch_status status;
        if (gw->receivers[i].link == DISPATCH_LINK_PROVEN)
            continue;
        dispatch_get_status(gw->dispatch, i, &status);
        faults_set(gw, "receiver", gw->receivers[i].config->id,
                   status.reason[0] ? status.reason : "no receipt yet");
    }
}

/* The event that dispatch wants again, on its way from the store. */
struct loading {
    struct gateway *gateway;
    size_t receiver;
    uint64_t seq;
};

static void on_loaded(void *arg, struct event *event)
{
    struct loading *loading = arg;
    struct gateway *gw = loading->gateway;
    if (!gw->stopping)
        dispatch_loaded(gw->dispatch, loading->receiver, loading->seq, event);
    free(loading);
}

static void on_load(void *arg, size_t receiver, uint64_t seq)
{
    struct gateway *gw = arg;
    struct loading *loading = calloc(1, sizeof *loading);
    if (!loading)
        abort();
    *loading = (struct loading){gw, receiver, seq};
    outbox_load(gw->outbox, seq, on_loaded, loading);
}

static void count_in(struct gateway *gw, const struct config_receiver *config, size_t index)
{
    gw->responders |= config->responder ? 1u << index : 0;
    if (config->responder && config->group > (int64_t)gw->groups)
        gw->groups = (unsigned)config->group;
}

int receivers_open(struct gateway *gw, const struct outbox_found *found, struct err *e)
{
    struct dispatch_host host = {.load = on_load,
                                 .delivered = on_delivered,
                                 .attempt_failed = on_attempt_failed,
                                 .uploaded = on_uploaded,
                                 .upload_failed = on_upload_failed,
                                 .answers = on_answers,
                                 .link_changed = on_link_changed,
                                 .heartbeat = on_heartbeat,
                                 .view = on_view,
                                 .arg = gw};
    int result = dispatch_create(&gw->loop, &host, &gw->dispatch, e);
    for (size_t i = 0; result == 0 && i < gw->receiver_count; i++) {
        struct gateway_receiver *r = &gw->receivers[i];
        struct dispatch_receiver_options options;
        r->gateway = gw;
        r->index = i;
        r->config = &gw->config->receivers[i];
        r->taken_seq = r->confirmed_seq = found->answer_seq[i];
        count_in(gw, r->config, i);
        open_or_stand_in(gw, i, &options);
        result = dispatch_add_receiver(gw->dispatch, &options, e);
        if (result == 0)
            tell_takes(gw, i);
    }
    for (size_t i = 0; result == 0 && i < found->pending_count; i++) {
        const struct outbox_pending *p = &found->pending[i];
        dispatch_restore(gw->dispatch, p->receiver, p->seq, p->class, p->alarm, p->attempts);
    }
    struct err not_told;
    if (result == 0 &&
        network_open(&gw->loop, on_network_changed, gw, &gw->network, &not_told) != 0)
        log_warning("receiver", "%s", not_told.text);
    return result;
}

static int check_same_receivers(const struct gateway *gw, const struct config *config,
                                struct err *e)
{
    bool same = config->receiver_count == gw->receiver_count;
    for (size_t i = 0; same && i < gw->receiver_count; i++)
        same = strcmp(config->receivers[i].id, gw->receivers[i].config->id) == 0;
    return same ? 0
                : err_set(e, EINVAL,
                          "receivers were added, removed or put in another order: that takes a "
                          "restart (systemctl restart tocsind)");
}

/* Opens all new uplinks before the first old one goes, so that a bad file changes nothing. */
int receivers_replace(struct gateway *gw, struct config *config, struct err *e)
{
    struct dispatch_receiver_options options[LIMIT_RECEIVERS];
    size_t opened = 0;
    int result = check_same_receivers(gw, config, e);
    for (; result == 0 && opened < gw->receiver_count; opened++) {
        result =
            open_uplink(&gw->receivers[opened], &config->receivers[opened], &options[opened], e);
        if (result != 0)
            break;
    }
    if (result != 0) {
        while (opened-- > 0)
            options[opened].driver->close(options[opened].uplink);
        config_destroy(config);
        return result;
    }
    gw->responders = 0;
    gw->groups = 0;
    for (size_t i = 0; i < gw->receiver_count; i++) {
        gw->receivers[i].config = &config->receivers[i];
        gw->receivers[i].closed = false;
        count_in(gw, &config->receivers[i], i);
        dispatch_replace_uplink(gw->dispatch, i, &options[i]);
        tell_takes(gw, i);
    }
    config_destroy(gw->reloaded);
    gw->reloaded = config;
    return 0;
}
