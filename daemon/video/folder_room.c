/* SPDX-License-Identifier: Apache-2.0 */
#include "video/folder_room.h"

#include <errno.h>
#include <stddef.h>

#include "base/folder_lock.h"

#define LOOK_MS       10000
#define LOOK_AGAIN_MS 2000 /* while it is short: room that was made is used soon */

void folder_room_init(struct folder_room *room, uv_loop_t *loop, const char *folder,
                      const int *lock, void (*on_look)(void *arg, enum disk_room before), void *arg)
{
    *room = (struct folder_room){.loop = loop,
                                 .folder = folder,
                                 .lock = lock,
                                 .free_bytes = DISK_FREE_UNKNOWN,
                                 .on_look = on_look,
                                 .arg = arg};
    room->work.data = room;
}

static void run_look(uv_work_t *work)
{
    struct folder_room *room = work->data;
    struct err e;
    /* If one that was killed had it, it is there to be had when that one has gone. */
    room->found_of_another =
        folder_lock_again(*room->lock, room->folder, "tocsin-video", &e) == -EADDRINUSE;
    room->found_gone = !folder_lock_is_of(*room->lock, room->folder);
    room->found_bytes = room->found_gone ? DISK_FREE_UNKNOWN : disk_free_bytes(room->folder);
}

static void end_look(uv_work_t *work, int status)
{
    struct folder_room *room = work->data;
    enum disk_room before = room->state;
    (void)status;
    room->is_looking = false;
    /* Who is about to end looks alive for a moment: the second look in a row counts. */
    room->is_of_another = room->saw_another && room->found_of_another;
    room->saw_another = room->found_of_another;
    room->is_gone = room->found_gone;
    room->free_bytes = room->found_bytes;
    room->state = disk_room_next(before, room->free_bytes, room->keep_bytes);
    if (room->on_look)
        room->on_look(room->arg, before);
}

void folder_room_tick(struct folder_room *room, int64_t now_ms, int64_t keep_bytes)
{
    bool is_well = room->state == DISK_ROOM_GOOD && !room->saw_another;
    int64_t rest_ms = is_well ? LOOK_MS : LOOK_AGAIN_MS;
    room->keep_bytes = keep_bytes;
    if (room->is_looking || (room->looked_ms != 0 && now_ms - room->looked_ms < rest_ms))
        return;
    room->looked_ms = now_ms;
    room->is_looking = uv_queue_work(room->loop, &room->work, run_look, end_look) == 0;
}

int64_t folder_room_missing(const struct folder_room *room)
{
    bool is_known = room->free_bytes != DISK_FREE_UNKNOWN && room->state != DISK_ROOM_GOOD;
    int64_t missing = disk_room_good_bytes(room->keep_bytes) - room->free_bytes;
    return is_known && missing > 0 ? missing : 0;
}

void folder_room_forget(struct folder_room *room)
{
    room->free_bytes = DISK_FREE_UNKNOWN;
    room->is_gone = room->is_of_another = room->saw_another = false;
    room->looked_ms = 0;
}

void folder_room_end(struct folder_room *room)
{
    room->on_look = NULL;
}
