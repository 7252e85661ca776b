/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/clock.h"
#include "clips/internal.h"

#define MIB (1 << 20)

/* Its words are those of the moment when it became so: a number that changes is in `status`. */
static void state(const struct clips *cl)
{
    const struct message_room *room = &cl->room;
    char reason[FACT_TEXT_SIZE];
    bool is_full = room->state == DISK_ROOM_FULL;
    snprintf(reason, sizeof reason, "%s: %lld MiB are free, less than %lld: %s",
             cl->options.config.video->dir, (long long)(room->free_bytes / MIB),
             (long long)((is_full ? 1 : 2) * room->keep_bytes / MIB),
             is_full ? "no clip is begun" : "when they are half of that no clip is begun");
    facts_state_fault(cl->options.facts, FAULT_VIDEO_ROOM, NULL,
                      room->state == DISK_ROOM_GOOD ? NULL : reason);
}

void room_take(struct clips *cl, const struct message_room *room)
{
    if (room->free_bytes == DISK_FREE_UNKNOWN) {
        room_lost(cl);
        return;
    }
    bool is_news = cl->room_ms == 0 || room->state != cl->room.state;
    cl->room = *room;
    cl->room_ms = clock_monotonic_ms();
    if (is_news)
        state(cl);
}

/* Nobody tells of it any more. */
void room_lost(struct clips *cl)
{
    cl->room_ms = 0;
}

json_t *clips_room(const struct clips *cl)
{
    const char *dir = cl->options.config.video->dir;
    if (cl->camera_count == 0)
        return NULL;
    if (cl->room_ms == 0)
        return json_pack("{ss,ss}", "dir", dir, "state", "unknown");
    return json_pack("{ss,ss,sI,sI,sI}", "dir", dir, "state", disk_room_name(cl->room.state),
                     "free_bytes", (json_int_t)cl->room.free_bytes, "keep_free",
                     (json_int_t)cl->room.keep_bytes, "age_ms",
                     (json_int_t)(clock_monotonic_ms() - cl->room_ms));
}
