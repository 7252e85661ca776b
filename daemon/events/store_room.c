/* SPDX-License-Identifier: Apache-2.0 */
#include "events/store_room.h"

#include <stdio.h>

#include "base/clock.h"

#define MIB (1 << 20)

/* Less than what is taken in advance is left beside it: the next thing that grows takes it. */
static void write_reason(const struct store_room *room, const char *dir, char *ret, size_t size)
{
    const struct outbox_room *seen = &room->seen;
    if (seen->alarms_only)
        snprintf(ret, size,
                 "%s: the disk is full, and the reserve has room for alarms alone, %lld of %lld: "
                 "what became of deliveries, clips and lesser faults are not stored",
                 dir, (long long)seen->held_events, (long long)seen->reserve_events);
    else
        snprintf(ret, size,
                 "%s: %lld MiB are free, less than %lld; the reserve has room for %lld "
                 "alarms",
                 dir, (long long)(seen->free_bytes / MIB), (long long)(2 * seen->keep_bytes / MIB),
                 (long long)seen->held_events);
}

/* Its words are those of the moment when it became so: a number that changes is in `status`. */
static void state(const struct store_room *room, const char *dir, struct facts *facts)
{
    char reason[FACT_TEXT_SIZE];
    bool is_good = room->state == DISK_ROOM_GOOD && !room->seen.alarms_only;
    write_reason(room, dir, reason, sizeof reason);
    facts_state_fault(facts, FAULT_STORE_ROOM, NULL, is_good ? NULL : reason);
}

void store_room_take(struct store_room *room, const struct outbox_room *seen, const char *dir,
                     struct facts *facts)
{
    enum disk_room next = disk_room_next(room->state, seen->free_bytes, seen->keep_bytes);
    bool is_news =
        room->seen_ms == 0 || next != room->state || seen->alarms_only != room->seen.alarms_only;
    room->seen = *seen;
    room->seen_ms = clock_monotonic_ms();
    room->state = next;
    if (is_news)
        state(room, dir, facts);
}

/* Of the disk alone: what is taken in advance is not there to be short of. */
static const char *state_name(const struct store_room *room)
{
    enum disk_room state = room->state == DISK_ROOM_GOOD ? DISK_ROOM_GOOD : DISK_ROOM_SHORT;
    return disk_room_name(room->seen.alarms_only ? DISK_ROOM_FULL : state);
}

json_t *store_room_json(const struct store_room *room, const char *dir)
{
    const struct outbox_room *seen = &room->seen;
    if (room->seen_ms == 0)
        return json_pack("{ss,ss}", "dir", dir, "state", "unknown");
    json_t *object = json_pack("{ss,ss,sI,sI,sb,sI}", "dir", dir, "state", state_name(room),
                               "reserve_events", (json_int_t)seen->reserve_events, "reserve_left",
                               (json_int_t)seen->held_events, "alarms_only", seen->alarms_only,
                               "age_ms", (json_int_t)(clock_monotonic_ms() - room->seen_ms));
    if (seen->free_bytes != DISK_FREE_UNKNOWN)
        json_object_set_new(object, "free_bytes", json_integer(seen->free_bytes));
    return object;
}
