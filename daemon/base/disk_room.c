/* SPDX-License-Identifier: Apache-2.0 */
#include "base/disk_room.h"

#include <stdbool.h>
#include <sys/statvfs.h>

int64_t disk_free_bytes(const char *folder)
{
    struct statvfs fs;
    if (statvfs(folder, &fs) != 0)
        return DISK_FREE_UNKNOWN;
    return (int64_t)fs.f_bavail * (int64_t)fs.f_frsize; /* without what is kept for root */
}

/* Below that it gets worse; at a quarter more it gets better. */
static bool is_below(int64_t free_bytes, int64_t bytes, bool was_below)
{
    return free_bytes < (was_below ? bytes + bytes / 4 : bytes);
}

enum disk_room disk_room_next(enum disk_room was, int64_t free_bytes, int64_t keep_bytes)
{
    if (free_bytes < 0)
        return was;
    if (is_below(free_bytes, keep_bytes, was == DISK_ROOM_FULL))
        return DISK_ROOM_FULL;
    return is_below(free_bytes, 2 * keep_bytes, was != DISK_ROOM_GOOD) ? DISK_ROOM_SHORT
                                                                       : DISK_ROOM_GOOD;
}

int64_t disk_room_good_bytes(int64_t keep_bytes)
{
    return 2 * keep_bytes + 2 * keep_bytes / 4;
}

const char *disk_room_name(enum disk_room room)
{
    static const char *const names[] = {
        [DISK_ROOM_GOOD] = "good", [DISK_ROOM_SHORT] = "short", [DISK_ROOM_FULL] = "full"};
    return names[room];
}
