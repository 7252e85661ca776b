/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room that is left where the clips lie: looked at every ten seconds, while it is short every
 * two, in the loop's pool, one look at a time, since a dead disk does not answer. So much is to
 * stay free (keep_bytes): below it no clip is begun, and below twice that much it is told as short.
 * Supervisor only, loop thread.
 *
 * A look is a few calls of the kernel and holds no mutex: a process may be forked meanwhile.
 */
#ifndef TOCSIN_VIDEO_FOLDER_ROOM_H
#define TOCSIN_VIDEO_FOLDER_ROOM_H

#include <stdbool.h>
#include <uv.h>

#include "base/disk_room.h"

struct folder_room {
    uv_loop_t *loop;
    const char *folder; /* borrowed */
    const int *lock;    /* on it (folder_lock.h), borrowed; set still while a look goes on */
    int64_t keep_bytes;
    enum disk_room state;
    int64_t free_bytes; /* DISK_FREE_UNKNOWN: not looked at yet, or the kernel does not say */
    bool is_gone;       /* the folder that was locked has that name no more */
    bool is_of_another; /* one that was killed had its lock, and another was quicker */
    void (*on_look)(void *arg, enum disk_room before);
    void *arg;
    /* of the look in the pool */
    uv_work_t work;
    bool is_looking;
    int64_t found_bytes;
    bool found_gone, found_of_another;
    bool saw_another;  /* in the last look; is_of_another takes two in a row */
    int64_t looked_ms; /* when the last began; 0: never */
};

/* `on_look` may run until folder_room_end. */
void folder_room_init(struct folder_room *room, uv_loop_t *loop, const char *folder,
                      const int *lock, void (*on_look)(void *arg, enum disk_room before),
                      void *arg);

/* To be called now and then: looks if it is time. What is to stay free may be another by now. */
void folder_room_tick(struct folder_room *room, int64_t now_ms, int64_t keep_bytes);

/* How much has to go until there is room enough; 0: nothing. */
int64_t folder_room_missing(const struct folder_room *room);

/* There is another folder, or none: what was seen is of one that is gone. */
void folder_room_forget(struct folder_room *room);

void folder_room_end(struct folder_room *room);

#endif
