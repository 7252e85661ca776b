/* SPDX-License-Identifier: Apache-2.0 */
#include "outbox/room.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/disk_room.h"
#include "base/log.h"

#define PIECE_BYTES       (32 << 10) /* what a press may have to wait for */
#define FIRST_PIECE_BYTES (256 << 10)
#define SHARE             4 /* the disk is a press's for so many times as long as a piece took */
#define REST_NS           INT64_C(5000000)

static int64_t alarm_bytes(const struct room *room)
{
    return room->events * ROOM_EVENT_BYTES;
}

static int64_t wanted_bytes(const struct room *room)
{
    return 2 * alarm_bytes(room);
}

void room_init(struct room *room, int64_t events, int64_t ask_ns)
{
    *room = (struct room){
        .events = events, .ask_ns = ask_ns, .seen = {.free_bytes = DISK_FREE_UNKNOWN}};
    room->seen.reserve_events = events;
    room->seen.keep_bytes = wanted_bytes(room);
}

void room_measure(const struct store *s, struct room *room)
{
    char folder[sizeof s->path];
    snprintf(folder, sizeof folder, "%s", s->path);
    *strrchr(folder, '/') = '\0';
    room->seen.free_bytes = disk_free_bytes(folder);
}

/* What is to be had: not the last of the disk, and none of one that does not have it. */
static int64_t gain_bytes(const struct room *room, int64_t have)
{
    int64_t missing = wanted_bytes(room) - have;
    int64_t spare = room->seen.free_bytes - ROOM_SPARE_BYTES;
    if (room->seen.free_bytes == DISK_FREE_UNKNOWN || spare > missing)
        return missing;
    return spare >= wanted_bytes(room) / 8 ? spare : 0;
}

/* A quarter is used up before it is refilled, not one event at a time. What is free already is
 * taken first, so that only the whole shows what is to be had. */
static int look(struct store *s, struct room *room)
{
    int64_t have = store_free_bytes(s), now_ns = clock_monotonic_ns();
    room_measure(s, room);
    if (have >= wanted_bytes(room) / 4 * 3) {
        room->is_refused = false;
    } else if (now_ns >= room->ask_ns) {
        int64_t gain = gain_bytes(room, have);
        room->is_refused = gain == 0;
        room->left = gain > 0 ? have + gain : 0;
        room->step = gain > 0 ? ROOM_TAKE : ROOM_LOOK;
    }
    room_is_for_alarms(s, room);
    return room->step == ROOM_TAKE;
}

/* Of a disk that is full the kernel says when there is room again; of one whose room is not to be
 * had all the same (a quota) nobody does. */
static void note_refusal(const struct store *s, struct room *room)
{
    room->is_refused = true;
    room_measure(s, room);
    if (room->seen.free_bytes == DISK_FREE_UNKNOWN || room->seen.free_bytes >= ROOM_SPARE_BYTES)
        room->ask_ns = clock_monotonic_ns() + ROOM_ASK_AGAIN_NS;
}

static int take(struct store *s, struct room *room)
{
    struct err e;
    int bytes = room->is_first ? FIRST_PIECE_BYTES : PIECE_BYTES;
    int result = store_fill(s, bytes, &e);
    room->left -= bytes;
    if (result != 0) {
        log_warning("outbox", "no room taken in advance for %lld alarms: %s",
                    (long long)room->events, e.text);
        note_refusal(s, room);
    }
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
    return result < 0 ? result : 1; /* what there is now is looked at */
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

/* To the next look, or until room may be taken, if that is sooner. */
static int64_t rest_ns(const struct room *room, int64_t now_ns)
{
    int64_t until_ns = room->ask_ns - now_ns;
    return until_ns > 0 && until_ns < ROOM_LOOK_NS ? until_ns : ROOM_LOOK_NS;
}

int room_go_on(struct store *s, struct room *room, struct err *e)
{
    int64_t began_ns = clock_monotonic_ns();
    int result = step(s, room, e);
    int64_t now_ns = clock_monotonic_ns();
    room->again_in_ns = result == 0 ? rest_ns(room, now_ns) : REST_NS + SHARE * (now_ns - began_ns);
    return result;
}

void room_init_first(struct room *room, int64_t events)
{
    *room = (struct room){.events = events,
                          .left = STORE_LOG_BYTES,
                          .is_first = true,
                          .step = ROOM_TAKE,
                          .ask_ns = INT64_MAX}; /* the rest is taken later */
}

bool room_is_for_alarms(struct store *s, struct room *room)
{
    int64_t have = store_free_bytes(s), alarms = alarm_bytes(room);
    bool is_used_up = have < alarms;
    if (is_used_up && !room->is_refused)
        room_measure(s, room);
    bool gives_none = room->is_refused || (room->seen.free_bytes != DISK_FREE_UNKNOWN &&
                                           room->seen.free_bytes < ROOM_SPARE_BYTES);
    if (room->step == ROOM_LOOK) /* else it is being taken: what is free says nothing */
        room->seen.held_events = is_used_up ? have / ROOM_EVENT_BYTES : room->events;
    room->seen.alarms_only = is_used_up && gives_none;
    return room->seen.alarms_only;
}

bool room_note_refused(struct store *s, struct room *room)
{
    struct err e;
    bool is_given_back = false;
    note_refusal(s, room);
    while (store_empty(s, &e) > 0)
        is_given_back = true;
    room->step = ROOM_LOOK;
    return is_given_back;
}
