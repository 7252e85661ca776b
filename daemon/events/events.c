/* SPDX-License-Identifier: Apache-2.0 */
#include "events/events.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "envelope/envelope.h"
#include "events/age.h"
#include "events/health.h"
#include "events/known.h"
#include "events/leaving.h"
#include "events/store_room.h"
#include "events/watched.h"
#include "iface/limits.h"

#define PRUNE_EVERY_MS (10 * 60 * 1000)
#define COUNT_EVERY_MS (60 * 60 * 1000) /* what a power cut takes of what was counted */
#define DAY_MS         INT64_C(86400000)
#define ROW_AGE        "age"
#define LOOK_AFTER_MS  (10 * 1000) /* the disk belongs to what starts */
#define PROVE_EVERY_MS (60 * 1000)
#define START_WAIT_MS  150  /* for the disk; then lines are read without the store */
#define NUMBERS_MS     350  /* whoever presses until then waits for a disk that is slow */
#define FAULTS_MS      2000 /* and a fault until then */
#define LATE_MS        50 /* less is not, however little patience there is (storage.commit_wait) */
#define SLOW_STORE_MS                                                                              \
    LIMIT_DISK_MS /* an event that is not on the disk after this long is a fault */

/* An event until it is both stored and offered. */
struct pending {
    LIST_ENTRY(pending) next;
    struct events *events;
    struct event *event;
    uv_timer_t patience;
    bool stored, offered;
    bool is_alone; /* when it was made nothing else waited for the disk */
    int64_t made_ms;
    int64_t handed_us;
};

struct events {
    uv_loop_t *loop;
    struct facts *facts;
    struct events_config config;
    void (*on_wait)(void *arg); /* may be NULL */
    void (*on_found)(void *arg, const struct outbox_found *found);
    void *arg;                 /* of both */
    struct delivery *delivery; /* NULL while nothing goes out */
    struct envelope envelope;
    struct outbox *outbox;
    bool numbers_unknown; /* none was given yet, and it is to be asked where they begin */
    LIST_HEAD(, pending) pending;
    struct kept kept;
    struct leaving leaving;
    struct health health;
    struct damage damage;
    struct store_room room;
    struct watched journal, witness;
    bool closed;
    struct known known;
    char now[CLOCK_TEXT_SIZE]; /* as damage takes it */
    struct age age;
    int64_t counted_ms, pruned_ms, opened_ms;
};

static void free_pending(uv_handle_t *handle)
{
    free(handle->data);
}

static void end_pending(struct pending *p)
{
    LIST_REMOVE(p, next);
    event_unref(p->event);
    p->event = NULL;
    uv_close((uv_handle_t *)&p->patience, free_pending);
}

static void offer(struct pending *p)
{
    if (p->offered || !p->events->delivery)
        return;
    p->offered = true;
    uv_timer_stop(&p->patience);
    delivery_offer(p->events->delivery, p->event);
}

static void tell_heard(const struct pending *p, bool stored)
{
    const struct event *event = p->event;
    struct fact fact = {
        .kind = FACT_HEARD,
        .u.heard = {
            .seq = event->seq, .class = event->class, .stored = stored, .handed_us = p->handed_us}};
    fact.u.heard.forgets = p->events->health.forgets[0];
    memcpy(fact.u.heard.id, event->id, sizeof fact.u.heard.id);
    memcpy(fact.u.heard.alarm, event->alarm, sizeof fact.u.heard.alarm);
    memcpy(fact.u.heard.type, event->type, sizeof fact.u.heard.type);
    facts_publish(p->events->facts, &fact);
}

static bool is_late(const struct pending *p)
{
    int64_t patience_ms = p->events->config.storage->commit_wait_ms;
    return clock_monotonic_ms() - p->made_ms > (patience_ms > LATE_MS ? patience_ms : LATE_MS);
}

static void on_stored(void *arg)
{
    struct pending *p = arg;
    p->stored = p->events->health.store_proven = true;
    if (p->is_alone)
        slow_note(&p->events->health.slow, is_late(p));
    tell_heard(p, true);
    offer(p);
    if (p->offered || p->events->closed)
        end_pending(p);
}

static void on_patience(uv_timer_t *timer)
{
    struct pending *p = timer->data;
    log_warning("outbox", "event %llu was not on the disk in time: sent from memory",
                (unsigned long long)p->event->seq);
    tell_heard(p, false);
    offer(p);
}

static bool waits_for_disk(const struct events *ev)
{
    const struct pending *p = LIST_FIRST(&ev->pending);
    while (p && p->stored)
        p = LIST_NEXT(p, next);
    return p != NULL;
}

static struct pending *add_pending(struct events *ev, struct event *event)
{
    struct pending *p = calloc(1, sizeof *p);
    if (!p)
        abort(); /* without memory: start anew, with what is on the disk */
    *p = (struct pending){.events = ev,
                          .event = event,
                          .is_alone = !waits_for_disk(ev),
                          .made_ms = clock_monotonic_ms()};
    LIST_INSERT_HEAD(&ev->pending, p, next);
    uv_timer_init(ev->loop, &p->patience);
    p->patience.data = p;
    return p;
}

static void begin_patience(struct pending *p)
{
    struct events *ev = p->events;
    /* libuv counts from the beginning of the turn: a turn that was long (a start, a reload) would
     * say of a disk that was never asked yet that it was too slow. */
    uv_update_time(ev->loop);
    uv_timer_start(&p->patience, on_patience, (uint64_t)ev->config.storage->commit_wait_ms, 0);
}

static const char *now_text(struct events *ev)
{
    struct clock_stamp now = clock_stamp_at(clock_monotonic_ns(), ev->envelope.floor_ms);
    clock_format_utc(now.wall_ms, ev->now);
    return ev->now;
}

/* `said` NULL: what was said before. */
static void pass_known(struct events *ev, const struct fact_numbers *said)
{
    if (said)
        known_note(&ev->known, said, &ev->damage, now_text(ev));
    if (!ev->numbers_unknown)
        known_pass(&ev->known, &ev->envelope, &ev->damage, now_text(ev));
}

static void begin_numbers(struct events *ev)
{
    struct envelope *envelope = &ev->envelope;
    struct outbox_head head = {envelope->last_seq, envelope->used_seq, {0}};
    if (!ev->numbers_unknown)
        return;
    memcpy(head.digest, envelope->head, sizeof head.digest);
    outbox_begin_numbers(ev->outbox, &head);
    envelope->last_seq = head.last_seq;
    envelope->used_seq = head.used_seq;
    memcpy(envelope->head, head.digest, sizeof envelope->head);
    ev->numbers_unknown = false;
    pass_known(ev, NULL);
}

bool events_may_number(const struct events *ev)
{
    return !ev->numbers_unknown || clock_monotonic_ms() - ev->opened_ms >= FAULTS_MS;
}

uint64_t events_next_seq(struct events *ev)
{
    begin_numbers(ev);
    return envelope_next_seq(&ev->envelope);
}

uint64_t events_emit(struct events *ev, const struct events_new *made)
{
    struct err e;
    struct event *event;
    const struct envelope_content content = {made->type, made->class, made->alarm, made->at_ns,
                                             made->data};
    begin_numbers(ev);
    if (envelope_make(&ev->envelope, &content, &event, &e) != 0) {
        log_error("tocsind", "%s", e.text);
        return 0;
    }
    struct pending *p = add_pending(ev, event);
    begin_patience(p);
    p->handed_us = (clock_monotonic_ns() - made->at_ns) / 1000;
    outbox_store(ev->outbox, event, made->row, made->upload, made->upload_receivers, on_stored, p);
    uint64_t seq = event->seq;
    if (made->class == EVENT_CLASS_PRESS && ev->delivery)
        delivery_prepare_press(ev->delivery, event); /* while the disk works */
    return seq;
}

void events_save_row(struct events *ev, const struct outbox_row *row)
{
    outbox_save_row(ev->outbox, row);
}

struct confirmation {
    struct events *events;
    size_t receiver;
    int64_t answer_seq;
};

static void on_answer_stored(void *arg)
{
    struct confirmation *c = arg;
    if (c->events->delivery)
        delivery_answer_stored(c->events->delivery, c->receiver, c->answer_seq);
    free(c);
}

void events_record_answer(struct events *ev, size_t receiver, const struct uplink_answer *answer,
                          const struct outbox_row *row)
{
    struct confirmation *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    *c = (struct confirmation){ev, receiver, answer->answer_seq};
    outbox_record_answer(ev->outbox, receiver, answer, row, on_answer_stored, c);
}

bool events_when_kept(struct events *ev, kept_handler done, void *arg)
{
    return kept_wait(&ev->kept, done, arg);
}

void events_forget_kept(struct events *ev, const void *arg)
{
    kept_forget(&ev->kept, arg);
}

struct event *events_heartbeat(struct events *ev, json_t *data)
{
    struct event *event = NULL;
    struct err e;
    if (envelope_heartbeat(&ev->envelope, data, &event, &e) != 0)
        log_error("tocsind", "%s", e.text);
    return event;
}

struct clock_stamp events_stamp(const struct events *ev, int64_t at_ns)
{
    return clock_stamp_at(at_ns, ev->envelope.floor_ms);
}

const char *events_boot(const struct events *ev)
{
    return ev->envelope.boot;
}

void events_joined(struct events *ev)
{
    outbox_joined(ev->outbox);
}

struct outbox *events_outbox(const struct events *ev)
{
    return ev->outbox;
}

bool events_idle(const struct events *ev)
{
    return LIST_EMPTY(&ev->pending);
}

static bool is_stuck(const struct events *ev)
{
    int64_t long_ago_ms = clock_monotonic_ms() - SLOW_STORE_MS;
    const struct pending *p = LIST_FIRST(&ev->pending);
    while (p && (p->stored || p->made_ms >= long_ago_ms))
        p = LIST_NEXT(p, next);
    return p != NULL;
}

static void check_store(struct events *ev)
{
    ev->health.is_unread = ev->delivery && delivery_waits_for_store(ev->delivery);
    health_check(&ev->health, is_stuck(ev));
}

bool events_store_works(const struct events *ev)
{
    return health_trouble(&ev->health, is_stuck(ev))[0] == '\0';
}

const char *events_store_trouble(const struct events *ev)
{
    return ev->health.store_reason;
}

static void check_journal(struct events *ev)
{
    watched_take(&ev->journal, FAULT_JOURNAL, outbox_watch_journal(ev->outbox), ev->facts);
}

static void on_store_witness(void *arg, const char *reason)
{
    struct events *ev = arg;
    watched_take(&ev->witness, FAULT_STORE_WITNESS, reason ? reason : "", ev->facts);
}

static void on_store_fault(void *arg, const char *reason)
{
    struct events *ev = arg;
    health_take_fault(&ev->health, reason, is_stuck(ev));
}

static void save_age(struct events *ev)
{
    char *text = age_row(&ev->age, ev->envelope.boot);
    outbox_save_row(ev->outbox, &(struct outbox_row){ROW_AGE, text});
    free(text);
}

static void count_age(struct events *ev, int64_t now_ms)
{
    ev->counted_ms = now_ms;
    age_count(&ev->age, now_ms, ev->envelope.last_seq);
    save_age(ev);
}

static void on_store_damage(void *arg, const char *sentence)
{
    struct events *ev = arg;
    damage_add(&ev->damage, sentence, now_text(ev));
}

static void on_numbers(void *self, const struct fact *fact)
{
    struct events *ev = self;
    if (!ev->closed)
        pass_known(ev, &fact->u.numbers);
}

static void on_store_forgets(void *arg, const char *forgetting)
{
    struct events *ev = arg;
    health_take_forgets(&ev->health, ev->config.storage->state_dir, forgetting);
    ev->kept.forgets = forgetting != NULL;
    check_store(ev);
}

static void on_store_room(void *arg, const struct outbox_room *room)
{
    struct events *ev = arg;
    store_room_take(&ev->room, room, ev->config.storage->state_dir, ev->facts);
}

bool events_have_room(const struct events *ev)
{
    return !ev->room.seen.alarms_only;
}

json_t *events_room(const struct events *ev)
{
    return store_room_json(&ev->room, ev->config.storage->state_dir);
}

/* By no wall clock: one that may be years off makes nothing old (events/age). */
void events_tick(struct events *ev)
{
    int64_t now_ms = clock_monotonic_ms();
    check_store(ev);
    if (now_ms - ev->counted_ms >= COUNT_EVERY_MS)
        count_age(ev, now_ms);
    check_journal(ev);
    if (ev->known.said.newest_seq > 0 && events_may_number(ev))
        begin_numbers(ev);
    if (now_ms - ev->pruned_ms <= PRUNE_EVERY_MS)
        return;
    ev->pruned_ms = now_ms;
    uint64_t last_seq = age_old_seq(&ev->age);
    if (last_seq > 0)
        outbox_prune(ev->outbox, last_seq);
}

static void on_wait(void *arg)
{
    struct events *ev = arg;
    if (ev->on_wait)
        ev->on_wait(ev->arg);
}

/* The chain goes on from the newest event that is known, with a number that none had. */
static void take_head(struct events *ev, const struct outbox_found *found)
{
    ev->numbers_unknown = found->numbers_unknown;
    ev->envelope.last_seq = found->last_seq;
    ev->envelope.used_seq = found->used_seq;
    memcpy(ev->envelope.head, found->head, sizeof ev->envelope.head);
}

static void take_floor(struct events *ev, int64_t wall_ms)
{
    if (wall_ms > ev->envelope.floor_ms)
        ev->envelope.floor_ms = wall_ms;
}

static void load_age(struct events *ev, const struct outbox_found *found)
{
    const char *text = outbox_found_text(found, ROW_AGE);
    int64_t now_ms = clock_monotonic_ms();
    struct err e;
    age_init(&ev->age, ev->config.storage->keep_days * DAY_MS, now_ms);
    if (text && age_load(&ev->age, text, ev->envelope.boot, now_ms, found->last_seq, &e) != 0)
        log_warning("outbox", "%s", e.text);
    age_count(&ev->age, now_ms, found->last_seq);
    ev->counted_ms = now_ms;
}

/* If numbers were given meanwhile, the chain goes on with those: they lie above. */
static void on_store_found(void *arg, const struct outbox_found *found)
{
    struct events *ev = arg;
    if (ev->closed)
        return;
    log_info("outbox", "what the store holds was read: %zu deliver%s of before pending",
             found->pending_count, found->pending_count == 1 ? "y" : "ies");
    if (ev->numbers_unknown)
        take_head(ev, found);
    take_floor(ev, found->newest_wall_ms);
    load_age(ev, found);
    save_age(ev); /* over what was counted without it, which waits to be written */
    damage_catch_up(&ev->damage, found, now_text(ev));
    if (ev->on_found)
        ev->on_found(ev->arg, found);
    events_joined(ev);
}

static int open_outbox(struct events *ev, const char *journal_dir, struct outbox_found *ret_found,
                       struct err *e)
{
    const struct config_receivers *to = ev->config.receivers;
    const struct config_storage *storage = ev->config.storage;
    const char *receivers[LIMIT_RECEIVERS];
    for (size_t i = 0; i < to->count; i++)
        receivers[i] = to->items[i].id;
    struct outbox_options options = {.dir = storage->state_dir,
                                     .makes_dir = true,
                                     .gateway = ev->config.site->id,
                                     .receivers = receivers,
                                     .receiver_count = to->count,
                                     .reserve_events = storage->reserve_events,
                                     .journal_dir = journal_dir,
                                     .look_after_ms = LOOK_AFTER_MS,
                                     .prove_every_ms = PROVE_EVERY_MS,
                                     .start_wait_ms = START_WAIT_MS,
                                     .numbers_wait_ms = NUMBERS_MS};
    struct outbox_host host = {.on_fault = on_store_fault,
                               .on_damage = on_store_damage,
                               .on_forgets = on_store_forgets,
                               .on_room = on_store_room,
                               .on_witness = on_store_witness,
                               .on_found = on_store_found,
                               .on_wait = on_wait,
                               .arg = ev};
    return err_prefix(e, outbox_open(ev->loop, &options, &host, &ev->outbox, ret_found, e),
                      "storage");
}

/* What only the journal has goes on its way: to the store as if made now, to the receivers by what
 * was found pending (delivery_open), from memory if the disk takes nothing. */
static void take_restored(struct events *ev, const struct outbox_found *found)
{
    for (size_t i = 0; i < found->restored_count; i++) {
        struct pending *p = add_pending(ev, event_ref(found->restored[i].event));
        p->offered = true;
        outbox_store_again(ev->outbox, &found->restored[i], on_stored, p);
    }
}

int events_open(const struct events_options *options, struct events **ret_events,
                struct outbox_found *ret_found, struct err *e)
{
    struct events *ev = calloc(1, sizeof *ev);
    if (!ev)
        return err_set(e, ENOMEM, "events: out of memory");
    ev->loop = options->loop;
    ev->facts = ev->health.facts = options->facts;
    ev->on_wait = options->on_wait;
    ev->on_found = options->on_found;
    ev->arg = options->arg;
    ev->config = options->config;
    ev->pruned_ms = ev->opened_ms = clock_monotonic_ms();
    int result = envelope_init(&ev->envelope, ev->config.site->id, e);
    if (result == 0)
        result = open_outbox(ev, options->journal_dir, ret_found, e);
    if (result != 0) {
        free(ev);
        return result;
    }
    kept_init(&ev->kept, ev->loop, ev->facts, ev->outbox, ev->config.storage->commit_wait_ms);
    take_head(ev, ret_found);
    take_floor(ev, clock_build_ms());
    take_floor(ev, ret_found->newest_wall_ms);
    damage_open(&ev->damage, ev->facts, ev->outbox, ret_found, now_text(ev));
    if (ret_found->earlier)
        damage_catch_up(&ev->damage, ret_found->earlier, now_text(ev));
    take_restored(ev, ret_found);
    load_age(ev, ret_found);
    facts_subscribe(ev->facts, FACT_BIT(FACT_NUMBERS), on_numbers, ev);
    *ret_events = ev;
    return 0;
}

void events_connect(struct events *ev, struct delivery *delivery)
{
    ev->delivery = delivery;
    for (struct pending *p = LIST_FIRST(&ev->pending), *next; p; p = next) {
        next = LIST_NEXT(p, next);
        if (!p->stored)
            continue;
        offer(p);
        end_pending(p);
    }
}

void events_disconnect(struct events *ev)
{
    if (ev)
        ev->delivery = NULL;
}

bool events_busy(struct events *ev)
{
    return leaving_waits(&ev->leaving, ev->outbox, waits_for_disk(ev));
}

size_t events_close(struct events *ev)
{
    if (!ev || ev->closed)
        return 0;
    ev->closed = true;
    ev->delivery = NULL;
    kept_close(&ev->kept);
    size_t lost = outbox_close(ev->outbox, leaving_rest_ms(&ev->leaving));
    while (lost == 0 && !LIST_EMPTY(&ev->pending))
        end_pending(LIST_FIRST(&ev->pending));
    return lost;
}

void events_free(struct events *ev)
{
    if (ev)
        damage_close(&ev->damage);
    free(ev);
}

bool events_accept_damage(struct events *ev, const char *by, const char *note)
{
    return damage_accept(&ev->damage, by, note);
}

json_t *events_status(const struct events *ev)
{
    size_t waiting = 0;
    const struct pending *p;
    LIST_FOREACH(p, &ev->pending, next)
    waiting += !p->stored;
    return json_pack(
        "{ss,ss,sI,sI,ss,ss,so,so}", "state", events_store_works(ev) ? "good" : "fault", "reason",
        health_trouble(&ev->health, is_stuck(ev)), "head_seq", (json_int_t)ev->envelope.last_seq,
        "in_memory", (json_int_t)waiting, "journal", ev->journal.reason, "witness_reason",
        ev->witness.reason, "damage", damage_status(&ev->damage), "room", events_room(ev));
}
