/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch/dispatch.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/uuid.h"
#include "dispatch/internal.h"
#include "iface/limits.h"

#define HEARTBEAT_RETRY_MS 5000
#define PROOF_MS           1000 /* after a failure the receiver is asked whether it takes anything */
#define WINDOW_BEATS       3    /* heartbeats that may be missed before a link counts as unproven */
#define WINDOW_MIN_MS      8000

/* An attempt on its way: which entry of which receiver. */
struct attempt {
    struct receiver *receiver;
    struct delivery *entry;
};

static void *allocate(size_t size)
{
    void *made = calloc(1, size);
    if (!made)
        abort();
    return made;
}

static uint32_t random_bits(void)
{
    uint32_t bits;
    uuid_random(&bits, sizeof bits);
    return bits;
}

static int64_t beat_ms(const struct receiver *r)
{
    return r->dispatch->alarm_open ? r->options.alarm_heartbeat_ms : r->options.heartbeat_ms;
}

static int64_t window_ms(const struct receiver *r)
{
    int64_t window = r->options.heartbeat_ms * WINDOW_BEATS;
    return window > WINDOW_MIN_MS ? window : WINDOW_MIN_MS;
}

/* A receipt holds for its window; where the protocol supervises its link, until it says more. */
static int64_t proven_until_ms(const struct receiver *r)
{
    return r->options.driver->own_supervision ? INT64_MAX
                                              : r->status.last_receipt_ms + window_ms(r);
}

static void set_link(struct receiver *r, enum dispatch_link link, const char *reason)
{
    if (r->status.link == link)
        return;
    r->status.link = link;
    const struct dispatch_host *host = &r->dispatch->host;
    host->link_changed(host->arg, r->number, link, reason);
}

/* What an uplink says, as everybody behind it is told. */
static struct uplink_result taken(const struct uplink_result *said)
{
    struct uplink_result result = *said;
    encode_copy_utf8(result.reason, sizeof result.reason, said->reason);
    return result;
}

static bool is_success(const struct uplink_result *result)
{
    return result->outcome == UPLINK_OUTCOME_STORED ||
           result->outcome == UPLINK_OUTCOME_UNCONFIRMED;
}

/* What every attempt says about the path, whatever it carried. */
static void note_result(struct receiver *r, const struct uplink_result *result)
{
    if (is_success(result)) {
        bool came_back = r->path_failed || r->status.link != DISPATCH_LINK_PROVEN;
        r->path_failed = false;
        r->status.failures = 0;
        r->status.reason[0] = '\0';
        r->status.last_receipt_ms = clock_monotonic_ms();
        r->proven_until_ms = proven_until_ms(r);
        if (came_back)
            lanes_hurry(&r->lanes);
        lanes_proven(&r->lanes);
        if (!r->options.driver->own_supervision || r->said == UPLINK_LINK_UP)
            set_link(r, DISPATCH_LINK_PROVEN, NULL);
        return;
    }
    r->path_failed |= result->outcome == UPLINK_OUTCOME_RETRY && !result->answered;
    r->status.failures++;
    snprintf(r->status.reason, sizeof r->status.reason, "%s", result->reason);
    if (result->outcome == UPLINK_OUTCOME_REFUSED)
        set_link(r, DISPATCH_LINK_REFUSED, result->reason);
}

static void tell_answers(struct receiver *r, const struct uplink_result *result)
{
    const struct dispatch_host *host = &r->dispatch->host;
    if (is_success(result) && result->answer_count > 0)
        host->answers(host->arg, r->number, result->answers, result->answer_count);
}

/* `seq`: of the event; 0 for a heartbeat. */
static void tell_numbers(struct receiver *r, uint64_t seq, const struct uplink_result *result)
{
    const struct dispatch_host *host = &r->dispatch->host;
    uint64_t forked_seq = result->is_fork ? seq : 0;
    if (result->outcome == UPLINK_OUTCOME_STORED && (result->newest_seq > 0 || forked_seq > 0))
        host->numbers(host->arg, r->number, result->newest_seq, forked_seq);
}

/* An event that fails, the first since something was taken, says little of the receiver: a
 * heartbeat, soon, says whether it takes anything. */
static void ask_for_proof(struct receiver *r)
{
    int64_t soon_ms = clock_monotonic_ms() + PROOF_MS;
    if (r->status.failures == 1 && r->next_beat_ms > soon_ms)
        r->next_beat_ms = soon_ms;
}

/* No more is to be done for it here. */
static void arrived(struct receiver *r, struct delivery *entry)
{
    uint64_t seq = entry->seq;
    lanes_delivered(&r->lanes, entry, clock_monotonic_ms());
    uploads_manifest_is_there(&r->uploads, seq);
}

static void on_sent(void *arg, const struct uplink_result *said)
{
    const struct uplink_result whole = taken(said), *result = &whole;
    struct attempt *attempt = arg;
    struct receiver *r = attempt->receiver;
    struct delivery *entry = attempt->entry;
    free(attempt);
    if (r->dispatch->closing)
        return;
    const struct dispatch_host *host = &r->dispatch->host;
    char alarm[UUID_TEXT_SIZE];
    memcpy(alarm, entry->alarm, sizeof alarm);
    struct dispatch_sent sent = {.receiver = r->number,
                                 .seq = entry->seq,
                                 .alarm = alarm,
                                 .class = entry->class,
                                 .attempts = entry->attempts + 1};
    note_result(r, result);
    tell_answers(r, result); /* before it: they were given without knowing of this receipt */
    if (is_success(result)) {
        arrived(r, entry);
        host->delivered(host->arg, &sent, result);
        tell_numbers(r, sent.seq, result);
    } else {
        bool refused = result->outcome == UPLINK_OUTCOME_REFUSED;
        if (refused)
            snprintf(r->status.refusal, sizeof r->status.refusal, "%s", result->reason);
        lanes_failed(&r->lanes, entry, refused ? result->reason : NULL, clock_monotonic_ms(),
                     result->retry_after_ms, random_bits());
        ask_for_proof(r);
        host->attempt_failed(host->arg, &sent, result);
    }
    dispatch_pump(r);
}

static void send_entry(struct receiver *r, struct delivery *entry)
{
    const struct uplink_driver *driver = r->options.driver;
    const struct dispatch_host *host = &r->dispatch->host;
    struct attempt *attempt = allocate(sizeof *attempt);
    struct event_view view;
    bool viewed = driver->wants_view && host->view(host->arg, entry->event, &view);
    *attempt = (struct attempt){r, entry};
    driver->send(r->options.uplink, entry->lane, entry->event, viewed ? &view : NULL, on_sent,
                 attempt);
}

static void on_beat(void *arg, const struct uplink_result *said)
{
    const struct uplink_result whole = taken(said), *result = &whole;
    struct receiver *r = arg;
    r->beating = false;
    if (r->dispatch->closing)
        return;
    note_result(r, result);
    int64_t interval = beat_ms(r);
    if (!is_success(result) && interval > HEARTBEAT_RETRY_MS)
        interval = HEARTBEAT_RETRY_MS;
    r->next_beat_ms = clock_monotonic_ms() + interval;
    tell_answers(r, result);
    tell_numbers(r, 0, result);
    dispatch_pump(r);
}

static void send_beat(struct receiver *r)
{
    const struct dispatch_host *host = &r->dispatch->host;
    struct event *event = host->heartbeat(host->arg, r->number);
    if (!event) {
        r->next_beat_ms = clock_monotonic_ms() + HEARTBEAT_RETRY_MS;
        return;
    }
    r->beating = true;
    r->options.driver->send(r->options.uplink, UPLINK_LANE_HEARTBEAT, event, NULL, on_beat, r);
    event_unref(event);
}

static void on_uploaded(void *arg, const struct uplink_result *said)
{
    const struct uplink_result whole = taken(said), *result = &whole;
    struct receiver *r = arg;
    if (r->dispatch->closing)
        return;
    const struct dispatch_host *host = &r->dispatch->host;
    uint64_t seq = r->uploads.in_flight->seq;
    if (is_success(result)) {
        note_result(r, result);
        uploads_arrived(&r->uploads);
        host->uploaded(host->arg, r->number, seq, result);
    } else {
        /* Clips say nothing of whether alarms get through: only the upload waits. */
        uploads_failed(&r->uploads, result->outcome == UPLINK_OUTCOME_REFUSED, clock_monotonic_ms(),
                       random_bits());
        host->upload_failed(host->arg, r->number, seq, result);
    }
    dispatch_pump(r);
}

/* Starts the first upload that is due, unless something urgent has not arrived. Returns when to
 * look again.
 */
static int64_t pump_uploads(struct receiver *r, int64_t now_ms)
{
    const struct uplink_driver *driver = r->options.driver;
    bool paused = lanes_urgent_pending(&r->lanes);
    int64_t wake_ms = INT64_MAX;
    if (driver->pause_upload)
        driver->pause_upload(r->options.uplink, paused);
    if (paused)
        return wake_ms;
    struct upload *upload = uploads_next(&r->uploads, now_ms, &wake_ms);
    if (upload)
        driver->upload(r->options.uplink, &upload->file, on_uploaded, r);
    return wake_ms;
}

static void on_timer(uv_timer_t *timer)
{
    dispatch_pump(timer->data);
}

static void pump_lanes(struct receiver *r, int64_t now_ms, int64_t *wake_ms)
{
    const struct dispatch_host *host = &r->dispatch->host;
    struct delivery *entry;
    while ((entry = lanes_next(&r->lanes, now_ms, wake_ms))) {
        if (entry->event)
            send_entry(r, entry);
        else
            host->load(host->arg, r->number, entry->seq);
    }
}

static void earlier(int64_t *wake_ms, int64_t at_ms)
{
    if (at_ms < *wake_ms)
        *wake_ms = at_ms;
}

static void pump_beats(struct receiver *r, int64_t now_ms, int64_t *wake_ms)
{
    if (r->options.driver->own_supervision)
        return;
    if (!r->beating && r->next_beat_ms <= now_ms)
        send_beat(r);
    if (!r->beating)
        earlier(wake_ms, r->next_beat_ms);
}

static void watch_window(struct receiver *r, int64_t now_ms, int64_t *wake_ms)
{
    if (r->status.link != DISPATCH_LINK_PROVEN)
        return;
    if (r->proven_until_ms <= now_ms)
        set_link(r, DISPATCH_LINK_UNPROVEN,
                 r->status.reason[0] ? r->status.reason : "no receipt within its window");
    else
        earlier(wake_ms, r->proven_until_ms);
}

void dispatch_pump(struct receiver *r)
{
    if (r->dispatch->closing || r->replacing)
        return;
    int64_t now_ms = clock_monotonic_ms(), wake_ms;
    pump_lanes(r, now_ms, &wake_ms);
    pump_beats(r, now_ms, &wake_ms);
    earlier(&wake_ms, pump_uploads(r, now_ms));
    watch_window(r, now_ms, &wake_ms);
    if (wake_ms == INT64_MAX)
        uv_timer_stop(&r->timer);
    else
        uv_timer_start(&r->timer, on_timer, (uint64_t)(wake_ms > now_ms ? wake_ms - now_ms : 1), 0);
}

int dispatch_create(uv_loop_t *loop, const struct dispatch_host *host,
                    struct dispatch **ret_dispatch, struct err *e)
{
    struct dispatch *d = calloc(1, sizeof *d);
    if (!d)
        return err_set(e, ENOMEM, "dispatch: out of memory");
    d->loop = loop;
    d->host = *host;
    *ret_dispatch = d;
    return 0;
}

int dispatch_add_receiver(struct dispatch *d, const struct dispatch_receiver_options *options,
                          struct err *e)
{
    if (d->count == LIMIT_RECEIVERS)
        return err_set(e, EINVAL, "more than %d receivers", LIMIT_RECEIVERS);
    struct receiver *r = calloc(1, sizeof *r);
    if (!r)
        return err_set(e, ENOMEM, "dispatch: out of memory");
    r->dispatch = d;
    r->number = d->count;
    r->options = *options;
    uploads_init(&r->uploads);
    uv_timer_init(d->loop, &r->timer);
    r->timer.data = r;
    d->receivers[d->count++] = r;
    d->timers_open++;
    uv_timer_start(&r->timer, on_timer, 0, 0);
    return 0;
}

void dispatch_replace_uplink(struct dispatch *d, size_t receiver,
                             const struct dispatch_receiver_options *options)
{
    struct receiver *r = d->receivers[receiver];
    struct dispatch_receiver_options old = r->options;
    /* What the old one cancels is sent again, over the new one. */
    r->replacing = true;
    old.driver->close(old.uplink);
    r->replacing = false;
    r->options = *options;
    r->said = UPLINK_LINK_DOWN; /* the new one has said nothing yet (uplink.h, open) */
    /* What the old one had proven says nothing about this one. */
    r->proven_until_ms = 0;
    r->status.link = DISPATCH_LINK_UNPROVEN;
    snprintf(r->status.reason, sizeof r->status.reason, "its connection is new: not proven yet");
    lanes_keep(&r->lanes, options->driver->takes);
    if (!dispatch_takes_clips(d, receiver))
        uploads_finish(&r->uploads);
    lanes_forgive(&r->lanes);
    uploads_forgive(&r->uploads);
    if (!r->beating)
        r->next_beat_ms = 0;
    dispatch_pump(r);
}

static void add_entry(struct receiver *r, uint64_t seq, enum event_class class, const char *alarm,
                      unsigned attempts, struct event *event)
{
    struct delivery *entry = allocate(sizeof *entry);
    *entry = (struct delivery){.seq = seq,
                               .class = class,
                               .attempts = attempts,
                               .since_ms = clock_monotonic_ms(),
                               .event = event};
    snprintf(entry->alarm, sizeof entry->alarm, "%s", alarm);
    lanes_add(&r->lanes, entry);
}

bool dispatch_takes(const struct dispatch *d, size_t receiver, enum event_class class)
{
    return d->receivers[receiver]->options.driver->takes & UPLINK_TAKES(class);
}

bool dispatch_takes_clips(const struct dispatch *d, size_t receiver)
{
    const struct dispatch_receiver_options *o = &d->receivers[receiver]->options;
    return !o->no_clips && o->driver->upload && dispatch_takes(d, receiver, EVENT_CLASS_MANIFEST);
}

void dispatch_prepare(struct dispatch *d, struct event *event)
{
    for (size_t i = 0; i < d->count; i++) {
        const struct dispatch_receiver_options *o = &d->receivers[i]->options;
        if (o->driver->prepare && dispatch_takes(d, i, event->class))
            o->driver->prepare(o->uplink, event);
    }
}

void dispatch_offer(struct dispatch *d, struct event *event)
{
    for (size_t i = 0; i < d->count; i++) {
        struct receiver *r = d->receivers[i];
        if (!dispatch_takes(d, i, event->class))
            continue;
        add_entry(r, event->seq, event->class, event->alarm, 0, event_ref(event));
        if (lanes_is_urgent(event->class, event->alarm))
            lanes_hurry(&r->lanes);
        dispatch_pump(r);
    }
}

void dispatch_restore(struct dispatch *d, size_t receiver, uint64_t seq, enum event_class class,
                      const char *alarm, unsigned attempts)
{
    assert(receiver < d->count);
    if (!dispatch_takes(d, receiver, class) || lanes_find(&d->receivers[receiver]->lanes, seq))
        return;
    /* It waited through a restart: late, whatever was tried before. */
    add_entry(d->receivers[receiver], seq, class, alarm, attempts ? attempts : 1, NULL);
}

void dispatch_restored(struct dispatch *d)
{
    for (size_t i = 0; i < d->count; i++)
        dispatch_pump(d->receivers[i]);
}

void dispatch_loaded(struct dispatch *d, size_t receiver, uint64_t seq, struct event *event)
{
    struct receiver *r = d->receivers[receiver];
    if (d->closing)
        return;
    struct delivery *entry = lanes_find(&r->lanes, seq);
    if (!entry || !entry->in_flight || entry->event)
        return;
    bool wanted = dispatch_takes(d, receiver, entry->class); /* by the uplink of today */
    if (event && wanted) {
        lanes_loaded(&r->lanes, entry, event, clock_monotonic_ms());
        send_entry(r, entry);
        return;
    }
    if (wanted)
        d->host.gone(d->host.arg, receiver, seq);
    /* The clip of a lost manifest, too, is offered: the receiver may have that, though its receipt
     * never came, and refuses a clip whose manifest it does not know. */
    arrived(r, entry);
    dispatch_pump(r);
}

bool dispatch_upload(struct dispatch *d, size_t receiver, uint64_t seq,
                     const struct uplink_file *file)
{
    struct receiver *r = d->receivers[receiver];
    if (!dispatch_takes_clips(d, receiver))
        return false;
    /* A receiver takes a clip only when it has the manifest that binds it. */
    uploads_add(&r->uploads, seq, file, !lanes_find(&r->lanes, seq));
    dispatch_pump(r);
    return true;
}

void dispatch_link_said(struct dispatch *d, size_t receiver, enum uplink_link link,
                        const char *reason)
{
    struct receiver *r = d->receivers[receiver];
    if (d->closing || !r->options.driver->own_supervision)
        return;
    bool came = link == UPLINK_LINK_UP && r->said != UPLINK_LINK_UP;
    r->said = link;
    if (came) {
        r->proven_until_ms = INT64_MAX;
        r->status.reason[0] = '\0';
        lanes_hurry(&r->lanes);
        set_link(r, DISPATCH_LINK_PROVEN, NULL);
    } else if (link == UPLINK_LINK_DOWN) {
        encode_copy_utf8(r->status.reason, sizeof r->status.reason, reason);
        set_link(r, DISPATCH_LINK_UNPROVEN, r->status.reason);
    }
    dispatch_pump(r);
}

void dispatch_reply(struct dispatch *d, size_t receiver, uint64_t ticket,
                    const struct uplink_reply *reply)
{
    const struct dispatch_receiver_options *o = &d->receivers[receiver]->options;
    if (o->driver->reply)
        o->driver->reply(o->uplink, ticket, reply);
}

void dispatch_network_changed(struct dispatch *d)
{
    for (size_t i = 0; i < d->count; i++) {
        struct receiver *r = d->receivers[i];
        const struct dispatch_receiver_options *o = &r->options;
        r->next_beat_ms = 0;
        if (r->status.link != DISPATCH_LINK_PROVEN) {
            lanes_hurry(&r->lanes);
            if (o->driver->refresh)
                o->driver->refresh(o->uplink);
        }
        dispatch_pump(r);
    }
}

void dispatch_set_alarm_open(struct dispatch *d, bool open)
{
    if (d->alarm_open == open)
        return;
    d->alarm_open = open;
    for (size_t i = 0; i < d->count; i++) {
        struct receiver *r = d->receivers[i];
        int64_t soonest_ms = clock_monotonic_ms() + beat_ms(r);
        if (r->next_beat_ms > soonest_ms)
            r->next_beat_ms = soonest_ms;
        dispatch_pump(r);
    }
}

void dispatch_get_status(const struct dispatch *d, size_t receiver,
                         struct dispatch_status *ret_status)
{
    const struct receiver *r = d->receivers[receiver];
    int64_t now_ms = clock_monotonic_ms();
    *ret_status = r->status;
    ret_status->backlog = r->lanes.count;
    ret_status->refused = r->lanes.refused;
    ret_status->oldest_ms = lanes_oldest_ms(&r->lanes, now_ms);
    ret_status->waits_for_store = lanes_wait_for_store(&r->lanes, now_ms);
    ret_status->uploads = r->uploads.count;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct receiver *r = handle->data;
    struct dispatch *d = r->dispatch;
    free(r);
    if (--d->timers_open == 0)
        free(d);
}

void dispatch_close(struct dispatch *d)
{
    if (!d)
        return;
    d->closing = true;
    for (size_t i = 0; i < d->count; i++) {
        struct receiver *r = d->receivers[i];
        r->options.driver->close(r->options.uplink);
        lanes_finish(&r->lanes);
        uploads_finish(&r->uploads);
    }
    if (d->count == 0)
        free(d);
    else
        for (size_t i = d->count; i-- > 0;)
            uv_close((uv_handle_t *)&d->receivers[i]->timer, on_timer_closed);
}
