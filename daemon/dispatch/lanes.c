/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch/lanes.h"

#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "iface/limits.h"

#define BASE_MS        250
#define CAP_MS         LIMIT_RETRY_MS
#define PATIENCE_MS    (10 * 60 * 1000) /* after this long the cap becomes SLOW_CAP_MS */
#define SLOW_CAP_MS    LIMIT_RETRY_SLOW_MS
#define REFUSED_MS     LIMIT_RETRY_SLOW_MS /* for so long it is the event, and no proxy of a moment */
#define AFTER_REFUSAL  1000 /* the lane's own pause, so that a refusing receiver is not flooded */
#define BEHIND_PRESSES (INT64_C(1) << 62) /* above any seq */
#define RETRY_WISH_MAX LIMIT_RETRY_WISH_MS

/* What is pending of one incident. */
struct lanes_incident {
    char alarm[UUID_TEXT_SIZE];
    size_t count;            /* entries that belong to it */
    struct heap undelivered; /* what the later ones wait for, by seq: no manifests */
    struct heap behind;      /* those whose turn came too early, by seq */
};

static int compare_seq(const void *a, const void *b)
{
    const struct delivery *left = a, *right = b;
    return (left->seq > right->seq) - (left->seq < right->seq);
}

static int compare_alarm(const void *a, const void *b)
{
    const struct lanes_incident *left = a, *right = b;
    return strcmp(left->alarm, right->alarm);
}

static void index_seq(struct lanes *lanes, struct delivery *entry)
{
    struct delivery **found = tsearch(entry, &lanes->by_seq, compare_seq);
    if (!found)
        abort();
    assert(*found == entry);
}

static struct lanes_incident *find_or_make_incident(struct lanes *lanes, const char *alarm)
{
    struct lanes_incident *made = calloc(1, sizeof *made), **found;
    if (!made)
        abort();
    memcpy(made->alarm, alarm, sizeof made->alarm);
    found = tsearch(made, &lanes->by_alarm, compare_alarm);
    if (!found)
        abort();
    if (*found != made)
        free(made);
    return *found;
}

static bool is_urgent(const struct delivery *entry)
{
    return lanes_is_urgent(entry->class, entry->alarm);
}

static enum uplink_lane home_lane(const struct delivery *entry)
{
    if (is_urgent(entry))
        return entry->attempts == 0 ? UPLINK_LANE_PRESS : UPLINK_LANE_LATE;
    return entry->class == EVENT_CLASS_MANIFEST ? UPLINK_LANE_MANIFEST : UPLINK_LANE_FOLLOWUP;
}

static void enter_queue(struct delivery *entry, struct heap *queue, int64_t key)
{
    entry->queue = queue;
    heap_add(queue, &entry->place, key);
}

static void leave_queue(struct delivery *entry)
{
    heap_remove(entry->queue, &entry->place);
}

/* Presses before all else. */
static void make_ready(struct lanes *lanes, struct delivery *entry)
{
    int64_t behind = entry->class == EVENT_CLASS_PRESS ? 0 : BEHIND_PRESSES;
    enter_queue(entry, &lanes->lane[home_lane(entry)].ready, behind + (int64_t)entry->seq);
}

static struct delivery *at_place(struct heap_node *node)
{
    return node ? HEAP_OWNER(node, struct delivery, place) : NULL;
}

/* Whether an earlier event of the same incident has not arrived yet. */
static bool must_wait_for_earlier(const struct delivery *entry)
{
    if (entry->class == EVENT_CLASS_PRESS || !entry->incident)
        return false;
    const struct heap_node *earliest = entry->incident->undelivered.first;
    return earliest && earliest->key < (int64_t)entry->seq;
}

/* From now on the later events of its incident wait for it. */
static void hold_later(struct delivery *entry)
{
    if (!entry->incident || entry->class == EVENT_CLASS_MANIFEST || entry->holds)
        return;
    heap_add(&entry->incident->undelivered, &entry->undelivered, (int64_t)entry->seq);
    entry->holds = true;
}

static void put_behind(struct delivery *entry)
{
    enter_queue(entry, &entry->incident->behind, (int64_t)entry->seq);
}

void lanes_add(struct lanes *lanes, struct delivery *entry)
{
    index_seq(lanes, entry);
    LIST_INSERT_HEAD(&lanes->all, entry, all);
    heap_add(&lanes->waiting, &entry->age, entry->since_ms);
    lanes->count++;
    lanes->urgent += is_urgent(entry);
    if (entry->alarm[0]) {
        entry->incident = find_or_make_incident(lanes, entry->alarm);
        entry->incident->count++;
        hold_later(entry);
    }
    if (must_wait_for_earlier(entry))
        put_behind(entry);
    else
        make_ready(lanes, entry);
}

/* It has been delivered, or is refused again and again: what stood only behind it may go. */
static void release_later(struct lanes *lanes, struct delivery *entry)
{
    struct lanes_incident *incident = entry->incident;
    if (!incident)
        return;
    if (entry->holds)
        heap_remove(&incident->undelivered, &entry->undelivered);
    entry->holds = false;
    while ((entry = at_place(incident->behind.first)) && !must_wait_for_earlier(entry)) {
        leave_queue(entry);
        make_ready(lanes, entry);
    }
}

static struct delivery *start(struct lanes *lanes, struct delivery *entry, enum uplink_lane lane,
                              int64_t now_ms)
{
    leave_queue(entry);
    entry->asked_ms = now_ms;
    entry->in_flight = true;
    entry->lane = lane;
    lanes->lane[lane].in_flight = entry;
    return entry;
}

/* The first that is ready and waits for no earlier one; what does is put where it belongs. */
static struct delivery *first_free(struct lane *lane)
{
    struct delivery *entry;
    while ((entry = at_place(lane->ready.first)) && must_wait_for_earlier(entry)) {
        leave_queue(entry);
        put_behind(entry); /* an earlier one was read back after it, or is tried again */
    }
    return entry;
}

/* Its own lane is kept for the next press, though a receiver hangs with all that is tried, and that
 * of late ones for those; but a press takes any. */
static bool is_kept_from(const struct lanes *lanes, const struct delivery *entry, int lane)
{
    return entry->class != EVENT_CLASS_PRESS &&
           (lane == UPLINK_LANE_PRESS ||
            (lane == UPLINK_LANE_LATE && lanes->lane[lane].ready.first));
}

/* What is urgent and was never tried waits for no lane: any free one will do. */
static struct delivery *next_fresh(struct lanes *lanes, int64_t now_ms)
{
    struct delivery *entry = first_free(&lanes->lane[UPLINK_LANE_PRESS]);
    for (int lane = 0; entry && lane < LANES_SENDING; lane++) {
        if (!lanes->lane[lane].in_flight && !is_kept_from(lanes, entry, lane))
            return start(lanes, entry, (enum uplink_lane)lane, now_ms);
    }
    return NULL;
}

static void end_refusal(struct lanes *lanes, struct delivery *entry)
{
    leave_queue(entry);
    hold_later(entry);
    make_ready(lanes, entry);
}

static void end_refusals(struct lanes *lanes, struct heap *refused, int64_t until_ms)
{
    struct delivery *entry;
    while ((entry = at_place(refused->first)) && entry->place.key <= until_ms)
        end_refusal(lanes, entry);
}

/* The first of the lane that could go if the lane may; the rest is put where it belongs. */
static struct delivery *first_ready(struct lanes *lanes, struct lane *lane, int64_t now_ms)
{
    end_refusals(lanes, &lane->doubted, now_ms);
    end_refusals(lanes, &lane->refused, now_ms);
    return first_free(lane);
}

/* When the first that was refused is tried again. */
static int64_t refusal_ends_ms(const struct lane *lane)
{
    int64_t doubted_ms = lane->doubted.first ? lane->doubted.first->key : INT64_MAX;
    int64_t refused_ms = lane->refused.first ? lane->refused.first->key : INT64_MAX;
    return doubted_ms < refused_ms ? doubted_ms : refused_ms;
}

static struct delivery *next_in_lane(struct lanes *lanes, enum uplink_lane which, int64_t now_ms,
                                     int64_t *wake_ms)
{
    struct lane *lane = &lanes->lane[which];
    if (lane->in_flight)
        return NULL;
    struct delivery *entry = first_ready(lanes, lane, now_ms);
    if (entry && lane->due_ms <= now_ms)
        return start(lanes, entry, which, now_ms);
    int64_t due_ms = lane->due_ms;
    if (!entry && refusal_ends_ms(lane) > due_ms)
        due_ms = refusal_ends_ms(lane);
    if (due_ms < *wake_ms)
        *wake_ms = due_ms;
    return NULL;
}

struct delivery *lanes_next(struct lanes *lanes, int64_t now_ms, int64_t *ret_wake_ms)
{
    *ret_wake_ms = INT64_MAX;
    struct delivery *entry = next_fresh(lanes, now_ms);
    for (int lane = UPLINK_LANE_LATE; !entry && lane < LANES_SENDING; lane++)
        entry = next_in_lane(lanes, (enum uplink_lane)lane, now_ms, ret_wake_ms);
    return entry;
}

static void leave_lane(struct lanes *lanes, struct delivery *entry)
{
    lanes->lane[entry->lane].in_flight = NULL;
    entry->in_flight = false;
}

static void leave_incident(struct lanes *lanes, struct delivery *entry)
{
    struct lanes_incident *incident = entry->incident;
    if (!incident)
        return;
    release_later(lanes, entry);
    if (--incident->count > 0)
        return;
    tdelete(incident, &lanes->by_alarm, compare_alarm);
    free(incident);
}

static void keep_refusal(struct delivery *entry, const char *refusal)
{
    char *kept = refusal ? strdup(refusal) : NULL;
    if (refusal && !kept)
        abort();
    free(entry->refusal);
    entry->refusal = kept;
}

static void set_refused(struct lanes *lanes, struct delivery *entry, const char *refusal,
                        int64_t now_ms)
{
    const bool refused = refusal != NULL;
    keep_refusal(entry, refusal);
    lanes->refused += refused;
    lanes->refused -= entry->refusals > 0;
    if (refused && entry->refusals == 0)
        entry->refused_ms = now_ms;
    entry->refusals = refused ? entry->refusals + 1 : 0;
    bool was_bad = entry->is_bad;
    entry->is_bad = refused && (entry->is_rotten || now_ms - entry->refused_ms >= REFUSED_MS);
    if (is_urgent(entry)) { /* clips do not wait for a bad one */
        lanes->urgent += was_bad;
        lanes->urgent -= entry->is_bad;
    }
}

static void forget(struct lanes *lanes, struct delivery *entry)
{
    set_refused(lanes, entry, NULL, 0);
    tdelete(entry, &lanes->by_seq, compare_seq);
    LIST_REMOVE(entry, all);
    heap_remove(&lanes->waiting, &entry->age);
    lanes->count--;
    lanes->urgent -= is_urgent(entry);
    event_unref(entry->event);
    free(entry);
}

void lanes_delivered(struct lanes *lanes, struct delivery *entry, int64_t now_ms)
{
    struct lane *lane = &lanes->lane[entry->lane];
    leave_lane(lanes, entry);
    lane->failures = 0;
    lane->failing_ms = 0;
    lane->due_ms = now_ms;
    leave_incident(lanes, entry);
    forget(lanes, entry);
}

static void put_aside(struct lanes *lanes, struct lane *lane, struct delivery *entry,
                      int64_t now_ms, uint32_t random)
{
    int64_t delay_ms = REFUSED_MS;
    if (is_urgent(entry) && !entry->is_rotten && now_ms - entry->refused_ms < PATIENCE_MS)
        delay_ms = backoff_delay_ms(entry->refusals, BASE_MS, CAP_MS, random);
    bool is_doubted = entry->refusals == 1 && !entry->is_rotten;
    enter_queue(entry, is_doubted ? &lane->doubted : &lane->refused, now_ms + delay_ms);
    lane->due_ms = now_ms + AFTER_REFUSAL;
    if (entry->is_bad)
        release_later(lanes, entry);
}

void lanes_failed(struct lanes *lanes, struct delivery *entry, const char *refusal, int64_t now_ms,
                  int64_t retry_after_ms, uint32_t random)
{
    leave_lane(lanes, entry);
    entry->attempts++;
    set_refused(lanes, entry, refusal, now_ms);
    /* What was urgent, and whose first try failed in whatever lane, goes on as a late one. */
    struct lane *lane = &lanes->lane[home_lane(entry)];
    if (refusal) {
        put_aside(lanes, lane, entry, now_ms, random);
        return;
    }
    make_ready(lanes, entry);
    if (lane->failing_ms == 0)
        lane->failing_ms = now_ms;
    if (lane->failures < UINT32_MAX)
        lane->failures++;
    bool patient = now_ms - lane->failing_ms > PATIENCE_MS;
    int64_t delay_ms =
        backoff_delay_ms(lane->failures, BASE_MS, patient ? SLOW_CAP_MS : CAP_MS, random);
    if (retry_after_ms > RETRY_WISH_MAX)
        retry_after_ms = RETRY_WISH_MAX;
    lane->due_ms = now_ms + (delay_ms > retry_after_ms ? delay_ms : retry_after_ms);
}

bool lanes_is_refused_for_good(const struct delivery *entry, int64_t now_ms)
{
    int64_t patience_ms = is_urgent(entry) ? PATIENCE_MS : REFUSED_MS;
    return entry->refusals > 0 && (entry->is_rotten || now_ms - entry->refused_ms >= patience_ms);
}

static void drop(struct lanes *lanes, struct delivery *entry)
{
    leave_queue(entry);
    leave_incident(lanes, entry);
    forget(lanes, entry);
}

void lanes_give_up(struct lanes *lanes, struct delivery *entry)
{
    assert(entry->refusals > 0 && !entry->in_flight);
    drop(lanes, entry);
}

void lanes_hurry(struct lanes *lanes)
{
    for (int i = 0; i < LANES_SENDING; i++)
        lanes->lane[i].due_ms = 0;
}

void lanes_proven(struct lanes *lanes)
{
    for (int i = 0; i < LANES_SENDING; i++)
        end_refusals(lanes, &lanes->lane[i].doubted, INT64_MAX);
}

void lanes_forgive(struct lanes *lanes)
{
    lanes_hurry(lanes);
    lanes_proven(lanes);
    for (int i = 0; i < LANES_SENDING; i++)
        end_refusals(lanes, &lanes->lane[i].refused, INT64_MAX);
}

void lanes_keep(struct lanes *lanes, uint32_t classes)
{
    struct delivery *next;
    for (struct delivery *entry = LIST_FIRST(&lanes->all); entry; entry = next) {
        next = LIST_NEXT(entry, all);
        if (entry->in_flight || (classes & UPLINK_TAKES(entry->class)))
            continue;
        drop(lanes, entry);
    }
}

bool lanes_urgent_pending(const struct lanes *lanes)
{
    return lanes->urgent > 0;
}

static bool waits_for_store(const struct lane *lane, int64_t now_ms)
{
    const struct delivery *entry = lane->in_flight;
    return entry && !entry->event && now_ms - entry->asked_ms >= LIMIT_DISK_MS;
}

bool lanes_wait_for_store(const struct lanes *lanes, int64_t now_ms)
{
    int lane = 0;
    while (lane < LANES_SENDING && !waits_for_store(&lanes->lane[lane], now_ms))
        lane++;
    return lane < LANES_SENDING;
}

/* Of one lane, what is with the receiver now, or would be next. */
static int64_t oldest_of(const struct lane *lane, int64_t now_ms)
{
    const struct delivery *entry = lane->in_flight ? lane->in_flight : at_place(lane->ready.first);
    return entry && !waits_for_store(lane, now_ms) ? entry->since_ms : INT64_MAX;
}

int64_t lanes_oldest_ms(const struct lanes *lanes, int64_t now_ms)
{
    int64_t oldest_ms = lanes->waiting.first ? lanes->waiting.first->key : INT64_MAX;
    if (lanes_wait_for_store(lanes, now_ms)) {
        oldest_ms = INT64_MAX;
        for (int i = 0; i < LANES_SENDING; i++) {
            int64_t one_ms = oldest_of(&lanes->lane[i], now_ms);
            oldest_ms = one_ms < oldest_ms ? one_ms : oldest_ms;
        }
    }
    return oldest_ms > lanes->excused_ms ? oldest_ms : lanes->excused_ms;
}

/* What stood behind it is late by that, and not by the receiver; unless something else has waited
 * for that for longer. */
void lanes_loaded(struct lanes *lanes, struct delivery *entry, struct event *event, int64_t now_ms)
{
    if (waits_for_store(&lanes->lane[entry->lane], now_ms) &&
        lanes_oldest_ms(lanes, now_ms) >= entry->asked_ms)
        lanes->excused_ms = now_ms;
    entry->event = event_ref(event);
    entry->is_rotten = event->is_rotten;
}

struct delivery *lanes_find(const struct lanes *lanes, uint64_t seq)
{
    const struct delivery wanted = {.seq = seq};
    struct delivery *const *found = tfind(&wanted, &lanes->by_seq, compare_seq);
    return found ? *found : NULL;
}

void lanes_finish(struct lanes *lanes)
{
    struct delivery *entry;
    while ((entry = LIST_FIRST(&lanes->all))) {
        struct lanes_incident *incident = entry->incident;
        if (incident && --incident->count == 0) {
            tdelete(incident, &lanes->by_alarm, compare_alarm);
            free(incident);
        }
        forget(lanes, entry);
    }
    *lanes = (struct lanes){0};
}
