/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room that is left on a disk, and when it is short. disk_free_bytes asks the kernel, and waits
 * for it as long as a dead disk makes it wait: in no loop's thread. The rest is pure; any thread.
 */
#ifndef TOCSIN_BASE_DISK_ROOM_H
#define TOCSIN_BASE_DISK_ROOM_H

#include <stdint.h>

#define DISK_FREE_UNKNOWN INT64_C(-1)

/* Bytes that this process may still take where `folder` lies; DISK_FREE_UNKNOWN if the kernel does
 * not say. */
int64_t disk_free_bytes(const char *folder);

enum disk_room {
    DISK_ROOM_GOOD,
    DISK_ROOM_SHORT, /* a fault: less than twice of what must stay free */
    DISK_ROOM_FULL,  /* and less than that: what can stop has stopped */
};

/* What it is now, if it was that: worse at once, better only with a quarter more, so that what
 * comes and goes does not make it flap. What is unknown changes nothing. */
enum disk_room disk_room_next(enum disk_room was, int64_t free_bytes, int64_t keep_bytes);

/* With so many bytes free it is good again, whatever it was. */
int64_t disk_room_good_bytes(int64_t keep_bytes);

const char *disk_room_name(enum disk_room room); /* good, short, full */

#endif
