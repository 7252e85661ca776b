/* SPDX-License-Identifier: Apache-2.0 */
/* Presses whose first attempt is signed ahead, while the disk works. Pure: time and signature are
 * the caller's. */
#ifndef TOCSIN_DRIVERS_UPLINK_HTTPS_AHEAD_H
#define TOCSIN_DRIVERS_UPLINK_HTTPS_AHEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "wire/profile.h"

#define AHEAD_MAX    4 /* presses that may be on their way to the disk at once */
#define AHEAD_LIFE_S 2 /* a signature made longer ago is made anew */

struct prepared {
    char event[UUID_TEXT_SIZE]; /* its id; "": empty */
    int64_t created_s;
    struct profile_headers headers;
};

/* All zeroes at first. */
struct ahead {
    struct prepared prepared[AHEAD_MAX];
    size_t next; /* the place of the next one: the oldest makes room */
};

void ahead_put(struct ahead *a, const char *event, const struct profile_headers *headers,
               int64_t created_s);

/* What was signed ahead for the event, once, and only moments ago by the clock of the signature;
 * NULL if nothing was. Borrowed until the next ahead_put. */
const struct profile_headers *ahead_take(struct ahead *a, const char *event, int64_t now_s);

#endif
