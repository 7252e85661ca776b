/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/room.h"

#include "base/clock.h"
#include "base/log.h"

#define EVENT_BYTES       2048
#define PIECE_BYTES       (32 << 10) /* what a press may have to wait for */
#define FIRST_PIECE_BYTES (256 << 10)
#define SHARE             4 /* the disk is a press's for so many times as long as a piece took */
#define REST_NS           INT64_C(5000000)
#define PERIOD_NS         INT64_C(3600000000000)

void room_init(struct room *room, int64_t events)
{
    *room = (struct room){.events = events};
}

/* A quarter is used up before it is refilled, not one event at a time. What is free already is
 * taken first, so that only the whole shows what is to be had. */
static int look(struct store *s, struct room *room)
{
    int64_t wanted = room->events * EVENT_BYTES;
    if (store_free_bytes(s) >= wanted / 4 * 3)
        return 0;
    room->left = wanted;
    room->step = ROOM_TAKE;
    return 1;
}

static int take(struct store *s, struct room *room)
{
    struct err e;
    int bytes = room->is_first ? FIRST_PIECE_BYTES : PIECE_BYTES;
    int result = store_fill(s, bytes, &e);
    room->left -= bytes;
    if (result != 0)
        log_warning("outbox", "no room taken in advance for %lld events: %s",
                    (long long)room->events, e.text);
    if (result != 0 || room->left <= 0)
        room->step = ROOM_GIVE_BACK;
    bool is_long = room->is_first ? store_log_has_its_room(s) : store_log_is_long(s);
    if (room->step == ROOM_GIVE_BACK || is_long)
        store_checkpoint(s);
    return 1;
}

static int give_back(struct store *s, struct room *room, struct err *e)
{
    int result = store_empty(s, e);
    if (result == 0)
        room->step = ROOM_LOOK;
    if (result == 0 || store_log_is_long(s))
        store_checkpoint(s);
    return result;
}

static int step(struct store *s, struct room *room, struct err *e)
{
    switch (room->step) {
    case ROOM_LOOK:
        return look(s, room);
    case ROOM_TAKE:
        return take(s, room);
    case ROOM_GIVE_BACK:
        break;
    }
    return give_back(s, room, e);
}

int room_go_on(struct store *s, struct room *room, struct err *e)
{
    int64_t began_ns = clock_monotonic_ns();
    int result = step(s, room, e);
    room->again_in_ns =
        result == 0 ? PERIOD_NS : REST_NS + SHARE * (clock_monotonic_ns() - began_ns);
    return result;
}

void room_take_first(struct store *s, int64_t events)
{
    struct room room = {
        .events = events, .left = STORE_LOG_BYTES, .is_first = true, .step = ROOM_TAKE};
    struct err e;
    int result;
    while ((result = room_go_on(s, &room, &e)) > 0)
        continue;
    if (result != 0)
        log_warning("outbox", "%s", e.text);
}
