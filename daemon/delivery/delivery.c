/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/delivery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "delivery/internal.h"
#include "loop/network.h"

#define FIRST_PROOF_MS 15000 /* of an uplink; a link not proven by then is a fault */
#define LATE_MS        10000 /* an event that waits longer is one, whatever heartbeats say */

static void on_delivered(void *arg, const struct dispatch_sent *sent,
                         const struct uplink_result *result)
{
    struct delivery *d = arg;
    struct fact fact = {.kind = FACT_DELIVERED,
                        .at_ns = result->finished_ns,
                        .u.delivered = {.receiver = sent->receiver,
                                        .seq = sent->seq,
                                        .class = sent->class,
                                        .confirmed = result->outcome == UPLINK_OUTCOME_STORED}};
    snprintf(fact.u.delivered.alarm, sizeof fact.u.delivered.alarm, "%s", sent->alarm);
    records_add(d, false, sent->receiver, sent->seq, sent->attempts, result);
    facts_publish(d->options.facts, &fact);
}

static void publish_failure(struct delivery *d, enum fact_kind kind, size_t receiver, uint64_t seq,
                            const char *alarm, const struct uplink_result *result)
{
    struct fact fact = {.kind = kind,
                        .u.failed = {.receiver = receiver, .seq = seq, .no_file = result->no_file}};
    snprintf(fact.u.failed.alarm, sizeof fact.u.failed.alarm, "%s", alarm);
    snprintf(fact.u.failed.reason, sizeof fact.u.failed.reason, "%s", result->reason);
    facts_publish(d->options.facts, &fact);
}

static void on_attempt_failed(void *arg, const struct dispatch_sent *sent,
                              const struct uplink_result *result)
{
    struct delivery *d = arg;
    log_debug("dispatch", "%s: event %llu, attempt %u: %s", d->receivers[sent->receiver].config->id,
              (unsigned long long)sent->seq, sent->attempts, result->reason);
    publish_failure(d, FACT_ATTEMPT_FAILED, sent->receiver, sent->seq, sent->alarm, result);
}

static void on_uploaded(void *arg, size_t receiver, uint64_t seq,
                        const struct uplink_result *result)
{
    struct delivery *d = arg;
    records_add(d, true, receiver, seq, 0, result);
    facts_publish(
        d->options.facts,
        &(struct fact){.kind = FACT_UPLOADED,
                       .u.uploaded = {.receiver = receiver,
                                      .seq = seq,
                                      .confirmed = result->outcome == UPLINK_OUTCOME_STORED}});
}

static void on_upload_failed(void *arg, size_t receiver, uint64_t seq,
                             const struct uplink_result *result)
{
    struct delivery *d = arg;
    log_warning("dispatch", "%s: %s", d->receivers[receiver].config->id, result->reason);
    publish_failure(d, FACT_UPLOAD_FAILED, receiver, seq, "", result);
}

static void on_answers(void *arg, size_t receiver, const struct uplink_answer *answers,
                       size_t count)
{
    struct delivery *d = arg;
    struct delivery_receiver *r = &d->receivers[receiver];
    for (size_t i = 0; i < count; i++) {
        if (answers[i].answer_seq <= r->taken_seq)
            continue;
        if (r->answers_waiting == LIMIT_RECEIPT_ANSWERS)
            break; /* not confirmed, so they come again */
        r->answers_waiting++;
        r->taken_seq = answers[i].answer_seq;
        facts_publish(d->options.facts,
                      &(struct fact){.kind = FACT_ANSWER,
                                     .u.answer = {.receiver = receiver, .answer = answers[i]}});
    }
}

static void on_numbers(void *arg, size_t receiver, uint64_t newest_seq, uint64_t forked_seq)
{
    struct delivery *d = arg;
    struct fact fact = {
        .kind = FACT_NUMBERS,
        .u.numbers = {.receiver = receiver, .newest_seq = newest_seq, .forked_seq = forked_seq}};
    snprintf(fact.u.numbers.name, sizeof fact.u.numbers.name, "%s",
             d->receivers[receiver].config->id);
    facts_publish(d->options.facts, &fact);
}

void delivery_answer_stored(struct delivery *d, size_t receiver, int64_t answer_seq)
{
    struct delivery_receiver *r = &d->receivers[receiver];
    if (r->answers_waiting > 0)
        r->answers_waiting--;
    if (answer_seq > r->confirmed_seq)
        r->confirmed_seq = answer_seq;
}

/* What a receiver whose link is proven does not take; NULL: nothing that it should have. */
static char *describe_backlog(const struct dispatch_status *status)
{
    char *text = NULL;
    int length = 0;
    if (status->refused > 0)
        length = asprintf(&text, "refuses %zu event%s, tried again and again: %s", status->refused,
                          plural((long long)status->refused), status->refusal);
    else if (status->oldest_ms < clock_monotonic_ms() - LATE_MS)
        length = asprintf(
            &text, "takes heartbeats, but events wait, %zu, the first for more than %d s%s%s",
            status->backlog, LATE_MS / 1000, status->reason[0] ? ": " : "", status->reason);
    if (length < 0)
        abort(); /* without memory: start anew */
    return text;
}

/* Takes what was described; false if it was stated already. */
static bool take_backlog(struct delivery_receiver *r, char *backlog)
{
    bool is_new = !backlog != !r->backlog || (backlog && strcmp(backlog, r->backlog) != 0);
    free(r->backlog);
    r->backlog = backlog;
    return is_new;
}

/* `reason` NULL: the link is proven. That it takes heartbeats is not all: what it does not take is
 * tried again, and is no fault that comes and goes with each try. */
static void state_fault(struct delivery *d, size_t receiver, const char *reason)
{
    struct delivery_receiver *r = &d->receivers[receiver];
    struct dispatch_status status;
    dispatch_get_status(d->dispatch, receiver, &status);
    take_backlog(r, describe_backlog(&status));
    if (!reason)
        reason = r->backlog;
    /* What to do about one that cannot be opened is another thing. */
    enum fault_code code = r->stand_in ? FAULT_RECEIVER_SETTINGS : FAULT_RECEIVER;
    facts_state_fault(d->options.facts, r->stand_in ? FAULT_RECEIVER : FAULT_RECEIVER_SETTINGS,
                      r->config->id, NULL);
    facts_state_fault(d->options.facts, code, r->config->id, reason);
}

static void on_link_changed(void *arg, size_t receiver, enum dispatch_link link, const char *reason)
{
    struct delivery *d = arg;
    struct delivery_receiver *r = &d->receivers[receiver];
    bool proven = link == DISPATCH_LINK_PROVEN;
    r->link = link;
    state_fault(d, receiver, proven ? NULL : reason);
    facts_publish(
        d->options.facts,
        &(struct fact){.kind = FACT_LINK, .u.link = {.receiver = receiver, .proven = proven}});
}

static struct event *on_heartbeat(void *arg, size_t receiver)
{
    struct delivery *d = arg;
    json_t *data =
        json_pack("{sI}", "answer_seq", (json_int_t)d->receivers[receiver].confirmed_seq);
    return d->options.heartbeat(d->options.arg, data);
}

static void state_backlog(struct delivery *d, size_t receiver)
{
    struct delivery_receiver *r = &d->receivers[receiver];
    struct dispatch_status status;
    dispatch_get_status(d->dispatch, receiver, &status);
    if (r->link == DISPATCH_LINK_PROVEN && take_backlog(r, describe_backlog(&status)))
        state_fault(d, receiver, NULL);
}

void delivery_tick(struct delivery *d)
{
    for (size_t i = 0; i < d->count; i++) {
        struct delivery_receiver *r = &d->receivers[i];
        struct dispatch_status status;
        look_if_due(r);
        bool is_late = clock_monotonic_ms() - r->opened_ms >= FIRST_PROOF_MS;
        dispatch_get_status(d->dispatch, i, &status);
        if (r->link == DISPATCH_LINK_PROVEN)
            state_backlog(d, i);
        else if (is_late)
            state_fault(d, i, status.reason[0] ? status.reason : "no receipt yet");
    }
}

void delivery_give_up(struct delivery *d, size_t receiver, uint64_t seq)
{
    struct dispatch_pending pending = {0};
    dispatch_find(d->dispatch, receiver, seq, &pending);
    given_up_add(d, receiver, seq);
    outbox_record_given_up(d->options.outbox, seq, receiver, pending.attempts);
    struct fact fact = {.kind = FACT_UPLOADED,
                        .u.uploaded = {.receiver = receiver, .seq = seq, .given_up = true}};
    if (dispatch_give_up(d->dispatch, receiver, seq))
        facts_publish(d->options.facts, &fact);
    state_backlog(d, receiver);
}

/* The event that dispatch wants again, on its way from the store. */
struct loading {
    struct delivery *delivery;
    size_t receiver;
    uint64_t seq;
};

static void on_loaded(void *arg, struct event *event)
{
    struct loading *loading = arg;
    if (loading->delivery->dispatch)
        dispatch_loaded(loading->delivery->dispatch, loading->receiver, loading->seq, event);
    free(loading);
}

static void on_gone(void *arg, size_t receiver, uint64_t seq)
{
    struct delivery *d = arg;
    (void)receiver;
    outbox_note_gone(d->options.outbox, seq);
}

static void on_load(void *arg, size_t receiver, uint64_t seq)
{
    struct delivery *d = arg;
    struct loading *loading = calloc(1, sizeof *loading);
    if (!loading)
        abort();
    *loading = (struct loading){d, receiver, seq};
    outbox_load(d->options.outbox, seq, on_loaded, loading);
}

void delivery_take_config(struct delivery *d, size_t receiver, const struct config_receiver *config)
{
    d->receivers[receiver].config = config;
    d->responders &= ~(1u << receiver);
    d->responders |= config->responder ? 1u << receiver : 0;
    d->groups = 0;
    for (size_t i = 0; i < d->count; i++) {
        const struct config_receiver *c = d->receivers[i].config;
        if (c && c->responder && c->group > (int64_t)d->groups)
            d->groups = (unsigned)c->group;
    }
}

static void on_network_changed(void *arg)
{
    struct delivery *d = arg;
    log_info("receiver", "the network has changed: every receiver is tried now");
    dispatch_network_changed(d->dispatch);
}

void delivery_try_now(struct delivery *d)
{
    if (d->dispatch)
        dispatch_network_changed(d->dispatch);
}

static void on_turn_over(void *self, const struct fact *fact)
{
    (void)fact;
    records_hand_over(self);
}

static void restore_pending(struct delivery *d, const struct outbox_found *found)
{
    given_up_load(d, found);
    for (size_t i = 0; i < found->pending_count; i++) {
        const struct outbox_pending *p = &found->pending[i];
        if (given_up_has(d, p->receiver, p->seq)) /* that it is was not written before a kill */
            outbox_record_given_up(d->options.outbox, p->seq, p->receiver, p->attempts);
        else
            dispatch_restore(d->dispatch, p->receiver, p->seq, p->class, p->alarm, p->attempts);
    }
}

void delivery_catch_up(struct delivery *d, const struct outbox_found *found)
{
    for (size_t i = 0; i < d->count; i++) {
        struct delivery_receiver *r = &d->receivers[i];
        if (found->answer_seq[i] > r->taken_seq)
            r->taken_seq = found->answer_seq[i];
        if (found->answer_seq[i] > r->confirmed_seq)
            r->confirmed_seq = found->answer_seq[i];
    }
    restore_pending(d, found);
    dispatch_restored(d->dispatch);
}

static int open_receivers(struct delivery *d, const struct outbox_found *found, struct err *e)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < d->count; i++) {
        struct dispatch_receiver_options options;
        struct delivery_receiver *r = &d->receivers[i];
        r->delivery = d;
        r->index = i;
        r->opened_ms = clock_monotonic_ms();
        r->taken_seq = r->confirmed_seq = found->answer_seq[i];
        delivery_take_config(d, i, &d->options.receivers->items[i]);
        uplinks_open_or_stand_in(r, &options);
        result = dispatch_add_receiver(d->dispatch, &options, e);
        if (result == 0)
            uplinks_tell_takes(r);
    }
    if (result == 0)
        restore_pending(d, found);
    return result;
}

int delivery_open(const struct delivery_options *options, const struct outbox_found *found,
                  struct delivery **ret_delivery, struct err *e)
{
    struct delivery *d = calloc(1, sizeof *d);
    if (!d)
        return err_set(e, ENOMEM, "delivery: out of memory");
    d->options = *options;
    d->count = options->receivers->count;
    records_init(d);
    struct dispatch_host host = {.load = on_load,
                                 .gone = on_gone,
                                 .delivered = on_delivered,
                                 .attempt_failed = on_attempt_failed,
                                 .uploaded = on_uploaded,
                                 .upload_failed = on_upload_failed,
                                 .answers = on_answers,
                                 .numbers = on_numbers,
                                 .link_changed = on_link_changed,
                                 .heartbeat = on_heartbeat,
                                 .view = uplinks_view,
                                 .arg = d};
    facts_subscribe(options->facts, FACT_BIT(FACT_TURN_OVER), on_turn_over, d);
    /* The caller has it even if it fails: dispatch may hold handles of the loop by then. */
    *ret_delivery = d;
    int result = dispatch_create(options->loop, &host, &d->dispatch, e);
    if (result == 0)
        result = open_receivers(d, found, e);
    struct err not_told;
    if (result == 0 &&
        network_open(options->loop, on_network_changed, d, &d->network, &not_told) != 0)
        log_warning("receiver", "%s", not_told.text);
    return result;
}

void delivery_close(struct delivery *d)
{
    if (!d)
        return;
    records_drop(d); /* what follows from them is not on the disk: they are made again */
    for (size_t i = 0; d->dispatch && i < d->count; i++)
        commands_end(d, i, "the gateway stops before it was known to be done: ask again");
    network_close(d->network);
    d->network = NULL;
    dispatch_close(d->dispatch);
    d->dispatch = NULL;
    for (size_t i = 0; i < d->count; i++) {
        struct delivery_receiver *r = &d->receivers[i];
        uplinks_free_files(r->driver, r->files);
        r->files = NULL;
    }
}

void delivery_free(struct delivery *d)
{
    for (size_t i = 0; d && i < d->count; i++)
        free(d->receivers[i].backlog);
    if (d)
        free(d->given_up);
    free(d);
}

void delivery_prepare_press(struct delivery *d, struct event *event)
{
    dispatch_prepare(d->dispatch, event);
}

void delivery_offer(struct delivery *d, struct event *event)
{
    dispatch_offer(d->dispatch, event);
}

bool delivery_upload(struct delivery *d, size_t receiver, uint64_t seq,
                     const struct uplink_file *file)
{
    return !given_up_has(d, receiver, seq) && dispatch_upload(d->dispatch, receiver, seq, file);
}

void delivery_set_alarm_open(struct delivery *d, bool open)
{
    dispatch_set_alarm_open(d->dispatch, open);
}

uint32_t delivery_responders(const struct delivery *d)
{
    return d->responders;
}

uint32_t delivery_proven(const struct delivery *d)
{
    uint32_t proven = 0;
    for (size_t i = 0; i < d->count; i++)
        proven |= d->receivers[i].link == DISPATCH_LINK_PROVEN ? 1u << i : 0;
    return proven;
}

uint32_t delivery_takes_clips(const struct delivery *d)
{
    uint32_t takers = 0;
    for (size_t i = 0; i < d->count; i++)
        takers |= dispatch_takes_clips(d->dispatch, i) ? 1u << i : 0;
    return takers;
}

uint32_t delivery_takes(const struct delivery *d, enum event_class class)
{
    uint32_t takers = 0;
    for (size_t i = 0; i < d->count; i++)
        takers |= dispatch_takes(d->dispatch, i, class) ? 1u << i : 0;
    return takers;
}

uint32_t delivery_asked(const struct delivery *d, unsigned level)
{
    uint32_t asked = 0;
    for (size_t i = 0; i < d->count; i++) {
        const struct config_receiver *c = d->receivers[i].config;
        if (c->responder && c->group <= (int64_t)level)
            asked |= 1u << i;
    }
    return asked;
}

unsigned delivery_groups(const struct delivery *d)
{
    return d->groups;
}

bool delivery_waits_for_store(const struct delivery *d)
{
    bool waits = false;
    for (size_t i = 0; i < d->count && !waits; i++) {
        struct dispatch_status status;
        dispatch_get_status(d->dispatch, i, &status);
        waits = status.waits_for_store;
    }
    return waits;
}

bool delivery_idle(const struct delivery *d)
{
    bool idle = STAILQ_EMPTY(&d->records);
    for (size_t i = 0; i < d->count; i++) {
        struct dispatch_status status;
        dispatch_get_status(d->dispatch, i, &status);
        idle = idle && status.link == DISPATCH_LINK_PROVEN && status.backlog == 0;
    }
    return idle;
}

json_t *delivery_status(const struct delivery *d)
{
    json_t *list = json_array();
    for (size_t i = 0; i < d->count; i++) {
        const struct delivery_receiver *r = &d->receivers[i];
        struct dispatch_status s;
        dispatch_get_status(d->dispatch, i, &s);
        json_t *one = json_pack("{ss,ss,ss,sb,sI,sI,sI,sI,ss,sI}", "id", r->config->id, "name",
                                r->config->name, "state", dispatch_link_name(s.link), "responder",
                                r->config->responder, "backlog", (json_int_t)s.backlog, "refused",
                                (json_int_t)s.refused, "uploads", (json_int_t)s.uploads, "failures",
                                (json_int_t)s.failures, "reason", s.reason, "answer_seq",
                                (json_int_t)r->confirmed_seq);
        if (one)
            json_object_set_new(one, "last_receipt_ms_ago",
                                s.last_receipt_ms
                                    ? json_integer(clock_monotonic_ms() - s.last_receipt_ms)
                                    : json_null());
        json_array_append_new(list, one);
    }
    return list;
}
