/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room of the state folder, as the store's thread has seen it (outbox.h, on_room): states
 * FAULT_STORE_ROOM before it is short, and knows whether what can wait has to. Loop thread only.
 */
#ifndef TOCSIN_EVENTS_STORE_ROOM_H
#define TOCSIN_EVENTS_STORE_ROOM_H

#include <jansson.h>

#include "base/disk_room.h"
#include "facts/facts.h"
#include "outbox/outbox.h"

struct store_room {
    struct outbox_room seen;
    int64_t seen_ms;      /* CLOCK_MONOTONIC; 0: never yet */
    enum disk_room state; /* by what is free: short, or shorter */
};

/* Of `dir`. */
void store_room_take(struct store_room *room, const struct outbox_room *seen, const char *dir,
                     struct facts *facts);

/* What is known, for `tocsin status` and the heartbeat. */
json_t *store_room_json(const struct store_room *room, const char *dir);

#endif
