/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An event's journey: sequenced and chained in memory, then at the same time to the store and,
 * after the commit or `commit_wait`, whichever is first, to every receiver.
 */
#include <stdlib.h>

#include "app/gateway.h"
#include "base/clock.h"
#include "base/log.h"

static void answer_press(struct journey *j, const char *heard)
{
    if (!j->request)
        return;
    control_reply(j->request,
                  json_pack("{ss,ss,sI,ss}", "alarm", j->event->alarm, "event", j->event->id, "seq",
                            (json_int_t)j->event->seq, "heard", heard));
    j->request = NULL;
}

static void free_journey(uv_handle_t *handle)
{
    free(handle->data);
}

static void end_journey(struct journey *j)
{
    struct journey **at = &j->gateway->journeys;
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    event_unref(j->event);
    j->event = NULL;
    uv_close((uv_handle_t *)&j->patience, free_journey);
}

static void offer(struct journey *j)
{
    if (j->offered)
        return;
    j->offered = true;
    uv_timer_stop(&j->patience);
    dispatch_offer(j->gateway->dispatch, j->event);
}

static void tell_heard(struct journey *j, const char *where)
{
    if (j->event->class == EVENT_CLASS_MANIFEST)
        return;
    watch_tell(j->gateway, &(struct watch_line){.what = "heard",
                                                .alarm = j->event->alarm,
                                                .event = j->event->type,
                                                .seq = j->event->seq,
                                                .handed_us = j->handed_us,
                                                .text = where});
}

static void on_stored(void *arg)
{
    struct journey *j = arg;
    j->stored = true;
    tell_heard(j, "stored");
    answer_press(j, "stored");
    if (j->gateway->stopping) {
        end_journey(j);
        return;
    }
    offer(j);
    if (j->is_clip)
        clips_stored(j->gateway, j);
    end_journey(j);
}

static void on_patience(uv_timer_t *timer)
{
    struct journey *j = timer->data;
    log_warning("outbox", "event %llu was not on the disk in time: sent from memory",
                (unsigned long long)j->event->seq);
    tell_heard(j, "memory");
    answer_press(j, "memory");
    offer(j);
}

struct journey *events_emit(struct gateway *gw, const char *type, enum event_class class,
                            const char *alarm, int64_t at_ns, json_t *data,
                            const struct outbox_upload *upload)
{
    struct err e;
    struct event *event;
    if (envelope_make(&gw->envelope, type, class, alarm, at_ns, data, &event, &e) != 0) {
        log_error("tocsind", "%s", e.text);
        return NULL;
    }
    struct journey *j = calloc(1, sizeof *j);
    if (!j)
        abort(); /* without memory: start anew, with what is on the disk */
    j->gateway = gw;
    j->event = event;
    j->made_ms = clock_monotonic_ms();
    j->next = gw->journeys;
    gw->journeys = j;
    uint32_t takers = 0;
    if (upload) {
        j->is_clip = true;
        j->upload = *upload;
        for (size_t i = 0; i < gw->receiver_count; i++)
            takers |= gw->receivers[i].config->clips && dispatch_takes_clips(gw->dispatch, i)
                          ? 1u << i
                          : 0;
    }
    uv_timer_init(&gw->loop, &j->patience);
    j->patience.data = j;
    uv_timer_start(&j->patience, on_patience, (uint64_t)gw->config->storage.commit_wait_ms, 0);
    char *state = state_save(gw);
    j->handed_us = (clock_monotonic_ns() - at_ns) / 1000;
    outbox_store(gw->outbox, event, &(struct outbox_row){"incidents", state}, upload, takers,
                 on_stored, j);
    free(state);
    if (class == EVENT_CLASS_PRESS)
        dispatch_prepare(gw->dispatch, event); /* while the disk works */
    return j;
}

void events_finish(struct gateway *gw)
{
    while (gw->journeys)
        end_journey(gw->journeys);
}
