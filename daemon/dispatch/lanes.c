/* SPDX-License-Identifier: Apache-2.0 */
#include "dispatch/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"

#define BASE_MS        250
#define CAP_MS         5000
#define PATIENCE_MS    (10 * 60 * 1000) /* after this long the cap becomes SLOW_CAP_MS */
#define SLOW_CAP_MS    60000
#define REFUSED_MS     60000
#define AFTER_REFUSAL  1000 /* the lane's own pause, so that a refusing receiver is not flooded */
#define RETRY_WISH_MAX 10000

void lanes_add(struct lanes *lanes, struct entry *entry)
{
    struct entry **at = &lanes->first;
    while (*at && (*at)->seq < entry->seq)
        at = &(*at)->next;
    entry->next = *at;
    *at = entry;
    lanes->count++;
}

static enum uplink_lane home_lane(const struct entry *entry)
{
    switch (entry->class) {
    case EVENT_CLASS_PRESS:
        return entry->attempts == 0 ? UPLINK_LANE_PRESS : UPLINK_LANE_LATE;
    case EVENT_CLASS_MANIFEST:
        return UPLINK_LANE_MANIFEST;
    case EVENT_CLASS_FOLLOWUP:
    case EVENT_CLASS_HEARTBEAT:
        return UPLINK_LANE_FOLLOWUP;
    }
    return UPLINK_LANE_FOLLOWUP;
}

/* Whether an earlier event of the same incident has not arrived yet. */
static bool must_wait_for_earlier(const struct lanes *lanes, const struct entry *entry)
{
    if (entry->class == EVENT_CLASS_PRESS || entry->alarm[0] == '\0')
        return false;
    for (const struct entry *e = lanes->first; e && e->seq < entry->seq; e = e->next) {
        if (strcmp(e->alarm, entry->alarm) == 0 && e->class != EVENT_CLASS_MANIFEST)
            return true;
    }
    return false;
}

static struct entry *start(struct lanes *lanes, struct entry *entry, enum uplink_lane lane)
{
    entry->in_flight = true;
    entry->lane = lane;
    lanes->lane[lane].in_flight = entry;
    return entry;
}

/* A press that was never tried waits for nothing: any free lane will do. */
static struct entry *next_fresh_press(struct lanes *lanes)
{
    for (struct entry *e = lanes->first; e; e = e->next) {
        if (e->in_flight || home_lane(e) != UPLINK_LANE_PRESS)
            continue;
        for (int lane = 0; lane < LANES_SENDING; lane++) {
            if (!lanes->lane[lane].in_flight)
                return start(lanes, e, (enum uplink_lane)lane);
        }
        return NULL;
    }
    return NULL;
}

static struct entry *next_in_lane(struct lanes *lanes, enum uplink_lane which, int64_t now_ms,
                                  int64_t *wake_ms)
{
    struct lane *lane = &lanes->lane[which];
    if (lane->in_flight)
        return NULL;
    for (struct entry *e = lanes->first; e; e = e->next) {
        if (e->in_flight || home_lane(e) != which || must_wait_for_earlier(lanes, e))
            continue;
        int64_t due_ms = e->due_ms > lane->due_ms ? e->due_ms : lane->due_ms;
        if (due_ms <= now_ms)
            return start(lanes, e, which);
        if (due_ms < *wake_ms)
            *wake_ms = due_ms;
        if (lane->due_ms > now_ms)
            return NULL; /* the whole lane waits */
    }
    return NULL;
}

struct entry *lanes_next(struct lanes *lanes, int64_t now_ms, int64_t *ret_wake_ms)
{
    *ret_wake_ms = INT64_MAX;
    struct entry *entry = next_fresh_press(lanes);
    for (int lane = UPLINK_LANE_LATE; !entry && lane < LANES_SENDING; lane++)
        entry = next_in_lane(lanes, (enum uplink_lane)lane, now_ms, ret_wake_ms);
    return entry;
}

static void leave_lane(struct lanes *lanes, struct entry *entry)
{
    lanes->lane[entry->lane].in_flight = NULL;
    entry->in_flight = false;
}

void lanes_delivered(struct lanes *lanes, struct entry *entry, int64_t now_ms)
{
    struct lane *lane = &lanes->lane[entry->lane];
    leave_lane(lanes, entry);
    lane->failures = 0;
    lane->failing_ms = 0;
    lane->due_ms = now_ms;
    struct entry **at = &lanes->first;
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    lanes->count--;
    event_unref(entry->event);
    free(entry);
}

void lanes_failed(struct lanes *lanes, struct entry *entry, bool refused, int64_t now_ms,
                  int64_t retry_after_ms, uint32_t random)
{
    leave_lane(lanes, entry);
    entry->attempts++;
    /* A press whose first try failed in whatever lane goes on as a late one. */
    struct lane *lane = &lanes->lane[home_lane(entry)];
    if (refused) {
        entry->due_ms = now_ms + REFUSED_MS;
        lane->due_ms = now_ms + AFTER_REFUSAL;
        return;
    }
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

void lanes_hurry(struct lanes *lanes)
{
    for (int i = 0; i < LANES_SENDING; i++)
        lanes->lane[i].due_ms = 0;
}

void lanes_forgive(struct lanes *lanes)
{
    lanes_hurry(lanes);
    for (struct entry *e = lanes->first; e; e = e->next)
        e->due_ms = 0;
}

bool lanes_press_pending(const struct lanes *lanes)
{
    for (const struct entry *e = lanes->first; e; e = e->next) {
        if (e->class == EVENT_CLASS_PRESS)
            return true;
    }
    return false;
}

void lanes_finish(struct lanes *lanes)
{
    while (lanes->first) {
        struct entry *entry = lanes->first;
        lanes->first = entry->next;
        event_unref(entry->event);
        free(entry);
    }
    *lanes = (struct lanes){0};
}
